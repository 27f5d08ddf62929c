//! The gate of a rotation: nothing is quantized before the rotated weights are shown to be the same
//! model.
//!
//! Two proofs, both in f64. Every element of every rotated matrix is compared with R times the source
//! as another implementation has it, every norm must be zero and all else untouched: this names the
//! tensor, and sees an error in `k_proj` that the rest of a chain would hide. Then the logits of both
//! models for a few tokens are compared: this sees a plan that is wrong itself. A difference that is
//! no number fails both.

use std::cell::RefCell;

use thiserror::Error;

use super::plan::{Change, Planned};
use super::rotated::Weights;
use super::straight::Straight;
use crate::convert::error::advance;
use crate::convert::{ConvertError, Watch};
use crate::model::double::{Tensor, logits};
use crate::model::{Config, ModelError};

/// The largest difference of a logit of the plain and of the rotated model.
pub const LARGEST_LOGIT_DIFFERENCE: f64 = 1e-5;

/// Tokens that the models are asked with, at most.
const PROBED_TOKENS: usize = 8;

/// What the gate has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Elements of rotated matrices that were compared.
    pub elements: u64,
    /// Their largest difference.
    pub largest_element_difference: f64,
    /// Logits that were compared.
    pub logits: u64,
    /// Their largest difference.
    pub largest_logit_difference: f64,
}

