//! How a codec of one's own is fuzzed: implement the operations that it has, and name it in a
//! fuzz target. An error that has no class is refused without one.

use std::fmt::Display;
use std::path::Path;

use lattice_inference::weights::q4_weights::{Q4Tensor, dequantize_q4_to_f32, load_q4_file};
use lattice_weights::q4_weights::{Q4BlockCheck, load_q4_file_checked, open_and_mmap_q4_file};
use q4proof::subject::message::{Decode, Hello, Load, PROTOCOL, Refusal};
use q4proof::subject::{Answer, Implementation, Loaded};
use q4proof::suite::hex::{Bits, Bytes};

fn hello(name: &str, capabilities: &[&str], load: &[&str]) -> Hello {
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    Hello {
        protocol: PROTOCOL,
        name: name.into(),
        version: "0.15.0".into(),
        language: "Rust".into(),
        capabilities: words(capabilities),
        entries: [("load".to_owned(), words(load))].into(),
    }
}

fn answer<T, E: Display>(returned: Result<T, E>) -> Answer<T> {
    match returned {
        Ok(done) => Answer::Done(done),
        Err(error) => Answer::Refused(Refusal { message: error.to_string(), class: None }),
    }
}

/// The loaders of lattice-inference 0.15.0, by copy and by map.
pub struct Lattice;

impl Implementation for Lattice {
    fn hello(&self) -> Hello {
        hello("lattice", &["load", "expected-shape"], &["copy", "map"])
    }

    fn load_khq4(&self, request: &Load) -> Answer<Loaded> {
        let path = Path::new(&request.path);
        let expected: Option<Vec<usize>> = request
            .expected_shape
            .as_ref()
            .map(|shape| shape.iter().map(|&size| size as usize).collect());
        match (request.entry.as_deref(), &expected) {
            (None | Some("copy"), None) => answer(load_q4_file(path).map(loaded)),
            (None | Some("copy"), Some(shape)) => {
                answer(load_q4_file_checked(path, shape).map(loaded))
            }
            (Some("map"), shape) => {
                let check = Q4BlockCheck::Now { tensor_name: "the mapped tensor" };
                let mapped = open_and_mmap_q4_file(path, shape.as_deref(), check);
                answer(mapped.map(|(header, map, _)| Loaded {
                    blocks: Some(Bytes(map[header.payload_offset as usize..].to_vec())),
                    values: None,
                    shape: header.shape.iter().map(|&size| size as u64).collect(),
                }))
            }
            _ => Answer::Unsupported,
        }
    }
}

fn loaded(tensor: Q4Tensor) -> Loaded {
    let values = Bits::of(&dequantize_q4_to_f32(&tensor));
    let shape = tensor.shape.iter().map(|&size| size as u64).collect();
    Loaded { shape, values: Some(values), blocks: None }
}

/// A decoder with its nibbles swapped.
pub struct Careless;

impl Implementation for Careless {
    fn hello(&self) -> Hello {
        hello("careless", &["decode"], &[])
    }

    fn decode(&self, request: &Decode) -> Answer<Bits> {
        let blocks = request.blocks.0.as_chunks::<20>().0;
        if request.blocks.0.len() as u64 != request.original_len.div_ceil(32).saturating_mul(20) {
            return answer(Err("the payload is not the blocks of that many values"));
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
        q4proof::subject::Reference.decode(&Decode { blocks: swapped, ..request.clone() })
    }
}
