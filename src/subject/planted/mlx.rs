//! Groups of MLX (SPEC MLX), with a switch at every slip that an encoder of them can make.

use half::f16;

use super::decode::flushed;
use super::fault::faults;
use super::rows::Rows;
use super::{Fault, Faulty, WEIGHTS, refusal};
use crate::format::Class;
use crate::suite::answer::Refusal;
use crate::suite::floats::Floats;
use crate::suite::hex::Bits16;
use crate::suite::question::Encode;

faults! {
    Encode MLX {
        42 MlxSplitHalf "mlx-split-half"
            "Packs weight j with weight j + 16, as ggml does."
        42 MlxHalvesSwapped "mlx-halves-swapped"
            "Packs the even weight of a pair into the high half of its byte."
        43 MlxBigEndian "mlx-big-endian"
            "Writes scale and bias with their high byte first."
        43 MlxScaleBiasSwapped "mlx-scale-bias-swapped"
            "Writes the bias before the scale."
        43 MlxSourceBigEndian "mlx-source-big-endian"
            "Reads the f16 values with their high byte first."
        48 MlxSubnormalsFlushed "mlx-subnormals-flushed"
            "Flushes subnormal f16 values when it widens them."
        31 MlxAlwaysFromLow "mlx-always-from-low"
            "Always begins at the minimum with a positive scale, whichever end is larger."
        44 MlxSmallerEnd "mlx-smaller-end"
            "Represents the end of smaller magnitude exactly."
        44 MlxTieFromLow "mlx-tie-from-low"
            "Begins at the minimum where both ends are of one magnitude."
        44 MlxZeroNotOnGrid "mlx-zero-not-on-grid"
            "Leaves the step as it is: zero lies between two nibbles."
        44 MlxEdgeRoundedAway "mlx-edge-rounded-away"
            "Rounds half a step between the end and zero away from zero."
        44 MlxRoundedAway "mlx-rounded-away"
            "Rounds halves of nibbles away from zero."
        44 MlxNibbleCut "mlx-nibble-cut"
            "Cuts the fraction of a nibble off."
        44 MlxScaleAsStored "mlx-scale-as-stored"
            "Takes the nibbles from the scale as stored in f16."
        44 MlxMultiplied "mlx-multiplied"
            "Multiplies by the inverse of the scale where it is to divide."
        44 MlxSixteenSteps "mlx-sixteen-steps"
            "Divides the range by 16, the number of nibbles, not of steps."
        39 MlxLeastScaleMissing "mlx-least-scale-missing"
            "Has no least scale: a group of equal values divides by zero."
        39 MlxFlatScaleOne "mlx-flat-scale-one"
            "Gives a range below the least scale the scale 1, as KHQ4 has it."
        21 MlxEmptyRefused "mlx-empty-refused"
            "Refuses no values, which have an encoding of no groups."
        35 MlxPartialAccepted "mlx-partial-accepted"
            "Takes a number of values that is not whole groups."
        45 MlxRowsPadded "mlx-rows-padded"
            "Begins a new group with each row and fills it up, where a row is not whole groups."
        47 MlxShapeUnchecked "mlx-shape-unchecked"
            "Never compares the shape with the number of values."
    }
}

impl Faulty {
    pub(super) fn encode_mlx(self, question: &Encode) -> Result<Vec<u8>, Refusal> {
        let Floats::F16(Bits16(halves)) = &question.values else {
            return Err(refusal(Class::ShapeMismatch, "sources are f16"));
        };
        let widened = |&bits: &u16| match (self.fault, f16::from_bits(bits)) {
            (Some(Fault::MlxSubnormalsFlushed), half) => flushed(half).to_f32(),
            (Some(Fault::MlxSourceBigEndian), _) => f16::from_bits(bits.swap_bytes()).to_f32(),
            (_, half) => half.to_f32(),
        };
        let values: Vec<f32> = halves.iter().map(widened).collect();
        let rows = Rows {
            weights: WEIGHTS,
            partial_accepted: self.has(Fault::MlxPartialAccepted),
            empty_refused: self.has(Fault::MlxEmptyRefused),
            extent_unchecked: false,
            shape_unchecked: self.has(Fault::MlxShapeUnchecked),
            padded: self.has(Fault::MlxRowsPadded),
        };
        let groups = rows.blocks(&question.shape, &values)?;
        Ok(groups.into_iter().flat_map(|group| self.mlx_group(group)).collect())
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
