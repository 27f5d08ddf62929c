//! The scan of a payload (SPEC KHQ4-P3 to P5, KHF1-P2), with a switch at every number that loaders have
//! let pass, and at every one that they refused in vain.

use half::f16;

use super::load::Loader;
use super::{BLOCK, Fault, WEIGHTS, refusal};
use crate::format::Class;
use crate::suite::answer::Refusal;

impl Loader {
    /// KHQ4-P3 to P5.
    pub(super) fn check_blocks(self, payload: &[u8], original_len: u64) -> Result<(), Refusal> {
        let blocks = payload.as_chunks::<BLOCK>().0.iter();
        let scanned = match self.faulty.fault {
            Some(Fault::MapChecksOnlyHeader | Fault::MapSkipsBlockScan) if self.map => 0,
            Some(Fault::CopySkipsBlockScan) if !self.map => 0,
            Some(Fault::OnlyFirstBlockScanned) => 1,
            Some(Fault::LastBlockNotScanned) => blocks.len().saturating_sub(1),
            Some(Fault::PartialBlockNotScanned) => original_len as usize / WEIGHTS,
            _ => blocks.len(),
        };
        for (index, block) in blocks.enumerate().take(scanned) {
            let scale = f16::from_le_bytes([block[0], block[1]]);
            let bias = f16::from_le_bytes([block[2], block[3]]);
            if !self.scale_passes(scale) {
                return Err(refusal(Class::Scale, format!("block {index}: scale {scale}")));
            }
            if !self.bias_passes(bias) {
                return Err(refusal(Class::Bias, format!("block {index}: bias {bias}")));
            }
        }
        let real = original_len as usize % WEIGHTS;
        if self.has(Fault::PaddingNibblesRefused) && real != 0 {
            let nibbles = payload.iter().rev().take(16).rev();
            let mut nibbles = nibbles.flat_map(|byte| [byte & 15, byte >> 4]).skip(real);
            if nibbles.any(|nibble| nibble != 0) {
                return Err(refusal(Class::TrailingBytes, "the padding is not zero"));
            }
        }
        Ok(())
    }

    /// KHF1-P2.
    pub(super) fn check_values(self, payload: &[u8]) -> Result<(), Refusal> {
        let values = payload.as_chunks().0.iter().copied().map(f16::from_le_bytes);
        let scanned = match self.faulty.fault {
            Some(Fault::MapChecksOnlyHeader | Fault::MapSkipsBlockScan) if self.map => 0,
            Some(Fault::CopySkipsBlockScan) if !self.map => 0,
            Some(Fault::OnlyFirstBlockScanned) => 1,
            Some(Fault::LastBlockNotScanned) => values.len().saturating_sub(1),
            _ => values.len(),
        };
        for (index, value) in values.enumerate().take(scanned) {
            let passes = match self.faulty.fault {
                Some(Fault::NanValueAccepted) if value.is_nan() => true,
                Some(Fault::InfiniteValueAccepted) if value.is_infinite() => true,
                Some(Fault::SubnormalValueRefused) => {
                    value.is_finite() && (value.is_normal() || value.to_f32() == 0.0)
                }
                Some(Fault::NegativeZeroValueRefused) if value.to_bits() == 0x8000 => false,
                _ => self.is_finite(value),
            };
            if !passes {
                return Err(refusal(Class::Value, format!("value {index} is {value}")));
            }
        }
        Ok(())
    }

    fn scale_passes(self, scale: f16) -> bool {
        let zero = scale.to_f32() == 0.0;
        match self.faulty.fault {
            Some(Fault::NanScaleAccepted) if scale.is_nan() => true,
            Some(Fault::InfiniteScaleAccepted) if scale.is_infinite() => true,
            Some(Fault::ZeroScaleAccepted) if zero => true,
            Some(Fault::NegativeZeroScaleAccepted) if zero => scale.is_sign_negative(),
            Some(Fault::SubnormalScaleRefused) => scale.is_normal(),
            _ => !zero && self.is_finite(scale),
        }
    }

    fn bias_passes(self, bias: f16) -> bool {
        match self.faulty.fault {
            Some(Fault::NanBiasAccepted) if bias.is_nan() => true,
            Some(Fault::InfiniteBiasAccepted) if bias.is_infinite() => true,
            _ => self.is_finite(bias),
        }
    }

    fn is_finite(self, half: f16) -> bool {
        match self.faulty.fault {
            Some(Fault::OnlyCanonicalNanRefused) if half.is_nan() => half.to_bits() != 0x7e00,
            Some(Fault::NegativeInfinityAccepted) if half == f16::NEG_INFINITY => true,
            Some(Fault::GreatestExponentRefused) => half.to_bits() & 0x7800 != 0x7800,
            _ => half.is_finite(),
        }
    }
}
