//! A case in words: what it asks, what it would show, and what its lawful answers are.

use std::fmt::Write;

use half::{bf16, f16};

use super::failure::tier;
use super::layout::{self, Field};
use super::listing::{self, special_in_words};
use super::patched::{MOST_BLOCKS, fields_table, file_in_words};
use super::text::{Cell, counted, plain, shape, table};
use super::{classes, clauses};
use crate::codec::BLOCK_BYTES;
use crate::format::Class;
use crate::suite::Suite;
use crate::suite::case::{
    Answer, Case, Expect, File, FileFormat, Floats, Input, Mode, Side, SourceValues,
};
use crate::suite::exact::file;
use crate::suite::hex::Bytes;

/// Values that are shown of a tensor.
const MOST_VALUES: usize = 32;

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
    lines.extend(case.requires.iter().map(|feature| ("requires", feature.name().to_owned())));
    if !case.source.agreed.is_empty() {
        lines.push(("agreed", case.source.agreed.join(", ")));
    }
    if let Some(control) = control {
        lines.push(("control", format!("{}: {}", control.id, control.note)));
    }
    let line = |(name, value): (&str, String)| {
        vec![Cell::left(name), Cell::left(plain(&value, usize::MAX))]
    };
    lines.into_iter().map(line).collect()
}

/// What is asked, with the bytes of a file field by field.
pub(super) fn question(case: &Case, control: Option<&Case>) -> String {
    match &case.input {
        Input::Load { format, file, expected_shape, address_width } => {
            let file_in_words = file_in_words(case, control, file);
            let mut text = String::new();

            text.push_str("load ");
            match file {
                File::Special(special) => writeln!(text, "{}", special_in_words(*special)).ok(),
                _ => writeln!(
                    text,
                    "a {} file",
                    match format {
                        FileFormat::Khq4 => "KHQ4",
                        FileFormat::Khf1 => "KHF1",
                    }
                )
                .ok(),
            };
            if let Some(expected) = expected_shape {
                writeln!(text, "  the caller requires the shape {}", shape(expected)).ok();
            }
            if let Some(width) = address_width {
                writeln!(text, "  sizes are computed as on a machine of {width} bits").ok();
            }
            text + &file_in_words
        }
        input => in_words(input),
    }
}

/// A question that needs no file, in words.
pub fn in_words(input: &Input) -> String {
    let mut text = String::new();
    match input {
        Input::Decode { blocks, original_len } => {
            writeln!(text, "decode {} of blocks to {original_len} values", bytes_of(blocks)).ok();
            text.push_str(&payload(blocks, *original_len));
        }
        Input::Encode { mode, shape: dimensions, values } => {
            let (count, mode) = (counted(values.0.len(), "value"), mode_in_words(*mode));
            writeln!(text, "encode {count}, {mode}, of shape {}", shape(dimensions)).ok();
            text.push_str(&singles(&values.0));
        }
        Input::EncodeFrom { mode, shape: dimensions, values } => {
            let (name, values) = match values {
                SourceValues::F16(values) => ("f16", halves(&values.0)),
                SourceValues::Bf16(values) => ("bf16", upper_halves(&values.0)),
                SourceValues::F64(values) => ("f64", doubles(&values.0)),
            };
            let (mode, dimensions) = (mode_in_words(*mode), shape(dimensions));
            writeln!(text, "encode values of {name}, {mode}, of shape {dimensions}").ok();
            text.push_str(&values);
        }
        // Its file is shown by `load`.
        Input::Load { .. } => {}
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
        Input::SaveKhf1 { shape: dimensions, values } => {
            let count = counted(values.0.len(), "value");
            writeln!(text, "save a tensor of f16 of shape {}, {count}", shape(dimensions)).ok();
            text.push_str(&halves(&values.0));
        }
        Input::DecodeF16 { blocks, original_len } => {
            writeln!(text, "decode {} of blocks to {original_len} values of f16", bytes_of(blocks))
                .ok();
            text.push_str(&payload(blocks, *original_len));
        }
        Input::Matmul { rows, columns, vectors, blocks, x } => {
            writeln!(
                text,
                "multiply a matrix of {rows} rows and {columns} columns with {vectors} vectors"
            )
            .ok();
            text.push_str(&payload(blocks, u64::MAX));
            text.push_str("\n  x:\n");
            text.push_str(&singles(&x.0));
        }
        Input::Rotate { seed, side, inverse, rows, columns, block, gamma, values } => {
            let what = match side {
                Side::Input => "each row",
                Side::Output => "each column",
            };
            let direction = if *inverse { "undo the rotation of" } else { "rotate" };
            writeln!(text, "{direction} {what} of {rows} times {columns} values, seed {seed}").ok();
            if let Some(block) = block {
                writeln!(text, "  in runs of {block}").ok();
            }
            if let Some(gamma) = gamma {
                text.push_str("  a norm is folded first, gamma:\n");
                text.push_str(&floats(gamma));
                text.push_str("\n  values:\n");
            }
            text.push_str(&floats(values));
        }
        Input::DecodeQ41 { blocks, original_len } => {
            let bytes = bytes_of(blocks);
            writeln!(text, "decode {bytes} of Q4_1 blocks to {original_len} values").ok();
            writeln!(text, "  {blocks}").ok();
        }
        Input::EncodeQ41 { shape: dimensions, values } => {
            let count = counted(values.0.len(), "value");
            writeln!(text, "encode {count} to Q4_1, of shape {}", shape(dimensions)).ok();
            text.push_str(&singles(&values.0));
        }
        Input::EncodeMlx { shape: dimensions, values } => {
            let count = counted(values.0.len(), "value");
            writeln!(text, "encode {count} of f16 to MLX, of shape {}", shape(dimensions)).ok();
            text.push_str(&halves(&values.0));
        }
        Input::ReadIndex { directory, open } => {
            text.push_str(&listing::question(directory.as_deref(), *open));
        }
        Input::NameTensors { tensors } => text.push_str(&listing::ranks(tensors)),
    }
    text
}

