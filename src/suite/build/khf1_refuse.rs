//! KHF1: files with one fault, each an accepted control and one edit, with the repairs of what depends on
//! it, so that the one guard under test is all that stands between the loader and a wrong tensor.

use super::khf1_accept::{EMPTY, LONG, MATRIX, SCALAR, THREE, plain_values, value};
use super::load_header::{LEN_1D, NDIM, SHAPE, u32_le};
use super::load_size::reshape_counted;
use super::{
    Draft, append, fault, load_expecting, load_halves, load_narrow, overwrite, patch_halves,
    repair, truncate,
};
use crate::suite::case::{Change, Edit, Feature, File, Special};
use crate::suite::hex::Bits16;
use crate::suite::operation::FormatId;

pub(super) fn cases() -> Vec<Draft> {
    [lengths(), envelope(), dimensions(), mismatches(), sizes(), narrow(), payload(), others()]
        .concat()
}

fn refusal(
    id: impl AsRef<str>,
    clause: &str,
    class: u8,
    note: impl Into<String>,
    control: &str,
    edits: Vec<Edit>,
) -> Draft {
    Draft::new(format!("load-khf1/{}", id.as_ref()), clause, note, patch_halves(edits))
        .class(class)
        .control(control)
}

/// Replaces the one dimension and numel of the empty control.
pub(super) fn reshape(shape: &[u64], numel: u64) -> Vec<Edit> {
    reshape_counted("numel", shape, numel)
}

fn with_values(mut edits: Vec<Edit>, count: u64) -> Vec<Edit> {
    edits.push(repair("payload", append(&Bits16(plain_values(count)).to_le_bytes().0)));
    edits
}

/// KHF1-H1 and H2: every length from nothing to one byte before the header's end (class 1).
fn lengths() -> Vec<Draft> {
    let cut = |len: u64| {
        let clause = if len < 8 { "KHF1-H1" } else { "KHF1-H2" };
        let note = format!("the file ends after {len} of the header's 28 bytes");
        refusal(
            format!("header-cut-{len:02}"),
            clause,
            1,
            note,
            THREE,
            vec![fault("length", truncate(len))],
        )
    };
    (0..28).map(cut).collect()
}

/// The KHQ4 file of PROTOCOL: three values.
const KHQ4_FILE: &[u8] = b"KHQ4\x02\0\0\0\x01\0\0\0\x03\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\
    \x44\x30\0\x45\x70\x0f\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// KHF1-H1 (classes 2 to 4).
