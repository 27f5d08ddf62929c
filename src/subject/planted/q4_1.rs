//! ggml's Q4_1 (SPEC GGML), with a switch at every slip that its readers and writers have made.

use half::f16;

use super::decode::flushed;
use super::fault::faults;
use super::rows::Rows;
use super::{BLOCK, Fault, Faulty, WEIGHTS, refusal};
use crate::format::Class;
use crate::suite::answer::Refusal;
use crate::suite::question::Encode;

faults! {
    Decode Q4_1 {
        42 GgmlSequentialPairs "ggml-sequential-pairs"
            "Takes weights 2j and 2j + 1 from one byte, as KHQ4 has them."
        42 GgmlHalvesSwapped "ggml-halves-swapped"
            "Takes the first sixteen weights from the high halves of the bytes."
        43 GgmlBigEndian "ggml-big-endian"
            "Reads scale and minimum with their high byte first."
        43 GgmlScaleMinimumSwapped "ggml-scale-minimum-swapped"
            "Reads the minimum before the scale."
        32 GgmlSubnormalsFlushed "ggml-subnormals-flushed"
            "Flushes subnormal scales and minima when it widens them."
        29 GgmlZeroScaleRefused "ggml-zero-scale-refused"
            "Refuses a scale of zero, which a block of equal values has."
        41 GgmlMinimumSubtracted "ggml-minimum-subtracted"
            "Subtracts the minimum, as the K-quants have it."
        41 GgmlReadAsQ40 "ggml-read-as-q40"
            "Decodes (q - 8) * d, as of the format without a minimum."
        21 GgmlEmptyRefused "ggml-empty-refused"
            "Refuses no values, which have an encoding of no blocks."
        35 GgmlPartialAccepted "ggml-partial-accepted"
            "Takes a number of values that is not whole blocks."
        35 GgmlExtentUnchecked "ggml-extent-unchecked"
            "Takes blocks of any number: what is missing is missing, what is too much is not seen."
    }
    Encode Q4_1 {
        42 GgmlSequentialPairsEncode "ggml-sequential-pairs-encode"
            "Packs weights 2j and 2j + 1 into one byte, as KHQ4 has them."
        42 GgmlHalvesSwappedEncode "ggml-halves-swapped-encode"
            "Packs the first sixteen weights into the high halves of the bytes."
        43 GgmlBigEndianEncode "ggml-big-endian-encode"
            "Writes scale and minimum with their high byte first."
        44 GgmlSixteenSteps "ggml-sixteen-steps"
            "Divides the range by 16, the number of nibbles, not of steps."
        44 GgmlScaleAsStored "ggml-scale-as-stored"
            "Takes the nibbles from the scale as stored in f16."
        44 GgmlMinimumAsStored "ggml-minimum-as-stored"
            "Subtracts the minimum as stored in f16."
        44 GgmlDivided "ggml-divided"
            "Divides each value by the scale where it is to multiply by the inverse."
        44 GgmlRoundHalfAway "ggml-round-half-away"
            "Rounds t to the nearest: just below a half, where t + 0.5 rounds up, it does not."
        44 GgmlRoundHalfEven "ggml-round-half-even"
            "Rounds halves to the even nibble."
        44 GgmlNibbleCut "ggml-nibble-cut"
            "Cuts the fraction off without adding a half first."
        37 GgmlRangeFromZero "ggml-range-from-zero"
            "Lets the range reach to zero: blocks of one sign are coarser."
        39 GgmlFlatScaleOne "ggml-flat-scale-one"
            "Gives a block of equal values the scale 1, as KHQ4 has it."
        45 GgmlRowsPadded "ggml-rows-padded"
            "Begins a new block with each row and fills it up, where a row is not whole blocks."
        47 GgmlShapeUnchecked "ggml-shape-unchecked"
            "Never compares the shape with the number of values."
    }
}

impl Faulty {
    /// What Q4_1's rows lack the checks of.
    fn q4_1_rows(self) -> Rows {
        Rows {
            weights: WEIGHTS,
            partial_accepted: self.has(Fault::GgmlPartialAccepted),
            empty_refused: self.has(Fault::GgmlEmptyRefused),
            extent_unchecked: self.has(Fault::GgmlExtentUnchecked),
            shape_unchecked: self.has(Fault::GgmlShapeUnchecked),
            padded: self.has(Fault::GgmlRowsPadded),
        }
    }

