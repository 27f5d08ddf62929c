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
mod ggml;
mod halves;
mod index;
mod liar;
mod load;
mod mlx;
mod names;
mod product;
mod rotate;
mod save;
mod scan;
mod source;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod witness;

pub use fault::Fault;
pub use liar::Liar;

use super::message::{
    Decode, Encode, EncodeRows, Hello, Load, Matmul, NameTensors, PROTOCOL, Precision, ReadIndex,
    Refusal, Rotate, Save, SaveKhf1,
};
use super::{Answer, Implementation, Loaded, LoadedHalves};
use crate::format::Class;
use crate::suite::case::{Feature, FileFormat, Listing, Mode, Operation, Side};
use crate::suite::hex::{Bits, Bits16, Bytes};

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

    /// The way into a file that a request asks for, where there is one.
    fn loader(self, request: &Load, format: FileFormat) -> Option<load::Loader> {
        let width = match request.address_width {
            None => usize::BITS,
            Some(width @ (32 | 64)) => width,
            Some(_) => return None,
        };
        let map = match request.entry.as_deref() {
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

    fn decode(&self, request: &Decode) -> Answer<Bits> {
        answer(self.decode_payload(&request.blocks.0, request.original_len))
            .map(|values| Bits::of(&values))
    }

    fn encode(&self, request: &Encode) -> Answer<Bytes> {
        let symmetric = request.mode == Mode::Symmetric;
        let values = self.source_values(request.source, &request.values);
        answer(
            values.and_then(|values| {
                self.encode_tensor(&request.shape, &values, symmetric).map(Bytes)
            }),
        )
    }

    fn load_khq4(&self, request: &Load) -> Answer<Loaded> {
        match self.loader(request, FileFormat::Khq4) {
            Some(loader) => answer(loader.load(&request.path, request.expected_shape.as_deref())),
            None => Answer::Unsupported,
        }
    }

    fn save_khq4(&self, request: &Save) -> Answer<()> {
        answer(self.save(request))
    }

    fn load_khf1(&self, request: &Load) -> Answer<LoadedHalves> {
        let expected = request.expected_shape.as_deref();
        match self.loader(request, FileFormat::Khf1) {
            Some(loader) => answer(loader.load_halves(&request.path, expected)),
            None => Answer::Unsupported,
        }
    }

    fn save_khf1(&self, request: &SaveKhf1) -> Answer<()> {
        answer(self.save_halves(request))
    }

    fn decode_f16(&self, request: &Decode) -> Answer<Bits16> {
        answer(self.decode_to_half(&request.blocks.0, request.original_len)).map(Bits16)
    }

    fn matmul(&self, request: &Matmul) -> Answer<Bits> {
        answer(self.product(request)).map(|values| Bits::of(&values))
    }

    fn rotate(&self, request: &Rotate) -> Answer<Bytes> {
        let of_runs = request.block.is_some()
            && (request.precision == Precision::F64 || request.side == Side::Output);
        if of_runs || request.gamma.is_some() && request.inverse {
            return Answer::Unsupported;
        }
        answer(self.rotate_matrix(request))
    }

    fn decode_q4_1(&self, request: &Decode) -> Answer<Bits> {
        let values = self.decode_ggml(&request.blocks.0, request.original_len);
        answer(values).map(|values| Bits::of(&values))
    }

    fn encode_q4_1(&self, request: &EncodeRows) -> Answer<Bytes> {
        answer(self.encode_ggml(request)).map(Bytes)
    }

    fn encode_mlx(&self, request: &EncodeRows) -> Answer<Bytes> {
        answer(self.encode_mlx_rows(request)).map(Bytes)
    }

    fn read_index(&self, request: &ReadIndex) -> Answer<Listing> {
        answer(self.read_directory(request))
    }

    fn name_tensors(&self, request: &NameTensors) -> Answer<Vec<String>> {
        answer(self.name_files(request))
    }
}

/// The greeting of every member of the zoo: whatever the harness can ask is offered.
fn hello(name: &str) -> Hello {
    let operations = Operation::ALL.into_iter().map(|operation| operation.name().to_owned());
    let features = Feature::ALL.map(|feature| feature.name().to_owned());
    let paths = || ["copy", "map"].map(str::to_owned).to_vec();
    Hello {
        protocol: PROTOCOL,
        name: format!("zoo:{name}"),
        version: env!("CARGO_PKG_VERSION").into(),
        language: "Rust".into(),
        capabilities: operations.chain(features).collect(),
        entries: [("load".to_owned(), paths()), ("load-khf1".to_owned(), paths())].into(),
    }
}

fn refusal(class: Class, message: impl Into<String>) -> Refusal {
    Refusal { message: message.into(), class: Some(class) }
}

fn answer<T>(outcome: Result<T, Refusal>) -> Answer<T> {
    match outcome {
        Ok(done) => Answer::Done(done),
        Err(refusal) => Answer::Refused(refusal),
    }
}
