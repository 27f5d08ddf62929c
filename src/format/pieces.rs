//! Files larger than memory: a header first, then the payload in pieces, each judged by the rules of
//! [`khq4::parse`] and [`khf1::parse`] before it is handed on.
//!
//! The length of the file is told beforehand, so that the verdict is that of the whole file's bytes. A
//! file that ends earlier all the same, or later, is refused when that is seen (KHQ4-A4).

use std::io::Read;

use zerocopy::FromBytes;
use zerocopy::little_endian::U16;

use super::stream::read_up_to;
use super::{AddressWidth, Class, FormatError, ReadError, khf1, khq4};
use crate::codec::{BLOCK_BYTES, BLOCK_WEIGHTS, Block};

/// Blocks in a piece, the last one apart: 160 KiB, a MiB of f32 values.
pub const PIECE_BLOCKS: usize = 8192;

/// Values in a piece, the last one apart.
pub const PIECE_VALUES: usize = PIECE_BLOCKS * BLOCK_WEIGHTS;

/// The blocks of a KHQ4 file, piece by piece.
#[derive(Debug)]
pub struct Blocks<R> {
    header: khq4::Header,
    payload: Payload<R>,
    /// Blocks that were handed on.
    done: u64,
}

impl<R: Read> Blocks<R> {
    /// The beginning of a file of `file_len` bytes.
    ///
    /// # Errors
    ///
    /// What [`khq4::parse`] refuses for the header and for the length, and what the reader reports.
    pub fn open(mut reader: R, file_len: u64, width: AddressWidth) -> Result<Self, ReadError> {
        let header = khq4::read_header(&mut reader, file_len, width)?;
        let payload = Payload::new(reader, header.payload_offset(), header.payload_len());
        Ok(Self { header, payload, done: 0 })
    }

    /// The header.
    pub fn header(&self) -> &khq4::Header {
        &self.header
    }

    /// The next [`PIECE_BLOCKS`] blocks, or as many as are left; `None` at the end of the file.
    ///
    /// # Errors
    ///
    /// `scale` or `bias`, at the first block that is at fault; `truncated_payload` or
    /// `trailing_bytes`, where the file's length is another than was told; and what the reader reports.
    pub fn next_piece(&mut self) -> Result<Option<&[Block]>, ReadError> {
        let bytes = self.payload.next_piece(PIECE_BLOCKS * BLOCK_BYTES)?;
        let blocks = <[Block]>::ref_from_bytes(bytes).expect("whole blocks");
        khq4::check_blocks_from(self.done, blocks, self.header.payload_offset())?;
        self.done += blocks.len() as u64;
        Ok((!blocks.is_empty()).then_some(blocks))
    }
}

/// The values of a KHF1 file, piece by piece.
#[derive(Debug)]
pub struct Halves<R> {
    header: khf1::Header,
    payload: Payload<R>,
    /// Values that were handed on.
    done: u64,
}

impl<R: Read> Halves<R> {
    /// The beginning of a file of `file_len` bytes.
    ///
    /// # Errors
    ///
    /// What [`khf1::parse`] refuses for the header and for the length, and what the reader reports.
    pub fn open(mut reader: R, file_len: u64, width: AddressWidth) -> Result<Self, ReadError> {
        let header = khf1::read_header(&mut reader, file_len, width)?;
        let payload = Payload::new(reader, header.payload_offset(), header.payload_len(width)?);
        Ok(Self { header, payload, done: 0 })
    }

    /// The header.
    pub fn header(&self) -> &khf1::Header {
        &self.header
    }

    /// The next [`PIECE_VALUES`] values, or as many as are left; `None` at the end of the file.
    ///
    /// # Errors
    ///
    /// `value`, at the first one that is not finite; `truncated_payload` or `trailing_bytes`, where
    /// the file's length is another than was told; and what the reader reports.
    pub fn next_piece(&mut self) -> Result<Option<&[U16]>, ReadError> {
        let bytes = self.payload.next_piece(PIECE_VALUES * size_of::<U16>())?;
        let values = <[U16]>::ref_from_bytes(bytes).expect("whole values");
        khf1::check_values_from(self.done, values, self.header.payload_offset())?;
        self.done += values.len() as u64;
        Ok((!values.is_empty()).then_some(values))
    }
}

/// What is behind a header, of a length that is known.
#[derive(Debug)]
struct Payload<R> {
    reader: R,
    piece: Vec<u8>,
    /// Where the next piece begins, in bytes from the start of the file.
    at: u64,
    /// Where the payload ends.
    end: u64,
}

impl<R: Read> Payload<R> {
    fn new(reader: R, offset: u64, len: u64) -> Self {
        Self { reader, piece: Vec::new(), at: offset, end: offset + len }
    }

    /// The next `most` bytes, or as many as are left; none where the file ends.
    fn next_piece(&mut self, most: usize) -> Result<&[u8], ReadError> {
        self.piece.clear();
        let wanted = (self.end - self.at).min(most as u64);
        // One byte more than nothing, where nothing is to be there.
        self.at += read_up_to(&mut self.reader, &mut self.piece, wanted.max(1))?;
        if self.at > self.end {
            let detail = format!("the payload ends at {}, the file has become longer", self.end);
            return Err(FormatError::new(Class::TrailingBytes, self.end, detail).into());
        }
        if (self.piece.len() as u64) < wanted {
            let detail = format!("the payload ends at {}, the file has become shorter", self.end);
            return Err(FormatError::new(Class::TruncatedPayload, self.at, detail).into());
        }
        Ok(&self.piece)
    }
}
