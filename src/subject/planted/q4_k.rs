//! ggml's Q4_K and Q5_K (SPEC Q4K and Q5K), with a switch at every slip that readers of super blocks have made.

use super::Faulty;
use super::fault::faults;
use super::packed::{Block, Packed, in_half, nibble};
use crate::suite::answer::Refusal;

const Q4_K: Packed = Packed { name: "q4-k", weights: 256, bytes: 144, scale: 0..2 };
const Q5_K: Packed = Packed { name: "q5-k", weights: 256, bytes: 176, scale: 0..2 };

faults! {
    Decode Q4_K {
        43 Q4KBigEndian "q4-k-big-endian"
            "Reads d and the scale of the minima with their high byte first."
        43 Q4KNumbersSwapped "q4-k-numbers-swapped"
            "Reads the scale of the minima before d."
        48 Q4KSubnormalsFlushed "q4-k-subnormals-flushed"
            "Flushes a subnormal d, and a subnormal scale of the minima."
        100 Q4KLaterScalesOfFirst "q4-k-later-scales-of-first"
            "Takes scales and minima of sub-blocks 0 to 3 for those of 4 to 7."
        100 Q4KFourBitsOfScales "q4-k-four-bits-of-scales"
            "Masks scales and minima of sub-blocks 0 to 3 to four bits, not six."
        100 Q4KScaleNibblesSwapped "q4-k-scale-nibbles-swapped"
            "Takes the high nibble for the scale of sub-blocks 4 to 7, the low one for the minimum."
        100 Q4KScaleHighBitsDropped "q4-k-scale-high-bits-dropped"
            "Reads four bits of the scales and minima of sub-blocks 4 to 7."
        100 Q4KScaleHighBitsSwapped "q4-k-scale-high-bits-swapped"
            "Takes the high bits of scales for those of minima in sub-blocks 4 to 7, and back."
        100 Q4KScalesMinimaSwapped "q4-k-scales-minima-swapped"
            "Takes minima for scales in all sub-blocks, and back."
        100 Q4KSubBlocksOf16 "q4-k-sub-blocks-of-16"
            "Goes on to the next scale behind 16 weights."
        100 Q4KMinimumAdded "q4-k-minimum-added"
            "Adds the minimum, as Q4_1 has it."
        31 Q4KMinimaScaleAbsolute "q4-k-minima-scale-absolute"
            "Drops the sign of the scale of the minima."
        95 Q4KHighNibblesFirst "q4-k-high-nibbles-first"
            "Takes the high nibbles of a run for the codes of its first sub-block."
        95 Q4KSubBlocksSwapped "q4-k-sub-blocks-swapped"
            "Gives the two sub-blocks of a run in the other order, each with its own scale."
        95 Q4KSequential "q4-k-sequential"
            "Reads the codes as pairs in sequence."
        95 Q4KSplitHalves "q4-k-split-halves"
            "Takes sixteen bytes in split halves for a sub-block, as Q4_0 has it."
        42 Q4KOffsetTaken "q4-k-offset-taken"
            "Takes 8 from a code, as Q4_0 has it."
        32 Q4KProductsInHalf "q4-k-products-in-half"
            "Rounds the products with scale and minimum to f16."
        96 Q4KWideScale "q4-k-wide-scale"
            "Takes d for four bytes, so that all else begins two bytes late."
        29 Q4KZeroScaleRefused "q4-k-zero-scale-refused"
            "Refuses a d of zero, which a block of zeros has."
        31 Q4KNegativeScaleAbsolute "q4-k-negative-scale-absolute"
            "Drops the sign of d."
        104 Q4KSignedZeroLost "q4-k-signed-zero-lost"
            "Gives +0 where a difference is -0."
        78 Q4KUsualScaleDoubled "q4-k-usual-scale-doubled"
            "Doubles every d between 2^-8 and 2^-7."
        79 Q4KLaterBlocksOfFirstScale "q4-k-later-blocks-of-first-scale"
            "Decodes blocks behind the 2048th weight by the d of the first."
        107 Q4KGeometryOfAnother "q4-k-geometry-of-another"
            "Takes a block for two bytes larger than it is."
        106 Q4KCountNarrowed "q4-k-count-narrowed"
            "Keeps 32 bits of the number of values."
        35 Q4KPartialAccepted "q4-k-partial-accepted"
            "Takes values that are not whole blocks."
        21 Q4KEmptyRefused "q4-k-empty-refused"
            "Refuses an empty tensor."
        11 Q4KExtentUnchecked "q4-k-extent-unchecked"
            "Never compares the bytes with the number of values."
    }
    Decode Q5_K {
        43 Q5KBigEndian "q5-k-big-endian"
            "Reads d and the scale of the minima with their high byte first."
        48 Q5KSubnormalsFlushed "q5-k-subnormals-flushed"
            "Flushes a subnormal d, and a subnormal scale of the minima."
        100 Q5KLaterScalesOfFirst "q5-k-later-scales-of-first"
            "Takes scales and minima of sub-blocks 0 to 3 for those of 4 to 7."
        100 Q5KScaleHighBitsDropped "q5-k-scale-high-bits-dropped"
            "Reads four bits of the scales and minima of sub-blocks 4 to 7."
        100 Q5KScalesMinimaSwapped "q5-k-scales-minima-swapped"
            "Takes minima for scales in all sub-blocks, and back."
        100 Q5KMinimumAdded "q5-k-minimum-added"
            "Adds the minimum, as Q5_1 has it."
        78 Q5KFifthBitsDropped "q5-k-fifth-bits-dropped"
            "Reads four bits of a code."
        78 Q5KFifthBitsOfRun "q5-k-fifth-bits-of-run"
            "Takes bit 2c for the fifth bit in both sub-blocks of run c."
        78 Q5KFifthBitsReversed "q5-k-fifth-bits-reversed"
            "Takes bit 7 - j for the fifth bit in sub-block j."
        95 Q5KFifthBitsInSequence "q5-k-fifth-bits-in-sequence"
            "Takes a byte of fifth bits for eight weights in sequence."
        96 Q5KFifthBitsBehind "q5-k-fifth-bits-behind"
            "Looks for the fifth bits behind the low ones."
        95 Q5KHighNibblesFirst "q5-k-high-nibbles-first"
            "Takes the high nibbles of a run for the codes of its first sub-block."
        95 Q5KSequential "q5-k-sequential"
            "Reads the low bits as pairs in sequence."
        42 Q5KOffsetTaken "q5-k-offset-taken"
            "Takes 16 from a code, as Q5_0 has it."
        29 Q5KZeroScaleRefused "q5-k-zero-scale-refused"
            "Refuses a d of zero, which a block of zeros has."
        31 Q5KNegativeScaleAbsolute "q5-k-negative-scale-absolute"
            "Drops the sign of d."
        104 Q5KSignedZeroLost "q5-k-signed-zero-lost"
            "Gives +0 where a difference is -0."
        79 Q5KLaterBlocksOfFirstScale "q5-k-later-blocks-of-first-scale"
            "Decodes blocks behind the 2048th weight by the d of the first."
        106 Q5KCountNarrowed "q5-k-count-narrowed"
            "Keeps 32 bits of the number of values."
        35 Q5KPartialAccepted "q5-k-partial-accepted"
            "Takes values that are not whole blocks."
        21 Q5KEmptyRefused "q5-k-empty-refused"
            "Refuses an empty tensor."
        11 Q5KExtentUnchecked "q5-k-extent-unchecked"
            "Never compares the bytes with the number of values."
    }
}

