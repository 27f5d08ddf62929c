//! The part of the lattice adapters that no release changes.
//!
//! An adapter lets the harness ask an engine questions without knowing its language: it reads one
//! JSON object a line, calls one function of the engine, and writes one JSON object back. All
//! that it knows of KHQ4 is how a block of 20 bytes and the engine's `Q4Block` stand for one
//! another, and all that it knows of KHF1 is which f16 an f32 is. Everything else is the engine's
//! answer, handed on as it was given:
//!
//! * Nothing is checked on the engine's behalf. A request goes to the engine whenever the
//!   function named by its entry can express it, however wrong the request is. Where the function
//!   has no argument for a part of the request, the answer is `unsupported`, since a guess at
//!   what that part means would be this file's doing and not the engine's.
//! * No panic is caught. An engine that panics where it should refuse ends the process, with its
//!   own message on the standard error, and the harness counts that as a crash.
//! * No refusal is given a class. The engine explains itself in prose only; sorting that prose
//!   into classes would test the sorting.
//!
//! Both adapters compile this one module against their own release of `lattice-inference`, whose
//! functions have kept their names, paths and signatures. The exceptions are loading and the
//! rotation in blocks, so these are what a [`Release`] supplies.

pub mod rotation;

use std::fmt::Display;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use lattice_inference::error::InferenceError;
use lattice_inference::weights::q4_weights::{
    Q4Block, Q4Tensor, dequantize_q4_to_f32, dequantize_row_q4_0, quantize_bf16_to_q4,
    quantize_f32_to_q4, quantize_f64_to_q4, quantize_f64_to_q4_mode, quantize_row_q4_0,
    quantize_tensor_q4_0, save_q4_file, stream_quantize_shard,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use rotation::Rotation;

// The protocol's integers reach 2^64-1, and the engine takes sizes and dimensions as `usize`.
// Where the two differ in width some requests could not be put to the engine at all.
const _: () = assert!(usize::BITS == 64, "the adapter needs a 64-bit machine");

/// The public ways to encode, the first of them used where a request names none: it alone can be
/// given every request.
const ENCODE_ENTRIES: &[&str] = &["mode", "f64", "f32", "bf16", "row", "tensor", "shard"];

/// The types other than f32 that the engine encodes from, in every release.
const SOURCES: &[&str] = &["source-bf16", "source-f64"];

/// The public ways to decode, the first of them used where a request names none.
const DECODE_ENTRIES: &[&str] = &["row", "tensor"];

/// What sets one release of the engine apart from another.
pub trait Release {
    /// The version that the manifest pins.
    const VERSION: &'static str;

    /// The operations and optional features that this release alone has functions for.
    const CAPABILITIES: &'static [&'static str];

    /// The access paths by which this release loads a file.
    const LOAD_ENTRIES: &'static [&'static str];

    /// Loads the file at `path` by the access path `entry`, requiring `expected_shape` if given.
    fn load(entry: &str, path: &Path, expected_shape: Option<&[usize]>) -> Answer;

    /// The same for a KHF1 file, which no release loads otherwise than by `copy`.
    fn load_khf1(path: &Path, expected_shape: Option<&[usize]>) -> Answer;

    /// Lists the directory at `path`; unsupported where this release has no such function.
    fn list(_path: &Path) -> Answer {
        Answer::UNSUPPORTED
    }

    /// Goes on with `prompt` by so many tokens, from the model in the directory at `path`; unsupported
    /// where this release's models are not asked.
    fn generate(_path: &Path, _prompt: &str, _tokens: usize) -> Answer {
        Answer::UNSUPPORTED
    }

    /// Rotates each row in blocks of this length, or is `None` if this release has no such form.
    fn rotate_blocks(
        rotation: &Rotation,
        block: usize,
        values: &mut [f32],
    ) -> Option<Result<(), InferenceError>>;
}

