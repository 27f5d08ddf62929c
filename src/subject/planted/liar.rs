//! Subjects that do not look: a suite that one of them passes has no verdict.

use std::path::Path;

use super::load::FileFormat;
use super::{BLOCK, Fault, Faulty, WEIGHTS, hello};
use crate::subject::message::Hello;
use crate::subject::{Entry, Implementation, Response};
use crate::suite::answer::{Encoded, Refusal};
use crate::suite::case::{Form, Listing};
use crate::suite::floats::{Float, Floats};
use crate::suite::hex::{Bits, Bits16, Bytes};
use crate::suite::operation::FormatId;
use crate::suite::question::{
    Decode, Encode, Load, Matmul, NameTensors, ReadIndex, Rotate, Save, Tensor,
};

/// The f32 bits of what the block of [5, 6, 7] decodes to.
const ONCE_RIGHT_VALUES: [u32; 3] = [0x40a0_0000, 0x40bd_dc00, 0x40df_fc00];

/// The f16 bits of the same.
const ONCE_RIGHT_HALVES: [u16; 3] = [0x4500, 0x45ef, 0x4700];

/// The block of [5, 6, 7].
const ONCE_RIGHT_BLOCK: [u8; BLOCK] = [
    0x44, 0x30, 0x00, 0x45, 0x70, 0x0f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, //
];

/// An implementation that answers by a rule which needs no codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Liar {
    /// Refuses every request.
    RefuseAll,
    /// Does every request: what the input lacks is left out or zero.
    AcceptAll,
    /// Offers every operation and answers each request with unsupported.
    UnsupportedAll,
    /// Answers each operation with what was right once.
    Canned,
}

impl Liar {
    /// All of them.
    pub const ALL: &[Self] =
        &[Self::RefuseAll, Self::AcceptAll, Self::UnsupportedAll, Self::Canned];

    /// The name in reports and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::RefuseAll => "refuse-all",
            Self::AcceptAll => "accept-all",
            Self::UnsupportedAll => "unsupported-all",
            Self::Canned => "canned",
        }
    }

    /// The rule by which it answers, in one sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::RefuseAll => "Refuses every request, which no test of refusals alone can see.",
            Self::AcceptAll => {
                "Does every request: rightly what is lawful, somehow what is to be refused."
            }
            Self::UnsupportedAll => "Offers every operation and answers that it has none of them.",
            Self::Canned => "Answers each operation with one fixed result that was right once.",
        }
    }

    fn answer<T>(self, accepted: impl FnOnce() -> T, canned: impl FnOnce() -> T) -> Response<T> {
        match self {
            Self::RefuseAll => Response::Refused(Refusal { message: "no".to_owned(), class: None }),
            Self::AcceptAll => Response::Done(accepted()),
            Self::UnsupportedAll => Response::Unsupported,
            Self::Canned => Response::Done(canned()),
        }
    }
}

/// What the sound member does, or `instead` where it refuses.
fn lawful_or<T>(response: Response<T>, instead: T) -> T {
    match response {
        Response::Done(done) => done,
        _ => instead,
    }
}

impl Implementation for Liar {
    fn hello(&self) -> Hello {
        hello(self.name())
    }

    fn decode(&self, question: &Decode, entry: Entry) -> Response<Floats> {
        let careless = match (question.format, question.to) {
            (FormatId::KHQ4, None) => None,
            (FormatId::KHQ4, _) => Some(Fault::HalfOverflowStored),
            (FormatId::Q4_1, _) => Some(Fault::GgmlPartialAccepted),
            _ => Some(Fault::Q80PartialAccepted),
        };
        let once_right = || match question.to {
            Some(Float::F16) => Floats::F16(Bits16(ONCE_RIGHT_HALVES.to_vec())),
            _ => Floats::F32(Bits(ONCE_RIGHT_VALUES.to_vec())),
        };
        self.answer(
            || match careless {
                // Of any length.
                None => {
                    let any_length = Faulty::new(Some(Fault::DecodeLengthUnchecked));
                    Floats::of(&any_length.values(&question.blocks.0, question.original_len))
                }
                careless => {
                    let none = match question.to {
                        Some(Float::F16) => Floats::F16(Bits16::default()),
                        _ => Floats::F32(Bits::default()),
                    };
                    lawful_or(Faulty::new(careless).decode(question, entry), none)
                }
            },
            once_right,
        )
    }

    fn encode(&self, question: &Encode, entry: Entry) -> Response<Encoded> {
        let careless = match question.format {
            FormatId::KHQ4 => None,
            FormatId::Q4_0 => Some(Fault::Q40PartialAccepted),
            FormatId::Q4_1 => Some(Fault::GgmlPartialAccepted),
            FormatId::Q8_0 => Some(Fault::Q80PartialAccepted),
            _ => Some(Fault::MlxPartialAccepted),
        };
        self.answer(
            || match careless {
                None => encode_whatever(question, entry),
                careless => {
                    lawful_or(Faulty::new(careless).encode(question, entry), Encoded::default())
                }
            },
            || Encoded::of(ONCE_RIGHT_BLOCK.to_vec()),
        )
    }

    fn load(&self, question: &Load<String>, entry: Entry) -> Response<Vec<Tensor>> {
        let of_blocks = FileFormat::of(question.format) == Some(FileFormat::Khq4);
        let empty = || Tensor::of_values(&[0], Floats::F16(Bits16::default()));
        self.answer(
            || {
                if of_blocks {
                    return vec![load_whatever(Path::new(&question.path))];
                }
                lawful_or(Faulty::new(None).load(question, entry), vec![empty()])
            },
            || {
                let halves = Floats::F16(Bits16(ONCE_RIGHT_HALVES.to_vec()));
                let tensor = Tensor::of_values(&[3], halves);
                if !of_blocks {
                    return vec![tensor];
                }
                let values = Some(Floats::F32(Bits(ONCE_RIGHT_VALUES.to_vec())));
                vec![Tensor { values, blocks: Some(Bytes(ONCE_RIGHT_BLOCK.to_vec())), ..tensor }]
            },
        )
    }

