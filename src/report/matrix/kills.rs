//! What the suite itself catches: each planted fault and the cases that fail on it, class by class,
//! and how much of that each clause does.

use super::markup::Markup;
use super::{SENTENCE, WORD};
use crate::report::text::{counted, plain};
use crate::report::{classes, clauses};
use crate::run::selftest::{KillMatrix, Row};

/// Whether a planted fault is of the class.
pub fn has(matrix: &KillMatrix, class: u8) -> bool {
    matrix.faults.iter().any(|row| row.class == class)
}

/// Where the faults of a class stand.
pub fn of_class(class: u8) -> String {
    format!("class-{class}")
}

/// The whole matrix, folded.
pub fn section(page: &mut Markup, matrix: &KillMatrix) {
    page.element("h2", &[("id", "faults")], "What the suite catches");
    let caught = matrix.faults.iter().filter(|row| !row.killed_by.is_empty()).count();
    let refused = matrix.liars.iter().filter(|liar| !liar.totals.conforms()).count();
    let words = format!(
        "{}, each planted alone in a sound implementation that was then asked everything: {caught} were \
         caught. {} that answer without a look at the question: {refused} do not conform.",
        counted(matrix.faults.len(), "fault"),
        counted(matrix.liars.len(), "subject"),
    );
    page.element("p", &[], &words);
    problems(page, matrix);
    let mut numbers: Vec<u8> = matrix.faults.iter().map(|row| row.class).collect();
    numbers.sort_unstable();
    numbers.dedup();
    for class in numbers {
        let rows: Vec<&Row> = matrix.faults.iter().filter(|row| row.class == class).collect();
        class_of_faults(page, class, &rows);
    }
    page.element("h3", &[], "Subjects that do not look");
    page.table("", &["name", "what it does", "passed", "of"], |page| {
        for liar in &matrix.liars {
            page.open("tr", &[]);
            page.element("th", &[("scope", "row")], &plain(&liar.name, WORD));
            page.element("td", &[], &plain(&liar.about, SENTENCE));
            for number in [liar.totals.passed, liar.totals.asked()] {
                page.element("td", &[("class", "number")], &number.to_string());
            }
            page.close();
        }
    });
    coverage(page, matrix);
}

fn problems(page: &mut Markup, matrix: &KillMatrix) {
    if matrix.problems.is_empty() {
        page.element("p", &[("class", "good")], "Every rule of the selftest holds.");
        return;
    }
    page.open("ul", &[("class", "bad")]);
    for problem in &matrix.problems {
        page.element("li", &[], &plain(problem, SENTENCE));
    }
    page.close();
}

fn class_of_faults(page: &mut Markup, class: u8, rows: &[&Row]) {
    let fewest = rows.iter().map(|row| row.killed_by.len()).min().unwrap_or(0);
    let least = match rows {
        [_] => format!("caught by {}", counted(fewest, "case")),
        _ => format!("each caught by {} or more", counted(fewest, "case")),
    };
    let summary =
        format!("{} · {}, {least}", classes::heading(class), counted(rows.len(), "fault"));
    page.open("details", &[("id", &of_class(class))]);
    page.element("summary", &[], &summary);
    page.table("", &["fault", "what it does", "caught by", "of its class"], |page| {
        for row in rows {
            page.open("tr", &[]);
            page.element("th", &[("scope", "row")], &plain(&row.name, WORD));
            page.element("td", &[], &plain(&row.about, SENTENCE));
            page.open("td", &[]);
            page.folded(&counted(row.killed_by.len(), "case"), |page| cases(page, &row.killed_by));
            page.close();
            page.element("td", &[("class", "number")], &row.of_its_class.to_string());
            page.close();
        }
    });
    page.close();
}

fn cases(page: &mut Markup, ids: &[String]) {
    page.open("p", &[("class", "ids")]);
    for id in ids {
        page.element("code", &[], &plain(id, WORD));
        page.text(" ");
    }
    page.close();
}

/// What the cases of each clause catch.
fn coverage(page: &mut Markup, matrix: &KillMatrix) {
    let covered = matrix.clauses.iter().filter(|row| row.catching > 0).count();
    let of = counted(matrix.clauses.len(), "clause");
    page.folded(&format!("{covered} of {of} have a case that catches a fault"), |page| {
        let headings = ["clause", "title", "cases", "that catch a fault", "faults caught"];
        page.table("", &headings, |page| {
            for row in &matrix.clauses {
                page.open("tr", &[]);
                page.element("th", &[("scope", "row")], &plain(&row.clause, WORD));
                page.element("td", &[], clauses::title(&row.clause).unwrap_or_default());
                for number in [row.cases, row.catching, row.faults] {
                    page.element("td", &[("class", "number")], &number.to_string());
                }
                page.close();
            }
        });
    });
}
