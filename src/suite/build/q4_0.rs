//! ggml's Q4_0: its layout, every code, every kind of scale, and inputs on which another encoder gives
//! other bytes.

use half::f16;

use super::Draft;
use super::blocks::{Decodes, Encodes, above, below, ends, magnitudes, near};
use crate::suite::floats::Floats;
use crate::suite::operation::FormatId;
use crate::suite::random::SplitMix64;

const DECODES: Decodes = Decodes {
    format: FormatId::Q4_0,
    prefix: "decode-q4-0",
    clause: |class| match class {
        11 | 12 | 21 | 35 | 42 | 79 | 95 | 96 => "Q40-1",
        _ => "Q40-2",
    },
    control: "codes-ascending",
};

const ENCODES: Encodes = Encodes {
    format: FormatId::Q4_0,
    prefix: "encode-q4-0",
    clause: |class| if matches!(class, 21 | 35 | 45 | 95) { "Q40-1" } else { "Q40-3" },
    unit: "block",
    source: Floats::of,
};

const ONE: u16 = 0x3c00;
/// Values of whole blocks whose bytes, counted in 32 bits, are those of one.
const WRAPPING: u64 = (1 << 36) + 32;

/// A block's bytes from the f16 bits of its scale and a code for each weight.
fn block(scale: u16, code: impl Fn(usize) -> u8) -> Vec<u8> {
    let pairs = (0..16).map(|at| code(at) & 15 | code(at + 16) << 4);
    scale.to_le_bytes().into_iter().chain(pairs).collect()
}

/// Blocks of which no two are alike.
pub(super) fn plain_payload(blocks: usize) -> Vec<u8> {
    let plain = |index: usize| {
        let scale = 0x2c66 + 0x13 * (index % 127) as u16;
        block(scale, |place| (place * 7 + index * 3 + place / 8) as u8)
    };
    (0..blocks).flat_map(plain).collect()
}

pub(super) fn decodes() -> Vec<Draft> {
    let one = |id: &str, class, note: &str, block| DECODES.one(id, class, note, block);
    let ascending = |scale| block(scale, |place| place as u8);
    let scaled =
        |id: &str, class, note: &str, scale| one(id, class, note, block(scale, |at| at as u8 * 5));
    let refused = |id: &str, note: &str, payload: &[u8], len| {
        DECODES.refused(id, note, payload, len).should()
    };
    let scales = |id: &str, class, note: &str, sign: u16| {
        let scale = |exponent: u16| sign | exponent << 10 | (0x155 + exponent);
        let block = |exponent| block(scale(exponent), |place| (place * 7 + 3) as u8);
        DECODES.case(id, class, note, (0..31).flat_map(block).collect(), 31 * 32)
    };
    let two = plain_payload(2);
    let mut drafts = vec![
        one("codes-ascending", 42, "0 to 15, in each half of the weights", ascending(ONE)),
        one("halves", 95, "the first half has code 1, the second 14", {
            block(ONE, |place| if place < 16 { 1 } else { 14 })
        }),
        one("pairs", 95, "weights of even places have code 2, the others 11", {
            block(ONE, |place| if place % 2 == 0 { 2 } else { 11 })
        }),
        scaled("scale-order-1", 43, "a scale that is another number in the other order", 0x2e66),
        scaled("scale-order-2", 43, "a scale that is another number in the other order", 0x0142),
        scaled("scale-zero", 29, "scale +0: zeros of the sign of code - 8", 0x0000),
        scaled("scale-negative-zero", 104, "scale -0: zeros of the other sign", 0x8000),
        one("block-of-zeros", 104, "as ggml encodes zeros: scale -0 and codes 8, so 32 of -0", {
            block(0x8000, |_| 8)
        }),
        one("code-8", 104, "code 8 under a scale below zero is -0", block(0xbc00, |_| 8)),
        one("code-8-positive", 104, "code 8 under a scale above zero is +0", block(ONE, |_| 8)),
        scaled("scale-subnormal", 48, "scale 2^-24", 0x0001),
        scaled("scale-subnormal-largest", 32, "scale 1023 * 2^-24", 0x03ff),
        scaled("scale-least-normal", 32, "scale 2^-14", 0x0400),
        scaled("scale-largest", 32, "scale 65504", 0x7bff),
        scaled("scale-negative", 31, "a negative scale is as common as another", 0xb800),
        scaled("scale-negative-largest", 31, "scale -65504", 0xfbff),
        scaled("scale-usual", 78, "scale 3 * 2^-9, as weights have it", 0x1e00),
        scaled("scale-usual-least", 78, "scale 2^-8", 0x1c00),
        scaled("scale-usual-largest", 78, "scale 2047 * 2^-18", 0x1fff),
        scaled("scale-all-digits", 46, "a scale of eleven digits", 0x3bff),
        one(
            "codes-behind-scale",
            96,
            "the first codes stand right behind the two bytes of the scale",
            block(ONE, |place| [15, 2, 13].get(place).copied().unwrap_or(9)),
        ),
        one("codes-at-the-end", 96, "the last codes stand in the last bytes of the block", {
            block(ONE, |place| [9, 9, 3, 12][usize::from(place % 16 > 13) * 2 + place / 16])
        }),
        DECODES.case("no-values", 21, "no values in no blocks", Vec::new(), 0),
        DECODES.case("two-blocks", 11, "64 values", two.clone(), 64),
        DECODES.case("ten-blocks", 11, "320 values", plain_payload(10), 320),
        DECODES.case("129-blocks", 79, "4128 values", plain_payload(129), 4128),
        DECODES.case("130-blocks", 79, "4160 values", plain_payload(130), 4160),
    ];
    drafts.extend(DECODES.partial(&two, &[31, 33, 1, 16, 48]));
    drafts.extend(DECODES.extents(&two, 11));
    drafts.extend([
        refused("byte-too-many", "19 bytes for 32 values", &two[..19], 32),
        refused(
            "blocks-of-20",
            "40 bytes, as two blocks of 20 have, for 64 values",
            &[&two[..], &[0; 4]].concat(),
            64,
        )
        .class(11),
        refused("block-of-no-values", "one block for no values", &two[..18], 0).class(11),
        refused("values-wrap-u32", "one block for 2^32 + 32 values", &two[..18], (1 << 32) + 32)
            .class(12),
        // The number of their bytes is 18 more than 9 * 2^32.
        refused("bytes-wrap-u32", "18 bytes for 2^31 + 1 blocks", &two[..18], WRAPPING).class(12),
        refused("most-values", "one block for 2^64 - 32 values", &two[..18], 32u64.wrapping_neg())
            .class(12),
        scales("scales-of-all-exponents", 32, "every exponent of a finite scale, above zero", 0),
        scales("scales-of-all-exponents-negative", 31, "every exponent, below zero", 0x8000),
    ]);
    for code in 0..16u8 {
        let note = format!("code {code} for weight {}, 8 for all others", 2 * code + 1);
        let at = usize::from(2 * code + 1);
        let payload = block(0x3555, |place| if place == at { code } else { 8 });
        drafts.push(one(&format!("code-{code:x}-alone"), 78, &note, payload));
    }
    drafts
}

