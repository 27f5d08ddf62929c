//! Reading a log: only one that is whole, and says of itself what its lines say.

use std::collections::HashSet;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use super::{Footer, Header, VERSION};
use crate::run::{Record, Totals};
use crate::suite::Suite;
use crate::suite::library::read_text;

/// What a log, or a kill matrix, is not, that it has to be.
#[derive(Debug, Error)]
#[error("{place}: {problem}")]
pub struct LogError {
    /// The file, and the line in it.
    pub place: String,
    /// What is wrong, and what was expected.
    pub problem: String,
}

/// A whole log.
#[derive(Clone, Debug)]
pub struct Log {
    /// The file, as it was named.
    pub file: String,
    /// Its first line.
    pub header: Header,
    /// What each case came to, in the order in which they were asked.
    pub records: Vec<Record>,
    /// Its last line.
    pub footer: Footer,
}

/// The line of a file on which the header stands; the cases follow it, one a line.
const HEADER: usize = 1;

impl Log {
    /// Reads the log of a pass that came to its end.
    ///
    /// # Errors
    ///
    /// As [`Log::read_any`]; and where the pass was stopped before its end.
    pub fn read(path: &Path) -> Result<Self, LogError> {
        let log = Self::read_any(path)?;
        if !log.footer.interrupted {
            return Ok(log);
        }
        let (asked, cases) = (log.records.len(), log.header.cases);
        let problem = format!(
            "the pass was interrupted after {asked} of {cases} cases, expected a whole one"
        );
        Err(log.at(HEADER + 1 + asked, problem))
    }

    /// Reads the log in a file.
    ///
    /// # Errors
    ///
    /// [`LogError`]: there is no such file, it is no log of this version, it was cut, or its lines
    /// contradict each other.
    pub fn read_any(path: &Path) -> Result<Self, LogError> {
        let text = read_text(path)
            .map_err(|error| LogError { place: error.file, problem: error.problem })?;
        parse(&path.display().to_string(), &text)
    }

    /// Checks that the log is one of a pass over `suite`.
    ///
    /// # Errors
    ///
    /// [`LogError`], where it names another suite, or a case that is not as the suite has it.
    pub fn check_suite(&self, suite: &Suite) -> Result<(), LogError> {
        if self.header.hash != suite.hash {
            let problem = format!(
                "is a log of suite {} ({}), expected suite {} ({}); --vectors names the folder of \
                 another",
                self.header.suite, self.header.hash, suite.version, suite.hash
            );
            return Err(self.at(HEADER, problem));
        }
        for (index, record) in self.records.iter().enumerate() {
            let same = suite.get(&record.id).is_some_and(|case| {
                record.clause == case.clause
                    && record.class == case.class
                    && record.tier == case.tier
                    && record.operation == case.question.operation()
            });
            if !same {
                let problem = format!(
                    "{} is not a case of suite {} as it stands here, expected one that is",
                    record.id, suite.hash
                );
                return Err(self.at(HEADER + 1 + index, problem));
            }
        }
        Ok(())
    }

    /// An error on one of its lines.
    pub fn at(&self, line: usize, problem: String) -> LogError {
        LogError { place: format!("{}:{line}", self.file), problem }
    }

    /// Checks that a whole suite was asked, without a filter.
    ///
    /// # Errors
    ///
    /// [`LogError`], saying how much was asked.
    pub fn check_unfiltered(&self, suite: &Suite) -> Result<(), LogError> {
        let (cases, all) = (self.header.cases, suite.cases().len());
        if cases == all {
            return Ok(());
        }
        let problem =
            format!("holds {cases} of {all} cases, expected all: a pass without --filter");
        Err(self.at(HEADER, problem))
    }
}

