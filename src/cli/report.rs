//! `report`: a pass again, from its log.

use std::path::PathBuf;

use clap::Args;

use super::output::{print, write};
use super::problem::{Exit, Problem};
use super::select::SuiteArguments;
use super::subject::program;
use crate::report::ledger::{Ledger, compare};
use crate::report::log::Log;
use crate::report::pass::{self, Pass};
use crate::report::{Again, junit, markdown};

/// Show a pass from its log, and write it for continuous integration
///
/// The log is what `check --json` wrote. Exits as `check` did, or, with a ledger, would have.
#[derive(Args)]
pub struct Report {
    /// The log
    log: PathBuf,
    /// TOML file of the failures that are known: exits with 0 where just they happened
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Write the report as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write the report as Markdown
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    #[command(flatten)]
    suite: SuiteArguments,
    /// Show every failure in full, and refusals with a wrong class
    #[arg(long)]
    verbose: bool,
}

impl Report {
    /// # Errors
    ///
    /// Where the log or the ledger cannot be used, or a report cannot be written.
    pub fn run(self) -> Result<Exit, Problem> {
        let suite = self.suite.load()?;
        let log = Log::read_any(&self.log)?;
        log.check_suite(&suite)?;
        let comparison = match &self.ledger {
            None => None,
            Some(path) => {
                let ledger = Ledger::read(path)?;
                ledger.check(&log.header.subject, &suite)?;
                Some(compare(&ledger, &suite, &log.records))
            }
        };
        let again = Again { program: program(), ..log.header.again };
        let pass = Pass {
            q4proof: &log.header.q4proof,
            suite: &suite,
            hello: &log.header.subject,
            profile: &log.header.profile,
            seed: log.header.seed,
            repeat: log.header.repeat,
            cases: log.header.cases,
            records: &log.records,
            ran: &log.footer.ran,
            should: &log.footer.should,
            again: &again,
            ledger: comparison.as_ref(),
            verbose: self.verbose,
        };
        if let Some(path) = &self.markdown {
            write(path, &markdown::report(&pass))?;
        }
        if let Some(path) = &self.junit {
            let xml = junit::report(&pass).map_err(|error| Problem::Harness(error.to_string()))?;
            write(path, &xml)?;
        }
        print(&pass::report(&pass))?;
        Ok(pass.verdict().into())
    }
}
