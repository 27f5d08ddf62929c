//! A directory of safetensors: every header, every value, and where each tensor lies.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::{ALL_ZERO, Configuration, Held, Notes, architecture, is_companion};
use crate::convert::Unwatched;
use crate::convert::checkpoint::{Layout, SHARD_INDEX};
use crate::convert::encode::no_tensors;
use crate::convert::names::too_long;
use crate::convert::safetensors::{Archive, Stored};
use crate::convert::symmetry::{self, Symmetry};
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
            notes.wrong(SHARD_INDEX, error.words());
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
            Err(error) => notes.wrong(file, error.words()),
        }
    }
    if let Some(layout) = &layout {
        let faults = layout.faults(&archives);
        if listed.is_empty() {
            notes.wrong(SHARD_INDEX, no_tensors(0));
        } else if faults.is_empty() && matches!(layout, Layout::Sharded(_)) {
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
    let tensors = || archives.iter().flat_map(Archive::tensors);
    if tensors().all(|tensor| tensor.left_out().is_some()) && tensors().count() > 0 {
        let subject = listed.first().copied().unwrap_or(".");
        notes.wrong(subject, no_tensors(tensors().count()));
    }
    for tensor in tensors().filter(|tensor| tensor.left_out().is_none()) {
        let (name, shape) = (tensor.name.clone(), tensor.shape.clone());
        held.push(Held { name, shape: Some(shape), file: None });
    }
    collisions(&held, notes);
    let is_float = |tensor: &Stored| tensor.dtype(folder).is_ok();
    if tensors().all(|tensor| is_float(tensor) || tensor.left_out().is_some()) {
        config.leftover("floats", notes);
    }
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
    let (mut sound, mut bytes, mut skipped) = (0, 0, 0);
    for tensor in archive.tensors() {
        if let Some(dtype) = tensor.left_out() {
            let words = format!("{dtype} of {:?}: integers, which are not converted", tensor.shape);
            notes.note(&tensor.name, words);
            skipped += 1;
            continue;
        }
        match symmetry::stored(archive, tensor, &mut Unwatched) {
            Ok(measured) => {
                sound += 1;
                bytes += tensor.len;
                let is_zero = |matrix: &Symmetry| matrix.rows > 0 && matrix.abs_max == 0.0;
                if measured.symmetry.as_ref().is_some_and(is_zero) {
                    notes.note(&tensor.name, ALL_ZERO);
                }
            }
            Err(error) => notes.wrong(file, error.words()),
        }
    }
    if sound > 0 && sound + skipped == archive.tensors().len() {
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
        if let Some(words) = too_long(&file) {
            notes.wrong(name, words);
        }
        if let Some(first) = owners.insert(file.clone(), name) {
            let words = format!("would be the file {file:?}, and so would tensor {first:?}");
            notes.wrong(name, words);
        }
    }
}