pub(super) fn encodes() -> Vec<Draft> {
    let draft = |id: &str, class, note: &str, shape: &[u64], values: &[f32]| {
        ENCODES.case(id, class, note, shape, values)
    };
    let one = |id: &str, class, note: &str, values: &[f32]| ENCODES.one(id, class, note, values);
    let ramp: Vec<f32> = (0..32u8).map(|at| f32::from(at) - 15.0).collect();
    let two_rows: Vec<f32> = (0..64u8).map(|at| f32::from(at) / 16.0 - 1.0).collect();
    // The largest is -8, so that steps are 1 and these lie halfway between two codes.
    let halves: Vec<f32> =
        [-8.0].into_iter().chain((0..31u8).map(|at| f32::from(at % 16) - 7.5)).collect();
    let next = |to: fn(f32) -> f32| {
        let moved = halves[1..].iter().map(move |&half| to(half));
        [-8.0].into_iter().chain(moved).collect::<Vec<f32>>()
    };
    let (below_halves, above_halves) = (next(below), next(above));
    let least = f32::from_bits(1);
    let mut dice = SplitMix64::new(0x3142);
    let many = magnitudes(&mut dice, 257);
    let ends = ends(&mut dice, 64);
    let exponents: Vec<f32> = (0..31 * 32)
        .map(|at| {
            let unit = if at % 32 == 0 { 0.83 } else { 0.8 * dice.signed_unit() };
            8.0 * 2f32.powi(at / 32 - 14) * unit
        })
        .collect();
    let mut drafts = vec![
        draft("ramp", 42, "-15 to 16, in order", &[32], &ramp),
        one("order", 95, "four values, over and over", &[1.0, -2.0, 0.5, 4.25]),
        draft("halves-of-block", 95, "the halves of a block differ", &[32], &{
            let half = |at: u8| if at < 16 { 1.0 } else { -3.0 };
            (0..32u8).map(half).collect::<Vec<f32>>()
        }),
        one("scale-order", 43, "a scale whose bytes differ", &[3.3, -1.7, 0.2]),
        one(
            "largest-above-zero",
            38,
            "the largest magnitude is above zero: the scale is below",
            &[8.0, -3.0, 4.0],
        ),
        one(
            "largest-below-zero",
            38,
            "the largest magnitude is below zero: the scale is above",
            &[-8.0, 3.0, 4.0],
        ),
        one(
            "largest-twice",
            38,
            "both ends have the same magnitude: the first counts",
            &[-8.0, 1.0, 3.0, 8.0],
        ),
        one(
            "largest-twice-turned",
            38,
            "both ends have the same magnitude, the other one first",
            &[8.0, 1.0, 3.0, -8.0],
        ),
        one(
            "largest-has-code-0",
            40,
            "the other end would have code 16: it has 15",
            &[6.5, 1.0, -6.5],
        ),
    ];
    drafts.extend(ENCODES.rows(&ramp, &two_rows));
    drafts.extend(ENCODES.lengths(&many, &[&[128], &[5, 32], &[257, 32]]));
    drafts.extend([
        draft(
            "largest-at-each-place",
            79,
            "each place is the largest of a block",
            &[64, 32],
            &ends,
        ),
        draft(
            "scales-of-all-exponents",
            46,
            "scales of every exponent of f16",
            &[31, 32],
            &exponents,
        ),
        draft("empty", 21, "no values give no blocks", &[0], &[]),
        draft("empty-rows", 21, "no rows of 32 give no blocks", &[0, 32], &[]),
        one("zeros", 39, "zeros: a scale of zero, codes 8", &[0.0]),
        one(
            "zeros-of-both-signs",
            104,
            "zeros of both signs: a scale of zero, codes 8",
            &[-0.0, 0.0, 0.0],
        ),
        one("negative-zeros", 104, "zeros below zero: a scale of zero, codes 8", &[-0.0]),
        one("flat", 39, "equal values are all code 0", &[3.25]),
        one("flat-below", 39, "equal values below zero are all code 0", &[-0.375]),
        one(
            "tiny",
            39,
            "a scale that is 0 in f16: the codes are those of the f32",
            &[2.0e-7, -1.0e-7],
        ),
        one("tiny-below", 104, "a scale that is +0 in f16", &[-2.0e-7, 1.0e-7]),
        one("smallest-scale", 48, "a scale next to 2^-25", &[2.5e-7, 1.3e-7, -1.5e-7]),
        one("subnormal-scale", 48, "a subnormal scale", &[1.0e-5, -3.3e-6, 7.1e-6]),
        one(
            "subnormal-source",
            48,
            "the least f32: a scale that f32 rounds to -0, codes 8",
            &[least, -least, 0.0],
        ),
        one(
            "subnormal-source-below",
            104,
            "the least f32 below zero: a scale of +0",
            &[-least, least],
        ),
        one("largest-scale", 40, "a scale next to -65504", &[5.24e5, -5.0e5, 1.0e5]),
        one("largest-scale-positive", 40, "a scale next to 65504", &[-5.24e5, 5.0e5, 1.0e5]),
        one(
            "scale-tie-even",
            46,
            "a scale halfway between two f16: the even one",
            &[8.0 * (1.0 + 2f32.powi(-11)), -3.0],
        ),
        one(
            "scale-tie-odd",
            46,
            "a scale halfway between two f16: the even one above",
            &[8.0 * (1.0 + 3.0 * 2f32.powi(-11)), -3.0],
        ),
        one(
            "scale-tie-carry",
            46,
            "a scale that f16 rounds to -2",
            &[8.0 * (2.0 - 2f32.powi(-11)), -3.0],
        ),
        one(
            "scale-tie-subnormal",
            48,
            "a scale of 2.5 * 2^-24: stored as 2 of them",
            &[-8.0 * 2.5 * 2f32.powi(-24), 2f32.powi(-22)],
        ),
        one(
            "scale-tie-least",
            48,
            "a scale of 2^-25: stored as a zero",
            &[-8.0 * 2f32.powi(-25), 2f32.powi(-24)],
        ),
        one(
            "scale-beyond-largest",
            40,
            "a scale of 65519: stored as 65504",
            &[-8.0 * 65519.0, 1.0e5],
        ),
        one(
            "scale-beyond-largest-negative",
            40,
            "a scale of -65519: stored as -65504",
            &[8.0 * 65519.0, -1.0e5],
        ),
        one(
            "scale-subnormal-f32",
            48,
            "a scale that is subnormal in f32 and has an inverse",
            &[12.0 * 2f32.powi(-128), -2f32.powi(-127), 2f32.powi(-126)],
        ),
        draft("half-steps", 44, "halves of codes: up", &[32], &halves),
        draft("below-half-steps", 44, "nearer to zero than halves of codes", &[32], &below_halves),
        draft(
            "above-half-steps",
            44,
            "further from zero than halves of codes",
            &[32],
            &above_halves,
        ),
        one(
            "one-far-value",
            44,
            "one value far from the rest",
            &[0.01, 0.02, -0.015, 12.0, 0.05, -0.047],
        ),
    ]);
    drafts.extend(ENCODES.partial(&two_rows, &ramp, &[31, 33, 1, 48]));
    let wraps = "2^64 + 32 values by the shape, 32 in fact";
    let shape = [(1 << 59) + 1, 32];
    drafts.push(ENCODES.refused("shape-wraps", 47, wraps, &shape, &ramp).should());
    drafts.extend(ENCODES.other_shapes(&ramp));
    for power in [27, 40, 60, 80, 100, 110, 120] {
        let values = [3.1, -1.9, 0.7, -0.02].map(|value| value * 2f32.powi(-power));
        let note =
            format!("values near 2^-{power}: the scale is stored as a zero, the codes are not");
        drafts.push(ENCODES.one(format!("magnitude-{power}"), 48, &note, &values));
    }
    drafts.extend(ENCODES.weights(0x3140, -12..4, ""));
    drafts.extend(near_ties());
    drafts.extend(contracted());
    drafts.extend(rounded_scales());
    drafts
}

