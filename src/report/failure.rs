//! What was wrong with one case: expected beside got, and how to ask it again.

use std::fmt::Write;

use super::cause::{difference, only_padding};
use super::text::{BAD, Cell, WIDTH, plain, style_of, styled, table, without_paths, wrapped};
use super::{Again, classes};
use crate::run::{EntryRecord, Record};
use crate::suite::Case;
use crate::suite::case::Tier;
use crate::suite::judge::{Judgement, Outcome, Row};

/// Rows of a comparison that are shown.
const MOST_ROWS: usize = 12;

/// Characters of a field's name that are shown.
const FIELD: usize = 24;

/// Characters of a value that are shown beside another, the least and the most.
const NARROWEST: usize = 32;
const WIDEST: usize = 48;

/// From this many characters on, the place where two words differ is pointed at.
const LONG: usize = 16;

/// Characters of a sentence that are shown.
const SENTENCE: usize = 1000;

/// A failure in full.
pub fn full(case: Option<&Case>, record: &Record, again: &Again) -> String {
    judged(case, record) + &format!("    repro: {}\n", again.repro(&record.id))
}

/// What a case came to, and what shows it.
pub fn judged(case: Option<&Case>, record: &Record) -> String {
    let mut text = styled(record.outcome.name(), style_of(record.outcome));
    write!(text, "  {} · {}", record.id, record.clause).ok();
    if record.tier != Tier::Must {
        write!(text, " · tier {}", tier(record.tier)).ok();
    }
    text.push('\n');
    text.push_str(&judgements(record));
    // What was seen stands first; what the case is for may not be what went wrong.
    if let Some(case) = case {
        text.push_str(&wrapped(4, &format!("the case: {}", plain(&case.note, SENTENCE))));
    }
    if let Some(class) = guards_against(record) {
        text.push_str(&wrapped(4, &format!("it guards against {class}")));
    }
    text
}

/// The class of bugs that the case guards against, where what was seen can be of it: padding alone is no other range.
pub fn guards_against(record: &Record) -> Option<String> {
    if record.outcome == Outcome::Inconsistent {
        return Some(classes::heading(classes::NOT_REPRODUCIBLE));
    }
    record.class.filter(|_| !only_padding(record)).map(classes::heading)
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
            _ => plain(&seen(judgement), SENTENCE),
        };
        if !names.is_empty() || !judgement.summary.is_empty() || judgement.behaviour.is_some() {
            text.push_str(&wrapped(4, &format!("{}{summary}", through(names))));
        }
        text.push_str(&comparison(&judgement.rows, sides(judgement.outcome)));
    }
    for (names, outcome) in &others {
        writeln!(text, "    {}{outcome}", through(names)).ok();
    }
    text
}

/// What was wrong, with the names of the fields that differ in the place of their number.
pub fn seen(judgement: &Judgement) -> String {
    let summary = &judgement.summary;
    let (first, rest) = summary.split_at(summary.find("; ").unwrap_or(summary.len()));
    // Of an inconsistent subject the summary tells its answers apart.
    let is_count = judgement.outcome != Outcome::Inconsistent;
    let is_count =
        is_count && (first.ends_with("field differs") || first.ends_with("fields differ"));
    if is_count { difference(judgement) + rest } else { summary.clone() }
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

/// What stands on the two sides of a comparison.
pub fn sides(outcome: Outcome) -> [&'static str; 2] {
    match outcome {
        Outcome::Inconsistent => ["first answer", "later answer"],
        _ => ["expected", "got"],
    }
}

/// Two answers side by side, under these headings; `>` marks a row that differs, `^` the place in a long word of hex.
pub fn comparison(rows: &[Row], [left, right]: [&str; 2]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut lines = vec![["", "", left, right].map(Cell::left).to_vec()];
    let fields = rows.iter().take(MOST_ROWS).map(|row| plain(&row.field, FIELD).chars().count());
    // Indent, mark and the spaces between four columns leave the rest for two values.
    let widest = (WIDTH - 4 - 1 - 3 * 2 - fields.max().unwrap_or(0)) / 2;
    let widest = widest.clamp(NARROWEST, WIDEST);
    for row in rows.iter().take(MOST_ROWS) {
        let [expected, got] = [&row.expected, &row.got].map(|value| plain(value, usize::MAX));
        let first = first_difference(&expected, &got);
        let longest = expected.chars().count().max(got.chars().count());
        let from = first.map_or(0, |at| window_start(at, longest, widest));
        let mark = if row.differs() { ">" } else { "" };
        lines.push(vec![
            Cell::left(mark).styled(BAD),
            Cell::left(plain(&row.field, FIELD)),
            Cell::left(window(&expected, from, widest)),
            Cell::left(window(&got, from, widest)),
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
fn window_start(at: usize, longest: usize, widest: usize) -> usize {
    if longest <= widest || at < widest * 3 / 4 { 0 } else { at - widest / 2 }
}

/// The part of a value that begins at character `from`, with dots for what is left out, in `widest` characters.
fn window(value: &str, from: usize, widest: usize) -> String {
    let before = if from > 0 { "..." } else { "" };
    let (left, room) = (value.chars().count().saturating_sub(from), widest - before.len());
    if left <= room {
        return format!("{before}{}", value.chars().skip(from).collect::<String>());
    }
    format!("{before}{}...", value.chars().skip(from).take(room - 3).collect::<String>())
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
        unstyled(&comparison(rows, ["expected", "got"]))
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
        // (100 - 4 - 1 - 6 - 7) / 2 characters, dots among them, from 20 before the difference on.
        let cut = |digit: &str| format!("...{}{digit}{}...", "0".repeat(20), "0".repeat(14));
        assert_eq!(lines[1].len(), 100);
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
            assert_eq!(window_start(at, longest, 48), start, "character {at} of {longest}");
        }
    }

    #[test]
    fn the_fields_stand_in_the_place_of_their_number() {
        let rows = vec![row("block 0 scale", "1", "2"), row("block 0 bias", "1", "2")];
        let judgement = |summary: &str| Judgement {
            rows: rows.clone(),
            ..Judgement::plain(Outcome::Fail, summary)
        };
        let shown = seen(&judgement("2 fields differ; value 3 errs by 2.00 of its bound"));
        assert_eq!(shown, "scale and bias differ; value 3 errs by 2.00 of its bound");
        assert_eq!(seen(&judgement("2 fields differ")), "scale and bias differ");
        assert_eq!(seen(&judgement("no encoding")), "no encoding");
    }
}
