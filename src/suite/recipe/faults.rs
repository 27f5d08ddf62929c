//! What must be refused, behind ever more that is sound.

use super::content::{BEYOND_16_BITS, WEIGHTS, block_counts};
use super::sizes::sized;
use crate::suite::case::File;
use crate::suite::floats::Floats;
use crate::suite::operation::FormatId;
use crate::suite::question::{Question, Tensor};

/// f16 bits that are not finite.
const NOT_FINITE: [u16; 3] = [0x7c00, 0x7e00, 0xfc00];

/// The sizes, each with its end at fault in one of several ways.
pub(super) fn at_the_end(of: &Question) -> Vec<Question> {
    let counts = block_counts().into_iter().chain([BEYOND_16_BITS]);
    counts
        .enumerate()
        .filter_map(|(turn, blocks)| {
            let mut question = sized(of, blocks * WEIGHTS)?;
            spoil(&mut question, turn);
            Some(question)
        })
        .collect()
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

/// The last block's scale or bias is not finite, the scale is a zero, or a byte is missing or too much.
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

/// The last value is not finite.
fn spoil_last(values: &mut Floats, turn: usize) {
    let last = values.len() - 1;
    let way = turn % 3;
    match values {
        Floats::F16(bits) => bits.0[last] = NOT_FINITE[way],
        Floats::Bf16(bits) => bits.0[last] = [0x7f80, 0x7fc0, 0xff80][way],
        Floats::F32(bits) => bits.0[last] = [0x7f80_0000, 0x7fc0_0000, 0xff80_0000][way],
        Floats::F64(bits) => {
            bits.0[last] = [0x7ff0 << 48, 0x7ff8 << 48, 0xfff0 << 48][way];
        }
    }
}
