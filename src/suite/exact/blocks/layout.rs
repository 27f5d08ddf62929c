//! Where a format's blocks hold their numbers and their codes, for generators, mutators and planted faults.

use super::{BlockFormat, Holds, named};
use crate::suite::operation::FormatId;

/// Where the fields of a format's blocks are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The weights of a block.
    pub weights: usize,
    /// The bytes of a block.
    pub bytes: usize,
    /// Where each number of f16 begins: scales, biases, minima.
    pub numbers: Vec<usize>,
    /// Where each byte of smaller scales is, and the largest of which something is demanded.
    pub scales: Vec<(usize, u8)>,
    /// The bytes of codes.
    pub codes: Vec<usize>,
    /// Whether a scale of zero is refused, and a last block may be partial.
    pub is_khq4: bool,
}

impl Layout {
    /// The layout of a format's blocks.
    pub fn of(format: &dyn BlockFormat) -> Self {
        let size = format.geometry();
        let mut layout = Self {
            weights: size.weights,
            bytes: size.bytes,
            numbers: Vec::new(),
            scales: Vec::new(),
            codes: Vec::new(),
            is_khq4: format.id() == FormatId::KHQ4,
        };
        for field in format.fields(&vec![0; size.bytes], size.weights) {
            match field.holds {
                Holds::Number => layout.numbers.push(field.bytes.start),
                Holds::Scales { most } => layout.scales.extend(field.bytes.map(|at| (at, most))),
                Holds::Codes => layout.codes.extend(field.bytes),
            }
        }
        layout
    }

    /// The layout of the format of that name.
    ///
    /// # Panics
    ///
    /// Where there is no such block format.
    pub fn named(format: FormatId) -> Self {
        Self::of(named(format).expect("a block format"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::exact::blocks::ALL;

    #[test]
    fn fields_of_a_block_are_its_bytes() {
        for format in ALL {
            let Layout { bytes, numbers, scales, codes, .. } = Layout::of(*format);
            let halves = numbers.iter().flat_map(|at| [*at, at + 1]);
            let scales = scales.into_iter().map(|(at, _)| at);
            let mut all: Vec<usize> = halves.chain(scales).chain(codes).collect();
            all.sort_unstable();
            assert_eq!(all, (0..bytes).collect::<Vec<_>>(), "{}", format.title());
        }
        let khq4 = Layout::named(FormatId::KHQ4);
        assert_eq!((khq4.weights, &khq4.numbers[..], khq4.codes[0]), (32, &[0, 2][..], 4));
        assert!(khq4.is_khq4 && !Layout::named(FormatId::Q4_1).is_khq4);
    }
}
