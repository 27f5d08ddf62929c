//! What the recipes fill sizes with: blocks and values of which no two of 251 neighbours are alike. As 251 is a
//! prime, what wraps at a power of two, or is off by one, meets another block.

use crate::suite::exact::blocks::{BlockFormat, Layout, named};
use crate::suite::floats::{Float, Floats};
use crate::suite::hex::{Bits, Bits16, Bits64};
use crate::suite::operation::FormatId;
use crate::suite::question::Question;
use crate::suite::random::SplitMix64;

/// Values of a block of every format that is encoded.
pub(super) const WEIGHTS: usize = 32;

/// The values of a block that a question is about; a container of values has them in blocks of 32 too.
pub(super) fn weights(of: &Question) -> usize {
    named(of.format()).map_or(WEIGHTS, |format| format.geometry().weights)
}

/// Blocks until the content repeats.
const PERIOD: usize = 251;

/// Blocks on both sides of each power of two up to 2^17 values.
pub(super) fn block_counts(of: &Question) -> Vec<usize> {
    let last = (4096 * WEIGHTS / weights(of)).ilog2();
    let sides = (1..=last).flat_map(|power| [(1 << power) - 1, 1 << power, (1 << power) + 1]);
    let mut counts: Vec<usize> = sides.collect();
    counts.sort_unstable();
    counts.dedup();
    counts
}

/// A number of blocks of 32 values, or of sub-blocks, whose index 16 bits do not hold.
const BEYOND_16_BITS: usize = (1 << 16) + 67;

/// The blocks of so many values as [`BEYOND_16_BITS`] blocks of 32 have.
pub(super) fn beyond_16_bits(of: &Question) -> usize {
    BEYOND_16_BITS * WEIGHTS / weights(of)
}

/// The block format of that name.
///
/// # Panics
///
/// Where there is none: a recipe is for blocks.
pub(super) fn format(id: FormatId) -> &'static dyn BlockFormat {
    named(id).expect("a block format")
}

/// One block: its numbers, and the bytes of its codes. Smaller scales are in the middle of their range.
pub(super) fn block(
    format: &dyn BlockFormat,
    numbers: &[u16],
    mut code: impl FnMut(usize) -> u8,
) -> Vec<u8> {
    let layout = Layout::of(format);
    let mut block = vec![0; layout.bytes];
    for (&at, number) in layout.numbers.iter().zip(numbers) {
        block[at..at + 2].copy_from_slice(&number.to_le_bytes());
    }
    for (index, (at, most)) in layout.scales.into_iter().enumerate() {
        block[at] = most / 2 - (index * 13 % 16) as u8;
    }
    for (index, at) in layout.codes.into_iter().enumerate() {
        block[at] = code(index);
    }
    block
}

/// That many plain blocks: scales above zero, near those of real weights.
pub(super) fn payload(format: &dyn BlockFormat, blocks: usize) -> Vec<u8> {
    let mut dice = SplitMix64::new(0x7265_6369);
    let mut plain = || {
        let scale = 0x2400 + dice.below(0x800) as u16;
        let other = 0xb000 + dice.below(0x800) as u16;
        block(format, &[scale, other], |_| dice.below(256) as u8)
    };
    let period: Vec<Vec<u8>> = (0..PERIOD.min(blocks.max(1))).map(|_| plain()).collect();
    period.iter().cycle().take(blocks).flatten().copied().collect()
}

/// That many plain values of a type, none of which is a zero. The least value of each block is below zero, and
/// stands at another place than in the block before.
pub(super) fn values(float: Float, count: usize) -> Floats {
    let mut dice = SplitMix64::new(0x7061_7274);
    let period: Vec<f32> = (0..PERIOD * WEIGHTS)
        .map(|at| {
            let block = at / WEIGHTS;
            let size = 2f32.powi((block % 7) as i32 - 5) * (1.0 + block as f32 / 400.0);
            let unit = dice.signed_unit();
            match at % WEIGHTS {
                place if place == block * 11 % 32 => -size,
                _ if unit == 0.0 => size / 3.0,
                _ => unit * size,
            }
        })
        .collect();
    floats(float, period.into_iter().cycle().take(count))
}

/// Values as floats of a type, rounded to it.
pub(super) fn floats(float: Float, values: impl Iterator<Item = f32>) -> Floats {
    match float {
        Float::F16 => {
            Floats::F16(Bits16(values.map(|one| half::f16::from_f32(one).to_bits()).collect()))
        }
        Float::Bf16 => {
            Floats::Bf16(Bits16(values.map(|one| half::bf16::from_f32(one).to_bits()).collect()))
        }
        Float::F32 => Floats::F32(Bits(values.map(f32::to_bits).collect())),
        Float::F64 => Floats::F64(Bits64(values.map(|one| f64::from(one).to_bits()).collect())),
    }
}

/// Every finite f16 above zero.
pub(super) const POSITIVE: std::ops::RangeInclusive<u16> = 0x0001..=0x7bff;

/// The sign of an f16.
pub(super) const SIGN: u16 = 0x8000;
