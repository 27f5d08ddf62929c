//! Blocks that go wrong by what they hold, or by their place.

use super::asked::{Asked, is_answered, slice};
use super::range::{halves, number, places};
use super::{Family, Wrong, header, matrix};
use crate::suite::answer::Answer;
use crate::suite::exact::blocks::{self, Layout};
use crate::suite::exact::files;
use crate::suite::floats::Floats;
use crate::suite::hex::{Bits16, Bytes};
use crate::suite::operation::{FormatId, Operation, Verb};
use crate::suite::question::{Decode, Encode, Question, Save, Tensor};

/// Places of blocks of 32 values that are asked about: the largest payloads have a few more than 2^16 of them.
const MOST_BLOCKS: u64 = (1 << 16) + 16;

/// The values of a block; halves are counted by 32.
fn weights(format: FormatId) -> u64 {
    blocks::named(format).map_or(32, |format| format.geometry().weights as u64)
}

/// As many blocks of a format as hold the values of [`MOST_BLOCKS`].
fn most_blocks(format: FormatId) -> u64 {
    MOST_BLOCKS * 32 / weights(format)
}

/// The powers of two below that number.
fn powers(operation: Operation) -> Vec<u64> {
    (1..=most_blocks(operation.format).ilog2().into()).collect()
}

