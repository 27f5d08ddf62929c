//! Products: exact ones of a single value, sums judged by their bound, rows and vectors of every number,
//! widths that are not whole blocks.

use super::{Draft, block, plain_payload, ramp};
use crate::suite::floats::Floats;
use crate::suite::hex::Bytes;
use crate::suite::operation::FormatId;
use crate::suite::question::{Matmul, Question};
use crate::suite::random::SplitMix64;

/// The control of what may be refused.
const CONTROL: &str = "matmul/rows-4-columns-64";

/// A draft of a product whose blocks are all plain.
struct Product {
    rows: u64,
    columns: u64,
    vectors: u64,
}

impl Product {
    fn weights(&self) -> u64 {
        self.rows * self.columns
    }

    fn x(&self, seed: u64) -> Vec<f32> {
        let mut dice = SplitMix64::new(seed);
        (0..self.vectors * self.columns).map(|_| dice.signed_unit()).collect()
    }

    fn input(&self, blocks: Vec<u8>, x: &[f32]) -> Question {
        let Self { rows, columns, vectors } = *self;
        let (blocks, x) = (Bytes(blocks), Floats::of(x));
        Question::Matmul(Matmul { format: FormatId::KHQ4, rows, columns, vectors, blocks, x })
    }

    fn plain(&self, seed: u64) -> Question {
        self.input(plain_payload(self.weights()), &self.x(seed))
    }
}

fn draft(id: &str, clause: &str, class: u8, note: &str, input: Question) -> Draft {
    Draft::new(format!("matmul/{id}"), clause, note, input).class(class)
}

pub(super) fn cases() -> Vec<Draft> {
    [single(), sizes(), sums(), vectors(), widths(), extents()].concat()
}

/// DOT-2: one value, which every kernel must give exactly.
fn single() -> Vec<Draft> {
    let of = |rows: u64, columns: u64, at: usize, x: f32| {
        let product = Product { rows, columns, vectors: 1 };
        let mut vector = vec![0.0; columns as usize];
        vector[at] = x;
        product.input(plain_payload(product.weights()), &vector)
    };
    let one = |at: usize, class: u8, x: f32| {
        let note = format!("x[{at}] is {x}, all others are 0");
        let sign = if x < 0.0 { "-negative" } else { "" };
        let id = format!("single-{at:03}{sign}-{}", x.abs());
        draft(&id.replace('.', "p"), "DOT-2", class, &note, of(4, 128, at, x))
    };
    let mut drafts = vec![
        one(0, 42, 1.0),
        one(1, 42, 1.0),
        one(15, 42, 1.0),
        one(16, 42, 2.0),
        one(17, 42, 0.5),
        one(31, 42, 1.0),
        one(32, 11, 1.0),
        one(63, 11, -1.0),
        one(64, 53, 4.0),
        one(96, 51, 1.0),
        one(127, 51, -0.25),
        one(100, 46, 1024.0),
    ];
    drafts.push(draft(
        "single-last-row",
        "DOT-2",
        50,
        "nine rows: the last is behind a tile of eight",
        of(9, 32, 3, 1.0),
    ));
    drafts.push(draft(
        "single-one-row",
        "DOT-2",
        50,
        "one row, fewer than any tile has",
        of(1, 64, 40, 1.0),
    ));
    drafts
}

/// DOT-3: rows that are not whole tiles, and rows of one block to many.
fn sizes() -> Vec<Draft> {
    let sizes: [(u64, u64, u8); 17] = [
        (1, 32, 50),
        (2, 32, 50),
        (3, 32, 50),
        (4, 64, 50),
        (5, 32, 50),
        (7, 64, 50),
        (8, 32, 50),
        (9, 32, 50),
        (15, 32, 50),
        (16, 64, 50),
        (17, 32, 50),
        (31, 32, 50),
        (33, 32, 50),
        (65, 32, 50),
        (2, 256, 51),
        (3, 512, 51),
        (1, 1024, 51),
    ];
    let plain = |(rows, columns, class): (u64, u64, u8)| {
        let input = Product { rows, columns, vectors: 1 }.plain(rows * 1000 + columns);
        let note = format!("{rows} rows of {columns} columns");
        draft(&format!("rows-{rows}-columns-{columns}"), "DOT-3", class, &note, input)
    };
    let mut drafts: Vec<Draft> = sizes.into_iter().map(plain).collect();
    for rows in [2049u64, 2100] {
        let product = Product { rows, columns: 32, vectors: 1 };
        let mut vector = vec![0.0; 32];
        vector[5] = 1.0;
        let note = format!("{rows} rows: those behind 65536 weights are unlike the first");
        let other = block(0x4000, 0x4900, |place| 15 - place as u8 % 16);
        let blocks = [plain_payload(1 << 16), other.repeat(rows as usize - 2048)].concat();
        let input = product.input(blocks, &vector);
        drafts.push(draft(&format!("rows-{rows}"), "DOT-3", 52, &note, input));
    }
    drafts.push(draft(
        "rows-none",
        "DOT-3",
        50,
        "no rows: no values",
        Product { rows: 0, columns: 32, vectors: 1 }.plain(1),
    ));
    drafts
}

