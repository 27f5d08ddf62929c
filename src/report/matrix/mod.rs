//! Several passes as one page of HTML: clauses of SPEC.md by subjects. Each cell counts the cases of
//! a clause, and where some fail it leads to them, with what was expected and what was got.
//!
//! The page is one file without scripts, and everything in it that comes from a log is escaped by
//! the writer (`markup`), which knows no other way to put text in.

mod markup;
mod style;

use std::collections::BTreeMap;

use markup::Markup;

use super::failure::{self, tier};
use super::log::Log;
use super::summary::Verdict;
use super::text::{counted, plain, without_paths};
use super::{classes, clauses};
use crate::run::{EntryRecord, Record, Totals};
use crate::suite::case::Tier;
use crate::suite::judge::Row;

/// Characters of a word or a value.
const WORD: usize = 200;

/// Characters of a sentence.
const SENTENCE: usize = 600;

/// Rows of a comparison that are shown.
const MOST_ROWS: usize = 12;

/// The clauses that the logs ask about: those of SPEC.md in its order, then others.
pub fn asked_clauses(logs: &[Log]) -> Vec<&str> {
    let order: BTreeMap<&str, usize> = clauses::all().zip(0..).collect();
    let records = logs.iter().flat_map(|log| &log.records);
    let mut asked: Vec<&str> = records.map(|record| record.clause.as_str()).collect();
    asked.sort_by_key(|clause| (order.get(clause).copied().unwrap_or(usize::MAX), *clause));
    asked.dedup();
    asked
}

/// The page.
pub fn page(logs: &[Log]) -> String {
    let clauses = asked_clauses(logs);
    let mut page = Markup::document("q4proof: subjects by clauses", style::SHEET);
    page.element("h1", &[], "q4proof: subjects by clauses");
    if let Some(log) = logs.first() {
        let header = &log.header;
        let suite = format!(
            "suite {} ({}), {}, {}",
            plain(&header.suite, WORD),
            plain(&header.hash, WORD),
            counted(clauses.len(), "clause"),
            counted(logs.len(), "subject")
        );
        page.element("p", &[], &suite);
    }
    subjects(&mut page, logs);
    matrix(&mut page, logs, &clauses);
    for (log, number) in logs.iter().zip(1..) {
        failures(&mut page, log, number, &clauses);
    }
    page.end()
}

/// Name and version, as a column's heading.
fn name(log: &Log) -> String {
    let hello = &log.header.subject;
    format!("{} {}", plain(&hello.name, WORD), plain(&hello.version, WORD))
}

/// Who was asked, for what, and what all came to.
fn subjects(page: &mut Markup, logs: &[Log]) {
    page.element("h2", &[], "Subjects");
    page.open("div", &[("class", "wide")]);
    page.open("table", &[]);
    page.open("thead", &[]);
    page.open("tr", &[]);
    for heading in [
        "subject",
        "verdict",
        "passed",
        "failed",
        "failed of tier should",
        "not in profile",
        "language",
        "profile",
        "asked as",
        "order",
        "platform",
    ] {
        page.element("th", &[("scope", "col")], heading);
    }
    page.close();
    page.close();
    page.open("tbody", &[]);
    for (log, number) in logs.iter().zip(1..) {
        let (header, totals) = (&log.header, &log.footer.totals);
        page.open("tr", &[]);
        page.open("th", &[("scope", "row")]);
        page.element("a", &[("href", &format!("#s{number}"))], &name(log));
        page.close();
        let verdict = Verdict::of(totals);
        let class = if verdict.is_good() { "good" } else { "bad" };
        page.element("td", &[("class", class)], verdict.name());
        for number in [totals.passed, totals.failed, totals.advisory, totals.not_in_profile] {
            page.element("td", &[("class", "number")], &number.to_string());
        }
        let order = header.seed.map_or("of the suite".to_owned(), |seed| format!("seed {seed}"));
        for text in [
            plain(&header.subject.language, WORD),
            header.profile.to_string(),
            plain(&header.asked, WORD),
            order,
            plain(&header.platform, WORD),
        ] {
            page.element("td", &[("class", "word")], &text);
        }
        page.close();
    }
    page.close();
    page.close();
    page.close();
}

