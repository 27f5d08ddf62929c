//! ggml's Q8_0 (SPEC Q8), with a switch at every slip that its readers and writers have made.

use half::f16;

use super::decode::flushed;
use super::fault::faults;
use super::rows::Rows;
use super::{Fault, Faulty, WEIGHTS, refusal};
use crate::format::Class;
use crate::suite::answer::Refusal;
use crate::suite::question::Encode;

/// Bytes of a block: f16 scale, 32 codes.
const BYTES: usize = 34;

faults! {
    Decode Q8_0 {
        43 Q80BigEndian "q8-0-big-endian"
            "Reads the scale with its high byte first."
        48 Q80SubnormalsFlushed "q8-0-subnormals-flushed"
            "Flushes a subnormal scale."
        42 Q80UnsignedCodes "q8-0-unsigned-codes"
            "Reads codes as 0 to 255."
        42 Q80OffsetCodes "q8-0-offset-codes"
            "Takes codes for 0 to 255 around 128."
        42 Q80HalvesInterleaved "q8-0-halves-interleaved"
            "Takes the codes for the two halves of a block, by turns."
        96 Q80WideHeader "q8-0-wide-header"
            "Takes the scale for four bytes, so that codes begin two bytes late."
        29 Q80ZeroScaleRefused "q8-0-zero-scale-refused"
            "Refuses a scale of zero, which blocks of zeros have."
        31 Q80NegativeScaleAbsolute "q8-0-negative-scale-absolute"
            "Drops the sign of a scale."
        104 Q80SignedZeroLost "q8-0-signed-zero-lost"
            "Gives +0 where a product is -0."
        78 Q80LeastCodeSaturated "q8-0-least-code-saturated"
            "Takes code -128 for -127, which its own encoder never exceeds."
        78 Q80UsualScaleDoubled "q8-0-usual-scale-doubled"
            "Doubles every scale between 2^-8 and 2^-7."
        79 Q80LaterBlocksOfFirstScale "q8-0-later-blocks-of-first-scale"
            "Decodes blocks behind the 128th by the scale of the first."
        35 Q80PartialAccepted "q8-0-partial-accepted"
            "Takes values that are not whole blocks."
        21 Q80EmptyRefused "q8-0-empty-refused"
            "Refuses an empty tensor."
        11 Q80ExtentUnchecked "q8-0-extent-unchecked"
            "Never compares the bytes with the number of values."
    }
    Encode Q8_0 {
        43 Q80BigEndianEncode "q8-0-big-endian-encode"
            "Writes the scale with its high byte first."
        42 Q80OffsetCodesEncode "q8-0-offset-codes-encode"
            "Writes codes as 0 to 255 around 128."
        44 Q80By128 "q8-0-by-128"
            "Divides the largest magnitude by 128."
        44 Q80RoundHalfEven "q8-0-round-half-even"
            "Rounds halves to the even code, as a vector unit does."
        44 Q80CodeCut "q8-0-code-cut"
            "Cuts the fraction of a code off."
        44 Q80RoundHalfUp "q8-0-round-half-up"
            "Adds a half and takes the floor: halves below zero go up."
        44 Q80Divided "q8-0-divided"
            "Divides by the scale where it is to multiply by the inverse."
        44 Q80InverseOfLargest "q8-0-inverse-of-largest"
            "Takes the inverse as 127 / amax, one rounding where there are to be two."
        44 Q80ScaleAsStored "q8-0-scale-as-stored"
            "Takes the codes from the scale as it is stored in f16."
        38 Q80LargestOfMaximum "q8-0-largest-of-maximum"
            "Takes the maximum for the largest magnitude: codes below zero are cut."
        39 Q80FlatScaleOne "q8-0-flat-scale-one"
            "Gives a block of zeros the scale 1."
        48 Q80SubnormalsFlushedEncode "q8-0-subnormals-flushed-encode"
            "Flushes a subnormal scale when it is stored."
        45 Q80RowsPadded "q8-0-rows-padded"
            "Fills each row up to whole blocks."
        47 Q80ShapeUnchecked "q8-0-shape-unchecked"
            "Never compares the shape with the number of values."
    }
}

impl Faulty {
    fn q8_0_rows(self) -> Rows {
        Rows {
            weights: WEIGHTS,
            partial_accepted: self.has(Fault::Q80PartialAccepted),
            empty_refused: self.has(Fault::Q80EmptyRefused),
            extent_unchecked: self.has(Fault::Q80ExtentUnchecked),
            shape_unchecked: self.has(Fault::Q80ShapeUnchecked),
            padded: self.has(Fault::Q80RowsPadded),
        }
    }

