//! Encoding (SPEC ENC), with a switch at every place where encoders have gone wrong.

use half::f16;

use super::decode::flushed;
use super::fault::faults;
use super::{BLOCK, Fault, Faulty, WEIGHTS, refusal};
use crate::format::Class;
use crate::suite::answer::Refusal;

faults! {
    Encode KHQ4 {
        37 PaddedTailRange "padded-tail-range"
            "Takes minimum and maximum over the padding's zeros too, which coarsens the last block."
        37 RangeIncludesZero "range-includes-zero"
            "Starts minimum and maximum from 0.0, so that blocks of one sign reach to zero."
        37 MaximumFromFloatMin "maximum-from-float-min"
            "Starts the maximum from the least positive normal f32: negative blocks reach to zero."
        38 NanInFold "nan-in-fold"
            "Looks for infinities only: a NaN drops out of every comparison and becomes nibble 0."
        38 InfinityAccepted "infinity-accepted"
            "Looks for NaN only and leaves infinities out of the range: they are cut to its ends."
        38 NonfiniteOnlyFirstLaneChecked "nonfinite-only-first-lane-checked"
            "Checks the first value of each block only: a NaN behind it becomes nibble 0."
        38 NonfiniteRemainderUnchecked "nonfinite-remainder-unchecked"
            "Checks whole vectors of eight lanes only: a NaN in the remainder becomes nibble 0."
        39 TinyRangeScaleZero "tiny-range-scale-zero"
            "Calls a block degenerate where c is 0 only: a tiny step is stored as scale 0."
        39 ExactZeroRangeOnly "exact-zero-range-only"
            "Calls a block degenerate where the range is 0 only: a tiny range is refused."
        39 DegenerateBelowEpsilon "degenerate-below-epsilon"
            "Calls every range below 1e-5 degenerate: what a subnormal scale fits is flattened."
        39 DegenerateScaleSmallest "degenerate-scale-smallest"
            "Gives a degenerate block the least positive f16 as its scale, not 1."
        40 ScaleOverflowStored "scale-overflow-stored"
            "Stores a scale that overflows f16 as an infinity: it decodes to infinities and NaN."
        40 BiasOverflowStored "bias-overflow-stored"
            "Stores a bias that overflows f16 as an infinity: the whole block decodes to it."
        40 SaturatesScale "saturates-scale"
            "Cuts a scale that overflows f16 to 65504: the block's upper end is silently lowered."
        40 SaturatesBias "saturates-bias"
            "Cuts a bias that overflows f16 to 65504 of its sign: the block is silently shifted."
        40 OverflowUncheckedEncode "overflow-unchecked-encode"
            "Never looks at scale and bias as stored: what overflows f16 becomes infinities."
        46 Bf16Source "bf16-source"
            "Takes the values through bf16, cutting their lower 16 bits, before it looks at them."
        46 F16Source "f16-source"
            "Takes the values through f16 before it looks at them: large ones are refused."
        46 DoublesThroughBf16 "doubles-through-bf16"
            "Takes values of f64 through bf16."
        46 DoublesCut "doubles-cut"
            "Cuts values of f64 to f32, towards zero, where it is to round them."
        46 DoublesRoundedAway "doubles-rounded-away"
            "Rounds a tie between two f32 away from zero."
        46 DoublesThroughF16 "doubles-through-f16"
            "Takes values of f64 through f16, which not all of them fit."
        38 DoublesOverflowDropped "doubles-overflow-dropped"
            "Takes a value of f64 that is beyond every f32 for zero."
        48 HalfSourceSubnormalsFlushed "half-source-subnormals-flushed"
            "Flushes subnormal values of f16 when it widens them."
        46 HalfSourceAsBf16 "half-source-as-bf16"
            "Reads values of f16 as bf16."
        46 Bf16SourceAsHalf "bf16-source-as-half"
            "Reads values of bf16 as f16."
        43 SourceBigEndian "source-big-endian"
            "Reads values of f16, bf16 and f64 with their high byte first."
        42 NibblesSwappedEncode "nibbles-swapped-encode"
            "Packs the even weight of a pair into the high half of its byte."
        42 SplitHalfEncode "split-half-encode"
            "Packs weight j with weight j + 16, as llama.cpp does."
        43 MetadataBigEndianEncode "metadata-big-endian-encode"
            "Writes scale and bias with their high byte first."
        43 ScaleBiasSwappedEncode "scale-bias-swapped-encode"
            "Writes the bias before the scale."
        44 RoundHalfEven "round-half-even"
            "Rounds halves to the even nibble, as most languages' round does: 2.5 becomes 2."
        44 TruncateHalfUp "truncate-half-up"
            "Rounds by the floor of t + 0.5, whose sum rounds too: just below a half goes up."
        44 RoundHalfTowardZero "round-half-toward-zero"
            "Rounds halves towards zero: 0.5 becomes 0."
        44 TruncatingNibble "truncating-nibble"
            "Cuts the fraction off without adding a half first: errors reach a whole step."
        44 DivideNotReciprocal "divide-not-reciprocal"
            "Divides each value by the scale: next to a half the quotient differs from the product."
        44 F16ScaleForNibbles "f16-scale-for-nibbles"
            "Takes the nibbles from the scale as stored in f16, not from the one before rounding."
        44 F16BiasForNibbles "f16-bias-for-nibbles"
            "Subtracts the minimum as stored in f16, which moves every value of the block."
        44 MultiplyByReciprocalOfParts "multiply-by-reciprocal-of-parts"
            "Multiplies the range by a rounded 1/15, or amax by 1/7: the scale can be one bit off."
        44 InverseFromSpan "inverse-from-span"
            "Takes the inverse as 15/range or 7/amax, one rounding where there are to be two."
        44 DistributedProduct "distributed-product"
            "Evaluates v * inv - min * inv: the products round on their own, far from zero badly."
        44 ContractedProduct "contracted-product"
            "Lets v * inv - min * inv be fused to one multiply-add, which leaves one rounding out."
        44 DoubleEvaluation "double-evaluation"
            "Evaluates everything in f64 and rounds at the end: next to a half the nibble differs."
        44 SixteenSteps "sixteen-steps"
            "Divides the range by 16, the number of nibbles, not of steps: the maximum is cut off."
        44 ClampMissingWraps "clamp-missing-wraps"
            "Masks the rounded number to four bits where it is to be clamped: padding slots wrap."
        44 SymmetricBiasFromStoredScale "symmetric-bias-from-stored-scale"
            "Takes the symmetric bias as -8 times the stored scale: subnormal scales give another."
        44 F16RoundTowardZero "f16-round-toward-zero"
            "Cuts scale and bias to f16: every second one is one bit too near to zero."
        44 F16RoundHalfAway "f16-round-half-away"
            "Rounds a scale or bias halfway between two f16 away from zero, not to the even one."
        41 SymmetricByEight "symmetric-by-eight"
            "Divides amax by 8 steps, of which there are 7 above zero: the positive end is cut off."
        41 SymmetricSignedScale "symmetric-signed-scale"
            "Lays nibble 0 on the value furthest from zero, as Q4_0 does: scales can be negative."
        41 SymmetricIgnored "symmetric-ignored"
            "Encodes asymmetrically whatever mode is asked for: zero has no nibble of its own."
        41 AsymmetricIgnored "asymmetric-ignored"
            "Encodes symmetrically whatever mode is asked for: blocks off zero waste their nibbles."
        45 RowsNotFlat "rows-not-flat"
            "Begins new blocks with each row: a row that is not whole blocks shifts all behind it."
        47 ShapeUncheckedEncode "shape-unchecked-encode"
            "Never compares the shape with the number of values: it encodes what it was given."
        48 F16SubnormalFlushedEncode "f16-subnormal-flushed-encode"
            "Flushes subnormals when it rounds to f16: small steps are degenerate, small biases 0."
        34 StalePadding "stale-padding"
            "Does not clear the buffer of a block: padding is packed from the block before."
        35 PartialBlockDroppedEncode "partial-block-dropped-encode"
            "Encodes whole blocks only: the values of a partial last block are lost."
        35 PartialBlockRefusedEncode "partial-block-refused-encode"
            "Refuses every tensor that is not whole blocks."
        21 EmptyEncodeRefused "empty-encode-refused"
            "Refuses a tensor without values, which has an encoding of no blocks."
    }
}

