//! What a question's lawful answers are, from the exact evaluator alone.
//!
//! The builder of the vectors calls this once; `check` calls it again for every case that it runs
//! and refuses vectors that say something else, so that neither a vector nor the evaluator can be
//! changed unseen.

mod directory;
mod kernel;

use std::cmp::Ordering;

use super::case::{
    Answer, Behaviour, Case, Expect, File, FileFormat, Input, Mode, SourceValues, Special,
};
use super::exact::file::{Content, Verdict};
use super::exact::{Refusal, block, encode, file, ggml, halves, mlx, source};
use super::hex::{Bits, Bits16, Bytes};
use super::patch;
use crate::format::Class;
pub(super) use kernel::{Rotated, product};
use kernel::{matmul, rotate};

/// Blocks of one case whose minimum may be a zero.
pub(crate) const MOST_ZERO_MINIMA: usize = 8;

/// The lawful answers to the case's question.
///
/// # Errors
///
/// Where the question is not one that SPEC.md answers, or the control is missing or unfit.
pub fn derive(case: &Case, control: Option<&Case>) -> Result<Expect, String> {
    match &case.input {
        Input::Decode { blocks, original_len } => decode(&blocks.0, *original_len),
        Input::DecodeF16 { blocks, original_len } => decode_to_half(&blocks.0, *original_len),
        Input::DecodeQ41 { blocks, original_len } => decode_q4_1(&blocks.0, *original_len),
        Input::EncodeQ41 { shape, values } => encode_q4_1(shape, values),
        Input::EncodeMlx { shape, values } => encode_mlx(shape, values),
        Input::ReadIndex { directory, open } => directory::read_index(directory.as_deref(), *open),
        Input::NameTensors { tensors } => Ok(directory::name_tensors(tensors)),
        Input::Matmul { .. } => matmul(&case.input),
        Input::Rotate { .. } => rotate(&case.input),
        Input::Encode { mode, shape, values } => encode_tensor(*mode, shape, values),
        Input::EncodeFrom { mode, shape, values } => encode_tensor(*mode, shape, &widened(values)),
        Input::Load { file: File::Special(special), .. } => {
            Ok(Expect::Refuse(special_classes(*special)))
        }
        Input::Load { format, expected_shape, address_width, .. } => {
            let bytes = load_bytes(case, control)?.unwrap_or_default();
            let (width, shape) = (address_width.unwrap_or(64), expected_shape.as_deref());
            Ok(match format {
                FileFormat::Khq4 => from_verdict(file::judge(&bytes, width, shape), tensor),
                FileFormat::Khf1 => {
                    let tensor = |content: halves::Content| Answer::HalfTensor {
                        shape: content.shape,
                        values: Bits16(content.values),
                    };
                    from_half_verdict(halves::judge(&bytes, width, shape), tensor)
                }
            })
        }
        Input::Save { shape, original_len, blocks } => {
            let bytes = file::write(shape, *original_len, &blocks.0);
            let written = |_| Answer::File(Bytes(bytes.clone()));
            Ok(from_verdict(file::judge(&bytes, 64, None), written))
        }
        Input::SaveKhf1 { shape, values } => {
            let bytes = halves::write(shape, values.0.len() as u64, &values.0);
            let written = |_| Answer::File(Bytes(bytes.clone()));
            Ok(from_half_verdict(halves::judge(&bytes, 64, None), written))
        }
    }
}

/// Checks that a case says what is derived.
///
/// # Errors
///
/// How it differs, for the person who made the vectors.
pub fn verify(case: &Case, control: Option<&Case>) -> Result<(), String> {
    let derived = derive(case, control)?;
    match (&case.expect, &derived) {
        (Expect::Bounded {}, Expect::Exact(Answer::Blocks(_)) | Expect::OneOf(_))
            if source(&case.input).is_some() =>
        {
            Ok(())
        }
        (stored, derived) if stored == derived => Ok(()),
        (stored, derived) => {
            Err(format!("expects {stored:?}, but the exact evaluator derives {derived:?}"))
        }
    }
}

