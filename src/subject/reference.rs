//! The reference: `codec`, `format` and `store` as a subject.

use std::path::Path;

use half::{bf16, f16};
use num_traits::Float;
use zerocopy::{FromBytes, IntoBytes};

use super::message::{
    Decode, Encode, EncodeRows, Hello, Load, Matmul, NameTensors, PROTOCOL, Precision, ReadIndex,
    Refusal, Rotate, Save, SaveKhf1,
};
use super::{Answer, Implementation, Loaded, LoadedHalves};
use crate::codec::rotation::{each_column, each_row, fold_norm};
use crate::codec::{
    self, BLOCK_BYTES, BLOCK_WEIGHTS, Block, EncodeError, Encoder, Rotation, block_count, ggml, mlx,
};
use crate::format::index::{Entry, Index};
use crate::format::khq4::{Header, View, check_blocks};
use crate::format::names::file_names;
use crate::format::{AddressWidth, Class, FormatError, khf1};
use crate::store::{self, StoreError};
use crate::suite::case::{
    Feature, Form, ListedTensor, Listing, Operation, Side, SourceType, TensorRank,
};
use crate::suite::hex::{Bits, Bits16, Bits64, Bytes};

/// This crate's own codec and loaders.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference;

impl Implementation for Reference {
    fn hello(&self) -> Hello {
        let operations = Operation::ALL.into_iter().map(|operation| operation.name().to_owned());
        let features = Feature::ALL.map(|feature| feature.name().to_owned());
        let paths = || ["copy", "map"].map(str::to_owned).to_vec();
        Hello {
            protocol: PROTOCOL,
            name: "reference".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            language: "Rust".into(),
            capabilities: operations.chain(features).collect(),
            entries: [
                ("encode".to_owned(), ["tensor", "pieces"].map(str::to_owned).to_vec()),
                ("load".to_owned(), paths()),
                ("load-khf1".to_owned(), paths()),
            ]
            .into(),
        }
    }

    fn decode(&self, request: &Decode) -> Answer<Bits> {
        let blocks = match lawful_blocks(&request.blocks, request.original_len) {
            Ok(blocks) => blocks,
            Err(error) => return error.into(),
        };
        let mut values = vec![0.0; request.original_len as usize];
        codec::decode(blocks, &mut values);
        Answer::Done(Bits::of(&values))
    }

    fn decode_f16(&self, request: &Decode) -> Answer<Bits16> {
        let blocks = match lawful_blocks(&request.blocks, request.original_len) {
            Ok(blocks) => blocks,
            Err(error) => return error.into(),
        };
        match codec::decode_to_f16(blocks, request.original_len as usize) {
            Ok(values) => Answer::Done(Bits16(values.into_iter().map(f16::to_bits).collect())),
            Err(index) => refused(Class::Value, format!("value {index} overflows f16")),
        }
    }

    fn matmul(&self, request: &Matmul) -> Answer<Bits> {
        let (blocks, x) = match lawful_product(request) {
            Ok(factors) => factors,
            Err(error) => return error.into(),
        };
        // As a row has columns, the blocks that are there bound both.
        let (rows, columns) = (request.rows as usize, request.columns as usize);
        Answer::Done(Bits::of(&codec::matmul(blocks, rows, columns, &x)))
    }

    fn rotate(&self, request: &Rotate) -> Answer<Bytes> {
        let in_f32 = |bytes: &Bytes| Bits::from_le_bytes(bytes).map(|bits| bits.values());
        let in_f64 = |bytes: &Bytes| Bits64::from_le_bytes(bytes).map(|bits| bits.values());
        match request.precision {
            Precision::F32 => rotate(request, in_f32).map(|values| Bits::of(&values).to_le_bytes()),
            // The block form is for f32, and so far for rows.
            Precision::F64 if request.block.is_some() => Answer::Unsupported,
            Precision::F64 => {
                rotate(request, in_f64).map(|values| Bits64::of(&values).to_le_bytes())
            }
        }
    }

