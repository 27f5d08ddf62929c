//! Values for encoders: every f16, every exponent, values whose scales are every f16, and drawn weights.

use super::content::{POSITIVE, SIGN, WEIGHTS, floats, values};
use crate::suite::expected::expected;
use crate::suite::floats::{Float, Floats};
use crate::suite::hex::{Bits, Bits16, Bits64};
use crate::suite::lawful::Lawful;
use crate::suite::operation::FormatId;
use crate::suite::question::{Encode, Mode, Question};
use crate::suite::random::SplitMix64;

/// Blocks of one question.
const BLOCKS: usize = 8192;

/// Blocks as questions, those left out of which nothing is demanded, or which are refused or have two
/// encodings.
fn asked(of: &Encode, blocks: impl Iterator<Item = Floats>) -> Vec<Question> {
    of_blocks(of, &blocks.filter(|values| has_one_encoding(of, values)).collect::<Vec<_>>())
}

fn has_one_encoding(of: &Encode, values: &Floats) -> bool {
    matches!(expected(&question(of, values.clone()), None), Lawful::One(_))
}

fn of_blocks(of: &Encode, blocks: &[Floats]) -> Vec<Question> {
    blocks.chunks(BLOCKS).map(|blocks| question(of, joined(blocks))).collect()
}

fn question(of: &Encode, values: Floats) -> Question {
    let rows = (values.len() / WEIGHTS) as u64;
    Question::Encode(Encode { shape: vec![rows, 32], values, ..of.clone() })
}

fn joined(blocks: &[Floats]) -> Floats {
    let bits = blocks.iter().flat_map(Floats::bits);
    of_bits(blocks[0].float(), bits)
}

pub(super) fn of_bits(float: Float, bits: impl Iterator<Item = u64>) -> Floats {
    match float {
        Float::F16 => Floats::F16(Bits16(bits.map(|bits| bits as u16).collect())),
        Float::Bf16 => Floats::Bf16(Bits16(bits.map(|bits| bits as u16).collect())),
        Float::F32 => Floats::F32(Bits(bits.map(|bits| bits as u32).collect())),
        Float::F64 => Floats::F64(Bits64(bits.collect())),
    }
}

/// Every finite f16 as a value, 32 neighbours in a block, in an order that is not theirs; of bf16 every
/// value whose exponent f16 has; of f32 and f64 the values of f16, and such between two of them.
pub(super) fn every_value(of: &Encode) -> Vec<Question> {
    let float = of.values.float();
    let shuffled = |index: usize| index * 13 % WEIGHTS;
    let halves = (0..0x7c00 / WEIGHTS).flat_map(move |group| {
        [0, SIGN].map(|sign| {
            let bits = (0..WEIGHTS).map(move |at| (group * WEIGHTS + shuffled(at)) as u16 | sign);
            match float {
                Float::F16 => Floats::F16(Bits16(bits.collect())),
                Float::F64 => Floats::F64(Bits64(
                    // Beside the value by less than f32 tells apart, and by half of that.
                    bits.enumerate()
                        .map(|(at, bits)| {
                            let value = half::f16::from_bits(bits).to_f64();
                            value.to_bits() + [0, 1 << 28, (1 << 28) + 1, 3 << 28][at % 4]
                        })
                        .collect(),
                )),
                _ => floats(float, bits.map(|bits| half::f16::from_bits(bits).to_f32())),
            }
        })
    });
    if float != Float::Bf16 {
        return asked(of, halves);
    }
    let upper = (0..0x7f80 / WEIGHTS).flat_map(move |group| {
        [0, SIGN].map(|sign| {
            let bits = (0..WEIGHTS).map(move |at| (group * WEIGHTS + shuffled(at)) as u16 | sign);
            Floats::Bf16(Bits16(bits.collect()))
        })
    });
    asked(of, upper)
}