/// DOT-1: sums in which something that is small elsewhere is large.
fn sums() -> Vec<Draft> {
    let one_row = |columns: u64, blocks: Vec<u8>, x: Vec<f32>| {
        Product { rows: 1, columns, vectors: 1 }.input(blocks, &x)
    };
    let ones = |count: usize| vec![1.0f32; count];
    // Rows of ramps under these scales and biases, times ones.
    let ramps = |metadata: &[(u16, u16)]| {
        let blocks = metadata.iter().flat_map(|&(scale, bias)| block(scale, bias, ramp)).collect();
        one_row(32 * metadata.len() as u64, blocks, ones(32 * metadata.len()))
    };
    let alternating = |count: usize| {
        (0..count).map(|at| if at % 2 == 0 { 1.0 } else { -1.0 }).collect::<Vec<f32>>()
    };
    let mut drafts = vec![
        draft(
            "bias-only",
            "DOT-1",
            53,
            "all nibbles are 0: the sum is that of the bias",
            one_row(64, block(0x2c00, 0x4900, |_| 0).repeat(2), ones(64)),
        ),
        draft(
            "bias-large",
            "DOT-1",
            53,
            "a bias a thousand times the scale",
            ramps(&[(0x1400, 0x5c00); 2]),
        ),
        draft(
            "bias-differs",
            "DOT-1",
            53,
            "each block has another bias",
            ramps(&[(0x2c00, 0x3c00), (0x2c00, 0x4800), (0x2c00, 0xc500)]),
        ),
        draft(
            "scale-differs",
            "DOT-1",
            11,
            "each block has another scale",
            ramps(&[(0x2c00, 0xbc00), (0x4000, 0xbc00), (0x3400, 0xbc00)]),
        ),
        draft(
            "cancelling",
            "DOT-1",
            53,
            "S q and B cancel in every weight",
            one_row(
                64,
                block(0x3c00, 0xc800, |_| 8).repeat(2),
                (0..64).map(|at| at as f32 / 8.0).collect(),
            ),
        ),
        draft(
            "alternating-x",
            "DOT-1",
            53,
            "the terms of the bias cancel, those of the nibbles do not",
            one_row(64, block(0x3000, 0x4d00, ramp).repeat(2), alternating(64)),
        ),
        draft(
            "x-of-many-digits",
            "DOT-1",
            46,
            "values of x that f16 cannot hold",
            one_row(64, plain_payload(64), (0..64).map(|at| 1.0 + at as f32 / 4099.0).collect()),
        ),
        draft(
            "x-beyond-f16",
            "DOT-1",
            46,
            "values of x that overflow f16",
            one_row(32, plain_payload(32), (0..32).map(|at| 70000.0 + at as f32).collect()),
        ),
        draft(
            "many-small-terms",
            "DOT-1",
            44,
            "1024 terms of one sign: a sum in f16 stops growing",
            ramps(&[(0x2c00, 0x3c00); 32]),
        ),
        draft(
            "large-then-small",
            "DOT-1",
            44,
            "a large first block, small ones behind it",
            ramps(&[(0x4400, 0x5c00), (0x1c00, 0x2000), (0x1c00, 0x2000), (0x1c00, 0x2000)]),
        ),
        draft(
            "subnormal-scale",
            "DOT-1",
            32,
            "scale 2^-24, bias -2^-20: widened without a flush",
            ramps(&[(0x0001, 0x8010)]),
        ),
        draft("largest", "DOT-1", 32, "scale and bias of 65504", ramps(&[(0x7bff, 0xfbff)])),
        draft(
            "high-nibbles",
            "DOT-1",
            42,
            "15 in every high half, 0 in every low one, x of even places only",
            one_row(32, block(0x3c00, 0x3c00, |at| if at % 2 == 1 { 15 } else { 0 }), {
                (0..32).map(|at| if at % 2 == 0 { 1.0 } else { 0.0 }).collect()
            }),
        ),
        draft(
            "halves-of-the-block",
            "DOT-1",
            42,
            "0 in the first sixteen weights, 15 in the others, x of the first only",
            one_row(32, block(0x3c00, 0x3c00, |at| if at < 16 { 0 } else { 15 }), {
                (0..32).map(|at| if at < 16 { 1.0 } else { 0.0 }).collect()
            }),
        ),
        draft(
            "asymmetric-blocks",
            "DOT-1",
            41,
            "bias is nowhere near -8 times the scale",
            ramps(&[(0x2e66, 0x4266); 2]),
        ),
        draft(
            "symmetric-blocks",
            "DOT-1",
            41,
            "bias is -8 times the scale, but for its rounding",
            ramps(&[(0x2e66, 0xba66); 2]),
        ),
    ];
    drafts.push(
        draft(
            "scale-negative",
            "DOT-6",
            54,
            "a scale below zero, its sign kept: or refused by a kernel of positive scales",
            ramps(&[(0xb800, 0x3c00)]),
        )
        .control(CONTROL),
    );
    drafts.push(
        draft(
            "scale-negative-second",
            "DOT-6",
            54,
            "the second block's scale is below zero",
            ramps(&[(0x3800, 0x3c00), (0xb400, 0x3c00)]),
        )
        .control(CONTROL),
    );
    drafts
}

