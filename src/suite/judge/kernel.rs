//! Judging products and rotations: by the bound of each value, and how far beyond it one is.

use super::rows::given_in_words;
use super::{Given, Judgement, Outcome, Row, refused};
use crate::format::Class;
use crate::suite::case::{Case, Input};
use crate::suite::derive::{Rotated, product};

/// Whether a product is within DOT-1, or refused where that is lawful.
pub(super) fn dot(case: &Case, refuse: &[Class], given: &Given) -> Judgement {
    let Some(product) = product(&case.input) else {
        return Judgement::plain(Outcome::Fail, "the case asks for no product");
    };
    let expected = product.rows * product.x.len() / product.columns;
    let values = match given {
        Given::Refused { .. } if !refuse.is_empty() => return refused(refuse, given, "refused"),
        Given::Values(values) if values.0.len() == expected => values,
        Given::Values(values) => {
            let row = Row::new("values", expected, values.0.len());
            return Judgement {
                rows: vec![row],
                ..Judgement::plain(Outcome::Fail, "1 field differs")
            };
        }
        other => {
            let row = Row::new("answer", format!("{expected} values"), given_in_words(other));
            return Judgement {
                rows: vec![row],
                ..Judgement::plain(Outcome::Fail, "no product within DOT-1")
            };
        }
    };
    let Some((margin, sums)) = product.margin(&values.0).zip(product.sums()) else {
        return Judgement::plain(Outcome::Fail, "DOT-1 demands nothing of this product");
    };
    if margin.acceptable {
        return Judgement::plain(Outcome::Pass, "").measured(margin.share);
    }
    let index = margin.index;
    let (sum, got) = (&sums[index], f32::from_bits(values.0[index]));
    let expected = format!("{:e} within {:e}", sum.exact.approximate(), sum.bound.approximate());
    let summary = format!("value {index} errs by {:.1} times what DOT-1 allows", margin.share);
    let row = Row::new(format!("value {index}"), expected, format!("{got:e}"));
    Judgement { rows: vec![row], ..Judgement::plain(Outcome::Fail, summary) }.measured(margin.share)
}

/// Turns a failure into the alternate `within-bound` where ROT-9 has it so, and says how far off the
/// values are where it has not.
pub(super) fn rotated(judgement: Judgement, input: &Input, given: &Given) -> Judgement {
    let bits: Vec<u64> = match given {
        Given::Values(values) => values.0.iter().map(|&bits| bits.into()).collect(),
        Given::Doubles(values) => values.0.clone(),
        _ => return judgement,
    };
    let Some(question) = Rotated::of(input) else { return judgement };
    let rotation = question.rotation();
    if bits.len() != rotation.values.len() {
        return judgement;
    }
    match rotation.margin(&bits) {
        Some(margin) if margin.acceptable => {
            Judgement::behaved(Outcome::PassAlternate, "within-bound").measured(margin.share)
        }
        Some(margin) => {
            let share = format!(
                "value {} errs by {:.1} times what ROT-9 allows",
                margin.index, margin.share
            );
            let summary = format!("{}; {share}", judgement.summary);
            Judgement { summary, ..judgement }.measured(margin.share)
        }
        None => judgement,
    }
}
