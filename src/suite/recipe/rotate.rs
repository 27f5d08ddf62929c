//! Rotations of every length up to 2^14, and of many rows.

use super::content::values;
use crate::suite::question::{Question, Rotate, Side};

/// Rows, or columns of a matrix whose columns are rotated.
const COUNTS: [u64; 17] = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 65, 129, 257, 1025, 4097];

/// The longest, as a power of two.
const LONGEST: u32 = 14;

/// The sizes.
pub(super) fn sizes(of: &Rotate) -> Vec<Question> {
    // The block form takes up to 4096 runs.
    let longest = of.block.map_or(LONGEST, |block| (block.ilog2() + 12).min(LONGEST));
    let lengths = (0..=longest).map(|power| (1u64 << power, if power > 12 { 1 } else { 3 }));
    let counts = COUNTS.into_iter().map(|count| (64, count));
    lengths.chain(counts).filter_map(|(length, count)| rotation(of, length, count)).collect()
}

/// A rotation of that many runs of a length.
fn rotation(of: &Rotate, length: u64, count: u64) -> Option<Question> {
    let (rows, columns) = match of.side {
        Side::Input => (count, length),
        Side::Output => (length, count),
    };
    // A length in the block form is a few runs.
    if of.block.is_some_and(|block| !length.is_multiple_of(block)) {
        return None;
    }
    let float = of.values.float();
    let gamma = of.gamma.as_ref().map(|_| values(float, columns as usize));
    let values = values(float, (rows * columns) as usize);
    Some(Question::Rotate(Rotate { rows, columns, gamma, values, ..of.clone() }))
}
