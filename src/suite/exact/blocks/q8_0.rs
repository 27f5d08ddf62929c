//! ggml's Q8_0 by the letter of SPEC Q8, exactly.

use num_traits::ToPrimitive;

use super::khq4_encode::Variant;
use super::rounded::{finite, half_bits, inverse, product, quotient, single};
use super::rows::{decode_rows, each_block, encode_rows};
use super::{BlockField, BlockFormat, Description, Geometry, Source};
use crate::format::Class;
use crate::suite::answer::Encoded;
use crate::suite::exact::number::{Exact, Float, round_half_away};
use crate::suite::floats::Floats;
use crate::suite::lawful::Lawful;
use crate::suite::operation::{FormatId, Verb};
use crate::suite::question::Question;

/// Weights in a block (Q8-1).
const WEIGHTS: usize = 32;

/// Bytes of a block (Q8-1).
const BYTES: usize = 34;

impl FormatId {
    /// ggml's Q8_0.
    pub const Q8_0: Self = Self::new("q8_0");
}

/// ggml's Q8_0.
pub struct Q80;

impl BlockFormat for Q80 {
    fn description(&self) -> Description {
        Description {
            id: FormatId::Q8_0,
            title: "ggml's Q8_0",
            verbs: &[Verb::Decode, Verb::Encode],
            features: &[],
            geometry: Geometry { weights: WEIGHTS, bytes: BYTES },
        }
    }

    fn clause(&self, question: &Question, refused: Option<Class>) -> &'static str {
        match (question, refused) {
            (Question::Encode(_), None | Some(Class::ShapeMismatch | Class::Overflow)) => "Q8-3",
            (_, None) => "Q8-2",
            (_, Some(_)) => "Q8-1",
        }
    }

    fn fields(&self, block: &[u8], _real: usize) -> Vec<BlockField> {
        let (scale, codes) = read(block);
        let codes: Vec<String> = codes.into_iter().map(|code| code.to_string()).collect();
        vec![
            BlockField::half("scale", 0, scale),
            BlockField::codes("codes", 2..BYTES, codes.join(" ")),
        ]
    }

    /// Q8-1 and Q8-2.
    fn decode(&self, blocks: &Encoded, count: u64, to: Float) -> Lawful<Floats> {
        decode_rows(self.geometry(), blocks, count, to, |payload| {
            let weights: Option<Vec<_>> = each_block(payload, BYTES, decode_block);
            Ok(weights.ok_or("Q8-2 demands nothing of a scale that is not finite")?.concat())
        })
    }

    /// Q8-1 and Q8-3.
    fn encode(&self, source: &Source<'_>) -> Lawful<Encoded> {
        encode_rows(WEIGHTS, source, Float::F32, |values| {
            let blocks: Option<Vec<_>> = each_block(values, WEIGHTS, encode_block);
            let payload = blocks.ok_or("Q8-3 demands nothing of such values")?.concat();
            Ok(vec![Variant { payload, behaviours: Vec::new() }])
        })
    }
}

/// f16 bits of the scale, and the codes, from -128 to 127.
fn read(block: &[u8]) -> (u16, Vec<i64>) {
    let signed = |&byte: &u8| if byte < 128 { i64::from(byte) } else { i64::from(byte) - 256 };
    let scale = u16::from(block[0]) + 256 * u16::from(block[1]);
    (scale, block[2..].iter().map(signed).collect())
}

/// f32 bits of a block's weights.
fn decode_block(block: &[u8]) -> Option<Vec<u32>> {
    let (scale, codes) = read(block);
    codes.into_iter().map(|code| product(code, scale)).collect()
}

/// The block of 32 values, as f32 bits; `None` where nothing is demanded.
fn encode_block(bits: &[u64]) -> Option<Vec<u8>> {
    let values = finite(bits, Float::F32)?;
    let largest = values.iter().map(Exact::abs).max()?;
    let scale = quotient(&largest, &Exact::scaled(127, 0))?;
    let stored = half_bits(&scale)?.to_le_bytes();
    let inverse = inverse(&scale)?;
    let code = |value: &Exact| {
        let steps = single(&(value * &inverse))?;
        Some(round_half_away(&steps).to_i64()?.rem_euclid(256) as u8)
    };
    let codes: Vec<u8> = values.iter().map(code).collect::<Option<_>>()?;
    Some(stored.into_iter().chain(codes).collect())
}
