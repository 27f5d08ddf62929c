//! Source values of every type as f32, by the letter of ENC-S5, exactly.

use std::collections::HashMap;

use super::number::{Exact, Float, round};
use crate::suite::floats::Floats;

/// The bits of an infinity of f32, for what has no value there.
const INFINITE: u32 = 0x7f80_0000;

/// f32 bits of source values: f16 and bf16 as they are, f64 rounded to nearest even. What is beyond
/// every f32, or no number, is an infinity.
pub fn widened(values: &Floats) -> Vec<u32> {
    match values {
        Floats::F32(bits) => bits.0.clone(),
        other => {
            // Equal bits are equal values: each is converted once.
            let mut known: HashMap<u64, u32> = HashMap::new();
            let mut one =
                |bits| *known.entry(bits).or_insert_with(|| converted(other.float(), bits));
            other.bits().into_iter().map(&mut one).collect()
        }
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
