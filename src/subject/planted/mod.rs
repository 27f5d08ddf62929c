//! Implementations that are wrong on purpose: a suite that cannot fail proves nothing.
//!
//! [`Faulty`] is a complete codec, loader and writer that shares no code with `codec`, `format`
//! and `store`, so that no slip of theirs hides in it. One [`Fault`] is planted in it at run time:
//! a slip that a real engine made, or the lack of one guard. With none it answers every request as
//! the reference does, and passes the whole suite; with any, some vector must fail. [`Liar`] does
//! not even try: it answers by a rule that judges no input, and must not be taken for conforming.
//!
//! A fault that is the lack of a guard lets a file pass whose only fault is that guard's: it does
//! not refuse it for another reason, crash, hang, or allocate what the file does not justify.

mod decode;
mod encode;
mod fault;
mod halves;
mod index;
mod iq4;
mod json;
mod liar;
mod load;
mod load_faults;
mod mlx;
mod mxfp4;
mod mxfp4_encode;
mod names;
mod nvfp4;
mod packed;
mod product;
mod q4_0;
mod q4_1;
mod q4_k;
mod q5;
mod q6_k;
mod q8_0;
mod rotate;
mod rows;
mod save;
mod scan;
mod source;

pub use fault::Fault;
pub use liar::Liar;

use super::message::Hello;
use super::reference::{everything, load_entries};
use super::{Entry, Implementation, Response};
use crate::format::Class;
use crate::suite::answer::{Encoded, Refusal};
use crate::suite::case::Listing;
use crate::suite::floats::{Float, Floats};
use crate::suite::hex::Bits16;
use crate::suite::operation::FormatId;
use crate::suite::question::{
    Decode, Encode, Load, Matmul, Mode, NameTensors, ReadIndex, Rotate, Save, Side, Tensor,
};

/// Weights in a block.
const WEIGHTS: usize = 32;

/// Bytes of a block: f16 scale, f16 bias, sixteen bytes of nibbles.
const BLOCK: usize = 20;

/// An implementation with one fault, or with none.
#[derive(Clone, Copy, Debug)]
pub struct Faulty {
    fault: Option<Fault>,
}

impl Faulty {
    /// The implementation with `fault` planted in it, or a sound one.
    pub fn new(fault: Option<Fault>) -> Self {
        Self { fault }
    }

    fn has(self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// The way into a file that a question asks for, where there is one.
    fn loader(self, question: &Load<String>, entry: Entry) -> Option<load::Loader> {
        let format = load::FileFormat::of(question.format)?;
        let width = match question.address_width {
            None => usize::BITS,
            Some(width @ (32 | 64)) => width,
            Some(_) => return None,
        };
        let map = match entry {
            None | Some("copy") => false,
            Some("map") => true,
            Some(_) => return None,
        };
        Some(load::Loader { faulty: self, format, width, map })
    }
}

impl Implementation for Faulty {
    fn hello(&self) -> Hello {
        hello(self.fault.map_or("sound", Fault::name))
    }

    fn decode(&self, question: &Decode, _entry: Entry) -> Response<Floats> {
        let (payload, count) = (&question.blocks.0, question.original_len);
        let singles = |values: Vec<f32>| Floats::of(&values);
        let values = match (question.format, question.to) {
            (FormatId::KHQ4, None) => self.decode_payload(payload, count).map(singles),
            (FormatId::KHQ4, Some(Float::F16)) => {
                self.decode_to_half(payload, count).map(|bits| Floats::F16(Bits16(bits)))
            }
            (FormatId::Q4_0, None) => self.decode_q4_0(payload, count).map(singles),
            (FormatId::Q4_1, None) => self.decode_q4_1(payload, count).map(singles),
            (FormatId::Q5_0, None) => self.decode_q5_0(payload, count).map(singles),
            (FormatId::Q5_1, None) => self.decode_q5_1(payload, count).map(singles),
            (FormatId::Q8_0, None) => self.decode_q8_0(payload, count).map(singles),
            (FormatId::Q4_K, None) => self.decode_q4_k(payload, count).map(singles),
            (FormatId::Q5_K, None) => self.decode_q5_k(payload, count).map(singles),
            (FormatId::Q6_K, None) => self.decode_q6_k(payload, count).map(singles),
            (FormatId::IQ4_NL, None) => self.decode_iq4_nl(payload, count).map(singles),
            (FormatId::IQ4_XS, None) => self.decode_iq4_xs(payload, count).map(singles),
            (FormatId::MXFP4, None) => self.decode_mxfp4(payload, count).map(singles),
            (FormatId::NVFP4, None) => {
                self.decode_nvfp4(payload, count, question.tensor_scale.as_ref()).map(singles)
            }
            _ => return Response::Unsupported,
        };
        values.into()
    }

    fn encode(&self, question: &Encode, _entry: Entry) -> Response<Encoded> {
        let blocks = match (question.format, question.mode) {
            (FormatId::KHQ4, Some(mode)) => {
                let values = self.source_values(&question.values);
                self.encode_tensor(&question.shape, &values, mode == Mode::Symmetric)
            }
            (FormatId::Q4_0, None) => self.encode_q4_0(question),
            (FormatId::Q4_1, None) => self.encode_q4_1(question),
            (FormatId::Q8_0, None) => self.encode_q8_0(question),
            (FormatId::MXFP4, None) => self.encode_mxfp4(question),
            (FormatId::MLX, None) => self.encode_mlx(question),
            _ => return Response::Unsupported,
        };
        blocks.map(Encoded::of).into()
    }

    fn load(&self, question: &Load<String>, entry: Entry) -> Response<Vec<Tensor>> {
        let Some(loader) = self.loader(question, entry) else { return Response::Unsupported };
        let loaded = loader.load(&question.path, question.expected_shape.as_deref());
        loaded.map(|tensor| vec![tensor]).into()
    }

    fn save(&self, question: &Save<String>, _entry: Entry) -> Response<()> {
        match self.save_tensor(question) {
            Some(saved) => saved.into(),
            None => Response::Unsupported,
        }
    }

    fn matmul(&self, question: &Matmul, _entry: Entry) -> Response<Floats> {
        if question.format != FormatId::KHQ4 {
            return Response::Unsupported;
        }
        self.product(question).map(|values| Floats::of(&values)).into()
    }

    fn rotate(&self, question: &Rotate, _entry: Entry) -> Response<Floats> {
        let double = question.values.float() == Float::F64;
        let of_runs = question.block.is_some() && (double || question.side == Side::Output);
        let undone = question.gamma.is_some() && question.inverse;
        if of_runs || undone || question.format != FormatId::QUAROT {
            return Response::Unsupported;
        }
        self.rotate_matrix(question).map_or(Response::Unsupported, Response::from)
    }

    fn read_index(&self, question: &ReadIndex<String>, _entry: Entry) -> Response<Listing> {
        self.read_directory(question).into()
    }

    fn name_tensors(&self, question: &NameTensors, _entry: Entry) -> Response<Vec<String>> {
        self.name_files(question).into()
    }
}

/// The greeting of every planted subject: whatever the harness can ask is offered.
fn hello(name: &str) -> Hello {
    Hello { name: format!("planted:{name}"), entries: load_entries().collect(), ..everything() }
}

fn refusal(class: Class, message: impl Into<String>) -> Refusal {
    Refusal { message: message.into(), class: Some(class) }
}
