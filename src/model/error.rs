//! Why a model cannot be run, or cannot be told from its configuration.

use thiserror::Error;

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
}
