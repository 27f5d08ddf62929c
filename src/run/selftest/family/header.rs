//! Files whose fixed fields, numbers or end are taken for others.

use super::asked::{Asked, is_answered, mistaken_for, refused, with_file};
use super::range::{number, places};
use super::{Family, Wrong};
use crate::format::Class;
use crate::suite::answer::Answer;
use crate::suite::exact::files;
use crate::suite::floats::Floats;
use crate::suite::operation::{FormatId, Operation, Verb};
use crate::suite::question::{
    Decode, Load, NameTensors, Question, Rotate, Save, Tensor, TensorRank,
};

/// Bytes of magic and version.
const FIXED: u64 = 8;

/// A reader that takes numbers through a double.
const THROUGH_DOUBLE: u64 = 64;

/// A reader that takes numbers for signed ones.
const SIGNED: u64 = 65;

/// Multiples to which files are filled up.
const MULTIPLES: [u64; 7] = [2, 4, 8, 16, 32, 64, 4096];

pub(super) fn families() -> Vec<Family> {
    vec![
        Family {
            name: "fixed-bit",
            class: 83,
            about: "Does not look at bit N of magic and version.",
            members: |operation| {
                if operation.verb == Verb::Load { (0..8 * FIXED).collect() } else { Vec::new() }
            },
            reached: |asked| {
                if is_refused_load(asked) { (0..8 * FIXED).collect() } else { Vec::new() }
            },
            wrong: |asked, bit| {
                let mut bytes = asked.file.clone()?;
                *bytes.get_mut(bit as usize / 8)? ^= 1 << (bit % 8);
                accepted(asked, bytes)
            },
            shown: number,
        },
        Family {
            name: "version",
            class: 83,
            about: "Takes version N as well.",
            members: |operation| match operation.verb {
                Verb::Load => {
                    let right = right_version(operation.format);
                    let all = (0..=255u64).chain((8..32).map(|bit| 1 << bit));
                    all.filter(|&version| Some(version) != right).collect()
                }
                _ => Vec::new(),
            },
            reached: |asked| {
                if is_refused_load(asked) {
                    version(asked).into_iter().collect()
                } else {
                    Vec::new()
                }
            },
            wrong: |asked, _| {
                let mut bytes = asked.file.clone()?;
                let right = right_version(asked.question.format())? as u32;
                bytes[4..8].copy_from_slice(&right.to_le_bytes());
                accepted(asked, bytes)
            },
            shown: number,
        },
        Family {
            name: "dimension-behind",
            class: 79,
            about: "Drops all dimensions behind the first N.",
            members: |operation| {
                if is_file(operation) { places((1 << 16) - 1) } else { Vec::new() }
            },
            reached: |asked| (0..dimensions(asked)).collect(),
            wrong: |asked, member| {
                let first = |shape: &[u64]| shape[..member as usize].to_vec();
                with_tensor(asked, |tensor| tensor.shape = first(&tensor.shape))
            },
            shown: number,
        },
        Family {
            name: "byte-behind",
            class: 79,
            about: "Takes all bytes of the payload for zeros behind the first N bytes of the file.",
            members: |operation| if is_file(operation) { bytes() } else { Vec::new() },
            reached: |asked| (0..file_len(asked)).filter(|len| bytes().contains(len)).collect(),
            wrong: zeros_behind,
            shown: number,
        },
        Family {
            name: "trailing",
            class: 85,
            about: "Takes files with up to N bytes behind their end.",
            members: |operation| {
                if operation.verb == Verb::Load {
                    places(4096).into_iter().filter(|&count| count > 0).collect()
                } else {
                    Vec::new()
                }
            },
            reached: |asked| match trailing(asked) {
                Some(count) => (count..=4096).collect(),
                None => Vec::new(),
            },
            wrong: |asked, _| cut_to_its_end(asked),
            shown: number,
        },
        Family {
            name: "filled-up",
            class: 85,
            about: "Takes files that are filled up to a multiple of N bytes.",
            members: |operation| {
                if operation.verb == Verb::Load { MULTIPLES.to_vec() } else { Vec::new() }
            },
            reached: |asked| {
                let (Some(count), Some(file)) = (trailing(asked), &asked.file) else {
                    return Vec::new();
                };
                let len = file.len() as u64;
                MULTIPLES
                    .into_iter()
                    .filter(|multiple| (len - count).next_multiple_of(*multiple) == len)
                    .collect()
            },
            wrong: |asked, _| cut_to_its_end(asked),
            shown: number,
        },
        Family {
            name: "short-by",
            class: 85,
            about: "Takes files that lack up to N bytes at their end.",
            members: |operation| {
                if operation.verb == Verb::Load { (1..=64).collect() } else { Vec::new() }
            },
            reached: |asked| match missing(asked) {
                Some(count) => (count..=64).collect(),
                None => Vec::new(),
            },
            wrong: |asked, _| {
                let mut bytes = asked.file.clone()?;
                bytes.resize(bytes.len() + missing(asked)? as usize, 0);
                accepted(asked, bytes)
            },
            shown: number,
        },
        Family {
            name: "number-through",
            class: 82,
            about: "Takes numbers (sizes, counts, seeds, ranks) through N bits, a double, or signed ones.",
            members: |operation| match operation.verb {
                Verb::Load | Verb::Save | Verb::Rotate => (16..=SIGNED).collect(),
                // No rank above 1 is mistaken for one that is not.
                Verb::NameTensors => {
                    (16..=SIGNED).filter(|&member| member != THROUGH_DOUBLE).collect()
                }
                // The number of values beside a payload is not more than its blocks hold.
                Verb::Decode => (16..THROUGH_DOUBLE).collect(),
                _ => Vec::new(),
            },
            reached: |asked| {
                (16..=SIGNED)
                    .filter(|&member| {
                        numbers(asked.question)
                            .into_iter()
                            .chain(numbers_of_file(asked))
                            .any(|number| taken(number, member) != Some(number))
                    })
                    .collect()
            },
            wrong: through,
            shown: |member| match member {
                THROUGH_DOUBLE => "a double".into(),
                SIGNED => "signed ones".into(),
                bits => format!("{bits} bits"),
            },
        },
    ]
}

