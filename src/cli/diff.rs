//! `diff`: two logs side by side.

use std::path::PathBuf;

use clap::Args;

use super::output::print;
use super::problem::{Exit, Problem};
use crate::report::diff;
use crate::report::log::Log;

/// Compare two logs of `check --json`: newly failing, newly passing, new and gone
///
/// Exits with 1 where a case of tier must passed in A and fails in B, or is not asked there any more; or where
/// it fails in both, and worse in B: by a crash, say, and not by a wrong answer.
#[derive(Args)]
pub struct Diff {
    /// The earlier log
    #[arg(value_name = "A")]
    earlier: PathBuf,
    /// The later log
    #[arg(value_name = "B")]
    later: PathBuf,
}

impl Diff {
    /// # Errors
    ///
    /// Where a log cannot be used.
    pub fn run(self) -> Result<Exit, Problem> {
        let (earlier, later) = (Log::read(&self.earlier)?, Log::read(&self.later)?);
        let diff = diff::Diff::new(&earlier, &later);
        print(&diff::report(&diff))?;
        Ok(if diff.has_regressions() { Exit::Bad } else { Exit::Good })
    }
}
