//! What is right and what is wrong in a model directory, line by line, and what to do next.

use std::path::Path;

use super::quoted;
use super::text::{BAD, Cell, FAIR, GOOD, counted, plain, styled, table};
use crate::doctor::{Diagnosis, Kind, Level};

/// Characters of a name, and of what is said of it, that are shown.
const SUBJECT: usize = 120;
const WORDS: usize = 400;

/// Characters of a path in a command that are shown: all that a path can have.
const COMMAND: usize = 4096;

/// All findings, their numbers, and what can be done.
pub fn diagnosis(diagnosis: &Diagnosis, folder: &Path) -> String {
    let mut lines = Vec::new();
    for finding in &diagnosis.findings {
        let (word, style) = match finding.level {
            Level::Good => ("right", GOOD),
            Level::Note => ("note", FAIR),
            Level::Wrong => ("wrong", BAD),
        };
        lines.push(vec![
            Cell::left(word).styled(style),
            Cell::left(plain(&finding.subject, SUBJECT)),
            Cell::left(plain(&finding.words, WORDS)),
        ]);
    }
    let mut text = table(0, &lines);
    let count = |level| diagnosis.count(level);
    let (wrong, notes) = (count(Level::Wrong), count(Level::Note));
    let verdict = match wrong {
        0 => styled("healthy", GOOD),
        _ => styled(&format!("{wrong} wrong"), BAD),
    };
    let notes = counted(notes, "note");
    text.push_str(&format!("{verdict}: {} right, {notes}\n", count(Level::Good)));
    text.push_str(&next(diagnosis.kind, wrong == 0, folder));
    text
}

fn next(kind: Kind, healthy: bool, folder: &Path) -> String {
    let path = plain(&quoted(&folder.to_string_lossy()), COMMAND);
    match (kind, healthy) {
        (Kind::Floats, true) => format!("next: q4proof quantize {path} DST\n"),
        (Kind::Quantized, true) => format!("next: q4proof measure symmetry {path}\n"),
        (Kind::Floats, false) => "next: fetch anew what is wrong, and ask again\n".to_owned(),
        (Kind::Quantized, false) => {
            "next: mend what is wrong, or make it anew: q4proof quantize SRC DST\n".to_owned()
        }
        (Kind::Nothing, _) => {
            "next: name the folder that holds config.json and the weights\n".to_owned()
        }
    }
}
