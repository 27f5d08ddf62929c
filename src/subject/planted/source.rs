//! Source values of every type (SPEC ENC-S5), with a switch at every slip on the way to f32.

use half::{bf16, f16};

use super::decode::flushed;
use super::{Fault, Faulty};
use crate::suite::floats::Floats;
use crate::suite::hex::{Bits16, Bits64};

impl Faulty {
    pub(super) fn source_values(self, values: &Floats) -> Vec<f32> {
        let swapped = self.has(Fault::SourceBigEndian);
        let half = |&bits: &u16| f16::from_bits(if swapped { bits.swap_bytes() } else { bits });
        let upper = |&bits: &u16| bf16::from_bits(if swapped { bits.swap_bytes() } else { bits });
        let double = |&bits: &u64| f64::from_bits(if swapped { bits.swap_bytes() } else { bits });
        match values {
            Floats::F32(bits) => bits.values(),
            Floats::F16(Bits16(bits)) if !self.has(Fault::HalfSourceAsBf16) => {
                bits.iter().map(|bits| self.of_half(half(bits))).collect()
            }
            Floats::Bf16(Bits16(bits)) if self.has(Fault::Bf16SourceAsHalf) => {
                bits.iter().map(|bits| half(bits).to_f32()).collect()
            }
            Floats::F16(Bits16(bits)) | Floats::Bf16(Bits16(bits)) => {
                bits.iter().map(|bits| upper(bits).to_f32()).collect()
            }
            Floats::F64(Bits64(bits)) => {
                bits.iter().map(|bits| self.of_double(double(bits))).collect()
            }
        }
    }

    fn of_half(self, half: f16) -> f32 {
        match self.has(Fault::HalfSourceSubnormalsFlushed) {
            true => flushed(half).to_f32(),
            false => half.to_f32(),
        }
    }

    fn of_double(self, double: f64) -> f32 {
        let nearest = double as f32;
        match self.fault {
            Some(Fault::DoublesThroughBf16) => bf16::from_f32(nearest).to_f32(),
            Some(Fault::DoublesThroughF16) => f16::from_f32(nearest).to_f32(),
            Some(Fault::DoublesOverflowDropped) if nearest.is_infinite() && double.is_finite() => {
                0.0
            }
            Some(Fault::DoublesCut) if f64::from(nearest).abs() > double.abs() => {
                f32::from_bits(nearest.to_bits() - 1)
            }
            Some(Fault::DoublesRoundedAway) if is_tie_below(double, nearest) => {
                f32::from_bits(nearest.to_bits() + 1)
            }
            _ => nearest,
        }
    }
}

/// Whether `double` lies in the middle between `nearest` and the next f32 away from zero.
fn is_tie_below(double: f64, nearest: f32) -> bool {
    let next = f64::from(f32::from_bits(nearest.to_bits() + 1));
    double.is_finite() && next.is_finite() && double == (f64::from(nearest) + next) / 2.0
}
