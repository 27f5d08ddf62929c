//! A pass as JSON Lines: a header, one line a case, and a footer, by which a log that was cut is
//! known.
//!
//! A case's line is its [`Record`], with a [`Judgement`](crate::suite::Judgement) for each entry. What has
//! nothing to say is left out: `share` stands only where a bound measured the answer, and logs older than
//! it have none.

mod read;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use read::{Log, LogError};

use super::Again;
use super::summary::{Verdict, alternates};
use crate::run::{Profile, Record, Totals};
use crate::subject::Hello;
use crate::suite::Suite;

/// The version of these lines: another one where a reader of this one would misread them.
pub const VERSION: u32 = 1;

/// The first line: everything that takes part, and how many cases follow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`VERSION`].
    pub log: u32,
    /// The version of the command that asked.
    pub q4proof: String,
    /// The version of the suite.
    pub suite: String,
    /// The hash of the suite.
    pub hash: String,
    /// The subject, as the command line names it.
    pub asked: String,
    /// The subject, as it names itself.
    pub subject: Hello,
    /// What is claimed.
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub profile: Profile,
    /// How many cases follow.
    pub cases: usize,
    /// The seed of the order, if the cases were shuffled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How often each case was asked.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub repeat: usize,
    /// Operating system and processor of the harness.
    pub platform: String,
    /// How a case is asked again.
    pub again: Again,
}

/// The last line: what all came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Footer {
    /// Counts of the cases.
    #[serde(flatten)]
    pub totals: Totals,
    /// How often each lawful behaviour was seen that is not the preferred one.
    pub alternates: BTreeMap<String, usize>,
    /// The verdict's words.
    pub verdict: String,
    /// Whether the pass was stopped before it had asked all cases.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
    /// Where the subject did its work, in lines; empty where that goes without saying.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ran: Vec<String>,
    /// What its processes did that PROTOCOL.md says they should not, in sentences; changes no verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub should: Vec<String>,
}

/// One line, as it is written.
#[derive(Serialize)]
#[serde(tag = "record", rename_all = "lowercase")]
enum Line<'a> {
    Header(&'a Header),
    Case(&'a Record),
    Footer(&'a Footer),
}

impl Header {
    /// The header of a pass that asks `cases` cases once, in this command and on this platform.
    pub fn new(
        suite: &Suite,
        asked: String,
        hello: &Hello,
        profile: &Profile,
        cases: usize,
        seed: Option<u64>,
        again: &Again,
    ) -> Self {
        Self {
            log: VERSION,
            q4proof: env!("CARGO_PKG_VERSION").to_owned(),
            suite: suite.version.clone(),
            hash: suite.hash.clone(),
            asked,
            subject: hello.clone(),
            profile: profile.clone(),
            cases,
            seed,
            repeat: once(),
            platform: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
            again: again.clone(),
        }
    }

    /// The line.
    ///
    /// # Errors
    ///
    /// Where a value has no form in JSON; here none lacks it.
    pub fn line(&self) -> serde_json::Result<String> {
        serde_json::to_string(&Line::Header(self))
    }
}

/// The line of one case.
///
/// # Errors
///
/// As [`Header::line`].
pub fn case(record: &Record) -> serde_json::Result<String> {
    serde_json::to_string(&Line::Case(record))
}

/// The last line of a pass that was to ask as many `cases`.
///
/// # Errors
///
/// As [`Header::line`].
pub fn footer(
    cases: usize,
    records: &[Record],
    ran: Vec<String>,
    should: Vec<String>,
) -> serde_json::Result<String> {
    let totals = Totals::of(records);
    let verdict = Verdict::of_pass(cases, records);
    let interrupted = verdict == Verdict::Interrupted;
    let verdict = verdict.name().to_owned();
    let alternates = alternates(records);
    let footer = Footer { totals, alternates, verdict, interrupted, ran, should };
    serde_json::to_string(&Line::Footer(&footer))
}

fn once() -> usize {
    1
}

fn is_once(repeat: &usize) -> bool {
    *repeat == 1
}

fn as_text<S: Serializer>(profile: &Profile, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(profile)
}

fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Profile, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}
