//! Encodes from f16, bf16 and f64: what is widened exactly, what is rounded once, and what is beyond f32.

use half::{bf16, f16};

use super::blocks::{above, below};
use super::{Draft, MODES};
use crate::suite::feature::Feature;
use crate::suite::floats::{Float, Floats};
use crate::suite::hex::{Bits16, Bits64};
use crate::suite::operation::FormatId;
use crate::suite::question::{Mode, Question};
use crate::suite::random::SplitMix64;

const F16: &str = "encode/from-f16-order";
const BF16: &str = "encode/from-bf16-order";
const F64: &str = "encode/from-f64-order";

pub(super) fn cases() -> Vec<Draft> {
    [halves(), upper_halves(), doubles(), beyond()].concat()
}

fn draft(id: &str, class: u8, note: &str, mode: Mode, values: Floats) -> Draft {
    let feature = match values.float() {
        Float::F16 => Feature::SourceF16,
        Float::Bf16 => Feature::SourceBf16,
        _ => Feature::SourceF64,
    };
    let shape = [values.len() as u64];
    let input = Question::encode(FormatId::KHQ4, Some(mode), &shape, values);
    Draft::new(format!("encode/from-{id}"), "ENC-S5", note, input).class(class).requires(feature)
}

pub(super) fn f16s(values: &[f32]) -> Floats {
    Floats::F16(Bits16(values.iter().map(|&value| f16::from_f32(value).to_bits()).collect()))
}

fn bf16s(values: &[f32]) -> Floats {
    let bits = |&value: &f32| bf16::from_f32(value).to_bits();
    Floats::Bf16(Bits16(values.iter().map(bits).collect()))
}

fn f64s(values: &[f64]) -> Floats {
    Floats::F64(Bits64::of(values))
}

/// Weights of one magnitude, from a seed.
fn weights(seed: u64, count: usize) -> Vec<f32> {
    let mut dice = SplitMix64::new(seed);
    (0..count).map(|_| dice.signed_unit() / 8.0).collect()
}

/// What is asked of both types of 16 bits; `empty` is the mode of no values.
fn narrow(float: &str, empty: Mode, source: fn(&[f32]) -> Floats) -> Vec<Draft> {
    let one = |id: &str, class, note: &str, mode, values: &[f32]| {
        draft(&format!("{float}-{id}"), class, note, mode, source(values))
    };
    let differ = "numbers that differ in every other order";
    let partial = "5, 6 and 7: the padding is not looked at";
    vec![
        one("order", 43, differ, Mode::Asymmetric, &[1.5, -2.25, 0.3, 7.75, 1.0 / 3.0]),
        one("no-values", 21, "no values give no blocks", empty, &[]),
        one("partial", 37, partial, Mode::Asymmetric, &[5.0, 6.0, 7.0]),
    ]
}

fn halves() -> Vec<Draft> {
    let subnormals: Vec<f32> = (0..32u8).map(|step| f32::from(step) * 2f32.powi(-20)).collect();
    let mixed: Vec<f32> = (0..32i8).map(|step| f32::from(step - 16) * 2f32.powi(-18)).collect();
    let one = |id: &str, class: u8, note: &str, mode: Mode, values: &[f32]| {
        draft(&format!("f16-{id}"), class, note, mode, f16s(values))
    };
    let mut drafts = narrow("f16", Mode::Asymmetric, f16s);
    drafts.extend([one(
        "largest",
        40,
        "from -65504 to 65504",
        Mode::Asymmetric,
        &[65504.0, -65504.0, 1.0],
    )]);
    for mode in MODES {
        let name = mode.name();
        let note = "subnormals of f16, whose steps f16 can hold";
        drafts.push(one(&format!("subnormals-{name}"), 48, note, mode, &subnormals));
        let note = "values about 2^-14, the least normal f16";
        drafts.push(one(&format!("least-normal-{name}"), 48, note, mode, &mixed));
        let note = "70 weights";
        drafts.push(one(&format!("weights-{name}"), 46, note, mode, &weights(16, 70)));
    }
    drafts
}

fn upper_halves() -> Vec<Draft> {
    let one = |id: &str, class: u8, note: &str, mode: Mode, values: &[f32]| {
        draft(&format!("bf16-{id}"), class, note, mode, bf16s(values))
    };
    let mut drafts = narrow("bf16", Mode::Symmetric, bf16s);
    drafts.extend([one(
        "tiny",
        39,
        "values below every f16, which are one degenerate block",
        Mode::Asymmetric,
        &[1e-30, -1e-30, 3e-39],
    )]);
    for mode in MODES {
        let name = mode.name();
        drafts.push(one(&format!("weights-{name}"), 46, "70 weights", mode, &weights(17, 70)));
        let large: Vec<f32> = weights(18, 40).iter().map(|value| value * 300_000.0).collect();
        let note = "values beyond f16, whose blocks are lawful";
        drafts.push(one(&format!("large-{name}"), 46, note, mode, &large));
    }
    drafts
}

/// A value of f64 between two f32: `eighths` of the way from `value` to the next one away from zero.
fn between(value: f32, eighths: u32) -> f64 {
    f64::from(value) + (f64::from(above(value)) - f64::from(value)) * f64::from(eighths) / 8.0
}

