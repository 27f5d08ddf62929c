//! Loading (SPEC KHQ4-H, P and A), with a switch at every guard that loaders have lacked, and at
//! every one that they had too many.
//!
//! There is no map here: both entries read the file, and differ in the guards that they pass by
//! where a fault says so. That is all that a map's missing guards can be told by.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::ops::Range;

use super::{BLOCK, Fault, Faulty, WEIGHTS, refusal};
use crate::format::Class;
use crate::suite::answer::Refusal;
use crate::suite::floats::Floats;
use crate::suite::hex::{Bits16, Bytes};
use crate::suite::operation::FormatId;
use crate::suite::question::Tensor;

/// Bytes before the shape.
const PREFIX: u64 = 12;

/// The container that a file is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileFormat {
    Khq4,
    Khf1,
}

impl FileFormat {
    /// The container of that name, where there is one.
    pub(super) fn of(id: FormatId) -> Option<Self> {
        match id {
            FormatId::KHQ4 => Some(Self::Khq4),
            FormatId::KHF1 => Some(Self::Khf1),
            _ => None,
        }
    }
}

/// One way into a file.
#[derive(Clone, Copy)]
pub(super) struct Loader {
    /// Whose faults it has.
    pub faulty: Faulty,
    /// What it reads a file as.
    pub format: FileFormat,
    /// The bits of an address, 64 or 32.
    pub width: u32,
    /// Whether it is the entry `map`.
    pub map: bool,
}

/// A file that passed, or that was let through.
pub(super) struct Parsed {
    shape: Vec<u64>,
    original_len: u64,
    payload: Range<usize>,
}

impl Loader {
    pub(super) fn load(mut self, path: &str, expected: Option<&[u64]>) -> Result<Tensor, Refusal> {
        let decoded = self.has(Fault::PathPercentDecoded).then(|| percent_decoded(path));
        let bytes = self.read(decoded.as_deref().unwrap_or(path))?;
        if self.has(Fault::FormatByMagic) {
            self.format = match bytes.as_deref() {
                Some([b'K', b'H', b'Q', b'4', ..]) => FileFormat::Khq4,
                Some([b'K', b'H', b'F', b'1', ..]) => FileFormat::Khf1,
                _ => self.format,
            };
        }
        let (shape, count, payload) = self.payload(bytes, expected)?;
        let tensor = Tensor { shape, ..Tensor::default() };
        Ok(match self.format {
            FileFormat::Khq4 => Tensor {
                values: Some(Floats::of(&self.faulty.values(&payload, count))),
                blocks: Some(Bytes(payload)),
                ..tensor
            },
            FileFormat::Khf1 => {
                let values = Floats::F16(Bits16(self.faulty.halves(&payload, count)));
                Tensor { values: Some(values), ..tensor }
            }
        })
    }

    /// The shape, the number of values and the payload of a file; `None` passes for an empty tensor.
    fn payload(
        self,
        bytes: Option<Vec<u8>>,
        expected: Option<&[u64]>,
    ) -> Result<(Vec<u64>, u64, Vec<u8>), Refusal> {
        let empty = (vec![0], 0, Vec::new());
        let Some(bytes) = bytes else {
            return Ok(empty);
        };
        let tensor = match self.parse(&bytes) {
            Err(refusal) if self.passes_for_empty(&bytes, refusal.class) => return Ok(empty),
            parsed => parsed?,
        };
        if tensor.original_len == 0 && self.has(Fault::EmptyDecodeRefused) {
            return Err(refusal(Class::TruncatedPayload, "there are no blocks"));
        }
        if let Some(expected) = expected
            && !self.is_expected(&tensor.shape, expected)
        {
            let detail = format!("the caller requires {expected:?}, not {:?}", tensor.shape);
            return Err(refusal(Class::ExpectedShape, detail));
        }
        Ok((tensor.shape, tensor.original_len, bytes[tensor.payload].to_vec()))
    }

    /// Whether a file that is refused with `class` is taken for an empty tensor all the same.
    fn passes_for_empty(self, bytes: &[u8], class: Option<Class>) -> bool {
        match self.faulty.fault {
            Some(Fault::ShortFileAsEmpty) => (bytes.len() as u64) < PREFIX,
            Some(Fault::EndInHeaderAsEmpty) => {
                matches!(class, Some(Class::TruncatedHeader | Class::Dimensions))
            }
            Some(Fault::OversizedTableAsEmpty) => class == Some(Class::Dimensions),
            _ => false,
        }
    }

