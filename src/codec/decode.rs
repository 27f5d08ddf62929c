//! Blocks to f32 (SPEC DEC-1 to DEC-3) and to f16 (SPEC F16).

use half::f16;

use super::{BLOCK_WEIGHTS, Block, WITHOUT_FRACTION, round_to_f16};

/// The 32 weights of a block: `w = f32(nibble) * f32(scale) + f32(bias)`.
///
/// The product of a nibble (4 bits) and an f16 (11 bits) is exact in f32, so the addition is the
/// only rounding, and a fused multiply-add gives the same bits (DEC-1).
pub fn decode_block(block: &Block) -> [f32; BLOCK_WEIGHTS] {
    let mut weights = [0.0; BLOCK_WEIGHTS];
    decode_into(block, &mut weights);
    weights
}

/// As [`decode_block`], into the place of the weights.
fn decode_into(block: &Block, weights: &mut [f32; BLOCK_WEIGHTS]) {
    let scale = block.scale().to_f32();
    let bias = block.bias().to_f32();
    let weight = |nibble: u8| whole(nibble) * scale + bias;
    for (pair, byte) in weights.as_chunks_mut::<2>().0.iter_mut().zip(block.pairs()) {
        pair[0] = weight(byte & 0x0f);
        pair[1] = weight(byte >> 4);
    }
}

/// The f32 of a nibble, exactly: the bits of 2^23 + nibble, less 2^23. Several at once, this is quicker
/// than a conversion.
fn whole(nibble: u8) -> f32 {
    f32::from_bits(WITHOUT_FRACTION.to_bits() + u32::from(nibble)) - WITHOUT_FRACTION
}

/// The 32 weights of a block before any rounding: multiples of 2^-24 below 2^20, which f64 holds, as it
/// does each product.
pub fn exact_block(block: &Block) -> [f64; BLOCK_WEIGHTS] {
    let (scale, bias) = (block.scale().to_f64(), block.bias().to_f64());
    block.nibbles().map(|nibble| f64::from(nibble) * scale + bias)
}

/// Decodes into `values`, whose length is the number of weights: a partial last block gives only
/// its real values (DEC-3).
///
/// # Panics
///
/// Where `blocks` is not exactly the `ceil(values.len() / 32)` blocks that `values` takes.
pub fn decode(blocks: &[Block], values: &mut [f32]) {
    assert_eq!(
        blocks.len(),
        values.len().div_ceil(BLOCK_WEIGHTS),
        "blocks for {} values",
        values.len()
    );
    let (whole, partial) = values.as_chunks_mut();
    let (of_whole, of_partial) = blocks.split_at(whole.len());
    for (block, weights) in of_whole.iter().zip(whole) {
        decode_into(block, weights);
    }
    for block in of_partial {
        partial.copy_from_slice(&decode_block(block)[..partial.len()]);
    }
}

/// The `len` weights of `blocks` in f16, each the exact sum rounded once (`rounded-once`).
///
/// # Errors
///
/// The index of the first weight that f16 cannot hold (F16-2).
///
/// # Panics
///
/// As [`decode`].
pub fn decode_to_f16(blocks: &[Block], len: usize) -> Result<Vec<f16>, usize> {
    assert_eq!(blocks.len(), len.div_ceil(BLOCK_WEIGHTS), "blocks for {len} values");
    let weights = blocks.iter().flat_map(exact_block).map(round_to_f16);
    let finite = |(index, weight): (usize, f16)| weight.is_finite().then_some(weight).ok_or(index);
    weights.take(len).enumerate().map(finite).collect()
}
