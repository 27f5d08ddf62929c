//! MLX's groups: their layout, the end that is exact, and inputs on which another encoder gives other
//! bytes.

use half::f16;

use super::Draft;
use super::blocks::{Encodes, ends, magnitudes};
use super::encode_from::f16s;
use crate::suite::operation::FormatId;
use crate::suite::random::SplitMix64;

const ENCODES: Encodes = Encodes {
    format: FormatId::MLX,
    prefix: "encode-mlx",
    clause: |class| if matches!(class, 35 | 42 | 45 | 47) { "MLX-1" } else { "MLX-2" },
    unit: "group",
    source: f16s,
};

pub(super) fn cases() -> Vec<Draft> {
    let ramp: Vec<f32> = (0..32u8).map(f32::from).collect();
    let two_rows: Vec<f32> = (0..64u8).map(|at| f32::from(at) / 16.0 - 1.0).collect();
    let draft = |id: &str, class, note: &str, shape: &[u64], values: &[f32]| {
        ENCODES.case(id, class, note, shape, values)
    };
    let one = |id: &str, class, note: &str, values: &[f32]| ENCODES.one(id, class, note, values);
    // Steps of 2 around zero: the maximum 30 is exact, and odd numbers lie between two nibbles.
    let halves: Vec<f32> = (0..31u8).map(f32::from).collect();
    let below: Vec<f32> = halves.iter().map(|value| -value).collect();
    let least = 2f32.powi(-24);
    let mut dice = SplitMix64::new(0x317a);
    let many = magnitudes(&mut dice, 33);
    let ends = ends(&mut dice, 64);
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
    ];
    drafts.extend(ENCODES.rows(&ramp, &two_rows));
    drafts.extend(ENCODES.lengths(&many, &[&[3, 32], &[128], &[33, 32]]));
    drafts.extend([
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
    ]);
    drafts.extend(ENCODES.partial(&two_rows, &ramp, &[31, 33, 1, 48]));
    drafts.extend(ENCODES.other_shapes(&ramp));
    let mut dice = SplitMix64::new(0x3178);
    for number in 1..=10 {
        let magnitude = 2f32.powi(dice.below(14) as i32 - 10);
        let middle = dice.signed_unit() * magnitude / 2.0;
        let values: Vec<f32> = (0..64).map(|_| middle + dice.signed_unit() * magnitude).collect();
        let note = format!("64 values up to {magnitude} around {middle}");
        drafts.push(ENCODES.case(format!("weights-{number}"), 44, &note, &[2, 32], &values));
    }
    drafts.extend(DIVIDED.iter().zip(1..).map(|(bits, number)| {
        let values: Vec<f32> = bits.iter().map(|&bits| f16::from_bits(bits).to_f32()).collect();
        let note = "a quotient that is the middle of two nibbles, where the product is not";
        ENCODES.one(format!("divided-{number}"), 44, note, &values)
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
        ENCODES.case(format!("near-middles-{number}"), 44, &note, &[32], &values)
    };
    (1..=6).map(draft).collect()
}
