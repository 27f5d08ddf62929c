//! One question: what a case holds, what the wire carries, what an implementation receives and what
//! fuzzing generates.
//!
//! A question names its verb (`op`), its format, and the arguments of the verb. Where it is about a
//! file, `P` is what is said of the place: in a case, what lies there ([`File`]); on the wire and for an
//! implementation, its absolute path.

use serde::{Deserialize, Serialize};

use super::case::{File, Special};
use super::floats::{Float, Floats};
use super::hex::Bytes;
use super::operation::{FormatId, Operation, Verb};
use crate::codec;

/// A question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Question<P = File> {
    /// Blocks to floats.
    Decode(Decode),
    /// Floats to blocks.
    Encode(Encode),
    /// A file to tensors.
    Load(Load<P>),
    /// Tensors to a file.
    Save(Save<P>),
    /// A quantized matrix times vectors.
    Matmul(Matmul),
    /// The rotation of weights.
    Rotate(Rotate),
    /// The index of a model directory.
    ReadIndex(ReadIndex<P>),
    /// The files of a model's tensors.
    NameTensors(NameTensors),
    /// What a model goes on with.
    Generate(Generate<P>),
}

/// Decode `blocks` to `original_len` values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Decode {
    /// The format of the blocks.
    pub format: FormatId,
    /// The payload.
    pub blocks: Bytes,
    /// The scale of the whole tensor, in formats that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tensor_scale: Option<Floats>,
    /// The number of values.
    pub original_len: u64,
    /// What the values are to be; f32 where this is absent (another type is a feature of its own).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Float>,
}

/// Encode `values`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Encode {
    /// The format of the blocks.
    pub format: FormatId,
    /// How blocks are laid over their values, in formats that leave a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The tensor's shape.
    pub shape: Vec<u64>,
    /// The source values.
    pub values: Floats,
}

/// Load a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Load<P = File> {
    /// The format that the file is read as.
    pub format: FormatId,
    /// The file.
    pub path: P,
    /// The shape that the caller requires (feature `expected-shape`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_shape: Option<Vec<u64>>,
    /// 32, where the size arithmetic of a 32-bit machine is asked for (feature `width-32`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_width: Option<u32>,
}

/// Save a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Save<P = File> {
    /// The format that is written.
    pub format: FormatId,
    /// What lies where the file is to be.
    pub path: P,
    /// What the file is to hold.
    pub tensors: Vec<Tensor>,
}

/// Multiply a matrix of `rows` times `columns` weights with vectors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Matmul {
    /// The format of the blocks.
    pub format: FormatId,
    /// Rows of the matrix.
    pub rows: u64,
    /// Columns of the matrix, and the values of a vector.
    pub columns: u64,
    /// The number of vectors.
    pub vectors: u64,
    /// The matrix.
    pub blocks: Bytes,
    /// The vectors, one behind the other.
    pub x: Floats,
}

/// Rotate a matrix of `rows` times `columns` values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rotate {
    /// The kind of rotation.
    pub format: FormatId,
    /// The seed of the signs.
    pub seed: u64,
    /// Whether rows or columns are rotated.
    pub side: Side,
    /// Whether the rotation is undone.
    pub inverse: bool,
    /// Rows of the matrix.
    pub rows: u64,
    /// Columns of the matrix.
    pub columns: u64,
    /// The length of a run, in the block form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<u64>,
    /// A norm that is folded into the rows first, of the type of `values`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gamma: Option<Floats>,
    /// The matrix, row by row.
    pub values: Floats,
}

/// List a model directory, or open it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReadIndex<P = File> {
    /// The format of the directory's files.
    pub format: FormatId,
    /// The directory.
    pub path: P,
    /// Whether everything that the index names is checked (feature `directory`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
}

/// Name the files of tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NameTensors {
    /// The format of the directory's files.
    pub format: FormatId,
    /// The tensors of the model.
    pub tensors: Vec<TensorRank>,
}

/// Go on with a prompt, greedily.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Generate<P = File> {
    /// The form of the model.
    pub format: FormatId,
    /// The model.
    pub path: P,
    /// The prompt.
    pub prompt: String,
    /// The number of tokens.
    pub tokens: u64,
}

/// A tensor, as it is handed to a writer and as a loader hands it on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tensor {
    /// Its name; empty in files that give none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its dimensions.
    pub shape: Vec<u64>,
    /// The number of its values, for a writer of a format that stores it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_len: Option<u64>,
    /// Its payload, where it is blocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Bytes>,
    /// Its values, where it is floats, or where a loader decodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Floats>,
}

/// A tensor whose file is to be named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TensorRank {
    /// Its name.
    pub name: String,
    /// The number of its dimensions.
    pub rank: u64,
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