fn parse(file: &str, text: &str) -> Result<Log, LogError> {
    let at = |line: usize, problem: String| LogError { place: format!("{file}:{line}"), problem };
    let mut lines = text.lines().zip(1..);
    let (first, _) = lines.next().unwrap_or_default();
    let header = header(first).map_err(|problem| at(HEADER, problem))?;
    let mut records: Vec<Record> = Vec::new();
    let mut ids = HashSet::new();
    while let Some((line, number)) = lines.next() {
        let (kind, value) = record(line, "a case or the footer")
            .map_err(|problem| at(number, problem + "; a log that was cut can end so"))?;
        match kind.as_str() {
            "case" => {
                let record = case(value).map_err(|problem| at(number, problem))?;
                if !ids.insert(record.id.clone()) {
                    return Err(at(number, format!("{} stands here again", record.id)));
                }
                records.push(record);
            }
            "footer" => {
                let footer = typed("footer", value)
                    .and_then(|footer| checked(footer, &header, &records))
                    .map_err(|problem| at(number, problem))?;
                if let Some((_, number)) = lines.next() {
                    let problem = "stands behind the footer, expected the end of the file";
                    return Err(at(number, problem.into()));
                }
                return Ok(Log { file: file.to_owned(), header, records, footer });
            }
            other => {
                let problem = format!("is a record {other:?}, expected a case or the footer");
                return Err(at(number, problem));
            }
        }
    }
    let problem = format!(
        "the log ends after {} of {} cases, expected the footer: it was cut",
        records.len(),
        header.cases
    );
    Err(at(HEADER + records.len(), problem))
}

fn header(line: &str) -> Result<Header, String> {
    let expected = format!(
        "the header of a log of version {VERSION}, as `q4proof check --json -- COMMAND > LOG` writes it"
    );
    if line.starts_with("q4proof ") {
        return Err(format!("is the report that `check` prints, expected {expected}"));
    }
    let (kind, value) = record(line, &expected)?;
    if kind != "header" {
        return Err(format!("is a record {kind:?}, expected {expected}"));
    }
    match value.get("log") {
        Some(version) if version == VERSION => typed("header", value),
        Some(version) => Err(format!("is the header of version {version}, expected {expected}")),
        None => Err(format!("is a header without the version `log`, expected {expected}")),
    }
}

/// A case whose names are fit to be shown as they stand.
fn case(value: Value) -> Result<Record, String> {
    let record: Record = typed("case", value)?;
    let slug = |text: &str| {
        let fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
        !text.is_empty() && text.bytes().all(fit)
    };
    for (name, text) in [("id", &record.id), ("clause", &record.clause)] {
        if !slug(text) {
            return Err(format!(
                "has the {name} {text:?}, expected letters, digits, `-`, `_`, `.` and `/`"
            ));
        }
    }
    Ok(record)
}

/// The footer, where it agrees with what stands above it.
fn checked(footer: Footer, header: &Header, records: &[Record]) -> Result<Footer, String> {
    let is_whole = records.len() == header.cases;
    if footer.interrupted == is_whole || records.len() > header.cases {
        return Err(format!(
            "is the footer after {} cases, expected {} by the header",
            records.len(),
            header.cases
        ));
    }
    let totals = Totals::of(records);
    if footer.totals != totals {
        return Err(format!(
            "counts {} passed, {} failed, expected {} and {} by the cases above",
            footer.totals.passed, footer.totals.failed, totals.passed, totals.failed
        ));
    }
    Ok(footer)
}

/// A line of JSON, and what kind of record it says it is.
fn record(line: &str, expected: &str) -> Result<(String, Value), String> {
    let value: Value = serde_json::from_str(line).map_err(|error| {
        // A line has no lines of its own; what is behind the column is for the reader.
        let message = error.to_string().replace(" at line 1 column ", " at column ");
        format!("is no JSON ({message}), expected {expected}")
    })?;
    match value.get("record").and_then(Value::as_str) {
        Some(kind) => Ok((kind.to_owned(), value)),
        None => Err(format!("is JSON without the name of a `record`, expected {expected}")),
    }
}

fn typed<T: DeserializeOwned>(kind: &str, value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| format!("is a {kind} that is not right: {error}"))
}