/// One line from the harness. Keys that are not named here are ignored, as the protocol asks.
#[derive(Deserialize)]
struct Request {
    /// Absent from the handshake only.
    seq: Option<u64>,
    #[serde(flatten)]
    operation: Operation,
}

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Operation {
    Hello,
    Decode {
        entry: Option<String>,
        blocks: Hex,
        original_len: usize,
    },
    Encode {
        entry: Option<String>,
        mode: String,
        shape: Vec<usize>,
        source: Option<String>,
        values: Hex,
    },
    LoadKhq4 {
        entry: Option<String>,
        path: PathBuf,
        expected_shape: Option<Vec<usize>>,
        address_width: Option<u64>,
    },
    SaveKhq4 {
        path: PathBuf,
        shape: Vec<usize>,
        original_len: usize,
        blocks: Hex,
    },
    LoadKhf1 {
        entry: Option<String>,
        path: PathBuf,
        expected_shape: Option<Vec<usize>>,
        address_width: Option<u64>,
    },
    Rotate(rotation::Request),
    ReadIndex {
        path: PathBuf,
        #[serde(default)]
        open: bool,
    },
    Generate {
        path: PathBuf,
        prompt: String,
        tokens: usize,
    },
    /// An operation that a later protocol may add.
    #[serde(other)]
    Other,
}

/// What the engine made of one request.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Result(Outcome),
    Refused { message: String },
    Unsupported(bool),
}

/// The keys of a result. Each operation fills in its own, and the others are left out.
#[derive(Default, Serialize)]
pub struct Outcome {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shape: Option<Vec<usize>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<u32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Answer {
    /// The function asked for has no way to be given this request.
    pub const UNSUPPORTED: Answer = Answer::Unsupported(true);

    /// Hands on what one call of the engine returned. Its errors have several types from release
    /// to release and function to function, and only their text in common.
    pub fn of<T, E: Display>(returned: Result<T, E>, outcome: impl FnOnce(T) -> Outcome) -> Answer {
        match returned {
            Ok(value) => Answer::Result(outcome(value)),
            Err(error) => Answer::Refused { message: error.to_string() },
        }
    }

    /// Hands on a tensor of f16 that the engine returned as f32: `unsupported` where a value is
    /// none, as the protocol asks.
    pub fn of_widened<E: Display>(returned: Result<(Vec<f32>, Vec<usize>), E>) -> Answer {
        let bits = returned.map(|(values, shape)| {
            (values.into_iter().map(f16_bits).collect::<Option<Vec<u16>>>(), shape)
        });
        match bits {
            Ok((None, _)) => Answer::UNSUPPORTED,
            bits => Answer::of(bits, |(values, shape)| Outcome {
                values: values.map(|values| Hex::of(&values, u16::to_le_bytes)),
                shape: Some(shape),
                ..Outcome::default()
            }),
        }
    }
}

impl Outcome {
    /// A result of blocks alone, as encoding gives it.
    fn of_blocks(blocks: Vec<u8>) -> Outcome {
        Outcome { blocks: Some(Hex(blocks)), ..Outcome::default() }
    }

    /// A result of values alone, as decoding gives it.
    pub fn of_values(values: &[f32]) -> Outcome {
        Outcome { values: Some(Hex::of(values, f32::to_le_bytes)), ..Outcome::default() }
    }

    /// All that a loaded tensor holds. The values come from the engine's own decoder, so that a
    /// loader that reads a field into the wrong place is seen in both.
    pub fn of_loaded(tensor: Q4Tensor) -> Outcome {
        Outcome {
            blocks: Some(Hex(block_bytes(&tensor.blocks))),
            values: Some(Hex::of(&dequantize_q4_to_f32(&tensor), f32::to_le_bytes)),
            shape: Some(tensor.shape),
            ..Outcome::default()
        }
    }
}

/// Answers requests until the harness closes the standard input.
///
/// # Errors
///
/// A line that is not a request, or a pipe that broke. Neither is the engine's doing, so the
/// process leaves with a failure instead of making up an answer.
pub fn serve<R: Release>() -> io::Result<()> {
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let Request { seq, operation } = serde_json::from_str(&line?)?;
        let reply = match operation {
            Operation::Hello => handshake::<R>(),
            _ => {
                let mut reply = json!(answer::<R>(operation));
                reply["seq"] = json!(seq);
                reply
            }
        };
        writeln!(output, "{reply}")?;
        // The harness waits for this line before it sends another.
        output.flush()?;
    }
    Ok(())
}

