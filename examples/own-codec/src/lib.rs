//! Blocks of 32 weights in 20 bytes: scale and bias in f16, then sixteen bytes of two nibbles each, the
//! low one first. Weight *i* is `nibble[i] * scale + bias`.

use std::fmt;

use half::f16;

/// Weights in a block.
pub const WEIGHTS: usize = 32;

/// Bytes of a block.
pub const BYTES: usize = 20;

/// How a block is laid over its values.
#[derive(Clone, Copy, Debug)]
pub enum Mode {
    /// From the least value to the greatest.
    Asymmetric,
    /// Around zero.
    Symmetric,
}

/// Why there are no values, or no blocks.
#[derive(Debug)]
pub enum Error {
    /// The blocks are not those of so many values.
    Extent,
    /// The shape is not that of the values.
    Shape,
    /// The value of this index is a NaN or an infinity.
    NotFinite(usize),
    /// The scale of this block is zero, or no number that f16 holds.
    Scale(usize),
    /// The bias of this block is no number that f16 holds.
    Bias(usize),
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Extent => write!(formatter, "the blocks are not those of so many values"),
            Self::Shape => write!(formatter, "the shape is not that of the values"),
            Self::NotFinite(index) => write!(formatter, "value {index} is not finite"),
            Self::Scale(block) => write!(formatter, "block {block}: no lawful scale"),
            Self::Bias(block) => write!(formatter, "block {block}: no lawful bias"),
        }
    }
}

/// The `count` values of `bytes`.
pub fn decode(bytes: &[u8], count: u64) -> Result<Vec<f32>, Error> {
    let (blocks, rest) = bytes.as_chunks::<BYTES>();
    if !rest.is_empty() || blocks.len() as u64 != count.div_ceil(WEIGHTS as u64) {
        return Err(Error::Extent);
    }
    let mut values = Vec::with_capacity(blocks.len() * WEIGHTS);
    for (index, block) in blocks.iter().enumerate() {
        let scale = f16::from_le_bytes([block[0], block[1]]);
        let bias = f16::from_le_bytes([block[2], block[3]]);
        if scale == f16::ZERO || !scale.is_finite() {
            return Err(Error::Scale(index));
        }
        if !bias.is_finite() {
            return Err(Error::Bias(index));
        }
        // The product is exact, so that the sum is the only rounding.
        let weight = |nibble: u8| f32::from(nibble) * scale.to_f32() + bias.to_f32();
        values.extend(block[4..].iter().flat_map(|byte| [weight(byte & 15), weight(byte >> 4)]));
    }
    values.truncate(count as usize);
    Ok(values)
}

/// The blocks of a tensor, cut from its flat values.
pub fn encode(shape: &[u64], values: &[f32], mode: Mode) -> Result<Vec<u8>, Error> {
    let product = shape.iter().try_fold(1, |product: u64, size| product.checked_mul(*size));
    if product != Some(values.len() as u64) {
        return Err(Error::Shape);
    }
    if let Some(index) = values.iter().position(|value| !value.is_finite()) {
        return Err(Error::NotFinite(index));
    }
    let blocks = values.chunks(WEIGHTS).enumerate();
    let bytes: Result<Vec<_>, _> = blocks.map(|(index, real)| block(index, real, mode)).collect();
    Ok(bytes?.concat())
}

/// One block of 1 to 32 values; what pads it has nibble 0 and counts for nothing.
fn block(index: usize, real: &[f32], mode: Mode) -> Result<[u8; BYTES], Error> {
    let greatest = |values: &mut dyn Iterator<Item = f32>| values.fold(f32::MIN, f32::max);
    let (step, least) = match mode {
        Mode::Asymmetric => {
            let least = -greatest(&mut real.iter().map(|value| -value));
            ((greatest(&mut real.iter().copied()) - least) / 15.0, least)
        }
        Mode::Symmetric => (greatest(&mut real.iter().map(|value| value.abs())) / 7.0, 0.0),
    };
    // A step that f16 stores as zero would lose all: the block is as good as flat.
    let scale = if f16::from_f32(step) == f16::ZERO { 1.0 } else { step };
    let (bias, zero) = match mode {
        Mode::Asymmetric => (least, 0.0),
        Mode::Symmetric => (-8.0 * scale, 8.0),
    };
    let (stored_scale, stored_bias) = (f16::from_f32(scale), f16::from_f32(bias));
    if !stored_scale.is_finite() {
        return Err(Error::Scale(index));
    }
    if !stored_bias.is_finite() {
        return Err(Error::Bias(index));
    }
    let mut bytes = [0; BYTES];
    bytes[..2].copy_from_slice(&stored_scale.to_le_bytes());
    bytes[2..4].copy_from_slice(&stored_bias.to_le_bytes());
    let inverse = 1.0 / scale;
    for (slot, value) in real.iter().enumerate() {
        let nibble = (((value - least) * inverse).round() + zero).clamp(0.0, 15.0) as u8;
        bytes[4 + slot / 2] |= nibble << (4 * (slot % 2));
    }
    Ok(bytes)
}
