//! A pass as JUnit XML: a suite for each operation, a case for each case.
//!
//! Only what counts against the verdict fails there: a case of tier should, a failure that a ledger
//! expects and a case outside the profile are skipped, each with a message that says which.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::failure::{self, tier};
use super::pass::Pass;
use super::summary::Verdict;
use super::text::{plain, unstyled};
use crate::run::Record;
use crate::suite::judge::Outcome;
use crate::suite::operation::Operation;

/// Characters of a message.
const MESSAGE: usize = 400;

/// The whole report.
///
/// # Errors
///
/// Where it cannot be written as XML.
pub fn report(pass: &Pass) -> Result<String, SerializeError> {
    let mut report = Report::new(fit(&format!(
        "q4proof {} {}",
        plain(&pass.hello.name, MESSAGE),
        plain(&pass.hello.version, MESSAGE)
    )));
    let mut operations: BTreeMap<Operation, Vec<&Record>> = BTreeMap::new();
    for record in pass.records {
        operations.entry(record.operation).or_default().push(record);
    }
    for (operation, records) in operations {
        let mut suite = TestSuite::new(operation.to_string());
        for record in records {
            let mut case = TestCase::new(record.id.as_str(), status(pass, record));
            case.set_classname(record.clause.as_str());
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    let mut suite = TestSuite::new("verdict");
    for finding in pass.ledger.iter().flat_map(|ledger| &ledger.findings) {
        let message = format!("{}: {}", finding.what.name(), plain(&finding.detail, MESSAGE));
        let name = format!("ledger line {}: {}", finding.line, plain(&finding.case, MESSAGE));
        suite.add_test_case(TestCase::new(fit(&name), failed(&message, "ledger", "")));
    }
    let verdict = pass.verdict();
    if matches!(verdict, Verdict::NothingAsked | Verdict::Interrupted) {
        let failed = failed(verdict.name(), "verdict", "");
        suite.add_test_case(TestCase::new("a whole pass is asked", failed));
    }
    if !suite.test_cases.is_empty() {
        report.add_test_suite(suite);
    }
    report.to_string()
}

fn status(pass: &Pass, record: &Record) -> TestCaseStatus {
    let outcome = record.outcome.name();
    let said = record.decisive().next().map(|entry| failure::seen(&entry.judgement));
    let message = format!("{outcome}: {}", plain(&said.unwrap_or_default(), MESSAGE));
    let skipped = |message: String| {
        let mut status = TestCaseStatus::skipped();
        status.set_message(fit(&message));
        status
    };
    if let Some((kind, issue)) = pass.ledger.and_then(|ledger| ledger.expected(record)) {
        let issue = plain(issue, MESSAGE);
        return skipped(format!("as expected ({}, {issue}): {message}", kind.name()));
    }
    if record.is_failure() {
        let detail = failure::full(pass.suite.get(&record.id), record, pass.again);
        return failed(&message, outcome, &unstyled(&detail));
    }
    match record.outcome {
        Outcome::NotInProfile => skipped(outcome.to_owned()),
        other if other.is_failure() => skipped(format!("tier {}: {message}", tier(record.tier))),
        _ => TestCaseStatus::success(),
    }
}

fn failed(message: &str, kind: &str, detail: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(fit(message)).set_type(kind).set_description(fit(detail));
    status
}

/// Text without the two characters that are no control characters and that XML has no place for.
fn fit(text: &str) -> String {
    text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
