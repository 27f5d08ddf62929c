//! The decoder whose weights are converted: the text model of Qwen3.5 in Hugging Face's transformers,
//! gated delta nets and gated full attention in turn.
//!
//! | module | is |
//! |---|---|
//! | [`config`] | its sizes, from `config.json` |
//! | [`tensors`] | the tensors that it needs, by name and shape |
//! | [`double`] | its logits in f64, for the gate of a rotation |

pub mod config;
pub mod double;
mod error;
pub mod tensors;

pub use config::Config;
pub use error::ModelError;
