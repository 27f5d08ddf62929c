//! Groups of MLX (SPEC MLX), with a switch at every slip that an encoder of them can make.

use half::f16;

use super::decode::flushed;
use super::{Fault, Faulty, WEIGHTS, refusal};
use crate::format::Class;
use crate::subject::message::{EncodeRows, Refusal};
use crate::suite::hex::Bits16;

impl Faulty {
    pub(super) fn encode_mlx_rows(self, request: &EncodeRows) -> Result<Vec<u8>, Refusal> {
        let halves = Bits16::from_le_bytes(&request.values)
            .map_err(|message| refusal(Class::ShapeMismatch, message))?
            .0;
        let widened = |bits: u16| match (self.fault, f16::from_bits(bits)) {
            (Some(Fault::MlxSubnormalsFlushed), half) => flushed(half).to_f32(),
            (Some(Fault::MlxSourceBigEndian), _) => f16::from_bits(bits.swap_bytes()).to_f32(),
            (_, half) => half.to_f32(),
        };
        let values: Vec<f32> = halves.into_iter().map(widened).collect();
        let product =
            request.shape.iter().try_fold(1u64, |product, &size| product.checked_mul(size));
        if product != Some(values.len() as u64) && !self.has(Fault::MlxShapeUnchecked) {
            return Err(refusal(Class::ShapeMismatch, format!("{} values", values.len())));
        }
        if values.is_empty() && self.has(Fault::MlxEmptyRefused) {
            return Err(refusal(Class::Shape, "no values"));
        }
        if !values.len().is_multiple_of(WEIGHTS) && !self.has(Fault::MlxPartialAccepted) {
            return Err(refusal(Class::Shape, format!("{} values", values.len())));
        }
        let row = match (self.fault, request.shape.last()) {
            (Some(Fault::MlxRowsPadded), Some(&columns @ 1..)) => columns as usize,
            _ => WEIGHTS,
        };
        let rows = values.chunks(row).flat_map(|row| row.chunks(WEIGHTS));
        Ok(rows.flat_map(|group| self.mlx_group(group)).collect())
    }

    fn mlx_group(self, values: &[f32]) -> Vec<u8> {
        let low = values.iter().copied().fold(f32::INFINITY, f32::min);
        let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let steps = if self.has(Fault::MlxSixteenSteps) { 16.0 } else { 15.0 };
        let mut step = (high - low) / steps;
        if step < 1e-7 {
            step = match self.fault {
                Some(Fault::MlxLeastScaleMissing) => step,
                Some(Fault::MlxFlatScaleOne) => 1.0,
                _ => 1e-7,
            };
        }
        let from_low = match self.fault {
            Some(Fault::MlxAlwaysFromLow) => true,
            Some(Fault::MlxSmallerEnd) => low.abs() < high.abs(),
            Some(Fault::MlxTieFromLow) => low.abs() >= high.abs(),
            _ => low.abs() > high.abs(),
        };
        let (edge, step) = if from_low { (low, step) } else { (high, -step) };
        let count = match self.fault {
            Some(Fault::MlxEdgeRoundedAway) => (edge / step).round(),
            _ => (edge / step).round_ties_even(),
        };
        let (scale, bias) = match self.fault {
            Some(Fault::MlxZeroNotOnGrid) => (step, edge),
            _ if count != 0.0 => (edge / count, edge),
            _ => (step, 0.0),
        };
        let (stored, stored_bias) = (f16::from_f32(scale), f16::from_f32(bias));
        let nibble = |value: f32| {
            let steps = match self.fault {
                Some(Fault::MlxScaleAsStored) => (value - bias) / stored.to_f32(),
                Some(Fault::MlxMultiplied) => (value - bias) * (1.0 / scale),
                _ => (value - bias) / scale,
            };
            let rounded = match self.fault {
                Some(Fault::MlxRoundedAway) => steps.round(),
                Some(Fault::MlxNibbleCut) => steps.trunc(),
                _ => steps.round_ties_even(),
            };
            rounded.clamp(0.0, 15.0) as u8
        };
        let nibbles: Vec<u8> = values.iter().map(|&value| nibble(value)).collect();
        let at = |index: usize| nibbles.get(index).copied().unwrap_or(0);
        let pair = |byte: usize| match self.fault {
            Some(Fault::MlxSplitHalf) => at(byte) | at(byte + 16) << 4,
            Some(Fault::MlxHalvesSwapped) => at(2 * byte + 1) | at(2 * byte) << 4,
            _ => at(2 * byte) | at(2 * byte + 1) << 4,
        };
        let halves = match self.fault {
            Some(Fault::MlxBigEndian) => [stored.to_be_bytes(), stored_bias.to_be_bytes()],
            Some(Fault::MlxScaleBiasSwapped) => [stored_bias.to_le_bytes(), stored.to_le_bytes()],
            _ => [stored.to_le_bytes(), stored_bias.to_le_bytes()],
        };
        halves.concat().into_iter().chain((0..16).map(pair)).collect()
    }
}
