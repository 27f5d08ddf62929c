//! Two passes side by side: what fails that did not, and what no longer does.
//!
//! A case is asked in a pass, or it is not: left out by a filter, outside the profile, or not in its
//! suite. One that is asked in both changes by failing or by passing; one that is asked in the later
//! only is new, and one in the earlier only is gone.
//!
//! A regression is a case of tier must that passed and fails now, or that passed and is not asked
//! any more although nothing but the subject, its profile or a filter can have left it out. So is one that
//! fails in both passes, and in the later one worse: from unsupported to a wrong answer, from that to none.

use std::collections::HashMap;
use std::fmt::Write;

use super::log::Log;
use super::text::{BAD, Cell, GOOD, counted, plain, style_of, styled, table, without_paths};
use super::{clauses, failure};
use crate::run::Record;
use crate::suite::case::Tier;
use crate::suite::judge::Outcome;

/// How two passes differ.
#[derive(Debug)]
pub struct Diff<'a> {
    earlier: &'a Log,
    later: &'a Log,
    /// Passed, and fails now.
    pub newly_failing: Vec<&'a Record>,
    /// Failed, and passes now.
    pub newly_passing: Vec<&'a Record>,
    /// Asked in the later pass only.
    pub new: Vec<&'a Record>,
    /// Asked in the earlier pass only.
    pub gone: Vec<&'a Record>,
    /// Fail in both, and not by the same: each with what it came to before.
    pub changed: Vec<(Outcome, &'a Record)>,
    /// How many fail in both.
    pub still_failing: usize,
}

/// How bad an outcome is beside others. To say that a question is not supported is better than a wrong answer, and
/// that is better than none.
fn badness(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::NotInProfile | Outcome::Pass | Outcome::PassAlternate | Outcome::WrongClass => 0,
        Outcome::Unsupported => 1,
        Outcome::Fail | Outcome::ControlRejected | Outcome::Inconsistent => 2,
        Outcome::Timeout | Outcome::Crash | Outcome::ProtocolError | Outcome::OverBudget => 3,
    }
}

/// The cases of a log that were asked, by id.
fn asked(log: &Log) -> HashMap<&str, &Record> {
    let asked = log.records.iter().filter(|record| record.outcome != Outcome::NotInProfile);
    asked.map(|record| (record.id.as_str(), record)).collect()
}

impl<'a> Diff<'a> {
    /// How `later` differs from `earlier`, each group in the order of its log.
    pub fn new(earlier: &'a Log, later: &'a Log) -> Self {
        let (before, now) = (asked(earlier), asked(later));
        let mut diff = Self {
            earlier,
            later,
            newly_failing: Vec::new(),
            newly_passing: Vec::new(),
            new: Vec::new(),
            gone: Vec::new(),
            changed: Vec::new(),
            still_failing: 0,
        };
        for record in later.records.iter().filter(|record| now.contains_key(record.id.as_str())) {
            let before = before.get(record.id.as_str()).map(|before| before.outcome);
            match (before.map(|before| (before, before.is_failure())), record.outcome.is_failure())
            {
                (None, _) => diff.new.push(record),
                (Some((_, false)), true) => diff.newly_failing.push(record),
                (Some((_, true)), false) => diff.newly_passing.push(record),
                (Some((before, true)), true) => {
                    diff.still_failing += 1;
                    if before != record.outcome {
                        diff.changed.push((before, record));
                    }
                }
                (Some((_, false)), false) => {}
            }
        }
        let gone = |record: &&Record| {
            let id = record.id.as_str();
            before.contains_key(id) && !now.contains_key(id)
        };
        diff.gone = earlier.records.iter().filter(gone).collect();
        diff
    }

    /// Whether something that must hold has held, and is not seen to any more.
    pub fn has_regressions(&self) -> bool {
        let must = |record: &&Record| record.tier == Tier::Must;
        let worse = |(before, record): &(Outcome, &Record)| {
            record.tier == Tier::Must && badness(record.outcome) > badness(*before)
        };
        self.newly_failing.iter().any(must)
            || self.changed.iter().any(worse)
            || self.gone.iter().any(|record| self.is_lost(record))
    }