/// A range below this is flattened by `degenerate-below-epsilon`.
const EPSILON: f32 = 1e-5;

/// How a block is laid over its values.
struct Grid {
    /// What lies at step 0: the minimum, or zero.
    origin: f32,
    /// The step.
    scale: f32,
    /// What a distance is multiplied by to give steps.
    inverse: f32,
    stored_scale: f16,
    stored_bias: f16,
}

impl Faulty {
    /// A tensor's payload.
    pub(super) fn encode_tensor(
        self,
        shape: &[u64],
        values: &[f32],
        symmetric: bool,
    ) -> Result<Vec<u8>, Refusal> {
        self.check_source_shape(shape, values.len() as u64)?;
        let row = match shape.last() {
            Some(&row) if self.has(Fault::RowsNotFlat) => row as usize,
            _ => values.len(),
        };
        let mut payload = Vec::new();
        let mut slots = [0.0; WEIGHTS];
        for real in values.chunks(row.max(1)).flat_map(|row| row.chunks(WEIGHTS)) {
            if real.len() < WEIGHTS && self.has(Fault::PartialBlockDroppedEncode) {
                continue;
            }
            if !self.has(Fault::StalePadding) {
                slots.fill(0.0);
            }
            slots[..real.len()].copy_from_slice(real);
            payload.extend(self.encode_block(&slots, real.len(), symmetric)?);
        }
        Ok(payload)
    }