/// Sixteen steps of 1, whose middles are values that an f32 next to them does not share: the nibble
/// tells which f32 was taken.
fn doubles() -> Vec<Draft> {
    let one = |id: &str, class: u8, note: &str, mode: Mode, values: &[f64]| {
        draft(&format!("f64-{id}"), class, note, mode, f64s(values))
    };
    // Below the middle by one f32: it rounds down as it is, and up where it was rounded up.
    let near = |eighths: u32| -> Vec<f64> {
        let middles = (0..15u8).map(|step| f32::from(step) + 0.5);
        [0.0, 15.0]
            .into_iter()
            .chain(middles.map(|middle| between(below(middle), eighths)))
            .collect()
    };
    let wide: Vec<f64> = (0..40).map(|at| f64::from(at) / 3.0 - 6.0).collect();
    let mut drafts = vec![
        one(
            "order",
            43,
            "numbers that differ in every other order",
            Mode::Asymmetric,
            &[1.5, -2.25, 0.3, 7.75, 1.0 / 3.0],
        ),
        one("no-values", 21, "no values give no blocks", Mode::Asymmetric, &[]),
        one(
            "ties",
            46,
            "a tie of two f32 goes to the even one, which is a tie of two nibbles",
            Mode::Asymmetric,
            &near(4),
        ),
        one(
            "above-ties",
            46,
            "just above a tie of two f32: rounded up",
            Mode::Asymmetric,
            &near(5),
        ),
        one(
            "below-ties",
            46,
            "just below a tie of two f32: rounded down",
            Mode::Asymmetric,
            &near(3),
        ),
        one(
            "most-of-a-step",
            46,
            "nearly the next f32, which cutting loses",
            Mode::Asymmetric,
            &near(7),
        ),
        one(
            "below-f32",
            39,
            "values below every f32, which are zeros",
            Mode::Asymmetric,
            &[1e-50, -1e-50, 4e-46],
        ),
        one(
            "largest",
            40,
            "f64 that are rounded to the largest lawful range",
            Mode::Asymmetric,
            &[0.0, 982_799.94],
        ),
    ];
    // An even f32 below the tie: to nearest even is down, away from zero is up.
    let even = |step: u8| {
        let middle = f32::from(step) + 0.5;
        let under = f32::from_bits(middle.to_bits() - 2);
        between(under, 4)
    };
    let evens: Vec<f64> = [0.0, 15.0].into_iter().chain((0..15).map(even)).collect();
    let note =
        "ties whose even neighbour is the lower one, two f32 below the middle of two nibbles";
    drafts.push(one("ties-to-even", 46, note, Mode::Asymmetric, &evens));
    // A minimum in the middle of two f32, which moves every value of its block.
    for (number, low) in [(1, 100.0f32), (2, 1000.0), (3, 5.0)] {
        let low_even = f32::from_bits(low.to_bits() & !1);
        let minimum = between(low_even, 4);
        let span = f32::from_bits(low_even.to_bits() + 64) - low_even;
        let values: Vec<f64> = std::iter::once(minimum)
            .chain((1..32).map(|at| f64::from(low_even + span * (at as f32) / 32.0)))
            .collect();
        let note =
            format!("a minimum in the middle of two f32 about {low}, and steps of a few f32");
        drafts.push(one(&format!("tied-minimum-{number}"), 46, &note, Mode::Asymmetric, &values));
    }
    for mode in MODES {
        let name = mode.name();
        let weights: Vec<f64> = weights(19, 70)
            .iter()
            .enumerate()
            .map(|(at, &value)| between(value, at as u32 % 8))
            .collect();
        drafts.push(one(&format!("weights-{name}"), 46, "70 weights between f32", mode, &weights));
        drafts.push(one(&format!("thirds-{name}"), 46, "thirds, two blocks", mode, &wide));
    }
    drafts
}

/// What no encoder takes.
fn beyond() -> Vec<Draft> {
    let with = |bits: Floats, id: &str, note: &str, control: &str| {
        draft(id, 38, note, Mode::Asymmetric, bits).control(control)
    };
    let half = |id: &str, bits: u16| {
        let values = Floats::F16(Bits16(vec![0x3c00, bits, 0x4000]));
        with(values, &format!("f16-{id}"), &format!("an f16 {bits:04x} among numbers"), F16)
    };
    let upper = |id: &str, bits: u16| {
        let values = Floats::Bf16(Bits16(vec![0x3f80, 0x4000, bits]));
        with(values, &format!("bf16-{id}"), &format!("a bf16 {bits:04x} among numbers"), BF16)
    };
    let double = |id: &str, note: &str, value: f64| {
        with(f64s(&[1.0, value, 2.0]), &format!("f64-{id}"), note, F64)
    };
    // In the middle between the largest f32 and the next power of two.
    let limit = f64::from(f32::MAX) + 2f64.powi(103);
    vec![
        half("nan", 0x7e00),
        half("infinity", 0x7c00),
        half("negative-infinity", 0xfc00),
        upper("nan", 0x7fc0),
        upper("infinity", 0x7f80),
        upper("small-nan", 0xff81),
        double("nan", "a NaN among numbers", f64::NAN),
        double("infinity", "an infinity among numbers", f64::INFINITY),
        double("overflow", "1e300, which is beyond every f32", 1e300),
        double("overflow-negative", "-1e39, which is beyond every f32", -1e39),
        double("overflow-least", "the least f64 that is rounded to an infinity of f32", limit),
    ]
}
