//! The ranges of parameters.

use crate::suite::random::SplitMix64;

/// Each power of two up to `most` with its neighbours, and 16 numbers drawn from all orders of size: places behind
/// which something goes wrong.
pub(super) fn places(most: u64) -> Vec<u64> {
    let powers = (0..).map(|power| 1u64 << power).take_while(|&power| power <= most);
    let mut places: Vec<u64> = powers.flat_map(|power| [power - 1, power, power + 1]).collect();
    let mut dice = SplitMix64::new(most);
    places.extend((0..16).map(|_| {
        let order = 1u64 << (1 + dice.below(u64::from(most.ilog2()).max(1)));
        order + dice.below(order)
    }));
    places.retain(|&place| place <= most);
    places
}

/// Finite f16 of each exponent and sign: 64 drawn mantissas, the least and the greatest.
pub(super) fn halves() -> Vec<u64> {
    let mut dice = SplitMix64::new(0x6861_6c66);
    let of_exponent = |high: u64| {
        let drawn: Vec<u64> = (0..64).map(|_| dice.below(1024)).chain([0, 1023]).collect();
        drawn.into_iter().map(move |mantissa| high << 10 | mantissa)
    };
    (0..64u64).filter(|high| high % 32 != 31).flat_map(of_exponent).collect()
}

/// A parameter as a decimal number.
pub(super) fn number(parameter: u64) -> String {
    parameter.to_string()
}
