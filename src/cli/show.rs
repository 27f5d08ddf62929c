//! `show`: one case in words, or a clause and its cases.

use clap::Args;

use super::output::print;
use super::problem::{Exit, Problem};
use super::select::SuiteArguments;
use crate::report::{case, clauses, list};
use crate::suite::Case;

/// Explain a case, its input byte by byte and its lawful answers; or a clause and its cases
#[derive(Args)]
pub struct Show {
    /// A case, or a clause of SPEC.md
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
        if let Some(text) = clauses::text(&self.id) {
            let cases: Vec<&Case> =
                suite.cases().iter().filter(|case| case.clause == self.id).collect();
            print(&format!("{text}\n{}", list::cases(&cases)))?;
            return Ok(Exit::Good);
        }
        let case = self.suite.case(&suite, &self.id)?;
        suite.verify(case)?;
        print(&case::report(&suite, case))?;
        Ok(Exit::Good)
    }
}
