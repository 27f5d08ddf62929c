//! Every finite f16 in every field of f16, with every code at every place; and numbers drawn from all of them.

use super::content::{POSITIVE, SIGN, WEIGHTS, block, floats, format, payload, weights};
use crate::suite::case::File;
use crate::suite::exact::blocks::{BlockFormat, Layout};
use crate::suite::exact::files;
use crate::suite::floats::{Float, Floats};
use crate::suite::hex::{Bits16, Bytes};
use crate::suite::operation::FormatId;
use crate::suite::question::{Decode, Load, Matmul, Question, Save, Tensor};
use crate::suite::random::SplitMix64;

/// Values of one question.
const VALUES: usize = 8192 * WEIGHTS;

/// Every f16.
pub(super) fn every(of: &Question) -> Vec<Question> {
    match of {
        Question::Load(load) if load.format == FormatId::KHF1 => {
            halves().into_iter().map(|tensor| load_of(load, tensor)).collect()
        }
        Question::Save(save) if save.format == FormatId::KHF1 => {
            halves().into_iter().map(|tensor| save_of(save, tensor)).collect()
        }
        _ => asked(of, [every_block(of), every_scale(of)].concat()),
    }
}

/// Drawn numbers.
pub(super) fn drawn(of: &Question) -> Vec<Question> {
    let format = format(of.format());
    let mut dice = SplitMix64::new(0x6472_6177);
    let mut finite = move || loop {
        let bits = dice.next_u64() as u16;
        if bits & 0x7c00 != 0x7c00 && bits & !SIGN != 0 {
            return bits;
        }
    };
    let mut codes = SplitMix64::new(0x636f_6465);
    let scales = Layout::of(format).scales;
    let mut drawn = |sign: u16| {
        let numbers = [finite() & !SIGN | sign, finite()];
        let mut block = block(format, &numbers, |_| codes.below(256) as u8);
        for &(at, most) in &scales {
            block[at] = codes.below(u64::from(most) + 1) as u8;
        }
        block
    };
    let signs = if is_half(of) { &[0][..] } else { &[0, SIGN][..] };
    let count = 4096 * WEIGHTS / weights(of);
    let payloads = signs.iter().map(|&sign| (0..count).map(|_| drawn(sign)).collect());
    let mut payloads: Vec<Vec<Vec<u8>>> = payloads.collect();
    payloads.push(twins(format));
    // Blocks that differ in the sign of a zero: minus zero times a code of zero is a minus zero.
    let zero = |bias: u16| block(format, &[0xbc00, bias], |_| 0);
    payloads.push(vec![zero(0), zero(SIGN), zero(0)]);
    if !is_half(of) {
        payloads.push(sign_twins(format));
    }
    payloads.extend(at_the_end(format, is_half(of)));
    payloads.extend(alike(format));
    asked(of, payloads)
}

/// Blocks that differ from the one before in the sign of one number.
fn sign_twins(format: &dyn BlockFormat) -> Vec<Vec<u8>> {
    let plain = payload(format, 1);
    let twin = |at: usize| {
        let mut block = plain.clone();
        block[at + 1] ^= 0x80;
        [plain.clone(), block, plain.clone()]
    };
    Layout::of(format).numbers.into_iter().flat_map(twin).collect()
}

/// One to nine blocks, the last one with numbers that are subnormal, least, or largest: what is behind a loop over
/// several blocks at a time is often computed in another way.
fn at_the_end(format: &dyn BlockFormat, half: bool) -> Vec<Vec<Vec<u8>>> {
    let numbers = [0x0001, 0x0200, 0x03ff, 0x0400, 0x3bff, 0x3c00, 0x7bff];
    let numbers = &numbers[..if half { 6 } else { 7 }];
    let scales = Layout::of(format).scales;
    let scales = &scales;
    let ended = |count: usize, number: u16| {
        let mut blocks: Vec<Vec<u8>> = separate(format, count);
        blocks[count - 1] = block(format, &[number, number ^ SIGN], |at| (at * 29 + count) as u8);
        for &(at, most) in scales {
            // The least and the largest of smaller scales too.
            blocks[count - 1][at] = if number > 0x3c00 { most } else { (number % 4) as u8 };
        }
        blocks
    };
    (1..=9).flat_map(|count| numbers.iter().map(move |&number| ended(count, number))).collect()
}

/// Payloads of one length that differ in a block in the middle only: what remembers an answer by the ends of a payload
/// takes one for the other.
fn alike(format: &dyn BlockFormat) -> Vec<Vec<Vec<u8>>> {
    let first = separate(format, 5);
    let changed = |at: usize| {
        let mut blocks = first.clone();
        let last = blocks[at].len() - 1;
        blocks[at][last] ^= 0x11;
        blocks
    };
    vec![first.clone(), changed(2), changed(1), first.clone(), changed(3)]
}

/// Plain blocks, one by one.
fn separate(format: &dyn BlockFormat, count: usize) -> Vec<Vec<u8>> {
    payload(format, count).chunks(format.geometry().bytes).map(<[u8]>::to_vec).collect()
}

/// Blocks that differ from one another in one byte, behind one another: what goes by a part of a block
/// takes one for the other.
fn twins(format: &dyn BlockFormat) -> Vec<Vec<u8>> {
    let plain = payload(format, 1);
    let twin = |at: usize| {
        let mut block = plain.clone();
        block[at] ^= 1;
        [plain.clone(), block]
    };
    (0..plain.len()).flat_map(twin).collect()
}

/// Whether blocks are decoded to f16, which holds less than their weights may be.
fn is_half(of: &Question) -> bool {
    matches!(of, Question::Decode(Decode { to: Some(Float::F16), .. }))
}

