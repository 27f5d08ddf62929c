//! The lines of a ledger, as a pass has them.

use std::fmt::Write;

use crate::report::log::Log;
use crate::report::text::{plain, without_paths};
use crate::run::Record;

/// Characters of what was seen that stand beside a line.
const SEEN: usize = 200;

/// A ledger with a line for each failure of the log; its issues and reasons are empty, and it is
/// refused until they are written. `None` where nothing failed.
pub fn bless(log: &Log) -> Option<String> {
    let failures: Vec<&Record> =
        log.records.iter().filter(|record| record.outcome.is_failure()).collect();
    if failures.is_empty() {
        return None;
    }
    let header = &log.header;
    let mut text = format!(
        "# What {} {} fails of suite {} ({}), profile {}, seen on {}.\n\
         # To write: of each line the kind (bug, wontfix or flaky), the issue and the reason. One line\n\
         # can stand for several cases that fail by the same: `*` takes any characters, `?` takes one.\n\n",
        plain(&header.subject.name, SEEN),
        plain(&header.subject.version, SEEN),
        plain(&header.suite, SEEN),
        plain(&header.hash, SEEN),
        header.profile,
        plain(&header.platform, SEEN),
    );
    writeln!(text, "subject = {}", quoted(&header.subject.name)).ok();
    writeln!(text, "version = {}", quoted(&header.subject.version)).ok();
    for record in failures {
        let said = record.decisive().next().map_or("", |entry| &entry.judgement.summary);
        let said = plain(&without_paths(said), SEEN);
        write!(text, "\n[[expected]]\n# {}: {said}\n", record.clause).ok();
        writeln!(text, "case = {}", quoted(&record.id)).ok();
        writeln!(text, "outcome = {}", quoted(record.outcome.name())).ok();
        text.push_str("kind = \"bug\"\nissue = \"\"\nreason = \"\"\n");
    }
    Some(text)
}

/// A string of TOML.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