    /// Whether a case that is gone passed, and is still one of the later pass's suite.
    fn is_lost(&self, record: &Record) -> bool {
        let same_suite = self.earlier.header.hash == self.later.header.hash;
        let still_there = || self.later.records.iter().any(|later| later.id == record.id);
        record.tier == Tier::Must && !record.outcome.is_failure() && (same_suite || still_there())
    }
}

/// The differences, group by group, and in one line.
pub fn report(diff: &Diff) -> String {
    let mut text = table(0, &[side("A", diff.earlier), side("B", diff.later)]);
    if diff.earlier.header.hash != diff.later.header.hash {
        text.push_str("\nthe suites differ: a case can be new or gone by that alone\n");
    }
    let groups = [
        ("newly failing", &diff.newly_failing),
        ("newly passing", &diff.newly_passing),
        ("new", &diff.new),
        ("gone", &diff.gone),
    ];
    for (name, records) in groups {
        if !records.is_empty() {
            write!(text, "\n{name}\n{}", table(2, &lines(diff, name, records))).ok();
        }
    }
    if !diff.changed.is_empty() {
        let line = |(before, record): &(Outcome, &Record)| {
            let mut cells = line(diff, "changed", record);
            let change = if badness(record.outcome) > badness(*before) { "worse" } else { "" };
            cells.splice(
                0..1,
                [
                    Cell::left(before.name()).styled(style_of(*before)),
                    Cell::left("->"),
                    cells[0].clone(),
                    Cell::left(change).styled(BAD),
                ],
            );
            cells
        };
        let lines: Vec<_> = diff.changed.iter().map(line).collect();
        write!(text, "\nfailing in both, by another outcome\n{}", table(2, &lines)).ok();
    }
    let counts = groups.map(|(name, records)| format!("{} {name}", records.len())).join(", ");
    let verdict = match diff.has_regressions() {
        true => styled("regressions", BAD),
        false => styled("no regression", GOOD),
    };
    let changed = match diff.changed.len() {
        0 => String::new(),
        count => format!(" ({count} by another outcome)"),
    };
    writeln!(text, "\n{counts}, {} failing in both{changed} · {verdict}", diff.still_failing).ok();
    text
}

/// One pass in a line.
fn side(name: &str, log: &Log) -> Vec<Cell> {
    let header = &log.header;
    let subject =
        format!("{} {}", plain(&header.subject.name, 60), plain(&header.subject.version, 60));
    let suite = format!("suite {} ({})", plain(&header.suite, 40), plain(&header.hash, 40));
    let failed = log.footer.totals.failed;
    let times = match log.header.repeat {
        1 => String::new(),
        repeat => format!(", {repeat} times each"),
    };
    vec![
        Cell::left(name),
        Cell::left(subject),
        Cell::left(format!("profile {}", header.profile)),
        Cell::left(suite),
        Cell::left(counted(log.header.cases, "case") + &times + &format!(", {failed} failed")),
        Cell::left(plain(&log.file, 200)),
    ]
}

fn lines(diff: &Diff, group: &str, records: &[&Record]) -> Vec<Vec<Cell>> {
    records.iter().map(|record| line(diff, group, record)).collect()
}

fn line(diff: &Diff, group: &str, record: &Record) -> Vec<Cell> {
    let said = record.decisive().next().map(|entry| failure::seen(&entry.judgement));
    let mut outcome = record.outcome.name().to_owned();
    if record.tier != Tier::Must {
        write!(outcome, " ({})", failure::tier(record.tier)).ok();
    }
    let note = match group {
        "gone" if diff.is_lost(record) => "passed, and is not asked any more".to_owned(),
        _ => plain(&without_paths(&said.unwrap_or_default()), 100),
    };
    vec![
        Cell::left(outcome).styled(style_of(record.outcome)),
        Cell::left(&record.id),
        Cell::left(clauses::heading(&record.clause)),
        Cell::left(note),
    ]
}
