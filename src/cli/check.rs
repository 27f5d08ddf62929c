//! `check`: the whole suite, or a part of it, and the verdict.

use std::path::PathBuf;

use clap::{Args, value_parser};

use super::output::print;
use super::problem::{Exit, Problem};
use super::progress::Progress;
use super::select::{FilterArguments, SuiteArguments};
use super::signal;
use super::subject::{Opened, SubjectArguments};
use crate::report::ledger::{Ledger, compare};
use crate::report::log::{self, Header};
use crate::report::pass::{self, Pass};
use crate::report::summary::Verdict;
use crate::run::{REPEAT_SEED, Record, RunError, Settings, run, run_among};
use crate::subject::{Stop, Subject};
use crate::suite::{Case, Profile, Suite};

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
    /// Ask the cases in an order shuffled by this number, so that an answer that depends on the question before
    /// shows. The same number gives the same order. Without it the cases are asked in the order of the suite
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Ask each case N times, in an order that shuffles all of them together. An answer that differs from the first
    /// one to the same question fails the case. The further questions of a case with a recipe are asked the first
    /// time only. Without --seed the order is that of seed 1
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u16).range(1..=1000), allow_negative_numbers = true)]
    repeat: u16,
    /// Start the subject N times, and let all of them share the cases
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u8).range(1..), allow_negative_numbers = true)]
    jobs: u8,
    /// Ask all cases, although the first answers show that the adapter makes one mistake in each
    #[arg(long)]
    keep_going: bool,
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
        let stop = signal::stop()?;
        let mut opened = self.subject.open(self.jobs.into(), &stop)?;
        if let Some(folder) = &self.suite.vectors {
            opened.again.option("--vectors", folder.display());
        }
        let ledger = self.ledger.as_deref().map(Ledger::read).transpose()?;
        if let Some(ledger) = &ledger {
            ledger.check(opened.subject.hello(), &suite)?;
        }
        let verdict = if self.json {
            self.log(&suite, &cases, &mut opened, stop)?
        } else {
            self.report(&suite, &cases, &mut opened, ledger.as_ref(), stop)?
        };
        Ok(verdict.into())
    }

    /// The seed of the order, where it is shuffled.
    fn order_seed(&self) -> Option<u64> {
        self.seed.or((self.repeat > 1).then_some(REPEAT_SEED))
    }

    /// Asks all cases, by as many subjects as there are.
    fn ask(
        &self,
        suite: &Suite,
        cases: &[&Case],
        profile: &Profile,
        opened: &mut Opened,
        stop: Stop,
        observe: &mut dyn FnMut(&Record),
    ) -> Result<Vec<Record>, RunError> {
        let profile = profile.clone();
        let settings = Settings {
            profile,
            deadline: self.subject.deadline,
            seed: self.seed,
            repeat: self.repeat.into(),
            stop,
            keep_going: self.keep_going,
        };
        if opened.beside.is_empty() {
            return run(suite, cases, opened.subject.as_mut(), &settings, observe);
        }
        let mut subjects: Vec<&mut (dyn Subject + Send)> = vec![opened.subject.as_mut()];
        for subject in &mut opened.beside {
            subjects.push(subject.as_mut());
        }
        run_among(suite, cases, subjects, &settings, observe)
    }

    fn report(
        &self,
        suite: &Suite,
        cases: &[&Case],
        opened: &mut Opened,
        ledger: Option<&Ledger>,
        stop: Stop,
    ) -> Result<Verdict, Problem> {
        let profile = opened.profile()?;
        let mut progress = Progress::new(cases.len());
        let mut observe = |record: &Record| progress.advance(record);
        let records = self.ask(suite, cases, &profile, opened, stop, &mut observe);
        progress.finish();
        let records = records?;
        let should = opened.finish();
        let comparison = ledger.map(|ledger| compare(ledger, suite, &records));
        let pass = Pass {
            q4proof: env!("CARGO_PKG_VERSION"),
            suite,
            hello: opened.subject.hello(),
            profile: &profile,
            seed: self.order_seed(),
            repeat: self.repeat.into(),
            cases: cases.len(),
            records: &records,
            ran: &opened.subject.ran(),
            should: &should,
            again: &opened.again,
            ledger: comparison.as_ref(),
            verbose: self.verbose,
        };
        print(&pass::report(&pass))?;
        Ok(pass.verdict())
    }

    fn log(
        &self,
        suite: &Suite,
        cases: &[&Case],
        opened: &mut Opened,
        stop: Stop,
    ) -> Result<Verdict, Problem> {
        let profile = opened.profile()?;
        let (asked, hello) = (self.subject.asked(), opened.subject.hello());
        let (seed, again) = (self.order_seed(), &opened.again);
        let header = Header::new(suite, asked, hello, &profile, cases.len(), seed, again);
        let header = Header { repeat: self.repeat.into(), ..header };
        print_line(header.line()?)?;
        // The pass cannot be stopped from here: what cannot be written is reported at its end.
        let mut written = Ok(());
        let mut observe = |record: &Record| {
            if written.is_ok() {
                written = log::case(record).map_err(Problem::from).and_then(print_line);
            }
        };
        let records = self.ask(suite, cases, &profile, opened, stop, &mut observe)?;
        written?;
        let (ran, should) = (opened.subject.ran(), opened.finish());
        print_line(log::footer(cases.len(), &records, ran, should)?)?;
        Ok(Verdict::of_pass(cases.len(), &records))
    }
}

fn print_line(line: String) -> Result<(), Problem> {
    print(&(line + "\n"))
}
