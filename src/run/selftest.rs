//! The harness tested by what it must catch: every faulty member of the zoo is run through the
//! whole suite, and the kill matrix shows which case catches which fault.
//!
//! The rules (all must hold): the reference and the sound member pass; every fault fails at least
//! two cases, one of them of its class; every case of tier must fails at least one fault, or
//! stands in [`UNKILLED`] with its reason; what a case says it discriminates, it does; no liar
//! conforms, and one that does nothing passes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;

use super::{Profile, Record, RunError, Settings, Totals, ask_all, verify};
use crate::subject::zoo::{Fault, Faulty, Liar};
use crate::subject::{Implementation, InProcess, Reference, Stop};
use crate::suite::Suite;
use crate::suite::case::{Case, Content, DirectoryEntry, Expect, Input, Operation, Tier};
use crate::suite::judge::Outcome;

/// Cases of tier must that no fault of the zoo fails, each with its reason.
pub const UNKILLED: &[(&str, &str)] = &[];

/// The largest part of the cases of tier must that may stand in [`UNKILLED`]: one in so many.
const UNKILLED_PART: usize = 20;

/// Members of the zoo, and the reference.
pub const MEMBERS: usize = 2 + Fault::ALL.len() + Liar::ALL.len();

/// Cases that a fault must fail.
const FEWEST_KILLS: usize = 2;

/// Which case catches which fault, and what is wrong with that.
#[derive(Clone, Debug, Serialize)]
pub struct KillMatrix {
    /// The suite's version and hash.
    pub suite: String,
    /// The faults, in the order of the zoo.
    pub faults: Vec<Row>,
    /// The liars.
    pub liars: Vec<LiarRow>,
    /// Cases of tier must that fail no fault.
    pub unkilled: Vec<String>,
    /// Every rule that is broken, as sentences; the harness is sound where there is none.
    pub problems: Vec<String>,
}

/// One fault and the cases that catch it.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The fault.
    pub name: &'static str,
    /// Its class of real bugs.
    pub class: u8,
    /// What it is.
    pub about: &'static str,
    /// Cases that fail, those of its class first.
    pub killed_by: Vec<String>,
    /// How many of them are of its class.
    pub of_its_class: usize,
}

/// One liar and its totals.
#[derive(Clone, Debug, Serialize)]
pub struct LiarRow {
    /// The liar.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// What its pass came to.
    pub totals: Totals,
}

/// Runs the zoo through the suite; `observe` is told of each member before it is run.
///
/// # Errors
///
/// [`RunError`] where the vectors or the harness are broken.
pub fn selftest(suite: &Suite, observe: &mut dyn FnMut(&str)) -> Result<KillMatrix, RunError> {
    let all = cases(suite, |_| true);
    verify(suite, &all)?;
    let mut problems = Vec::new();
    let sound: [(&str, Box<dyn Implementation>); 2] = [
        ("the reference", Box::new(Reference)),
        ("the sound member of the zoo", Box::new(Faulty::new(None))),
    ];
    for (name, implementation) in sound {
        observe(name);
        let records = pass(suite, &all, implementation)?;
        let failing = records
            .iter()
            .filter(|record| record.outcome.is_failure() || record.outcome == Outcome::WrongClass);
        problems.extend(failing.map(|record| format!("{name} does not pass {}", record.id)));
    }

    let mut faults = Vec::new();
    for &fault in Fault::ALL {
        observe(fault.name());
        let cases = cases(suite, |case| asked(fault, case));
        let row = row(suite, fault, &pass(suite, &cases, Faulty::new(Some(fault)))?);
        problems.extend(hidden_by_the_bound(suite, fault, &row)?);
        faults.push(row);
    }
    let mut liars = Vec::new();
    for &liar in Liar::ALL {
        observe(liar.name());
        let totals = Totals::of(&pass(suite, &all, liar)?);
        liars.push(LiarRow { name: liar.name(), about: liar.about(), totals });
    }
    let liars_pass = liars.iter().filter(|liar| liar.totals.conforms());
    problems.extend(liars_pass.map(|liar| format!("{} conforms", liar.name)));
    let idle = [Liar::RefuseAll.name(), Liar::UnsupportedAll.name()];
    let rewarded = liars.iter().filter(|liar| idle.contains(&liar.name) && liar.totals.passed > 0);
    problems
        .extend(rewarded.map(|liar| format!("{} passes {} cases", liar.name, liar.totals.passed)));

    let unkilled = unkilled(suite, &faults);
    problems.extend(faults.iter().filter_map(weak));
    problems.extend(claims_not_kept(suite, &faults));
    problems.extend(unkilled_problems(suite, &unkilled));
    let suite = format!("{} {}", suite.version, suite.hash);
    Ok(KillMatrix { suite, faults, liars, unkilled, problems })
}

/// The cases of the suite that are asked.
fn cases(suite: &Suite, asked: impl Fn(&Case) -> bool) -> Vec<&Case> {
    suite.cases().iter().filter(|case| asked(case)).collect()
}

fn pass(
    suite: &Suite,
    cases: &[&Case],
    implementation: impl Implementation,
) -> Result<Vec<Record>, RunError> {
    pass_as(Profile::all(), suite, cases, implementation)
}

