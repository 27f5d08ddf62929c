//! The kill matrix: each planted fault, and the cases that catch it.

use std::fmt::Write;
use std::path::Path;

use super::coverage;
use super::log::LogError;
use super::text::{BAD, Cell, GOOD, counted, styled, table};
use crate::run::selftest::{KillMatrix, Row};
use crate::suite::Suite;
use crate::suite::library::read_text;

/// Reads the matrix that `selftest --json` wrote of `suite`.
///
/// # Errors
///
/// [`LogError`], where there is no such file, or it is no kill matrix of that suite.
pub fn read(path: &Path, suite: &Suite) -> Result<KillMatrix, LogError> {
    let text =
        read_text(path).map_err(|error| LogError { place: error.file, problem: error.problem })?;
    let matrix: KillMatrix = serde_json::from_str(&text).map_err(|error| LogError {
        place: format!("{}:{}", path.display(), error.line()),
        problem: format!("{error}; expected a kill matrix, as `q4proof selftest --json` writes it"),
    })?;
    if matrix.hash != suite.hash {
        let problem = format!(
            "is a kill matrix of suite {} ({}), expected suite {} ({})",
            matrix.suite, matrix.hash, suite.version, suite.hash
        );
        return Err(LogError { place: path.display().to_string(), problem });
    }
    Ok(matrix)
}

/// The matrix as a table, what is wrong with it, and the verdict.
pub fn report(matrix: &KillMatrix) -> String {
    let mut text = format!("suite {} {}\n\n", matrix.suite, matrix.hash);
    let mut lines = vec![
        ["class", "fault", "caught by", "of its class", "for example"].map(Cell::left).to_vec(),
    ];
    lines.extend(matrix.faults.iter().map(line));
    text += &table(0, &lines);
    text.push('\n');
    for liar in &matrix.liars {
        let verdict = if liar.totals.conforms() {
            styled("conforms", BAD)
        } else {
            styled("does not conform", GOOD)
        };
        writeln!(
            text,
            "{}: {} of {} passed, {verdict}",
            liar.name,
            liar.totals.passed,
            liar.totals.asked()
        )
        .ok();
    }
    if !matrix.families.is_empty() {
        writeln!(text, "\nfamilies of faults: {}", coverage::summary(&matrix.families)).ok();
    }
    text.push('\n');
    for problem in &matrix.problems {
        writeln!(text, "{} {problem}", styled("PROBLEM", BAD)).ok();
    }
    let caught = matrix.faults.iter().filter(|fault| !fault.killed_by.is_empty()).count();
    let verdict = match matrix.problems.len() {
        0 => styled("the harness catches what it must", GOOD),
        count => styled(&counted(count, "problem"), BAD),
    };
    writeln!(
        text,
        "{caught} of {} caught, {} refused · {verdict}",
        counted(matrix.faults.len(), "fault"),
        counted(matrix.liars.iter().filter(|liar| !liar.totals.conforms()).count(), "liar"),
    )
    .ok();
    text
}

fn line(fault: &Row) -> Vec<Cell> {
    vec![
        Cell::right(fault.class),
        Cell::left(&fault.name),
        Cell::right(fault.killed_by.len()),
        Cell::right(fault.of_its_class),
        Cell::left(fault.killed_by.first().map_or("", String::as_str)),
    ]
}
