//! Load: sizes that overflow, wrap, or are more than the file holds.
//!
//! A size that is too large by itself is refused by many a guard. Here the shape, original_len and
//! payload are repaired so that one guard alone is left.

use super::Draft;
use super::load_accept::{EMPTY, KHQ4, MATRIX, SCALAR, TEN_BLOCKS, VECTOR};
use super::loads::{COUNT_1D, SHAPE, announced, fault, number, repair, truncate};
use crate::suite::case::Edit;

pub(super) fn cases() -> Vec<Draft> {
    [overflows(), maximal_counts(), claims(), narrow()].concat()
}

/// So many values are claimed, by original_len and the one dimension.
fn claim(len: u64) -> Vec<Edit> {
    vec![fault(KHQ4.count, number(COUNT_1D, len)), repair("shape[0]", number(SHAPE, len))]
}

/// KHQ4-H6: products beyond 64 bits that wrap to the very original_len (classes 16 and 17).
fn overflows() -> Vec<Draft> {
    let cases: [(&str, &[u64], u64); 13] = [
        ("2p32-squared", &[1 << 32, 1 << 32], 0),
        ("2p63-twice", &[1 << 63, 2], 0),
        ("2p22-2p21-2p21", &[1 << 22, 1 << 21, 1 << 21], 0),
        ("2p16-four-times", &[1 << 16, 1 << 16, 1 << 16, 1 << 16], 0),
        ("to-32", &[(1 << 63) + 16, 2], 32),
        ("to-32-by-four", &[4, (1 << 62) + 8], 32),
        ("to-4", &[5, 1, 0x3333_3333_3333_3334], 4),
        ("to-1", &[u64::MAX, u64::MAX], 1),
        ("to-70", &[(1 << 63) + 35, 2], 70),
        ("to-64-in-three", &[(1 << 60) + 4, 4, 4], 64),
        ("to-2048", &[(1 << 61) + 256, 8], 2048),
        ("to-34-odd", &[3, 0xaaaa_aaaa_aaaa_aab6], 34),
        ("without-wrapping-to-it", &[1 << 40, 1 << 40], 7),
    ];
    cases
        .into_iter()
        .map(|(id, shape, wrapped)| {
            let product = shape.iter().fold(1u64, |product, &size| product.wrapping_mul(size));
            // The last case has a product that does not wrap to its length: its overflow is seen
            // by the mismatch, too.
            let note = format!(
                "shape {shape:?}: the product is {product} in 64 bits, original_len {wrapped}"
            );
            KHQ4.overflow(id, note, EMPTY, shape, wrapped)
        })
        .collect()
}

/// KHQ4-H8: counts near the end of 64 bits, the shape repaired with them, so that no mismatch
/// hides which guard refuses (classes 12, 14, 15, 20 and 71).
fn maximal_counts() -> Vec<Draft> {
    let count = |id: &str, class, note: &str, control, len| {
        KHQ4.refusal(format!("count-{id}"), "KHQ4-H8", class, note, control, claim(len))
    };
    vec![
        count(
            "largest",
            14,
            "2^64 - 1 values and no payload: (n + 31) / 32 is 0 where it wraps",
            EMPTY,
            u64::MAX,
        ),
        count(
            "largest-minus-15",
            14,
            "2^64 - 16 values and no payload: n + 31 wraps",
            EMPTY,
            u64::MAX - 15,
        ),
        count(
            "largest-minus-30",
            14,
            "2^64 - 31 values and no payload: n + 31 wraps to 0",
            EMPTY,
            u64::MAX - 30,
        ),
        count(
            "largest-minus-31",
            12,
            "2^64 - 32 values and no payload: n + 31 does not wrap, the file is too short",
            EMPTY,
            u64::MAX - 31,
        ),
        count("largest-with-payload", 12, "2^64 - 1 values over one block", VECTOR, u64::MAX),
        count(
            "2p63",
            20,
            "2^63 values and no payload: below zero where it is read as signed",
            EMPTY,
            1 << 63,
        ),
        count("2p63-with-payload", 20, "2^63 values over one block", VECTOR, 1 << 63),
        count("2p63-minus-1", 12, "2^63 - 1 values over one block", VECTOR, (1 << 63) - 1),
        count("minus-32-signed", 20, "-32 as a signed length, no payload", EMPTY, (-32i64) as u64),
        count(
            "payload-2p63",
            15,
            "a payload of just over 2^63 bytes",
            VECTOR,
            0x0666_6666_6666_6667 * 32,
        ),
        count(
            "payload-2p64-by-18",
            11,
            "18 bytes a block would wrap to a few bytes",
            VECTOR,
            0x0e38_e38e_38e3_8e39u64.wrapping_mul(16),
        ),
        count(
            "payload-2p64-by-20",
            13,
            "2^64 / 20 values and one more",
            VECTOR,
            0x0ccc_cccc_cccc_cccd,
        ),
        count("2p62", 13, "2^62 values and no payload: 20 n is 0 in 64 bits", EMPTY, 1 << 62),
        count(
            "2p62-plus-32",
            13,
            "2^62 + 32 values over one block: 20 n is 640 in 64 bits",
            VECTOR,
            (1 << 62) + 32,
        ),
        count("2p32", 19, "2^32 values and no payload: 0 in 32 bits", EMPTY, 1 << 32),
        count(
            "2p32-plus-32",
            19,
            "2^32 + 32 values over one block: 32 in 32 bits",
            VECTOR,
            (1 << 32) + 32,
        ),
    ]
}

