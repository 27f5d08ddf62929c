//! The messages of `conformance/PROTOCOL.md`, as types: a request, its answer, and what can go
//! wrong between the two.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Answer, Implementation, Loaded, LoadedHalves};
use crate::format::Class;
use crate::suite::case::{Listing, Mode, Operation, Side, SourceType, TensorRank};
use crate::suite::hex::{Bits, Bits16, Bytes};

/// The version of the protocol.
pub const PROTOCOL: u32 = 1;

/// The answer to the handshake: who answers, and what is offered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// The protocol that the subject speaks.
    pub protocol: u32,
    /// The implementation's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The language it is written in.
    pub language: String,
    /// Operations and optional features.
    pub capabilities: Vec<String>,
    /// The public ways into an operation, by its name; each is asked every case. At most
    /// [`MOST_ENTRIES`](Self::MOST_ENTRIES) of one operation.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub entries: BTreeMap<String, Vec<String>>,
}

impl Hello {
    /// The most ways into one operation: far more than any library has.
    pub const MOST_ENTRIES: usize = 32;

    /// The ways into `operation`; the one without a name where none is named.
    pub fn entries(&self, operation: Operation) -> Vec<Option<String>> {
        match self.entries.get(operation.name()) {
            Some(entries) if !entries.is_empty() => entries.iter().cloned().map(Some).collect(),
            _ => vec![None],
        }
    }
}

/// One request, without the `seq` that numbers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Request {
    /// Blocks to f32.
    Decode(Decode),
    /// f32 to blocks.
    Encode(Encode),
    /// A file to a tensor.
    LoadKhq4(Load),
    /// A tensor to a file.
    SaveKhq4(Save),
    /// A file to a tensor of f16.
    LoadKhf1(Load),
    /// A tensor of f16 to a file.
    SaveKhf1(SaveKhf1),
    /// Blocks to f16.
    DecodeF16(Decode),
    /// A matrix times vectors.
    Matmul(Matmul),
    /// The rotation of weights.
    Rotate(Rotate),
    /// Blocks of ggml's Q4_1 to f32.
    #[serde(rename = "decode_q4_1")]
    DecodeQ41(Decode),
    /// f32 to blocks of ggml's Q4_1.
    #[serde(rename = "encode_q4_1")]
    EncodeQ41(EncodeRows),
    /// f16 to groups of MLX.
    EncodeMlx(EncodeRows),
    /// The index of a directory.
    ReadIndex(ReadIndex),
    /// The files of tensors.
    NameTensors(NameTensors),
    /// A text that a model goes on with: asked by the end-to-end report, not by the suite.
    Generate(Generate),
}

/// Decode `blocks` to `original_len` values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decode {
    /// The way in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The payload.
    pub blocks: Bytes,
    /// The number of values.
    pub original_len: u64,
}

/// Encode the values in `values`, little-endian.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encode {
    /// The way in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// How blocks are laid over their values.
    pub mode: Mode,
    /// The tensor's shape.
    pub shape: Vec<u64>,
    /// The type of the values; f32 where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceType>,
    /// The values, little-endian.
    pub values: Bytes,
}

/// Load the file at `path`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// `copy` or `map`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// An absolute path.
    pub path: String,
    /// The shape that the caller requires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_shape: Option<Vec<u64>>,
    /// The address width whose size arithmetic is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_width: Option<u32>,
}

/// Save a KHQ4 file at `path`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Save {
    /// The way in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// An absolute path where nothing lies yet.
    pub path: String,
    /// The tensor's shape.
    pub shape: Vec<u64>,
    /// The number of values.
    pub original_len: u64,
    /// The payload.
    pub blocks: Bytes,
}

/// Save a KHF1 file at `path`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SaveKhf1 {
    /// The way in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// An absolute path where nothing lies yet.
    pub path: String,
    /// The tensor's shape.
    pub shape: Vec<u64>,
    /// f16 values, little-endian, two bytes each.
    pub values: Bytes,
}

/// Multiply a matrix with vectors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Matmul {
    /// The way in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// Rows of the matrix.
    pub rows: u64,
    /// Columns of the matrix, and the values of a vector.
    pub columns: u64,
    /// The number of vectors.
    pub vectors: u64,
    /// The matrix.
    pub blocks: Bytes,
    /// The vectors: f32 values, little-endian, four bytes each.
    pub x: Bytes,
}

/// Rotate a matrix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rotate {
    /// The way in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// What values are made of.
    pub precision: Precision,
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
    /// A norm that is folded first: values, little-endian.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gamma: Option<Bytes>,
    /// The matrix: values, little-endian.
    pub values: Bytes,
}

/// What the values of a rotation are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Four bytes a value.
    F32,
    /// Eight bytes a value.
    F64,
}

/// Encode rows of values, f32 to blocks of ggml's Q4_1 and f16 to groups of MLX.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncodeRows {
    /// The way in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The tensor's shape.
    pub shape: Vec<u64>,
    /// The values, little-endian.
    pub values: Bytes,
}

/// List a model directory, or open it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadIndex {
    /// The way in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// An absolute path.
    pub path: String,
    /// Whether everything that the index names is checked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
}

/// Name the files of tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NameTensors {
    /// The way in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The tensors of a model.
    pub tensors: Vec<TensorRank>,
}

