//! `matrix`: the logs of several subjects as one page.

use std::path::PathBuf;

use clap::Args;

use super::output::{print, write};
use super::problem::{Exit, Problem};
use crate::report::log::Log;
use crate::report::matrix;
use crate::report::text::{counted, plain};

/// Write one page of HTML with subjects by clauses, from logs of `check --json` of one suite
#[derive(Args)]
pub struct Matrix {
    /// The logs, a column each
    #[arg(required = true, value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// The page
    #[arg(long, value_name = "FILE")]
    html: PathBuf,
}

impl Matrix {
    /// # Errors
    ///
    /// Where a log cannot be used or is of another suite than the first, or the page cannot be
    /// written.
    pub fn run(self) -> Result<Exit, Problem> {
        let logs: Vec<Log> =
            self.logs.iter().map(|path| Log::read(path)).collect::<Result<_, _>>()?;
        if let Some((first, others)) = logs.split_first() {
            for log in others {
                log.check_same_suite(first)?;
            }
        }
        write(&self.html, &matrix::page(&logs))?;
        print(&format!(
            "{}: {} by {}\n",
            plain(&self.html.display().to_string(), 300),
            counted(matrix::asked_clauses(&logs).len(), "clause"),
            counted(logs.len(), "subject")
        ))?;
        Ok(Exit::Good)
    }
}
