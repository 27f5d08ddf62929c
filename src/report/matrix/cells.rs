//! Clauses by subjects: each cell counts the cases of a clause, and where some fail it leads to them.

use super::markup::Markup;
use super::{anchor, of_clause};
use crate::report::clauses;
use crate::report::log::Log;
use crate::run::Totals;

/// The matrix itself.
pub fn section(page: &mut Markup, logs: &[Log], names: &[String], clauses: &[&str]) {
    page.element("h2", &[("id", "clauses")], "Clauses");
    page.element(
        "p",
        &[],
        "A cell has how many cases of the clause failed, of how many that were asked, and leads to \
         them; or how many passed. A dash: none was asked. An asterisk: what failed is of tier \
         should or informative, which changes no verdict.",
    );
    page.open("div", &[("class", "wide")]);
    page.open("table", &[("class", "matrix")]);
    page.open("thead", &[]);
    page.open("tr", &[]);
    page.element("th", &[("scope", "col")], "clause");
    page.element("th", &[("scope", "col")], "title");
    for (index, name) in names.iter().enumerate() {
        page.open("th", &[("scope", "col"), ("class", "subject")]);
        page.link(&anchor(index), name);
        page.close();
    }
    page.close();
    page.close();
    page.open("tbody", &[]);
    for clause in clauses {
        page.open("tr", &[]);
        page.element("th", &[("scope", "row")], clause);
        page.element("td", &[("class", "title")], clauses::title(clause).unwrap_or_default());
        for (index, log) in logs.iter().enumerate() {
            cell(page, log, index, clause);
        }
        page.close();
    }
    page.close();
    page.close();
    page.close();
}

fn cell(page: &mut Markup, log: &Log, index: usize, clause: &str) {
    let totals = Totals::of(log.records.iter().filter(|record| record.clause == clause));
    let failed = totals.failed + totals.advisory;
    let class = match totals {
        _ if totals.asked() == 0 => "none",
        Totals { failed: 1.., .. } => "bad",
        Totals { advisory: 1.., .. } => "fair",
        _ => "good",
    };
    page.open("td", &[("class", class)]);
    match (totals.asked(), failed) {
        (0, _) => page.text("–"),
        (asked, 0) => page.text(&format!("{asked} passed")),
        (asked, failed) => {
            let asterisk = if totals.failed == 0 { "*" } else { "" };
            page.link(&of_clause(index, clause), &format!("{failed} failed{asterisk}"));
            page.text(&format!(" of {asked}"));
        }
    }
    page.close();
}
