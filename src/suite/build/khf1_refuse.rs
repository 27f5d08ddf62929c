//! KHF1: files with one fault.

use super::Draft;
use super::khf1_accept::{EMPTY, KHF1, LONG, MATRIX, SCALAR, THREE, value};
use super::loads::{COUNT_1D, SHAPE, announced, append, fault, overwrite, repair, truncate};
use crate::suite::case::Change;

pub(super) fn cases() -> Vec<Draft> {
    // KHF1-H1 and H2.
    let cuts = KHF1.header_cuts(THREE, 28, |len| if len < 8 { "KHF1-H1" } else { "KHF1-H2" });
    let links = ["a symbolic link to nothing", "a link to a directory"];
    [
        cuts,
        envelope(),
        dimensions(),
        mismatches(),
        sizes(),
        narrow(),
        payload(),
        expected_shapes(),
        KHF1.specials(THREE, links),
    ]
    .concat()
}

/// The KHQ4 file of PROTOCOL: three values.
const KHQ4_FILE: &[u8] = b"KHQ4\x02\0\0\0\x01\0\0\0\x03\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\
    \x44\x30\0\x45\x70\x0f\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// KHF1-H1 (classes 2 to 4).
fn envelope() -> Vec<Draft> {
    let magic =
        |id: &str, class, note: &str, bytes: &[u8]| KHF1.magic(id, class, note, THREE, bytes);
    let version = |id: &str, note: &str, version| KHF1.version(id, note, THREE, version);
    let big_endian = |id, control, len| {
        let note = format!("every field of the header in big-endian order, {len} values");
        KHF1.big_endian(id, &note, control, len)
    };
    vec![
        KHF1.refusal(
            "magic-of-a-whole-khq4-file",
            "KHF1-H1",
            2,
            "a sound KHQ4 file, where a KHF1 file is asked for",
            THREE,
            vec![
                fault("magic", overwrite(0, &KHQ4_FILE[..34])),
                repair("payload", append(&KHQ4_FILE[34..])),
            ],
        ),
        magic("khq4", 2, "the magic of a file of blocks", b"KHQ4"),
        magic("zero", 2, "four zero bytes", &[0; 4]),
        magic("lower-case", 2, "khf1", b"khf1"),
        magic("last-byte", 2, "only the last byte is wrong", b"KHF2"),
        magic("byte-swapped", 3, "the magic read as a big-endian word", b"1FHK"),
        version("0", "version 0", 0),
        version("2", "version 2, which is that of KHQ4", 2),
        version("3", "a version of the future", 3),
        version("257", "the low byte is 1: the version is four bytes", 257),
        version("big-endian", "version 1 in big-endian order", 1u32.swap_bytes()),
        big_endian("three", THREE, 3),
        big_endian("forty", LONG, 40),
    ]
}

/// KHF1-H2: announced dimensions that are not there (classes 9 and 10).
fn dimensions() -> Vec<Draft> {
    let count = |id: &str, class, control, ndim| {
        KHF1.ndim(id, class, format!("{ndim} dimensions are announced"), control, ndim)
    };
    vec![
        count("largest", 9, THREE, u32::MAX),
        count("half", 9, THREE, 1 << 31),
        count("million", 10, THREE, 1 << 20),
        count("seven", 10, THREE, 7),
        count("two-over-empty", 10, EMPTY, 2),
        count("257-over-one", 9, THREE, 257),
    ]
}

