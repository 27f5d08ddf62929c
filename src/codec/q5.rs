//! ggml's Q5_0 and Q5_1 (SPEC Q50, Q51): as Q4_0 and Q4_1, with a fifth bit of each code in a u32.

use super::rows::{RowFormat, half_at, halves};

/// Weights in a block.
const WEIGHTS: usize = 32;

/// ggml's Q5_0: scale, fifth bits, nibbles.
pub const Q5_0: RowFormat = RowFormat::decoded("q5_0", WEIGHTS, 22, decode_q5_0);

/// ggml's Q5_1: scale, minimum, fifth bits, nibbles.
pub const Q5_1: RowFormat = RowFormat::decoded("q5_1", WEIGHTS, 24, decode_q5_1);

/// The weights of one block (Q50-2): each product is exact.
fn decode_q5_0(block: &[u8], weights: &mut [f32]) {
    let scale = half_at(block, 0);
    codes(&block[2..], weights);
    weights.iter_mut().for_each(|weight| *weight = (*weight - 16.0) * scale);
}

/// The weights of one block (Q51-2): the sum is rounded.
fn decode_q5_1(block: &[u8], weights: &mut [f32]) {
    let (scale, minimum) = (half_at(block, 0), half_at(block, 2));
    codes(&block[4..], weights);
    weights.iter_mut().for_each(|weight| *weight = *weight * scale + minimum);
}

/// The codes from four bytes of fifth bits and sixteen of nibbles, 0 to 31 (Q50-1).
fn codes(bytes: &[u8], weights: &mut [f32]) {
    let (fifth, nibbles) = bytes.split_at(4);
    let fifth = u32::from_le_bytes(fifth.try_into().expect("four bytes"));
    for (at, ((low, high), &pair)) in halves(weights).zip(nibbles).enumerate() {
        let bit = |place: usize| (fifth >> place & 1) as u8 * 16;
        *low = f32::from(pair & 15 | bit(at));
        *high = f32::from(pair >> 4 | bit(at + 16));
    }
}
