//! NVFP4 in ggml's blocks, with a scale of the tensor or without (SPEC NV), and a switch at every slip that its readers
//! have made.

use super::fault::faults;
use super::mxfp4::number;
use super::packed::{Block, Packed};
use super::{Faulty, refusal};
use crate::format::Class;
use crate::suite::answer::Refusal;
use crate::suite::floats::Floats;

const NVFP4: Packed = Packed { name: "nvfp4", weights: 64, bytes: 36, scale: 0..4 };

faults! {
    Decode NVFP4 {
        97 Nvfp4TableNotDoubled "nvfp4-table-not-doubled"
            "Halves the scales, as for doubled codes, which it has not: values are half as large."
        97 Nvfp4ScaleNotHalved "nvfp4-scale-not-halved"
            "Doubles the codes and never halves the scales: values are twice as large."
        98 Nvfp4SubnormalScaleZero "nvfp4-subnormal-scale-zero"
            "Takes a subnormal scale for zero."
        98 Nvfp4SubnormalScaleNormal "nvfp4-subnormal-scale-normal"
            "Takes a subnormal scale for a normal number."
        98 Nvfp4ImplicitBitMissed "nvfp4-implicit-bit-missed"
            "Takes the fraction of a scale alone, without the one in front of it."
        98 Nvfp4ScaleE5m2 "nvfp4-scale-e5m2"
            "Takes a scale for E5M2, the other float of eight bits."
        98 Nvfp4LargestFieldSpecial "nvfp4-largest-field-special"
            "Takes the largest exponent field of a scale for infinities and NaN."
        11 Nvfp4ScaleOfFirstGroup "nvfp4-scale-of-first-group"
            "Takes the scale of the first group of a block for all four."
        11 Nvfp4GroupsOf32 "nvfp4-groups-of-32"
            "Takes a scale for 32 weights, as MXFP4 has it, and leaves two out."
        42 Nvfp4IntegerCodes "nvfp4-integer-codes"
            "Takes a code for a sign and an integer of 0 to 7."
        42 Nvfp4TwosComplement "nvfp4-twos-complement"
            "Takes a code for a signed nibble."
        95 Nvfp4Sequential "nvfp4-sequential"
            "Reads the codes as pairs in sequence, as NVIDIA has it."
        95 Nvfp4HighHalfFirst "nvfp4-high-half-first"
            "Takes the high nibbles for the first half of a group."
        95 Nvfp4HalvesOf32 "nvfp4-halves-of-32"
            "Takes sixteen bytes in split halves for 32 weights, as MXFP4 has it."
        96 Nvfp4WideScale "nvfp4-wide-scale"
            "Takes the scales for eight bytes, so that codes begin four bytes late."
        96 Nvfp4ScaleBehind "nvfp4-scale-behind"
            "Looks for the scales behind the codes."
        99 Nvfp4TensorScaleForgotten "nvfp4-tensor-scale-forgotten"
            "Never applies the scale of the tensor."
        99 Nvfp4TensorScaleTwice "nvfp4-tensor-scale-twice"
            "Applies the scale of the tensor twice."
        99 Nvfp4TensorScaleInverted "nvfp4-tensor-scale-inverted"
            "Divides by the scale of the tensor."
        99 Nvfp4TensorScaleOfFirstBlock "nvfp4-tensor-scale-of-first-block"
            "Applies the scale of the tensor to its first block only."
        104 Nvfp4SignedZeroLost "nvfp4-signed-zero-lost"
            "Gives +0 where a product is -0."
        79 Nvfp4LaterBlocksOfFirstScale "nvfp4-later-blocks-of-first-scale"
            "Decodes blocks behind the 2048th weight by the scales of the first."
        107 Nvfp4GeometryOfAnother "nvfp4-geometry-of-another"
            "Takes a block for two bytes larger than it is."
        106 Nvfp4CountNarrowed "nvfp4-count-narrowed"
            "Keeps 32 bits of the number of values."
        35 Nvfp4PartialAccepted "nvfp4-partial-accepted"
            "Takes values that are not whole blocks."
        21 Nvfp4EmptyRefused "nvfp4-empty-refused"
            "Refuses an empty tensor."
        11 Nvfp4ExtentUnchecked "nvfp4-extent-unchecked"
            "Never compares the bytes with the number of values."
    }
}

impl Faulty {
    pub(super) fn decode_nvfp4(
        self,
        payload: &[u8],
        len: u64,
        tensor_scale: Option<&Floats>,
    ) -> Result<Vec<f32>, Refusal> {
        let scales = tensor_scale.map(|scale| scale.singles().unwrap_or_default());
        let tensor_scale = match scales.as_deref() {
            None => None,
            Some(&[scale]) => Some(scale),
            Some(_) => return Err(refusal(Class::Scale, "the scale of a tensor is one f32")),
        };
        self.decode_packed(&NVFP4, payload, len, |block| {
            let weight = |place| {
                let value = number(block.slip, code(block, place)) * group_scale(block, place / 16);
                tensor_scale.map_or(value, |scale| scaled(block, value, scale))
            };
            (0..64).map(weight).collect()
        })
    }
}

/// A value under the scale of the tensor.
fn scaled(block: &Block, value: f32, scale: f32) -> f32 {
    match block.slip {
        "tensor-scale-forgotten" => value,
        "tensor-scale-of-first-block" if block.index > 0 => value,
        "tensor-scale-twice" => value * scale * scale,
        "tensor-scale-inverted" => value / scale,
        _ => value * scale,
    }
}

fn code(block: &Block, place: usize) -> u8 {
    let (size, group) = match block.slip {
        "halves-of-32" => (32, place / 32),
        _ => (16, place / 16),
    };
    let at = 4 + size / 2 * group;
    block.split(at..at + size / 2, place % size)
}

/// The scale of a group, as an E4M3 without its sign: 0x7f is a number here, and bit 7 is not seen.
fn group_scale(block: &Block, group: usize) -> f32 {
    let bits = block.bytes[match block.slip {
        "scale-of-first-group" => 0,
        "groups-of-32" => group / 2,
        _ => group,
    }];
    let (field, fraction) = (i32::from(bits >> 3 & 15), f32::from(bits & 7));
    let subnormal = fraction * 2f32.powi(-9);
    let normal = (8.0 + fraction) * 2f32.powi(field - 10);
    let scale = if field == 0 { subnormal } else { normal };
    match block.slip {
        "table-not-doubled" => scale / 2.0,
        "scale-not-halved" => scale * 2.0,
        "subnormal-scale-zero" if field == 0 => 0.0,
        "subnormal-scale-normal" => normal,
        "implicit-bit-missed" if field > 0 => fraction * 2f32.powi(field - 10),
        "scale-e5m2" => e5m2(bits),
        "largest-field-special" if bits & 127 == 0x78 => f32::INFINITY,
        "largest-field-special" if field == 15 => f32::NAN,
        _ => scale,
    }
}

/// The number of an E5M2, whose largest field is that of numbers here.
fn e5m2(bits: u8) -> f32 {
    let (field, fraction) = (i32::from(bits >> 2 & 31), f32::from(bits & 3));
    if field == 0 { fraction * 2f32.powi(-16) } else { (4.0 + fraction) * 2f32.powi(field - 17) }
}
