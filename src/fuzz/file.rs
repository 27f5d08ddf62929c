//! Targets whose input is a file: [`load`] and [`save_and_load`].

use super::oracle::{ask, ask_twice, case, verdict};
use super::sketch::Sketch;
use super::{Finding, Verdict, workspace};
use std::fs;

use crate::run::left_beside;
use crate::subject::{Hello, Implementation, Request};
use crate::suite::answer::Answer;
use crate::suite::case::File;
use crate::suite::feature::Feature;
use crate::suite::floats::Floats;
use crate::suite::hex::{Bits16, Bytes};
use crate::suite::operation::{FormatId, Operation, Verb};
use crate::suite::question::{Load, Mode, Question, Tensor};
use crate::suite::random::SplitMix64;

/// A file, loaded. Where a number in it leaves 32 bits, it is asked again with the arithmetic of a
/// narrow machine; where it is accepted, again with its own shape required or with one that a
/// sloppy comparison takes for it. The entry and that shape are drawn by the input's own bytes,
/// and one input in eight is asked through every entry, the first one twice: a campaign asks
/// everything, and one input just what it was asked when it was found.
pub(super) fn load(
    implementation: &dyn Implementation,
    hello: &Hello,
    format: FormatId,
    input: &[u8],
) -> Result<Verdict, Finding> {
    let entries = hello.entries(Operation::new(Verb::Load, format));
    let path = workspace::with(|folder| Ok(folder.write(input)?.display().to_string()));
    let question = OfFile { implementation, format, input, path: &path };
    let mut dice = SplitMix64::new(checksum(input));

    let entry = dice.below(entries.len() as u64) as usize;
    let entry = std::slice::from_ref(&entries[entry]);
    let all = dice.below(8) == 0;
    let plain = question.ask(if all { &entries } else { entry }, None, None, all)?;
    let sketch = Sketch::read(format, input);
    if sketch.is_wide() && hello.offers(Feature::Width32.of(format)) {
        question.ask(entry, None, Some(32), false)?;
    }
    if plain == Verdict::Accepted && hello.offers(Feature::ExpectedShape.of(format)) {
        let mut shapes = similar_shapes(&sketch.shape);
        let shape = shapes.swap_remove(dice.below(shapes.len() as u64) as usize);
        question.ask(entry, Some(shape), None, false)?;
    }
    Ok(plain)
}

/// FNV-1a, so that equal inputs draw alike.
pub(super) fn checksum(input: &[u8]) -> u64 {
    let step = |sum: u64, &byte: &u8| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    input.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Questions about one file.
struct OfFile<'a> {
    implementation: &'a dyn Implementation,
    format: FormatId,
    input: &'a [u8],
    path: &'a str,
}

impl OfFile<'_> {
    /// Asks through each entry, the first one twice where that is wanted; gives the verdict of the
    /// first.
    fn ask(
        &self,
        entries: &[Option<String>],
        expected_shape: Option<Vec<u64>>,
        address_width: Option<u32>,
        twice: bool,
    ) -> Result<Verdict, Finding> {
        let path = File::Bytes(Bytes(self.input.to_vec()));
        let narrow = if address_width.is_some() { " on 32 bits" } else { "" };
        let mut place = narrow.to_owned();
        if expected_shape.is_some() {
            place += " with a required shape";
        }
        let load = Load { format: self.format, path, expected_shape, address_width };
        let question = Question::Load(load);
        let mut request = Request::of(question.at(self.path.to_owned()));
        let case = case(question).expect("any bytes have a verdict");
        let mut first = None;
        for entry in entries {
            request.entry.clone_from(entry);
            let place = format!("load {}{place}", entry.as_deref().unwrap_or("file"));
            let len = Some(self.input.len());
            let ask = if twice && first.is_none() { ask_twice } else { ask };
            if let Some(given) = ask(self.implementation, &request, &place, len)? {
                let verdict = verdict(&case, &given, &place)?;
                first.get_or_insert(verdict);
            }
        }
        Ok(first.unwrap_or(Verdict::Refused(None)))
    }
}

/// `shape` itself, its reverse, its first dimensions, one dimension more, and the vector of as
/// many values.
fn similar_shapes(shape: &[u64]) -> Vec<Vec<u64>> {
    let mut shapes = vec![
        shape.to_vec(),
        shape.iter().rev().copied().collect(),
        shape[..shape.len().saturating_sub(1)].to_vec(),
        [shape, &[1]].concat(),
        vec![shape.iter().fold(1, |product: u64, &size| product.wrapping_mul(size))],
    ];
    shapes.sort();
    shapes.dedup();
    shapes
}

