//! What must be refused, behind ever more that is sound.

use super::content::{WEIGHTS, beyond_16_bits, block_counts, weights};
use super::sizes::{count, sized};
use super::values::of_bits;
use crate::suite::case::File;
use crate::suite::floats::{Float, Floats};
use crate::suite::operation::FormatId;
use crate::suite::question::{Question, Tensor};

/// f16 bits that are not finite: infinities, quiet and signalling NaNs of both signs.
const NOT_FINITE: [u16; 7] = [0x7c00, 0x7e00, 0xfc00, 0x7d00, 0xfe01, 0x7c01, 0xffff];

/// The sizes, each with its end at fault in one of several ways.
pub(super) fn at_the_end(of: &Question) -> Vec<Question> {
    if ![FormatId::KHQ4, FormatId::KHF1].contains(&of.format()) {
        return ragged(of);
    }
    let counts = block_counts(of).into_iter().chain([beyond_16_bits(of)]);
    counts
        .enumerate()
        .filter_map(|(turn, blocks)| {
            // Of every other size the last block is partial, where the format has that.
            let mut question =
                sized(of, if turn % 2 == 0 { blocks * WEIGHTS } else { count(of, blocks) })?;
            spoil(&mut question, turn);
            Some(question)
        })
        .collect()
}

/// A tensor of 70 blocks with a fault in each of them, one at a time, or of 320 values with a fault at each; and a longer file whose
/// fault lies across a multiple of 4 KiB. Of formats that refuse no number, payloads of a byte more or less.
pub(super) fn anywhere(of: &Question) -> Vec<Question> {
    if ![FormatId::KHQ4, FormatId::KHF1].contains(&of.format()) {
        return other_extents(of);
    }
    let of_values = matches!(of, Question::Encode(_)) || of.format() == FormatId::KHF1;
    let (count, places) = if of_values { (320, 320) } else { (70 * WEIGHTS, 70) };
    let mut questions: Vec<Question> =
        (0..places).filter_map(|place| with_fault(sized(of, count)?, place, place)).collect();
    if let (Question::Load(_), false) = (of, of_values) {
        // A header of one dimension has 28 bytes.
        let across = (1..33).map(|page| (4096 * page - 28) / 20);
        let long = |place| with_fault(sized(of, 6600 * WEIGHTS)?, place, place + 1);
        questions.extend(across.filter_map(long));
    }
    questions
}

/// The question with a number that is not finite in this block, or in place of this value.
fn with_fault(mut question: Question, place: usize, turn: usize) -> Option<Question> {
    let number = NOT_FINITE[turn % NOT_FINITE.len()];
    // The scale and the bias in turn.
    let in_block = |payload: &mut [u8]| {
        let at = 20 * place + turn % 2 * 2;
        payload[at..at + 2].copy_from_slice(&number.to_le_bytes());
    };
    match &mut question {
        Question::Decode(decode) if decode.to == Some(Float::F16) => {
            overflow(&mut decode.blocks.0[20 * place..][..20], turn);
        }
        Question::Decode(decode) => in_block(&mut decode.blocks.0),
        Question::Load(load) => {
            let halves = load.format == FormatId::KHF1;
            let File::Bytes(bytes) = &mut load.path else { return None };
            let payload = &mut bytes.0[28..];
            match halves {
                true => payload[2 * place..2 * place + 2].copy_from_slice(&number.to_le_bytes()),
                false => in_block(payload),
            }
        }
        Question::Save(save) => {
            let tensor = save.tensors.first_mut()?;
            if let Some(Floats::F16(values)) = &mut tensor.values {
                values.0[place] = number;
            }
            if let Some(blocks) = &mut tensor.blocks {
                in_block(&mut blocks.0);
            }
        }
        Question::Encode(encode) => {
            let float = encode.values.float();
            let bits = encode.values.bits();
            let mut values = of_bits(float, bits[..=place].iter().copied());
            spoil_last(&mut values, turn);
            let behind = bits[place + 1..].iter().copied();
            encode.values = of_bits(float, values.bits().into_iter().chain(behind));
        }
        _ => return None,
    }
    Some(question)
}

/// Makes one weight of a block of KHQ4 too large for f16 (F16-2), and no other.
fn overflow(block: &mut [u8], turn: usize) {
    // 4373: 15 times that is beyond 65520, 14 times is not.
    block[..2].copy_from_slice(&0x6c45u16.to_le_bytes());
    for codes in &mut block[4..] {
        *codes = (*codes & 15).min(14) | (*codes >> 4).min(14) << 4;
    }
    let place = turn % WEIGHTS;
    block[4 + place / 2] |= 15 << (4 * (place % 2));
}

