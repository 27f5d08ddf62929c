//! Source values of every type as f32, by the letter of ENC-S5, exactly.

use super::number::{Exact, Float, round};
use crate::suite::floats::Floats;

/// The bits of an infinity of f32, for what has no value there.
const INFINITE: u32 = 0x7f80_0000;

/// f32 bits of source values: f16 and bf16 as they are, f64 rounded to nearest even. What is beyond
/// every f32, or no number, is an infinity.
pub fn widened(values: &Floats) -> Vec<u32> {
    match values {
        Floats::F32(bits) => bits.0.clone(),
        other => other.bits().into_iter().map(|bits| converted(other.float(), bits)).collect(),
    }
}

/// The f32 that a float of another type is rounded to.
pub fn converted(from: Float, bits: u64) -> u32 {
    match from.value(bits) {
        None => INFINITE,
        Some(zero) if zero.is_zero() => u32::from(from.sign(bits)) << 31,
        Some(number) => round(&number, &Exact::scaled(1, 0), Float::F32).bits(Float::F32) as u32,
    }
}
