//! candle-core as a subject of the conformance suite, asked about the blocks of ggml on the CPU.
//!
//! All that this file knows of these formats is that candle takes and gives them as bytes. Everything
//! else is candle's answer, handed on as it was given:
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
use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use candle_core::{Device::Cpu, Tensor};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::{Value, json};

/// The version that the manifest pins.
const VERSION: &str = "0.11.1";

// The protocol's integers reach 2^64-1, and candle takes sizes and dimensions as `usize`.
const _: () = assert!(usize::BITS == 64, "the adapter needs a 64-bit machine");

type Decoder = fn(GgmlDType, Vec<u8>, usize) -> candle_core::Result<Vec<f32>>;
type Encoder = fn(GgmlDType, Vec<f32>, Vec<usize>) -> candle_core::Result<Vec<u8>>;

/// The formats that candle is asked to encode and to decode, by their names in the protocol.
const ENCODED: &[(&str, GgmlDType)] =
    &[("q4_0", GgmlDType::Q4_0), ("q4_1", GgmlDType::Q4_1), ("q8_0", GgmlDType::Q8_0)];

/// The formats that candle is asked to decode only: `SPEC.md` says nothing about their encoders.
const DECODED_ONLY: &[(&str, GgmlDType)] = &[
    ("q5_0", GgmlDType::Q5_0),
    ("q5_1", GgmlDType::Q5_1),
    ("q4_k", GgmlDType::Q4K),
    ("q5_k", GgmlDType::Q5K),
    ("q6_k", GgmlDType::Q6K),
];

/// The public ways to decode, the first of them used where a request names none.
const DECODERS: &[(&str, Decoder)] = &[
    // A tensor of raw ggml bytes.
    ("ggml", |format, blocks, len| {
        qtensor_from_ggml(format, &blocks, vec![len], &Cpu)?.dequantize(&Cpu)?.to_vec1()
    }),
    // A tensor in a GGUF file, which here has nothing but its payload: the function is told where
    // a tensor begins, not where the file's next one does.
    ("gguf", |format, blocks, len| {
        let info = TensorInfo { ggml_dtype: format, shape: len.into(), offset: 0 };
        info.read(&mut Cursor::new(blocks), 0, &Cpu)?.dequantize(&Cpu)?.to_vec1()
    }),
    // A tensor over a storage.
    ("storage", |format, blocks, len| {
        let storage = QStorage::from_data(blocks.into(), &Cpu, format)?;
        QTensor::new(storage, len)?.dequantize(&Cpu)?.to_vec1()
    }),
    // The one row of a table of embeddings.
    ("embedding", |format, blocks, len| {
        let storage = QStorage::from_data(blocks.into(), &Cpu, format)?;
        QTensor::new(storage, (1, len))?.embedding(&Tensor::new(0u32, &Cpu)?)?.to_vec1()
    }),
    // Blocks that belong to no tensor.
    ("blocks", |format, blocks, len| {
        Ok(format.from_data(blocks.into()).dequantize(len)?.as_slice()?.to_vec())
    }),
];

/// The public ways to encode, the first of them used where a request names none.
const ENCODERS: &[(&str, Encoder)] = &[
    ("quantize", |format, values, shape| {
        bytes(QTensor::quantize(&Tensor::from_vec(values, shape, &Cpu)?, format)?)
    }),
    ("onto", |format, values, shape| {
        bytes(QTensor::quantize_onto(&Tensor::from_vec(values, shape, &Cpu)?, format, &Cpu)?)
    }),
    // Blocks of as many values, of which a tensor is made afterwards.
    ("blocks", |format, values, shape| {
        let mut blocks = format.cpu_zeros(values.len());
        blocks.from_float(&values);
        bytes(QTensor::new(QStorage::Cpu(blocks), shape)?)
    }),
];

/// A way to encode that makes a subject of its own, which the argument `view` asks for: the tensor
/// shares the memory of a longer one, as one expert of a stack does. What comes before it there is
/// zeros. It fails nearly every case, and a case that fails through one entry counts as failed.
const VIEW: (&str, Encoder) = ("view", |format, values, shape| {
    let len = values.len();
    let longer = Tensor::from_vec([vec![0.0; len], values].concat(), 2 * len, &Cpu)?;
    bytes(QTensor::quantize(&longer.narrow(0, len, len)?.reshape(shape)?, format)?)
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
    format: String,
    #[serde(default)]
    seq: u64,
    entry: Option<String>,
    #[serde(default, deserialize_with = "unhex")]
    blocks: Vec<u8>,
    #[serde(default)]
    original_len: usize,
    #[serde(default)]
    shape: Vec<usize>,
    #[serde(default)]
    values: Floats,
}

/// Values of the one type that candle encodes from, or of another, which is then not there.
#[derive(Default, Deserialize)]
struct Floats {
    #[serde(default, deserialize_with = "unhex_f32")]
    f32: Option<Vec<f32>>,
}

fn unhex<'de, D: Deserializer<'de>>(text: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(text)?;
    let byte = |at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let bytes = (0..text.len()).step_by(2).map(byte).collect::<Option<_>>();
    bytes.ok_or_else(|| D::Error::custom("not pairs of hexadecimal digits"))
}

fn unhex_f32<'de, D: Deserializer<'de>>(text: D) -> Result<Option<Vec<f32>>, D::Error> {
    // The harness sends whole values.
    let bytes = unhex(text)?;
    Ok(Some(bytes.as_chunks().0.iter().copied().map(f32::from_le_bytes).collect()))
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
    let Request { op, format, entry, blocks, original_len, shape, values, .. } = request;
    let encoded = named(ENCODED, Some(format.clone()));
    Some(match op.as_str() {
        "decode" => {
            let format = encoded.or_else(|| named(DECODED_ONLY, Some(format)))?;
            named(DECODERS, entry)?(format, blocks, original_len).map(|values| {
                let bytes: Vec<u8> = values.into_iter().flat_map(f32::to_le_bytes).collect();
                json!({ "values": { "f32": hex(&bytes) } })
            })
        }
        "encode" => named(encoders, entry)?(encoded?, values.f32?, shape)
            .map(|blocks| json!({ "encoded": { "blocks": hex(&blocks) } })),
        _ => return None,
    })
}

fn handshake(encoders: &[(&'static str, Encoder)]) -> Value {
    let mut entries = json!({});
    for format in names(ENCODED) {
        entries[format!("decode:{format}")] = json!(names(DECODERS));
        entries[format!("encode:{format}")] = json!(names(encoders));
    }
    for format in names(DECODED_ONLY) {
        entries[format!("decode:{format}")] = json!(names(DECODERS));
    }
    let capabilities: Vec<_> =
        entries.as_object().into_iter().flat_map(|keys| keys.keys()).collect();
    json!({
        "protocol": 1,
        "name": "candle",
        "version": VERSION,
        "language": "Rust",
        "capabilities": capabilities,
        "entries": entries,
    })
}

fn main() -> io::Result<()> {
    let view = env::args().nth(1).is_some_and(|word| word == VIEW.0);
    let encoders = if view { &[VIEW] } else { ENCODERS };
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let seq = request.seq;
        let reply = match request.op.as_str() {
            "hello" => handshake(encoders),
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
