//! The goldens: what transformers generated, with the margins and the largest logits on the way.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

/// The smallest margin between the two largest logits that a golden may have.
pub const SMALLEST_MARGIN: f64 = 0.1;

/// The logits of a position that are compared (SPEC E2E-3).
pub const LOGITS: usize = 8;

/// The files of a model, whose hashes a reference has.
const MODEL_FILES: [&str; 3] = ["config.json", "model.safetensors", "tokenizer.json"];

/// The shortest window.
pub const SHORTEST_WINDOW: usize = 15;

/// Goldens that no implementation could be held to, or that are none.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct ReferenceError(String);

/// The weights that a golden was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The model's own, in bf16.
    Float,
    /// Those decoded from its quantized directory.
    Q4,
    /// Those decoded from its rotated and quantized directory.
    Quarot,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Float, Self::Q4, Self::Quarot];

    /// Its name, as the reference has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::Q4 => "q4",
            Self::Quarot => "quarot",
        }
    }
}

/// All goldens of a model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// What it is, and what made it.
    pub about: String,
    /// The packages that it was made with, and their versions.
    pub made_with: BTreeMap<String, String>,
    /// SHA-256 of each file of the model.
    pub model: BTreeMap<String, String>,
    /// The seed of the rotation of `quarot`.
    pub quarot_seed: u64,
    /// SHA-256 of each file of a quantized directory, by the kind of its weights.
    pub files: BTreeMap<String, BTreeMap<String, String>>,
    /// Numbers of threads that agree.
    pub threads: Vec<u32>,
    /// The largest difference between a logit in f32 and in f64, by the kind of weights.
    pub error: BTreeMap<String, f64>,
    /// The goldens by the kind of weights.
    pub goldens: BTreeMap<String, Vec<Golden>>,
}

/// What follows one prompt.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// The prompt's name.
    pub name: String,
    /// The prompt.
    pub prompt: String,
    /// Its tokens.
    pub prompt_ids: Vec<u32>,
    /// Tokens that must agree.
    pub window: usize,
    /// The tokens that follow, as many as the window has.
    pub ids: Vec<u32>,
    /// Their text.
    pub text: String,
    /// For each of them, how much larger its logit was than the next.
    pub margins: Vec<f64>,
    /// For each of them the largest logits, each with its token, the largest first.
    pub top: Vec<Vec<(u32, f32)>>,
}

impl Reference {
    /// The goldens in the text of a `reference.json`, where an implementation can be held to them.
    ///
    /// # Errors
    ///
    /// [`ReferenceError`], where it is no such file, or a golden breaks a rule: see [`Golden::check`].
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let reference: Self =
            serde_json::from_str(text).map_err(|error| ReferenceError(error.to_string()))?;
        if !(reference.threads.contains(&1) && reference.threads.len() > 1) {
            return Err(ReferenceError(format!(
                "threads: {:?}, expected 1 and another number that agrees with it",
                reference.threads
            )));
        }
        if let Some(file) = MODEL_FILES.iter().find(|file| !reference.model.contains_key(**file)) {
            return Err(ReferenceError(format!("model has no {file:?}")));
        }
        for kind in Kind::ALL {
            let name = kind.name();
            let missing = |field: &str| ReferenceError(format!("{field} has no {name:?}"));
            let error = reference.error.get(name).ok_or_else(|| missing("error"))?;
            // Two logits that are each off by as much must not change places.
            let most = SMALLEST_MARGIN / (2.0 * super::TOLERANCE);
            if !(*error > 0.0 && *error < most) {
                return Err(ReferenceError(format!(
                    "error.{name} is {error}: expected above zero and below {most}"
                )));
            }
            let goldens = reference.goldens.get(name).ok_or_else(|| missing("goldens"))?;
            if goldens.is_empty() {
                return Err(ReferenceError(format!("goldens.{name} is empty")));
            }
            let prompts = |goldens: &[Golden]| -> Vec<_> {
                let prompt = |golden: &Golden| (golden.prompt.clone(), golden.prompt_ids.clone());
                goldens.iter().map(prompt).collect()
            };
            if prompts(goldens) != prompts(reference.goldens(Kind::Float)) {
                return Err(ReferenceError(format!(
                    "goldens.{name} has other prompts than goldens.float, or has them in another order"
                )));
            }
            for golden in goldens {
                golden.check().map_err(|problem| {
                    ReferenceError(format!("goldens.{name}, prompt {:?}: {problem}", golden.name))
                })?;
            }
        }
        Ok(reference)
    }

    /// The goldens of one kind of weights.
    pub fn goldens(&self, kind: Kind) -> &[Golden] {
        self.goldens.get(kind.name()).map_or(&[], Vec::as_slice)
    }

    /// How far a logit may be off with one kind of weights.
    pub fn tolerance(&self, kind: Kind) -> f64 {
        self.error.get(kind.name()).map_or(0.0, |error| error * super::TOLERANCE)
    }
}

impl Golden {
    /// Whether an implementation without a fault can be held to it: a window that is long enough and
    /// filled, and margins that a rounding does not turn.
    ///
    /// # Errors
    ///
    /// What is wrong, for a person.
    pub fn check(&self) -> Result<(), String> {
        if self.window < SHORTEST_WINDOW {
            return Err(format!("a window of {}, expected {SHORTEST_WINDOW}", self.window));
        }
        if self.prompt_ids.is_empty() {
            return Err("no token in prompt_ids".into());
        }
        for (name, count) in
            [("ids", self.ids.len()), ("margins", self.margins.len()), ("top", self.top.len())]
        {
            if count != self.window {
                return Err(format!(
                    "{count} in {name}, expected the {} of its window",
                    self.window
                ));
            }
        }
        for (position, ((id, margin), top)) in
            self.ids.iter().zip(&self.margins).zip(&self.top).enumerate()
        {
            if margin.is_nan() || *margin < SMALLEST_MARGIN {
                return Err(format!(
                    "position {position} has margin {margin}, expected {SMALLEST_MARGIN} or more"
                ));
            }
            if top.len() != LOGITS {
                let count = top.len();
                return Err(format!("position {position} has {count} logits, expected {LOGITS}"));
            }
            let ((first, largest), (_, second)) = (top[0], top[1]);
            let said = f64::from(largest) - f64::from(second);
            if first != *id || (said - margin).abs() > 1e-3 * margin {
                return Err(format!(
                    "position {position}: its logits give token {first} with margin {said}, and it \
                     has token {id} with margin {margin}"
                ));
            }
        }
        Ok(())
    }
}