    fn decode_q4_1(&self, request: &Decode) -> Answer<Bits> {
        if !request.original_len.is_multiple_of(BLOCK_WEIGHTS as u64) {
            return refused(Class::Shape, format!("{} values", request.original_len));
        }
        match whole_blocks(&request.blocks, request.original_len) {
            Ok(blocks) => {
                let values: Vec<f32> = blocks.iter().flat_map(ggml::decode_block).collect();
                Answer::Done(Bits::of(&values))
            }
            Err(error) => error.into(),
        }
    }

    fn encode_q4_1(&self, request: &EncodeRows) -> Answer<Bytes> {
        encode_rows(request, None, ggml::encode_block)
    }

    fn encode_mlx(&self, request: &EncodeRows) -> Answer<Bytes> {
        encode_rows(request, Some(SourceType::F16), mlx::encode_block)
    }

    fn read_index(&self, request: &ReadIndex) -> Answer<Listing> {
        let path = Path::new(&request.path);
        from_store(match request.open {
            false => store::read_index(path).map(|index| listing(index.as_ref())),
            true => store::open_directory(path).map(|directory| listing(directory.index.as_ref())),
        })
    }

    fn name_tensors(&self, request: &NameTensors) -> Answer<Vec<String>> {
        // A rank beyond the machine's is above 1 all the same.
        let rank = |tensor: &TensorRank| usize::try_from(tensor.rank).unwrap_or(usize::MAX);
        let tensors: Vec<(&str, usize)> =
            request.tensors.iter().map(|tensor| (tensor.name.as_str(), rank(tensor))).collect();
        match file_names(&tensors) {
            Ok(files) => Answer::Done(files),
            Err(collision) => refused(Class::Duplicate, collision.to_string()),
        }
    }

    fn encode(&self, request: &Encode) -> Answer<Bytes> {
        let values = source_values(request.source, &request.values)
            .and_then(|values| shaped(&request.shape, values));
        let values = match values {
            Ok(values) => values,
            Err(error) => return error.into(),
        };
        let encoded = match request.entry.as_deref() {
            None | Some("tensor") => codec::encode(&values, request.mode.into()),
            Some("pieces") => encode_in_pieces(&values, request.mode.into()),
            Some(_) => return Answer::Unsupported,
        };
        match encoded {
            Ok(blocks) => Answer::Done(Bytes(blocks.as_bytes().to_vec())),
            Err(error) => refused(class_of(&error), error.to_string()),
        }
    }

    fn load_khq4(&self, request: &Load) -> Answer<Loaded> {
        let Some(width) = width(request) else { return Answer::Unsupported };
        let path = Path::new(&request.path);
        let hand_on = |view: View<'_>| {
            if let Some(expected) = &request.expected_shape {
                view.header
                    .expect_shape(expected)
                    .map_err(|error| StoreError { path: path.to_owned(), error })?;
            }
            Ok(Loaded {
                values: Some(Bits::of(&view.decode())),
                blocks: Some(Bytes(view.blocks.as_bytes().to_vec())),
                shape: view.header.shape,
            })
        };
        let loaded = match request.entry.as_deref() {
            None | Some("copy") => {
                store::read_khq4(path, width).and_then(|tensor| hand_on(tensor.view()))
            }
            Some("map") => store::map_khq4(path, width).and_then(|tensor| hand_on(tensor.view())),
            Some(_) => return Answer::Unsupported,
        };
        from_store(loaded)
    }

    fn save_khq4(&self, request: &Save) -> Answer<()> {
        let header = Header { shape: request.shape.clone(), original_len: request.original_len };
        from_store(store::write_khq4(Path::new(&request.path), &header, &request.blocks.0))
    }

    fn load_khf1(&self, request: &Load) -> Answer<LoadedHalves> {
        let Some(width) = width(request) else { return Answer::Unsupported };
        let path = Path::new(&request.path);
        let hand_on = |view: khf1::View<'_>| {
            if let Some(expected) = &request.expected_shape {
                view.header
                    .expect_shape(expected)
                    .map_err(|error| StoreError { path: path.to_owned(), error })?;
            }
            let values = view.payload.iter().map(|bits| bits.get()).collect();
            Ok(LoadedHalves { values: Bits16(values), shape: view.header.shape })
        };
        from_store(match request.entry.as_deref() {
            None | Some("copy") => {
                store::read_khf1(path, width).and_then(|tensor| hand_on(tensor.view()))
            }
            Some("map") => store::map_khf1(path, width).and_then(|tensor| hand_on(tensor.view())),
            Some(_) => return Answer::Unsupported,
        })
    }

    fn save_khf1(&self, request: &SaveKhf1) -> Answer<()> {
        let bits = match Bits16::from_le_bytes(&request.values) {
            Ok(Bits16(bits)) => bits,
            Err(detail) => return refused(Class::TruncatedPayload, detail),
        };
        let header = khf1::Header { shape: request.shape.clone(), numel: bits.len() as u64 };
        let values: Vec<f16> = bits.into_iter().map(f16::from_bits).collect();
        from_store(store::write_khf1(Path::new(&request.path), &header, &values))
    }
}

