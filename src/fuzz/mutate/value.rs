//! Edits of an encoder's values: half-steps within a few ulps, where a wrong rounding shows (44);
//! the limits of f16 (39, 40); degenerate blocks; values that are not finite (38); tails (35, 37).

use super::{coin, edits, pick, place};
use crate::fuzz::arithmetic::Source;
use crate::suite::exact::blocks::khq4::WEIGHTS;
use crate::suite::floats::Float;
use crate::suite::operation::FormatId;
use crate::suite::question::Mode;
use crate::suite::random::SplitMix64;

/// The most values that a mutation makes.
const MOST_VALUES: usize = 4 * WEIGHTS;

/// A mutation of an encoder's input.
pub(in crate::fuzz) fn values(input: &[u8], format: FormatId, dice: &mut SplitMix64) -> Vec<u8> {
    let mut source = Source::read(input);
    source.values.truncate(MOST_VALUES);
    for _ in 0..edits(dice) {
        match dice.below(16) {
            0 => source.form = pick(dice, &[0, 0, 1, 2, 2, 3, 4, 5, 6, 7]),
            1 if coin(dice) => {
                source.float = pick(dice, &[Float::F32, Float::F16, Float::Bf16, Float::F64]);
            }
            1 => source.mode = pick(dice, &[Mode::Asymmetric, Mode::Symmetric]),
            2 => resize(&mut source.values, dice),
            _ if source.values.is_empty() => source.values.push(dice.signed_unit()),
            choice => {
                let blocks = source.values.len().div_ceil(WEIGHTS);
                let first = WEIGHTS * place(dice, blocks);
                let end = source.values.len().min(first + WEIGHTS);
                let grid = Grid::of(format, source.mode);
                edit(&mut source.values[first..end], grid, choice, dice);
            }
        }
    }
    // Elsewhere a row is whole blocks.
    if format != FormatId::KHQ4 && coin(dice) {
        let whole = source.values.len().next_multiple_of(WEIGHTS);
        let value = source.values.first().copied().unwrap_or_default();
        source.values.resize(whole, value);
        source.form = pick(dice, &[0, 0, 1, 2, 2, 5, 6]);
    }
    source.write()
}

/// How a format lays its codes over the values of a block.
#[derive(Clone, Copy, Debug)]
pub(in crate::fuzz) struct Grid {
    /// Around zero, or from the minimum.
    mode: Mode,
    /// The span, or the largest magnitude, in steps.
    parts: f32,
}

impl Grid {
    pub(in crate::fuzz) fn of(format: FormatId, mode: Mode) -> Self {
        match (format, mode) {
            (FormatId::Q4_0, _) => Self { mode: Mode::Symmetric, parts: 8.0 },
            (FormatId::Q8_0, _) => Self { mode: Mode::Symmetric, parts: 127.0 },
            (FormatId::MXFP4, _) => Self { mode: Mode::Symmetric, parts: 6.0 },
            (FormatId::KHQ4, Mode::Symmetric) => Self { mode, parts: 7.0 },
            _ => Self { mode: Mode::Asymmetric, parts: 15.0 },
        }
    }
}

/// One edit of a block, by the number of its kind from 3 to 15.
pub(in crate::fuzz) fn edit(block: &mut [f32], grid: Grid, choice: u64, dice: &mut SplitMix64) {
    match choice {
        3..=6 => half_steps(block, grid, dice),
        7 => fresh(block, dice),
        8..=9 => scale_limit(block, grid, dice),
        10 => bias_limit(block, dice),
        11 => degenerate(block, dice),
        12 => {
            let not_finite = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -f32::NAN];
            block[place(dice, block.len())] = pick(dice, &not_finite);
        }
        13 => {
            let factor = 2f32.powi(dice.below(40) as i32 - 20);
            block.iter_mut().for_each(|value| *value *= factor);
        }
        14 => {
            let zeros = [0.0, -0.0];
            block[place(dice, block.len())] = pick(dice, &zeros);
        }
        _ => block[place(dice, block.len())] = f32::from_bits(dice.next_u64() as u32),
    }
}

