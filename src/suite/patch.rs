//! A refusal's file: its control's bytes, edited.

use super::case::{Change, Edit};

/// Applies `edits` in their order.
///
/// # Errors
///
/// Where an edit does not lie within the bytes that it finds, or changes nothing.
pub fn apply(control: &[u8], edits: &[Edit]) -> Result<Vec<u8>, String> {
    let mut bytes = control.to_vec();
    for edit in edits {
        let changed = change(&bytes, &edit.change).ok_or_else(|| {
            format!("the edit of {} lies outside {} bytes", edit.field, bytes.len())
        })?;
        if changed == bytes {
            return Err(format!("the edit of {} changes nothing", edit.field));
        }
        bytes = changed;
    }
    Ok(bytes)
}

fn change(bytes: &[u8], change: &Change) -> Option<Vec<u8>> {
    let splice = |start: u64, removed: u64, added: &[u8]| {
        let start = usize::try_from(start).ok()?;
        let end = start.checked_add(usize::try_from(removed).ok()?)?;
        Some([bytes.get(..start)?, added, bytes.get(end..)?].concat())
    };
    let len = bytes.len() as u64;
    match change {
        Change::Overwrite { offset, bytes } => splice(*offset, bytes.0.len() as u64, &bytes.0),
        Change::Insert { offset, bytes } => splice(*offset, 0, &bytes.0),
        Change::Remove { offset, count } => splice(*offset, *count, &[]),
        Change::Truncate { len: kept } => splice(*kept, len.checked_sub(*kept)?, &[]),
        Change::Append { bytes } => splice(len, 0, &bytes.0),
    }
}
