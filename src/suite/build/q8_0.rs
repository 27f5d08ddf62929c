//! ggml's Q8_0: its layout, every code, every kind of scale, and inputs on which another encoder gives
//! other bytes.

use half::f16;

use super::Draft;
use super::blocks::{Decodes, Encodes, below, ends, magnitudes, near};
use crate::suite::floats::Floats;
use crate::suite::operation::FormatId;
use crate::suite::random::SplitMix64;

const DECODES: Decodes = Decodes {
    format: FormatId::Q8_0,
    prefix: "decode-q8-0",
    clause: |class| match class {
        11 | 12 | 21 | 35 | 42 | 79 | 96 => "Q8-1",
        _ => "Q8-2",
    },
    control: "codes-ascending",
};

const ENCODES: Encodes = Encodes {
    format: FormatId::Q8_0,
    prefix: "encode-q8-0",
    clause: |class| if matches!(class, 35 | 42 | 45 | 47 | 21) { "Q8-1" } else { "Q8-3" },
    unit: "block",
    source: Floats::of,
};

const ONE: u16 = 0x3c00;
/// Values of whole blocks whose bytes, counted in 64 bits, are 16.
const WRAPPING: u64 = 17_361_641_481_138_401_536;

/// A block's bytes from the f16 bits of its scale and a code for each place.
fn block(scale: u16, code: impl Fn(usize) -> i8) -> Vec<u8> {
    let codes = (0..32).map(|place| code(place) as u8);
    scale.to_le_bytes().into_iter().chain(codes).collect()
}

/// Blocks of which no two are alike.
fn plain_payload(blocks: usize) -> Vec<u8> {
    let plain = |index: usize| {
        let scale = 0x2c66 + 0x13 * (index % 127) as u16;
        block(scale, |place| (place * 37 + index * 11 + place / 8) as u8 as i8)
    };
    (0..blocks).flat_map(plain).collect()
}

