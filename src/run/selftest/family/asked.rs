//! A question with its right answer, and what of it the families look at.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Range;

use super::Wrong;
use crate::format::Class;
use crate::subject::in_process::reply;
use crate::subject::{Reference, Reply, Request};
use crate::suite::answer::{Answer, Encoded, Given, Refusal};
use crate::suite::case::{Case, File};
use crate::suite::exact::blocks::{self, BlockFormat, Layout};
use crate::suite::expected::{expected, file_bytes};
use crate::suite::floats::Floats;
use crate::suite::hex::{Bits, Bits16, Bits64, Bytes};
use crate::suite::lawful::Lawful;
use crate::suite::question::{Decode, Encode, Question, Tensor};

/// A question, what is right, and the bytes of its file.
pub(super) struct Asked<'a> {
    /// The question.
    pub question: &'a Question,
    /// The right answer; the preferred one of several.
    pub right: Given,
    /// The file that it is about, where that is one of bytes.
    pub file: Option<Vec<u8>>,
    numbers: OnceCell<Places>,
    codes: OnceCell<Places>,
    scales: OnceCell<Places>,
}

/// The blocks in which something is, by what it is.
pub(super) type Places = HashMap<u64, Vec<usize>>;

/// The blocks of a question.
pub(super) struct Blocks<'a> {
    /// Their format.
    pub format: &'static dyn BlockFormat,
    /// All of them.
    pub payload: &'a [u8],
}

impl<'a> Asked<'a> {
    /// Of a case, and the question of its control.
    pub(super) fn of(case: &'a Case, control: Option<&Question>) -> Option<Self> {
        let question = &case.question;
        let right = answer_to(question, &case.expect)?;
        let file = file_bytes(question, control).ok().flatten();
        let [numbers, codes, scales] = [(); 3].map(|()| OnceCell::new());
        Some(Self { question, right, file, numbers, codes, scales })
    }

    /// The blocks that are decoded, multiplied, loaded, saved or encoded to; `None` where there are none.
    pub(super) fn blocks(&self) -> Option<Blocks<'_>> {
        let payload = match (self.question, &self.right) {
            (Question::Decode(decode), Ok(_)) => &decode.blocks,
            (Question::Matmul(matmul), Ok(_)) => &matmul.blocks,
            (Question::Save(save), Ok(_)) => match save.tensors.as_slice() {
                [Tensor { blocks: Some(blocks), .. }] => blocks,
                _ => return None,
            },
            (Question::Load(_), Ok(Answer::Tensors(tensors))) => match tensors.as_slice() {
                [Tensor { blocks: Some(blocks), .. }] => blocks,
                _ => return None,
            },
            (Question::Encode(_), Ok(Answer::Encoded(encoded))) => &encoded.blocks,
            _ => return None,
        };
        let format = blocks::named(self.question.format())?;
        Some(Blocks { format, payload: &payload.0 })
    }

    /// The blocks that hold a number of these bits, each in each of its fields: by field and bits.
    pub(super) fn by_number(&self) -> &Places {
        self.numbers.get_or_init(|| self.places(|layout| (layout.numbers.clone(), 16), number_at))
    }

    /// The blocks that hold a byte of codes: by its place and what it is.
    pub(super) fn by_codes(&self) -> &Places {
        self.codes.get_or_init(|| self.places(|layout| (layout.codes.clone(), 8), byte_at))
    }

    /// The blocks that hold a byte of smaller scales: by its place and what it is.
    pub(super) fn by_scales(&self) -> &Places {
        let scales = |layout: &Layout| (layout.scales.iter().map(|&(at, _)| at).collect(), 8);
        self.scales.get_or_init(|| self.places(scales, byte_at))
    }

    fn places(
        &self,
        fields: impl Fn(&Layout) -> (Vec<usize>, u32),
        read: impl Fn(&[u8], usize) -> u64,
    ) -> Places {
        let mut places = Places::new();
        let Some(Blocks { format, payload }) = self.blocks() else { return places };
        let layout = Layout::of(format);
        let (fields, bits) = fields(&layout);
        for (block, bytes) in payload.chunks_exact(format.geometry().bytes).enumerate() {
            for (field, &at) in (0u64..).zip(&fields) {
                places.entry(field << bits | read(bytes, at)).or_default().push(block);
            }
        }
        places
    }

    /// What is answered where the blocks of these numbers are wrong: their values are doubled, or a code of theirs is
    /// another one.
    pub(super) fn spoilt(&self, wrong: impl IntoIterator<Item = usize>) -> Option<Wrong> {
        let Blocks { format, payload } = self.blocks()?;
        let mut wrong = wrong.into_iter();
        if let Question::Decode(_) | Question::Encode(_) = self.question {
            return wrong.find_map(|block| self.spoilt_part(format, block));
        }
        let (geometry, code) = (format.geometry(), Layout::of(format).codes[0]);
        let mut answer = self.right.clone().ok()?;
        let bytes = match &mut answer {
            Answer::Tensors(tensors) => &mut tensors.first_mut()?.blocks.as_mut()?.0,
            Answer::File(file) => &mut file.0,
            _ => return None,
        };
        let start = bytes.len() - payload.len();
        wrong.for_each(|block| bytes[start + block * geometry.bytes + code] ^= 1);
        Some(Wrong::from(Ok(answer)))
    }

    /// One block alone, decoded or encoded wrongly; `None` where that shows nothing.
    fn spoilt_part(&self, format: &dyn BlockFormat, block: usize) -> Option<Wrong> {
        let geometry = format.geometry();
        let (first, start) = (block * geometry.weights, block * geometry.bytes);
        let bytes = self.blocks()?.payload.get(start..start + geometry.bytes)?.to_vec();
        let (part, answer) = match (self.question, self.right.as_ref().ok()?) {
            (Question::Decode(decode), Answer::Values(values)) => {
                let values = slice(values, first..(first + geometry.weights).min(values.len()));
                let original_len = values.len() as u64;
                let mut other = values.clone();
                double(&mut other, 0..values.len());
                if other == values {
                    return None;
                }
                let decode = Decode { blocks: Bytes(bytes), original_len, ..decode.clone() };
                (Question::Decode(decode), Answer::Values(other))
            }
            (Question::Encode(encode), Answer::Encoded(encoded)) => {
                let all = &encode.values;
                let values = slice(all, first..(first + geometry.weights).min(all.len()));
                let mut blocks = Bytes(bytes);
                blocks.0[Layout::of(format).codes[0]] ^= 1;
                let shape = vec![values.len() as u64];
                let encode = Encode { shape, values, ..encode.clone() };
                (Question::Encode(encode), Answer::Encoded(Encoded { blocks, ..encoded.clone() }))
            }
            _ => return None,
        };
        Some(Wrong { given: Ok(answer), part: Some(part) })
    }
}

