//! lattice-inference 0.15.0 as a subject of the conformance suite.
//!
//! This release keeps its weight formats in `lattice-weights`. The loaders that take the shape a
//! caller requires and the one that maps a file are public there alone; all else is called by
//! the path that `lattice-inference` gives it.

#[path = "../../lattice/adapter.rs"]
mod adapter;

use std::path::Path;

use adapter::{Answer, Hex, Outcome, Release, Tensor, rotation::Rotation};
use lattice_inference::GenerateConfig;
use lattice_inference::error::InferenceError;
use lattice_inference::model::qwen35::Qwen35Model;
use lattice_inference::quant::q4_manifest::{ManifestFlavor, Q4ManifestEntry, load_manifest};
use lattice_inference::quant::quarot::hadamard::BlockHadamard;
use lattice_inference::weights::q4_weights::{load_f16_tensor_file, load_q4_file};
use lattice_weights::q4_weights::{
    Q4BlockCheck, load_f16_tensor_file_checked, load_q4_file_checked, open_and_mmap_q4_file,
};
use serde_json::{Value, json};

struct Lattice;

impl Release for Lattice {
    const VERSION: &'static str = "0.15.0";
    const CAPABILITIES: &'static [&'static str] =
        &["expected-shape:khq4", "expected-shape:khf1", "read_index:khq4", "generate:model"];
    const LOAD_ENTRIES: &'static [&'static str] = &["copy", "map"];

    fn load(entry: &str, path: &Path, expected_shape: Option<&[usize]>) -> Answer {
        match (entry, expected_shape) {
            ("copy", None) => Answer::of(load_q4_file(path), Outcome::of_loaded),
            ("copy", Some(shape)) => {
                Answer::of(load_q4_file_checked(path, shape), Outcome::of_loaded)
            }
            ("map", _) => map(path, expected_shape),
            _ => Answer::UNSUPPORTED,
        }
    }

    fn load_khf1(path: &Path, expected_shape: Option<&[usize]>) -> Answer {
        Answer::of_widened(match expected_shape {
            None => load_f16_tensor_file(path),
            Some(shape) => load_f16_tensor_file_checked(path, shape),
        })
    }

    fn list(path: &Path) -> Option<Result<Value, String>> {
        let listed = load_manifest(path).map_err(|error| error.to_string());
        Some(listed.map(|manifest| {
            let Some(manifest) = manifest else {
                return json!({ "form": "absent", "tensors": [] });
            };
            let tensor = |entry: &Q4ManifestEntry| {
                let mut keys = json!({ "name": entry.name, "file": entry.file });
                // A key that is not there is left out.
                if let Some(quantized) = entry.quantized {
                    keys["quantized"] = json!(quantized);
                }
                if let Some(shape) = &entry.shape {
                    keys["shape"] = json!(shape);
                }
                if let Some(numel) = entry.numel {
                    keys["numel"] = json!(numel);
                }
                keys
            };
            let tensors: Vec<_> = manifest.tensors.iter().map(tensor).collect();
            let form = match manifest.flavor {
                ManifestFlavor::QuantizeQ4 => "array",
                _ => "object",
            };
            let mut index = json!({ "form": form, "tensors": tensors });
            if let Some(seed) = manifest.quarot_seed {
                index["quarot_seed"] = json!(seed);
            }
            index
        }))
    }

    /// By the engine's forward pass on the CPU, on the weights as they are in the safetensors file. The
    /// model is loaded for each prompt.
    fn generate(
        path: &Path,
        prompt: &str,
        tokens: usize,
    ) -> Option<Result<(Vec<u32>, String), InferenceError>> {
        let mut greedy = GenerateConfig::default();
        greedy.max_new_tokens = tokens;
        greedy.temperature = 0.0;
        greedy.top_k = 1;
        greedy.repetition_penalty = 1.0;
        // No other than the model's own.
        greedy.stop_token_ids = Vec::new();
        greedy.enable_thinking = false;
        greedy.enable_mtp = Some(false);
        let generated =
            Qwen35Model::from_safetensors(path).and_then(|model| model.generate(prompt, &greedy));
        Some(generated.map(|output| (output.token_ids, output.text)))
    }

    fn rotate_blocks(
        rotation: &Rotation,
        block: usize,
        values: &mut [f32],
    ) -> Option<Result<(), InferenceError>> {
        let &Rotation { seed, inverse, columns, .. } = rotation;
        Some(BlockHadamard::new(seed, columns, block).and_then(|hadamard| {
            rotation.each_row(values, |row| match inverse {
                false => hadamard.apply(row),
                true => hadamard.apply_inverse(row),
            })
        }))
    }
}

/// Maps the file as the engine does for a consumer that hands the bytes on without reading them,
/// which is the consumer this adapter is. The engine's other choice leaves the checking of each
/// block to the caller, and a caller that checked would answer in the engine's place.
///
/// The result is all that is mapped from the start of the payload, not the part that the header
/// declares, so that bytes the engine should have refused are seen.
fn map(path: &Path, expected_shape: Option<&[usize]>) -> Answer {
    let check = Q4BlockCheck::Now { tensor_name: "the mapped tensor" };
    Answer::of(open_and_mmap_q4_file(path, expected_shape, check), |(header, mapped, _checked)| {
        let blocks = Some(Hex(mapped[header.payload_offset as usize..].to_vec()));
        Outcome::Tensors([Tensor { shape: header.shape, values: None, blocks }])
    })
}

fn main() -> std::io::Result<()> {
    adapter::serve::<Lattice>()
}
