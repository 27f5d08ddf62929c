//! Why a conversion came to nothing.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::Watch;
use crate::format::{Class, ReadError};
use crate::store::StoreError;

/// Why a conversion came to nothing; no file of it is left.
#[derive(Debug, Error)]
pub enum ConvertError {
    /// A file is not what it has to be, or the system refused.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Where in it, what was found and what was expected, for a person.
        problem: String,
    },
    /// A tensor cannot be converted.
    #[error("{}: tensor {name:?}: {problem}", path.display())]
    Tensor {
        /// The file that it is in.
        path: PathBuf,
        /// Its name.
        name: String,
        /// Which value, what was found and what was expected, for a person.
        problem: String,
    },
    /// Whoever watched has stopped it.
    #[error("interrupted: nothing was written")]
    Interrupted,
}

impl ConvertError {
    pub(super) fn file(path: &Path, problem: impl Display) -> Self {
        Self::File { path: path.to_owned(), problem: problem.to_string() }
    }

    pub(super) fn tensor(path: &Path, name: &str, problem: impl Display) -> Self {
        Self::Tensor { path: path.to_owned(), name: name.to_owned(), problem: problem.to_string() }
    }

    pub(super) fn read(path: &Path, error: ReadError) -> Self {
        Self::file(path, error)
    }
}

impl From<StoreError> for ConvertError {
    fn from(StoreError { path, error }: StoreError) -> Self {
        let problem = match error.class {
            // Of the file as a whole, and not of a place in it.
            Class::Io | Class::NotAFile => error.detail,
            _ => error.to_string(),
        };
        Self::File { path, problem }
    }
}

/// Tells `watch` that so many bytes more were read.
///
/// # Errors
///
/// [`ConvertError::Interrupted`], where it wants no more.
pub(super) fn advance(watch: &mut dyn Watch, bytes: usize) -> Result<(), ConvertError> {
    if watch.advance(bytes as u64) { Ok(()) } else { Err(ConvertError::Interrupted) }
}
