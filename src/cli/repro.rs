//! `repro`: one case again, with everything that is said.

use std::path::{Path, PathBuf};

use clap::Args;

use super::output::print;
use super::problem::{Exit, Problem};
use super::select::SuiteArguments;
use super::signal;
use super::subject::SubjectArguments;
use crate::report::dialogue::{self, Recorder};
use crate::report::pass;
use crate::report::summary::Verdict;
use crate::run::{Settings, Totals, run};
use crate::store::write_atomically;
use crate::suite::expected::file_bytes;
use crate::suite::{Case, Suite};

/// Ask one case again, and show each request and answer
#[derive(Args)]
pub struct Repro {
    /// The case: its id, or a file of vectors with one case and its control, as `hunt` writes it
    #[arg(value_name = "ID|FILE")]
    id: String,
    #[command(flatten)]
    subject: SubjectArguments,
    #[command(flatten)]
    suite: SuiteArguments,
    /// Write the file that the case loads to this path, too
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
}

impl Repro {
    /// # Errors
    ///
    /// Whatever keeps the case from being asked.
    pub fn run(self) -> Result<Exit, Problem> {
        let of_file = self.id.ends_with(".json") && self.suite.vectors.is_none();
        let suite = match of_file {
            true => Suite::from_file(Path::new(&self.id))?,
            false => self.suite.load()?,
        };
        let case = match of_file {
            true => alone(&suite, &self.id)?,
            false => self.suite.case(&suite, &self.id)?,
        };
        if let Some(path) = &self.keep {
            keep(&suite, case, path)?;
        }
        let stop = signal::stop()?;
        let mut opened = self.subject.open(1, &stop)?;
        let settings = Settings {
            profile: opened.profile()?,
            deadline: self.subject.deadline,
            seed: None,
            repeat: 1,
            stop: stop.clone(),
            keep_going: true,
        };
        let mut recorder = Recorder::new(opened.subject.as_mut());
        let records = run(&suite, &[case], &mut recorder, &settings, &mut |_| {})?;
        if stop.is_told() {
            return Err(Problem::Interrupted("interrupted: no verdict".into()));
        }
        let exchanges = recorder.exchanges;
        let mut text = pass::heading(env!("CARGO_PKG_VERSION"), &suite, opened.subject.hello());
        text.push_str("\n\n");
        for record in &records {
            let deadline = settings.deadline;
            text.push_str(&dialogue::report(case, record, &exchanges, &settings.profile, deadline));
        }
        print(&text)?;
        Ok(Verdict::of(&Totals::of(&records)).into())
    }
}

/// The one case of a file that is no control of another.
fn alone<'a>(suite: &'a Suite, file: &str) -> Result<&'a Case, Problem> {
    let controls: Vec<&str> =
        suite.cases().iter().filter_map(|case| case.control.as_deref()).collect();
    let mut others = suite.cases().iter().filter(|case| !controls.contains(&case.id.as_str()));
    match (others.next(), others.next()) {
        (Some(case), None) => Ok(case),
        _ => Err(Problem::Usage(format!(
            "{file}: holds {} cases, expected one, and its control where it has one",
            suite.cases().len()
        ))),
    }
}

/// Writes the file that `case` loads.
fn keep(suite: &Suite, case: &Case, path: &Path) -> Result<(), Problem> {
    let problem = |what: String| Problem::Usage(format!("--keep {}: {what}", path.display()));
    let control = suite.control(case).map(|control| &control.question);
    let bytes = file_bytes(&case.question, control).map_err(problem)?;
    let bytes =
        bytes.ok_or_else(|| problem(format!("the case {} loads no file of bytes", case.id)))?;
    write_atomically(path, &bytes).map_err(|error| problem(error.to_string()))
}
