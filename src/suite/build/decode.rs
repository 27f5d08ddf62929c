//! Decode: every nibble and place, every kind of scale, sums that round, zeros, tails.

use super::{Draft, block, plain_payload, ramp};
use crate::suite::exact::ExactBlock;
use crate::suite::exact::number::{Exact, Float, round};
use crate::suite::operation::FormatId;
use crate::suite::question::Question;
use crate::suite::random::SplitMix64;

const ONE: u16 = 0x3c00;
const NEGATIVE: u16 = 0x8000;

fn input(payload: Vec<u8>, original_len: u64) -> Question {
    Question::decode(FormatId::KHQ4, payload, original_len)
}

/// One full block.
fn full(scale: u16, bias: u16, nibble: impl Fn(usize) -> u8) -> Question {
    input(block(scale, bias, nibble), 32)
}

pub(super) fn cases() -> Vec<Draft> {
    let drafts = [nibbles(), metadata(), scales(), sums(), zeros(), tails(), extents()].concat();
    drafts.into_iter().map(controlled).collect()
}

/// A scale below zero may be refused (KHQ4-P6), and so needs a control.
fn controlled(draft: Draft) -> Draft {
    let negative = match &draft.0.question {
        Question::Decode(decode) => decode
            .blocks
            .0
            .as_chunks::<20>()
            .0
            .iter()
            .any(|block| ExactBlock::read(block).scale >= NEGATIVE),
        _ => false,
    };
    if negative { draft.control("decode/nibbles-ascending") } else { draft }
}

/// BLK-2: both orders told apart, each place alone.
fn nibbles() -> Vec<Draft> {
    let draft = |id: &str, note: &str, question| {
        Draft::new(format!("decode/{id}"), "BLK-2", note, question).class(42)
    };
    let mut drafts = vec![
        draft(
            "nibbles-ascending",
            "0 to 15 twice, in the order of the weights",
            full(ONE, 0, ramp),
        ),
        draft("nibbles-descending", "15 to 0 twice", full(ONE, 0, |place| 31 - ramp(place))),
        draft(
            "nibbles-halves",
            "0 in the first half of the block, 15 in the second",
            full(ONE, 0, |place| if place < 16 { 0 } else { 15 }),
        ),
        draft(
            "nibbles-even-odd",
            "0 in the low half of each byte, 15 in the high half",
            full(ONE, 0, |place| if place % 2 == 0 { 0 } else { 15 }),
        ),
    ];
    drafts.extend((0..16).map(|value| {
        let note = format!("nibble {value} in every place: {value} * 0.5 - 2.25");
        Draft::new(
            format!("decode/nibble-{value:02}"),
            "DEC-1",
            note,
            full(0x3800, 0xc080, |_| value),
        )
        .class(41)
    }));
    drafts.extend((0..32).map(|lone| {
        let note = format!("nibble 15 in place {lone}, 1 elsewhere");
        let nibble = move |place| if place == lone { 15 } else { 1 };
        Draft::new(format!("decode/place-{lone:02}"), "BLK-2", note, full(ONE, 0xbc00, nibble))
            .class(42)
    }));
    drafts
}

/// BLK-1: scale before bias, each low byte first; every other order decodes, to other values.
fn metadata() -> Vec<Draft> {
    let orders = [(0x3c01, 0x3d02), (0x2e66, 0xbc80), (0x0102, 0x4203), (0x5a5b, 0x1b1c)];
    let draft = |(index, (scale, bias)): (usize, (u16, u16))| {
        let note = format!(
            "scale {scale:04x}, bias {bias:04x}: lawful in every order of bytes and fields"
        );
        let id = format!("decode/metadata-order-{}", index + 1);
        Draft::new(id, "BLK-1", note, full(scale, bias, ramp)).class(43)
    };
    orders.into_iter().enumerate().map(draft).collect()
}

/// DEC-1 at the ends of f16, and scales below zero.
fn scales() -> Vec<Draft> {
    let named = [
        ("smallest-subnormal", 0x0001, "the smallest subnormal, 2^-24"),
        ("second-subnormal", 0x0002, "2^-23"),
        ("middle-subnormal", 0x0200, "2^-15"),
        ("largest-subnormal", 0x03ff, "1023 * 2^-24"),
        ("smallest-normal", 0x0400, "2^-14"),
        ("third", 0x3555, "the f16 nearest to a third"),
        ("one", ONE, "1"),
        ("largest", 0x7bff, "65504"),
    ];
    let mut drafts = Vec::new();
    for (name, scale, words) in named {
        let bias = 0x3801;
        drafts.push(
            Draft::new(
                format!("decode/scale-{name}"),
                "DEC-1",
                format!("scale {words}"),
                full(scale, bias, ramp),
            )
            .class(32),
        );
        drafts.push(
            Draft::new(
                format!("decode/scale-negative-{name}"),
                "KHQ4-P6",
                format!("scale -{words}"),
                full(NEGATIVE + scale, bias, ramp),
            )
            .class(if scale < ONE { 31 } else { 54 }),
        );
        let note = format!("bias {words}, scale 0.75: the bias is widened as the scale is");
        drafts.push(
            Draft::new(format!("decode/bias-{name}"), "DEC-1", note, full(0x3a00, scale, ramp))
                .class(32),
        );
    }
    drafts
}

