//! ggml's IQ4_NL and IQ4_XS (SPEC NL, XS): codes of four bits for sixteen integers that are not evenly spaced.

use super::rows::{RowFormat, half_at, halves};

/// What each code stands for (NL-1).
const VALUES: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/// Weights under one scale.
const SUB_BLOCK: usize = 32;

/// ggml's IQ4_NL.
pub const IQ4_NL: RowFormat = RowFormat::decoded("iq4_nl", SUB_BLOCK, 18, |block, weights| {
    weigh(half_at(block, 0), &block[2..], weights);
});

/// ggml's IQ4_XS.
pub const IQ4_XS: RowFormat = RowFormat::decoded("iq4_xs", 8 * SUB_BLOCK, 136, decode_iq4_xs);

/// The weights of one block (XS-2): all products are exact.
fn decode_iq4_xs(block: &[u8], weights: &mut [f32]) {
    let scale = half_at(block, 0);
    let high = u16::from_le_bytes([block[2], block[3]]);
    let runs = block[8..].chunks_exact(SUB_BLOCK / 2);
    for (index, (weights, codes)) in weights.chunks_exact_mut(SUB_BLOCK).zip(runs).enumerate() {
        let low = block[4 + index / 2] >> (4 * (index % 2)) & 15;
        let own = low | ((high >> (2 * index) & 3) as u8) << 4;
        weigh(scale * (f32::from(own) - 32.0), codes, weights);
    }
}

/// The weights of codes under a scale (NL-2), in split halves.
fn weigh(scale: f32, codes: &[u8], weights: &mut [f32]) {
    let value = |code: u8| f32::from(VALUES[usize::from(code)]) * scale;
    for ((low, high), pair) in halves(weights).zip(codes) {
        *low = value(pair & 15);
        *high = value(pair >> 4);
    }
}
