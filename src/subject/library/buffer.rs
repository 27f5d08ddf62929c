//! Buffers that a library writes to, between guards that tell a write outside of them.

use super::fault;

/// Bytes of a guard.
const GUARD: usize = 64;

/// What a buffer and its guards are filled with: a value that is no likely answer, zero least of all.
pub(super) trait Filling: Copy + PartialEq {
    /// The filling.
    const FILLING: Self;
}

impl Filling for u8 {
    const FILLING: Self = 0xa5;
}

impl Filling for u16 {
    const FILLING: Self = 0xa5a5;
}

impl Filling for u32 {
    const FILLING: Self = 0xa5a5_a5a5;
}

/// A buffer of the library's, between two guards.
pub(super) struct Guarded<T> {
    cells: Box<[T]>,
    /// Cells of a guard.
    guard: usize,
}

impl<T: Filling> Guarded<T> {
    /// A buffer of `room` cells. Without guards it is as long as that, so that a sanitizer sees each write outside.
    pub fn new(room: usize, has_guards: bool) -> Self {
        let guard = if has_guards { GUARD / size_of::<T>() } else { 0 };
        Self { cells: vec![T::FILLING; guard + room + guard].into(), guard }
    }

    /// Fills the buffer with zeros, and leaves its guards.
    pub fn clear(&mut self)
    where
        T: Default,
    {
        let room = self.room();
        self.cells[self.guard..][..room].fill(T::default());
    }

    /// Its cells.
    pub fn room(&self) -> usize {
        self.cells.len() - 2 * self.guard
    }

    /// Where the library writes to.
    pub fn as_mut_ptr(&mut self) -> *mut T {
        self.cells[self.guard..].as_mut_ptr()
    }

    /// What the library wrote. A guard that has changed ends the process: what else was overwritten is not known.
    pub fn written(&self, function: &str, name: &str) -> &[T] {
        let (front, rest) = self.cells.split_at(self.guard);
        let (written, behind) = rest.split_at(self.room());
        for (guard, place) in [(front, "in front of"), (behind, "behind the end of")] {
            if guard.iter().any(|&cell| cell != T::FILLING) {
                let room = written.len();
                fault(&format!("{function} wrote {place} `{name}`, which has room for {room}"));
            }
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_as_long_as_said_and_lies_between_guards() {
        let mut buffer = Guarded::<u16>::new(3, true);
        assert_eq!((buffer.room(), buffer.cells.len()), (3, 3 + 2 * 32));
        assert_eq!(buffer.as_mut_ptr(), &raw mut buffer.cells[32]);
        assert_eq!(buffer.written("f", "values"), [0xa5a5; 3]);
        assert_eq!(Guarded::<u8>::new(5, false).cells.len(), 5);
    }
}
