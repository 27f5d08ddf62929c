//! The codec as q4proof asks it: each request to a call, each error to a refusal. What is not here is
//! answered with unsupported.

use own_codec::{Error, Mode, decode, encode};
use q4proof::subject::message::{Decode, Encode, Hello, PROTOCOL, Refusal};
use q4proof::subject::{Answer, Implementation};
use q4proof::suite::case;
use q4proof::suite::hex::{Bits, Bytes};

pub struct Subject;

impl Implementation for Subject {
    fn hello(&self) -> Hello {
        Hello {
            protocol: PROTOCOL,
            name: "own-codec".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            language: "Rust".into(),
            capabilities: ["decode", "encode"].map(String::from).into(),
            entries: Default::default(),
        }
    }

    fn decode(&self, request: &Decode) -> Answer<Bits> {
        let decoded = decode(&request.blocks.0, request.original_len);
        answer(decoded.map(|values| Bits::of(&values)))
    }

    fn encode(&self, request: &Encode) -> Answer<Bytes> {
        let mode = match request.mode {
            case::Mode::Asymmetric => Mode::Asymmetric,
            case::Mode::Symmetric => Mode::Symmetric,
        };
        // The values are f32: `source` is sent only to who lists another type among its capabilities.
        match Bits::from_le_bytes(&request.values) {
            Ok(bits) => answer(encode(&request.shape, &bits.values(), mode).map(Bytes)),
            Err(message) => Answer::Refused(Refusal { message, class: None }),
        }
    }
}

fn answer<T>(returned: Result<T, Error>) -> Answer<T> {
    match returned {
        Ok(done) => Answer::Done(done),
        Err(error) => Answer::Refused(Refusal { message: error.to_string(), class: None }),
    }
}
