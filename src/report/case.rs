//! A case in words: what it asks, what it would show, and what its lawful answers are.

use std::fmt::Write;

use super::failure::tier;
use super::layout::{self, Field};
use super::text::{BAD, Cell, counted, hex, shape, table};
use super::{classes, clauses};
use crate::codec::BLOCK_BYTES;
use crate::format::Class;
use crate::suite::case::{Answer, Case, Change, Edit, Expect, Feature, File, Input, Mode, Special};
use crate::suite::derive::load_bytes;
use crate::suite::exact::file;
use crate::suite::hex::{Bits, Bytes};
use crate::suite::{Suite, patch};

/// Values that are shown of a tensor.
const MOST_VALUES: usize = 32;

/// Blocks that are shown of a payload.
const MOST_BLOCKS: u64 = 4;

/// Bytes of a field that are shown.
const MOST_BYTES: usize = 20;

/// The whole case.
pub fn report(suite: &Suite, case: &Case) -> String {
    let control = suite.control(case);
    let mut text = format!("{}\n", case.id);
    text.push_str(&table(2, &about(case, control)));
    text.push('\n');
    text.push_str(&question(case, control));
    writeln!(text, "\nexpected ({})", case.source.derivation).ok();
    text.push_str(&expectation(&case.expect));
    text
}

/// What stands beside question and answer.
fn about(case: &Case, control: Option<&Case>) -> Vec<Vec<Cell>> {
    let mut lines = vec![
        ("clause", clauses::heading(&case.clause)),
        ("tier", tier(case.tier).to_owned()),
        ("note", case.note.clone()),
    ];
    if let Some(class) = case.class {
        lines.insert(1, ("class", format!("{class}: {}", classes::name(class).unwrap_or("-"))));
    }
    lines.extend(case.discriminates.iter().map(|wrong| ("tells from", wrong.clone())));
    let feature = |feature: &Feature| match feature {
        Feature::ExpectedShape => ("requires", "expected-shape".to_owned()),
        Feature::Width32 => ("requires", "width-32".to_owned()),
    };
    lines.extend(case.requires.iter().map(feature));
    if !case.source.agreed.is_empty() {
        lines.push(("agreed", case.source.agreed.join(", ")));
    }
    if let Some(control) = control {
        lines.push(("control", format!("{}: {}", control.id, control.note)));
    }
    lines.into_iter().map(|(name, value)| vec![Cell::left(name), Cell::left(value)]).collect()
}

fn question(case: &Case, control: Option<&Case>) -> String {
    let mut text = String::new();
    match &case.input {
        Input::Decode { blocks, original_len } => {
            writeln!(text, "decode {} of blocks to {original_len} values", bytes_of(blocks)).ok();
            text.push_str(&payload(blocks, *original_len));
        }
        Input::Encode { mode, shape: dimensions, values } => {
            let mode = match mode {
                Mode::Asymmetric => "asymmetric",
                Mode::Symmetric => "symmetric",
            };
            let count = counted(values.0.len(), "value");
            writeln!(text, "encode {count}, {mode}, of shape {}", shape(dimensions)).ok();
            text.push_str(&numbers(values));
        }
        Input::Load { file, expected_shape, address_width } => {
            text.push_str("load ");
            match file {
                File::Special(special) => writeln!(text, "{}", special_in_words(*special)).ok(),
                _ => writeln!(text, "a file").ok(),
            };
            if let Some(expected) = expected_shape {
                writeln!(text, "  the caller requires the shape {}", shape(expected)).ok();
            }
            if let Some(width) = address_width {
                writeln!(text, "  sizes are computed as on a machine of {width} bits").ok();
            }
            text.push_str(&file_in_words(case, control, file));
        }
        Input::Save { shape: dimensions, original_len, blocks } => {
            let dimensions = shape(dimensions);
            writeln!(
                text,
                "save a tensor of shape {dimensions}, original_len {original_len}, {} of blocks",
                bytes_of(blocks)
            )
            .ok();
            text.push_str(&payload(blocks, *original_len));
        }
    }
    text
}

fn bytes_of(bytes: &Bytes) -> String {
    counted(bytes.0.len(), "byte")
}

fn special_in_words(special: Special) -> &'static str {
    match special {
        Special::Missing => "a path where nothing lies",
        Special::Directory => "a directory",
        Special::Fifo => "a FIFO without a writer",
        Special::Device => "a character device, /dev/null",
        Special::Socket => "a socket",
        Special::DanglingSymlink => "a symbolic link to nothing",
        Special::SymlinkToDirectory => "a symbolic link to a directory",
    }
}

