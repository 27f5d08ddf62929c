//! The arithmetic of the encoders of row formats: exact numbers, each result rounded once to f32 or f16.
//! `None` stands for what is not finite.

use super::khq4::half;
use crate::suite::exact::number::{Exact, Float, round};

/// The values of these bits.
pub(super) fn finite<B: Copy + Into<u64>>(bits: &[B], of: Float) -> Option<Vec<Exact>> {
    bits.iter().map(|&bits| of.value(bits.into())).collect()
}

/// As f32.
pub(super) fn single(number: &Exact) -> Option<Exact> {
    quotient(number, &Exact::scaled(1, 0))
}

/// A quotient as f32.
pub(super) fn quotient(top: &Exact, bottom: &Exact) -> Option<Exact> {
    round(top, bottom, Float::F32).value()
}

/// The inverse of a scale as f32; that of zero is zero.
pub(super) fn inverse(scale: &Exact) -> Option<Exact> {
    if scale.is_zero() { Some(Exact::zero()) } else { quotient(&Exact::scaled(1, 0), scale) }
}

/// f32 bits of a code of a few bits times the scale of these f16 bits, which is exact; a zero has the sign of both
/// factors, and a code of 0 counts as positive.
pub(super) fn product(code: i64, scale: u16) -> Option<u32> {
    Some(from_units(code * half(scale)?, (code < 0) != (scale >= 0x8000)))
}

/// f32 bits of so many units of 2^-24, rounded once to nearest, ties to even; a zero has this sign.
pub(super) fn from_units(units: i64, zero_is_negative: bool) -> u32 {
    let magnitude = units.unsigned_abs();
    if magnitude == 0 {
        return u32::from(zero_is_negative) << 31;
    }
    // The highest bit stands for 2^(place - 24), which is a normal number, and the 23 bits behind it for a fraction.
    let place = magnitude.ilog2();
    let (kept, rest, half) = match place.checked_sub(23) {
        None | Some(0) => (magnitude << (23 - place), 0, 1),
        Some(cut) => (magnitude >> cut, magnitude % (1 << cut), 1 << (cut - 1)),
    };
    let up = rest > half || rest == half && kept % 2 == 1;
    // One more in the last place carries into the exponent by itself.
    let bits = (u64::from(place) + 103 - 1) * (1 << 23) + kept + u64::from(up);
    u32::from(units < 0) << 31 | bits as u32
}

/// The bits of the f16.
pub(super) fn half_bits(number: &Exact) -> Option<u16> {
    let rounded = round(number, &Exact::scaled(1, 0), Float::F16);
    rounded.value().map(|_| rounded.bits(Float::F16) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::random::SplitMix64;

    #[test]
    fn units_are_rounded_as_any_number_is() {
        let mut dice = SplitMix64::new(5);
        for at in 0..200_000u32 {
            let bits = dice.below(54);
            let magnitude = (1 << bits) + dice.below(1 << bits) as i64;
            // Every other one is a tie, or next to one.
            let magnitude = match at % 2 {
                0 if bits > 26 => {
                    (magnitude >> (bits - 24) << (bits - 24)) + dice.below(3) as i64 - 1
                }
                _ => magnitude,
            };
            let units = if at % 3 == 0 { -magnitude } else { magnitude };
            let exact = round(&Exact::scaled(units, -24), &Exact::scaled(1, 0), Float::F32);
            assert_eq!(u64::from(from_units(units, false)), exact.bits(Float::F32), "{units}");
        }
        assert_eq!([from_units(0, false), from_units(0, true)], [0, 1 << 31]);
    }
}
