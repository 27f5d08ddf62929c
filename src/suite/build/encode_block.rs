//! Encode: where blocks begin and end, what pads the last one, and how a block is laid out.

use super::{Draft, encode, encode_flat};
use crate::suite::question::Mode;

const ASYMMETRIC: Mode = Mode::Asymmetric;
const SYMMETRIC: Mode = Mode::Symmetric;

pub(super) fn cases() -> Vec<Draft> {
    [tails(), stale(), zero_minimum(), shapes(), metadata()].concat()
}

/// ENC-A1: the padding is not looked at (class 37).
fn tails() -> Vec<Draft> {
    let tail = |id: &str, note: &str, mode, values: &[f32]| {
        Draft::new(format!("encode/{id}"), "ENC-A1", note, encode_flat(mode, values)).class(37)
    };
    let mut drafts = vec![
        tail(
            "example-5-6-7",
            "the scale is f16(2/15), from 5 to 7; 7/15 would take the padding's zeros in",
            ASYMMETRIC,
            &[5.0, 6.0, 7.0],
        )
        .discriminates(&["padded-tail-range"]),
        tail(
            "example-negative",
            "from -7 to -5; the padding's zeros would be the maximum",
            ASYMMETRIC,
            &[-5.0, -6.0, -7.0],
        )
        .discriminates(&["padded-tail-range"]),
        Draft::new(
            "encode/padding-formula-15",
            "ENC-P1",
            "the padding slots are 15 by the formula, or 0",
            encode_flat(ASYMMETRIC, &[-3.0, -1.0]),
        )
        .class(44),
        Draft::new(
            "encode/padding-formula-degenerate",
            "ENC-P1",
            "a degenerate block: the padding slots are 3 by the formula, or 0",
            encode_flat(ASYMMETRIC, &[-3.0]),
        )
        .class(37),
        Draft::new(
            "encode/padding-formula-symmetric",
            "ENC-P1",
            "the padding slots are 8 by the formula, or 0",
            encode_flat(SYMMETRIC, &[-3.0, 2.0]),
        )
        .class(37),
        Draft::new(
            "encode/padding-formula-clamped",
            "ENC-P1",
            "0 lies far above the block: the slots are clamped to 15",
            encode_flat(ASYMMETRIC, &[-101.0, -100.5, -100.0]),
        )
        .class(44),
    ];
    for len in 1..32usize {
        let values: Vec<f32> =
            (0..len).map(|index| 3.0 + ((index * 7) % 13) as f32 * 0.375).collect();
        let note = format!("a tail of {len}, all above zero");
        let draft = tail(&format!("tail-{len:02}-positive"), &note, ASYMMETRIC, &values);
        let draft = if len % 4 == 1 { draft.class(35) } else { draft };
        drafts.push(if len > 1 { draft.discriminates(&["padded-tail-range"]) } else { draft });
        if len % 2 == 0 {
            let values: Vec<f32> = values.iter().map(|value| -value).collect();
            let note = format!("a tail of {len}, all below zero");
            drafts.push(
                tail(&format!("tail-{len:02}-negative"), &note, ASYMMETRIC, &values)
                    .discriminates(&["padded-tail-range"]),
            );
        }
        if len % 3 == 0 {
            let values: Vec<f32> = values
                .iter()
                .enumerate()
                .map(|(index, value)| if index % 2 == 0 { *value } else { -value })
                .collect();
            let note =
                format!("a symmetric tail of {len}: zeros cannot change the largest magnitude");
            drafts.push(
                Draft::new(
                    format!("encode/tail-{len:02}-symmetric"),
                    "ENC-Y1",
                    note,
                    encode_flat(SYMMETRIC, &values),
                )
                .class(37),
            );
        }
    }
    for (len, offset) in [(33, 10.0), (45, -10.0), (63, 2.0), (70, 1000.0)] {
        let values: Vec<f32> =
            (0..len).map(|index| offset + ((index * 5) % 17) as f32 * 0.0625).collect();
        let note = format!("{len} values around {offset}: only the last block has padding");
        drafts.push(
            tail(&format!("tail-after-blocks-{len}"), &note, ASYMMETRIC, &values)
                .discriminates(&["padded-tail-range"]),
        );
    }
    drafts
}

