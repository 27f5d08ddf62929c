//! ggml's IQ4_NL and IQ4_XS by the letter of SPEC NL and XS, exactly.

use super::decode_only::DecodeOnly;
use super::khq4::half;
use super::rounded::{from_units, product};
use super::{BlockField, Geometry, digits, half_bits_at, listed, nibble};
use crate::suite::operation::FormatId;

impl FormatId {
    /// ggml's IQ4_NL.
    pub const IQ4_NL: Self = Self::new("iq4_nl");

    /// ggml's IQ4_XS.
    pub const IQ4_XS: Self = Self::new("iq4_xs");
}

/// ggml's IQ4_NL.
pub const IQ4_NL: DecodeOnly = DecodeOnly {
    id: FormatId::IQ4_NL,
    title: "ggml's IQ4_NL",
    clauses: ["NL-1", "NL-2"],
    geometry: Geometry { weights: 32, bytes: 18 },
    fields: |block| {
        let codes: Vec<u8> = (0..32).map(|index| code(block, 2, index)).collect();
        vec![
            BlockField::half("scale", 0, half_bits_at(block, 0)),
            BlockField::codes("codes", 2..18, digits(&codes, 32)),
        ]
    },
    weights: |block| {
        let scale = half_bits_at(block, 0);
        (0..32).map(|index| product(integer(code(block, 2, index)), scale)).collect()
    },
};

/// ggml's IQ4_XS.
pub const IQ4_XS: DecodeOnly = DecodeOnly {
    id: FormatId::IQ4_XS,
    title: "ggml's IQ4_XS",
    clauses: ["XS-1", "XS-2"],
    geometry: Geometry { weights: 256, bytes: 136 },
    fields: |block| {
        let codes: Vec<u8> = (0..256).map(|index| code(block, 8, index)).collect();
        let scales = listed((0..8).map(|j| scale(block, j)));
        vec![
            BlockField::half("scale", 0, half_bits_at(block, 0)),
            BlockField::scales("scales", 2..8, u8::MAX, scales),
            BlockField::codes("codes", 8..136, digits(&codes, 256)),
        ]
    },
    weights: |block| {
        let bits = half_bits_at(block, 0);
        let d = half(bits)?;
        let weight = |index: usize| {
            let (s, v) = (scale(block, index / 32), integer(code(block, 8, index)));
            let below = [bits >= 0x8000, s < 0, v < 0];
            let is_negative = below.into_iter().filter(|&below| below).count() % 2 == 1;
            from_units(d * s * v, is_negative)
        };
        Some((0..256).map(weight).collect())
    },
};

/// The code of a weight; runs of sixteen bytes begin at a byte (NL-1, XS-1).
fn code(block: &[u8], at: usize, index: usize) -> u8 {
    nibble(&block[at + 16 * (index / 32)..], index % 16, index % 32 / 16)
}

/// What a code stands for (NL-1).
fn integer(code: u8) -> i64 {
    match code {
        0 => -127,
        1 => -104,
        2 => -83,
        3 => -65,
        4 => -49,
        5 => -35,
        6 => -22,
        7 => -10,
        8 => 1,
        9 => 13,
        10 => 25,
        11 => 38,
        12 => 53,
        13 => 69,
        14 => 89,
        _ => 113,
    }
}

/// The scale of sub-block `j`, from -32 to 31 (XS-1).
fn scale(block: &[u8], j: usize) -> i64 {
    let high = half_bits_at(block, 2) / 4u16.pow(j as u32) % 4;
    i64::from(nibble(&block[4..], j / 2, j % 2)) + 16 * i64::from(high) - 32
}
