//! ggml's IQ4_NL and IQ4_XS (SPEC NL and XS), with a switch at every slip that readers of a codebook have made.

use super::Faulty;
use super::fault::faults;
use super::packed::{Block, Packed, nibble};
use crate::suite::answer::Refusal;

const IQ4_NL: Packed = Packed { name: "iq4-nl", weights: 32, bytes: 18, scale: 0..2 };
const IQ4_XS: Packed = Packed { name: "iq4-xs", weights: 256, bytes: 136, scale: 0..2 };

/// What the codes stand for.
const CODEBOOK: [i8; 16] =
    [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

faults! {
    Decode IQ4_NL {
        43 Iq4NlBigEndian "iq4-nl-big-endian"
            "Reads the scale with its high byte first."
        48 Iq4NlSubnormalsFlushed "iq4-nl-subnormals-flushed"
            "Flushes a subnormal scale."
        78 Iq4NlMiddleCodeZero "iq4-nl-middle-code-zero"
            "Takes code 8 for 0, which no code stands for."
        78 Iq4NlEntryWrong "iq4-nl-entry-wrong"
            "Has 83 for 38 in its codebook."
        42 Iq4NlLinear "iq4-nl-linear"
            "Takes 8 from a code, as Q4_0 has it."
        42 Iq4NlCodebookReversed "iq4-nl-codebook-reversed"
            "Has the codebook with its largest entry first."
        42 Iq4NlCodebookUnsigned "iq4-nl-codebook-unsigned"
            "Reads the entries of the codebook as 0 to 255."
        42 Iq4NlTwosComplement "iq4-nl-twos-complement"
            "Takes a code for a signed nibble, and the middle of the codebook for 0."
        95 Iq4NlSequential "iq4-nl-sequential"
            "Reads the codes as pairs in sequence."
        95 Iq4NlHighHalfFirst "iq4-nl-high-half-first"
            "Takes the high nibbles for the first half of a block."
        96 Iq4NlWideScale "iq4-nl-wide-scale"
            "Takes the scale for four bytes, so that codes begin two bytes late."
        29 Iq4NlZeroScaleRefused "iq4-nl-zero-scale-refused"
            "Refuses a scale of zero, which blocks of zeros have."
        31 Iq4NlNegativeScaleAbsolute "iq4-nl-negative-scale-absolute"
            "Drops the sign of a scale, which every other block has."
        104 Iq4NlSignedZeroLost "iq4-nl-signed-zero-lost"
            "Gives +0 where a product is -0."
        78 Iq4NlUsualScaleDoubled "iq4-nl-usual-scale-doubled"
            "Doubles every scale between 2^-8 and 2^-7."
        79 Iq4NlLaterBlocksOfFirstScale "iq4-nl-later-blocks-of-first-scale"
            "Decodes blocks behind the 2048th weight by the scale of the first."
        106 Iq4NlCountNarrowed "iq4-nl-count-narrowed"
            "Keeps 32 bits of the number of values."
        35 Iq4NlPartialAccepted "iq4-nl-partial-accepted"
            "Takes values that are not whole blocks."
        21 Iq4NlEmptyRefused "iq4-nl-empty-refused"
            "Refuses an empty tensor."
        11 Iq4NlExtentUnchecked "iq4-nl-extent-unchecked"
            "Never compares the bytes with the number of values."
    }
    Decode IQ4_XS {
        43 Iq4XsBigEndian "iq4-xs-big-endian"
            "Reads d with its high byte first."
        48 Iq4XsSubnormalsFlushed "iq4-xs-subnormals-flushed"
            "Flushes a subnormal d."
        100 Iq4XsScalesUnsigned "iq4-xs-scales-unsigned"
            "Never takes the offset of 32 from a scale."
        100 Iq4XsScaleHighBitsDropped "iq4-xs-scale-high-bits-dropped"
            "Reads four bits of a scale."
        100 Iq4XsScaleHighBitsReversed "iq4-xs-scale-high-bits-reversed"
            "Takes the highest two bits of h for the first sub-block."
        100 Iq4XsScaleHighBitsBigEndian "iq4-xs-scale-high-bits-big-endian"
            "Reads h with its high byte first."
        100 Iq4XsScaleNibblesSwapped "iq4-xs-scale-nibbles-swapped"
            "Takes the high nibble of a byte for the scale of the even sub-block."
        100 Iq4XsScaleNibblesInHalves "iq4-xs-scale-nibbles-in-halves"
            "Takes the low nibbles for the scales of sub-blocks 0 to 3, the high ones for the others."
        100 Iq4XsScaleBitsSwapped "iq4-xs-scale-bits-swapped"
            "Takes the two bits of h for the low ones of a scale."
        96 Iq4XsScaleHighBitsBehind "iq4-xs-scale-high-bits-behind"
            "Looks for h behind the four bytes of low bits."
        78 Iq4XsMiddleCodeZero "iq4-xs-middle-code-zero"
            "Takes code 8 for 0, which no code stands for."
        42 Iq4XsLinear "iq4-xs-linear"
            "Takes 8 from a code, as Q4_0 has it."
        95 Iq4XsSequential "iq4-xs-sequential"
            "Reads the codes as pairs in sequence."
        95 Iq4XsHighHalfFirst "iq4-xs-high-half-first"
            "Takes the high nibbles for the first half of a sub-block."
        95 Iq4XsNibblesInRuns "iq4-xs-nibbles-in-runs"
            "Takes the nibbles of 32 bytes for two sub-blocks in sequence, as Q4_K has it."
        96 Iq4XsWideScale "iq4-xs-wide-scale"
            "Takes d for four bytes, so that all else begins two bytes late."
        29 Iq4XsZeroScaleRefused "iq4-xs-zero-scale-refused"
            "Refuses a d of zero, which a block of zeros has."
        31 Iq4XsNegativeScaleAbsolute "iq4-xs-negative-scale-absolute"
            "Drops the sign of d, which every other block has."
        104 Iq4XsSignedZeroLost "iq4-xs-signed-zero-lost"
            "Gives +0 where a product is -0."
        79 Iq4XsLaterBlocksOfFirstScale "iq4-xs-later-blocks-of-first-scale"
            "Decodes blocks behind the 2048th weight by the d of the first."
        106 Iq4XsCountNarrowed "iq4-xs-count-narrowed"
            "Keeps 32 bits of the number of values."
        35 Iq4XsPartialAccepted "iq4-xs-partial-accepted"
            "Takes values that are not whole blocks."
        21 Iq4XsEmptyRefused "iq4-xs-empty-refused"
            "Refuses an empty tensor."
        11 Iq4XsExtentUnchecked "iq4-xs-extent-unchecked"
            "Never compares the bytes with the number of values."
    }
}

impl Faulty {
    pub(super) fn decode_iq4_nl(self, payload: &[u8], len: u64) -> Result<Vec<f32>, Refusal> {
        self.decode_packed(&IQ4_NL, payload, len, |block| {
            let code = |place| block.split(2..18, place);
            (0..32).map(|place| block.scale() * number(block, code(place))).collect()
        })
    }

    pub(super) fn decode_iq4_xs(self, payload: &[u8], len: u64) -> Result<Vec<f32>, Refusal> {
        self.decode_packed(&IQ4_XS, payload, len, |block| {
            let steps: Vec<f32> = (0..8).map(|j| block.scale() * sub_scale(block, j)).collect();
            let code = |j: usize, i: usize| match block.slip {
                "nibbles-in-runs" => nibble(block.bytes[8 + j / 2 * 32 + i], j % 2 == 1),
                _ => block.split(8 + 16 * j..24 + 16 * j, i),
            };
            let weight = |at: usize| steps[at / 32] * number(block, code(at / 32, at % 32));
            (0..256).map(weight).collect()
        })
    }
}

/// What a code stands for.
fn number(block: &Block, code: u8) -> f32 {
    let entry = |code: u8| CODEBOOK[usize::from(code)];
    match block.slip {
        "middle-code-zero" if code == 8 => 0.0,
        "entry-wrong" if code == 11 => 83.0,
        "linear" => f32::from(code) - 8.0,
        "codebook-reversed" => f32::from(entry(15 - code)),
        "codebook-unsigned" => f32::from(entry(code) as u8),
        "twos-complement" => f32::from(entry(code ^ 8)),
        _ => f32::from(entry(code)),
    }
}

/// The scale of a sub-block of IQ4_XS.
fn sub_scale(block: &Block, j: usize) -> f32 {
    let (high_at, low_at) = match block.slip {
        "scale-high-bits-behind" => (6, 2),
        _ => (2, 4),
    };
    let bytes = [block.bytes[high_at], block.bytes[high_at + 1]];
    let (bits, shift) = match block.slip {
        "scale-high-bits-dropped" => (0, 0),
        "scale-high-bits-reversed" => (u16::from_le_bytes(bytes), 14 - 2 * j),
        "scale-high-bits-big-endian" => (u16::from_be_bytes(bytes), 2 * j),
        _ => (u16::from_le_bytes(bytes), 2 * j),
    };
    let high = (bits >> shift & 3) as u8;
    let low = match block.slip {
        "scale-nibbles-swapped" => nibble(block.bytes[low_at + j / 2], j.is_multiple_of(2)),
        "scale-nibbles-in-halves" => nibble(block.bytes[low_at + j % 4], j >= 4),
        _ => nibble(block.bytes[low_at + j / 2], j % 2 == 1),
    };
    let scale = if block.slip == "scale-bits-swapped" { low << 2 | high } else { high << 4 | low };
    f32::from(scale) - if block.slip == "scales-unsigned" { 0.0 } else { 32.0 }
}
