//! Why cases failed, as far as their answers show: the clause, the outcome and what differs. Cases of one cause are
//! shown together, so that the first cause does not fill the report.

use std::collections::BTreeMap;

use super::text::without_paths;
use crate::run::Record;
use crate::suite::case::Tier;
use crate::suite::judge::{Judgement, Outcome, Row};
use crate::suite::operation::Operation;

/// The clause of what only the padding differs in.
pub const PADDING: &str = "ENC-P1";

/// What the cases of a group have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The clause; none where the outcome says nothing of the case itself.
    pub clause: Option<String>,
    /// The tier.
    pub tier: Tier,
    /// The operation that was asked.
    pub operation: Operation,
    /// The outcome.
    pub outcome: Outcome,
    /// What differs, without the numbers by which cases of one cause differ.
    key: String,
}

/// Cases that failed by one cause, of which there is one at least.
#[derive(Clone, Debug)]
pub struct Group<'a> {
    /// What they have in common.
    pub cause: Cause,
    /// The cases.
    pub records: Vec<&'a Record>,
}

impl Cause {
    /// The cause of a failure.
    pub fn of(record: &Record) -> Self {
        let clause = match record.outcome {
            Outcome::Unsupported | Outcome::ControlRejected => None,
            _ if only_padding(record) => Some(PADDING.to_owned()),
            _ => Some(record.clause.clone()),
        };
        let words = words(record);
        let key = words.chars().filter(|character| !character.is_ascii_digit()).collect();
        Self {
            clause,
            tier: record.tier,
            operation: record.operation,
            outcome: record.outcome,
            key,
        }
    }
}

impl<'a> Group<'a> {
    /// The first case.
    pub fn first(&self) -> &'a Record {
        self.records[0]
    }

    /// What differs, as the first case shows it.
    pub fn words(&self) -> String {
        let (words, name) = (words(self.first()), self.cause.outcome.name());
        match self.cause.outcome {
            Outcome::Fail | Outcome::ControlRejected => words,
            Outcome::Timeout | Outcome::Unsupported => name.to_owned(),
            _ => format!("{name}: {words}"),
        }
    }

    /// The clause, or the first of several.
    pub fn clause(&self) -> String {
        if let Some(clause) = &self.cause.clause {
            return clause.clone();
        }
        let mut clauses: Vec<&str> =
            self.records.iter().map(|record| record.clause.as_str()).collect();
        let first = clauses[0];
        clauses.sort_unstable();
        clauses.dedup();
        match clauses.len() - 1 {
            0 => first.to_owned(),
            more => format!("{first} +{more}"),
        }
    }
}

/// The failures in groups of one cause: what keeps a subject from conforming first, then what says something of its
/// cases, and there the cause of the most cases.
pub fn groups<'a>(failures: impl IntoIterator<Item = &'a Record>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for record in failures {
        let cause = Cause::of(record);
        match groups.iter_mut().find(|group| group.cause == cause) {
            Some(group) => group.records.push(record),
            None => groups.push(Group { cause, records: vec![record] }),
        }
    }
    groups.sort_by_key(|group| {
        let cause = &group.cause;
        (cause.tier, cause.clause.is_none(), std::cmp::Reverse(group.records.len()))
    });
    groups
}

/// Whether every entry that failed gave a lawful encoding but for its padding.
pub fn only_padding(record: &Record) -> bool {
    record.outcome == Outcome::Fail && record.decisive().all(|entry| entry.judgement.only_padding)
}

/// What differs in a failure, in a few words.
fn words(record: &Record) -> String {
    record.decisive().next().map_or_else(String::new, |entry| difference(&entry.judgement))
}

/// What differs, in a few words: the fields, or the first sentence of what was wrong.
pub fn difference(judgement: &Judgement) -> String {
    if judgement.only_padding {
        return "only the padding differs".to_owned();
    }
    let inconsistent = judgement.outcome == Outcome::Inconsistent;
    if !inconsistent && are_swapped_in_pairs(&judgement.rows) {
        return "values are swapped in pairs".to_owned();
    }
    let mut fields: Vec<&str> = Vec::new();
    for row in judgement.rows.iter().filter(|row| row.differs()) {
        match kind(row) {
            None if inconsistent => return "answers differ".to_owned(),
            None => return sentence(&judgement.summary),
            Some(field) if fields.contains(&field) => {}
            Some(field) => fields.push(field),
        }
    }
    // Where there are more or fewer, those that are too many or missing differ too.
    if let Some(number) = fields.iter().find(|field| field.starts_with("number of ")) {
        return format!("{number} differs");
    }
    match fields.split_last() {
        None if inconsistent => "outcomes differ".to_owned(),
        None => sentence(&judgement.summary),
        Some((last, [])) => {
            let ending = if last.ends_with('s') { "" } else { "s" };
            format!("{last} differ{ending}")
        }
        Some((last, others)) => format!("{} and {last} differ", others.join(", ")),
    }
}

