//! Draws that all generators share: sizes of every order, places, bits of floats.

use crate::suite::random::SplitMix64;

/// How often sizes of each order are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// One of so many draws is of any size up to 2^8.
    pub small: u64,
    /// One of so many draws is of any size up to 2^12.
    pub medium: u64,
    /// One of so many draws is of any size up to 2^17.
    pub large: u64,
}

/// Sizes in blocks: what is larger is rarer, as it takes longer.
pub(super) const BLOCKS: Scale = Scale { small: 12, medium: 96, large: 768 };

impl Scale {
    /// A number of units, at least one: mostly one to four.
    pub fn units(self, dice: &mut SplitMix64) -> u64 {
        let draw = dice.next_u64();
        let power = if draw.is_multiple_of(self.large) {
            17
        } else if draw.is_multiple_of(self.medium) {
            12
        } else if draw.is_multiple_of(self.small) {
            8
        } else {
            return 1 + dice.below(4);
        };
        log_uniform(dice, power)
    }
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
        let sizes: Vec<u64> = (0..40_000).map(|_| BLOCKS.units(&mut dice)).collect();
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
