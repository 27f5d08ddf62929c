//! What is under test. An [`Implementation`] is a codec and loader in this process; a [`Subject`]
//! is anything that can be asked: an implementation, or a child process that speaks the protocol
//! of `conformance/PROTOCOL.md`. Nothing here judges.

pub(crate) mod answer;
#[cfg(all(feature = "processes", unix))]
pub mod child;
pub mod in_process;
pub mod message;
pub mod reference;
#[cfg(feature = "cli")]
pub mod registry;
pub mod serve;
pub mod zoo;

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use in_process::InProcess;
pub use message::{Hello, Refusal, Reply, Request};
pub use reference::Reference;

use crate::suite::case::Listing;
use crate::suite::hex::{Bits, Bits16, Bytes};
use message::{
    Continuation, Decode, Encode, EncodeRows, Generate, Load, Matmul, NameTensors, ReadIndex,
    Rotate, Save, SaveKhf1,
};
use zoo::{Fault, Faulty, Liar};

/// A codec and loader in this process. Each operation may answer [`Answer::Unsupported`], which is
/// what the provided methods do: implement what there is.
pub trait Implementation {
    /// Who answers, and what is offered.
    fn hello(&self) -> Hello;

    /// Where the work has been done so far, in lines for the end of a report. Empty where that goes
    /// without saying.
    fn ran(&self) -> Vec<String> {
        Vec::new()
    }

    /// Blocks to f32.
    fn decode(&self, _request: &Decode) -> Answer<Bits> {
        Answer::Unsupported
    }

    /// f32 to the payload's bytes.
    fn encode(&self, _request: &Encode) -> Answer<Bytes> {
        Answer::Unsupported
    }

    /// A file to a tensor.
    fn load_khq4(&self, _request: &Load) -> Answer<Loaded> {
        Answer::Unsupported
    }

    /// A tensor to a file; the harness reads it back.
    fn save_khq4(&self, _request: &Save) -> Answer<()> {
        Answer::Unsupported
    }

    /// A file to a tensor of f16.
    fn load_khf1(&self, _request: &Load) -> Answer<LoadedHalves> {
        Answer::Unsupported
    }

    /// A tensor of f16 to a file; the harness reads it back.
    fn save_khf1(&self, _request: &SaveKhf1) -> Answer<()> {
        Answer::Unsupported
    }

    /// Blocks to f16.
    fn decode_f16(&self, _request: &Decode) -> Answer<Bits16> {
        Answer::Unsupported
    }

    /// A matrix times vectors: `vectors` times `rows` values.
    fn matmul(&self, _request: &Matmul) -> Answer<Bits> {
        Answer::Unsupported
    }

    /// The rotated matrix, its values little-endian in the precision of the request.
    fn rotate(&self, _request: &Rotate) -> Answer<Bytes> {
        Answer::Unsupported
    }

    /// Blocks of ggml's Q4_1 to f32.
    fn decode_q4_1(&self, _request: &Decode) -> Answer<Bits> {
        Answer::Unsupported
    }

    /// f32 to the bytes of blocks of ggml's Q4_1.
    fn encode_q4_1(&self, _request: &EncodeRows) -> Answer<Bytes> {
        Answer::Unsupported
    }

    /// f16 to groups of MLX, as the bytes of blocks.
    fn encode_mlx(&self, _request: &EncodeRows) -> Answer<Bytes> {
        Answer::Unsupported
    }

    /// A model directory's index.
    fn read_index(&self, _request: &ReadIndex) -> Answer<Listing> {
        Answer::Unsupported
    }

    /// The file of each tensor.
    fn name_tensors(&self, _request: &NameTensors) -> Answer<Vec<String>> {
        Answer::Unsupported
    }

    /// What a model goes on with.
    fn generate(&self, _request: &Generate) -> Answer<Continuation> {
        Answer::Unsupported
    }
}

/// A reference, a box and whatever else leads to an implementation is one.
impl<P: Deref<Target: Implementation>> Implementation for P {
    fn hello(&self) -> Hello {
        (**self).hello()
    }

