//! Draws that all generators share: sizes of every order, places, bits of floats.

use crate::suite::random::SplitMix64;

/// How often questions of each size are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// One tensor in so many has any number of blocks up to that power of two; the first pair that holds counts.
    blocks: &'static [(u64, u64)],
    /// One product in so many has up to that number of weights; the first pair that is drawn counts.
    products: &'static [(u64, u64)],
    /// One rotation in so many is of any length up to that power of two; the first pair that is drawn counts.
    rotations: &'static [(u64, u64)],
}

impl Sizes {
    /// Of a campaign: what is larger is rarer, as it takes longer.
    pub const ALL: Self = Self {
        blocks: &[(768, 17), (96, 12), (12, 8)],
        products: &[(256, 1 << 20), (16, 1 << 15)],
        rotations: &[(64, 14), (8, 10)],
    };
    /// Of what becomes an input of a fuzz target: no longer than such an input may be, as libFuzzer bounds what
    /// a mutator reserves.
    pub const SMALL: Self = Self { blocks: &[(12, 6)], products: &[], rotations: &[] };

    /// A number of blocks, at least one: mostly one to four.
    pub fn blocks(self, dice: &mut SplitMix64) -> u64 {
        let draw = dice.next_u64();
        match self.blocks.iter().find(|(count, _)| draw.is_multiple_of(*count)) {
            Some(&(_, power)) => log_uniform(dice, power),
            None => 1 + dice.below(4),
        }
    }

    /// The most weights of a product.
    pub fn weights(self, dice: &mut SplitMix64) -> u64 {
        first(self.products, dice).unwrap_or(1 << 11)
    }

    /// The logarithm of the largest length of a rotation, to base two.
    pub fn rotation(self, dice: &mut SplitMix64) -> u64 {
        first(self.rotations, dice).unwrap_or(7)
    }
}

/// What the first pair that is drawn has.
fn first(pairs: &[(u64, u64)], dice: &mut SplitMix64) -> Option<u64> {
    pairs.iter().find(|(count, _)| one_in(dice, *count)).map(|&(_, most)| most)
}

/// A number of at least one, whose logarithm is uniform up to that of 2^`power`. Every other one is next to a power
/// of two, or is one.
pub(super) fn log_uniform(dice: &mut SplitMix64, power: u64) -> u64 {
    let floor = 1u64 << dice.below(power + 1);
    if dice.below(2) == 0 {
        return pick(dice, &[floor.saturating_sub(1).max(1), floor, floor + 1]);
    }
    floor + dice.below(floor)
}

/// One of `choices`.
pub(super) fn pick<T: Copy>(dice: &mut SplitMix64, choices: &[T]) -> T {
    choices[dice.below(choices.len() as u64) as usize]
}

/// Whether one draw of so many comes.
pub(super) fn one_in(dice: &mut SplitMix64, count: u64) -> bool {
    dice.below(count) == 0
}

/// A place below `len`, which is not 0; every other one is the first, the last, or next to a power of two.
pub(super) fn place(dice: &mut SplitMix64, len: usize) -> usize {
    let any = dice.below(len as u64) as usize;
    match dice.below(8) {
        0 => 0,
        1 => len - 1,
        2 | 3 => (log_uniform(dice, 17) as usize).min(len - 1),
        _ => any,
    }
}

/// A finite f16, uniform over its bit patterns.
pub(super) fn finite_half(dice: &mut SplitMix64) -> u16 {
    loop {
        let bits = dice.next_u64() as u16;
        if bits & 0x7c00 != 0x7c00 {
            return bits;
        }
    }
}

/// An f16 that is not finite.
pub(super) fn not_finite(dice: &mut SplitMix64) -> u16 {
    let sign = (dice.below(2) as u16) << 15;
    let fraction = pick(dice, &[0, 0x200, 1, 0x3ff, 0x155]);
    0x7c00 | fraction | sign
}

/// A normal number of variance near one: the sum of four uniform ones.
pub(super) fn normal(dice: &mut SplitMix64) -> f32 {
    (0..4).map(|_| dice.signed_unit()).sum::<f32>() * 0.866
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn sizes_are_of_every_order_and_next_to_every_power_of_two() {
        let mut dice = SplitMix64::new(3);
        let drawn: BTreeSet<u64> = (0..4000).map(|_| log_uniform(&mut dice, 12)).collect();
        for power in 1..=12u32 {
            for edge in [(1 << power) - 1, 1 << power, (1 << power) + 1] {
                assert!(drawn.contains(&edge), "{edge}");
            }
        }
        assert!(drawn.iter().all(|&size| (1..=1 << 13).contains(&size)));
        let sizes: Vec<u64> = (0..40_000).map(|_| Sizes::ALL.blocks(&mut dice)).collect();
        let above = |least: u64| sizes.iter().filter(|&&size| size > least).count();
        assert!(above(4) > 1000 && above(256) > 50 && above(1 << 16) > 0, "{}", above(1 << 16));
        assert!(above(4) < 5000 && above(4096) < 60);
    }

    #[test]
    fn a_half_that_is_finite_is_and_one_that_is_not_is_not() {
        let mut dice = SplitMix64::new(4);
        let exponent = |bits: u16| bits >> 10 & 31;
        let finite: BTreeSet<u16> = (0..4000).map(|_| exponent(finite_half(&mut dice))).collect();
        assert_eq!(finite, (0..31).collect());
        assert!((0..100).all(|_| exponent(not_finite(&mut dice)) == 31));
    }
}