pub(super) fn families() -> Vec<Family> {
    vec![
        Family {
            name: "number-of-block",
            class: 78,
            about: "Gets blocks wrong whose scale (or other number) has the bits N.",
            members: numbers,
            reached: |asked| match asked.question.verb() {
                Verb::Encode => Vec::new(),
                _ => asked.by_number().keys().copied().collect(),
            },
            wrong: |asked, member| with_blocks(asked, asked.by_number().get(&member)?),
            shown: |member| format!("{:04x} in field {}", member & 0xffff, member >> 16),
        },
        Family {
            name: "number-stored",
            class: 78,
            about: "Encodes blocks wrongly that store the bits N as scale (or other number).",
            members: stored,
            reached: |asked| match asked.question.verb() {
                Verb::Encode => asked.by_number().keys().copied().collect(),
                _ => Vec::new(),
            },
            wrong: |asked, member| with_blocks(asked, asked.by_number().get(&member)?),
            shown: |member| format!("{:04x} in field {}", member & 0xffff, member >> 16),
        },
        Family {
            name: "codes-at",
            class: 78,
            about: "Gets blocks wrong whose byte of codes at N / 256 is N % 256.",
            members: codes,
            reached: |asked| asked.by_codes().keys().copied().collect(),
            wrong: |asked, member| with_blocks(asked, asked.by_codes().get(&member)?),
            shown: |member| format!("{:02x} in byte {}", member & 0xff, member >> 8),
        },
        Family {
            name: "scale-of-block",
            class: 78,
            about: "Gets blocks wrong whose byte of smaller scales at N / 256 is N % 256.",
            members: |operation| {
                if operation.verb == Verb::Decode { scales(operation.format) } else { Vec::new() }
            },
            reached: |asked| asked.by_scales().keys().copied().collect(),
            wrong: |asked, member| with_blocks(asked, asked.by_scales().get(&member)?),
            shown: |member| format!("{:02x} in byte {}", member & 0xff, member >> 8),
        },
        Family {
            name: "half-of-file",
            class: 78,
            about: "Changes values of the bits N.",
            members: |operation| if of_halves(operation) { halves() } else { Vec::new() },
            reached: |asked| {
                values_of_file(asked)
                    .map(|values| values.iter().map(|&bits| bits.into()).collect())
                    .unwrap_or_default()
            },
            wrong: |asked, member| with_values(asked, |_, bits| u64::from(bits) == member),
            shown: |member| format!("{member:04x}"),
        },
        Family {
            name: "block-behind",
            class: 79,
            about: "Gets all blocks wrong behind the first N.",
            members: |operation| {
                if has_blocks(operation) && operation.verb != Verb::Matmul {
                    places(most_blocks(operation.format))
                } else {
                    Vec::new()
                }
            },
            reached: |asked| (0..count(asked).min(MOST_BLOCKS + 1)).collect(),
            wrong: |asked, member| asked.spoilt(member as usize..count(asked) as usize),
            shown: number,
        },
        Family {
            name: "block-wraps",
            class: 79,
            about: "Takes block i % 2^N for block i.",
            members: |operation| {
                if has_blocks(operation) && operation.verb != Verb::Matmul {
                    powers(operation)
                } else {
                    Vec::new()
                }
            },
            reached: |asked| (1..=16).filter(|power| count(asked) > 1 << power).collect(),
            wrong: |asked, power| {
                let blocks = asked.blocks()?;
                let all: Vec<&[u8]> =
                    blocks.payload.chunks(blocks.format.geometry().bytes).collect();
                let differs = |&at: &usize| all[at] != all[at % (1 << power)];
                let wrong: Vec<usize> = (0..all.len()).filter(differs).collect();
                if wrong.is_empty() { None } else { asked.spoilt(wrong) }
            },
            shown: number,
        },
        Family {
            name: "half-behind",
            class: 79,
            about: "Changes all values behind the first 32 N.",
            members: |operation| {
                if of_halves(operation) { places(MOST_BLOCKS) } else { Vec::new() }
            },
            reached: |asked| {
                let count = values_of_file(asked).map_or(0, |values| values.len() as u64);
                (0..count.div_ceil(32).min(MOST_BLOCKS + 1)).collect()
            },
            wrong: |asked, member| with_values(asked, |at, _| at as u64 >= 32 * member),
            shown: number,
        },
        Family {
            name: "tail-of",
            class: 35,
            about: "Gets a last block wrong that has N values.",
            members: |operation| {
                let partial = operation.format == FormatId::KHQ4 && has_blocks(operation);
                if partial && operation.verb != Verb::Matmul {
                    (1..32).collect()
                } else {
                    Vec::new()
                }
            },
            reached: |asked| values(asked).map(|values| values % 32).into_iter().collect(),
            wrong: |asked, _| asked.spoilt([(count(asked) as usize).checked_sub(1)?]),
            shown: number,
        },
        Family {
            name: "check-behind",
            class: 79,
            about: "Looks at the first N blocks (or 32 N values) only, and takes what must be refused behind them.",
            members: |operation| {
                if checks(operation) && refuses_numbers(operation) {
                    places(MOST_BLOCKS)
                } else {
                    Vec::new()
                }
            },
            reached: |asked| unseen_from(asked),
            wrong: |_, _| Some(Wrong::from(Ok(Answer::Saved))),
            shown: number,
        },
        Family {
            name: "ragged-behind",
            class: 35,
            about: "Takes values that are no whole blocks, where there are more than N blocks.",
            members: |operation| {
                if checks(operation) && !refuses_numbers(operation) {
                    places(4096 * 32 / weights(operation.format))
                } else {
                    Vec::new()
                }
            },
            reached: |asked| unseen_from(asked),
            wrong: |_, _| Some(Wrong::from(Ok(Answer::Saved))),
            shown: number,
        },
    ]
}

/// Whether an operation is about blocks that go in or come out.
pub(super) fn has_blocks(operation: Operation) -> bool {
    let verbs = [Verb::Decode, Verb::Encode, Verb::Matmul, Verb::Load, Verb::Save];
    blocks::named(operation.format).is_some() && verbs.contains(&operation.verb)
}

fn of_halves(operation: Operation) -> bool {
    operation.format == FormatId::KHF1 && matches!(operation.verb, Verb::Load | Verb::Save)
}

fn checks(operation: Operation) -> bool {
    (has_blocks(operation) || of_halves(operation)) && operation.verb != Verb::Matmul
}

/// Whether the format refuses numbers that are not finite, wherever they are.
fn refuses_numbers(operation: Operation) -> bool {
    [FormatId::KHQ4, FormatId::KHF1].contains(&operation.format)
}