fn envelope() -> Vec<Draft> {
    let magic = |id: &str, class: u8, note: &str, bytes: &[u8]| {
        let edits = vec![fault("magic", overwrite(0, bytes))];
        refusal(format!("magic-{id}"), "KHF1-H1", class, note, THREE, edits)
    };
    let version = |id: &str, note: &str, bytes: [u8; 4]| {
        let edits = vec![fault("version", overwrite(4, &bytes))];
        refusal(format!("version-{id}"), "KHF1-H1", 4, note, THREE, edits)
    };
    let big_endian = |id: &str, control: &str, len: u64| {
        let edits = vec![
            fault("version", overwrite(4, &1u32.to_be_bytes())),
            fault("ndim", overwrite(NDIM, &1u32.to_be_bytes())),
            fault("shape[0]", overwrite(SHAPE, &len.to_be_bytes())),
            fault("numel", overwrite(LEN_1D, &len.to_be_bytes())),
        ];
        let note = format!("every field of the header in big-endian order, {len} values");
        refusal(format!("big-endian-{id}"), "KHF1-H1", 3, note, control, edits)
    };
    vec![
        refusal(
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
        version("0", "version 0", u32_le(0)),
        version("2", "version 2, which is that of KHQ4", u32_le(2)),
        version("3", "a version of the future", u32_le(3)),
        version("257", "the low byte is 1: the version is four bytes", u32_le(257)),
        version("big-endian", "version 1 in big-endian order", 1u32.to_be_bytes()),
        big_endian("three", THREE, 3),
        big_endian("forty", LONG, 40),
    ]
}

/// KHF1-H2: announced dimensions that are not there (classes 9 and 10).
fn dimensions() -> Vec<Draft> {
    let count = |id: &str, class: u8, control: &str, ndim: u32| {
        let edits = vec![fault("ndim", overwrite(NDIM, &u32_le(ndim)))];
        let note = format!("{ndim} dimensions are announced");
        refusal(format!("ndim-{id}"), "KHF1-H2", class, note, control, edits)
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
    let shape = |id: &str, class: u8, note: &str, control: &str, at: u64, size: u64| {
        let edits = vec![fault("shape", overwrite(at, &size.to_le_bytes()))];
        refusal(format!("shape-{id}"), "KHF1-H2", class, note, control, edits)
    };
    let numel = |id: &str, class: u8, note: &str, control: &str, numel: u64, payload: Change| {
        let edits = vec![
            fault("numel", overwrite(LEN_1D, &numel.to_le_bytes())),
            repair("payload", payload),
        ];
        refusal(format!("numel-{id}"), "KHF1-H2", class, note, control, edits)
    };
    let scalar = |id: &str, note: &str, numel: u64, payload: Change| {
        let edits = vec![
            fault("numel", overwrite(SHAPE, &numel.to_le_bytes())),
            repair("payload", payload),
        ];
        refusal(format!("scalar-{id}"), "KHF1-H2", 22, note, SCALAR, edits)
    };
    vec![
        shape("one-more", 23, "shape [4] over 3 values", THREE, SHAPE, 4),
        shape("one-less", 23, "shape [2] over 3 values", THREE, SHAPE, 2),
        shape("zero", 21, "shape [0] over 3 values", THREE, SHAPE, 0),
        shape("rows-double", 23, "shape [4, 4] over 8 values", MATRIX, SHAPE, 4),
        shape("columns-half", 23, "shape [2, 2] over 8 values", MATRIX, SHAPE + 8, 2),
        shape("one-for-none", 21, "shape [1] over no value", EMPTY, SHAPE, 1),
        numel("larger", 23, "numel 4 and its values under shape [3]", THREE, 4, append(&[1, 0x3c])),
        numel("smaller", 23, "numel 2 and its values under shape [3]", THREE, 2, truncate(32)),
        numel("none", 23, "numel 0 and no payload under shape [3]", THREE, 0, truncate(28)),
        scalar("none", "numel 0 and no payload under shape []", 0, truncate(20)),
        scalar("two", "numel 2 and its values under shape []", 2, append(&[1, 0x3c])),
    ]
}

/// KHF1-H3: sizes that wrap, or are more than the file holds (classes 12 to 20).
fn sizes() -> Vec<Draft> {
    let product = |id: &str, shape: &[u64], wrapped: u64| {
        let note = format!("shape {shape:?}: its product is {wrapped} in 64 bits");
        let class = if wrapped == 0 { 17 } else { 16 };
        let edits = match wrapped {
            0 => reshape(shape, 0),
            _ => with_values(reshape(shape, wrapped), wrapped),
        };
        refusal(format!("product-{id}"), "KHF1-H2", class, note, EMPTY, edits)
    };
    let count = |id: &str, class: u8, numel: u64, there: u64| {
        let note = format!("{numel} values, of which {there} are there");
        let edits = match there {
            0 => reshape(&[numel], numel),
            _ => with_values(reshape(&[numel], numel), there),
        };
        refusal(format!("count-{id}"), "KHF1-H3", class, note, EMPTY, edits)
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
        count("1-gib", 12, 1 << 29, 3),
        count("64-gib", 12, 1 << 35, 40),
        count("twice", 10, 80, 40),
    ]
}

/// KHF1-H3 on a machine of 32 bits, by the width parameter (classes 9, 13, 16, 17 and 19).
fn narrow() -> Vec<Draft> {
    let narrow = |id: &str, class: u8, note: &str, control: &str, edits: Vec<Edit>| {
        let input = load_narrow(FormatId::KHF1, File::Patch(edits));
        Draft::new(format!("load-khf1/width-32-{id}"), "KHF1-H3", note, input)
            .class(class)
            .control(control)
            .requires(Feature::Width32)
    };
    let sized = |shape: &[u64], numel: u64, there: u64| with_values(reshape(shape, numel), there);
    vec![
        narrow(
            "numel-wraps",
            13,
            "2^31 + 3 values take 6 bytes in 32 bits",
            EMPTY,
            sized(&[(1 << 31) + 3], (1 << 31) + 3, 3),
        ),
        narrow(
            "numel-wraps-to-0",
            13,
            "2^31 values take no bytes in 32 bits",
            EMPTY,
            reshape(&[1 << 31], 1 << 31),
        ),
        narrow(
            "numel-cut",
            19,
            "2^32 + 3 values are 3 where they are cut",
            EMPTY,
            sized(&[(1 << 32) + 3], (1 << 32) + 3, 3),
        ),
        narrow(
            "dimension-cut",
            19,
            "2^32 + 1 rows of 3 are 1 row where they are cut",
            EMPTY,
            sized(&[(1 << 32) + 1, 3], 3 * ((1 << 32) + 1), 3),
        ),
        narrow(
            "product-wraps",
            17,
            "65536 squared is 0 in 32 bits",
            EMPTY,
            reshape(&[1 << 16, 1 << 16], 0),
        ),
        narrow(
            "product-wraps-to-6",
            16,
            "(2^31 + 3) * 2 is 6 in 32 bits",
            EMPTY,
            sized(&[(1 << 31) + 3, 2], 6, 6),
        ),
        narrow(
            "ndim-wraps",
            9,
            "8 (2^29 + 1) is 8 in 32 bits",
            THREE,
            vec![fault("ndim", overwrite(NDIM, &u32_le((1 << 29) + 1)))],
        ),
        narrow(
            "zero-beside-a-wide-dimension",
            19,
            "[2^33, 0]: empty, but a dimension does not fit",
            EMPTY,
            reshape(&[1 << 33, 0], 0),
        ),
    ]
}

/// KHF1-P1 and P2 (classes 5, 26, 27 and 36).
fn payload() -> Vec<Draft> {
    let cut = |id: &str, class: u8, note: &str, control: &str, len: u64| {
        let edits = vec![fault("length", truncate(len))];
        refusal(format!("payload-{id}"), "KHF1-P1", class, note, control, edits)
    };
    let surplus = |id: &str, note: &str, control: &str, bytes: &[u8]| {
        let edits = vec![fault("end", append(bytes))];
        refusal(format!("trailing-{id}"), "KHF1-P1", 5, note, control, edits)
    };
    let mut drafts = vec![
        cut("one-byte-short", 26, "half of the last value", THREE, 33),
        cut("one-value-short", 26, "two of three values", THREE, 32),
        cut("inside-the-first", 26, "half of the first value", THREE, 29),
        cut("missing", 27, "a header for three values, none there", THREE, 28),
        cut("missing-long", 27, "a header for forty values, none there", LONG, 28),
        cut("half-long", 27, "twenty of forty values", LONG, 68),
        cut("long-odd", 26, "one byte short", LONG, 107),
        cut("scalar-short", 26, "half of a scalar", SCALAR, 21),
        surplus("one-byte", "one byte, zero", THREE, &[0]),
        surplus("one-byte-of-ones", "one byte, 255", LONG, &[0xff]),
        surplus("value", "one value more", THREE, &[0x00, 0x3c]),
        surplus("zeros", "64 zero bytes", THREE, &[0; 64]),
        surplus("after-empty", "a value under a header for none", EMPTY, &[0x00, 0x3c]),
        surplus("after-scalar", "a second value under a scalar", SCALAR, &[0x00, 0x3c]),
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
            refusal(id, "KHF1-P2", 36, note, LONG, vec![value(index, bits)])
        }));
    }
    drafts
}

