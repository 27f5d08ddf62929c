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
    /// The bytes of codes.
    pub codes: Vec<usize>,
    /// Whether a scale of zero is refused, and a last block may be partial.
    pub is_khq4: bool,
}

impl Layout {
    /// The layout of a format's blocks.
    pub fn of(format: &dyn BlockFormat) -> Self {
        let size = format.geometry();
        let (numbers, codes): (Vec<_>, Vec<_>) = format
            .fields(&vec![0; size.bytes], size.weights)
            .into_iter()
            .partition(|field| field.holds == Holds::Number);
        Self {
            weights: size.weights,
            bytes: size.bytes,
            numbers: numbers.into_iter().map(|field| field.bytes.start).collect(),
            codes: codes.into_iter().flat_map(|field| field.bytes).collect(),
            is_khq4: format.id() == FormatId::KHQ4,
        }
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
            let Layout { bytes, numbers, codes, .. } = Layout::of(*format);
            let mut all: Vec<usize> =
                numbers.iter().flat_map(|at| [*at, at + 1]).chain(codes).collect();
            all.sort_unstable();
            assert_eq!(all, (0..bytes).collect::<Vec<_>>(), "{}", format.title());
        }
        let khq4 = Layout::named(FormatId::KHQ4);
        assert_eq!((khq4.weights, &khq4.numbers[..], khq4.codes[0]), (32, &[0, 2][..], 4));
        assert!(khq4.is_khq4 && !Layout::named(FormatId::Q4_1).is_khq4);
    }
}
