//! A batch of questions, and what one process answers to it.

use std::sync::Arc;

use super::Settings;
use crate::fuzz::generate::Generator;
use crate::run::ask::{Asked as Answered, Asker};
use crate::run::repeat::in_words;
use crate::run::{EntryRecord, Record, RunError};
use crate::subject::Hello;
use crate::suite::answer::Given;
use crate::suite::case::Case;
use crate::suite::judge::{Judgement, Outcome, difference};

/// Questions of a batch, those that are asked again among them.
pub const BATCH: u64 = 32;

/// Questions of a batch that are asked again at its end.
const AGAIN: u64 = 2;

/// One question in this many is asked through every entry.
const THROUGH_ALL: u64 = 8;

/// Questions that one process is asked in their order.
pub(super) struct Batch {
    pub number: u64,
    questions: Vec<Drawn>,
}

/// A question, and how it is asked.
struct Drawn {
    number: u64,
    case: Arc<Case>,
    /// Which entry is asked, modulo their number.
    entry: u64,
    /// Whether all are.
    through_all: bool,
    /// The question of the batch that this one is once more.
    again: Option<usize>,
}

/// What one question came to.
pub(super) struct Asked {
    pub case: Arc<Case>,
    pub outcome: Outcome,
    /// Whether it was answered, not refused.
    pub answered: bool,
    pub failure: Option<Box<Failure>>,
}

/// A question that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its number in the campaign.
    pub number: u64,
    /// The question, and what may be answered.
    pub case: Arc<Case>,
    /// The entry that failed it.
    pub entry: Option<String>,
    /// What it came to.
    pub record: Record,
    /// Questions that were asked to make it small; `None` where that was not tried, or it did not fail again.
    pub steps: Option<usize>,
}

impl Batch {
    /// The batch of a number.
    pub fn new(generator: &Generator, number: u64) -> Self {
        let fresh = BATCH - AGAIN;
        let mut questions: Vec<Drawn> = (0..fresh)
            .map(|at| {
                let number = number * fresh + at;
                let case = Arc::new(generator.case(number));
                // Other dice than those of the question.
                let mut dice = generator.dice(number ^ 1 << 63);
                let (entry, through_all) = (dice.next_u64(), dice.below(THROUGH_ALL) == 0);
                Drawn { number, case, entry, through_all, again: None }
            })
            .collect();
        let mut dice = generator.dice(number ^ 1 << 62);
        for _ in 0..AGAIN {
            let at = dice.below(fresh) as usize;
            let Drawn { number, case, entry, .. } = &questions[at];
            let (number, case, entry) = (*number, case.clone(), *entry);
            questions.push(Drawn { number, case, entry, through_all: false, again: Some(at) });
        }
        Self { number, questions }
    }
}

/// Asks a batch.
pub(super) fn ask(
    asker: &mut Asker<'_>,
    batch: Batch,
    hello: &Hello,
    settings: &Settings<'_>,
) -> Result<Vec<Asked>, RunError> {
    let entries = |drawn: &Drawn| hello.entries(drawn.case.question.operation());
    let through: Vec<Vec<Option<String>>> = batch
        .questions
        .iter()
        .map(|drawn| {
            let mut entries = entries(drawn);
            // The chosen one first, and alone where not all are asked.
            let chosen = (drawn.entry % entries.len() as u64) as usize;
            entries.rotate_left(chosen);
            entries.truncate(if drawn.through_all { entries.len() } else { 1 });
            entries
        })
        .collect();
    let all: Vec<(&Case, Option<&str>)> = batch
        .questions
        .iter()
        .zip(&through)
        .flat_map(|(drawn, entries)| {
            entries.iter().map(|entry| (drawn.case.as_ref(), entry.as_deref()))
        })
        .collect();
    let bounded = |case: &Case| settings.profile.is_bounded(case.question.format());
    let mut answers = asker.ask_all(&all, bounded)?.into_iter();

    let mut asked = Vec::with_capacity(batch.questions.len());
    // What each question came to first, through its chosen entry.
    let mut first: Vec<(Outcome, Option<Given>)> = Vec::with_capacity(batch.questions.len());
    for (drawn, entries) in batch.questions.iter().zip(through) {
        let mut answered: Vec<Answered> = answers.by_ref().take(entries.len()).collect();
        let Some(chosen) = answered.first_mut() else { break };
        first.push((chosen.own, chosen.given.clone()));
        if let Some(before) = drawn.again.and_then(|at| first.get(at)) {
            compare(&drawn.case, before, chosen);
        }
        asked.push(judged(drawn, entries, answered, settings.stop.is_told()));
    }
    Ok(asked)
}

