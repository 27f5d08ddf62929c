//! The suite as one assertion in the tests of a codec of one's own: every case of a profile, asked of
//! an [`Implementation`] in this process.
//!
//! ```
//! use q4proof::conformance::{Profile, assert_conforms};
//! use q4proof::subject::Reference;
//!
//! assert_conforms(&Reference, "decode:q4_1+encode:q8_0".parse().expect("a profile"));
//! ```
//!
//! A panic of the implementation is the outcome `crash` of the case that it happened in, and the next
//! case is asked. What ends the process or never returns is for the command: `q4proof check` asks a
//! process of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Debug, Display, Formatter, Write};
use std::time::Duration;

use thiserror::Error;

use crate::report::failure::judged;
use crate::report::text::{counted, plain, unstyled};
use crate::run::{Record, RunError, Settings, Totals, run};
use crate::subject::{Hello, Implementation, InProcess, Stop, Subject};
use crate::suite::judge::Outcome;
use crate::suite::{Case, Suite};

pub use crate::run::Profile;
pub use crate::suite::operation::{FormatId, Operation, Verb};

/// Failures that are shown in full, each of another clause.
const IN_FULL: usize = 5;

/// Characters of a name that are shown.
const NAME: usize = 60;

/// Asks `implementation` every case of `profile`, and panics unless it conforms. The message has the
/// number of cases that failed, and the first failures of some clauses: what was expected, beside what
/// came.
///
/// # Panics
///
/// Where [`check`] gives an error: nothing asked is no success either.
#[track_caller]
pub fn assert_conforms(implementation: &dyn Implementation, profile: Profile) {
    if let Err(error) = check(implementation, profile) {
        panic!("{error}");
    }
}

/// Asks `implementation` every case of `profile` that this crate carries.
///
/// # Errors
///
/// [`CheckError`], where a case of tier must failed, none was passed, or the harness could not lay out
/// its files.
pub fn check(implementation: &dyn Implementation, profile: Profile) -> Result<Totals, CheckError> {
    let suite = Suite::embedded().map_err(RunError::from)?;
    let claimed = |case: &&Case| profile.contains(case.question.operation());
    let cases: Vec<&Case> = suite.cases().iter().filter(claimed).collect();
    let mut subject = InProcess::new(implementation);
    // Nobody keeps a deadline in this process.
    let settings = Settings {
        profile,
        deadline: Duration::MAX,
        seed: None,
        repeat: 1,
        stop: Stop::default(),
        keep_going: true,
    };
    let records = run(&suite, &cases, &mut subject, &settings, &mut |_| {})?;
    let totals = Totals::of(&records);
    if totals.failed > 0 {
        let failed = records.into_iter().filter(Record::is_failure).collect();
        let failures = Failures::new(totals, failed, subject.hello(), &settings.profile, &suite);
        return Err(CheckError::Failed(failures));
    }
    if !totals.conforms() {
        return Err(CheckError::NothingAsked(settings.profile));
    }
    Ok(totals)
}

/// Why an implementation was not found to conform.
#[derive(Debug, Error)]
pub enum CheckError {
    /// Cases of tier must failed.
    #[error("{0}")]
    Failed(Failures),
    /// No case of tier must failed, and none of any tier was passed: nothing is known.
    #[error("nothing that binds was asked: profile \"{0}\"")]
    NothingAsked(Profile),
    /// The harness failed, or the vectors are not to be trusted.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// The cases that failed. Displayed, it shows what is wrong with the first of them.
pub struct Failures {
    /// What all cases came to.
    pub totals: Totals,
    /// The cases of tier must that failed, in the order of the suite.
    pub records: Vec<Record>,
    text: String,
}

impl Failures {
    fn new(
        totals: Totals,
        records: Vec<Record>,
        hello: &Hello,
        profile: &Profile,
        suite: &Suite,
    ) -> Self {
        let [name, version] = [&hello.name, &hello.version].map(|word| plain(word, NAME));
        let asked = counted(totals.asked(), "case");
        let mut text = format!(
            "{name} {version} does not conform: {} of {asked} failed (profile {profile}, suite {})\n\n",
            totals.failed, suite.version
        );
        let examples = examples(&records);
        for record in &examples {
            text += &unstyled(&judged(suite.get(&record.id), record));
            text.push('\n');
        }
        text += &others(&records, &examples);
        text += "`q4proof show ID` explains a case, or a clause\n";
        Self { totals, records, text }
    }
}

/// The first failure of each clause, of some clauses. A refusal whose control failed says nothing of
/// its own, and comes after all others.
fn examples(records: &[Record]) -> Vec<&Record> {
    let (followers, own): (Vec<&Record>, Vec<&Record>) =
        records.iter().partition(|record| record.outcome == Outcome::ControlRejected);
    let mut clauses = BTreeSet::new();
    let ordered = own.into_iter().chain(followers);
    ordered.filter(|record| clauses.insert(record.clause.as_str())).take(IN_FULL).collect()
}

/// How many failures there are of each clause beside those that are shown.
fn others(records: &[Record], shown: &[&Record]) -> String {
    let mut of_clauses: BTreeMap<&str, usize> = BTreeMap::new();
    for record in records.iter().filter(|record| !shown.contains(record)) {
        *of_clauses.entry(&record.clause).or_default() += 1;
    }
    if of_clauses.is_empty() {
        return String::new();
    }
    let counts: Vec<String> =
        of_clauses.iter().map(|(clause, count)| format!("{count} of {clause}")).collect();
    format!("and {} more: {}\n\n", records.len() - shown.len(), counts.join(", "))
}

impl Display for Failures {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text.trim_end())
    }
}

/// As it is displayed, so that `unwrap` shows what is wrong.
impl Debug for Failures {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_char('\n')?;
        Display::fmt(self, formatter)
    }
}
