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

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use problem::{Exit, Problem};
#[cfg(not(feature = "parity"))]
use without_parity as parity;

const EXIT_CODES: &str = "\
Exit codes:
  0    conforms, is as a ledger expects, or done
  1    does not conform, is not as expected, or regressions
  2    wrong usage, vectors that cannot be used, a file that cannot be read or converted
  3    the subject did not start
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
    match Arguments::parse().verb.run() {
        Ok(exit) => exit.into(),
        Err(problem) => problem.report(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }
}
