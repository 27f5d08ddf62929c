//! `quantize`: a model to a directory of KHQ4 and KHF1 files, as it is or rotated.

use std::path::PathBuf;

use clap::Args;

use super::conversion::{Watcher, skipped};
use super::output::print;
use super::problem::{Exit, Problem};
use crate::convert::quantize;
use crate::convert::quarot::quantize_rotated;
use crate::report::{conversion, rotation};

/// Quantize a model: a directory with config.json and safetensors
///
/// SRC holds config.json and model.safetensors, or files with model.safetensors.index.json. In DST each tensor
/// is a file: matrices .q4, all else .f16, beside an index, config.json and tokenizer.json. Tensors of integers,
/// such as position_ids, are skipped, with a line. DST must not be there yet, or be an empty directory; where
/// the conversion fails or is interrupted it is left as it was.
///
/// With --quarot the text model of Qwen3.5 is rotated first: embeddings untied, norms folded, all in f64, and
/// just the rotated matrices are quantized, symmetrically. Before that every element of them is compared with
/// a second computation, and the logits of the plain and of the rotated model with each other; where they
/// differ nothing is written. hidden_size must be a power of two.
#[derive(Args)]
pub struct Quantize {
    /// The model's directory
    #[arg(value_name = "SRC")]
    source: PathBuf,
    /// The directory that is made
    #[arg(value_name = "DST")]
    target: PathBuf,
    /// Rotate the weights, with the random signs of this seed: any number of 64 bits
    #[arg(long, value_name = "SEED")]
    quarot: Option<u64>,
}

impl Quantize {
    /// # Errors
    ///
    /// Where something cannot be read, converted or written, and where the conversion is interrupted.
    pub fn run(self) -> Result<Exit, Problem> {
        let (source, target) = (&self.source, &self.target);
        let mut watcher = Watcher::new()?;
        let text = match self.quarot {
            None => quantize(source, target, &mut watcher).map(|done| {
                skipped(&done.skipped) + &conversion::quantized(&done.converted, target)
            }),
            Some(seed) => quantize_rotated(source, target, seed, &mut watcher)
                .map(|quantized| rotation::quantized(&quantized, seed, target)),
        };
        watcher.finish();
        print(&text?)?;
        Ok(Exit::Good)
    }
}
