//! f32 to blocks, canonically (SPEC ENC). Every operation is an f32 operation rounded on its own.

use half::f16;
use thiserror::Error;

use super::{BLOCK_WEIGHTS, Block};

/// How a block is laid over its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// From the minimum to the maximum, for plain weights (ENC-A1 to A4).
    Asymmetric,
    /// Around zero, for rotated weights (ENC-Y1 to Y3).
    Symmetric,
}

/// Why values cannot be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum EncodeError {
    /// A value is a NaN or an infinity (ENC-S2); the index is that of the flat tensor.
    #[error("value {index} is {value}: source values must be finite")]
    NonFinite {
        /// Index in the flat tensor.
        index: usize,
        /// The value found.
        value: f32,
    },
    /// The scale is not a finite number above zero in f16 (ENC-M2).
    #[error("block {block}: scale {scale} is not representable as a finite f16 above zero")]
    Scale {
        /// Index of the block.
        block: usize,
        /// The scale before rounding to f16.
        scale: f32,
    },
    /// The bias is not finite in f16 (ENC-M3).
    #[error("block {block}: bias {bias} is not representable as a finite f16")]
    Bias {
        /// Index of the block.
        block: usize,
        /// The bias before rounding to f16.
        bias: f32,
    },
}

/// Encodes a flat tensor: 32 values a block, the last block perhaps fewer (ENC-S4).
///
/// # Errors
///
/// [`EncodeError`], for the first value or block that has no lawful encoding.
pub fn encode(values: &[f32], mode: Mode) -> Result<Vec<Block>, EncodeError> {
    values
        .chunks(BLOCK_WEIGHTS)
        .enumerate()
        .map(|(block, chunk)| encode_block(chunk, mode).map_err(|error| error.in_block(block)))
        .collect()
}

/// Encodes the 1 to 32 real values of one block; the padding slots are packed by the same formula
/// as a value of 0.0 would be (`padding-formula`, ENC-P1).
///
/// # Errors
///
/// [`EncodeError`], with indices counted from this block.
///
/// # Panics
///
/// Where `real` is empty or longer than a block.
pub fn encode_block(real: &[f32], mode: Mode) -> Result<Block, EncodeError> {
    assert!((1..=BLOCK_WEIGHTS).contains(&real.len()), "a block holds 1 to 32 values");
    if let Some(index) = real.iter().position(|value| !value.is_finite()) {
        return Err(EncodeError::NonFinite { index, value: real[index] });
    }
    let mut slots = [0.0; BLOCK_WEIGHTS];
    slots[..real.len()].copy_from_slice(real);
    match mode {
        Mode::Asymmetric => {
            let min = real.iter().copied().fold(f32::INFINITY, f32::min);
            let max = real.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let scale = degenerate_to_one((max - min) / 15.0);
            let inverse = 1.0 / scale;
            let nibble = |value: f32| ((value - min) * inverse).round().clamp(0.0, 15.0) as u8;
            stored(scale, min, &slots.map(nibble))
        }
        Mode::Symmetric => {
            let amax = real.iter().copied().map(f32::abs).fold(0.0, f32::max);
            let scale = degenerate_to_one(amax / 7.0);
            let inverse = 1.0 / scale;
            let nibble = |value: f32| ((value * inverse).round() + 8.0).clamp(0.0, 15.0) as u8;
            stored(scale, -8.0 * scale, &slots.map(nibble))
        }
    }
}

/// ENC-D1: a step too small to be stored becomes 1. One too large is kept, for `stored` to refuse.
fn degenerate_to_one(candidate: f32) -> f32 {
    if f16::from_f32(candidate) == f16::ZERO { 1.0 } else { candidate }
}

/// ENC-M1 to M3: both numbers rounded to f16 and checked, the scale first.
fn stored(scale: f32, bias: f32, nibbles: &[u8; BLOCK_WEIGHTS]) -> Result<Block, EncodeError> {
    let (stored_scale, stored_bias) = (f16::from_f32(scale), f16::from_f32(bias));
    if !stored_scale.is_finite() {
        return Err(EncodeError::Scale { block: 0, scale });
    }
    if !stored_bias.is_finite() {
        return Err(EncodeError::Bias { block: 0, bias });
    }
    Ok(Block::new(stored_scale, stored_bias, nibbles))
}

impl EncodeError {
    /// The same error of a block at `block` in a tensor.
    pub(super) fn in_block(self, block: usize) -> Self {
        match self {
            Self::NonFinite { index, value } => {
                Self::NonFinite { index: block * BLOCK_WEIGHTS + index, value }
            }
            Self::Scale { scale, .. } => Self::Scale { block, scale },
            Self::Bias { bias, .. } => Self::Bias { block, bias },
        }
    }
}
