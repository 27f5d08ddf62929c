//! ggml's Q4_1: its layout, its blocks of equal values, and inputs on which another encoder gives other
//! bytes.

use super::blocks::{Decodes, Encodes, below, ends, magnitudes, near};
use super::{Draft, block, plain_payload, ramp};
use crate::suite::floats::Floats;
use crate::suite::operation::FormatId;
use crate::suite::random::SplitMix64;

const DECODES: Decodes = Decodes {
    format: FormatId::Q4_1,
    prefix: "decode-q4-1",
    clause: |class| if matches!(class, 42 | 35) { "GGML-1" } else { "GGML-2" },
    control: "nibbles-ascending",
};

const ENCODES: Encodes = Encodes {
    format: FormatId::Q4_1,
    prefix: "encode-q4-1",
    clause: |class| if matches!(class, 35 | 45) { "GGML-1" } else { "GGML-3" },
    unit: "block",
    source: Floats::of,
};

const ONE: u16 = 0x3c00;

pub(super) fn decodes() -> Vec<Draft> {
    let full = |id: &str, class, note: &str, scale, low| {
        DECODES.one(id, class, note, block(scale, low, ramp))
    };
    let two = plain_payload(64);
    let unlike: Vec<u8> = (0..257u16)
        .flat_map(|at| {
            block(0x2e66 + 7 * at, 0xbc80 + 5 * at, |place| (place as u16 * 7 + at) as u8)
        })
        .collect();
    // Every exponent of a finite f16, then the same below zero.
    let finite = |at: u16| (at / 31) << 15 | (at % 31) << 10 | (0x155 + at);
    let scales: Vec<u8> = (0..62).flat_map(|at| block(finite(at), 0x3555, ramp)).collect();
    let minima: Vec<u8> = (0..62).flat_map(|at| block(0x2e66, finite(at), ramp)).collect();
    let mut drafts = vec![
        full("nibbles-ascending", 42, "0 to 15 in the sixteen bytes, twice", ONE, 0),
        DECODES.one(
            "low-halves",
            42,
            "15 in the low half of each byte",
            block(ONE, 0, |at| if at % 2 == 0 { 15 } else { 0 }),
        ),
        DECODES.one(
            "high-halves",
            42,
            "15 in the high half of each byte",
            block(ONE, 0, |at| if at % 2 == 1 { 15 } else { 0 }),
        ),
        full("metadata-order-1", 43, "another number in every other order", 0x2e66, 0xbc80),
        full("metadata-order-2", 43, "another number in every other order", 0x0102, 0x4203),
        full("minimum-added", 41, "5 + q / 2", 0x3800, 0x4500),
        full("minimum-below-zero", 41, "q / 8 - 3", 0x3000, 0xc200),
        full("scale-zero", 29, "a block of equal values: all are 5", 0x0000, 0x4500),
        full("scale-and-minimum-zero", 29, "a block of zeros", 0x0000, 0x0000),
        full("scale-subnormal", 32, "scale 2^-24", 0x0001, 0x0000),
        full("minimum-subnormal", 32, "minimum -1023 * 2^-24", 0x0011, 0x83ff),
        full("scale-largest", 32, "scale 65504", 0x7bff, 0xfbff),
        full("scale-negative", 31, "a negative scale is lawful", 0xb800, ONE),
        full("scale-subnormal-negative", 32, "scale -2^-24", 0x8001, 0x0000),
        full("zero-and-negative-zero", 104, "d = +0, m = -0: the sums are +0", 0x0000, 0x8000),
        full("negative-zero-and-zero", 104, "d = -0, m = +0: the sums are +0", 0x8000, 0x0000),
        full("negative-zeros", 104, "d = -0, m = -0: the sums are -0", 0x8000, 0x8000),
        full("minimum-negative-zero", 104, "m = -0: nibble 0 is +0", ONE, 0x8000),
        full("scale-negative-minimum-zero", 104, "d = -1, m = -0: nibble 0 is -0", 0xbc00, 0x8000),
        DECODES.case("no-values", 21, "no values in no blocks", Vec::new(), 0),
        DECODES.case("two-blocks", 11, "64 values", two.clone(), 64),
        DECODES.case("ten-blocks", 11, "320 values", plain_payload(320), 320),
        DECODES.case("257-blocks", 79, "8224 values, no two blocks alike", unlike, 257 * 32),
        DECODES.case(
            "scales-of-all-exponents",
            32,
            "every exponent of d, of both signs",
            scales,
            62 * 32,
        ),
        DECODES.case(
            "minima-of-all-exponents",
            32,
            "every exponent of m, of both signs",
            minima,
            62 * 32,
        ),
    ];
    drafts.extend(DECODES.partial(&two, &[31, 16, 48, 33, 1]));
    drafts.extend(DECODES.extents(&two, 35));
    drafts.extend((0..8).map(|step| {
        let place = 4 * step + 1;
        let note = format!("nibble 15 for weight {place}, 1 for all others");
        // The place among sequential nibbles.
        let at = 2 * (place % 16) + place / 16;
        let payload = block(ONE, 0xbc00, |other| if other == at { 15 } else { 1 });
        DECODES.one(format!("place-{place:02}"), 42, &note, payload)
    }));
    drafts
}

