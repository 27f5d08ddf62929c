//! The harness tested by what it must catch: every planted subject is run through the
//! whole suite, and the kill matrix shows which case catches which fault.
//!
//! The [rules](mod@rules) (all must hold): the reference and the sound member pass; every fault fails at
//! least two cases, one of them of its class; every case of tier must fails at least one fault, or
//! stands in [`rules::UNKILLED`] with its reason; what a case says it discriminates, it does; no liar
//! conforms, and one that does nothing passes nothing.

pub mod family;
mod matrix;
mod parallel;
pub mod rules;

use std::time::Duration;

pub use family::{FamilyRow, families};
pub use matrix::{ClauseRow, KillMatrix, LiarRow, Row, SoundRow};

use self::parallel::each;
use super::{Profile, Record, RunError, Settings, Totals, ask_all, verify};
use crate::subject::planted::{Fault, Faulty, Liar};
use crate::subject::{Implementation, InProcess, Reference, Stop};
use crate::suite::case::{Case, Content, DirectoryEntry, File};
use crate::suite::lawful::Lawful;
use crate::suite::operation::{FormatId, Operation, Verb};
use crate::suite::question::{Question, ReadIndex};
use crate::suite::{Suite, SuiteError, recipe};

/// The number of the planted subjects, and the reference.
pub fn members() -> usize {
    2 + Fault::all().len() + Liar::ALL.len()
}

/// Runs the planted faults through the suite, on all cores; `observe` is told of each member, and of each case
/// with a recipe, before it is begun.
///
/// # Errors
///
/// [`RunError`] where the vectors or the harness are broken.
pub fn selftest(
    suite: &Suite,
    observe: &mut (dyn FnMut(&str) + Send),
) -> Result<KillMatrix, RunError> {
    let all = cases(suite, |_| true);
    verify(suite, &all)?;
    let sound = [("the reference", false), ("the sound planted subject", true)];
    let sound = each(&sound, &mut |(name, _)| observe(name), |&(name, planted)| {
        let records = match planted {
            true => pass(suite, &all, Faulty::new(None)),
            false => pass(suite, &all, Reference),
        };
        Ok(SoundRow::new(name, &records?))
    })?;
    let mut faults = each(Fault::all(), &mut |fault| observe(fault.name()), |&fault| {
        let cases = cases(suite, |case| case.recipe.is_none() && asked(fault, case));
        let mut row = Row::new(fault, &pass(suite, &cases, Faulty::new(Some(fault)))?);
        row.hidden_by_the_bound = hidden_by_the_bound(suite, fault, &row)?;
        Ok(row)
    })?;
    ask_recipes(suite, &mut faults, observe)?;
    let plain = cases(suite, |case| case.recipe.is_none());
    let liars = each(Liar::ALL, &mut |liar| observe(liar.name()), |&liar| {
        Ok(LiarRow::new(liar, &pass(suite, &plain, liar)?))
    })?;
    let families = families(suite, observe)?;
    let mut matrix = KillMatrix::new(suite, sound, faults, families, liars);
    matrix.problems = rules::broken(suite, &matrix, rules::UNKILLED);
    Ok(matrix)
}

/// Asks each case with a recipe of the faults of its verb, until one fails it: its questions are many, so that
/// not every fault is asked all of them.
fn ask_recipes(
    suite: &Suite,
    rows: &mut [Row],
    observe: &mut (dyn FnMut(&str) + Send),
) -> Result<(), RunError> {
    let recipes = cases(suite, |case| case.recipe.is_some());
    let caught = each(&recipes, &mut |case| observe(&case.id), |case| first_caught(suite, case))?;
    for (at, record) in caught.into_iter().flatten() {
        rows[at].add(&[record], Fault::all()[at]);
    }
    // What only recipes catch is asked all of those of its class.
    let weak: Vec<usize> = (0..rows.len()).filter(|&at| !rules::is_strong(&rows[at])).collect();
    let more = each(&weak, &mut |&at| observe(&rows[at].name), |&at| {
        let (fault, row) = (Fault::all()[at], &rows[at]);
        let of_class = |case: &Case| {
            case.recipe.is_some()
                && case.class == Some(fault.class())
                && case.question.verb() == fault.operation().verb
                && !row.killed_by.contains(&case.id)
        };
        pass(suite, &cases(suite, of_class), Faulty::new(Some(fault)))
    })?;
    for (at, records) in weak.into_iter().zip(more) {
        rows[at].add(&records, Fault::all()[at]);
    }
    Ok(())
}

/// The first fault that fails a case with a recipe, and how: those of its operation and its class come first.
fn first_caught(suite: &Suite, case: &Case) -> Result<Option<(usize, Record)>, RunError> {
    let operation = case.question.operation();
    let mut of_verb: Vec<(usize, Fault)> = (0..)
        .zip(Fault::all().iter().copied())
        .filter(|(_, fault)| fault.operation().verb == operation.verb)
        .collect();
    of_verb.sort_by_key(|(_, fault)| {
        (fault.operation() != operation, Some(fault.class()) != case.class)
    });
    // Made once for all of them.
    let own = Case { recipe: None, ..case.clone() };
    let made = recipe::parts(case).map(|part| part.map(|part| part.case));
    let made: Vec<Case> =
        made.collect::<Result<_, _>>().map_err(|what| SuiteError::new(&case.id, what))?;
    let questions: Vec<&Case> = std::iter::once(&own).chain(&made).collect();
    for (at, fault) in of_verb {
        let records = pass(suite, &questions, Faulty::new(Some(fault)))?;
        if let Some(record) = records.into_iter().find(matrix::fails) {
            return Ok(Some((at, record)));
        }
    }
    Ok(None)
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
    let settings = Settings {
        profile,
        deadline: Duration::from_secs(10),
        seed: None,
        repeat: 1,
        stop,
        keep_going: true,
    };
    ask_all(suite, cases, &mut InProcess::new(implementation), &settings, &mut |_| {})
}

/// What a fault is asked: a fault spoils no directory but by the way in which it is read, and long
/// indexes, which take long to write, are for faults in the form of an index (class 66).
fn asked(fault: Fault, case: &Case) -> bool {
    let Question::ReadIndex(ReadIndex { path, .. }) = &case.question else { return true };
    let is_long = |entry: &DirectoryEntry| matches!(entry.content, Content::Long { .. });
    let long = matches!(path, File::Directory(entries) if entries.iter().any(is_long));
    fault.operation().verb == Verb::ReadIndex && (!long || fault.class() == 66)
}

fn encode() -> Operation {
    Operation::new(Verb::Encode, FormatId::KHQ4)
}

/// The bound of ENC-B1 excuses other encodings, never an encoding of what must be refused: a fault
/// that accepts such values must not conform under `encode-bounded` either.
fn hidden_by_the_bound(suite: &Suite, fault: Fault, row: &Row) -> Result<bool, RunError> {
    let refusal = |id: &String| {
        let case = suite.get(id);
        case.is_some_and(|case| {
            case.question.operation() == encode() && matches!(case.expect, Lawful::Refuse(_))
        })
    };
    if !row.killed_by.iter().any(refusal) {
        return Ok(false);
    }
    let encodes = cases(suite, |case| case.question.operation() == encode());
    let bounded = Profile::bounded_encode();
    let records = pass_as(bounded, suite, &encodes, Faulty::new(Some(fault)))?;
    Ok(Totals::of(&records).conforms())
}
