//! Encodes to MXFP4: every code, middles of two codes, every kind of exponent, and values next to a power of two.

use super::Draft;
use super::blocks::{Encodes, above, below, ends, magnitudes, near};
use crate::suite::floats::Floats;
use crate::suite::operation::FormatId;
use crate::suite::random::SplitMix64;

const ENCODES: Encodes = Encodes {
    format: FormatId::MXFP4,
    prefix: "encode-mxfp4",
    clause: |class| if matches!(class, 21 | 35 | 45 | 95) { "MX-1" } else { "MX-3" },
    unit: "block",
    source: Floats::of,
};

/// The magnitudes of the codes, and the middles between two of them.
const CODES: [f32; 8] = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0];
const MIDDLES: [f32; 7] = [0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0];

pub(super) fn encodes() -> Vec<Draft> {
    let ramp: Vec<f32> = (0..32u8).map(|at| f32::from(at) - 15.0).collect();
    let two_rows: Vec<f32> = (0..64u8).map(|at| f32::from(at) / 16.0 - 1.0).collect();
    let mut drafts = values(&ramp);
    drafts.extend(ENCODES.rows(&ramp, &two_rows));
    let mut dice = SplitMix64::new(0x4d58);
    let (many, ends) = (magnitudes(&mut dice, 257), ends(&mut dice, 64));
    drafts.extend(ENCODES.lengths(&many, &[&[128], &[5, 32], &[257, 32]]));
    let note = "each place is the largest of a block";
    drafts.push(ENCODES.case("largest-at-each-place", 79, note, &[64, 32], &ends));
    drafts.extend(ENCODES.partial(&two_rows, &ramp, &[31, 33, 1, 48]));
    let wraps = "2^64 + 32 values by the shape, 32 in fact";
    drafts.push(ENCODES.refused("shape-wraps", 47, wraps, &[(1 << 59) + 1, 32], &ramp).should());
    drafts.extend(ENCODES.other_shapes(&ramp));
    drafts.extend(ENCODES.weights(0x4d59, -12..4, ""));
    drafts.extend(exponents());
    drafts.extend(middles());
    drafts
}

fn values(ramp: &[f32]) -> Vec<Draft> {
    let draft = |id: &str, class, note: &str, shape: &[u64], values: &[f32]| {
        ENCODES.case(id, class, note, shape, values)
    };
    let one = |id: &str, class, note: &str, values: &[f32]| ENCODES.one(id, class, note, values);
    let both = CODES.iter().flat_map(|&code| [code, -code]).collect::<Vec<f32>>();
    vec![
        draft("ramp", 42, "-15 to 16, in order", &[32], ramp),
        one("codes", 42, "every code, with both signs", &both),
        one("order", 95, "four values, over and over", &[1.0, -2.0, 0.5, 4.0]),
        draft("halves-of-block", 95, "the halves of a block differ", &[32], &{
            let half = |at: u8| if at < 16 { 1.0 } else { -3.0 };
            (0..32u8).map(half).collect::<Vec<f32>>()
        }),
        one("middles", 44, "middles of two codes: the one nearer to zero", &{
            let middles = MIDDLES.iter().flat_map(|&middle| [middle, -middle]);
            [6.0].into_iter().chain(middles).collect::<Vec<f32>>()
        }),
        one("below-middles", 44, "right below the middles of two codes", &{
            let middles = MIDDLES.iter().flat_map(|&middle| [below(middle), -below(middle)]);
            [6.0].into_iter().chain(middles).collect::<Vec<f32>>()
        }),
        one("above-middles", 44, "right above the middles of two codes", &{
            let middles = MIDDLES.iter().flat_map(|&middle| [above(middle), -above(middle)]);
            [6.0].into_iter().chain(middles).collect::<Vec<f32>>()
        }),
        one(
            "saturated",
            40,
            "values beyond the largest code have that one",
            &[7.5, -7.9, 6.1, -6.5],
        ),
        one("largest-below-zero", 38, "the largest magnitude is below zero", &[-6.0, 2.0, 0.5]),
        one("largest-twice", 38, "both ends have the same magnitude", &[-5.0, 1.0, 5.0]),
        one("zeros", 39, "zeros: an exponent of 0, codes 0", &[0.0]),
        one("negative-zeros", 104, "zeros below zero: codes 0, not 8", &[-0.0]),
        one("zeros-of-both-signs", 104, "zeros of both signs beside others", &[-0.0, 0.0, 1.0]),
        one(
            "small-below-zero",
            104,
            "what is nearly zero has code 0, not 8",
            &[4.0, -0.1, -0.25, 0.1],
        ),
        one("flat", 39, "equal values", &[3.25]),
        one("one-far-value", 44, "one value far from the rest", &[0.01, -0.015, 12.0, 0.05]),
        one("subnormals-beside", 48, "subnormal values beside the least exponent", &{
            [2f32.powi(-125), f32::from_bits(1), -2f32.powi(-127), 1.5 * 2f32.powi(-127)]
        }),
        one("least", 98, "the least largest magnitude of which something is demanded", &{
            [2f32.powi(-125), 2f32.powi(-126), -2f32.powi(-127)]
        }),
        one("largest", 98, "one of the largest magnitudes", &[f32::MAX * 0.999, 1e38, -3e38]),
        one("nearly-largest", 98, "one of the largest exponent", &[3.2e38, -1e38, 2e37]),
    ]
}

/// Largest magnitudes of many exponents: a power of two, right above and right below it.
fn exponents() -> Vec<Draft> {
    let mut drafts = Vec::new();
    for power in [-124, -100, -64, -33, -14, -8, -3, -2, -1, 0, 1, 2, 3, 8, 15, 16, 64, 100, 127] {
        let power_of_two = 2f32.powi(power);
        let block = |largest: f32| [largest, largest / 3.0, -largest / 7.0, largest * 0.8];
        let kinds = [
            ("at", "is", power_of_two),
            ("above", "is right above", above(power_of_two)),
            ("below", "is 100 f32 below", f32::from_bits(power_of_two.to_bits() - 100)),
            ("beside", "is right below, so that two exponents are lawful:", below(power_of_two)),
        ];
        for (kind, relation, largest) in kinds {
            let note = format!("the largest magnitude {relation} 2^{power}");
            drafts.push(ENCODES.one(
                format!("exponent-{kind}-{power}"),
                98,
                &note,
                &block(largest),
            ));
        }
    }
    drafts
}

/// Values a few f32 from the middle of two codes, under many exponents.
fn middles() -> Vec<Draft> {
    let mut dice = SplitMix64::new(0x4d5a);
    let draft = |number: u32| {
        let scale = 2f32.powi(dice.below(40) as i32 - 30);
        let values: Vec<f32> = (0..32)
            .map(|at| {
                let middle = MIDDLES[dice.below(7) as usize] * scale;
                let near = near(&mut dice, middle);
                match at {
                    0 => 6.0 * scale,
                    _ if at % 2 == 0 => near,
                    _ => -near,
                }
            })
            .collect();
        let note = format!("middles of two codes under {scale}, nearly");
        ENCODES.case(format!("near-ties-{number}"), 44, &note, &[32], &values)
    };
    (1..=8).map(draft).collect()
}
