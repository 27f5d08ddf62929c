//! Load: files with one fault in the header, or with no file at all.

use super::Draft;
use super::load_accept::{EMPTY, KHQ4, LONG, MATRIX, SCALAR, TAIL, VECTOR, one_more_block};
use super::loads::{COUNT_1D, SHAPE, announced, fault, number, overwrite, repair, truncate};
use crate::suite::case::Change;

pub(super) fn cases() -> Vec<Draft> {
    let links =
        ["a symbolic link to nothing is no absent tensor", "a symbolic link to a directory"];
    [
        KHQ4.header_cuts(MATRIX, 36, clause_at),
        envelope(),
        dimensions(),
        mismatches(),
        expected_shapes(),
        KHQ4.specials(VECTOR, links),
    ]
    .concat()
}

/// The clause of the field that a file's end cuts.
fn clause_at(len: u64) -> &'static str {
    match len {
        0..4 => "KHQ4-H1",
        4..8 => "KHQ4-H2",
        8..28 => "KHQ4-H3",
        _ => "KHQ4-H4",
    }
}

/// The KHF1 file of PROTOCOL: three values.
const KHF1_FILE: &[u8] =
    b"KHF1\x01\0\0\0\x01\0\0\0\x03\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\0\x3c\0\xb8\x01\0";

/// KHQ4-H1 and H2 (classes 2 to 4).
fn envelope() -> Vec<Draft> {
    let magic =
        |id: &str, class, note: &str, bytes: &[u8]| KHQ4.magic(id, class, note, VECTOR, bytes);
    let version = |id: &str, note: &str, version| KHQ4.version(id, note, VECTOR, version);
    vec![
        magic("zero", 2, "four zero bytes", &[0; 4]),
        magic("khf1", 2, "the magic of an f16 file", b"KHF1"),
        magic("gguf", 2, "the magic of GGUF", b"GGUF"),
        magic("zip", 2, "the magic of a ZIP archive", b"PK\x03\x04"),
        KHQ4.refusal(
            "magic-of-a-whole-khf1-file",
            "KHQ4-H1",
            2,
            "a sound KHF1 file, where a KHQ4 file is asked for",
            VECTOR,
            vec![
                fault("magic", overwrite(0, KHF1_FILE)),
                repair("length", truncate(KHF1_FILE.len() as u64)),
            ],
        ),
        magic("lower-case", 2, "khq4", b"khq4"),
        magic("byte-swapped", 3, "the magic read as a big-endian word", b"4QHK"),
        KHQ4.magic(
            "byte-swapped-tail",
            3,
            "the magic of another file read as a big-endian word",
            TAIL,
            b"4QHK",
        ),
        magic("last-byte-zero", 2, "the last byte is 0", b"KHQ\0"),
        magic("first-byte", 2, "only the first byte is wrong", b"LHQ4"),
        magic("last-byte", 2, "only the last byte is wrong", b"KHQ5"),
        magic("space", 2, "a space before the magic", b" KHQ"),
        version("0", "version 0", 0),
        version("1", "version 1, the retired symmetric block of 18 bytes: refused by name", 1),
        version("3", "a version of the future", 3),
        KHQ4.version("1-matrix", "version 1 over a matrix", MATRIX, 1),
        KHQ4.version(
            "1-empty",
            "version 1 over no values, where no block tells the two apart",
            EMPTY,
            1,
        ),
        version("258", "the low byte is 2: the version is four bytes", 258),
        version("largest", "version 2^32 - 1", u32::MAX),
        version("big-endian", "version 2 in big-endian order", 2u32.swap_bytes()),
        KHQ4.big_endian("header", "every field of the header in big-endian order", VECTOR, 32),
        KHQ4.big_endian(
            "header-of-70",
            "every field of the header in big-endian order, 70 values",
            TAIL,
            70,
        ),
        KHQ4.refusal(
            "big-endian-shape-and-length",
            "KHQ4-H4",
            3,
            "shape and original_len both in big-endian order, so that they agree",
            VECTOR,
            vec![
                fault("shape[0]", overwrite(SHAPE, &32u64.to_be_bytes())),
                repair("original_len", overwrite(COUNT_1D, &32u64.to_be_bytes())),
            ],
        ),
    ]
}

