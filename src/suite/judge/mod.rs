//! Judging: a reply beside a case's lawful answers.

use serde::{Deserialize, Serialize};

use super::case::{Answer, Case, Expect, Input, Mode};
use super::exact::encode::margin;
use super::exact::{ExactBlock, block, encode};
use super::hex::{Bits, Bytes};
use crate::format::Class;

/// What a subject gave, as far as judging is concerned: how it was reached is not known here.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// The values of a decode.
    Values(Bits),
    /// The payload of an encode.
    Blocks(Bytes),
    /// The tensor of a load: its values, its payload or both.
    Tensor {
        /// Its shape.
        shape: Vec<u64>,
        /// Its payload.
        blocks: Option<Bytes>,
        /// Its values.
        values: Option<Bits>,
    },
    /// The file that a save left.
    File(Bytes),
    /// A refusal, with the class if one was named.
    Refused {
        /// The subject's own words.
        message: String,
        /// The class.
        class: Option<Class>,
    },
}

/// What a case came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Not asked: outside the profile, or a feature is not offered.
    NotInProfile,
    /// The lawful answer.
    Pass,
    /// A lawful answer of another named behaviour.
    PassAlternate,
    /// Refused, as it must be, with a class that is not right for it.
    WrongClass,
    /// An unlawful answer.
    Fail,
    /// The control of the refusal was not passed, so that the refusal proves nothing.
    ControlRejected,
    /// No entry of the subject answers this.
    Unsupported,
    /// No answer within the deadline.
    Timeout,
    /// The subject ended or panicked.
    Crash,
    /// What came was no answer.
    ProtocolError,
}

impl Outcome {
    /// Whether this keeps a subject from conforming, in a case of tier must.
    pub fn is_failure(self) -> bool {
        self >= Self::Fail
    }

    /// The name in logs and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotInProfile => "not in profile",
            Self::Pass => "pass",
            Self::PassAlternate => "pass-alternate",
            Self::WrongClass => "wrong-class",
            Self::Fail => "fail",
            Self::ControlRejected => "control-rejected",
            Self::Unsupported => "unsupported",
            Self::Timeout => "timeout",
            Self::Crash => "crash",
            Self::ProtocolError => "protocol-error",
        }
    }
}

/// An outcome and what shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    /// What the case came to.
    pub outcome: Outcome,
    /// The behaviour that answered, where it has a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behaviour: Option<String>,
    /// One sentence on what was wrong; empty where nothing was.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// Whether a failed encoding is within ENC-B1, and so lawful under `encode-bounded`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub within_bound: bool,
    /// Expected and got, field by field; empty where they agree.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Row>,
}

/// One field of an answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The field.
    pub field: String,
    /// As the lawful answer has it.
    pub expected: String,
    /// As it was given.
    pub got: String,
}

impl Row {
    fn new(field: impl Into<String>, expected: impl ToString, got: impl ToString) -> Self {
        Self { field: field.into(), expected: expected.to_string(), got: got.to_string() }
    }

    /// Whether the two differ.
    pub fn differs(&self) -> bool {
        self.expected != self.got
    }
}

impl Judgement {
    /// An outcome without rows.
    pub fn plain(outcome: Outcome, summary: impl Into<String>) -> Self {
        Self {
            outcome,
            behaviour: None,
            summary: summary.into(),
            within_bound: false,
            rows: Vec::new(),
        }
    }

    fn behaved(outcome: Outcome, name: &str) -> Self {
        let behaviour = (!name.is_empty()).then(|| name.to_owned());
        Self { behaviour, ..Self::plain(outcome, "") }
    }
}

/// Rows that are kept of a comparison, however much differs.
const MOST_ROWS: usize = 256;

/// Bytes of an answer that are kept for people, however long it is.
const MOST_BYTES: usize = 4096;

