//! anamnesis as a subject of the conformance suite, asked to decode the blocks of ggml.
//!
//! All that this file knows of these formats is that anamnesis takes them as bytes, and that it takes
//! them in a GGUF file too, whose header this file writes: the writer of anamnesis takes no blocks.
//! Everything else is anamnesis's answer, handed on as it was given:
//!
//! * Nothing is checked on anamnesis's behalf: each request goes to it, however wrong it is. A
//!   function that has no argument for the scale of a tensor answers unsupported where there is one.
//! * No panic is caught. It ends this process, with the library's own message on the standard error,
//!   and the harness counts that as a crash.
//! * No refusal is given a class. anamnesis explains itself in prose, under kinds of error of which
//!   one stands for every fault of the input; sorting that prose into classes would test the sorting.
//!
//! The entries are anamnesis's public ways to decode to f32. It has them for bf16 and f16 too, which
//! the suite asks of KHQ4 only.

#[path = "../../ggml/wire.rs"]
mod wire;

use std::io;

use anamnesis::{
    F32Out, GgufType, Result, TargetDtype, dequantize_gguf, dequantize_gguf_blocks,
    parse_gguf_bytes, parse_safetensors_header,
};
use serde_json::json;
use wire::{Request, converse, greeting, named, names};

/// The version that the manifest pins.
const VERSION: &str = "0.7.10";

/// A format, by its name in the protocol, as anamnesis knows it, and by its number in a GGUF file.
type Format = (&'static str, GgufType, u32);

const FORMATS: &[Format] = &[
    ("q4_0", GgufType::Q4_0, 2),
    ("q4_1", GgufType::Q4_1, 3),
    ("q5_0", GgufType::Q5_0, 6),
    ("q5_1", GgufType::Q5_1, 7),
    ("q8_0", GgufType::Q8_0, 8),
    ("q4_k", GgufType::Q4_K, 12),
    ("q5_k", GgufType::Q5_K, 13),
    ("q6_k", GgufType::Q6_K, 14),
    ("iq4_nl", GgufType::IQ4_NL, 20),
    ("iq4_xs", GgufType::IQ4_XS, 23),
    ("mxfp4", GgufType::MXFP4, 39),
    ("nvfp4", GgufType::NVFP4, 40),
];

/// The number of f32 in a GGUF file, and the boundary at which each tensor begins there.
const F32: u32 = 0;
const ALIGNMENT: usize = 32;

/// The names by which anamnesis finds the scale of a tensor.
const WEIGHT: &str = "tensor.weight";
const SCALE: &str = "tensor.scale";

/// What is to be decoded: a format, blocks, a number of values, and the scale of the tensor.
struct Question {
    format: GgufType,
    number: u32,
    blocks: Vec<u8>,
    len: usize,
    scale: Option<Vec<u8>>,
}

/// What anamnesis has for a question: the bytes of f32 values or a refusal, or `None` where the
/// function has no argument for a part of it.
type Answer = Option<Result<Vec<u8>>>;
type Decoder = fn(&Question) -> Answer;

/// The public ways to decode, the first of them used where a request names none.
const DECODERS: &[(&str, Decoder)] = &[
    // Blocks and a number of values.
    ("tensor", |asked| {
        let Question { format, blocks, len, scale, .. } = asked;
        scale.is_none().then(|| dequantize_gguf::<F32Out>(blocks, *format, *len))
    }),
    // The same, where the values of each block are handed over when they are there.
    ("blocks", |asked| {
        let Question { format, blocks, len, scale, .. } = asked;
        scale.is_none().then(|| {
            let mut values = Vec::new();
            dequantize_gguf_blocks::<F32Out, _>(blocks, *format, *len, |block| {
                values.extend_from_slice(block);
                Ok(())
            })?;
            Ok(values)
        })
    }),
    // A tensor of a GGUF file.
    ("file", |asked| {
        asked.scale.is_none().then(|| {
            let file = parse_gguf_bytes(gguf(asked))?;
            file.dequantize_tensor_as::<F32Out>(&file.tensor_info()[0])
        })
    }),
    // A whole GGUF file, made into a file of safetensors, with the scales of its tensors multiplied in.
    ("remember", |asked| {
        Some(parse_gguf_bytes(gguf(asked)).and_then(|file| {
            let bytes = file.remember_to_bytes(TargetDtype::F32)?;
            let header = parse_safetensors_header(&bytes)?;
            let (from, to) = header.tensors[0].data_offsets;
            Ok(bytes[8 + header.header_size..][from..to].to_vec())
        }))
    }),
];

/// A GGUF file with the tensor, and with its scale, if it has one, as a second tensor.
fn gguf(asked: &Question) -> Vec<u8> {
    let mut tensors = vec![(WEIGHT, asked.number, asked.len, &asked.blocks)];
    tensors.extend(asked.scale.as_ref().map(|scale| (SCALE, F32, 1, scale)));

    let (mut header, mut payload) = (Vec::from(*b"GGUF"), Vec::new());
    header.extend(3u32.to_le_bytes()); // the version
    header.extend((tensors.len() as u64).to_le_bytes());
    header.extend(0u64.to_le_bytes()); // no metadata
    for (name, number, len, bytes) in tensors {
        header.extend((name.len() as u64).to_le_bytes());
        header.extend(name.as_bytes());
        header.extend(1u32.to_le_bytes()); // one dimension
        header.extend((len as u64).to_le_bytes());
        header.extend(number.to_le_bytes());
        payload.resize(payload.len().next_multiple_of(ALIGNMENT), 0);
        header.extend((payload.len() as u64).to_le_bytes());
        payload.extend(bytes);
    }
    header.resize(header.len().next_multiple_of(ALIGNMENT), 0);
    [header, payload].concat()
}

/// Puts a request to anamnesis, or is `None` where it has no function for it.
fn ask(request: Request) -> Answer {
    let Request { op, format, entry, blocks, original_len, tensor_scale, .. } = request;
    let &(_, format, number) = FORMATS.iter().find(|known| op == "decode" && known.0 == format)?;
    let scale = match tensor_scale {
        Some(scale) => Some(scale.f32?.into_iter().flat_map(f32::to_le_bytes).collect()),
        None => None,
    };
    let question = Question { format, number, blocks, len: original_len, scale };
    named(DECODERS, entry)?(&question)
}

/// The values of f32 in bytes; anamnesis gives whole ones.
fn floats(bytes: Vec<u8>) -> Vec<f32> {
    bytes.as_chunks().0.iter().copied().map(f32::from_le_bytes).collect()
}

fn main() -> io::Result<()> {
    let entries = FORMATS.iter().map(|format| format!("decode:{}", format.0));
    let entries = entries.map(|name| (name, json!(names(DECODERS)))).collect();
    let greeting = greeting("anamnesis", VERSION, entries, &["tensor-scale:nvfp4"]);
    converse(&greeting, |request| {
        let answer = ask(request)?;
        Some(answer.map(|bytes| wire::decoded(floats(bytes))).map_err(|error| error.to_string()))
    })
}