/// Why the gate is shut.
#[derive(Debug, Error)]
pub enum GateError {
    /// An element of a rotated matrix is not that of R times the source; or it is not zero in a norm
    /// that was folded, or has changed in a tensor that stays.
    #[error(
        "the gate is shut: value {index} of shape {shape:?} is {found:e}, expected {}",
        expectation(*.expected, .rule)
    )]
    Element {
        /// The tensor.
        name: String,
        /// Its dimensions.
        shape: Vec<usize>,
        /// The index of the value, row-major.
        index: usize,
        /// What it is.
        found: f64,
        /// What it has to be.
        expected: f64,
        /// By which rule, in words.
        rule: &'static str,
    },
    /// A tensor of the rotated model has another shape than the plan says.
    #[error("the gate is shut: shape {found:?}, expected {expected:?}")]
    Extent {
        /// The tensor.
        name: String,
        /// Its dimensions.
        found: Vec<usize>,
        /// Those of the plan.
        expected: Vec<usize>,
    },
    /// The two models do not say the same.
    #[error(
        "the gate is shut: logit {token} at position {position} is {rotated:e} rotated and {plain:e} \
         plain, expected a difference of at most {LARGEST_LOGIT_DIFFERENCE:e}"
    )]
    Logit {
        /// Which of the vocabulary.
        token: usize,
        /// Behind which of the probed tokens.
        position: usize,
        /// That of the rotated model.
        rotated: f64,
        /// That of the plain one.
        plain: f64,
    },
    /// A model cannot be run.
    #[error("the gate is shut: {0}")]
    Model(#[from] ModelError),
    /// The weights cannot be had, or whoever watched has stopped it.
    #[error(transparent)]
    Weights(#[from] ConvertError),
}

/// What an element has to be; where the source is no number, any would be better.
fn expectation(expected: f64, rule: &str) -> String {
    if expected.is_finite() {
        format!("{expected:e} as {rule}")
    } else {
        "a finite number".to_owned()
    }
}

/// Bytes that the gate tells whoever watches: for each tensor three times its values in f64.
pub fn bytes_watched(plan: &[Planned]) -> u64 {
    3 * plan.iter().map(|planned| 8 * planned.numel()).sum::<u64>()
}

/// Compares the models of `plain` and of `rotated` weights, the latter made of the former by `plan`
/// with the rotation of `seed`.
///
/// # Errors
///
/// [`GateError`], for the first difference.
pub fn gate(
    config: &Config,
    plan: &[Planned],
    seed: u64,
    plain: &Weights,
    rotated: &Weights,
    watch: &mut dyn Watch,
) -> Result<Evidence, GateError> {
    let mut evidence = Evidence::default();
    let straight = Straight::new(seed, config.hidden_size);
    for planned in plan {
        compare(planned, &straight, plain, rotated, &mut evidence)?;
        advance(watch, 8 * planned.numel() as usize)?;
    }
    let last = config.vocab_size - 1;
    let tokens = PROBED_TOKENS.min(config.max_position_embeddings);
    let ids: Vec<u32> =
        (0..tokens).map(|token| (token * last / (PROBED_TOKENS - 1)) as u32).collect();
    let expected = watched_logits(config, plain, &ids, watch)?;
    let untied = Config { tie_word_embeddings: false, ..config.clone() };
    let found = watched_logits(&untied, rotated, &ids, watch)?;
    for (position, (found, expected)) in found.iter().zip(&expected).enumerate() {
        for (token, (&rotated, &plain)) in found.iter().zip(expected).enumerate() {
            let difference = (rotated - plain).abs();
            // A NaN is not at most anything.
            let agree = difference <= LARGEST_LOGIT_DIFFERENCE;
            if !agree {
                return Err(GateError::Logit { token, position, rotated, plain });
            }
            evidence.logits += 1;
            evidence.largest_logit_difference = evidence.largest_logit_difference.max(difference);
        }
    }
    Ok(evidence)
}

/// Compares one tensor of the rotated model, value by value.
fn compare(
    planned: &Planned,
    straight: &Straight,
    plain: &Weights,
    rotated: &Weights,
    evidence: &mut Evidence,
) -> Result<(), GateError> {
    let (found_shape, found) = rotated(&planned.name)?;
    let (source_shape, source) = plain(&planned.source)?;
    for (shape, len) in [(&found_shape, found.len()), (&source_shape, source.len())] {
        if *shape != planned.shape || len as u64 != planned.numel() {
            return Err(GateError::Extent {
                name: planned.name.clone(),
                found: shape.clone(),
                expected: planned.shape.clone(),
            });
        }
    }
    let shut = |index: usize, expected: f64, rule| GateError::Element {
        name: planned.name.clone(),
        shape: planned.shape.clone(),
        index,
        found: found[index],
        expected,
        rule,
    };
    let columns = planned.shape.last().copied().unwrap_or(1);
    let mut line = |run: Vec<f64>, place: &dyn Fn(usize) -> usize, rule| {
        let bound = bound(&run);
        for (at, expected) in straight.of(&run).into_iter().enumerate() {
            let difference = (found[place(at)] - expected).abs();
            let agree = difference <= bound;
            if !agree {
                return Err(shut(place(at), expected, rule));
            }
            evidence.elements += 1;
            evidence.largest_element_difference =
                evidence.largest_element_difference.max(difference);
        }
        Ok(())
    };
    match &planned.change {
        Change::Input { norm } => {
            let gains = match norm {
                Some(norm) => plain(norm)?.1,
                None => vec![0.0; columns],
            };
            for (row, weights) in source.chunks_exact(columns).enumerate() {
                let folded = weights.iter().zip(&gains).map(|(weight, gain)| weight * (1.0 + gain));
                line(folded.collect(), &|at| row * columns + at, "W R^T has it (ROT-6, ROT-7)")?;
            }
        }
        Change::Output => {
            for column in 0..columns {
                let weights = source.iter().skip(column).step_by(columns).copied().collect();
                line(weights, &|at| at * columns + column, "R W has it (ROT-6)")?;
            }
        }
        Change::Zeroed => {
            if let Some(index) = found.iter().position(|&value| value != 0.0) {
                return Err(shut(index, 0.0, "the norm is folded into what follows it"));
            }
        }
        Change::Kept => {
            let same = |(found, source): (&f64, &f64)| found.is_finite() && found == source;
            if let Some(index) = found.iter().zip(&source).position(|pair| !same(pair)) {
                return Err(shut(index, source[index], "the source has a finite number there"));
            }
        }
    }
    Ok(())
}

/// How far two evaluations of a rotated run may lie apart: each is within the bound of ROT-9.
fn bound(run: &[f64]) -> f64 {
    let length = run.len() as f64;
    let sum: f64 = run.iter().map(|value| value.abs()).sum();
    2.0 * (length.log2() + 6.0) * (f64::EPSILON / 2.0) * sum / length.sqrt()
}

/// The logits of a model whose every tensor is told to `watch` when it is asked for.
fn watched_logits(
    config: &Config,
    weights: &Weights,
    ids: &[u32],
    watch: &mut dyn Watch,
) -> Result<Vec<Vec<f64>>, GateError> {
    // The forward pass asks for tensors, and knows of no other error than that there is none.
    let state = RefCell::new((watch, None));
    let ask = |name: &str| -> Option<Tensor> {
        let (watch, failure) = &mut *state.borrow_mut();
        let asked = weights(name).and_then(|tensor| {
            advance(*watch, 8 * tensor.1.len())?;
            Ok(tensor)
        });
        asked.map_err(|error| *failure = Some(error)).ok()
    };
    let outcome = logits(config, &ask, ids);
    match state.into_inner().1 {
        Some(error) => Err(GateError::Weights(error)),
        None => Ok(outcome?),
    }
}
