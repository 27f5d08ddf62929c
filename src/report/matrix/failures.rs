//! What a subject failed, clause by clause: what each case came to, what was expected and what was got,
//! what was asked byte by byte, and the command that asks it again.

use std::collections::BTreeSet;

use anstream::adapter::strip_str;

use super::markup::Markup;
use super::{SENTENCE, WORD, of_case, of_clause};
use crate::report::failure::{self, tier};
use crate::report::log::Log;
use crate::report::text::{counted, plain, without_paths};
use crate::report::{case, clauses};
use crate::run::{EntryRecord, Record};
use crate::suite::Suite;
use crate::suite::case::Tier;
use crate::suite::judge::Judgement;

/// Rows of a comparison that are shown.
const MOST_ROWS: usize = 12;

/// Cases of a clause that are shown unfolded; those that something leads to are shown in any case.
const MOST_CASES: usize = 4;

/// The failing cases of a subject; `linked` are those that other places of the page lead to.
pub fn section(
    page: &mut Markup,
    suite: &Suite,
    log: &Log,
    index: usize,
    clauses: &[&str],
    linked: &BTreeSet<&str>,
) {
    page.element("p", &[("class", "quiet")], &about(log));
    if !log.records.iter().any(|record| record.outcome.is_failure()) {
        page.element("p", &[("class", "good")], "No case failed.");
    }
    for clause in clauses {
        let failing = |record: &&Record| record.clause == *clause && record.outcome.is_failure();
        let records: Vec<&Record> = log.records.iter().filter(failing).collect();
        if records.is_empty() {
            continue;
        }
        let anchor = of_clause(index, clause);
        page.element("h3", &[("id", &anchor)], &clauses::heading(clause));
        let shown = |(place, record): &(usize, &Record)| {
            *place < MOST_CASES || linked.contains(record.id.as_str())
        };
        let (shown, folded): (Vec<_>, Vec<_>) = records.into_iter().enumerate().partition(shown);
        for (_, record) in shown {
            article(page, suite, log, index, record);
        }
        if !folded.is_empty() {
            let summary = format!("{} more", counted(folded.len(), "case"));
            page.folded(&summary, |page| {
                for (_, record) in folded {
                    article(page, suite, log, index, record);
                }
            });
        }
    }
}

/// How the subject was asked, in a line.
fn about(log: &Log) -> String {
    let header = &log.header;
    let order = header.seed.map_or("of the suite".to_owned(), |seed| format!("seed {seed}"));
    format!(
        "{} · asked as {} · profile {} · order {order} · {} · q4proof {}",
        plain(&header.subject.language, WORD),
        plain(&header.asked, WORD),
        header.profile,
        plain(&header.platform, WORD),
        plain(&header.q4proof, WORD),
    )
}

/// One failing case: what it came to through which entries, expected beside got.
fn article(page: &mut Markup, suite: &Suite, log: &Log, index: usize, record: &Record) {
    page.open("article", &[("id", &of_case(index, record))]);
    page.open("h4", &[]);
    let class = if record.is_failure() { "bad" } else { "fair" };
    page.element("span", &[("class", class)], record.outcome.name());
    page.text(" ");
    page.element("code", &[], &record.id);
    if record.tier != Tier::Must {
        page.text(&format!(" · tier {}", tier(record.tier)));
    }
    page.close();
    let asked = suite.get(&record.id);
    for (names, entry) in alike(record) {
        let through = match names.as_slice() {
            [] => String::new(),
            names => format!("through {}: ", plain(&names.join(", "), WORD)),
        };
        let said = plain(&without_paths(&failure::seen(&entry.judgement)), SENTENCE);
        page.element("p", &[], &format!("{through}{said}"));
        comparison(page, &entry.judgement);
    }
    if let Some(case) = asked {
        let class = failure::guards_against(record);
        let class = class.map(|class| format!("; it guards against {class}")).unwrap_or_default();
        page.element("p", &[("class", "quiet")], &format!("the case: {}{class}", case.note));
    }
    if let Some(case) = asked {
        page.folded("what was asked", |page| {
            let question = case::question(case, suite.control(case));
            page.element("pre", &[], &strip_str(&question).to_string());
            let again = plain(&log.header.again.repro(&record.id), SENTENCE);
            page.element("pre", &[], &again);
        });
    }
    page.close();
}

/// The entries that came to the record's outcome, those that show the same in one.
fn alike(record: &Record) -> Vec<(Vec<&str>, &EntryRecord)> {
    let mut groups: Vec<(Vec<&str>, &EntryRecord)> = Vec::new();
    for entry in record.decisive() {
        let shows = failure::comparable(&entry.judgement);
        let known = |(_, first): &&mut (Vec<&str>, &EntryRecord)| {
            failure::comparable(&first.judgement) == shows
        };
        match groups.iter_mut().find(known) {
            Some((names, _)) => names.extend(entry.entry.as_deref()),
            None => groups.push((entry.entry.as_deref().into_iter().collect(), entry)),
        }
    }
    groups
}

fn comparison(page: &mut Markup, judgement: &Judgement) {
    let rows = &judgement.rows;
    if rows.is_empty() {
        return;
    }
    let [left, right] = failure::sides(judgement.outcome);
    page.table("rows", &["", left, right], |page| {
        for row in rows.iter().take(MOST_ROWS) {
            let class = if row.differs() { "differs" } else { "same" };
            page.open("tr", &[("class", class)]);
            page.element("th", &[("scope", "row")], &plain(&row.field, WORD));
            for value in [&row.expected, &row.got] {
                page.open("td", &[]);
                page.element("code", &[], &plain(&without_paths(value), WORD));
                page.close();
            }
            page.close();
        }
    });
    if let Some(more @ 1..) = rows.len().checked_sub(MOST_ROWS) {
        page.element("p", &[], &format!("and {} more", counted(more, "row")));
    }
}
