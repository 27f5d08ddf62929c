//! MLX's groups: their layout, the end that is exact, and inputs on which another encoder gives other
//! bytes.

use half::f16;

use super::Draft;
use crate::suite::floats::Floats;
use crate::suite::hex::Bits16;
use crate::suite::operation::FormatId;
use crate::suite::question::Question;
use crate::suite::random::SplitMix64;

const CONTROL: &str = "encode-mlx/ramp";

fn draft(id: &str, class: u8, note: &str, shape: &[u64], values: &[f32]) -> Draft {
    let bits = values.iter().map(|&value| f16::from_f32(value).to_bits()).collect();
    let input = Question::encode(FormatId::MLX, None, shape, Floats::F16(Bits16(bits)));
    let clause = if matches!(class, 35 | 42 | 45 | 47) { "MLX-1" } else { "MLX-2" };
    Draft::new(format!("encode-mlx/{id}"), clause, note, input).class(class)
}

/// One group of these values, over and over.
fn one(id: &str, class: u8, note: &str, values: &[f32]) -> Draft {
    let full: Vec<f32> = values.iter().copied().cycle().take(32).collect();
    draft(id, class, note, &[32], &full)
}

pub(super) fn cases() -> Vec<Draft> {
    let ramp: Vec<f32> = (0..32u8).map(f32::from).collect();
    let two_rows: Vec<f32> = (0..64u8).map(|at| f32::from(at) / 16.0 - 1.0).collect();
    let refused = |id: &str, class: u8, note: &str, shape: &[u64], values: &[f32]| {
        draft(id, class, note, shape, values).control(CONTROL)
    };
    // Steps of 2 around zero: the maximum 30 is exact, and odd numbers lie between two nibbles.
    let halves: Vec<f32> = (0..31u8).map(f32::from).collect();
    let below: Vec<f32> = halves.iter().map(|value| -value).collect();
    let least = 2f32.powi(-24);
    let mut dice = SplitMix64::new(0x317a);
    let many: Vec<f32> =
        (0..33 * 32).map(|at| dice.signed_unit() * 2f32.powi(at / 32 % 9 - 6)).collect();
    let ends: Vec<f32> = (0..64 * 32)
        .map(|at| {
            let (row, place) = (at / 32, at % 32);
            let sign = if row < 32 { 1.0 } else { -1.0 };
            if place == row % 32 { sign * 9.3 } else { dice.signed_unit() }
        })
        .collect();
    let small: Vec<f32> = (0..64 * 32).map(|_| (dice.below(121) as f32 - 60.0) * least).collect();
    let mut drafts = vec![
        draft("ramp", 42, "0 to 31: pairs in sequence", &[32], &ramp),
        one("order", 42, "four values, over and over", &[1.0, -2.0, 0.5, 4.25]),
        one("metadata", 43, "scale and bias whose bytes differ", &[-3.3, 1.7, 0.2]),
        one(
            "metadata-below",
            43,
            "scale and bias whose bytes differ, the bias below zero",
            &[-7.1, 1.3, 0.9],
        ),
        draft("shape-2x32", 45, "two rows of one group each", &[2, 32], &two_rows),
        refused("shape-2x16", 45, "two rows of sixteen: one group, or refused", &[2, 16], &ramp),
        refused("shape-32x1", 45, "a column: one group, or refused", &[32, 1], &ramp),
        draft("groups-3", 79, "96 values", &[3, 32], &many[..96]),
        draft("groups-4", 79, "128 values", &[128], &many[..128]),
        draft("groups-33", 79, "1056 values", &[33, 32], &many),
        draft("ends-at-each-place", 79, "each place is an end of a group", &[64, 32], &ends),
        draft("small-wholes", 48, "multiples of 2^-24", &[64, 32], &small),
        draft("empty", 21, "no values give no groups", &[0], &[]),
        draft("empty-rows", 21, "no rows of 32 give no groups", &[0, 32], &[]),
        one(
            "above-zero",
            31,
            "the maximum is the larger end: the scale is negative",
            &[1.0, 2.0, 3.5],
        ),
        one(
            "below-zero",
            31,
            "the minimum is the larger end: the scale is positive",
            &[-1.0, -2.0, -3.5],
        ),
        one("larger-above", 31, "from -2 to 5: the maximum is exact", &[-2.0, 5.0, 0.0]),
        one("larger-below", 31, "from -5 to 2: the minimum is exact", &[-5.0, 2.0, 0.0]),
        one(
            "same-ends",
            44,
            "from -3 to 3: the maximum is the end that counts",
            &[-3.0, 3.0, 0.75],
        ),
        one(
            "same-ends-small",
            44,
            "from -0.1 to 0.1, with values between",
            &[-0.1, 0.1, 0.05, -0.02],
        ),
        one(
            "zero-on-grid",
            44,
            "from -1 to 6.3: zero is moved onto the grid",
            &[-1.0, 6.3, 0.0, 2.2],
        ),
        one(
            "zero-on-grid-below",
            44,
            "from -6.3 to 1: zero is moved onto the grid",
            &[-6.3, 1.0, 0.0, -2.2],
        ),
        one(
            "half-a-step-from-zero",
            44,
            "the end is eight and a half steps from zero: eight",
            &[-6.5, 8.5, 1.0],
        ),
        one(
            "half-a-step-from-zero-below",
            44,
            "the end is ten and a half steps from zero: ten",
            &[-2.625, 1.125, 0.25],
        ),
        one(
            "half-a-step-from-zero-odd",
            44,
            "the end is seven and a half steps from zero: eight",
            &[-7.5, 7.5, 1.0],
        ),
        one("half-steps", 44, "halves of nibbles above zero: to the even one", &halves),
        one("half-steps-below", 44, "halves of nibbles below zero: to the even one", &below),
        one(
            "three-quarters",
            44,
            "three quarters of a step, which a cut loses",
            &[15.0, 0.0, 0.75, 7.75, 3.9],
        ),
        one("one-far-value", 44, "one value far from the rest", &[0.01, 0.02, -0.015, 12.0]),
        one("flat", 39, "equal values: the least scale", &[3.25]),
        one("flat-below", 39, "equal values below zero", &[-0.375]),
        one("flat-zero", 39, "zeros", &[0.0]),
        one("flat-negative-zero", 39, "zeros of both signs: the bias is +0", &[0.0, -0.0]),
        one("all-negative-zeros", 104, "zeros below zero: the bias is +0", &[-0.0]),
        one("flat-large", 39, "equal values of 60000", &[60000.0]),
        one("least-values", 39, "the least f16 above zero, and zero", &[least, 0.0]),
        one("least-range", 39, "a range of two of the least f16", &[least, -least, 0.0]),
        one("subnormals", 48, "subnormal f16", &[3.0e-5, -1.2e-5, 6.0e-6, 0.0]),
        one("subnormals-above", 48, "subnormal f16 above zero", &[1.0e-5, 2.0e-5, 5.9e-5]),
        one("largest", 40, "from -65504 to 65504", &[-65504.0, 65504.0, 0.0]),
        one("largest-above", 40, "65504 and 1", &[65504.0, 1.0]),
        refused("values-31", 35, "31 values are not whole groups", &[31], &ramp[..31]),
        refused(
            "values-33",
            35,
            "33 values are not whole groups",
            &[33],
            &[&ramp[..], &[1.0]].concat(),
        ),
        refused("values-1", 35, "one value is no whole group", &[1], &ramp[..1]),
        refused(
            "values-48",
            35,
            "one group and a half are not whole groups",
            &[48],
            &two_rows[..48],
        ),
        refused("scalar", 35, "a tensor of no dimensions: one value", &[], &ramp[..1]),
        refused("shape-too-large", 47, "shape [64] for 32 values", &[64], &ramp).should(),
        refused("shape-too-small", 47, "shape [0, 32] for 32 values", &[0, 32], &ramp).should(),
    ];
    let mut dice = SplitMix64::new(0x3178);
    for number in 1..=10 {
        let magnitude = 2f32.powi(dice.below(14) as i32 - 10);
        let middle = dice.signed_unit() * magnitude / 2.0;
        let values: Vec<f32> = (0..64).map(|_| middle + dice.signed_unit() * magnitude).collect();
        let note = format!("64 values up to {magnitude} around {middle}");
        drafts.push(draft(&format!("weights-{number}"), 44, &note, &[2, 32], &values));
    }
    drafts.extend(DIVIDED.iter().zip(1..).map(|(bits, number)| {
        let values: Vec<f32> = bits.iter().map(|&bits| f16::from_bits(bits).to_f32()).collect();
        let note = "a quotient that is the middle of two nibbles, where the product is not";
        one(&format!("divided-{number}"), 44, note, &values)
    }));
    drafts.extend(near_middles());
    drafts
}