impl Faulty {
    pub(super) fn decode_q4_k(self, payload: &[u8], len: u64) -> Result<Vec<f32>, Refusal> {
        self.decode_packed(&Q4_K, payload, len, |block| {
            let offset = if block.slip == "offset-taken" { 8.0 } else { 0.0 };
            weights(block, |j, i| f32::from(low_bits(block, 16, j, i)) - offset)
        })
    }

    pub(super) fn decode_q5_k(self, payload: &[u8], len: u64) -> Result<Vec<f32>, Refusal> {
        self.decode_packed(&Q5_K, payload, len, |block| {
            let offset = if block.slip == "offset-taken" { 16.0 } else { 0.0 };
            let low_at = if block.slip == "fifth-bits-behind" { 16 } else { 48 };
            let code = |j, i| low_bits(block, low_at, j, i) | fifth_bit(block, j, i) << 4;
            weights(block, |j, i| f32::from(code(j, i)) - offset)
        })
    }
}

/// The weights of a block; `code` gives the code of weight `i` of sub-block `j`.
fn weights(block: &Block, code: impl Fn(usize, usize) -> f32) -> Vec<f32> {
    let (scale, of_minima) = match block.slip {
        "numbers-swapped" => (block.number(2), block.number(0)),
        "minima-scale-absolute" => (block.scale(), block.number(2).abs()),
        _ => (block.scale(), block.number(2)),
    };
    let weight = |index: usize| {
        let index = if block.slip == "sub-blocks-swapped" { index ^ 32 } else { index };
        let scaled_as = match block.slip {
            "sub-blocks-of-16" => index / 16 % 8,
            _ => index / 32,
        };
        let [s, m] = scale_and_minimum(block, scaled_as);
        let (mut step, mut minimum) = (scale * f32::from(s), of_minima * f32::from(m));
        if block.slip == "products-in-half" {
            (step, minimum) = (in_half(step), in_half(minimum));
        }
        let product = step * code(index / 32, index % 32);
        if block.slip == "minimum-added" { product + minimum } else { product - minimum }
    };
    (0..256).map(weight).collect()
}

