//! The kill matrix as data: what each planted subject came to, and which case catches which fault.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::family::FamilyRow;
use crate::run::{Record, Totals};
use crate::subject::planted::{Fault, Liar};
use crate::suite::Suite;
use crate::suite::case::Tier;
use crate::suite::judge::Outcome;

/// Which case catches which fault, and what is wrong with that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KillMatrix {
    /// The suite's version.
    pub suite: String,
    /// The suite's hash.
    pub hash: String,
    /// The members without a fault.
    pub sound: Vec<SoundRow>,
    /// The faults, in their order.
    pub faults: Vec<Row>,
    /// The families of faults, each in each operation that has it.
    #[serde(default)]
    pub families: Vec<FamilyRow>,
    /// The liars.
    pub liars: Vec<LiarRow>,
    /// What the cases of each clause catch, in the order of the suite.
    pub clauses: Vec<ClauseRow>,
    /// Cases of tier must that fail no fault.
    pub unkilled: Vec<String>,
    /// Every rule that is broken, as sentences; the harness is sound where there is none.
    pub problems: Vec<String>,
}

/// An implementation without a fault, and what it does not pass all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoundRow {
    /// Which one it is.
    pub name: String,
    /// The cases that it fails, or refuses with a class that is not right.
    pub not_passed: Vec<String>,
}

/// One fault and the cases that catch it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The fault.
    pub name: String,
    /// Its class of real bugs.
    pub class: u8,
    /// What it is.
    pub about: String,
    /// Cases that fail, those of its class first.
    pub killed_by: Vec<String>,
    /// How many of them are of its class.
    pub of_its_class: usize,
    /// Whether it accepts values that are to be refused, and conforms under `encode-bounded` all the
    /// same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden_by_the_bound: bool,
}

/// One liar and its totals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiarRow {
    /// The liar.
    pub name: String,
    /// What it does.
    pub about: String,
    /// What its pass came to.
    pub totals: Totals,
}

/// What the cases of one clause catch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClauseRow {
    /// The clause of SPEC.md.
    pub clause: String,
    /// Its cases.
    pub cases: usize,
    /// Those that catch a fault.
    pub catching: usize,
    /// The faults that they catch.
    pub faults: usize,
}

impl KillMatrix {
    /// What was seen of each member; which rules that breaks is not said yet.
    pub fn new(
        suite: &Suite,
        sound: Vec<SoundRow>,
        faults: Vec<Row>,
        families: Vec<FamilyRow>,
        liars: Vec<LiarRow>,
    ) -> Self {
        Self {
            suite: suite.version.clone(),
            hash: suite.hash.clone(),
            sound,
            clauses: clauses(suite, &faults),
            unkilled: unkilled(suite, &faults),
            faults,
            families,
            liars,
            problems: Vec::new(),
        }
    }
}

impl SoundRow {
    /// The row of a pass.
    pub fn new(name: &str, records: &[Record]) -> Self {
        let not_passed = records
            .iter()
            .filter(|record| record.outcome.is_failure() || record.outcome == Outcome::WrongClass)
            .map(|record| record.id.clone())
            .collect();
        Self { name: name.to_owned(), not_passed }
    }
}

impl Row {
    /// The row of a fault's pass. A case counts where it fails by itself: a refusal whose control failed
    /// shows nothing of its own.
    pub fn new(fault: Fault, records: &[Record]) -> Self {
        let own = |record: &&Record| record.class == Some(fault.class());
        let (of_its_class, others): (Vec<&Record>, Vec<&Record>) =
            records.iter().filter(|record| fails(record)).partition(own);
        Self {
            name: fault.name().to_owned(),
            class: fault.class(),
            about: fault.about().to_owned(),
            of_its_class: of_its_class.len(),
            killed_by: of_its_class.iter().chain(&others).map(|record| record.id.clone()).collect(),
            hidden_by_the_bound: false,
        }
    }

    /// Adds the cases of a later pass of the fault that fail; whether there is one.
    pub fn add(&mut self, records: &[Record], fault: Fault) -> bool {
        let more = Self::new(fault, records);
        let (own, others) = more.killed_by.split_at(more.of_its_class);
        self.killed_by.splice(self.of_its_class..self.of_its_class, own.iter().cloned());
        self.killed_by.extend_from_slice(others);
        self.of_its_class += own.len();
        !more.killed_by.is_empty()
    }
}

/// Whether a case fails by itself.
pub(super) fn fails(record: &Record) -> bool {
    record.outcome.is_failure() && record.outcome != Outcome::ControlRejected
}

impl LiarRow {
    /// The row of a liar's pass.
    pub fn new(liar: Liar, records: &[Record]) -> Self {
        let (name, about) = (liar.name().to_owned(), liar.about().to_owned());
        Self { name, about, totals: Totals::of(records) }
    }
}

/// The faults that each case catches.
fn kills(faults: &[Row]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut kills: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in faults {
        for id in &row.killed_by {
            kills.entry(id).or_default().insert(&row.name);
        }
    }
    kills
}

fn unkilled(suite: &Suite, faults: &[Row]) -> Vec<String> {
    let kills = kills(faults);
    let must = suite.cases().iter().filter(|case| case.tier == Tier::Must);
    must.filter(|case| !kills.contains_key(case.id.as_str())).map(|case| case.id.clone()).collect()
}

fn clauses(suite: &Suite, faults: &[Row]) -> Vec<ClauseRow> {
    let kills = kills(faults);
    let mut names: Vec<&str> = Vec::new();
    for case in suite.cases() {
        if !names.contains(&case.clause.as_str()) {
            names.push(&case.clause);
        }
    }
    let row = |clause: &str| {
        let cases = || suite.cases().iter().filter(|case| case.clause == clause);
        let caught = || cases().filter_map(|case| kills.get(case.id.as_str()));
        ClauseRow {
            clause: clause.to_owned(),
            cases: cases().count(),
            catching: caught().count(),
            faults: caught().flatten().collect::<BTreeSet<_>>().len(),
        }
    };
    names.into_iter().map(row).collect()
}