/// The width that a load is to compute with, where it is one of the two that there are.
fn width(request: &Load) -> Option<AddressWidth> {
    match request.address_width {
        None => Some(AddressWidth::NATIVE),
        Some(32) => Some(AddressWidth::Bits32),
        Some(64) => Some(AddressWidth::Bits64),
        Some(_) => None,
    }
}

/// The blocks of `count` values, exactly (DEC-4).
fn whole_blocks(bytes: &Bytes, count: u64) -> Result<&[Block], FormatError> {
    // Cannot wrap: see `Header::payload_len`.
    let expected = block_count(count) * BLOCK_BYTES as u64;
    let found = bytes.0.len() as u64;
    if found != expected {
        let class = if found < expected { Class::TruncatedPayload } else { Class::TrailingBytes };
        let detail = format!("{count} values take {expected} bytes, not {found}");
        return Err(FormatError::new(class, found.min(expected), detail));
    }
    Ok(<[Block]>::ref_from_bytes(&bytes.0).expect("whole blocks, as checked"))
}

/// As [`whole_blocks`], each with a scale and a bias that have values.
pub(crate) fn lawful_blocks(bytes: &Bytes, count: u64) -> Result<&[Block], FormatError> {
    let blocks = whole_blocks(bytes, count)?;
    check_blocks(blocks, 0)?;
    Ok(blocks)
}

