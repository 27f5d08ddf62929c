//! Encode: values and shapes that have no encoding, each beside a control that has one.

use super::blocks::above;
use super::{Draft, MODES, encode, encode_flat};
use crate::suite::question::Mode;

const ASYMMETRIC: Mode = Mode::Asymmetric;
const SYMMETRIC: Mode = Mode::Symmetric;

pub(super) fn cases() -> Vec<Draft> {
    [controls(), lanes(), limits(), shapes()].concat()
}

/// The values that the faults are planted in: 71 of them, two blocks and a tail of 7.
fn sound() -> Vec<f32> {
    (0..71).map(|index| ((index * 29) % 41) as f32 * 0.125 - 2.0).collect()
}

fn sound_with(index: usize, value: f32) -> Vec<f32> {
    let mut values = sound();
    values[index] = value;
    values
}

fn controls() -> Vec<Draft> {
    let mut drafts: Vec<Draft> = MODES
        .into_iter()
        .map(|mode| {
            let id = format!("encode/control-{}", mode.name());
            Draft::new(
                id,
                "ENC-S4",
                "finite values: the control of the refusals",
                encode_flat(mode, &sound()),
            )
            .class(38)
        })
        .collect();
    drafts.push(
        Draft::new(
            "encode/control-matrix",
            "ENC-S3",
            "a shape that fits: the control of the shapes that do not",
            encode(ASYMMETRIC, &[2, 32], &sound()[..64]),
        )
        .class(47),
    );
    drafts
}

/// ENC-S2: a NaN and an infinity at every lane of a block (class 38), in tails and later blocks.
fn lanes() -> Vec<Draft> {
    let refusal = |id: String, note: String, mode: Mode, values: &[f32]| {
        let control = format!("encode/control-{}", mode.name());
        Draft::new(id, "ENC-S2", note, encode_flat(mode, values)).class(38).control(&control)
    };
    let mut drafts = Vec::new();
    for lane in 0..32 {
        // The place of the block moves with the lane, so that every block and the tail are met.
        let index = if lane < 7 { 64 + lane } else { lane % 2 * 32 + lane };
        drafts.push(refusal(
            format!("encode/nan-lane-{lane:02}"),
            format!("NaN at value {index}"),
            ASYMMETRIC,
            &sound_with(index, f32::NAN),
        ));
        let infinity = if lane % 2 == 0 { f32::INFINITY } else { f32::NEG_INFINITY };
        drafts.push(refusal(
            format!("encode/infinity-lane-{lane:02}"),
            format!("{infinity} at value {index}"),
            ASYMMETRIC,
            &sound_with(index, infinity),
        ));
        if lane % 4 == 0 {
            drafts.push(refusal(
                format!("encode/nan-symmetric-lane-{lane:02}"),
                format!("NaN at value {index}"),
                SYMMETRIC,
                &sound_with(index, f32::NAN),
            ));
            drafts.push(refusal(
                format!("encode/infinity-symmetric-lane-{lane:02}"),
                format!("{infinity} at value {index}"),
                SYMMETRIC,
                &sound_with(index, infinity),
            ));
        }
    }
    for (name, bits) in
        [("negative", 0xffc0_0000), ("signalling", 0x7f80_0001), ("all-ones", 0xffff_ffff)]
    {
        drafts.push(refusal(
            format!("encode/nan-{name}"),
            format!("the NaN {bits:08x}"),
            ASYMMETRIC,
            &sound_with(40, f32::from_bits(bits)),
        ));
    }
    drafts
}

/// ENC-M2 and M3 on the side that is refused (class 40).
fn limits() -> Vec<Draft> {
    let limit = |id: &str, clause: &str, note: &str, mode: Mode, values: &[f32]| {
        let control = format!("encode/control-{}", mode.name());
        Draft::new(format!("encode/{id}"), clause, note, encode_flat(mode, values))
            .class(40)
            .control(&control)
    };
    let mut late = sound();
    late[70] = 1e6;
    vec![
        limit(
            "range-982800",
            "ENC-M2",
            "the scale is 65520, which f16 rounds to infinity",
            ASYMMETRIC,
            &[-50000.0, 932_800.0, 0.0, 1000.0],
        ),
        limit("range-million", "ENC-M2", "the scale is 66666", ASYMMETRIC, &[0.0, 1e6]),
        limit(
            "range-largest",
            "ENC-M2",
            "the range is the largest f32",
            ASYMMETRIC,
            &[0.0, f32::MAX],
        ),
        limit(
            "range-overflows-f32",
            "ENC-M2",
            "the range itself is beyond f32",
            ASYMMETRIC,
            &[f32::MIN, f32::MAX],
        ),
        limit("range-late-block", "ENC-M2", "only the tail's range is too wide", ASYMMETRIC, &late),
        limit(
            "minimum-65520",
            "ENC-M3",
            "the bias -65520 is rounded to infinity",
            ASYMMETRIC,
            &[-65520.0, 0.0, 100.0],
        ),
        limit(
            "minimum-below-minus-65520",
            "ENC-M3",
            "the bias is beyond f16",
            ASYMMETRIC,
            &[above(-65520.0), -65000.0],
        ),
        limit(
            "positive-minimum-65520",
            "ENC-M3",
            "the bias 65520 is rounded to infinity",
            ASYMMETRIC,
            &[65520.0, 70000.0],
        ),
        limit(
            "constant-70000",
            "ENC-M3",
            "no range, but the bias 70000 is beyond f16",
            ASYMMETRIC,
            &[70000.0; 32],
        ),
        limit(
            "constant-minus-70000",
            "ENC-M3",
            "no range, but the bias -70000 is beyond f16",
            ASYMMETRIC,
            &[-70000.0; 8],
        ),
        limit(
            "amax-57330",
            "ENC-M3",
            "the bias -65520 is rounded to infinity, the scale is not",
            SYMMETRIC,
            &[57330.0, -3.0, 0.0],
        ),
        limit(
            "amax-minus-60000",
            "ENC-M3",
            "the bias is beyond f16, the scale is not",
            SYMMETRIC,
            &[-60000.0, 3.0],
        ),
        limit(
            "amax-458640",
            "ENC-M2",
            "the scale 65520 is rounded to infinity; it is looked at before the bias",
            SYMMETRIC,
            &[458_640.0, -3.0],
        ),
        limit("amax-largest", "ENC-M2", "amax is the largest f32", SYMMETRIC, &[f32::MAX, 0.0]),
    ]
}

/// ENC-S3: the shape is not that of the values (class 47).
fn shapes() -> Vec<Draft> {
    let values = &sound()[..64];
    let shape = |id: &str, note: &str, shape: &[u64]| {
        Draft::new(format!("encode/shape-{id}"), "ENC-S3", note, encode(ASYMMETRIC, shape, values))
            .class(47)
            .control("encode/control-matrix")
    };
    vec![
        shape("too-small", "shape [2, 31] for 64 values", &[2, 31]),
        shape("too-large", "shape [2, 33] for 64 values", &[2, 33]),
        shape("of-whole-blocks", "shape [1, 96] for 64 values", &[1, 96]),
        shape("scalar-for-64", "shape [] for 64 values", &[]),
        shape("zero-for-64", "shape [64, 0] for 64 values", &[64, 0]),
        shape("wraps-to-64", "the product is 2^64 + 64", &[(1 << 58) + 1, 64]),
        shape("wraps-to-64-in-three", "the product is 2^64 + 64", &[(1 << 59) + 2, 2, 16]),
    ]
}
