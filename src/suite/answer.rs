//! One answer: what a case expects, what the wire carries and what an implementation gives.

use serde::{Deserialize, Serialize};

use super::case::Listing;
use super::floats::Floats;
use super::hex::Bytes;
use super::question::Tensor;
use crate::format::Class;

/// The result of a question that was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Floats.
    Values(Floats),
    /// Blocks.
    Encoded(Encoded),
    /// What a file holds.
    Tensors(Vec<Tensor>),
    /// A file was written. What is judged is the file: see [`Answer::File`].
    Saved,
    /// The file that a save has left: the harness reads it, and no subject gives it.
    File(Bytes),
    /// A directory as it is listed.
    Index(Listing),
    /// The file of each tensor.
    Files(Vec<String>),
    /// What a model went on with.
    Continuation(Continuation),
}

/// An encoded tensor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Encoded {
    /// The payload. Scales, exponents and super blocks are within.
    pub blocks: Bytes,
    /// The scale of the whole tensor, one f32, in formats that have one beside the blocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tensor_scale: Option<Floats>,
}

impl Encoded {
    /// Blocks that say everything.
    pub fn of(blocks: Vec<u8>) -> Self {
        Self { blocks: Bytes(blocks), tensor_scale: None }
    }
}

/// What a model went on with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Continuation {
    /// The tokens.
    pub ids: Vec<u32>,
    /// Their text.
    pub text: String,
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

/// What came back from a subject and is to be judged.
pub type Given = Result<Answer, Refusal>;