/// The values of a block a few f32 away from the middle of two nibbles.
fn half_steps(block: &mut [f32], Grid { mode, parts }: Grid, dice: &mut SplitMix64) {
    let extremes = |block: &[f32]| {
        let min = block.iter().copied().fold(f32::INFINITY, f32::min);
        (min, block.iter().copied().fold(f32::NEG_INFINITY, f32::max))
    };
    let (mut min, mut max) = extremes(block);
    let usable = min < max && block.iter().all(|value| value.abs() < 1e30);
    if !usable || coin(dice) {
        fresh(block, dice);
        (min, max) = extremes(block);
    }
    // Values between these leave the step as it is.
    let (low, high) = match mode {
        Mode::Asymmetric => (min, max),
        Mode::Symmetric => (-max.abs().max(-min), max.abs().max(-min)),
    };
    let (origin, step, least, most) = match mode {
        Mode::Asymmetric => (min, (max - min) / parts, 0.0, parts as u64),
        Mode::Symmetric => (0.0, high / parts, -parts, 2 * parts as u64),
    };
    for value in block.iter_mut().filter(|value| **value != min && **value != max) {
        let half = least + dice.below(most) as f32 + 0.5;
        // Both roundings of the product and of the quotient are met.
        *value = nudged(half.mul_add(step, origin), 2, dice).clamp(low, high);
    }
}

/// Values of one magnitude, on both sides of an offset.
fn fresh(block: &mut [f32], dice: &mut SplitMix64) {
    let magnitude = 2f32.powi(dice.below(36) as i32 - 24);
    let offset = pick(dice, &[0.0, 0.0, 1.5, -1.5, 3.0, -20.0, 100.0]);
    block.fill_with(|| (dice.signed_unit() + offset) * magnitude);
}

/// The span such that the scale lies at a limit of f16, or halfway between two f16.
fn scale_limit(block: &mut [f32], Grid { mode, parts }: Grid, dice: &mut SplitMix64) {
    let step = match dice.below(5) {
        0 => pick(dice, &[2f32.powi(-25), 2f32.powi(-24), 1.5 * 2f32.powi(-24), 2f32.powi(-14)]),
        1 => pick(dice, &[65504.0, 65520.0, 8190.0, 1e-6]),
        2 => pick(dice, &[2f32.powi(-149), f32::MAX / 20.0, f32::MAX / 7.0]),
        _ => between_halves(dice),
    };
    match mode {
        Mode::Asymmetric => {
            let min = pick(dice, &[0.0, 0.0, -7.0 * step, step]);
            block.iter_mut().for_each(|value| *value = dice.below(16) as f32 * step + min);
            block[0] = min;
            let last = block.len() - 1;
            block[last] = nudged(parts * step + min, 2, dice);
        }
        Mode::Symmetric => {
            block.iter_mut().for_each(|value| *value = (dice.below(15) as f32 - 7.0) * step);
            let at = place(dice, block.len());
            block[at] = nudged(pick(dice, &[parts, -parts]) * step, 2, dice);
        }
    }
}

/// The least value at a limit of f16, or halfway between two f16.
fn bias_limit(block: &mut [f32], dice: &mut SplitMix64) {
    let limit = match dice.below(4) {
        0 => pick(dice, &[65504.0, 65520.0, 57330.0]),
        1 => pick(dice, &[2f32.powi(-25), 2f32.powi(-24), 3.0 * 2f32.powi(-25), 2f32.powi(-15)]),
        _ => between_halves(dice),
    };
    let sign = pick(dice, &[1.0, -1.0]);
    let min = nudged(sign * limit, 1, dice);
    let step = pick(dice, &[1.0, 0.125, 0.01]) * limit;
    block.iter_mut().for_each(|value| *value = min + dice.below(16) as f32 * step);
    block[place(dice, block.len())] = min;
}

/// Values that are all alike, or differ by less than a step that f16 can hold (ENC-D1).
fn degenerate(block: &mut [f32], dice: &mut SplitMix64) {
    let value = pick(dice, &[0.0, -0.0, 1.0, -3.0, 1e-8, -1e-8, 0.1]);
    block.fill(value);
    if coin(dice) {
        let at = place(dice, block.len());
        block[at] = value + pick(dice, &[15.0, 7.0]) * nudged(2f32.powi(-25), 1, dice);
    }
}

/// Drops the last values, or adds some: whole blocks and tails of every length.
fn resize(values: &mut Vec<f32>, dice: &mut SplitMix64) {
    let len = match dice.below(4) {
        0 => dice.below(3) as usize,
        1 => WEIGHTS * (1 + dice.below(3) as usize),
        2 => (values.len() + 1).min(MOST_VALUES),
        _ => 1 + dice.below(MOST_VALUES as u64) as usize,
    };
    let magnitude = values.first().copied().unwrap_or(1.0);
    values.resize_with(len, || dice.signed_unit() * magnitude);
}