/// KHQ4-H3: announced dimensions that are not there (classes 9 and 10).
fn dimensions() -> Vec<Draft> {
    let mut drafts = vec![
        KHQ4.ndim(
            "largest",
            9,
            "2^32 - 1 dimensions: 32 GiB of shape in a file of 48 bytes",
            VECTOR,
            u32::MAX,
        ),
        KHQ4.ndim("half", 9, "2^31 dimensions", VECTOR, 1 << 31),
        KHQ4.ndim(
            "wraps-32-to-8",
            9,
            "2^29 + 1 dimensions: 8 ndim is 8 in 32 bits",
            VECTOR,
            (1 << 29) + 1,
        ),
        KHQ4.ndim("wraps-32-to-0", 9, "2^29 dimensions: 8 ndim is 0 in 32 bits", SCALAR, 1 << 29),
        KHQ4.ndim("million", 10, "2^20 dimensions in a file of 48 bytes", VECTOR, 1 << 20),
        KHQ4.ndim("seven", 10, "7 dimensions: 56 bytes in a file of 48", VECTOR, 7),
        KHQ4.ndim(
            "five",
            10,
            "5 dimensions: the payload would be read as shape, and the file ends",
            VECTOR,
            5,
        ),
    ];
    for (ndim, kept) in [(2u32, 28), (3, 36), (6, 60), (9, 84)] {
        let note = format!("{ndim} dimensions are there, original_len is not");
        drafts.push(KHQ4.refusal(
            format!("ndim-{ndim}-without-length"),
            "KHQ4-H4",
            10,
            note,
            LONG,
            vec![
                announced(ndim),
                repair("shape", overwrite(SHAPE, &vec![1; kept - SHAPE as usize])),
                repair("length", truncate(kept as u64)),
            ],
        ));
    }
    for (id, ndim) in [("two", 2u32), ("three", 3), ("thousand", 1000), ("all", u32::MAX)] {
        let note = format!("{ndim} dimensions where there is room for one, over no values");
        drafts.push(KHQ4.ndim(&format!("{id}-over-empty"), 10, note, EMPTY, ndim));
    }
    for ndim in [4u32, 64, 1000] {
        let note = format!("{ndim} dimensions in a file that ends with the first");
        drafts.push(KHQ4.refusal(
            format!("ndim-{ndim}-cut-after-one"),
            "KHQ4-H3",
            10,
            note,
            VECTOR,
            vec![announced(ndim), repair("length", truncate(20))],
        ));
    }
    drafts
}