/// Judges what was given by the case's expectation. With `bounded`, an encoding within ENC-B1 is a
/// lawful alternate of every canonical one.
pub fn judge(case: &Case, given: &Given, bounded: bool) -> Judgement {
    let judgement = match &case.expect {
        Expect::Exact(answer) => compare(answer, given, ""),
        Expect::OneOf(behaviours) => {
            let mut judged = behaviours.iter().enumerate().map(|(index, behaviour)| {
                let mut judgement = compare(&behaviour.answer, given, &behaviour.name);
                if index > 0 && judgement.outcome == Outcome::Pass {
                    judgement.outcome = Outcome::PassAlternate;
                }
                judgement
            });
            let first =
                judged.next().unwrap_or_else(|| Judgement::plain(Outcome::Fail, "no behaviour"));
            judged.fold(first, |best, next| if next.outcome < best.outcome { next } else { best })
        }
        Expect::Bounded {} => canonical(case, given),
        Expect::Refuse(classes) => refused(classes, given, ""),
    };
    match (&case.input, given) {
        (Input::Encode { mode, values, .. }, Given::Blocks(payload))
            if judgement.outcome.is_failure() && !matches!(case.expect, Expect::Refuse(_)) =>
        {
            within_bound(
                judgement,
                values,
                payload,
                *mode,
                bounded || case.expect == Expect::Bounded {},
            )
        }
        _ => judgement,
    }
}

/// Whether an encoding is a canonical one, where the case itself does not say which those are.
fn canonical(case: &Case, given: &Given) -> Judgement {
    match (&case.input, given) {
        (Input::Encode { mode, values, .. }, Given::Blocks(payload))
            if encode(&values.0, *mode == Mode::Symmetric)
                .is_ok_and(|lawful| lawful.iter().any(|one| one.payload == payload.0)) =>
        {
            Judgement::plain(Outcome::Pass, "")
        }
        _ => Judgement::plain(Outcome::Fail, "expected an encoding within ENC-B1"),
    }
}

/// Turns a failure into the alternate `within-bound` where that is lawful, and says how far off the
/// encoding is in any case.
fn within_bound(
    judgement: Judgement,
    values: &Bits,
    payload: &Bytes,
    mode: Mode,
    lawful: bool,
) -> Judgement {
    let Some(margin) = margin(&values.0, &payload.0, mode == Mode::Symmetric) else {
        return judgement;
    };
    if lawful && margin.acceptable {
        return Judgement::behaved(Outcome::PassAlternate, "within-bound");
    }
    let limit = if margin.acceptable { "within" } else { "beyond" };
    let share =
        format!("value {} errs by {:.2} of its bound ({limit} ENC-B1)", margin.index, margin.share);
    Judgement {
        summary: format!("{}; {share}", judgement.summary),
        within_bound: margin.acceptable,
        ..judgement
    }
}

fn compare(answer: &Answer, given: &Given, behaviour: &str) -> Judgement {
    if is_same(answer, given) {
        return Judgement::behaved(Outcome::Pass, behaviour);
    }
    let rows = match (answer, given) {
        (Answer::Refuse(classes), given) => return refused(classes, given, behaviour),
        (expected, Given::Refused { message, class }) => {
            let class = class.map(|class| format!(" ({class})")).unwrap_or_default();
            let summary = format!("refused{class} what must be accepted: {message}");
            let row = Row::new("answer", described(expected), format!("refused: {message}"));
            return Judgement { rows: vec![row], ..Judgement::plain(Outcome::Fail, summary) };
        }
        (Answer::Values(expected), Given::Values(got)) => value_rows(expected, got),
        (Answer::Blocks(expected), Given::Blocks(got)) => payload_rows(expected, got),
        (Answer::File(expected), Given::File(got)) => file_rows(expected, got),
        (
            Answer::Tensor { shape, blocks, values },
            Given::Tensor { shape: got_shape, blocks: got_blocks, values: got_values },
        ) => {
            let mut rows = vec![Row::new("shape", format!("{shape:?}"), format!("{got_shape:?}"))];
            if got_blocks.is_none() && got_values.is_none() {
                rows.push(Row::new("content", "values, blocks or both", "neither"));
            }
            rows.extend(got_blocks.iter().flat_map(|got| payload_rows(blocks, got)));
            rows.extend(got_values.iter().flat_map(|got| value_rows(values, got)));
            rows
        }
        (expected, _) => vec![Row::new("answer", described(expected), "a result of another kind")],
    };
    match rows.iter().filter(|row| row.differs()).count() {
        0 => Judgement::behaved(Outcome::Pass, behaviour),
        1 => Judgement { rows, ..Judgement::plain(Outcome::Fail, "1 field differs") },
        count if count > MOST_ROWS => {
            let summary = format!("more than {MOST_ROWS} fields differ");
            Judgement { rows, ..Judgement::plain(Outcome::Fail, summary) }
        }
        count => {
            Judgement { rows, ..Judgement::plain(Outcome::Fail, format!("{count} fields differ")) }
        }
    }
}

