//! Encode: degenerate and tiny ranges, the ends of f16, ordinary weights.

use super::blocks::{above, below};
use super::{Draft, MODES, encode_flat, encode_full};
use crate::suite::question::Mode;
use crate::suite::random::SplitMix64;

const ASYMMETRIC: Mode = Mode::Asymmetric;
const SYMMETRIC: Mode = Mode::Symmetric;

pub(super) fn cases() -> Vec<Draft> {
    [degenerate(), limits(), plain()].concat()
}

/// ENC-D1 (class 39).
fn degenerate() -> Vec<Draft> {
    let limit = 2f32.powi(-25);
    let case = |id: &str, note: &str, mode, values: &[f32]| {
        Draft::new(format!("encode/{id}"), "ENC-D1", note, encode_full(mode, values)).class(39)
    };
    let mut drafts = Vec::new();
    for (name, value) in [
        ("zero", 0.0),
        ("one", 1.0),
        ("minus-three", -3.0),
        ("largest", 65504.0),
        ("most-negative", -65504.0),
        ("third", 1.0 / 3.0),
    ] {
        for len in [32, 5] {
            let note =
                format!("{len} times {value}: no range, so the scale is 1 and every nibble 0");
            let input = encode_flat(ASYMMETRIC, &vec![value; len]);
            let id = format!("encode/constant-{name}-{len}");
            drafts.push(Draft::new(id, "ENC-D1", note, input).class(39));
        }
    }
    drafts.push(case(
        "constant-zero-symmetric",
        "32 zeros: the scale is 1, the bias -8, every nibble 8",
        SYMMETRIC,
        &[0.0; 32],
    ));
    // range / 15 around 2^-25, below which f16 has nothing above zero.
    let spans = [
        ("at", 15.0 * limit, "c is 2^-25, which f16 rounds to 0: degenerate"),
        (
            "above",
            above(above(15.0 * limit)),
            "c is above 2^-25: the scale is the smallest subnormal",
        ),
        ("below", below(15.0 * limit), "c is below 2^-25: degenerate"),
        ("double", 30.0 * limit, "c is 2^-24, the smallest subnormal"),
        ("tiny", 1e-7, "c is 6.7e-9: degenerate, not a scale of 0"),
        ("f32-subnormal", f32::from_bits(0x0000_1234), "the range is an f32 subnormal: degenerate"),
        ("f32-smallest", f32::from_bits(1), "the range is the smallest f32: degenerate"),
    ];
    for (name, span, note) in spans {
        drafts.push(
            case(&format!("range-{name}-limit"), note, ASYMMETRIC, &[0.0, span, span / 2.0, span])
                .discriminates(if matches!(name, "above" | "double" | "f32-smallest") {
                    &[]
                } else {
                    &["tiny-range-scale-zero"]
                }),
        );
        let amax = span * (7.0 / 15.0);
        drafts.push(case(
            &format!("amax-{name}-near-limit"),
            &format!("amax {amax:e}"),
            SYMMETRIC,
            &[amax, -amax, amax / 2.0],
        ));
    }
    for (name, amax, note) in [
        ("at", 7.0 * limit, "c is 2^-25: degenerate"),
        ("above", above(above(7.0 * limit)), "c is above 2^-25: the smallest subnormal"),
        ("below", below(7.0 * limit), "c is below 2^-25: degenerate"),
    ] {
        drafts.push(case(&format!("amax-{name}-limit"), note, SYMMETRIC, &[amax, -amax, 0.0]));
    }
    drafts.push(
        case(
            "range-tiny-off-zero",
            "from 1 to the next f32: the range is 1.2e-7, degenerate",
            ASYMMETRIC,
            &[1.0, above(1.0)],
        )
        .discriminates(&["tiny-range-scale-zero"]),
    );
    drafts.push(
        case(
            "range-subnormal-scale",
            "the scale is 5 * 2^-24, a subnormal, and must be kept",
            ASYMMETRIC,
            &[0.0, 75.0 * 2.0 * limit, 3e-6],
        )
        .class(48),
    );
    drafts.push(
        case(
            "bias-subnormal",
            "the bias is -3 * 2^-24, a subnormal, and must be kept",
            ASYMMETRIC,
            &[-6.0 * limit, 1.0, 0.5],
        )
        .class(48),
    );
    drafts.push(
        case(
            "bias-rounds-to-zero",
            "the minimum is -1e-9: its f16 is -0",
            ASYMMETRIC,
            &[-1e-9, 1.0, 0.5],
        )
        .class(48),
    );
    drafts.push(
        case(
            "symmetric-subnormal-scale",
            "f16(-8 s) is not -8 f16(s): nibble 8 does not decode to 0",
            SYMMETRIC,
            &[1e-6, -7e-7, 0.0],
        )
        .class(48),
    );
    for steps in [1.25f32, 1.5, 1.75, 2.25, 2.5, 2.75, 3.5] {
        let amax = steps * 7.0 * 2.0 * limit;
        let note = format!("the scale is {steps} * 2^-24 before it is rounded");
        let id = format!("encode/symmetric-subnormal-scale-{}", (steps * 100.0) as u32);
        // -8 f16(s) is another number wherever f16 rounds s.
        let input = encode_full(SYMMETRIC, &[amax, -amax / 2.0, amax / 3.0]);
        drafts.push(
            Draft::new(id, "ENC-Y2", note, input)
                .class(44)
                .discriminates(&["symmetric-bias-from-stored-scale"]),
        );
    }
    drafts
}

