//! What readers of ggml's packed formats have in common: the guards of rows, numbers of f16, nibbles in split halves.
//!
//! Formats share slips too. A fault has the name of its format and then that of its slip, as in `q5-0-big-endian`, and
//! the code goes by the slip. So a format has a slip of this module as soon as its table has a line for it.

use std::ops::Range;

use half::f16;

use super::decode::flushed;
use super::rows::Rows;
use super::{Fault, Faulty, refusal};
use crate::format::Class;
use crate::suite::answer::Refusal;

/// A format of blocks.
pub(super) struct Packed {
    /// What the names of its faults begin with.
    pub name: &'static str,
    /// Weights of a block.
    pub weights: usize,
    /// Bytes of a block.
    pub bytes: usize,
    /// The bytes of the scale, or of all scales where they are not of f16.
    pub scale: Range<usize>,
}

/// A block, and the slip of its reader.
pub(super) struct Block {
    pub bytes: Vec<u8>,
    /// How many blocks stand before it.
    pub index: usize,
    /// The slip, or no text.
    pub slip: &'static str,
    scale_at: usize,
}

/// Weights in front of those that a fault of later blocks spoils.
const EARLIER: usize = 2048;

impl Packed {
    /// What rows of the format lack the checks of.
    pub fn rows(&self, slip: &str) -> Rows {
        Rows {
            weights: self.weights,
            partial_accepted: slip == "partial-accepted",
            empty_refused: slip == "empty-refused",
            extent_unchecked: slip == "extent-unchecked",
            shape_unchecked: slip == "shape-unchecked",
            padded: slip == "rows-padded",
        }
    }

    /// One of the blocks of `payload`, as a reader with this slip finds it.
    fn block(&self, payload: &[u8], index: usize, slip: &'static str) -> Block {
        let mut bytes = payload[index * self.bytes..][..self.bytes].to_vec();
        let Range { start, end } = self.scale;
        let size = end - start;
        match slip {
            "later-blocks-of-first-scale" if index * self.weights >= EARLIER => {
                bytes[start..end].copy_from_slice(&payload[start..end]);
            }
            "wide-scale" => bytes.copy_within(end + size.., end),
            "scale-in-front" => bytes.rotate_left(size),
            "scale-behind" => bytes.rotate_right(size),
            _ => {}
        }
        Block { bytes, index, slip, scale_at: start }
    }
}

impl Block {
    /// The number of f16 that begins at a byte.
    pub fn number(&self, at: usize) -> f32 {
        let bytes = [self.bytes[at], self.bytes[at + 1]];
        let number = f16::from_le_bytes(bytes);
        match self.slip {
            "big-endian" => f16::from_be_bytes(bytes),
            "subnormals-flushed" => flushed(number),
            _ => number,
        }
        .to_f32()
    }

    /// The scale of f16.
    pub fn scale(&self) -> f32 {
        let scale = self.number(self.scale_at);
        match self.slip {
            "negative-scale-absolute" => scale.abs(),
            "usual-scale-doubled" if (0.003_906_25..0.007_812_5).contains(&scale) => scale * 2.0,
            _ => scale,
        }
    }

    /// The nibble of a weight in a run of bytes: the first half of the weights has the low ones.
    pub fn split(&self, run: Range<usize>, place: usize) -> u8 {
        let bytes = &self.bytes[run];
        let half = bytes.len();
        match self.slip {
            "sequential" => nibble(bytes[place / 2], place % 2 == 1),
            "high-half-first" => nibble(bytes[place % half], place < half),
            _ => nibble(bytes[place % half], place >= half),
        }
    }
}

/// The high or the low nibble of a byte.
pub(super) fn nibble(byte: u8, high: bool) -> u8 {
    if high { byte >> 4 } else { byte & 15 }
}

/// A number as f16 holds it.
pub(super) fn in_half(value: f32) -> f32 {
    f16::from_f32(value).to_f32()
}

impl Faulty {
    /// The slip, where the fault is one of the format whose faults have names that begin so; otherwise no text.
    pub(super) fn slip(self, format: &str) -> &'static str {
        let behind = |fault: Fault| fault.name().strip_prefix(format)?.strip_prefix('-');
        self.fault.and_then(behind).unwrap_or_default()
    }

    /// The values of a payload; `weights` gives those of a block.
    pub(super) fn decode_packed(
        self,
        format: &Packed,
        payload: &[u8],
        len: u64,
        weights: impl Fn(&Block) -> Vec<f32>,
    ) -> Result<Vec<f32>, Refusal> {
        let slip = self.slip(format.name);
        let len = if slip == "count-narrowed" { u64::from(len as u32) } else { len };
        let bytes = if slip == "geometry-of-another" { format.bytes + 2 } else { format.bytes };
        format.rows(slip).check_payload(payload, len, bytes)?;
        let mut values = Vec::new();
        for index in 0..payload.len() / format.bytes {
            let block = format.block(payload, index, slip);
            if slip == "zero-scale-refused" && block.scale() == 0.0 {
                return Err(refusal(Class::Scale, format!("block {index}: scale is zero")));
            }
            values.extend(weights(&block).into_iter().map(|weight| match slip {
                "signed-zero-lost" if weight == 0.0 => 0.0,
                "values-in-half" => in_half(weight),
                _ => weight,
            }));
        }
        values.truncate(len as usize);
        Ok(values)
    }
}
