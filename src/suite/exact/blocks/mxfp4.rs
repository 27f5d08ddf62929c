//! MXFP4 in ggml's blocks by the letter of SPEC MX, exactly.

use num_traits::ToPrimitive;

use super::khq4_encode::{MOST_ZERO_MINIMA, Variant, double};
use super::rounded::finite;
use super::rows::{decode_rows, each_block, encode_rows, signed_or_not};
use super::{BlockField, BlockFormat, Description, Geometry, Source, digits, nibble};
use crate::format::Class;
use crate::suite::answer::Encoded;
use crate::suite::exact::number::{Exact, Float, round, whole};
use crate::suite::floats::Floats;
use crate::suite::lawful::Lawful;
use crate::suite::operation::{FormatId, Verb};
use crate::suite::question::Question;

/// The size of a block (MX-1).
const GEOMETRY: Geometry = Geometry { weights: 32, bytes: 17 };

impl FormatId {
    /// MXFP4 in ggml's blocks.
    pub const MXFP4: Self = Self::new("mxfp4");
}

/// MXFP4 in ggml's blocks.
pub struct Mxfp4;

impl BlockFormat for Mxfp4 {
    fn description(&self) -> Description {
        Description {
            id: FormatId::MXFP4,
            title: "MXFP4",
            verbs: &[Verb::Decode, Verb::Encode],
            features: &[],
            geometry: GEOMETRY,
        }
    }

    fn clause(&self, question: &Question, refused: Option<Class>) -> &'static str {
        match (question, refused) {
            (Question::Encode(_), None | Some(Class::ShapeMismatch | Class::Overflow)) => "MX-3",
            (_, None) => "MX-2",
            (_, Some(_)) => "MX-1",
        }
    }

    fn fields(&self, block: &[u8], _real: usize) -> Vec<BlockField> {
        let codes: Vec<u8> = (0..32).map(|index| code(block, index)).collect();
        let power = format!("2^{}", i32::from(block[0]) - 127);
        vec![
            BlockField::scales("exponent", 0..1, 254, power),
            BlockField::codes("codes", 1..17, digits(&codes, 32)),
        ]
    }

    /// MX-1 and MX-2.
    fn decode(&self, blocks: &Encoded, count: u64, to: Float) -> Lawful<Floats> {
        signed_or_not(|signed| {
            decode_rows(GEOMETRY, blocks, count, to, |payload| {
                let weights = each_block(payload, GEOMETRY.bytes, |block| weights(block, signed));
                Ok(weights.ok_or("MX-2 demands nothing of an exponent of 255")?.concat())
            })
        })
    }

    /// MX-1 and MX-3.
    fn encode(&self, source: &Source<'_>) -> Lawful<Encoded> {
        encode_rows(GEOMETRY.weights, source, Float::F32, |values| {
            encode(values)
                .ok_or("MX-3 demands nothing of such values, or more than 8 blocks are next to a power of two")
        })
    }
}

/// The code of a weight (MX-1).
fn code(block: &[u8], index: usize) -> u8 {
    nibble(&block[1..], index % 16, index / 16)
}

/// Twice what a code of E2M1 stands for (MX-1).
pub(super) fn twice(code: u8) -> i64 {
    let magnitude = [0, 1, 2, 3, 4, 6, 8, 12][usize::from(code % 8)];
    if code < 8 { magnitude } else { -magnitude }
}

/// f32 bits of a block's weights, the zero of code 8 signed or not. `None` for an exponent of 255.
fn weights(block: &[u8], signed: bool) -> Option<Vec<u32>> {
    if block[0] == 255 {
        return None;
    }
    let weight = |index: usize| {
        let code = code(block, index);
        match twice(code) {
            0 => u32::from(signed && code == 8) << 31,
            twice => {
                let exact = Exact::scaled(twice, i32::from(block[0]) - 128);
                round(&exact, &Exact::scaled(1, 0), Float::F32).bits(Float::F32) as u32
            }
        }
    };
    Some((0..32).map(weight).collect())
}

/// Every lawful encoding of f32 values (as bits), the preferred one first.
fn encode(values: &[u64]) -> Option<Vec<Variant>> {
    let blocks = each_block(values, GEOMETRY.weights, encode_block)?;
    let payload = blocks.iter().flat_map(|block| block[0].clone()).collect();
    let mut variants = vec![Variant { payload, behaviours: Vec::new() }];
    let either: Vec<usize> = (0..blocks.len()).filter(|&at| blocks[at].len() == 2).collect();
    if either.len() > MOST_ZERO_MINIMA {
        return None;
    }
    for block in either {
        double(&mut variants, "exponent-field", "log2f", |mut payload| {
            let at = block * GEOMETRY.bytes;
            payload[at..at + GEOMETRY.bytes].copy_from_slice(&blocks[block][1]);
            payload
        });
    }
    Some(variants)
}

/// The block of 32 values, as f32 bits; two where the largest magnitude is right below a power of two.
fn encode_block(bits: &[u64]) -> Option<Vec<Vec<u8>>> {
    let values = finite(bits, Float::F32)?;
    let largest = bits.iter().map(|bits| bits % (1 << 31)).max()?;
    if largest == 0 {
        return Some(vec![vec![0; GEOMETRY.bytes]]);
    }
    // floor(log2(largest)) + 127 is the exponent field of a normal number.
    let exponent = (largest >> 23) as i32 - 2;
    if exponent < 0 {
        return None;
    }
    let block = |exponent: i32| {
        let codes: Vec<u8> = values.iter().map(|value| nearest(value, exponent)).collect();
        let pairs = (0..16).map(|at| codes[at] + 16 * codes[at + 16]);
        [exponent as u8].into_iter().chain(pairs).collect::<Vec<u8>>()
    };
    let is_near = largest % (1 << 23) >= (1 << 23) - 64;
    if is_near && exponent == 252 {
        return None;
    }
    Some(if is_near { vec![block(exponent), block(exponent + 1)] } else { vec![block(exponent)] })
}

/// The code that is nearest to a value under an exponent, the lower one of two.
fn nearest(value: &Exact, exponent: i32) -> u8 {
    // In units of a quarter of the least code, halves between two codes are whole numbers: 1, 3, 5, 7, 10, 14, 20.
    let quarters = &value.abs() * &Exact::scaled(4, 127 - exponent);
    let at_least = whole(&quarters).to_u64().unwrap_or(u64::MAX);
    let is_whole = Exact::scaled(at_least.min(1 << 40) as i64, 0) == quarters;
    let is_beyond = |&&half: &&u64| at_least > half || at_least == half && !is_whole;
    let code = [1, 3, 5, 7, 10, 14, 20].iter().filter(is_beyond).count() as u8;
    if value.is_negative() && code > 0 { code + 8 } else { code }
}
