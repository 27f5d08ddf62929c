//! The reference's block formats: KHQ4, and those of [`codec::rows`].

use half::{bf16, f16};
use zerocopy::{FromBytes, IntoBytes};

use super::refused;
use crate::codec::rows::SourceFloat;
use crate::codec::{self, BLOCK_BYTES, Block, EncodeError, Encoder, RowFormat, block_count};
use crate::format::khq4::{Header, check_blocks};
use crate::format::{AddressWidth, Class, FormatError};
use crate::subject::{Entry, Response};
use crate::suite::answer::Encoded;
use crate::suite::floats::{Float, Floats};
use crate::suite::hex::{Bits16, Bytes};
use crate::suite::operation::FormatId;
use crate::suite::question::{Decode, Encode, Matmul};

pub(super) fn decode(question: &Decode) -> Response<Floats> {
    let to = question.to.unwrap_or(Float::F32);
    match (question.format, RowFormat::named(question.format.name())) {
        (FormatId::KHQ4, _) => decode_khq4(question, to),
        (_, Some(format)) if to == Float::F32 => decode_rows(format, question),
        _ => Response::Unsupported,
    }
}

fn decode_khq4(question: &Decode, to: Float) -> Response<Floats> {
    let blocks = match lawful_blocks(&question.blocks, question.original_len) {
        Ok(blocks) => blocks,
        Err(error) => return error.into(),
    };
    let count = question.original_len as usize;
    match to {
        Float::F32 => {
            let mut values = vec![0.0; count];
            codec::decode(blocks, &mut values);
            Response::Done(Floats::of(&values))
        }
        Float::F16 => match codec::decode_to_f16(blocks, count) {
            Ok(values) => {
                let bits = values.into_iter().map(f16::to_bits).collect();
                Response::Done(Floats::F16(Bits16(bits)))
            }
            Err(index) => refused(Class::Value, format!("value {index} overflows f16")),
        },
        Float::Bf16 | Float::F64 => Response::Unsupported,
    }
}

fn decode_rows(format: &RowFormat, question: &Decode) -> Response<Floats> {
    let Decode { original_len, blocks, tensor_scale, .. } = question;
    if !original_len.is_multiple_of(format.weights as u64) {
        return refused(Class::Shape, format!("{original_len} values are not whole blocks"));
    }
    let expected = (original_len / format.weights as u64).saturating_mul(format.bytes as u64);
    if let Err(error) = expect_extent(blocks, *original_len, expected) {
        return error.into();
    }
    let Some(mut values) = format.decode(&blocks.0) else { return Response::Unsupported };
    if let Some(scale) = tensor_scale {
        // The scale of a tensor comes last (NV-3, `code-first`).
        let Some(&[scale]) = scale.singles().as_deref() else { return Response::Unsupported };
        values.iter_mut().for_each(|value| *value *= scale);
    }
    Response::Done(Floats::of(&values))
}

pub(super) fn encode(question: &Encode, entry: Entry) -> Response<Encoded> {
    match (question.format, RowFormat::named(question.format.name())) {
        (FormatId::KHQ4, _) => encode_khq4(question, entry),
        (_, Some(format)) => encode_rows(format, question),
        _ => Response::Unsupported,
    }
}

fn encode_khq4(question: &Encode, entry: Entry) -> Response<Encoded> {
    let Some(mode) = question.mode else { return Response::Unsupported };
    let values = match shaped(&question.shape, widened(&question.values)) {
        Ok(values) => values,
        Err(error) => return error.into(),
    };
    let encoded = match entry {
        None | Some("tensor") => codec::encode(&values, mode.into()),
        Some("pieces") => encode_in_pieces(&values, mode.into()),
        Some(_) => return Response::Unsupported,
    };
    match encoded {
        Ok(blocks) => Response::Done(Encoded::of(blocks.as_bytes().to_vec())),
        Err(error) => refused(class_of(&error), error.to_string()),
    }
}

/// Rows of whole blocks, laid over the flat tensor (`flat-rows`).
fn encode_rows(format: &RowFormat, question: &Encode) -> Response<Encoded> {
    let source = match format.source {
        SourceFloat::F16 => Float::F16,
        SourceFloat::F32 => Float::F32,
    };
    if question.values.float() != source || question.mode.is_some() {
        return Response::Unsupported;
    }
    let values = match shaped(&question.shape, widened(&question.values)) {
        Ok(values) => values,
        Err(error) => return error.into(),
    };
    if !values.len().is_multiple_of(format.weights) {
        return refused(Class::Shape, format!("{} values are not whole blocks", values.len()));
    }
    format
        .encode(&values)
        .map_or(Response::Unsupported, |blocks| Response::Done(Encoded::of(blocks)))
}