/// KHF1-P3 and A1 (classes 7, 8 and 24).
fn others() -> Vec<Draft> {
    let expected = |id: &str, note: &str, control: &str, shape: &[u64]| {
        let input = load_expecting(FormatId::KHF1, File::Patch(Vec::new()), shape);
        Draft::new(format!("load-khf1/expected-other-{id}"), "KHF1-P3", note, input)
            .class(24)
            .control(control)
            .requires(Feature::ExpectedShape)
    };
    let special = |id: &str, class: u8, note: &str, special| {
        let input = load_halves(File::Special(special));
        Draft::new(format!("load-khf1/{id}"), "KHF1-A1", note, input).class(class).control(THREE)
    };
    vec![
        expected("transposed", "the caller requires [4, 2], the file has [2, 4]", MATRIX, &[4, 2]),
        expected("flat", "the caller requires [8], the file has [2, 4]", MATRIX, &[8]),
        expected("prefix", "the caller requires [2], the file has [2, 4]", MATRIX, &[2]),
        expected("larger", "the caller requires [3, 4], the file has [2, 4]", MATRIX, &[3, 4]),
        special("no-file", 8, "nothing lies at the path", Special::Missing),
        special("dangling-symlink", 8, "a symbolic link to nothing", Special::DanglingSymlink),
        special("directory", 7, "a directory", Special::Directory),
        special("symlink-to-directory", 7, "a link to a directory", Special::SymlinkToDirectory),
        special("fifo", 7, "a FIFO without a writer: opening it must not hang", Special::Fifo),
        special("device", 7, "the null device, which reads as an empty file", Special::Device),
        special("socket", 7, "a socket", Special::Socket),
    ]
}
