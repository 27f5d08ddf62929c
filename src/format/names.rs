//! The files of a model directory: which tensors are quantized, and what their files are called
//! (SPEC IDX-10 and IDX-11).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use thiserror::Error;

/// Tensors that no directory can hold both (IDX-10).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Collision {
    /// They have the same name.
    #[error("two tensors have the name {name:?}")]
    Name {
        /// The name.
        name: String,
    },
    /// Their files would be one.
    #[error("tensors {first:?} and {second:?} would both be the file {file:?}")]
    File {
        /// The name of the tensor that comes first.
        first: String,
        /// The name of the other one.
        second: String,
        /// The file.
        file: String,
    },
}

/// Whether plain conversion quantizes a tensor of this name, with so many dimensions (IDX-11).
pub fn is_quantized(name: &str, rank: usize) -> bool {
    const EXPERTS: [&str; 2] = [".experts.gate_up_proj", ".experts.down_proj"];
    const MATRICES: [&str; 7] =
        ["_proj", "_proj_a", "_proj_b", "_proj_qkv", "_proj_z", "lm_head", "embed_tokens"];
    let ends_in = |name: &str, endings: &[&str]| endings.iter().any(|end| name.ends_with(end));
    if rank < 2 {
        return false;
    }
    if ends_in(name, &EXPERTS) {
        return true;
    }
    let Some(stem) = name.strip_suffix(".weight") else { return false };
    if ends_in(stem, &MATRICES) {
        return true;
    }
    let is_norm = name.contains("norm.weight") || name.contains("norm_");
    !is_norm && !name.ends_with("conv1d.weight")
}

/// The file of a tensor: its name, with `_` for all that is neither a letter nor a number of some script
/// nor `-`, and the suffix of its format (IDX-10).
pub fn file_name(name: &str, quantized: bool) -> String {
    let kept = |character: char| character.is_alphanumeric() || character == '-';
    let mut file: String =
        name.chars().map(|character| if kept(character) { character } else { '_' }).collect();
    file.push_str(if quantized { ".q4" } else { ".f16" });
    file
}

/// A name as an error shows it: its beginning, where it is long.
pub(crate) fn shortened(name: &str) -> Cow<'_, str> {
    const SHOWN: usize = 60;
    match name.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &name[..end]).into(),
        None => name.into(),
    }
}

/// The files of tensors, each given by its name and its number of dimensions.
///
/// # Errors
///
/// [`Collision`], for the first tensor that has the name or the file of one before it.
pub fn file_names(tensors: &[(&str, usize)]) -> Result<Vec<String>, Collision> {
    let mut names = HashSet::new();
    let mut owners = HashMap::new();
    let mut files = Vec::new();
    for &(name, rank) in tensors {
        if !names.insert(name) {
            return Err(Collision::Name { name: name.to_owned() });
        }
        let file = file_name(name, is_quantized(name, rank));
        if let Some(first) = owners.insert(file.clone(), name) {
            return Err(Collision::File { first: first.to_owned(), second: name.to_owned(), file });
        }
        files.push(file);
    }
    Ok(files)
}
