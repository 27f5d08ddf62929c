//! Files: the copying read, the no-copy map, the atomic write, and directories of them.
//!
//! Each path opens the file once, refuses what is not a regular file without hanging (KHQ4-A1),
//! and lets `format` judge the bytes.

mod directory;
mod kind;
mod map;
mod open;
mod write;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::format::khq4::{self, Tensor};
use crate::format::{AddressWidth, Class, FormatError, ReadError, khf1};

pub use directory::{Directory, open_directory, read_index};
pub(crate) use directory::{read_if_there, tensor_of};
pub(crate) use kind::{explained, foreign, kind_at};
pub use map::{MappedHalves, MappedTensor};
pub(crate) use open::regular_file;
pub(crate) use write::{aside, folder_aside};
pub use write::{write_atomically, write_khf1, write_khq4};

/// A file that gave no tensor, or took none.
#[derive(Debug, Error)]
#[error("{}: {error}", path.display())]
pub struct StoreError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub error: FormatError,
}

impl StoreError {
    fn new(path: &Path, error: FormatError) -> Self {
        Self { path: path.to_owned(), error }
    }

    fn read(path: &Path, error: ReadError) -> Self {
        match error {
            ReadError::Format(error) => Self::new(path, error),
            ReadError::Io(error) => Self::io(path, &error),
        }
    }

    fn io(path: &Path, error: &io::Error) -> Self {
        Self::new(path, FormatError::new(Class::Io, 0, error.to_string()))
    }
}

/// Reads a KHQ4 file into memory.
///
/// # Errors
///
/// What [`khq4::parse`] refuses, `not_a_file` and `io`.
pub fn read_khq4(path: &Path, width: AddressWidth) -> Result<Tensor, StoreError> {
    let mut file = open::regular_file(path)?;
    khq4::read(&mut file, width).map_err(|error| StoreError::read(path, error))
}

/// Maps a KHQ4 file without copying its payload; nothing of it is handed on before every rule has
/// been checked, the blocks included (KHQ4-A2).
///
/// # Errors
///
/// As [`read_khq4`].
pub fn map_khq4(path: &Path, width: AddressWidth) -> Result<MappedTensor, StoreError> {
    let file: File = open::regular_file(path)?;
    let map = map::map(&file).map_err(|error| StoreError::io(path, &error))?;
    MappedTensor::new(map, width).map_err(|error| StoreError::new(path, error))
}

/// Reads a KHF1 file into memory.
///
/// # Errors
///
/// What [`khf1::parse`] refuses, `not_a_file` and `io`.
pub fn read_khf1(path: &Path, width: AddressWidth) -> Result<khf1::Tensor, StoreError> {
    let mut file = open::regular_file(path)?;
    khf1::read(&mut file, width).map_err(|error| StoreError::read(path, error))
}

/// Maps a KHF1 file without copying its payload; nothing of it is handed on before every rule has
/// been checked, each value included (KHQ4-A2).
///
/// # Errors
///
/// As [`read_khf1`].
pub fn map_khf1(path: &Path, width: AddressWidth) -> Result<MappedHalves, StoreError> {
    let file = open::regular_file(path)?;
    let map = map::map(&file).map_err(|error| StoreError::io(path, &error))?;
    MappedHalves::new(map, width).map_err(|error| StoreError::new(path, error))
}
