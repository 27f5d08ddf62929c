//! Smaller products and rotations.

use super::blocks::{of_bits, plainer};
use super::parts;
use crate::suite::exact::blocks::Layout;
use crate::suite::floats::Floats;
use crate::suite::hex::Bytes;
use crate::suite::question::{Matmul, Question, Rotate, Side};

/// Values that are zeroed one by one.
const FEW: usize = 64;

pub(super) fn of_product(matmul: &Matmul) -> Vec<Question> {
    let layout = Layout::named(matmul.format);
    let Some(x) = matmul.x.singles() else { return Vec::new() };
    let [rows, columns, vectors] =
        [matmul.rows, matmul.columns, matmul.vectors].map(|size| size as usize);
    let width = columns / 32;
    let mut candidates = Vec::new();
    let ask = |rows: usize, columns: usize, vectors: usize, blocks: Vec<u8>, x: &[f32]| {
        Question::Matmul(Matmul {
            rows: rows as u64,
            columns: columns as u64,
            vectors: vectors as u64,
            blocks: Bytes(blocks),
            x: Floats::of(x),
            ..matmul.clone()
        })
    };
    let payload = &matmul.blocks.0;
    let whole = columns.is_multiple_of(32)
        && payload.len() == rows * width * layout.bytes
        && x.len() == columns * vectors;
    if whole {
        let row = width * layout.bytes;
        for kept in parts(rows) {
            let blocks = payload[kept.start * row..kept.end * row].to_vec();
            candidates.push(ask(kept.len(), columns, vectors, blocks, &x));
        }
        for kept in parts(vectors) {
            let x = &x[kept.start * columns..kept.end * columns];
            candidates.push(ask(rows, columns, kept.len(), payload.clone(), x));
        }
        for kept in parts(width) {
            let of_row = |row_bytes: &[u8]| {
                row_bytes[kept.start * layout.bytes..kept.end * layout.bytes].to_vec()
            };
            let blocks: Vec<u8> = payload.chunks_exact(row).flat_map(of_row).collect();
            let of_vector = |x: &[f32]| x[kept.start * 32..kept.end * 32].to_vec();
            let x: Vec<f32> = x.chunks_exact(columns).flat_map(of_vector).collect();
            candidates.push(ask(rows, kept.len() * 32, vectors, blocks, &x));
        }
    }
    if !whole {
        // Whatever is missing or too much at the end stays so.
        let row = (columns * layout.bytes).div_ceil(32);
        if rows > 1 && columns.is_multiple_of(32) && payload.len() > row {
            candidates.push(ask(rows - 1, columns, vectors, payload[row..].to_vec(), &x));
        }
        if vectors > 1 && x.len() > columns {
            candidates.push(ask(rows, columns, vectors - 1, payload.clone(), &x[columns..]));
        }
    }
    for payload in plainer(&layout, payload) {
        candidates.push(ask(rows, columns, vectors, payload, &x));
    }
    for x in zeroed(&x) {
        candidates.push(ask(rows, columns, vectors, payload.clone(), &x));
    }
    candidates
}

/// The values with parts, or with one of few, as zeros or as ones.
fn zeroed(x: &[f32]) -> Vec<Vec<f32>> {
    let mut all = Vec::new();
    let mut with = |at: std::ops::Range<usize>, value: f32| {
        let mut other = x.to_vec();
        other[at].fill(value);
        all.push(other);
    };
    for part in parts(x.len()) {
        with(part, 0.0);
    }
    if x.iter().filter(|value| value.to_bits() != 0).count() <= FEW {
        for (at, value) in x.iter().enumerate().filter(|(_, value)| value.to_bits() != 0) {
            with(at..at + 1, 0.0);
            if *value != 1.0 {
                with(at..at + 1, 1.0);
            }
        }
    }
    all
}

pub(super) fn of_rotation(rotate: &Rotate) -> Vec<Question> {
    let mut candidates = Vec::new();
    let ask = |other: Rotate| Question::Rotate(other);
    let (float, bits) = (rotate.values.float(), rotate.values.bits());
    let (rows, columns) = (rotate.rows as usize, rotate.columns as usize);
    if rotate.gamma.is_some() {
        candidates.push(ask(Rotate { gamma: None, ..rotate.clone() }));
    }
    if rotate.block.is_some() {
        candidates.push(ask(Rotate { block: None, ..rotate.clone() }));
    }
    if rotate.inverse {
        candidates.push(ask(Rotate { inverse: false, ..rotate.clone() }));
    }
    let seeds = [0, 1, 7, rotate.seed & rotate.seed.wrapping_sub(1)];
    for seed in seeds.into_iter().filter(|seed| *seed < rotate.seed) {
        candidates.push(ask(Rotate { seed, ..rotate.clone() }));
    }
    if bits.len() != rows * columns || bits.is_empty() {
        return candidates;
    }
    let with = |rows: usize, columns: usize, bits: Vec<u64>, gamma: Option<Floats>| {
        let (values, rows, columns) = (of_bits(float, bits), rows as u64, columns as u64);
        ask(Rotate { rows, columns, values, gamma, ..rotate.clone() })
    };
    for kept in parts(rows) {
        let bits = bits[kept.start * columns..kept.end * columns].to_vec();
        candidates.push(with(kept.len(), columns, bits, rotate.gamma.clone()));
    }
    for kept in parts(columns) {
        let of_row = |row: &[u64]| row[kept.clone()].to_vec();
        let kept_bits = bits.chunks_exact(columns).flat_map(of_row).collect();
        let gamma = rotate.gamma.as_ref().map(|gamma| {
            let bits = gamma.bits();
            of_bits(float, bits.get(kept.clone()).unwrap_or(&bits).to_vec())
        });
        candidates.push(with(rows, kept.len(), kept_bits, gamma));
    }
    let run = if rotate.side == Side::Input { columns } else { rows };
    if bits.iter().filter(|bits| **bits != 0).count() <= FEW || run <= FEW {
        for part in parts(bits.len()) {
            let mut other = bits.clone();
            other[part].fill(0);
            candidates.push(with(rows, columns, other, rotate.gamma.clone()));
        }
        for at in (0..bits.len()).filter(|&at| bits[at] != 0).take(FEW) {
            let mut other = bits.clone();
            other[at] = 0;
            candidates.push(with(rows, columns, other, rotate.gamma.clone()));
        }
    }
    // What is zeroed twice is no smaller.
    candidates.retain(|candidate| candidate != &Question::Rotate(rotate.clone()));
    candidates
}
