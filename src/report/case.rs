//! A case in words: what it asks, what it would show, and what its lawful answers are.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::failure::tier;
use super::layout;
use super::listing::{self, special_in_words};
use super::patched::{MOST_BLOCKS, fields_table, file_in_words};
use super::text::{Cell, counted, plain, shape, table};
use super::{classes, clauses};
use crate::format::Class;
use crate::suite::Suite;
use crate::suite::answer::Answer;
use crate::suite::case::{Case, File};
use crate::suite::exact::{blocks, files};
use crate::suite::floats::{Float, Floats};
use crate::suite::hex::Bytes;
use crate::suite::lawful::Lawful;
use crate::suite::operation::{FormatId, Operation, Verb};
use crate::suite::question::{Decode, Encode, Load, Matmul, Question, Rotate, Side, Tensor};

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
    text.push_str(&expectation(case.question.operation(), &case.expect));
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
    lines.extend(case.features().map(|feature| ("requires", feature.to_string())));
    if !case.source.agreed.is_empty() {
        lines.push(("agreed", case.source.agreed.join(", ")));
    }
    if let Some(limits) = case.limits {
        lines.push(("limit", format!("no file can be longer than {} bytes", limits.file_size)));
    }
    if let Some(control) = control {
        lines.push(("control", format!("{}: {}", control.id, control.note)));
    }
    let line = |(name, value): (&str, String)| {
        vec![Cell::left(name), Cell::left(plain(&value, usize::MAX))]
    };
    lines.into_iter().map(line).collect()
}

/// What a subject must have to be asked, beyond the operation.
pub(super) fn needs(case: &Case) -> impl Iterator<Item = String> {
    let limited = case.limits.map(|_| "a process of its own on Linux".to_owned());
    case.features().map(|feature| feature.to_string()).chain(limited)
}

/// What is asked, with the bytes of a file field by field.
pub(super) fn question(case: &Case, control: Option<&Case>) -> String {
    let Question::Load(load) = &case.question else { return in_words(&case.question) };
    let mut text = match load.path.unnamed() {
        File::Special(special) => format!("load {}\n", special_in_words(*special)),
        _ => format!("load a {} file\n", container_title(load.format)),
    };
    let Load { expected_shape, address_width, path, .. } = load;
    if let Some(expected) = expected_shape {
        text += &format!("  the caller requires the shape {}\n", shape(expected));
    }
    if let Some(width) = address_width {
        text += &format!("  sizes are computed as on a machine of {width} bits\n");
    }
    text + &file_in_words(case, control, path)
}

fn container_title(format: FormatId) -> &'static str {
    files::named(format).map_or(format.name(), |container| container.title())
}

/// The format's name in front of `blocks`, but for the format that the suite began with.
fn of_format(format: FormatId) -> String {
    match blocks::named(format) {
        Some(leaf) if format != FormatId::KHQ4 => format!("{} ", leaf.title()),
        _ => String::new(),
    }
}

/// A question that needs no file, in words.
pub fn in_words(question: &Question) -> String {
    match question {
        Question::Decode(Decode { format, blocks, original_len, to, .. }) => {
            let to = to.map(|to| format!(" of {}", to.name())).unwrap_or_default();
            let (bytes, of) = (bytes_of(blocks), of_format(*format));
            format!("decode {bytes} of {of}blocks to {original_len} values{to}\n")
                + &payload(*format, blocks, *original_len)
        }
        Question::Encode(Encode { format, mode, shape: dimensions, values }) => {
            let count = counted_floats(values);
            let mode = mode.map(|mode| format!(", {}", mode.name())).unwrap_or_default();
            let to = match of_format(*format).trim_end() {
                "" => String::new(),
                title => format!(" to {title}"),
            };
            format!("encode {count}{to}{mode}, of shape {}\n", shape(dimensions)) + &floats(values)
        }
        // Its file is shown by `load`.
        Question::Load(_) => String::new(),
        Question::Save(save) => {
            let of = container_title(save.format);
            let tensors = save.tensors.iter().map(|tensor| tensor_in_words(save.format, tensor));
            format!("save a {of} file of\n") + &tensors.collect::<String>()
        }
        Question::Matmul(Matmul { format, rows, columns, vectors, blocks, x }) => {
            format!(
                "multiply a matrix of {rows} rows and {columns} columns with {vectors} vectors\n"
            ) + &payload(*format, blocks, u64::MAX)
                + "\n  x:\n"
                + &floats(x)
        }
        Question::Rotate(rotate) => rotation(rotate),
        Question::ReadIndex(read) => listing::question(&read.path, read.open),
        Question::NameTensors(naming) => listing::ranks(&naming.tensors),
        Question::Generate(generate) => {
            format!("go on with {:?}, {} tokens\n", generate.prompt, generate.tokens)
        }
    }
}

fn rotation(rotate: &Rotate) -> String {
    let Rotate { seed, side, inverse, rows, columns, block, gamma, values, .. } = rotate;
    let what = match side {
        Side::Input => "each row",
        Side::Output => "each column",
    };
    let direction = if *inverse { "undo the rotation of" } else { "rotate" };
    let mut text = format!("{direction} {what} of {rows} times {columns} values, seed {seed}\n");
    if let Some(block) = block {
        text += &format!("  in runs of {block}\n");
    }
    if let Some(gamma) = gamma {
        text += "  a norm is folded first, gamma:\n";
        text += &floats(gamma);
        text += "\n  values:\n";
    }
    text + &floats(values)
}

