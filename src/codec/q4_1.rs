//! Blocks of ggml's Q4_1 (SPEC GGML): the fields of a KHQ4 block, the nibbles in split-half order, and
//! an encoder with other rules.

use half::f16;
use zerocopy::{FromBytes, IntoBytes};

use super::rows::{RowFormat, SourceFloat};
use super::{BLOCK_BYTES, BLOCK_WEIGHTS, Block};

/// ggml's Q4_1.
pub const FORMAT: RowFormat = RowFormat {
    id: "q4_1",
    weights: BLOCK_WEIGHTS,
    bytes: BLOCK_BYTES,
    source: SourceFloat::F32,
    decode: Some(|block, weights| {
        let block = Block::read_from_bytes(block).expect("a block");
        weights.copy_from_slice(&decode_block(&block));
    }),
    encode: Some(|values, bytes| {
        bytes.extend(encode_block(&values.try_into().expect("a block")).as_bytes())
    }),
};

/// The place among sequential nibbles of the weight at `index` (GGML-1).
fn place(index: usize) -> usize {
    2 * (index % 16) + index / 16
}

/// The 32 weights of a block (GGML-2).
pub fn decode_block(block: &Block) -> [f32; BLOCK_WEIGHTS] {
    let values = super::decode_block(block);
    std::array::from_fn(|index| values[place(index)])
}

/// Encodes 32 values (GGML-3).
pub fn encode_block(values: &[f32; BLOCK_WEIGHTS]) -> Block {
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let scale = (high - low) / 15.0;
    let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
    let mut nibbles = [0; BLOCK_WEIGHTS];
    for (index, value) in values.iter().enumerate() {
        // A cast to an integer cuts the fraction off, and 15 is the most that a nibble holds.
        nibbles[place(index)] = (((value - low) * inverse + 0.5) as u8).min(15);
    }
    Block::new(f16::from_f32(scale), f16::from_f32(low), &nibbles)
}
