//! How a codec of one's own is fuzzed: implement the operations that it has, and name it in a
//! fuzz target. An error that has no class is refused without one.

use std::fmt::Display;
use std::path::Path;

use lattice_inference::weights::q4_weights::{Q4Tensor, dequantize_q4_to_f32, load_q4_file};
use lattice_weights::q4_weights::{Q4BlockCheck, load_q4_file_checked, open_and_mmap_q4_file};
use q4proof::subject::message::{Hello, PROTOCOL};
use q4proof::subject::{Entry, Implementation, Reference, Response};
use q4proof::suite::hex::Bytes;
use q4proof::suite::question::{Decode, Load, Tensor};
use q4proof::suite::{Floats, FormatId, Refusal};

fn hello(name: &str, capabilities: &[&str], load: &[&str]) -> Hello {
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    Hello {
        protocol: PROTOCOL,
        name: name.into(),
        version: "0.15.0".into(),
        language: "Rust".into(),
        capabilities: words(capabilities),
        entries: [("load:khq4".to_owned(), words(load))].into(),
    }
}

fn response<T, E: Display>(returned: Result<T, E>) -> Response<T> {
    match returned {
        Ok(done) => Response::Done(done),
        Err(error) => Response::Refused(Refusal { message: error.to_string(), class: None }),
    }
}

/// The loaders of lattice-inference 0.15.0, by copy and by map.
pub struct Lattice;

impl Implementation for Lattice {
    fn hello(&self) -> Hello {
        hello("lattice", &["load:khq4", "expected-shape:khq4"], &["copy", "map"])
    }

    fn load(&self, question: &Load<String>, entry: Entry) -> Response<Vec<Tensor>> {
        if question.format != FormatId::KHQ4 {
            return Response::Unsupported;
        }
        let path = Path::new(&question.path);
        let expected: Option<Vec<usize>> = question
            .expected_shape
            .as_ref()
            .map(|shape| shape.iter().map(|&size| size as usize).collect());
        match (entry, &expected) {
            (None | Some("copy"), None) => response(load_q4_file(path).map(loaded)),
            (None | Some("copy"), Some(shape)) => {
                response(load_q4_file_checked(path, shape).map(loaded))
            }
            (Some("map"), shape) => {
                let check = Q4BlockCheck::Now { tensor_name: "the mapped tensor" };
                let mapped = open_and_mmap_q4_file(path, shape.as_deref(), check);
                response(mapped.map(|(header, map, _)| {
                    let blocks = map[header.payload_offset as usize..].to_vec();
                    let shape = header.shape.iter().map(|&size| size as u64).collect();
                    vec![Tensor { shape, blocks: Some(Bytes(blocks)), ..Tensor::default() }]
                }))
            }
            _ => Response::Unsupported,
        }
    }
}

fn loaded(tensor: Q4Tensor) -> Vec<Tensor> {
    let shape: Vec<u64> = tensor.shape.iter().map(|&size| size as u64).collect();
    vec![Tensor::of_values(&shape, Floats::of(&dequantize_q4_to_f32(&tensor)))]
}

/// A decoder with its nibbles swapped.
pub struct Careless;

impl Implementation for Careless {
    fn hello(&self) -> Hello {
        hello("careless", &["decode:khq4"], &[])
    }

    fn decode(&self, question: &Decode, entry: Entry) -> Response<Floats> {
        if question.format != FormatId::KHQ4 {
            return Response::Unsupported;
        }
        let blocks = question.blocks.0.as_chunks::<20>().0;
        if question.blocks.0.len() as u64 != question.original_len.div_ceil(32).saturating_mul(20) {
            return response(Err("the payload is not the blocks of that many values"));
        }
        let swapped = Bytes(
            blocks
                .iter()
                .flat_map(|block| {
                    let (metadata, pairs) = block.split_at(4);
                    metadata.iter().copied().chain(pairs.iter().map(|pair| pair.rotate_left(4)))
                })
                .collect(),
        );
        Reference.decode(&Decode { blocks: swapped, ..question.clone() }, entry)
    }
}
