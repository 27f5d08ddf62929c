//! `serve`: the reference, the kernels or a planted subject, as a subject on standard input and output.

use std::io::{self, BufReader};

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
}

impl Serve {
    /// # Errors
    ///
    /// Where there is no such subject, or a line is no request.
    pub fn run(self) -> Result<Exit, Problem> {
        let implementation = implementation(&self.subject)?;
        let mut input = BufReader::new(io::stdin().lock());
        match serve(implementation.as_ref(), &mut input, &mut io::stdout().lock()) {
            Ok(()) => Ok(Exit::Good),
            Err(ServeError::Output(error)) => Err(Problem::Output(error)),
            Err(error) => Err(Problem::Usage(error.to_string())),
        }
    }
}
