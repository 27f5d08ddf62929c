//! The reference: `codec`, `format` and `store` as a subject.

use std::path::Path;

use zerocopy::{FromBytes, IntoBytes};

use super::message::{Decode, Encode, Hello, Load, PROTOCOL, Refusal, Save};
use super::{Answer, Implementation, Loaded};
use crate::codec::{self, BLOCK_BYTES, Block, EncodeError, block_count};
use crate::format::khq4::{Header, View, check_blocks};
use crate::format::{AddressWidth, Class, FormatError};
use crate::store::{self, StoreError};
use crate::suite::hex::{Bits, Bytes};

/// This crate's own codec and loaders.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference;

impl Implementation for Reference {
    fn hello(&self) -> Hello {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        Hello {
            protocol: PROTOCOL,
            name: "reference".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            language: "Rust".into(),
            capabilities: words(&[
                "decode",
                "encode",
                "load",
                "save",
                "expected-shape",
                "width-32",
            ]),
            entries: [("load".to_owned(), words(&["copy", "map"]))].into(),
        }
    }

    fn decode(&self, request: &Decode) -> Answer<Bits> {
        // Cannot wrap: see `Header::payload_len`.
        let expected = block_count(request.original_len) * BLOCK_BYTES as u64;
        let found = request.blocks.0.len() as u64;
        if found != expected {
            let class =
                if found < expected { Class::TruncatedPayload } else { Class::TrailingBytes };
            let detail =
                format!("{} values take {expected} bytes, not {found}", request.original_len);
            return refused(class, detail);
        }
        let blocks =
            <[Block]>::ref_from_bytes(&request.blocks.0).expect("whole blocks, as checked");
        if let Err(error) = check_blocks(blocks, 0) {
            return error.into();
        }
        let mut values = vec![0.0; request.original_len as usize];
        codec::decode(blocks, &mut values);
        Answer::Done(Bits::of(&values))
    }

    fn encode(&self, request: &Encode) -> Answer<Bytes> {
        let values = match Bits::from_le_bytes(&request.values) {
            Ok(bits) => bits.values(),
            Err(detail) => return refused(Class::ShapeMismatch, detail),
        };
        let header = match Header::for_shape(&request.shape, AddressWidth::NATIVE) {
            Ok(header) => header,
            Err(error) => return error.into(),
        };
        if header.original_len != values.len() as u64 {
            let detail = format!(
                "shape {:?} holds {} values, not {}",
                header.shape,
                header.original_len,
                values.len()
            );
            return refused(Class::ShapeMismatch, detail);
        }
        match codec::encode(&values, request.mode.into()) {
            Ok(blocks) => Answer::Done(Bytes(blocks.as_bytes().to_vec())),
            Err(error) => refused(class_of(&error), error.to_string()),
        }
    }

    fn load_khq4(&self, request: &Load) -> Answer<Loaded> {
        let width = match request.address_width {
            None => AddressWidth::NATIVE,
            Some(32) => AddressWidth::Bits32,
            Some(64) => AddressWidth::Bits64,
            Some(_) => return Answer::Unsupported,
        };
        let path = Path::new(&request.path);
        let hand_on = |view: View<'_>| {
            if let Some(expected) = &request.expected_shape {
                view.header
                    .expect_shape(expected)
                    .map_err(|error| StoreError { path: path.to_owned(), error })?;
            }
            Ok(Loaded {
                values: Some(Bits::of(&view.decode())),
                blocks: Some(Bytes(view.blocks.as_bytes().to_vec())),
                shape: view.header.shape,
            })
        };
        let loaded = match request.entry.as_deref() {
            None | Some("copy") => {
                store::read_khq4(path, width).and_then(|tensor| hand_on(tensor.view()))
            }
            Some("map") => store::map_khq4(path, width).and_then(|tensor| hand_on(tensor.view())),
            Some(_) => return Answer::Unsupported,
        };
        match loaded {
            Ok(loaded) => Answer::Done(loaded),
            Err(error) => refused(error.error.class, error.to_string()),
        }
    }

    fn save_khq4(&self, request: &Save) -> Answer<()> {
        let header = Header { shape: request.shape.clone(), original_len: request.original_len };
        match store::write_khq4(Path::new(&request.path), &header, &request.blocks.0) {
            Ok(()) => Answer::Done(()),
            Err(error) => refused(error.error.class, error.to_string()),
        }
    }
}

fn class_of(error: &EncodeError) -> Class {
    match error {
        EncodeError::NonFinite { .. } => Class::NonFinite,
        EncodeError::Scale { .. } => Class::Scale,
        EncodeError::Bias { .. } => Class::Bias,
    }
}

fn refused<T>(class: Class, message: impl Into<String>) -> Answer<T> {
    Answer::Refused(Refusal { message: message.into(), class: Some(class) })
}

impl<T> From<FormatError> for Answer<T> {
    fn from(error: FormatError) -> Self {
        refused(error.class, error.to_string())
    }
}
