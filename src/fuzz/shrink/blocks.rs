//! Smaller payloads and values.

use std::ops::Range;

use super::parts;
use crate::suite::exact::blocks::Layout;
use crate::suite::floats::{Float, Floats};
use crate::suite::hex::{Bits, Bits16, Bits64, Bytes};
use crate::suite::question::{Decode, Encode, Question};

/// Blocks that are made plain one by one.
const FEW: usize = 4;

/// The bits of one, as f16.
const ONE: u16 = 0x3c00;

pub(super) fn of_decode(decode: &Decode) -> Vec<Question> {
    let layout = Layout::named(decode.format);
    let (payload, weights) = (&decode.blocks.0, layout.weights as u64);
    let count = payload.len() / layout.bytes;
    let ask = |blocks: Vec<u8>, original_len: u64| {
        Question::Decode(Decode { blocks: Bytes(blocks), original_len, ..decode.clone() })
    };
    let mut candidates = Vec::new();
    for kept in parts(count) {
        let bytes = payload[kept.start * layout.bytes..kept.end * layout.bytes].to_vec();
        let whole = kept.len() as u64 * weights;
        // The end of the payload stays as it is, whatever is wrong there.
        if kept.end == count {
            let rest = &payload[count * layout.bytes..];
            let before = kept.start as u64 * weights;
            candidates
                .push(ask([&bytes[..], rest].concat(), decode.original_len.saturating_sub(before)));
        }
        candidates.push(ask(bytes, whole));
    }
    let whole = count as u64 * weights;
    if decode.original_len != whole || !payload.len().is_multiple_of(layout.bytes) {
        candidates.push(ask(payload[..count * layout.bytes].to_vec(), whole));
    }
    if decode.tensor_scale.is_some() {
        candidates.push(Question::Decode(Decode { tensor_scale: None, ..decode.clone() }));
    }
    if decode.to.is_some() {
        candidates.push(Question::Decode(Decode { to: None, ..decode.clone() }));
    }
    let plainer = plainer(&layout, payload);
    candidates.extend(plainer.into_iter().map(|payload| ask(payload, decode.original_len)));
    candidates
}

/// A payload with plainer blocks, where there are few.
pub(super) fn plainer(layout: &Layout, payload: &[u8]) -> Vec<Vec<u8>> {
    let mut plainer = Vec::new();
    let count = payload.len() / layout.bytes;
    if count > FEW {
        return plainer;
    }
    let mut with = |edit: &dyn Fn(&mut [u8])| {
        let mut other = payload.to_vec();
        edit(&mut other);
        plainer.push(other);
    };
    for block in (0..count).map(|block| block * layout.bytes) {
        let codes = &layout.codes;
        with(&|payload| codes.iter().for_each(|&at| payload[block + at] = 0));
        for &at in &layout.numbers {
            for bits in [0, ONE] {
                with(&|payload| {
                    payload[block + at..block + at + 2].copy_from_slice(&u16::to_le_bytes(bits));
                });
            }
        }
        for &(at, most) in &layout.scales {
            for bits in [0, most / 2] {
                with(&|payload| payload[block + at] = bits);
            }
        }
        for kept in parts(codes.len()) {
            with(&|payload| {
                let others = (0..codes.len()).filter(|at| !kept.contains(at));
                others.for_each(|at| payload[block + codes[at]] = 0);
            });
        }
        for &at in codes {
            for kept in [0x0f, 0xf0] {
                with(&|payload| payload[block + at] &= kept);
            }
        }
    }
    plainer.retain(|other| other != payload && is_plainer(other, payload));
    plainer
}

/// Whether fewer bits are set, so that no two payloads are plainer than one another. The bits of a one count as one.
fn is_plainer(one: &[u8], other: &[u8]) -> bool {
    let weight = |bytes: &[u8]| -> u32 {
        let ones = bytes.windows(2).filter(|pair| *pair == ONE.to_le_bytes()).count() as u32;
        bytes.iter().map(|byte| byte.count_ones()).sum::<u32>() - ones * (ONE.count_ones() - 1)
    };
    weight(one) < weight(other)
}

pub(super) fn of_encode(encode: &Encode) -> Vec<Question> {
    const WEIGHTS: usize = 32;
    let bits = encode.values.bits();
    let float = encode.values.float();
    let ask = |bits: Vec<u64>| {
        let (shape, values) = (vec![bits.len() as u64], of_bits(float, bits));
        Question::Encode(Encode { shape, values, ..encode.clone() })
    };
    let mut candidates = Vec::new();
    if encode.shape != [bits.len() as u64] {
        candidates.push(ask(bits.clone()));
        if encode.shape.len() > 2 {
            let mut shape = encode.shape.clone();
            let first = shape.remove(0);
            shape[0] = shape[0].saturating_mul(first);
            candidates.push(Question::Encode(Encode { shape, ..encode.clone() }));
        }
    }
    let blocks = bits.len().div_ceil(WEIGHTS);
    let slice = |kept: Range<usize>| {
        bits[kept.start * WEIGHTS..(kept.end * WEIGHTS).min(bits.len())].to_vec()
    };
    candidates.extend(parts(blocks).into_iter().map(|kept| ask(slice(kept))));
    if blocks > FEW {
        return candidates;
    }
    if blocks == 1 {
        // Fewer values in a block that may be partial.
        candidates.extend(parts(bits.len()).into_iter().map(|kept| ask(bits[kept].to_vec())));
    }
    let with = |at: Range<usize>, edit: &dyn Fn(u64) -> u64| {
        let mut other = bits.clone();
        other[at].iter_mut().for_each(|bits| *bits = edit(*bits));
        ask(other)
    };
    let fraction = match float {
        Float::F16 => 10,
        Float::Bf16 => 7,
        Float::F32 => 23,
        Float::F64 => 52,
    };
    let rounded = |bits: u64| bits >> fraction << fraction;
    let all = 0..bits.len();
    candidates.push(with(all.clone(), &rounded));
    for kept in parts(bits.len()) {
        candidates.push(with(kept, &|_| 0));
    }
    for at in all {
        if bits[at] != 0 {
            candidates.push(with(at..at + 1, &|_| 0));
            candidates.push(with(at..at + 1, &rounded));
        }
    }
    candidates
}

/// Floats of these bits.
pub(super) fn of_bits(float: Float, bits: Vec<u64>) -> Floats {
    let bits = bits.into_iter();
    match float {
        Float::F16 => Floats::F16(Bits16(bits.map(|bits| bits as u16).collect())),
        Float::Bf16 => Floats::Bf16(Bits16(bits.map(|bits| bits as u16).collect())),
        Float::F32 => Floats::F32(Bits(bits.map(|bits| bits as u32).collect())),
        Float::F64 => Floats::F64(Bits64(bits.collect())),
    }
}
