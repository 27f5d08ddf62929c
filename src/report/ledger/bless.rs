//! The lines of a ledger, as a pass has them.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::Kind;
use crate::report::cause::{Group, groups};
use crate::report::log::Log;
use crate::report::text::{plain, without_paths};
use crate::run::Record;
use crate::suite::case::Tier;
use crate::suite::judge::Outcome;
use crate::suite::{Suite, glob};

/// Characters of what was seen that stand beside a line.
const SEEN: usize = 200;

/// The fewest cases that a pattern is proposed for.
const FEWEST: usize = 3;

/// A proposed line: an id or a pattern, and its cases.
struct Line<'a> {
    case: String,
    records: Vec<&'a Record>,
}

/// A ledger with lines for the failures of the log, and how many lines they are. Its issues and reasons are empty, and
/// it is refused until they are written. `None` where nothing failed.
pub fn bless(log: &Log, suite: &Suite) -> Option<(String, usize)> {
    let groups = groups(log.records.iter().filter(|record| record.outcome.is_failure()));
    if groups.is_empty() {
        return None;
    }
    let header = &log.header;
    let mut text = format!(
        "# What {} {} fails of suite {} ({}), profile {}, seen on {}.\n\
         # To write: of each line the issue and the reason, and the kind where another is right. bug is to be\n\
         # fixed, wontfix stays, flaky fails at times and stands beside one id. A pattern (`*` takes any\n\
         # characters, `?` takes one) waives its outcomes in at most so many cases (`at_most`).\n\n",
        plain(&header.subject.name, SEEN),
        plain(&header.subject.version, SEEN),
        plain(&header.suite, SEEN),
        plain(&header.hash, SEEN),
        header.profile,
        plain(&header.platform, SEEN),
    );
    writeln!(text, "subject = {}", quoted(&header.subject.name)).ok();
    writeln!(text, "version = {}", quoted(&header.subject.version)).ok();
    let mut count = 0;
    for group in &groups {
        for line in lines(group, suite) {
            text.push_str(&in_toml(&line));
            count += 1;
        }
    }
    Some((text, count))
}

/// The lines of a group: patterns that take cases of the group and no other of the suite, the largest first, then ids.
fn lines<'a>(group: &Group<'a>, suite: &Suite) -> Vec<Line<'a>> {
    let mut left = group.records.clone();
    let mut lines = Vec::new();
    while let Some(line) = largest(&left, suite) {
        left.retain(|record| !line.records.iter().any(|taken| taken.id == record.id));
        lines.push(line);
    }
    lines.extend(
        left.into_iter().map(|record| Line { case: record.id.clone(), records: vec![record] }),
    );
    lines
}

/// Of all patterns `BEGINNING*` that take [`FEWEST`] of these cases and no other case of the suite, the one that takes
/// the most.
fn largest<'a>(records: &[&'a Record], suite: &Suite) -> Option<Line<'a>> {
    let beginnings = records.iter().flat_map(|record| {
        let ends = record.id.match_indices(['/', '-']).map(|(at, _)| at + 1);
        ends.map(|end| &record.id[..end])
    });
    let patterns: BTreeSet<String> = beginnings.map(|beginning| format!("{beginning}*")).collect();
    let lines = patterns.into_iter().filter_map(|pattern| {
        let takes = |id: &str| glob::matches(&pattern, id);
        let taken: Vec<&Record> =
            records.iter().copied().filter(|record| takes(&record.id)).collect();
        let of_suite = suite.cases().iter().filter(|case| takes(&case.id)).count();
        let is_whole = taken.len() >= FEWEST && taken.len() == of_suite;
        is_whole.then_some(Line { case: pattern, records: taken })
    });
    // Of several that take as many, the longest says the most.
    lines.max_by_key(|line| (line.records.len(), line.case.len()))
}

fn in_toml(line: &Line) -> String {
    let first = line.records[0];
    let said = first.decisive().next().map_or("", |entry| &entry.judgement.summary);
    let said = plain(&without_paths(said), SEEN);
    let mut text = format!("\n[[expected]]\n# {}: {said}\n", first.clause);
    writeln!(text, "case = {}", quoted(&line.case)).ok();
    writeln!(text, "outcome = {}", quoted(first.outcome.name())).ok();
    if glob::is_pattern(&line.case) {
        writeln!(text, "at_most = {}", line.records.len()).ok();
    }
    writeln!(text, "kind = {}", quoted(kind(first).name())).ok();
    text.push_str("issue = \"\"\nreason = \"\"\n");
    text
}

/// What a failure most likely is: what is only recommended, or was never claimed to be there, stays as it is.
fn kind(record: &Record) -> Kind {
    match record.outcome {
        Outcome::Unsupported => Kind::Wontfix,
        _ if record.tier != Tier::Must => Kind::Wontfix,
        _ => Kind::Bug,
    }
}

/// A string of TOML.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