/// Whether a result is the expected one, before anything is made of it for people to read.
fn is_same(answer: &Answer, given: &Given) -> bool {
    match (answer, given) {
        (Answer::Values(expected), Given::Values(got)) => expected == got,
        (Answer::Blocks(expected), Given::Blocks(got)) => expected == got,
        (
            Answer::Tensor { shape, blocks, values },
            Given::Tensor { shape: got_shape, blocks: Some(got_blocks), values: Some(got_values) },
        ) => shape == got_shape && blocks == got_blocks && values == got_values,
        _ => false,
    }
}

fn refused(classes: &[Class], given: &Given, behaviour: &str) -> Judgement {
    let names: Vec<&str> = classes.iter().map(|class| class.name()).collect();
    let right = names.join(" or ");
    match given {
        Given::Refused { class: Some(class), message } if !classes.contains(class) => {
            let row = Row::new("class", &right, class);
            let summary = format!("refused as {class}, expected {right}: {message}");
            Judgement { rows: vec![row], ..Judgement::plain(Outcome::WrongClass, summary) }
        }
        Given::Refused { .. } => Judgement::behaved(Outcome::Pass, behaviour),
        accepted => {
            let row = Row::new("answer", format!("refused: {right}"), given_in_words(accepted));
            Judgement {
                rows: vec![row],
                ..Judgement::plain(
                    Outcome::Fail,
                    format!("accepted what must be refused ({right})"),
                )
            }
        }
    }
}

fn described(answer: &Answer) -> String {
    match answer {
        Answer::Values(values) => format!("{} values", values.0.len()),
        Answer::Blocks(blocks) => format!("{} bytes of blocks", blocks.0.len()),
        Answer::Tensor { shape, .. } => format!("a tensor of shape {shape:?}"),
        Answer::File(bytes) => format!("a file of {} bytes", bytes.0.len()),
        Answer::Refuse(_) => "refused".into(),
    }
}

fn given_in_words(given: &Given) -> String {
    match given {
        Given::Values(values) => format!("{} values: {}", values.0.len(), brief(values)),
        Given::Blocks(blocks) => format!("accepted, blocks {}", shown_bytes(blocks)),
        Given::Tensor { shape, .. } => format!("accepted, shape {shape:?}"),
        Given::File(bytes) => format!("wrote a file of {} bytes", bytes.0.len()),
        Given::Refused { message, .. } => format!("refused: {message}"),
    }
}

/// Bytes in hex, as many as a person may want to see.
fn shown_bytes(bytes: &Bytes) -> String {
    let shown = Bytes(bytes.0.iter().take(MOST_BYTES).copied().collect());
    let more = if bytes.0.len() > MOST_BYTES { "..." } else { "" };
    format!("{shown}{more}")
}

fn brief(values: &Bits) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<String> = values.values().iter().take(SHOWN).map(ToString::to_string).collect();
    let more = if values.0.len() > SHOWN { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// The number of values, and each value that differs.
fn value_rows(expected: &Bits, got: &Bits) -> Vec<Row> {
    let word = |bits: Option<&u32>| match bits {
        Some(&bits) => format!("{bits:08x} ({:e})", f32::from_bits(bits)),
        None => "none".into(),
    };
    let count = Row::new("values", expected.0.len(), got.0.len());
    // What a subject gives may be as long as it likes; what is kept of it is not.
    let longest = expected.0.len().max(got.0.len()).min(expected.0.len() + MOST_ROWS + 1);
    let row = |index: usize| {
        Row::new(format!("value {index}"), word(expected.0.get(index)), word(got.0.get(index)))
    };
    let differing =
        (0..longest).filter(|&index| expected.0.get(index) != got.0.get(index)).map(row);
    std::iter::once(count).chain(differing.take(MOST_ROWS + 1)).collect()
}

/// The fields of the blocks that differ; all fields of a payload of one block.
fn payload_rows(expected: &Bytes, got: &Bytes) -> Vec<Row> {
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
fn file_rows(expected: &Bytes, got: &Bytes) -> Vec<Row> {
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
