//! What a subject does wrong, by the classes of real bugs that its failing cases guard against: how many
//! cases show each, and the first, with its bytes.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::markup::Markup;
use super::{anchor, kills, of_bugs, of_case, of_clause};
use crate::report::classes;
use crate::report::text::counted;
use crate::run::Record;
use crate::run::selftest::KillMatrix;
use crate::suite::judge::Outcome;

/// The failing cases of one subject that guard against one class.
pub struct Bug<'a> {
    /// The class, where the cases have one.
    class: Option<u8>,
    /// The cases, of which there is one at least.
    records: Vec<&'a Record>,
}

impl Bug<'_> {
    /// The case to look at first: one that binds, was answered, and shows the least.
    pub fn first(&self) -> &Record {
        let rows =
            |record: &Record| record.decisive().map(|entry| entry.judgement.rows.len()).max();
        let order =
            |record: &&&Record| (record.tier, record.outcome != Outcome::Fail, rows(record));
        self.records.iter().min_by_key(order).expect("a bug has a case")
    }

    /// How many of the cases keep the subject from conforming.
    fn binding(&self) -> usize {
        self.records.iter().filter(|record| record.is_failure()).count()
    }

    fn heading(&self) -> String {
        self.class.map_or_else(|| "of no class".to_owned(), classes::heading)
    }

    /// How many cases, and what they came to where that is not simply a failure.
    fn count(&self) -> String {
        let mut counts: BTreeMap<Outcome, usize> = BTreeMap::new();
        for record in &self.records {
            *counts.entry(record.outcome).or_default() += 1;
        }
        let others = counts.iter().filter(|(outcome, _)| **outcome != Outcome::Fail);
        let others: Vec<String> =
            others.map(|(outcome, count)| format!("{count} {}", outcome.name())).collect();
        let asterisk = if self.binding() == 0 { "*" } else { "" };
        let total = format!("{}{asterisk}", self.records.len());
        if others.is_empty() { total } else { format!("{total} ({})", others.join(", ")) }
    }
}

/// What a subject does wrong: what keeps it from conforming first, and there that of the most cases.
pub fn of(records: &[Record]) -> Vec<Bug<'_>> {
    let mut by_class: BTreeMap<Option<u8>, Vec<&Record>> = BTreeMap::new();
    for record in records.iter().filter(|record| record.outcome.is_failure()) {
        by_class.entry(record.class).or_default().push(record);
    }
    let mut bugs: Vec<Bug> =
        by_class.into_iter().map(|(class, records)| Bug { class, records }).collect();
    bugs.sort_by_key(|bug| Reverse((bug.binding(), bug.records.len())));
    bugs
}

/// A table for each subject that does something wrong.
pub fn section(
    page: &mut Markup,
    names: &[String],
    bugs: &[Vec<Bug>],
    kill_matrix: Option<&KillMatrix>,
) {
    page.element("h2", &[("id", "bugs")], "What each does wrong");
    let words = "The classes of real bugs that the failing cases guard against. The first case of each \
                 leads to what was expected and what was got, and to the bytes that were asked. An \
                 asterisk: all are of tier should or informative, which changes no verdict.";
    page.element("p", &[], words);
    let sound = names.iter().zip(bugs).filter(|(_, bugs)| bugs.is_empty());
    let sound: Vec<&str> = sound.map(|(name, _)| name.as_str()).collect();
    if !sound.is_empty() {
        let words = format!("No case failed of {}.", sound.join(", "));
        page.element("p", &[("class", "good")], &words);
    }
    for (index, (name, bugs)) in names.iter().zip(bugs).enumerate() {
        if bugs.is_empty() {
            continue;
        }
        page.open("h3", &[("id", &of_bugs(index))]);
        page.link(&anchor(index), name);
        page.close();
        let failed = bugs.iter().map(|bug| bug.records.len()).sum();
        let classes = if bugs.len() == 1 { "1 class" } else { &format!("{} classes", bugs.len()) };
        let summary = format!("{} failed, of {classes}", counted(failed, "case"));
        page.element("p", &[], &summary);
        page.table("bugs", &["class of bugs", "cases", "first", "clauses"], |page| {
            for bug in bugs {
                row(page, index, bug, kill_matrix);
            }
        });
    }
}

fn row(page: &mut Markup, index: usize, bug: &Bug, kill_matrix: Option<&KillMatrix>) {
    page.open("tr", &[]);
    page.open("th", &[("scope", "row")]);
    match bug.class {
        Some(class) if kill_matrix.is_some_and(|matrix| kills::has(matrix, class)) => {
            page.link(&kills::of_class(class), &bug.heading());
        }
        _ => page.text(&bug.heading()),
    }
    page.close();
    page.element("td", &[("class", "number")], &bug.count());
    page.open("td", &[]);
    page.open("a", &[("href", &format!("#{}", of_case(index, bug.first())))]);
    page.element("code", &[], &bug.first().id);
    page.close();
    page.close();
    page.open("td", &[]);
    let mut clauses: Vec<&str> = bug.records.iter().map(|record| record.clause.as_str()).collect();
    clauses.sort_unstable();
    clauses.dedup();
    for clause in clauses {
        page.link(&of_clause(index, clause), clause);
        page.text(" ");
    }
    page.close();
    page.close();
}

#[cfg(test)]
mod tests {
    use super::super::tests::record;
    use super::*;
    use crate::suite::case::Tier;
    use crate::suite::judge::Outcome::{Crash, Fail, Pass, Timeout, WrongClass};

    #[test]
    fn what_binds_comes_first_and_there_what_most_cases_show() {
        let of_class = |class: u8, tier: Tier, outcome: Outcome| Record {
            class: Some(class),
            tier,
            ..record(&format!("load/{class}-{}", outcome.name()), outcome, &[None])
        };
        let records = [
            of_class(5, Tier::Must, Pass),
            of_class(6, Tier::Must, WrongClass),
            of_class(7, Tier::Should, Fail),
            of_class(7, Tier::Should, Timeout),
            of_class(8, Tier::Must, Crash),
            of_class(9, Tier::Must, Timeout),
            of_class(9, Tier::Must, Fail),
            of_class(9, Tier::Should, Fail),
        ];
        let bugs = of(&records);
        let shown: Vec<_> =
            bugs.iter().map(|bug| (bug.class, bug.count(), bug.first().id.as_str())).collect();
        let expected = [
            (Some(9), "3 (1 timeout)".to_owned(), "load/9-fail"),
            (Some(8), "1 (1 crash)".to_owned(), "load/8-crash"),
            (Some(7), "2* (1 timeout)".to_owned(), "load/7-fail"),
        ];
        assert_eq!(shown, expected);
    }
}