fn mode_in_words(mode: Mode) -> &'static str {
    match mode {
        Mode::Asymmetric => "asymmetric",
        Mode::Symmetric => "symmetric",
    }
}

fn bytes_of(bytes: &Bytes) -> String {
    counted(bytes.0.len(), "byte")
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
        Expect::Dot { refuse } => {
            let sums = "  any sums within DOT-1\n";
            if refuse.is_empty() {
                sums.into()
            } else {
                format!("{sums}  or{}", &refusal(refuse)[1..])
            }
        }
        Expect::Refuse(classes) => refusal(classes),
    }
}

fn refusal(classes: &[Class]) -> String {
    let names: Vec<&str> = classes.iter().map(|class| class.name()).collect();
    format!("  a refusal; a class, if one is given, is {}\n", names.join(" or "))
}

fn answer_in_words(answer: &Answer) -> String {
    match answer {
        Answer::Values(values) => singles(&values.0),
        Answer::Halves(values) => halves(&values.0),
        Answer::Doubles(values) => doubles(&values.0),
        Answer::HalfTensor { shape: dimensions, values } => {
            format!("  a tensor of f16 of shape {}\n", shape(dimensions)) + &halves(&values.0)
        }
        Answer::Blocks(blocks) => payload(blocks, u64::MAX),
        Answer::Tensor { shape: dimensions, blocks, values } => {
            let bytes = file::write(dimensions, values.0.len() as u64, &blocks.0);
            let payload = payload_fields(&bytes, blocks.0.len());
            format!("  a tensor of shape {}\n", shape(dimensions))
                + &fields_table(&payload, &[])
                + &singles(&values.0)
        }
        Answer::File(Bytes(bytes)) => {
            let fields = layout::fields(bytes, bytes.len() as u64, MOST_BLOCKS);
            format!("  a file of {}\n", counted(bytes.len(), "byte")) + &fields_table(&fields, &[])
        }
        Answer::Listing(listed) => listing::answer(listed),
        Answer::Files(files) => listing::files(files),
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

fn floats(values: &Floats) -> String {
    match values {
        Floats::F32(values) => singles(&values.0),
        Floats::F64(values) => doubles(&values.0),
    }
}

fn halves(values: &[u16]) -> String {
    numbers(values, |bits| (format!("{bits:04x}"), f16::from_bits(bits).to_string()))
}

fn upper_halves(values: &[u16]) -> String {
    numbers(values, |bits| (format!("{bits:04x}"), bf16::from_bits(bits).to_string()))
}

fn singles(values: &[u32]) -> String {
    numbers(values, |bits| (format!("{bits:08x}"), format!("{:?}", f32::from_bits(bits))))
}

fn doubles(values: &[u64]) -> String {
    numbers(values, |bits| (format!("{bits:016x}"), format!("{:?}", f64::from_bits(bits))))
}

/// Values in columns: index, bits, number.
fn numbers<T: Copy>(values: &[T], words: impl Fn(T) -> (String, String)) -> String {
    let line = |(index, &value): (usize, &T)| {
        let (bits, number) = words(value);
        vec![Cell::right(index), Cell::left(bits), Cell::left(number)]
    };
    if values.is_empty() {
        return "  no values\n".into();
    }
    let mut lines = vec![["value", "bits", "number"].map(Cell::left).to_vec()];
    lines.extend(values.iter().enumerate().take(MOST_VALUES).map(line));
    let mut text = table(2, &lines);
    if let Some(more @ 1..) = values.len().checked_sub(MOST_VALUES) {
        writeln!(text, "  ... and {more} more").ok();
    }
    text
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::suite::case::{Source, Tier};
    use crate::suite::hex::Bits;

    /// A decode of no values.
    pub fn decode(note: &str) -> Case {
        Case {
            id: "decode/nothing".into(),
            clause: "DEC-3".into(),
            class: None,
            tier: Tier::Must,
            requires: Vec::new(),
            note: note.into(),
            discriminates: Vec::new(),
            source: Source { derivation: "exact evaluator".into(), agreed: Vec::new() },
            control: None,
            input: Input::Decode { blocks: Bytes(Vec::new()), original_len: 0 },
            expect: Expect::Exact(Answer::Values(Bits(Vec::new()))),
        }
    }

    #[test]
    fn a_note_cannot_steer_the_terminal() {
        let suite = Suite::from_texts(&[], None).expect("no vectors");
        let text = report(&suite, &decode("a\u{1b}[2Jb"));
        assert!(text.contains("\n  note    a\\u{1b}[2Jb\n"), "{text}");
    }
}
