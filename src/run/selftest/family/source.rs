//! Values that an encoder takes for others.

use super::asked::mistaken_for;
use super::{Family, Wrong};
use crate::suite::exact::blocks;
use crate::suite::floats::{Float, Floats};
use crate::suite::hex::{Bits, Bits16, Bits64};
use crate::suite::operation::{Operation, Verb};
use crate::suite::question::{Encode, Mode, Question};

/// The types of values.
const TYPES: [Float; 4] = [Float::F16, Float::Bf16, Float::F32, Float::F64];

pub(super) fn families() -> Vec<Family> {
    vec![
        Family {
            name: "exponent-of-source",
            class: 78,
            about: "Takes values of the exponent N for zero.",
            members: exponents,
            reached: |asked| match asked.question {
                Question::Encode(encode) => {
                    let float = encode.values.float();
                    let (_, of_type) = place(float);
                    let mut all: Vec<u64> = encode
                        .values
                        .bits()
                        .into_iter()
                        .map(|bits| of_type << 16 | exponent(float, bits))
                        .collect();
                    all.sort_unstable();
                    all.dedup();
                    all
                }
                _ => Vec::new(),
            },
            wrong: |asked, member| {
                let Question::Encode(encode) = asked.question else { return None };
                let float = encode.values.float();
                changed(
                    encode,
                    |_, bits| if exponent(float, bits) == member & 0xffff { 0 } else { bits },
                )
            },
            shown: |member| {
                format!("{} of {}", member & 0xffff, TYPES[(member >> 16) as usize].name())
            },
        },
        Family {
            name: "value-at",
            class: 79,
            about: "Takes the value at place N of a block for its neighbour.",
            members: |operation| match blocks::named(operation.format) {
                Some(format) if operation.verb == Verb::Encode => {
                    (0..format.geometry().weights as u64).collect()
                }
                _ => Vec::new(),
            },
            reached: |asked| match asked.question {
                Question::Encode(encode) if asked.right.is_ok() && encode.values.len() >= 64 => {
                    (0..32).collect()
                }
                _ => Vec::new(),
            },
            wrong: |asked, member| {
                let Question::Encode(encode) = asked.question else { return None };
                let all = encode.values.bits();
                let neighbour = |at: usize| all.get(at ^ 1).copied().unwrap_or(all[at]);
                changed(
                    encode,
                    |at, bits| if at as u64 % 32 == member { neighbour(at) } else { bits },
                )
            },
            shown: super::range::number,
        },
    ]
}

/// Where a type keeps its exponent, and its number.
fn place(float: Float) -> (u32, u64) {
    match float {
        Float::F16 => (10, 0),
        Float::Bf16 => (7, 1),
        Float::F32 => (23, 2),
        Float::F64 => (52, 3),
    }
}

fn exponent(float: Float, bits: u64) -> u64 {
    let (at, _) = place(float);
    let width = match float {
        Float::F16 => 5,
        Float::Bf16 | Float::F32 => 8,
        Float::F64 => 11,
    };
    bits >> at & ((1 << width) - 1)
}

/// Each exponent of each type that the operation takes. Those of f64 are the ones that f32 has.
fn exponents(operation: Operation) -> Vec<u64> {
    if operation.verb != Verb::Encode {
        return Vec::new();
    }
    let taken = |float: &Float| {
        let ones = match float {
            Float::F16 => Floats::F16(Bits16(vec![0x3c00; 32])),
            Float::Bf16 => Floats::Bf16(Bits16(vec![0x3f80; 32])),
            Float::F32 => Floats::of(&[1.0; 32]),
            Float::F64 => Floats::F64(Bits64(vec![1f64.to_bits(); 32])),
        };
        let modes = [None, Some(Mode::Asymmetric)];
        modes.into_iter().any(|mode| {
            let question = Question::encode(operation.format, mode, &[32], ones.clone());
            matches!(mistaken_for(&question), Some(Ok(_)))
        })
    };
    let range = |float: Float| {
        let (_, number) = place(float);
        let exponents = match float {
            Float::F16 => 0..=30,
            Float::Bf16 | Float::F32 => 0..=254,
            Float::F64 => 1023 - 149..=1023 + 127,
        };
        exponents.map(move |exponent| number << 16 | exponent)
    };
    TYPES.into_iter().filter(taken).flat_map(range).collect()
}

/// The encoding of other values: of the first block in which that shows.
fn changed(encode: &Encode, other: impl Fn(usize, u64) -> u64) -> Option<Wrong> {
    let all = encode.values.bits();
    let blocks = all.chunks(32).enumerate();
    blocks
        .filter_map(|(block, bits)| {
            let changed = |at: usize, bits: u64| other(32 * block + at, bits);
            let others: Vec<u64> =
                bits.iter().enumerate().map(|(at, &bits)| changed(at, bits)).collect();
            if others == bits {
                return None;
            }
            let part = |bits: &[u64]| {
                let values = of_bits(encode.values.float(), bits);
                let shape = vec![bits.len() as u64];
                Question::Encode(Encode { values, shape, ..encode.clone() })
            };
            let question = part(bits);
            let (right, given) = (mistaken_for(&question)?, mistaken_for(&part(&others))?);
            (given != right).then_some(Wrong { given, part: Some(question) })
        })
        .next()
}

fn of_bits(float: Float, bits: &[u64]) -> Floats {
    let halves = || Bits16(bits.iter().map(|&bits| bits as u16).collect());
    match float {
        Float::F16 => Floats::F16(halves()),
        Float::Bf16 => Floats::Bf16(halves()),
        Float::F32 => Floats::F32(Bits(bits.iter().map(|&bits| bits as u32).collect())),
        Float::F64 => Floats::F64(Bits64(bits.to_vec())),
    }
}
