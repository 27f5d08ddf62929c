//! ggml's Q4_1 by the letter of SPEC GGML, exactly.

use num_traits::ToPrimitive;

use super::khq4::{self, BYTES, ExactBlock, WEIGHTS};
use super::khq4_encode::{MOST_ZERO_MINIMA, Variant, has_zero_minimum, zero_minimum_variants};
use super::rounded::{finite, half_bits, inverse, quotient, single};
use super::rows::{decode_rows, each_block, encode_rows};
use super::{BlockField, BlockFormat, Description, Geometry, Source};
use crate::format::Class;
use crate::suite::answer::Encoded;
use crate::suite::exact::number::{Exact, Float, whole};
use crate::suite::floats::Floats;
use crate::suite::lawful::Lawful;
use crate::suite::operation::{FormatId, Verb};
use crate::suite::question::Question;

impl FormatId {
    /// ggml's Q4_1.
    pub const Q4_1: Self = Self::new("q4_1");
}

/// ggml's Q4_1.
pub struct Q41;

impl BlockFormat for Q41 {
    fn description(&self) -> Description {
        Description {
            id: FormatId::Q4_1,
            title: "ggml's Q4_1",
            verbs: &[Verb::Decode, Verb::Encode],
            features: &[],
            geometry: Geometry { weights: WEIGHTS, bytes: BYTES },
        }
    }

    fn clause(&self, question: &Question, refused: Option<Class>) -> &'static str {
        match (question, refused) {
            (Question::Encode(_), None | Some(Class::ShapeMismatch | Class::Overflow)) => "GGML-3",
            (_, None) => "GGML-2",
            (_, Some(_)) => "GGML-1",
        }
    }

    fn fields(&self, block: &[u8], real: usize) -> Vec<BlockField> {
        khq4::fields(&read(block), "minimum", real)
    }

    /// GGML-1 and GGML-2.
    fn decode(&self, blocks: &Encoded, count: u64, to: Float) -> Lawful<Floats> {
        decode_rows(self.geometry(), blocks, count, to, |payload| {
            let lawful = |block: &[u8]| {
                let ExactBlock { scale, bias, .. } = read(block);
                khq4::half(scale).and(khq4::half(bias)).is_some()
            };
            let all = payload.chunks(BYTES).all(lawful);
            all.then(|| decode(payload)).ok_or("GGML-2 demands nothing of such blocks")
        })
    }

    /// GGML-1 and GGML-3.
    fn encode(&self, source: &Source<'_>) -> Lawful<Encoded> {
        encode_rows(WEIGHTS, source, Float::F32, |values| {
            let values: Vec<u32> = values.iter().map(|&bits| bits as u32).collect();
            encode(&values).ok_or(
                "GGML-3 demands nothing of such values, or more than 8 blocks have a minimum of zero",
            )
        })
    }
}

/// Reads 20 bytes, whose nibbles stand in split-half order (GGML-1).
///
/// # Panics
///
/// Where there are not 20.
fn read(bytes: &[u8]) -> ExactBlock {
    reordered(&ExactBlock::read(bytes), |index| 2 * (index % 16) + index / 16)
}

/// The 20 bytes.
fn write(block: &ExactBlock) -> Vec<u8> {
    reordered(block, |index| index / 2 + 16 * (index % 2)).write()
}

fn reordered(block: &ExactBlock, place: impl Fn(usize) -> usize) -> ExactBlock {
    let nibbles = (0..WEIGHTS).map(|index| block.nibbles[place(index)]).collect();
    ExactBlock { nibbles, ..block.clone() }
}

/// f32 bits of the values in a payload of whole blocks (GGML-2).
///
/// # Panics
///
/// Where the payload is not whole blocks, or a scale or minimum is not finite.
pub fn decode(payload: &[u8]) -> Vec<u32> {
    let weights = |block: &[u8]| Some(read(block).weights());
    each_block(payload, BYTES, weights).expect("every block has weights").concat()
}

/// Every lawful encoding of f32 `values` (as bits), the preferred one first (GGML-3); `None` where
/// nothing is demanded, and where more than [`MOST_ZERO_MINIMA`] blocks have a minimum of zero, each of either
/// sign.
///
/// # Panics
///
/// Where the values are not whole blocks.
pub fn encode(values: &[u32]) -> Option<Vec<Variant>> {
    let blocks = each_block(values, WEIGHTS, encode_block)?;
    let payload = blocks.iter().flat_map(write).collect();
    let blocks = values.chunks(WEIGHTS).enumerate();
    let zeros: Vec<_> =
        blocks.filter(|(_, block)| has_zero_minimum(block)).map(|(block, _)| (block, 0)).collect();
    (zeros.len() <= MOST_ZERO_MINIMA).then(|| zero_minimum_variants(payload, &zeros))
}

fn encode_block(bits: &[u32]) -> Option<ExactBlock> {
    assert_eq!(bits.len(), WEIGHTS, "a whole block");
    let values = finite(bits, Float::F32)?;
    let (low, high) = (values.iter().min()?, values.iter().max()?);
    let scale = quotient(&single(&(high - low))?, &Exact::scaled(15, 0))?;
    let inverse = inverse(&scale)?;
    let (stored_scale, stored_low) = (half_bits(&scale)?, half_bits(low)?);
    let nibble = |value: &Exact| {
        let steps = single(&(&single(&(value - low))? * &inverse))?;
        let nibble = whole(&single(&(&steps + &Exact::scaled(1, -1)))?);
        nibble.min(15.into()).to_u8()
    };
    let nibbles = values.iter().map(nibble).collect::<Option<_>>()?;
    Some(ExactBlock { scale: stored_scale, bias: stored_low, nibbles })
}
