//! What a subject claims to do. Within it, unsupported is a failure; outside it, a case is counted
//! as not in profile.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::case::Operation;

/// A set of operations, written `decode+load`; `all` is every one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    operations: BTreeSet<Operation>,
    /// `encode-bounded`: any encoder within ENC-B1 is lawful, not only the canonical one.
    pub bounded: bool,
}

impl Profile {
    /// Every operation, encoding canonically.
    pub fn all() -> Self {
        Self::of(Operation::ALL)
    }

    /// These operations, encoding canonically.
    pub fn of(operations: impl IntoIterator<Item = Operation>) -> Self {
        Self { operations: operations.into_iter().collect(), bounded: false }
    }

    /// Encoding within the bound of ENC-B1.
    pub fn bounded_encode() -> Self {
        Self { bounded: true, ..Self::of([Operation::Encode]) }
    }

    /// Whether `operation` is claimed.
    pub fn contains(&self, operation: Operation) -> bool {
        self.operations.contains(&operation)
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut profile = Self::of([]);
        for word in text.split(['+', ',']) {
            let operation = Operation::ALL.into_iter().find(|operation| operation.name() == word);
            match (word, operation) {
                ("all", _) => profile.operations.extend(Operation::ALL),
                ("encode-bounded", _) => {
                    profile.operations.insert(Operation::Encode);
                    profile.bounded = true;
                }
                (_, Some(operation)) => {
                    profile.operations.insert(operation);
                }
                (unknown, None) => {
                    return Err(format!(
                        "{unknown:?} is no profile: name all, encode-bounded or operations, joined by +: {}",
                        Operation::ALL.map(Operation::name).join(", ")
                    ));
                }
            }
        }
        Ok(profile)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.operations.len() == Operation::ALL.len() && !self.bounded {
            return formatter.write_str("all");
        }
        let name = |operation: &Operation| match operation {
            Operation::Encode if self.bounded => "encode-bounded",
            operation => operation.name(),
        };
        formatter.write_str(&self.operations.iter().map(name).collect::<Vec<_>>().join("+"))
    }
}
