//! candle-core as a subject of the conformance suite, asked about ggml's Q4_1 on the CPU.
//!
//! All that this file knows of Q4_1 is that candle takes and gives it as bytes. Everything else is
//! candle's answer, handed on as it was given:
//!
//! * Nothing is checked on candle's behalf: each request goes to it, however wrong it is. Tensors
//!   are made by candle too, so that it is candle that compares a shape with the values.
//! * No panic is caught. It ends this process, with candle's own message on the standard error, and
//!   the harness counts that as a crash.
//! * No refusal is given a class. candle explains itself in prose only; sorting that prose into
//!   classes would test the sorting.
//!
//! The entries are candle's public ways to do one thing. `QTensor::quantize_imatrix` is not among
//! them: it takes weights of the values as well, which no request has.

use std::env;
use std::io::{self, BufRead, Cursor, Write};

use candle_core::quantized::ggml_file::qtensor_from_ggml;
use candle_core::quantized::gguf_file::TensorInfo;
use candle_core::quantized::{GgmlDType::Q4_1, QStorage, QTensor};
use candle_core::{Device::Cpu, Tensor};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::{Value, json};

/// The version that the manifest pins.
const VERSION: &str = "0.11.1";

// The protocol's integers reach 2^64-1, and candle takes sizes and dimensions as `usize`.
const _: () = assert!(usize::BITS == 64, "the adapter needs a 64-bit machine");

type Decoder = fn(Vec<u8>, usize) -> candle_core::Result<Vec<f32>>;
type Encoder = fn(Vec<f32>, Vec<usize>) -> candle_core::Result<Vec<u8>>;

/// The public ways to decode, the first of them used where a request names none.
const DECODERS: &[(&str, Decoder)] = &[
    // A tensor of raw ggml bytes.
    ("ggml", |blocks, len| {
        qtensor_from_ggml(Q4_1, &blocks, vec![len], &Cpu)?.dequantize(&Cpu)?.to_vec1()
    }),
    // A tensor in a GGUF file, which here has nothing but its payload: the function is told where
    // a tensor begins, not where the file's next one does.
    ("gguf", |blocks, len| {
        let info = TensorInfo { ggml_dtype: Q4_1, shape: len.into(), offset: 0 };
        info.read(&mut Cursor::new(blocks), 0, &Cpu)?.dequantize(&Cpu)?.to_vec1()
    }),
    // A tensor over a storage.
    ("storage", |blocks, len| {
        let storage = QStorage::from_data(blocks.into(), &Cpu, Q4_1)?;
        QTensor::new(storage, len)?.dequantize(&Cpu)?.to_vec1()
    }),
    // The one row of a table of embeddings.
    ("embedding", |blocks, len| {
        let storage = QStorage::from_data(blocks.into(), &Cpu, Q4_1)?;
        QTensor::new(storage, (1, len))?.embedding(&Tensor::new(0u32, &Cpu)?)?.to_vec1()
    }),
    // Blocks that belong to no tensor.
    ("blocks", |blocks, len| {
        Ok(Q4_1.from_data(blocks.into()).dequantize(len)?.as_slice()?.to_vec())
    }),
];

/// The public ways to encode, the first of them used where a request names none.
const ENCODERS: &[(&str, Encoder)] = &[
    ("quantize", |values, shape| {
        bytes(QTensor::quantize(&Tensor::from_vec(values, shape, &Cpu)?, Q4_1)?)
    }),
    ("onto", |values, shape| {
        bytes(QTensor::quantize_onto(&Tensor::from_vec(values, shape, &Cpu)?, Q4_1, &Cpu)?)
    }),
    // Blocks of as many values, of which a tensor is made afterwards.
    ("blocks", |values, shape| {
        let mut blocks = Q4_1.cpu_zeros(values.len());
        blocks.from_float(&values);
        bytes(QTensor::new(QStorage::Cpu(blocks), shape)?)
    }),
];

