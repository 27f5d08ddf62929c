//! What is under test. An [`Implementation`] is a codec and loader in this process; a [`Subject`]
//! is anything that can be asked: an implementation, or a child process that speaks the protocol
//! of `conformance/PROTOCOL.md`. Nothing here judges.

pub mod child;
pub mod in_process;
pub mod message;
pub mod reference;
#[cfg(feature = "cli")]
pub mod registry;
pub mod serve;
pub mod zoo;

use std::time::Duration;

pub use in_process::InProcess;
pub use message::{Hello, Refusal, Reply, Request};
pub use reference::Reference;

use crate::suite::hex::{Bits, Bytes};
use message::{Decode, Encode, Load, Save};
use zoo::{Fault, Faulty, Liar};

/// A codec and loader in this process. Each operation may answer [`Answer::Unsupported`], which is
/// what the provided methods do: implement what there is.
pub trait Implementation {
    /// Who answers, and what is offered.
    fn hello(&self) -> Hello;

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
}

impl<I: Implementation + ?Sized> Implementation for Box<I> {
    fn hello(&self) -> Hello {
        (**self).hello()
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

/// Whatever can be asked.
pub trait Subject {
    /// Who answers, and what is offered.
    fn hello(&self) -> &Hello;

    /// Asks, and waits no longer than `deadline`.
    fn ask(&mut self, request: &Request, deadline: Duration) -> Reply;

    /// How often the subject was started anew: what it accepted before counts no longer.
    fn generation(&self) -> u64 {
        0
    }
}