/// The bytes of the file that a load is given; `None` where it is given no regular file.
///
/// # Errors
///
/// Where the control is missing or its file cannot be patched.
pub fn load_bytes(case: &Case, control: Option<&Case>) -> Result<Option<Vec<u8>>, String> {
    let Input::Load { file, .. } = &case.input else { return Ok(None) };
    match file {
        File::Bytes(bytes) => Ok(Some(bytes.0.clone())),
        File::Special(_) => Ok(None),
        File::Patch(edits) => match control.map(|control| &control.input) {
            Some(Input::Load { file: File::Bytes(bytes), .. }) => {
                patch::apply(&bytes.0, edits).map(Some)
            }
            _ => Err("a patch needs a control with a file of bytes".into()),
        },
    }
}

/// DEC-1 to DEC-4.
fn decode(blocks: &[u8], original_len: u64) -> Result<Expect, String> {
    let values = || Answer::Values(Bits(block::decode(blocks, original_len as usize)));
    Ok(match block_faults(blocks, original_len.into()) {
        Blocks::Refused(classes) => Expect::Refuse(classes),
        Blocks::Negative => signed_or_positive(values()),
        Blocks::Plain => Expect::Exact(values()),
    })
}

/// F16-1 to F16-3.
fn decode_to_half(blocks: &[u8], original_len: u64) -> Result<Expect, String> {
    let negative = match block_faults(blocks, original_len.into()) {
        Blocks::Refused(classes) => return Ok(Expect::Refuse(classes)),
        Blocks::Negative => true,
        Blocks::Plain => false,
    };
    let answer = |twice| match block::decode_to_half(blocks, original_len as usize, twice) {
        Some(values) => Answer::Halves(Bits16(values)),
        None => Answer::Refuse(vec![Class::Value]),
    };
    let (once, twice) = (answer(false), answer(true));
    match (once == twice, negative) {
        (true, false) => Ok(match once {
            Answer::Refuse(classes) => Expect::Refuse(classes),
            values => Expect::Exact(values),
        }),
        (false, false) => Ok(Expect::OneOf(vec![
            behaviour("rounded-once", once),
            behaviour("rounded-twice", twice),
        ])),
        (true, true) if !matches!(once, Answer::Refuse(_)) => Ok(signed_or_positive(once)),
        _ => Err("a negative scale, and values that overflow or round in two ways".into()),
    }
}

/// What is to be said of blocks before their values.
enum Blocks {
    /// Lawful, every scale above zero.
    Plain,
    /// Lawful, some scale below zero.
    Negative,
    /// Not lawful.
    Refused(Vec<Class>),
}

/// Whether blocks are more or fewer than those of `count` values (DEC-4).
fn extent_fault(blocks: &[u8], count: u128) -> Option<Class> {
    match (blocks.len() as u128).cmp(&(count.div_ceil(32) * block::BYTES as u128)) {
        Ordering::Less => Some(Class::TruncatedPayload),
        Ordering::Greater => Some(Class::TrailingBytes),
        Ordering::Equal => None,
    }
}

/// KHQ4-P3 and P4, and the extent of the blocks of `count` values: each class that is right (ERR-2).
fn block_faults(blocks: &[u8], count: u128) -> Blocks {
    let claimed = usize::try_from(count.div_ceil(32)).unwrap_or(usize::MAX);
    let whole = blocks.as_chunks::<{ block::BYTES }>().0.iter().take(claimed);
    let read = whole.map(|block| block::ExactBlock::read(block));
    let (scales, biases): (Vec<_>, Vec<_>) =
        read.map(|block| (block::half(block.scale), block::half(block.bias))).unzip();
    let wrong_scale = scales.iter().any(|scale| scale.is_none_or(|scale| scale == 0));
    let negative = scales.iter().flatten().any(|scale| scale.is_negative());
    let extent = extent_fault(blocks, count);
    let wrong_bias = biases.contains(&None).then_some(Class::Bias);
    match (extent.is_some() || wrong_scale || wrong_bias.is_some(), negative) {
        (false, false) => Blocks::Plain,
        (false, true) => Blocks::Negative,
        (true, _) => {
            let scale = (wrong_scale || negative).then_some(Class::Scale);
            Blocks::Refused([extent, scale, wrong_bias].into_iter().flatten().collect())
        }
    }
}

