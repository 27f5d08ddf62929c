//! `doctor`: what is right and what is wrong in a model directory.

use std::path::PathBuf;

use clap::Args;

use super::output::print;
use super::problem::{Exit, Problem};
use crate::doctor::{Level, examine};
use crate::report::diagnosis::diagnosis;

/// Say what is right and what is wrong in a model directory, quantized or of safetensors
///
/// Looks at config.json, the index, every file and every value of it, the tensors that the configuration asks
/// for, files that nothing names, and of rotated weights at their seed and their norms. No fault ends the
/// look. Exits with 0 where nothing is wrong, 1 where something is, 2 where DIR is no directory.
#[derive(Args)]
pub struct Doctor {
    /// The directory
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Doctor {
    /// # Errors
    ///
    /// Where the directory cannot be listed.
    pub fn run(self) -> Result<Exit, Problem> {
        let found = examine(&self.folder)
            .map_err(|error| Problem::Usage(format!("{}: {error}", self.folder.display())))?;
        print(&diagnosis(&found, &self.folder))?;
        Ok(if found.count(Level::Wrong) == 0 { Exit::Good } else { Exit::Bad })
    }
}
