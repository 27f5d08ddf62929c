//! The ledger of a subject: which cases it fails, for which reason, and where that is followed up.
//!
//! With a ledger a pass is never said to conform. It comes to what was expected or it does not: a
//! failure that no line lists is as wrong as a line whose failure has gone. So a ledger cannot
//! outlive what it says, and says nothing that was not seen.
//!
//! A line names a case by its id, or several by a pattern and the most of them that may fail (`at_most`), so that
//! a case that is added to the suite is not waived unseen. [`compare()`] puts it beside a pass, [`bless()`] writes
//! the lines of a pass, without the reasons, which nobody but a person knows.

mod bless;
mod compare;

use std::fmt;
use std::path::Path;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, IntoDeserializer, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use thiserror::Error;
use toml::Spanned;

pub use bless::bless;
pub use compare::{Comparison, Finding, What, compare};

use crate::report::toml_text;
use crate::subject::Hello;
use crate::suite::judge::Outcome;
use crate::suite::library::read_text;
use crate::suite::{Case, Suite, glob};

/// A ledger that cannot be used.
#[derive(Debug, Error)]
#[error("{place}: {problem}")]
pub struct LedgerError {
    /// The file, and the line in it where that is known.
    pub place: String,
    /// What is wrong, and what was expected.
    pub problem: String,
}

/// Why a failure stands in a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It is wrong, and to be mended.
    Bug,
    /// It stays as it is.
    Wontfix,
    /// It fails at times: to pass is no surprise.
    Flaky,
}

impl Kind {
    /// The word in ledgers and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bug => "bug",
            Self::Wontfix => "wontfix",
            Self::Flaky => "flaky",
        }
    }
}

/// The file, as it stands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    subject: Spanned<String>,
    version: Option<String>,
    #[serde(default)]
    expected: Vec<Table>,
}

/// One `[[expected]]` of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    case: Spanned<String>,
    outcome: Spanned<Outcomes>,
    at_most: Option<Spanned<usize>>,
    kind: Spanned<Kind>,
    issue: Spanned<String>,
    reason: Spanned<String>,
}

/// One outcome, or a list of them.
struct Outcomes(Vec<Outcome>);

impl<'de> Deserialize<'de> for Outcomes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OutcomesVisitor)
    }
}

struct OutcomesVisitor;

impl<'de> Visitor<'de> for OutcomesVisitor {
    type Value = Outcomes;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an outcome such as \"fail\", or a list of outcomes")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<Outcomes, E> {
        Outcome::deserialize(word.into_deserializer()).map(|outcome| Outcomes(vec![outcome]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Outcomes, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Outcomes)
    }
}

/// The failures that are known of a subject.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The file, as it was named.
    pub file: String,
    /// The name that the subject gives itself.
    pub subject: String,
    /// The version that it gives itself; any, where the ledger names none.
    pub version: Option<String>,
    /// The lines.
    pub entries: Vec<Entry>,
    /// Where the subject is named.
    line: usize,
}

/// One line: what a case, or each of several, fails by.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it stands in the file.
    pub line: usize,
    /// An id, or a pattern of ids.
    pub case: String,
    /// What each of the cases comes to: one of these.
    pub outcomes: Vec<Outcome>,
    /// The most cases that the line waives: 1 where it names one by its id.
    pub at_most: usize,
    /// Why it is here.
    pub kind: Kind,
    /// Where it is followed up: an address, a number, or a paragraph of a document.
    pub issue: String,
    /// Why it fails.
    pub reason: String,
}

impl Ledger {
    /// Reads a ledger.
    ///
    /// # Errors
    ///
    /// [`LedgerError`], naming the line: it cannot be read, a field is missing, unknown or empty,
    /// or an outcome is no failure.
    pub fn read(path: &Path) -> Result<Self, LedgerError> {
        let text = read_text(path)
            .map_err(|error| LedgerError { place: error.file, problem: error.problem })?;
        Self::parse(&path.display().to_string(), &text)
    }