    pub(super) fn decode_q8_0(self, payload: &[u8], len: u64) -> Result<Vec<f32>, Refusal> {
        self.q8_0_rows().check_payload(payload, len, BYTES)?;
        let mut values = Vec::new();
        let scale_of = |block: &[u8]| {
            let bytes = [block[0], block[1]];
            match self.fault {
                Some(Fault::Q80BigEndian) => f16::from_be_bytes(bytes),
                Some(Fault::Q80SubnormalsFlushed) => flushed(f16::from_le_bytes(bytes)),
                _ => f16::from_le_bytes(bytes),
            }
            .to_f32()
        };
        for (index, block) in payload.as_chunks::<BYTES>().0.iter().enumerate() {
            let mut scale = scale_of(block);
            match self.fault {
                Some(Fault::Q80ZeroScaleRefused) if scale == 0.0 => {
                    return Err(refusal(Class::Scale, format!("block {index}: scale is zero")));
                }
                Some(Fault::Q80NegativeScaleAbsolute) => scale = scale.abs(),
                Some(Fault::Q80UsualScaleDoubled)
                    if (0.003_906_25..0.007_812_5).contains(&scale) =>
                {
                    scale *= 2.0;
                }
                Some(Fault::Q80LaterBlocksOfFirstScale) if index >= 128 => {
                    scale = scale_of(payload)
                }
                _ => {}
            }
            values.extend((0..WEIGHTS).map(|place| {
                let at = match self.fault {
                    Some(Fault::Q80HalvesInterleaved) => place / 2 + 16 * (place % 2),
                    Some(Fault::Q80WideHeader) => (place + 2).min(WEIGHTS - 1),
                    _ => place,
                };
                let code = block[2 + at];
                let code = match self.fault {
                    Some(Fault::Q80UnsignedCodes) => f32::from(code),
                    Some(Fault::Q80OffsetCodes) => f32::from(code) - 128.0,
                    Some(Fault::Q80LeastCodeSaturated) => f32::from((code as i8).max(-127)),
                    _ => f32::from(code as i8),
                };
                let weight = code * scale;
                if weight == 0.0 && self.has(Fault::Q80SignedZeroLost) { 0.0 } else { weight }
            }));
        }
        values.truncate(len as usize);
        Ok(values)
    }

    pub(super) fn encode_q8_0(self, question: &Encode) -> Result<Vec<u8>, Refusal> {
        let values = question.values.singles();
        let values = values.ok_or_else(|| refusal(Class::ShapeMismatch, "sources are f32"))?;
        let blocks = self.q8_0_rows().blocks(&question.shape, &values)?;
        Ok(blocks.into_iter().flat_map(|block| self.q8_0_block(block)).collect())
    }

    fn q8_0_block(self, values: &[f32]) -> Vec<u8> {
        let largest = values.iter().fold(0f32, |largest, &value| match self.fault {
            Some(Fault::Q80LargestOfMaximum) => largest.max(value),
            _ => largest.max(value.abs()),
        });
        let mut scale = largest / if self.has(Fault::Q80By128) { 128.0 } else { 127.0 };
        if scale == 0.0 && self.has(Fault::Q80FlatScaleOne) {
            scale = 1.0;
        }
        let mut stored = f16::from_f32(scale);
        if self.has(Fault::Q80SubnormalsFlushedEncode) {
            stored = flushed(stored);
        }
        let inverse = match self.fault {
            _ if scale == 0.0 => 0.0,
            Some(Fault::Q80InverseOfLargest) => 127.0 / largest,
            Some(Fault::Q80ScaleAsStored) => 1.0 / stored.to_f32(),
            _ => 1.0 / scale,
        };
        let code = |&value: &f32| {
            let steps = match self.fault {
                Some(Fault::Q80Divided) if scale != 0.0 => value / scale,
                _ => value * inverse,
            };
            let rounded = match self.fault {
                Some(Fault::Q80RoundHalfEven) => steps.round_ties_even(),
                Some(Fault::Q80CodeCut) => steps.trunc(),
                Some(Fault::Q80RoundHalfUp) => (steps + 0.5).floor(),
                _ => steps.round(),
            };
            match self.fault {
                Some(Fault::Q80OffsetCodesEncode) => (rounded as i8 as u8) ^ 0x80,
                _ => rounded as i8 as u8,
            }
        };
        let scale = match self.fault {
            Some(Fault::Q80BigEndianEncode) => stored.to_be_bytes(),
            _ => stored.to_le_bytes(),
        };
        let codes = values.iter().chain(std::iter::repeat(&0.0)).take(WEIGHTS).map(code);
        scale.into_iter().chain(codes).collect()
    }
}
