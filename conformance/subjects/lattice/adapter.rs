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

mod encode;
pub mod rotation;
mod wire;

use std::fmt::Display;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use lattice_inference::error::InferenceError;
use lattice_inference::weights::q4_weights::{
    Q4Block, Q4Tensor, dequantize_q4_to_f32, dequantize_row_q4_0, save_q4_file,
};
use serde::{Deserialize, Serialize};
use serde_json::{from_str, json};

use rotation::Rotation;
pub use wire::{Floats, Hex};

// The protocol's integers reach 2^64-1, and the engine takes sizes and dimensions as `usize`.
// Where the two differ in width some requests could not be put to the engine at all.
const _: () = assert!(usize::BITS == 64, "the adapter needs a 64-bit machine");

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

    /// Lists the directory at `path`, or is `None` if this release has no such function.
    fn list(_path: &Path) -> Option<Result<serde_json::Value, String>> {
        None
    }

    /// Goes on with `prompt` by so many tokens, from the model in the directory at `path`: their ids
    /// and their text. It is `None` if this release's models are not asked.
    fn generate(
        _path: &Path,
        _prompt: &str,
        _tokens: usize,
    ) -> Option<Result<(Vec<u32>, String), InferenceError>> {
        None
    }

    /// Rotates each row in blocks of this length, or is `None` if this release has no such form.
    fn rotate_blocks(
        rotation: &Rotation,
        block: usize,
        values: &mut [f32],
    ) -> Option<Result<(), InferenceError>>;
}

/// What every line from the harness has: `seq` is absent from the handshake only, and so is
/// `format`. Keys that are not named here or below are ignored, as the protocol asks.
#[derive(Deserialize)]
struct Head {
    seq: Option<u64>,
    op: String,
    #[serde(default)]
    format: String,
}

#[derive(Deserialize)]
struct Decode {
    entry: Option<String>,
    to: Option<String>,
    blocks: Hex,
    original_len: usize,
}

#[derive(Deserialize)]
struct Load {
    entry: Option<String>,
    path: PathBuf,
    expected_shape: Option<Vec<usize>>,
    address_width: Option<u64>,
}

#[derive(Deserialize)]
struct Save {
    path: PathBuf,
    tensors: [SavedTensor; 1],
}

#[derive(Deserialize)]
struct SavedTensor {
    shape: Vec<usize>,
    original_len: usize,
    blocks: Hex,
}

#[derive(Deserialize)]
struct ReadIndex {
    path: PathBuf,
    #[serde(default)]
    open: bool,
}

#[derive(Deserialize)]
struct Generate {
    path: PathBuf,
    prompt: String,
    tokens: usize,
}

/// What the engine made of one request.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Result(Outcome),
    Refused { message: String },
    Unsupported(bool),
}

/// A result, of the kind that is its one key.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Values(Floats),
    Encoded { blocks: Hex },
    Tensors([Tensor; 1]),
    Saved,
    Index(serde_json::Value),
    Continuation { ids: Vec<u32>, text: String },
}

/// A tensor that was loaded, with what the engine hands on of it.
#[derive(Serialize)]
pub struct Tensor {
    pub shape: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Floats>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Hex>,
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
            bits => Answer::of(bits, |(values, shape)| {
                let values = values.map(|values| Floats::F16(Hex::of(&values, u16::to_le_bytes)));
                Outcome::Tensors([Tensor { shape, values, blocks: None }])
            }),
        }
    }
}

impl Outcome {
    /// A result of blocks alone, as encoding gives it.
    fn of_blocks(blocks: Vec<u8>) -> Outcome {
        Outcome::Encoded { blocks: Hex(blocks) }
    }

    /// A result of values alone, as decoding gives it.
    pub fn of_values(values: &[f32]) -> Outcome {
        Outcome::Values(Floats::of_f32(values))
    }