/// Values of one exponent, subnormals included, and values over many of them.
pub(super) fn every_exponent(of: &Encode) -> Vec<Question> {
    let float = of.values.float();
    let fraction = fraction_bits(float);
    let exponents = match float {
        Float::F16 => 31,
        Float::Bf16 | Float::F32 => 255,
        Float::F64 => 2047,
    };
    let sign = fraction + exponents_bits(exponents);
    let mut dice = SplitMix64::new(0x6578_706f);
    let mut drawn = |exponent: u64| (dice.next_u64() % (1 << fraction)) | (exponent << fraction);
    let mut blocks = Vec::new();
    // Of f64 those that f32 has.
    let range = if float == Float::F64 { 1023 - 149..1023 + 128 } else { 0..exponents };
    for exponent in range {
        for spread in [0, 1, 3, 5] {
            let block: Vec<u64> = (0..WEIGHTS as u64)
                .map(|at| {
                    let bits = drawn(exponent.saturating_sub(at % (spread + 1)));
                    bits | (at % 2) << sign
                })
                .collect();
            blocks.push(of_bits(float, block.into_iter()));
        }
    }
    let alone = beyond(of, float, fraction);
    asked(of, blocks.into_iter()).into_iter().chain(alone).collect()
}

/// One value of each exponent that f16 has no scale for, among zeros: to be refused, where the format refuses that.
fn beyond(of: &Encode, float: Float, fraction: u32) -> Vec<Question> {
    let exponents = match float {
        Float::F16 => 0..0,
        Float::Bf16 | Float::F32 => 127..255,
        Float::F64 => 1023..1023 + 128,
    };
    let alone = exponents.map(|exponent| {
        let value =
            |at: usize| if at == 13 { exponent << fraction | 3 << (fraction - 2) } else { 0 };
        question(of, of_bits(float, (0..WEIGHTS).map(value)))
    });
    alone.filter(|question| matches!(expected(question, None), Lawful::Refuse(_))).collect()
}

/// The bits of a type's fraction.
fn fraction_bits(float: Float) -> u32 {
    match float {
        Float::F16 => 10,
        Float::Bf16 => 7,
        Float::F32 => 23,
        Float::F64 => 52,
    }
}

fn exponents_bits(exponents: u64) -> u32 {
    64 - exponents.leading_zeros()
}

/// Values whose encodings store each f16 as scale and as bias (or minimum): the scale exactly, and halfway to the
/// next one or next to halfway.
pub(super) fn stored(of: &Encode) -> Vec<Question> {
    let float = of.values.float();
    let halfway = |bits: u16| 1 + usize::from(bits % 3);
    // Of Q4_0 a scale has either sign.
    let twin = (of.format == FormatId::Q4_0).then_some((0, true));
    let both = move |bits: u16| {
        let ways = [(0, false), (halfway(bits), true)].into_iter().chain(twin);
        ways.map(move |(way, below)| (bits, way, below))
    };
    let scales = POSITIVE.flat_map(both).map(|(bits, way, below)| {
        (
            bits,
            if of.format == FormatId::MLX {
                edged(bits, 8, below)
            } else {
                scaled(of, bits, way, below)
            },
        )
    });
    // An edge of MLX is at least 8 scales: those of less stand alone.
    let small = (1..0x1000u16)
        .flat_map(|bits| [(bits, edged(bits, 1, false)), (bits, edged(bits, 1, true))]);
    let small = small.filter(|_| of.format == FormatId::MLX);
    let blocks =
        scales.chain(small).map(|(bits, values)| (bits, floats(float, values.into_iter())));
    // Only the largest are beyond f16, and only the least may be stored as a zero.
    let beyond = |bits: u16| !(0x0010..0x6c00).contains(&bits);
    let lawful = blocks.filter(|(bits, values)| !beyond(*bits) || has_one_encoding(of, values));
    of_blocks(of, &lawful.map(|(_, values)| values).collect::<Vec<_>>())
}

