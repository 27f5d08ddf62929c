//! rlx-gguf as a subject of the conformance suite, asked about the blocks of ggml.
//!
//! All that this file knows of these formats is that rlx-gguf takes and gives them as bytes, and how
//! long a block is where a function takes one block at a time. Everything else is rlx-gguf's answer,
//! handed on as it was given:
//!
//! * Nothing is checked on rlx-gguf's behalf: each request goes to it, however wrong it is. Where a
//!   function has no argument for a part of the request, the answer is unsupported.
//! * No panic is caught. It ends this process, with the library's own message on the standard error,
//!   and the harness counts that as a crash.
//! * No refusal is given a class. rlx-gguf explains itself in prose only; sorting that prose into
//!   classes would test the sorting.
//!
//! The entries are rlx-gguf's public ways to do one thing. Not among them are the functions that
//! another entry does nothing but call: `dequant_q4_0` and its like, which `dequant_typed` calls, and
//! the functions for one block of a format whose tensors are decoded by calling them.

use std::io::{self, BufRead, Cursor, Write};

use anyhow::{Context, Result};
use rlx_gguf::{
    GgmlType, GgufFile, GgufWriter, QK_K, dequant_q4_k_block, dequant_q5_k_block,
    dequant_q6_k_block, dequant_typed, quantize,
};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::{Value, json};

/// The version that the manifest pins.
const VERSION: &str = "0.2.19";

// The protocol's integers reach 2^64-1, and rlx-gguf takes sizes and dimensions as `usize`.
const _: () = assert!(usize::BITS == 64, "the adapter needs a 64-bit machine");

/// The name of the one tensor of a file.
const TENSOR: &str = "tensor";

/// The formats that rlx-gguf is asked to encode and to decode, by their names in the protocol.
const ENCODED: &[(&str, GgmlType)] = &[
    ("q4_0", GgmlType::Q4_0),
    ("q4_1", GgmlType::Q4_1),
    ("q8_0", GgmlType::Q8_0),
    ("mxfp4", GgmlType::MXFP4),
];

/// The formats that rlx-gguf is asked to decode only: `SPEC.md` says nothing about their encoders.
const DECODED_ONLY: &[(&str, GgmlType)] = &[
    ("q5_0", GgmlType::Q5_0),
    ("q5_1", GgmlType::Q5_1),
    ("q4_k", GgmlType::Q4K),
    ("q5_k", GgmlType::Q5K),
    ("q6_k", GgmlType::Q6K),
    ("iq4_nl", GgmlType::IQ4NL),
    ("iq4_xs", GgmlType::IQ4XS),
    ("nvfp4", GgmlType::NVFP4),
];

/// What rlx-gguf has for a request: an answer or a refusal, or `None` where the function has no
/// argument for a part of the request.
type Answer<T> = Option<Result<T>>;
type Decoder = fn(GgmlType, Vec<u8>, usize) -> Answer<Vec<f32>>;
type Encoder = fn(GgmlType, Vec<f32>, Vec<usize>) -> Answer<Vec<u8>>;

/// A function that decodes one block of 256 values.
type BlockDecoder = fn(&[u8], &mut [f32; QK_K]);

/// The public ways to decode, the first of them used where a request names none.
const DECODERS: &[(&str, Decoder)] = &[
    // Bytes and a number of values.
    ("typed", |format, blocks, len| Some(dequant_typed(format, &blocks, len, TENSOR))),
    // A tensor in a GGUF file, which rlx-gguf writes as well.
    ("file", |format, blocks, len| {
        Some(file(format, blocks, vec![len]).and_then(|file| Ok(file.dequant_f32(TENSOR)?.0)))
    }),
    // The functions for one block of 256 values, which the functions for tensors do not call.
    ("block", |format, blocks, len| {
        let (bytes, decode): (_, BlockDecoder) = match format {
            GgmlType::Q4K => (144, dequant_q4_k_block),
            GgmlType::Q5K => (176, dequant_q5_k_block),
            GgmlType::Q6K => (210, dequant_q6_k_block),
            _ => return None,
        };
        // Other than whole blocks are not expressible, nor is another number of values.
        let count = blocks.len() / bytes;
        if blocks.len() % bytes != 0 || count * QK_K != len {
            return None;
        }
        let mut values = vec![0.0; len];
        for (block, out) in blocks.chunks_exact(bytes).zip(values.as_chunks_mut().0) {
            decode(block, out);
        }
        Some(Ok(values))
    }),
];