/// Each number of a block of which a plain block is taken.
fn numbers(operation: Operation) -> Vec<u64> {
    if !has_blocks(operation) || operation.verb == Verb::Encode {
        return Vec::new();
    }
    let Some(format) = blocks::named(operation.format) else { return Vec::new() };
    let places = Layout::of(format).numbers;
    let taken = |member: &u64| {
        // Twice a scale of zero is the same scale.
        if member >> 16 == 0 && member & 0x7fff == 0 {
            return false;
        }
        let mut block = vec![0; format.geometry().bytes];
        for &at in &places {
            block[at..at + 2].copy_from_slice(&0x3c00u16.to_le_bytes());
        }
        let at = places[(member >> 16) as usize];
        block[at..at + 2].copy_from_slice(&(*member as u16).to_le_bytes());
        is_answered(&Question::decode(format.id(), block, format.geometry().weights as u64))
    };
    let of_field = |field: usize| halves().into_iter().map(move |bits| (field as u64) << 16 | bits);
    (0..places.len()).flat_map(of_field).filter(taken).collect()
}

/// Each number that an encoding may store: scales are above zero, but for those of MLX.
fn stored(operation: Operation) -> Vec<u64> {
    if operation.verb != Verb::Encode {
        return Vec::new();
    }
    let Some(format) = blocks::named(operation.format) else { return Vec::new() };
    let signed = [FormatId::MLX, FormatId::Q4_0].contains(&format.id());
    let of_field = |field: usize| halves().into_iter().map(move |bits| (field as u64) << 16 | bits);
    let is_stored = |member: &u64| match member >> 16 {
        0 => member & 0x7fff != 0 && (signed || member & 0x8000 == 0),
        _ => true,
    };
    (0..Layout::of(format).numbers.len()).flat_map(of_field).filter(is_stored).collect()
}

/// Each byte of codes at each place.
fn codes(operation: Operation) -> Vec<u64> {
    let format = blocks::named(operation.format).filter(|_| has_blocks(operation));
    let bytes = format.map_or(0, |format| Layout::of(format).codes.len() as u64);
    (0..256 * bytes).collect()
}

/// Each smaller scale of which something is demanded, at each place.
fn scales(format: FormatId) -> Vec<u64> {
    let layout = blocks::named(format).map(Layout::of);
    let scales = layout.into_iter().flat_map(|layout| (0u64..).zip(layout.scales));
    scales
        .flat_map(|(place, (_, most))| (0..=u64::from(most)).map(move |byte| place << 8 | byte))
        .collect()
}

/// What is answered where these blocks are wrong.
fn with_blocks(asked: &Asked, wrong: &[usize]) -> Option<Wrong> {
    match asked.question {
        Question::Matmul(product) => matrix::with_block(product, *wrong.first()?),
        _ => asked.spoilt(wrong.iter().copied()),
    }
}

/// The number of blocks.
fn count(asked: &Asked) -> u64 {
    asked
        .blocks()
        .map_or(0, |blocks| blocks.payload.len().div_ceil(blocks.format.geometry().bytes) as u64)
}

/// The number of values in the blocks.
fn values(asked: &Asked) -> Option<u64> {
    match (asked.question, &asked.right) {
        (_, Err(_)) => None,
        (Question::Decode(decode), _) => Some(decode.original_len),
        (Question::Encode(encode), _) => Some(encode.values.len() as u64),
        (Question::Save(save), _) => save.tensors.first()?.original_len,
        (Question::Load(_), Ok(Answer::Tensors(tensors))) => {
            tensors.first()?.values.as_ref().map(|values| values.len() as u64)
        }
        _ => None,
    }
}

/// The values of a file of halves.
fn values_of_file<'a>(asked: &'a Asked) -> Option<&'a [u16]> {
    let tensors = match (asked.question, &asked.right) {
        (Question::Save(save), Ok(_)) => save.tensors.as_slice(),
        (Question::Load(_), Ok(Answer::Tensors(tensors))) => tensors.as_slice(),
        _ => return None,
    };
    match tensors {
        [Tensor { values: Some(Floats::F16(Bits16(bits))), blocks: None, .. }] => Some(bits),
        _ => None,
    }
}

