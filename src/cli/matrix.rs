//! `matrix`: the logs of several subjects as one page.

use std::path::PathBuf;

use clap::Args;

use super::output::{print, write};
use super::problem::{Exit, Problem};
use super::select::SuiteArguments;
use crate::report::kills;
use crate::report::log::Log;
use crate::report::matrix::{Page, asked_clauses};
use crate::report::text::{counted, plain};

/// Write one page of HTML with subjects by clauses, from logs of `check --json`
///
/// What each subject does wrong, how near to their bounds its answers came, and each failing case with its
/// bytes.
#[derive(Args)]
pub struct Matrix {
    /// The logs, a column each
    #[arg(required = true, value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// The page
    #[arg(long, value_name = "FILE")]
    html: PathBuf,
    /// What `selftest --json` wrote: shows which cases catch which fault
    #[arg(long, value_name = "FILE")]
    selftest: Option<PathBuf>,
    #[command(flatten)]
    suite: SuiteArguments,
}

impl Matrix {
    /// # Errors
    ///
    /// Where a log or the kill matrix cannot be used or is of another suite, or the page cannot be
    /// written.
    pub fn run(self) -> Result<Exit, Problem> {
        let suite = self.suite.load()?;
        let logs: Vec<Log> =
            self.logs.iter().map(|path| Log::read(path)).collect::<Result<_, _>>()?;
        for log in &logs {
            log.check_suite(&suite)?;
        }
        let kills = self.selftest.as_deref().map(|path| kills::read(path, &suite)).transpose()?;
        write(&self.html, &Page { suite: &suite, logs: &logs, kills: kills.as_ref() }.html())?;
        print(&format!(
            "{}: {} by {}\n",
            plain(&self.html.display().to_string(), 300),
            counted(asked_clauses(&logs).len(), "clause"),
            counted(logs.len(), "subject")
        ))?;
        Ok(Exit::Good)
    }
}
