//! Cases in columns.

use std::fmt::Write;

use super::classes;
use super::failure::tier;
use super::text::{Cell, counted, plain, table};
use crate::subject::Hello;
use crate::suite::Case;
use crate::suite::feature::FormatFeature;
use crate::suite::operation::Operation;

/// Characters of a name that is shown.
const MOST_TITLE: usize = 200;

/// One line a case, and their number.
pub fn cases(cases: &[&Case]) -> String {
    let line = |case: &&Case| {
        let class =
            case.class.map(|class| format!("{class}: {}", classes::name(class).unwrap_or("-")));
        vec![
            Cell::left(&case.id),
            Cell::left(tier(case.tier)),
            Cell::left(case.question.operation()),
            Cell::left(&case.clause),
            Cell::left(class.unwrap_or_default()),
        ]
    };
    let head = ["id", "tier", "operation", "clause", "class"].map(Cell::left).to_vec();
    let lines: Vec<_> = std::iter::once(head).chain(cases.iter().map(line)).collect();
    let mut text = table(0, &lines);
    writeln!(text, "{}", counted(cases.len(), "case")).ok();
    text
}

/// A kind of subject: its title, and each of its names with what it is.
pub fn subjects(title: &str, subjects: &[(String, String)]) -> String {
    let line = |(name, about): &(String, String)| vec![Cell::left(name), Cell::left(about)];
    format!("{title}\n{}", table(2, &subjects.iter().map(line).collect::<Vec<_>>()))
}

/// Who answers, and each operation and feature that it claims; what the suite does not know is said to be so.
pub fn claims(hello: &Hello) -> String {
    let Hello { name, version, language, capabilities, .. } = hello;
    let title = plain(&format!("{name} {version} ({language})"), MOST_TITLE);
    let known = |claimed: &String| {
        let is_feature = FormatFeature::all().iter().any(|feature| feature.to_string() == *claimed);
        if Operation::named(claimed).is_some() {
            "operation"
        } else if is_feature {
            "feature"
        } else {
            "unknown to this suite"
        }
    };
    let line = |claimed: &String| (plain(claimed, MOST_TITLE), known(claimed).to_owned());
    subjects(&title, &capabilities.iter().map(line).collect::<Vec<_>>())
}
