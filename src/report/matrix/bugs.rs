//! What a subject does wrong: the causes of its failures, each with its clause, how many cases show it, the first of
//! them with its bytes, and the classes of bugs that the cases guard against.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::markup::Markup;
use super::{WORD, anchor, kills, of_bugs, of_case, of_clause};
use crate::report::cause::{self, Group};
use crate::report::failure::tier;
use crate::report::text::{counted, plain};
use crate::report::{classes, failure};
use crate::run::Record;
use crate::run::selftest::KillMatrix;
use crate::suite::case::Tier;
use crate::suite::judge::Outcome;

/// The failing cases of one subject that have one cause.
pub struct Bug<'a> {
    group: Group<'a>,
}

impl<'a> Bug<'a> {
    /// The case to look at first: one that was answered, and shows the least.
    pub fn first(&self) -> &'a Record {
        let rows =
            |record: &Record| record.decisive().map(|entry| entry.judgement.rows.len()).max();
        let order = |record: &&&Record| (record.outcome != Outcome::Fail, rows(record));
        self.group.records.iter().min_by_key(order).expect("a group has a case")
    }

    /// The cause in words.
    fn heading(&self) -> String {
        let words = plain(&self.group.words(), WORD);
        match self.group.cause.tier {
            Tier::Must => words,
            other => format!("{words} (tier {})", tier(other)),
        }
    }

    /// The clauses of its cases.
    fn clauses(&self) -> BTreeSet<&'a str> {
        self.group.records.iter().map(|record| record.clause.as_str()).collect()
    }

    /// The classes of bugs that its cases guard against, where what was seen can be of them.
    fn classes(&self) -> BTreeSet<u8> {
        let of_it = |record: &&&Record| failure::guards_against(record).is_some();
        self.group.records.iter().filter(of_it).filter_map(|record| record.class).collect()
    }
}

/// What a subject does wrong: what keeps it from conforming first, and there what most cases show.
pub fn of(records: &[Record]) -> Vec<Bug<'_>> {
    let failing = records.iter().filter(|record| record.outcome.is_failure());
    let mut bugs: Vec<Bug> =
        cause::groups(failing).into_iter().map(|group| Bug { group }).collect();
    bugs.sort_by_key(|bug| (bug.group.cause.tier, Reverse(bug.group.records.len())));
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
    let words = "The causes of the failures: cases of one clause in which the same differs. The first case of \
                 each leads to what was expected and what was got, and to the bytes that were asked. Last are \
                 the classes of real bugs that the cases guard against: what was seen may be another bug. \
                 Failures of tier should or informative change no verdict.";
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
        let failed = bugs.iter().map(|bug| bug.group.records.len()).sum();
        let summary =
            format!("{}, {}", counted(failed, "failing case"), counted(bugs.len(), "cause"));
        page.element("p", &[], &summary);
        let headings = ["what differs", "clauses", "cases", "first", "the cases guard against"];
        page.table("bugs", &headings, |page| {
            for bug in bugs {
                row(page, index, bug, kill_matrix);
            }
        });
    }
}

fn row(page: &mut Markup, index: usize, bug: &Bug, kill_matrix: Option<&KillMatrix>) {
    page.open("tr", &[]);
    page.element("th", &[("scope", "row")], &bug.heading());
    page.open("td", &[]);
    for clause in bug.clauses() {
        page.link(&of_clause(index, clause), clause);
        page.text(" ");
    }
    page.close();
    page.element("td", &[("class", "number")], &bug.group.records.len().to_string());
    page.open("td", &[]);
    page.open("a", &[("href", &format!("#{}", of_case(index, bug.first())))]);
    page.element("code", &[], &bug.first().id);
    page.close();
    page.close();
    page.open("td", &[]);
    for class in bug.classes() {
        if kill_matrix.is_some_and(|matrix| kills::has(matrix, class)) {
            page.link(&kills::of_class(class), &classes::heading(class));
        } else {
            page.text(&classes::heading(class));
        }
        page.text(" ");
    }
    page.close();
    page.close();
}

#[cfg(test)]
mod tests {
    use super::super::tests::record;
    use super::*;
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
            of_class(8, Tier::Must, Fail),
            of_class(9, Tier::Should, Fail),
        ];
        let bugs = of(&records);
        let shown: Vec<_> = bugs
            .iter()
            .map(|bug| {
                (bug.heading(), bug.group.records.len(), bug.classes(), bug.first().id.as_str())
            })
            .collect();
        let bug = |heading: &str, classes: &[u8], count, first: &'static str| {
            (heading.to_owned(), count, classes.iter().copied().collect::<BTreeSet<u8>>(), first)
        };
        let expected = [
            // Two classes, and for all that can be seen one cause.
            bug("", &[8, 9], 2, "load/9-fail"),
            bug("crash: ", &[8], 1, "load/8-crash"),
            bug("timeout", &[9], 1, "load/9-timeout"),
            bug(" (tier should)", &[7, 9], 2, "load/7-fail"),
            bug("timeout (tier should)", &[7], 1, "load/7-timeout"),
        ];
        assert_eq!(shown, expected);
    }
}
