//! How the command ends: an exit code, and where something went wrong one sentence.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use crate::report::ledger::LedgerError;
use crate::report::log::LogError;
use crate::report::summary::Verdict;
use crate::report::text::plain;
use crate::run::RunError;
#[cfg(unix)]
use crate::subject::child::StartError;
use crate::subject::registry::RegistryError;
use crate::suite::SuiteError;

/// The exit code after a signal, as a shell has it for SIGINT.
const INTERRUPTED: u8 = 130;

/// Characters of a sentence that are shown.
const SENTENCE: usize = 2000;

/// How a verb ended that did what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It conforms, is sound, or was done.
    Good,
    /// It does not conform, or is not sound.
    Bad,
    /// There was nothing to judge.
    NothingAsked,
    /// A signal came before there was a verdict.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Good => Self::SUCCESS,
            Exit::Bad => Self::from(1),
            Exit::NothingAsked => Self::from(4),
            Exit::Interrupted => Self::from(INTERRUPTED),
        }
    }
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Conforms | Verdict::AsExpected => Self::Good,
            Verdict::DoesNotConform | Verdict::NotAsExpected => Self::Bad,
            Verdict::NothingAsked => Self::NothingAsked,
            Verdict::Interrupted => Self::Interrupted,
        }
    }
}

/// Why a verb could not do what it was asked.
#[derive(Debug)]
pub enum Problem {
    /// The arguments, the vectors or a file are not right.
    Usage(String),
    /// The subject did not start, or its adapter gives no answers.
    NotStarted(String),
    /// The harness itself failed, or nothing was to be asked.
    Harness(String),
    /// A signal came, and nothing was written.
    Interrupted(String),
    /// What was to be shown could not be written.
    Output(io::Error),
}

impl Problem {
    /// Says what is wrong, and gives the exit code.
    pub fn report(self) -> ExitCode {
        let (code, sentence) = match self {
            Self::Usage(sentence) => (2, sentence),
            Self::NotStarted(sentence) => (3, sentence),
            Self::Harness(sentence) => (4, sentence),
            Self::Interrupted(sentence) => (INTERRUPTED, sentence),
            // A reader that has seen enough, such as `head`, needs no sentence.
            Self::Output(error) if error.kind() == ErrorKind::BrokenPipe => {
                return ExitCode::from(4);
            }
            Self::Output(error) => (4, format!("the output cannot be written: {error}")),
        };
        // Where standard error is gone there is no one left to tell.
        writeln!(io::stderr(), "q4proof: {}", plain(&sentence, SENTENCE)).ok();
        ExitCode::from(code)
    }
}

impl From<SuiteError> for Problem {
    fn from(error: SuiteError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<RegistryError> for Problem {
    fn from(error: RegistryError) -> Self {
        Self::Usage(error.to_string())
    }
}

#[cfg(unix)]
impl From<StartError> for Problem {
    fn from(error: StartError) -> Self {
        Self::NotStarted(error.to_string())
    }
}

impl From<RunError> for Problem {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Suite(error) => error.into(),
            RunError::Adapter(sentence) => Self::NotStarted(sentence),
            error @ RunError::Harness(_) => Self::Harness(error.to_string()),
        }
    }
}

impl From<LogError> for Problem {
    fn from(error: LogError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Self::Harness(format!("a record has no form in JSON: {error}"))
    }
}
