//! The codec as q4proof asks it: each question to a call, each error to a refusal. What is not here is
//! answered with unsupported.

use own_codec::{Error, Mode, decode, encode};
use q4proof::subject::message::{Hello, PROTOCOL};
use q4proof::subject::{Entry, Implementation, Response};
use q4proof::suite::question;
use q4proof::suite::question::{Decode, Encode};
use q4proof::suite::{Encoded, Floats, FormatId, Refusal};

pub struct Subject;

impl Implementation for Subject {
    fn hello(&self) -> Hello {
        Hello {
            protocol: PROTOCOL,
            name: "own-codec".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            language: "Rust".into(),
            capabilities: ["decode:khq4", "encode:khq4"].map(String::from).into(),
            entries: Default::default(),
        }
    }

    fn decode(&self, question: &Decode, _entry: Entry) -> Response<Floats> {
        let Decode { format: FormatId::KHQ4, blocks, original_len, to: None, .. } = question else {
            return Response::Unsupported;
        };
        response(decode(&blocks.0, *original_len).map(|values| Floats::of(&values)))
    }

    fn encode(&self, question: &Encode, _entry: Entry) -> Response<Encoded> {
        let mode = match (question.format, question.mode) {
            (FormatId::KHQ4, Some(question::Mode::Asymmetric)) => Mode::Asymmetric,
            (FormatId::KHQ4, Some(question::Mode::Symmetric)) => Mode::Symmetric,
            _ => return Response::Unsupported,
        };
        // Values of another type are sent only to a subject that lists them among its capabilities.
        let Floats::F32(values) = &question.values else { return Response::Unsupported };
        response(encode(&question.shape, &values.values(), mode).map(Encoded::of))
    }
}

fn response<T>(returned: Result<T, Error>) -> Response<T> {
    match returned {
        Ok(done) => Response::Done(done),
        Err(error) => Response::Refused(Refusal { message: error.to_string(), class: None }),
    }
}
