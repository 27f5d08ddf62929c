//! What a pass leaves: one record a case, and their totals.

use serde::{Deserialize, Serialize};

use crate::suite::case::{Case, Tier};
use crate::suite::judge::{Judgement, Outcome};
use crate::suite::operation::Operation;

/// What one case came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The case.
    pub id: String,
    /// Its clause of SPEC.md.
    pub clause: String,
    /// The class of bugs that it guards against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<u8>,
    /// How a failure counts.
    pub tier: Tier,
    /// The operation that was asked.
    pub operation: Operation,
    /// The worst outcome among the entries that answered.
    pub outcome: Outcome,
    /// What each entry came to.
    pub entries: Vec<EntryRecord>,
}

/// What one case came to through one entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryRecord {
    /// The entry; `None` where the subject names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The outcome and what shows it.
    #[serde(flatten)]
    pub judgement: Judgement,
}

impl Record {
    /// The record of `case`, asked through `entries`: not asked at all where there are none.
    ///
    /// An entry that cannot express a question is no failure while another one answers it.
    pub fn new(case: &Case, entries: Vec<EntryRecord>) -> Self {
        let outcomes = || entries.iter().map(|entry| entry.judgement.outcome);
        let answered = outcomes().filter(|outcome| *outcome != Outcome::Unsupported).max();
        let outcome = answered.or_else(|| outcomes().max()).unwrap_or(Outcome::NotInProfile);
        Self {
            id: case.id.clone(),
            clause: case.clause.clone(),
            class: case.class,
            tier: case.tier,
            operation: case.question.operation(),
            outcome,
            entries,
        }
    }

    /// Whether this keeps the subject from conforming.
    pub fn is_failure(&self) -> bool {
        self.tier == Tier::Must && self.outcome.is_failure()
    }

    /// The entries that came to the record's outcome: what a report shows.
    pub fn decisive(&self) -> impl Iterator<Item = &EntryRecord> {
        self.entries.iter().filter(|entry| entry.judgement.outcome == self.outcome)
    }
}

/// Counts of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Lawful answers, alternates and wrong classes included.
    pub passed: usize,
    /// Of those, answers of another named behaviour.
    pub alternate: usize,
    /// Of those, refusals with a class that is not right.
    pub wrong_class: usize,
    /// Failures in tier must.
    pub failed: usize,
    /// Failures in the other tiers.
    pub advisory: usize,
    /// Not asked.
    pub not_in_profile: usize,
}

impl Totals {
    /// The counts of `records`.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut totals = Self::default();
        for record in records {
            match record.outcome {
                Outcome::NotInProfile => totals.not_in_profile += 1,
                _ if record.is_failure() => totals.failed += 1,
                outcome if outcome.is_failure() => totals.advisory += 1,
                outcome => {
                    totals.passed += 1;
                    totals.alternate += usize::from(outcome == Outcome::PassAlternate);
                    totals.wrong_class += usize::from(outcome == Outcome::WrongClass);
                }
            }
        }
        totals
    }

    /// Cases that were asked.
    pub fn asked(&self) -> usize {
        self.passed + self.failed + self.advisory
    }

    /// Whether the subject conforms: something was passed, and nothing that must hold failed.
    pub fn conforms(&self) -> bool {
        self.passed > 0 && self.failed == 0
    }
}
