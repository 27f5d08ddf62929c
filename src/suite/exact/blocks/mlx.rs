//! MLX's groups of 32 by the letter of SPEC MLX, exactly. They are laid out as KHQ4's blocks.

use num_traits::ToPrimitive;

use super::khq4::{self, BYTES, ExactBlock, WEIGHTS};
use super::khq4_encode::Variant;
use super::rounded::{finite, half_bits, quotient, single};
use super::rows::{each_block, encode_rows};
use super::{BlockField, BlockFormat, Description, Geometry, Source};
use crate::format::Class;
use crate::suite::answer::Encoded;
use crate::suite::exact::number::{Exact, Float, rint};
use crate::suite::lawful::Lawful;
use crate::suite::operation::{FormatId, Verb};
use crate::suite::question::Question;

impl FormatId {
    /// MLX's affine groups of 32 weights of 4 bits.
    pub const MLX: Self = Self::new("mlx");
}

/// MLX's groups.
pub struct Mlx;

impl BlockFormat for Mlx {
    fn description(&self) -> Description {
        Description {
            id: FormatId::MLX,
            title: "MLX",
            verbs: &[Verb::Encode],
            features: &[],
            geometry: Geometry { weights: WEIGHTS, bytes: BYTES },
        }
    }

    fn clause(&self, _question: &Question, refused: Option<Class>) -> &'static str {
        match refused {
            None | Some(Class::ShapeMismatch | Class::Overflow) => "MLX-2",
            Some(_) => "MLX-1",
        }
    }

    fn fields(&self, block: &[u8], real: usize) -> Vec<BlockField> {
        khq4::fields(&ExactBlock::read(block), "bias", real)
    }

    /// MLX-1 and MLX-2.
    fn encode(&self, source: &Source<'_>) -> Lawful<Encoded> {
        encode_rows(WEIGHTS, source, Float::F16, |values| {
            let values: Vec<u16> = values.iter().map(|&bits| bits as u16).collect();
            let payload = encode(&values).ok_or("MLX-2 demands nothing of such values")?;
            Ok(vec![Variant { payload, behaviours: Vec::new() }])
        })
    }
}

/// f32 bits of the least scale.
const LEAST_SCALE: u64 = 0x33d6_bf95;

/// The encoding of f16 `values` (as bits), group by group (MLX-2); `None` where nothing is demanded.
///
/// # Panics
///
/// Where the values are not whole groups.
pub fn encode(values: &[u16]) -> Option<Vec<u8>> {
    let groups: Vec<Vec<u8>> = each_block(values, WEIGHTS, encode_group)?;
    Some(groups.concat())
}

fn encode_group(bits: &[u16]) -> Option<Vec<u8>> {
    assert_eq!(bits.len(), WEIGHTS, "a whole group");
    let values = finite(bits, Float::F16)?;
    let (low, high) = (values.iter().min()?, values.iter().max()?);
    let span = single(&(high - low))?;
    let least = Float::F32.value(LEAST_SCALE)?;
    let step = quotient(&span, &Exact::scaled(15, 0))?.max(least);
    let (edge, step) = if low.abs() > high.abs() { (low, step) } else { (high, -&step) };
    let steps = rint(&quotient(edge, &step)?);
    let (scale, bias) = match steps.to_i64()? {
        0 => (step, Exact::zero()),
        steps => (quotient(edge, &Exact::scaled(steps, 0))?, edge.clone()),
    };
    let nibble = |value: &Exact| {
        let steps = quotient(&single(&(value - &bias))?, &scale)?;
        rint(&steps).clamp(0.into(), 15.into()).to_u8()
    };
    let nibbles = values.iter().map(nibble).collect::<Option<_>>()?;
    Some(ExactBlock { scale: half_bits(&scale)?, bias: half_bits(&bias)?, nibbles }.write())
}
