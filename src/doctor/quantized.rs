//! A directory of KHQ4 and KHF1 files: its index, every file of it, and what a rotation must have left.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::{ALL_ZERO, Configuration, Held, Notes, architecture, is_companion, is_tensor_file};
use crate::codec::decode_block;
use crate::convert::quarot::plan::{Change, plan};
use crate::format::index::{CONFIG_FILE, Entry, INDEX_FILE, Index, Rotated};
use crate::format::kind::Expected;
use crate::format::names::{file_name, is_quantized};
use crate::format::{AddressWidth, Class};
use crate::model::Config;
use crate::store::{StoreError, explained, map_khf1, map_khq4, tensor_of};

/// Looks at an index and at all files, those that it names and those that it does not.
pub(super) fn examine(
    folder: &Path,
    names: &BTreeSet<String>,
    config: &Configuration,
    notes: &mut Notes,
) {
    let index = index(folder, notes);
    let entries = index.as_ref().map_or(&[][..], Index::entries);
    let mut held = Vec::new();
    for entry in entries {
        held.push(listed(folder, entry, notes));
    }
    collisions(entries, notes);
    config.leftover("KHQ4 and KHF1", notes);
    for name in names {
        let is_listed = entries.iter().any(|entry| entry.file == *name);
        if is_listed || name == INDEX_FILE || is_companion(name) {
            continue;
        }
        if is_tensor_file(name) {
            match tensor_of(&folder.join(name)) {
                Ok(_) if index.is_none() => notes.good(name, "sound, though no index names it"),
                Ok(_) => notes.wrong(name, "is stray: the index does not name it"),
                Err(error) => notes.wrong(name, words_of(&error, Expected::Tensor)),
            }
        } else {
            notes.note(name, "is none of a model's files");
        }
    }
    let Some(index) = index else { return };
    match &index {
        Index::Array(entries) => plain(entries, config, notes),
        Index::Object(rotated) => seeds(rotated, config, notes),
    }
    let Some(model) = &config.model else { return };
    architecture::examine(model, &held, notes);
    if matches!(index, Index::Object(_)) {
        turned(folder, model, &held, notes);
    }
}

fn index(folder: &Path, notes: &mut Notes) -> Option<Index> {
    match crate::store::read_index(folder) {
        Ok(Some(index)) => {
            let count = index.entries().len();
            let form = match &index {
                Index::Array(_) => "an array: plain weights",
                Index::Object(_) => "an object: rotated weights",
            };
            notes.good(INDEX_FILE, format!("{form}, {count} tensors"));
            Some(index)
        }
        Ok(None) => {
            notes.wrong(INDEX_FILE, "is not there, so that no file has the name of its tensor");
            None
        }
        Err(error) => {
            notes.wrong(INDEX_FILE, words_of(&error, Expected::Json));
            None
        }
    }
}

/// Looks at the file of a tensor, and at what the index says of it (IDX-8).
fn listed(folder: &Path, entry: &Entry, notes: &mut Notes) -> Held {
    let (shape, quantized) = match tensor_of(&folder.join(&entry.file)) {
        Ok(found) => found,
        Err(error) => {
            notes.wrong(&entry.file, words_of(&error, Expected::Tensor));
            return Held { name: entry.name.clone(), shape: None, file: None };
        }
    };
    let format = |quantized: bool| if quantized { "KHQ4" } else { "KHF1" };
    let numel: u64 = shape.iter().product();
    let mut faults = Vec::new();
    if let Some(listed) = entry.quantized.filter(|listed| *listed != quantized) {
        faults.push(format!("is {}, the index says {}", format(quantized), format(listed)));
    }
    if let Some(listed) = entry.shape.as_ref().filter(|listed| **listed != shape) {
        faults.push(format!("has shape {shape:?}, the index says {listed:?}"));
    }
    if let Some(listed) = entry.numel.filter(|listed| *listed != numel) {
        faults.push(format!("has {numel} values, the index says {listed}"));
    }
    if shape.len() >= 2 && is_zero(&folder.join(&entry.file), quantized) {
        notes.note(&entry.name, ALL_ZERO);
    }
    let is_sound = faults.is_empty();
    for fault in faults {
        notes.wrong(&entry.file, fault);
    }
    let expected = file_name(&entry.name, quantized);
    if entry.file != expected {
        let words = format!("is the file of {:?}, which a writer calls {expected:?}", entry.name);
        notes.note(&entry.file, words);
    } else if is_sound {
        notes.good(&entry.file, format!("{} of {shape:?}", format(quantized)));
    }
    Held {
        name: entry.name.clone(),
        shape: Some(shape),
        file: Some((entry.file.clone(), quantized)),
    }
}

