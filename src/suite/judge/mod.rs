//! Judging: a reply beside a case's lawful answers.

mod kernel;
mod rows;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::answer::{Answer, Encoded, Given, Refusal};
use super::case::{Case, Form, Listing};
use super::exact::blocks::{self, Source};
use super::expected::source;
use super::floats::Floats;
use super::lawful::Lawful;
use super::operation::FormatId;
use super::question::{Question, Tensor};
use crate::format::Class;
use kernel::{dot, rotated};
pub(crate) use rows::described;
use rows::{
    file_rows, given_in_words, listing_rows, name_rows, payload_rows, shape_row, value_rows,
};

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
    /// The subject answered the same question in another way than the first time.
    Inconsistent,
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
            Self::Inconsistent => "inconsistent",
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
    /// Whether a failed encoding is within ENC-B1, and so lawful under `encode-bounded`, and differs from the
    /// lawful ones in more than its padding.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub within_bound: bool,
    /// Whether a failed encoding differs from a lawful one in nothing but its padding (ENC-P1).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_padding: bool,
    /// The error of the value that is furthest off, as a share of its bound: 1 is the bound itself. Of
    /// answers that a bound measures: products (DOT-1), and encodings and rotations that are not the
    /// canonical ones (ENC-B1, ROT-9). `None` elsewhere, and where the error has no number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Expected and got, field by field; empty where they agree. Of an inconsistent subject, its first and its
    /// later answer.
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
            only_padding: false,
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
    let judgement = by(case, &case.expect, given, "");
    if !judgement.outcome.is_failure() || matches!(case.expect, Lawful::Refuse(_)) {
        return judgement;
    }
    match (&case.question, given) {
        (Question::Rotate(rotate), _) => rotated(judgement, rotate, given),
        (Question::Encode(encode), Ok(Answer::Encoded(encoded))) => {
            let lawful = bounded || matches!(case.expect, Lawful::Within { .. });
            let source = source(encode);
            let judgement = within_bound(judgement, encode.format, &source, encoded, lawful);
            padding(judgement, &case.expect, encode.format, &source, encoded)
        }
        _ => judgement,
    }
}

/// Judges by one expectation, which is that of a named behaviour or of the whole case.
fn by(case: &Case, expect: &Lawful<Answer>, given: &Given, behaviour: &str) -> Judgement {
    match expect {
        Lawful::One(answer) => compare(case.question.format(), answer, given, behaviour),
        Lawful::OneOf(behaviours) => {
            let mut judged = behaviours.iter().enumerate().map(|(index, behaviour)| {
                let mut judgement = by(case, &behaviour.expect, given, &behaviour.name);
                if index > 0 && judgement.outcome == Outcome::Pass {
                    judgement.outcome = Outcome::PassAlternate;
                }
                judgement
            });
            let first =
                judged.next().unwrap_or_else(|| Judgement::plain(Outcome::Fail, "no behaviour"));
            judged.fold(first, |best, next| if next.outcome < best.outcome { next } else { best })
        }
        Lawful::Within { refuse } => match &case.question {
            Question::Matmul(matmul) => dot(matmul, refuse, given),
            Question::Encode(encode) => canonical(encode.format, &source(encode), given),
            _ => Judgement::plain(Outcome::Fail, "no bound is known for this question"),
        },
        Lawful::Refuse(classes) => refused(classes, given, behaviour),
        Lawful::Undemanded(why) => Judgement::plain(Outcome::Fail, why.clone()),
    }
}

/// Whether an encoding is a canonical one, where the case itself does not say which those are.
fn canonical(format: FormatId, source: &Source<'_>, given: &Given) -> Judgement {
    match (blocks::named(format), given) {
        (Some(format), Ok(Answer::Encoded(encoded))) if format.is_canonical(source, encoded) => {
            Judgement::plain(Outcome::Pass, "")
        }
        _ => Judgement::plain(Outcome::Fail, "expected an encoding within ENC-B1"),
    }
}

