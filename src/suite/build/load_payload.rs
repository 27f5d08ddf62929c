//! Load: files whose header is sound and whose payload is not.

use super::load_accept::{EMPTY, LONG, MATRIX, SCALAR, TAIL, TEN_BLOCKS, VECTOR};
use super::{Draft, append, fault, overwrite, patch, plain_payload, truncate};
use crate::suite::case::Edit;
use crate::suite::exact::files::khq4;

/// Where the payload of a file of one dimension begins.
const PAYLOAD: u64 = 28;

pub(super) fn cases() -> Vec<Draft> {
    [cuts(), surplus(), metadata()].concat()
}

fn refusal(
    id: impl AsRef<str>,
    clause: &str,
    class: u8,
    note: impl Into<String>,
    control: &str,
    edit: Edit,
) -> Draft {
    Draft::new(format!("load/{}", id.as_ref()), clause, note, patch(vec![edit]))
        .class(class)
        .control(control)
}

/// KHQ4-P1: cut at every boundary of block and field (classes 26, 27 and 11).
fn cuts() -> Vec<Draft> {
    let cut = |id: String, class: u8, note: &str, control: &str, len: u64| {
        refusal(id, "KHQ4-P1", class, note, control, fault("length", truncate(len)))
    };
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
            drafts.push(cut(
                format!("payload-cut-block-{block}-byte-{offset:02}"),
                26,
                &note,
                TAIL,
                PAYLOAD + 20 * block + offset,
            ));
        }
    }
    for (name, control, len) in [
        ("matrix", MATRIX, 55),
        ("scalar", SCALAR, 39),
        ("long", LONG, 28 + 64 * 20 - 1),
        ("vector", VECTOR, 47),
    ] {
        drafts.push(cut(format!("payload-short-{name}"), 26, "one byte short", control, len));
    }
    // A tail's real nibbles are all there, its padding is not.
    drafts.push(cut(
        "payload-without-padding".into(),
        26,
        "the last block ends with its 6 real values",
        TAIL,
        PAYLOAD + 40 + 4 + 3,
    ));
    drafts.push(cut(
        "payload-18-bytes-a-block".into(),
        11,
        "ten blocks of 18 bytes",
        TEN_BLOCKS,
        PAYLOAD + 180,
    ));
    drafts.push(cut(
        "payload-18-bytes-a-block-long".into(),
        11,
        "64 blocks of 18 bytes",
        LONG,
        PAYLOAD + 64 * 18,
    ));
    drafts.push(cut(
        "payload-18-bytes-one-block".into(),
        11,
        "one block of 18 bytes",
        VECTOR,
        PAYLOAD + 18,
    ));
    drafts.push(cut(
        "payload-missing-long".into(),
        27,
        "a header for 64 blocks, none there",
        LONG,
        PAYLOAD,
    ));
    drafts.push(cut(
        "payload-half-long".into(),
        27,
        "64 blocks are claimed, 32 are there",
        LONG,
        PAYLOAD + 32 * 20,
    ));
    drafts
}

/// KHQ4-P2 (class 5).
fn surplus() -> Vec<Draft> {
    let surplus = |id: &str, note: &str, control: &str, bytes: &[u8]| {
        refusal(format!("trailing-{id}"), "KHQ4-P2", 5, note, control, fault("end", append(bytes)))
    };
    let whole = khq4::write(&[32], 32, &plain_payload(32));
    vec![
        surplus("one-byte", "one byte, zero", VECTOR, &[0]),
        surplus("one-byte-of-ones", "one byte, 255", VECTOR, &[0xff]),
        surplus("two-bytes", "two bytes", TAIL, &[1, 2]),
        surplus("19-bytes", "19 bytes: less than a block", VECTOR, &[0x11; 19]),
        surplus("block", "a whole block", VECTOR, &plain_payload(32)),
        surplus("block-after-tail", "a whole block after a partial one", TAIL, &plain_payload(32)),
        surplus("two-blocks", "two blocks", TEN_BLOCKS, &plain_payload(64)),
        surplus(
            "zeros",
            "512 zero bytes, as of a file that was made larger first",
            VECTOR,
            &[0; 512],
        ),
        surplus("after-empty", "a block under a header for no values", EMPTY, &plain_payload(32)),
        surplus("byte-after-empty", "a byte under a header for no values", EMPTY, &[0]),
        surplus("after-scalar", "a second block under a scalar", SCALAR, &plain_payload(32)),
        surplus("second-file", "a whole second file", VECTOR, &whole),
        surplus(
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
    let mut drafts = Vec::new();
    for (block, place) in [(0u64, "first"), (1, "middle"), (2, "last")] {
        let at = PAYLOAD + 20 * block;
        for (name, bits) in scales {
            let note = format!("the {place} block's scale is {bits:04x}");
            let edit = fault(format!("block {block} scale"), overwrite(at, &bits.to_le_bytes()));
            drafts.push(refusal(format!("scale-{name}-{place}"), "KHQ4-P3", 29, note, TAIL, edit));
        }
        for (name, bits) in biases {
            let note = format!("the {place} block's bias is {bits:04x}");
            let edit = fault(format!("block {block} bias"), overwrite(at + 2, &bits.to_le_bytes()));
            drafts.push(refusal(format!("bias-{name}-{place}"), "KHQ4-P4", 30, note, TAIL, edit));
        }
    }
    for (field, clause, class, at) in [("scale", "KHQ4-P3", 29, 0), ("bias", "KHQ4-P4", 30, 2)] {
        let note = format!("the last of 64 blocks has a NaN for its {field}");
        let edit =
            fault(format!("block 63 {field}"), overwrite(PAYLOAD + 63 * 20 + at, &[0x00, 0x7e]));
        drafts.push(refusal(format!("{field}-nan-block-63"), clause, class, note, LONG, edit));
        let note = format!("a scalar whose {field} is a NaN");
        let edit = fault(format!("block 0 {field}"), overwrite(20 + at, &[0x00, 0x7e]));
        drafts.push(refusal(format!("{field}-nan-scalar"), clause, class, note, SCALAR, edit));
    }
    drafts
}
