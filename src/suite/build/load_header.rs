//! Load: files with one fault in the header, or with no file at all.
//!
//! Each is an accepted control and one edit, with the repairs of what depends on it, so that the
//! one guard under test is all that stands between the loader and a wrong tensor.

use super::load_accept::{EMPTY, LONG, MATRIX, SCALAR, TAIL, VECTOR, one_more_block};
use super::{Draft, fault, load, load_expecting, overwrite, patch, repair, truncate};
use crate::suite::case::{Change, Edit, Feature, File, Special};
use crate::suite::operation::FormatId;

/// Offsets in a file of one dimension.
pub(super) const NDIM: u64 = 8;
pub(super) const SHAPE: u64 = 12;
pub(super) const LEN_1D: u64 = 20;

pub(super) fn cases() -> Vec<Draft> {
    [lengths(), envelope(), dimensions(), mismatches(), expected_shapes(), specials()].concat()
}

pub(super) fn refusal(
    id: impl AsRef<str>,
    clause: &str,
    class: u8,
    note: impl Into<String>,
    control: &str,
    edits: Vec<Edit>,
) -> Draft {
    Draft::new(format!("load/{}", id.as_ref()), clause, note, patch(edits))
        .class(class)
        .control(control)
}

pub(super) fn u32_le(value: u32) -> [u8; 4] {
    value.to_le_bytes()
}

/// KHQ4-H4: every length from nothing to one byte before the header's end (class 1).
fn lengths() -> Vec<Draft> {
    (0..36)
        .map(|len| {
            let note = format!("the file ends after {len} of the header's 36 bytes");
            let clause = match len {
                0..4 => "KHQ4-H1",
                4..8 => "KHQ4-H2",
                8..28 => "KHQ4-H3",
                _ => "KHQ4-H4",
            };
            refusal(
                format!("header-cut-{len:02}"),
                clause,
                1,
                note,
                MATRIX,
                vec![fault("length", truncate(len))],
            )
        })
        .collect()
}

/// The KHF1 file of PROTOCOL: three values.
const KHF1_FILE: &[u8] =
    b"KHF1\x01\0\0\0\x01\0\0\0\x03\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\0\x3c\0\xb8\x01\0";

