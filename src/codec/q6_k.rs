//! ggml's Q6_K (SPEC Q6K): sixteen sub-blocks of sixteen weights with a signed scale each, which one f16 scales.

use super::rows::{RowFormat, half_at};

/// Weights in a block.
const WEIGHTS: usize = 256;

/// Bytes of the low four bits, of the high two bits, and of the scales.
const LOW: usize = WEIGHTS / 2;
const HIGH: usize = WEIGHTS / 4;
const SCALES: usize = WEIGHTS / 16;

/// ggml's Q6_K.
pub const FORMAT: RowFormat =
    RowFormat::decoded("q6_k", WEIGHTS, LOW + HIGH + SCALES + 2, decode_block);

/// The weights of one block (Q6K-2): the product of the scales is exact, that with a code is rounded.
fn decode_block(block: &[u8], weights: &mut [f32]) {
    let (low, rest) = block.split_at(LOW);
    let (high, rest) = rest.split_at(HIGH);
    let scale = half_at(rest, SCALES);
    for (group, weights) in weights.chunks_exact_mut(32).enumerate() {
        // Four groups share 64 bytes of low bits and 32 of high ones.
        let (half, group) = (group / 4, group % 4);
        let low = &low[64 * half + 32 * (group % 2)..];
        let high = &high[32 * half..];
        for (at, weight) in weights.iter_mut().enumerate() {
            let nibble = low[at] >> (4 * (group / 2)) & 15;
            let code = nibble | (high[at] >> (2 * group) & 3) << 4;
            let own = rest[8 * half + 2 * group + at / 16] as i8;
            *weight = (scale * f32::from(own)) * (f32::from(code) - 32.0);
        }
    }
}
