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
    let number = half(scale)?;
    Some(match code * number {
        0 => u32::from((code < 0) != (scale >= 0x8000)) << 31,
        units => {
            let exact = Exact::scaled(units, -24);
            round(&exact, &Exact::scaled(1, 0), Float::F32).bits(Float::F32) as u32
        }
    })
}

/// The bits of the f16.
pub(super) fn half_bits(number: &Exact) -> Option<u16> {
    let rounded = round(number, &Exact::scaled(1, 0), Float::F16);
    rounded.value().map(|_| rounded.bits(Float::F16) as u16)
}
