//! What was wrong with one case: expected beside got, and how to ask it again.

use std::fmt::Write;

use super::text::{BAD, Cell, plain, style_of, styled, table, without_paths};
use super::{Again, classes};
use crate::run::{EntryRecord, Record};
use crate::suite::Case;
use crate::suite::case::Tier;
use crate::suite::judge::{Judgement, Outcome, Row};

/// Rows of a comparison that are shown.
const MOST_ROWS: usize = 12;

/// Characters of a value that are shown beside another.
const WIDEST: usize = 48;

/// From this many characters on, the place where two words differ is pointed at.
const LONG: usize = 16;

/// Characters of a sentence that are shown.
const SENTENCE: usize = 400;

/// A failure in full.
pub fn full(case: Option<&Case>, record: &Record, again: &Again) -> String {
    let mut text = judged(case, record);
    writeln!(text, "    repro: {}", again.repro(&record.id)).ok();
    text
}

/// What a case came to, and what shows it.
pub fn judged(case: Option<&Case>, record: &Record) -> String {
    let mut text = styled(record.outcome.name(), style_of(record.outcome));
    write!(text, "  {} · {}", record.id, record.clause).ok();
    if let Some(class) = record.class {
        write!(text, " · {}", classes::heading(class)).ok();
    }
    if record.tier != Tier::Must {
        write!(text, " · tier {}", tier(record.tier)).ok();
    }
    text.push('\n');
    if let Some(case) = case {
        writeln!(text, "    {}", plain(&case.note, SENTENCE)).ok();
    }
    text.push_str(&judgements(record));
    text
}

/// Failures in one line each, which ends with the command that asks the case again.
pub fn lines(records: &[&Record], again: &Again) -> String {
    let line = |record: &&Record| {
        let said = record.decisive().next().map(|entry| entry.judgement.summary.as_str());
        let tier = match record.tier {
            Tier::Must => String::new(),
            other => format!(" ({})", tier(other)),
        };
        vec![
            Cell::left(record.outcome.name().to_owned() + &tier).styled(style_of(record.outcome)),
            Cell::left(&record.clause),
            Cell::left(plain(&without_paths(said.unwrap_or_default()), 50)),
            Cell::left(again.repro(&record.id)),
        ]
    };
    table(0, &records.iter().map(line).collect::<Vec<_>>())
}

/// What the decisive entries came to, those that came to the same in one group, and after them in a
/// word what the others did.
pub fn judgements(record: &Record) -> String {
    let decisive = group(record.decisive().map(|entry| (entry, comparable(&entry.judgement))));
    let others = record.entries.iter().filter(|entry| entry.judgement.outcome != record.outcome);
    let others = group(others.map(|entry| (entry, outcome(&entry.judgement))));

    let mut text = String::new();
    for (names, judgement) in &decisive {
        let summary = match judgement.summary.as_str() {
            "" => outcome(judgement),
            summary => plain(summary, SENTENCE),
        };
        if !names.is_empty() || !judgement.summary.is_empty() || judgement.behaviour.is_some() {
            writeln!(text, "    {}{summary}", through(names)).ok();
        }
        text.push_str(&comparison(&judgement.rows));
    }
    for (names, outcome) in &others {
        writeln!(text, "    {}{outcome}", through(names)).ok();
    }
    text
}

/// The names of the entries that came to the same, in the order in which they were asked.
fn group<'a, T: PartialEq>(
    entries: impl Iterator<Item = (&'a EntryRecord, T)>,
) -> Vec<(Vec<&'a str>, T)> {
    let mut groups: Vec<(Vec<&str>, T)> = Vec::new();
    for (entry, came_to) in entries {
        let name = entry.entry.as_deref();
        match groups.iter_mut().find(|(_, known)| *known == came_to) {
            Some((names, _)) => names.extend(name),
            None => groups.push((name.into_iter().collect(), came_to)),
        }
    }
    groups
}

fn through(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        names => format!("through {}: ", plain(&names.join(", "), 80)),
    }
}

/// The outcome's word, and the behaviour that answered where it has a name.
fn outcome(judgement: &Judgement) -> String {
    let word = styled(judgement.outcome.name(), style_of(judgement.outcome));
    match &judgement.behaviour {
        Some(behaviour) => format!("{word} ({})", plain(behaviour, SENTENCE)),
        None => word,
    }
}

/// The judgement without the paths in the subject's words, which differ from entry to entry, and without
/// its share, which nobody is shown here.
pub(super) fn comparable(judgement: &Judgement) -> Judgement {
    let row = |row: &Row| Row {
        field: row.field.clone(),
        expected: without_paths(&row.expected),
        got: without_paths(&row.got),
    };
    Judgement {
        summary: without_paths(&judgement.summary),
        rows: judgement.rows.iter().map(row).collect(),
        share: None,
        ..judgement.clone()
    }
}

