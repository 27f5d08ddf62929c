//! Greedy generation: always the token with the largest logit.

use super::{Decoder, ModelError};

/// Why a generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// As many tokens as were asked for.
    Length,
    /// A token that ends a text.
    End,
    /// Whoever was shown the tokens has seen enough.
    Enough,
}

/// Gives `show` one token after the other, up to `longest` of them, until it has seen enough. A token
/// that ends the text is not shown.
///
/// # Errors
///
/// As [`Decoder::forward`].
///
/// # Panics
///
/// Where `prompt` has no token.
pub fn greedy(
    decoder: &Decoder,
    prompt: &[u32],
    longest: usize,
    show: &mut dyn FnMut(u32) -> bool,
) -> Result<Stop, ModelError> {
    let mut state = decoder.start();
    let mut logits = decoder.next(&mut state, prompt)?;
    for shown in 1..=longest {
        let token = largest(&logits);
        if decoder.config().eos_token_ids.contains(&token) {
            return Ok(Stop::End);
        }
        if !show(token) {
            return Ok(Stop::Enough);
        }
        if shown < longest {
            logits = decoder.next(&mut state, &[token])?;
        }
    }
    Ok(Stop::Length)
}

/// The index of the largest logit, the first of equal ones; a NaN is never it.
pub fn largest(logits: &[f32]) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (index, &logit) in (0..).zip(logits) {
        if logit > best.1 {
            best = (index, logit);
        }
    }
    best.0
}