/// GGML-1 and GGML-2.
fn decode_q4_1(blocks: &[u8], original_len: u64) -> Result<Expect, String> {
    if !original_len.is_multiple_of(32) {
        return Ok(Expect::Refuse(vec![Class::Shape]));
    }
    if let Some(class) = extent_fault(blocks, original_len.into()) {
        return Ok(Expect::Refuse(vec![class]));
    }
    let halves =
        blocks.chunks(block::BYTES).flat_map(|block| [[block[0], block[1]], [block[2], block[3]]]);
    if halves.map(u16::from_le_bytes).any(|half| block::half(half).is_none()) {
        return Err("GGML-2 demands nothing of a scale or minimum that is not finite".into());
    }
    Ok(Expect::Exact(Answer::Values(Bits(ggml::decode(blocks)))))
}

/// ENC-S5.
fn widened(values: &SourceValues) -> Bits {
    Bits(match values {
        SourceValues::F16(bits) => bits.0.iter().map(|&bits| source::from_f16(bits)).collect(),
        SourceValues::Bf16(bits) => bits.0.iter().map(|&bits| source::from_bf16(bits)).collect(),
        SourceValues::F64(bits) => bits.0.iter().map(|&bits| source::from_f64(bits)).collect(),
    })
}

/// What an encode into KHQ4's blocks takes, as f32.
pub(super) fn source(input: &Input) -> Option<(Mode, Bits)> {
    match input {
        Input::Encode { mode, values, .. } => Some((*mode, values.clone())),
        Input::EncodeFrom { mode, values, .. } => Some((*mode, widened(values))),
        _ => None,
    }
}

/// GGML-1 and GGML-3.
fn encode_q4_1(shape: &[u64], values: &Bits) -> Result<Expect, String> {
    encode_rows(shape, values.0.len(), || {
        ggml::encode(&values.0).ok_or("GGML-3 demands nothing of such values".into())
    })
}

/// MLX-1 and MLX-2.
fn encode_mlx(shape: &[u64], values: &Bits16) -> Result<Expect, String> {
    encode_rows(shape, values.0.len(), || {
        let payload = mlx::encode(&values.0).ok_or("MLX-2 demands nothing of such values")?;
        Ok(vec![encode::Variant { payload, behaviours: Vec::new() }])
    })
}

/// The encoding of rows that are whole blocks, or may be refused where they are not.
fn encode_rows(
    shape: &[u64],
    count: usize,
    encode: impl FnOnce() -> Result<Vec<encode::Variant>, String>,
) -> Result<Expect, String> {
    let mut classes = Vec::new();
    if !count.is_multiple_of(32) {
        classes.push(Class::Shape);
    }
    let (product, widest) = file::fold(shape);
    if product != count as u128 {
        classes.push(Class::ShapeMismatch);
    }
    let overflows = widest >> 64 != 0;
    if !classes.is_empty() {
        classes.extend(overflows.then_some(Class::Overflow));
        return Ok(Expect::Refuse(classes));
    }
    let flat = encodings(encode()?, overflows);
    Ok(match shape.last() {
        Some(columns) if !columns.is_multiple_of(32) => or_whole_rows(flat),
        _ => flat,
    })
}

fn behaviour(name: &str, answer: Answer) -> Behaviour {
    Behaviour { name: name.into(), answer }
}

/// KHQ4-P6.
fn signed_or_positive(accepted: Answer) -> Expect {
    Expect::OneOf(vec![
        behaviour("signed-scale", accepted),
        behaviour("positive-scale", Answer::Refuse(vec![Class::Scale])),
    ])
}

