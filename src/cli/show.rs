//! `show`: one case in words, or a clause and its cases.

use clap::Args;

use super::output::print;
use super::problem::{Exit, Problem};
use super::select::SuiteArguments;
use crate::report::near::nearest;
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

/// The clause that was meant by a word that is none.
fn meant(word: &str) -> Option<&'static str> {
    let begins = |clause: &&str| clause.starts_with(&word.to_uppercase());
    nearest(word, clauses::all()).or_else(|| clauses::all().find(begins))
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
        if !self.id.contains('/')
            && suite.get(&self.id).is_none()
            && let Some(clause) = meant(&self.id)
        {
            return Err(Problem::Usage(format!(
                "SPEC.md has no clause {:?}; did you mean {clause}?",
                self.id
            )));
        }
        let case = self.suite.case(&suite, &self.id)?;
        suite.verify(case)?;
        print(&case::report(&suite, case))?;
        Ok(Exit::Good)
    }
}
