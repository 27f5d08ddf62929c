//! KHF1 version 1: one f16 tensor a file (SPEC KHF1). Its header is that of KHQ4.
//!
//! ```text
//! offset       field     type
//! 0            magic     "KHF1"
//! 4            version   u32 LE, 1
//! 8            ndim      u32 LE
//! 12           shape[i]  u64 LE, ndim of them
//! 12 + 8 ndim  numel     u64 LE
//! 20 + 8 ndim  values    numel f16 LE
//! ```

use std::io::Read;

use half::f16;
use zerocopy::FromBytes;
use zerocopy::little_endian::U16;

use super::header::{self, Grammar};
use super::stream::read_up_to;
use super::{AddressWidth, Class, FormatError, ReadError};

/// The first four bytes of a file.
pub const MAGIC: [u8; 4] = *b"KHF1";

/// The version that is read and written.
pub const VERSION: u32 = 1;

/// Bytes of a value.
pub const VALUE_BYTES: u64 = 2;

const GRAMMAR: Grammar = Grammar { magic: MAGIC, version: VERSION, retired: None, count: "numel" };

/// The fields of a header, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The tensor's dimensions, outermost first.
    pub shape: Vec<u64>,
    /// The number of values, which is the product of the shape.
    pub numel: u64,
}

impl Header {
    /// A header for `shape`, where its product can be told.
    ///
    /// # Errors
    ///
    /// `overflow`, at the dimension where the product leaves `width`.
    pub fn for_shape(shape: &[u64], width: AddressWidth) -> Result<Self, FormatError> {
        Ok(Self { shape: shape.to_vec(), numel: header::product(shape, width)? })
    }

    /// Where the payload begins, in bytes.
    pub fn payload_offset(&self) -> u64 {
        header::payload_offset(&self.shape)
    }

    /// Bytes of the payload, where `width` can hold them: 2 numel wraps from numel = 2^63 on
    /// (KHF1-H2).
    ///
    /// # Errors
    ///
    /// `overflow`, at numel.
    pub fn payload_len(&self, width: AddressWidth) -> Result<u64, FormatError> {
        width.multiply(self.numel, VALUE_BYTES).ok_or_else(|| {
            let detail = format!("numel is {}: 2 numel overflows an address", self.numel);
            FormatError::new(Class::Overflow, self.payload_offset() - 8, detail)
        })
    }

    /// The header's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        GRAMMAR.write(&self.shape, self.numel)
    }

    /// KHF1-P3: the shape that the caller requires.
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
    /// The values as they stand in the file, `header.numel` of them, every one finite.
    pub payload: &'a [U16],
}

impl View<'_> {
    /// The tensor's values.
    pub fn values(&self) -> Vec<f16> {
        self.payload.iter().map(|bits| f16::from_bits(bits.get())).collect()
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

    /// The header and the values.
    pub fn view(&self) -> View<'_> {
        View::of(self.header.clone(), &self.bytes)
    }
}

impl<'a> View<'a> {
    /// The view of a file that [`parse`] has accepted with this header.
    ///
    /// # Panics
    ///
    /// Where its payload is not whole values.
    pub(crate) fn of(header: Header, bytes: &'a [u8]) -> Self {
        let payload = &bytes[header.payload_offset() as usize..];
        View { payload: <[U16]>::ref_from_bytes(payload).expect("whole values"), header }
    }
}

/// A file's bytes, checked by every rule: header, exact extent, then each value.
///
/// # Errors
///
/// The first rule that is broken, in the order of SPEC KHF1.
pub fn parse(bytes: &[u8], width: AddressWidth) -> Result<View<'_>, FormatError> {
    let file_len = bytes.len() as u64;
    let (shape, numel) = GRAMMAR.parse(bytes, file_len, width)?;
    let header = Header { shape, numel };
    check_extent(&header, file_len, width)?;
    let offset = header.payload_offset();
    let view = View::of(header, bytes);
    check_values_from(0, view.payload, offset)?;
    Ok(view)
}

/// KHF1-P1: the payload ends where the file ends.
fn check_extent(header: &Header, file_len: u64, width: AddressWidth) -> Result<(), FormatError> {
    let (offset, needed) = (header.payload_offset(), header.payload_len(width)?);
    let found = file_len.saturating_sub(offset);
    if found < needed {
        let detail = format!("{} values take {needed} bytes; {found} are there", header.numel);
        return Err(FormatError::new(Class::TruncatedPayload, file_len, detail));
    }
    if found > needed {
        let end = offset + needed;
        let detail = format!("the payload ends at {end}, the file goes on");
        return Err(FormatError::new(Class::TrailingBytes, end, detail));
    }
    Ok(())
}

/// KHF1-P2: each value is finite. Before these values come as many others as `done` says.
///
/// # Errors
///
/// `value`, at the first value that is not.
pub(super) fn check_values_from(
    done: u64,
    values: &[U16],
    payload_offset: u64,
) -> Result<(), FormatError> {
    let value = |bits: &U16| f16::from_bits(bits.get());
    match values.iter().position(|bits| !value(bits).is_finite()) {
        None => Ok(()),
        Some(at) => {
            let index = done + at as u64;
            let detail = format!("value {index} is {}, expected finite", value(&values[at]));
            let offset = payload_offset + VALUE_BYTES * index;
            Err(FormatError::new(Class::Value, offset, detail))
        }
    }
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
    let (shape, numel) = GRAMMAR.read(reader, &mut Vec::new(), width)?;
    let header = Header { shape, numel };
    check_extent(&header, file_len, width)?;
    Ok(header)
}

/// A tensor from any stream, which must end with the file. Gives the verdict of [`parse`] on the
/// same bytes, and stops reading where the header alone, or one byte past the payload, decides.
///
/// # Errors
///
/// As [`parse`], and what the reader reports.
pub fn read(reader: &mut impl Read, width: AddressWidth) -> Result<Tensor, ReadError> {
    let mut bytes = Vec::new();
    let (shape, numel) = GRAMMAR.read(reader, &mut bytes, width)?;
    let needed = Header { shape, numel }.payload_len(width)?;
    read_up_to(reader, &mut bytes, needed + 1)?;
    Ok(Tensor::from_bytes(bytes, width)?)
}

/// The bytes of a file that a reader will accept, of its values.
///
/// # Errors
///
/// What [`parse`] would refuse (KHQ4-W2).
pub fn to_bytes(header: &Header, values: &[f16]) -> Result<Vec<u8>, FormatError> {
    let mut bytes = header.to_bytes();
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    parse(&bytes, AddressWidth::NATIVE)?;
    Ok(bytes)
}
