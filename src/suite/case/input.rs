//! The question: one operation and all that it is given.

use serde::{Deserialize, Serialize};

use super::{DirectoryEntry, File, FileFormat, TensorRank};
use crate::codec;
use crate::suite::hex::{Bits, Bits16, Bits64, Bytes};

/// An operation that a subject may claim; a profile is a set of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Blocks to f32.
    Decode,
    /// f32 to blocks.
    Encode,
    /// A KHQ4 file to a tensor.
    Load,
    /// A tensor to a KHQ4 file.
    Save,
    /// A KHF1 file to a tensor.
    LoadKhf1,
    /// A tensor to a KHF1 file.
    SaveKhf1,
    /// Blocks to f16.
    DecodeF16,
    /// A quantized matrix times vectors.
    Matmul,
    /// The rotation of weights.
    Rotate,
    /// Blocks of ggml's Q4_1 to f32.
    #[serde(rename = "decode-q4-1")]
    DecodeQ41,
    /// f32 to blocks of ggml's Q4_1.
    #[serde(rename = "encode-q4-1")]
    EncodeQ41,
    /// f16 to groups of MLX.
    EncodeMlx,
    /// The index of a model directory.
    ReadIndex,
    /// The files of a model's tensors.
    NameTensors,
}

impl Operation {
    /// All of them, in the order of the suite.
    pub const ALL: [Self; 14] = [
        Self::Decode,
        Self::Encode,
        Self::Load,
        Self::Save,
        Self::LoadKhf1,
        Self::SaveKhf1,
        Self::DecodeF16,
        Self::Matmul,
        Self::Rotate,
        Self::DecodeQ41,
        Self::EncodeQ41,
        Self::EncodeMlx,
        Self::ReadIndex,
        Self::NameTensors,
    ];

    /// The name in profiles and capabilities.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Encode => "encode",
            Self::Load => "load",
            Self::Save => "save",
            Self::LoadKhf1 => "load-khf1",
            Self::SaveKhf1 => "save-khf1",
            Self::DecodeF16 => "decode-f16",
            Self::Matmul => "matmul",
            Self::Rotate => "rotate",
            Self::DecodeQ41 => "decode-q4-1",
            Self::EncodeQ41 => "encode-q4-1",
            Self::EncodeMlx => "encode-mlx",
            Self::ReadIndex => "read-index",
            Self::NameTensors => "name-tensors",
        }
    }
}

/// The question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Input {
    /// Decode `blocks` to `original_len` values.
    Decode {
        /// The payload.
        blocks: Bytes,
        /// The number of values.
        original_len: u64,
    },
    /// Encode `values`.
    Encode {
        /// The mode.
        mode: Mode,
        /// The tensor's shape.
        shape: Vec<u64>,
        /// The source values.
        values: Bits,
    },
    /// Encode `values` of another type than f32 (a feature of its own for each type).
    EncodeFrom {
        /// The mode.
        mode: Mode,
        /// The tensor's shape.
        shape: Vec<u64>,
        /// The source values.
        values: SourceValues,
    },
    /// Load a file.
    Load {
        /// The format that the file is read as.
        #[serde(default, skip_serializing_if = "FileFormat::is_khq4")]
        format: FileFormat,
        /// What lies at the path.
        file: File,
        /// The shape that the caller requires (feature `expected-shape`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expected_shape: Option<Vec<u64>>,
        /// 32, where the size arithmetic of a 32-bit machine is asked for (feature `width-32`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address_width: Option<u32>,
    },
    /// Save a KHQ4 file.
    Save {
        /// The tensor's shape.
        shape: Vec<u64>,
        /// The number of values.
        original_len: u64,
        /// The payload.
        blocks: Bytes,
    },
    /// Save a KHF1 file.
    SaveKhf1 {
        /// The tensor's shape.
        shape: Vec<u64>,
        /// The values.
        values: Bits16,
    },
    /// Decode `blocks` to `original_len` values of f16.
    DecodeF16 {
        /// The payload.
        blocks: Bytes,
        /// The number of values.
        original_len: u64,
    },
    /// Multiply a matrix of `rows` times `columns` weights with vectors.
    Matmul {
        /// Rows of the matrix.
        rows: u64,
        /// Columns of the matrix, and the values of a vector.
        columns: u64,
        /// The number of vectors.
        vectors: u64,
        /// The matrix.
        blocks: Bytes,
        /// The vectors, one behind the other.
        x: Bits,
    },
    /// Rotate a matrix of `rows` times `columns` values.
    Rotate {
        /// The seed of the signs.
        seed: u64,
        /// Whether rows or columns are rotated.
        side: Side,
        /// Whether the rotation is undone.
        inverse: bool,
        /// Rows of the matrix.
        rows: u64,
        /// Columns of the matrix.
        columns: u64,
        /// The length of a run, in the block form.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        block: Option<u64>,
        /// A norm that is folded into the columns first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gamma: Option<Floats>,
        /// The matrix.
        values: Floats,
    },
    /// Decode `blocks` of ggml's Q4_1 to `original_len` values.
    #[serde(rename = "decode_q4_1")]
    DecodeQ41 {
        /// The payload.
        blocks: Bytes,
        /// The number of values.
        original_len: u64,
    },
    /// Encode `values` to blocks of ggml's Q4_1.
    #[serde(rename = "encode_q4_1")]
    EncodeQ41 {
        /// The tensor's shape.
        shape: Vec<u64>,
        /// The source values.
        values: Bits,
    },
    /// Encode `values` to groups of MLX.
    EncodeMlx {
        /// The tensor's shape.
        shape: Vec<u64>,
        /// The source values.
        values: Bits16,
    },
    /// List a model directory, or open it.
    ReadIndex {
        /// What the directory holds; absent where there is no directory.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        directory: Option<Vec<DirectoryEntry>>,
        /// Whether it is opened (feature `directory`).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        open: bool,
    },
    /// Name the files of tensors.
    NameTensors {
        /// The tensors of the model.
        tensors: Vec<TensorRank>,
    },
}