fn handshake<R: Release>() -> serde_json::Value {
    let operations: &[&str] = &["decode", "encode", "load", "save", "load-khf1", "rotate"];
    let capabilities = [operations, SOURCES, R::CAPABILITIES].concat();
    json!({
        "protocol": 1,
        "name": "lattice",
        "version": R::VERSION,
        "language": "Rust",
        "capabilities": capabilities,
        "entries": {
            "encode": ENCODE_ENTRIES,
            "decode": DECODE_ENTRIES,
            "load": R::LOAD_ENTRIES,
            "load-khf1": ["copy"],
            "rotate": rotation::ENTRIES,
        },
    })
}

fn answer<R: Release>(operation: Operation) -> Answer {
    match operation {
        Operation::Decode { entry, blocks, original_len } => {
            decode(entry.as_deref().unwrap_or(DECODE_ENTRIES[0]), &blocks.0, original_len)
        }
        Operation::Encode { entry, mode, shape, source, values } => {
            let entry = entry.as_deref().unwrap_or(ENCODE_ENTRIES[0]);
            match source.as_deref() {
                None => match Floats::try_from(values) {
                    Ok(values) => encode(entry, &mode, &shape, &values.0),
                    Err(_) => Answer::UNSUPPORTED,
                },
                Some("f64") => match Doubles::try_from(values) {
                    Ok(values) => encode_doubles(entry, &mode, &shape, &values.0),
                    Err(_) => Answer::UNSUPPORTED,
                },
                Some("bf16") if entry == "shard" => encode_shard(&mode, &shape, &values.0),
                Some("bf16") => match values.values(u16::from_le_bytes) {
                    Ok(bits) => encode_upper_halves(entry, &mode, &shape, &bits),
                    Err(_) => Answer::UNSUPPORTED,
                },
                Some(_) => Answer::UNSUPPORTED,
            }
        }
        // The engine computes in the machine's own width and offers no other.
        Operation::LoadKhq4 { address_width: Some(_), .. }
        | Operation::LoadKhf1 { address_width: Some(_), .. } => Answer::UNSUPPORTED,
        Operation::LoadKhq4 { entry, path, expected_shape, .. } => R::load(
            entry.as_deref().unwrap_or(R::LOAD_ENTRIES[0]),
            &path,
            expected_shape.as_deref(),
        ),
        Operation::SaveKhq4 { path, shape, original_len, blocks } => {
            match tensor(&blocks.0, shape, original_len) {
                Some(tensor) => Answer::of(save_q4_file(&path, &tensor), |()| Outcome::default()),
                None => Answer::UNSUPPORTED,
            }
        }
        Operation::LoadKhf1 { entry, path, expected_shape, .. } => {
            match entry.as_deref().unwrap_or("copy") {
                "copy" => R::load_khf1(&path, expected_shape.as_deref()),
                _ => Answer::UNSUPPORTED,
            }
        }
        Operation::Rotate(request) => rotation::rotate::<R>(request),
        // There is no function that opens a directory as a whole.
        Operation::ReadIndex { open: true, .. } => Answer::UNSUPPORTED,
        Operation::ReadIndex { path, .. } => R::list(&path),
        Operation::Generate { path, prompt, tokens } => R::generate(&path, &prompt, tokens),
        Operation::Hello | Operation::Other => Answer::UNSUPPORTED,
    }
}

fn decode(entry: &str, blocks: &[u8], original_len: usize) -> Answer {
    match entry {
        // Takes bytes, so this is where a payload of the wrong length is put to the engine. The
        // function has no way to refuse: whatever it returns is its answer.
        "row" => Answer::Result(Outcome::of_values(&dequantize_row_q4_0(blocks, original_len))),
        "tensor" => match tensor(blocks, vec![original_len], original_len) {
            Some(tensor) => Answer::Result(Outcome::of_values(&dequantize_q4_to_f32(&tensor))),
            None => Answer::UNSUPPORTED,
        },
        _ => Answer::UNSUPPORTED,
    }
}

