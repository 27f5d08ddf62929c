//! ggml's Q4_0 (SPEC Q40), with a switch at every slip that its readers and writers have made.

use half::f16;

use super::decode::flushed;
use super::fault::faults;
use super::rows::Rows;
use super::{Fault, Faulty, WEIGHTS, refusal};
use crate::format::Class;
use crate::suite::answer::Refusal;
use crate::suite::question::Encode;

/// Bytes of a block: f16 scale, 16 bytes of codes.
const BYTES: usize = 18;

faults! {
    Decode Q4_0 {
        43 Q40BigEndian "q4-0-big-endian"
            "Reads the scale with its high byte first."
        48 Q40SubnormalsFlushed "q4-0-subnormals-flushed"
            "Flushes a subnormal scale."
        95 Q40Sequential "q4-0-sequential"
            "Reads the codes as pairs in sequence."
        95 Q40HighHalfFirst "q4-0-high-half-first"
            "Takes the high nibbles for the first half of a block."
        42 Q40Unsigned "q4-0-unsigned"
            "Never takes the offset of 8 from a code."
        42 Q40Offset7 "q4-0-offset-7"
            "Takes 7 from a code."
        42 Q40TwosComplement "q4-0-twos-complement"
            "Takes a code for a signed nibble."
        96 Q40WideHeader "q4-0-wide-header"
            "Takes the scale for four bytes, so that codes begin two bytes late."
        29 Q40ZeroScaleRefused "q4-0-zero-scale-refused"
            "Refuses a scale of zero, which blocks of zeros have."
        31 Q40NegativeScaleAbsolute "q4-0-negative-scale-absolute"
            "Drops the sign of a scale, which every other block has."
        104 Q40SignedZeroLost "q4-0-signed-zero-lost"
            "Gives +0 where a product is -0."
        78 Q40UsualScaleDoubled "q4-0-usual-scale-doubled"
            "Doubles every scale between 2^-8 and 2^-7."
        79 Q40LaterBlocksOfFirstScale "q4-0-later-blocks-of-first-scale"
            "Decodes blocks behind the 128th by the scale of the first."
        35 Q40PartialAccepted "q4-0-partial-accepted"
            "Takes values that are not whole blocks."
        21 Q40EmptyRefused "q4-0-empty-refused"
            "Refuses an empty tensor."
        11 Q40ExtentUnchecked "q4-0-extent-unchecked"
            "Never compares the bytes with the number of values."
    }
    Encode Q4_0 {
        43 Q40BigEndianEncode "q4-0-big-endian-encode"
            "Writes the scale with its high byte first."
        95 Q40SequentialEncode "q4-0-sequential-encode"
            "Writes the codes as pairs in sequence."
        38 Q40ScaleOfMagnitude "q4-0-scale-of-magnitude"
            "Takes the scale from the magnitude of the largest value, not from the value: the sign is lost."
        38 Q40LastOfEquals "q4-0-last-of-equals"
            "Takes the last of two values of the largest magnitude, not the first."
        38 Q40LargestOfMaximum "q4-0-largest-of-maximum"
            "Takes the maximum for the value of the largest magnitude."
        44 Q40By7 "q4-0-by-7"
            "Divides the largest magnitude by 7, as symmetric encoders do."
        44 Q40Divided "q4-0-divided"
            "Divides by the scale where it is to multiply by the inverse."
        48 Q40InverseOfLargest "q4-0-inverse-of-largest"
            "Takes the inverse as -8 / max, which is another number where the scale is a subnormal f32."
        44 Q40ScaleAsStored "q4-0-scale-as-stored"
            "Takes the codes from the scale as it is stored in f16."
        44 Q40RoundHalfEven "q4-0-round-half-even"
            "Rounds halves to the even code."
        44 Q40CodeCut "q4-0-code-cut"
            "Cuts the fraction of a code off: adds 8, not 8.5."
        44 Q40RoundedBeforeOffset "q4-0-rounded-before-offset"
            "Rounds halves away from zero, and adds 8 then."
        40 Q40CodeWraps "q4-0-code-wraps"
            "Lets a code of 16 wrap to 0, where the largest magnitude has two signs."
        39 Q40FlatScaleOne "q4-0-flat-scale-one"
            "Gives a block of zeros the scale 1."
        48 Q40SubnormalsFlushedEncode "q4-0-subnormals-flushed-encode"
            "Flushes a subnormal scale when it is stored."
        45 Q40RowsPadded "q4-0-rows-padded"
            "Fills each row up to whole blocks."
        47 Q40ShapeUnchecked "q4-0-shape-unchecked"
            "Never compares the shape with the number of values."
    }
}

impl Faulty {
    fn q4_0_rows(self) -> Rows {
        Rows {
            weights: WEIGHTS,
            partial_accepted: self.has(Fault::Q40PartialAccepted),
            empty_refused: self.has(Fault::Q40EmptyRefused),
            extent_unchecked: self.has(Fault::Q40ExtentUnchecked),
            shape_unchecked: self.has(Fault::Q40ShapeUnchecked),
            padded: self.has(Fault::Q40RowsPadded),
        }
    }