impl Input {
    /// The operation that answers this.
    pub fn operation(&self) -> Operation {
        match self {
            Self::Decode { .. } => Operation::Decode,
            Self::Encode { .. } | Self::EncodeFrom { .. } => Operation::Encode,
            Self::Load { format: FileFormat::Khq4, .. } => Operation::Load,
            Self::Load { format: FileFormat::Khf1, .. } => Operation::LoadKhf1,
            Self::Save { .. } => Operation::Save,
            Self::SaveKhf1 { .. } => Operation::SaveKhf1,
            Self::DecodeF16 { .. } => Operation::DecodeF16,
            Self::Matmul { .. } => Operation::Matmul,
            Self::Rotate { .. } => Operation::Rotate,
            Self::DecodeQ41 { .. } => Operation::DecodeQ41,
            Self::EncodeQ41 { .. } => Operation::EncodeQ41,
            Self::EncodeMlx { .. } => Operation::EncodeMlx,
            Self::ReadIndex { .. } => Operation::ReadIndex,
            Self::NameTensors { .. } => Operation::NameTensors,
        }
    }
}

/// Source values of an encode that are not f32 (ENC-S5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SourceValues {
    /// Half precision.
    F16(Bits16),
    /// The upper halves of single precision.
    Bf16(Bits16),
    /// Double precision.
    F64(Bits64),
}

impl SourceValues {
    /// Their type.
    pub fn source_type(&self) -> SourceType {
        match self {
            Self::F16(_) => SourceType::F16,
            Self::Bf16(_) => SourceType::Bf16,
            Self::F64(_) => SourceType::F64,
        }
    }

    /// The values, little-endian, as the protocol carries them.
    pub fn to_le_bytes(&self) -> Bytes {
        match self {
            Self::F16(values) | Self::Bf16(values) => values.to_le_bytes(),
            Self::F64(values) => values.to_le_bytes(),
        }
    }
}

/// The type of source values that are not f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceType {
    /// Two bytes a value.
    F16,
    /// Two bytes a value.
    Bf16,
    /// Eight bytes a value.
    F64,
}

/// The side of a matrix that is rotated (ROT-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Each row.
    Input,
    /// Each column.
    Output,
}

/// Values of one of the two precisions that weights are rotated in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Floats {
    /// Single precision.
    F32(Bits),
    /// Double precision.
    F64(Bits64),
}

impl Floats {
    /// The values, little-endian, as the protocol carries them.
    pub fn to_le_bytes(&self) -> Bytes {
        match self {
            Self::F32(values) => values.to_le_bytes(),
            Self::F64(values) => values.to_le_bytes(),
        }
    }

    /// Their number.
    pub fn count(&self) -> usize {
        match self {
            Self::F32(values) => values.0.len(),
            Self::F64(values) => values.0.len(),
        }
    }
}

/// How blocks are laid over their values (ENC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// From minimum to maximum.
    Asymmetric,
    /// Around zero.
    Symmetric,
}

impl From<Mode> for codec::Mode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Asymmetric => Self::Asymmetric,
            Mode::Symmetric => Self::Symmetric,
        }
    }
}
