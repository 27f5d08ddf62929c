//! One `mutants.out` folder of cargo-mutants, read and found whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why something is no evidence, for a person.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}: {problem}", path.display())]
pub struct Refused {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

impl Refused {
    /// A refusal of what lies at `path`.
    pub fn new(path: &Path, problem: impl ToString) -> Self {
        Self { path: path.to_owned(), problem: problem.to_string() }
    }
}

/// A mutant, as cargo-mutants lists it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Mutant {
    /// File, line, column and what is done there; the same for no two mutants of one tree.
    pub name: String,
    /// The file, from the root of the crate.
    pub file: String,
    /// The change, as a diff; only a list has it.
    #[serde(default)]
    pub diff: String,
}

impl Mutant {
    /// The name without line and column, which stays the same when the file changes elsewhere.
    pub fn key(&self) -> String {
        let rest = self.name.strip_prefix(&self.file).unwrap_or(&self.name);
        let what = rest.splitn(4, ':').nth(3).map_or(rest, str::trim);
        format!("{}: {what}", self.file)
    }

    /// The folder that the mutant is counted in: the first two of the file's path.
    pub fn folder(&self) -> String {
        let parts: Vec<&str> = self.file.split('/').collect();
        parts[..parts.len().saturating_sub(1).min(2)].join("/")
    }
}

/// What came of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// A test failed.
    Caught,
    /// It does not build: no mutant of the program, and not counted.
    Unviable,
    /// Every test passed.
    Missed,
    /// The tests did not end in time, which is no verdict.
    Timeout,
}

/// A folder of outcomes that is whole in itself.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The folder.
    pub path: PathBuf,
    /// Its mutants in their order.
    pub mutants: Vec<Mutant>,
    /// What came of each, by name.
    pub fates: BTreeMap<String, Fate>,
    /// The command that ran the tests, without the path of cargo.
    pub scope: Vec<String>,
    /// Whether the tests were run on the unmutated tree, where they passed.
    pub has_baseline: bool,
    /// The SHA-256 of the source, where `sweep.json` records one.
    pub tree: Option<String>,
    /// Seconds from start to end of all phases, added up.
    pub seconds: f64,
}

#[derive(Deserialize)]
struct Outcomes {
    outcomes: Vec<Outcome>,
    end_time: Option<String>,
}

#[derive(Deserialize)]
struct Outcome {
    scenario: Scenario,
    summary: Summary,
    phase_results: Vec<Phase>,
}

#[derive(Deserialize)]
enum Scenario {
    Baseline,
    Mutant(Mutant),
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
enum Summary {
    Success,
    CaughtMutant,
    MissedMutant,
    Unviable,
    Failure,
    Timeout,
}

#[derive(Deserialize)]
struct Phase {
    phase: String,
    duration: f64,
    argv: Vec<String>,
}

/// What a script that runs cargo-mutants writes beside its output.
#[derive(Deserialize)]
struct Recorded {
    tree: String,
}

/// Reads the list that `cargo mutants --list --json` prints.
///
/// # Errors
///
/// [`Refused`], where the file is missing or no such list, or names a mutant twice.
pub fn read_list(path: &Path) -> Result<Vec<Mutant>, Refused> {
    let mutants: Vec<Mutant> = read_json(path)?;
    let mut names = BTreeSet::new();
    match mutants.iter().find(|mutant| !names.insert(mutant.name.as_str())) {
        None => Ok(mutants),
        Some(twice) => Err(Refused::new(path, format!("names {:?} twice", twice.name))),
    }
}

/// Reads a JSON object of tests by the name of the mutant that they run over.
///
/// # Errors
///
/// [`Refused`], where the file is missing or no such object.
pub fn read_tests(path: &Path) -> Result<BTreeMap<String, BTreeSet<String>>, Refused> {
    read_json(path)
}

/// Reads `folder`, which is a `mutants.out` or holds one.
///
/// # Errors
///
/// [`Refused`]: a file is missing or cannot be read, the run was interrupted, its baseline failed,
/// a mutant was run twice, by no test or by other tests, or has no outcome.
pub fn read(folder: &Path) -> Result<Sweep, Refused> {
    let inside = folder.join("mutants.out");
    let path = if inside.is_dir() { inside } else { folder.to_owned() };
    let mutants = read_list(&path.join("mutants.json"))?;
    let file = path.join("outcomes.json");
    let refuse = |problem: String| Refused::new(&file, problem);
    let Outcomes { outcomes, end_time } = read_json(&file)?;
    if end_time.is_none() {
        return Err(refuse("has no end_time: the run was interrupted".into()));
    }

    let listed: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.name.as_str()).collect();
    let mut fates = BTreeMap::new();
    let (mut scope, mut has_baseline, mut seconds) = (None::<Vec<String>>, false, 0.0);
    for outcome in &outcomes {
        seconds += outcome.phase_results.iter().map(|phase| phase.duration).sum::<f64>();
        let name = match &outcome.scenario {
            Scenario::Baseline => "the baseline",
            Scenario::Mutant(mutant) => &mutant.name,
        };
        if let Some(phase) = outcome.phase_results.iter().find(|phase| phase.phase == "Test") {
            let argv = phase.argv.get(1..).unwrap_or_default();
            match &scope {
                None => scope = Some(argv.to_vec()),
                Some(scope) if scope == argv => {}
                Some(scope) => {
                    let (argv, scope) = (argv.join(" "), scope.join(" "));
                    return Err(refuse(format!(
                        "{name} was tested by `cargo {argv}`, what came before by `cargo {scope}`"
                    )));
                }
            }
        }
        let fate = match (&outcome.scenario, outcome.summary) {
            (Scenario::Baseline, Summary::Success) => {
                has_baseline = true;
                continue;
            }
            (Scenario::Baseline, _) => {
                return Err(refuse("the baseline failed: the tests fail without a mutant".into()));
            }
            (_, Summary::CaughtMutant) => Fate::Caught,
            (_, Summary::MissedMutant) => Fate::Missed,
            (_, Summary::Unviable) => Fate::Unviable,
            (_, Summary::Timeout) => Fate::Timeout,
            // With --check a mutant is only built, and other failures are cargo's own.
            (_, Summary::Success) => return Err(refuse(format!("{name} was built, not tested"))),
            (_, Summary::Failure) => return Err(refuse(format!("{name} failed otherwise"))),
        };
        if !listed.contains(name) {
            return Err(refuse(format!("{name:?} is not in mutants.json")));
        }
        if fates.insert(name.to_owned(), fate).is_some() {
            return Err(refuse(format!("{name:?} was run twice")));
        }
    }
    if let Some(missing) = mutants.iter().find(|mutant| !fates.contains_key(&mutant.name)) {
        return Err(refuse(format!("{:?} has no outcome", missing.name)));
    }
    let recorded = path.join("sweep.json");
    let tree = match recorded.exists() {
        true => Some(read_json::<Recorded>(&recorded)?.tree),
        false => None,
    };
    let scope = scope.unwrap_or_default();
    Ok(Sweep { path, mutants, fates, scope, has_baseline, tree, seconds })
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Refused> {
    let file = File::open(path).map_err(|error| Refused::new(path, error))?;
    serde_json::from_reader(BufReader::new(file)).map_err(|error| Refused::new(path, error))
}