fn pass_as(
    profile: Profile,
    suite: &Suite,
    cases: &[&Case],
    implementation: impl Implementation,
) -> Result<Vec<Record>, RunError> {
    let stop = Stop::default();
    let settings = Settings { profile, deadline: Duration::from_secs(10), seed: None, stop };
    ask_all(suite, cases, &mut InProcess::new(implementation), &settings, &mut |_| {})
}

/// What a fault is asked: a fault spoils no directory but by the way in which it is read, and long
/// indexes, which take long to write, are for faults in the form of an index (class 66).
fn asked(fault: Fault, case: &Case) -> bool {
    let Input::ReadIndex { directory, .. } = &case.input else { return true };
    let is_long = |entry: &DirectoryEntry| matches!(entry.content, Content::Long { .. });
    let long = directory.iter().flatten().any(is_long);
    fault.operation() == Operation::ReadIndex && (!long || fault.class() == 66)
}

/// The bound of ENC-B1 excuses other encodings, never an encoding of what must be refused: a fault
/// that accepts such values does not conform under `encode-bounded` either.
fn hidden_by_the_bound(suite: &Suite, fault: Fault, row: &Row) -> Result<Option<String>, RunError> {
    let refusal = |id: &String| {
        let case = suite.get(id);
        case.is_some_and(|case| {
            case.input.operation() == Operation::Encode && matches!(case.expect, Expect::Refuse(_))
        })
    };
    if !row.killed_by.iter().any(refusal) {
        return Ok(None);
    }
    let encodes = cases(suite, |case| case.input.operation() == Operation::Encode);
    let bounded = Profile::bounded_encode();
    let records = pass_as(bounded, suite, &encodes, Faulty::new(Some(fault)))?;
    let conforms = Totals::of(&records).conforms();
    Ok(conforms.then(|| format!("{} conforms under encode-bounded", row.name)))
}

/// Cases that fail by themselves: a refusal whose control failed shows nothing of its own.
fn row(suite: &Suite, fault: Fault, records: &[Record]) -> Row {
    let fails = |record: &&Record| {
        record.outcome.is_failure() && record.outcome != Outcome::ControlRejected
    };
    let failing: Vec<&Record> = records.iter().filter(fails).collect();
    let own =
        |record: &Record| suite.get(&record.id).and_then(|case| case.class) == Some(fault.class());
    let (of_its_class, others): (Vec<&Record>, Vec<&Record>) =
        failing.into_iter().partition(|record| own(record));
    Row {
        name: fault.name(),
        class: fault.class(),
        about: fault.about(),
        of_its_class: of_its_class.len(),
        killed_by: of_its_class.iter().chain(&others).map(|record| record.id.clone()).collect(),
    }
}

fn weak(row: &Row) -> Option<String> {
    let Row { name, class, killed_by, of_its_class, .. } = row;
    if killed_by.len() < FEWEST_KILLS {
        return Some(format!(
            "{name} is caught by {} cases, fewer than {FEWEST_KILLS}",
            killed_by.len()
        ));
    }
    (*of_its_class == 0).then(|| format!("{name} is caught by no case of its class {class}"))
}

fn unkilled(suite: &Suite, faults: &[Row]) -> Vec<String> {
    let killing: BTreeSet<&String> = faults.iter().flat_map(|row| &row.killed_by).collect();
    let must = suite.cases().iter().filter(|case| case.tier == Tier::Must);
    must.filter(|case| !killing.contains(&case.id)).map(|case| case.id.clone()).collect()
}

fn unkilled_problems(suite: &Suite, unkilled: &[String]) -> Vec<String> {
    let excused: BTreeMap<&str, &str> = UNKILLED.iter().copied().collect();
    let mut problems: Vec<String> = unkilled
        .iter()
        .filter(|id| !excused.contains_key(id.as_str()))
        .map(|id| format!("{id} catches no fault"))
        .collect();
    let stale = excused.keys().filter(|id| !unkilled.iter().any(|unkilled| unkilled == *id));
    problems.extend(stale.map(|id| format!("{id} is excused, but is gone or catches a fault")));
    let must = suite.cases().iter().filter(|case| case.tier == Tier::Must).count();
    if excused.len() * UNKILLED_PART > must {
        problems.push(format!(
            "{} of {must} cases are excused, more than one in {UNKILLED_PART}",
            excused.len()
        ));
    }
    problems
}

/// What cases say that they discriminate, and do not.
fn claims_not_kept(suite: &Suite, faults: &[Row]) -> Vec<String> {
    let by_name: BTreeMap<&str, BTreeSet<&String>> =
        faults.iter().map(|row| (row.name, row.killed_by.iter().collect())).collect();
    let broken = |case: &Case, name: &String| match by_name.get(name.as_str()) {
        None => Some(format!("{} discriminates {name}, which is no fault", case.id)),
        Some(killed) if !killed.contains(&case.id) => {
            Some(format!("{} does not catch {name}, as it says", case.id))
        }
        Some(_) => None,
    };
    let claims = suite
        .cases()
        .iter()
        .flat_map(|case| case.discriminates.iter().map(move |name| (case, name)));
    claims.filter_map(|(case, name)| broken(case, name)).collect()
}
