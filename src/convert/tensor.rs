//! A KHQ4 or KHF1 file piece by piece, as the values of a dtype.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::Dtype;
use super::error::ConvertError;
use crate::codec::BLOCK_WEIGHTS;
use crate::format::pieces::{Blocks, Halves};
use crate::format::stream::read_up_to;
use crate::format::{AddressWidth, khf1};
use crate::store::regular_file;

const WIDTH: AddressWidth = AddressWidth::NATIVE;

/// A file whose header was checked.
pub(super) struct Tensor {
    path: PathBuf,
    payload: Payload,
    /// Values that were handed on.
    done: u64,
}

enum Payload {
    Blocks(Blocks<File>),
    Halves(Halves<File>),
}

impl Tensor {
    /// Opens a file and reads its header: as KHF1 where its magic is that of KHF1, as KHQ4 otherwise.
    pub fn open(path: &Path) -> Result<Self, ConvertError> {
        let mut file = regular_file(path)?;
        let system = |error| ConvertError::file(path, error);
        let len = file.metadata().map_err(system)?.len();
        let mut magic = Vec::new();
        read_up_to(&mut file, &mut magic, khf1::MAGIC.len() as u64).map_err(system)?;
        file.seek(SeekFrom::Start(0)).map_err(system)?;
        let opened = if magic == khf1::MAGIC {
            Halves::open(file, len, WIDTH).map(Payload::Halves)
        } else {
            Blocks::open(file, len, WIDTH).map(Payload::Blocks)
        };
        let payload = opened.map_err(|error| ConvertError::read(path, error))?;
        Ok(Self { path: path.to_owned(), payload, done: 0 })
    }

    /// The dimensions, outermost first.
    pub fn shape(&self) -> &[u64] {
        match &self.payload {
            Payload::Blocks(blocks) => &blocks.header().shape,
            Payload::Halves(halves) => &halves.header().shape,
        }
    }

    /// The number of values.
    pub fn numel(&self) -> u64 {
        match &self.payload {
            Payload::Blocks(blocks) => blocks.header().original_len,
            Payload::Halves(halves) => halves.header().numel,
        }
    }

    /// Bytes of the payload.
    pub fn payload_len(&self) -> u64 {
        match &self.payload {
            Payload::Blocks(blocks) => blocks.header().payload_len(),
            Payload::Halves(halves) => halves.header().numel * khf1::VALUE_BYTES,
        }
    }

    /// Bytes of the file.
    pub fn file_len(&self) -> u64 {
        let header = match &self.payload {
            Payload::Blocks(blocks) => blocks.header().payload_offset(),
            Payload::Halves(halves) => halves.header().payload_offset(),
        };
        header + self.payload_len()
    }

    /// Whether it is a KHQ4 file.
    pub fn is_quantized(&self) -> bool {
        matches!(self.payload, Payload::Blocks(_))
    }

    /// The next values as those of `dtype`, in the place of what is in `values`, and the bytes of the
    /// file that were read for them: none at its end.
    pub fn next_piece(
        &mut self,
        dtype: Dtype,
        values: &mut Vec<u8>,
    ) -> Result<usize, ConvertError> {
        values.clear();
        let left = self.numel() - self.done;
        let failed = |error| ConvertError::read(&self.path, error);
        let (read, count) = match &mut self.payload {
            Payload::Blocks(blocks) => {
                let Some(blocks) = blocks.next_piece().map_err(failed)? else { return Ok(0) };
                let count = left.min((blocks.len() * BLOCK_WEIGHTS) as u64) as usize;
                dtype.of_blocks(blocks, count, values).map_err(|index| {
                    let index = self.done + index as u64;
                    let problem = format!("value {index} is beyond what f16 can hold");
                    ConvertError::file(&self.path, problem)
                })?;
                (size_of_val(blocks), count)
            }
            Payload::Halves(halves) => {
                let Some(halves) = halves.next_piece().map_err(failed)? else { return Ok(0) };
                dtype.of_halves(halves, values);
                (size_of_val(halves), halves.len())
            }
        };
        self.done += count as u64;
        Ok(read)
    }
}
