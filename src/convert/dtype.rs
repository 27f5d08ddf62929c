//! Values as bytes: the dtypes of safetensors that are converted, to f32 and f16, and back.

use half::{bf16, f16};

use zerocopy::little_endian::U16;

use crate::codec::{Block, decode_block, decode_to_f16, exact_block, round_to_bf16, round_to_f16};

/// What the values of a tensor are, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// IEEE 754 binary64.
    F64,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary16.
    F16,
    /// The upper 16 bits of an f32.
    Bf16,
}

/// A value that the format to be written cannot hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Unfit {
    /// Its index among the values that were given.
    pub index: usize,
    /// The value.
    pub value: f64,
}

impl Dtype {
    /// Bytes of a value.
    pub fn bytes(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    /// The name that safetensors has for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::F64 => "F64",
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
        }
    }

    /// Appends the first `count` weights of blocks: f32 as DEC-1 says, the others rounded once from the
    /// exact sum, which f64 holds.
    ///
    /// # Errors
    ///
    /// The index of the first weight that f16 cannot hold (F16-2).
    pub(super) fn of_blocks(
        self,
        blocks: &[Block],
        count: usize,
        written: &mut Vec<u8>,
    ) -> Result<(), usize> {
        let exact = || blocks.iter().flat_map(exact_block).take(count);
        match self {
            Self::F64 => written.extend(exact().flat_map(f64::to_le_bytes)),
            Self::F32 => {
                let weights = blocks.iter().flat_map(decode_block).take(count);
                written.extend(weights.flat_map(f32::to_le_bytes));
            }
            Self::F16 => {
                let halves = decode_to_f16(blocks, count)?;
                written.extend(halves.into_iter().flat_map(f16::to_le_bytes));
            }
            Self::Bf16 => {
                written.extend(exact().map(round_to_bf16).flat_map(bf16::to_le_bytes));
            }
        }
        Ok(())
    }

    /// Appends values of f16, each exact but in bf16, where it is rounded once.
    pub(super) fn of_halves(self, halves: &[U16], written: &mut Vec<u8>) {
        let values = halves.iter().map(|bits| f16::from_bits(bits.get()));
        match self {
            Self::F64 => written.extend(values.flat_map(|value| value.to_f64().to_le_bytes())),
            Self::F32 => written.extend(values.flat_map(|value| value.to_f32().to_le_bytes())),
            Self::F16 => written.extend(values.flat_map(f16::to_le_bytes)),
            Self::Bf16 => {
                let rounded = values.map(|value| round_to_bf16(value.to_f64()));
                written.extend(rounded.flat_map(bf16::to_le_bytes));
            }
        }
    }

    /// Whole values as f32: those of f64 rounded once, the others as they are (ENC-S5). What is not
    /// finite is left to the encoder.
    ///
    /// # Errors
    ///
    /// The first finite value that f32 cannot hold.
    pub(super) fn to_f32(self, bytes: &[u8], values: &mut Vec<f32>) -> Result<(), Unfit> {
        values.clear();
        match self {
            Self::F32 => values.extend(numbers(bytes, f32::from_le_bytes)),
            Self::F16 => values.extend(numbers(bytes, f16::from_le_bytes).map(f16::to_f32)),
            Self::Bf16 => values.extend(numbers(bytes, bf16::from_le_bytes).map(bf16::to_f32)),
            Self::F64 => {
                for (index, value) in numbers(bytes, f64::from_le_bytes).enumerate() {
                    let rounded = value as f32;
                    if rounded.is_infinite() && value.is_finite() {
                        return Err(Unfit { index, value });
                    }
                    values.push(rounded);
                }
            }
        }
        Ok(())
    }

    /// Appends whole values as f64, which holds each of them.
    pub(super) fn to_f64(self, bytes: &[u8], values: &mut Vec<f64>) {
        match self {
            Self::F64 => values.extend(numbers(bytes, f64::from_le_bytes)),
            Self::F32 => values.extend(numbers(bytes, f32::from_le_bytes).map(f64::from)),
            Self::F16 => values.extend(numbers(bytes, f16::from_le_bytes).map(f16::to_f64)),
            Self::Bf16 => values.extend(numbers(bytes, bf16::from_le_bytes).map(bf16::to_f64)),
        }
    }

    /// Whole values as the bytes of f16, each rounded once.
    ///
    /// # Errors
    ///
    /// The first value that is not finite, or not in f16.
    pub(super) fn to_f16(self, bytes: &[u8], written: &mut Vec<u8>) -> Result<(), Unfit> {
        written.clear();
        match self {
            Self::F64 => halves(numbers(bytes, f64::from_le_bytes), round_to_f16, written),
            Self::F32 => halves(numbers(bytes, f32::from_le_bytes), f16::from_f32, written),
            Self::F16 => halves(numbers(bytes, f16::from_le_bytes), |half| half, written),
            Self::Bf16 => {
                let narrow = |value: bf16| f16::from_f32(value.to_f32());
                halves(numbers(bytes, bf16::from_le_bytes), narrow, written)
            }
        }
    }
}

/// The numbers of `N` bytes each.
fn numbers<const N: usize, T>(
    bytes: &[u8],
    number: fn([u8; N]) -> T,
) -> impl Iterator<Item = T> + use<'_, N, T> {
    let (whole, rest) = bytes.as_chunks();
    debug_assert!(rest.is_empty(), "whole values");
    whole.iter().map(move |bytes| number(*bytes))
}

fn halves<T: Copy + Into<f64>>(
    values: impl Iterator<Item = T>,
    narrow: fn(T) -> f16,
    written: &mut Vec<u8>,
) -> Result<(), Unfit> {
    for (index, value) in values.enumerate() {
        // A NaN has no rounding, and none of its own is asked for.
        let wide: f64 = value.into();
        let half = if wide.is_nan() { f16::NAN } else { narrow(value) };
        if !half.is_finite() {
            return Err(Unfit { index, value: wide });
        }
        written.extend_from_slice(&half.to_le_bytes());
    }
    Ok(())
}