pub(super) fn matmul(question: &Matmul) -> Response<Floats> {
    if question.format != FormatId::KHQ4 {
        return Response::Unsupported;
    }
    let (blocks, x) = match lawful_product(question) {
        Ok(factors) => factors,
        Err(error) => return error.into(),
    };
    // As a row has columns, the blocks that are there bound both.
    let (rows, columns) = (question.rows as usize, question.columns as usize);
    Response::Done(Floats::of(&codec::matmul(blocks, rows, columns, &x)))
}

/// That there are as many bytes as `count` values take.
fn expect_extent(bytes: &Bytes, count: u64, expected: u64) -> Result<(), FormatError> {
    let found = bytes.0.len() as u64;
    if found == expected {
        return Ok(());
    }
    let class = if found < expected { Class::TruncatedPayload } else { Class::TrailingBytes };
    let detail = format!("{count} values take {expected} bytes, not {found}");
    Err(FormatError::new(class, found.min(expected), detail))
}

/// The blocks of `count` values, exactly (DEC-4), each with a scale and a bias that have values.
pub(crate) fn lawful_blocks(bytes: &Bytes, count: u64) -> Result<&[Block], FormatError> {
    // Cannot wrap: see `Header::payload_len`.
    expect_extent(bytes, count, block_count(count) * BLOCK_BYTES as u64)?;
    let blocks = <[Block]>::ref_from_bytes(&bytes.0).expect("whole blocks, as checked");
    check_blocks(blocks, 0)?;
    Ok(blocks)
}

/// The blocks of the matrix and the values of the vectors, where they are what DOT-4 to DOT-6 ask for.
pub(crate) fn lawful_product(question: &Matmul) -> Result<(&[Block], Vec<f32>), FormatError> {
    let Matmul { rows, columns, vectors, .. } = *question;
    let refused = |class, detail| FormatError::new(class, 0, detail);
    let weights = rows.checked_mul(columns).ok_or_else(|| {
        refused(Class::TruncatedPayload, format!("{rows} rows of {columns} overflow"))
    })?;
    let blocks = lawful_blocks(&question.blocks, weights)?;
    let x = question
        .x
        .singles()
        .ok_or_else(|| refused(Class::ShapeMismatch, "x is not of f32".into()))?;
    if vectors.checked_mul(columns) != Some(x.len() as u64) {
        let detail = format!("{vectors} vectors of {columns} values, not {}", x.len());
        return Err(refused(Class::ShapeMismatch, detail));
    }
    if columns == 0 {
        return Err(refused(Class::Shape, "a matrix without columns".into()));
    }
    Ok((blocks, x))
}

/// Source values as f32 (ENC-S5).
fn widened(values: &Floats) -> Vec<f32> {
    match values {
        Floats::F32(bits) => bits.values(),
        Floats::F16(Bits16(bits)) => {
            bits.iter().map(|&bits| f16::from_bits(bits).to_f32()).collect()
        }
        Floats::Bf16(Bits16(bits)) => {
            bits.iter().map(|&bits| bf16::from_bits(bits).to_f32()).collect()
        }
        // A conversion of this language rounds to nearest even; what overflows becomes an infinity,
        // which no encoder takes.
        Floats::F64(bits) => bits.values().into_iter().map(|value| value as f32).collect(),
    }
}

/// Values that are as many as the shape holds (ENC-S3).
fn shaped(shape: &[u64], values: Vec<f32>) -> Result<Vec<f32>, FormatError> {
    let mismatch = |detail| FormatError::new(Class::ShapeMismatch, 0, detail);
    let header = Header::for_shape(shape, AddressWidth::NATIVE)?;
    let (held, found) = (header.original_len, values.len());
    if held != found as u64 {
        return Err(mismatch(format!("shape {shape:?} holds {held} values, not {found}")));
    }
    Ok(values)
}

/// Values that come in pieces of 1, 0, 33, 7 and 32, over and over (ENC-S6).
fn encode_in_pieces(values: &[f32], mode: codec::Mode) -> Result<Vec<Block>, EncodeError> {
    let (mut encoder, mut blocks, mut rest) = (Encoder::new(mode), Vec::new(), values);
    for count in [1, 0, 33, 7, 32].into_iter().cycle() {
        let (piece, behind) = rest.split_at(count.min(rest.len()));
        encoder.push(piece, &mut blocks)?;
        rest = behind;
        if rest.is_empty() {
            break;
        }
    }
    encoder.finish(&mut blocks)?;
    Ok(blocks)
}

fn class_of(error: &EncodeError) -> Class {
    match error {
        EncodeError::NonFinite { .. } => Class::NonFinite,
        EncodeError::Scale { .. } => Class::Scale,
        EncodeError::Bias { .. } => Class::Bias,
    }
}
