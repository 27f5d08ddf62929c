//! The header that KHQ4 and KHF1 share: magic, version, ndim, the shape, and the number of values
//! (SPEC KHQ4-H1 to H8). [`Grammar`] says in what they differ.

use std::io::Read;

use super::stream::read_up_to;
use super::{AddressWidth, Class, FormatError, ReadError};

/// Bytes before the shape: magic, version and ndim.
pub(super) const PREFIX: u64 = 12;

/// What tells the headers of two formats apart.
pub(super) struct Grammar {
    /// The first four bytes of a file.
    pub magic: [u8; 4],
    /// The version that is read and written.
    pub version: u32,
    /// A version that is refused by name, and what is to be said of it.
    pub retired: Option<(u32, &'static str)>,
    /// The name of the number of values.
    pub count: &'static str,
}

/// Shape and number of values.
pub(super) type Sizes = (Vec<u64>, u64);

impl Grammar {
    /// Checks magic and version and returns ndim (KHQ4-H1 to H3).
    fn ndim(&self, bytes: &[u8], file_len: u64) -> Result<u32, FormatError> {
        let magic = &bytes[..bytes.len().min(4)];
        if !self.magic.starts_with(magic) {
            let [found, expected] = [magic, &self.magic].map(String::from_utf8_lossy);
            let detail = format!("magic is {found:?}, expected {expected:?}");
            return Err(FormatError::new(Class::Magic, 0, detail));
        }
        u32_at(bytes, 0, "magic", file_len)?;
        let version = u32_at(bytes, 4, "version", file_len)?;
        match self.retired {
            Some((retired, words)) if version == retired => {
                let detail = format!("version is {version}, {words}");
                Err(FormatError::new(Class::LegacyVersion, 4, detail))
            }
            _ if version != self.version => {
                let detail = format!("version is {version}, expected {}", self.version);
                Err(FormatError::new(Class::Version, 4, detail))
            }
            _ => u32_at(bytes, 8, "ndim", file_len),
        }
    }

    /// The header of a file of `file_len` bytes, of which `bytes` are at least the header's.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, in the order of SPEC KHQ4.
    pub fn parse(
        &self,
        bytes: &[u8],
        file_len: u64,
        width: AddressWidth,
    ) -> Result<Sizes, FormatError> {
        let ndim = self.ndim(bytes, file_len)?;
        let dimensions = width.multiply(8, u64::from(ndim)).ok_or_else(|| {
            let detail = format!("ndim is {ndim}: 8 ndim overflows an address");
            FormatError::new(Class::Overflow, 8, detail)
        })?;
        let table_end = PREFIX + dimensions;
        if table_end > file_len {
            let detail = format!(
                "ndim is {ndim}: its table ends at {table_end}, the file has {file_len} bytes"
            );
            return Err(FormatError::new(Class::Dimensions, 8, detail));
        }
        let expected = table_end + 8;
        if expected > file_len {
            let detail = format!(
                "ndim is {ndim}: the header takes {expected} bytes, the file has {file_len}"
            );
            return Err(FormatError::new(Class::TruncatedHeader, file_len, detail));
        }
        let sizes = &bytes[PREFIX as usize..expected as usize];
        let mut shape = Vec::new();
        shape.try_reserve_exact(ndim as usize + 1).map_err(|_| {
            FormatError::new(Class::Io, 8, format!("no memory for {ndim} dimensions"))
        })?;
        for (index, &size) in sizes.as_chunks::<8>().0.iter().enumerate() {
            let size = u64::from_le_bytes(size);
            shape.push(width.fit(size).ok_or_else(|| {
                let name = if index < ndim as usize {
                    format!("shape[{index}]")
                } else {
                    self.count.into()
                };
                let detail = format!("{name} is {size}: it overflows an address");
                FormatError::new(Class::Overflow, PREFIX + 8 * index as u64, detail)
            })?);
        }
        let count = shape.pop().expect("ndim sizes and one more");
        let held = product(&shape, width)?;
        if held != count {
            let shape = brief(&shape);
            let detail = format!("{} is {count}, the shape {shape} holds {held}", self.count);
            return Err(FormatError::new(Class::ShapeMismatch, table_end, detail));
        }
        Ok((shape, count))
    }

    /// The header at the beginning of a stream, whose bytes are appended to `bytes`. Reads no
    /// further than the header, and no further than decides.
    ///
    /// # Errors
    ///
    /// As [`Grammar::parse`], and what the reader reports.
    pub fn read(
        &self,
        reader: &mut impl Read,
        bytes: &mut Vec<u8>,
        width: AddressWidth,
    ) -> Result<Sizes, ReadError> {
        read_up_to(reader, bytes, PREFIX)?;
        let rest = 8 * u64::from(self.ndim(bytes, bytes.len() as u64)?) + 8;
        read_up_to(reader, bytes, rest)?;
        Ok(self.parse(bytes, bytes.len() as u64, width)?)
    }

    /// The header's bytes.
    pub fn write(&self, shape: &[u64], count: u64) -> Vec<u8> {
        let ndim = shape.len() as u32;
        let mut bytes = [self.magic, self.version.to_le_bytes(), ndim.to_le_bytes()].concat();
        for size in shape.iter().chain([&count]) {
            bytes.extend_from_slice(&size.to_le_bytes());
        }
        bytes
    }
}

/// Where the payload begins, behind a header of this shape.
pub(super) fn payload_offset(shape: &[u64]) -> u64 {
    PREFIX + 8 * shape.len() as u64 + 8
}

/// KHQ4-H6: the product, folded left to right; a zero dimension ends it (`fold-left`).
///
/// # Errors
///
/// `overflow`, at the dimension where it leaves `width`.
pub(super) fn product(shape: &[u64], width: AddressWidth) -> Result<u64, FormatError> {
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

/// KHQ4-P7: the shape that the caller requires.
///
/// # Errors
///
/// `expected_shape`, where this is another.
pub(super) fn expect_shape(shape: &[u64], expected: &[u64]) -> Result<(), FormatError> {
    if shape == expected {
        return Ok(());
    }
    let detail = format!("shape is {}, the caller requires {}", brief(shape), brief(expected));
    Err(FormatError::new(Class::ExpectedShape, PREFIX, detail))
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
