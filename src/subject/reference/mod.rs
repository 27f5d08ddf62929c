//! The reference: `codec`, `format` and `store` as a subject.

mod blocks;
mod files;
mod rotation;

use std::path::Path;

use super::message::{Hello, PROTOCOL};
use super::{Entry, Implementation, Response};
use crate::format::index::{Entry as IndexEntry, Index};
use crate::format::names::file_names;
use crate::format::{Class, FormatError};
use crate::store::{self, StoreError};
use crate::suite::answer::{Encoded, Refusal};
use crate::suite::case::{Form, ListedTensor, Listing};
use crate::suite::feature::FormatFeature;
use crate::suite::floats::Floats;
use crate::suite::operation::{FormatId, Operation, Verb};
use crate::suite::question::{
    Decode, Encode, Load, Matmul, NameTensors, ReadIndex, Rotate, Save, Tensor, TensorRank,
};

#[cfg(feature = "gpu")]
pub(crate) use blocks::{lawful_blocks, lawful_product};

/// This crate's own codec and loaders.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference;

/// The access paths of a file.
pub(super) const PATHS: [&str; 2] = ["copy", "map"];

impl Implementation for Reference {
    fn hello(&self) -> Hello {
        let encode = Operation::new(Verb::Encode, FormatId::KHQ4);
        let entries = [(encode.to_string(), ["tensor", "pieces"].map(str::to_owned).to_vec())];
        Hello {
            name: "reference".into(),
            entries: entries.into_iter().chain(load_entries()).collect(),
            ..everything()
        }
    }

    fn decode(&self, question: &Decode, _entry: Entry) -> Response<Floats> {
        blocks::decode(question)
    }

    fn encode(&self, question: &Encode, entry: Entry) -> Response<Encoded> {
        blocks::encode(question, entry)
    }

    fn load(&self, question: &Load<String>, entry: Entry) -> Response<Vec<Tensor>> {
        files::load(question, entry)
    }

    fn save(&self, question: &Save<String>, _entry: Entry) -> Response<()> {
        files::save(question)
    }

    fn matmul(&self, question: &Matmul, _entry: Entry) -> Response<Floats> {
        blocks::matmul(question)
    }

    fn rotate(&self, question: &Rotate, _entry: Entry) -> Response<Floats> {
        rotation::rotate(question)
    }

    fn read_index(&self, question: &ReadIndex<String>, _entry: Entry) -> Response<Listing> {
        if question.format != FormatId::KHQ4 {
            return Response::Unsupported;
        }
        let path = Path::new(&question.path);
        if question.open {
            from_store(store::open_directory(path).map(|opened| listing(opened.index.as_ref())))
        } else {
            from_store(store::read_index(path).map(|index| listing(index.as_ref())))
        }
    }

    fn name_tensors(&self, question: &NameTensors, _entry: Entry) -> Response<Vec<String>> {
        if question.format != FormatId::KHQ4 {
            return Response::Unsupported;
        }
        // A rank beyond the machine's is above 1 all the same.
        let rank = |tensor: &TensorRank| usize::try_from(tensor.rank).unwrap_or(usize::MAX);
        let tensors: Vec<(&str, usize)> =
            question.tensors.iter().map(|tensor| (tensor.name.as_str(), rank(tensor))).collect();
        match file_names(&tensors) {
            Ok(files) => Response::Done(files),
            Err(collision) => refused(Class::Duplicate, collision.to_string()),
        }
    }
}

/// The handshake of one that offers whatever the harness can ask, without entries.
pub(super) fn everything() -> Hello {
    let operations = Operation::all().into_iter().map(|operation| operation.to_string());
    let features = FormatFeature::all().into_iter().map(|feature| feature.to_string());
    Hello {
        protocol: PROTOCOL,
        name: String::new(),
        version: env!("CARGO_PKG_VERSION").into(),
        language: "Rust".into(),
        capabilities: operations.chain(features).collect(),
        entries: [].into(),
    }
}

/// Both access paths of every load.
pub(super) fn load_entries() -> impl Iterator<Item = (String, Vec<String>)> {
    let loads = Operation::all().into_iter().filter(|operation| operation.verb == Verb::Load);
    loads.map(|load| (load.to_string(), PATHS.map(str::to_owned).to_vec()))
}

/// An index as the protocol has it.
fn listing(index: Option<&Index>) -> Listing {
    let form = match index {
        None => Form::Absent,
        Some(Index::Array(_)) => Form::Array,
        Some(Index::Object(_)) => Form::Object,
    };
    let tensor = |entry: &IndexEntry| {
        let IndexEntry { name, file, quantized, shape, numel } = entry.clone();
        ListedTensor { name, file, quantized, shape, numel }
    };
    Listing {
        form: Some(form),
        quarot_seed: index.and_then(Index::quarot_seed),
        tensors: index.iter().flat_map(|index| index.entries()).map(tensor).collect(),
    }
}

fn from_store<T>(outcome: Result<T, StoreError>) -> Response<T> {
    match outcome {
        Ok(done) => Response::Done(done),
        Err(error) => refused(error.error.class, error.to_string()),
    }
}

fn refused<T>(class: Class, message: impl Into<String>) -> Response<T> {
    Response::Refused(Refusal { message: message.into(), class: Some(class) })
}

impl<T> From<FormatError> for Response<T> {
    fn from(error: FormatError) -> Self {
        refused(error.class, error.to_string())
    }
}
