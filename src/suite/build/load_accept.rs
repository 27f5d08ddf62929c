//! Load: files that every loader accepts. They are the controls of the refusals.

use super::loads::{Clauses, Loads, append, fault, overwrite};
use super::{Draft, block, plain_payload, ramp, shape_name, sizes_name};
use crate::suite::case::{Change, File};
use crate::suite::exact::files::khq4;
use crate::suite::hex::Bytes;
use crate::suite::operation::FormatId;

pub(super) const KHQ4: Loads = Loads {
    format: FormatId::KHQ4,
    prefix: "load",
    version: 2,
    count: "original_len",
    payload: plain_payload,
    clauses: Clauses {
        magic: "KHQ4-H1",
        version: "KHQ4-H2",
        dimensions: "KHQ4-H3",
        mismatch: "KHQ4-H5",
        overflow: "KHQ4-H6",
        width: "KHQ4-H8",
        short_payload: "KHQ4-P1",
        trailing: "KHQ4-P2",
        caller: "KHQ4-P7",
        file: "KHQ4-A1",
    },
};

/// The controls that the refusals are made from.
pub(super) const VECTOR: &str = "load/accept-1d-32";
pub(super) const TAIL: &str = "load/accept-1d-70";
pub(super) const MATRIX: &str = "load/accept-2d-2x16";
pub(super) const EMPTY: &str = "load/accept-empty-0";
pub(super) const SCALAR: &str = "load/accept-0d-1";
pub(super) const LONG: &str = "load/accept-1d-2048";
pub(super) const TEN_BLOCKS: &str = "load/accept-1d-320";

fn file(shape: &[u64], payload: &[u8]) -> File {
    File::Bytes(Bytes(khq4::write(shape, shape.iter().product(), payload)))
}

/// A sound file of plain blocks.
fn sound(shape: &[u64]) -> File {
    file(shape, &plain_payload(shape.iter().product()))
}

pub(super) fn cases() -> Vec<Draft> {
    [shapes(), empties(), blocks(), expected_shapes(), behaviours()].concat()
}

/// KHQ4-H5, over ndim 0 to 4 and beyond, full and partial tails.
fn shapes() -> Vec<Draft> {
    let draft = |clause: &str, class: u8, note: String, shape: &[u64]| {
        let id = format!("accept-{}", shape_name(shape));
        KHQ4.case(id, clause, class, note, sound(shape))
    };
    let scalar = "a scalar: the empty product is 1";
    let mut drafts = vec![KHQ4.case("accept-0d-1", "KHQ4-H5", 22, scalar, sound(&[]))];
    for len in [1, 2, 7, 16, 31, 32, 33, 63, 64, 65, 70, 96, 320, 1000, 2048] {
        let note = format!("{len} values in {} blocks", u64::div_ceil(len, 32));
        let class = if len % 32 == 1 { 35 } else { 26 };
        drafts.push(draft("BLK-3", class, note, &[len]));
    }
    for (rows, columns) in [(1, 32), (32, 1), (2, 16), (3, 5), (4, 40), (7, 33), (16, 64)] {
        let note = format!("{rows} rows of {columns}, blocks over the flat tensor");
        drafts.push(draft("BLK-3", 45, note, &[rows, columns]));
    }
    let deeper: [&[u64]; 7] = [
        &[2, 3, 7],
        &[4, 4, 2],
        &[1, 1, 1],
        &[3, 11, 5],
        &[2, 2, 2, 4],
        &[2, 3, 5, 7],
        &[1, 1, 40, 1],
    ];
    for shape in deeper {
        drafts.push(draft("KHQ4-H5", 23, format!("shape {shape:?}"), shape));
    }
    for ndim in [5usize, 8, 17, 64] {
        let mut shape = vec![1; ndim];
        shape[ndim / 2] = 33;
        let note = format!("{ndim} dimensions: ndim has no bound but the file's length");
        drafts.push(KHQ4.case(format!("accept-{ndim}d"), "KHQ4-H3", 22, note, sound(&shape)));
    }
    drafts
}

/// KHQ4-H7.
fn empties() -> Vec<Draft> {
    let shapes: [&[u64]; 7] =
        [&[0], &[0, 5], &[5, 0], &[3, 0, 7], &[0, 0], &[2, 2, 0, 2], &[0, 1 << 33, 1 << 33]];
    let draft = |shape: &&[u64]| {
        let note = format!("shape {shape:?} holds no value: no payload");
        let id = format!("accept-empty-{}", sizes_name(shape));
        KHQ4.case(id, "KHQ4-H7", 21, note, sound(shape))
    };
    shapes.iter().map(draft).collect()
}