/// KHQ4-A3: claims of 1 to 64 GiB in files of some bytes (class 12).
fn claims() -> Vec<Draft> {
    let mut drafts = Vec::new();
    for gibibytes in [1u64, 2, 4, 8, 16, 32, 64] {
        let note = format!("a payload of {gibibytes} GiB is claimed, one block is there");
        let (id, values) = (format!("claim-{gibibytes}-gib"), (gibibytes << 30) / 20 * 32);
        drafts.push(KHQ4.refusal(id, "KHQ4-A3", 12, note, VECTOR, claim(values)).measured());
    }
    for gibibytes in [1u64, 64] {
        let rows = (gibibytes << 30) / 20 * 2;
        let note = format!("{rows} rows of 16: {gibibytes} GiB are claimed, one block is there");
        let id = format!("claim-{gibibytes}-gib-by-rows");
        let edits = vec![
            fault(KHQ4.count, number(COUNT_1D + 8, rows * 16)),
            repair("shape[0]", number(SHAPE, rows)),
        ];
        drafts.push(KHQ4.refusal(id, "KHQ4-A3", 12, note, MATRIX, edits).measured());
    }
    for mebibytes in [40u64, 64, 200] {
        let note = format!("a payload of {mebibytes} MiB is claimed, one block is there");
        let (id, values) = (format!("claim-{mebibytes}-mib"), (mebibytes << 20) / 20 * 32);
        drafts.push(KHQ4.refusal(id, "KHQ4-A3", 94, note, VECTOR, claim(values)).measured());
    }
    for (name, blocks) in
        [("one-block-more", 11u64), ("twice-the-blocks", 20), ("hundred-blocks", 100)]
    {
        let note = format!("{blocks} blocks are claimed, ten are there");
        let id = format!("claim-{name}");
        drafts.push(KHQ4.refusal(id, "KHQ4-P1", 10, note, TEN_BLOCKS, claim(blocks * 32)));
    }
    drafts
}

/// KHQ4-H8 on a machine of 32 bits, by the width parameter (classes 9, 16, 17 and 19).
fn narrow() -> Vec<Draft> {
    let sized = |id: &str, class, note: &str, shape: &[u64], len, there| {
        KHQ4.narrow(id, class, note, EMPTY, KHQ4.reshape_over(shape, len, there))
    };
    vec![
        sized(
            "length-cut-to-32",
            19,
            "2^32 + 32 values are 32 where they are cut",
            &[(1 << 32) + 32],
            (1 << 32) + 32,
            32,
        ),
        sized(
            "length-cut-to-0",
            19,
            "2^32 values are 0 where they are cut",
            &[1 << 32],
            1 << 32,
            0,
        ),
        sized(
            "length-cut-to-70",
            19,
            "2^40 + 70 values are 70 where they are cut",
            &[(1 << 40) + 70],
            (1 << 40) + 70,
            70,
        ),
        sized(
            "dimension-cut",
            19,
            "2^32 + 2 rows of 16 are 2 rows where they are cut",
            &[(1 << 32) + 2, 16],
            (1 << 36) + 32,
            32,
        ),
        sized("high-half-only", 19, "2^63 values are 0 where they are cut", &[1 << 63], 1 << 63, 0),
        sized(
            "zero-beside-a-wide-dimension",
            19,
            "[2^33, 0]: empty, but a dimension does not fit",
            &[1 << 33, 0],
            0,
            0,
        ),
        sized("product-wraps-to-0", 17, "65536 squared is 0 in 32 bits", &[1 << 16, 1 << 16], 0, 0),
        sized(
            "product-wraps-to-32",
            16,
            "(2^31 + 16) * 2 is 32 in 32 bits",
            &[(1 << 31) + 16, 2],
            32,
            32,
        ),
        sized(
            "product-wraps-in-three",
            16,
            "2^11 * 2^11 * 2^10 is 0 in 32 bits",
            &[1 << 11, 1 << 11, 1 << 10],
            0,
            0,
        ),
        sized(
            "product-wraps-to-70",
            16,
            "(2^31 + 35) * 2 is 70 in 32 bits",
            &[(1 << 31) + 35, 2],
            70,
            70,
        ),
        KHQ4.narrow(
            "ndim-wraps-to-8",
            9,
            "8 (2^29 + 1) is 8 in 32 bits",
            VECTOR,
            vec![announced((1 << 29) + 1)],
        ),
        KHQ4.narrow(
            "ndim-wraps-to-0",
            9,
            "8 * 2^29 is 0 in 32 bits",
            SCALAR,
            vec![announced(1 << 29)],
        ),
        KHQ4.narrow(
            "ndim-wraps-to-16",
            9,
            "8 (2^31 + 2) is 16 in 32 bits",
            MATRIX,
            vec![announced((1 << 31) + 2)],
        ),
        sized(
            "ceil-wraps",
            14,
            "2^32 - 1 values and no payload: (n + 31) / 32 is 0 where it wraps",
            &[u32::MAX.into()],
            u32::MAX.into(),
            0,
        ),
        sized(
            "claim-2-gib",
            12,
            "2^31 + 32 values over one block",
            &[(1 << 31) + 32],
            (1 << 31) + 32,
            32,
        ),
        KHQ4.narrow(
            "scalar-none",
            22,
            "a scalar with no value",
            SCALAR,
            KHQ4.counted(SHAPE, 0, truncate(20)),
        ),
        sized(
            "signed-length",
            20,
            "2^31 values and no payload: below zero where it is read as signed",
            &[1 << 31],
            1 << 31,
            0,
        ),
    ]
}
