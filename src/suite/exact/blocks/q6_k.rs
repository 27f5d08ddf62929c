//! ggml's Q6_K by the letter of SPEC Q6K, exactly.

use super::decode_only::DecodeOnly;
use super::khq4::half;
use super::rounded::from_units;
use super::{BlockField, Geometry, half_bits_at, listed, nibble};
use crate::suite::operation::FormatId;

impl FormatId {
    /// ggml's Q6_K.
    pub const Q6_K: Self = Self::new("q6_k");
}

/// ggml's Q6_K.
pub const Q6_K: DecodeOnly = DecodeOnly {
    id: FormatId::Q6_K,
    title: "ggml's Q6_K",
    clauses: ["Q6K-1", "Q6K-2"],
    geometry: Geometry { weights: 256, bytes: 210 },
    fields,
    weights,
};

/// The code of a weight, from 0 to 63, and its scale (Q6K-1).
fn code_and_scale(block: &[u8], index: usize) -> [i64; 2] {
    let (n, k, i) = (index / 128, index / 32 % 4, index % 32);
    let low = i64::from(nibble(block, 64 * n + 32 * (k % 2) + i, k / 2));
    let high = i64::from(block[128 + 32 * n + i]) >> (2 * k) & 3;
    let scale = i64::from(block[192 + 8 * n + 2 * k + i / 16]);
    [low + 16 * high, if scale < 128 { scale } else { scale - 256 }]
}

/// f32 bits of a block's weights (Q6K-2).
fn weights(block: &[u8]) -> Option<Vec<u32>> {
    let bits = half_bits_at(block, 208);
    let d = half(bits)?;
    let weight = |index: usize| {
        let [code, scale] = code_and_scale(block, index);
        let below = [bits >= 0x8000, scale < 0, code < 32];
        let is_negative = below.into_iter().filter(|&below| below).count() % 2 == 1;
        from_units(d * scale * (code - 32), is_negative)
    };
    Some((0..256).map(weight).collect())
}

fn fields(block: &[u8]) -> Vec<BlockField> {
    let of = |which: usize, every: usize| {
        listed((0..256).step_by(every).map(|index| code_and_scale(block, index)[which]))
    };
    vec![
        BlockField::codes("codes", 0..192, of(0, 1)),
        BlockField::scales("scales", 192..208, u8::MAX, of(1, 16)),
        BlockField::half("scale", 208, half_bits_at(block, 208)),
    ]
}
