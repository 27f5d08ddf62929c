//! `gate`: whether a mutation sweep proves that the tests are tested.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::output::{print, write};
use super::problem::{Exit, Problem};
use crate::report::mutants::gate::{Demands, judge};
use crate::report::mutants::ledger::Ledger;
use crate::report::mutants::sweep::{Refused, Sweep, read, read_list, read_tests};
use crate::report::mutants::text;

/// Judge what another tool has left: a sweep of cargo-mutants
#[derive(Args)]
pub struct Gate {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Judge folders of cargo-mutants, of any crate: whole, of one source, and without survivors
    ///
    /// Exits with 0 where the gate opens, 1 where mutants survive or the ledger is stale, 2 where
    /// the folders prove nothing: a file is missing, a shard is missing or was interrupted, the
    /// baseline failed, the sources or the scopes of tests differ, nothing was tested.
    Mutants(Mutants),
}

#[derive(Args)]
struct Mutants {
    /// Folders named mutants.out, or that hold one; several are shards of one sweep
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// Every mutant of the source, as `cargo mutants --list --json` prints it
    #[arg(long, value_name = "FILE")]
    list: PathBuf,
    /// The list is only a part: the mutants of a diff, or a sample
    #[arg(long)]
    partial: bool,
    /// JSON object of the tests that run over each survivor, by the mutant's name
    #[arg(long, value_name = "FILE")]
    tests: Option<PathBuf>,
    /// TOML file of equivalent mutants, explained timeouts, and how many may survive in a folder
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// SHA-256 of the source that each folder must record in its sweep.json
    #[arg(long, value_name = "SHA256")]
    tree: Option<String>,
    /// Root of the source, where the clauses nearest to survivors are looked up
    #[arg(long, value_name = "DIR", default_value = ".")]
    source: PathBuf,
    /// Write the verdict as Markdown
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Write the verdict as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write the verdict as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::Usage(refused.to_string())
    }
}

impl Gate {
    /// # Errors
    ///
    /// Where the folders prove nothing, or a report cannot be written.
    pub fn run(self) -> Result<Exit, Problem> {
        let Verb::Mutants(arguments) = self.verb;
        arguments.run()
    }
}

impl Mutants {
    fn run(self) -> Result<Exit, Problem> {
        let ledger = self.ledger.as_deref().map(Ledger::read).transpose()?.unwrap_or_default();
        let sweeps: Vec<Sweep> =
            self.folders.iter().map(|folder| read(folder)).collect::<Result<_, _>>()?;
        let list = read_list(&self.list)?;
        let tests = self.tests.as_deref().map(read_tests).transpose()?.unwrap_or_default();
        let demands = Demands { list, tree: self.tree, tests, partial: self.partial };
        let verdict = judge(&sweeps, &demands, &ledger)?;
        if let Some(path) = &self.markdown {
            write(path, &text::markdown(&verdict, &self.source))?;
        }
        if let Some(path) = &self.junit {
            let xml = text::junit(&verdict).map_err(|error| Problem::Harness(error.to_string()))?;
            write(path, &xml)?;
        }
        if let Some(path) = &self.json {
            write(path, &(serde_json::to_string_pretty(&verdict)? + "\n"))?;
        }
        print(&text::terminal(&verdict, &self.source))?;
        Ok(if verdict.passes() { Exit::Good } else { Exit::Bad })
    }
}