fn is_file(operation: Operation) -> bool {
    matches!(operation.verb, Verb::Load | Verb::Save)
}

fn is_refused_load(asked: &Asked) -> bool {
    asked.question.verb() == Verb::Load && asked.right.is_err()
}

/// The answer to the same question about another file, where that is one.
fn accepted(asked: &Asked, bytes: Vec<u8>) -> Option<Wrong> {
    let given = mistaken_for(&other_file(asked, bytes))?;
    given.is_ok().then(|| Wrong::from(given))
}

fn other_file(asked: &Asked, bytes: Vec<u8>) -> Question {
    with_file(asked.question, bytes)
}

/// The version that a writer writes.
fn right_version(format: FormatId) -> Option<u64> {
    let tensor = match format {
        FormatId::KHF1 => Tensor::of_values(&[0], Floats::F16(Default::default())),
        _ => Tensor::of_blocks(&[0], 0, Vec::new()),
    };
    field(&files::named(format)?.write(&[tensor])?, 4, 4)
}

fn version(asked: &Asked) -> Option<u64> {
    field(asked.file.as_ref()?, 4, 4)
}

/// The unsigned little-endian number of `count` bytes at `at`.
fn field(file: &[u8], at: usize, count: usize) -> Option<u64> {
    let bytes = file.get(at..at.checked_add(count)?)?;
    Some(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

/// Where the count of values stands, behind the dimensions (KHQ4-H3).
fn count_at(file: &[u8]) -> Option<usize> {
    12usize.checked_add(8usize.checked_mul(field(file, 8, 4)? as usize)?)
}

/// The number of values that a file claims.
pub(super) fn count(file: &[u8]) -> Option<u64> {
    field(file, count_at(file)?, 8)
}

/// The bytes of a file behind its header.
pub(super) fn payload(file: &[u8]) -> Option<&[u8]> {
    file.get(count_at(file)? + 8..)
}

/// The length that a file claims.
fn claimed_len(format: FormatId, file: &[u8]) -> Option<u64> {
    let payload = match format {
        FormatId::KHF1 => count(file)?.checked_mul(2)?,
        _ => count(file)?.div_ceil(32).checked_mul(20)?,
    };
    payload.checked_add(count_at(file)? as u64 + 8)
}

/// The bytes behind the end of a file, where it is refused for nothing else.
fn trailing(asked: &Asked) -> Option<u64> {
    let file = asked.file.as_ref().filter(|_| is_refused_load(asked))?;
    let claimed = claimed_len(asked.question.format(), file)?;
    let count = (file.len() as u64).checked_sub(claimed).filter(|&count| count > 0)?;
    is_answered(&other_file(asked, file[..claimed as usize].to_vec())).then_some(count)
}

fn cut_to_its_end(asked: &Asked) -> Option<Wrong> {
    let file = asked.file.as_ref()?;
    let claimed = claimed_len(asked.question.format(), file)?;
    accepted(asked, file[..claimed as usize].to_vec())
}

/// The bytes that a file lacks at its end.
fn missing(asked: &Asked) -> Option<u64> {
    let file = asked.file.as_ref().filter(|_| is_refused_load(asked))?;
    claimed_len(asked.question.format(), file)?
        .checked_sub(file.len() as u64)
        .filter(|count| (1..=64).contains(count))
}

/// The one tensor of a load or a save that is answered.
fn tensor<'a>(asked: &'a Asked) -> Option<&'a Tensor> {
    match (asked.question, &asked.right) {
        (Question::Save(save), Ok(_)) => save.tensors.first(),
        (Question::Load(_), Ok(Answer::Tensors(tensors))) => tensors.first(),
        _ => None,
    }
}