/// Whether each value that differs is where its neighbour is expected: the nibbles of a byte are taken in the other
/// order.
fn are_swapped_in_pairs(rows: &[Row]) -> bool {
    let differing: Option<BTreeMap<usize, &Row>> = rows
        .iter()
        .filter(|row| row.differs())
        .map(|row| Some((row.field.strip_prefix("value ")?.parse().ok()?, row)))
        .collect();
    let Some(differing) = differing else { return false };
    // The last of an odd number of values has its neighbour in the padding.
    let last = differing.keys().last().copied().unwrap_or_default();
    let is_swapped = |(at, row): (&usize, &&Row)| match differing.get(&(at ^ 1)) {
        Some(other) => row.got == other.expected && row.expected == other.got,
        None => *at == last && at % 2 == 0,
    };
    differing.len() > 1 && differing.iter().all(is_swapped)
}

/// What a row is about, without the number of its block, value or tensor. `None` where it is about the answer as a
/// whole.
fn kind(row: &Row) -> Option<&str> {
    let mut words = row.field.splitn(3, ' ');
    let numbered = |word: Option<&str>| word.is_some_and(|word| word.parse::<u64>().is_ok());
    Some(match (words.next(), numbered(words.next()), words.next()) {
        (Some("answer"), false, None) => return None,
        (Some("block"), true, Some(field)) => field,
        (Some("value"), true, None) => "values",
        (Some("byte"), true, None) => "bytes",
        (Some("tensor"), true, None) => "listed tensors",
        (Some("file"), true, None) => "file names",
        (Some("values"), false, None) => "number of values",
        (Some("tensors"), false, None) => "number of tensors",
        (Some("files"), false, None) => "number of files",
        (Some("file"), false, None) => "length of the file",
        _ => &row.field,
    })
}

