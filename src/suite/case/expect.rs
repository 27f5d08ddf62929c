//! The lawful answers: a closed union, none of which accepts just anything.

use serde::{Deserialize, Serialize};

use super::Listing;
use crate::format::Class;
use crate::suite::hex::{Bits, Bits16, Bits64, Bytes};

/// The lawful answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Expect {
    /// This answer.
    Exact(Answer),
    /// The answer of one of these behaviours; the first is the preferred one.
    OneOf(Vec<Behaviour>),
    /// Any encoding within ENC-B1.
    Bounded {},
    /// Any product within DOT-1.
    Dot {
        /// A refusal with one of these classes is lawful as well; none where it is not.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        refuse: Vec<Class>,
    },
    /// A refusal; each of the classes is right for it.
    Refuse(Vec<Class>),
}

/// A lawful behaviour and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Behaviour {
    /// Its name in SPEC.md; several are joined by `+`.
    pub name: String,
    /// What it answers.
    pub answer: Answer,
}

/// What a subject gives back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// Values of f32.
    Values(Bits),
    /// Values of f16.
    Halves(Bits16),
    /// Values of f64.
    Doubles(Bits64),
    /// The payload of an encode.
    Blocks(Bytes),
    /// The tensor of a load.
    Tensor {
        /// Its shape.
        shape: Vec<u64>,
        /// Its payload.
        blocks: Bytes,
        /// Its values.
        values: Bits,
    },
    /// The tensor of a load of KHF1.
    HalfTensor {
        /// Its shape.
        shape: Vec<u64>,
        /// Its values.
        values: Bits16,
    },
    /// The file of a save.
    File(Bytes),
    /// A directory as it is listed.
    Listing(Listing),
    /// The file of each tensor.
    Files(Vec<String>),
    /// A refusal with one of these classes (only among the behaviours of `one_of`).
    Refuse(Vec<Class>),
}