/// The tensor in the fields of a file.
fn tensor(format: FormatId, sketch: Sketch) -> Tensor {
    let Sketch { shape, original_len, mut payload, .. } = sketch;
    if format == FormatId::KHF1 {
        payload.truncate(payload.len() / 2 * 2);
        let values = Bits16::from_le_bytes(&Bytes(payload)).expect("whole values");
        return Tensor::of_values(&shape, Floats::F16(values));
    }
    Tensor::of_blocks(&shape, original_len, payload)
}

/// What a file's fields say, saved: written byte for byte, or refused as it must be.
pub(super) fn save(
    implementation: &dyn Implementation,
    format: FormatId,
    input: &[u8],
) -> Result<Verdict, Finding> {
    let tensor = tensor(format, Sketch::read(format, input));
    let path = workspace::with(|folder| folder.free_path()).display().to_string();
    save_at(implementation, format, &tensor, &path)
}

fn save_at(
    implementation: &dyn Implementation,
    format: FormatId,
    tensor: &Tensor,
    path: &str,
) -> Result<Verdict, Finding> {
    let question = Question::save(format, tensor.clone());
    let request = Request::of(question.at(path.to_owned()));
    let saved = case(question).expect("any tensor has a verdict");
    let Some(given) = ask(implementation, &request, &"save", None)? else {
        return Ok(Verdict::Refused(None));
    };
    let verdict = verdict(&saved, &given, &"save")?;
    let kept = match given {
        Err(_) if fs::symlink_metadata(path).is_ok() => Some("refused, but left the file".into()),
        _ => left_beside(&request),
    };
    match kept {
        None => Ok(verdict),
        Some(detail) => Err(Finding { oracle: "nothing is left", place: "save".into(), detail }),
    }
}

/// What a file's fields say, saved; where that is lawful, loaded again, decoded, and its values
/// encoded in both modes. Everything that comes back is what went in, or judged by the evaluator.
pub(super) fn save_and_load(
    implementation: &dyn Implementation,
    input: &[u8],
) -> Result<Verdict, Finding> {
    let format = FormatId::KHQ4;
    let Sketch { shape, original_len, payload, .. } = Sketch::read(format, input);
    let path = workspace::with(|folder| folder.free_path()).display().to_string();
    let tensor = Tensor::of_blocks(&shape, original_len, payload.clone());
    let verdict = save_at(implementation, format, &tensor, &path)?;
    if verdict != Verdict::Accepted {
        return Ok(verdict);
    }

    let values = decoded(implementation, &payload, original_len)?;
    let place = "load what was saved";
    let load = Request::of(Question::load(format, path));
    match ask(implementation, &load, &place, None)? {
        None => {}
        Some(Ok(Answer::Tensors(found))) if is_same(&found, &tensor, values.as_ref()) => {}
        Some(other) => {
            let detail = format!("saved was a tensor of shape {shape:?}, loaded is {other:?}");
            return Err(Finding { oracle: "round trip", place: place.into(), detail });
        }
    }
    if let Some(values) = values {
        for mode in [Mode::Asymmetric, Mode::Symmetric] {
            super::arithmetic::ask_encode(implementation, format, Some(mode), &shape, &values)?;
        }
    }
    Ok(Verdict::Accepted)
}

/// Whether the one tensor of a file is the one that was saved, as far as it was handed on.
fn is_same(found: &[Tensor], saved: &Tensor, values: Option<&Floats>) -> bool {
    let [found] = found else { return false };
    let same_values = match (&found.values, values) {
        (Some(found), Some(values)) => found == values,
        _ => true,
    };
    found.shape == saved.shape
        && (found.blocks.is_none() || found.blocks == saved.blocks)
        && same_values
}

/// The values of lawful blocks, judged; none where there is no decoder.
fn decoded(
    implementation: &dyn Implementation,
    blocks: &[u8],
    original_len: u64,
) -> Result<Option<Floats>, Finding> {
    let place = "decode what was saved";
    let question = Question::decode(FormatId::KHQ4, blocks.to_vec(), original_len);
    let request = Request::of(question.at(String::new()));
    let case = case(question).expect("a lawful tensor has values");
    match ask(implementation, &request, &place, None)? {
        None => Ok(None),
        Some(given) => {
            verdict(&case, &given, &place)?;
            Ok(if let Ok(Answer::Values(values)) = given { Some(values) } else { None })
        }
    }
}
