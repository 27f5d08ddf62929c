//! What a person, or another program, is shown: pure functions from records, cases and files to
//! text. Nothing here asks, judges or prints. What a whole pass comes to is of feature `cli`, as are
//! the formats that it is written in.
//!
//! | module | shows |
//! |---|---|
//! | [`pass`] | a whole pass: failures, totals, verdict |
//! | [`failure`] | one case that went wrong |
//! | [`dialogue`] | one case asked again, with every request and answer |
//! | `cause` | what failures have in common |
//! | [`summary`] | totals, hints and the verdict of a pass |
//! | [`hunt`] | a campaign of generated questions: faults, what was asked, verdict |
//! | [`kills`] | the kill matrix of the planted faults |
//! | [`log`] | a pass as JSON Lines, and back |
//! | [`ledger`] | failures that are known, and whether a pass came to them |
//! | [`junit`], [`markdown`] | a pass for continuous integration |
//! | [`diff`] | two passes side by side |
//! | [`matrix`] | several passes as one page of HTML: subjects by clauses |
//! | [`mutants`] | the mutation gate: what a sweep of cargo-mutants proves |
//! | [`case`] | a case in words |
//! | [`list`] | cases and subjects in columns |
//! | [`near`] | what a misspelt word was meant to be |
//! | [`layout`] | a KHQ4 or KHF1 file, field by field |
//! | [`patched`] | a file that was edited: what, and where |
//! | [`inspection`] | what a file is, and what is wrong with it |
//! | [`conversion`] | what a conversion has written |
//! | [`rotation`] | what a rotation has written, and what its gate has seen |
//! | [`diagnosis`] | what is right and wrong in a model directory |
//! | [`symmetry`] | how symmetric tensors are |
//! | `parity` | a whole model beside its goldens (feature `parity`) |

pub mod case;
#[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "the library alone shows one failure"))]
mod cause;
pub mod classes;
pub mod clauses;
pub mod conversion;
#[cfg(feature = "cli")]
pub mod coverage;
pub mod diagnosis;
pub mod dialogue;
#[cfg(feature = "cli")]
pub mod diff;
pub mod failure;
#[cfg(feature = "cli")]
pub mod hunt;
pub mod inspection;
#[cfg(feature = "cli")]
pub mod junit;
#[cfg(feature = "cli")]
pub mod kills;
pub mod layout;
#[cfg(feature = "cli")]
pub mod ledger;
pub mod list;
mod listing;
#[cfg(feature = "cli")]
pub mod log;
#[cfg(feature = "cli")]
pub mod markdown;
#[cfg(feature = "cli")]
pub mod matrix;
#[cfg(feature = "cli")]
pub mod mutants;
#[cfg(feature = "cli")]
pub mod near;
#[cfg(all(feature = "cli", feature = "parity"))]
pub mod parity;
#[cfg(feature = "cli")]
pub mod pass;
pub mod patched;
pub mod rotation;
#[cfg(feature = "cli")]
pub mod summary;
pub mod symmetry;
pub mod text;
#[cfg(feature = "cli")]
mod toml_text;

use serde::{Deserialize, Serialize};

/// How the same subject is asked again: what follows `q4proof repro ID` on the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    /// The program, as it was started; `q4proof` where that is empty.
    #[serde(skip)]
    pub program: String,
    /// Options, each a word of its own, and their values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// The command behind `--`; empty where the subject has a name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
}

impl Again {
    /// Adds an option.
    pub fn option(&mut self, name: &str, value: impl ToString) {
        self.options.extend([name.to_owned(), value.to_string()]);
    }

    /// The command line that asks `id` again.
    pub fn repro(&self, id: &str) -> String {
        let program = if self.program.is_empty() { "q4proof" } else { &self.program };
        let mut words = vec![quoted(program), "repro".to_owned(), quoted(id)];
        words.extend(self.options.iter().map(|word| quoted(word)));
        if !self.command.is_empty() {
            words.push("--".to_owned());
            words.extend(self.command.iter().map(|word| quoted(word)));
        }
        words.join(" ")
    }
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:+,=@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(safe) {
        return word.to_owned();
    }
    // The words of a log may be anybody's: what steers a terminal is spelt out.
    if word.contains(text::steers) {
        let spelt = |character: char| match character {
            '\'' | '\\' => format!("\\{character}"),
            _ if text::steers(character) => format!("\\u{:04x}", u32::from(character)),
            _ => character.to_string(),
        };
        return format!("$'{}'", word.chars().map(spelt).collect::<String>());
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_quoted_for_the_shell() {
        let mut again = Again::default();
        again.option("--deadline", 2);
        assert_eq!(again.repro("load/a"), "q4proof repro load/a --deadline 2");
        again.command = ["python3", "it's here.py", ""].map(String::from).to_vec();
        let expected = "q4proof repro load/a --deadline 2 -- python3 'it'\\''s here.py' ''";
        assert_eq!(again.repro("load/a"), expected);
        assert_eq!(quoted("a\n\u{9b}'\\é"), "$'a\\u000a\\u009b\\'\\\\é'");
    }
}
