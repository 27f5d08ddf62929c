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

#[path = "../../ggml/wire.rs"]
mod wire;

use std::io::{self, Cursor};

use anyhow::{Context, Result};
use rlx_gguf::{
    GgmlType, GgufFile, GgufWriter, QK_K, dequant_q4_k_block, dequant_q5_k_block,
    dequant_q6_k_block, dequant_typed, quantize,
};
use serde_json::{Value, json};
use wire::{Request, converse, greeting, named, names};

/// The version that the manifest pins.
const VERSION: &str = "0.2.19";

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

/// Puts a request to rlx-gguf, or is `None` where it has no function for it.
fn ask(request: Request) -> Answer<Value> {
    let Request { op, format, entry, blocks, original_len, shape, values, tensor_scale, .. } =
        request;
    let encoded = named(ENCODED, Some(format.clone()));
    match op.as_str() {
        "decode" if tensor_scale.is_none() => {
            let format = encoded.or_else(|| named(DECODED_ONLY, Some(format)))?;
            let answer = named(DECODERS, entry)?(format, blocks, original_len)?;
            Some(answer.map(wire::decoded))
        }
        "encode" => {
            let answer = named(ENCODERS, entry)?(encoded?, values.f32?, shape)?;
            Some(answer.map(wire::encoded))
        }
        _ => None,
    }
}

/// What each operation can be asked through.
fn entries() -> Value {
    let mut entries = json!({});
    for format in names(ENCODED) {
        entries[format!("encode:{format}")] = json!(names(ENCODERS));
    }
    for format in [names(ENCODED), names(DECODED_ONLY)].concat() {
        let one_by_one = matches!(format, "q4_k" | "q5_k" | "q6_k");
        let decoders = if one_by_one { DECODERS } else { &DECODERS[..2] };
        entries[format!("decode:{format}")] = json!(names(decoders));
    }
    entries
}

fn main() -> io::Result<()> {
    let greeting = greeting("rlx-gguf", VERSION, entries(), &[]);
    converse(&greeting, |request| {
        ask(request).map(|answer| answer.map_err(|error| format!("{error:#}")))
    })
}