fn byte_at(block: &[u8], at: usize) -> u64 {
    block[at].into()
}

fn number_at(block: &[u8], at: usize) -> u64 {
    u16::from_le_bytes([block[at], block[at + 1]]).into()
}

/// Some of the values.
pub(super) fn slice(values: &Floats, at: Range<usize>) -> Floats {
    match values {
        Floats::F16(Bits16(bits)) => Floats::F16(Bits16(bits[at].to_vec())),
        Floats::Bf16(Bits16(bits)) => Floats::Bf16(Bits16(bits[at].to_vec())),
        Floats::F32(Bits(bits)) => Floats::F32(Bits(bits[at].to_vec())),
        Floats::F64(Bits64(bits)) => Floats::F64(Bits64(bits[at].to_vec())),
    }
}

/// What a subject answers that is right; `None` where SPEC.md demands nothing.
pub(super) fn answer_to(question: &Question, lawful: &Lawful<Answer>) -> Option<Given> {
    match lawful {
        Lawful::One(answer) => Some(Ok(answer.clone())),
        Lawful::OneOf(behaviours) => answer_to(question, &behaviours.first()?.expect),
        Lawful::Refuse(classes) => Some(refused(*classes.first()?)),
        Lawful::Within { .. } => {
            let request = Request { entry: None, question: question.at(String::new()), line: None };
            match reply(&Reference, &request) {
                Reply::Answer(crate::subject::Response::Done(answer)) => Some(Ok(answer)),
                _ => None,
            }
        }
        Lawful::Undemanded(_) => None,
    }
}

/// The answer of a subject that takes one question for another.
pub(super) fn mistaken_for(question: &Question) -> Option<Given> {
    answer_to(question, &expected(question, None))
}

/// A refusal.
pub(super) fn refused(class: Class) -> Given {
    Err(Refusal { message: "a planted refusal".into(), class: Some(class) })
}

/// Whether a question is to be answered.
pub(super) fn is_answered(question: &Question) -> bool {
    matches!(mistaken_for(question), Some(Ok(_)))
}

/// A question about a file with other bytes.
pub(super) fn with_file(question: &Question, bytes: Vec<u8>) -> Question {
    question.at(File::Bytes(crate::suite::hex::Bytes(bytes)))
}

/// Doubles values.
pub(super) fn double(values: &mut Floats, at: Range<usize>) {
    match values {
        Floats::F16(Bits16(bits)) => bits[at].iter_mut().for_each(|bits| {
            *bits = half::f16::from_f32(half::f16::from_bits(*bits).to_f32() * 2.0).to_bits();
        }),
        Floats::Bf16(Bits16(bits)) => bits[at].iter_mut().for_each(|bits| {
            *bits = half::bf16::from_f32(half::bf16::from_bits(*bits).to_f32() * 2.0).to_bits();
        }),
        Floats::F32(Bits(bits)) => {
            bits[at].iter_mut().for_each(|bits| *bits = (f32::from_bits(*bits) * 2.0).to_bits())
        }
        Floats::F64(Bits64(bits)) => {
            bits[at].iter_mut().for_each(|bits| *bits = (f64::from_bits(*bits) * 2.0).to_bits())
        }
    }
}
