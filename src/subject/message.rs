//! The messages of `conformance/PROTOCOL.md`, as types: a request, its answer, and what can go
//! wrong between the two.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Answer, Implementation, Loaded};
use crate::format::Class;
use crate::suite::case::{Mode, Operation};
use crate::suite::hex::{Bits, Bytes};

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
    /// The public ways into an operation, by its name; each is asked every case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub entries: BTreeMap<String, Vec<String>>,
}

impl Hello {
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

/// Encode the f32 values in `values`, little-endian.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encode {
    /// The way in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// How blocks are laid over their values.
    pub mode: Mode,
    /// The tensor's shape.
    pub shape: Vec<u64>,
    /// f32 values, little-endian, four bytes each.
    pub values: Bytes,
}

/// Load the KHQ4 file at `path`.
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

impl Request {
    /// The entry that is asked, if one is named.
    pub fn entry_mut(&mut self) -> &mut Option<String> {
        match self {
            Self::Decode(request) => &mut request.entry,
            Self::Encode(request) => &mut request.entry,
            Self::LoadKhq4(request) => &mut request.entry,
            Self::SaveKhq4(request) => &mut request.entry,
        }
    }

    /// Lets `implementation` answer.
    pub fn dispatch(&self, implementation: &dyn Implementation) -> Answer<Output> {
        match self {
            Self::Decode(request) => implementation
                .decode(request)
                .map(|values| Output { values: Some(values.to_le_bytes()), ..Output::default() }),
            Self::Encode(request) => implementation
                .encode(request)
                .map(|blocks| Output { blocks: Some(blocks), ..Output::default() }),
            Self::LoadKhq4(request) => implementation.load_khq4(request).map(|loaded| {
                let Loaded { shape, values, blocks } = loaded;
                let values = values.as_ref().map(Bits::to_le_bytes);
                Output { shape: Some(shape), values, blocks }
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
    /// f32 values, little-endian, four bytes each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Bytes>,
    /// A payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Bytes>,
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
}
