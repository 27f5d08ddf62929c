//! Several passes as one page of HTML: what each subject does wrong, clauses of SPEC.md by subjects, how
//! near to their bounds answers came, what the suite itself catches, and each failing case with its
//! bytes.
//!
//! The page is one file without scripts, and everything in it that comes from a log is escaped by
//! the writer (`markup`), which knows no other way to put text in.

mod bugs;
mod cells;
mod failures;
mod kills;
mod margins;
mod markup;
mod style;

use std::collections::{BTreeMap, BTreeSet};

use bugs::Bug;
use markup::Markup;

use super::clauses;
use super::log::Log;
use super::summary::Verdict;
use super::text::{counted, plain};
use crate::run::Record;
use crate::run::selftest::KillMatrix;
use crate::suite::Suite;

/// Characters of a word or a value.
const WORD: usize = 200;

/// Characters of a sentence.
const SENTENCE: usize = 600;

/// What the page shows.
pub struct Page<'a> {
    /// The suite that was asked.
    pub suite: &'a Suite,
    /// The passes, all over that suite.
    pub logs: &'a [Log],
    /// What the suite catches of the planted faults, where that was asked.
    pub kills: Option<&'a KillMatrix>,
}

/// The clauses that the logs ask about: those of SPEC.md in its order, then others.
pub fn asked_clauses(logs: &[Log]) -> Vec<&str> {
    let order: BTreeMap<&str, usize> = clauses::all().zip(0..).collect();
    let records = logs.iter().flat_map(|log| &log.records);
    let mut asked: Vec<&str> = records.map(|record| record.clause.as_str()).collect();
    asked.sort_by_key(|clause| (order.get(clause).copied().unwrap_or(usize::MAX), *clause));
    asked.dedup();
    asked
}

impl Page<'_> {
    /// The page.
    pub fn html(&self) -> String {
        let clauses = asked_clauses(self.logs);
        let names = names(self.logs);
        let bugs: Vec<_> = self.logs.iter().map(|log| bugs::of(&log.records)).collect();
        let margins = margins::largest(self.logs, &clauses);
        let mut page = Markup::document("q4proof: subjects by clauses", style::SHEET);
        page.element("h1", &[], "q4proof: subjects by clauses");
        let suite = format!(
            "suite {} ({}), {}, {}",
            self.suite.version,
            self.suite.hash,
            counted(clauses.len(), "clause"),
            counted(self.logs.len(), "subject")
        );
        page.element("p", &[], &suite);
        self.contents(&mut page);
        self.subjects(&mut page, &names, &bugs);
        bugs::section(&mut page, &names, &bugs, self.kills);
        cells::section(&mut page, self.logs, &names, &clauses);
        margins::section(&mut page, &names, &margins);
        if let Some(kills) = self.kills {
            kills::section(&mut page, kills);
        }
        for (index, log) in self.logs.iter().enumerate() {
            let linked = bugs[index].iter().map(|bug| bug.first());
            let near = margins.iter().filter(|margin| margin.subject == index);
            let linked: BTreeSet<&str> = linked
                .chain(near.map(|margin| margin.record))
                .map(|record| record.id.as_str())
                .collect();
            page.element("h2", &[("id", &anchor(index))], &names[index]);
            failures::section(&mut page, self.suite, log, index, &clauses, &linked);
        }
        page.end()
    }

    fn contents(&self, page: &mut Markup) {
        let mut places = vec![
            ("subjects", "Subjects"),
            ("bugs", "What each does wrong"),
            ("clauses", "Clauses"),
            ("bounds", "Bounds"),
        ];
        if self.kills.is_some() {
            places.push(("faults", "What the suite catches"));
        }
        page.open("nav", &[]);
        for (anchor, name) in places {
            page.link(anchor, name);
            page.text(" ");
        }
        page.close();
    }

    /// Who was asked, and what all came to.
    fn subjects(&self, page: &mut Markup, names: &[String], bugs: &[Vec<Bug>]) {
        page.element("h2", &[("id", "subjects")], "Subjects");
        let headings = [
            "subject",
            "verdict",
            "passed",
            "failed",
            "failed of tier should",
            "not in profile",
            "profile",
        ];
        page.table("subjects", &headings, |page| {
            for (index, log) in self.logs.iter().enumerate() {
                let totals = &log.footer.totals;
                page.open("tr", &[]);
                page.open("th", &[("scope", "row")]);
                let place = if bugs[index].is_empty() { anchor(index) } else { of_bugs(index) };
                page.link(&place, &names[index]);
                page.close();
                let verdict = Verdict::of(totals);
                let class = if verdict.is_good() { "good" } else { "bad" };
                page.element("td", &[("class", class)], verdict.name());
                for number in [totals.passed, totals.failed, totals.advisory, totals.not_in_profile]
                {
                    page.element("td", &[("class", "number")], &number.to_string());
                }
                page.element("td", &[("class", "word")], &log.header.profile.to_string());
                page.close();
            }
        });
    }
}

/// The subjects' names and versions, and how they were asked where two are of one name.
fn names(logs: &[Log]) -> Vec<String> {
    let name = |log: &Log| {
        let hello = &log.header.subject;
        format!("{} {}", plain(&hello.name, WORD), plain(&hello.version, WORD))
    };
    let names: Vec<String> = logs.iter().map(name).collect();
    let asked = logs.iter().map(|log| plain(&log.header.asked, WORD));
    names
        .iter()
        .zip(asked)
        .map(|(name, asked)| match names.iter().filter(|other| *other == name).count() {
            1 => name.clone(),
            _ => format!("{name} ({asked})"),
        })
        .collect()
}

/// Where a subject stands.
fn anchor(index: usize) -> String {
    format!("s{}", index + 1)
}

/// Where it says what a subject does wrong.
fn of_bugs(index: usize) -> String {
    format!("{}-bugs", anchor(index))
}

/// Where the failing cases of a clause and a subject stand.
fn of_clause(index: usize, clause: &str) -> String {
    format!("{}-{clause}", anchor(index))
}

/// Where a failing case of a subject stands.
fn of_case(index: usize, record: &Record) -> String {
    format!("{}-{}", anchor(index), record.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::EntryRecord;
    use crate::suite::case::Tier;
    use crate::suite::judge::{Judgement, Outcome};
    use crate::suite::operation::{FormatId, Operation, Verb};

    /// A case that came to this outcome, with a share for each entry.
    pub fn record(id: &str, outcome: Outcome, shares: &[Option<f64>]) -> Record {
        let entry = |&share: &Option<f64>| EntryRecord {
            entry: None,
            judgement: Judgement { share, ..Judgement::plain(outcome, "") },
        };
        Record {
            id: id.into(),
            clause: "ENC-A1".into(),
            class: None,
            tier: Tier::Must,
            operation: Operation::new(Verb::Encode, FormatId::KHQ4),
            outcome,
            entries: shares.iter().map(entry).collect(),
        }
    }
}
