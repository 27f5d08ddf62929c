//! Products of every remainder of a tile: rows, columns and vectors around the sizes of tiles, and the largest.

use super::content::{format, payload};
use crate::suite::floats::Floats;
use crate::suite::hex::Bytes;
use crate::suite::question::{Matmul, Question};
use crate::suite::random::SplitMix64;

/// Around the tiles that kernels have.
const AROUND: [u64; 23] =
    [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 96, 127, 128, 129, 257];

/// Blocks of a row.
const WIDTHS: [u64; 24] =
    [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 96, 126, 127, 128];

/// Columns that are not whole blocks, which some refuse.
const RAGGED: [u64; 6] = [8, 33, 65, 129, 1000, 4095];

/// Weights: many rows of few columns, few rows of many columns, many vectors.
const LARGE: [(u64, u64, u64); 6] =
    [(8192, 32, 1), (32_768, 32, 1), (65_603, 8, 1), (2, 4128, 1), (256, 4096, 1), (33, 1024, 33)];

/// The sizes.
pub(super) fn sizes(of: &Matmul) -> Vec<Question> {
    let rows = AROUND.into_iter().map(|rows| (rows, 96, 1));
    let widths = WIDTHS.into_iter().map(|blocks| (3, 32 * blocks, 1));
    let ragged = RAGGED.into_iter().map(|columns| (5, columns, 2));
    let vectors = AROUND.into_iter().map(|vectors| (6, 64, vectors));
    let together = AROUND.into_iter().map(|size| (size, 32 * (1 + size % 5), 1 + size % 4));
    // The remainders of a tile's two sides together.
    let corners = (1..=9).flat_map(|rows| (1..=9).map(move |vectors| (rows, 32, vectors)));
    rows.chain(widths)
        .chain(corners)
        .chain(ragged)
        .chain(vectors)
        .chain(together)
        .chain(LARGE)
        .map(|(rows, columns, vectors)| product(of, rows, columns, vectors))
        .chain(exponents(of))
        .chain([alike(of)])
        .collect()
}

/// Vectors each of which differs from the one before in one value: the last, or one in the second block.
fn alike(of: &Matmul) -> Question {
    let Question::Matmul(mut product) = product(of, 3, 96, 1) else { unreachable!("a product") };
    let first = product.x.singles().expect("f32");
    product.vectors = 9;
    let vector = |number: usize| {
        let mut x = first.clone();
        for step in 1..=number {
            x[if step % 2 == 0 { 40 } else { 95 }] += 1.0;
        }
        x
    };
    let all: Vec<f32> = (0..9).flat_map(vector).collect();
    product.x = Floats::of(&all);
    Question::Matmul(product)
}

/// A value of x of every third exponent that DOT-1 takes, alone in its vector, and a second vector with -1.
fn exponents(of: &Matmul) -> impl Iterator<Item = Question> {
    (-90..90).step_by(3).map(move |exponent| {
        let blocks = payload(format(of.format), 3 * 2);
        let value = 1.5 * 2f32.powi(exponent);
        let alone = (0..64).map(|at| if at == 37 { value } else { 0.0 });
        let other = (0..64).map(|at| if at == 5 { -1.0 } else { 0.0 });
        let x: Vec<f32> = alone.chain(other).collect();
        let (blocks, x) = (Bytes(blocks), Floats::of(&x));
        Question::Matmul(Matmul { rows: 3, columns: 64, vectors: 2, blocks, x, ..of.clone() })
    })
}

/// A product of plain blocks and drawn vectors.
fn product(of: &Matmul, rows: u64, columns: u64, vectors: u64) -> Question {
    let blocks = payload(format(of.format), (rows * columns).div_ceil(32) as usize);
    let mut dice = SplitMix64::new(rows << 40 | columns << 20 | vectors);
    let x: Vec<f32> = (0..columns * vectors).map(|_| dice.signed_unit()).collect();
    let (blocks, x) = (Bytes(blocks), Floats::of(&x));
    Question::Matmul(Matmul { rows, columns, vectors, blocks, x, ..of.clone() })
}
