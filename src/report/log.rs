//! A pass as JSON Lines: a header, one line a case, and a footer, by which a log that was cut is
//! known.

use std::collections::BTreeMap;

use serde::Serialize;

use super::summary::{Verdict, alternates};
use crate::run::{Profile, Record, Totals};
use crate::subject::Hello;
use crate::suite::Suite;

/// One line of a log.
#[derive(Serialize)]
#[serde(tag = "record", rename_all = "lowercase")]
enum Line<'a> {
    Header {
        q4proof: &'static str,
        suite: &'a str,
        hash: &'a str,
        asked: &'a str,
        subject: &'a Hello,
        profile: String,
        cases: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        seed: Option<u64>,
        platform: String,
    },
    Case(&'a Record),
    Footer {
        #[serde(flatten)]
        totals: Totals,
        alternates: BTreeMap<String, usize>,
        verdict: &'static str,
    },
}

/// The first line: everything that takes part, and how many cases follow. `asked` is the subject as
/// the command line names it.
///
/// # Errors
///
/// Where a value has no form in JSON; here none lacks it.
pub fn header(
    suite: &Suite,
    asked: &str,
    hello: &Hello,
    profile: &Profile,
    cases: usize,
    seed: Option<u64>,
) -> serde_json::Result<String> {
    serde_json::to_string(&Line::Header {
        q4proof: env!("CARGO_PKG_VERSION"),
        suite: &suite.version,
        hash: &suite.hash,
        asked,
        subject: hello,
        profile: profile.to_string(),
        cases,
        seed,
        platform: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}

/// The line of one case.
///
/// # Errors
///
/// As [`header`].
pub fn case(record: &Record) -> serde_json::Result<String> {
    serde_json::to_string(&Line::Case(record))
}

/// The last line.
///
/// # Errors
///
/// As [`header`].
pub fn footer(records: &[Record]) -> serde_json::Result<String> {
    let totals = Totals::of(records);
    let verdict = Verdict::of(&totals).name();
    serde_json::to_string(&Line::Footer { totals, alternates: alternates(records), verdict })
}