    fn ran(&self) -> Vec<String> {
        (**self).ran()
    }

    fn decode(&self, request: &Decode) -> Answer<Bits> {
        (**self).decode(request)
    }

    fn encode(&self, request: &Encode) -> Answer<Bytes> {
        (**self).encode(request)
    }

    fn load_khq4(&self, request: &Load) -> Answer<Loaded> {
        (**self).load_khq4(request)
    }

    fn save_khq4(&self, request: &Save) -> Answer<()> {
        (**self).save_khq4(request)
    }

    fn load_khf1(&self, request: &Load) -> Answer<LoadedHalves> {
        (**self).load_khf1(request)
    }

    fn save_khf1(&self, request: &SaveKhf1) -> Answer<()> {
        (**self).save_khf1(request)
    }

    fn decode_f16(&self, request: &Decode) -> Answer<Bits16> {
        (**self).decode_f16(request)
    }

    fn matmul(&self, request: &Matmul) -> Answer<Bits> {
        (**self).matmul(request)
    }

    fn rotate(&self, request: &Rotate) -> Answer<Bytes> {
        (**self).rotate(request)
    }

    fn decode_q4_1(&self, request: &Decode) -> Answer<Bits> {
        (**self).decode_q4_1(request)
    }

    fn encode_q4_1(&self, request: &EncodeRows) -> Answer<Bytes> {
        (**self).encode_q4_1(request)
    }

    fn encode_mlx(&self, request: &EncodeRows) -> Answer<Bytes> {
        (**self).encode_mlx(request)
    }

    fn read_index(&self, request: &ReadIndex) -> Answer<Listing> {
        (**self).read_index(request)
    }

    fn name_tensors(&self, request: &NameTensors) -> Answer<Vec<String>> {
        (**self).name_tensors(request)
    }

    fn generate(&self, request: &Generate) -> Answer<Continuation> {
        (**self).generate(request)
    }
}

/// The implementation inside this crate of that name: `reference`, `zoo:sound`, `zoo:FAULT` or
/// `zoo:LIAR`.
pub fn named(name: &str) -> Option<Box<dyn Implementation + Send + Sync>> {
    if name == "reference" {
        return Some(Box::new(Reference));
    }
    let member = name.strip_prefix("zoo:")?;
    if let Some(liar) = Liar::ALL.iter().find(|liar| liar.name() == member) {
        return Some(Box::new(*liar));
    }
    match (Fault::by_name(member), member) {
        (Some(fault), _) => Some(Box::new(Faulty::new(Some(fault)))),
        (None, "sound") => Some(Box::new(Faulty::new(None))),
        (None, _) => None,
    }
}

/// What an operation comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer<T> {
    /// It was done.
    Done(T),
    /// The input was refused.
    Refused(Refusal),
    /// There is no such operation, or this entry cannot express the request.
    Unsupported,
}

/// What a loader hands on: the shape, and the values, the payload or both.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// The tensor's dimensions.
    pub shape: Vec<u64>,
    /// Its values, where the loader decodes.
    pub values: Option<Bits>,
    /// Its payload, where the loader hands on blocks.
    pub blocks: Option<Bytes>,
}

/// What a loader of KHF1 hands on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadedHalves {
    /// The tensor's dimensions.
    pub shape: Vec<u64>,
    /// Its values.
    pub values: Bits16,
}

/// Tells a pass that it is to stop, from another thread or at a signal. Clones tell the same pass.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks no more, and waits for no answer.
    pub fn tell(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was told.
    pub fn is_told(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Whatever can be asked.
pub trait Subject {
    /// Who answers, and what is offered.
    fn hello(&self) -> &Hello;

    /// Asks, and waits no longer than `deadline`.
    fn ask(&mut self, request: &Request, deadline: Duration) -> Reply;

    /// Where the work has been done so far: see [`Implementation::ran`].
    fn ran(&self) -> Vec<String> {
        Vec::new()
    }

    /// How often the subject was started anew: what it accepted before counts no longer.
    fn generation(&self) -> u64 {
        0
    }
}
