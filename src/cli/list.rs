//! `list`: the cases, the subjects, or what a shared library claims.

use std::path::PathBuf;

use clap::Args;

use super::output::print;
use super::problem::{Exit, Problem};
use super::select::{FilterArguments, SuiteArguments};
use super::signal;
use super::subject::{find_registry, planted};
use super::worker::{Limits, library};
use crate::report::list;

/// Name the cases, with --subjects the subjects, or with --library what a library claims
#[derive(Args)]
pub struct List {
    #[command(flatten)]
    filter: FilterArguments,
    #[command(flatten)]
    suite: SuiteArguments,
    /// Name the subjects instead; DIR is the folder of registry.toml
    #[arg(long, value_name = "DIR", conflicts_with_all = ["filter", "vectors"])]
    subjects: Option<Option<PathBuf>>,
    /// Name what this shared library claims instead
    #[arg(long, value_name = "FILE", conflicts_with_all = ["filter", "quick", "vectors", "subjects"])]
    library: Option<PathBuf>,
}

impl List {
    /// # Errors
    ///
    /// Where the vectors or the registry cannot be used, or a filter matches nothing.
    pub fn run(self) -> Result<Exit, Problem> {
        let text = match (&self.library, &self.subjects) {
            (Some(file), _) => {
                let mut worker = library(file, Limits::default(), &signal::stop()?)?;
                let claimed = list::claims(worker.hello());
                worker.finish();
                claimed
            }
            (None, Some(folder)) => subjects(folder.as_ref())?,
            (None, None) => {
                let suite = self.suite.load()?;
                list::cases(&self.filter.select(&suite)?)
            }
        };
        print(&text)?;
        Ok(Exit::Good)
    }
}

fn subjects(folder: Option<&PathBuf>) -> Result<String, Problem> {
    let inside = [
        ("reference".to_owned(), "this crate's own codec and loaders".to_owned()),
        #[cfg(feature = "gpu")]
        (super::gpu::GPU.to_owned(), super::gpu::ABOUT.to_owned()),
    ];
    let mut text = list::subjects("inside the command", &inside);
    if let Some(registry) = find_registry(folder)? {
        let named: Vec<_> = registry
            .subjects()
            .map(|(name, subject)| {
                (
                    name.to_owned(),
                    match &subject.profile {
                        Some(profile) => format!("{} (profile {profile})", subject.about),
                        None => subject.about.clone(),
                    },
                )
            })
            .collect();
        text.push('\n');
        text.push_str(&list::subjects("registered", &named));
    }
    let (faults, liars) = planted();
    text.push('\n');
    text.push_str(&list::subjects("planted faults: one each", &faults));
    text.push('\n');
    text.push_str(&list::subjects("planted liars", &liars));
    Ok(text)
}