/// Encodes through one of the functions that stand for the same operation. They are asked apart
/// because they need not agree.
fn encode(entry: &str, mode: &str, shape: &[usize], values: &[f32]) -> Answer {
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

/// The f16 that this f32 is, or `None` if it is none. Every f16 is just one f32, and that one
/// leads back to it: its fraction goes on in zeros, which are all that the shift drops. A NaN
/// keeps its sign and payload too.
fn f16_bits(value: f32) -> Option<u16> {
    let bits = value.to_bits();
    let (exponent, fraction) = (bits >> 23 & 0xff, bits & 0x7f_ffff);
    let (magnitude, shift) = match exponent {
        0 => (fraction, 23),
        103..=112 => (1 << 23 | fraction, 126 - exponent),
        113..=142 => ((exponent - 112) << 23 | fraction, 13),
        255 => (31 << 23 | fraction, 13),
        _ => return None,
    };
    let sign = bits >> 16 & 0x8000;
    (magnitude >> shift << shift == magnitude).then_some((sign | magnitude >> shift) as u16)
}

/// The engine's tensor of these parts, or `None` where the bytes end inside a block: the engine's
/// type holds whole blocks only. The parts are not compared with one another.
fn tensor(blocks: &[u8], shape: Vec<usize>, original_len: usize) -> Option<Q4Tensor> {
    let (blocks, rest) = blocks.as_chunks::<20>();
    rest.is_empty().then(|| Q4Tensor {
        blocks: blocks
            .iter()
            .map(|&[scale_low, scale_high, bias_low, bias_high, ref packed @ ..]| Q4Block {
                scale: u16::from_le_bytes([scale_low, scale_high]),
                bias: u16::from_le_bytes([bias_low, bias_high]),
                packed: *packed,
            })
            .collect(),
        shape,
        original_len,
    })
}

/// The bytes that these blocks have in a file.
fn block_bytes(blocks: &[Q4Block]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(blocks.len() * 20);
    for block in blocks {
        bytes.extend(block.scale.to_le_bytes());
        bytes.extend(block.bias.to_le_bytes());
        bytes.extend(block.packed);
    }
    bytes
}

/// Bytes, written in JSON as lowercase hexadecimal digits.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub struct Hex(pub Vec<u8>);

impl Hex {
    /// The bits of each value, so that the sign of a zero and the payload of a NaN arrive too.
    pub fn of<T: Copy, const N: usize>(values: &[T], bytes: fn(T) -> [u8; N]) -> Hex {
        Hex(values.iter().copied().flat_map(bytes).collect())
    }

    fn values<T, const N: usize>(&self, value: fn([u8; N]) -> T) -> Result<Vec<T>, &'static str> {
        let (values, rest) = self.0.as_chunks::<N>();
        if !rest.is_empty() {
            return Err("the values end inside a value");
        }
        Ok(values.iter().copied().map(value).collect())
    }
}

impl TryFrom<String> for Hex {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Hex, &'static str> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if !rest.is_empty() {
            return Err("an odd number of hexadecimal digits");
        }
        let digit = |character: u8| char::from(character).to_digit(16);
        pairs
            .iter()
            .map(|&[high, low]| Some((digit(high)? << 4 | digit(low)?) as u8))
            .collect::<Option<_>>()
            .map(Hex)
            .ok_or("not a hexadecimal digit")
    }
}

impl Serialize for Hex {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = b"0123456789abcdef";
        let text: String = (self.0.iter())
            .flat_map(|byte| [byte >> 4, byte & 15])
            .map(|nibble| char::from(digits[usize::from(nibble)]))
            .collect();
        serializer.serialize_str(&text)
    }
}

/// Values of four bytes each, as a request brings them.
#[derive(Deserialize)]
#[serde(try_from = "Hex")]
pub struct Floats(pub Vec<f32>);

impl TryFrom<Hex> for Floats {
    type Error = &'static str;

    fn try_from(hex: Hex) -> Result<Floats, &'static str> {
        hex.values(f32::from_le_bytes).map(Floats)
    }
}

/// Values of eight bytes each.
#[derive(Deserialize)]
#[serde(try_from = "Hex")]
pub struct Doubles(pub Vec<f64>);

impl TryFrom<Hex> for Doubles {
    type Error = &'static str;

    fn try_from(hex: Hex) -> Result<Doubles, &'static str> {
        hex.values(f64::from_le_bytes).map(Doubles)
    }
}
