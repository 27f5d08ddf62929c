//! ggml's Q5_0 and Q5_1 (SPEC Q50 and Q51), with a switch at every slip that readers of fifth bits have made.

use super::Faulty;
use super::fault::faults;
use super::packed::{Block, Packed};
use crate::suite::answer::Refusal;

const Q5_0: Packed = Packed { name: "q5-0", weights: 32, bytes: 22, scale: 0..2 };
const Q5_1: Packed = Packed { name: "q5-1", weights: 32, bytes: 24, scale: 0..2 };

faults! {
    Decode Q5_0 {
        43 Q50BigEndian "q5-0-big-endian"
            "Reads the scale with its high byte first."
        48 Q50SubnormalsFlushed "q5-0-subnormals-flushed"
            "Flushes a subnormal scale."
        95 Q50Sequential "q5-0-sequential"
            "Reads the low bits as pairs in sequence."
        95 Q50HighHalfFirst "q5-0-high-half-first"
            "Takes the high nibbles for the first half of a block."
        95 Q50SecondHalfFromBit12 "q5-0-second-half-from-bit-12"
            "Takes the fifth bit of weight j + 16 from bit j + 12, where j + 16 is four higher."
        95 Q50FifthBitsInPairs "q5-0-fifth-bits-in-pairs"
            "Takes bits j and j + 16 for the fifth bits of weights 2j and 2j + 1."
        43 Q50FifthBitsBigEndian "q5-0-fifth-bits-big-endian"
            "Reads the four bytes of fifth bits with the high one first."
        96 Q50FifthBitsBehind "q5-0-fifth-bits-behind"
            "Looks for the fifth bits behind the low ones."
        78 Q50FifthBitsDropped "q5-0-fifth-bits-dropped"
            "Reads four bits of a code."
        42 Q50Unsigned "q5-0-unsigned"
            "Never takes the offset of 16 from a code."
        42 Q50Offset8 "q5-0-offset-8"
            "Takes 8 from a code, as Q4_0 has it."
        42 Q50TwosComplement "q5-0-twos-complement"
            "Takes a code for a signed number of five bits."
        96 Q50WideScale "q5-0-wide-scale"
            "Takes the scale for four bytes, so that all else begins two bytes late."
        29 Q50ZeroScaleRefused "q5-0-zero-scale-refused"
            "Refuses a scale of zero, which blocks of zeros have."
        31 Q50NegativeScaleAbsolute "q5-0-negative-scale-absolute"
            "Drops the sign of a scale, which every other block has."
        104 Q50SignedZeroLost "q5-0-signed-zero-lost"
            "Gives +0 where a product is -0."
        78 Q50UsualScaleDoubled "q5-0-usual-scale-doubled"
            "Doubles every scale between 2^-8 and 2^-7."
        79 Q50LaterBlocksOfFirstScale "q5-0-later-blocks-of-first-scale"
            "Decodes blocks behind the 2048th weight by the scale of the first."
        106 Q50CountNarrowed "q5-0-count-narrowed"
            "Keeps 32 bits of the number of values."
        35 Q50PartialAccepted "q5-0-partial-accepted"
            "Takes values that are not whole blocks."
        21 Q50EmptyRefused "q5-0-empty-refused"
            "Refuses an empty tensor."
        11 Q50ExtentUnchecked "q5-0-extent-unchecked"
            "Never compares the bytes with the number of values."
    }
    Decode Q5_1 {
        43 Q51BigEndian "q5-1-big-endian"
            "Reads scale and minimum with their high byte first."
        43 Q51ScaleMinimumSwapped "q5-1-scale-minimum-swapped"
            "Reads the minimum before the scale."
        48 Q51SubnormalsFlushed "q5-1-subnormals-flushed"
            "Flushes subnormal scales and minima."
        95 Q51Sequential "q5-1-sequential"
            "Reads the low bits as pairs in sequence."
        95 Q51HighHalfFirst "q5-1-high-half-first"
            "Takes the high nibbles for the first half of a block."
        95 Q51SecondHalfFromBit12 "q5-1-second-half-from-bit-12"
            "Takes the fifth bit of weight j + 16 from bit j + 12, where j + 16 is four higher."
        43 Q51FifthBitsBigEndian "q5-1-fifth-bits-big-endian"
            "Reads the four bytes of fifth bits with the high one first."
        96 Q51FifthBitsBehind "q5-1-fifth-bits-behind"
            "Looks for the fifth bits behind the low ones."
        78 Q51FifthBitsDropped "q5-1-fifth-bits-dropped"
            "Reads four bits of a code."
        41 Q51MinimumSubtracted "q5-1-minimum-subtracted"
            "Subtracts the minimum, as the K-quants have it."
        41 Q51MinimumIgnored "q5-1-minimum-ignored"
            "Never adds the minimum."
        42 Q51ReadAsQ50 "q5-1-read-as-q5-0"
            "Decodes (q - 16) * d, as of the format without a minimum."
        96 Q51WideScale "q5-1-wide-scale"
            "Takes the scale for four bytes, so that all else begins two bytes late."
        29 Q51ZeroScaleRefused "q5-1-zero-scale-refused"
            "Refuses a scale of zero, which a block of equal values has."
        31 Q51NegativeScaleAbsolute "q5-1-negative-scale-absolute"
            "Drops the sign of a scale."
        104 Q51SignedZeroLost "q5-1-signed-zero-lost"
            "Gives +0 where a sum is -0."
        32 Q51ValuesInHalf "q5-1-values-in-half"
            "Rounds each value to f16 on the way out."
        79 Q51LaterBlocksOfFirstScale "q5-1-later-blocks-of-first-scale"
            "Decodes blocks behind the 2048th weight by the scale of the first."
        106 Q51CountNarrowed "q5-1-count-narrowed"
            "Keeps 32 bits of the number of values."
        35 Q51PartialAccepted "q5-1-partial-accepted"
            "Takes values that are not whole blocks."
        21 Q51EmptyRefused "q5-1-empty-refused"
            "Refuses an empty tensor."
        11 Q51ExtentUnchecked "q5-1-extent-unchecked"
            "Never compares the bytes with the number of values."
    }
}

