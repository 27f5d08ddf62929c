//! The trait that a codec and loader in this process implements, and what its methods give.

use std::ops::Deref;

use super::message::Hello;
use crate::suite::answer::{Continuation, Encoded, Refusal};
use crate::suite::case::Listing;
use crate::suite::floats::Floats;
use crate::suite::question::{
    Decode, Encode, Generate, Load, Matmul, NameTensors, ReadIndex, Rotate, Save, Tensor,
};

/// What a request comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Response<T> {
    /// It was done.
    Done(T),
    /// The input was refused.
    Refused(Refusal),
    /// There is no such operation, or this access path cannot express the request.
    Unsupported,
}

impl<T> Response<T> {
    /// The same response with its result changed.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        match self {
            Self::Done(result) => Response::Done(change(result)),
            Self::Refused(refusal) => Response::Refused(refusal),
            Self::Unsupported => Response::Unsupported,
        }
    }
}

impl<T> From<Result<T, Refusal>> for Response<T> {
    fn from(outcome: Result<T, Refusal>) -> Self {
        match outcome {
            Ok(done) => Self::Done(done),
            Err(refusal) => Self::Refused(refusal),
        }
    }
}

/// The name of an access path: one that [`Hello::entries`] lists, or none.
pub type Entry<'a> = Option<&'a str>;

/// A codec and loader in this process, a method a verb. Each may answer [`Response::Unsupported`], as the
/// provided methods do: implement what there is, and look at the question's `format` first.
pub trait Implementation {
    /// Who answers, and what is offered.
    fn hello(&self) -> Hello;

    /// Where the work has been done so far, in lines for the end of a report. Empty where that goes
    /// without saying.
    fn ran(&self) -> Vec<String> {
        Vec::new()
    }

    /// Blocks to floats.
    fn decode(&self, _question: &Decode, _entry: Entry) -> Response<Floats> {
        Response::Unsupported
    }

    /// Floats to blocks.
    fn encode(&self, _question: &Encode, _entry: Entry) -> Response<Encoded> {
        Response::Unsupported
    }

    /// A file to tensors.
    fn load(&self, _question: &Load<String>, _entry: Entry) -> Response<Vec<Tensor>> {
        Response::Unsupported
    }

    /// Tensors to a file; the harness reads it back.
    fn save(&self, _question: &Save<String>, _entry: Entry) -> Response<()> {
        Response::Unsupported
    }

    /// A matrix times vectors: `vectors` times `rows` values of f32.
    fn matmul(&self, _question: &Matmul, _entry: Entry) -> Response<Floats> {
        Response::Unsupported
    }

    /// The rotated matrix, of the type of the question's values.
    fn rotate(&self, _question: &Rotate, _entry: Entry) -> Response<Floats> {
        Response::Unsupported
    }

    /// A model directory's index.
    fn read_index(&self, _question: &ReadIndex<String>, _entry: Entry) -> Response<Listing> {
        Response::Unsupported
    }

    /// The file of each tensor.
    fn name_tensors(&self, _question: &NameTensors, _entry: Entry) -> Response<Vec<String>> {
        Response::Unsupported
    }

    /// What a model goes on with.
    fn generate(&self, _question: &Generate<String>, _entry: Entry) -> Response<Continuation> {
        Response::Unsupported
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

    fn decode(&self, question: &Decode, entry: Entry) -> Response<Floats> {
        (**self).decode(question, entry)
    }

    fn encode(&self, question: &Encode, entry: Entry) -> Response<Encoded> {
        (**self).encode(question, entry)
    }

    fn load(&self, question: &Load<String>, entry: Entry) -> Response<Vec<Tensor>> {
        (**self).load(question, entry)
    }

    fn save(&self, question: &Save<String>, entry: Entry) -> Response<()> {
        (**self).save(question, entry)
    }

    fn matmul(&self, question: &Matmul, entry: Entry) -> Response<Floats> {
        (**self).matmul(question, entry)
    }

    fn rotate(&self, question: &Rotate, entry: Entry) -> Response<Floats> {
        (**self).rotate(question, entry)
    }

    fn read_index(&self, question: &ReadIndex<String>, entry: Entry) -> Response<Listing> {
        (**self).read_index(question, entry)
    }

    fn name_tensors(&self, question: &NameTensors, entry: Entry) -> Response<Vec<String>> {
        (**self).name_tensors(question, entry)
    }

    fn generate(&self, question: &Generate<String>, entry: Entry) -> Response<Continuation> {
        (**self).generate(question, entry)
    }
}