fn dimensions(asked: &Asked) -> u64 {
    tensor(asked).map_or(0, |tensor| tensor.shape.len() as u64)
}

/// The answer about another tensor: as it is loaded, or the file of it.
fn with_tensor(asked: &Asked, change: impl FnOnce(&mut Tensor)) -> Option<Wrong> {
    let mut other = tensor(asked)?.clone();
    change(&mut other);
    let answer = match asked.question {
        Question::Load(_) => Answer::Tensors(vec![other]),
        _ => Answer::File(crate::suite::hex::Bytes(
            files::named(asked.question.format())?.write(&[other])?,
        )),
    };
    Some(Wrong::from(Ok(answer)))
}

/// Both sides of each power of two up to a mebibyte.
fn bytes() -> Vec<u64> {
    places(1 << 20).into_iter().filter(|&len| len > 64).collect()
}

fn file_len(asked: &Asked) -> u64 {
    match (&asked.right, &asked.file) {
        (Ok(Answer::File(file)), _) => file.0.len() as u64,
        (Ok(Answer::Tensors(_)), Some(file)) => file.len() as u64,
        _ => 0,
    }
}

fn zeros_behind(asked: &Asked, member: u64) -> Option<Wrong> {
    let zero = |bytes: &mut [u8], start: usize| {
        let from = (member as usize).saturating_sub(start).min(bytes.len());
        let shows = bytes[from..].iter().any(|&byte| byte != 0);
        bytes[from..].fill(0);
        shows
    };
    let mut answer = asked.right.clone().ok()?;
    let shows = match &mut answer {
        Answer::File(file) => {
            let start = count_at(&file.0)? + 8;
            zero(&mut file.0[start..], start)
        }
        Answer::Tensors(tensors) => {
            let start = count_at(asked.file.as_ref()?)? + 8;
            match tensors.as_mut_slice() {
                [Tensor { blocks: Some(blocks), .. }] => zero(&mut blocks.0, start),
                [Tensor { values: Some(values @ Floats::F16(_)), .. }] => {
                    let mut bytes = values.to_le_bytes().0;
                    let shows = zero(&mut bytes, start);
                    let halves = bytes.as_chunks().0.iter().map(|&half| u16::from_le_bytes(half));
                    *values = Floats::F16(crate::suite::hex::Bits16(halves.collect()));
                    shows
                }
                _ => return None,
            }
        }
        _ => return None,
    };
    shows.then(|| Wrong::from(Ok(answer)))
}