/// ENC-M1 to M3 on the side that is accepted (class 40); the other side is in `encode_refuse`.
fn limits() -> Vec<Draft> {
    let case = |id: &str, clause: &str, note: &str, mode, values: &[f32]| {
        Draft::new(format!("encode/{id}"), clause, note, encode_full(mode, values)).class(40)
    };
    let mut drafts = vec![
        case(
            "range-below-982800",
            "ENC-M2",
            "the scale is the largest f32 whose f16 is finite",
            ASYMMETRIC,
            &[-50000.0, below(982_800.0) - 50000.0, 0.0, 1000.0],
        ),
        case(
            "range-982560",
            "ENC-M2",
            "the scale is 65504",
            ASYMMETRIC,
            &[-60000.0, 922_560.0, 0.0],
        ),
        case(
            "minimum-below-65520",
            "ENC-M3",
            "the bias is -65504, the nearest f16",
            ASYMMETRIC,
            &[below(-65520.0), 0.0, 100.0],
        ),
        case(
            "minimum-65504",
            "ENC-M3",
            "the bias is -65504",
            ASYMMETRIC,
            &[-65504.0, 65504.0, 1.0],
        ),
        case(
            "positive-minimum-below-65520",
            "ENC-M3",
            "the bias is 65504, the nearest f16",
            ASYMMETRIC,
            &[below(65520.0), 70000.0],
        ),
        case(
            "amax-below-57330",
            "ENC-M3",
            "the bias is -65504, the nearest f16 to -8 s",
            SYMMETRIC,
            &[below(57330.0), -3.0, 0.0],
        ),
        case("amax-57316", "ENC-M3", "the bias is -65504", SYMMETRIC, &[57316.0, -57316.0, 1.0]),
        case(
            "zero-among-large",
            "ENC-A4",
            "small values lie in one step of a wide block",
            ASYMMETRIC,
            &[-60000.0, 60000.0, 1e-3, -1e-3, 0.0],
        ),
        case(
            "minimum-far-from-zero",
            "ENC-A3",
            "the bias 1000.3 is rounded to 1000.5: the nibbles are found without that",
            ASYMMETRIC,
            &[1000.3, 1003.3, 1001.7, 1002.4],
        )
        .class(44),
    ];
    // f16 ties: scale and bias halfway between two f16 numbers go to the even one.
    for (name, step, odd) in
        [("even", 1.0 + 1.0 / 2048.0, false), ("odd", 1.0 + 3.0 / 2048.0, true)]
    {
        let note = format!(
            "the scale lies between two f16; the even one is {}",
            if odd { "above" } else { "below" }
        );
        drafts.push(
            case(
                &format!("scale-tie-{name}"),
                "ENC-M1",
                &note,
                ASYMMETRIC,
                &[0.0, 15.0 * step, 4.0 * step],
            )
            .class(44),
        );
        let note = format!(
            "the bias lies between two f16; the even one is {} in magnitude",
            if odd { "above" } else { "below" }
        );
        drafts.push(
            case(&format!("bias-tie-{name}"), "ENC-M1", &note, ASYMMETRIC, &[-step, 20.0, 3.0])
                .class(44),
        );
        drafts.push(
            case(
                &format!("scale-tie-symmetric-{name}"),
                "ENC-M1",
                &format!("symmetric scale {step}"),
                SYMMETRIC,
                &[7.0 * step, -2.0],
            )
            .class(44),
        );
    }
    drafts
}

/// Ordinary weights of some blocks, and one block that is near the bound of ENC-B1.
fn plain() -> Vec<Draft> {
    let mut random = SplitMix64::new(7);
    let mut drafts = Vec::new();
    for mode in MODES {
        for (number, len) in [32usize, 64, 100, 320].into_iter().enumerate() {
            let values: Vec<f32> = (0..len)
                .map(|_| {
                    (random.signed_unit() + random.signed_unit() + random.signed_unit()) * 0.06
                        + if mode == ASYMMETRIC { 0.013 } else { 0.0 }
                })
                .collect();
            let (clause, class) = if mode == ASYMMETRIC { ("ENC-A4", 42) } else { ("ENC-Y3", 41) };
            drafts.push(
                Draft::new(
                    format!("encode/weights-{}-{}", mode.name(), number + 1),
                    clause,
                    format!("{len} values like those of a weight matrix"),
                    encode_flat(mode, &values),
                )
                .class(class),
            );
            let id = format!("encode/bounded-{}-{}", mode.name(), number + 1);
            drafts.push(
                Draft::new(
                    id,
                    "ENC-B1",
                    format!("{len} values, for any encoder within the bound"),
                    encode_flat(mode, &values),
                )
                .class(41)
                .bounded(),
            );
        }
    }
    let edge = [0xb580_2000, 0x4182_557e, 0x4186_d407].map(f32::from_bits);
    drafts.push(
        Draft::new(
            "encode/bounded-canonical-edge",
            "ENC-B1",
            "the canonical encoder errs by nearly all that the bound allows",
            encode_flat(ASYMMETRIC, &edge),
        )
        .class(44)
        .bounded(),
    );
    drafts
}
