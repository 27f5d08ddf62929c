//! `vectors`: makes the vectors and what lies beside them, and finds what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::output::print;
use super::problem::{Exit, Problem};
use super::progress::Progress;
use super::select::SuiteArguments;
use crate::report::log::Log;
use crate::report::text::{counted, plain};
use crate::report::{classes, clauses, coverage as table};
use crate::run::Record;
use crate::run::selftest::families;
use crate::store::write_atomically;
use crate::subject::planted::Fault;
use crate::suite::case::VectorFile;
use crate::suite::judge::Outcome;
use crate::suite::lint::{Known, lint, lint_recipes};
use crate::suite::operation::Operation;
use crate::suite::{Suite, build};

/// Make or check the vectors themselves
#[derive(Args)]
pub struct Vectors {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Make every vector anew, byte for byte the same, with suite.lock and the schema
    Build(Folder),
    /// Say what is wrong with the vectors
    Lint(Folder),
    /// Show what the cases reach: of each operation, which numbers, codes, sizes, places and characters, and
    /// whether a fault of each fails
    Coverage(SuiteArguments),
    /// Record from logs of `check --json` which subjects agreed on which case
    Agree {
        #[command(flatten)]
        folder: Folder,
        /// Logs of whole passes
        #[arg(required = true)]
        logs: Vec<PathBuf>,
    },
}

#[derive(Args)]
struct Folder {
    /// The folder that holds vectors/ and schema/
    #[arg(long, value_name = "DIR", default_value = "conformance")]
    conformance: PathBuf,
}

impl Folder {
    fn vectors(&self) -> PathBuf {
        self.conformance.join("vectors")
    }

    fn schema(&self) -> PathBuf {
        self.conformance.join("schema").join("vectors.schema.json")
    }

    fn agreements(&self) -> PathBuf {
        self.conformance.join("agreements.json")
    }
}

/// Ids of cases that a subject, which shares no code with the exact evaluator, answered lawfully.
type Agreements = BTreeMap<String, BTreeSet<String>>;

impl Vectors {
    /// # Errors
    ///
    /// Where the folder cannot be read or written, or a log is none.
    pub fn run(self) -> Result<Exit, Problem> {
        match self.verb {
            Verb::Build(folder) => build_all(&folder),
            Verb::Lint(folder) => lint_all(&folder),
            Verb::Coverage(suite) => coverage(&suite),
            Verb::Agree { folder, logs } => agree(&folder, &logs),
        }
    }
}

fn build_all(folder: &Folder) -> Result<Exit, Problem> {
    let agreements = read_agreements(&folder.agreements())?;
    let agreed = |id: &str| {
        let agrees =
            |(name, ids): (&String, &BTreeSet<String>)| ids.contains(id).then(|| name.clone());
        agreements.iter().filter_map(agrees).collect()
    };
    let suite = build::build_into(&folder.vectors(), &agreed)?;
    write(&folder.schema(), &schema())?;
    print(&format!(
        "{} in {}, suite {} ({})\n",
        counted(suite.cases().len(), "case"),
        folder.vectors().display(),
        suite.version,
        suite.hash
    ))?;
    Ok(Exit::Good)
}

/// The JSON Schema of a file of vectors, from the Rust types.
pub fn schema() -> String {
    let schema = schemars::schema_for!(VectorFile);
    serde_json::to_string_pretty(&schema).expect("a schema is plain data") + "\n"
}

fn lint_all(folder: &Folder) -> Result<Exit, Problem> {
    let clauses: BTreeSet<&str> = clauses::all().collect();
    let agreements = read_agreements(&folder.agreements())?;
    let known = Known {
        clauses: clauses.clone(),
        recorded: agreements.values().flatten().map(String::as_str).collect(),
        faults: Fault::all().iter().map(|fault| fault.name()).collect(),
        is_class: &|class| classes::name(class).is_some(),
    };
    let mut problems = lint(&folder.vectors(), &known)?;
    if fs::read_to_string(folder.schema()).ok().as_deref() != Some(&schema()) {
        problems.push(format!(
            "{} is not the schema of the types: `q4proof vectors build` makes it",
            folder.schema().display()
        ));
    }
    let suite = Suite::from_folder(&folder.vectors())?;
    problems.extend(lint_recipes(&suite));
    let cited: BTreeSet<&str> = suite.cases().iter().map(|case| case.clause.as_str()).collect();
    let uncited: Vec<&str> = clauses.difference(&cited).copied().collect();

    let mut text: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
    text += &format!(
        "{}, {}\n",
        counted(suite.cases().len(), "case"),
        counted(problems.len(), "problem")
    );
    if !uncited.is_empty() {
        text += &format!("clauses that no case is named after: {}\n", uncited.join(" "));
    }
    print(&text)?;
    Ok(if problems.is_empty() { Exit::Good } else { Exit::Bad })
}

fn agree(folder: &Folder, logs: &[PathBuf]) -> Result<Exit, Problem> {
    let suite = Suite::from_folder(&folder.vectors())?;
    let mut agreements = read_agreements(&folder.agreements())?;
    if let Some(id) = agreements.values().flatten().find(|id| !suite.accounts_for(id)) {
        return Err(Problem::Usage(format!(
            "{}: {id} is gone from the vectors, and has no tombstone there",
            folder.agreements().display()
        )));
    }
    for path in logs {
        let (subject, ids) = read_log(path, &suite)?;
        let shown = plain(&subject, usize::MAX);
        print(&format!("{shown} agrees on {}\n", counted(ids.len(), "case")))?;
        agreements.insert(subject, ids);
    }
    let text = serde_json::to_string_pretty(&agreements)? + "\n";
    write(&folder.agreements(), &text)?;
    Ok(Exit::Good)
}

/// The subject of a log and the cases that it passed through every entry.
fn read_log(path: &Path, suite: &Suite) -> Result<(String, BTreeSet<String>), Problem> {
    let log = Log::read(path)?;
    log.check_suite(suite)?;
    let agreed =
        |record: &&Record| matches!(record.outcome, Outcome::Pass | Outcome::PassAlternate);
    let ids = log.records.iter().filter(agreed).map(|record| record.id.clone()).collect();
    Ok((log.header.asked, ids))
}

fn read_agreements(path: &Path) -> Result<Agreements, Problem> {
    if !path.exists() {
        return Ok(Agreements::new());
    }
    let wrong = |what: String| Problem::Usage(format!("{}: {what}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
}

fn write(path: &Path, text: &str) -> Result<(), Problem> {
    write_atomically(path, text.as_bytes())
        .map_err(|error| Problem::Harness(format!("{}: {error}", path.display())))
}

/// The families of faults, by what the cases reach of them.
fn coverage(suite: &SuiteArguments) -> Result<Exit, Problem> {
    let suite = suite.load()?;
    let mut progress = Progress::new(Operation::all().len());
    let rows = families(&suite, &mut |operation| progress.step(operation));
    progress.finish();
    let rows = rows?;
    print(&table::report(&rows))?;
    let is_good = rows.iter().all(|row| row.problems().is_empty());
    Ok(if is_good { Exit::Good } else { Exit::Bad })
}
