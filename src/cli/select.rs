//! Which vectors, and which of their cases.

use std::path::PathBuf;

use clap::Args;

use super::problem::Problem;
use crate::report::near::nearest;
use crate::suite::{Case, Suite, glob};

#[derive(Args)]
pub struct SuiteArguments {
    /// Take the vectors of this folder instead of those that the command carries
    #[arg(long, value_name = "DIR")]
    pub vectors: Option<PathBuf>,
}

impl SuiteArguments {
    /// The suite.
    ///
    /// # Errors
    ///
    /// [`Problem::Usage`], naming the file or case that cannot be used.
    pub fn load(&self) -> Result<Suite, Problem> {
        Ok(match &self.vectors {
            Some(folder) => Suite::from_folder(folder)?,
            None => Suite::embedded()?,
        })
    }

    /// The case with this id.
    ///
    /// # Errors
    ///
    /// [`Problem::Usage`], naming what there is instead.
    pub fn case<'a>(&self, suite: &'a Suite, id: &str) -> Result<&'a Case, Problem> {
        suite.get(id).ok_or_else(|| {
            let part = id.rsplit('/').next().unwrap_or(id);
            let like: Vec<&str> = suite
                .cases()
                .iter()
                .map(|case| case.id.as_str())
                .filter(|known| known.starts_with(id) || (!part.is_empty() && known.contains(part)))
                .take(3)
                .collect();
            let ids = || suite.cases().iter().map(|case| case.id.as_str());
            let hint = match (like.as_slice(), nearest(id, ids())) {
                ([], None) => "`q4proof list` names the cases".to_owned(),
                ([], Some(near)) => format!("did you mean {near}?"),
                (like, _) => format!("there is {}", like.join(", ")),
            };
            Problem::Usage(format!("no case has the id {id:?}; {hint}"))
        })
    }
}

#[derive(Args)]
pub struct FilterArguments {
    /// Only cases whose id holds this, or matches it where it has a * or ?; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub filter: Vec<String>,
    /// Only the small cases, without the questions of recipes; the verdict says how many cases were asked
    #[arg(long)]
    pub quick: bool,
}

impl FilterArguments {
    /// The cases that some filter matches; all of them where there is none.
    ///
    /// # Errors
    ///
    /// [`Problem::Harness`], where there is no case, or a filter matches none.
    pub fn select<'a>(&self, suite: &'a Suite) -> Result<Vec<&'a Case>, Problem> {
        let cases = || suite.cases().iter();
        if suite.cases().is_empty() {
            return Err(Problem::Harness("nothing to ask: the suite holds no case".into()));
        }
        let unused =
            self.filter.iter().find(|filter| !cases().any(|case| matches(filter, &case.id)));
        if let Some(filter) = unused {
            let count = suite.cases().len();
            return Err(Problem::Harness(format!(
                "nothing to ask: --filter {filter:?} matches none of the {count} cases; `q4proof \
                 list` names them"
            )));
        }
        let wanted = |case: &&Case| {
            self.filter.is_empty() || self.filter.iter().any(|filter| matches(filter, &case.id))
        };
        let small = |case: &&Case| !self.quick || case.recipe.is_none();
        Ok(cases().filter(wanted).filter(small).collect())
    }
}

/// Whether a filter matches an id: the whole of it where the filter has a `*` (any characters) or
/// `?` (one), a part of it otherwise.
fn matches(filter: &str, id: &str) -> bool {
    if glob::is_pattern(filter) { glob::matches(filter, id) } else { id.contains(filter) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_part_or_a_pattern() {
        for (filter, id, expected) in [
            ("scale", "load/scale-zero", true),
            ("scale", "load/bias", false),
            ("load/*", "load/scale-zero", true),
            ("load/*", "decode/load/x", false),
            ("*-zero", "load/scale-zero", true),
            ("*-zero", "load/scale-zero-2", false),
            ("*a*b*", "xaxbxb", true),
            ("*a?c", "abcabc", true),
            ("l?ad", "load", true),
            ("l?ad", "lad", false),
            ("*", "anything", true),
        ] {
            assert_eq!(matches(filter, id), expected, "{filter} on {id}");
        }
    }
}