/// The middle of two neighbouring f16, exact in f32.
fn between_halves(dice: &mut SplitMix64) -> f32 {
    let bits = match dice.below(2) {
        0 => dice.below(0x40),
        _ => dice.below(0x7bff),
    };
    let half = |bits: u64| half::f16::from_bits(bits as u16).to_f32();
    (half(bits) + half(bits + 1)) / 2.0
}

/// `value`, or one of the `most` f32 above or below it.
fn nudged(value: f32, most: u64, dice: &mut SplitMix64) -> f32 {
    let up = coin(dice);
    (0..dice.below(most + 1)).fold(value, |value, _| match up {
        true => value.next_up(),
        false => value.next_down(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn half_steps_lie_next_to_the_middle_of_two_nibbles() {
        let mut dice = SplitMix64::new(5);
        for (format, mode) in [
            (FormatId::KHQ4, Mode::Asymmetric),
            (FormatId::KHQ4, Mode::Symmetric),
            (FormatId::Q4_0, Mode::Asymmetric),
            (FormatId::Q8_0, Mode::Asymmetric),
        ] {
            let grid @ Grid { mode, parts } = Grid::of(format, mode);
            let parts = f64::from(parts);
            for _ in 0..200 {
                let mut block = [1.0; WEIGHTS];
                half_steps(&mut block, grid, &mut dice);
                let min = block.iter().copied().fold(f32::INFINITY, f32::min);
                let max = block.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let (origin, step) = match mode {
                    Mode::Asymmetric => (f64::from(min), (f64::from(max) - f64::from(min)) / parts),
                    Mode::Symmetric => (0.0, f64::from(max.abs().max(min.abs())) / parts),
                };
                let near = |value: &&f32| {
                    let steps = (f64::from(**value) - origin) / step;
                    // An ulp of the value can be many of the offset.
                    let ulp = f64::from(value.abs().max(min.abs())) * 2f64.powi(-22) / step;
                    (steps.abs() % 1.0 - 0.5).abs() <= 4.0 * ulp.max(1e-6)
                };
                let count = block.iter().filter(near).count();
                assert!(count >= WEIGHTS - 8, "{mode:?}: {count} of {block:?}");
            }
        }
    }

    #[test]
    fn fresh_values_are_of_many_magnitudes_on_both_sides_of_zero_and_far_from_it() {
        let mut dice = SplitMix64::new(8);
        let (mut exponents, mut places) = (BTreeSet::new(), BTreeSet::new());
        for _ in 0..4000 {
            let mut block = [0.0; WEIGHTS];
            fresh(&mut block, &mut dice);
            let min = block.iter().copied().fold(f32::INFINITY, f32::min);
            let max = block.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let ratio = (max / min).max(min / max);
            match (max < 0.0, min > 0.0) {
                (true, _) => places.insert(("below", ratio > 2.5)),
                (_, true) => places.insert(("above", ratio > 2.5)),
                _ => exponents.insert(max.max(-min).log2().floor() as i32 + 1),
            };
        }
        assert_eq!(exponents, (-24..12).collect());
        // About 1.5 or -1.5 values differ by a factor of up to five, about 3 of two, farther off of less.
        let expected = [("below", true), ("below", false), ("above", true), ("above", false)];
        assert_eq!(places, expected.into_iter().collect());
    }

    #[test]
    fn the_middle_of_two_halves_is_a_tie() {
        let mut dice = SplitMix64::new(6);
        let mut small = 0;
        for _ in 0..200 {
            let middle = between_halves(&mut dice);
            let (down, up) = (middle.next_down(), middle.next_up());
            assert_ne!(half::f16::from_f32(down), half::f16::from_f32(up), "{middle:e}");
            small += usize::from(middle < 2f32.powi(-18));
        }
        // Half of them among the first 64 subnormal ones.
        assert!((70..130).contains(&small), "{small}");
    }

    #[test]
    fn inputs_stay_small() {
        let mut dice = SplitMix64::new(7);
        let mut input = vec![0];
        for _ in 0..2000 {
            input = values(&input, FormatId::KHQ4, &mut dice);
            assert!(input.len() <= 1 + 4 * MOST_VALUES);
        }
    }
}
