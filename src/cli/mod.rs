//! The command: one file a verb, which turns arguments into calls and their result into an exit
//! code. A new verb is a file, its `mod` line and its line in `verbs!`.

mod bless;
mod check;
mod conversion;
mod decode;
mod diff;
mod doctor;
mod encode;
mod export;
mod fuzz;
mod gate;
mod gpu;
mod hunt;
mod inspect;
mod list;
mod matrix;
mod measure;
mod output;
#[cfg(feature = "parity")]
mod parity;
mod problem;
mod progress;
mod quantize;
mod report;
mod repro;
mod select;
mod selftest;
mod serve;
mod show;
mod signal;
mod subject;
mod vectors;
#[cfg(not(feature = "parity"))]
mod without_parity;
mod worker;

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};

use crate::report::quoted;
use problem::{Exit, Problem};
#[cfg(not(feature = "parity"))]
use without_parity as parity;

const EXIT_CODES: &str = "\
Exit codes:
  0    conforms, is as a ledger expects, or done
  1    does not conform, is not as expected, or regressions
  2    wrong usage, vectors that cannot be used, a file that cannot be read or converted
  3    the subject did not start, or its adapter gives no answers
  4    the harness failed, or nothing was asked
  130  interrupted: no verdict, and nothing was written";

/// Conformance for 4-bit weights: judges codecs, loaders, products and rotations
#[derive(Parser)]
#[command(name = "q4proof", version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

/// Makes the enum of verbs, and the call of each.
macro_rules! verbs {
    ($($module:ident::$verb:ident),* $(,)?) => {
        #[derive(Subcommand)]
        enum Verb {
            $($verb($module::$verb),)*
        }

        impl Verb {
            fn run(self) -> Result<Exit, Problem> {
                match self {
                    $(Self::$verb(arguments) => arguments.run(),)*
                }
            }
        }
    };
}

verbs! {
    check::Check,
    hunt::Hunt,
    report::Report,
    bless::Bless,
    diff::Diff,
    matrix::Matrix,
    list::List,
    show::Show,
    repro::Repro,
    inspect::Inspect,
    encode::Encode,
    decode::Decode,
    quantize::Quantize,
    doctor::Doctor,
    measure::Measure,
    parity::Parity,
    serve::Serve,
    vectors::Vectors,
    export::Export,
    selftest::Selftest,
    fuzz::Fuzz,
    gate::Gate,
}

/// Runs the verb that the command line names, and says in one sentence on standard error what went
/// wrong, if anything did.
pub fn main() -> ExitCode {
    signal::hold_back_file_limit();
    let parsed = Arguments::try_parse();
    let done = parsed.map_err(refused).and_then(|arguments| arguments.verb.run());
    match done {
        Ok(exit) => exit.into(),
        Err(problem) => problem.report(),
    }
}

/// The sentence about a subject's command that does not stand behind `--`. Whatever else the arguments are not,
/// or ask for, clap says itself, and ends the process.
fn refused(error: clap::Error) -> Problem {
    let words: Vec<String> = std::env::args().collect();
    match behind_separator(&error, &words) {
        Some(meant) => Problem::Usage(format!("a subject's command stands behind --: {meant}")),
        None => error.exit(),
    }
}

/// The command line with `--` before the first word that no argument takes, where the verb asks a command.
fn behind_separator(error: &clap::Error, words: &[String]) -> Option<String> {
    let Some(ContextValue::String(stray)) = error.get(ContextKind::InvalidArg) else { return None };
    let arguments = Arguments::command();
    let verb = arguments.find_subcommand(words.get(1)?)?;
    let asks_a_command = verb.get_arguments().any(|argument| argument.is_last_set());
    if error.kind() != ErrorKind::UnknownArgument || stray.starts_with('-') || !asks_a_command {
        return None;
    }
    let at = words.iter().skip(2).position(|word| word == stray)? + 2;
    let quote = |words: &[String]| words.iter().map(|word| quoted(word)).collect::<Vec<_>>();
    Some([quote(&words[..at]), vec!["--".to_owned()], quote(&words[at..])].concat().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        Arguments::command().debug_assert();
    }
}
