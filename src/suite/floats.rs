//! Floats of the types that weights are made of, by their bits.

use half::{bf16, f16};
use serde::{Deserialize, Serialize};

use super::hex::{Bits, Bits16, Bits64, Bytes};

/// A type of float: its name on the wire and in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Float {
    /// Half precision, two bytes a value.
    F16,
    /// The upper half of single precision, two bytes a value.
    Bf16,
    /// Single precision, four bytes a value.
    F32,
    /// Double precision, eight bytes a value.
    F64,
}

impl Float {
    /// The name on the wire and for a person.
    pub fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }
}

/// Values of one type, in JSON an object with that type as its key: `{"f32":"0000a0400000c040"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Floats {
    /// Half precision.
    F16(Bits16),
    /// The upper halves of single precision.
    Bf16(Bits16),
    /// Single precision.
    F32(Bits),
    /// Double precision.
    F64(Bits64),
}

impl Floats {
    /// Values of f32.
    pub fn of(values: &[f32]) -> Self {
        Self::F32(Bits::of(values))
    }

    /// Their type.
    pub fn float(&self) -> Float {
        match self {
            Self::F16(_) => Float::F16,
            Self::Bf16(_) => Float::Bf16,
            Self::F32(_) => Float::F32,
            Self::F64(_) => Float::F64,
        }
    }

    /// Their number.
    pub fn len(&self) -> usize {
        match self {
            Self::F16(values) | Self::Bf16(values) => values.0.len(),
            Self::F32(values) => values.0.len(),
            Self::F64(values) => values.0.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bits of each value, in the low bits of a word.
    pub fn bits(&self) -> Vec<u64> {
        match self {
            Self::F16(values) | Self::Bf16(values) => {
                values.0.iter().map(|&bits| bits.into()).collect()
            }
            Self::F32(values) => values.0.iter().map(|&bits| bits.into()).collect(),
            Self::F64(values) => values.0.clone(),
        }
    }

    /// The bytes of the values, little-endian.
    pub fn to_le_bytes(&self) -> Bytes {
        match self {
            Self::F16(values) | Self::Bf16(values) => values.to_le_bytes(),
            Self::F32(values) => values.to_le_bytes(),
            Self::F64(values) => values.to_le_bytes(),
        }
    }

    /// The values as f32, where that loses nothing: those of f64 are not given.
    pub fn widened(&self) -> Option<Vec<f32>> {
        match self {
            Self::F16(Bits16(bits)) => {
                Some(bits.iter().map(|&bits| f16::from_bits(bits).to_f32()).collect())
            }
            Self::Bf16(Bits16(bits)) => {
                Some(bits.iter().map(|&bits| bf16::from_bits(bits).to_f32()).collect())
            }
            Self::F32(values) => Some(values.values()),
            Self::F64(_) => None,
        }
    }

    /// The values of f32; `None` where they are of another type.
    pub fn singles(&self) -> Option<Vec<f32>> {
        match self {
            Self::F32(values) => Some(values.values()),
            _ => None,
        }
    }
}
