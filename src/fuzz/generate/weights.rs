//! Values for encoders: as models have them, next to the middle of two codes, and of every bit pattern.

use half::f16;

use crate::fuzz::arithmetic::Source;
use crate::fuzz::dice::{Sizes, log_uniform, normal, not_finite, one_in, pick, place};
use crate::fuzz::mutate;
use crate::suite::feature::Feature;
use crate::suite::floats::{Float, Floats};
use crate::suite::hex::{Bits, Bits16, Bits64};
use crate::suite::operation::FormatId;
use crate::suite::question::{Mode, Question};
use crate::suite::random::SplitMix64;

/// Weights of a block of every format so far.
const WEIGHTS: usize = 32;

/// Values until a large tensor repeats.
const PERIOD: usize = 251 * WEIGHTS;

/// The types of a source and the features that offer them.
const SOURCES: [(Float, Feature); 3] = [
    (Float::F16, Feature::SourceF16),
    (Float::Bf16, Feature::SourceBf16),
    (Float::F64, Feature::SourceF64),
];

/// An encode.
pub(super) fn encode(
    format: FormatId,
    offers: &dyn Fn(Feature) -> bool,
    sizes: Sizes,
    dice: &mut SplitMix64,
) -> Question {
    let is_khq4 = format == FormatId::KHQ4;
    let mode = pick(dice, &[Mode::Symmetric, Mode::Asymmetric]);
    let float = match format {
        FormatId::MLX => Float::F16,
        FormatId::KHQ4 => match pick(dice, &SOURCES) {
            (float, feature) if offers(feature) && one_in(dice, 2) => float,
            _ => Float::F32,
        },
        _ => Float::F32,
    };
    let blocks = sizes.blocks(dice) as usize;
    let count = match is_khq4 && one_in(dice, 2) {
        true => blocks * WEIGHTS - dice.below(WEIGHTS as u64) as usize,
        false => blocks * WEIGHTS,
    };
    let grid = mutate::Grid::of(format, mode);
    let mut values = if blocks > 8 || one_in(dice, 3) {
        any_bits(float, count, dice)
    } else {
        let values: Vec<f32> = (0..blocks).flat_map(|_| block(grid, dice)).take(count).collect();
        Source { mode, form: 0, float, values }.floats(float)
    };
    if one_in(dice, 16) {
        spoil(&mut values, dice);
    }
    let shape = shape(values.len() as u64, is_khq4, dice);
    Question::encode(format, is_khq4.then_some(mode), &shape, values)
}

/// One block.
fn block(grid: mutate::Grid, dice: &mut SplitMix64) -> [f32; WEIGHTS] {
    let size = 2f32.powi(dice.below(40) as i32 - 26) * (1.0 + dice.signed_unit() / 3.0);
    let mut block = [0.0; WEIGHTS];
    match dice.below(16) {
        0..=3 => block.fill_with(|| normal(dice) * size),
        4 => {
            block.fill_with(|| normal(dice) * size);
            block[place(dice, WEIGHTS)] *= 1e3;
        }
        5 => {
            let middle = normal(dice) * size * 64.0;
            block.fill_with(|| middle + dice.signed_unit() * size);
        }
        6 => block.fill(size),
        7 => block.fill_with(|| dice.below(255) as f32 - 127.0),
        8 => {
            // One value among zeros of either sign.
            block.fill_with(|| pick(dice, &[0.0, -0.0]));
            block[place(dice, WEIGHTS)] = pick(dice, &[size, -size]);
        }
        9 => {
            // All above, or all below zero.
            let sign = pick(dice, &[1.0, -1.0]);
            block.fill_with(|| sign * (dice.signed_unit().abs() + 0.25) * size);
        }
        _ => {
            block.fill_with(|| normal(dice) * size);
            // Half-steps, limits of the scale, limits of the bias, values that hardly differ.
            let choice = pick(dice, &[3, 3, 3, 8, 8, 10, 11]);
            mutate::edit_values(&mut block, grid, choice, dice);
        }
    }
    block
}

