//! A case as it stands in `conformance/vectors/*.json`: one question to an implementation, and
//! what its lawful answers are. Unknown fields are errors.

use serde::{Deserialize, Serialize};

use super::hex::{Bits, Bytes};
use crate::codec;
use crate::format::Class;

/// A file of vectors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VectorFile {
    /// What the cases of this file have in common.
    pub about: String,
    /// The cases.
    pub cases: Vec<Case>,
    /// Cases that were removed: their ids are never used again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tombstones: Vec<Tombstone>,
}

/// What is left of a case that was removed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tombstone {
    /// The id.
    pub id: String,
    /// Why it went.
    pub reason: String,
}

/// One question and its lawful answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// A slug `family/name` that never changes its meaning.
    pub id: String,
    /// The clause of SPEC.md that is asked about.
    pub clause: String,
    /// The class of real bugs that the case guards against, by the number that `show` explains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<u8>,
    /// How a failure counts.
    pub tier: Tier,
    /// Optional features that a subject must have to be asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Feature>,
    /// What the case shows, for the person who reads its failure.
    pub note: String,
    /// Wrong evaluations that give another answer here than the lawful ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discriminates: Vec<String>,
    /// Where the expectation comes from.
    pub source: Source,
    /// A case of the same family that the subject must have passed before this refusal counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<String>,
    /// The question.
    pub input: Input,
    /// The lawful answers.
    pub expect: Expect,
}

/// How a failure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// A subject that fails it does not conform.
    Must,
    /// A failure is reported and does not change the verdict.
    Should,
    /// Asked to learn what a subject does.
    Informative,
}

/// What a subject may offer beyond the operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Feature {
    /// A load takes the shape that the caller requires.
    ExpectedShape,
    /// A load can do its size arithmetic as a 32-bit machine does.
    #[serde(rename = "width-32")]
    Width32,
}

impl Feature {
    /// The name among a subject's capabilities.
    pub fn name(self) -> &'static str {
        match self {
            Self::ExpectedShape => "expected-shape",
            Self::Width32 => "width-32",
        }
    }
}

/// How the expectation was derived and who agreed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The derivation: `exact evaluator`, and the clauses that it follows.
    pub derivation: String,
    /// Registered subjects, independent of the evaluator, that were run and gave a lawful answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agreed: Vec<String>,
}

/// An operation that a subject may claim; a profile is a set of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Blocks to f32.
    Decode,
    /// f32 to blocks.
    Encode,
    /// A file to a tensor.
    Load,
    /// A tensor to a file.
    Save,
}

impl Operation {
    /// All of them, in the order of the suite.
    pub const ALL: [Self; 4] = [Self::Decode, Self::Encode, Self::Load, Self::Save];

    /// The name in profiles and capabilities.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Encode => "encode",
            Self::Load => "load",
            Self::Save => "save",
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
    /// Load a KHQ4 file.
    Load {
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
}

impl Input {
    /// The operation that answers this.
    pub fn operation(&self) -> Operation {
        match self {
            Self::Decode { .. } => Operation::Decode,
            Self::Encode { .. } => Operation::Encode,
            Self::Load { .. } => Operation::Load,
            Self::Save { .. } => Operation::Save,
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

/// What lies at the path that a load is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum File {
    /// A file of these bytes.
    Bytes(Bytes),
    /// The file of the case's control, edited in this order.
    Patch(Vec<Edit>),
    /// Something else than a file.
    Special(Special),
}

/// One edit of a control's file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The field that is edited, for the reader.
    pub field: String,
    /// Set where the edit is no fault of its own: it repairs a field that depends on the fault, so
    /// that one guard alone is under test.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repair: bool,
    /// What is done.
    pub change: Change,
}

/// What an edit does to the bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// Puts `bytes` over those at `offset`.
    Overwrite {
        /// Where.
        offset: u64,
        /// With what.
        bytes: Bytes,
    },
    /// Puts `bytes` between those at `offset`.
    Insert {
        /// Where.
        offset: u64,
        /// What.
        bytes: Bytes,
    },
    /// Takes `count` bytes out.
    Remove {
        /// Where.
        offset: u64,
        /// How many.
        count: u64,
    },
    /// Cuts the file to `len` bytes.
    Truncate {
        /// The bytes that stay.
        len: u64,
    },
    /// Adds `bytes` at the end.
    Append {
        /// What.
        bytes: Bytes,
    },
}

/// What is no regular file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Special {
    /// Nothing at all.
    Missing,
    /// A directory.
    Directory,
    /// A FIFO without a writer.
    Fifo,
    /// A character device.
    Device,
    /// A socket.
    Socket,
    /// A symbolic link to nothing.
    DanglingSymlink,
    /// A symbolic link to a directory.
    SymlinkToDirectory,
}

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
    /// The values of a decode: f32 bits.
    Values(Bits),
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
    /// The file of a save.
    File(Bytes),
    /// A refusal with one of these classes (only among the behaviours of `one_of`).
    Refuse(Vec<Class>),
}
