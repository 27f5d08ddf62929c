//! NVFP4 in ggml's blocks by the letter of SPEC NV, exactly.

use super::mxfp4::twice;
use super::rounded::finite;
use super::rows::{decode_rows, each_block, signed_or_not};
use super::{BlockField, BlockFormat, Description, Geometry, digits, nibble};
use crate::format::Class;
use crate::suite::answer::Encoded;
use crate::suite::exact::number::{Exact, Float, round};
use crate::suite::feature::Feature;
use crate::suite::floats::Floats;
use crate::suite::lawful::{Behaviour, Lawful};
use crate::suite::operation::{FormatId, Verb};
use crate::suite::question::Question;

/// The size of a block (NV-1).
const GEOMETRY: Geometry = Geometry { weights: 64, bytes: 36 };

impl FormatId {
    /// NVFP4 in ggml's blocks.
    pub const NVFP4: Self = Self::new("nvfp4");
}

/// NVFP4 in ggml's blocks.
pub struct Nvfp4;

impl BlockFormat for Nvfp4 {
    fn description(&self) -> Description {
        Description {
            id: FormatId::NVFP4,
            title: "NVFP4",
            verbs: &[Verb::Decode],
            features: &[Feature::TensorScale],
            geometry: GEOMETRY,
        }
    }

    fn clause(&self, question: &Question, refused: Option<Class>) -> &'static str {
        match (question, refused) {
            (_, Some(_)) => "NV-1",
            (Question::Decode(decode), None) if decode.tensor_scale.is_some() => "NV-3",
            (_, None) => "NV-2",
        }
    }

    fn fields(&self, block: &[u8], _real: usize) -> Vec<BlockField> {
        let codes: Vec<u8> = (0..64).map(|index| code(block, index)).collect();
        let scale = |&bits: &u8| match scale(bits) {
            Some(units) => (units as f64 / 512.0).to_string(),
            None => "undemanded".into(),
        };
        let scales: Vec<String> = block[..4].iter().map(scale).collect();
        vec![
            BlockField::scales("scales", 0..4, 0x7e, scales.join(" ")),
            BlockField::codes("codes", 4..36, digits(&codes, 64)),
        ]
    }

    /// NV-1 to NV-3.
    fn decode(&self, blocks: &Encoded, count: u64, to: Float) -> Lawful<Floats> {
        let plain = Encoded { tensor_scale: None, ..blocks.clone() };
        let decoded = |way: Option<(&Exact, bool)>, signed: bool| {
            decode_rows(GEOMETRY, &plain, count, to, |payload| {
                let weights =
                    each_block(payload, GEOMETRY.bytes, |block| weights(block, signed, way));
                Ok(weights.ok_or("NV demands nothing of such a scale")?.concat())
            })
        };
        let Some(scale) = &blocks.tensor_scale else {
            return signed_or_not(|signed| decoded(None, signed));
        };
        let scale = match scale.bits()[..] {
            [bits] if scale.float() == Float::F32 => finite(&[bits], Float::F32),
            _ => return Lawful::undemanded("the scale of a tensor is one f32"),
        };
        let scale = match scale.as_deref() {
            Some([scale]) if !scale.is_zero() => scale,
            _ => return Lawful::undemanded("NV-3 demands nothing of such a scale of a tensor"),
        };
        let [code_first, scale_first] = [true, false]
            .map(|code_first| signed_or_not(|signed| decoded(Some((scale, code_first)), signed)));
        match (code_first, scale_first) {
            (code_first, scale_first) if code_first == scale_first => code_first,
            (Lawful::Undemanded(why), _) | (_, Lawful::Undemanded(why)) => Lawful::Undemanded(why),
            (code_first, scale_first) => Lawful::OneOf(
                [named("code-first", code_first), named("scale-first", scale_first)].concat(),
            ),
        }
    }
}

/// The behaviours of an answer, or the answer, under one more name.
fn named(name: &str, answer: Lawful<Floats>) -> Vec<Behaviour<Floats>> {
    match answer {
        Lawful::OneOf(behaviours) => behaviours
            .into_iter()
            .map(|one| Behaviour { name: format!("{name}+{}", one.name), ..one })
            .collect(),
        expect => vec![Behaviour { name: name.into(), expect }],
    }
}

/// The code of a weight (NV-1).
fn code(block: &[u8], index: usize) -> u8 {
    nibble(&block[4 + 8 * (index / 16)..], index % 8, index % 16 / 8)
}

/// What a scale stands for, in units of 2^-9 (NV-1). `None` where nothing is demanded.
fn scale(bits: u8) -> Option<i64> {
    let (field, fraction) = (bits / 8, i64::from(bits % 8));
    match field {
        0 => Some(fraction),
        1..16 if bits != 0x7f => Some((8 + fraction) << (field - 1)),
        _ => None,
    }
}

/// f32 bits of a block's weights, the zero of code 8 signed or not. A scale of the tensor comes with how it is taken: true
/// where the code times the scale of the group is multiplied by it, false where the scale of the group is, before the
/// code. `None` where nothing is demanded.
fn weights(block: &[u8], signed: bool, tensor: Option<(&Exact, bool)>) -> Option<Vec<u32>> {
    let single = |number: &Exact| {
        let rounded = round(number, &Exact::scaled(1, 0), Float::F32);
        rounded.value().map(|value| (value, rounded.bits(Float::F32) as u32))
    };
    let weight = |index: usize| {
        let (code, group) = (code(block, index), Exact::scaled(scale(block[index / 16])?, -9));
        let value = Exact::scaled(twice(code), -1);
        let product = match tensor {
            None => &value * &group,
            Some((tensor, true)) => &(&value * &group) * tensor,
            Some((tensor, false)) => &value * &single(&(&group * tensor))?.0,
        };
        let (_, bits) = single(&product)?;
        let below = code > 8 || code == 8 && signed;
        let sign = below != tensor.is_some_and(|(scale, _)| scale.is_negative());
        Some(if bits << 1 == 0 { u32::from(sign) << 31 } else { bits })
    };
    (0..64).map(weight).collect()
}