/// The answer in which values are others.
fn with_values(asked: &Asked, is_wrong: impl Fn(usize, u16) -> bool) -> Option<Wrong> {
    let values = values_of_file(asked)?;
    let changed: Vec<u16> =
        values.iter().enumerate().map(|(at, &bits)| bits ^ u16::from(is_wrong(at, bits))).collect();
    if changed == values {
        return None;
    }
    let mut answer = asked.right.clone().ok()?;
    match &mut answer {
        Answer::Tensors(tensors) => tensors[0].values = Some(Floats::F16(Bits16(changed))),
        Answer::File(file) => {
            let start = file.0.len() - 2 * changed.len();
            file.0.truncate(start);
            file.0.extend(changed.into_iter().flat_map(u16::to_le_bytes));
        }
        _ => return None,
    }
    Some(Wrong::from(Ok(answer)))
}

/// The numbers of blocks of which a reader may look at no more, and not see what must be refused.
fn unseen_from(asked: &Asked) -> Vec<u64> {
    if asked.right.is_ok() {
        return Vec::new();
    }
    let Some(blocks) = whole_blocks(asked) else { return Vec::new() };
    // What is whole before the last block is sound.
    let before = blocks.saturating_sub(1);
    let sound = before > 0 && cut(asked, before).is_some_and(|question| is_answered(&question));
    if sound { (0..=before).collect() } else { Vec::new() }
}

/// The number of blocks that a question claims, a partial one with them.
fn whole_blocks(asked: &Asked) -> Option<u64> {
    let values = match asked.question {
        Question::Decode(decode) => decode.original_len,
        Question::Encode(encode) => encode.values.len() as u64,
        Question::Save(save) => match save.tensors.as_slice() {
            [Tensor { original_len: Some(count), .. }] => *count,
            [Tensor { values: Some(values), .. }] => values.len() as u64,
            _ => return None,
        },
        Question::Load(_) => header::count(asked.file.as_ref()?)?,
        _ => return None,
    };
    Some(values.div_ceil(weights(asked.question.format())))
        .filter(|&blocks| blocks <= MOST_BLOCKS + 64)
}

/// The question about the first blocks alone.
fn cut(asked: &Asked, blocks: u64) -> Option<Question> {
    let count = weights(asked.question.format()) * blocks;
    let (shape, len) = (vec![count], count as usize);
    Some(match asked.question {
        Question::Decode(decode) => {
            let bytes = blocks::named(decode.format)?.geometry().bytes * blocks as usize;
            let blocks = Bytes(decode.blocks.0.get(..bytes)?.to_vec());
            Question::Decode(Decode { blocks, original_len: shape[0], ..decode.clone() })
        }
        Question::Encode(encode) => {
            let values = slice(&encode.values, 0..len.min(encode.values.len()));
            Question::Encode(Encode { shape, values, ..encode.clone() })
        }
        Question::Save(save) => {
            let tensor = match save.tensors.as_slice() {
                [Tensor { blocks: Some(all), .. }] => {
                    Tensor::of_blocks(&shape, shape[0], all.0.get(..20 * blocks as usize)?.to_vec())
                }
                [Tensor { values: Some(values), .. }] => {
                    Tensor::of_values(&shape, slice(values, 0..len.min(values.len())))
                }
                _ => return None,
            };
            Question::Save(Save { tensors: vec![tensor], ..save.clone() })
        }
        Question::Load(load) => {
            let payload = header::payload(asked.file.as_ref()?)?;
            let tensor = match load.format {
                FormatId::KHF1 => {
                    let halves = payload
                        .get(..2 * len)?
                        .as_chunks()
                        .0
                        .iter()
                        .map(|&bytes| u16::from_le_bytes(bytes));
                    Tensor::of_values(&shape, Floats::F16(Bits16(halves.collect())))
                }
                _ => Tensor::of_blocks(
                    &shape,
                    shape[0],
                    payload.get(..20 * blocks as usize)?.to_vec(),
                ),
            };
            let file = files::named(load.format)?.write(&[tensor])?;
            Question::load(load.format, crate::suite::case::File::Bytes(Bytes(file)))
        }
        _ => return None,
    })
}