/// Expected and got side by side; `>` marks a row that differs, `^` the place in a long word of hex.
pub fn comparison(rows: &[Row]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut lines = vec![["", "", "expected", "got"].map(Cell::left).to_vec()];
    for row in rows.iter().take(MOST_ROWS) {
        let [expected, got] = [&row.expected, &row.got].map(|value| plain(value, usize::MAX));
        let first = first_difference(&expected, &got);
        let from = first.map_or(0, |at| window_start(at, expected.len().max(got.len())));
        let mark = if row.differs() { ">" } else { "" };
        lines.push(vec![
            Cell::left(mark).styled(BAD),
            Cell::left(plain(&row.field, WIDEST)),
            Cell::left(window(&expected, from)),
            Cell::left(window(&got, from)),
        ]);
        let long_word = |value: &str| value.len() >= LONG && !value.contains(' ');
        if let Some(at) = first.filter(|_| long_word(&expected) && long_word(&got)) {
            let dots = if from > 0 { 3 } else { 0 };
            let pointer = Cell::left(format!("{:1$}^", "", at - from + dots)).styled(BAD);
            lines.push(vec![Cell::default(), Cell::default(), pointer.clone(), pointer]);
        }
    }
    let mut text = table(4, &lines);
    if let Some(more @ 1..) = rows.len().checked_sub(MOST_ROWS) {
        writeln!(text, "       ... and {more} more").ok();
    }
    text
}

/// The first character that differs.
fn first_difference(expected: &str, got: &str) -> Option<usize> {
    let same = expected.chars().zip(got.chars()).take_while(|(one, other)| one == other).count();
    (expected != got).then_some(same)
}

/// Where the part of a value that is shown begins, so that character `at` is in it.
fn window_start(at: usize, longest: usize) -> usize {
    if longest <= WIDEST || at < WIDEST * 3 / 4 { 0 } else { at - WIDEST / 2 }
}

fn window(value: &str, from: usize) -> String {
    let before = if from > 0 { "..." } else { "" };
    let shown: String = value.chars().skip(from).take(WIDEST).collect();
    let after = if value.chars().count() > from + WIDEST { "..." } else { "" };
    format!("{before}{shown}{after}")
}

/// The tier's word.
pub fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Must => "must",
        Tier::Should => "should",
        Tier::Informative => "informative",
    }
}

/// Whether a failed encoding lies within ENC-B1 through every entry that gave it.
pub fn within_bound(record: &Record) -> bool {
    record.outcome == Outcome::Fail && record.decisive().all(|entry| entry.judgement.within_bound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::text::unstyled;

    fn row(field: &str, expected: &str, got: &str) -> Row {
        Row { field: field.into(), expected: expected.into(), got: got.into() }
    }

    fn shown(rows: &[Row]) -> String {
        unstyled(&comparison(rows))
    }

    #[test]
    fn the_first_difference_of_a_long_value_is_pointed_at() {
        let rows = [
            row("scale", "3044", "3044"),
            row("bias", "4500", "0000"),
            row("nibbles", "07f0000000000000", "07e0000000000000"),
        ];
        let expected = "                expected          got
       scale    3044              3044
    >  bias     4500              0000
    >  nibbles  07f0000000000000  07e0000000000000
                  ^                 ^
";
        assert_eq!(shown(&rows), expected);
    }

    #[test]
    fn long_values_are_cut_around_their_first_difference() {
        let value = |digit: &str| "0".repeat(100) + digit + &"0".repeat(100);
        let text = shown(&[row("payload", &value("1"), &value("2"))]);
        let lines: Vec<&str> = text.lines().collect();
        let cut = |digit: &str| format!("...{}{digit}{}...", "0".repeat(24), "0".repeat(23));
        assert_eq!(lines[1], format!("    >  payload  {}  {}", cut("1"), cut("2")));
        assert_eq!(lines[2].find('^'), lines[1].find('1'));
        assert_eq!(lines[2].rfind('^'), lines[1].find('2'));
    }

    #[test]
    fn rows_beyond_the_twelfth_are_counted() {
        let rows: Vec<Row> = (0..15).map(|index| row(&index.to_string(), "a", "b")).collect();
        let text = shown(&rows);
        assert_eq!(text.lines().count(), 1 + MOST_ROWS + 1);
        assert!(text.ends_with("... and 3 more\n"), "{text}");
    }

    #[test]
    fn only_a_long_value_that_differs_late_is_cut_at_its_start() {
        // Up to the 36th of 48 characters it is shown from its start, behind that from 24 before.
        for (at, longest, start) in [(35, 100, 0), (36, 100, 12), (40, 48, 0), (40, 49, 16)] {
            assert_eq!(window_start(at, longest), start, "character {at} of {longest}");
        }
    }
}
