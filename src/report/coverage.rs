//! What the cases reach: the families of faults, operation by operation.

use std::fmt::Write;

use super::text::{BAD, Cell, GOOD, counted, styled, table};
use crate::run::selftest::FamilyRow;

/// Members that are named where they are missed.
const NAMED: usize = 8;

/// The families as a table, the gaps, and the verdict.
pub fn report(rows: &[FamilyRow]) -> String {
    let heads =
        ["class", "family", "operation", "members", "reached", "caught", "excused", "missed"];
    let mut lines = vec![heads.map(Cell::left).to_vec()];
    lines.extend(rows.iter().map(line));
    let mut text = table(0, &lines);
    text.push('\n');
    let mut about: Vec<(&str, &str)> = Vec::new();
    for row in rows {
        if !about.iter().any(|(name, _)| *name == row.name) {
            about.push((&row.name, &row.about));
        }
    }
    let width = about.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, about) in about {
        writeln!(text, "{name:width$}  {about}").ok();
    }
    text.push('\n');
    for row in rows {
        for (count, reason) in &row.excuses {
            let members = counted(*count, "member");
            writeln!(text, "EXCUSED {} {}: {members}, {reason}", row.name, row.operation).ok();
        }
    }
    for row in rows.iter().filter(|row| !row.missed.is_empty()) {
        let named =
            row.missed.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = match row.missed.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        writeln!(text, "MISSED {} {}: {named}{more}", row.name, row.operation).ok();
    }
    for problem in rows.iter().flat_map(FamilyRow::problems) {
        writeln!(text, "{} {problem}", styled("PROBLEM", BAD)).ok();
    }
    writeln!(text, "{}", summary(rows)).ok();
    text
}

/// The numbers of families and members, and the verdict.
pub fn summary(rows: &[FamilyRow]) -> String {
    let sum = |of: fn(&FamilyRow) -> usize| rows.iter().map(of).sum::<usize>();
    let problems: usize = rows.iter().map(|row| row.problems().len()).sum();
    let verdict = match problems {
        0 => styled("each member is caught", GOOD),
        count => styled(&counted(count, "problem"), BAD),
    };
    format!(
        "{} of {} caught, {} excused · {verdict}",
        sum(|row| row.caught),
        counted(sum(|row| row.members), "member"),
        sum(FamilyRow::excused),
    )
}

fn line(row: &FamilyRow) -> Vec<Cell> {
    let mut cells = vec![Cell::right(row.class), Cell::left(&row.name), Cell::left(&row.operation)];
    cells.extend(
        [row.members, row.reached, row.caught, row.excused(), row.missed.len()].map(Cell::right),
    );
    cells
}
