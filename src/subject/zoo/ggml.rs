//! ggml's Q4_1 (SPEC GGML), with a switch at every slip that its readers and writers have made.

use half::f16;

use super::decode::flushed;
use super::{BLOCK, Fault, Faulty, WEIGHTS, refusal};
use crate::format::Class;
use crate::subject::message::{EncodeRows, Refusal};
use crate::suite::hex::Bits;

impl Faulty {
    pub(super) fn decode_ggml(self, payload: &[u8], len: u64) -> Result<Vec<f32>, Refusal> {
        if !len.is_multiple_of(WEIGHTS as u64) && !self.has(Fault::GgmlPartialAccepted) {
            return Err(refusal(Class::Shape, format!("{len} values are not whole blocks")));
        }
        if len == 0 && self.has(Fault::GgmlEmptyRefused) {
            return Err(refusal(Class::Shape, "no values"));
        }
        let expected = u128::from(len.div_ceil(WEIGHTS as u64)) * BLOCK as u128;
        let found = payload.len() as u128;
        if found != expected && !self.has(Fault::GgmlExtentUnchecked) {
            let class =
                if found < expected { Class::TruncatedPayload } else { Class::TrailingBytes };
            return Err(refusal(class, format!("{found} bytes of blocks, not {expected}")));
        }
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

    pub(super) fn encode_ggml(self, request: &EncodeRows) -> Result<Vec<u8>, Refusal> {
        let values = Bits::from_le_bytes(&request.values)
            .map_err(|message| refusal(Class::ShapeMismatch, message))?
            .values();
        let product =
            request.shape.iter().try_fold(1u64, |product, &size| product.checked_mul(size));
        if product != Some(values.len() as u64) && !self.has(Fault::GgmlShapeUnchecked) {
            return Err(refusal(Class::ShapeMismatch, format!("{} values", values.len())));
        }
        if values.is_empty() && self.has(Fault::GgmlEmptyRefused) {
            return Err(refusal(Class::Shape, "no values"));
        }
        if values.len() % WEIGHTS != 0 && !self.has(Fault::GgmlPartialAccepted) {
            return Err(refusal(Class::Shape, format!("{} values", values.len())));
        }
        let row = match (self.fault, request.shape.last()) {
            (Some(Fault::GgmlRowsPadded), Some(&columns @ 1..)) => columns as usize,
            _ => WEIGHTS,
        };
        let rows = values.chunks(row).flat_map(|row| row.chunks(WEIGHTS));
        Ok(rows.flat_map(|block| self.ggml_block(block)).collect())
    }

    fn ggml_block(self, values: &[f32]) -> Vec<u8> {
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
