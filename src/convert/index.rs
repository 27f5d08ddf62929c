//! `quantize_index.json` as a conversion writes it: an array of the tensors of a directory, each with
//! all that IDX-4 knows of it.

use std::collections::HashSet;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::error::ConvertError;
use crate::format::stream::read_up_to;
use crate::store::regular_file;

/// The file's name in the directory (SPEC section 16).
pub(super) const INDEX: &str = "quantize_index.json";

/// The longest index, in bytes (IDX-2).
const LONGEST: u64 = 16 << 20;

/// A tensor of a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub name: String,
    /// The name of its file, in the directory itself.
    pub file: String,
    /// Whether the file is KHQ4, and not KHF1.
    pub quantized: bool,
    pub shape: Vec<u64>,
    /// The product of the shape.
    pub numel: u64,
}

/// The text of an index, a line for each tensor.
///
/// # Errors
///
/// Where it is longer than a reader takes, in words.
pub(super) fn to_text(entries: &[Entry]) -> Result<String, String> {
    let lines: Vec<String> = entries
        .iter()
        .map(|entry| serde_json::to_string(entry).map_err(|error| error.to_string()))
        .collect::<Result<_, _>>()?;
    let text = format!("[\n{}\n]\n", lines.join(",\n"));
    match text.len() as u64 {
        ..=LONGEST => Ok(text),
        len => Err(format!("has {len} bytes, a reader takes {LONGEST} (IDX-2)")),
    }
}

/// The tensors that the index of `folder` names.
pub(super) fn read(folder: &Path) -> Result<Vec<Entry>, ConvertError> {
    let path = folder.join(INDEX);
    let wrong = |problem: String| ConvertError::file(&path, problem);
    let mut file = regular_file(&path)?;
    let mut text = Vec::new();
    let len = read_up_to(&mut file, &mut text, LONGEST + 1)
        .map_err(|error| ConvertError::file(&path, error))?;
    if len > LONGEST {
        return Err(wrong(format!("is longer than {LONGEST} bytes (IDX-2)")));
    }
    let entries: Vec<Entry> = serde_json::from_slice(&text).map_err(|error| {
        wrong(format!("is not the array of tensors that q4proof encode writes: {error}"))
    })?;
    let (mut names, mut files) = (HashSet::new(), HashSet::new());
    for Entry { name, file, .. } in &entries {
        if !is_file_name(file) {
            return Err(wrong(format!("tensor {name:?}: {file:?} is no name of a file (IDX-6)")));
        }
        if !names.insert(name) {
            return Err(wrong(format!("two tensors have the name {name:?} (IDX-7)")));
        }
        if !files.insert(file) {
            return Err(wrong(format!("two tensors have the file {file:?} (IDX-7)")));
        }
    }
    Ok(entries)
}

/// Whether this names a file in a directory itself.
fn is_file_name(file: &str) -> bool {
    let mut parts = Path::new(file).components();
    let is_one = matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == file);
    is_one && !file.contains('\0')
}
