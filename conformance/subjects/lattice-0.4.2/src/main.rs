//! lattice-inference 0.4.2 as a subject of the conformance suite.
//!
//! This release loads a file in one way: it reads the file into memory, and takes whatever shape
//! the file declares. It rotates whole vectors, not blocks of them.

#[path = "../../lattice/adapter.rs"]
mod adapter;

use std::path::Path;

use adapter::{Answer, Outcome, Release, rotation::Rotation};
use lattice_inference::error::InferenceError;
use lattice_inference::weights::q4_weights::{load_f16_tensor_file, load_q4_file};

struct Lattice;

impl Release for Lattice {
    const VERSION: &'static str = "0.4.2";
    const CAPABILITIES: &'static [&'static str] = &[];
    const LOAD_ENTRIES: &'static [&'static str] = &["copy"];

    fn load(entry: &str, path: &Path, expected_shape: Option<&[usize]>) -> Answer {
        match (entry, expected_shape) {
            ("copy", None) => Answer::of(load_q4_file(path), Outcome::of_loaded),
            // No function of this release takes the shape that the caller requires.
            _ => Answer::UNSUPPORTED,
        }
    }

    fn load_khf1(path: &Path, expected_shape: Option<&[usize]>) -> Answer {
        match expected_shape {
            None => Answer::of_widened(load_f16_tensor_file(path)),
            Some(_) => Answer::UNSUPPORTED,
        }
    }

    fn rotate_blocks(
        _rotation: &Rotation,
        _block: usize,
        _values: &mut [f32],
    ) -> Option<Result<(), InferenceError>> {
        None
    }
}

fn main() -> std::io::Result<()> {
    adapter::serve::<Lattice>()
}
