//! Targets whose input is a file: [`load`] and [`save_and_load`].

use super::oracle::{ask, ask_twice, case, verdict};
use super::sketch::Sketch;
use super::{Finding, Verdict, workspace};
use crate::run::left_beside;
use crate::subject::message::{Decode, Hello, Load, Save};
use crate::subject::{Implementation, Request};
use crate::suite::case::{File, FileFormat, Input, Mode, Operation};
use crate::suite::hex::{Bits, Bytes};
use crate::suite::judge::Given;
use crate::suite::random::SplitMix64;

/// A file, loaded. Where a number in it leaves 32 bits, it is asked again with the arithmetic of a
/// narrow machine; where it is accepted, again with its own shape required or with one that a
/// sloppy comparison takes for it. The entry and that shape are drawn by the input's own bytes,
/// and one input in eight is asked through every entry, the first one twice: a campaign asks
/// everything, and one input just what it was asked when it was found.
pub(super) fn load(
    implementation: &dyn Implementation,
    hello: &Hello,
    format: FileFormat,
    input: &[u8],
) -> Result<Verdict, Finding> {
    let offers = |feature: &str| hello.capabilities.iter().any(|name| name == feature);
    let entries = hello.entries(match format {
        FileFormat::Khq4 => Operation::Load,
        FileFormat::Khf1 => Operation::LoadKhf1,
    });
    let path = workspace::with(|folder| Ok(folder.write(input)?.display().to_string()));
    let question = Question { implementation, format, input, path: &path };
    let mut dice = SplitMix64::new(checksum(input));

    let entry = dice.below(entries.len() as u64) as usize;
    let entry = std::slice::from_ref(&entries[entry]);
    let all = dice.below(8) == 0;
    let plain = question.ask(if all { &entries } else { entry }, None, None, all)?;
    let sketch = Sketch::read(format, input);
    if sketch.is_wide() && offers("width-32") {
        question.ask(entry, None, Some(32), false)?;
    }
    if plain == Verdict::Accepted && offers("expected-shape") {
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

struct Question<'a> {
    implementation: &'a dyn Implementation,
    format: FileFormat,
    input: &'a [u8],
    path: &'a str,
}

impl Question<'_> {
    /// Asks through each entry, the first one twice where that is wanted; gives the verdict of the
    /// first.
    fn ask(
        &self,
        entries: &[Option<String>],
        expected_shape: Option<Vec<u64>>,
        address_width: Option<u32>,
        twice: bool,
    ) -> Result<Verdict, Finding> {
        let path = self.path.to_owned();
        let file = File::Bytes(Bytes(self.input.to_vec()));
        let format = self.format;
        let input =
            Input::Load { format, file, expected_shape: expected_shape.clone(), address_width };
        let case = case(input).expect("any bytes have a verdict");
        let load = Load { entry: None, path, expected_shape, address_width };
        let mut request = match format {
            FileFormat::Khq4 => Request::LoadKhq4(load),
            FileFormat::Khf1 => Request::LoadKhf1(load),
        };
        let mut first = None;
        for entry in entries {
            request.entry_mut().clone_from(entry);
            let place = Place { request: &request };
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

/// Which question was asked, in words; the file is not in it.
struct Place<'a> {
    request: &'a Request,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Request::LoadKhq4(load) | Request::LoadKhf1(load)) = self.request else {
            return Ok(());
        };
        write!(formatter, "load {}", load.entry.as_deref().unwrap_or("file"))?;
        if let Some(width) = load.address_width {
            write!(formatter, " on {width} bits")?;
        }
        if load.expected_shape.is_some() {
            write!(formatter, " with a required shape")?;
        }
        Ok(())
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

/// What a file's fields say, saved; where that is lawful, loaded again, decoded, and its values
/// encoded in both modes. Everything that comes back is what went in, or judged by the evaluator.
pub(super) fn save_and_load(
    implementation: &dyn Implementation,
    input: &[u8],
) -> Result<Verdict, Finding> {
    let Sketch { shape, original_len, payload, .. } = Sketch::read(FileFormat::Khq4, input);
    let blocks = Bytes(payload);
    let path = workspace::with(|folder| folder.free_path()).display().to_string();
    let save = Request::SaveKhq4(Save {
        entry: None,
        path: path.clone(),
        shape: shape.clone(),
        original_len,
        blocks: blocks.clone(),
    });
    let saved = case(Input::Save { shape: shape.clone(), original_len, blocks: blocks.clone() })
        .expect("any tensor has a verdict");
    let Some(given) = ask(implementation, &save, &"save", None)? else {
        return Ok(Verdict::Refused(None));
    };
    let verdict = verdict(&saved, &given, &"save")?;
    if let Some(detail) = left_beside(&save) {
        return Err(Finding { oracle: "nothing is left", place: "save".into(), detail });
    }
    if verdict != Verdict::Accepted {
        return Ok(verdict);
    }

    let load = Load { entry: None, path, expected_shape: None, address_width: None };
    let values = decoded(implementation, &blocks, original_len)?;
    match ask(implementation, &Request::LoadKhq4(load), &"load what was saved", None)? {
        Some(Given::Tensor { shape: found, blocks: handed_on, values: found_values })
            if found == shape
                && handed_on.as_ref().is_none_or(|handed_on| *handed_on == blocks)
                && (found_values.is_none() || values.is_none() || found_values == values) => {}
        None => {}
        Some(other) => {
            let detail = format!("saved was a tensor of shape {shape:?}, loaded is {other:?}");
            let place = "load what was saved".to_owned();
            return Err(Finding { oracle: "round trip", place, detail });
        }
    }
    if let Some(values) = values {
        for mode in [Mode::Asymmetric, Mode::Symmetric] {
            super::arithmetic::ask_encode(implementation, mode, &shape, &values)?;
        }
    }
    Ok(Verdict::Accepted)
}

/// The values of lawful blocks, judged; none where there is no decoder.
fn decoded(
    implementation: &dyn Implementation,
    blocks: &Bytes,
    original_len: u64,
) -> Result<Option<Bits>, Finding> {
    let request = Decode { entry: None, blocks: blocks.clone(), original_len };
    let place = "decode what was saved";
    let case = case(Input::Decode { blocks: blocks.clone(), original_len })
        .expect("a lawful tensor has values");
    match ask(implementation, &Request::Decode(request), &place, None)? {
        None => Ok(None),
        Some(given) => {
            verdict(&case, &given, &place)?;
            Ok(if let Given::Values(values) = given { Some(values) } else { None })
        }
    }
}
