//! The no-copy map: the one place in the library that needs `unsafe`.

use std::fs::File;
use std::io;

use memmap2::Mmap;
use zerocopy::FromBytes;

use crate::codec::Block;
use crate::format::khq4::{self, Header, View};
use crate::format::{AddressWidth, FormatError, khf1};

/// Maps the whole of `file`, read-only.
#[allow(unsafe_code, reason = "a map of a file is unsafe by its nature; argued below")]
pub(super) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the map is private to this process and read-only, and its bytes are only ever read
    // as `u8`, `U16` or `Block`, for which every bit pattern is valid, so that no value found in the
    // file is undefined behaviour. What remains is that another process changes or truncates the
    // file while it is mapped: that is the documented limit of this path (KHQ4-A4), and a caller
    // who cannot rule it out uses `read_khq4`, which copies.
    unsafe { Mmap::map(file) }
}

/// A checked KHQ4 tensor in a mapped file.
///
/// The file must not be changed or truncated while this lives (KHQ4-A4).
#[derive(Debug)]
pub struct MappedTensor {
    map: Mmap,
    header: Header,
}

impl MappedTensor {
    pub(super) fn new(map: Mmap, width: AddressWidth) -> Result<Self, FormatError> {
        let header = khq4::parse(&map, width)?.header;
        Ok(Self { map, header })
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The payload's bytes, for a buffer that is to hold just these: `header().payload_len()`.
    pub fn payload(&self) -> &[u8] {
        &self.map[self.header.payload_offset() as usize..]
    }

    /// The header and the blocks.
    pub fn view(&self) -> View<'_> {
        let blocks = <[Block]>::ref_from_bytes(self.payload()).expect("parse saw whole blocks");
        View { header: self.header.clone(), blocks }
    }
}

/// A checked KHF1 tensor in a mapped file.
///
/// The file must not be changed or truncated while this lives (KHQ4-A4).
#[derive(Debug)]
pub struct MappedHalves {
    map: Mmap,
    header: khf1::Header,
}

impl MappedHalves {
    pub(super) fn new(map: Mmap, width: AddressWidth) -> Result<Self, FormatError> {
        let header = khf1::parse(&map, width)?.header;
        Ok(Self { map, header })
    }

    /// The header.
    pub fn header(&self) -> &khf1::Header {
        &self.header
    }

    /// The payload's bytes, for a buffer that is to hold just these: two for each value.
    pub fn payload(&self) -> &[u8] {
        &self.map[self.header.payload_offset() as usize..]
    }

    /// The header and the values.
    pub fn view(&self) -> khf1::View<'_> {
        khf1::View::of(self.header.clone(), &self.map)
    }
}
