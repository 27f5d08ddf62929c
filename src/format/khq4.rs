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

use std::io::Read;

use zerocopy::FromBytes;

use super::header::{self, Grammar};
use super::stream::read_up_to;
use super::{AddressWidth, Class, FormatError, ReadError};
use crate::codec::{BLOCK_BYTES, BLOCK_WEIGHTS, Block, block_count, decode};

/// The first four bytes of a file.
pub const MAGIC: [u8; 4] = *b"KHQ4";

/// The version that is read and written.
pub const VERSION: u32 = 2;

const GRAMMAR: Grammar = Grammar {
    magic: MAGIC,
    version: VERSION,
    retired: Some((1, "the retired 18-byte symmetric block: quantize again")),
    count: "original_len",
};

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
        Ok(Self { shape: shape.to_vec(), original_len: header::product(shape, width)? })
    }

    /// Where the payload begins, in bytes.
    pub fn payload_offset(&self) -> u64 {
        header::payload_offset(&self.shape)
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
        GRAMMAR.write(&self.shape, self.original_len)
    }

    /// KHQ4-P7: the shape that the caller requires.
    ///
    /// # Errors
    ///
    /// `expected_shape`, where this is another.
    pub fn expect_shape(&self, expected: &[u64]) -> Result<(), FormatError> {
        header::expect_shape(&self.shape, expected)
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
    let (shape, original_len) = GRAMMAR.parse(bytes, bytes.len() as u64, width)?;
    let header = Header { shape, original_len };
    check_extent(&header, bytes.len() as u64)?;
    let (offset, payload) = (header.payload_offset(), &bytes[header.payload_offset() as usize..]);
    let blocks = <[Block]>::ref_from_bytes(payload).map_err(|_| {
        FormatError::new(Class::TruncatedPayload, offset, "payload is not whole blocks")
    })?;
    check_blocks(blocks, offset)?;
    Ok(View { header, blocks })
}

/// A tensor from any stream, which must end with the file. Gives the verdict of [`parse`] on the
/// same bytes, and stops reading where the header alone, or one byte past the payload, decides.
///
/// # Errors
///
/// As [`parse`], and what the reader reports.
pub fn read(reader: &mut impl Read, width: AddressWidth) -> Result<Tensor, ReadError> {
    let mut bytes = Vec::new();
    let (shape, original_len) = GRAMMAR.read(reader, &mut bytes, width)?;
    let header = Header { shape, original_len };
    read_up_to(reader, &mut bytes, header.payload_len() + 1)?;
    Ok(Tensor::from_bytes(bytes, width)?)
}

/// The header of a file of `file_len` bytes, at the beginning of a stream that is read no further.
///
/// # Errors
///
/// What [`parse`] refuses for the header and for the length, and what the reader reports.
pub(super) fn read_header(
    reader: &mut impl Read,
    file_len: u64,
    width: AddressWidth,
) -> Result<Header, ReadError> {
    let (shape, original_len) = GRAMMAR.read(reader, &mut Vec::new(), width)?;
    let header = Header { shape, original_len };
    check_extent(&header, file_len)?;
    Ok(header)
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

/// KHQ4-P1 and P2: the payload ends where the file ends.
pub(super) fn check_extent(header: &Header, file_len: u64) -> Result<(), FormatError> {
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
    check_blocks_from(0, blocks, payload_offset)
}

/// As [`check_blocks`], of blocks that follow on as many others as `done` says.
pub(super) fn check_blocks_from(
    done: u64,
    blocks: &[Block],
    payload_offset: u64,
) -> Result<(), FormatError> {
    for (index, block) in blocks.iter().enumerate() {
        let index = done + index as u64;
        let offset = payload_offset + index * BLOCK_BYTES as u64;
        let (scale, bias) = (block.scale(), block.bias());
        let first = index * BLOCK_WEIGHTS as u64;
        if !scale.is_finite() || scale.to_f32() == 0.0 {
            let detail = format!(
                "block {index} (values from {first}): scale is {scale}, expected finite, not zero"
            );
            return Err(FormatError::new(Class::Scale, offset, detail));
        }
        if !bias.is_finite() {
            let detail =
                format!("block {index} (values from {first}): bias is {bias}, expected finite");
            return Err(FormatError::new(Class::Bias, offset + 2, detail));
        }
    }
    Ok(())
}
