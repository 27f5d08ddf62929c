//! KHQ4 version 2: one 4-bit tensor a file (SPEC KHQ4).
//!
//! ```text
//! offset       field         type
//! 0            magic         "KHQ4"
//! 4            version       u32 LE, 2
//! 8            ndim          u32 LE
//! 12           shape[i]      u64 LE, ndim of them
//! 12 + 8 ndim  original_len  u64 LE
//! 20 + 8 ndim  blocks        ceil(original_len / 32) blocks of 20 bytes
//! ```

use std::io::{self, Read};

use thiserror::Error;
use zerocopy::FromBytes;

use super::stream::read_up_to;
use super::{AddressWidth, Class, FormatError};
use crate::codec::{BLOCK_BYTES, BLOCK_WEIGHTS, Block, block_count, decode};

/// The first four bytes of a file.
pub const MAGIC: [u8; 4] = *b"KHQ4";

/// The version that is read and written.
pub const VERSION: u32 = 2;

/// Bytes before the shape: magic, version and ndim.
const PREFIX: u64 = 12;

/// The fields of a header, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The tensor's dimensions, outermost first.
    pub shape: Vec<u64>,
    /// The number of values, which is the product of the shape.
    pub original_len: u64,
}

impl Header {
    /// A header for `shape`, where its product can be told.
    ///
    /// # Errors
    ///
    /// `overflow`, at the dimension where the product leaves `width`.
    pub fn for_shape(shape: &[u64], width: AddressWidth) -> Result<Self, FormatError> {
        Ok(Self { shape: shape.to_vec(), original_len: product(shape, width)? })
    }

    /// Where the payload begins, in bytes.
    pub fn payload_offset(&self) -> u64 {
        PREFIX + 8 * self.shape.len() as u64 + 8
    }

    /// Blocks in the payload.
    pub fn block_count(&self) -> u64 {
        block_count(self.original_len)
    }

    /// Bytes of the payload. Cannot wrap: it stays below 1.16e19 for every u64 (KHQ4-H8).
    pub fn payload_len(&self) -> u64 {
        self.block_count() * BLOCK_BYTES as u64
    }

    /// The length of a whole file, in bytes. Cannot wrap either, since a header has at most 2^32
    /// dimensions. It may be more than an address of 32 bits, and is then more than any file there.
    pub fn file_len(&self) -> u64 {
        self.payload_offset() + self.payload_len()
    }

    /// The header's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let ndim = self.shape.len() as u32;
        let mut bytes = [MAGIC, VERSION.to_le_bytes(), ndim.to_le_bytes()].concat();
        for size in self.shape.iter().chain([&self.original_len]) {
            bytes.extend_from_slice(&size.to_le_bytes());
        }
        bytes
    }

    /// KHQ4-P7: the shape that the caller requires.
    ///
    /// # Errors
    ///
    /// `expected_shape`, where this is another.
    pub fn expect_shape(&self, expected: &[u64]) -> Result<(), FormatError> {
        if self.shape == expected {
            return Ok(());
        }
        let detail =
            format!("shape is {}, the caller requires {}", brief(&self.shape), brief(expected));
        Err(FormatError::new(Class::ExpectedShape, PREFIX, detail))
    }
}

/// A checked tensor that borrows its payload, from memory or from a map.
#[derive(Clone, Debug, PartialEq)]
pub struct View<'a> {
    /// The header.
    pub header: Header,
    /// The payload, `header.block_count()` blocks, every scale and bias checked.
    pub blocks: &'a [Block],
}

impl View<'_> {
    /// The tensor's values in f32.
    pub fn decode(&self) -> Vec<f32> {
        let mut values = vec![0.0; self.header.original_len as usize];
        decode(self.blocks, &mut values);
        values
    }
}

/// A checked tensor that owns the bytes of its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    header: Header,
    bytes: Vec<u8>,
}

impl Tensor {
    /// The tensor in its file's bytes.
    ///
    /// # Errors
    ///
    /// As [`parse`].
    pub fn from_bytes(bytes: Vec<u8>, width: AddressWidth) -> Result<Self, FormatError> {
        let header = parse(&bytes, width)?.header;
        Ok(Self { header, bytes })
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The whole file.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The header and the blocks.
    pub fn view(&self) -> View<'_> {
        let payload = &self.bytes[self.header.payload_offset() as usize..];
        let blocks = <[Block]>::ref_from_bytes(payload).expect("parse saw whole blocks");
        View { header: self.header.clone(), blocks }
    }
}