/// KHF1-H2: the product of the shape is not numel (classes 21 to 23).
fn mismatches() -> Vec<Draft> {
    let counted = |id: String, class, note: &str, control, at, numel, payload: Change| {
        let edits = KHF1.counted(at, numel, payload);
        KHF1.refusal(id, "KHF1-H2", class, note, control, edits)
    };
    let numel = |id: &str, note: &str, numel, payload| {
        counted(format!("numel-{id}"), 23, note, THREE, COUNT_1D, numel, payload)
    };
    let scalar = |id: &str, note: &str, numel, payload| {
        counted(format!("scalar-{id}"), 22, note, SCALAR, SHAPE, numel, payload)
    };
    vec![
        KHF1.size("one-more", 23, "shape [4] over 3 values", THREE, SHAPE, 4),
        KHF1.size("one-less", 23, "shape [2] over 3 values", THREE, SHAPE, 2),
        KHF1.size("zero", 21, "shape [0] over 3 values", THREE, SHAPE, 0),
        KHF1.size("rows-double", 23, "shape [4, 4] over 8 values", MATRIX, SHAPE, 4),
        KHF1.size("columns-half", 23, "shape [2, 2] over 8 values", MATRIX, SHAPE + 8, 2),
        KHF1.size("one-for-none", 21, "shape [1] over no value", EMPTY, SHAPE, 1),
        numel("larger", "numel 4 and its values under shape [3]", 4, append(&[1, 0x3c])),
        numel("smaller", "numel 2 and its values under shape [3]", 2, truncate(32)),
        numel("none", "numel 0 and no payload under shape [3]", 0, truncate(28)),
        scalar("none", "numel 0 and no payload under shape []", 0, truncate(20)),
        scalar("two", "numel 2 and its values under shape []", 2, append(&[1, 0x3c])),
    ]
}

/// KHF1-H3: sizes that wrap, or are more than the file holds (classes 12 to 20).
fn sizes() -> Vec<Draft> {
    let product = |id, shape: &[u64], wrapped| {
        let note = format!("shape {shape:?}: its product is {wrapped} in 64 bits");
        KHF1.overflow(id, note, EMPTY, shape, wrapped)
    };
    let count = |id: &str, class: u8, numel: u64, there: u64| {
        let note = format!("{numel} values, of which {there} are there");
        let edits = KHF1.reshape_over(&[numel], numel, there);
        KHF1.refusal(format!("count-{id}"), "KHF1-H3", class, note, EMPTY, edits)
    };
    vec![
        product("2p32-squared", &[1 << 32, 1 << 32], 0),
        product("2p63-twice", &[1 << 63, 2], 0),
        product("2p16-four-times", &[1 << 16; 4], 0),
        product("to-3", &[3, 0x5555_5555_5555_5556, 3], 6),
        product("to-32", &[(1 << 63) + 16, 2], 32),
        product("to-1", &[u64::MAX, u64::MAX], 1),
        count("2p63", 13, 1 << 63, 0),
        count("2p63-and-1", 13, (1 << 63) + 1, 1),
        count("2p63-and-3", 13, (1 << 63) + 3, 3),
        count("2p63-and-40", 13, (1 << 63) + 40, 40),
        count("2p63-minus-1", 12, (1 << 63) - 1, 3),
        count("2p62", 12, 1 << 62, 3),
        count("2p62-over-none", 12, 1 << 62, 0),
        count("largest", 20, u64::MAX, 0),
        count("minus-3-signed", 20, (-3i64) as u64, 0),
        count("2p32", 19, 1 << 32, 0),
        count("40-mib", 94, 20 << 20, 3).measured(),
        count("200-mib", 94, 100 << 20, 3).measured(),
        count("1-gib", 12, 1 << 29, 3).measured(),
        count("64-gib", 12, 1 << 35, 40).measured(),
        count("twice", 10, 80, 40),
    ]
}

