//! ggml's Q5_0 and Q5_1 by the letter of SPEC Q50 and Q51, exactly.

use super::decode_only::DecodeOnly;
use super::khq4::half;
use super::rounded::{from_units, product};
use super::{BlockField, Geometry, half_bits_at, listed, nibble};
use crate::suite::operation::FormatId;

impl FormatId {
    /// ggml's Q5_0.
    pub const Q5_0: Self = Self::new("q5_0");

    /// ggml's Q5_1.
    pub const Q5_1: Self = Self::new("q5_1");
}

/// ggml's Q5_0.
pub const Q5_0: DecodeOnly = DecodeOnly {
    id: FormatId::Q5_0,
    title: "ggml's Q5_0",
    clauses: ["Q50-1", "Q50-2"],
    geometry: Geometry { weights: 32, bytes: 22 },
    fields: |block| fields(block, &["scale"]),
    weights: |block| {
        codes(block, 2).map(|code| product(code - 16, half_bits_at(block, 0))).collect()
    },
};

/// ggml's Q5_1.
pub const Q5_1: DecodeOnly = DecodeOnly {
    id: FormatId::Q5_1,
    title: "ggml's Q5_1",
    clauses: ["Q51-1", "Q51-2"],
    geometry: Geometry { weights: 32, bytes: 24 },
    fields: |block| fields(block, &["scale", "minimum"]),
    weights: |block| {
        let [scale, minimum] = [0, 2].map(|at| half_bits_at(block, at));
        let (step, least) = (half(scale)?, half(minimum)?);
        // A sum of zeros is -0 where both are; what cancels gives +0.
        let weight = |code: i64| {
            let product_is_negative = scale >= 0x8000;
            let both = product_is_negative && minimum >= 0x8000;
            from_units(code * step + least, both && code * step == 0)
        };
        Some(codes(block, 4).map(weight).collect())
    },
};

/// The codes of a block whose fifth bits begin at a byte (Q50-1).
fn codes(block: &[u8], at: usize) -> impl Iterator<Item = i64> {
    (0..32).map(move |index| {
        let fifth = block[at + index / 8] >> (index % 8) & 1;
        i64::from(nibble(&block[at + 4..], index % 16, index / 16)) + 16 * i64::from(fifth)
    })
}

fn fields(block: &[u8], numbers: &[&'static str]) -> Vec<BlockField> {
    let number = |(index, &name): (usize, &&'static str)| {
        BlockField::half(name, 2 * index, half_bits_at(block, 2 * index))
    };
    let at = 2 * numbers.len();
    let codes = listed(codes(block, at));
    let codes = BlockField::codes("codes", at..at + 20, codes);
    numbers.iter().enumerate().map(number).chain([codes]).collect()
}