/// The first sentence of what was wrong: of a crash the message, which stands behind where it was.
fn sentence(summary: &str) -> String {
    let summary = without_paths(summary);
    if let Some((_, came_to)) = summary.split_once(", as its control ") {
        // Which control it was makes no other cause, but what that came to.
        let outcome = came_to.split(": ").next().and_then(|words| words.rsplit(' ').next());
        return format!("control not passed ({})", outcome.unwrap_or_default());
    }
    if let Some(class) = summary.strip_prefix("accepted what must be refused ") {
        return format!("accepted, must refuse {class}");
    }
    let summary = summary.split("; again, asked first of a fresh child").next().unwrap_or_default();
    let Some((ended, said)) = summary.split_once("; it said: ") else {
        return match summary.split_once(" what must be accepted: ") {
            // The message is the subject's own, and may be another for each case.
            Some((refused, _)) => format!("{refused}, must accept"),
            None => summary.to_owned(),
        };
    };
    let is_message = |line: &&str| !line.starts_with("thread '") && !line.starts_with("note: ");
    let message = said.split(" | ").find(is_message).unwrap_or(said);
    format!("{}: {message}", ended.trim_start_matches("it ended: "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::EntryRecord;
    use crate::suite::operation::{FormatId, Verb};

    fn judged(rows: &[(&str, &str, &str)], summary: &str) -> Judgement {
        let row = |(field, expected, got): &(&str, &str, &str)| Row {
            field: (*field).into(),
            expected: (*expected).into(),
            got: (*got).into(),
        };
        Judgement {
            rows: rows.iter().map(row).collect(),
            ..Judgement::plain(Outcome::Fail, summary)
        }
    }

    fn record(id: &str, tier: Tier, judgement: Judgement) -> Record {
        Record {
            id: id.into(),
            clause: "ENC-A1".into(),
            class: None,
            tier,
            operation: Operation::new(Verb::Encode, FormatId::KHQ4),
            outcome: judgement.outcome,
            entries: vec![EntryRecord { entry: None, judgement }],
        }
    }

    #[test]
    fn the_fields_that_differ_are_named_once_each() {
        let all = [
            ("block 0 scale", "1", "2"),
            ("block 0 bias", "1", "1"),
            ("block 3 nibbles", "0", "1"),
        ];
        let twice = [("block 0 scale", "1", "2"), ("block 1 scale", "1", "2")];
        for (rows, words) in [
            (&all[..], "scale and nibbles differ"),
            (&twice, "scale differs"),
            (&all[2..], "nibbles differ"),
            (&[("value 7", "1", "2"), ("value 9", "1", "2")], "values differ"),
            (&[("values", "4", "3"), ("value 3", "1", "none")], "number of values differs"),
            (&[("values", "4", "3")], "number of values differs"),
            (
                &[("values", "4", "4"), ("value 2", "1", "2"), ("value 3", "2", "1")],
                "values are swapped in pairs",
            ),
            (&[("value 1", "1", "2"), ("value 2", "2", "1")], "values differ"),
            (&[("value 2", "1", "2"), ("value 3", "2", "3")], "values differ"),
            // The last of an odd number of values has no neighbour.
            (
                &[("value 2", "1", "2"), ("value 3", "2", "1"), ("value 4", "0", "1")],
                "values are swapped in pairs",
            ),
            (
                &[("value 2", "1", "2"), ("value 3", "2", "1"), ("value 5", "0", "1")],
                "values differ",
            ),
            (
                &[("value 0", "1", "2"), ("value 2", "1", "2"), ("value 3", "2", "1")],
                "values differ",
            ),
            (&[("value 0", "1", "2")], "values differ"),
            (
                &[("values", "4", "3"), ("value 2", "1", "2"), ("value 3", "2", "1")],
                "number of values differs",
            ),
            (&[("shape", "[3]", "[]")], "shape differs"),
            (&[], "what was wrong"),
        ] {
            assert_eq!(difference(&judged(rows, "what was wrong")), words);
        }
        let refused =
            judged(&[("answer", "a", "b")], "refused (scale) what must be accepted: no 7");
        assert_eq!(difference(&refused), "refused (scale), must accept");
        let accepted = judged(&[("answer", "a", "b")], "accepted what must be refused (scale)");
        assert_eq!(difference(&accepted), "accepted, must refuse (scale)");
    }

    #[test]
    fn of_a_crash_the_message_is_named() {
        let crash = "it ended: exit status: 101; it said: thread 'main' (7) panicked at src/lib.rs:7:9: | \
                     scale is 0 | note: run with it; again, asked first of a fresh child: crash, as before";
        assert_eq!(sentence(crash), "exit status: 101: scale is 0");
        assert_eq!(sentence("it ended: signal: 11"), "it ended: signal: 11");
    }

    #[test]
    fn cases_of_one_cause_are_one_group_and_the_largest_that_binds_is_the_first() {
        let scale = |block: usize| {
            judged(&[(&format!("block {block} scale"), "1", "2")], "1 field differs")
        };
        let crash = |number: usize| {
            Judgement::plain(
                Outcome::Crash,
                format!("it ended: exit status: 1; it said: at {number}"),
            )
        };
        let records = [
            record("a", Tier::Should, scale(0)),
            record("b", Tier::Must, crash(1)),
            record("c", Tier::Must, scale(0)),
            record("d", Tier::Must, scale(12)),
            record("e", Tier::Must, Judgement::plain(Outcome::Unsupported, "answered unsupported")),
            record("f", Tier::Must, judged(&[("value 1", "1", "2")], "")),
            record("g", Tier::Must, crash(22)),
            record("h", Tier::Must, crash(3)),
        ];
        let shown: Vec<(String, String, Vec<&str>)> = groups(&records)
            .iter()
            .map(|group| {
                let ids = group.records.iter().map(|record| record.id.as_str()).collect();
                (group.clause(), group.words(), ids)
            })
            .collect();
        let group = |words: &str, ids: &[&'static str]| {
            ("ENC-A1".to_owned(), words.to_owned(), ids.to_vec())
        };
        assert_eq!(
            shown,
            [
                group("crash: exit status: 1: at 1", &["b", "g", "h"]),
                group("scale differs", &["c", "d"]),
                group("values differ", &["f"]),
                group("unsupported", &["e"]),
                group("scale differs", &["a"]),
            ]
        );
    }

    #[test]
    fn padding_has_a_clause_of_its_own_and_what_says_nothing_of_a_case_has_none() {
        let padding =
            Judgement { only_padding: true, ..judged(&[("block 0 nibbles", "0", "1")], "x") };
        let other = Record { clause: "ENC-S3".into(), ..record("b", Tier::Must, padding.clone()) };
        let records = [record("a", Tier::Must, padding), other];
        let found = groups(&records);
        assert_eq!(
            (found.len(), found[0].clause(), found[0].words()),
            (1, "ENC-P1".to_owned(), "only the padding differs".to_owned())
        );
        let clause = |id: &str, clause: &str| {
            let summary = format!("not judged, as its control load/{id} came to fail: refused: no");
            let rejected = Judgement::plain(Outcome::ControlRejected, summary);
            Record { clause: clause.into(), ..record(id, Tier::Must, rejected) }
        };
        let records = [clause("a", "KHQ4-P3"), clause("b", "KHQ4-H1"), clause("c", "KHQ4-P3")];
        let found = groups(&records);
        assert_eq!((found.len(), found[0].clause()), (1, "KHQ4-P3 +1".to_owned()));
        assert_eq!(found[0].words(), "control not passed (fail)");
    }
}