/// The blocks of the matrix and the values of the vectors, where they are what DOT-4 to DOT-6 ask for.
pub(crate) fn lawful_product(request: &Matmul) -> Result<(&[Block], Vec<f32>), FormatError> {
    let Matmul { rows, columns, vectors, .. } = *request;
    let refused = |class, detail| FormatError::new(class, 0, detail);
    let weights = rows.checked_mul(columns).ok_or_else(|| {
        refused(Class::TruncatedPayload, format!("{rows} rows of {columns} overflow"))
    })?;
    let blocks = lawful_blocks(&request.blocks, weights)?;
    let x = Bits::from_le_bytes(&request.x)
        .map_err(|detail| refused(Class::ShapeMismatch, detail))?
        .values();
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
fn source_values(source: Option<SourceType>, values: &Bytes) -> Result<Vec<f32>, FormatError> {
    let halves = || Bits16::from_le_bytes(values).map(|Bits16(bits)| bits.into_iter());
    let floats = match source {
        None => Bits::from_le_bytes(values).map(|bits| bits.values()),
        Some(SourceType::F16) => {
            halves().map(|all| all.map(|bits| f16::from_bits(bits).to_f32()).collect())
        }
        Some(SourceType::Bf16) => {
            halves().map(|all| all.map(|bits| bf16::from_bits(bits).to_f32()).collect())
        }
        // A conversion of this language rounds to nearest even; what overflows becomes an infinity,
        // which no encoder takes.
        Some(SourceType::F64) => Bits64::from_le_bytes(values)
            .map(|bits| bits.values().into_iter().map(|value| value as f32).collect()),
    };
    floats.map_err(|detail| FormatError::new(Class::ShapeMismatch, 0, detail))
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

/// Rows of whole blocks, laid over the flat tensor (`flat-rows`).
fn encode_rows(
    request: &EncodeRows,
    source: Option<SourceType>,
    encode_block: fn(&[f32; BLOCK_WEIGHTS]) -> Block,
) -> Answer<Bytes> {
    let values =
        source_values(source, &request.values).and_then(|values| shaped(&request.shape, values));
    let values = match values {
        Ok(values) => values,
        Err(error) => return error.into(),
    };
    let (blocks, rest) = values.as_chunks();
    if !rest.is_empty() {
        return refused(Class::Shape, format!("{} values are not whole blocks", values.len()));
    }
    let blocks: Vec<Block> = blocks.iter().map(encode_block).collect();
    Answer::Done(Bytes(blocks.as_bytes().to_vec()))
}

/// An index as the protocol has it.
fn listing(index: Option<&Index>) -> Listing {
    let form = match index {
        None => Form::Absent,
        Some(Index::Array(_)) => Form::Array,
        Some(Index::Object(_)) => Form::Object,
    };
    let tensor = |entry: &Entry| {
        let Entry { name, file, quantized, shape, numel } = entry.clone();
        ListedTensor { name, file, quantized, shape, numel }
    };
    Listing {
        form: Some(form),
        quarot_seed: index.and_then(Index::quarot_seed),
        tensors: index.iter().flat_map(|index| index.entries()).map(tensor).collect(),
    }
}

/// SPEC ROT, in either precision.
fn rotate<T: Float>(
    request: &Rotate,
    read: impl Fn(&Bytes) -> Result<Vec<T>, String>,
) -> Answer<Vec<T>> {
    let Rotate { seed, side, inverse, rows, columns, block, .. } = *request;
    if block.is_some() && side == Side::Output || request.gamma.is_some() && inverse {
        return Answer::Unsupported;
    }
    let length = if side == Side::Input { columns } else { rows };
    let rotation = match block {
        None => Rotation::plain(seed, length),
        Some(run) => Rotation::in_runs(seed, length, run),
    };
    let rotation = match rotation {
        Ok(rotation) => rotation,
        Err(error) => return refused(Class::Shape, error.to_string()),
    };
    let floats = read(&request.values).and_then(|values| {
        let gamma = request.gamma.as_ref().map(&read).transpose()?;
        if rows.checked_mul(columns) != Some(values.len() as u64) {
            return Err(format!("{rows} rows of {columns} values, not {}", values.len()));
        }
        match gamma {
            Some(gamma) if gamma.len() as u64 != columns => {
                Err(format!("a norm of {} values for {columns} columns", gamma.len()))
            }
            gamma => Ok((values, gamma)),
        }
    });
    let (mut values, gamma) = match floats {
        Ok(floats) => floats,
        Err(detail) => return refused(Class::ShapeMismatch, detail),
    };
    if values.is_empty() {
        return Answer::Done(values);
    }
    if let Some(gamma) = gamma {
        fold_norm(&mut values, &gamma);
    }
    let turn = |line: &mut [T]| match inverse {
        true => rotation.invert(line),
        false => rotation.apply(line),
    };
    match side {
        Side::Input => each_row(&mut values, columns as usize, turn),
        Side::Output => each_column(&mut values, columns as usize, turn),
    }
    Answer::Done(values)
}

fn from_store<T>(outcome: Result<T, StoreError>) -> Answer<T> {
    match outcome {
        Ok(done) => Answer::Done(done),
        Err(error) => refused(error.error.class, error.to_string()),
    }
}

fn class_of(error: &EncodeError) -> Class {
    match error {
        EncodeError::NonFinite { .. } => Class::NonFinite,
        EncodeError::Scale { .. } => Class::Scale,
        EncodeError::Bias { .. } => Class::Bias,
    }
}

fn refused<T>(class: Class, message: impl Into<String>) -> Answer<T> {
    Answer::Refused(Refusal { message: message.into(), class: Some(class) })
}

impl<T> From<FormatError> for Answer<T> {
    fn from(error: FormatError) -> Self {
        refused(error.class, error.to_string())
    }
}