/// What a number is for a member; `None` where it refuses it.
fn taken(number: u64, member: u64) -> Option<u64> {
    match member {
        THROUGH_DOUBLE => Some(number as f64 as u64),
        SIGNED => i64::try_from(number).ok().map(|_| number),
        bits => Some(number & ((1 << bits) - 1)),
    }
}

/// The numbers of a question.
fn numbers(question: &Question) -> Vec<u64> {
    match question {
        Question::Load(Load { expected_shape, .. }) => expected_shape.clone().unwrap_or_default(),
        Question::Save(save) => save
            .tensors
            .iter()
            .flat_map(|tensor| tensor.shape.iter().copied().chain(tensor.original_len))
            .collect(),
        Question::Rotate(rotate) => vec![rotate.seed],
        Question::NameTensors(naming) => naming.tensors.iter().map(|tensor| tensor.rank).collect(),
        Question::Decode(decode) => vec![decode.original_len],
        _ => Vec::new(),
    }
}

/// Where the numbers of a file's header stand.
fn places_of_numbers(file: &[u8]) -> Vec<usize> {
    let Some(count) = count_at(file).filter(|at| at + 8 <= file.len()) else { return Vec::new() };
    (12..=count).step_by(8).collect()
}

fn numbers_of_file(asked: &Asked) -> Vec<u64> {
    let Some(file) = asked.file.as_ref().filter(|_| asked.question.verb() == Verb::Load) else {
        return Vec::new();
    };
    places_of_numbers(file).into_iter().filter_map(|at| field(file, at, 8)).collect()
}

/// What is answered to the numbers as a member takes them.
fn through(asked: &Asked, member: u64) -> Option<Wrong> {
    let take = |number: u64| taken(number, member);
    let all =
        |shape: &[u64]| shape.iter().map(|&number| take(number)).collect::<Option<Vec<u64>>>();
    let other = match asked.question {
        Question::Load(load) => other_load(asked, load, &all),
        Question::Save(save) => save
            .tensors
            .iter()
            .map(|tensor| {
                let original_len = match tensor.original_len {
                    Some(count) => Some(take(count)?),
                    None => None,
                };
                Some(Tensor { shape: all(&tensor.shape)?, original_len, ..tensor.clone() })
            })
            .collect::<Option<_>>()
            .map(|tensors| Question::Save(Save { tensors, ..save.clone() })),
        Question::Rotate(rotate) => {
            take(rotate.seed).map(|seed| Question::Rotate(Rotate { seed, ..rotate.clone() }))
        }
        Question::NameTensors(naming) => {
            let rank = |tensor: &TensorRank| {
                Some(TensorRank { rank: take(tensor.rank)?, ..tensor.clone() })
            };
            let tensors: Option<_> = naming.tensors.iter().map(rank).collect();
            tensors.map(|tensors| Question::NameTensors(NameTensors { tensors, ..naming.clone() }))
        }
        Question::Decode(decode) => take(decode.original_len)
            .map(|original_len| Question::Decode(Decode { original_len, ..decode.clone() })),
        _ => return None,
    };
    let given = match other {
        Some(other) => mistaken_for(&other)?,
        None => refused(Class::Overflow),
    };
    (given != asked.right).then(|| Wrong::from(given))
}

fn other_load(
    asked: &Asked,
    load: &Load,
    all: &dyn Fn(&[u64]) -> Option<Vec<u64>>,
) -> Option<Question> {
    let mut bytes = asked.file.clone()?;
    for at in places_of_numbers(&bytes) {
        let number = all(&[field(&bytes, at, 8)?])?[0];
        bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
    }
    let expected_shape = match &load.expected_shape {
        Some(shape) => Some(all(shape)?),
        None => None,
    };
    let question = Question::Load(Load { expected_shape, ..load.clone() });
    Some(with_file(&question, bytes))
}
