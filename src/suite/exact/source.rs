//! Source values of other types by the letter of ENC-S5, exactly.

use super::number::{Exact, Format, round};

/// The bits of an infinity of f32, for what has no value there.
const INFINITE: u32 = 0x7f80_0000;

/// The f32 that an f16 is.
pub fn from_f16(bits: u16) -> u32 {
    converted(Format::F16, bits.into())
}

/// The f32 that a bf16 is, whose upper half it is.
pub fn from_bf16(bits: u16) -> u32 {
    u32::from(bits) << 16
}

/// The f32 that an f64 is rounded to; an infinity where it is beyond every f32, or no number.
pub fn from_f64(bits: u64) -> u32 {
    converted(Format::F64, bits)
}

fn converted(format: Format, bits: u64) -> u32 {
    match format.value(bits) {
        None => INFINITE,
        Some(zero) if zero.is_zero() => u32::from(format.sign(bits)) << 31,
        Some(number) => round(&number, &Exact::scaled(1, 0), Format::F32).bits(Format::F32) as u32,
    }
}
