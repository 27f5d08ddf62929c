//! What a subject claims to do. Within it, unsupported is a failure; outside it, a case is counted
//! as not in profile.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::operation::{FormatId, Operation, Verb};

/// A set of operations, written `decode:khq4+load:khf1`. A format's name alone stands for all of its
/// operations, and `all` for those of every format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    operations: BTreeSet<Operation>,
    /// Formats of which any encoder within its bound is lawful, not only the canonical one
    /// (`encode-bounded:khq4`).
    bounded: BTreeSet<FormatId>,
}

impl Profile {
    /// Every operation, encoding canonically.
    pub fn all() -> Self {
        Self::of(Operation::all())
    }

    /// These operations, encoding canonically.
    pub fn of(operations: impl IntoIterator<Item = Operation>) -> Self {
        Self { operations: operations.into_iter().collect(), bounded: BTreeSet::new() }
    }

    /// Every operation of a format.
    pub fn of_format(format: FormatId) -> Self {
        Self::of(Operation::all().into_iter().filter(|operation| operation.format == format))
    }

    /// Encoding KHQ4 within the bound of ENC-B1.
    pub fn bounded_encode() -> Self {
        let encode = Self::of([Operation::new(Verb::Encode, FormatId::KHQ4)]);
        Self { bounded: [FormatId::KHQ4].into(), ..encode }
    }

    /// What a handshake claims: the operations among its capabilities.
    pub fn claimed(capabilities: &[String]) -> Self {
        let asked = Operation::all();
        let named = capabilities.iter().filter_map(|name| Operation::named(name));
        Self::of(named.filter(|operation| asked.contains(operation)))
    }

    /// Of this, the operations for which that holds.
    pub fn only(&self, holds: impl Fn(&Operation) -> bool) -> Self {
        let operations = self.operations.iter().copied().filter(holds).collect();
        Self { operations, bounded: self.bounded.clone() }
    }

    /// The same, with any encoder of `format` within its bound.
    pub fn bounding(mut self, format: FormatId) -> Self {
        self.bounded.insert(format);
        self
    }

    /// Whether `operation` is claimed.
    pub fn contains(&self, operation: Operation) -> bool {
        self.operations.contains(&operation)
    }

    /// Whether nothing is claimed.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Whether an encoding of `format` may be any within its bound.
    pub fn is_bounded(&self, format: FormatId) -> bool {
        self.bounded.contains(&format)
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut profile = Self::of([]);
        for word in text.split(['+', ',']) {
            if word == "all" {
                profile.operations.extend(Operation::all());
            } else if let Some(format) = FormatId::named(word).filter(|&format| has_any(format)) {
                profile.operations.extend(Self::of_format(format).operations);
            } else if let Some(operation) = asked(word) {
                profile.operations.insert(operation);
            } else if let Some(format) = word.strip_prefix("encode-bounded:")
                && let Some(operation) = asked(&format!("encode:{format}"))
            {
                profile.operations.insert(operation);
                profile.bounded.insert(operation.format);
            } else {
                return Err(unknown(word));
            }
        }
        Ok(profile)
    }
}

/// The operation of that name, where the suite asks about it.
fn asked(name: &str) -> Option<Operation> {
    Operation::all().into_iter().find(|operation| operation.to_string() == name)
}

/// Whether the suite asks anything about a format.
fn has_any(format: FormatId) -> bool {
    Operation::all().iter().any(|operation| operation.format == format)
}

/// What is wrong with a word, and what was meant, most likely.
fn unknown(word: &str) -> String {
    let all = Operation::all();
    let (verb, format) = word.split_once(':').unwrap_or((word, ""));
    let verb = if verb == "encode-bounded" { "encode" } else { verb };
    let of_verb: Vec<String> = all
        .iter()
        .filter(|operation| operation.verb.name() == verb.replace('-', "_"))
        .map(ToString::to_string)
        .collect();
    if !of_verb.is_empty() {
        let problem = if format.is_empty() { "names no format" } else { "is no operation" };
        return format!("{word:?} {problem}: there is {}", of_verb.join(", "));
    }
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    format!(
        "{word:?} is no profile: name all, a format, or operations, joined by +: {}",
        all.join(", ")
    )
}

impl fmt::Display for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = Operation::all();
        if self.operations.len() == all.len() && self.bounded.is_empty() {
            return formatter.write_str("all");
        }
        let mut words: Vec<String> = Vec::new();
        let mut whole: Vec<FormatId> = Vec::new();
        for operation in all.iter().filter(|operation| self.operations.contains(operation)) {
            let format = operation.format;
            let is_whole = !self.is_bounded(format)
                && all.iter().filter(|other| other.format == format).count() > 1
                && all.iter().all(|other| other.format != format || self.contains(*other));
            match (is_whole, whole.contains(&format)) {
                (true, true) => {}
                (true, false) => {
                    whole.push(format);
                    words.push(format.to_string());
                }
                (false, _) if operation.verb == Verb::Encode && self.is_bounded(format) => {
                    words.push(format!("encode-bounded:{format}"));
                }
                (false, _) => words.push(operation.to_string()),
            }
        }
        formatter.write_str(&words.join("+"))
    }
}