/// Turns a failure into the alternate `within-bound` where that is lawful, and says how far off the
/// encoding is in any case.
fn within_bound(
    judgement: Judgement,
    format: FormatId,
    source: &Source<'_>,
    given: &Encoded,
    lawful: bool,
) -> Judgement {
    let margin = blocks::named(format).and_then(|format| format.margin(source, given));
    let Some(margin) = margin else { return judgement };
    if lawful && margin.acceptable {
        return Judgement::behaved(Outcome::PassAlternate, "within-bound").measured(margin.share);
    }
    let (index, share) = (margin.index, margin.share);
    let share = match share {
        share if !share.is_finite() => {
            format!("value {index} is beyond any error that ENC-B1 allows")
        }
        share => {
            let limit = if margin.acceptable { "within" } else { "beyond" };
            let mut share = format!("{share:.2}");
            if share == "0.00" {
                share = "less than 0.01".into();
            }
            format!("value {index} errs by {share} of its bound ({limit} ENC-B1)")
        }
    };
    let summary = format!("{}; {share}", judgement.summary);
    Judgement { summary, within_bound: margin.acceptable, ..judgement }.measured(margin.share)
}

/// Says of a failure that only the padding differs, where that is so.
fn padding(
    judgement: Judgement,
    expect: &Lawful<Answer>,
    format: FormatId,
    source: &Source<'_>,
    given: &Encoded,
) -> Judgement {
    let Some(leaf) = blocks::named(format) else { return judgement };
    let differs = |expected: &Encoded| {
        expected.tensor_scale == given.tensor_scale
            && expected.blocks != given.blocks
            && rows::is_same_but_for_padding(
                leaf,
                source.values.len(),
                &expected.blocks,
                &given.blocks,
            )
    };
    let only_padding = match expect {
        Lawful::Within { .. } => encodings(&leaf.encode(source)).into_iter().any(differs),
        expect => encodings(expect).into_iter().any(|answer| match answer {
            Answer::Encoded(expected) => differs(expected),
            _ => false,
        }),
    };
    if !judgement.outcome.is_failure() || !only_padding {
        return judgement;
    }
    let summary = "only the padding differs: a slot behind the last value holds neither what the formula gives for \
                   0.0 nor 0 (ENC-P1)";
    Judgement { summary: summary.into(), within_bound: false, only_padding, ..judgement }
}

/// The answers that are lawful, under whatever behaviour.
fn encodings<T>(expect: &Lawful<T>) -> Vec<&T> {
    match expect {
        Lawful::One(answer) => vec![answer],
        Lawful::OneOf(behaviours) => {
            behaviours.iter().flat_map(|one| encodings(&one.expect)).collect()
        }
        _ => Vec::new(),
    }
}

fn compare(format: FormatId, answer: &Answer, given: &Given, behaviour: &str) -> Judgement {
    let given = match given {
        Ok(given) => given,
        Err(refusal) => {
            let message = &refusal.message;
            let class = refusal.class.map(|class| format!(" ({class})")).unwrap_or_default();
            let summary = format!("refused{class} what must be accepted: {message}");
            let row = Row::new("answer", described(answer), format!("refused: {message}"));
            return Judgement { rows: vec![row], ..Judgement::plain(Outcome::Fail, summary) };
        }
    };
    if is_same(answer, given) {
        return Judgement::behaved(Outcome::Pass, behaviour);
    }
    let rows = answer_rows(format, answer, given);
    let summary = match rows.iter().filter(|row| row.differs()).count() {
        1 => "1 field differs".to_owned(),
        count if count > MOST_ROWS => format!("more than {MOST_ROWS} fields differ"),
        count => format!("{count} fields differ"),
    };
    Judgement { rows, ..Judgement::plain(Outcome::Fail, summary) }
}

/// How a later answer to a question differs from the first one; `None` where it does not. The message of a refusal
/// is free, and may name the path.
pub(crate) fn difference(format: FormatId, first: &Given, later: &Given) -> Option<Vec<Row>> {
    let row = |first: String, later: String| Some(vec![Row::new("answer", first, later)]);
    let refused = |refusal: &Refusal| {
        let class = refusal.class.map(|class| format!(" ({class})")).unwrap_or_default();
        format!("refused{class}: {}", refusal.message)
    };
    match (first, later) {
        (Ok(first), Ok(later)) if first == later => None,
        (Ok(first), Ok(later)) => Some(answer_rows(format, first, later)),
        (Err(first), Err(later)) if first.class == later.class => None,
        (Err(first), Err(later)) => row(refused(first), refused(later)),
        (Ok(first), Err(later)) => row(described(first), refused(later)),
        (Err(first), Ok(later)) => row(refused(first), described(later)),
    }
}