/// Both ends of a group, and a value whose quotient by the scale is the middle of two nibbles though its
/// product with the rounded inverse is not: found by trying some ten million.
const DIVIDED: [[u16; 3]; 6] = [
    [49393, 15292, 48369],
    [49096, 14042, 47574],
    [43180, 14035, 11987],
    [37017, 6594, 5570],
    [47620, 45389, 46596],
    [50220, 13712, 48172],
];

/// Values next to the middle of two nibbles, where a scale rounded to f16 gives the other one.
fn near_middles() -> Vec<Draft> {
    let mut dice = SplitMix64::new(0x3179);
    let draft = |number: u32| {
        let low = -8.0 * dice.signed_unit().abs() - 0.25;
        let high = 8.0 * dice.signed_unit().abs() + 0.25;
        let half = |value: f32| f16::from_f32(value).to_f32();
        let (low, high) = (half(low), half(high));
        let edge = if low.abs() > high.abs() { low } else { high };
        let step = (high - low) / 15.0;
        let scale = edge.abs() / (edge.abs() / step).round();
        let middle = |at: usize| {
            let away = ((at % 15) as f32 + 0.5) * scale;
            let value = f16::from_f32(if edge < 0.0 { edge + away } else { edge - away });
            let neighbour = f16::from_bits(value.to_bits() + (at / 15) as u16);
            neighbour.to_f32().clamp(low, high)
        };
        let values: Vec<f32> = [low, high].into_iter().chain((0..30).map(middle)).collect();
        let note = format!("every middle of two nibbles between {low} and {high}, nearly");
        let bits = values.iter().map(|&value| f16::from_f32(value).to_bits()).collect();
        let input = Question::encode(FormatId::MLX, None, &[32], Floats::F16(Bits16(bits)));
        Draft::new(format!("encode-mlx/near-middles-{number}"), "MLX-2", note, input).class(44)
    };
    (1..=6).map(draft).collect()
}
