//! What kind a file at a path is, for the words of an error where its reader expects another one.

use std::fmt::Display;
use std::path::Path;

use super::regular_file;
use crate::format::kind::{Expected, FileKind, LOOKED_AT};
use crate::format::stream::read_up_to;

/// The kind of a file; `None` where nobody knows it, and where it cannot be read.
pub(crate) fn kind_at(path: &Path) -> Option<FileKind> {
    FileKind::of(&beginning(path)?)
}

/// What a file is that is none of the expected kind; `None` where it may be, where nobody knows its kind,
/// and where it cannot be read.
pub(crate) fn foreign(path: &Path, expected: Expected) -> Option<String> {
    expected.differs_from(&beginning(path)?)
}

/// Why a file was refused, behind what it is where that is another kind.
pub(crate) fn explained(path: &Path, expected: Expected, problem: impl Display) -> String {
    match foreign(path, expected) {
        Some(words) => format!("{words} ({problem})"),
        None => problem.to_string(),
    }
}

fn beginning(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = regular_file(path).ok()?;
    read_up_to(&mut file, &mut bytes, LOOKED_AT as u64).ok()?;
    Some(bytes)
}