/// Values a few f32 from the middle of two codes, where another evaluation gives the other one: the scale
/// as it is stored, a quotient, halves to the even code.
fn near_ties() -> Vec<Draft> {
    let mut dice = SplitMix64::new(0x3141);
    let draft = |number: u32| {
        let largest = drawn(&mut dice, number);
        let scale = largest / 8.0;
        let tie = |at: usize| {
            let code = dice.below(7) as f32 + 0.5;
            let near = near(&mut dice, code * scale);
            if at.is_multiple_of(2) { near } else { -near }
        };
        let values: Vec<f32> = [-largest].into_iter().chain((0..31).map(tie)).collect();
        let note = format!("middles of two codes up to {largest}, nearly");
        ENCODES.case(format!("near-ties-{number}"), 44, &note, &[32], &values)
    };
    (1..=8).map(draft).collect()
}

/// Values of bf16 whose codes differ where product and sum are one operation (class 101): both are lawful.
fn contracted() -> Vec<Draft> {
    let mut dice = SplitMix64::new(0x3143);
    let mut blocks = Vec::new();
    while blocks.len() < 8 {
        let bf16 = |value: f32| f32::from_bits(value.to_bits() & 0xffff_0000);
        let values: Vec<f32> = (0..32).map(|_| bf16(dice.signed_unit())).collect();
        let largest =
            values.iter().fold(
                0f32,
                |largest, &value| {
                    if largest.abs() < value.abs() { value } else { largest }
                },
            );
        let inverse = 1.0 / (largest / -8.0);
        let differs = |value: &f32| {
            let (separate, fused) = (value * inverse + 8.5, value.mul_add(inverse, 8.5));
            separate as u8 != fused as u8
        };
        if values.iter().any(differs) {
            blocks.push(values);
        }
    }
    let draft = |(number, values): (usize, Vec<f32>)| {
        let note = "values of bf16: a product and a sum in one operation give another code";
        ENCODES.case(format!("contracted-{}", number + 1), 101, note, &[32], &values)
    };
    blocks.into_iter().enumerate().map(draft).collect()
}