/// KHQ4-H1 and H2 (classes 2 to 4).
fn envelope() -> Vec<Draft> {
    let magic = |id: &str, class: u8, note: &str, bytes: &[u8]| {
        refusal(
            format!("magic-{id}"),
            "KHQ4-H1",
            class,
            note,
            VECTOR,
            vec![fault("magic", overwrite(0, bytes))],
        )
    };
    let version = |id: &str, note: &str, bytes: [u8; 4]| {
        refusal(
            format!("version-{id}"),
            "KHQ4-H2",
            4,
            note,
            VECTOR,
            vec![fault("version", overwrite(4, &bytes))],
        )
    };
    let big_endian = |id: &str, note: &str, control: &str, len: u64, version: u32| {
        refusal(
            format!("big-endian-{id}"),
            "KHQ4-H2",
            3,
            note,
            control,
            vec![
                fault("version", overwrite(4, &version.to_be_bytes())),
                fault("ndim", overwrite(NDIM, &1u32.to_be_bytes())),
                fault("shape[0]", overwrite(SHAPE, &len.to_be_bytes())),
                fault("original_len", overwrite(LEN_1D, &len.to_be_bytes())),
            ],
        )
    };

    vec![
        magic("zero", 2, "four zero bytes", &[0; 4]),
        magic("khf1", 2, "the magic of an f16 file", b"KHF1"),
        magic("gguf", 2, "the magic of GGUF", b"GGUF"),
        magic("zip", 2, "the magic of a ZIP archive", b"PK\x03\x04"),
        refusal(
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
        refusal(
            "magic-byte-swapped-tail",
            "KHQ4-H1",
            3,
            "the magic of another file read as a big-endian word",
            TAIL,
            vec![fault("magic", overwrite(0, b"4QHK"))],
        ),
        magic("last-byte-zero", 2, "the last byte is 0", b"KHQ\0"),
        magic("first-byte", 2, "only the first byte is wrong", b"LHQ4"),
        magic("last-byte", 2, "only the last byte is wrong", b"KHQ5"),
        magic("space", 2, "a space before the magic", b" KHQ"),
        version("0", "version 0", u32_le(0)),
        version(
            "1",
            "version 1, the retired symmetric block of 18 bytes: refused by name",
            u32_le(1),
        ),
        version("3", "a version of the future", u32_le(3)),
        refusal(
            "version-1-matrix",
            "KHQ4-H2",
            4,
            "version 1 over a matrix",
            MATRIX,
            vec![fault("version", overwrite(4, &u32_le(1)))],
        ),
        refusal(
            "version-1-empty",
            "KHQ4-H2",
            4,
            "version 1 over no values, where no block tells the two apart",
            EMPTY,
            vec![fault("version", overwrite(4, &u32_le(1)))],
        ),
        version("258", "the low byte is 2: the version is four bytes", u32_le(258)),
        version("largest", "version 2^32 - 1", u32_le(u32::MAX)),
        version("big-endian", "version 2 in big-endian order", 2u32.to_be_bytes()),
        big_endian("header", "every field of the header in big-endian order", VECTOR, 32, 2),
        big_endian(
            "header-of-70",
            "every field of the header in big-endian order, 70 values",
            TAIL,
            70,
            2,
        ),
        refusal(
            "big-endian-shape-and-length",
            "KHQ4-H4",
            3,
            "shape and original_len both in big-endian order, so that they agree",
            VECTOR,
            vec![
                fault("shape[0]", overwrite(SHAPE, &32u64.to_be_bytes())),
                repair("original_len", overwrite(LEN_1D, &32u64.to_be_bytes())),
            ],
        ),
    ]
}

/// KHQ4-H3: announced dimensions that are not there (classes 9 and 10).
fn dimensions() -> Vec<Draft> {
    let count = |id: &str, class: u8, note: &str, control: &str, ndim: u32| {
        refusal(
            format!("ndim-{id}"),
            "KHQ4-H3",
            class,
            note,
            control,
            vec![fault("ndim", overwrite(NDIM, &u32_le(ndim)))],
        )
    };
    let mut drafts = vec![
        count(
            "largest",
            9,
            "2^32 - 1 dimensions: 32 GiB of shape in a file of 48 bytes",
            VECTOR,
            u32::MAX,
        ),
        count("half", 9, "2^31 dimensions", VECTOR, 1 << 31),
        count(
            "wraps-32-to-8",
            9,
            "2^29 + 1 dimensions: 8 ndim is 8 in 32 bits",
            VECTOR,
            (1 << 29) + 1,
        ),
        count("wraps-32-to-0", 9, "2^29 dimensions: 8 ndim is 0 in 32 bits", SCALAR, 1 << 29),
        count("million", 10, "2^20 dimensions in a file of 48 bytes", VECTOR, 1 << 20),
        count("seven", 10, "7 dimensions: 56 bytes in a file of 48", VECTOR, 7),
        count(
            "five",
            10,
            "5 dimensions: the payload would be read as shape, and the file ends",
            VECTOR,
            5,
        ),
    ];
    for (ndim, kept) in [(2u32, 28), (3, 36), (6, 60), (9, 84)] {
        let note = format!("{ndim} dimensions are there, original_len is not");
        drafts.push(refusal(
            format!("ndim-{ndim}-without-length"),
            "KHQ4-H4",
            10,
            note,
            LONG,
            vec![
                fault("ndim", overwrite(NDIM, &u32_le(ndim))),
                repair("shape", overwrite(SHAPE, &vec![1; kept - SHAPE as usize])),
                repair("length", truncate(kept as u64)),
            ],
        ));
    }
    for (id, ndim) in [("two", 2u32), ("three", 3), ("thousand", 1000), ("all", u32::MAX)] {
        let note = format!("{ndim} dimensions where there is room for one, over no values");
        drafts.push(refusal(
            format!("ndim-{id}-over-empty"),
            "KHQ4-H3",
            10,
            note,
            EMPTY,
            vec![fault("ndim", overwrite(NDIM, &u32_le(ndim)))],
        ));
    }
    for ndim in [4u32, 64, 1000] {
        let note = format!("{ndim} dimensions in a file that ends with the first");
        drafts.push(refusal(
            format!("ndim-{ndim}-cut-after-one"),
            "KHQ4-H3",
            10,
            note,
            VECTOR,
            vec![fault("ndim", overwrite(NDIM, &u32_le(ndim))), repair("length", truncate(20))],
        ));
    }
    drafts
}

/// KHQ4-H5: the product of the shape is not original_len (classes 21 to 23).
fn mismatches() -> Vec<Draft> {
    let shape = |id: &str, note: &str, class: u8, control: &str, offset: u64, size: u64| {
        refusal(
            format!("shape-{id}"),
            "KHQ4-H5",
            class,
            note,
            control,
            vec![fault("shape", overwrite(offset, &size.to_le_bytes()))],
        )
    };
    let length =
        |id: &str, note: &str, class: u8, control: &str, offset: u64, len: u64, payload: Change| {
            refusal(
                format!("length-{id}"),
                "KHQ4-H5",
                class,
                note,
                control,
                vec![
                    fault("original_len", overwrite(offset, &len.to_le_bytes())),
                    repair("payload", payload),
                ],
            )
        };
    vec![
        shape("one-more", "shape [33] over 32 values", 23, VECTOR, SHAPE, 33),
        shape("one-less", "shape [31] over 32 values", 23, VECTOR, SHAPE, 31),
        shape(
            "double",
            "shape [64] over 32 values: a consumer would read past the blocks",
            23,
            VECTOR,
            SHAPE,
            64,
        ),
        shape("zero", "shape [0] over 32 values", 21, VECTOR, SHAPE, 0),
        shape("rows-double", "shape [4, 16] over 32 values", 23, MATRIX, SHAPE, 4),
        shape("columns-half", "shape [2, 8] over 32 values", 23, MATRIX, SHAPE + 8, 8),
        shape("columns-zero", "shape [2, 0] over 32 values", 21, MATRIX, SHAPE + 8, 0),
        shape(
            "within-the-tail",
            "shape [71] over 70 values: the same three blocks",
            23,
            TAIL,
            SHAPE,
            71,
        ),
        shape(
            "padded-tail",
            "shape [96] over 70 values: the padding taken for values",
            23,
            TAIL,
            SHAPE,
            96,
        ),
        shape(
            "three-inner",
            "shape [2, 4, 7] over 42 values",
            23,
            "load/accept-3d-2x3x7",
            SHAPE + 8,
            4,
        ),
        shape(
            "four-outer",
            "shape [3, 2, 2, 4] over 32 values",
            23,
            "load/accept-4d-2x2x2x4",
            SHAPE,
            3,
        ),
        shape(
            "four-inner",
            "shape [2, 3, 5, 6] over 210 values",
            23,
            "load/accept-4d-2x3x5x7",
            SHAPE + 24,
            6,
        ),
        shape("one-for-none", "shape [1] over no value", 21, EMPTY, SHAPE, 1),
        length(
            "larger-with-payload",
            "original_len 64 and its blocks under shape [32]",
            23,
            VECTOR,
            LEN_1D,
            64,
            one_more_block(),
        ),
        length(
            "smaller-with-payload",
            "original_len 32 and its block under shape [70]",
            23,
            TAIL,
            LEN_1D,
            32,
            truncate(48),
        ),
        length(
            "none-without-payload",
            "original_len 0 and no payload under shape [32]",
            23,
            VECTOR,
            LEN_1D,
            0,
            truncate(28),
        ),
        length(
            "matrix-larger",
            "original_len 64 and its blocks under shape [2, 16]",
            23,
            MATRIX,
            LEN_1D + 8,
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
            LEN_1D,
            32,
            one_more_block(),
        ),
        refusal(
            "length-within-block",
            "KHQ4-H5",
            23,
            "original_len 31 over the same block, shape [32]",
            VECTOR,
            vec![fault("original_len", overwrite(LEN_1D, &31u64.to_le_bytes()))],
        ),
        refusal(
            "scalar-two",
            "KHQ4-H5",
            22,
            "original_len 2 over the same block, shape []",
            SCALAR,
            vec![fault("original_len", overwrite(SHAPE, &2u64.to_le_bytes()))],
        ),
    ]
}

/// KHQ4-P7 (class 24).
fn expected_shapes() -> Vec<Draft> {
    let expected = |id: &str, note: &str, control: &str, shape: &[u64]| {
        let input = load_expecting(FormatId::KHQ4, File::Patch(Vec::new()), shape);
        Draft::new(format!("load/expected-{id}"), "KHQ4-P7", note, input)
            .class(24)
            .control(control)
            .requires(Feature::ExpectedShape)
    };
    vec![
        expected(
            "transposed",
            "the caller requires [16, 2], the file has [2, 16]",
            MATRIX,
            &[16, 2],
        ),
        expected(
            "transposed-three",
            "the caller requires [7, 3, 2], the file has [2, 3, 7]",
            "load/accept-3d-2x3x7",
            &[7, 3, 2],
        ),
        expected("flat", "the caller requires [32], the file has [2, 16]", MATRIX, &[32]),
        expected(
            "with-a-one",
            "the caller requires [2, 16, 1], the file has [2, 16]",
            MATRIX,
            &[2, 16, 1],
        ),
        expected("larger", "the caller requires [4, 16], the file has [2, 16]", MATRIX, &[4, 16]),
        expected("smaller", "the caller requires [1, 16], the file has [2, 16]", MATRIX, &[1, 16]),
        expected("prefix", "the caller requires [2], the file has [2, 16]", MATRIX, &[2]),
        expected("none", "the caller requires a scalar, the file has [2, 16]", MATRIX, &[]),
        expected(
            "matrix-for-scalar",
            "the caller requires [1], the file is a scalar",
            SCALAR,
            &[1],
        ),
    ]
}

/// KHQ4-A1 (classes 7 and 8): refused without hanging.
fn specials() -> Vec<Draft> {
    let special = |id: &str, class: u8, note: &str, special| {
        Draft::new(format!("load/{id}"), "KHQ4-A1", note, load(File::Special(special)))
            .class(class)
            .control(VECTOR)
    };
    vec![
        special("no-file", 8, "nothing lies at the path", Special::Missing),
        special(
            "dangling-symlink",
            8,
            "a symbolic link to nothing is no absent tensor",
            Special::DanglingSymlink,
        ),
        special("directory", 7, "a directory", Special::Directory),
        special(
            "symlink-to-directory",
            7,
            "a symbolic link to a directory",
            Special::SymlinkToDirectory,
        ),
        special("fifo", 7, "a FIFO without a writer: opening it must not hang", Special::Fifo),
        special("device", 7, "the null device, which reads as an empty file", Special::Device),
        special("socket", 7, "a socket", Special::Socket),
    ]
}
