//! A file field by field, and what edits have made of it: each edit in words, each field that one touched
//! marked, with what stood in its place.

use std::fmt::Write;

use super::layout::{self, Field};
use super::text::{BAD, Cell, counted, hex, table};
use crate::suite::case::{Case, Change, Edit, File};
use crate::suite::expected::file_bytes;
use crate::suite::hex::Bytes;
use crate::suite::patch;

/// Blocks, or values, that are shown of a payload.
pub const MOST_BLOCKS: u64 = 4;

/// Bytes of a field that are shown.
const MOST_BYTES: usize = 20;

/// The edits of a patch, then the file's fields; those that an edit touched are marked.
pub fn file_in_words(case: &Case, control: Option<&Case>, file: &File) -> String {
    let of_control = control.map(|control| &control.question);
    let bytes = match file_bytes(&case.question, of_control) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return String::new(),
        Err(problem) => return format!("  {problem}\n"),
    };
    let mut text = String::new();
    let mut origins = vec![Origin::Control; bytes.len()];
    if let (File::Patch(edits), Some(Ok(Some(before)))) =
        (file, of_control.map(|control| file_bytes(control, None)))
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