pub(super) fn decodes() -> Vec<Draft> {
    let one = |id: &str, class, note: &str, block| DECODES.one(id, class, note, block);
    let scaled = |id: &str, class, note: &str, scale| {
        one(id, class, note, block(scale, |place| (5 * place as i32 - 77) as i8))
    };
    let refused = |id: &str, note: &str, payload: &[u8], len| {
        DECODES.refused(id, note, payload, len).should()
    };
    let scales = |id: &str, class, note: &str, sign: u16| {
        let scale = |exponent: u16| sign | exponent << 10 | (0x155 + exponent);
        let block = |exponent| block(scale(exponent), |place| (place * 41 + 3) as u8 as i8);
        DECODES.case(id, class, note, (0..31).flat_map(block).collect(), 31 * 32)
    };
    let two = plain_payload(2);
    let mut drafts = vec![
        one(
            "codes-ascending",
            42,
            "0 to 31, in the order of the weights",
            block(ONE, |place| place as i8),
        ),
        scaled("scale-order-1", 43, "a scale that is another number in the other order", 0x2e66),
        scaled("scale-order-2", 43, "a scale that is another number in the other order", 0x0142),
        scaled("scale-zero", 29, "scale +0: zeros of the sign of their code", 0x0000),
        scaled("scale-negative-zero", 104, "scale -0: zeros of the other sign", 0x8000),
        scaled("scale-subnormal", 48, "scale 2^-24", 0x0001),
        scaled("scale-subnormal-largest", 32, "scale 1023 * 2^-24", 0x03ff),
        scaled("scale-least-normal", 32, "scale 2^-14", 0x0400),
        scaled("scale-largest", 32, "scale 65504", 0x7bff),
        scaled("scale-negative", 31, "a negative scale is lawful, and a code of 0 is -0", 0xb800),
        scaled("scale-usual", 78, "scale 3 * 2^-9, as weights have it", 0x1e00),
        scaled("scale-usual-least", 78, "scale 2^-8", 0x1c00),
        scaled("scale-usual-largest", 78, "scale 2047 * 2^-18", 0x1fff),
        scaled(
            "scale-all-digits",
            46,
            "a scale of eleven digits: the product has eighteen",
            0x3bff,
        ),
        one(
            "codes-behind-scale",
            96,
            "the first codes stand right behind the two bytes of the scale",
            block(ONE, |place| [101, -102, 103].get(place).copied().unwrap_or(1)),
        ),
        one(
            "codes-at-the-end",
            96,
            "the last codes stand in the last bytes of the block",
            block(ONE, |place| if place < 30 { 1 } else { 70 + place as i8 }),
        ),
        DECODES.case("no-values", 21, "no values in no blocks", Vec::new(), 0),
        DECODES.case("two-blocks", 11, "64 values", two.clone(), 64),
        DECODES.case("ten-blocks", 11, "320 values", plain_payload(10), 320),
        DECODES.case("129-blocks", 79, "4128 values", plain_payload(129), 4128),
        DECODES.case("130-blocks", 79, "4160 values", plain_payload(130), 4160),
        DECODES.case("2049-blocks", 79, "more than 2^16 values", plain_payload(2049), 65568),
    ];
    drafts.extend(DECODES.partial(&two, &[31, 33, 1, 16, 48]));
    drafts.extend(DECODES.extents(&two, 11));
    drafts.extend([
        refused("byte-too-many", "35 bytes for 32 values", &two[..35], 32),
        refused("block-of-no-values", "one block for no values", &two[..34], 0).class(11),
        refused("values-wrap-u32", "one block for 2^32 + 32 values", &two[..34], (1 << 32) + 32)
            .class(12),
        // The number of their bytes is 16 more than 2^64: 34 * 542551296285575048.
        refused("bytes-wrap-u64", "16 bytes for 542551296285575048 blocks", &two[..16], WRAPPING)
            .class(12),
        scales("scales-of-all-exponents", 32, "every exponent of a finite scale, above zero", 0),
        scales("scales-of-all-exponents-negative", 31, "every exponent, below zero", 0x8000),
    ]);
    // Every code, at eight places each, under a scale of either sign.
    for (name, under, class, scale) in
        [("codes", "", 78, 0x2a01), ("codes-negative", " under a negative scale", 31, 0xaa01)]
    {
        drafts.extend((0..8).map(|part| {
            let code = |place: usize| (32 * part + place) as u8 as i8;
            let note = format!("codes {} to {}{under}", code(0), code(31));
            one(&format!("{name}-{part}"), class, &note, block(scale, code))
        }));
    }
    drafts.extend((0..8).map(|step| {
        let at = 4 * step + 3;
        let note = format!("code -128 for weight {at}, 1 for all others");
        let payload = block(ONE, |place| if place == at { -128 } else { 1 });
        one(&format!("place-{at:02}"), 42, &note, payload)
    }));
    drafts
}

