//! Cases that are asked more than once (`check --repeat`). The turns of all cases are shuffled together, so that
//! a case is asked behind other cases each time. A codec that keeps state, or has a race, gives itself away by an
//! answer that is not its first one.

use std::collections::HashMap;

use super::ask::Asked;
use super::record::{EntryRecord, Record};
use crate::suite::answer::Given;
use crate::suite::case::Case;
use crate::suite::judge::{Judgement, Outcome, described, difference};
use crate::suite::random::SplitMix64;

/// The seed of the order where cases are repeated and no seed is named.
pub const SEED: u64 = 1;

/// One asking of a case.
#[derive(Clone, Copy)]
pub(super) struct Turn<'a> {
    pub case: &'a Case,
    /// Counted from 1, in the order of the pass.
    pub number: usize,
}

/// What a case came to in one turn.
pub(super) struct Taken {
    /// Each entry, and what it came to.
    pub entries: Vec<(Option<String>, Asked)>,
    /// The case that the same process was asked before it; `None` where it was asked none.
    pub after: Option<String>,
}

/// All turns of a pass, in its order.
pub(super) fn turns<'a>(cases: &[&'a Case], seed: Option<u64>, repeat: usize) -> Vec<Turn<'a>> {
    let mut order: Vec<&Case> = (0..repeat.max(1)).flat_map(|_| cases).copied().collect();
    if let Some(seed) = seed.or((repeat > 1).then_some(SEED)) {
        shuffle(&mut order, seed);
    }
    let mut asked: HashMap<&str, usize> = HashMap::new();
    let turn = |case: &'a Case| {
        let number = asked.entry(&case.id).or_default();
        *number += 1;
        Turn { case, number: *number }
    };
    order.into_iter().map(turn).collect()
}

/// The cases of which some turns are still to come.
pub(super) struct Open {
    repeat: usize,
    cases: HashMap<String, Vec<Compared>>,
}

/// What an entry came to so far.
struct Compared {
    record: EntryRecord,
    /// The outcome of the case's own question in the first turn.
    first: Outcome,
    /// What was given then; not kept where there is one turn only.
    given: Option<Given>,
    /// How many later turns came to something else.
    others: usize,
}

impl Open {
    pub fn new(repeat: usize) -> Self {
        Self { repeat: repeat.max(1), cases: HashMap::new() }
    }

    /// Adds a turn, in the order of the pass. The record of its case, if that was the last one.
    pub fn add(&mut self, turn: Turn, taken: Taken) -> Option<Record> {
        let Turn { case, number } = turn;
        let Taken { entries, after } = taken;
        let mut compared = match self.cases.remove(&case.id) {
            None => entries.into_iter().map(|(entry, asked)| Compared::new(entry, asked)).collect(),
            Some(mut compared) => {
                for (known, (_, asked)) in compared.iter_mut().zip(entries) {
                    known.compare(turn, asked, after.as_deref());
                }
                compared
            }
        };
        if number < self.repeat {
            self.cases.insert(case.id.clone(), compared);
            return None;
        }
        for entry in &mut compared {
            entry.count(self.repeat);
        }
        Some(Record::new(case, compared.into_iter().map(|entry| entry.record).collect()))
    }
}

impl Compared {
    fn new(entry: Option<String>, asked: Asked) -> Self {
        let Asked { judgement, own, given } = asked;
        Self { record: EntryRecord { entry, judgement }, first: own, given, others: 0 }
    }

    /// Compares a later turn with the first one. The first that differs is shown.
    fn compare(&mut self, turn: Turn, asked: Asked, after: Option<&str>) {
        let rows = match (&self.given, &asked.given) {
            (Some(first), Some(later)) => difference(turn.case.question.format(), first, later),
            _ => None,
        };
        if asked.own == self.first && rows.is_none() {
            return;
        }
        self.others += 1;
        if self.others > 1 {
            return;
        }
        let after = after.map(|id| format!(", asked after {id}")).unwrap_or_default();
        let summary = format!(
            "answer 1: {}; answer {}{after}: {}",
            in_words(self.first, &self.record.judgement, self.given.as_ref()),
            turn.number,
            in_words(asked.own, &asked.judgement, asked.given.as_ref()),
        );
        let rows = rows.unwrap_or_default();
        let judgement = Judgement { rows, ..Judgement::plain(Outcome::Inconsistent, summary) };
        self.record.judgement = judgement;
    }

    /// Says how many turns differ, where there are enough for that to tell something.
    fn count(&mut self, repeat: usize) {
        if self.others > 0 && repeat > 2 {
            let (others, later) = (self.others, repeat - 1);
            self.record.judgement.summary +=
                &format!("; {others} of {later} later answers differ from answer 1");
        }
    }
}

/// The outcome, and what was wrong or what was given.
pub(super) fn in_words(outcome: Outcome, judgement: &Judgement, given: Option<&Given>) -> String {
    let said = match given {
        // The judgement can be that of a further question of a recipe.
        _ if judgement.outcome == outcome && !judgement.summary.is_empty() => {
            judgement.summary.clone()
        }
        Some(Ok(answer)) => described(answer),
        Some(Err(refusal)) => {
            let class = refusal.class.map(|class| format!(" ({class})")).unwrap_or_default();
            format!("refused{class}: {}", refusal.message)
        }
        None => return outcome.name().to_owned(),
    };
    format!("{}, {said}", outcome.name())
}

/// Fisher and Yates, driven by splitmix64.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut random = SplitMix64::new(seed);
    for last in (1..items.len()).rev() {
        items.swap(last, random.below(last as u64 + 1) as usize);
    }
}
