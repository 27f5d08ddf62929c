//! Groups of MLX (SPEC MLX): the fields and the nibbles of a KHQ4 block, and an encoder that
//! represents the end of larger magnitude exactly.

use half::f16;
use zerocopy::IntoBytes;

use super::rows::{RowFormat, SourceFloat};
use super::{BLOCK_BYTES, BLOCK_WEIGHTS, Block};

/// MLX's groups of 32. They decode as KHQ4's blocks do.
pub const FORMAT: RowFormat = RowFormat {
    id: "mlx",
    weights: BLOCK_WEIGHTS,
    bytes: BLOCK_BYTES,
    source: SourceFloat::F16,
    decode: None,
    encode: Some(|values, bytes| {
        bytes.extend(encode_block(&values.try_into().expect("a group")).as_bytes())
    }),
};

/// The least scale.
const LEAST_SCALE: f32 = 1e-7;

/// Encodes 32 values, which are f16 widened (MLX-2).
pub fn encode_block(values: &[f32; BLOCK_WEIGHTS]) -> Block {
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let step = ((high - low) / 15.0).max(LEAST_SCALE);
    let (edge, step) = if low.abs() > high.abs() { (low, step) } else { (high, -step) };
    let steps = (edge / step).round_ties_even();
    let (scale, bias) = if steps != 0.0 { (edge / steps, edge) } else { (step, 0.0) };
    let nibble = |value: f32| ((value - bias) / scale).round_ties_even().clamp(0.0, 15.0) as u8;
    Block::new(f16::from_f32(scale), f16::from_f32(bias), &values.map(nibble))
}