    pub(super) fn decode_q4_0(self, payload: &[u8], len: u64) -> Result<Vec<f32>, Refusal> {
        self.q4_0_rows().check_payload(payload, len, BYTES)?;
        let mut values = Vec::new();
        for (index, block) in payload.as_chunks::<BYTES>().0.iter().enumerate() {
            let later = index >= 128 && self.has(Fault::Q40LaterBlocksOfFirstScale);
            let scale = self.q4_0_scale(if later { payload } else { block });
            if scale == 0.0 && self.has(Fault::Q40ZeroScaleRefused) {
                return Err(refusal(Class::Scale, format!("block {index}: scale is zero")));
            }
            values.extend((0..WEIGHTS).map(|place| {
                let weight = self.q4_0_code(block, place) * scale;
                if weight == 0.0 && self.has(Fault::Q40SignedZeroLost) { 0.0 } else { weight }
            }));
        }
        values.truncate(len as usize);
        Ok(values)
    }

    fn q4_0_scale(self, block: &[u8]) -> f32 {
        let bytes = [block[0], block[1]];
        let scale = f16::from_le_bytes(bytes).to_f32();
        match self.fault {
            Some(Fault::Q40BigEndian) => f16::from_be_bytes(bytes).to_f32(),
            Some(Fault::Q40SubnormalsFlushed) => flushed(f16::from_le_bytes(bytes)).to_f32(),
            Some(Fault::Q40NegativeScaleAbsolute) => scale.abs(),
            Some(Fault::Q40UsualScaleDoubled) if (0.003_906_25..0.007_812_5).contains(&scale) => {
                scale * 2.0
            }
            _ => scale,
        }
    }

    fn q4_0_code(self, block: &[u8], place: usize) -> f32 {
        let (at, high) = match self.fault {
            Some(Fault::Q40Sequential) => (place / 2, place % 2 == 1),
            Some(Fault::Q40HighHalfFirst) => (place % 16, place < 16),
            Some(Fault::Q40WideHeader) => ((place % 16 + 2).min(15), place >= 16),
            _ => (place % 16, place >= 16),
        };
        let code = if high { block[2 + at] >> 4 } else { block[2 + at] & 15 };
        match self.fault {
            Some(Fault::Q40Unsigned) => f32::from(code),
            Some(Fault::Q40Offset7) => f32::from(code) - 7.0,
            Some(Fault::Q40TwosComplement) => f32::from((code ^ 8) as i8 - 8),
            _ => f32::from(code) - 8.0,
        }
    }

    pub(super) fn encode_q4_0(self, question: &Encode) -> Result<Vec<u8>, Refusal> {
        let values = question.values.singles();
        let values = values.ok_or_else(|| refusal(Class::ShapeMismatch, "sources are f32"))?;
        let blocks = self.q4_0_rows().blocks(&question.shape, &values)?;
        Ok(blocks.into_iter().flat_map(|block| self.q4_0_block(block)).collect())
    }

    fn q4_0_block(self, values: &[f32]) -> Vec<u8> {
        let largest = values.iter().fold(0f32, |largest, &value| {
            let larger = match self.fault {
                Some(Fault::Q40LargestOfMaximum) => largest < value,
                Some(Fault::Q40LastOfEquals) => largest.abs() <= value.abs() && value != 0.0,
                _ => largest.abs() < value.abs(),
            };
            if larger { value } else { largest }
        });
        let mut scale = match self.fault {
            Some(Fault::Q40ScaleOfMagnitude) => largest.abs() / 8.0,
            Some(Fault::Q40By7) => largest / -7.0,
            _ => largest / -8.0,
        };
        if scale == 0.0 && self.has(Fault::Q40FlatScaleOne) {
            scale = 1.0;
        }
        let mut stored = f16::from_f32(scale);
        if self.has(Fault::Q40SubnormalsFlushedEncode) {
            stored = flushed(stored);
        }
        let inverse = match self.fault {
            _ if scale == 0.0 => 0.0,
            Some(Fault::Q40InverseOfLargest) => -8.0 / largest,
            Some(Fault::Q40ScaleAsStored) => 1.0 / stored.to_f32(),
            _ => 1.0 / scale,
        };
        let code = |value: f32| {
            let steps = match self.fault {
                Some(Fault::Q40Divided) if scale != 0.0 => value / scale,
                _ => value * inverse,
            };
            let code = match self.fault {
                Some(Fault::Q40RoundHalfEven) => (steps + 8.0).round_ties_even(),
                Some(Fault::Q40CodeCut) => steps + 8.0,
                Some(Fault::Q40RoundedBeforeOffset) => steps.round() + 8.0,
                _ => steps + 8.5,
            } as u8;
            if self.has(Fault::Q40CodeWraps) { code & 15 } else { code.min(15) }
        };
        let filled = values.iter().copied().chain(std::iter::repeat(0.0)).take(WEIGHTS);
        let codes: Vec<u8> = filled.map(code).collect();
        let pair = |at: usize| match self.fault {
            Some(Fault::Q40SequentialEncode) => codes[2 * at] | codes[2 * at + 1] << 4,
            _ => codes[at] | codes[at + 16] << 4,
        };
        let scale = match self.fault {
            Some(Fault::Q40BigEndianEncode) => stored.to_be_bytes(),
            _ => stored.to_le_bytes(),
        };
        scale.into_iter().chain((0..16).map(pair)).collect()
    }
}
