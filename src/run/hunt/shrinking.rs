//! Making a failing question small: candidates are asked, and the first that fails in the same way is gone on from.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Settings;
use super::batch::{Failure, ask_one, compare};
use crate::fuzz::case;
use crate::fuzz::shrink::smaller;
use crate::run::ask::Asker;
use crate::run::{EntryRecord, Record, RunError};
use crate::suite::case::Case;
use crate::suite::judge::Outcome;

/// The smallest question that was found to fail as `failure` does, in at most `steps` questions.
///
/// # Errors
///
/// [`RunError`] of the harness.
pub(super) fn shrink(
    asker: &mut Asker<'_>,
    mut failure: Failure,
    key: &str,
    settings: &Settings<'_>,
    steps: usize,
    longest: Duration,
) -> Result<Failure, RunError> {
    let begun = Instant::now();
    let twice = failure.record.outcome == Outcome::Inconsistent;
    let mut asked = 1;
    let alone = fails(asker, &failure.case, &failure, twice, settings)?;
    match alone {
        Some(record) if (settings.key)(&failure.case, &record) == key => failure.record = record,
        _ => return Ok(failure),
    }
    'smaller: loop {
        for question in smaller(&failure.case.question) {
            if asked >= steps || begun.elapsed() > longest || settings.stop.is_told() {
                break 'smaller;
            }
            let Ok(candidate) = case(question) else { continue };
            asked += 1;
            let record = fails(asker, &candidate, &failure, twice, settings)?;
            if let Some(record) = record
                && (settings.key)(&candidate, &record) == key
            {
                failure = Failure { case: Arc::new(candidate), record, ..failure };
                continue 'smaller;
            }
        }
        break;
    }
    Ok(Failure { steps: Some(asked), ..failure })
}

/// What a candidate comes to, where it fails: through the entry of the failure, asked twice where that answered in
/// two ways.
fn fails(
    asker: &mut Asker<'_>,
    candidate: &Case,
    failure: &Failure,
    twice: bool,
    settings: &Settings<'_>,
) -> Result<Option<Record>, RunError> {
    let entry = failure.entry.as_deref();
    let mut answer = ask_one(asker, candidate, entry, settings)?;
    if twice {
        let first = (answer.own, answer.given.clone());
        answer = ask_one(asker, candidate, entry, settings)?;
        compare(candidate, &first, &mut answer);
    }
    let records = vec![EntryRecord { entry: failure.entry.clone(), judgement: answer.judgement }];
    let record = Record::new(candidate, records);
    let fails = record.outcome.is_failure() && record.outcome != Outcome::Unsupported;
    Ok(fails.then_some(record))
}
