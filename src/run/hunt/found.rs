//! A fault that a campaign found: the smallest question that shows it, as a case of its own.

use super::batch::Failure;
use crate::fuzz::case;
use crate::fuzz::generate::plain;
use crate::run::Record;
use crate::suite::case::{Case, Source};
use crate::suite::clause::{clause, family, tier};
use crate::suite::feature::Feature;
use crate::suite::floats::Float;
use crate::suite::library::sha256;
use crate::suite::operation::{FormatId, Operation};
use crate::suite::question::Question;

/// One fault, as far as failures tell faults apart.
#[derive(Clone, Debug)]
pub struct Found {
    /// What its failures have in common.
    pub key: String,
    /// The number of the first question that showed it.
    pub number: u64,
    /// The smallest question that was found to show it.
    pub case: Case,
    /// What that came to.
    pub record: Record,
    /// How many questions showed it.
    pub failures: u64,
    /// Questions that were asked to make it small; `None` where that was not done, or where the question alone
    /// does not show the fault.
    pub steps: Option<usize>,
}

impl Found {
    pub(super) fn new(key: String, failure: &Failure) -> Self {
        let case = as_case(failure);
        let record = with_id(&failure.record, &case);
        Self { key, number: failure.number, case, record, failures: 1, steps: failure.steps }
    }

    pub(super) fn replace(&mut self, failure: Failure) {
        self.case = as_case(&failure);
        self.record = with_id(&failure.record, &self.case);
        self.steps = failure.steps;
    }
}

fn with_id(record: &Record, case: &Case) -> Record {
    let (id, clause) = (case.id.clone(), case.clause.clone());
    Record { id, clause, tier: case.tier, ..record.clone() }
}

/// The question as a case, whose id follows from the question alone.
fn as_case(failure: &Failure) -> Case {
    let Case { question, expect, .. } = failure.case.as_ref();
    let operation = question.operation();
    let text = serde_json::to_string(question).expect("plain data has JSON");
    let family = family(operation.verb, operation.format);
    let control = expect.may_refuse().then(|| control_of(operation).id);
    Case {
        id: format!("{family}/hunt-{}", &sha256(text.as_bytes())[..8]),
        clause: clause(question, expect).into(),
        tier: tier(question, expect),
        control,
        requires: features(question),
        note: format!("generated: question {} of a hunt", failure.number),
        source: derived(),
        ..(*failure.case).clone()
    }
}

/// A small question that is to be answered: what the refusals of an operation need as their control.
///
/// # Panics
///
/// Where the suite asks nothing of the operation.
pub fn control_of(operation: Operation) -> Case {
    let plain = case(plain(operation)).expect("a plain question has an answer");
    Case {
        id: format!("{}/hunt-control", family(operation.verb, operation.format)),
        clause: clause(&plain.question, &plain.expect).into(),
        note: "a small question that is answered".into(),
        source: derived(),
        ..plain
    }
}

/// Where the expectation comes from.
fn derived() -> Source {
    Source { derivation: "exact evaluator".into(), agreed: Vec::new() }
}

/// The optional features that a question needs.
fn features(question: &Question) -> Vec<Feature> {
    match question {
        Question::Decode(decode) if decode.to == Some(Float::F16) => vec![Feature::ToF16],
        Question::Decode(decode) if decode.tensor_scale.is_some() => vec![Feature::TensorScale],
        Question::Encode(encode) if encode.format == FormatId::KHQ4 => {
            match encode.values.float() {
                Float::F16 => vec![Feature::SourceF16],
                Float::Bf16 => vec![Feature::SourceBf16],
                Float::F64 => vec![Feature::SourceF64],
                Float::F32 => Vec::new(),
            }
        }
        Question::Load(load) => {
            let shape = load.expected_shape.is_some().then_some(Feature::ExpectedShape);
            let width = load.address_width.is_some().then_some(Feature::Width32);
            shape.into_iter().chain(width).collect()
        }
        Question::ReadIndex(read) if read.open => vec![Feature::Directory],
        _ => Vec::new(),
    }
}
