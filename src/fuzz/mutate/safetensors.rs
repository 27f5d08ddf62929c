//! Edits of safetensors files: of the header by its tokens, with its length repaired or not, of the
//! length alone, of the end, and of values at the limits of their dtypes.

use super::{coin, edits, one_in, pick, place, text};
use crate::suite::random::SplitMix64;

/// Words of values: NaNs, infinities, zeros, subnormals and the ends of what f16 and f32 hold, in the
/// dtypes that there are. Written at a multiple of their length, they are values of one of them.
const WORDS: [&[u8]; 18] = [
    &[0x00, 0x7e],
    &[0x00, 0x7c],
    &[0xff, 0x7b],
    &[0x80, 0x7f],
    &[0x00, 0x80],
    &[0x01, 0x00],
    &[0x00, 0x00],
    &[0x80, 0x47],
    &[0x00, 0xf0, 0x7f, 0x47],
    &[0x00, 0xef, 0x7f, 0xc7],
    &[0x00, 0x00, 0x80, 0x7f],
    &[0xff, 0xff, 0x7f, 0x7f],
    &[0x01, 0x00, 0x00, 0x80],
    &[0x00, 0x02, 0x60, 0x47],
    &[0, 0, 0, 0, 0, 0, 0xf8, 0x7f],
    &[0, 0, 0, 0, 0, 0, 0xf0, 0x47],
    &[1, 0, 0, 0, 0, 0x02, 0xf0, 0x3f],
    &[0, 0, 0, 0, 0, 0xfe, 0xef, 0x40],
];

/// Names of tensors that are quantized where they are matrices, that are not, and that are in no model.
const NAMES: [&str; 8] = [
    "a.weight",
    "model.layers.0.q_proj.weight",
    "lm_head.weight",
    "b.norm.weight",
    "c.conv1d.weight",
    "x.experts.down_proj",
    "bias",
    "\u{e9}.weight",
];

/// The dtypes that are converted.
const DTYPES: [&str; 4] = ["F16", "BF16", "F32", "F64"];

/// A sound file of one to three tensors.
pub(in crate::fuzz) fn sound(dice: &mut SplitMix64) -> Vec<u8> {
    let (mut entries, mut data) = (Vec::new(), Vec::new());
    let first = dice.below(NAMES.len() as u64) as usize;
    for number in 0..1 + dice.below(3) as usize {
        let name = NAMES[(first + number) % NAMES.len()];
        let dtype = pick(dice, &DTYPES);
        let shape: Vec<u64> = (0..dice.below(4)).map(|_| dice.below(7)).collect();
        let count: u64 = shape.iter().product();
        let begin = data.len();
        for _ in 0..count {
            value(&mut data, dtype, dice);
        }
        let end = data.len();
        entries.push(format!(
            r#""{name}":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{begin},{end}]}}"#
        ));
    }
    let header = format!("{{{}}}", entries.join(","));
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()
}

/// A value near one, or a zero.
fn value(data: &mut Vec<u8>, dtype: &str, dice: &mut SplitMix64) {
    let value = if one_in(dice, 8) { 0.0 } else { dice.signed_unit() };
    match dtype {
        "F16" => data.extend(half::f16::from_f32(value).to_le_bytes()),
        "BF16" => data.extend(half::bf16::from_f32(value).to_le_bytes()),
        "F32" => data.extend(value.to_le_bytes()),
        _ => data.extend(f64::from(value).to_le_bytes()),
    }
}

/// A mutation of a file.
pub(in crate::fuzz) fn safetensors(input: &[u8], dice: &mut SplitMix64) -> Vec<u8> {
    let mut file = input.to_vec();
    for _ in 0..edits(dice) {
        edit(&mut file, dice);
    }
    file
}

fn edit(file: &mut Vec<u8>, dice: &mut SplitMix64) {
    let Some(&length) = file.first_chunk::<8>() else {
        file.push(dice.below(256) as u8);
        return;
    };
    let length = u64::from_le_bytes(length);
    let begin = usize::try_from(length).map_or(file.len(), |len| len.saturating_add(8));
    let begin = begin.min(file.len());
    match dice.below(16) {
        0 => {
            let lens = [0, length.wrapping_sub(1), length.wrapping_add(1), 100_000_001, u64::MAX];
            file[..8].copy_from_slice(&pick(dice, &lens).to_le_bytes());
        }
        1 if coin(dice) => file.truncate(place(dice, file.len())),
        1 => file.push(0),
        2 | 3 => {
            let header = text(&file[8..begin], dice);
            if coin(dice) {
                file[..8].copy_from_slice(&(header.len() as u64).to_le_bytes());
            }
            file.splice(8..begin, header);
        }
        _ if begin == file.len() => file.extend_from_slice(&[0; 4]),
        4..=9 => {
            let at = begin + dice.below((file.len() - begin) as u64) as usize;
            file[at] ^= 1 << dice.below(8);
        }
        _ => {
            let word = pick(dice, &WORDS);
            let places = (file.len() - begin) / word.len();
            if places > 0 {
                let at = begin + word.len() * place(dice, places);
                file[at..at + word.len()].copy_from_slice(word);
            }
        }
    }
}
