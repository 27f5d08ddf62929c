//! Load: files whose header is sound and whose payload is not.

use super::load_accept::{EMPTY, KHQ4, LONG, MATRIX, SCALAR, TAIL, TEN_BLOCKS, VECTOR};
use super::loads::{PAYLOAD_1D, fault, overwrite};
use super::{Draft, plain_payload};
use crate::suite::exact::files::khq4;

pub(super) fn cases() -> Vec<Draft> {
    [cuts(), surplus(), metadata()].concat()
}

/// KHQ4-P1: cut at every boundary of block and field (classes 26, 27 and 11).
fn cuts() -> Vec<Draft> {
    let mut drafts = Vec::new();
    // The control has three blocks, the last with 6 values.
    for block in 0..3u64 {
        for (offset, place) in [
            (0, "before the scale"),
            (1, "inside the scale"),
            (2, "before the bias"),
            (4, "before the nibbles"),
            (12, "inside the nibbles"),
            (19, "one byte short"),
        ] {
            let note = format!("the file ends {place} of block {block}");
            let id = format!("cut-block-{block}-byte-{offset:02}");
            drafts.push(KHQ4.cut(id, 26, &note, TAIL, PAYLOAD_1D + 20 * block + offset));
        }
    }
    for (name, control, len) in [
        ("matrix", MATRIX, 55),
        ("scalar", SCALAR, 39),
        ("long", LONG, 28 + 64 * 20 - 1),
        ("vector", VECTOR, 47),
    ] {
        drafts.push(KHQ4.cut(format!("short-{name}"), 26, "one byte short", control, len));
    }
    let cut = |id: &str, class, note: &str, control, len| {
        KHQ4.cut(id, class, note, control, PAYLOAD_1D + len)
    };
    drafts.extend([
        // A tail's real nibbles are all there, its padding is not.
        cut("without-padding", 26, "the last block ends with its 6 real values", TAIL, 40 + 4 + 3),
        cut("18-bytes-a-block", 11, "ten blocks of 18 bytes", TEN_BLOCKS, 180),
        cut("18-bytes-a-block-long", 11, "64 blocks of 18 bytes", LONG, 64 * 18),
        cut("18-bytes-one-block", 11, "one block of 18 bytes", VECTOR, 18),
        cut("missing-long", 27, "a header for 64 blocks, none there", LONG, 0),
        cut("half-long", 27, "64 blocks are claimed, 32 are there", LONG, 32 * 20),
    ]);
    drafts
}

/// KHQ4-P2 (class 5).
fn surplus() -> Vec<Draft> {
    let whole = khq4::write(&[32], 32, &plain_payload(32));
    vec![
        KHQ4.trailing("one-byte", "one byte, zero", VECTOR, &[0]),
        KHQ4.trailing("one-byte-of-ones", "one byte, 255", VECTOR, &[0xff]),
        KHQ4.trailing("two-bytes", "two bytes", TAIL, &[1, 2]),
        KHQ4.trailing("19-bytes", "19 bytes: less than a block", VECTOR, &[0x11; 19]),
        KHQ4.trailing("block", "a whole block", VECTOR, &plain_payload(32)),
        KHQ4.trailing(
            "block-after-tail",
            "a whole block after a partial one",
            TAIL,
            &plain_payload(32),
        ),
        KHQ4.trailing("two-blocks", "two blocks", TEN_BLOCKS, &plain_payload(64)),
        KHQ4.trailing(
            "zeros",
            "512 zero bytes, as of a file that was made larger first",
            VECTOR,
            &[0; 512],
        ),
        KHQ4.trailing(
            "after-empty",
            "a block under a header for no values",
            EMPTY,
            &plain_payload(32),
        ),
        KHQ4.trailing("byte-after-empty", "a byte under a header for no values", EMPTY, &[0]),
        KHQ4.trailing("after-scalar", "a second block under a scalar", SCALAR, &plain_payload(32)),
        KHQ4.trailing("second-file", "a whole second file", VECTOR, &whole),
        KHQ4.trailing(
            "archive",
            "the end of a ZIP archive: a file of two formats",
            VECTOR,
            b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        ),
    ]
}

/// KHQ4-P3 and P4, in the first, a middle and the last block (classes 29 and 30).
fn metadata() -> Vec<Draft> {
    let scales: [(&str, u16); 7] = [
        ("nan", 0x7e00),
        ("signalling-nan", 0x7c01),
        ("negative-nan", 0xfe00),
        ("infinity", 0x7c00),
        ("negative-infinity", 0xfc00),
        ("zero", 0x0000),
        ("negative-zero", 0x8000),
    ];
    let biases: [(&str, u16); 5] = [
        ("nan", 0x7e00),
        ("signalling-nan", 0xfc01),
        ("full-nan", 0x7fff),
        ("infinity", 0x7c00),
        ("negative-infinity", 0xfc00),
    ];
    let refusal = |id: String, clause, class, note, control, field: String, at, bits: u16| {
        let edit = fault(field, overwrite(at, &bits.to_le_bytes()));
        KHQ4.refusal(id, clause, class, note, control, vec![edit])
    };
    let mut drafts = Vec::new();
    for (block, place) in [(0u64, "first"), (1, "middle"), (2, "last")] {
        let at = PAYLOAD_1D + 20 * block;
        for (name, bits) in scales {
            let note = format!("the {place} block's scale is {bits:04x}");
            let (id, field) = (format!("scale-{name}-{place}"), format!("block {block} scale"));
            drafts.push(refusal(id, "KHQ4-P3", 29, note, TAIL, field, at, bits));
        }
        for (name, bits) in biases {
            let note = format!("the {place} block's bias is {bits:04x}");
            let (id, field) = (format!("bias-{name}-{place}"), format!("block {block} bias"));
            drafts.push(refusal(id, "KHQ4-P4", 30, note, TAIL, field, at + 2, bits));
        }
    }
    for (name, clause, class, at) in [("scale", "KHQ4-P3", 29, 0), ("bias", "KHQ4-P4", 30, 2)] {
        let note = format!("the last of 64 blocks has a NaN for its {name}");
        let (id, field) = (format!("{name}-nan-block-63"), format!("block 63 {name}"));
        let last = PAYLOAD_1D + 63 * 20 + at;
        drafts.push(refusal(id, clause, class, note, LONG, field, last, 0x7e00));
        let note = format!("a scalar whose {name} is a NaN");
        let (id, field) = (format!("{name}-nan-scalar"), format!("block 0 {name}"));
        drafts.push(refusal(id, clause, class, note, SCALAR, field, 20 + at, 0x7e00));
    }
    drafts
}
