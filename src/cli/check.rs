//! `check`: the whole suite, or a part of it, and the verdict.

use std::path::PathBuf;

use clap::Args;

use super::output::print;
use super::problem::{Exit, Problem};
use super::progress::Progress;
use super::select::{FilterArguments, SuiteArguments};
use super::subject::{Opened, SubjectArguments};
use crate::report::ledger::{Ledger, compare};
use crate::report::log::{self, Header};
use crate::report::pass::{self, Pass};
use crate::report::summary::Verdict;
use crate::run::{Record, Settings, Totals, run};
use crate::suite::{Case, Suite};

/// Ask a subject every case and say whether it conforms
#[derive(Args)]
pub struct Check {
    #[command(flatten)]
    subject: SubjectArguments,
    #[command(flatten)]
    filter: FilterArguments,
    #[command(flatten)]
    suite: SuiteArguments,
    /// Write JSON Lines instead of a report: a header, one line a case, a footer
    #[arg(long)]
    json: bool,
    /// TOML file of the failures that are known: exits with 0 where just they happen
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    ledger: Option<PathBuf>,
    /// Ask in an order shuffled by this number
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Show every failure in full, and refusals with a wrong class
    #[arg(long)]
    verbose: bool,
}

impl Check {
    /// # Errors
    ///
    /// Whatever keeps a verdict from being found.
    pub fn run(self) -> Result<Exit, Problem> {
        let suite = self.suite.load()?;
        let cases = self.filter.select(&suite)?;
        let mut opened = self.subject.open()?;
        if let Some(folder) = &self.suite.vectors {
            opened.again.option("--vectors", folder.display());
        }
        let ledger = self.ledger.as_deref().map(Ledger::read).transpose()?;
        if let Some(ledger) = &ledger {
            ledger.check(opened.subject.hello(), &suite)?;
        }
        let verdict = if self.json {
            self.log(&suite, &cases, &mut opened)?
        } else {
            self.report(&suite, &cases, &mut opened, ledger.as_ref())?
        };
        Ok(verdict.into())
    }

    fn settings(&self, opened: &Opened) -> Settings {
        let profile = opened.profile.clone();
        Settings { profile, deadline: self.subject.deadline, seed: self.seed }
    }

    fn report(
        &self,
        suite: &Suite,
        cases: &[&Case],
        opened: &mut Opened,
        ledger: Option<&Ledger>,
    ) -> Result<Verdict, Problem> {
        let settings = self.settings(opened);
        let mut progress = Progress::new(cases.len());
        let mut observe = |record: &Record| progress.advance(record);
        let records = run(suite, cases, opened.subject.as_mut(), &settings, &mut observe);
        progress.finish();
        let records = records?;
        let comparison = ledger.map(|ledger| compare(ledger, suite, &records));
        let pass = Pass {
            q4proof: env!("CARGO_PKG_VERSION"),
            suite,
            hello: opened.subject.hello(),
            profile: &opened.profile,
            seed: self.seed,
            records: &records,
            ran: &opened.subject.ran(),
            again: &opened.again,
            ledger: comparison.as_ref(),
            verbose: self.verbose,
        };
        print(&pass::report(&pass))?;
        Ok(pass.verdict())
    }

    fn log(&self, suite: &Suite, cases: &[&Case], opened: &mut Opened) -> Result<Verdict, Problem> {
        let settings = self.settings(opened);
        let (asked, hello) = (self.subject.asked(), opened.subject.hello());
        let header = Header::new(
            suite,
            asked,
            hello,
            &opened.profile,
            cases.len(),
            self.seed,
            &opened.again,
        );
        print_line(header.line()?)?;
        // The pass cannot be stopped from here: what cannot be written is reported at its end.
        let mut written = Ok(());
        let mut observe = |record: &Record| {
            if written.is_ok() {
                written = log::case(record).map_err(Problem::from).and_then(print_line);
            }
        };
        let records = run(suite, cases, opened.subject.as_mut(), &settings, &mut observe)?;
        written?;
        print_line(log::footer(&records, opened.subject.ran())?)?;
        Ok(Verdict::of(&Totals::of(&records)))
    }
}

fn print_line(line: String) -> Result<(), Problem> {
    print(&(line + "\n"))
}
