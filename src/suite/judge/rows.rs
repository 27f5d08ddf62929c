//! Expected beside got, for people: an answer in words, and the fields in which two answers differ.

use super::{Given, MOST_ROWS, Row};
use crate::suite::case::{Answer, Form, ListedTensor, Listing};
use crate::suite::exact::{ExactBlock, block};
use crate::suite::hex::{Bits, Bits16, Bits64, Bytes};

/// Bytes of an answer that are kept for people, however long it is.
const MOST_BYTES: usize = 4096;

pub(super) fn described(answer: &Answer) -> String {
    match answer {
        Answer::Values(Bits(values)) => format!("{} values", values.len()),
        Answer::Halves(Bits16(values)) => format!("{} values of f16", values.len()),
        Answer::Doubles(Bits64(values)) => format!("{} values of f64", values.len()),
        Answer::Blocks(blocks) => format!("{} bytes of blocks", blocks.0.len()),
        Answer::Tensor { shape, .. } | Answer::HalfTensor { shape, .. } => {
            format!("a tensor of shape {shape:?}")
        }
        Answer::File(bytes) => format!("a file of {} bytes", bytes.0.len()),
        Answer::Listing(listing) => in_words(listing),
        Answer::Files(files) => format!("{} files", files.len()),
        Answer::Refuse(_) => "refused".into(),
    }
}

pub(super) fn given_in_words(given: &Given) -> String {
    match given {
        Given::Values(values) => brief(&values.values()),
        Given::Halves(Bits16(values)) => {
            brief(&values.iter().map(|&bits| half::f16::from_bits(bits)).collect::<Vec<_>>())
        }
        Given::Doubles(values) => brief(&values.values()),
        Given::Blocks(blocks) => format!("accepted, blocks {}", shown_bytes(blocks)),
        Given::Tensor { shape, .. } | Given::HalfTensor { shape, .. } => {
            format!("accepted, shape {shape:?}")
        }
        Given::File(bytes) => format!("wrote a file of {} bytes", bytes.0.len()),
        Given::Listing(listing) => format!("accepted, {}", in_words(listing)),
        Given::Files(files) => format!("accepted, {}", brief(files)),
        Given::Refused { message, .. } => format!("refused: {message}"),
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

pub(super) fn half(bits: u16) -> String {
    format!("{bits:04x} ({:e})", half::f16::from_bits(bits))
}

pub(super) fn single(bits: u32) -> String {
    format!("{bits:08x} ({:e})", f32::from_bits(bits))
}

pub(super) fn double(bits: u64) -> String {
    format!("{bits:016x} ({:e})", f64::from_bits(bits))
}

/// The number of values, and each value that differs.
pub(super) fn value_rows<T: Copy + PartialEq>(
    expected: &[T],
    got: &[T],
    word: fn(T) -> String,
) -> Vec<Row> {
    let word = |bits: Option<&T>| bits.map_or("none".to_owned(), |&bits| word(bits));
    let count = Row::new("values", expected.len(), got.len());
    // What a subject gives may be as long as it likes; what is kept of it is not.
    let longest = expected.len().max(got.len());
    let row = |index: usize| {
        Row::new(format!("value {index}"), word(expected.get(index)), word(got.get(index)))
    };
    let differing = (0..longest).filter(|&index| expected.get(index) != got.get(index)).map(row);
    std::iter::once(count).chain(differing.take(MOST_ROWS + 1)).collect()
}

/// The fields of the blocks that differ; all fields of a payload of one block.
pub(super) fn payload_rows(expected: &Bytes, got: &Bytes) -> Vec<Row> {
    if expected.0.len() != got.0.len() || !got.0.len().is_multiple_of(block::BYTES) {
        return vec![
            Row::new(
                "blocks",
                format!("{} bytes", expected.0.len()),
                format!("{} bytes", got.0.len()),
            ),
            Row::new("payload", shown_bytes(expected), shown_bytes(got)),
        ];
    }
    let read = |bytes: &Bytes| -> Vec<ExactBlock> {
        bytes.0.chunks(block::BYTES).map(ExactBlock::read).collect()
    };
    let (expected, got) = (read(expected), read(got));
    let single = expected.len() == 1;
    let pairs = expected.iter().zip(&got).enumerate();
    pairs
        .filter(|(_, (expected, got))| single || expected != got)
        .flat_map(|(index, (expected, got))| {
            let half = |bits: u16| format!("{bits:04x} ({})", half::f16::from_bits(bits));
            let digits = |nibbles: &[u8]| {
                nibbles.iter().map(|nibble| format!("{nibble:x}")).collect::<String>()
            };
            [
                Row::new(format!("block {index} scale"), half(expected.scale), half(got.scale)),
                Row::new(format!("block {index} bias"), half(expected.bias), half(got.bias)),
                Row::new(
                    format!("block {index} nibbles"),
                    digits(&expected.nibbles),
                    digits(&got.nibbles),
                ),
            ]
        })
        .collect()
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
