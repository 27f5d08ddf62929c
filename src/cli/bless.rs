//! `bless`: the lines of a ledger, from a log.

use std::path::PathBuf;

use clap::Args;

use super::output::{print, write};
use super::problem::{Exit, Problem};
use super::select::SuiteArguments;
use crate::report::ledger::bless;
use crate::report::log::Log;
use crate::report::text::{counted, plain};

/// Begin a ledger with the failures of a log; the reasons are to be written by hand
#[derive(Args)]
pub struct Bless {
    /// What `check --json` wrote of a whole suite, without --filter
    log: PathBuf,
    /// The ledger, which must not exist yet
    #[arg(long, value_name = "FILE")]
    ledger: PathBuf,
    #[command(flatten)]
    suite: SuiteArguments,
}

impl Bless {
    /// # Errors
    ///
    /// Where the log is not one of a whole pass, nothing failed, or the ledger is there already.
    pub fn run(self) -> Result<Exit, Problem> {
        let suite = self.suite.load()?;
        let log = Log::read(&self.log)?;
        log.check_suite(&suite)?;
        log.check_unfiltered(&suite)?;
        let path = self.ledger.display().to_string();
        if self.ledger.symlink_metadata().is_ok() {
            return Err(Problem::Usage(format!(
                "{path}: is there already, expected a new file: its reasons would be lost"
            )));
        }
        let (text, lines) = bless(&log, &suite).ok_or_else(|| {
            Problem::Usage(format!("{}: nothing failed that a ledger could list", log.file))
        })?;
        write(&self.ledger, &text)?;
        let failures = log.records.iter().filter(|record| record.outcome.is_failure()).count();
        let (lines, cases) = (counted(lines, "line"), counted(failures, "failing case"));
        print(&format!("{}: {lines} for {cases}, without a reason yet\n", plain(&path, 300)))?;
        Ok(Exit::Good)
    }
}
