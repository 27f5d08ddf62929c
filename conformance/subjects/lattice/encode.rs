//! Encoding, under the rules at the top of `adapter.rs`.

use lattice_inference::weights::q4_weights::{
    Q4Tensor, quantize_bf16_to_q4, quantize_f32_to_q4, quantize_f64_to_q4, quantize_f64_to_q4_mode,
    quantize_row_q4_0, quantize_tensor_q4_0, stream_quantize_shard,
};
use serde::Deserialize;

use super::{Answer, Floats, Outcome, block_bytes};

/// The public ways to encode, the first of them used where a request names none: it alone can be
/// given every request.
pub const ENTRIES: &[&str] = &["mode", "f64", "f32", "bf16", "row", "tensor", "shard"];

/// The types other than f32 that the engine encodes from, in every release.
pub const SOURCES: &[&str] = &["source-bf16:khq4", "source-f64:khq4"];

#[derive(Deserialize)]
pub struct Request {
    entry: Option<String>,
    mode: String,
    shape: Vec<usize>,
    values: Floats,
}

pub fn encode(request: Request) -> Answer {
    let Request { entry, mode, shape, values } = request;
    let entry = entry.as_deref().unwrap_or(ENTRIES[0]);
    match &values {
        Floats::F32(_) => values
            .f32()
            .map_or(Answer::UNSUPPORTED, |values| encode_floats(entry, &mode, &shape, &values)),
        Floats::F64(_) => values
            .f64()
            .map_or(Answer::UNSUPPORTED, |values| encode_doubles(entry, &mode, &shape, &values)),
        Floats::Bf16(bytes) if entry == "shard" => encode_shard(&mode, &shape, &bytes.0),
        Floats::Bf16(bits) => bits
            .values(u16::from_le_bytes)
            .map_or(Answer::UNSUPPORTED, |bits| encode_upper_halves(entry, &mode, &shape, &bits)),
        Floats::F16(_) | Floats::Other(_) => Answer::UNSUPPORTED,
    }
}

/// Encodes through one of the functions that stand for the same operation. They are asked apart
/// because they need not agree.
fn encode_floats(entry: &str, mode: &str, shape: &[usize], values: &[f32]) -> Answer {
    match (entry, mode, shape) {
        // Has no shape argument, so a shape that says anything other than "these values in a
        // row" cannot be put to it.
        ("row", "asymmetric", &[length]) if length == values.len() => {
            Answer::of(quantize_row_q4_0(values), Outcome::of_blocks)
        }
        ("tensor", "asymmetric", &[columns]) => {
            Answer::of(quantize_tensor_q4_0(values, 1, columns), Outcome::of_blocks)
        }
        ("tensor", "asymmetric", &[rows, columns]) => {
            Answer::of(quantize_tensor_q4_0(values, rows, columns), Outcome::of_blocks)
        }
        ("f32", "asymmetric", _) => Answer::of(quantize_f32_to_q4(values, shape), |tensor| {
            Outcome::of_blocks(block_bytes(&tensor.blocks))
        }),
        ("mode" | "f64", ..) => {
            // Every f32 is an f64, so the engine's narrowing gives back the values asked about.
            let widened: Vec<f64> = values.iter().copied().map(f64::from).collect();
            encode_doubles(entry, mode, shape, &widened)
        }
        _ => Answer::UNSUPPORTED,
    }
}

/// Encodes through one of the functions that take f64.
fn encode_doubles(entry: &str, mode: &str, shape: &[usize], values: &[f64]) -> Answer {
    let blocks = |tensor: Q4Tensor| Outcome::of_blocks(block_bytes(&tensor.blocks));
    match (entry, mode) {
        // It has no argument for the mode, and is for weights that were rotated.
        ("f64", "symmetric") => Answer::of(quantize_f64_to_q4(values, shape), blocks),
        ("mode", "asymmetric" | "symmetric") => {
            let symmetric = mode == "symmetric";
            Answer::of(quantize_f64_to_q4_mode(values, shape, symmetric), blocks)
        }
        _ => Answer::UNSUPPORTED,
    }
}

/// Encodes through the one function that takes bf16, each value as its bits.
fn encode_upper_halves(entry: &str, mode: &str, shape: &[usize], bits: &[u16]) -> Answer {
    match (entry, mode) {
        ("bf16", "asymmetric") => Answer::of(quantize_bf16_to_q4(bits, shape), |tensor| {
            Outcome::of_blocks(block_bytes(&tensor.blocks))
        }),
        _ => Answer::UNSUPPORTED,
    }
}

/// Encodes through the function for a shard of a larger tensor, which takes bf16 as bytes in the
/// machine's own order and has no shape argument.
fn encode_shard(mode: &str, shape: &[usize], bytes: &[u8]) -> Answer {
    match (mode, shape) {
        ("asymmetric", &[length])
            if cfg!(target_endian = "little") && 2 * length == bytes.len() =>
        {
            Answer::of(stream_quantize_shard(bytes), |blocks| {
                Outcome::of_blocks(block_bytes(&blocks))
            })
        }
        _ => Answer::UNSUPPORTED,
    }
}