    /// The bytes of a regular file; nothing where something else is taken for an empty tensor.
    fn read(self, path: &str) -> Result<Option<Vec<u8>>, Refusal> {
        if let Ok(found) = fs::metadata(path) {
            let special = !found.is_dir() && !found.is_file();
            if found.is_dir() && self.has(Fault::DirectoryReadsAsEmpty)
                || special && self.has(Fault::SpecialFileReadsAsEmpty)
            {
                return Ok(None);
            }
        }
        let io = |error: std::io::Error| refusal(Class::Io, error.to_string());
        let mut file = match open(path) {
            Err(error)
                if error.kind() == ErrorKind::NotFound && self.has(Fault::MissingFileAsEmpty) =>
            {
                return Ok(None);
            }
            opened => opened.map_err(io)?,
        };
        if !file.metadata().map_err(io)?.is_file() {
            return Err(refusal(Class::NotAFile, "not a regular file"));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        Ok(Some(bytes))
    }

    /// Header, extent and blocks, in the order of SPEC KHQ4.
    pub(super) fn parse(self, bytes: &[u8]) -> Result<Parsed, Refusal> {
        let (mut shape, original_len, header_len) = self.header(bytes)?;
        if self.has(Fault::EmptyShapeCollapsed) && original_len == 0 && shape.contains(&0) {
            shape = vec![0];
        }
        self.check_shape(&shape, original_len)?;
        let start = bytes.len().min(header_len as usize);
        let payload =
            start..start + self.check_extent(&bytes[start..], original_len, header_len)?;
        match self.format {
            FileFormat::Khq4 => self.check_blocks(&bytes[payload.clone()], original_len)?,
            FileFormat::Khf1 => self.check_values(&bytes[payload.clone()])?,
        }
        Ok(Parsed { shape, original_len, payload })
    }

    /// KHQ4-H1 to H4: the shape, original_len and the header's length.
    fn header(self, bytes: &[u8]) -> Result<(Vec<u64>, u64, u64), Refusal> {
        self.check_magic(bytes)?;
        let version = self.field(bytes, 4, 4, false)?;
        let current = match self.format {
            FileFormat::Khq4 => 2,
            FileFormat::Khf1 => 1,
        };
        let swapped = version == current << 24 && self.has(Fault::BigEndianFieldsAccepted);
        let passes = match self.faulty.fault {
            Some(Fault::VersionUnchecked) => true,
            Some(Fault::VersionOneAccepted) if version == 1 => true,
            Some(Fault::FutureVersionAccepted) => version >= current,
            _ => version == current || swapped,
        };
        if !passes {
            let class = if version == 1 { Class::LegacyVersion } else { Class::Version };
            return Err(refusal(class, format!("version {version}: quantize again")));
        }

        let file_len = bytes.len() as u64;
        let mut ndim = self.field(bytes, 8, 4, swapped)?;
        let room = file_len.saturating_sub(PREFIX) / 8;
        match self.faulty.fault {
            Some(Fault::NdimLowByteOnly) => ndim &= 0xff,
            // What is behind the end reads as zeros, and one zero is as good as many.
            Some(Fault::DimensionsTruncated) => ndim = ndim.min(room + 1),
            _ => {}
        }
        let table = match 8 * ndim {
            table if table <= self.max() => table,
            table if self.has(Fault::NdimWrapsAtWidth) => table & self.max(),
            _ => return Err(refusal(Class::Overflow, format!("8 * {ndim} overflows"))),
        };
        let header_len = PREFIX + table + 8;
        if !self.has(Fault::DimensionsTruncated) && header_len > file_len {
            let class =
                if PREFIX + table > file_len { Class::Dimensions } else { Class::TruncatedHeader };
            return Err(refusal(class, format!("no room for {ndim} dimensions")));
        }
        if ndim > 4 && self.has(Fault::NdimLimitedToFour)
            || ndim == 0 && self.has(Fault::ScalarRefused)
        {
            return Err(refusal(Class::Dimensions, format!("{ndim} dimensions")));
        }
        let mut shape = Vec::new();
        for offset in (PREFIX..header_len).step_by(8) {
            let size = self.field(bytes, offset as usize, 8, swapped)?;
            if size > self.max() && !self.has(Fault::TruncatesToWidth) {
                return Err(refusal(Class::Overflow, format!("{size} overflows an address")));
            }
            shape.push(size & self.max());
        }
        let original_len = shape.pop().expect("a header ends with original_len");
        Ok((shape, original_len, header_len))
    }

    fn check_magic(self, bytes: &[u8]) -> Result<(), Refusal> {
        let compared = if self.has(Fault::MagicThreeBytes) { 3 } else { 4 };
        let found = &bytes[..bytes.len().min(compared)];
        let (magic, swapped) = match self.format {
            FileFormat::Khq4 => (b"KHQ4", b"4QHK"),
            FileFormat::Khf1 => (b"KHF1", b"1FHK"),
        };
        let passes = magic.starts_with(found)
            || found == swapped && self.has(Fault::SwappedMagicAccepted)
            || self.has(Fault::MagicUnchecked);
        if passes { Ok(()) } else { Err(refusal(Class::Magic, format!("magic {found:02x?}"))) }
    }

    /// The number in `size` bytes at `offset`.
    fn field(self, bytes: &[u8], offset: usize, size: usize, big: bool) -> Result<u64, Refusal> {
        let mut field = [0; 8];
        let end = bytes.len().min(offset + size);
        let found = bytes.get(offset..end).unwrap_or_default();
        if found.len() < size && !self.has(Fault::DimensionsTruncated) {
            return Err(refusal(Class::TruncatedHeader, "the file ends inside the header"));
        }
        field[..found.len()].copy_from_slice(found);
        if big {
            field[..size].reverse();
        }
        Ok(u64::from_le_bytes(field))
    }

    /// KHQ4-H5 to H7.
    fn check_shape(self, shape: &[u64], original_len: u64) -> Result<(), Refusal> {
        let skipped = match self.faulty.fault {
            Some(Fault::ShapeProductUnchecked) => true,
            Some(Fault::ShapeIgnoredWhenZero) => original_len == 0,
            Some(Fault::EmptyScalarAccepted) => shape.is_empty() && original_len == 0,
            _ => false,
        };
        if skipped {
            return Ok(());
        }
        let multiply = |product: u64, &size: &u64| match self.faulty.fault {
            Some(Fault::ShapeProductWraps | Fault::ShapeProductZeroOnly) => {
                Some(product.wrapping_mul(size) & self.max())
            }
            _ => product.checked_mul(size).filter(|&product| product <= self.max()),
        };
        let wraps_to_zero = |&product: &u64| {
            self.has(Fault::ShapeProductZeroOnly) && product == 0 && !shape.contains(&0)
        };
        let folded = shape.iter().try_fold(1, multiply);
        let Some(product) = folded.filter(|product| !wraps_to_zero(product)) else {
            return Err(refusal(Class::Overflow, "the product of the shape overflows"));
        };
        let blocks = |len: u64| match self.format {
            FileFormat::Khq4 => len.div_ceil(WEIGHTS as u64),
            FileFormat::Khf1 => len,
        };
        let passes = match self.faulty.fault {
            Some(Fault::LargerShapeAccepted) => product >= original_len,
            Some(Fault::SmallerShapeAccepted) => product <= original_len,
            Some(Fault::ShapeComparedByBlocks) => blocks(product) == blocks(original_len),
            Some(Fault::ZeroDimensionRefused) if product == 0 => false,
            _ => product == original_len,
        };
        if !passes {
            let detail = format!("the shape holds {product} values, not {original_len}");
            return Err(refusal(Class::ShapeMismatch, detail));
        }
        Ok(())
    }

    /// KHQ4-P1 and P2: of the bytes behind the header, those that are the payload.
    fn check_extent(
        self,
        rest: &[u8],
        original_len: u64,
        header_len: u64,
    ) -> Result<usize, Refusal> {
        let have = rest.len() as u64;
        // What the payload is made of: blocks of 32 values, or values of two bytes.
        let (block, whole) = match self.format {
            FileFormat::Khq4 => (BLOCK as u64, original_len.div_ceil(WEIGHTS as u64)),
            FileFormat::Khf1 => (2, original_len),
        };
        let padded = (original_len.wrapping_add(31) & self.max()) / 32;
        let negative = original_len >> (self.width - 1) == 1;
        let blocks = match (self.faulty.fault, self.format) {
            (Some(Fault::NaiveCeilWraps), FileFormat::Khq4) => padded,
            (Some(Fault::SignedLength), _) if negative => 0,
            _ => whole,
        };
        let wide = u128::from(blocks) * u128::from(block);
        let needed = match (self.faulty.fault, self.format) {
            (Some(Fault::PayloadProductWraps), FileFormat::Khq4) => {
                u128::from((blocks.wrapping_mul(32).wrapping_mul(block) & self.max()) / 32)
            }
            (Some(Fault::NumelProductWraps), FileFormat::Khf1) => wide & u128::from(self.max()),
            _ => wide,
        };
        let needed = u64::try_from(needed).unwrap_or(u64::MAX);
        let end = header_len.saturating_add(needed);
        if end > self.max() {
            return Err(refusal(Class::Overflow, "the payload's end overflows an address"));
        }
        let header_only = self.map && self.has(Fault::MapChecksOnlyHeader);
        let long_enough = match self.faulty.fault {
            Some(Fault::FileBoundMissing) => true,
            Some(Fault::ExtentFor18ByteBlocks) if self.format == FileFormat::Khq4 => {
                have >= 18 * blocks
            }
            Some(Fault::PartialBlockAccepted) => have.div_ceil(block) >= blocks,
            Some(Fault::SignedPayloadEnd) => have >= needed || end >> (self.width - 1) == 1,
            _ => have >= needed || header_only,
        };
        if !long_enough {
            let detail = format!("{have} bytes of payload, not {needed}");
            return Err(refusal(Class::TruncatedPayload, detail));
        }
        if self.has(Fault::PartialBlockRefused)
            && self.format == FileFormat::Khq4
            && !original_len.is_multiple_of(32)
        {
            return Err(refusal(Class::TruncatedPayload, "the values are not whole blocks"));
        }
        let payload = have.min(needed) as usize;
        let nothing_behind = match self.faulty.fault {
            Some(Fault::TrailingBytesAccepted) => true,
            Some(Fault::MapTrailingBytesAccepted) => self.map || have <= needed,
            Some(Fault::TrailingPartialBlockAccepted) => have / block <= blocks,
            Some(Fault::TrailingZerosAccepted) => rest[payload..].iter().all(|&byte| byte == 0),
            _ => have <= needed || header_only,
        };
        if !nothing_behind {
            return Err(refusal(Class::TrailingBytes, format!("the payload ends at {needed}")));
        }
        Ok(payload)
    }

    /// KHQ4-P7.
    fn is_expected(self, shape: &[u64], expected: &[u64]) -> bool {
        let len = |shape: &[u64]| shape.iter().fold(1, |len: u64, &size| len.wrapping_mul(size));
        match self.faulty.fault {
            Some(Fault::ExpectedShapeIgnored) => true,
            Some(Fault::ExpectedShapeByLength) => len(shape) == len(expected),
            Some(Fault::ExpectedShapeReversedAccepted) => {
                shape == expected || shape.iter().rev().eq(expected)
            }
            Some(Fault::ExpectedShapeCommonPrefix) => {
                shape.iter().zip(expected).all(|(found, expected)| found == expected)
            }
            _ => shape == expected,
        }
    }

    pub(super) fn has(self, fault: Fault) -> bool {
        self.faulty.has(fault)
    }

    /// The largest size.
    fn max(self) -> u64 {
        u64::MAX >> (64 - self.width)
    }
}

/// Opens without waiting for the other end of a FIFO.
fn open(path: &str) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
    }
    options.open(path)
}

/// A path as a URL has it.
fn percent_decoded(path: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), path.as_bytes());
    while let Some((&byte, others)) = rest.split_first() {
        let digits = others.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) if byte == b'%' => {
                bytes.push(decoded);
                rest = &others[2..];
            }
            _ => {
                bytes.push(byte);
                rest = others;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