    /// All that a loaded tensor holds. The values come from the engine's own decoder, so that a
    /// loader that reads a field into the wrong place is seen in both.
    pub fn of_loaded(tensor: Q4Tensor) -> Outcome {
        Outcome::Tensors([Tensor {
            blocks: Some(Hex(block_bytes(&tensor.blocks))),
            values: Some(Floats::of_f32(&dequantize_q4_to_f32(&tensor))),
            shape: tensor.shape,
        }])
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
        let line = line?;
        let head: Head = from_str(&line)?;
        let reply = match head.op.as_str() {
            "hello" => handshake::<R>(),
            _ => {
                let mut reply = json!(answer::<R>(&head, &line)?);
                reply["seq"] = json!(head.seq);
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
    let operations: &[&str] =
        &["decode:khq4", "encode:khq4", "load:khq4", "save:khq4", "load:khf1", "rotate:quarot"];
    let capabilities = [operations, encode::SOURCES, R::CAPABILITIES].concat();
    json!({
        "protocol": 1,
        "name": "lattice",
        "version": R::VERSION,
        "language": "Rust",
        "capabilities": capabilities,
        "entries": {
            "encode:khq4": encode::ENTRIES,
            "decode:khq4": DECODE_ENTRIES,
            "load:khq4": R::LOAD_ENTRIES,
            "load:khf1": ["copy"],
            "rotate:quarot": rotation::ENTRIES,
        },
    })
}

fn answer<R: Release>(head: &Head, line: &str) -> serde_json::Result<Answer> {
    Ok(match (head.op.as_str(), head.format.as_str()) {
        ("decode", "khq4") => decode(from_str(line)?),
        ("encode", "khq4") => encode::encode(from_str(line)?),
        ("load", "khq4") => load::<R>(from_str(line)?),
        ("load", "khf1") => load_khf1::<R>(from_str(line)?),
        ("save", "khq4") => save(from_str(line)?),
        ("rotate", "quarot") => rotation::rotate::<R>(from_str(line)?),
        ("read_index", "khq4") => {
            let ReadIndex { path, open } = from_str(line)?;
            // There is no function that opens a directory as a whole.
            let listed = if open { None } else { R::list(&path) };
            listed.map_or(Answer::UNSUPPORTED, |listed| Answer::of(listed, Outcome::Index))
        }
        ("generate", "model") => {
            let Generate { path, prompt, tokens } = from_str(line)?;
            R::generate(&path, &prompt, tokens).map_or(Answer::UNSUPPORTED, |generated| {
                Answer::of(generated, |(ids, text)| Outcome::Continuation { ids, text })
            })
        }
        _ => Answer::UNSUPPORTED,
    })
}

fn load<R: Release>(request: Load) -> Answer {
    let Load { entry, path, expected_shape, address_width } = request;
    // The engine computes in the machine's own width and offers no other.
    if address_width.is_some() {
        return Answer::UNSUPPORTED;
    }
    R::load(entry.as_deref().unwrap_or(R::LOAD_ENTRIES[0]), &path, expected_shape.as_deref())
}

fn load_khf1<R: Release>(request: Load) -> Answer {
    let Load { entry, path, expected_shape, address_width } = request;
    match entry.as_deref().unwrap_or("copy") {
        "copy" if address_width.is_none() => R::load_khf1(&path, expected_shape.as_deref()),
        _ => Answer::UNSUPPORTED,
    }
}

fn save(request: Save) -> Answer {
    let [SavedTensor { shape, original_len, blocks }] = request.tensors;
    match tensor(&blocks.0, shape, original_len) {
        Some(tensor) => Answer::of(save_q4_file(&request.path, &tensor), |()| Outcome::Saved),
        None => Answer::UNSUPPORTED,
    }
}

fn decode(request: Decode) -> Answer {
    let Decode { entry, to, blocks, original_len } = request;
    // The engine decodes to f32 only.
    if to.is_some() {
        return Answer::UNSUPPORTED;
    }
    match entry.as_deref().unwrap_or(DECODE_ENTRIES[0]) {
        // Takes bytes, so this is where a payload of the wrong length is put to the engine. The
        // function has no way to refuse: whatever it returns is its answer.
        "row" => Answer::Result(Outcome::of_values(&dequantize_row_q4_0(&blocks.0, original_len))),
        "tensor" => match tensor(&blocks.0, vec![original_len], original_len) {
            Some(tensor) => Answer::Result(Outcome::of_values(&dequantize_q4_to_f32(&tensor))),
            None => Answer::UNSUPPORTED,
        },
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