    fn check_source_shape(self, shape: &[u64], found: u64) -> Result<(), Refusal> {
        if self.has(Fault::EmptyEncodeRefused) && found == 0 {
            return Err(refusal(Class::ShapeMismatch, "there are no values"));
        }
        if self.has(Fault::PartialBlockRefusedEncode) && !found.is_multiple_of(WEIGHTS as u64) {
            return Err(refusal(Class::ShapeMismatch, "the values are not whole blocks"));
        }
        if self.has(Fault::ShapeUncheckedEncode) {
            return Ok(());
        }
        let product = shape.iter().try_fold(1u64, |product, &size| product.checked_mul(size));
        match product {
            None => Err(refusal(Class::Overflow, "the product of the shape overflows")),
            Some(product) if product != found => {
                let detail = format!("the shape holds {product} values, not {found}");
                Err(refusal(Class::ShapeMismatch, detail))
            }
            Some(_) => Ok(()),
        }
    }

    /// The block whose real values are the first `count` of `slots`.
    fn encode_block(
        self,
        slots: &[f32; WEIGHTS],
        count: usize,
        symmetric: bool,
    ) -> Result<[u8; BLOCK], Refusal> {
        self.check_finite(&slots[..count])?;
        let slots = slots.map(|value| self.source(value));
        let symmetric = match self.fault {
            Some(Fault::SymmetricIgnored) => false,
            Some(Fault::AsymmetricIgnored) => true,
            _ => symmetric,
        };
        let extremes = self.extremes(&slots, count);
        if self.has(Fault::DoubleEvaluation) {
            return self.encode_in_double(&slots, extremes, symmetric);
        }
        let grid = self.grid(extremes, symmetric)?;
        let zero_point = if symmetric { 8.0 } else { 0.0 };
        let nibbles = slots.map(|value| self.nibble(self.steps(&grid, value), zero_point));
        Ok(self.packed(grid.stored_scale, grid.stored_bias, &nibbles))
    }

    /// ENC-A1 to A3, Y1, Y2, D1, M1 to M3 and Q1.
    fn grid(self, (min, max): (f32, f32), symmetric: bool) -> Result<Grid, Refusal> {
        let amax = max.abs().max(min.abs());
        let (span, parts) = match (symmetric, self.fault) {
            (true, Some(Fault::SymmetricSignedScale)) if min == -amax => (min, -8.0),
            (true, Some(Fault::SymmetricSignedScale)) => (max, -8.0),
            (true, Some(Fault::SymmetricByEight)) => (amax, 8.0),
            (true, _) => (amax, 7.0),
            (false, Some(Fault::SixteenSteps)) => (max - min, 16.0),
            (false, _) => (max - min, 15.0),
        };
        let candidate = match self.fault {
            Some(Fault::MultiplyByReciprocalOfParts) => span * (1.0 / parts),
            _ => span / parts,
        };
        let degenerate = self.is_degenerate(candidate, span);
        let scale = match self.fault {
            _ if !degenerate => candidate,
            Some(Fault::DegenerateScaleSmallest) => f16::from_bits(1).to_f32(),
            _ => 1.0,
        };
        let bias = match self.fault {
            _ if !symmetric => min,
            Some(Fault::SymmetricBiasFromStoredScale) => -8.0 * self.half(scale).to_f32(),
            _ => -8.0 * scale,
        };
        let (stored_scale, stored_bias) = self.stored(scale, bias)?;
        let inverse = match self.fault {
            Some(Fault::F16ScaleForNibbles) => 1.0 / stored_scale.to_f32(),
            Some(Fault::InverseFromSpan) if !degenerate => parts / span,
            _ => 1.0 / scale,
        };
        let origin = if symmetric { 0.0 } else { min };
        Ok(Grid { origin, scale, inverse, stored_scale, stored_bias })
    }

