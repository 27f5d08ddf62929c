//! A directory of safetensors: every header, every value, and where each tensor lies.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::{Configuration, Held, Notes, architecture, is_companion, without_path};
use crate::convert::Unwatched;
use crate::convert::checkpoint::{Layout, SHARD_INDEX};
use crate::convert::safetensors::Archive;
use crate::convert::symmetry;
use crate::format::names::{file_name, is_quantized};

/// Looks at all safetensors files of a directory, and at what lies beside them.
pub(super) fn examine(
    folder: &Path,
    names: &BTreeSet<String>,
    config: &Configuration,
    notes: &mut Notes,
) {
    let layout = match Layout::of(folder) {
        Ok(layout) => Some(layout),
        Err(error) => {
            notes.wrong(SHARD_INDEX, without_path(&error.to_string()));
            None
        }
    };
    let listed: BTreeSet<&str> = layout.iter().flat_map(Layout::files).collect();
    let found = names.iter().map(String::as_str).filter(|name| name.ends_with(".safetensors"));
    let mut archives = Vec::new();
    for file in listed.iter().copied().chain(found.filter(|name| !listed.contains(name))) {
        if layout.is_some() && !listed.contains(file) {
            notes.wrong(file, "is stray: no index names it");
        }
        match Archive::open(&folder.join(file)) {
            Ok(archive) => {
                values(&archive, file, notes);
                archives.push(archive);
            }
            Err(error) => notes.wrong(file, without_path(&error.to_string())),
        }
    }
    if let Some(layout) = &layout {
        let faults = layout.faults(&archives);
        if faults.is_empty() && matches!(layout, Layout::Sharded(_)) {
            notes.good(SHARD_INDEX, format!("names the tensors of {} files", listed.len()));
        }
        for fault in faults {
            notes.wrong(SHARD_INDEX, fault);
        }
    }
    for name in names {
        let is_known = is_companion(name) || name == SHARD_INDEX || name.ends_with(".safetensors");
        if !is_known {
            notes.note(name, "is none of a model's files");
        }
    }
    let mut held = Vec::new();
    for tensor in archives.iter().flat_map(Archive::tensors) {
        let (name, shape) = (tensor.name.clone(), tensor.shape.clone());
        held.push(Held { name, shape: Some(shape), file: None });
    }
    collisions(&held, notes);
    if let Some(seed) = config.seed {
        notes.note("config.json", format!("its weights are rotated already, with seed {seed}"));
    }
    if let Some(model) = &config.model {
        architecture::examine(model, &held, notes);
    }
}

/// Reads every value of a file.
fn values(archive: &Archive, file: &str, notes: &mut Notes) {
    if archive.tensors().is_empty() {
        notes.wrong(file, "has no tensors");
        return;
    }
    let (mut sound, mut bytes) = (0, 0);
    for tensor in archive.tensors() {
        match symmetry::stored(archive, tensor, &mut Unwatched) {
            Ok(_) => {
                sound += 1;
                bytes += tensor.len;
            }
            Err(error) => notes.wrong(file, without_path(&error.to_string())),
        }
    }
    if sound == archive.tensors().len() {
        let words = format!("{sound} tensors, {bytes} bytes of values, all of them finite");
        notes.good(file, words);
    }
}

/// Tensors that no quantized directory could hold both (IDX-10).
fn collisions(held: &[Held], notes: &mut Notes) {
    let mut owners: HashMap<String, &str> = HashMap::new();
    for Held { name, shape, .. } in held {
        let rank = shape.as_ref().map_or(0, Vec::len);
        let file = file_name(name, is_quantized(name, rank));
        if let Some(first) = owners.insert(file.clone(), name) {
            let words = format!("would be the file {file:?}, and so would tensor {first:?}");
            notes.wrong(name, words);
        }
    }
}