/// Two answers, field by field.
fn answer_rows(format: FormatId, answer: &Answer, given: &Answer) -> Vec<Row> {
    match (answer, given) {
        (Answer::Values(expected), Answer::Values(got)) => value_rows(expected, got),
        (Answer::Encoded(expected), Answer::Encoded(got)) => encoded_rows(format, expected, got),
        (Answer::File(expected), Answer::File(got)) => file_rows(expected, got),
        (Answer::Index(expected), Answer::Index(got)) => listing_rows(expected, got),
        (Answer::Files(expected), Answer::Files(got)) => name_rows(expected, got),
        (Answer::Tensors(expected), Answer::Tensors(got)) => tensor_rows(format, expected, got),
        (expected, _) => vec![Row::new("answer", described(expected), "a result of another kind")],
    }
}

fn encoded_rows(format: FormatId, expected: &Encoded, got: &Encoded) -> Vec<Row> {
    let mut rows = payload_rows(format, &expected.blocks, &got.blocks);
    if expected.tensor_scale != got.tensor_scale {
        let word = |scale: &Option<Floats>| {
            scale.as_ref().map_or("none".to_owned(), |scale| format!("{scale:?}"))
        };
        let row = Row::new("tensor scale", word(&expected.tensor_scale), word(&got.tensor_scale));
        rows.insert(0, row);
    }
    rows
}

/// The number of tensors, and what differs in each.
fn tensor_rows(format: FormatId, expected: &[Tensor], got: &[Tensor]) -> Vec<Row> {
    if expected.len() != got.len() {
        return vec![Row::new("tensors", expected.len(), got.len())];
    }
    let rows = |(expected, got): (&Tensor, &Tensor)| {
        let mut rows = vec![shape_row(&expected.shape, &got.shape)];
        if expected.name != got.name {
            rows.push(Row::new("name", &expected.name, &got.name));
        }
        if let Some(len) = got.original_len {
            rows.push(Row::new("original_len", "none in a result", len));
        }
        match (&expected.blocks, &got.blocks) {
            (Some(expected), Some(got)) => rows.extend(payload_rows(format, expected, got)),
            (None, Some(_)) => rows.push(Row::new("content", "values", "blocks")),
            (_, None) => {}
        }
        match (&expected.values, &got.values) {
            (Some(expected), Some(got)) => rows.extend(value_rows(expected, got)),
            (None, Some(_)) => rows.push(Row::new("content", "blocks", "values")),
            (Some(_), None) if got.blocks.is_none() => {
                let content =
                    if expected.blocks.is_some() { "values, blocks or both" } else { "values" };
                rows.push(Row::new("content", content, "neither"));
            }
            (_, None) => {}
        }
        rows
    };
    expected.iter().zip(got).flat_map(rows).collect()
}

/// Whether a result is the expected one.
fn is_same(answer: &Answer, given: &Answer) -> bool {
    match (answer, given) {
        (Answer::Tensors(expected), Answer::Tensors(got)) => {
            expected.len() == got.len()
                && expected.iter().zip(got).all(|(a, b)| is_same_tensor(a, b))
        }
        (Answer::Index(expected), Answer::Index(got)) => {
            let form = if got.form.is_none() && expected.form != Some(Form::Absent) {
                expected.form
            } else {
                got.form
            };
            *expected == Listing { form, ..got.clone() }
        }
        (expected, got) => expected == got,
    }
}

/// Of a tensor, what was handed on is compared: its payload, its values or both.
fn is_same_tensor(expected: &Tensor, got: &Tensor) -> bool {
    let same_blocks = got.blocks.is_none() || got.blocks == expected.blocks;
    let same_values = got.values.is_none() || got.values == expected.values;
    let something = got.blocks.is_some() || got.values.is_some();
    expected.name == got.name
        && got.original_len.is_none()
        && expected.shape == got.shape
        && something
        && same_blocks
        && same_values
}

fn refused(classes: &BTreeSet<Class>, given: &Given, behaviour: &str) -> Judgement {
    let names: Vec<&str> = classes.iter().map(|class| class.name()).collect();
    let right = names.join(" or ");
    match given {
        Err(Refusal { class: Some(class), message }) if !classes.contains(class) => {
            let row = Row::new("class", &right, class);
            let summary = format!("refused as {class}, expected {right}: {message}");
            Judgement { rows: vec![row], ..Judgement::plain(Outcome::WrongClass, summary) }
        }
        Err(_) => Judgement::behaved(Outcome::Pass, behaviour),
        Ok(accepted) => {
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
