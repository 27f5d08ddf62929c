//! `measure`: numbers that tell whether a format suits the weights.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::conversion::{Watcher, skipped};
use super::output::print;
use super::problem::{Exit, Problem};
use crate::convert::symmetry::{measure, measure_rotated};
use crate::report::symmetry;

/// Measure weights
#[derive(Args)]
pub struct Measure {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Symmetry(Symmetry),
}

/// Measure how far each tensor is from being symmetric around zero
///
/// The measure is the mean over the rows of |row mean|, divided by the greatest absolute value. From 5 % on an
/// asymmetric mode would be material for a rotated tensor. With --quarot each matrix that a rotation turns is
/// measured before and after it, embeddings and output matrix first, and the mean of every rotated run is held
/// against its closed form, sign_0 x_0 / sqrt(n): exits with 1 where they differ by more than rounding.
///
/// Only weights at hand can be measured. The figures for the 0.8 B model of Qwen3.5 that were reported with the
/// symmetric mode cannot be reproduced without its checkpoint, which is not part of this project.
#[derive(Args)]
struct Symmetry {
    /// A model's directory, of safetensors or quantized; or a .safetensors, .q4 or .f16 file
    #[arg(value_name = "DIR|FILE")]
    source: PathBuf,
    /// Rotate the weights of a directory of safetensors with this seed
    #[arg(long, value_name = "SEED")]
    quarot: Option<u64>,
}

impl Measure {
    /// # Errors
    ///
    /// Where something cannot be read or is not sound, and where the measuring is interrupted.
    pub fn run(self) -> Result<Exit, Problem> {
        let What::Symmetry(Symmetry { source, quarot }) = self.what;
        let mut watcher = Watcher::new()?;
        let told = match quarot {
            None => measure(&source, &mut watcher).map(|(measured, left)| {
                (skipped(&left) + &symmetry::measured(&measured, &source), Exit::Good)
            }),
            Some(seed) => measure_rotated(&source, seed, &mut watcher).map(|turned| {
                let is_good = turned.iter().all(|one| one.deviation <= one.bound);
                let exit = if is_good { Exit::Good } else { Exit::Bad };
                (symmetry::turned(&turned, seed, &source), exit)
            }),
        };
        watcher.finish();
        let (text, exit) = told?;
        print(&text)?;
        Ok(exit)
    }
}