    pub(super) fn decode_q4_1(self, payload: &[u8], len: u64) -> Result<Vec<f32>, Refusal> {
        self.q4_1_rows().check_payload(payload, len, BLOCK)?;
        let mut values = Vec::new();
        for (index, block) in payload.as_chunks::<BLOCK>().0.iter().enumerate() {
            let half = |at: usize| {
                let half = match self.has(Fault::GgmlBigEndian) {
                    true => f16::from_be_bytes([block[at], block[at + 1]]),
                    false => f16::from_le_bytes([block[at], block[at + 1]]),
                };
                let flush = self.has(Fault::GgmlSubnormalsFlushed);
                if flush { flushed(half).to_f32() } else { half.to_f32() }
            };
            let (scale, low) = match self.fault {
                Some(Fault::GgmlScaleMinimumSwapped) => (half(2), half(0)),
                _ => (half(0), half(2)),
            };
            if scale == 0.0 && self.has(Fault::GgmlZeroScaleRefused) {
                return Err(refusal(Class::Scale, format!("block {index}: scale is zero")));
            }
            values.extend((0..WEIGHTS).map(|place| {
                let (byte, high) = match self.fault {
                    Some(Fault::GgmlSequentialPairs) => (place / 2, place % 2 == 1),
                    Some(Fault::GgmlHalvesSwapped) => (place % 16, place / 16 == 0),
                    _ => (place % 16, place / 16 == 1),
                };
                let nibble = if high { block[4 + byte] >> 4 } else { block[4 + byte] & 15 };
                match self.fault {
                    Some(Fault::GgmlMinimumSubtracted) => f32::from(nibble) * scale - low,
                    Some(Fault::GgmlReadAsQ40) => (f32::from(nibble) - 8.0) * scale,
                    _ => f32::from(nibble) * scale + low,
                }
            }));
        }
        values.truncate(len as usize);
        Ok(values)
    }

    pub(super) fn encode_q4_1(self, question: &Encode) -> Result<Vec<u8>, Refusal> {
        let values = question.values.singles();
        let values = values.ok_or_else(|| refusal(Class::ShapeMismatch, "sources are f32"))?;
        let blocks = self.q4_1_rows().blocks(&question.shape, &values)?;
        Ok(blocks.into_iter().flat_map(|block| self.q4_1_block(block)).collect())
    }

    fn q4_1_block(self, values: &[f32]) -> Vec<u8> {
        let low = values.iter().copied().fold(f32::INFINITY, f32::min);
        let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut scale = match self.fault {
            Some(Fault::GgmlSixteenSteps) => (high - low) / 16.0,
            Some(Fault::GgmlRangeFromZero) => (high.max(0.0) - low.min(0.0)) / 15.0,
            _ => (high - low) / 15.0,
        };
        if scale == 0.0 && self.has(Fault::GgmlFlatScaleOne) {
            scale = 1.0;
        }
        let (stored, stored_low) = (f16::from_f32(scale), f16::from_f32(low));
        let inverse = match self.fault {
            _ if scale == 0.0 => 0.0,
            Some(Fault::GgmlScaleAsStored) => 1.0 / stored.to_f32(),
            _ => 1.0 / scale,
        };
        let nibble = |value: f32| {
            let steps = match self.fault {
                Some(Fault::GgmlMinimumAsStored) => (value - stored_low.to_f32()) * inverse,
                Some(Fault::GgmlDivided) if scale != 0.0 => (value - low) / scale,
                _ => (value - low) * inverse,
            };
            let rounded = match self.fault {
                Some(Fault::GgmlRoundHalfAway) => steps.round(),
                Some(Fault::GgmlRoundHalfEven) => steps.round_ties_even(),
                Some(Fault::GgmlNibbleCut) => steps,
                _ => steps + 0.5,
            };
            (rounded as u8).min(15)
        };
        let nibbles: Vec<u8> = values.iter().map(|&value| nibble(value)).collect();
        let at = |index: usize| nibbles.get(index).copied().unwrap_or(0);
        let pair = |byte: usize| match self.fault {
            Some(Fault::GgmlSequentialPairsEncode) => at(2 * byte) | at(2 * byte + 1) << 4,
            Some(Fault::GgmlHalvesSwappedEncode) => at(byte + 16) | at(byte) << 4,
            _ => at(byte) | at(byte + 16) << 4,
        };
        let halves = [stored, stored_low].map(|half| match self.has(Fault::GgmlBigEndianEncode) {
            true => half.to_be_bytes(),
            false => half.to_le_bytes(),
        });
        halves.concat().into_iter().chain((0..16).map(pair)).collect()
    }
}