    /// ENC-A4 and Y3: how many steps `value` lies from the origin, before rounding.
    fn steps(self, grid: &Grid, value: f32) -> f32 {
        let Grid { origin, scale, inverse, .. } = *grid;
        match self.fault {
            Some(Fault::DivideNotReciprocal) => (value - origin) / scale,
            Some(Fault::DistributedProduct) => value * inverse - origin * inverse,
            Some(Fault::ContractedProduct) => value.mul_add(inverse, -(origin * inverse)),
            Some(Fault::F16BiasForNibbles) if origin != 0.0 => {
                (value - grid.stored_bias.to_f32()) * inverse
            }
            _ => (value - origin) * inverse,
        }
    }

    /// The same formulas, with every intermediate result kept in f64.
    fn encode_in_double(
        self,
        slots: &[f32; WEIGHTS],
        (min, max): (f32, f32),
        symmetric: bool,
    ) -> Result<[u8; BLOCK], Refusal> {
        let (min, max) = (f64::from(min), f64::from(max));
        let candidate = if symmetric { max.abs().max(min.abs()) / 7.0 } else { (max - min) / 15.0 };
        let scale = if self.is_degenerate(candidate as f32, 0.0) { 1.0 } else { candidate };
        let bias = if symmetric { -8.0 * scale } else { min };
        let (stored_scale, stored_bias) = self.stored(scale as f32, bias as f32)?;
        let inverse = 1.0 / scale;
        let nibbles = slots.map(|value| {
            let value = f64::from(value);
            let steps = if symmetric {
                (value * inverse).round() + 8.0
            } else {
                ((value - min) * inverse).round()
            };
            steps.clamp(0.0, 15.0) as u8
        });
        Ok(self.packed(stored_scale, stored_bias, &nibbles))
    }

    /// ENC-S2.
    fn check_finite(self, real: &[f32]) -> Result<(), Refusal> {
        let checked = match self.fault {
            Some(Fault::NonfiniteOnlyFirstLaneChecked) => &real[..1],
            Some(Fault::NonfiniteRemainderUnchecked) => &real[..real.len() / 8 * 8],
            _ => real,
        };
        let lawful = |value: &f32| match self.fault {
            Some(Fault::NanInFold) => !value.is_infinite(),
            Some(Fault::InfinityAccepted) => !value.is_nan(),
            _ => value.is_finite(),
        };
        match checked.iter().find(|value| !lawful(value)) {
            Some(value) => Err(refusal(Class::NonFinite, format!("{value} among the values"))),
            None => Ok(()),
        }
    }

    fn source(self, value: f32) -> f32 {
        match self.fault {
            Some(Fault::Bf16Source) => f32::from_bits(value.to_bits() & 0xffff_0000),
            Some(Fault::F16Source) => f16::from_f32(value).to_f32(),
            _ => value,
        }
    }

    /// ENC-A1: the least and the greatest real value. What the missing guards let in is left out:
    /// no comparison holds for a NaN, and `infinity-accepted` passes over infinities.
    fn extremes(self, slots: &[f32; WEIGHTS], count: usize) -> (f32, f32) {
        let folded = if self.has(Fault::PaddedTailRange) { slots } else { &slots[..count] };
        let counted = folded.iter().copied().filter(|value| match self.fault {
            Some(Fault::InfinityAccepted) => value.is_finite(),
            _ => !value.is_nan(),
        });
        let min = counted.clone().fold(f32::INFINITY, f32::min);
        let max = counted.clone().fold(f32::NEG_INFINITY, f32::max);
        match self.fault {
            _ if counted.count() == 0 => (0.0, 0.0),
            Some(Fault::RangeIncludesZero) => (min.min(0.0), max.max(0.0)),
            Some(Fault::MaximumFromFloatMin) => (min, max.max(f32::MIN_POSITIVE)),
            _ => (min, max),
        }
    }

    /// ENC-D1: the step is too small for f16. One too large is kept, for `stored` to refuse.
    fn is_degenerate(self, candidate: f32, span: f32) -> bool {
        match self.fault {
            Some(Fault::TinyRangeScaleZero) => candidate == 0.0,
            Some(Fault::ExactZeroRangeOnly) => span == 0.0,
            Some(Fault::DegenerateBelowEpsilon) if span < EPSILON => true,
            _ => candidate.abs() < 1.0 && !is_scale(self.half(candidate.abs())),
        }
    }