/// DOT-3: several vectors, each for itself.
fn vectors() -> Vec<Draft> {
    let of = |rows: u64, columns: u64, vectors: u64| {
        let note = format!("{vectors} vectors, {rows} rows of {columns}");
        let input = Product { rows, columns, vectors }.plain(vectors);
        draft(
            &format!("vectors-{vectors}-rows-{rows}-columns-{columns}"),
            "DOT-3",
            52,
            &note,
            input,
        )
    };
    let mut zeros_first = vec![0.0f32; 64];
    zeros_first.extend((0..64).map(|at| 1.0 + at as f32));
    let product = Product { rows: 3, columns: 64, vectors: 2 };
    let after_zeros = product.input(plain_payload(product.weights()), &zeros_first);
    vec![
        of(3, 32, 2),
        of(5, 64, 3),
        of(9, 32, 8),
        of(4, 96, 7),
        of(1, 32, 16),
        of(16, 32, 5),
        draft("vector-after-zeros", "DOT-3", 34, "the first vector is zero", after_zeros),
        draft(
            "vectors-none",
            "DOT-3",
            52,
            "no vectors: no values",
            Product { rows: 3, columns: 32, vectors: 0 }.plain(1),
        ),
    ]
}

/// DOT-4: rows that begin inside blocks.
fn widths() -> Vec<Draft> {
    let of = |rows: u64, columns: u64| {
        let note = format!("{rows} rows of {columns}: computed over the flat blocks, or refused");
        let input = Product { rows, columns, vectors: 1 }.plain(columns);
        draft(&format!("width-{columns}-rows-{rows}"), "DOT-4", 51, &note, input).control(CONTROL)
    };
    vec![of(3, 33), of(4, 48), of(2, 31), of(5, 16), of(3, 100), of(1, 33), of(2, 65), of(32, 1)]
}

/// DOT-5 and DOT-6.
fn extents() -> Vec<Draft> {
    let refused = |id: &str, clause: &str, class: u8, note: &str, input: Question| {
        draft(id, clause, class, note, input).should().control(CONTROL)
    };
    let product = Product { rows: 2, columns: 64, vectors: 1 };
    let (blocks, x) = (plain_payload(128), product.x(5));
    let with = |at: usize, bits: u16| {
        let mut blocks = blocks.clone();
        blocks[at..at + 2].copy_from_slice(&bits.to_le_bytes());
        product.input(blocks, &x)
    };
    let huge = Product { rows: 1 << 62, columns: 32, vectors: 1 };
    vec![
        refused(
            "block-missing",
            "DOT-5",
            35,
            "three blocks of four",
            product.input(blocks[..60].to_vec(), &x),
        ),
        refused("block-too-many", "DOT-5", 35, "five blocks for four", {
            product.input(plain_payload(160), &x)
        }),
        refused(
            "byte-missing",
            "DOT-5",
            35,
            "79 bytes of 80",
            product.input(blocks[..79].to_vec(), &x),
        ),
        refused(
            "x-short",
            "DOT-5",
            35,
            "63 values for 64 columns",
            product.input(blocks.clone(), &x[..63]),
        ),
        refused("x-long", "DOT-5", 35, "two vectors where one is announced", {
            product.input(blocks.clone(), &[&x[..], &x[..]].concat())
        }),
        refused(
            "rows-2p62",
            "DOT-5",
            13,
            "2^62 rows of 32: 2^67 weights",
            huge.input(blocks.clone(), &x[..32]),
        ),
        refused("scale-nan", "DOT-6", 29, "a scale that is NaN", with(20, 0x7e00)),
        refused("scale-zero", "DOT-6", 29, "a scale of zero", with(0, 0)),
        refused("bias-infinite", "DOT-6", 30, "an infinite bias", with(62, 0x7c00)),
    ]
}