    fn save(&self, question: &Save<String>, _entry: Entry) -> Response<()> {
        let of_blocks = FileFormat::of(question.format) == Some(FileFormat::Khq4);
        let once_right_halves = Bits16(ONCE_RIGHT_HALVES.to_vec()).to_le_bytes();
        let asked = || {
            let tensor = question.tensors.first()?;
            Some(match (&tensor.blocks, &tensor.values) {
                (Some(blocks), _) => {
                    file(&tensor.shape, tensor.original_len.unwrap_or_default(), &blocks.0)
                }
                (None, Some(Floats::F16(values))) => {
                    let count = values.0.len() as u64;
                    file_of(HALVES, &tensor.shape, count, &values.to_le_bytes().0)
                }
                _ => return None,
            })
        };
        // Whether it worked is nothing that it would tell.
        let write = |bytes: Option<Vec<u8>>| {
            let _ = std::fs::write(&question.path, bytes.unwrap_or_default());
        };
        self.answer(
            || write(asked()),
            || {
                write(Some(if of_blocks {
                    file(&[3], 3, &ONCE_RIGHT_BLOCK)
                } else {
                    file_of(HALVES, &[3], 3, &once_right_halves.0)
                }));
            },
        )
    }

    fn matmul(&self, question: &Matmul, entry: Entry) -> Response<Floats> {
        let careless = Faulty::new(Some(Fault::RowsAlignedToBlocks));
        self.answer(
            || lawful_or(careless.matmul(question, entry), Floats::F32(Bits::default())),
            || Floats::F32(Bits(ONCE_RIGHT_VALUES.to_vec())),
        )
    }

    fn rotate(&self, question: &Rotate, entry: Entry) -> Response<Floats> {
        self.answer(
            || lawful_or(Faulty::new(None).rotate(question, entry), question.values.clone()),
            || match question.values {
                Floats::F64(_) => question.values.clone(),
                _ => Floats::F32(Bits(ONCE_RIGHT_VALUES.to_vec())),
            },
        )
    }

    fn read_index(&self, question: &ReadIndex<String>, entry: Entry) -> Response<Listing> {
        let absent = || Listing { form: Some(Form::Absent), ..Listing::default() };
        self.answer(|| lawful_or(Faulty::new(None).read_index(question, entry), absent()), absent)
    }

    fn name_tensors(&self, question: &NameTensors, entry: Entry) -> Response<Vec<String>> {
        let sound = Faulty::new(None);
        let careless = || question.tensors.iter().map(|tensor| tensor.name.clone()).collect();
        self.answer(
            || lawful_or(sound.name_tensors(question, entry), careless()),
            || vec!["model_norm_weight.f16".to_owned()],
        )
    }
}

/// What a file of f16 begins with.
const HALVES: &[u8] = b"KHF1\x01\0\0\0";

/// Lawful values by the sound encoder; others without their shape, cut to what f16 can hold.
fn encode_whatever(question: &Encode, entry: Entry) -> Encoded {
    let sound = Faulty::new(None);
    if let Response::Done(encoded) = sound.encode(question, entry) {
        return encoded;
    }
    let cut = |value: f32| if value.is_nan() { 0.0 } else { value.clamp(-57000.0, 57000.0) };
    let values: Vec<f32> = sound.source_values(&question.values).into_iter().map(cut).collect();
    let shape = vec![values.len() as u64];
    let question = Encode { shape, values: Floats::of(&values), ..question.clone() };
    lawful_or(sound.encode(&question, entry), Encoded::default())
}

/// As much of a tensor as the file has bytes for; an empty one where there is no file.
fn load_whatever(path: &Path) -> Tensor {
    let regular = path.metadata().is_ok_and(|found| found.is_file());
    let bytes = if regular { std::fs::read(path).unwrap_or_default() } else { Vec::new() };
    let number = |offset: usize, size: usize| {
        let field = bytes.iter().skip(offset).take(size).rev();
        field.fold(0, |number: u64, &byte| number << 8 | u64::from(byte))
    };
    let room = bytes.len().saturating_sub(20) / 8;
    let ndim = room.min(number(8, 4) as usize);
    let payload = bytes.get(20 + 8 * ndim..).unwrap_or_default();
    let present = (payload.len() / BLOCK * WEIGHTS) as u64;
    let original_len = number(12 + 8 * ndim, 8).min(present);
    Tensor {
        shape: (0..ndim).map(|index| number(12 + 8 * index, 8)).collect(),
        values: Some(Floats::of(&Faulty::new(None).values(payload, original_len))),
        blocks: Some(Bytes(payload.to_vec())),
        ..Tensor::default()
    }
}

/// A file with whatever it is given.
fn file(shape: &[u64], original_len: u64, payload: &[u8]) -> Vec<u8> {
    file_of(b"KHQ4\x02\0\0\0", shape, original_len, payload)
}

/// As [`file`], of either format: what it begins with, and the number of values.
fn file_of(begins: &[u8], shape: &[u64], count: u64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = begins.to_vec();
    bytes.extend((shape.len() as u32).to_le_bytes());
    for size in shape.iter().chain([&count]) {
        bytes.extend(size.to_le_bytes());
    }
    bytes.extend(payload);
    bytes
}