impl Mode {
    /// The word in JSON and for a person.
    pub fn name(self) -> &'static str {
        match self {
            Self::Asymmetric => "asymmetric",
            Self::Symmetric => "symmetric",
        }
    }
}

impl From<Mode> for codec::Mode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Asymmetric => Self::Asymmetric,
            Mode::Symmetric => Self::Symmetric,
        }
    }
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

impl<P> Question<P> {
    /// What is done.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Decode(_) => Verb::Decode,
            Self::Encode(_) => Verb::Encode,
            Self::Load(_) => Verb::Load,
            Self::Save(_) => Verb::Save,
            Self::Matmul(_) => Verb::Matmul,
            Self::Rotate(_) => Verb::Rotate,
            Self::ReadIndex(_) => Verb::ReadIndex,
            Self::NameTensors(_) => Verb::NameTensors,
            Self::Generate(_) => Verb::Generate,
        }
    }

    /// What it is about.
    pub fn format(&self) -> FormatId {
        match self {
            Self::Decode(question) => question.format,
            Self::Encode(question) => question.format,
            Self::Load(question) => question.format,
            Self::Save(question) => question.format,
            Self::Matmul(question) => question.format,
            Self::Rotate(question) => question.format,
            Self::ReadIndex(question) => question.format,
            Self::NameTensors(question) => question.format,
            Self::Generate(question) => question.format,
        }
    }

    /// The operation that answers this.
    pub fn operation(&self) -> Operation {
        Operation::new(self.verb(), self.format())
    }

    /// What is said of the file, in a question about one.
    pub fn place(&self) -> Option<&P> {
        match self {
            Self::Load(question) => Some(&question.path),
            Self::Save(question) => Some(&question.path),
            Self::ReadIndex(question) => Some(&question.path),
            Self::Generate(question) => Some(&question.path),
            Self::Decode(_)
            | Self::Encode(_)
            | Self::Matmul(_)
            | Self::Rotate(_)
            | Self::NameTensors(_) => None,
        }
    }

    /// The same question about a file elsewhere: `at` is dropped where the question is about no file.
    pub fn at<Q>(&self, at: Q) -> Question<Q> {
        match self {
            Self::Decode(question) => Question::Decode(question.clone()),
            Self::Encode(question) => Question::Encode(question.clone()),
            Self::Matmul(question) => Question::Matmul(question.clone()),
            Self::Rotate(question) => Question::Rotate(question.clone()),
            Self::NameTensors(question) => Question::NameTensors(question.clone()),
            Self::Load(Load { format, path: _, expected_shape, address_width }) => {
                let (expected_shape, address_width) = (expected_shape.clone(), *address_width);
                Question::Load(Load { format: *format, path: at, expected_shape, address_width })
            }
            Self::Save(Save { format, path: _, tensors }) => {
                Question::Save(Save { format: *format, path: at, tensors: tensors.clone() })
            }
            Self::ReadIndex(ReadIndex { format, path: _, open }) => {
                Question::ReadIndex(ReadIndex { format: *format, path: at, open: *open })
            }
            Self::Generate(Generate { format, path: _, prompt, tokens }) => {
                let (prompt, tokens) = (prompt.clone(), *tokens);
                Question::Generate(Generate { format: *format, path: at, prompt, tokens })
            }
        }
    }
}

/// The questions that builders, generators and tests ask most.
impl<P> Question<P> {
    /// Decode to f32.
    pub fn decode(format: FormatId, blocks: Vec<u8>, original_len: u64) -> Self {
        let blocks = Bytes(blocks);
        Self::Decode(Decode { format, blocks, tensor_scale: None, original_len, to: None })
    }

    /// Encode in a mode that the format may leave open.
    pub fn encode(format: FormatId, mode: Option<Mode>, shape: &[u64], values: Floats) -> Self {
        Self::Encode(Encode { format, mode, shape: shape.to_vec(), values })
    }

    /// Load whatever it is.
    pub fn load(format: FormatId, path: P) -> Self {
        Self::Load(Load { format, path, expected_shape: None, address_width: None })
    }
}

impl Question {
    /// Save one tensor where nothing lies yet.
    pub fn save(format: FormatId, tensor: Tensor) -> Self {
        let path = File::Special(Special::Missing);
        Self::Save(Save { format, path, tensors: vec![tensor] })
    }
}

impl Tensor {
    /// A tensor of blocks, as a file of KHQ4 holds it.
    pub fn of_blocks(shape: &[u64], original_len: u64, blocks: Vec<u8>) -> Self {
        let (original_len, blocks) = (Some(original_len), Some(Bytes(blocks)));
        Self { shape: shape.to_vec(), original_len, blocks, ..Self::default() }
    }

    /// A tensor of floats.
    pub fn of_values(shape: &[u64], values: Floats) -> Self {
        Self { shape: shape.to_vec(), values: Some(values), ..Self::default() }
    }
}