/// A file's bytes, checked by every rule: header, exact extent, then each block's scale and bias.
///
/// # Errors
///
/// The first rule that is broken, in the order of SPEC KHQ4.
pub fn parse(bytes: &[u8], width: AddressWidth) -> Result<View<'_>, FormatError> {
    let header = parse_header(bytes, bytes.len() as u64, width)?;
    check_extent(&header, bytes.len() as u64)?;
    let (offset, payload) = (header.payload_offset(), &bytes[header.payload_offset() as usize..]);
    let blocks = <[Block]>::ref_from_bytes(payload).map_err(|_| {
        FormatError::new(Class::TruncatedPayload, offset, "payload is not whole blocks")
    })?;
    check_blocks(blocks, offset)?;
    Ok(View { header, blocks })
}

/// Why a stream gave no tensor.
#[derive(Debug, Error)]
pub enum ReadError {
    /// What arrived is not a lawful file.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The stream failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A tensor from any stream, which must end with the file. Gives the verdict of [`parse`] on the
/// same bytes, and stops reading where the header alone, or one byte past the payload, decides.
///
/// # Errors
///
/// As [`parse`], and what the reader reports.
pub fn read(reader: &mut impl Read, width: AddressWidth) -> Result<Tensor, ReadError> {
    let mut bytes = Vec::new();
    read_up_to(reader, &mut bytes, PREFIX)?;
    let rest = 8 * u64::from(prefix_ndim(&bytes, bytes.len() as u64)?) + 8;
    let ended = read_up_to(reader, &mut bytes, rest)? < rest;
    let known_len = if ended { bytes.len() as u64 } else { u64::MAX };
    let header = parse_header(&bytes, known_len, width)?;
    read_up_to(reader, &mut bytes, header.payload_len() + 1)?;
    Ok(Tensor::from_bytes(bytes, width)?)
}

/// The bytes of a file that a reader will accept, of the bytes of its blocks.
///
/// # Errors
///
/// What [`parse`] would refuse (KHQ4-W2).
pub fn to_bytes(header: &Header, payload: &[u8]) -> Result<Vec<u8>, FormatError> {
    let mut bytes = header.to_bytes();
    bytes.extend_from_slice(payload);
    parse(&bytes, AddressWidth::NATIVE)?;
    Ok(bytes)
}

/// Checks magic and version and returns ndim (KHQ4-H1 to H3).
fn prefix_ndim(bytes: &[u8], file_len: u64) -> Result<u32, FormatError> {
    let magic = &bytes[..bytes.len().min(4)];
    if !MAGIC.starts_with(magic) {
        let detail = format!("magic is {:?}, expected \"KHQ4\"", String::from_utf8_lossy(magic));
        return Err(FormatError::new(Class::Magic, 0, detail));
    }
    u32_at(bytes, 0, "magic", file_len)?;
    match u32_at(bytes, 4, "version", file_len)? {
        VERSION => {}
        1 => {
            let detail = "version is 1, the retired 18-byte symmetric block: quantize again";
            return Err(FormatError::new(Class::LegacyVersion, 4, detail));
        }
        other => {
            let detail = format!("version is {other}, expected {VERSION}");
            return Err(FormatError::new(Class::Version, 4, detail));
        }
    }
    u32_at(bytes, 8, "ndim", file_len)
}

/// The header of a file of `file_len` bytes, of which `bytes` are at least the header's.
fn parse_header(bytes: &[u8], file_len: u64, width: AddressWidth) -> Result<Header, FormatError> {
    let ndim = prefix_ndim(bytes, file_len)?;
    let dimensions = width.multiply(8, u64::from(ndim)).ok_or_else(|| {
        FormatError::new(Class::Overflow, 8, format!("ndim is {ndim}: 8 ndim overflows an address"))
    })?;
    if dimensions > file_len {
        let detail = format!("ndim is {ndim}: its {dimensions} bytes exceed the file's {file_len}");
        return Err(FormatError::new(Class::Dimensions, 8, detail));
    }
    if PREFIX + dimensions + 8 > file_len {
        let expected = PREFIX + dimensions + 8;
        let detail =
            format!("ndim is {ndim}: the header takes {expected} bytes, the file has {file_len}");
        return Err(FormatError::new(Class::TruncatedHeader, file_len, detail));
    }
    let sizes = &bytes[PREFIX as usize..(PREFIX + dimensions + 8) as usize];
    let mut shape = Vec::new();
    shape
        .try_reserve_exact(ndim as usize + 1)
        .map_err(|_| FormatError::new(Class::Io, 8, format!("no memory for {ndim} dimensions")))?;
    for (index, size) in sizes.chunks_exact(8).enumerate() {
        let size = u64::from_le_bytes(size.try_into().expect("chunks of eight"));
        shape.push(width.fit(size).ok_or_else(|| {
            let name = if index < ndim as usize {
                format!("shape[{index}]")
            } else {
                "original_len".into()
            };
            let detail = format!("{name} is {size}: it overflows an address");
            FormatError::new(Class::Overflow, PREFIX + 8 * index as u64, detail)
        })?);
    }
    let original_len = shape.pop().expect("ndim sizes and one more");
    let expected = product(&shape, width)?;
    if expected != original_len {
        let detail =
            format!("original_len is {original_len}, the shape {} holds {expected}", brief(&shape));
        return Err(FormatError::new(Class::ShapeMismatch, PREFIX + dimensions, detail));
    }
    Ok(Header { shape, original_len })
}

/// KHQ4-H6: the product, folded left to right; a zero dimension ends it (`fold-left`).
fn product(shape: &[u64], width: AddressWidth) -> Result<u64, FormatError> {
    let mut product = 1;
    for (index, &size) in shape.iter().enumerate() {
        product = width.multiply(product, size).ok_or_else(|| {
            let detail =
                format!("the product of the shape {} overflows at shape[{index}]", brief(shape));
            FormatError::new(Class::Overflow, PREFIX + 8 * index as u64, detail)
        })?;
    }
    Ok(product)
}

/// KHQ4-P1 and P2: the payload ends where the file ends.
fn check_extent(header: &Header, file_len: u64) -> Result<(), FormatError> {
    let expected = header.file_len();
    if file_len < expected {
        let detail = format!(
            "{} values take {} blocks, a file of {expected} bytes; this one has {file_len}",
            header.original_len,
            header.block_count()
        );
        return Err(FormatError::new(Class::TruncatedPayload, file_len, detail));
    }
    if file_len > expected {
        let detail = format!("the payload ends at {expected}, the file goes on");
        return Err(FormatError::new(Class::TrailingBytes, expected, detail));
    }
    Ok(())
}

/// KHQ4-P3 and P4: each scale is finite and not zero, each bias is finite.
///
/// # Errors
///
/// `scale` or `bias`, at the first block that is at fault; the offset counts from the start of the
/// file, where the payload begins at `payload_offset`.
pub fn check_blocks(blocks: &[Block], payload_offset: u64) -> Result<(), FormatError> {
    for (index, block) in blocks.iter().enumerate() {
        let offset = payload_offset + (index * BLOCK_BYTES) as u64;
        let (scale, bias) = (block.scale(), block.bias());
        if !scale.is_finite() || scale.to_f32() == 0.0 {
            let first = index * BLOCK_WEIGHTS;
            let detail = format!(
                "block {index} (values from {first}): scale is {scale}, expected finite, not zero"
            );
            return Err(FormatError::new(Class::Scale, offset, detail));
        }
        if !bias.is_finite() {
            let first = index * BLOCK_WEIGHTS;
            let detail =
                format!("block {index} (values from {first}): bias is {bias}, expected finite");
            return Err(FormatError::new(Class::Bias, offset + 2, detail));
        }
    }
    Ok(())
}

fn u32_at(bytes: &[u8], offset: usize, name: &str, file_len: u64) -> Result<u32, FormatError> {
    match bytes.get(offset..offset + 4).and_then(|field| field.try_into().ok()) {
        Some(field) => Ok(u32::from_le_bytes(field)),
        None => {
            let detail = format!("the file ends after {file_len} bytes, before the end of {name}");
            Err(FormatError::new(Class::TruncatedHeader, file_len, detail))
        }
    }
}

/// A shape for a message: a hostile one can be long.
fn brief(shape: &[u64]) -> String {
    const SHOWN: usize = 8;
    if shape.len() <= SHOWN {
        return format!("{shape:?}");
    }
    format!("{:?} and {} more", &shape[..SHOWN], shape.len() - SHOWN)
}
