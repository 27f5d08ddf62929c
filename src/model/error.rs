//! Why a model cannot be run, or cannot be told from its configuration.

use std::path::Path;

use thiserror::Error;

use crate::store::StoreError;

/// Why there is no model, or no answer of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ModelError {
    /// The configuration is not one of this architecture; the words name the field.
    #[error("{0}")]
    Config(String),
    /// A tensor that the model needs is not there.
    #[error("tensor {0:?} is not there")]
    Missing(String),
    /// A tensor has another shape.
    #[error("tensor {name:?} has shape {found:?}, expected {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// Its shape, outermost dimension first.
        found: Vec<usize>,
        /// The shape that the configuration asks for.
        expected: Vec<usize>,
    },
    /// A token that is beyond the vocabulary.
    #[error("token {id} is beyond the vocabulary of {vocabulary}")]
    Token {
        /// The token.
        id: u32,
        /// How many tokens there are.
        vocabulary: usize,
    },
    /// A tensor of another kind than the model needs.
    #[error("tensor {name:?}: {problem}")]
    Tensor {
        /// Its name.
        name: String,
        /// What is wrong, for a person.
        problem: String,
    },
    /// More tokens than the model has positions.
    #[error("{tokens} tokens after {position}: the context holds {longest}")]
    Context {
        /// Tokens that were to be added.
        tokens: usize,
        /// Tokens before them.
        position: usize,
        /// Positions that the model was made for.
        longest: usize,
    },
    /// A file of the model.
    #[error("{file}: {problem}")]
    File {
        /// Its path.
        file: String,
        /// What is wrong, for a person.
        problem: String,
    },
    /// A text that the tokenizer cannot take, or tokens that it has no text for.
    #[error("the tokenizer: {0}")]
    Text(String),
    /// What computes the products of the model.
    #[error("{0}")]
    Backend(String),
}

impl ModelError {
    pub(crate) fn file(file: &Path, problem: impl ToString) -> Self {
        Self::File { file: file.display().to_string(), problem: problem.to_string() }
    }

    pub(crate) fn tensor(name: &str, problem: impl ToString) -> Self {
        Self::Tensor { name: name.to_owned(), problem: problem.to_string() }
    }
}

impl From<StoreError> for ModelError {
    fn from(error: StoreError) -> Self {
        Self::file(&error.path, &error.error)
    }
}