/// Finite values of a type; those of a block have neighbouring exponents, as what is far below the largest is a zero.
fn any_bits(float: Float, count: usize, dice: &mut SplitMix64) -> Floats {
    let (fraction, top) = match float {
        Float::F16 => (10, 30),
        Float::Bf16 => (7, 254),
        Float::F32 => (23, 254),
        Float::F64 => (52, 2046),
    };
    let sign_at = fraction + 64 - u64::leading_zeros(top) as u64;
    // Of f64 mostly those that f32 has.
    let exponent = |dice: &mut SplitMix64| match float {
        Float::F64 if !one_in(dice, 8) => 1023 - 150 + dice.below(280),
        // As far as f16 has scales.
        Float::F32 | Float::Bf16 if !one_in(dice, 4) => 127 - 30 + dice.below(50),
        _ => dice.below(top + 1),
    };
    let mut period = Vec::with_capacity(count.min(PERIOD));
    while period.len() < count.min(PERIOD) {
        let (largest, spread) = (exponent(dice), 1 + dice.below(6));
        let mut signs = dice.next_u64();
        if one_in(dice, 4) {
            signs = pick(dice, &[0, u64::MAX]);
        }
        for at in 0..WEIGHTS as u64 {
            let exponent = largest.saturating_sub(dice.below(spread));
            let bits = (exponent << fraction) | (dice.next_u64() % (1 << fraction));
            period.push(bits | (signs >> at & 1) << sign_at);
        }
    }
    let bits = period.into_iter().cycle().take(count);
    match float {
        Float::F16 => Floats::F16(Bits16(bits.map(|bits| bits as u16).collect())),
        Float::Bf16 => Floats::Bf16(Bits16(bits.map(|bits| bits as u16).collect())),
        Float::F32 => Floats::F32(Bits(bits.map(|bits| bits as u32).collect())),
        Float::F64 => Floats::F64(Bits64(bits.collect())),
    }
}

/// Puts one value that is not finite, or not as an f32, somewhere.
fn spoil(values: &mut Floats, dice: &mut SplitMix64) {
    if values.is_empty() {
        return;
    }
    let at = place(dice, values.len());
    match values {
        Floats::F16(bits) => bits.0[at] = not_finite(dice),
        Floats::Bf16(bits) => bits.0[at] = pick(dice, &[0x7f80, 0xff80, 0x7fc0, 0x7f81, 0xffff]),
        Floats::F32(bits) => {
            bits.0[at] =
                pick(dice, &[0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0x7f80_0001, u32::MAX]);
        }
        Floats::F64(bits) => {
            let beyond =
                pick(dice, &[1e39f64, -3.5e38, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]);
            bits.0[at] = beyond.to_bits();
        }
    }
}

/// A shape of so many values, now and then of another number.
pub(super) fn shape(count: u64, may_be_partial: bool, dice: &mut SplitMix64) -> Vec<u64> {
    match dice.below(32) {
        0 => return vec![super::blocks::near(count, dice)],
        1 => return vec![count, 0],
        2 => return vec![1 << 32, 1 << 32, count],
        3 if count == 1 => return Vec::new(),
        _ => {}
    }
    let unit = if may_be_partial { 1 } else { WEIGHTS as u64 };
    let mut shape = vec![count];
    for divisor in [2, 3, 5, 7] {
        let last = shape.len() - 1;
        if one_in(dice, 3) && shape[last].is_multiple_of(divisor * unit) && shape[last] > 0 {
            shape[last] /= divisor;
            shape.insert(last, divisor);
        }
    }
    let ones = if one_in(dice, 64) { log_uniform(dice, 12) } else { dice.below(3) / 2 };
    for _ in 0..ones {
        shape.insert(0, 1);
    }
    shape
}

pub(super) fn plain(format: FormatId) -> Question {
    let values = (0..WEIGHTS as u8).map(|at| f32::from(at) - 15.0);
    let values = match format {
        FormatId::MLX => {
            Floats::F16(Bits16(values.map(|one| f16::from_f32(one).to_bits()).collect()))
        }
        _ => Floats::of(&values.collect::<Vec<f32>>()),
    };
    let mode = (format == FormatId::KHQ4).then_some(Mode::Symmetric);
    Question::encode(format, mode, &[WEIGHTS as u64], values)
}