/// Numbers of values that are not whole blocks.
fn ragged(of: &Question) -> Vec<Question> {
    let size = weights(of);
    let near =
        block_counts(of).into_iter().flat_map(|blocks| [blocks * size - 1, blocks * size + 1]);
    let counts = (1..3 * WEIGHTS).chain(near).filter(|count| !count.is_multiple_of(size));
    counts.filter_map(|count| sized(of, count)).collect()
}

/// Payloads of a byte more or less.
fn other_extents(of: &Question) -> Vec<Question> {
    let other = |(turn, blocks): (usize, usize)| {
        let Some(Question::Decode(mut decode)) = sized(of, blocks * weights(of)) else {
            return None;
        };
        match turn % 2 {
            0 => decode.blocks.0.push(0),
            _ => drop(decode.blocks.0.pop()),
        }
        Some(Question::Decode(decode))
    };
    block_counts(of).into_iter().enumerate().filter_map(other).collect()
}

fn spoil(question: &mut Question, turn: usize) {
    match question {
        Question::Decode(decode) => spoil_payload(&mut decode.blocks.0, turn, 4),
        Question::Load(load) => {
            let halves = load.format == FormatId::KHF1;
            let File::Bytes(bytes) = &mut load.path else { return };
            if halves {
                spoil_half(&mut bytes.0, turn);
            } else {
                spoil_payload(&mut bytes.0, turn, 4);
            }
        }
        Question::Save(save) => {
            save.tensors.iter_mut().for_each(|tensor| spoil_tensor(tensor, turn))
        }
        Question::Encode(encode) => spoil_last(&mut encode.values, turn),
        _ => {}
    }
}

fn spoil_tensor(tensor: &mut Tensor, turn: usize) {
    if let Some(blocks) = &mut tensor.blocks {
        spoil_payload(&mut blocks.0, turn, 2);
    }
    if let Some(Floats::F16(values)) = &mut tensor.values
        && let Some(last) = values.0.last_mut()
    {
        *last = NOT_FINITE[turn % NOT_FINITE.len()];
    }
}

/// The last block's scale or bias is not finite, or a byte is missing or too much.
fn spoil_payload(bytes: &mut Vec<u8>, turn: usize, ways: usize) {
    let last = bytes.len() - 20;
    let number = NOT_FINITE[turn / ways % NOT_FINITE.len()].to_le_bytes();
    match turn % ways {
        0 => bytes[last..last + 2].copy_from_slice(&number),
        1 => bytes[last + 2..last + 4].copy_from_slice(&number),
        2 => bytes.push(0),
        _ => drop(bytes.pop()),
    }
}

/// The last value is not finite, or a byte is missing or too much.
fn spoil_half(bytes: &mut Vec<u8>, turn: usize) {
    let last = bytes.len() - 2;
    match turn % 4 {
        0 | 1 => {
            let number = NOT_FINITE[turn / 2 % NOT_FINITE.len()].to_le_bytes();
            bytes[last..].copy_from_slice(&number);
        }
        2 => bytes.push(0),
        _ => drop(bytes.pop()),
    }
}

/// The last value is not finite, or is not as an f32.
fn spoil_last(values: &mut Floats, turn: usize) {
    let last = values.len() - 1;
    match values {
        Floats::F16(bits) => bits.0[last] = NOT_FINITE[turn % 7],
        Floats::Bf16(bits) => bits.0[last] = [0x7f80, 0x7fc0, 0xff80, 0x7f81, 0xffff][turn % 5],
        Floats::F32(bits) => {
            let ways = [0x7f80_0000, 0x7fc0_0000, 0xff80_0000, 0x7f80_0001, 0xffff_ffff];
            bits.0[last] = ways[turn % 5];
        }
        Floats::F64(bits) => {
            // The last two are finite, and beyond every f32.
            let beyond = [1e39f64, -3.5e38].map(f64::to_bits);
            let ways = [
                0x7ff0 << 48,
                0x7ff8 << 48,
                0xfff0 << 48,
                (0x7ff0 << 48) + 1,
                beyond[0],
                beyond[1],
            ];
            bits.0[last] = ways[turn % 6];
        }
    }
}
