//! NVFP4 in ggml's blocks (SPEC NV): codes of E2M1, sixteen under each scale of E4M3.

use super::mxfp4::value;
use super::rows::{RowFormat, halves};

/// Weights under one scale, and of a block.
const GROUP: usize = 16;
const WEIGHTS: usize = 4 * GROUP;

/// NVFP4.
pub const FORMAT: RowFormat =
    RowFormat::decoded("nvfp4", WEIGHTS, WEIGHTS / GROUP + WEIGHTS / 2, decode_block);

/// What a scale stands for (NV-1). Its sign is not looked at, nor is a NaN told from 480.
fn scale(bits: u8) -> f32 {
    let fraction = f32::from(bits & 7);
    match bits >> 3 & 15 {
        0 => fraction * 2f32.powi(-9),
        field => (8.0 + fraction) * 2f32.powi(i32::from(field) - 10),
    }
}

/// The weights of one block (NV-2): each product is exact.
fn decode_block(block: &[u8], weights: &mut [f32]) {
    let (scales, codes) = block.split_at(WEIGHTS / GROUP);
    let groups = weights.chunks_exact_mut(GROUP).zip(codes.chunks_exact(GROUP / 2));
    for ((weights, codes), &bits) in groups.zip(scales) {
        let scale = scale(bits);
        for ((low, high), pair) in halves(weights).zip(codes) {
            *low = value(pair & 15) * scale;
            *high = value(pair >> 4) * scale;
        }
    }
}
