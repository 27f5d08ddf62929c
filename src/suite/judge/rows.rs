//! Expected beside got, for people: an answer in words, and the fields in which two answers differ.

use half::{bf16, f16};

use super::{MOST_ROWS, Row};
use crate::suite::answer::Answer;
use crate::suite::case::{Form, ListedTensor, Listing};
use crate::suite::exact::blocks::{self, BlockField, BlockFormat, Geometry};
use crate::suite::floats::{Float, Floats};
use crate::suite::hex::Bytes;
use crate::suite::operation::FormatId;
use crate::suite::question::Tensor;

/// Bytes of an answer that are kept for people, however long it is.
const MOST_BYTES: usize = 4096;

/// What an answer is, without what it says.
pub(crate) fn described(answer: &Answer) -> String {
    match answer {
        Answer::Values(values) => counted(values),
        Answer::Encoded(encoded) => format!("{} bytes of blocks", encoded.blocks.0.len()),
        Answer::Tensors(tensors) => match tensors.as_slice() {
            [tensor] => format!("a tensor of shape {:?}", tensor.shape),
            tensors => format!("{} tensors", tensors.len()),
        },
        Answer::File(bytes) => format!("a file of {} bytes", bytes.0.len()),
        Answer::Saved => "a file".into(),
        Answer::Index(listing) => in_words(listing),
        Answer::Files(files) => format!("{} files", files.len()),
        Answer::Continuation(continuation) => format!("{} tokens", continuation.ids.len()),
    }
}

/// The number of values, and their type where that is not f32.
fn counted(values: &Floats) -> String {
    match values.float() {
        Float::F32 => format!("{} values", values.len()),
        other => format!("{} values of {}", values.len(), other.name()),
    }
}

pub(super) fn given_in_words(given: &Answer) -> String {
    match given {
        Answer::Values(values) => brief(&numbers(values)),
        Answer::Encoded(encoded) => format!("accepted, blocks {}", shown_bytes(&encoded.blocks)),
        Answer::Tensors(tensors) => {
            let shape = |tensor: &Tensor| format!("{:?}", tensor.shape);
            format!("accepted, shape {}", tensors.iter().map(shape).collect::<Vec<_>>().join(", "))
        }
        Answer::File(bytes) => format!("wrote a file of {} bytes", bytes.0.len()),
        Answer::Saved => "saved".into(),
        Answer::Index(listing) => format!("accepted, {}", in_words(listing)),
        Answer::Files(files) => format!("accepted, {}", brief(files)),
        Answer::Continuation(continuation) => format!("{} tokens", continuation.ids.len()),
    }
}

/// Each value as a number.
fn numbers(values: &Floats) -> Vec<String> {
    match values {
        Floats::F16(bits) => bits.0.iter().map(|&bits| f16::from_bits(bits).to_string()).collect(),
        Floats::Bf16(bits) => {
            bits.0.iter().map(|&bits| bf16::from_bits(bits).to_string()).collect()
        }
        Floats::F32(bits) => bits.values().iter().map(f32::to_string).collect(),
        Floats::F64(bits) => bits.values().iter().map(f64::to_string).collect(),
    }
}

/// Bytes in hex, as many as a person may want to see.
pub(super) fn shown_bytes(bytes: &Bytes) -> String {
    let shown = Bytes(bytes.0.iter().take(MOST_BYTES).copied().collect());
    let more = if bytes.0.len() > MOST_BYTES { "..." } else { "" };
    format!("{shown}{more}")
}

pub(super) fn brief(values: &[impl ToString]) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<String> = values.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = if values.len() > SHOWN { ", ..." } else { "" };
    format!("{} values: {}{more}", values.len(), shown.join(", "))
}

/// A value's bits, and its number.
fn word(float: Float, bits: u64) -> String {
    match float {
        Float::F16 => format!("{bits:04x} ({:e})", f16::from_bits(bits as u16)),
        Float::Bf16 => format!("{bits:04x} ({:e})", bf16::from_bits(bits as u16)),
        Float::F32 => format!("{bits:08x} ({:e})", f32::from_bits(bits as u32)),
        Float::F64 => format!("{bits:016x} ({:e})", f64::from_bits(bits)),
    }
}

pub(super) fn shape_row(expected: &[u64], got: &[u64]) -> Row {
    Row::new("shape", format!("{expected:?}"), format!("{got:?}"))
}

/// The number of values, and each value that differs.
pub(super) fn value_rows(expected: &Floats, got: &Floats) -> Vec<Row> {
    if expected.float() != got.float() {
        return vec![Row::new("values", counted(expected), counted(got))];
    }
    let count = Row::new("values", expected.len(), got.len());
    let (expected_bits, got_bits) = (expected.bits(), got.bits());
    let word =
        |bits: Option<&u64>| bits.map_or("none".to_owned(), |&bits| word(expected.float(), bits));
    // What a subject gives may be as long as it likes; what is kept of it is not.
    let longest = expected_bits.len().max(got_bits.len());
    let row = |index: usize| {
        let (expected, got) = (expected_bits.get(index), got_bits.get(index));
        Row::new(format!("value {index}"), word(expected), word(got))
    };
    let differing =
        (0..longest).filter(|&index| expected_bits.get(index) != got_bits.get(index)).map(row);
    std::iter::once(count).chain(differing.take(MOST_ROWS + 1)).collect()
}

