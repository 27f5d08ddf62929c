//! Save: files byte for byte, and tensors that must not be written.

use super::{Draft, block, plain_payload, ramp, shape_name};
use crate::suite::operation::FormatId;
use crate::suite::question::{Question, Tensor};

const CONTROL: &str = "save/1d-64";

fn input(shape: &[u64], original_len: u64, payload: &[u8]) -> Question {
    let tensor = Tensor::of_blocks(shape, original_len, payload.to_vec());
    Question::save(FormatId::KHQ4, tensor)
}

pub(super) fn cases() -> Vec<Draft> {
    [exact(), refused()].concat()
}

/// KHQ4-W1.
fn exact() -> Vec<Draft> {
    let shapes: [&[u64]; 22] = [
        &[],
        &[1],
        &[31],
        &[32],
        &[33],
        &[64],
        &[70],
        &[320],
        &[2, 16],
        &[16, 2],
        &[3, 5],
        &[4, 40],
        &[2, 3, 7],
        &[2, 2, 2, 4],
        &[1, 1, 1, 1, 33],
        &[0],
        &[0, 5],
        &[5, 0],
        &[2, 0, 3],
        &[1, 2048],
        &[0, 1 << 40],
        &[1 << 33, 0],
    ];
    let mut drafts: Vec<Draft> = shapes
        .into_iter()
        .map(|shape| {
            let len = shape.iter().product();
            let id = format!("save/{}", shape_name(shape));
            let class = class_of(shape, len);
            Draft::new(
                id,
                "KHQ4-W1",
                format!("shape {shape:?}, {len} values"),
                input(shape, len, &plain_payload(len)),
            )
            .class(class)
        })
        .collect();
    let one = |id: &str, class: u8, note: &str, payload: Vec<u8>| {
        Draft::new(format!("save/{id}"), "KHQ4-W1", note, input(&[32], 32, &payload)).class(class)
    };
    drafts.extend([
        one("scale-subnormal", 48, "a subnormal scale and bias, kept", block(0x0001, 0x8003, ramp)),
        one(
            "scale-largest-subnormal",
            48,
            "the largest subnormals, kept",
            block(0x03ff, 0x83ff, ramp),
        ),
        one("scale-largest", 32, "the largest scale and bias", block(0x7bff, 0x7bff, ramp)),
        one(
            "scale-negative",
            31,
            "a scale below zero: written, or refused by a writer of positive scales",
            block(0xb800, 0x3c00, ramp),
        )
        .control(CONTROL),
        one("scale-negative-subnormal", 31, "a scale of -2^-24", block(0x8001, 0x3c00, ramp))
            .control(CONTROL),
        one("bias-negative-zero", 43, "a bias of -0, its sign kept", block(0x3c01, 0x8000, ramp)),
    ]);
    let scalar = input(&[], 1, &block(0x4001, 0x4402, ramp));
    drafts.push(
        Draft::new("save/0d-second", "KHQ4-W1", "a scalar is written with ndim 0", scalar)
            .class(22),
    );
    drafts.push(
        Draft::new(
            "save/padding-kept",
            "KHQ4-W1",
            "the padding's nibbles are written as they are",
            input(&[5], 5, &block(0x3400, 0xbc00, |_| 15)),
        )
        .class(33),
    );
    drafts
}

/// What most often goes wrong with such a shape.
fn class_of(shape: &[u64], len: u64) -> u8 {
    match (shape, len) {
        ([], _) => 22,
        (shape, 0) if shape.iter().any(|&size| size >> 32 != 0) => 19,
        (_, 0) => 21,
        ([1], _) => 3,
        ([32 | 64], _) => 5,
        ([_, _], _) => 24,
        _ => 6,
    }
}

/// KHQ4-W2 (class 6): what a reader would refuse is not written.
fn refused() -> Vec<Draft> {
    let refused = |id: &str, note: &str, shape: &[u64], len: u64, payload: &[u8]| {
        Draft::new(format!("save/{id}"), "KHQ4-W2", note, input(shape, len, payload))
            .class(6)
            .control(CONTROL)
    };
    let sound = plain_payload(64);
    let with = |at: usize, bits: u16| {
        let mut payload = sound.clone();
        payload[at..at + 2].copy_from_slice(&bits.to_le_bytes());
        payload
    };
    vec![
        refused("shape-too-small", "shape [63] for 64 values", &[63], 64, &sound),
        refused("shape-too-large", "shape [2, 33] for 64 values", &[2, 33], 64, &sound),
        refused(
            "shape-wraps",
            "a product of 2^64 + 64 for 64 values",
            &[(1 << 58) + 1, 64],
            64,
            &sound,
        ),
        refused("payload-missing", "no block for 64 values", &[64], 64, &[]),
        refused("payload-short", "one block for 64 values", &[64], 64, &sound[..20]),
        refused("payload-long", "two blocks for 32 values", &[32], 32, &sound),
        // A writer whose tensors are made of blocks cannot be asked this.
        refused("payload-not-whole", "39 bytes for 64 values", &[64], 64, &sound[..39]).should(),
        refused("scale-nan", "the second scale is a NaN", &[64], 64, &with(20, 0x7e00)),
        refused("scale-zero", "the first scale is 0", &[64], 64, &with(0, 0)),
        refused("scale-infinite", "the second scale is infinite", &[64], 64, &with(20, 0x7c00)),
        refused("bias-nan", "the second bias is a NaN", &[64], 64, &with(22, 0x7e00)),
        refused("bias-infinite", "the first bias is infinite", &[64], 64, &with(2, 0xfc00)),
    ]
}