pub(super) fn encodes() -> Vec<Draft> {
    let draft = |id: &str, class, note: &str, shape: &[u64], values: &[f32]| {
        ENCODES.case(id, class, note, shape, values)
    };
    let one = |id: &str, class, note: &str, values: &[f32]| ENCODES.one(id, class, note, values);
    let ramp: Vec<f32> = (0..32).map(|value| value as f32).collect();
    let two_rows: Vec<f32> = (0..64).map(|value| value as f32 / 8.0 - 1.0).collect();
    let halves: Vec<f32> = (0..31).map(|value| value as f32 / 2.0).collect();
    let below_halves: Vec<f32> =
        [0.0, 15.0].into_iter().chain((0..15).map(|value| below(value as f32 + 0.5))).collect();
    let mut dice = SplitMix64::new(0x9493);
    let many = magnitudes(&mut dice, 257);
    let largest = ends(&mut dice, 32);
    let least: Vec<f32> = ends(&mut dice, 32).iter().map(|value| -value).collect();
    let exponents: Vec<f32> = (0..31 * 32)
        .map(|at| {
            let unit = [0.0, 0.83].get(at as usize % 32).copied();
            let unit = unit.unwrap_or_else(|| 0.8 * dice.signed_unit().abs());
            1.0 + 15.0 * 2f32.powi(at / 32 - 14) * unit
        })
        .collect();
    let mut drafts = vec![
        draft("ramp", 42, "0 to 31: the first half is in the low halves", &[32], &ramp),
        one("order", 42, "four values, over and over", &[1.0, -2.0, 0.5, 4.25]),
    ];
    drafts.extend(ENCODES.rows(&ramp, &two_rows));
    drafts.push(draft("empty", 21, "no values give no blocks", &[0], &[]));
    drafts.extend(ENCODES.lengths(&many, &[&[3, 32], &[128], &[257, 32]]));
    drafts.extend([
        draft("least-at-each-place", 79, "each place is the least of a block", &[32, 32], &least),
        draft(
            "largest-at-each-place",
            79,
            "each place is the largest of a block",
            &[32, 32],
            &largest,
        ),
        draft(
            "scales-of-all-exponents",
            46,
            "scales of every exponent of f16",
            &[31, 32],
            &exponents,
        ),
        one("halves", 44, "ties at every half: rounded up", &halves),
        one("just-below-halves", 44, "just below each half: t + 0.5 rounds too", &below_halves),
        one("just-below-half-of-2", 44, "just below half of a step of 2", &[0.0, 30.0, below(1.0)]),
        one(
            "quarter-steps",
            44,
            "quarters of a step, which a cut loses",
            &[0.0, 15.0, 0.25, 7.75, 3.6],
        ),
        one("one-sign", 37, "5 to 7: the range does not reach to zero", &[5.0, 6.0, 7.0]),
        one("one-sign-below", 37, "-7 to -5", &[-7.0, -6.0, -5.0]),
        one("flat", 39, "equal values: scale 0, nibbles 0", &[3.25]),
        one("flat-negative", 39, "equal values below zero", &[-0.375]),
        one("flat-zero", 39, "zeros: the minimum is a zero of either sign", &[0.0]),
        one("flat-negative-zero", 39, "zeros of both signs", &[0.0, -0.0]),
        one("zero-minimum", 39, "a minimum of zero", &[0.0, 3.0, 7.5]),
        one("tiny-range", 39, "a step that f16 stores as zero", &[1.0, 1.0 + 2f32.powi(-23)]),
        one("subnormal-step", 39, "a step that is subnormal in f16", &[0.0, 15.0 * 2f32.powi(-20)]),
        one("metadata", 43, "scale and minimum whose bytes differ", &[-3.3, 1.7, 0.2]),
        one("largest", 40, "from -65504 to 65504", &[-65504.0, 65504.0, 0.0]),
        one(
            "minimum-beyond-largest",
            40,
            "a minimum of -65510: stored as -65504",
            &[-65510.0, 3.0],
        ),
        one(
            "scale-beyond-largest",
            40,
            "a scale of 65510: stored as 65504",
            &[0.0, 982_650.0, 5.0e5],
        ),
        one("minimum-subnormal", 48, "a minimum that is subnormal in f16", &[-3.0e-5, 4.0, 1.3]),
        one(
            "minimum-small",
            48,
            "a minimum below zero that f16 stores as a zero: it is -0",
            &[-1.0e-8, 1.0, 0.3],
        ),
        one(
            "step-subnormal-f32",
            48,
            "a step that is subnormal in f32 and has an inverse",
            &[0.0, 22.5 * 2f32.powi(-128), 2f32.powi(-126), f32::from_bits(0x0030_0000)],
        ),
        one(
            "magnitude-100",
            48,
            "values near 2^-100",
            &[0.0, 2.9, 0.7, 1.6].map(|value| value * 2f32.powi(-100)),
        ),
    ]);
    drafts.extend(ENCODES.partial(&two_rows, &ramp, &[31, 33, 48]));
    drafts.extend(ENCODES.other_shapes(&ramp));
    drafts.extend(ENCODES.weights(0x41, -8..4, ", whose steps fall everywhere"));
    drafts.extend(near_ties());
    drafts.extend(fused());
    drafts
}