pub(super) fn encodes() -> Vec<Draft> {
    let draft = |id: &str, class, note: &str, shape: &[u64], values: &[f32]| {
        ENCODES.case(id, class, note, shape, values)
    };
    let one = |id: &str, class, note: &str, values: &[f32]| ENCODES.one(id, class, note, values);
    let ramp: Vec<f32> = (0..32u8).map(|at| f32::from(at) - 15.0).collect();
    let two_rows: Vec<f32> = (0..64u8).map(|at| f32::from(at) / 16.0 - 1.0).collect();
    // The largest is 127, so that steps are 1 and these lie halfway between two codes.
    let halves: Vec<f32> =
        [127.0].into_iter().chain((0..31u8).map(|at| f32::from(at) - 15.5)).collect();
    // Just below the half, a sum with 0.5 in f32 is a whole number.
    let below_halves: Vec<f32> =
        [127.0].into_iter().chain(halves[1..].iter().map(|&half| below(half))).collect();
    let least = f32::from_bits(1);
    let mut dice = SplitMix64::new(0x3182);
    let many = magnitudes(&mut dice, 257);
    let ends = ends(&mut dice, 64);
    let exponents: Vec<f32> = (0..31 * 32)
        .map(|at| {
            let unit = if at % 32 == 0 { 0.83 } else { 0.8 * dice.signed_unit() };
            127.0 * 2f32.powi(at / 32 - 14) * unit
        })
        .collect();
    let mut drafts = vec![
        draft("ramp", 42, "-15 to 16, in order", &[32], &ramp),
        one("order", 42, "four values, over and over", &[1.0, -2.0, 0.5, 4.25]),
        one("scale-order", 43, "a scale whose bytes differ", &[3.3, -1.7, 0.2]),
        one("largest-below-zero", 38, "the largest magnitude is below zero", &[-127.0, 3.0, 64.0]),
        one("largest-twice", 38, "both ends have the same magnitude", &[-127.0, 127.0, 1.0]),
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
        one("zeros", 39, "zeros: scale +0, codes 0", &[0.0]),
        one(
            "zeros-of-both-signs",
            104,
            "zeros of both signs: scale +0, codes 0",
            &[-0.0, 0.0, 0.0],
        ),
        one("negative-zeros", 104, "zeros below zero: scale +0 all the same", &[-0.0]),
        one("flat", 39, "equal values are all 127", &[3.25]),
        one("flat-below", 39, "equal values below zero are all -127", &[-0.375]),
        one(
            "tiny",
            39,
            "a scale that is 0 in f16: the codes are those of the f32",
            &[2.0e-6, -1.0e-6],
        ),
        one("smallest-scale", 48, "a scale next to 2^-25", &[3.8e-6, 1.3e-6, -2.5e-6]),
        one("subnormal-scale", 48, "a subnormal scale", &[1.0e-4, -3.3e-5, 7.1e-5]),
        one(
            "subnormal-source",
            48,
            "values that are subnormal f32: codes 0",
            &[least, -least, 0.0],
        ),
        one("largest-scale", 40, "a scale next to 65504", &[8.31e6, -8.0e6, 1.0e5]),
        one(
            "scale-tie-even",
            46,
            "a scale halfway between two f16: the even one below",
            &[127.0 * (1.0 + 2f32.powi(-11)), -3.0],
        ),
        one(
            "scale-tie-odd",
            46,
            "a scale halfway between two f16: the even one above",
            &[127.0 * (1.0 + 3.0 * 2f32.powi(-11)), -3.0],
        ),
        one(
            "scale-tie-carry",
            46,
            "a scale that f16 rounds up to 2",
            &[127.0 * (2.0 - 2f32.powi(-11)), -3.0],
        ),
        one(
            "scale-tie-subnormal",
            48,
            "a scale of 2.5 * 2^-24: stored as 2 of them",
            &[127.0 * 2.5 * 2f32.powi(-24), -2f32.powi(-20)],
        ),
        one(
            "scale-tie-least",
            48,
            "a scale of 2^-25: stored as a zero",
            &[127.0 * 2f32.powi(-25), -2f32.powi(-22)],
        ),
        one(
            "scale-beyond-largest",
            40,
            "a scale of 65519: stored as 65504",
            &[127.0 * 65519.0, -1.0e6],
        ),
        one(
            "scale-subnormal-f32",
            48,
            "a scale that is subnormal in f32 and has an inverse",
            &[190.5 * 2f32.powi(-128), -2f32.powi(-124), 2f32.powi(-126)],
        ),
        one(
            "subnormal-values",
            48,
            "subnormal f32 beside normal ones: they have codes",
            &[2f32.powi(-121), f32::from_bits(0x0060_0000), f32::from_bits(0x8040_0001)],
        ),
        draft("half-steps", 44, "halves of codes: away from zero", &[32], &halves),
        draft("below-half-steps", 44, "just below halves of codes", &[32], &below_halves),
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
    drafts.extend(ENCODES.weights(0x3180, -12..4, ""));
    drafts.extend(near_ties());
    drafts
}

/// Values a few f32 from the middle of two codes, where another evaluation gives the other one: the scale
/// as it is stored, a quotient, the inverse as 127 / amax, halves to the even code.
fn near_ties() -> Vec<Draft> {
    let mut dice = SplitMix64::new(0x3181);
    let draft = |number: u32| {
        let mut largest = 4.0 * dice.signed_unit().abs() + 0.5;
        if number.is_multiple_of(2) {
            // As weights that come from f16 have it.
            largest = f16::from_f32(largest).to_f32();
        }
        let scale = largest / 127.0;
        let tie = |at: usize| {
            let code = dice.below(126) as f32 + 0.5;
            let near = near(&mut dice, code * scale);
            if at.is_multiple_of(2) { near } else { -near }
        };
        let values: Vec<f32> = [largest].into_iter().chain((0..31).map(tie)).collect();
        let note = format!("middles of two codes up to {largest}, nearly");
        ENCODES.case(format!("near-ties-{number}"), 44, &note, &[32], &values)
    };
    (1..=8).map(draft).collect()
}