/// DEC-1: blocks many of whose sums do not fit in f32, so that the way of rounding shows.
fn sums() -> Vec<Draft> {
    let mut random = SplitMix64::new(1);
    let mut drafts = Vec::new();
    for number in 1..=20 {
        // A bias and a scale with exponents far apart leave bits below the f32's last place.
        let scale = (random.below(0x0400) + 1) as u16;
        let bias = (0x5c00 + random.below(0x1fff)) as u16
            + if random.below(2) == 0 { 0 } else { NEGATIVE };
        let ordered = block(scale, bias, |place| (place as u8).wrapping_mul(11).wrapping_add(3));
        let read = ExactBlock::read(&ordered);
        let inexact = (0..32).filter(|&place| rounds(&read, place)).count();
        let note = format!("scale {scale:04x}, bias {bias:04x}: {inexact} of 32 sums are rounded");
        drafts.push(
            Draft::new(format!("decode/sum-rounds-{number:02}"), "DEC-1", note, input(ordered, 32))
                .class(49),
        );
    }
    drafts
}

/// Whether a weight's sum has to be rounded.
fn rounds(block: &ExactBlock, place: usize) -> bool {
    let exact = block.exact_weight(place);
    let one = Exact::scaled(1, 0);
    round(&exact, &one, Float::F32).value().is_some_and(|rounded| rounded != exact)
}

/// DEC-2.
fn zeros() -> Vec<Draft> {
    let draft = |id: &str, class, note: &str, question| {
        Draft::new(format!("decode/zero-{id}"), "DEC-2", note, question).class(class)
    };
    let zero =
        |id, note, scale, bias| draft(id, 36, note, full(scale, bias, |place| (place % 2) as u8));
    let minus_one = ONE | NEGATIVE;
    vec![
        zero("negative-scale-negative-bias", "0 * -1 + -0 is -0", minus_one, NEGATIVE),
        zero("negative-scale-positive-bias", "0 * -1 + 0 is +0", minus_one, 0),
        zero("positive-scale-negative-bias", "0 * 1 + -0 is +0", ONE, NEGATIVE),
        zero("positive-scale-positive-bias", "0 * 1 + 0 is +0", ONE, 0),
        draft("by-cancellation", 41, "8 * 0.25 - 2 is +0", full(0x3400, 0xc000, ramp)),
        draft("by-cancellation-negative", 31, "8 * -0.25 + 2 is +0", full(0xb400, 0x4000, ramp)),
        zero("subnormal-negative", "0 * -2^-24 + -0 is -0", 0x8001, NEGATIVE),
    ]
}

/// DEC-3 and BLK-3: partial last blocks, many blocks.
fn tails() -> Vec<Draft> {
    let mut drafts: Vec<Draft> = (1..32)
        .map(|len| {
            let note = format!("{len} values; the padding's nibbles are 15 and are not seen");
            let payload =
                block(
                    0x2e66,
                    0xbc80,
                    move |place| if place < len { (place * 5 + 1) as u8 } else { 15 },
                );
            // Three bugs of tails take turns: padding refused, padding unwritten, padding emitted.
            let clause = if len % 3 == 0 { "BLK-4" } else { "DEC-3" };
            Draft::new(format!("decode/tail-{len:02}"), clause, note, input(payload, len as u64))
                .class(33 + (len % 3) as u8)
        })
        .collect();
    for len in [33u64, 63, 64, 65, 96, 127, 500, 2048, 2049] {
        let note = format!("{len} values in {} blocks, no two alike", len.div_ceil(32));
        drafts.push(
            Draft::new(
                format!("decode/length-{len:04}"),
                "BLK-3",
                note,
                input(plain_payload(len), len),
            )
            .class(11),
        );
    }
    drafts.push(
        Draft::new("decode/length-0000", "DEC-3", "no values, no blocks", input(Vec::new(), 0))
            .class(21),
    );
    drafts
}

/// DEC-4 and DEC-1: payloads that are not the blocks of their values, and blocks that have none.
fn extents() -> Vec<Draft> {
    let payload = plain_payload(64);
    let mut long = plain_payload(96);
    let refused = |name: &str, note: &str, payload: &[u8], len: u64| {
        Draft::new(format!("decode/extent-{name}"), "DEC-4", note, input(payload.to_vec(), len))
            .class(35)
            .should()
            .control("decode/length-0064")
    };
    let mut drafts = vec![
        refused("no-blocks", "64 values, no block", &[], 64),
        refused("one-byte-short", "64 values, 39 bytes", &payload[..39], 64),
        refused("one-block-short", "64 values, one block", &payload[..20], 64),
        refused("half-a-block", "64 values, 30 bytes", &payload[..30], 64),
        refused("one-value-too-many", "65 values, two blocks", &payload, 65),
        refused("one-block-long", "64 values, three blocks", &long, 64),
    ];
    for (name, class, at, bits) in [
        ("scale-nan", 29, 20, 0x7e00u16),
        ("scale-infinite", 29, 20, 0x7c00),
        ("scale-zero", 29, 0, 0x0000),
        ("bias-nan", 30, 2, 0x7e00),
        ("bias-infinite", 30, 22, 0xfc00),
    ] {
        let mut wrong = payload.clone();
        wrong[at..at + 2].copy_from_slice(&bits.to_le_bytes());
        let note = format!("the f16 at byte {at} is {bits:04x}: such a block has no values");
        drafts.push(
            Draft::new(format!("decode/{name}"), "DEC-1", note, input(wrong, 64))
                .class(class)
                .should()
                .control("decode/length-0064"),
        );
    }
    long.truncate(41);
    drafts.push(refused("one-byte-long", "64 values, 41 bytes", &long, 64));
    drafts
}