/// ENC-P1: what the padding slots of a block held before must not show (class 34).
fn stale() -> Vec<Draft> {
    let lengths = [(ASYMMETRIC, 40usize), (ASYMMETRIC, 95), (SYMMETRIC, 50)];
    let draft = |(mode, len): (Mode, usize)| {
        // The first block's nibbles are all but one 15; the tail's own padding is not.
        let value = |index: usize| match index {
            0 => -8.0,
            1..32 => 7.0,
            _ => ((index % 5) as f32 - 2.0) * 0.5,
        };
        let values: Vec<f32> = (0..len).map(value).collect();
        let note =
            format!("{len} values: the last block's padding is not what the block before held");
        let id = format!("encode/stale-padding-{}-{len}", mode.name());
        Draft::new(id, "ENC-P1", note, encode_flat(mode, &values)).class(34)
    };
    lengths.into_iter().map(draft).collect()
}

/// ENC-Z1.
fn zero_minimum() -> Vec<Draft> {
    let case = |id: &str, note: &str, values: &[f32]| {
        Draft::new(format!("encode/{id}"), "ENC-Z1", note, encode_flat(ASYMMETRIC, values))
            .class(44)
    };
    vec![
        case(
            "minimum-positive-zero",
            "the minimum is +0; a bias of -0 is lawful too",
            &[0.0, 1.0, 2.0, 3.0],
        ),
        case(
            "minimum-negative-zero",
            "the minimum is -0; a bias of +0 is lawful too",
            &[-0.0, 1.0, 2.0, 3.0],
        ),
        case("minimum-both-zeros", "both zeros are the minimum", &[0.0, -0.0, 5.0, -0.0]),
        case(
            "minimum-zero-full",
            "32 values from +0",
            &std::array::from_fn::<f32, 32, _>(|index| index as f32),
        ),
    ]
}

/// ENC-S4, ENC-S3: flat chunks whatever the shape (class 45), and every rank.
fn shapes() -> Vec<Draft> {
    let ramp = |len: usize, step: f32| -> Vec<f32> {
        (0..len).map(|index| ((index * 37) % 101) as f32 * step - 7.0).collect()
    };
    let mut drafts = Vec::new();
    for (rows, columns) in [(2, 33), (3, 5), (4, 40), (2, 16), (7, 9), (33, 2), (5, 31), (2, 48)] {
        let values = ramp(rows * columns, 0.25);
        let note = format!("{rows} rows of {columns}: blocks go on across the ends of rows");
        let input = encode(ASYMMETRIC, &[rows as u64, columns as u64], &values);
        drafts.push(
            Draft::new(format!("encode/rows-{rows}x{columns}"), "ENC-S4", note, input)
                .class(45)
                .discriminates(&["rows-not-flat"]),
        );
    }
    let symmetric = encode(SYMMETRIC, &[3, 11], &ramp(33, 0.125));
    drafts.push(
        Draft::new("encode/rows-3x11-symmetric", "ENC-S4", "symmetric rows of 11", symmetric)
            .class(45)
            .discriminates(&["rows-not-flat"]),
    );
    for (name, shape) in [
        ("scalar", vec![]),
        ("row-of-blocks", vec![2, 64]),
        ("three-dimensions", vec![2, 3, 7]),
        ("four-dimensions", vec![2, 2, 3, 5]),
        ("many-ones", vec![1, 1, 40, 1]),
    ] {
        let len = shape.iter().product::<u64>() as usize;
        let note = format!("shape {shape:?}, {len} values");
        drafts.push(
            Draft::new(
                format!("encode/shape-{name}"),
                "ENC-S3",
                note,
                encode(ASYMMETRIC, &shape, &ramp(len, 0.5)),
            )
            .class(22),
        );
    }
    for (name, shape) in [("empty", vec![0]), ("empty-matrix", vec![4, 0])] {
        drafts.push(
            Draft::new(
                format!("encode/shape-{name}"),
                "ENC-S4",
                format!("shape {shape:?}: no values, no blocks"),
                encode(ASYMMETRIC, &shape, &[]),
            )
            .class(21),
        );
    }
    drafts
}

/// BLK-1: scale before bias, each low byte first (class 43).
fn metadata() -> Vec<Draft> {
    let draft = |(number, (min, step)): (usize, (f32, f32))| {
        let values: [f32; 32] = std::array::from_fn(|index| min + (index * 11 % 16) as f32 * step);
        let note =
            format!("from {min} in steps of {step}: no two bytes of scale and bias are alike");
        let id = format!("encode/metadata-order-{}", number + 1);
        Draft::new(id, "BLK-1", note, encode_flat(ASYMMETRIC, &values)).class(43)
    };
    [(-1.3, 0.17), (0.71, 2.9), (-0.013, 0.0031)].into_iter().enumerate().map(draft).collect()
}