/// The edits of a patch, then the file's fields; those that an edit touched are marked.
fn file_in_words(case: &Case, control: Option<&Case>, file: &File) -> String {
    let bytes = match load_bytes(case, control) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return String::new(),
        Err(problem) => return format!("  {problem}\n"),
    };
    let mut text = String::new();
    let mut origins = vec![Origin::Control; bytes.len()];
    if let (File::Patch(edits), Some(Ok(Some(before)))) =
        (file, control.map(|control| load_bytes(control, None)))
    {
        writeln!(text, "\n  the control's file, edited:").ok();
        text.push_str(&table(2, &edit_lines(&before, edits)));
        origins = trace(&before, edits);
    }
    writeln!(text, "\n  {}:", counted(bytes.len(), "byte")).ok();
    let fields = layout::fields(&bytes, bytes.len() as u64, MOST_BLOCKS);
    text + &fields_table(&fields, &origins)
}

/// Fields in columns; `*` marks one with an edited byte.
pub fn fields_table(fields: &[Field], origins: &[Origin]) -> String {
    let mut lines = vec![["", "offset", "bytes", "field", "value"].map(Cell::left).to_vec()];
    for field in fields {
        let start = usize::try_from(field.offset).unwrap_or(usize::MAX).min(origins.len());
        let len = usize::try_from(field.len).unwrap_or(usize::MAX);
        let touched = &origins[start..start.saturating_add(len).min(origins.len())];
        let edited = touched.iter().any(|origin| *origin != Origin::Control);
        let mut line = vec![
            Cell::left(if edited { "*" } else { "" }).styled(BAD),
            Cell::right(field.offset),
            Cell::left(hex(&field.bytes, MOST_BYTES)),
            Cell::left(&field.name),
            Cell::left(&field.value),
        ];
        line.extend(was(&field.bytes, touched).map(|was| Cell::left(format!("was {was}"))));
        lines.push(line);
    }
    table(2, &lines)
}

/// Where a byte of a patched file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The control's byte.
    Control,
    /// In the place of this byte of the control.
    Over(u8),
    /// Inserted or added.
    New,
}

/// The origin of each byte after `edits`, which are known to lie within the bytes they find.
fn trace(control: &[u8], edits: &[Edit]) -> Vec<Origin> {
    let mut bytes: Vec<(u8, Origin)> =
        control.iter().map(|&byte| (byte, Origin::Control)).collect();
    for edit in edits {
        let new =
            |added: &Bytes| added.0.iter().map(|&byte| (byte, Origin::New)).collect::<Vec<_>>();
        let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        match &edit.change {
            Change::Overwrite { offset, bytes: over } => {
                let start = at(*offset);
                for (place, &byte) in bytes[start..].iter_mut().zip(&over.0) {
                    *place = match *place {
                        (old, Origin::Control) if old != byte => (byte, Origin::Over(old)),
                        (_, origin) => (byte, origin),
                    };
                }
            }
            Change::Insert { offset, bytes: added } => {
                let (start, added) = (at(*offset), new(added));
                bytes.splice(start..start, added);
            }
            Change::Remove { offset, count } => {
                let (start, end) = (at(*offset), at(offset.saturating_add(*count)));
                bytes.drain(start..end);
            }
            Change::Truncate { len } => bytes.truncate(at(*len)),
            Change::Append { bytes: added } => bytes.extend(new(added)),
        }
    }
    bytes.into_iter().map(|(_, origin)| origin).collect()
}

/// The bytes that stood in the place of an overwritten field.
fn was(bytes: &[u8], origins: &[Origin]) -> Option<String> {
    if !origins.iter().any(|origin| matches!(origin, Origin::Over(_))) {
        return None;
    }
    let old = |(&byte, origin): (&u8, &Origin)| match origin {
        Origin::Control => Some(byte),
        Origin::Over(old) => Some(*old),
        Origin::New => None,
    };
    let old: Vec<u8> = bytes.iter().zip(origins).filter_map(old).collect();
    Some(hex(&old, MOST_BYTES))
}

/// Each edit in words, with the bytes that it found.
fn edit_lines(control: &[u8], edits: &[Edit]) -> Vec<Vec<Cell>> {
    let line = |(index, edit): (usize, &Edit)| {
        let found = patch::apply(control, &edits[..index]).unwrap_or_default();
        let old = |offset: u64, len: u64| {
            let start = usize::try_from(offset).unwrap_or(usize::MAX).min(found.len());
            let end = usize::try_from(offset.saturating_add(len)).unwrap_or(usize::MAX);
            hex(&found[start..end.min(found.len())], MOST_BYTES)
        };
        let words = match &edit.change {
            Change::Overwrite { offset, bytes } => {
                let old = old(*offset, bytes.0.len() as u64);
                format!("at {offset}: {} in the place of {old}", hex(&bytes.0, MOST_BYTES))
            }
            Change::Insert { offset, bytes } => {
                format!("at {offset}: {} put between", hex(&bytes.0, MOST_BYTES))
            }
            Change::Remove { offset, count } => {
                format!("at {offset}: {count} bytes taken out, {}", old(*offset, *count))
            }
            Change::Truncate { len } => format!("cut from {} to {len} bytes", found.len()),
            Change::Append { bytes } => format!("at the end: {} added", hex(&bytes.0, MOST_BYTES)),
        };
        let kind = if edit.repair { "repair" } else { "fault" };
        vec![Cell::left(kind), Cell::left(&edit.field), Cell::left(words)]
    };
    edits.iter().enumerate().map(line).collect()
}

