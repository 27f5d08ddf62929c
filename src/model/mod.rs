//! The small decoder whose output is compared end to end, and whose weights are converted: the text model
//! of Qwen3.5 in Hugging Face's transformers, gated delta nets and gated full attention in turn.
//!
//! | module | is |
//! |---|---|
//! | [`config`] | its sizes, from `config.json` |
//! | [`tensors`] | the tensors that it needs, by name and shape |
//! | [`weights`] | where tensors come from: safetensors, or a quantized directory |
//! | [`linear`] | products behind one trait: decoded to f32, blocks as they are, a GPU |
//! | [`decoder`] | the forward pass in f32, with the state that it carries from token to token |
//! | [`double`] | its logits in f64, position by position, for the gate of a rotation |
//! | [`generate`] | greedy generation |
//! | `tokenizer` | text to tokens and back (feature `parity`) |

mod arithmetic;
mod attention;
pub mod config;
pub mod decoder;
mod delta;
pub mod double;
mod error;
pub mod generate;
#[cfg(feature = "gpu")]
mod gpu;
pub mod linear;
mod loader;
pub mod tensors;
#[cfg(feature = "parity")]
pub mod tokenizer;
pub mod weights;

pub use config::Config;
pub use decoder::{Decoder, State};
pub use error::ModelError;