/// The matrix itself.
fn matrix(page: &mut Markup, logs: &[Log], clauses: &[&str]) {
    page.element("h2", &[], "Clauses");
    page.element(
        "p",
        &[],
        "A cell has how many cases of the clause failed, of how many that were asked, and leads to \
         them; or how many passed. A dash: none was asked. An asterisk: what failed is of tier \
         should or informative, which changes no verdict.",
    );
    page.open("div", &[("class", "wide")]);
    page.open("table", &[("class", "matrix")]);
    page.open("thead", &[]);
    page.open("tr", &[]);
    page.element("th", &[("scope", "col")], "clause");
    page.element("th", &[("scope", "col")], "title");
    for (log, number) in logs.iter().zip(1..) {
        page.open("th", &[("scope", "col"), ("class", "subject")]);
        page.element("a", &[("href", &format!("#s{number}"))], &name(log));
        page.close();
    }
    page.close();
    page.close();
    page.open("tbody", &[]);
    for clause in clauses {
        page.open("tr", &[]);
        page.element("th", &[("scope", "row")], clause);
        page.element("td", &[("class", "title")], clauses::title(clause).unwrap_or_default());
        for (log, number) in logs.iter().zip(1..) {
            cell(page, log, number, clause);
        }
        page.close();
    }
    page.close();
    page.close();
    page.close();
}

fn cell(page: &mut Markup, log: &Log, number: usize, clause: &str) {
    let totals = Totals::of(log.records.iter().filter(|record| record.clause == clause));
    let failed = totals.failed + totals.advisory;
    let class = match totals {
        _ if totals.asked() == 0 => "none",
        Totals { failed: 1.., .. } => "bad",
        Totals { advisory: 1.., .. } => "fair",
        _ => "good",
    };
    page.open("td", &[("class", class)]);
    match (totals.asked(), failed) {
        (0, _) => page.text("–"),
        (asked, 0) => page.text(&format!("{asked} passed")),
        (asked, failed) => {
            let asterisk = if totals.failed == 0 { "*" } else { "" };
            let text = format!("{failed} failed{asterisk}");
            page.element("a", &[("href", &format!("#{}", anchor(number, clause)))], &text);
            page.text(&format!(" of {asked}"));
        }
    }
    page.close();
}

/// Where the failing cases of a clause and a subject stand.
fn anchor(number: usize, clause: &str) -> String {
    format!("s{number}-{clause}")
}

/// What a subject failed, clause by clause.
fn failures(page: &mut Markup, log: &Log, number: usize, clauses: &[&str]) {
    page.element("h2", &[("id", &format!("s{number}"))], &name(log));
    if !log.records.iter().any(|record| record.outcome.is_failure()) {
        page.element("p", &[], "No case failed.");
    }
    for clause in clauses {
        let failing = |record: &&Record| record.clause == *clause && record.outcome.is_failure();
        let records: Vec<&Record> = log.records.iter().filter(failing).collect();
        if records.is_empty() {
            continue;
        }
        page.element("h3", &[("id", &anchor(number, clause))], &clauses::heading(clause));
        for record in records {
            case(page, record);
        }
    }
}

/// One failing case: what it came to through which entries, expected beside got.
fn case(page: &mut Markup, record: &Record) {
    page.open("article", &[]);
    page.open("h4", &[]);
    let class = if record.is_failure() { "bad" } else { "fair" };
    page.element("span", &[("class", class)], record.outcome.name());
    page.text(" ");
    page.element("code", &[], &record.id);
    if record.tier != Tier::Must {
        page.text(&format!(" · tier {}", tier(record.tier)));
    }
    if let Some(class) = record.class {
        page.text(&format!(" · {}", classes::heading(class)));
    }
    page.close();
    for (names, entry) in alike(record) {
        let through = match names.as_slice() {
            [] => String::new(),
            names => format!("through {}: ", plain(&names.join(", "), WORD)),
        };
        let said = plain(&without_paths(&entry.judgement.summary), SENTENCE);
        page.element("p", &[], &format!("{through}{said}"));
        comparison(page, &entry.judgement.rows);
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

fn comparison(page: &mut Markup, rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    page.open("div", &[("class", "wide")]);
    page.open("table", &[("class", "rows")]);
    page.open("thead", &[]);
    page.open("tr", &[]);
    for heading in ["", "expected", "got"] {
        page.element("th", &[("scope", "col")], heading);
    }
    page.close();
    page.close();
    page.open("tbody", &[]);
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
    page.close();
    page.close();
    page.close();
    if let Some(more @ 1..) = rows.len().checked_sub(MOST_ROWS) {
        page.element("p", &[], &format!("and {} more", counted(more, "row")));
    }
}