    fn parse(file: &str, text: &str) -> Result<Self, LedgerError> {
        let line_of = |start: usize| toml_text::line_of(text, start);
        let at =
            |line: usize, problem: String| LedgerError { place: format!("{file}:{line}"), problem };
        let parsed: File = toml_text::parse(text).map_err(|(line, problem)| at(line, problem))?;
        let mut entries = Vec::new();
        for table in parsed.expected {
            for (name, value) in
                [("case", &table.case), ("issue", &table.issue), ("reason", &table.reason)]
            {
                if value.get_ref().trim().is_empty() {
                    let problem = format!(
                        "`{name}` is empty, expected {}",
                        match name {
                            "case" => "an id or a pattern of ids",
                            "issue" => "where the failure is followed up",
                            _ => "why the case fails",
                        }
                    );
                    return Err(at(line_of(value.span().start), problem));
                }
            }
            let outcome_line = line_of(table.outcome.span().start);
            let Outcomes(outcomes) = table.outcome.into_inner();
            let passes = outcomes.iter().find(|outcome| !outcome.is_failure());
            if passes.is_some() || outcomes.is_empty() {
                let problem = format!(
                    "`outcome` is {}, expected one that fails: fail, control-rejected, \
                     unsupported, timeout, crash, protocol-error, over-budget or inconsistent",
                    passes.map_or("an empty list", |outcome| outcome.name())
                );
                return Err(at(outcome_line, problem));
            }
            let line = line_of(table.case.span().start);
            let kind_line = line_of(table.kind.span().start);
            let (case, kind) = (table.case.into_inner(), table.kind.into_inner());
            let is_pattern = glob::is_pattern(&case);
            if is_pattern && kind == Kind::Flaky {
                let problem = "`kind` is flaky and `case` is a pattern, expected the id of the case that fails at \
                               times";
                return Err(at(kind_line, problem.into()));
            }
            let at_most = match (table.at_most, is_pattern) {
                (None, false) => 1,
                (Some(count), true) if *count.get_ref() > 0 => count.into_inner(),
                (Some(count), true) => {
                    let problem = "`at_most` is 0, expected the number of cases that may fail";
                    return Err(at(line_of(count.span().start), problem.into()));
                }
                (None, true) => {
                    let problem = "`case` is a pattern without `at_most`, expected the number of cases that may \
                                   fail, such as at_most = 3";
                    return Err(at(line, problem.into()));
                }
                (Some(count), false) => {
                    let problem = "`at_most` stands beside one id, expected a pattern";
                    return Err(at(line_of(count.span().start), problem.into()));
                }
            };
            entries.push(Entry {
                line,
                case,
                outcomes,
                at_most,
                kind,
                issue: table.issue.into_inner(),
                reason: table.reason.into_inner(),
            });
        }
        let line = line_of(parsed.subject.span().start);
        let subject = parsed.subject.into_inner();
        Ok(Self { file: file.to_owned(), subject, version: parsed.version, entries, line })
    }

    /// Checks that this is the ledger of the subject that answers so, and that no two lines speak
    /// of one case of the suite.
    ///
    /// # Errors
    ///
    /// [`LedgerError`], naming both subjects, or both lines.
    pub fn check(&self, hello: &Hello, suite: &Suite) -> Result<(), LedgerError> {
        let version = self.version.as_ref().unwrap_or(&hello.version);
        if (&self.subject, version) != (&hello.name, &hello.version) {
            let problem = format!(
                "is the ledger of {} {version}, expected one of {} {}, which is asked",
                self.subject, hello.name, hello.version
            );
            return Err(self.at(self.line, problem));
        }
        for case in suite.cases() {
            let mut lines = self.entries.iter().filter(|entry| entry.lists(case));
            if let (Some(first), Some(second)) = (lines.next(), lines.next()) {
                let problem = format!(
                    "lists {}, as line {} does, expected one line a case",
                    case.id, first.line
                );
                return Err(self.at(second.line, problem));
            }
        }
        Ok(())
    }

    fn at(&self, line: usize, problem: String) -> LedgerError {
        LedgerError { place: format!("{}:{line}", self.file), problem }
    }
}

impl Entry {
    /// Whether this line speaks of `case`.
    pub fn lists(&self, case: &Case) -> bool {
        if self.is_pattern() { glob::matches(&self.case, &case.id) } else { self.case == case.id }
    }

    /// The outcomes in words.
    pub fn expected(&self) -> String {
        let names: Vec<&str> = self.outcomes.iter().map(|outcome| outcome.name()).collect();
        names.join(" or ")
    }

    /// Whether it names its cases by a pattern.
    pub fn is_pattern(&self) -> bool {
        glob::is_pattern(&self.case)
    }
}
