//! `serve`: the reference, the kernels, a planted subject or a shared library, as a subject on standard input and
//! output.

use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;

use super::problem::{Exit, Problem};
use super::subject::implementation;
use crate::subject::serve::{ServeError, serve};

/// Answer the protocol on standard input and output, to see a right dialogue
#[derive(Args)]
pub struct Serve {
    /// Who answers: reference, gpu or planted:NAME
    #[arg(long, value_name = "NAME", default_value = "reference")]
    subject: String,
    /// Let a shared library answer, which has the functions of conformance/q4proof.h
    #[arg(long, value_name = "FILE", conflicts_with = "subject")]
    library: Option<PathBuf>,
    /// The file where the number of the question that is being answered stands, eight bytes
    #[arg(long, value_name = "FILE", hide = true, requires = "library")]
    progress: Option<PathBuf>,
}

impl Serve {
    /// # Errors
    ///
    /// Where there is no such subject, or a line is no request.
    pub fn run(self) -> Result<Exit, Problem> {
        let served = match &self.library {
            Some(file) => serve_library(file, self.progress.as_deref())?,
            None => {
                let implementation = implementation(&self.subject)?;
                let mut input = BufReader::new(io::stdin().lock());
                serve(implementation.as_ref(), &mut input, &mut io::stdout().lock())
            }
        };
        match served {
            Ok(()) => Ok(Exit::Good),
            Err(ServeError::Output(error)) => Err(Problem::Output(error)),
            Err(error) => Err(Problem::Usage(error.to_string())),
        }
    }
}

/// Keeps the dialogue to itself: a library that reads or prints finds nothing on standard input, and prints to standard
/// error.
#[cfg(unix)]
fn serve_library(file: &Path, progress: Option<&Path>) -> Result<Result<(), ServeError>, Problem> {
    use std::fs::File;

    use rustix::io::fcntl_dupfd_cloexec;
    use rustix::stdio::{dup2_stdin, dup2_stdout, stderr};

    use crate::subject::library::{Library, worker};

    let harness = |what: &str, error: io::Error| Problem::Harness(format!("{what}: {error}"));
    let streams = |error: rustix::io::Errno| harness("the standard streams", error.into());
    let input = fcntl_dupfd_cloexec(io::stdin(), 3).map_err(streams)?;
    let output = fcntl_dupfd_cloexec(io::stdout(), 3).map_err(streams)?;
    let nothing = File::open("/dev/null").map_err(|error| harness("/dev/null", error))?;
    dup2_stdin(&nothing).map_err(streams)?;
    dup2_stdout(stderr()).map_err(streams)?;
    let mark = progress
        .map(|path| {
            let opened = File::options().write(true).open(path);
            opened.map_err(|error| harness(&path.display().to_string(), error))
        })
        .transpose()?;
    let library = Library::open(file).map_err(|error| Problem::Usage(error.to_string()))?;
    let mut input = BufReader::with_capacity(64 << 10, File::from(input));
    Ok(worker::serve_batches(&library, &mut input, &mut File::from(output), mark.as_ref()))
}

#[cfg(not(unix))]
fn serve_library(_: &Path, _: Option<&Path>) -> Result<Result<(), ServeError>, Problem> {
    Err(Problem::NotStarted("a shared library is loaded on Unix only".into()))
}
