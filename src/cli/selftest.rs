//! `selftest`: the planted faults against the suite.

use std::path::PathBuf;

use clap::Args;

use super::output::{print, write};
use super::problem::{Exit, Problem};
use super::progress::Progress;
use super::select::SuiteArguments;
use crate::report::kills;
use crate::run::selftest::{members, selftest};

/// Run every implementation with a planted fault through the suite: each must be caught
#[derive(Args)]
pub struct Selftest {
    #[command(flatten)]
    suite: SuiteArguments,
    /// Write the kill matrix, which case catches which fault, to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Selftest {
    /// # Errors
    ///
    /// Where the vectors cannot be used, or the matrix cannot be written.
    pub fn run(self) -> Result<Exit, Problem> {
        let mut progress = Progress::new(members());
        let matrix = selftest(&self.suite.load()?, &mut |name| progress.step(name));
        progress.finish();
        let matrix = matrix?;
        if let Some(path) = &self.json {
            write(path, &(serde_json::to_string_pretty(&matrix)? + "\n"))?;
        }
        print(&kills::report(&matrix))?;
        Ok(if matrix.problems.is_empty() { Exit::Good } else { Exit::Bad })
    }
}
