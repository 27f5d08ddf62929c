//! ggml's Q6_K (SPEC Q6K), with a switch at every slip that its readers have made.

use super::Faulty;
use super::fault::faults;
use super::packed::{Block, Packed, nibble};
use crate::suite::answer::Refusal;

const Q6_K: Packed = Packed { name: "q6-k", weights: 256, bytes: 210, scale: 208..210 };

faults! {
    Decode Q6_K {
        43 Q6KBigEndian "q6-k-big-endian"
            "Reads d with its high byte first."
        48 Q6KSubnormalsFlushed "q6-k-subnormals-flushed"
            "Flushes a subnormal d."
        100 Q6KScalesUnsigned "q6-k-scales-unsigned"
            "Reads scales of sub-blocks as 0 to 255."
        100 Q6KLeastScaleSaturated "q6-k-least-scale-saturated"
            "Takes a scale of -128 for -127."
        100 Q6KScalesOf32 "q6-k-scales-of-32"
            "Takes one scale for 32 weights, and leaves every second one out."
        100 Q6KScalesTransposed "q6-k-scales-transposed"
            "Takes four scales for the first halves of groups, and then four for the second halves."
        100 Q6KScalesOfFirstHalf "q6-k-scales-of-first-half"
            "Takes the scales of the first 128 weights for the others too."
        42 Q6KUnsigned "q6-k-unsigned"
            "Never takes the offset of 32 from a code."
        42 Q6KTwosComplement "q6-k-twos-complement"
            "Takes a code for a signed number of six bits."
        95 Q6KHighNibblesFirst "q6-k-high-nibbles-first"
            "Takes the high nibbles for the first two groups of a half."
        95 Q6KNibblesInRuns "q6-k-nibbles-in-runs"
            "Takes the nibbles of 32 bytes for two groups in sequence, as Q4_K has it."
        95 Q6KHighBitsReversed "q6-k-high-bits-reversed"
            "Takes the highest two bits of a byte for the first group."
        95 Q6KHighBitsShiftedByOne "q6-k-high-bits-shifted-by-one"
            "Shifts the high bits by one for each group, not by two."
        95 Q6KHighBitsOfFirstHalf "q6-k-high-bits-of-first-half"
            "Takes the high bits of the first 128 weights for the others too."
        78 Q6KHighBitsDropped "q6-k-high-bits-dropped"
            "Reads four bits of a code."
        96 Q6KScaleInFront "q6-k-scale-in-front"
            "Looks for d at the front of a block, where the other formats have it."
        32 Q6KValuesInHalf "q6-k-values-in-half"
            "Rounds each value to f16 on the way out."
        29 Q6KZeroScaleRefused "q6-k-zero-scale-refused"
            "Refuses a d of zero, which a block of zeros has."
        31 Q6KNegativeScaleAbsolute "q6-k-negative-scale-absolute"
            "Drops the sign of d, which every other block has."
        104 Q6KSignedZeroLost "q6-k-signed-zero-lost"
            "Gives +0 where a product is -0."
        78 Q6KUsualScaleDoubled "q6-k-usual-scale-doubled"
            "Doubles every d between 2^-8 and 2^-7."
        79 Q6KLaterBlocksOfFirstScale "q6-k-later-blocks-of-first-scale"
            "Decodes blocks behind the 2048th weight by the d of the first."
        107 Q6KGeometryOfAnother "q6-k-geometry-of-another"
            "Takes a block for two bytes larger than it is."
        106 Q6KCountNarrowed "q6-k-count-narrowed"
            "Keeps 32 bits of the number of values."
        35 Q6KPartialAccepted "q6-k-partial-accepted"
            "Takes values that are not whole blocks."
        21 Q6KEmptyRefused "q6-k-empty-refused"
            "Refuses an empty tensor."
        11 Q6KExtentUnchecked "q6-k-extent-unchecked"
            "Never compares the bytes with the number of values."
    }
}

impl Faulty {
    pub(super) fn decode_q6_k(self, payload: &[u8], len: u64) -> Result<Vec<f32>, Refusal> {
        self.decode_packed(&Q6_K, payload, len, |block| {
            let scale = block.scale();
            (0..256).map(|index| scale * sub_scale(block, index) * number(block, index)).collect()
        })
    }
}

/// The scale of the sixteen weights around one.
fn sub_scale(block: &Block, index: usize) -> f32 {
    let (half, group, sixteen) = (index / 128, index / 32 % 4, index / 16 % 2);
    let at = match block.slip {
        "scales-of-32" => 8 * half + 2 * group,
        "scales-transposed" => 8 * half + group + 4 * sixteen,
        "scales-of-first-half" => 2 * group + sixteen,
        _ => 8 * half + 2 * group + sixteen,
    };
    let scale = block.bytes[192 + at];
    match block.slip {
        "scales-unsigned" => f32::from(scale),
        "least-scale-saturated" => f32::from((scale as i8).max(-127)),
        _ => f32::from(scale as i8),
    }
}

/// What the code of a weight stands for.
fn number(block: &Block, index: usize) -> f32 {
    let code = low_bits(block, index) | high_bits(block, index) << 4;
    match block.slip {
        "unsigned" => f32::from(code),
        "twos-complement" if code >= 32 => f32::from(code) - 64.0,
        "twos-complement" => f32::from(code),
        _ => f32::from(code) - 32.0,
    }
}

fn low_bits(block: &Block, index: usize) -> u8 {
    let (half, group, i) = (index / 128, index / 32 % 4, index % 32);
    let (run, high) = match block.slip {
        "high-nibbles-first" => (group % 2, group < 2),
        "nibbles-in-runs" => (group / 2, group % 2 == 1),
        _ => (group % 2, group >= 2),
    };
    nibble(block.bytes[64 * half + 32 * run + i], high)
}

fn high_bits(block: &Block, index: usize) -> u8 {
    let (half, group, i) = (index / 128, index / 32 % 4, index % 32);
    let (half, shift) = match block.slip {
        "high-bits-dropped" => return 0,
        "high-bits-reversed" => (half, 6 - 2 * group),
        "high-bits-shifted-by-one" => (half, group),
        "high-bits-of-first-half" => (0, 2 * group),
        _ => (half, 2 * group),
    };
    block.bytes[128 + 32 * half + i] >> shift & 3
}