/// Whether a sound file has values, and none of them but zeros. The first other one ends the look.
fn is_zero(path: &Path, quantized: bool) -> bool {
    const WIDTH: AddressWidth = AddressWidth::NATIVE;
    if quantized {
        let Ok(map) = map_khq4(path, WIDTH) else { return false };
        let mut values = map.view().blocks.iter().flat_map(decode_block);
        let count = usize::try_from(map.header().original_len).unwrap_or(usize::MAX);
        count > 0 && values.by_ref().take(count).all(|value| value == 0.0)
    } else {
        let Ok(map) = map_khf1(path, WIDTH) else { return false };
        let is_zero = |half: &[u8]| half[0] == 0 && half[1] & 0x7f == 0;
        !map.payload().is_empty() && map.payload().chunks(2).all(is_zero)
    }
}

/// Names that a writer would give one file (IDX-10).
fn collisions(entries: &[Entry], notes: &mut Notes) {
    let mut owners: HashMap<String, &str> = HashMap::new();
    for entry in entries {
        let file = file_name(&entry.name, entry.quantized.unwrap_or(entry.file.ends_with(".q4")));
        if let Some(first) = owners.insert(file.clone(), &entry.name) {
            let words = format!("would be the file {file:?}, and so would tensor {first:?}");
            notes.wrong(&entry.name, words);
        }
    }
}

/// What is not as plain conversion has it (IDX-11).
fn plain(entries: &[Entry], config: &Configuration, notes: &mut Notes) {
    if let Some(seed) = config.seed {
        let words =
            format!("has the quarot_seed {seed}, yet the index is an array of plain weights");
        notes.wrong(CONFIG_FILE, words);
    }
    for Entry { name, quantized, shape, .. } in entries {
        let (Some(quantized), Some(shape)) = (quantized, shape) else { continue };
        if *quantized != is_quantized(name, shape.len()) {
            let not = if *quantized { "" } else { "not " };
            notes.note(name, format!("is {not}quantized, against the rule of plain conversion"));
        }
    }
}

/// The seed must be there, once or twice the same (IDX-8).
fn seeds(rotated: &Rotated, config: &Configuration, notes: &mut Notes) {
    match (rotated.quarot_seed, config.seed) {
        (None, None) => {
            let words = format!("no quarot_seed, here or in {CONFIG_FILE}: weights cannot be used");
            notes.wrong(INDEX_FILE, words);
        }
        (Some(here), Some(there)) if here != there => {
            let words = format!("quarot_seed is {here}, {CONFIG_FILE} has {there}");
            notes.wrong(INDEX_FILE, words);
        }
        (Some(seed), Some(_)) => {
            notes.good(INDEX_FILE, format!("quarot_seed {seed}, as in {CONFIG_FILE}"));
        }
        (Some(seed), None) | (None, Some(seed)) => {
            notes.good(INDEX_FILE, format!("quarot_seed {seed}, in one of two places"));
        }
    }
}

/// What a rotation must have left: an untied model, norms of zero, just its matrices quantized.
fn turned(folder: &Path, model: &Config, held: &[Held], notes: &mut Notes) {
    if model.tie_word_embeddings {
        let words =
            "ties the embeddings, though they and the output matrix are rotated differently";
        notes.wrong(CONFIG_FILE, words);
    }
    if !model.hidden_size.is_power_of_two() {
        let words = format!(
            "hidden_size is {}: no rotation has a length that is no power of two",
            model.hidden_size
        );
        notes.wrong(CONFIG_FILE, words);
    }
    let by_name: HashMap<&str, &Held> =
        held.iter().map(|held| (held.name.as_str(), held)).collect();
    let (mut zero, mut norms) = (0, 0);
    for planned in plan(model) {
        let Some(Held { file: Some((file, quantized)), .. }) = by_name.get(planned.name.as_str())
        else {
            continue;
        };
        let quantized = *quantized;
        if quantized != planned.change.is_rotated() {
            let (is, must) = if quantized { ("", "not ") } else { ("not ", "") };
            let words = format!("is {is}quantized, the plan of a rotation has it {must}quantized");
            notes.wrong(&planned.name, words);
        }
        if planned.change != Change::Zeroed || quantized {
            continue;
        }
        norms += 1;
        let Ok(map) = map_khf1(&folder.join(file), AddressWidth::NATIVE) else { continue };
        let nonzero = map.payload().chunks(2).position(|half| half[0] != 0 || half[1] & 0x7f != 0);
        match nonzero {
            None => zero += 1,
            Some(index) => {
                let words = format!("value {index} is not zero: the norm is not folded");
                notes.wrong(&planned.name, words);
            }
        }
    }
    if zero == norms && norms > 0 {
        notes.good("the norms", format!("all {norms} of the residual stream are zero"));
    }
}

fn words_of(StoreError { path, error }: &StoreError, expected: Expected) -> String {
    match error.class {
        // Of the file as a whole, and not of a place in it.
        Class::Io | Class::Missing | Class::NotAFile => error.detail.clone(),
        _ => explained(path, expected, error),
    }
}
