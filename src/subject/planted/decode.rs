//! Decoding (SPEC BLK and DEC), with a switch at every place where decoders have gone wrong.

use half::{bf16, f16};

use super::fault::faults;
use super::load::{FileFormat, Loader};
use super::{BLOCK, Fault, Faulty, WEIGHTS, refusal};
use crate::format::Class;
use crate::suite::answer::Refusal;

faults! {
    Decode KHQ4 {
        41 SymmetricZeroPoint "symmetric-zero-point"
            "Decodes (q - 8) * s and never looks at the bias."
        41 BiasIgnored "bias-ignored"
            "Decodes q * s: the whole block is shifted to begin at zero."
        41 SignedNibbles "signed-nibbles"
            "Reads a nibble as a signed number: 8 to 15 become -8 to -1."
        42 NibblesSwapped "nibbles-swapped"
            "Takes the even weight of a pair from the high half of its byte."
        42 SplitHalf "split-half"
            "Takes weights j and j + 16 from one byte, as llama.cpp does."
        43 MetadataBigEndian "metadata-big-endian"
            "Reads scale and bias with their high byte first."
        43 ScaleBiasSwapped "scale-bias-swapped"
            "Reads the bias before the scale."
        43 MetadataAsBf16 "metadata-as-bf16"
            "Reads scale and bias as bf16, the other 16-bit float."
        32 F16SubnormalsFlushed "f16-subnormals-flushed"
            "Flushes subnormal scales and biases when it widens them: small blocks collapse."
        54 NegativeScaleAbsolute "negative-scale-absolute"
            "Drops the sign of the scale: a block laid downwards decodes upwards."
        36 SignedZeroLost "signed-zero-lost"
            "Gives +0 where the sum is -0, as adding a further +0 does."
        49 HalfPrecisionSum "half-precision-sum"
            "Rounds each value to f16 on the way out: digits are lost, large values are infinite."
        49 HalfPrecisionProduct "half-precision-product"
            "Rounds q * s to f16 before it adds the bias."
        34 TailUnwritten "tail-unwritten"
            "Writes whole blocks only: the values of a partial last block stay zero."
        34 TailDropped "tail-dropped"
            "Hands on whole blocks only: the values of a partial last block are missing."
        34 OddValueUnwritten "odd-value-unwritten"
            "Writes pairs only: of an odd number of values the last one stays zero."
        35 FullTailEmitted "full-tail-emitted"
            "Hands on all 32 values of a partial last block, the padding too."
        11 FirstBlockScaleForAll "first-block-scale-for-all"
            "Decodes every block with the scale of the first."
        11 EighteenByteStride "eighteen-byte-stride"
            "Steps from block to block by the 18 bytes of version 1: all but the first are garbage."
        35 DecodeLengthUnchecked "decode-length-unchecked"
            "Takes a payload of any length: what is missing is zero, what is too much is not seen."
        21 EmptyDecodeRefused "empty-decode-refused"
            "Refuses to decode no blocks to no values, and with it every empty file."
    }
}

/// Values that are not there are given as zeros for no more than this many.
const ZERO_FILLED: u64 = 4096;

impl Faulty {
    /// A payload that must be exactly the blocks of `original_len` values (DEC-4).
    pub(super) fn decode_payload(
        self,
        payload: &[u8],
        original_len: u64,
    ) -> Result<Vec<f32>, Refusal> {
        if original_len == 0 && self.has(Fault::EmptyDecodeRefused) {
            return Err(refusal(Class::TruncatedPayload, "there are no blocks"));
        }
        let expected = original_len.div_ceil(WEIGHTS as u64).saturating_mul(BLOCK as u64);
        let found = payload.len() as u64;
        if found != expected && !self.has(Fault::DecodeLengthUnchecked) {
            let class =
                if found < expected { Class::TruncatedPayload } else { Class::TrailingBytes };
            return Err(refusal(class, format!("{found} bytes of blocks, not {expected}")));
        }
        Loader { faulty: self, format: FileFormat::Khq4, width: usize::BITS, map: false }
            .check_blocks(payload, original_len)?;
        Ok(self.values(payload, original_len))
    }

    /// The values of the whole blocks in `payload`, at most `original_len`. Where a missing guard
    /// let a payload through that is too short, a small tensor is filled up with zeros and a large
    /// one stays short.
    pub(super) fn values(self, payload: &[u8], original_len: u64) -> Vec<f32> {
        let blocks = payload.len() / BLOCK;
        let mut values: Vec<f32> =
            (0..blocks).flat_map(|index| self.decode_block(payload, index)).collect();
        if values.len() as u64 >= original_len || original_len <= ZERO_FILLED {
            values.resize(original_len as usize, 0.0);
        }
        self.spoil_tail(payload, &mut values);
        values
    }

