//! One pass of a suite over a subject: which cases are asked, through which entries, after which
//! controls, and what each came to.
//!
//! A subject is shown questions and files, never an expectation. A refusal counts only where the
//! same subject, since it last started, has passed the control that the refusal was made from.

pub mod ask;
pub mod hunt;
mod jobs;
mod memory;
mod place;
pub mod record;
mod repeat;
pub(crate) mod scratch;
#[cfg(feature = "build")]
pub mod selftest;
mod snapshot;
mod watch;

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use thiserror::Error;

pub use crate::suite::Profile;
pub use jobs::run_among;
pub use record::{EntryRecord, Record, Totals};
pub use repeat::SEED as REPEAT_SEED;

use crate::subject::{Hello, Stop, Subject};
use crate::suite::case::Case;
use crate::suite::expected::file_bytes;
use crate::suite::judge::{Judgement, Outcome};
use crate::suite::{Suite, SuiteError, recipe};
use ask::{Asked, Asker};
pub(crate) use ask::{given, left_beside};
use repeat::{Open, Taken, Turn, turns};

/// How a pass is made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the subject claims.
    pub profile: Profile,
    /// How long one case may take.
    pub deadline: Duration,
    /// Asks the cases in an order shuffled by this seed, so that an answer that depends on the
    /// question before shows.
    pub seed: Option<u64>,
    /// How often each case is asked; the questions of its recipe only the first time. More than once, the
    /// order is shuffled, without a seed by [`REPEAT_SEED`].
    pub repeat: usize,
    /// Ends the pass early where it is told.
    pub stop: Stop,
    /// Asks all cases, although the first answers show that the adapter makes one mistake in each.
    pub keep_going: bool,
}

/// Why a pass could not be made; no verdict on the subject.
#[derive(Debug, Error)]
pub enum RunError {
    /// The vectors are not to be trusted.
    #[error(transparent)]
    Suite(#[from] SuiteError),
    /// The adapter makes one mistake in each answer: what it does, and what its author is to do.
    #[error("{0}")]
    Adapter(String),
    /// The harness could not lay out its files.
    #[error("the harness's own folder: {0}")]
    Harness(#[from] io::Error),
}

/// Asks `subject` the given cases of `suite` and hands each record to `observe`. Where the pass is
/// stopped, the records of the cases that were asked by then are all that there is.
///
/// Every case and control is checked against the exact evaluator before the first is asked.
///
/// # Errors
///
/// [`RunError`]; whatever the subject does is an outcome, not an error.
pub fn run(
    suite: &Suite,
    cases: &[&Case],
    subject: &mut dyn Subject,
    settings: &Settings,
    observe: &mut dyn FnMut(&Record),
) -> Result<Vec<Record>, RunError> {
    verify(suite, cases)?;
    ask_all(suite, cases, subject, settings, observe)
}

/// Checks the cases and their controls against the exact evaluator.
fn verify(suite: &Suite, cases: &[&Case]) -> Result<(), RunError> {
    for case in cases {
        suite.verify(case)?;
        suite.control(case).map_or(Ok(()), |control| suite.verify(control))?;
    }
    Ok(())
}

/// As [`run`], of cases that were checked.
fn ask_all(
    suite: &Suite,
    cases: &[&Case],
    subject: &mut dyn Subject,
    settings: &Settings,
    observe: &mut dyn FnMut(&Record),
) -> Result<Vec<Record>, RunError> {
    let mut pass = Pass::new(suite, settings, subject)?;
    let mut open = Open::new(settings.repeat);
    let mut records = Vec::with_capacity(cases.len());
    for turn in turns(cases, settings.seed, settings.repeat) {
        let taken = pass.turn(turn)?;
        if settings.stop.is_told() {
            break;
        }
        if let Some(record) = open.add(turn, taken) {
            observe(&record);
            records.push(record);
        }
    }
    Ok(records)
}

/// A control that was asked: which one, and through which entry.
type ControlKey = (String, Option<String>);

struct Pass<'a> {
    suite: &'a Suite,
    settings: &'a Settings,
    hello: Hello,
    asker: Asker<'a>,
    /// Controls that were passed, and the start of the subject in which they were.
    controls: HashMap<ControlKey, u64>,
    /// The case that was asked last, and the start of the subject in which it was.
    last: Option<(String, u64)>,
}

impl<'a> Pass<'a> {
    fn new(
        suite: &'a Suite,
        settings: &'a Settings,
        subject: &'a mut dyn Subject,
    ) -> Result<Self, RunError> {
        Ok(Self {
            suite,
            settings,
            hello: subject.hello().clone(),
            asker: Asker::new(subject, settings.deadline, settings.keep_going)?,
            controls: HashMap::new(),
            last: None,
        })
    }

    /// Asks a case through each entry; through none where it is not in the profile.
    fn turn(&mut self, turn: Turn) -> Result<Taken, RunError> {
        let case = turn.case;
        let operation = case.question.operation();
        let can_be_asked = case.limits.is_none() || self.asker.can_limit_files();
        let in_profile = self.settings.profile.contains(operation)
            && case.features().all(|feature| self.hello.offers(feature));
        if !in_profile || !can_be_asked {
            return Ok(Taken { entries: Vec::new(), after: None });
        }
        let generation = self.asker.generation();
        let after = self.last.take().filter(|(_, asked_in)| *asked_in == generation);
        let mut entries = Vec::new();
        for entry in self.hello.entries(operation) {
            let asked = self.entry(turn, entry.as_deref())?;
            entries.push((entry, asked));
        }
        self.last = Some((case.id.clone(), self.asker.generation()));
        Ok(Taken { entries, after: after.map(|(id, _)| id) })
    }

