//! End-to-end parity: a whole model generates greedily, and what it gives is compared with golden output
//! that Hugging Face's transformers gave, token by token and logit by logit.
//!
//! | module | is |
//! |---|---|
//! | [`mod@reference`] | the goldens, and what must hold of them |
//! | [`fixture`] | the model, its prompts and its goldens, which the command carries |
//! | [`generator`] | who generates: this crate's decoder with one of its backends, or a subject |
//! | [`session`] | all prompts, given to one of them |
//! | [`counted`] | how often a backend was asked: the proof of what ran |
//! | [`compare`] | one answer beside its golden |
//! | [`waiver`] | divergences that are known |
//! | [`planted`] | faults that the report must find |
//!
//! A run passes where every prompt agrees over its window. To stop early is to diverge. A logit may be off
//! by as much as [`TOLERANCE`] times what transformers' own f32 is off its f64.

pub mod compare;
pub mod counted;
pub mod fixture;
pub mod generator;
pub mod planted;
pub mod reference;
pub mod session;
pub mod waiver;

use std::collections::BTreeMap;

use serde::Serialize;

use compare::Comparison;
use reference::{Golden, Kind, Reference};

/// How many times the measured difference between f32 and f64 a logit may be off.
pub const TOLERANCE: f64 = 8.0;

/// One backend with one kind of weights, over all prompts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// The backend, or the subject's name.
    pub backend: String,
    /// The weights that it ran on, as [`reference::Kind`] names them.
    pub weights: &'static str,
    /// What its products ran on, for a person: a device's name and its interface.
    pub device: String,
    /// How often each kernel ran; empty where a subject does not tell.
    pub dispatches: BTreeMap<String, u64>,
    /// How far a logit may be off.
    pub tolerance: f64,
    /// Tokens generated a second; none where nothing was generated.
    pub tokens_per_second: Option<f64>,
    /// What came of each prompt.
    pub prompts: Vec<Comparison>,
}

/// A quantized directory that was made for the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Directory {
    /// The kind of its weights.
    pub kind: &'static str,
    /// Its tensors.
    pub files: usize,
    /// Files that are not, byte for byte, what the goldens' side made.
    pub different: Vec<String>,
}

/// Everything that a report says.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome<'a> {
    /// The goldens.
    #[serde(skip)]
    pub reference: &'a Reference,
    /// The model, in a few words.
    pub model: String,
    /// The quantized directories.
    pub directories: Vec<Directory>,
    /// The fault that was planted.
    pub planted: Option<&'static str>,
    /// What ran.
    pub runs: Vec<Run>,
    /// How often the device dispatched each of its kernels, by its own count.
    pub dispatches: BTreeMap<String, u64>,
    /// What did not run, and why.
    pub not_run: Vec<(String, String)>,
}

impl Outcome<'_> {
    /// The prompts, which are the same for every kind of weights.
    pub fn prompts(&self) -> &[Golden] {
        self.reference.goldens(Kind::Float)
    }

    /// Prompts that diverged in a run.
    pub fn diverged(&self) -> usize {
        let bad = |index: &usize| {
            let of_run =
                |run: &Run| run.prompts.get(*index).is_none_or(|prompt| prompt.verdict.is_bad());
            self.runs.iter().any(of_run)
        };
        (0..self.prompts().len()).filter(bad).count()
    }

    /// Whether something ran, every prompt matched in every run or is waived, every directory is as it
    /// should be.
    pub fn passes(&self) -> bool {
        !self.runs.is_empty()
            && self.diverged() == 0
            && self.directories.iter().all(|directory| directory.different.is_empty())
    }
}
