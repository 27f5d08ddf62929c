//! Inputs that tell the canonical arithmetic from each wrong one (class 44).
//!
//! Such inputs are rare among random blocks, 4e-6 to 1e-5 for the subtler errors, so the search
//! puts values within a few units in the last place of a half-step, where a nibble is decided.

use super::evaluation::Evaluation;
use super::{Draft, MODES, encode_flat};
use crate::suite::exact::{self, ExactBlock};
use crate::suite::hex::Bits;
use crate::suite::question::Mode;
use crate::suite::random::SplitMix64;

/// Inputs for each wrong evaluation and mode.
const WANTED: usize = 4;

/// Values of a block.
const BLOCK: usize = 32;

/// Blocks that are tried for one wrong evaluation before it counts as one that cannot be told
/// apart in this mode.
const TRIES: usize = 10_000;

pub(super) fn cases() -> Vec<Draft> {
    let mut drafts = Vec::new();
    for mode in MODES {
        for (index, (wrong, name)) in Evaluation::WRONG.into_iter().enumerate() {
            let mut random = SplitMix64::new(1000 + index as u64);
            let mut found = 0;
            for _ in 0..TRIES {
                if found == WANTED || !applies(wrong, mode) {
                    break;
                }
                let values = near_half_steps(&mut random, if found % 2 == 0 { 4 } else { BLOCK });
                if wrong.block(&values, mode) == Evaluation::Canonical.block(&values, mode) {
                    continue;
                }
                let told_apart = told_apart(&values, mode);
                if !told_apart.contains(&name) {
                    continue;
                }
                found += 1;
                let id = format!("encode/{name}-{}-{found}", mode.name());
                let clause = clause(wrong, mode);
                let note = format!("{name} gives other bytes than the canonical encoder");
                let class = if wrong == Evaluation::Bf16Source { 46 } else { 44 };
                drafts.push(
                    Draft::new(id, clause, note, encode_flat(mode, &values))
                        .class(class)
                        .discriminates(&told_apart),
                );
            }
        }
    }
    drafts
}

/// Whether the wrong evaluation differs at all in this mode: a symmetric block subtracts nothing.
fn applies(wrong: Evaluation, mode: Mode) -> bool {
    match wrong {
        Evaluation::F16BiasForNibbles | Evaluation::DistributedProduct => mode == Mode::Asymmetric,
        _ => true,
    }
}

fn clause(wrong: Evaluation, mode: Mode) -> &'static str {
    let (span, nibble) = match mode {
        Mode::Asymmetric => ("ENC-A2", "ENC-A4"),
        Mode::Symmetric => ("ENC-Y1", "ENC-Y3"),
    };
    match wrong {
        Evaluation::MultiplyByReciprocalOfParts => span,
        Evaluation::DivideNotReciprocal
        | Evaluation::F16ScaleForNibbles
        | Evaluation::InverseFromSpan => "ENC-Q1",
        Evaluation::RoundHalfEven
        | Evaluation::TruncateHalfUp
        | Evaluation::RoundHalfTowardZero
        | Evaluation::TruncatingNibble => "ENC-Q2",
        Evaluation::DoublePrecision | Evaluation::Bf16Source => "ENC-S1",
        _ => nibble,
    }
}

/// The wrong evaluations whose block is not the lawful one.
fn told_apart(values: &[f32], mode: Mode) -> Vec<&'static str> {
    let bits = Bits::of(values).0;
    let Ok(lawful) = exact::encode(&bits, mode == Mode::Symmetric) else { return Vec::new() };
    let lawful: Vec<_> = lawful.iter().map(|one| ExactBlock::read(&one.payload)).collect();

    let wrong = Evaluation::WRONG.into_iter().filter(|&(wrong, _)| applies(wrong, mode));
    let differs = |&(wrong, _): &(Evaluation, _)| !lawful.contains(&wrong.block(values, mode));
    wrong.filter(differs).map(|(_, name)| name).collect()
}

/// A block of which `len` values lie around half-steps of its own grid and the others at its
/// minimum.
fn near_half_steps(random: &mut SplitMix64, len: usize) -> Vec<f32> {
    let span = 2f32.powi(random.below(12) as i32 - 6) * (1.5 + random.signed_unit() / 2.0);
    // A minimum near zero leaves the offsets all their bits; one far off leaves them few.
    let min = match random.below(4) {
        0 => -span * (0.5 + random.signed_unit() / 64.0),
        1 => random.signed_unit() * span / 1024.0,
        2 => random.signed_unit() * span * 16.0,
        _ => random.signed_unit() * span,
    };
    let max = min + span;
    let origins = [(min, (max - min) / 15.0), (0.0, max.abs().max(min.abs()) / 7.0)];
    let mut values = vec![min, max];
    // Far more draws than it takes, so that a search that cannot succeed ends.
    for _ in 0..1000 {
        if values.len() == len {
            break;
        }
        let (origin, step) = origins[random.below(2) as usize];
        let half_steps =
            if origin == 0.0 { random.below(14) as f32 - 7.0 } else { random.below(15) as f32 };
        let middle = origin + (half_steps + 0.5) * step;
        let jitter = random.below(9) as i32 - 4;
        let value = f32::from_bits((middle.to_bits() as i32).wrapping_add(jitter) as u32);
        if value >= min && value <= max {
            values.push(value);
        }
    }
    // The ends need not come first; a full block has no padding to get wrong.
    let at = random.below(len as u64) as usize;
    values.swap(0, at);
    values.resize(BLOCK, min);
    values
}
