//! MXFP4 in ggml's blocks (SPEC MX): codes of E2M1 under a power of two.

use super::rows::{RowFormat, SourceFloat, halves};

/// Weights in a block (MX-1).
const WEIGHTS: usize = 32;

/// The magnitude of each code of E2M1 but for its sign, bit 3 (MX-1).
const MAGNITUDES: [f32; 8] = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0];

/// MXFP4.
pub const FORMAT: RowFormat = RowFormat {
    id: "mxfp4",
    weights: WEIGHTS,
    bytes: 1 + WEIGHTS / 2,
    source: SourceFloat::F32,
    decode: Some(decode_block),
    encode: Some(encode_block),
};

/// What a code stands for. The zero of code 8 has no sign (`zero-positive`).
pub(super) fn value(code: u8) -> f32 {
    let magnitude = MAGNITUDES[usize::from(code & 7)];
    if code > 8 { -magnitude } else { magnitude }
}

/// 2^(exponent - 127): all but the least are normal numbers, whose exponent field this is.
fn power_of_two(exponent: u8) -> f32 {
    match exponent {
        0 => f32::from_bits(1 << 22),
        field => f32::from_bits(u32::from(field) << 23),
    }
}

/// The weights of one block (MX-2). A product beyond f32 is an infinity.
fn decode_block(block: &[u8], weights: &mut [f32]) {
    let scale = power_of_two(block[0]);
    for ((low, high), pair) in halves(weights).zip(&block[1..]) {
        *low = value(pair & 15) * scale;
        *high = value(pair >> 4) * scale;
    }
}

/// Encodes 32 values (MX-3), `exponent-field`. A NaN is never the largest, and its code is 0.
fn encode_block(values: &[f32], bytes: &mut Vec<u8>) {
    let largest = values.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    // The exponent field is floor(log2(largest)) + 127 of every normal number.
    let exponent = ((largest.to_bits() >> 23) as u8).saturating_sub(2);
    let scale = power_of_two(exponent);
    let code = |value: f32| {
        let distance = |code: u8| (MAGNITUDES[usize::from(code)] * scale - value.abs()).abs();
        let nearer = |nearest, code| {
            if distance(code) < distance(nearest) { code } else { nearest }
        };
        let nearest = (1..8).fold(0, nearer);
        if nearest > 0 && value.is_sign_negative() { nearest + 8 } else { nearest }
    };
    bytes.push(exponent);
    let (low, high) = values.split_at(WEIGHTS / 2);
    bytes.extend(low.iter().zip(high).map(|(&low, &high)| code(low) | code(high) << 4));
}