/// Values whose product with the inverse falls so that `t * id + 0.5` in one rounding is another nibble.
fn fused() -> Vec<Draft> {
    let mut dice = SplitMix64::new(0x9492);
    let draft = |number: u32| {
        let (high, value) = loop {
            let high = 4.0 * dice.signed_unit().abs() + 0.5;
            let inverse = 1.0 / (high / 15.0);
            let middle = (dice.below(14) as f32 + 0.5) / inverse;
            let value = near(&mut dice, middle);
            if (value * inverse + 0.5) as u8 != value.mul_add(inverse, 0.5) as u8 {
                break (high, value);
            }
        };
        let values: Vec<f32> = [0.0, high, value, value].repeat(8);
        let note =
            format!("0, {high} and {value}: the product is rounded before the half is added");
        ENCODES.case(format!("fused-{number}"), 44, &note, &[32], &values)
    };
    (1..=3).map(draft).collect()
}

/// Values a few f32 from the middle of two nibbles, where another evaluation gives the other one.
fn near_ties() -> Vec<Draft> {
    let mut dice = SplitMix64::new(0x9491);
    let draft = |number: u32| {
        let low = 8.0 * dice.signed_unit();
        let high = low + 4.0 * dice.signed_unit().abs() + 0.5;
        let step = (high - low) / 15.0;
        let tie = |at: usize| {
            let middle = low + ((at % 15) as f32 + 0.5) * step;
            near(&mut dice, middle).clamp(low, high)
        };
        let values: Vec<f32> = [low, high].into_iter().chain((0..30).map(tie)).collect();
        let note = format!("every middle of two nibbles between {low} and {high}, nearly");
        ENCODES.case(format!("near-ties-{number}"), 44, &note, &[32], &values)
    };
    (1..=6).map(draft).collect()
}