/// The fields of the blocks that differ, as the format has them; all fields of a payload of one block.
pub(super) fn payload_rows(format: FormatId, expected: &Bytes, got: &Bytes) -> Vec<Row> {
    let whole = expected.0.len() == got.0.len();
    let format = blocks::named(format)
        .filter(|format| whole && got.0.len().is_multiple_of(format.geometry().bytes));
    let Some(format) = format else {
        return vec![
            Row::new(
                "blocks",
                format!("{} bytes", expected.0.len()),
                format!("{} bytes", got.0.len()),
            ),
            Row::new("payload", shown_bytes(expected), shown_bytes(got)),
        ];
    };
    let Geometry { weights, bytes: size } = format.geometry();
    let single = expected.0.len() == size;
    let pairs = expected.0.chunks(size).zip(got.0.chunks(size)).enumerate();
    pairs
        .filter(|(_, (expected, got))| single || expected != got)
        .flat_map(|(index, (expected, got))| {
            let fields =
                format.fields(expected, weights).into_iter().zip(format.fields(got, weights));
            let row = |(field, of_got): (BlockField, BlockField)| {
                let name = format!("block {index} {}", field.name);
                Row::new(name, field.in_words(expected), of_got.in_words(got))
            };
            fields.map(row).collect::<Vec<_>>()
        })
        .collect()
}

/// Whether two payloads of `count` values agree in all but the codes behind the last value.
pub(super) fn is_same_but_for_padding(
    format: &dyn BlockFormat,
    count: usize,
    expected: &Bytes,
    got: &Bytes,
) -> bool {
    let Geometry { weights, bytes: size } = format.geometry();
    if expected.0.len() != got.0.len() || !expected.0.len().is_multiple_of(size) {
        return false;
    }
    let fields = |block: &[u8], real: usize| -> Vec<String> {
        let word = |field: BlockField| {
            let word = field.in_words(block);
            // Codes behind the last value stand behind a bar.
            word.split(" | ").next().unwrap_or_default().to_owned()
        };
        format.fields(block, real).into_iter().map(word).collect()
    };
    let pairs = expected.0.chunks(size).zip(got.0.chunks(size)).enumerate();
    pairs.into_iter().all(|(index, (expected, got))| {
        let real = count.saturating_sub(index * weights).min(weights);
        fields(expected, real) == fields(got, real)
    })
}

/// The length and the first byte that differs.
pub(super) fn file_rows(expected: &Bytes, got: &Bytes) -> Vec<Row> {
    let mut rows = vec![Row::new(
        "file",
        format!("{} bytes", expected.0.len()),
        format!("{} bytes", got.0.len()),
    )];
    let byte = |bytes: &Bytes, at: usize| {
        bytes.0.get(at).map_or("none".to_owned(), |byte| format!("{byte:02x}"))
    };
    let longest = expected.0.len().max(got.0.len());
    if let Some(at) = (0..longest).find(|&at| expected.0.get(at) != got.0.get(at)) {
        rows.push(Row::new(format!("byte {at}"), byte(expected, at), byte(got, at)));
    }
    rows
}

/// A listing in words: its form and the number of its tensors.
fn in_words(listing: &Listing) -> String {
    let form = listing.form.map_or("an index", Form::in_words);
    format!("{form} of {} tensors", listing.tensors.len())
}

/// The form, the seed, the number of tensors, and each tensor that differs.
pub(super) fn listing_rows(expected: &Listing, got: &Listing) -> Vec<Row> {
    let seed = |seed: Option<u64>| seed.map_or("none".to_owned(), |seed| seed.to_string());
    let form = |listing: &Listing| listing.form.map_or("not told", Form::in_words);
    let mut rows = vec![
        Row::new("index", form(expected), form(got)),
        Row::new("quarot_seed", seed(expected.quarot_seed), seed(got.quarot_seed)),
        Row::new("tensors", expected.tensors.len(), got.tensors.len()),
    ];
    let word = |tensor: Option<&ListedTensor>| tensor.map_or("none".to_owned(), tensor_in_words);
    let longest = expected.tensors.len().max(got.tensors.len());
    let differing = (0..longest)
        .filter(|&index| expected.tensors.get(index) != got.tensors.get(index))
        .map(|index| {
            let (expected, got) = (expected.tensors.get(index), got.tensors.get(index));
            Row::new(format!("tensor {index}"), word(expected), word(got))
        });
    rows.extend(differing.take(MOST_ROWS + 1));
    rows
}

fn tensor_in_words(tensor: &ListedTensor) -> String {
    let ListedTensor { name, file, quantized, shape, numel } = tensor;
    let mut text = format!("{name:?} in {file:?}");
    if let Some(quantized) = quantized {
        text += if *quantized { ", quantized" } else { ", not quantized" };
    }
    if let Some(shape) = shape {
        text += &format!(", shape {shape:?}");
    }
    if let Some(numel) = numel {
        text += &format!(", numel {numel}");
    }
    text
}

/// The number of names, and each that differs.
pub(super) fn name_rows(expected: &[String], got: &[String]) -> Vec<Row> {
    let word = |name: Option<&String>| name.map_or("none".to_owned(), |name| format!("{name:?}"));
    let longest = expected.len().max(got.len());
    let row = |index: usize| {
        Row::new(format!("file {index}"), word(expected.get(index)), word(got.get(index)))
    };
    let differing = (0..longest).filter(|&index| expected.get(index) != got.get(index)).map(row);
    let count = Row::new("files", expected.len(), got.len());
    std::iter::once(count).chain(differing.take(MOST_ROWS + 1)).collect()
}
