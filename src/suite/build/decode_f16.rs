//! Decode to f16: sums that round once and twice to different numbers, overflows, zeros, subnormals.

use super::{Draft, block, plain_payload, ramp};
use crate::suite::exact::blocks::khq4::decode_to_half;
use crate::suite::feature::Feature;
use crate::suite::floats::Float;
use crate::suite::hex::Bytes;
use crate::suite::operation::FormatId;
use crate::suite::question::{Decode, Question};
use crate::suite::random::SplitMix64;

const CONTROL: &str = "decode-f16/nibbles-ascending";
const ONE: u16 = 0x3c00;

fn input(payload: Vec<u8>, original_len: u64) -> Question {
    Question::Decode(Decode {
        format: FormatId::KHQ4,
        blocks: Bytes(payload),
        tensor_scale: None,
        original_len,
        to: Some(Float::F16),
    })
}

fn draft(id: &str, clause: &str, class: u8, note: &str, payload: Vec<u8>, len: u64) -> Draft {
    Draft::new(format!("decode-f16/{id}"), clause, note, input(payload, len))
        .class(class)
        .requires(Feature::ToF16)
}

pub(super) fn cases() -> Vec<Draft> {
    [values(), roundings(), overflows(), extents()].concat()
}

fn values() -> Vec<Draft> {
    let full = |id: &str, class: u8, note: &str, scale: u16, bias: u16| {
        draft(id, "F16-1", class, note, block(scale, bias, ramp), 32)
    };
    let mut drafts = vec![
        draft("nibbles-ascending", "F16-1", 42, "0 to 15 twice", block(ONE, 0, ramp), 32),
        full("metadata-order", 43, "another number in every other order of bytes", 0x2e66, 0xbc80),
        full("bias", 41, "5 + q / 2", 0x3800, 0x4500),
        full("ties", 44, "sums halfway between two f16, to the even one", 0x3001, 0x6401),
        full("cut", 44, "sums above the middle between two f16", 0x2a67, 0x5003),
        full("smallest-subnormals", 48, "0 to 15 times 2^-24", 0x0001, 0x0000),
        full("subnormals", 48, "subnormals of both signs", 0x0015, 0x8055),
        full("largest-subnormal", 48, "scale 1023 * 2^-24", 0x03ff, 0x83ff),
        full("cancelled", 36, "1 - 1 is +0", ONE, 0xbc00),
        full("negative-bias-zero", 36, "a bias of -0 under a positive scale gives +0", ONE, 0x8000),
    ];
    drafts.push(
        draft(
            "negative-zero",
            "F16-3",
            36,
            "0 * -1 + -0 is -0, and the only value that is",
            block(0xbc00, 0x8000, |place| (place % 2) as u8),
            32,
        )
        .control(CONTROL),
    );
    let second = [block(ONE, 0, ramp), block(0x8001, 0x8000, |_| 0)].concat();
    drafts.push(
        draft("negative-zeros-behind", "F16-3", 36, "the second block is all -0", second, 64)
            .control(CONTROL),
    );
    for len in [0u64, 1, 5, 31, 33, 70] {
        let id = format!("length-{len:02}");
        let note = format!("{len} values in {} blocks", len.div_ceil(32));
        let class = if len == 0 { 21 } else { 35 };
        drafts.push(draft(&id, "F16-3", class, &note, plain_payload(len), len));
    }
    drafts
}

/// All of them in one tensor, over and over, the last block cut: a tensor is rounded in one way, not each part of it
/// in its own.
fn one_way(drafts: &[Draft]) -> Draft {
    let payload = |draft: &Draft| match &draft.0.question {
        Question::Decode(decode) => decode.blocks.0.clone(),
        _ => unreachable!("a decode"),
    };
    let all: Vec<u8> = drafts.iter().flat_map(payload).collect();
    let note = "blocks that round in two ways, one behind the other, and a partial one";
    draft("rounded-in-one-way", "F16-1", 44, note, all.repeat(11), 6 * 11 * 32 - 5)
}

/// F16-1: blocks in which rounding through f32 gives another number, found by search: products halfway
/// between two f16, and a bias so small that f32 loses it.
fn roundings() -> Vec<Draft> {
    let mut dice = SplitMix64::new(0xf16);
    let mut drafts: Vec<Draft> = Vec::new();
    for _ in 0..10_000 {
        let scale = 0x3c00 + dice.below(0x2c00) as u16;
        let sign = if dice.below(2) == 0 { 0x8000 } else { 0 };
        let bias = sign + 1 + dice.below(6) as u16;
        let payload = block(scale, bias, ramp);
        let once = decode_to_half(&payload, 32, false);
        if once.is_some() && once != decode_to_half(&payload, 32, true) {
            let id = format!("rounded-once-or-twice-{}", drafts.len() + 1);
            let note =
                format!("scale {scale:04x}, bias {bias:04x}: through f32 some value differs");
            drafts.push(draft(&id, "F16-1", 44, &note, payload, 32));
        }
        if drafts.len() == 6 {
            drafts.push(one_way(&drafts));
            return drafts;
        }
    }
    panic!("{} blocks round in two ways, six are wanted", drafts.len());
}

/// F16-2.
fn overflows() -> Vec<Draft> {
    let refused = |id: &str, note: &str, payload: Vec<u8>, len: u64| {
        draft(id, "F16-2", 49, note, payload, len).control(CONTROL)
    };
    let accepted = |id: &str, note: &str, payload: Vec<u8>, len: u64| {
        draft(id, "F16-2", 49, note, payload, len)
    };
    let largest = 0x7bff;
    vec![
        refused("overflow", "15 * 65504", block(largest, 0, ramp), 32),
        refused("overflow-below", "-65504 - 65504", block(0x7bff, 0xfbff, |_| 0), 32).class(49),
        refused("overflow-at-65520", "65504 + 16", block(0x4c00, largest, |_| 1), 32),
        refused(
            "overflow-last-value",
            "the last of 33 values",
            [block(ONE, 0, ramp), block(largest, 0, |_| 2)].concat(),
            33,
        ),
        accepted("largest", "65504 + 15 * 2^-24: rounds down", block(0x0001, largest, ramp), 32),
        accepted(
            "below-65520",
            "65504 + 15.99, just below the middle",
            block(0x4bff, largest, |_| 1),
            32,
        ),
        accepted(
            "padding-overflows",
            "only padding is too large",
            block(largest, 0, |place| if place < 3 { 1 } else { 15 }),
            3,
        ),
    ]
}

/// DEC-4, and blocks that have no values.
fn extents() -> Vec<Draft> {
    let refused = |id: &str, class: u8, note: &str, payload: Vec<u8>, len: u64| {
        draft(id, "F16-3", class, note, payload, len).should().control(CONTROL)
    };
    let two = plain_payload(64);
    vec![
        refused("block-missing", 35, "one block for 33 values", two[..20].to_vec(), 33),
        refused("block-too-many", 35, "two blocks for 32 values", two.clone(), 32),
        refused("byte-missing", 35, "39 bytes for 64 values", two[..39].to_vec(), 64),
        refused("scale-nan", 29, "a scale that is NaN", block(0x7e00, 0, ramp), 32),
        refused("scale-zero", 29, "a scale of zero", block(0, ONE, ramp), 32),
        refused("bias-infinite", 30, "an infinite bias", block(ONE, 0x7c00, ramp), 32),
    ]
}
