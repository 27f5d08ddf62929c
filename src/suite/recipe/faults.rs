//! What must be refused, behind ever more that is sound.

use super::content::{BEYOND_16_BITS, WEIGHTS, block_counts};
use super::sizes::{count, sized};
use crate::suite::case::File;
use crate::suite::floats::Floats;
use crate::suite::operation::FormatId;
use crate::suite::question::{Question, Tensor};

/// f16 bits that are not finite: infinities, quiet and signalling NaNs of both signs.
const NOT_FINITE: [u16; 7] = [0x7c00, 0x7e00, 0xfc00, 0x7d00, 0xfe01, 0x7c01, 0xffff];

/// The sizes, each with its end at fault in one of several ways.
pub(super) fn at_the_end(of: &Question) -> Vec<Question> {
    if ![FormatId::KHQ4, FormatId::KHF1].contains(&of.format()) {
        return ragged(of);
    }
    let counts = block_counts().into_iter().chain([BEYOND_16_BITS]);
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

/// Numbers of values that are not whole blocks, and payloads of a byte more or less.
fn ragged(of: &Question) -> Vec<Question> {
    let near =
        block_counts().into_iter().flat_map(|blocks| [blocks * WEIGHTS - 1, blocks * WEIGHTS + 1]);
    let counts = (1..3 * WEIGHTS).chain(near).filter(|count| !count.is_multiple_of(WEIGHTS));
    let mut questions: Vec<Question> = counts.filter_map(|count| sized(of, count)).collect();
    if let Question::Decode(_) = of {
        for (turn, blocks) in block_counts().into_iter().enumerate() {
            let Some(Question::Decode(mut decode)) = sized(of, blocks * WEIGHTS) else { continue };
            match turn % 2 {
                0 => decode.blocks.0.push(0),
                _ => drop(decode.blocks.0.pop()),
            }
            questions.push(Question::Decode(decode));
        }
    }
    questions
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
