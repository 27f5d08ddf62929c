//! A ledger beside a pass: which failures are as expected, and what is not.

use std::collections::{BTreeMap, HashMap};

use super::{Kind, Ledger};
use crate::run::Record;
use crate::suite::judge::Outcome;
use crate::suite::{Case, Suite};

/// Cases that are named of those by which a line is wrong.
const NAMED: usize = 3;

/// How a ledger and a pass agree.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The ledger's file.
    pub file: String,
    /// Expected failures by the reason for which they are listed.
    pub kinds: BTreeMap<Kind, usize>,
    /// What is wrong with lines.
    pub findings: Vec<Finding>,
    /// Failures in tier must that are not as a line says.
    pub unexpected: usize,
    /// How many lines there are.
    pub lines: usize,
    /// The expected failures: kind and issue, by the id of the case.
    expected: HashMap<String, (Kind, String)>,
}

/// A line that the pass does not bear out.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The line in the ledger's file.
    pub line: usize,
    /// The id or pattern that stands there.
    pub case: String,
    /// How it is wrong.
    pub what: What,
    /// The sentence that says so.
    pub detail: String,
}

/// How a line of a ledger can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A case passed that was expected to fail.
    Xpass,
    /// A case failed, and otherwise than the line says.
    Changed,
    /// More cases failed than the line waives.
    TooMany,
    /// The suite has no case of that id any more.
    Stale,
    /// The pattern matches no case of the suite.
    Unmatched,
    /// A case was not asked.
    Skipped,
}

impl What {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Xpass => "XPASS",
            Self::Changed => "changed",
            Self::TooMany => "too many",
            Self::Stale => "stale",
            Self::Unmatched => "unmatched",
            Self::Skipped => "skipped",
        }
    }
}

impl Comparison {
    /// Whether all is as the ledger says.
    pub fn as_expected(&self) -> bool {
        self.findings.is_empty() && self.unexpected == 0
    }

    /// Whether the ledger expects failures of the subject, and none of them came.
    pub fn expects_in_vain(&self) -> bool {
        self.lines > 0 && self.kinds.is_empty()
    }

    /// How many failures are waived because they come at times only.
    pub fn waived(&self) -> usize {
        self.kinds.get(&Kind::Flaky).copied().unwrap_or_default()
    }

    /// Why a case is expected to fail as it did: the kind, and where it is followed up.
    pub fn expected(&self, record: &Record) -> Option<(Kind, &str)> {
        self.expected.get(&record.id).map(|(kind, issue)| (*kind, issue.as_str()))
    }
}

/// Puts `ledger` beside what the cases of `suite` came to.
pub fn compare(ledger: &Ledger, suite: &Suite, records: &[Record]) -> Comparison {
    let outcomes: HashMap<&str, Outcome> =
        records.iter().map(|record| (record.id.as_str(), record.outcome)).collect();
    let mut comparison = Comparison {
        file: ledger.file.clone(),
        kinds: BTreeMap::new(),
        findings: Vec::new(),
        unexpected: 0,
        lines: ledger.entries.len(),
        expected: HashMap::new(),
    };
    for entry in &ledger.entries {
        let mut find = |what: What, detail: String| {
            let case = entry.case.clone();
            comparison.findings.push(Finding { line: entry.line, case, what, detail });
        };
        let listed: Vec<&Case> = suite.cases().iter().filter(|case| entry.lists(case)).collect();
        match (listed.is_empty(), entry.is_pattern()) {
            (true, true) => find(What::Unmatched, "no case of the suite matches it".into()),
            (true, false) => find(What::Stale, "the suite has no such case".into()),
            _ => {}
        }
        let (mut passed, mut changed, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
        let mut failed = 0;
        for case in listed {
            match outcomes.get(case.id.as_str()).copied().unwrap_or(Outcome::NotInProfile) {
                Outcome::NotInProfile => skipped.push(case.id.as_str()),
                outcome if entry.outcomes.contains(&outcome) => {
                    failed += 1;
                    if failed > entry.at_most {
                        continue;
                    }
                    let why = (entry.kind, entry.issue.clone());
                    comparison.expected.insert(case.id.clone(), why);
                    *comparison.kinds.entry(entry.kind).or_default() += 1;
                }
                outcome if outcome.is_failure() => changed.push((case.id.as_str(), outcome)),
                _ if entry.kind == Kind::Flaky => {}
                _ => passed.push(case.id.as_str()),
            }
        }
        let expected = entry.expected();
        if failed > entry.at_most {
            let detail = format!("{failed} cases failed, expected at most {}", entry.at_most);
            find(What::TooMany, detail);
        }
        if !passed.is_empty() {
            find(What::Xpass, format!("expected {expected}, passed{}", named(&passed, entry)));
        }
        if let Some((_, outcome)) = changed.first() {
            let ids: Vec<&str> = changed.iter().map(|(id, _)| *id).collect();
            let outcome = outcome.name();
            find(
                What::Changed,
                format!("expected {expected}, came to {outcome}{}", named(&ids, entry)),
            );
        }
        if !skipped.is_empty() {
            find(
                What::Skipped,
                format!("expected {expected}, not asked{}", named(&skipped, entry)),
            );
        }
    }
    let unexpected =
        |record: &&Record| record.is_failure() && !comparison.expected.contains_key(&record.id);
    comparison.unexpected = records.iter().filter(unexpected).count();
    comparison
}

/// The first of the cases that a pattern stands for; an id says it itself.
fn named(ids: &[&str], entry: &super::Entry) -> String {
    if !entry.is_pattern() {
        return String::new();
    }
    let first = ids.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match ids.len().saturating_sub(NAMED) {
        0 => format!(": {first}"),
        more => format!(": {first} and {more} more"),
    }
}
