//! f64 to the formats of 16 bits, rounded once: to nearest, ties to even, subnormals kept.
//!
//! Neither goes through f32, where a number could come to lie on a tie that it was not on before.

use half::{bf16, f16};

/// Any number but a NaN to f16; what f16 cannot hold, an infinity.
pub fn round_to_f16(value: f64) -> f16 {
    let sign = if value.is_sign_negative() { 0x8000 } else { 0 };
    // Units of 2^-26, two bits below the last one of a subnormal: the first says half, and the second is
    // set by whatever lies below. The product is exact, or far beyond what f16 holds.
    let scaled = value.abs() * f64::from(1 << 26);
    let whole = scaled as u64;
    let units = whole | u64::from(whole as f64 != scaled);
    // The bits of an f16 are its units of 2^-24 up to 2^11; behind that, a significand of 11 bits and how
    // far it was shifted.
    let shift = (u64::BITS - units.leading_zeros()).saturating_sub(11).max(2);
    let bits = (u64::from(shift - 2) << 10) + round_half_even(units, shift);
    f16::from_bits(sign + bits.min(0x7c00) as u16)
}

/// A weight to bf16: zero, or a number whose magnitude is a normal one of bf16.
pub fn round_to_bf16(weight: f64) -> bf16 {
    // All but the first 7 bits of the fraction. A carry goes into the exponent, as it must.
    let kept = f64::from_bits(round_half_even(weight.to_bits(), 45) << 45);
    bf16::from_f32(kept as f32)
}

/// `units / 2^shift`, to nearest, ties to even; `shift` is not 0.
fn round_half_even(units: u64, shift: u32) -> u64 {
    let (kept, rest, half) = (units >> shift, units & ((1 << shift) - 1), 1 << (shift - 1));
    kept + u64::from(rest > half || rest == half && kept & 1 == 1)
}
