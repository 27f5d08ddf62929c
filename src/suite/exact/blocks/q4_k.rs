//! ggml's Q4_K and Q5_K by the letter of SPEC Q4K and Q5K, exactly.

use super::decode_only::DecodeOnly;
use super::khq4::half;
use super::rounded::from_units;
use super::{BlockField, Geometry, half_bits_at, listed, nibble};
use crate::suite::operation::FormatId;

impl FormatId {
    /// ggml's Q4_K.
    pub const Q4_K: Self = Self::new("q4_k");

    /// ggml's Q5_K.
    pub const Q5_K: Self = Self::new("q5_k");
}

/// ggml's Q4_K.
pub const Q4_K: DecodeOnly = DecodeOnly {
    id: FormatId::Q4_K,
    title: "ggml's Q4_K",
    clauses: ["Q4K-1", "Q4K-2"],
    geometry: Geometry { weights: 256, bytes: 144 },
    fields: |block| fields(block, 4),
    weights: |block| weights(block, 4),
};

/// ggml's Q5_K.
pub const Q5_K: DecodeOnly = DecodeOnly {
    id: FormatId::Q5_K,
    title: "ggml's Q5_K",
    clauses: ["Q5K-1", "Q5K-2"],
    geometry: Geometry { weights: 256, bytes: 176 },
    fields: |block| fields(block, 5),
    weights: |block| weights(block, 5),
};

/// Scale and minimum of sub-block `j` (Q4K-1).
fn scale_and_minimum(block: &[u8], j: usize) -> [i64; 2] {
    let k = |index: usize| i64::from(block[4 + index]);
    if j < 4 {
        [k(j) % 64, k(j + 4) % 64]
    } else {
        [k(j + 4) % 16 + k(j - 4) / 64 * 16, k(j + 4) / 16 + k(j) / 64 * 16]
    }
}

/// The code of a weight (Q4K-1, Q5K-1), of so many bits.
fn code(block: &[u8], bits: usize, index: usize) -> i64 {
    let (j, i) = (index / 32, index % 32);
    let low = i64::from(nibble(&block[block.len() - 128..], j / 2 * 32 + i, j % 2));
    match bits {
        5 => low + 16 * (i64::from(block[16 + i]) >> j & 1),
        _ => low,
    }
}

/// f32 bits of a block's weights (Q4K-2).
fn weights(block: &[u8], bits: usize) -> Option<Vec<u32>> {
    let [d, e] = [0, 2].map(|at| half_bits_at(block, at));
    let (scale, of_minima) = (half(d)?, half(e)?);
    let weight = |index: usize| {
        let [s, m] = scale_and_minimum(block, index / 32);
        let (product, minimum) = (scale * s * code(block, bits, index), of_minima * m);
        // A difference of zeros is -0 where the first is negative and the second is not.
        let is_negative = product == 0 && d >= 0x8000 && e < 0x8000;
        from_units(product - minimum, is_negative)
    };
    Some((0..256).map(weight).collect())
}

fn fields(block: &[u8], bits: usize) -> Vec<BlockField> {
    let of_sub_blocks = |which: usize| listed((0..8).map(|j| scale_and_minimum(block, j)[which]));
    let packed = format!("scales {}; minima {}", of_sub_blocks(0), of_sub_blocks(1));
    vec![
        BlockField::half("scale", 0, half_bits_at(block, 0)),
        BlockField::half("scale of the minima", 2, half_bits_at(block, 2)),
        BlockField::scales("scales and minima", 4..16, u8::MAX, packed),
        BlockField::codes(
            "codes",
            16..block.len(),
            listed((0..256).map(|index| code(block, bits, index))),
        ),
    ]
}
