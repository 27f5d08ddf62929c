//! A case as it stands in `conformance/vectors/*.json`: one question to an implementation, and
//! what its lawful answers are. Unknown fields are errors.

mod directory;
mod file;

use serde::{Deserialize, Serialize};

pub use directory::{Content, DirectoryEntry, Form, ListedTensor, Listing};
pub use file::{Change, Edit, File, Named, Special};

use super::answer::Answer;
use super::feature::{Feature, FormatFeature};
use super::lawful::Lawful;
use super::question::Question;
use super::recipe::Recipe;

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
    /// Optional features that a subject must have to be asked, each of the question's format.
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
    pub question: Question,
    /// How its request is written, where that is another way than the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<Line>,
    /// Whether the memory that the subject asks the system for is measured (KHQ4-A3).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub measured: bool,
    /// What the subject's processes may do while they are asked, where that is less than usual: the case is asked
    /// of a fresh process, behind its control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<ProcessLimits>,
    /// Further questions, asked where this one is passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Recipe>,
    /// The lawful answers.
    pub expect: Lawful<Answer>,
}

impl Case {
    /// The features that a subject must offer to be asked: the required ones, of the question's format.
    pub fn features(&self) -> impl Iterator<Item = FormatFeature> {
        let format = self.question.format();
        self.requires.iter().map(move |feature| feature.of(format))
    }
}

/// What processes may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProcessLimits {
    /// The longest file that they can write, in bytes: a write beyond it fails.
    pub file_size: u64,
}

/// How a request is written on its line, of the ways that PROTOCOL.md leaves free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Line {
    /// With this `seq`.
    Seq(u64),
    /// With keys that PROTOCOL.md does not know.
    UnknownKeys,
    /// With its keys in the order of the alphabet.
    OtherOrder,
    /// With white space around every token.
    WhiteSpace,
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