/// What the answers through each entry come to together, in a campaign that goes on or was stopped.
fn judged(
    drawn: &Drawn,
    entries: Vec<Option<String>>,
    answered: Vec<Answered>,
    stopped: bool,
) -> Asked {
    let (mut records, mut answers) = (Vec::new(), Vec::new());
    for (entry, answer) in entries.into_iter().zip(answered) {
        records.push(EntryRecord { entry, judgement: answer.judgement });
        answers.push(answer.given);
    }
    disagree(&mut records, &answers);
    let record = Record::new(&drawn.case, records);
    // That an operation cannot be asked is no fault of what it answers. And whoever stops a campaign waits for no
    // answer: that none came says nothing.
    let fails = match record.outcome {
        Outcome::Unsupported => false,
        Outcome::Timeout => !stopped,
        outcome => outcome.is_failure(),
    };
    let failure = fails.then(|| {
        let entry = record.decisive().next().and_then(|entry| entry.entry.clone());
        let (number, case) = (drawn.number, drawn.case.clone());
        Box::new(Failure { number, case, entry, record: record.clone(), steps: None })
    });
    let answered = answers.iter().any(|given| matches!(given, Some(Ok(_))));
    Asked { case: drawn.case.clone(), outcome: record.outcome, answered, failure }
}

/// Asks one question through an entry.
pub(super) fn ask_one(
    asker: &mut Asker<'_>,
    case: &Case,
    entry: Option<&str>,
    settings: &Settings<'_>,
) -> Result<Answered, RunError> {
    let bounded = settings.profile.is_bounded(case.question.format());
    asker.ask(case, None, entry, bounded)
}

/// Compares a later answer to a question with the first one.
pub(super) fn compare(
    case: &Case,
    (first, given): &(Outcome, Option<Given>),
    later: &mut Answered,
) {
    let rows = match (given, &later.given) {
        (Some(first), Some(later)) => difference(case.question.format(), first, later),
        _ => None,
    };
    if later.own == *first && rows.is_none() || later.judgement.outcome.is_failure() {
        return;
    }
    let summary = format!(
        "first answer: {}; later answer to the same question: {}",
        in_words(*first, &Judgement::plain(*first, ""), given.as_ref()),
        in_words(later.own, &later.judgement, later.given.as_ref()),
    );
    let rows = rows.unwrap_or_default();
    later.judgement = Judgement { rows, ..Judgement::plain(Outcome::Inconsistent, summary) };
}

/// Marks entries that answer in another lawful way than the first one: one behaviour, or a refusal.
fn disagree(records: &mut [EntryRecord], answers: &[Option<Given>]) {
    let way = |record: &EntryRecord, given: &Option<Given>| {
        (record.judgement.behaviour.clone(), matches!(given, Some(Err(_))))
    };
    let asked = |record: &EntryRecord| record.judgement.outcome != Outcome::Unsupported;
    let mut answered = (0..records.len()).filter(|&at| asked(&records[at]));
    let Some(first) = answered.next() else { return };
    if records.iter().any(|record| record.judgement.outcome.is_failure() && asked(record)) {
        return;
    }
    let (name, ways) = (records[first].entry.clone(), way(&records[first], &answers[first]));
    let others: Vec<usize> =
        answered.filter(|&at| way(&records[at], &answers[at]) != ways).collect();
    for at in others {
        let summary = format!(
            "through {}: {}; through {}: {}",
            name.as_deref().unwrap_or("the only entry"),
            if ways.1 { "refused" } else { "accepted" },
            records[at].entry.as_deref().unwrap_or("the only entry"),
            in_words(records[at].judgement.outcome, &records[at].judgement, answers[at].as_ref()),
        );
        records[at].judgement = Judgement::plain(Outcome::Inconsistent, summary);
    }
}