/// KHQ4-P3 to P5 at their edges.
fn blocks() -> Vec<Draft> {
    let one = |id: &str, clause: &str, class: u8, note: &str, len: u64, payload: Vec<u8>| {
        KHQ4.case(format!("accept-{id}"), clause, class, note, file(&[len], &payload))
    };
    let full = |id, clause, class, note, scale, bias| {
        one(id, clause, class, note, 32, block(scale, bias, ramp))
    };
    vec![
        full("scale-smallest-subnormal", "KHQ4-P3", 32, "scale 2^-24", 0x0001, 0x3c00),
        full("scale-largest-subnormal", "KHQ4-P3", 32, "scale 1023 * 2^-24", 0x03ff, 0xbc00),
        full("scale-largest", "KHQ4-P3", 32, "scale 65504: values up to 982560", 0x7bff, 0xfbff),
        one(
            "scale-largest-in-a-tail",
            "KHQ4-P3",
            32,
            "scale 65504 over a single value",
            1,
            block(0x7bff, 0x0000, |_| 3),
        ),
        full("bias-largest", "KHQ4-P4", 32, "bias 65504", 0x3c00, 0x7bff),
        full("bias-subnormal", "KHQ4-P4", 32, "bias -2^-24", 0x2400, 0x8001),
        full("bias-negative-zero", "KHQ4-P4", 30, "bias -0", 0x3c00, 0x8000),
        one(
            "padding-all-ones",
            "KHQ4-P5",
            33,
            "the padding's nibbles are 15 and are not seen",
            5,
            block(0x3400, 0xbc00, |place| if place < 5 { place as u8 } else { 15 }),
        ),
        one(
            "padding-random",
            "KHQ4-P5",
            33,
            "the padding's nibbles are of all kinds",
            19,
            block(0x3400, 0xbc00, |place| (place * 5 + 3) as u8),
        ),
        one(
            "padding-odd",
            "KHQ4-P5",
            33,
            "one value: its neighbour in the same byte is padding",
            1,
            block(0x3400, 0xbc00, |place| if place == 0 { 9 } else { 6 }),
        ),
    ]
}

/// KHQ4-P7: the shape that the caller requires is the file's.
fn expected_shapes() -> Vec<Draft> {
    let shapes: [(&str, &[u64]); 3] =
        [("matrix", &[2, 16]), ("scalar", &[]), ("three", &[2, 3, 7])];
    let draft = |(name, shape): (&str, &[u64])| {
        let note = format!("the caller requires {shape:?}");
        KHQ4.expecting(format!("accept-expected-{name}"), note, sound(shape), shape)
    };
    shapes.into_iter().map(draft).collect()
}

/// KHQ4-P6 and H6: files that one lawful behaviour accepts and another refuses.
fn behaviours() -> Vec<Draft> {
    let negative = |id: &str, note: &str, control, edits| {
        KHQ4.refusal(id, "KHQ4-P6", 31, note, control, edits)
    };
    let scale = |offset: u64, bytes: [u8; 2]| vec![fault("scale", overwrite(offset, &bytes))];
    let folded = |id: &str, note: &str, shape: &[u64]| {
        let mut edits = KHQ4.reshape(shape, 0);
        edits[0].repair = false;
        KHQ4.refusal(id, "KHQ4-H6", 18, note, EMPTY, edits)
    };
    vec![
        negative(
            "negative-scale-first",
            "the first block's scale is -0.1: lawful, or refused by a reader of positive scales",
            TAIL,
            scale(28, [0x66, 0xae]),
        ),
        negative(
            "negative-scale-last",
            "the last block's scale is -1",
            TAIL,
            scale(68, [0x00, 0xbc]),
        ),
        negative(
            "negative-scale-subnormal",
            "the scale is -2^-24",
            VECTOR,
            scale(28, [0x01, 0x80]),
        ),
        folded(
            "zero-after-overflow",
            "[2^33, 2^33, 0]: a fold overflows before it meets the zero",
            &[1 << 33, 1 << 33, 0],
        ),
        folded(
            "zero-after-overflow-four",
            "[2^40, 2^20, 2^20, 0]: a fold overflows at the third",
            &[1 << 40, 1 << 20, 1 << 20, 0],
        ),
        folded(
            "zero-amid-overflow",
            "[2^63, 2, 0, 5]: a fold overflows at the second",
            &[1 << 63, 2, 0, 5],
        ),
    ]
}

/// What a refusal appends when it needs more payload: a block like the others.
pub(super) fn one_more_block() -> Change {
    append(&plain_payload(32))
}
