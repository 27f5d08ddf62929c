//! What a file is: its fields, what its blocks hold, and what is wrong with it.

use std::fmt::Write;

use super::clauses;
use super::layout::{self, Field};
use super::patched::fields_table;
use super::text::{BAD, GOOD, counted, plain, styled};
use crate::codec::{BLOCK_WEIGHTS, Block, decode_block};
use crate::format::khq4::{self, View};
use crate::format::{FormatError, khf1};
use crate::suite::exact::files;
use crate::suite::operation::FormatId;

/// Blocks that are shown.
const MOST_BLOCKS: u64 = 3;

/// The fields of a file of `file_len` bytes, of which `bytes` are the first. What follows a wrong
/// magic or version is not read.
pub fn fields(bytes: &[u8], file_len: u64) -> String {
    let mut fields = layout::fields(bytes, file_len, MOST_BLOCKS);
    let is =
        |index: usize, right: &[u8]| fields.get(index).is_some_and(|field| field.bytes == right);
    let (magic, version, name) = match layout::format_of(bytes) {
        FormatId::KHF1 => (khf1::MAGIC, khf1::VERSION, "KHF1"),
        _ => (khq4::MAGIC, khq4::VERSION, "KHQ4"),
    };
    let known = match (is(0, &magic), is(1, &version.to_le_bytes())) {
        (true, true) => fields.len(),
        (true, false) => 2,
        (false, _) => 1,
    };
    if known < fields.len() {
        let offset = fields[known].offset;
        let len = file_len.saturating_sub(offset);
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let bytes = bytes[start..].to_vec();
        fields.truncate(known);
        fields.push(Field {
            offset,
            len,
            bytes,
            name: "the rest".into(),
            value: format!("not read as {name}"),
        });
    }
    for field in &mut fields {
        field.value = plain(&field.value, 80);
    }
    fields_table(&fields, &[])
}

/// What the blocks of a sound file hold.
pub fn statistics(view: &View) -> String {
    let counts =
        |holds: fn(&Block) -> bool| view.blocks.iter().filter(|block| holds(block)).count();
    let negative = counts(|block| block.scale().is_sign_negative());
    let small_scales = counts(|block| is_subnormal(block.scale()));
    let small_biases = counts(|block| is_subnormal(block.bias()));

    let mut text = format!(
        "{} in {}, shape {}\n",
        counted(usize::try_from(view.header.original_len).unwrap_or(usize::MAX), "value"),
        counted(view.blocks.len(), "block"),
        super::text::shape(&view.header.shape),
    );
    if let Some((least, greatest)) = range(view) {
        writeln!(text, "values from {least:?} to {greatest:?}").ok();
    }
    writeln!(
        text,
        "scales: {negative} negative, {small_scales} subnormal; biases: {small_biases} subnormal"
    )
    .ok();
    let padding = padding(view);
    if !padding.is_empty() {
        let set = padding.iter().filter(|&&nibble| nibble != 0).count();
        writeln!(text, "padding: {}, {set} of them not 0", counted(padding.len(), "nibble")).ok();
    }
    text
}

/// What a sound file of f16 holds.
pub fn half_statistics(view: &khf1::View) -> String {
    let values = view.values();
    let mut text = format!(
        "{} of f16, shape {}\n",
        counted(values.len(), "value"),
        super::text::shape(&view.header.shape),
    );
    let bounds = values
        .iter()
        .copied()
        .min_by(half::f16::total_cmp)
        .zip(values.iter().copied().max_by(half::f16::total_cmp));
    if let Some((least, greatest)) = bounds {
        writeln!(text, "values from {least:?} to {greatest:?}").ok();
    }
    let subnormal = values.iter().filter(|value| is_subnormal(**value)).count();
    let negative_zeros = values.iter().filter(|value| value.to_bits() == 0x8000).count();
    writeln!(text, "{subnormal} subnormal, {negative_zeros} of -0").ok();
    text
}

fn is_subnormal(half: half::f16) -> bool {
    half.classify() == std::num::FpCategory::Subnormal
}

/// The least and the greatest value.
fn range(view: &View) -> Option<(f32, f32)> {
    let mut left = view.header.original_len;
    let mut range: Option<(f32, f32)> = None;
    for block in view.blocks {
        let real = left.min(BLOCK_WEIGHTS as u64);
        left -= real;
        for value in decode_block(block).into_iter().take(real as usize) {
            let (least, greatest) = range.unwrap_or((value, value));
            range = Some((least.min(value), greatest.max(value)));
        }
    }
    range
}

/// The nibbles behind the last value.
fn padding(view: &View) -> Vec<u8> {
    let real = (view.header.original_len % BLOCK_WEIGHTS as u64) as usize;
    match view.blocks.last() {
        Some(last) if real > 0 => last.nibbles()[real..].to_vec(),
        _ => Vec::new(),
    }
}

/// The last line of a sound file.
pub fn sound() -> String {
    format!("{}: copy and map agree\n", styled("sound", GOOD))
}

/// The last lines of a file that is refused: what is wrong, where, and by which clause.
pub fn refused(error: &FormatError, format: FormatId) -> String {
    let container = files::named(format).expect("a file of a container");
    let clause = clauses::heading(container.clause(error.class));
    let what = plain(&error.to_string(), 400);
    format!("{}: {what}\nclause: {clause}\n", styled("refused", BAD))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Class;

    #[test]
    fn every_class_has_a_clause_of_the_spec() {
        for class in Class::ALL {
            for container in files::ALL {
                assert!(clauses::title(container.clause(class)).is_some(), "{class}");
            }
        }
    }

    #[test]
    fn another_format_is_not_read_as_khq4() {
        let text = fields(b"GGUF\x03\0\0\0\x07\0\0\0\0\0\0\0", 16);
        assert!(text.contains("\"GGUF\"") && text.contains("not read as KHQ4"), "{text}");
        assert!(!text.contains("ndim"), "{text}");
    }
}