/// Blocks in which every f16 is a scale, and every f16 the other number: scales below zero apart, as some
/// may refuse those.
fn every_block(of: &Question) -> Vec<Vec<Vec<u8>>> {
    let format = format(of.format());
    if Layout::of(format).numbers.is_empty() {
        return Vec::new();
    }
    let half = is_half(of);
    let signs = [0, SIGN];
    let mut payloads: Vec<Vec<Vec<u8>>> = Vec::new();
    for sign in signs {
        let blocks: Vec<Vec<u8>> = POSITIVE.map(|scale| one(format, scale | sign, half)).collect();
        payloads.extend(blocks.chunks(VALUES / weights(of)).map(<[_]>::to_vec));
    }
    payloads
}

/// Blocks in which each smaller scale has each of its values, in a block of which all else is plain; and where a format
/// has no number of f16, every byte of codes at every place.
fn every_scale(of: &Question) -> Vec<Vec<Vec<u8>>> {
    let format = format(of.format());
    let layout = Layout::of(format);
    let plain = |turn: usize| block(format, &[0x2c01, 0xaf0b], |at| (at * 7 + turn) as u8);
    let scaled = |(index, &(at, most)): (usize, &(usize, u8))| {
        (0..=most).map(move |value| {
            let mut block = plain(usize::from(value) + 5 * index);
            block[at] = value;
            block
        })
    };
    let mut blocks: Vec<Vec<u8>> = layout.scales.iter().enumerate().flat_map(scaled).collect();
    if layout.numbers.is_empty() {
        blocks.extend((0..256).map(plain));
    }
    blocks.chunks(VALUES / weights(of)).map(<[_]>::to_vec).collect()
}

/// The block of a scale. The other number has the scale's exponent, so that all of both show in a sum, and each
/// mantissa once; over both signs of the scale it has both signs.
fn one(format: &dyn BlockFormat, scale: u16, half: bool) -> Vec<u8> {
    let (exponent, mantissa) = (scale & 0x7c00, scale & 0x3ff);
    let other = exponent | (mantissa.wrapping_mul(389).wrapping_add(77) & 0x3ff);
    let sign = if (mantissa % 2 == 0) == (scale & SIGN == 0) { SIGN } else { 0 };
    let turn = usize::from(mantissa) + usize::from(exponent >> 10);
    if half {
        // No weight may be beyond f16: a scale and a number of unlike signs, and as many codes as fit. A
        // scale below zero stands alone, as its weights are exact then.
        let codes = match exponent >> 10 {
            30 => 2,
            29 => 3,
            28 => 5,
            27 => 9,
            _ => 16,
        };
        let below = scale & SIGN != 0;
        let codes = if below { codes.min(16) - 1 } else { codes };
        let other = if below { 0 } else { other | SIGN };
        return block(format, &[scale, other], |at| {
            let code = |place: usize| ((place + turn) % codes.max(1)) as u8;
            code(2 * at) | code(2 * at + 1) << 4
        });
    }
    block(format, &[scale, other | sign], |at| match format.geometry().bytes {
        // Codes of four bits.
        20 => {
            let code = |place: usize| ((place + turn) % 16) as u8;
            code(2 * at) | code(2 * at + 1) << 4
        }
        _ => (at * 7 + turn) as u8,
    })
}

/// The questions about payloads.
fn asked(of: &Question, payloads: Vec<Vec<Vec<u8>>>) -> Vec<Question> {
    let ask = |blocks: Vec<Vec<u8>>| {
        let count = (blocks.len() * weights(of)) as u64;
        let payload = blocks.concat();
        match of {
            Question::Decode(decode) => Some(Question::Decode(Decode {
                blocks: Bytes(payload),
                original_len: count,
                ..decode.clone()
            })),
            Question::Load(load) => {
                Some(load_of(load, Tensor::of_blocks(&[count / 32, 32], count, payload)))
            }
            Question::Save(save) => {
                Some(save_of(save, Tensor::of_blocks(&[count / 32, 32], count, payload)))
            }
            Question::Matmul(matmul) => Some(Question::Matmul(Matmul {
                rows: count / 32,
                columns: 32,
                vectors: 2,
                blocks: Bytes(payload),
                x: floats(Float::F32, single(5, 1.0).chain(single(18, -2.0))),
                ..matmul.clone()
            })),
            _ => None,
        }
    };
    payloads.into_iter().filter(|blocks| !blocks.is_empty()).filter_map(ask).collect()
}

/// A vector with one value that is no zero.
fn single(place: usize, value: f32) -> impl Iterator<Item = f32> {
    (0..WEIGHTS).map(move |at| if at == place { value } else { 0.0 })
}

/// Tensors of every finite f16.
fn halves() -> Vec<Tensor> {
    let all: Vec<u16> = (0..=u16::MAX).filter(|bits| bits & 0x7c00 != 0x7c00).collect();
    all.chunks(15872)
        .map(|bits| {
            let values = Floats::F16(Bits16(bits.to_vec()));
            Tensor::of_values(&[bits.len() as u64], values)
        })
        .collect()
}

/// A load of the file of a tensor.
pub(super) fn load_of(of: &Load, tensor: Tensor) -> Question {
    let container = files::named(of.format).expect("a container");
    let bytes = container.write(&[tensor]).expect("a tensor that it stores");
    Question::Load(Load { path: File::Bytes(Bytes(bytes)), ..of.clone() })
}

/// A save of a tensor.
pub(super) fn save_of(of: &Save, tensor: Tensor) -> Question {
    Question::Save(Save { tensors: vec![tensor], ..of.clone() })
}
