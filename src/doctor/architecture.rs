//! Whether the tensors are those that the configuration asks for.

use std::collections::{HashMap, HashSet};

use super::{Held, Notes};
use crate::format::index::CONFIG_FILE;
use crate::model::Config;
use crate::model::tensors::{HEAD, is_ignored, required};

/// Holds the tensors of a directory against the architecture.
pub(super) fn examine(config: &Config, held: &[Held], notes: &mut Notes) {
    let required = required(config);
    let by_name: HashMap<&str, &Held> =
        held.iter().map(|held| (held.name.as_str(), held)).collect();
    let mut right = 0;
    for tensor in &required {
        let expected: Vec<u64> = tensor.shape.iter().map(|&size| size as u64).collect();
        match by_name.get(tensor.name.as_str()) {
            None => {
                let words = format!("is not there, {CONFIG_FILE} asks for it");
                notes.wrong(&tensor.name, words);
            }
            Some(Held { shape: None, .. }) => {}
            Some(Held { shape: Some(shape), .. }) if *shape != expected => {
                let words = format!("has shape {shape:?}, expected {expected:?} by {CONFIG_FILE}");
                notes.wrong(&tensor.name, words);
            }
            Some(_) => right += 1,
        }
    }
    let words = format!("{right} of the {} tensors are there in their shapes", required.len());
    if right == required.len() {
        notes.good("the text model", words);
    } else {
        notes.wrong("the text model", words);
    }
    let asked_for: HashSet<&str> = required.iter().map(|tensor| tensor.name.as_str()).collect();
    let mut ignored = 0;
    for Held { name, .. } in held {
        if asked_for.contains(name.as_str()) {
            continue;
        }
        if name == HEAD {
            notes.wrong(name, "is there, yet the embeddings are tied and take its place");
        } else if is_ignored(name) {
            ignored += 1;
        } else {
            notes.note(name, "is none of the text model");
        }
    }
    if ignored > 0 {
        let words = format!("{ignored} tensors of other parts, which it does not use");
        notes.note("the text model", words);
    }
}