/// Go on with a prompt, greedily.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generate {
    /// The way in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The absolute path of a model's directory.
    pub path: String,
    /// The prompt.
    pub prompt: String,
    /// The number of tokens.
    pub tokens: u64,
}

/// What a model went on with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Continuation {
    /// The tokens.
    pub ids: Vec<u32>,
    /// Their text.
    pub text: String,
}

impl Request {
    /// Every operation of the protocol, by its name on the line.
    pub const OPERATIONS: [&str; 15] = [
        "decode",
        "encode",
        "load_khq4",
        "save_khq4",
        "load_khf1",
        "save_khf1",
        "decode_f16",
        "matmul",
        "rotate",
        "decode_q4_1",
        "encode_q4_1",
        "encode_mlx",
        "read_index",
        "name_tensors",
        "generate",
    ];

    /// The path of the file that is to be saved, if this is a save.
    pub fn saves_to(&self) -> Option<&str> {
        match self {
            Self::SaveKhq4(request) => Some(&request.path),
            Self::SaveKhf1(request) => Some(&request.path),
            _ => None,
        }
    }

    /// The entry that is asked, if one is named.
    pub fn entry_mut(&mut self) -> &mut Option<String> {
        match self {
            Self::Decode(request) => &mut request.entry,
            Self::Encode(request) => &mut request.entry,
            Self::LoadKhq4(request) => &mut request.entry,
            Self::SaveKhq4(request) => &mut request.entry,
            Self::LoadKhf1(request) => &mut request.entry,
            Self::SaveKhf1(request) => &mut request.entry,
            Self::DecodeF16(request) => &mut request.entry,
            Self::Matmul(request) => &mut request.entry,
            Self::Rotate(request) => &mut request.entry,
            Self::DecodeQ41(request) => &mut request.entry,
            Self::EncodeQ41(request) | Self::EncodeMlx(request) => &mut request.entry,
            Self::ReadIndex(request) => &mut request.entry,
            Self::NameTensors(request) => &mut request.entry,
            Self::Generate(request) => &mut request.entry,
        }
    }

    /// Lets `implementation` answer.
    pub fn dispatch(&self, implementation: &dyn Implementation) -> Answer<Output> {
        let values = |values| Output { values: Some(values), ..Output::default() };
        let singles = |bits: Bits| values(bits.to_le_bytes());
        let halves = |bits: Bits16| values(bits.to_le_bytes());
        let blocks = |blocks| Output { blocks: Some(blocks), ..Output::default() };
        match self {
            Self::Decode(request) => implementation.decode(request).map(singles),
            Self::Encode(request) => implementation.encode(request).map(blocks),
            Self::DecodeF16(request) => implementation.decode_f16(request).map(halves),
            Self::Matmul(request) => implementation.matmul(request).map(singles),
            Self::Rotate(request) => implementation.rotate(request).map(values),
            Self::DecodeQ41(request) => implementation.decode_q4_1(request).map(singles),
            Self::EncodeQ41(request) => implementation.encode_q4_1(request).map(blocks),
            Self::EncodeMlx(request) => implementation.encode_mlx(request).map(blocks),
            Self::ReadIndex(request) => implementation
                .read_index(request)
                .map(|index| Output { index: Some(index), ..Output::default() }),
            Self::NameTensors(request) => implementation
                .name_tensors(request)
                .map(|files| Output { files: Some(files), ..Output::default() }),
            Self::Generate(request) => implementation.generate(request).map(|continuation| {
                let Continuation { ids, text } = continuation;
                Output { ids: Some(ids), text: Some(text), ..Output::default() }
            }),
            Self::LoadKhf1(request) => implementation.load_khf1(request).map(|loaded| {
                let LoadedHalves { shape, values } = loaded;
                Output { shape: Some(shape), ..halves(values) }
            }),
            Self::SaveKhf1(request) => {
                implementation.save_khf1(request).map(|()| Output::default())
            }
            Self::LoadKhq4(request) => implementation.load_khq4(request).map(|loaded| {
                let Loaded { shape, values, blocks } = loaded;
                let values = values.as_ref().map(Bits::to_le_bytes);
                Output { shape: Some(shape), values, blocks, ..Output::default() }
            }),
            Self::SaveKhq4(request) => {
                implementation.save_khq4(request).map(|()| Output::default())
            }
        }
    }
}

impl<T> Answer<T> {
    /// The same answer with its result changed.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::Done(result) => Answer::Done(change(result)),
            Self::Refused(refusal) => Answer::Refused(refusal),
            Self::Unsupported => Answer::Unsupported,
        }
    }
}

/// The result of a request, as it stands in an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// A loaded tensor's dimensions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Vec<u64>>,
    /// Values of the operation's kind, little-endian.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Bytes>,
    /// A payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Bytes>,
    /// A directory as it was listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Listing>,
    /// The file of each tensor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<String>>,
    /// The tokens that a model went on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<u32>>,
    /// Their text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A refusal. The class is a help for people; a foreign error is just its message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// For a person.
    pub message: String,
    /// One of SPEC ERR-1, where the implementation tells them apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
}

/// What came of asking a subject.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// It answered.
    Answer(Answer<Output>),
    /// Nothing came within the deadline.
    Timeout,
    /// It ended, or panicked; how, for a person.
    Crash(String),
    /// It wrote something that is no answer to the request; what, for a person.
    ProtocolError(String),
    /// It holds more memory than it may; how much, for a person.
    OverBudget(String),
}
