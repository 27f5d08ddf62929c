//! Judging: a reply beside a case's lawful answers.

mod kernel;
mod rows;

use serde::{Deserialize, Serialize};

use super::case::{Answer, Case, Expect, Form, Input, Listing, Mode};
use super::derive::source;
use super::exact::encode;
use super::exact::encode::margin;
use super::hex::{Bits, Bits16, Bits64, Bytes};
use crate::format::Class;
use kernel::{dot, rotated};
use rows::{
    described, double, file_rows, given_in_words, half, listing_rows, name_rows, payload_rows,
    single, value_rows,
};

/// What a subject gave, as far as judging is concerned: how it was reached is not known here.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// Values of f32.
    Values(Bits),
    /// Values of f16.
    Halves(Bits16),
    /// Values of f64.
    Doubles(Bits64),
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
    /// The tensor of a load of KHF1.
    HalfTensor {
        /// Its shape.
        shape: Vec<u64>,
        /// Its values.
        values: Bits16,
    },
    /// The file that a save left.
    File(Bytes),
    /// A directory as it was listed.
    Listing(Listing),
    /// The file of each tensor.
    Files(Vec<String>),
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
    /// The subject held more memory than it may.
    OverBudget,
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
            Self::OverBudget => "over-budget",
        }
    }
}

/// An outcome and what shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// What the case came to.
    pub outcome: Outcome,
    /// The behaviour that answered, where it has a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behaviour: Option<String>,
    /// One sentence on what was wrong; empty where nothing was.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// Whether a failed encoding is within ENC-B1, and so lawful under `encode-bounded`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub within_bound: bool,
    /// The error of the value that is furthest off, as a share of its bound: 1 is the bound itself. Of
    /// answers that a bound measures: products (DOT-1), and encodings and rotations that are not the
    /// canonical ones (ENC-B1, ROT-9). `None` elsewhere, and where the error has no number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Expected and got, field by field; empty where they agree.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Row>,
}

/// One field of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
            share: None,
            rows: Vec::new(),
        }
    }

    /// The same, of an answer that uses this share of its bound.
    fn measured(self, share: f64) -> Self {
        Self { share: share.is_finite().then_some(share), ..self }
    }

    fn behaved(outcome: Outcome, name: &str) -> Self {
        let behaviour = (!name.is_empty()).then(|| name.to_owned());
        Self { behaviour, ..Self::plain(outcome, "") }
    }
}

/// Rows that are kept of a comparison, however much differs.
const MOST_ROWS: usize = 256;

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
        Expect::Dot { refuse } => dot(case, refuse, given),
        Expect::Refuse(classes) => refused(classes, given, ""),
    };
    if !judgement.outcome.is_failure() || matches!(case.expect, Expect::Refuse(_)) {
        return judgement;
    }
    match (&case.input, given, source(&case.input)) {
        (Input::Rotate { .. }, ..) => rotated(judgement, &case.input, given),
        (_, Given::Blocks(payload), Some((mode, values))) => {
            let lawful = bounded || case.expect == Expect::Bounded {};
            within_bound(judgement, &values, payload, mode, lawful)
        }
        _ => judgement,
    }
}

/// Whether an encoding is a canonical one, where the case itself does not say which those are.
fn canonical(case: &Case, given: &Given) -> Judgement {
    match (source(&case.input), given) {
        (Some((mode, values)), Given::Blocks(payload))
            if encode(&values.0, mode == Mode::Symmetric)
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
        return Judgement::behaved(Outcome::PassAlternate, "within-bound").measured(margin.share);
    }
    let limit = if margin.acceptable { "within" } else { "beyond" };
    let share =
        format!("value {} errs by {:.2} of its bound ({limit} ENC-B1)", margin.index, margin.share);
    let summary = format!("{}; {share}", judgement.summary);
    Judgement { summary, within_bound: margin.acceptable, ..judgement }.measured(margin.share)
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
        (Answer::Values(expected), Given::Values(got)) => value_rows(&expected.0, &got.0, single),
        (Answer::Halves(expected), Given::Halves(got)) => value_rows(&expected.0, &got.0, half),
        (Answer::Doubles(expected), Given::Doubles(got)) => value_rows(&expected.0, &got.0, double),
        (
            Answer::HalfTensor { shape, values },
            Given::HalfTensor { shape: got_shape, values: got },
        ) => {
            let mut rows = vec![Row::new("shape", format!("{shape:?}"), format!("{got_shape:?}"))];
            rows.extend(value_rows(&values.0, &got.0, half));
            rows
        }
        (Answer::Blocks(expected), Given::Blocks(got)) => payload_rows(expected, got),
        (Answer::File(expected), Given::File(got)) => file_rows(expected, got),
        (Answer::Listing(expected), Given::Listing(got)) => listing_rows(expected, got),
        (Answer::Files(expected), Given::Files(got)) => name_rows(expected, got),
        (
            Answer::Tensor { shape, blocks, values },
            Given::Tensor { shape: got_shape, blocks: got_blocks, values: got_values },
        ) => {
            let mut rows = vec![Row::new("shape", format!("{shape:?}"), format!("{got_shape:?}"))];
            if got_blocks.is_none() && got_values.is_none() {
                rows.push(Row::new("content", "values, blocks or both", "neither"));
            }
            rows.extend(got_blocks.iter().flat_map(|got| payload_rows(blocks, got)));
            rows.extend(got_values.iter().flat_map(|got| value_rows(&values.0, &got.0, single)));
            rows
        }
        (expected, _) => vec![Row::new("answer", described(expected), "a result of another kind")],
    };
    let summary = match rows.iter().filter(|row| row.differs()).count() {
        1 => "1 field differs".to_owned(),
        count if count > MOST_ROWS => format!("more than {MOST_ROWS} fields differ"),
        count => format!("{count} fields differ"),
    };
    Judgement { rows, ..Judgement::plain(Outcome::Fail, summary) }
}

/// Whether a result is the expected one. Of a tensor, what was handed on is: its payload, its values
/// or both.
fn is_same(answer: &Answer, given: &Given) -> bool {
    match (answer, given) {
        (Answer::Values(expected), Given::Values(got)) => expected == got,
        (Answer::Halves(expected), Given::Halves(got)) => expected == got,
        (Answer::Doubles(expected), Given::Doubles(got)) => expected == got,
        (Answer::Blocks(expected), Given::Blocks(got)) => expected == got,
        (Answer::File(expected), Given::File(got)) => expected == got,
        (Answer::Listing(expected), Given::Listing(got)) => {
            let form = if got.form.is_none() && expected.form != Some(Form::Absent) {
                expected.form
            } else {
                got.form
            };
            *expected == Listing { form, ..got.clone() }
        }
        (Answer::Files(expected), Given::Files(got)) => expected == got,
        (
            Answer::Tensor { shape, blocks, values },
            Given::Tensor { shape: got_shape, blocks: got_blocks, values: got_values },
        ) => {
            shape == got_shape
                && (got_blocks.is_some() || got_values.is_some())
                && got_blocks.as_ref().is_none_or(|got| got == blocks)
                && got_values.as_ref().is_none_or(|got| got == values)
        }
        (
            Answer::HalfTensor { shape, values },
            Given::HalfTensor { shape: got_shape, values: got_values },
        ) => shape == got_shape && values == got_values,
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