    fn decode_block(self, payload: &[u8], index: usize) -> [f32; WEIGHTS] {
        let stride = if self.has(Fault::EighteenByteStride) { 18 } else { BLOCK };
        let block = &payload[index * stride..][..BLOCK];
        let (mut scale, mut bias) = (self.widen([block[0], block[1]]), [block[2], block[3]]);
        if self.has(Fault::FirstBlockScaleForAll) {
            scale = self.widen([payload[0], payload[1]]);
        }
        if self.has(Fault::ScaleBiasSwapped) {
            (scale, bias) = (self.widen(bias), [block[0], block[1]]);
        }
        if self.has(Fault::NegativeScaleAbsolute) {
            scale = scale.abs();
        }
        let bias = self.widen(bias);
        self.nibbles(&block[4..]).map(|nibble| self.weight(nibble, scale, bias))
    }

    /// Two bytes to f32.
    pub(super) fn widen(self, bytes: [u8; 2]) -> f32 {
        let half = match self.fault {
            Some(Fault::MetadataBigEndian) => f16::from_be_bytes(bytes),
            Some(Fault::MetadataAsBf16) => return bf16::from_le_bytes(bytes).to_f32(),
            _ => f16::from_le_bytes(bytes),
        };
        let half = if self.has(Fault::F16SubnormalsFlushed) { flushed(half) } else { half };
        half.to_f32()
    }

    fn nibbles(self, packed: &[u8]) -> [u8; WEIGHTS] {
        std::array::from_fn(|index| {
            let (byte, high) = match self.fault {
                Some(Fault::SplitHalf) => (index % 16, index / 16 == 1),
                Some(Fault::NibblesSwapped) => (index / 2, index % 2 == 0),
                _ => (index / 2, index % 2 == 1),
            };
            if high { packed[byte] >> 4 } else { packed[byte] & 15 }
        })
    }

    fn weight(self, nibble: u8, scale: f32, bias: f32) -> f32 {
        let steps = f32::from(nibble);
        let rounded_to_half = |value: f32| f16::from_f32(value).to_f32();
        match self.fault {
            Some(Fault::SymmetricZeroPoint) => (steps - 8.0) * scale,
            Some(Fault::BiasIgnored) => steps * scale,
            Some(Fault::SignedNibbles) if nibble >= 8 => (steps - 16.0) * scale + bias,
            Some(Fault::HalfPrecisionProduct) => rounded_to_half(steps * scale) + bias,
            Some(Fault::HalfPrecisionSum) => rounded_to_half(steps * scale + bias),
            Some(Fault::SignedZeroLost) => match steps * scale + bias {
                0.0 => 0.0,
                sum => sum,
            },
            _ => steps * scale + bias,
        }
    }

    /// What goes wrong behind the last whole block, or the last whole pair.
    fn spoil_tail(self, payload: &[u8], values: &mut Vec<f32>) {
        let whole = values.len() / WEIGHTS * WEIGHTS;
        match self.fault {
            Some(Fault::TailUnwritten) => values[whole..].fill(0.0),
            Some(Fault::TailDropped) => values.truncate(whole),
            Some(Fault::OddValueUnwritten) if values.len() % 2 == 1 => {
                let last = values.len() - 1;
                values[last] = 0.0;
            }
            Some(Fault::FullTailEmitted) if values.len() > whole => {
                let last = self.decode_block(payload, whole / WEIGHTS);
                values.truncate(whole);
                values.extend(last);
            }
            _ => {}
        }
    }
}

/// A subnormal as the zero of its sign.
pub(super) fn flushed(half: f16) -> f16 {
    let subnormal = half.to_bits() & 0x7c00 == 0;
    if subnormal { f16::from_bits(half.to_bits() & 0x8000) } else { half }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_decodes_by_its_definition() {
        // Scale 0.5, bias -1, nibbles 3 and 12 first.
        let mut block = [0; BLOCK];
        block[..5].copy_from_slice(&[0x00, 0x38, 0x00, 0xbc, 0xc3]);
        let sound = Faulty::new(None);
        assert_eq!(sound.values(&block, 3), [0.5, 5.0, -1.0]);
    }

    #[test]
    fn values_that_are_not_there_are_zero_or_missing() {
        let lenient = Faulty::new(Some(Fault::DecodeLengthUnchecked));
        let decode =
            |payload: &[u8], len| lenient.decode_payload(payload, len).expect("any length passes");
        assert_eq!(decode(&[], 3), [0.0; 3]);
        assert_eq!(decode(&[1; BLOCK], 5000).len(), 32);
        assert_eq!(decode(&[1; BLOCK - 1], u64::MAX).len(), 0);
        assert_eq!(decode(&[1; 2 * BLOCK], 1).len(), 1);
    }
}
