//! `parity` in a build without a tokenizer: one line that says how to get a build with it.

use std::ffi::OsString;

use clap::Args;

use super::problem::{Exit, Problem};

/// Compare a whole model with golden output; needs the feature parity, which this build has not
///
/// `cargo run --release --features parity -- parity` builds the command with it, and runs the comparison.
#[derive(Args)]
pub struct Parity {
    /// Whatever would be an argument.
    #[arg(allow_hyphen_values = true, trailing_var_arg = true, hide = true)]
    arguments: Vec<OsString>,
}

impl Parity {
    /// # Errors
    ///
    /// [`Problem::Usage`], always.
    pub fn run(self) -> Result<Exit, Problem> {
        let sentence = "this build has no feature parity: `cargo run --release --features parity -- \
                        parity` builds one that has, and runs it";
        Err(Problem::Usage(sentence.into()))
    }
}
