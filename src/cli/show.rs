//! `show`: one case in words.

use clap::Args;

use super::output::print;
use super::problem::{Exit, Problem};
use super::select::SuiteArguments;
use crate::report::case;

/// Explain one case: its clause, its input byte by byte, and its lawful answers
#[derive(Args)]
pub struct Show {
    /// The case
    id: String,
    #[command(flatten)]
    suite: SuiteArguments,
}

impl Show {
    /// # Errors
    ///
    /// Where the vectors cannot be used, or no case has that id.
    pub fn run(self) -> Result<Exit, Problem> {
        let suite = self.suite.load()?;
        let case = self.suite.case(&suite, &self.id)?;
        suite.verify(case)?;
        print(&case::report(&suite, case))?;
        Ok(Exit::Good)
    }
}
