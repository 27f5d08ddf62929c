//! Memory under observation: how much a piece of work takes at one time, and what it does where it
//! gets none, on the thread that does it.
//!
//! Both need [`Counting`] as the program's allocator: the fuzz targets and the integration tests
//! have it. Without it every peak is 0 and nothing starves, and [`is_counting`] says so.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::ptr::null_mut;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    static SHORTAGE: Cell<Option<Shortage>> = const { Cell::new(None) };
}

/// Allocations of `least` bytes and more fail once `granted` of them were made.
#[derive(Clone, Copy)]
struct Shortage {
    least: usize,
    granted: usize,
    refused: usize,
}

/// The system's allocator, counted thread by thread, so that other threads do not show.
pub struct Counting;

// SAFETY: every call is handed on unchanged to the system's allocator, whose contract is the one
// that callers keep, or is answered with a null pointer, as an allocator may that has no memory;
// counting neither allocates nor touches the memory.
#[allow(unsafe_code, reason = "an allocator is unsafe by its nature")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_refused(layout.size()) {
            return null_mut();
        }
        record(layout.size() as isize);
        // SAFETY: the caller's layout, handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        record(-(layout.size() as isize));
        // SAFETY: the caller's pointer, which came from `System` by `alloc`, and its layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if is_refused(size) {
            return null_mut();
        }
        // Both may be there at once while the bytes are copied.
        record(size as isize);
        record(-(layout.size() as isize));
        // SAFETY: as for `dealloc`; the size is the caller's.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Takes note of bytes that were handed out, or, negative, taken back. Allocates nothing.
fn record(bytes: isize) {
    // A thread that is ending has no counters any more, and nothing to count.
    let counted = LIVE.try_with(|live| {
        live.set(live.get() + bytes);
        live.get()
    });
    if let Ok(live) = counted {
        PEAK.try_with(|peak| peak.set(peak.get().max(live))).ok();
    }
}

fn is_refused(size: usize) -> bool {
    let decide = |shortage: &Cell<Option<Shortage>>| match shortage.get() {
        Some(now) if size >= now.least => {
            let enough = now.granted == 0;
            let granted = now.granted.saturating_sub(1);
            let refused = now.refused + usize::from(enough);
            shortage.set(Some(Shortage { granted, refused, ..now }));
            enough
        }
        _ => false,
    };
    SHORTAGE.try_with(decide).unwrap_or(false)
}

/// What `work` gives, and the most bytes that it had allocated at one time.
pub fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = work();
    (result, usize::try_from(PEAK.get() - before).unwrap_or(0))
}

/// What `work` gives where this thread gets `granted` allocations of `least` bytes or more, and
/// then no more of them; and how many it was refused. Work that does not ask by a call that may
/// fail, such as `try_reserve`, ends the process.
pub fn starved<T>(least: usize, granted: usize, work: impl FnOnce() -> T) -> (T, usize) {
    /// Ends the shortage, however the work ends.
    struct Plenty;
    impl Drop for Plenty {
        fn drop(&mut self) {
            SHORTAGE.set(None);
        }
    }
    SHORTAGE.set(Some(Shortage { least, granted, refused: 0 }));
    let plenty = Plenty;
    let result = work();
    let refused = SHORTAGE.get().map_or(0, |shortage| shortage.refused);
    drop(plenty);
    (result, refused)
}

/// Whether this program's allocator is [`Counting`].
pub fn is_counting() -> bool {
    peak(|| drop(black_box(vec![0u8; 64]))).1 >= 64
}
