//! ggml's Q4_K and Q5_K (SPEC Q4K, Q5K): eight sub-blocks of 32 weights, each with a scale and a minimum of six bits,
//! which are scaled by two f16.

use super::rows::{RowFormat, half_at};

/// Weights in a block.
const WEIGHTS: usize = 256;

/// Weights in a sub-block, and bytes in a run of codes, which holds two sub-blocks.
const SUB_BLOCK: usize = 32;

/// Where the fifth bits of Q5_K begin, and the codes of Q4_K: behind two f16 and twelve bytes.
const HEADER: usize = 16;

/// ggml's Q4_K.
pub const Q4_K: RowFormat =
    RowFormat::decoded("q4_k", WEIGHTS, HEADER + WEIGHTS / 2, |block, weights| {
        decode(block, &[0; SUB_BLOCK], &block[HEADER..], weights);
    });

/// ggml's Q5_K.
pub const Q5_K: RowFormat =
    RowFormat::decoded("q5_k", WEIGHTS, HEADER + SUB_BLOCK + WEIGHTS / 2, |block, weights| {
        let (fifth, nibbles) = block[HEADER..].split_at(SUB_BLOCK);
        decode(block, fifth, nibbles, weights);
    });

/// The weights of one block (Q4K-2): both products are exact, their difference is rounded.
fn decode(block: &[u8], fifth: &[u8], nibbles: &[u8], weights: &mut [f32]) {
    let (scale, of_minima) = (half_at(block, 0), half_at(block, 2));
    for (sub_block, weights) in weights.chunks_exact_mut(SUB_BLOCK).enumerate() {
        let (own, minimum) = scale_and_minimum(&block[4..HEADER], sub_block);
        let (scale, minimum) = (scale * f32::from(own), of_minima * f32::from(minimum));
        // A run of codes holds two sub-blocks: one in its low nibbles, one in its high ones.
        let run = &nibbles[sub_block / 2 * SUB_BLOCK..][..SUB_BLOCK];
        for ((weight, pair), fifth) in weights.iter_mut().zip(run).zip(fifth) {
            let nibble = pair >> (4 * (sub_block % 2)) & 15;
            let code = nibble | (fifth >> sub_block & 1) << 4;
            *weight = scale * f32::from(code) - minimum;
        }
    }
}

/// The scale and the minimum of a sub-block (Q4K-1). The first four have six bits of a byte each; of the others the low
/// four bits share a byte, and the high two bits are the rest of the bytes of the first four.
fn scale_and_minimum(packed: &[u8], sub_block: usize) -> (u8, u8) {
    match sub_block.checked_sub(4) {
        None => (packed[sub_block] & 63, packed[sub_block + 4] & 63),
        Some(first) => {
            let low = packed[first + 8];
            (low & 15 | packed[first] >> 6 << 4, low >> 4 | packed[first + 4] >> 6 << 4)
        }
    }
}