/// A block whose scale is an f16, or between that and the next one. Its least value is an f16 of the same exponent,
/// where the format stores that.
fn scaled(of: &Encode, bits: u16, way: usize, below: bool) -> Vec<f32> {
    let scale = half::f16::from_bits(bits).to_f64();
    let next = if bits == 0x7bff { 65536.0 } else { half::f16::from_bits(bits + 1).to_f64() };
    let halfway = (scale + next) / 2.0;
    let near = halfway * 2f64.powi(-16);
    let step = [scale, halfway, halfway - near, halfway + near][way];
    let parts = i32::from(bits % 13);
    let least =
        half::f16::from_bits(bits & 0x7c00 | (bits.wrapping_mul(389).wrapping_add(77) & 0x3ff));
    let least = if below { -least.to_f64() } else { least.to_f64() };
    let value = |at: i32| match (of.format, of.mode, at) {
        // The largest of the block is there in each of them.
        (FormatId::Q4_0, _, 0) => 8.0 * if below { step } else { -step },
        // Over all scales, each two codes of a byte.
        (FormatId::Q4_0, _, _) => {
            let turn = i32::from(bits % 225) / if at < 16 { 1 } else { 15 };
            f64::from((at * 7 + turn) % 15 - 7) * step
        }
        (FormatId::Q8_0, _, 0) => 127.0 * step,
        (FormatId::Q8_0, _, _) => f64::from((at * 37 + parts) % 255 - 127) * step,
        (_, Some(Mode::Symmetric), 0) => -7.0 * step,
        (_, Some(Mode::Symmetric), _) => f64::from((at * 5 + parts) % 15 - 7) * step,
        // A least value of zero would have two encodings (ENC-Z1).
        _ if least == 0.0 => f64::from((at * 7 + parts) % 16 - 1) * step,
        _ => f64::from((at * 7 + parts) % 16) * step + least,
    };
    (0..WEIGHTS as i32).map(|at| value(at) as f32).collect()
}

/// A block of MLX whose edge, the value of the largest magnitude, is so many times an f16 (MLX-2): its scale is an
/// eighth of the edge.
fn edged(bits: u16, times: i32, below: bool) -> Vec<f32> {
    let unit = half::f16::from_bits(bits).to_f32() * if below { -1.0 } else { 1.0 };
    let turn = i32::from(bits % 13);
    // The other end has 7 units of 8, or 6: less than the edge, in f16 too.
    let (codes, least) = if times == 8 { (16, 7) } else { (15, 6) };
    let code = |at: i32| if at == 3 { 8 } else { (at * 7 + turn) % codes - least };
    (0..WEIGHTS as i32).map(|at| code(at) as f32 * unit * times as f32 / 8.0).collect()
}

/// Weights as models have them, with values far out, of tiny ranges; small integers; and values a few units from the middle of
/// two codes, where another order or width of an operation gives the other code.
pub(super) fn drawn(of: &Encode) -> Vec<Question> {
    let float = of.values.float();
    let mut dice = SplitMix64::new(0x7765_6967);
    let blocks: Vec<Floats> = (0..4096)
        .map(|number| {
            let size = 2f32.powi(dice.below(14) as i32 - 10) * (1.0 + dice.signed_unit() / 3.0);
            let values = match number % 4 {
                0 => weights(&mut dice, size),
                1 => near_ties(of, &mut dice, size),
                2 => (0..WEIGHTS).map(|_| dice.below(201) as f32 - 100.0).collect(),
                _ => offset(&mut dice, size),
            };
            floats(float, values.into_iter())
        })
        .collect();
    let ties: Vec<Floats> = (-27..18)
        .flat_map(|exponent| [exponent; 6])
        .map(|exponent| {
            let size = 2f32.powi(exponent) * (1.0 + dice.signed_unit() / 3.0);
            floats(float, near_ties(of, &mut dice, size).into_iter())
        })
        .collect();
    let all = asked(of, blocks.into_iter().chain(twins(float)).chain(ties));
    let apart = at_the_end(float).into_iter().chain(alike(float));
    let apart = apart.filter(|values| has_one_encoding(of, values));
    all.into_iter().chain(apart.map(|values| question(of, values))).collect()
}

