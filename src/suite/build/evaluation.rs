//! Wrong evaluations of the encoder's arithmetic, in the floats of this machine: what the search
//! for inputs looks at. Their results are only ever compared with the exact evaluator's.

use half::f16;

use crate::suite::exact::ExactBlock;
use crate::suite::question::Mode;

/// A way to evaluate the encoder; all but the first are wrong (class 44).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evaluation {
    /// As ENC has it.
    Canonical,
    /// Halves go to the even neighbour.
    RoundHalfEven,
    /// `floor(x + 0.5)`, the sum rounded: 0.49999997 becomes 1, and -2.5 becomes -2.
    TruncateHalfUp,
    /// Halves go to the neighbour nearer to zero.
    RoundHalfTowardZero,
    /// `(v - min) / s` for each value.
    DivideNotReciprocal,
    /// The nibbles are found with the scale as it is stored.
    F16ScaleForNibbles,
    /// The nibbles are found with the bias as it is stored.
    F16BiasForNibbles,
    /// `range * (1 / 15)` and `amax * (1 / 7)`.
    MultiplyByReciprocalOfParts,
    /// `inv = 15 / range` and `7 / amax`.
    InverseFromSpan,
    /// `v * inv - min * inv`.
    DistributedProduct,
    /// Everything in f64, rounded once at the end.
    DoublePrecision,
    /// `x` cut, not rounded.
    TruncatingNibble,
    /// The source cut to bf16 first (class 46).
    Bf16Source,
}

use Evaluation as E;

impl Evaluation {
    /// The wrong ones, with the names of planted faults.
    pub(super) const WRONG: [(Self, &'static str); 12] = [
        (E::RoundHalfEven, "round-half-even"),
        (E::TruncateHalfUp, "truncate-half-up"),
        (E::RoundHalfTowardZero, "round-half-toward-zero"),
        (E::DivideNotReciprocal, "divide-not-reciprocal"),
        (E::F16ScaleForNibbles, "f16-scale-for-nibbles"),
        (E::F16BiasForNibbles, "f16-bias-for-nibbles"),
        (E::MultiplyByReciprocalOfParts, "multiply-by-reciprocal-of-parts"),
        (E::InverseFromSpan, "inverse-from-span"),
        (E::DistributedProduct, "distributed-product"),
        (E::DoublePrecision, "double-evaluation"),
        (E::TruncatingNibble, "truncating-nibble"),
        (E::Bf16Source, "bf16-source"),
    ];

    /// The block of `values`, 1 to 32 of them, neither degenerate nor beyond f16.
    pub(super) fn block(self, values: &[f32], mode: Mode) -> ExactBlock {
        let cut = |value: f32| f32::from_bits(value.to_bits() & 0xffff_0000);
        let source: Vec<f32> = match self {
            E::Bf16Source => values.iter().copied().map(cut).collect(),
            _ => values.to_vec(),
        };
        let min = source.iter().copied().fold(f32::INFINITY, f32::min);
        let max = source.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let (span, parts, origin) = match mode {
            Mode::Asymmetric => (max - min, 15.0, min),
            Mode::Symmetric => (max.max(-min), 7.0, 0.0),
        };
        if self == E::DoublePrecision {
            return double_evaluation(&source, mode);
        }
        let scale = match self {
            E::MultiplyByReciprocalOfParts => span * (1.0 / parts),
            _ => span / parts,
        };
        let stored = f16::from_f32(scale);
        let bias = match mode {
            Mode::Asymmetric => min,
            Mode::Symmetric => -8.0 * scale,
        };
        let inverse = match self {
            E::F16ScaleForNibbles => 1.0 / stored.to_f32(),
            E::InverseFromSpan => parts / span,
            _ => 1.0 / scale,
        };
        let steps = |value: f32| match self {
            E::DivideNotReciprocal => (value - origin) / scale,
            E::DistributedProduct => value * inverse - origin * inverse,
            E::F16BiasForNibbles => (value - f16::from_f32(min).to_f32()) * inverse,
            _ => (value - origin) * inverse,
        };
        let middle = if mode == Mode::Symmetric { 8.0 } else { 0.0 };
        let nibble = |value: f32| match self {
            E::RoundHalfEven => steps(value).round_ties_even() + middle,
            E::TruncateHalfUp => (steps(value) + (middle + 0.5)).floor(),
            E::RoundHalfTowardZero => round_half_toward_zero(steps(value)) + middle,
            E::TruncatingNibble => (steps(value) + middle).trunc(),
            _ => steps(value).round() + middle,
        };
        let nibbles = (0..32)
            .map(|place| nibble(source.get(place).copied().unwrap_or(0.0)).clamp(0.0, 15.0) as u8)
            .collect();
        ExactBlock { scale: stored.to_bits(), bias: f16::from_f32(bias).to_bits(), nibbles }
    }
}

fn round_half_toward_zero(x: f32) -> f32 {
    if x.fract().abs() == 0.5 { x.trunc() } else { x.round() }
}

fn double_evaluation(source: &[f32], mode: Mode) -> ExactBlock {
    let min = f64::from(source.iter().copied().fold(f32::INFINITY, f32::min));
    let max = f64::from(source.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let (scale, bias, origin, middle) = match mode {
        Mode::Asymmetric => ((max - min) / 15.0, min, min, 0.0),
        Mode::Symmetric => {
            let scale = max.max(-min) / 7.0;
            (scale, -8.0 * scale, 0.0, 8.0)
        }
    };
    let inverse = 1.0 / scale;
    let nibble = |value: f32| {
        let rounded = ((f64::from(value) - origin) * inverse).round() + middle;
        rounded.clamp(0.0, 15.0) as u8
    };
    let nibbles = (0..32).map(|place| nibble(source.get(place).copied().unwrap_or(0.0))).collect();
    ExactBlock {
        scale: f16::from_f64(scale).to_bits(),
        bias: f16::from_f64(bias).to_bits(),
        nibbles,
    }
}
