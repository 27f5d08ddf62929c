//! What is known of survivors: mutants that no test can tell apart, timeouts that are understood,
//! and how many others a folder may still have.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::sweep::{Fate, Mutant, Refused};
use crate::report::toml_text;

/// Characters below which an argument is none.
const SHORTEST_ARGUMENT: usize = 20;

/// A ledger, as it stands in its TOML file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// The most survivors that a folder may have without an entry here; none where it is not named.
    #[serde(default)]
    pub ratchet: BTreeMap<String, usize>,
    /// Mutants that do what the original does.
    #[serde(default)]
    pub equivalent: Vec<Entry>,
    /// Mutants whose tests do not end, for a reason that is known.
    #[serde(default)]
    pub timeout: Vec<Entry>,
}

/// A mutant, or several that differ only in their place.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// File and change, such as `src/a.rs: replace + with - in sum`.
    pub mutant: String,
    /// Text of the line that is changed, where the same change is made to others too.
    #[serde(default)]
    pub line: String,
    /// Why no test can tell, or why the tests do not end.
    pub argument: String,
}

impl Ledger {
    /// Reads a ledger.
    ///
    /// # Errors
    ///
    /// [`Refused`], where it cannot be read, or an entry has no argument.
    pub fn read(path: &Path) -> Result<Self, Refused> {
        let text = std::fs::read_to_string(path).map_err(|error| Refused::new(path, error))?;
        let ledger: Self = toml_text::parse(&text).map_err(|(line, problem)| {
            Refused::new(Path::new(&format!("{}:{line}", path.display())), problem)
        })?;
        let short = |entry: &&Entry| entry.argument.trim().len() < SHORTEST_ARGUMENT;
        match ledger.equivalent.iter().chain(&ledger.timeout).find(short) {
            None => Ok(ledger),
            Some(entry) => Err(Refused::new(path, format!("{:?} has no argument", entry.mutant))),
        }
    }

    /// The entries that a fate can be explained by.
    pub fn entries(&self, fate: Fate) -> &[Entry] {
        match fate {
            Fate::Missed => &self.equivalent,
            Fate::Timeout => &self.timeout,
            Fate::Caught | Fate::Unviable => &[],
        }
    }
}

impl Entry {
    /// Whether this speaks of `mutant`.
    pub fn matches(&self, mutant: &Mutant) -> bool {
        let removed = |line: &str| line.starts_with('-') && !line.starts_with("---");
        self.mutant == mutant.key()
            && (self.line.is_empty()
                || mutant.diff.lines().any(|line| removed(line) && line.contains(&self.line)))
    }
}
