//! ggml's Q4_0 (SPEC Q40): a scale of f16 and 32 codes of 4 bits around 8, in split-half order.

use half::f16;

use super::rows::{RowFormat, SourceFloat, half_at, halves};

/// Weights in a block (Q40-1).
const WEIGHTS: usize = 32;

/// Bytes of a block (Q40-1).
const BYTES: usize = 2 + WEIGHTS / 2;

/// ggml's Q4_0.
pub const FORMAT: RowFormat = RowFormat {
    id: "q4_0",
    weights: WEIGHTS,
    bytes: BYTES,
    source: SourceFloat::F32,
    decode: Some(decode_block),
    encode: Some(encode_block),
};

/// The weights of one block (Q40-2): each product is exact.
fn decode_block(block: &[u8], weights: &mut [f32]) {
    let scale = half_at(block, 0);
    for ((low, high), &codes) in halves(weights).zip(&block[2..]) {
        *low = (f32::from(codes & 15) - 8.0) * scale;
        *high = (f32::from(codes >> 4) - 8.0) * scale;
    }
}

/// Encodes 32 values (Q40-3). A NaN is never the largest, and its code is 0.
fn encode_block(values: &[f32], bytes: &mut Vec<u8>) {
    let larger = |largest: f32, &value: &f32| {
        if largest.abs() < value.abs() { value } else { largest }
    };
    let scale = values.iter().fold(0.0, larger) / -8.0;
    let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
    // A cast to an integer cuts the fraction off and saturates; 15 is the most that a code holds.
    let code = |value: f32| ((value * inverse + 8.5) as u8).min(15);
    bytes.extend(f16::from_f32(scale).to_le_bytes());
    let (low, high) = values.split_at(WEIGHTS / 2);
    bytes.extend(low.iter().zip(high).map(|(&low, &high)| code(low) | code(high) << 4));
}
