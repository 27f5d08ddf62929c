//! A verdict of the gate for a person, for Markdown and for JUnit.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::gate::{Counts, Survivor, Verdict};
use super::sweep::Fate;
use crate::report::clauses;
use crate::report::markdown::escaped;
use crate::report::text::{BAD, Cell, GOOD, counted, plain, styled, table, unstyled};

/// Tests that are named of those that run over a survivor.
const MOST_TESTS: usize = 5;

/// Survivors that are shown whole; the rest are only named.
const MOST_SHOWN: usize = 40;

/// The verdict as text with styles; clauses are looked up in the source under `root`.
pub fn terminal(verdict: &Verdict, root: &Path) -> String {
    let heads = ["folder", "mutants", "caught", "explained", "missed", "timeout", "unviable"];
    let mut lines = vec![heads.map(Cell::right).to_vec()];
    lines[0][0] = Cell::left("folder");
    let row = |name: &str, counts: &Counts| {
        let [mutants, caught, explained, missed, timeout, unviable] = numbers(counts);
        let alarming = |count: usize| {
            let cell = Cell::right(count);
            if count > 0 { cell.styled(BAD) } else { cell }
        };
        let plain = [mutants, caught, explained].map(Cell::right);
        let mut line = vec![Cell::left(name)];
        line.extend(plain);
        line.extend([alarming(missed), alarming(timeout), Cell::right(unviable)]);
        line
    };
    lines.extend(verdict.folders.iter().map(|(name, counts)| row(name, counts)));
    lines.push(row("total", &total(verdict)));
    let mut text = table(0, &lines);

    for survivor in verdict.survivors.iter().take(MOST_SHOWN) {
        let word = if survivor.fate == Fate::Missed { "missed" } else { "timeout" };
        write!(text, "\n{}  {}\n", styled(word, BAD), plain(&survivor.name, 400)).ok();
        if let Some(clause) = nearest_clause(root, survivor) {
            writeln!(text, "    nearest clause: {}", clauses::heading(clause)).ok();
        }
        if let Some(words) = tests(survivor) {
            writeln!(text, "    {}", plain(&words, 400)).ok();
        }
        for line in changed(&survivor.diff) {
            writeln!(text, "    {}", plain(line, 200)).ok();
        }
    }
    for survivor in verdict.survivors.iter().skip(MOST_SHOWN) {
        writeln!(text, "\nand {}", plain(&survivor.name, 400)).ok();
    }
    text.push('\n');
    for fault in &verdict.faults {
        writeln!(text, "{}  {}", styled("fault", BAD), plain(fault, 400)).ok();
    }
    text + &sentence(verdict)
}

/// The verdict in Markdown, for the summary of a CI job.
pub fn markdown(verdict: &Verdict, root: &Path) -> String {
    let mut text = String::from(
        "# Mutation gate\n\n\
         | folder | mutants | caught | explained | missed | timeout | unviable |\n\
         |---|---:|---:|---:|---:|---:|---:|\n",
    );
    let total = total(verdict);
    let folders = verdict.folders.iter().map(|(name, counts)| (name.as_str(), counts));
    for (name, counts) in folders.chain([("total", &total)]) {
        let cells = numbers(counts).map(|count| count.to_string()).join(" | ");
        writeln!(text, "| {name} | {cells} |").ok();
    }
    for survivor in verdict.survivors.iter().take(MOST_SHOWN) {
        let clause = nearest_clause(root, survivor);
        let clause = clause.map(|clause| format!(" · {clause}")).unwrap_or_default();
        let change: Vec<&str> = changed(&survivor.diff).collect();
        let tests = tests(survivor).map(|words| format!(" · {}", escaped(&words, usize::MAX)));
        let tests = tests.unwrap_or_default();
        write!(
            text,
            "\n`{}`{clause}{tests}\n\n```diff\n{}\n```\n",
            survivor.name,
            change.join("\n")
        )
        .ok();
    }
    for fault in &verdict.faults {
        write!(text, "\n- **{}**\n", escaped(fault, usize::MAX)).ok();
    }
    let tree = verdict.tree.as_deref().unwrap_or("not recorded");
    write!(text, "\nTests: `cargo {}`. Source: {tree}.\n\n", verdict.scope).ok();
    text + &unstyled(&sentence(verdict))
}