/// Scale and minimum of a sub-block.
fn scale_and_minimum(block: &Block, j: usize) -> [u8; 2] {
    let packed = &block.bytes[4..16];
    let j = if block.slip == "later-scales-of-first" { j % 4 } else { j };
    let [scale, minimum] = if j < 4 {
        let mask = if block.slip == "four-bits-of-scales" { 15 } else { 63 };
        [packed[j] & mask, packed[j + 4] & mask]
    } else {
        let low = packed[j + 4];
        let (scale, minimum) = (packed[j - 4] >> 6 << 4, packed[j] >> 6 << 4);
        match block.slip {
            "scale-nibbles-swapped" => [low >> 4 | scale, low & 15 | minimum],
            "scale-high-bits-dropped" => [low & 15, low >> 4],
            "scale-high-bits-swapped" => [low & 15 | minimum, low >> 4 | scale],
            _ => [low & 15 | scale, low >> 4 | minimum],
        }
    };
    if block.slip == "scales-minima-swapped" { [minimum, scale] } else { [scale, minimum] }
}

/// The low four bits of a code; those of the block begin at a byte.
fn low_bits(block: &Block, at: usize, j: usize, i: usize) -> u8 {
    let (byte, high) = match block.slip {
        "high-nibbles-first" => (j / 2 * 32 + i, j.is_multiple_of(2)),
        "sequential" => (16 * j + i / 2, i % 2 == 1),
        "split-halves" => (16 * j + i % 16, i >= 16),
        _ => (j / 2 * 32 + i, j % 2 == 1),
    };
    nibble(block.bytes[at + byte], high)
}

/// The fifth bit of a code of Q5_K.
fn fifth_bit(block: &Block, j: usize, i: usize) -> u8 {
    let (byte, bit) = match block.slip {
        "fifth-bits-dropped" => return 0,
        "fifth-bits-of-run" => (16 + i, j / 2 * 2),
        "fifth-bits-reversed" => (16 + i, 7 - j),
        "fifth-bits-in-sequence" => (16 + 4 * j + i / 8, i % 8),
        "fifth-bits-behind" => (144 + i, j),
        _ => (16 + i, j),
    };
    block.bytes[byte] >> bit & 1
}