impl Faulty {
    pub(super) fn decode_q5_0(self, payload: &[u8], len: u64) -> Result<Vec<f32>, Refusal> {
        self.decode_packed(&Q5_0, payload, len, |block| {
            let offset = match block.slip {
                "unsigned" => 0.0,
                "offset-8" => 8.0,
                _ => 16.0,
            };
            let number = |code: u8| match block.slip {
                "twos-complement" if code >= 16 => f32::from(code) - 32.0,
                "twos-complement" => f32::from(code),
                _ => f32::from(code) - offset,
            };
            codes(block, 2).map(|code| number(code) * block.scale()).collect()
        })
    }

    pub(super) fn decode_q5_1(self, payload: &[u8], len: u64) -> Result<Vec<f32>, Refusal> {
        self.decode_packed(&Q5_1, payload, len, |block| {
            let (scale, minimum) = match block.slip {
                "scale-minimum-swapped" => (block.number(2), block.number(0)),
                _ => (block.scale(), block.number(2)),
            };
            let weight = |code: u8| match block.slip {
                "minimum-subtracted" => f32::from(code) * scale - minimum,
                "minimum-ignored" => f32::from(code) * scale,
                "read-as-q5-0" => (f32::from(code) - 16.0) * scale,
                _ => f32::from(code) * scale + minimum,
            };
            codes(block, 4).map(weight).collect()
        })
    }
}

/// The codes of a block behind a header of so many bytes.
fn codes(block: &Block, header: usize) -> impl Iterator<Item = u8> {
    let (fifth, low) = match block.slip {
        "fifth-bits-behind" => (header + 16, header),
        _ => (header, header + 4),
    };
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&block.bytes[fifth..fifth + 4]);
    let bits = match block.slip {
        "fifth-bits-big-endian" => u32::from_be_bytes(bytes),
        "fifth-bits-dropped" => 0,
        _ => u32::from_le_bytes(bytes),
    };
    (0..32).map(move |place| {
        let bit = match block.slip {
            "second-half-from-bit-12" if place >= 16 => place - 4,
            "fifth-bits-in-pairs" => place / 2 + place % 2 * 16,
            _ => place,
        };
        block.split(low..low + 16, place) | ((bits >> bit & 1) as u8) << 4
    })
}