/// The verdict as JUnit XML: a suite for each folder, a case for each survivor, and one that stands
/// for all that were caught.
///
/// # Errors
///
/// Where it cannot be written as XML.
pub fn junit(verdict: &Verdict) -> Result<String, quick_junit::SerializeError> {
    let failed = |name: &str, message: &str, detail: &str| {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(message).set_description(detail);
        TestCase::new(name, status)
    };
    let mut report = Report::new("mutation gate");
    for (folder, counts) in &verdict.folders {
        let mut suite = TestSuite::new(folder.as_str());
        let killed = counts.caught + counts.explained;
        let name = format!("{killed} mutants are caught or explained");
        suite.add_test_case(TestCase::new(name, TestCaseStatus::success()));
        for survivor in verdict.survivors.iter().filter(|survivor| survivor.folder == *folder) {
            let change: Vec<&str> = changed(&survivor.diff).collect();
            suite.add_test_case(failed(&survivor.name, "survives", &change.join("\n")));
        }
        report.add_test_suite(suite);
    }
    let mut suite = TestSuite::new("gate");
    if verdict.passes() {
        suite.add_test_case(TestCase::new("the gate is open", TestCaseStatus::success()));
    }
    for fault in &verdict.faults {
        suite.add_test_case(failed(fault, "keeps the gate shut", ""));
    }
    report.add_test_suite(suite);
    report.to_string()
}

/// The last line: what the sweeps came to.
fn sentence(verdict: &Verdict) -> String {
    let total = total(verdict);
    let tested = total.caught + total.explained + total.missed + total.timeout;
    let state = match verdict.passes() {
        true => styled("the gate is open", GOOD),
        false => styled("the gate stays shut", BAD),
    };
    format!(
        "{} of {} killed, {} explained, {} survive, {:.1} min of work · {state}\n",
        total.caught,
        counted(tested, "mutant"),
        total.explained,
        total.missed + total.timeout,
        verdict.seconds / 60.0,
    )
}

fn numbers(counts: &Counts) -> [usize; 6] {
    let Counts { caught, missed, timeout, explained, unviable } = *counts;
    [caught + missed + timeout + explained + unviable, caught, explained, missed, timeout, unviable]
}

fn total(verdict: &Verdict) -> Counts {
    verdict.folders.values().fold(Counts::default(), |sum, counts| Counts {
        caught: sum.caught + counts.caught,
        missed: sum.missed + counts.missed,
        timeout: sum.timeout + counts.timeout,
        explained: sum.explained + counts.explained,
        unviable: sum.unviable + counts.unviable,
    })
}

/// Which tests run over the survivor's function, in words.
fn tests(survivor: &Survivor) -> Option<String> {
    let tests = survivor.tests.as_ref()?;
    if tests.is_empty() {
        return Some("no test runs over its function".into());
    }
    let named: Vec<&str> = tests.iter().take(MOST_TESTS).map(String::as_str).collect();
    let more = match tests.len().saturating_sub(MOST_TESTS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!("run over by {}{more}", named.join(", ")))
}

/// The lines of a diff that are taken out or put in.
fn changed(diff: &str) -> impl Iterator<Item = &str> {
    diff.lines().filter(|line| {
        (line.starts_with('-') || line.starts_with('+'))
            && !line.starts_with("---")
            && !line.starts_with("+++")
    })
}

/// The clause of SPEC.md that is named last above the mutant's line, in its file.
fn nearest_clause(root: &Path, survivor: &Survivor) -> Option<&'static str> {
    let mut parts = survivor.name.split(':');
    let source = fs::read_to_string(root.join(parts.next()?)).ok()?;
    let line: usize = parts.next()?.parse().ok()?;
    let above: Vec<&str> = source.lines().take(line).collect();
    let named = |line: &&str| clauses::all().find(|&id| names(line, id));
    above.iter().rev().find_map(named)
}

/// Whether `line` names the clause `id`, and not a longer one.
fn names(line: &str, id: &str) -> bool {
    line.match_indices(id).any(|(at, _)| {
        !line[at + id.len()..].starts_with(|next: char| next.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_fault_is_no_markup() {
        let verdict = Verdict {
            folders: BTreeMap::new(),
            survivors: Vec::new(),
            faults: vec!["stale entry: \"replace f -> Vec<u64> with *x\"".into()],
            scope: "test".into(),
            tree: None,
            seconds: 0.0,
        };
        let text = markdown(&verdict, Path::new(""));
        let fault = r#"- **stale entry: "replace f -\> Vec\<u64\> with \*x"**"#;
        assert!(text.lines().any(|line| line == fault), "{text}");
    }
}