/// KHQ4-H5: the product of the shape is not original_len (classes 21 to 23).
fn mismatches() -> Vec<Draft> {
    let length = |id: &str, note: &str, class, control, at, len, payload: Change| {
        let edits = KHQ4.counted(at, len, payload);
        KHQ4.refusal(format!("length-{id}"), "KHQ4-H5", class, note, control, edits)
    };
    vec![
        KHQ4.size("one-more", 23, "shape [33] over 32 values", VECTOR, SHAPE, 33),
        KHQ4.size("one-less", 23, "shape [31] over 32 values", VECTOR, SHAPE, 31),
        KHQ4.size(
            "double",
            23,
            "shape [64] over 32 values: a consumer would read past the blocks",
            VECTOR,
            SHAPE,
            64,
        ),
        KHQ4.size("zero", 21, "shape [0] over 32 values", VECTOR, SHAPE, 0),
        KHQ4.size("rows-double", 23, "shape [4, 16] over 32 values", MATRIX, SHAPE, 4),
        KHQ4.size("columns-half", 23, "shape [2, 8] over 32 values", MATRIX, SHAPE + 8, 8),
        KHQ4.size("columns-zero", 21, "shape [2, 0] over 32 values", MATRIX, SHAPE + 8, 0),
        KHQ4.size(
            "within-the-tail",
            23,
            "shape [71] over 70 values: the same three blocks",
            TAIL,
            SHAPE,
            71,
        ),
        KHQ4.size(
            "padded-tail",
            23,
            "shape [96] over 70 values: the padding taken for values",
            TAIL,
            SHAPE,
            96,
        ),
        KHQ4.size(
            "three-inner",
            23,
            "shape [2, 4, 7] over 42 values",
            "load/accept-3d-2x3x7",
            SHAPE + 8,
            4,
        ),
        KHQ4.size(
            "four-outer",
            23,
            "shape [3, 2, 2, 4] over 32 values",
            "load/accept-4d-2x2x2x4",
            SHAPE,
            3,
        ),
        KHQ4.size(
            "four-inner",
            23,
            "shape [2, 3, 5, 6] over 210 values",
            "load/accept-4d-2x3x5x7",
            SHAPE + 24,
            6,
        ),
        KHQ4.size("one-for-none", 21, "shape [1] over no value", EMPTY, SHAPE, 1),
        length(
            "larger-with-payload",
            "original_len 64 and its blocks under shape [32]",
            23,
            VECTOR,
            COUNT_1D,
            64,
            one_more_block(),
        ),
        length(
            "smaller-with-payload",
            "original_len 32 and its block under shape [70]",
            23,
            TAIL,
            COUNT_1D,
            32,
            truncate(48),
        ),
        length(
            "none-without-payload",
            "original_len 0 and no payload under shape [32]",
            23,
            VECTOR,
            COUNT_1D,
            0,
            truncate(28),
        ),
        length(
            "matrix-larger",
            "original_len 64 and its blocks under shape [2, 16]",
            23,
            MATRIX,
            COUNT_1D + 8,
            64,
            one_more_block(),
        ),
        length(
            "scalar-none",
            "original_len 0 and no payload under shape []",
            22,
            SCALAR,
            SHAPE,
            0,
            truncate(20),
        ),
        length(
            "scalar-larger",
            "original_len 33 and its blocks under shape []",
            22,
            SCALAR,
            SHAPE,
            33,
            one_more_block(),
        ),
        length(
            "empty-larger",
            "original_len 32 and its block under shape [0]",
            21,
            EMPTY,
            COUNT_1D,
            32,
            one_more_block(),
        ),
        KHQ4.refusal(
            "length-within-block",
            "KHQ4-H5",
            23,
            "original_len 31 over the same block, shape [32]",
            VECTOR,
            vec![fault("original_len", number(COUNT_1D, 31))],
        ),
        KHQ4.refusal(
            "scalar-two",
            "KHQ4-H5",
            22,
            "original_len 2 over the same block, shape []",
            SCALAR,
            vec![fault("original_len", number(SHAPE, 2))],
        ),
    ]
}

/// KHQ4-P7 (class 24).
fn expected_shapes() -> Vec<Draft> {
    let other = |id, shape: &[u64]| KHQ4.expecting_other(id, MATRIX, shape, &[2, 16]);
    let three = "load/accept-3d-2x3x7";
    vec![
        other("expected-transposed", &[16, 2]),
        KHQ4.expecting_other("expected-transposed-three", three, &[7, 3, 2], &[2, 3, 7]),
        other("expected-flat", &[32]),
        other("expected-with-a-one", &[2, 16, 1]),
        other("expected-larger", &[4, 16]),
        other("expected-smaller", &[1, 16]),
        other("expected-prefix", &[2]),
        other("expected-none", &[]),
        KHQ4.expecting_other("expected-matrix-for-scalar", SCALAR, &[1], &[]),
    ]
}
