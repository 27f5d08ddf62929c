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
mod liar;
mod load;
mod save;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod witness;

pub use fault::Fault;
pub use liar::Liar;

use super::message::{Decode, Encode, Hello, Load, PROTOCOL, Refusal, Save};
use super::{Answer, Implementation, Loaded};
use crate::format::Class;
use crate::suite::case::Mode;
use crate::suite::hex::{Bits, Bytes};

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
        let values = Bits::from_le_bytes(&request.values)
            .map_err(|message| refusal(Class::ShapeMismatch, message));
        answer(values.and_then(|bits| {
            self.encode_tensor(&request.shape, &bits.values(), symmetric).map(Bytes)
        }))
    }

    fn load_khq4(&self, request: &Load) -> Answer<Loaded> {
        let width = match request.address_width {
            None => usize::BITS,
            Some(width @ (32 | 64)) => width,
            Some(_) => return Answer::Unsupported,
        };
        let map = match request.entry.as_deref() {
            None | Some("copy") => false,
            Some("map") => true,
            Some(_) => return Answer::Unsupported,
        };
        let loader = load::Loader { faulty: *self, width, map };
        answer(loader.load(&request.path, request.expected_shape.as_deref()))
    }

    fn save_khq4(&self, request: &Save) -> Answer<()> {
        answer(self.save(request))
    }
}

/// The greeting of every member of the zoo: whatever the harness can ask is offered.
fn hello(name: &str) -> Hello {
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    Hello {
        protocol: PROTOCOL,
        name: format!("zoo:{name}"),
        version: env!("CARGO_PKG_VERSION").into(),
        language: "Rust".into(),
        capabilities: words(&["decode", "encode", "load", "save", "expected-shape", "width-32"]),
        entries: [("load".to_owned(), words(&["copy", "map"]))].into(),
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
