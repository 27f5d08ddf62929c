//! Why a conversion came to nothing.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::Watch;
use crate::format::kind::Expected;
use crate::format::{Class, ReadError};
use crate::store::{StoreError, explained};

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

    /// What is wrong with a file of a tensor.
    pub(super) fn read(path: &Path, error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => Self::file(path, error),
            ReadError::Format(error) => Self::file(path, explained(path, Expected::Tensor, error)),
        }
    }

    /// What is wrong with a file of JSON.
    pub(super) fn json(path: &Path, problem: impl Display) -> Self {
        Self::file(path, explained(path, Expected::Json, problem))
    }

    /// What is wrong, without the path of the file.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::File { problem, .. } => problem.clone(),
            Self::Tensor { name, problem, .. } => format!("tensor {name:?}: {problem}"),
            Self::Interrupted => self.to_string(),
        }
    }
}

impl From<StoreError> for ConvertError {
    fn from(StoreError { path, error }: StoreError) -> Self {
        match error.class {
            // Of the file as a whole, and not of a place in it.
            Class::Io | Class::NotAFile => Self::File { path, problem: error.detail },
            // Tensors are read in pieces here: what is left are indexes.
            _ => Self::json(&path, error),
        }
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
