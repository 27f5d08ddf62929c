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

#[path = "../../ggml/wire.rs"]
mod wire;

use std::env;
use std::io::{self, Cursor};

use candle_core::quantized::ggml_file::qtensor_from_ggml;
use candle_core::quantized::gguf_file::TensorInfo;
use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use candle_core::{Device::Cpu, Tensor};
use serde_json::{Value, json};
use wire::{Request, converse, greeting, named, names};

/// The version that the manifest pins.
const VERSION: &str = "0.11.1";

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

/// Puts a request to candle, or is `None` where it has no function for it.
fn ask(request: Request, encoders: &[(&str, Encoder)]) -> Option<candle_core::Result<Value>> {
    let Request { op, format, entry, blocks, original_len, shape, values, tensor_scale, .. } =
        request;
    let encoded = named(ENCODED, Some(format.clone()));
    Some(match op.as_str() {
        "decode" if tensor_scale.is_none() => {
            let format = encoded.or_else(|| named(DECODED_ONLY, Some(format)))?;
            named(DECODERS, entry)?(format, blocks, original_len).map(wire::decoded)
        }
        "encode" => named(encoders, entry)?(encoded?, values.f32?, shape).map(wire::encoded),
        _ => return None,
    })
}

/// What each operation can be asked through.
fn entries(encoders: &[(&'static str, Encoder)]) -> Value {
    let mut entries = json!({});
    for format in names(ENCODED) {
        entries[format!("encode:{format}")] = json!(names(encoders));
    }
    for format in [names(ENCODED), names(DECODED_ONLY)].concat() {
        entries[format!("decode:{format}")] = json!(names(DECODERS));
    }
    entries
}

fn main() -> io::Result<()> {
    let view = env::args().nth(1).is_some_and(|word| word == VIEW.0);
    let encoders = if view { &[VIEW] } else { ENCODERS };
    let greeting = greeting("candle", VERSION, entries(encoders), &[]);
    converse(&greeting, |request| {
        ask(request, encoders).map(|answer| answer.map_err(|error| error.to_string()))
    })
}