/// Values whose scale is a subnormal f32 that was rounded: its inverse is another number than -8 / max.
fn rounded_scales() -> Vec<Draft> {
    let mut dice = SplitMix64::new(0x3144);
    let mut drafts = Vec::new();
    while drafts.len() < 4 {
        let largest = f32::from_bits((2 << 23) + dice.below(2 << 23) as u32);
        let scale = largest / -8.0;
        let values: Vec<f32> = [largest]
            .into_iter()
            .chain((0..31).map(|at| {
                let middle = (dice.below(7) as f32 + 0.5) * scale.abs();
                let near = near(&mut dice, middle);
                if at % 2 == 0 { near } else { -near }
            }))
            .collect();
        let code = |value: &f32, inverse: f32| (value * inverse + 8.5) as u8;
        let differs = |value: &&f32| code(value, 1.0 / scale) != code(value, -8.0 / largest);
        if values.iter().filter(differs).count() > 3 {
            let id = format!("scale-rounded-{}", drafts.len() + 1);
            let note = "a scale that is a subnormal f32, and rounded: its inverse is not -8 / max";
            drafts.push(ENCODES.case(id, 48, note, &[32], &values));
        }
    }
    drafts
}

/// The largest of a block; every other one is an f16, as weights that come from f16 have it.
fn drawn(dice: &mut SplitMix64, number: u32) -> f32 {
    let largest = 4.0 * dice.signed_unit().abs() + 0.5;
    if number.is_multiple_of(2) { f16::from_f32(largest).to_f32() } else { largest }
}