    fn is_bounded(&self, case: &Case) -> bool {
        self.settings.profile.is_bounded(case.question.format())
    }

    /// What a case came to through an entry. Where that took the subject's life, the case is asked again
    /// of the next one, which was asked nothing before: that tells what the case does from what was left
    /// behind by others.
    fn entry(&mut self, turn: Turn, entry: Option<&str>) -> Result<Asked, RunError> {
        let was_fresh = self.asker.is_fresh();
        let generation = self.asker.generation();
        let mut asked = self.attempt(turn, entry)?;
        let renewed = case_is_asked_fresh(turn.case) && !asked.judgement.outcome.is_failure();
        let lives = renewed || self.asker.generation() == generation;
        if was_fresh || lives || self.settings.stop.is_told() {
            return Ok(asked);
        }
        let again = self.attempt(turn, entry)?.judgement;
        let conclusion = if again.outcome == asked.judgement.outcome {
            "as before"
        } else {
            "so that it is what was asked before this, or chance"
        };
        asked.judgement.summary += &format!(
            "; again, asked first of a fresh child: {}, {conclusion}",
            again.outcome.name()
        );
        Ok(asked)
    }

    /// What a case came to, behind its control.
    fn attempt(&mut self, turn: Turn, entry: Option<&str>) -> Result<Asked, RunError> {
        let case = turn.case;
        let control = self.suite.control(case);
        // A peak never falls, and a limit stays: such a case is asked of a fresh process, behind its control.
        let measured = case.measured && self.asker.peak().is_some();
        match case.limits {
            Some(_) => self.asker.end_to_limit_files(),
            None if measured => self.asker.end(),
            None => {}
        }
        if let Some(control) = control {
            let judgement = self.control(control, entry)?;
            match judgement.outcome {
                Outcome::Pass | Outcome::PassAlternate => {}
                Outcome::Unsupported => return Ok(Asked::nothing(judgement)),
                outcome => {
                    let summary = format!(
                        "not judged, as its control {} came to {}: {}",
                        control.id,
                        outcome.name(),
                        judgement.summary
                    );
                    let judgement = Judgement::plain(Outcome::ControlRejected, summary);
                    return Ok(Asked::nothing(judgement));
                }
            }
        }
        if let Some(limits) = case.limits {
            self.asker.limit_files(limits.file_size)?;
        }
        let before = measured.then(|| self.asker.peak()).flatten();
        let asked = self.asker.ask(case, control, entry, self.is_bounded(case))?;
        if case.limits.is_some() {
            self.asker.end();
        }
        if let Some((before, after)) = before.zip(self.asker.peak())
            && !asked.own.is_failure()
            && let Some(what) = memory::beyond(before, after, file_len(case, control))
        {
            return Ok(Asked::nothing(Judgement::plain(Outcome::OverBudget, what)));
        }
        if turn.number > 1 {
            return Ok(asked);
        }
        let judgement = self.recipe(case, entry, asked.judgement)?;
        Ok(Asked { judgement, ..asked })
    }

    /// The worst of what a case and the questions of its recipe came to; the first failure ends it.
    fn recipe(
        &mut self,
        case: &Case,
        entry: Option<&str>,
        mut worst: Judgement,
    ) -> Result<Judgement, RunError> {
        let Some(recipe) = &case.recipe else { return Ok(worst) };
        for part in recipe::parts(case) {
            if worst.outcome.is_failure() || self.settings.stop.is_told() {
                break;
            }
            let part = part.map_err(|problem| SuiteError::new(&case.id, problem))?;
            let judgement =
                self.asker.ask(&part.case, None, entry, self.is_bounded(case))?.judgement;
            if judgement.outcome > worst.outcome {
                let summary = format!("{}: {}", part.in_words(recipe.name), judgement.summary);
                worst = Judgement { summary, ..judgement };
            }
        }
        Ok(worst)
    }

    /// The control's judgement; asked once for every start of the subject.
    fn control(&mut self, control: &Case, entry: Option<&str>) -> Result<Judgement, RunError> {
        let key = (control.id.clone(), entry.map(str::to_owned));
        if self.controls.get(&key) == Some(&self.asker.generation()) {
            return Ok(Judgement::plain(Outcome::Pass, ""));
        }
        let judgement = self.asker.ask(control, None, entry, self.is_bounded(control))?.judgement;
        if matches!(judgement.outcome, Outcome::Pass | Outcome::PassAlternate) {
            self.controls.insert(key, self.asker.generation());
        }
        Ok(judgement)
    }
}

/// Whether a process is started for a case alone: that it is gone behind it says nothing.
fn case_is_asked_fresh(case: &Case) -> bool {
    case.measured || case.limits.is_some()
}

/// The length of a case's file.
fn file_len(case: &Case, control: Option<&Case>) -> u64 {
    let bytes = file_bytes(&case.question, control.map(|control| &control.question));
    bytes.ok().flatten().map_or(0, |bytes| bytes.len() as u64)
}