/// A way to encode that makes a subject of its own, which the argument `view` asks for: the tensor
/// shares the memory of a longer one, as one expert of a stack does. What comes before it there is
/// zeros. It fails nearly every case, and a case that fails through one entry counts as failed.
const VIEW: (&str, Encoder) = ("view", |values, shape| {
    let len = values.len();
    let longer = Tensor::from_vec([vec![0.0; len], values].concat(), 2 * len, &Cpu)?;
    bytes(QTensor::quantize(&longer.narrow(0, len, len)?.reshape(shape)?, Q4_1)?)
});

/// The blocks of a tensor.
fn bytes(tensor: QTensor) -> candle_core::Result<Vec<u8>> {
    tensor.data().map(|data| data.into_owned())
}

/// One line from the harness, with the keys of both operations: what the other one has is empty.
/// Keys that are not named here are ignored, as the protocol asks.
#[derive(Deserialize)]
struct Request {
    op: String,
    #[serde(default)]
    seq: u64,
    entry: Option<String>,
    #[serde(default, deserialize_with = "unhex")]
    blocks: Vec<u8>,
    #[serde(default)]
    original_len: usize,
    #[serde(default)]
    shape: Vec<usize>,
    #[serde(default, deserialize_with = "unhex")]
    values: Vec<u8>,
}

fn unhex<'de, D: Deserializer<'de>>(text: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(text)?;
    let byte = |at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let bytes = (0..text.len()).step_by(2).map(byte).collect::<Option<_>>();
    bytes.ok_or_else(|| D::Error::custom("not pairs of hexadecimal digits"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The entry of this name, or the first where there is no name.
fn named<F: Copy>(entries: &[(&str, F)], name: Option<String>) -> Option<F> {
    let found = entries.iter().find(|entry| name.as_ref().is_none_or(|name| name == entry.0));
    found.map(|entry| entry.1)
}

fn names<F>(entries: &[(&'static str, F)]) -> Vec<&'static str> {
    entries.iter().map(|entry| entry.0).collect()
}

/// Puts a request to candle, or is `None` where it has no function for it.
fn ask(request: Request, encoders: &[(&str, Encoder)]) -> Option<candle_core::Result<Value>> {
    let Request { op, entry, blocks, original_len, shape, values, .. } = request;
    Some(match op.as_str() {
        "decode_q4_1" => named(DECODERS, entry)?(blocks, original_len).map(|values| {
            let bytes: Vec<u8> = values.into_iter().flat_map(f32::to_le_bytes).collect();
            json!({ "values": hex(&bytes) })
        }),
        "encode_q4_1" => {
            // The harness sends whole values.
            let values = values.as_chunks().0.iter().copied().map(f32::from_le_bytes).collect();
            named(encoders, entry)?(values, shape).map(|blocks| json!({ "blocks": hex(&blocks) }))
        }
        _ => return None,
    })
}

fn main() -> io::Result<()> {
    let view = env::args().nth(1).is_some_and(|word| word == VIEW.0);
    let encoders = if view { &[VIEW] } else { ENCODERS };
    let hello = json!({
        "protocol": 1,
        "name": "candle",
        "version": VERSION,
        "language": "Rust",
        "capabilities": ["decode-q4-1", "encode-q4-1"],
        "entries": { "decode-q4-1": names(DECODERS), "encode-q4-1": names(encoders) },
    });
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let seq = request.seq;
        let reply = match request.op.as_str() {
            "hello" => hello.clone(),
            _ => match ask(request, encoders) {
                Some(Ok(result)) => json!({ "seq": seq, "result": result }),
                Some(Err(error)) => {
                    json!({ "seq": seq, "refused": { "message": error.to_string() } })
                }
                None => json!({ "seq": seq, "unsupported": true }),
            },
        };
        writeln!(output, "{reply}")?;
        // The harness waits for this line before it sends another.
        output.flush()?;
    }
    Ok(())
}
