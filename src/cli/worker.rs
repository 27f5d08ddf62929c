//! A subject that this program serves in another process: a shared library, or a planted subject.

use std::env;
use std::path::Path;
#[cfg(not(unix))]
use std::time::Duration;

use super::problem::Problem;
#[cfg(unix)]
pub use crate::subject::child::Limits;
#[cfg(unix)]
use crate::subject::child::{ChildSubject, StartError};
use crate::subject::{Stop, Subject};

/// The command by which this program answers with a subject of its own, in another process.
pub fn serving(option: &str, value: &str) -> Result<Vec<String>, Problem> {
    let own = env::current_exe()
        .map_err(|error| Problem::Harness(format!("the command's own path: {error}")))?;
    Ok([&own.display().to_string(), "serve", option, value].map(str::to_owned).to_vec())
}

/// A worker that has loaded the shared library `file`.
///
/// # Errors
///
/// [`Problem::Usage`], where the file is no library or does not keep to q4proof.h; [`Problem::NotStarted`].
#[cfg(unix)]
pub fn library(
    file: &Path,
    limits: Limits,
    stop: &Stop,
) -> Result<Box<dyn Subject + Send>, Problem> {
    let command = serving("--library", &file.display().to_string())?;
    let refused = |error: StartError| match error.refusal.as_deref().and_then(sentence) {
        Some(sentence) => Problem::Usage(sentence.to_owned()),
        None => error.into(),
    };
    let worker = ChildSubject::start_worker(&command, limits, stop.clone()).map_err(refused)?;
    Ok(Box::new(worker))
}

/// The sentence that this program ended with, in what its process said.
#[cfg(unix)]
fn sentence(said: &str) -> Option<&str> {
    said.lines().last()?.strip_prefix("q4proof: ")
}

#[cfg(not(unix))]
pub fn library(_: &Path, _: Limits, _: &Stop) -> Result<Box<dyn Subject + Send>, Problem> {
    Err(Problem::NotStarted("a shared library in a process of its own needs Unix".into()))
}

/// What a process may take.
#[cfg(not(unix))]
#[derive(Clone, Copy, Default)]
pub struct Limits {
    /// From its start to the answer to the handshake.
    pub start: Duration,
    /// In bytes.
    pub memory: u64,
}
