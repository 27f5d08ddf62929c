//! f32 to blocks, canonically (SPEC ENC). Every operation is an f32 operation rounded on its own.

use half::f16;
use thiserror::Error;

use super::{BLOCK_WEIGHTS, Block, WITHOUT_FRACTION};

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

/// 2^-25: the largest step that f16 stores as zero (ENC-D1).
const LARGEST_DEGENERATE: f32 = 1.0 / 33_554_432.0;

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
    if !real.iter().fold(true, |all, value| all & value.is_finite()) {
        let index = real.iter().position(|value| !value.is_finite()).unwrap_or_default();
        return Err(EncodeError::NonFinite { index, value: real[index] });
    }
    let mut slots = [0.0; BLOCK_WEIGHTS];
    slots[..real.len()].copy_from_slice(real);
    // In the place of padding a real value, so that it counts for nothing (ENC-A1).
    let mut counted = [real[0]; BLOCK_WEIGHTS];
    counted[..real.len()].copy_from_slice(real);
    match mode {
        Mode::Asymmetric => {
            let min = extreme(&counted, |value, least| value < least);
            let max = extreme(&counted, |value, greatest| value > greatest);
            let scale = degenerate_to_one((max - min) / 15.0);
            let inverse = 1.0 / scale;
            let nibble = |value: f32| nearest::<0>(((value - min) * inverse).clamp(0.0, 15.0));
            stored(scale, min, &slots.map(nibble))
        }
        Mode::Symmetric => {
            let amax = extreme(&counted.map(f32::abs), |value, greatest| value > greatest);
            let scale = degenerate_to_one(amax / 7.0);
            let inverse = 1.0 / scale;
            let nibble = |value: f32| nearest::<8>((value * inverse).clamp(-8.0, 7.0));
            stored(scale, -8.0 * scale, &slots.map(nibble))
        }
    }
}

/// The value that comes before all others, in eight lanes that a processor can take at once.
fn extreme(values: &[f32; BLOCK_WEIGHTS], before: impl Fn(f32, f32) -> bool) -> f32 {
    const LANES: usize = 8;
    let first = |value: f32, best: f32| if before(value, best) { value } else { best };
    let mut lanes: [f32; LANES] = std::array::from_fn(|lane| values[lane]);
    for group in values.as_chunks::<LANES>().0.iter().skip(1) {
        for (best, &value) in lanes.iter_mut().zip(group) {
            *best = first(value, *best);
        }
    }
    lanes.into_iter().fold(values[0], |best, value| first(value, best))
}

/// The integer nearest to a number, halves away from zero (ENC-Q2), and `ZERO` more; for what gives 0 to
/// 15.
///
/// From 2^23 on an f32 has no fraction: the sum is rounded to an integer, halves to the even one, and
/// has it in its last bits. What the integer is short of the number is exact, and tells a half that
/// went the other way.
fn nearest<const ZERO: u8>(number: f32) -> u8 {
    let zero = WITHOUT_FRACTION + f32::from(ZERO);
    let sum = number + zero;
    let short = number - (sum - zero);
    let above = u8::from((short == 0.5) & (number > 0.0));
    let below = u8::from((short == -0.5) & (number < 0.0));
    ((sum.to_bits() & 0x0f) as u8).wrapping_add(above).wrapping_sub(below)
}

/// ENC-D1: a step too small to be stored becomes 1. One too large is kept, for `stored` to refuse.
fn degenerate_to_one(candidate: f32) -> f32 {
    if candidate <= LARGEST_DEGENERATE { 1.0 } else { candidate }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_integer_is_that_of_the_standard_library() {
        for eighths in 0..=120u8 {
            let middle = f32::from(eighths) / 8.0;
            for bits in middle.to_bits().saturating_sub(2)..middle.to_bits() + 3 {
                let number = f32::from_bits(bits).clamp(0.0, 15.0);
                assert_eq!(f32::from(nearest::<0>(number)), number.round(), "{number}");
                let (number, below) = (number.min(7.0), -number.min(8.0));
                assert_eq!(f32::from(nearest::<8>(number)), number.round() + 8.0, "{number}");
                assert_eq!(f32::from(nearest::<8>(below)), below.round() + 8.0, "{below}");
            }
        }
    }
}