/// KHF1-H3 on a machine of 32 bits, by the width parameter (classes 9, 13, 16, 17 and 19).
fn narrow() -> Vec<Draft> {
    let sized = |id: &str, class, note: &str, shape: &[u64], numel, there| {
        KHF1.narrow(id, class, note, EMPTY, KHF1.reshape_over(shape, numel, there))
    };
    vec![
        sized(
            "numel-wraps",
            13,
            "2^31 + 3 values take 6 bytes in 32 bits",
            &[(1 << 31) + 3],
            (1 << 31) + 3,
            3,
        ),
        sized(
            "numel-wraps-to-0",
            13,
            "2^31 values take no bytes in 32 bits",
            &[1 << 31],
            1 << 31,
            0,
        ),
        sized(
            "numel-cut",
            19,
            "2^32 + 3 values are 3 where they are cut",
            &[(1 << 32) + 3],
            (1 << 32) + 3,
            3,
        ),
        sized(
            "dimension-cut",
            19,
            "2^32 + 1 rows of 3 are 1 row where they are cut",
            &[(1 << 32) + 1, 3],
            3 * ((1 << 32) + 1),
            3,
        ),
        sized("product-wraps", 17, "65536 squared is 0 in 32 bits", &[1 << 16, 1 << 16], 0, 0),
        sized(
            "product-wraps-to-6",
            16,
            "(2^31 + 3) * 2 is 6 in 32 bits",
            &[(1 << 31) + 3, 2],
            6,
            6,
        ),
        KHF1.narrow(
            "ndim-wraps",
            9,
            "8 (2^29 + 1) is 8 in 32 bits",
            THREE,
            vec![announced((1 << 29) + 1)],
        ),
        sized(
            "zero-beside-a-wide-dimension",
            19,
            "[2^33, 0]: empty, but a dimension does not fit",
            &[1 << 33, 0],
            0,
            0,
        ),
    ]
}

/// KHF1-P1 and P2 (classes 5, 26, 27 and 36).
fn payload() -> Vec<Draft> {
    let mut drafts = vec![
        KHF1.cut("one-byte-short", 26, "half of the last value", THREE, 33),
        KHF1.cut("one-value-short", 26, "two of three values", THREE, 32),
        KHF1.cut("inside-the-first", 26, "half of the first value", THREE, 29),
        KHF1.cut("missing", 27, "a header for three values, none there", THREE, 28),
        KHF1.cut("missing-long", 27, "a header for forty values, none there", LONG, 28),
        KHF1.cut("half-long", 27, "twenty of forty values", LONG, 68),
        KHF1.cut("long-odd", 26, "one byte short", LONG, 107),
        KHF1.cut("scalar-short", 26, "half of a scalar", SCALAR, 21),
        KHF1.trailing("one-byte", "one byte, zero", THREE, &[0]),
        KHF1.trailing("one-byte-of-ones", "one byte, 255", LONG, &[0xff]),
        KHF1.trailing("value", "one value more", THREE, &[0x00, 0x3c]),
        KHF1.trailing("zeros", "64 zero bytes", THREE, &[0; 64]),
        KHF1.trailing("after-empty", "a value under a header for none", EMPTY, &[0x00, 0x3c]),
        KHF1.trailing("after-scalar", "a second value under a scalar", SCALAR, &[0x00, 0x3c]),
    ];
    let unlawful: [(&str, u16); 6] = [
        ("nan", 0x7e00),
        ("signalling-nan", 0x7c01),
        ("negative-nan", 0xfe00),
        ("full-nan", 0x7fff),
        ("infinity", 0x7c00),
        ("negative-infinity", 0xfc00),
    ];
    for (index, place) in [(0u64, "first"), (20, "middle"), (39, "last")] {
        drafts.extend(unlawful.map(|(name, bits)| {
            let note = format!("the {place} value is {bits:04x}");
            let id = format!("value-{name}-{place}");
            KHF1.refusal(id, "KHF1-P2", 36, note, LONG, vec![value(index, bits)])
        }));
    }
    drafts
}

/// KHF1-P3 (class 24).
fn expected_shapes() -> Vec<Draft> {
    let other = |id, shape: &[u64]| KHF1.expecting_other(id, MATRIX, shape, &[2, 4]);
    vec![
        other("expected-other-transposed", &[4, 2]),
        other("expected-other-flat", &[8]),
        other("expected-other-prefix", &[2]),
        other("expected-other-larger", &[3, 4]),
    ]
}