/// A tensor that is saved, or that a file holds.
fn tensor_in_words(format: FormatId, tensor: &Tensor) -> String {
    let Tensor { name, shape: dimensions, original_len, blocks, values } = tensor;
    let of = match values {
        Some(values) if blocks.is_none() && values.float() != Float::F32 => {
            format!(" of {}", values.float().name())
        }
        _ => String::new(),
    };
    let mut text = format!("  a tensor{of} of shape {}", shape(dimensions));
    if !name.is_empty() {
        text += &format!(", {name:?}");
    }
    if let Some(original_len) = original_len {
        text += &format!(", original_len {original_len}");
    }
    text.push('\n');
    if let Some(blocks) = blocks {
        let count = original_len.or(values.as_ref().map(|values| values.len() as u64));
        text += &payload(format, blocks, count.unwrap_or(u64::MAX));
    }
    text + &values.as_ref().map(floats).unwrap_or_default()
}

fn bytes_of(bytes: &Bytes) -> String {
    counted(bytes.0.len(), "byte")
}

/// The number of floats, and their type where that is not f32.
fn counted_floats(values: &Floats) -> String {
    let count = counted(values.len(), "value");
    match values.float() {
        Float::F32 => count,
        other => format!("{count} of {}", other.name()),
    }
}

fn expectation(operation: Operation, expect: &Lawful<Answer>) -> String {
    match expect {
        Lawful::One(answer) => answer_in_words(operation.format, answer),
        Lawful::OneOf(behaviours) => behaviours
            .iter()
            .map(|one| format!("  under {}:\n", one.name) + &expectation(operation, &one.expect))
            .collect(),
        Lawful::Within { refuse } => {
            let bound = match operation.verb {
                Verb::Matmul => "  any sums within DOT-1\n",
                _ => "  any encoding within ENC-B1\n",
            };
            if refuse.is_empty() {
                bound.into()
            } else {
                format!("{bound}  or{}", &refusal(refuse)[1..])
            }
        }
        Lawful::Refuse(classes) => refusal(classes),
        Lawful::Undemanded(why) => format!("  nothing: {why}\n"),
    }
}

fn refusal(classes: &BTreeSet<Class>) -> String {
    let names: Vec<&str> = classes.iter().map(|class| class.name()).collect();
    format!("  a refusal; a class, if one is given, is {}\n", names.join(" or "))
}

fn answer_in_words(format: FormatId, answer: &Answer) -> String {
    match answer {
        Answer::Values(values) => floats(values),
        Answer::Encoded(encoded) => {
            let scale = encoded.tensor_scale.as_ref();
            let scale = scale.map(|scale| format!("  tensor scale:\n{}", floats(scale)));
            scale.unwrap_or_default() + &payload(format, &encoded.blocks, u64::MAX)
        }
        Answer::Tensors(tensors) => {
            tensors.iter().map(|tensor| tensor_in_words(format, tensor)).collect()
        }
        Answer::File(Bytes(bytes)) => {
            let fields = layout::fields(bytes, bytes.len() as u64, MOST_BLOCKS);
            format!("  a file of {}\n", counted(bytes.len(), "byte")) + &fields_table(&fields, &[])
        }
        Answer::Saved => "  a file\n".into(),
        Answer::Index(listed) => listing::answer(listed),
        Answer::Files(files) => listing::files(files),
        Answer::Continuation(continuation) => format!("  {:?}\n", continuation.text),
    }
}

/// A payload apart from a file, as its own format has it; offsets are its own.
pub fn payload(format: FormatId, blocks: &Bytes, original_len: u64) -> String {
    if blocks.0.is_empty() {
        return "  no blocks\n".into();
    }
    let Some(leaf) = blocks::named(format) else { return format!("  {blocks}\n") };
    let size = leaf.geometry();
    let full = (blocks.0.len() / size.bytes * size.weights) as u64;
    fields_table(&layout::payload(leaf, &blocks.0, original_len.min(full), MOST_BLOCKS), &[])
}

/// Floats of any type, in columns.
fn floats(values: &Floats) -> String {
    let float = values.float();
    let word = |bits: u64| match float {
        Float::F16 => (format!("{bits:04x}"), half::f16::from_bits(bits as u16).to_string()),
        Float::Bf16 => (format!("{bits:04x}"), half::bf16::from_bits(bits as u16).to_string()),
        Float::F32 => (format!("{bits:08x}"), format!("{:?}", f32::from_bits(bits as u32))),
        Float::F64 => (format!("{bits:016x}"), format!("{:?}", f64::from_bits(bits))),
    };
    numbers(&values.bits(), word)
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
            line: None,
            measured: false,
            limits: None,
            recipe: None,
            question: Question::decode(FormatId::KHQ4, Vec::new(), 0),
            expect: Lawful::One(Answer::Values(Floats::F32(Bits(Vec::new())))),
        }
    }

    #[test]
    fn a_note_cannot_steer_the_terminal() {
        let suite = Suite::from_texts(&[], None).expect("no vectors");
        let text = report(&suite, &decode("a\u{1b}[2Jb"));
        assert!(text.contains("\n  note    a\\u{1b}[2Jb\n"), "{text}");
    }
}
