//! Judging products and rotations: by the bound of each value, and how far beyond it one is.

use std::collections::BTreeSet;

use super::rows::given_in_words;
use super::{Answer, Floats, Given, Judgement, Outcome, Row, refused};
use crate::format::Class;
use crate::suite::exact::product::Product;
use crate::suite::exact::rotation::Rotation;
use crate::suite::question::{Matmul, Rotate};

/// Whether a product is within DOT-1, or refused where that is lawful.
pub(super) fn dot(question: &Matmul, refuse: &BTreeSet<Class>, given: &Given) -> Judgement {
    let Some(product) = Product::of(question) else {
        return Judgement::plain(Outcome::Fail, "the case asks for no product");
    };
    let expected = product.rows * product.x.len() / product.columns;
    let values = match given {
        Err(_) if !refuse.is_empty() => return refused(refuse, given, "refused"),
        Ok(Answer::Values(Floats::F32(values))) if values.0.len() == expected => values,
        Ok(Answer::Values(Floats::F32(values))) => {
            let row = Row::new("values", expected, values.0.len());
            return Judgement {
                rows: vec![row],
                ..Judgement::plain(Outcome::Fail, "1 field differs")
            };
        }
        other => {
            let got = match other {
                Ok(answer) => given_in_words(answer),
                Err(refusal) => format!("refused: {}", refusal.message),
            };
            let row = Row::new("answer", format!("{expected} values"), got);
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
    let summary = beyond(index, margin.share, "DOT-1");
    let row = Row::new(format!("value {index}"), expected, format!("{got:e}"));
    Judgement { rows: vec![row], ..Judgement::plain(Outcome::Fail, summary) }.measured(margin.share)
}

/// Turns a failure into the alternate `within-bound` where ROT-9 has it so, and says how far off the
/// values are where it has not.
pub(super) fn rotated(judgement: Judgement, question: &Rotate, given: &Given) -> Judgement {
    let (Ok(Answer::Values(values)), Some(rotation)) = (given, Rotation::of(question)) else {
        return judgement;
    };
    let bits = values.bits();
    if values.float() != rotation.float || bits.len() != rotation.values.len() {
        return judgement;
    }
    match rotation.margin(&bits) {
        Some(margin) if margin.acceptable => {
            Judgement::behaved(Outcome::PassAlternate, "within-bound").measured(margin.share)
        }
        Some(margin) => {
            let share = beyond(margin.index, margin.share, "ROT-9");
            let summary = format!("{}; {share}", judgement.summary);
            Judgement { summary, ..judgement }.measured(margin.share)
        }
        None => judgement,
    }
}

/// How far the worst value is beyond the bound of a clause.
fn beyond(index: usize, share: f64, clause: &str) -> String {
    if share.is_finite() {
        format!("value {index} errs by {share:.1} times what {clause} allows")
    } else {
        format!("value {index} is beyond any error that {clause} allows")
    }
}
