//! A pass in Markdown, for the summary of a job in continuous integration.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::cause::{self, Group};
use super::pass::{Pass, SENTENCE, verdict};
use super::summary::{COLUMNS, groups};
use super::text::{counted, plain, unstyled};
use super::{clauses, failure};
use crate::run::Record;

/// Failures that are shown in full; the table of clauses counts them all.
const IN_FULL: usize = 20;

/// Characters of a word from outside.
const WORD: usize = 200;

/// The whole report.
pub fn report(pass: &Pass) -> String {
    let hello = pass.hello;
    let mut text = format!(
        "# q4proof: {} {} ({})\n\n",
        escaped(&hello.name, WORD),
        escaped(&hello.version, WORD),
        escaped(&hello.language, WORD)
    );
    write!(text, "**{}**\n\n", pass.verdict().name()).ok();
    write!(text, "{}\n\n", escaped(&unstyled(&verdict(pass)), 1000)).ok();
    text.push_str(&totals(pass.records));
    for sentence in pass.should {
        write!(text, "\nshould: {}\n", escaped(sentence, SENTENCE)).ok();
    }
    if let Some(ledger) = pass.ledger {
        write!(text, "\n## Ledger\n\n{}: ", escaped(&ledger.file, WORD)).ok();
        let expected: usize = ledger.kinds.values().sum();
        write!(text, "{}", counted(expected, "expected failure")).ok();
        writeln!(text, ", {}", counted(ledger.unexpected, "unexpected failure")).ok();
        if !ledger.findings.is_empty() {
            text.push_str("\n| line | | case | |\n|---:|---|---|---|\n");
        }
        for finding in &ledger.findings {
            let [case, detail] = [&finding.case, &finding.detail].map(|text| escaped(text, WORD));
            let what = finding.what.name();
            writeln!(text, "| {} | {what} | {case} | {detail} |", finding.line).ok();
        }
    }
    text + &failures(pass)
}

fn totals(records: &[Record]) -> String {
    let mut text = format!("| | | {} |\n", COLUMNS.join(" | "));
    text.push_str("|---|---|---:|---:|---:|---:|---:|---:|\n");
    for group in groups(records) {
        let numbers = group.numbers().map(|number| number.to_string()).join(" | ");
        writeln!(text, "| {} | {} | {numbers} |", group.operation, group.tier).ok();
    }
    text
}

/// What failed that no ledger expects: a line for each clause, and the first case of each cause in full.
fn failures(pass: &Pass) -> String {
    let unexpected = |record: &&Record| record.outcome.is_failure() && !pass.is_expected(record);
    let failures: Vec<&Record> = pass.records.iter().filter(unexpected).collect();
    let mut of_clauses: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in &failures {
        of_clauses.entry(&record.clause).or_default().push(record);
    }
    if failures.is_empty() {
        return String::new();
    }
    let mut text =
        String::from("\n## Failures\n\n| clause | | cases | first |\n|---|---|---:|---|\n");
    for (clause, records) in &of_clauses {
        let title = clauses::title(clause).unwrap_or_default();
        let first = records.first().map_or("", |record| &record.id);
        let (title, first) = (escaped(title, WORD), escaped(first, WORD));
        writeln!(text, "| {clause} | {title} | {} | {first} |", records.len()).ok();
    }
    let groups = cause::groups(failures.iter().copied());
    let shown: Vec<&Record> = groups.iter().map(Group::first).take(IN_FULL).collect();
    for record in &shown {
        let detail = failure::full(pass.suite.get(&record.id), record, pass.again);
        write!(text, "\n{}", fenced(&unstyled(&detail))).ok();
    }
    if let Some(more @ 1..) = failures.len().checked_sub(shown.len()) {
        write!(text, "\nand {more} more.\n").ok();
    }
    text
}

/// Words from outside that Markdown and HTML are to take for words.
pub(super) fn escaped(text: &str, limit: usize) -> String {
    let mut safe = String::new();
    for character in plain(text, limit).chars() {
        if "\\`*_{}[]<>()#+!|&~@".contains(character) {
            safe.push('\\');
        }
        safe.push(character);
    }
    safe
}

/// A block of code, whose fence is longer than any run of backticks inside.
fn fenced(text: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::pass::tests::{record, seen};
    use crate::suite::case::Tier;
    use crate::suite::judge::Outcome;

    #[test]
    fn words_from_outside_are_no_markup() {
        assert_eq!(escaped("<b>|`a`", 99), "\\<b\\>\\|\\`a\\`");
        assert_eq!(escaped("a\nb", 99), "a\\\\nb");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(fenced("a\n"), "```text\na\n```\n");
        assert_eq!(fenced("a ```` b"), "`````text\na ```` b\n`````\n");
    }

    #[test]
    fn each_failure_stands_there_once_and_those_that_must_hold_first() {
        let fails = |id: &str, tier| Record { tier, ..record(id, "DEC-1", Outcome::Fail) };
        let records = [fails("decode/a", Tier::Should), fails("decode/b", Tier::Must)];
        let text = seen(&records, |pass| failures(&pass));
        let headings: Vec<&str> = text.lines().filter(|line| line.starts_with("fail  ")).collect();
        let expected = ["fail  decode/b · DEC-1", "fail  decode/a · DEC-1 · tier should"];
        assert_eq!(headings, expected, "{text}");
    }
}