fn expectation(expect: &Expect) -> String {
    match expect {
        Expect::Exact(answer) => answer_in_words(answer),
        Expect::OneOf(behaviours) => {
            let mut text = String::new();
            for behaviour in behaviours {
                writeln!(text, "  under {}:", behaviour.name).ok();
                text.push_str(&answer_in_words(&behaviour.answer));
            }
            text
        }
        Expect::Bounded {} => "  any encoding within ENC-B1\n".into(),
        Expect::Refuse(classes) => refusal(classes),
    }
}

fn refusal(classes: &[Class]) -> String {
    let names: Vec<&str> = classes.iter().map(|class| class.name()).collect();
    format!("  a refusal; a class, if one is given, is {}\n", names.join(" or "))
}

fn answer_in_words(answer: &Answer) -> String {
    match answer {
        Answer::Values(values) => numbers(values),
        Answer::Blocks(blocks) => payload(blocks, u64::MAX),
        Answer::Tensor { shape: dimensions, blocks, values } => {
            let bytes = file::write(dimensions, values.0.len() as u64, &blocks.0);
            let payload = payload_fields(&bytes, blocks.0.len());
            format!("  a tensor of shape {}\n", shape(dimensions))
                + &fields_table(&payload, &[])
                + &numbers(values)
        }
        Answer::File(Bytes(bytes)) => {
            let fields = layout::fields(bytes, bytes.len() as u64, MOST_BLOCKS);
            format!("  a file of {}\n", counted(bytes.len(), "byte")) + &fields_table(&fields, &[])
        }
        Answer::Refuse(classes) => refusal(classes),
    }
}

/// A payload apart from a file; offsets are its own.
fn payload(blocks: &Bytes, original_len: u64) -> String {
    if blocks.0.is_empty() {
        return "  no blocks\n".into();
    }
    let full = (blocks.0.len() / BLOCK_BYTES) as u64 * 32;
    let bytes = file::write(&[], original_len.min(full), &blocks.0);
    fields_table(&payload_fields(&bytes, blocks.0.len()), &[])
}

/// The fields behind the header, with offsets from there.
fn payload_fields(file: &[u8], payload_len: usize) -> Vec<Field> {
    let header_len = (file.len() - payload_len) as u64;
    layout::fields(file, file.len() as u64, MOST_BLOCKS)
        .into_iter()
        .filter(|field| field.offset >= header_len)
        .map(|field| Field { offset: field.offset - header_len, ..field })
        .collect()
}

/// Values in columns: index, bits, number.
fn numbers(values: &Bits) -> String {
    let line = |(index, &bits): (usize, &u32)| {
        let number = format!("{:?}", f32::from_bits(bits));
        vec![Cell::right(index), Cell::left(format!("{bits:08x}")), Cell::left(number)]
    };
    if values.0.is_empty() {
        return "  no values\n".into();
    }
    let mut lines = vec![["value", "bits", "number"].map(Cell::left).to_vec()];
    lines.extend(values.0.iter().enumerate().take(MOST_VALUES).map(line));
    let mut text = table(2, &lines);
    if let Some(more @ 1..) = values.0.len().checked_sub(MOST_VALUES) {
        writeln!(text, "  ... and {more} more").ok();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(change: Change) -> Edit {
        Edit { field: "field".into(), repair: false, change }
    }

    #[test]
    fn an_edited_byte_is_known_whatever_moves_it() {
        let edits = [
            edit(Change::Overwrite { offset: 1, bytes: Bytes(vec![9, 3]) }),
            edit(Change::Insert { offset: 0, bytes: Bytes(vec![7]) }),
            edit(Change::Remove { offset: 4, count: 1 }),
            edit(Change::Append { bytes: Bytes(vec![8]) }),
        ];
        let control = [1, 2, 3, 4, 5];
        let origins = [
            Origin::New,
            Origin::Control,
            Origin::Over(2),
            Origin::Control,
            Origin::Control,
            Origin::New,
        ];
        assert_eq!(patch::apply(&control, &edits), Ok(vec![7, 1, 9, 3, 5, 8]));
        assert_eq!(trace(&control, &edits), origins);
        assert_eq!(was(&[1, 9, 3], &origins[1..4]), Some("010203".into()));
        assert_eq!(was(&[7, 1], &origins[..2]), None);
    }
}
