//! Source values of every type (SPEC ENC-S5), with a switch at every slip on the way to f32.

use half::{bf16, f16};

use super::decode::flushed;
use super::{Fault, Faulty, refusal};
use crate::format::Class;
use crate::subject::message::Refusal;
use crate::suite::case::SourceType;
use crate::suite::hex::{Bits, Bits16, Bits64, Bytes};

impl Faulty {
    pub(super) fn source_values(
        self,
        source: Option<SourceType>,
        bytes: &Bytes,
    ) -> Result<Vec<f32>, Refusal> {
        let swapped = self.has(Fault::SourceBigEndian);
        let halves = || {
            let bits = Bits16::from_le_bytes(bytes)?.0.into_iter();
            Ok(bits.map(move |bits| if swapped { bits.swap_bytes() } else { bits }))
        };
        let values: Result<Vec<f32>, String> = match source {
            None => Bits::from_le_bytes(bytes).map(|bits| bits.values()),
            Some(SourceType::F16) if !self.has(Fault::HalfSourceAsBf16) => {
                halves().map(|all| all.map(|bits| self.of_half(f16::from_bits(bits))).collect())
            }
            Some(SourceType::Bf16) if self.has(Fault::Bf16SourceAsHalf) => {
                halves().map(|all| all.map(|bits| f16::from_bits(bits).to_f32()).collect())
            }
            Some(SourceType::F16 | SourceType::Bf16) => {
                halves().map(|all| all.map(|bits| bf16::from_bits(bits).to_f32()).collect())
            }
            Some(SourceType::F64) => Bits64::from_le_bytes(bytes).map(|bits| {
                let swap = |bits: u64| if swapped { bits.swap_bytes() } else { bits };
                bits.0.into_iter().map(|bits| self.of_double(f64::from_bits(swap(bits)))).collect()
            }),
        };
        values.map_err(|message| refusal(Class::ShapeMismatch, message))
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
