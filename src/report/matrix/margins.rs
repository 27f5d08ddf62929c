//! How near to their bounds answers came: for each clause and subject the largest share of a bound that
//! was used, and the case that used it.

use super::markup::Markup;
use super::{anchor, of_case};
use crate::report::clauses;
use crate::report::log::Log;
use crate::run::Record;
use crate::suite::operation::{Operation, Verb};

/// The largest share that a subject used of the bounds of a clause's cases.
pub struct Margin<'a> {
    /// The clause of the cases.
    clause: &'a str,
    /// The subject's place among the logs.
    pub subject: usize,
    /// The share; 1 is the bound itself.
    share: f64,
    /// The case, the first of several.
    pub record: &'a Record,
}

/// The largest shares, clause by clause and there subject by subject.
pub fn largest<'a>(logs: &'a [Log], clauses: &[&'a str]) -> Vec<Margin<'a>> {
    let mut margins = Vec::new();
    for &clause in clauses {
        for (subject, log) in logs.iter().enumerate() {
            let of_clause = log.records.iter().filter(|record| record.clause == clause);
            let found = largest_of(of_clause);
            margins.extend(found.map(|(share, record)| Margin { clause, subject, share, record }));
        }
    }
    margins
}

/// The largest share of these cases, and the first that has it.
fn largest_of<'a>(records: impl Iterator<Item = &'a Record>) -> Option<(f64, &'a Record)> {
    let shares = records.filter_map(|record| Some((share(record)?, record)));
    shares.reduce(|largest, next| if next.0 > largest.0 { next } else { largest })
}

/// The largest share among a case's entries.
fn share(record: &Record) -> Option<f64> {
    record.entries.iter().filter_map(|entry| entry.judgement.share).reduce(f64::max)
}

/// The clause that bounds the errors of an operation.
fn bound(operation: Operation) -> &'static str {
    match operation.verb {
        Verb::Matmul => "DOT-1",
        Verb::Rotate => "ROT-9",
        _ => "ENC-B1",
    }
}

/// The shares as a table.
pub fn section(page: &mut Markup, names: &[String], margins: &[Margin]) {
    page.element("h2", &[("id", "bounds")], "Bounds");
    page.element(
        "p",
        &[],
        "The largest error, as a share of what is allowed for that value: 1 is the bound itself. Products \
         are measured by DOT-1; encodings and rotations by ENC-B1 and ROT-9, where their bits are not \
         the canonical ones. A clause and subject that are not listed had nothing to measure.",
    );
    if margins.is_empty() {
        page.element("p", &[], "No answer was measured.");
        return;
    }
    page.table("", &["clause", "title", "bound", "subject", "share", "case"], |page| {
        for margin in margins {
            page.open("tr", &[]);
            page.element("th", &[("scope", "row")], margin.clause);
            page.element("td", &[], clauses::title(margin.clause).unwrap_or_default());
            page.element("td", &[], bound(margin.record.operation));
            page.open("td", &[]);
            page.link(&anchor(margin.subject), &names[margin.subject]);
            page.close();
            let class = if margin.share > 1.0 { "number bad" } else { "number" };
            page.element("td", &[("class", class)], &shown(margin.share));
            page.open("td", &[]);
            let failed = margin.record.outcome.is_failure();
            if failed {
                page.open(
                    "a",
                    &[("href", &format!("#{}", of_case(margin.subject, margin.record)))],
                );
            }
            page.element("code", &[], &margin.record.id);
            if failed {
                page.close();
            }
            page.close();
            page.close();
        }
    });
}

/// A share in a few digits.
fn shown(share: f64) -> String {
    match share {
        0.0 => "0".to_owned(),
        small if small < 0.01 => format!("{small:.1e}"),
        middle if middle < 100.0 => format!("{middle:.2}"),
        large => format!("{large:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::record;
    use super::*;
    use crate::suite::judge::Outcome::{Fail, Pass};

    #[test]
    fn the_largest_share_of_any_entry_counts_and_of_equals_the_first() {
        let records = [
            record("encode/a", Pass, &[None]),
            record("encode/b", Pass, &[Some(0.5), Some(0.25)]),
            record("encode/c", Fail, &[Some(0.125), None, Some(0.75)]),
            record("encode/d", Pass, &[Some(0.75)]),
        ];
        let largest = |count: usize| {
            largest_of(records[..count].iter()).map(|(share, record)| (share, record.id.as_str()))
        };
        assert_eq!(largest(1), None);
        assert_eq!(largest(2), Some((0.5, "encode/b")));
        assert_eq!(largest(4), Some((0.75, "encode/c")));
    }

    #[test]
    fn shares_are_shown_in_a_few_digits() {
        let shares = [0.0, 0.000_123, 0.01, 0.826, 1.0, 42.371, 6553.6];
        let shown = shares.map(shown);
        assert_eq!(shown, ["0", "1.2e-4", "0.01", "0.83", "1.00", "42.37", "6554"]);
    }
}