/// ENC, and ERR-2 for the classes of several faults.
fn encode_tensor(mode: Mode, shape: &[u64], values: &Bits) -> Result<Expect, String> {
    let (product, widest) = file::fold(shape);
    let overflows = widest >> 64 != 0;
    let symmetric = mode == Mode::Symmetric;
    let of_shape = [
        (product != values.0.len() as u128).then_some(Class::ShapeMismatch),
        overflows.then_some(Class::Overflow),
    ];
    let of_block = |block: &[u32]| {
        encode::encode(block, symmetric).err().map(|refusal| match refusal {
            Refusal::NonFinite { .. } => Class::NonFinite,
            Refusal::Scale { .. } => Class::Scale,
            Refusal::Bias { .. } => Class::Bias,
        })
    };
    let mut faults = Vec::new();
    for class in of_shape.into_iter().chain(values.0.chunks(block::WEIGHTS).map(of_block)).flatten()
    {
        if !faults.contains(&class) {
            faults.push(class);
        }
    }
    // A product that overflows on its way to zero is the fault of one behaviour only.
    if faults.iter().any(|&class| class != Class::Overflow) {
        return Ok(Expect::Refuse(faults));
    }
    // Either sign of each zero minimum is lawful (ENC-Z1), which doubles the encodings.
    let zero_minimum = |block: &&[u32]| {
        block.iter().map(|&bits| f32::from_bits(bits)).fold(f32::INFINITY, f32::min) == 0.0
    };
    let zeros = values.0.chunks(block::WEIGHTS).filter(zero_minimum).count();
    if zeros > MOST_ZERO_MINIMA && !symmetric {
        return Err(format!("{zeros} blocks have a minimum of zero, more than {MOST_ZERO_MINIMA}"));
    }
    let variants = encode::encode(&values.0, symmetric).map_err(|fault| format!("{fault:?}"))?;
    Ok(encodings(variants, overflows))
}

/// GGML-1: rows that are not whole blocks may be refused.
fn or_whole_rows(flat: Expect) -> Expect {
    let mut behaviours = match flat {
        Expect::Exact(answer) => vec![behaviour("flat-rows", answer)],
        Expect::OneOf(behaviours) => behaviours,
        other => return other,
    };
    behaviours.push(behaviour("whole-rows", Answer::Refuse(vec![Class::Shape])));
    Expect::OneOf(behaviours)
}

/// The encodings under the behaviours that they show.
fn encodings(variants: Vec<encode::Variant>, overflows: bool) -> Expect {
    let encoding = |variant: encode::Variant| {
        behaviour(&variant.behaviours.join("+"), Answer::Blocks(Bytes(variant.payload)))
    };
    let mut behaviours: Vec<Behaviour> = variants.into_iter().map(encoding).collect();
    if overflows {
        // KHQ4-H6: there are no values, and so but one encoding.
        behaviours[0].name = "zero-first".into();
        behaviours.push(behaviour("fold-left", Answer::Refuse(vec![Class::Overflow])));
    }
    one_of(behaviours)
}

fn from_verdict(verdict: Verdict, answer: impl Fn(Content) -> Answer) -> Expect {
    match verdict {
        Verdict::Accept(content) => Expect::Exact(answer(content)),
        Verdict::Refuse(classes) => Expect::Refuse(classes.into_iter().collect()),
        Verdict::Either { content, accepts, refuses, class } => Expect::OneOf(vec![
            behaviour(accepts, answer(content)),
            behaviour(refuses, Answer::Refuse(vec![class])),
        ]),
    }
}

fn from_half_verdict(
    verdict: halves::Verdict,
    answer: impl Fn(halves::Content) -> Answer,
) -> Expect {
    match verdict {
        halves::Verdict::Accept(content) => Expect::Exact(answer(content)),
        halves::Verdict::Refuse(classes) => Expect::Refuse(classes.into_iter().collect()),
        halves::Verdict::Either(content) => Expect::OneOf(vec![
            behaviour("zero-first", answer(content)),
            behaviour("fold-left", Answer::Refuse(vec![Class::Overflow])),
        ]),
    }
}

fn tensor(content: Content) -> Answer {
    let Content { shape, payload, values } = content;
    Answer::Tensor { shape, blocks: Bytes(payload), values: Bits(values) }
}

/// One lawful answer needs no name.
fn one_of(mut behaviours: Vec<Behaviour>) -> Expect {
    match behaviours.len() {
        1 => Expect::Exact(behaviours.remove(0).answer),
        _ => Expect::OneOf(behaviours),
    }
}

/// KHQ4-A1.
fn special_classes(special: Special) -> Vec<Class> {
    match special {
        Special::Missing | Special::DanglingSymlink => vec![Class::Io],
        Special::Directory | Special::SymlinkToDirectory | Special::Fifo | Special::Device => {
            vec![Class::NotAFile]
        }
        Special::Socket => vec![Class::NotAFile, Class::Io],
    }
}