    /// ENC-M1 to M3: both numbers in f16, the scale checked first.
    fn stored(self, scale: f32, bias: f32) -> Result<(f16, f16), Refusal> {
        let (mut stored_scale, mut stored_bias) = (self.half(scale), self.half(bias));
        if self.has(Fault::SaturatesScale) && stored_scale == f16::INFINITY {
            stored_scale = f16::MAX;
        }
        if self.has(Fault::SaturatesBias) && stored_bias.is_infinite() {
            stored_bias = f16::MAX.copysign(stored_bias);
        }
        let scale_passes = match self.fault {
            Some(Fault::TinyRangeScaleZero) => stored_scale.is_finite(),
            Some(Fault::OverflowUncheckedEncode) => true,
            Some(Fault::ScaleOverflowStored) => !stored_scale.is_nan(),
            Some(Fault::SymmetricSignedScale) => is_scale(f16::from_f32(scale.abs())),
            _ => is_scale(stored_scale),
        };
        if !scale_passes {
            return Err(refusal(Class::Scale, format!("scale {scale} has no place in f16")));
        }
        let bias_passes = match self.fault {
            Some(Fault::OverflowUncheckedEncode | Fault::BiasOverflowStored) => true,
            _ => stored_bias.is_finite(),
        };
        if !bias_passes {
            return Err(refusal(Class::Bias, format!("bias {bias} has no place in f16")));
        }
        Ok((stored_scale, stored_bias))
    }

    /// f32 to f16: to nearest, ties to even, subnormals kept.
    fn half(self, value: f32) -> f16 {
        let nearest = f16::from_f32(value);
        let toward_zero = f16::from_bits(nearest.to_bits().wrapping_sub(1));
        let away = f16::from_bits(nearest.to_bits().wrapping_add(1));
        match self.fault {
            Some(Fault::F16SubnormalFlushedEncode) => flushed(nearest),
            Some(Fault::F16RoundTowardZero)
                if value.abs() < 65536.0 && nearest.to_f32().abs() > value.abs() =>
            {
                toward_zero
            }
            Some(Fault::F16RoundHalfAway)
                if nearest.is_finite()
                    && nearest.to_f64() + away.to_f64() == 2.0 * f64::from(value) =>
            {
                away
            }
            _ => nearest,
        }
    }

    /// ENC-Q2: to the nearest whole number, halves away from zero, then clamped.
    fn nibble(self, steps: f32, zero_point: f32) -> u8 {
        let rounded = match self.fault {
            Some(Fault::RoundHalfEven) => steps.round_ties_even() + zero_point,
            Some(Fault::TruncateHalfUp) => (steps + (zero_point + 0.5)).floor(),
            Some(Fault::RoundHalfTowardZero) => {
                (steps.abs() - 0.5).ceil().copysign(steps) + zero_point
            }
            Some(Fault::TruncatingNibble) => (steps + zero_point).trunc(),
            _ => steps.round() + zero_point,
        };
        match self.fault {
            Some(Fault::ClampMissingWraps) => (rounded as i64 & 15) as u8,
            _ => rounded.clamp(0.0, 15.0) as u8,
        }
    }

    /// BLK-1 and BLK-2.
    fn packed(self, scale: f16, bias: f16, nibbles: &[u8; WEIGHTS]) -> [u8; BLOCK] {
        let metadata = match self.fault {
            Some(Fault::MetadataBigEndianEncode) => [scale.to_be_bytes(), bias.to_be_bytes()],
            Some(Fault::ScaleBiasSwappedEncode) => [bias.to_le_bytes(), scale.to_le_bytes()],
            _ => [scale.to_le_bytes(), bias.to_le_bytes()],
        };
        let mut block = [0; BLOCK];
        block[..4].copy_from_slice(metadata.as_flattened());
        for (index, byte) in block[4..].iter_mut().enumerate() {
            let (low, high) = match self.fault {
                Some(Fault::SplitHalfEncode) => (index, index + 16),
                Some(Fault::NibblesSwappedEncode) => (2 * index + 1, 2 * index),
                _ => (2 * index, 2 * index + 1),
            };
            *byte = nibbles[low] | nibbles[high] << 4;
        }
        block
    }
}

/// A scale that may be stored.
fn is_scale(scale: f16) -> bool {
    scale.is_finite() && scale > f16::ZERO
}
