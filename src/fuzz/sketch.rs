//! A KHQ4 or KHF1 file as fields that need not agree: what a mutation edits, and what a save is asked for.

use crate::suite::exact::blocks::khq4::{BYTES, WEIGHTS};
use crate::suite::operation::FormatId;

/// The fields of a file. [`Sketch::read`] takes any bytes; what is missing is zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sketch {
    /// What the file is to be read as, whatever it begins with.
    pub format: FormatId,
    pub magic: [u8; 4],
    pub version: u32,
    /// As it stands in the file; `shape` has as many entries as are there.
    pub ndim: u32,
    pub shape: Vec<u64>,
    pub original_len: u64,
    pub payload: Vec<u8>,
}

impl Sketch {
    /// The fields of `bytes`, which may be no file at all.
    pub fn read(format: FormatId, bytes: &[u8]) -> Self {
        let mut rest = bytes;
        let magic = take(&mut rest);
        let version = u32::from_le_bytes(take(&mut rest));
        let ndim = u32::from_le_bytes(take(&mut rest));
        let room = (rest.len() / 8).saturating_sub(1);
        let shape = (0..room.min(ndim as usize)).map(|_| u64::from_le_bytes(take(&mut rest)));
        let shape: Vec<u64> = shape.collect();
        let original_len = u64::from_le_bytes(take(&mut rest));
        Self { format, magic, version, ndim, shape, original_len, payload: rest.to_vec() }
    }

    /// The file.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = self.magic.to_vec();
        bytes.extend(self.version.to_le_bytes());
        bytes.extend(self.ndim.to_le_bytes());
        bytes.extend(self.shape.iter().chain([&self.original_len]).flat_map(|n| n.to_le_bytes()));
        bytes.extend(&self.payload);
        bytes
    }

    /// The product of the shape modulo 2^64, and whether that is all of it.
    pub fn product(&self) -> (u64, bool) {
        let multiply = |(product, whole): (u64, bool), &size: &u64| {
            let (product, wrapped) = product.overflowing_mul(size);
            (product, whole && !wrapped)
        };
        self.shape.iter().fold((1, true), multiply)
    }

    /// Whether some number leaves 32 bits, so that a narrow machine may answer otherwise.
    pub fn is_wide(&self) -> bool {
        let (product, whole) = self.product();
        let derived = [self.original_len, product, self.payload_len()];
        let sizes = self.shape.iter().copied().chain(derived);
        !whole || self.ndim >= 1 << 29 || sizes.into_iter().any(|size| size > u32::MAX.into())
    }

    /// The bytes of payload that original_len asks for, as far as 64 bits can say.
    pub fn payload_len(&self) -> u64 {
        match self.format {
            FormatId::KHF1 => self.original_len.saturating_mul(2),
            _ => self.original_len.div_ceil(WEIGHTS as u64) * BYTES as u64,
        }
    }
}

/// The next `N` bytes of `rest`; what is missing is zero.
fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (found, behind) = rest.split_at(rest.len().min(N));
    *rest = behind;
    let mut taken = [0; N];
    taken[..found.len()].copy_from_slice(found);
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::exact::files::khq4;

    #[test]
    fn a_lawful_file_is_read_and_written_byte_for_byte() {
        let bytes = khq4::write(&[2, 16], 32, &[7; 20]);
        let sketch = Sketch::read(FormatId::KHQ4, &bytes);
        assert_eq!((sketch.shape.as_slice(), sketch.original_len), (&[2, 16][..], 32));
        assert_eq!(sketch.payload_len(), 20);
        assert_eq!(sketch.write(), bytes);
    }

    #[test]
    fn what_is_missing_is_zero() {
        let sketch = Sketch::read(FormatId::KHQ4, b"KHQ4\x02");
        assert_eq!((sketch.version, sketch.ndim, sketch.original_len), (2, 0, 0));
        // Three dimensions are announced; original_len takes the last eight bytes there are.
        let sketch = Sketch::read(FormatId::KHQ4, &khq4::write(&[5, 6, 7], 210, &[])[..28]);
        assert_eq!((sketch.ndim, sketch.shape.as_slice(), sketch.original_len), (3, &[5][..], 6));
    }

    #[test]
    fn a_sketch_is_wide_where_32_bits_are_too_few() {
        let wide = |shape: &[u64], len| {
            Sketch::read(FormatId::KHQ4, &khq4::write(shape, len, &[])).is_wide()
        };
        assert!(!wide(&[65535, 65537], u32::MAX.into()));
        assert!(wide(&[1 << 16, 1 << 16], 0));
        assert!(wide(&[1 << 33, 1 << 33], 0));
        // A product that wraps to 0.
        assert!(wide(&[1 << 31, 1 << 31, 4], 0));
        assert!(wide(&[1], 1 << 32));
    }
}
