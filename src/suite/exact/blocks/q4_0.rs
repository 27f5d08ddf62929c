//! ggml's Q4_0 by the letter of SPEC Q40, exactly.

use num_traits::ToPrimitive;

use super::khq4_encode::{MOST_ZERO_MINIMA, Variant, double};
use super::rounded::{finite, half_bits, inverse, product, quotient, single};
use super::rows::{decode_rows, each_block, encode_rows};
use super::{BlockField, BlockFormat, Description, Geometry, Source, digits};
use crate::format::Class;
use crate::suite::answer::Encoded;
use crate::suite::exact::number::{Exact, Float, whole};
use crate::suite::floats::Floats;
use crate::suite::lawful::Lawful;
use crate::suite::operation::{FormatId, Verb};
use crate::suite::question::Question;

/// Weights in a block (Q40-1).
const WEIGHTS: usize = 32;

/// Bytes of a block (Q40-1).
const BYTES: usize = 18;

impl FormatId {
    /// ggml's Q4_0.
    pub const Q4_0: Self = Self::new("q4_0");
}

/// ggml's Q4_0.
pub struct Q40;

impl BlockFormat for Q40 {
    fn description(&self) -> Description {
        Description {
            id: FormatId::Q4_0,
            title: "ggml's Q4_0",
            verbs: &[Verb::Decode, Verb::Encode],
            features: &[],
            geometry: Geometry { weights: WEIGHTS, bytes: BYTES },
        }
    }

    fn clause(&self, question: &Question, refused: Option<Class>) -> &'static str {
        match (question, refused) {
            (Question::Encode(_), None | Some(Class::ShapeMismatch | Class::Overflow)) => "Q40-3",
            (_, None) => "Q40-2",
            (_, Some(_)) => "Q40-1",
        }
    }

    fn fields(&self, block: &[u8], real: usize) -> Vec<BlockField> {
        let (scale, codes) = read(block);
        let codes: Vec<u8> = codes.into_iter().map(|code| code as u8).collect();
        vec![
            BlockField::half("scale", 0, scale),
            BlockField::codes("codes", 2..BYTES, digits(&codes, real)),
        ]
    }

    /// Q40-1 and Q40-2.
    fn decode(&self, blocks: &Encoded, count: u64, to: Float) -> Lawful<Floats> {
        decode_rows(self.geometry(), blocks, count, to, |payload| {
            let weights: Option<Vec<_>> = each_block(payload, BYTES, decode_block);
            Ok(weights.ok_or("Q40-2 demands nothing of a scale that is not finite")?.concat())
        })
    }

    /// Q40-1 and Q40-3.
    fn encode(&self, source: &Source<'_>) -> Lawful<Encoded> {
        encode_rows(WEIGHTS, source, Float::F32, |values| {
            encode(values)
                .ok_or("Q40-3 demands nothing of such values, or more than 8 blocks are all zeros")
        })
    }
}

/// f16 bits of the scale, and the codes in the order of the weights (Q40-1).
fn read(block: &[u8]) -> (u16, Vec<i64>) {
    let scale = u16::from(block[0]) + 256 * u16::from(block[1]);
    let code = |index: usize| i64::from(block[2 + index % 16]) >> (4 * (index / 16)) & 15;
    (scale, (0..WEIGHTS).map(code).collect())
}

/// f32 bits of a block's weights.
fn decode_block(block: &[u8]) -> Option<Vec<u32>> {
    let (scale, codes) = read(block);
    codes.into_iter().map(|code| product(code - 8, scale)).collect()
}

/// Every lawful encoding of f32 values (as bits), the preferred one first.
fn encode(values: &[u64]) -> Option<Vec<Variant>> {
    let blocks = each_block(values, WEIGHTS, encode_block)?;
    let payload = |way: usize| blocks.iter().flat_map(|block| block[way].clone()).collect();
    let (separate, fused): (Vec<u8>, Vec<u8>) = (payload(0), payload(1));
    let mut variants = if separate == fused {
        vec![Variant { payload: separate, behaviours: Vec::new() }]
    } else {
        vec![
            Variant { payload: separate, behaviours: vec!["separate"] },
            Variant { payload: fused, behaviours: vec!["fused"] },
        ]
    };
    let is_zero = |bits: &[u64]| bits.iter().all(|bits| bits << 33 == 0);
    let zeros: Vec<usize> = (0..values.len() / WEIGHTS)
        .filter(|block| is_zero(&values[block * WEIGHTS..][..WEIGHTS]))
        .collect();
    if zeros.len() > MOST_ZERO_MINIMA {
        return None;
    }
    for block in zeros {
        double(&mut variants, "zero-scale-negative", "zero-scale-positive", |mut payload| {
            payload[block * BYTES + 1] ^= 0x80;
            payload
        });
    }
    Some(variants)
}

/// The block of 32 values, as f32 bits, its scale -0 where all are zeros: with product and sum rounded each, and with
/// the sum rounded alone. `None` where nothing is demanded.
fn encode_block(bits: &[u64]) -> Option<[Vec<u8>; 2]> {
    let values = finite(bits, Float::F32)?;
    let mut largest = &values[0];
    for value in &values {
        if value.abs() > largest.abs() {
            largest = value;
        }
    }
    let scale = quotient(&-largest, &Exact::scaled(8, 0))?;
    let inverse = inverse(&scale)?;
    // The scale has the other sign than the largest, where it is a zero too.
    let sign = if largest.is_negative() { 0 } else { 0x8000 };
    let stored = (half_bits(&scale.abs())? | sign).to_le_bytes();
    let offset = Exact::scaled(17, -1);
    let code = |steps: Exact| whole(&steps).min(15.into()).to_u8();
    let product = |value| value * &inverse;
    let separate = |value| code(single(&(&single(&product(value))? + &offset))?);
    let fused = |value| code(single(&(&product(value) + &offset))?);
    let block = |codes: Vec<u8>| {
        let pairs = (0..16).map(|at| codes[at] + 16 * codes[at + 16]);
        stored.into_iter().chain(pairs).collect::<Vec<u8>>()
    };
    let separate: Vec<u8> = values.iter().map(separate).collect::<Option<_>>()?;
    let fused: Vec<u8> = values.iter().map(fused).collect::<Option<_>>()?;
    Some([block(separate), block(fused)])
}
