//! ggml's Q8_0 (SPEC Q8): a scale of f16 and 32 codes of 8 bits, symmetric around zero.

use half::f16;

use super::rows::{RowFormat, SourceFloat};

/// Weights in a block (Q8-1).
const WEIGHTS: usize = 32;

/// Bytes of a block (Q8-1).
const BYTES: usize = 2 + WEIGHTS;

/// ggml's Q8_0.
pub const FORMAT: RowFormat = RowFormat {
    id: "q8_0",
    weights: WEIGHTS,
    bytes: BYTES,
    source: SourceFloat::F32,
    decode: Some(decode_block),
    encode: Some(encode_block),
};

/// The weights of one block (Q8-2): each product is exact.
fn decode_block(block: &[u8], weights: &mut [f32]) {
    let scale = f16::from_le_bytes([block[0], block[1]]).to_f32();
    for (weight, &code) in weights.iter_mut().zip(&block[2..]) {
        *weight = f32::from(code as i8) * scale;
    }
}

/// Encodes 32 values (Q8-3). A NaN has code 0, and so has every value where 1 / d is no number of f32 and
/// the value is zero.
fn encode_block(values: &[f32], bytes: &mut Vec<u8>) {
    let largest = values.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    let scale = largest / 127.0;
    let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
    bytes.extend(f16::from_f32(scale).to_le_bytes());
    // A cast to an integer saturates.
    bytes.extend(values.iter().map(|value| (value * inverse).round() as i8 as u8));
}