/// The public ways to encode, the first of them used where a request names none.
const ENCODERS: &[(&str, Encoder)] = &[
    // Values alone: the function has no argument for a shape.
    ("quantize", |format, values, shape| {
        let len = shape.iter().try_fold(1usize, |len, &dimension| len.checked_mul(dimension));
        (len == Some(values.len())).then(|| quantize(&values, format))
    }),
    // Values of a tensor, which has a shape, in a GGUF file.
    ("file", |format, values, shape| {
        Some(quantize(&values, format).and_then(|blocks| {
            let file = file(format, blocks, shape)?;
            let tensor = file.get(TENSOR).context("the tensor is not in the file")?;
            Ok(file.tensor_bytes(tensor)?.to_vec())
        }))
    }),
];

/// A GGUF file of one tensor, written and read by rlx-gguf.
fn file(format: GgmlType, blocks: Vec<u8>, shape: Vec<usize>) -> Result<GgufFile> {
    let mut writer = GgufWriter::new();
    writer.add_tensor_bytes(TENSOR, shape, format, blocks)?;
    let mut bytes = Cursor::new(Vec::new());
    writer.write(&mut bytes)?;
    GgufFile::from_bytes(bytes.into_inner())
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

/// Values of the one type that rlx-gguf encodes from, or of another, which is then not there.
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

/// Puts a request to rlx-gguf, or is `None` where it has no function for it.
fn ask(request: Request) -> Answer<Value> {
    let Request { op, format, entry, blocks, original_len, shape, values, .. } = request;
    let encoded = named(ENCODED, Some(format.clone()));
    match op.as_str() {
        "decode" => {
            let format = encoded.or_else(|| named(DECODED_ONLY, Some(format)))?;
            let answer = named(DECODERS, entry)?(format, blocks, original_len)?;
            Some(answer.map(|values| {
                let bytes: Vec<u8> = values.into_iter().flat_map(f32::to_le_bytes).collect();
                json!({ "values": { "f32": hex(&bytes) } })
            }))
        }
        "encode" => {
            let answer = named(ENCODERS, entry)?(encoded?, values.f32?, shape)?;
            Some(answer.map(|blocks| json!({ "encoded": { "blocks": hex(&blocks) } })))
        }
        _ => None,
    }
}

fn handshake() -> Value {
    let mut entries = json!({});
    for format in names(ENCODED) {
        entries[format!("encode:{format}")] = json!(names(ENCODERS));
    }
    for format in [names(ENCODED), names(DECODED_ONLY)].concat() {
        let one_by_one = matches!(format, "q4_k" | "q5_k" | "q6_k");
        let decoders = if one_by_one { DECODERS } else { &DECODERS[..2] };
        entries[format!("decode:{format}")] = json!(names(decoders));
    }
    let capabilities: Vec<_> =
        entries.as_object().into_iter().flat_map(|keys| keys.keys()).collect();
    json!({
        "protocol": 1,
        "name": "rlx-gguf",
        "version": VERSION,
        "language": "Rust",
        "capabilities": capabilities,
        "entries": entries,
    })
}

fn main() -> io::Result<()> {
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let seq = request.seq;
        let reply = match request.op.as_str() {
            "hello" => handshake(),
            _ => match ask(request) {
                Some(Ok(result)) => json!({ "seq": seq, "result": result }),
                Some(Err(error)) => {
                    json!({ "seq": seq, "refused": { "message": format!("{error:#}") } })
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