/// One to nine blocks, the last one of another magnitude: what is behind a loop over several blocks at a time is often
/// computed in another way.
fn at_the_end(float: Float) -> Vec<Floats> {
    let ended = |count: usize, exponent: i32| {
        let mut all = values(float, count * WEIGHTS).bits();
        let small = (0..WEIGHTS).map(|at| (at as f32 - 11.3) * 2f32.powi(exponent));
        all.truncate((count - 1) * WEIGHTS);
        all.extend(floats(float, small).bits());
        of_bits(float, all.into_iter())
    };
    let exponents = [-24, -20, -16, -14, -3, 6, 11];
    (1..=9).flat_map(|count| exponents.map(|exponent| ended(count, exponent))).collect()
}

/// Values of one number that differ in one in the middle only: what remembers an answer by the ends of its values takes
/// one for the other.
fn alike(float: Float) -> Vec<Floats> {
    let first = values(float, 5 * WEIGHTS).bits();
    let changed = |at: usize| {
        let mut bits = first.clone();
        bits[at] -= 1 << fraction_bits(float);
        of_bits(float, bits.into_iter())
    };
    let plain = || of_bits(float, first.iter().copied());
    vec![plain(), changed(80), changed(47), plain(), changed(111)]
}

/// Blocks that differ from one another in one value, behind one another: what goes by a part of a block takes
/// one for the other.
fn twins(float: Float) -> impl Iterator<Item = Floats> {
    let plain = values(float, WEIGHTS);
    (0..WEIGHTS).flat_map(move |at| {
        let mut bits = plain.bits();
        // Half the value.
        bits[at] -= 1 << fraction_bits(float);
        [plain.clone(), of_bits(float, bits.into_iter())]
    })
}

/// Sums of four draws, one value in 64 far out.
fn weights(dice: &mut SplitMix64, size: f32) -> Vec<f32> {
    (0..WEIGHTS)
        .map(|_| {
            let sum: f32 = (0..4).map(|_| dice.signed_unit()).sum();
            let far = if dice.below(64) == 0 { 6.0 } else { 1.0 };
            sum / 2.0 * size * far
        })
        .collect()
}

/// Values around another value than zero.
fn offset(dice: &mut SplitMix64, size: f32) -> Vec<f32> {
    let middle = 8.0 * size * dice.signed_unit();
    (0..WEIGHTS).map(|_| middle + size * dice.signed_unit()).collect()
}

/// Values whose steps are nearly halves.
fn near_ties(of: &Encode, dice: &mut SplitMix64, size: f32) -> Vec<f32> {
    let (low, high) = (-size * (0.5 + dice.signed_unit().abs()), size);
    let (origin, step, codes) = match (of.format, of.mode) {
        (FormatId::Q8_0, _) => (0.0, low.abs().max(high) / 127.0, 126),
        (FormatId::Q4_0, _) => (0.0, low.abs().max(high) / 8.0, 7),
        // Some middles of codes are those of an eighth of the largest.
        (FormatId::MXFP4, _) => {
            let most = 2f32.powi(low.abs().max(high).log2().floor() as i32);
            (0.0, most / 4.0, 6)
        }
        (_, Some(Mode::Symmetric)) => (0.0, low.abs().max(high) / 7.0, 6),
        _ => (low, (high - low) / 15.0, 15),
    };
    let mut tie = |at: usize| {
        let middle = origin + (dice.below(codes) as f32 + 0.5) * step;
        let near = f32::from_bits((middle.to_bits() as i32 + dice.below(5) as i32 - 2) as u32);
        if origin == 0.0 && at.is_multiple_of(2) { -near } else { near }
    };
    let ties: Vec<f32> = (2..WEIGHTS).map(&mut tie).collect();
    [low, high].into_iter().chain(ties).map(|value| value.clamp(low.min(-high), high)).collect()
}
