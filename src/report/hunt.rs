//! What a campaign of generated questions came to: the faults that were found, what was asked, the verdict.

use std::fmt::Write;

use super::cause::Cause;
use super::text::{BAD, Cell, FAIR, GOOD, counted, plain, styled, table};
use super::{Again, case, failure, pass};
use crate::run::Record;
use crate::run::hunt::{Found, Hunted, OperationCoverage};
use crate::subject::Hello;
use crate::suite::Case;
use crate::suite::judge::Outcome;
use crate::suite::lawful::Lawful;

/// The share of questions that are to be answered, below which a campaign looks at refusals only.
pub const LEAST_SOUND: f64 = 0.2;

/// Questions of an operation before its share says something.
const ENOUGH: u64 = 200;

/// Signs and exponents of a finite f16.
const HALF_EXPONENTS: usize = 62;

/// A campaign, as its report sees it.
pub struct Campaign<'a> {
    /// Who was asked.
    pub hello: &'a Hello,
    /// Which questions were asked.
    pub seed: u64,
    /// What it came to.
    pub hunted: &'a Hunted,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// What its processes did that PROTOCOL.md says they should not, in sentences.
    pub should: &'a [String],
    /// How the subject is asked again.
    pub again: &'a Again,
    /// Where the findings are.
    pub folder: &'a str,
}

/// What failures of one fault have in common: the operation, the outcome, what was expected and what differs. Where
/// several classes are right for a refusal, the first one stands for all.
pub fn key(case: &Case, record: &Record) -> String {
    match &case.expect {
        Lawful::Refuse(classes) if record.outcome == Outcome::Fail => {
            let class = classes.first().map_or("", |class| class.name());
            format!("{} accepts {class}", record.operation)
        }
        Lawful::Refuse(_) => format!("{:?} refuse", Cause::of(record)),
        _ => format!("{:?} answer", Cause::of(record)),
    }
}

/// The whole report.
pub fn report(campaign: &Campaign) -> String {
    let Campaign { hello, seed, hunted, .. } = campaign;
    let mut text = format!(
        "q4proof {} · hunt, seed {seed} · subject {} {} ({})\n\n",
        env!("CARGO_PKG_VERSION"),
        plain(&hello.name, 60),
        plain(&hello.version, 60),
        plain(&hello.language, 60),
    );
    for found in &hunted.found {
        text.push_str(&shown(found, campaign.again));
        text.push('\n');
    }
    text.push_str(&coverage(hunted));
    text.push('\n');
    for sentence in campaign.should {
        writeln!(text, "{}: {}", styled("should", FAIR), plain(sentence, pass::SENTENCE)).ok();
    }
    for warning in warnings(hunted) {
        writeln!(text, "{}: {warning}", styled("warning", FAIR)).ok();
    }
    text.push_str(&verdict(campaign));
    text
}

/// One fault: how often it was seen, its smallest question, and what that came to.
pub fn shown(found: &Found, again: &Again) -> String {
    let mut text = failure::judged(None, &found.record);
    text.push_str(&case::in_words(&found.case.question));
    let seen = counted(found.failures as usize, "question");
    let small = match found.steps {
        Some(steps) => format!("made small in {}", counted(steps, "further question")),
        None if found.record.outcome == Outcome::Inconsistent => {
            "asked alone it does not show this".to_owned()
        }
        None => "not made small".to_owned(),
    };
    writeln!(text, "    seen in {seen}, first in question {}; {small}", found.number).ok();
    writeln!(text, "    repro: {}", again.repro(&found.case.id)).ok();
    text
}

/// What was asked, operation by operation.
fn coverage(hunted: &Hunted) -> String {
    let heads =
        ["operation", "questions", "answered", "to refuse, by class", "sizes to", "exponents"];
    let mut lines = vec![heads.map(Cell::left).to_vec()];
    for (operation, of) in &hunted.coverage.operations {
        let mut refused: Vec<_> = of.refused.iter().collect();
        refused.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let words = refused.iter().take(3).map(|(class, count)| format!("{class} {count}"));
        let mut words = words.collect::<Vec<_>>().join(", ");
        if refused.len() > 3 {
            write!(words, " +{}", refused.len() - 3).ok();
        }
        let size = of.sizes.last().map_or(String::new(), |power| format!("2^{power}"));
        let share = format!("{:.0} %", 100.0 * of.sound_share());
        let exponents = exponents(of);
        lines.push(
            [operation.to_string(), of.questions.to_string(), share, words, size, exponents]
                .map(Cell::left)
                .to_vec(),
        );
    }
    table(0, &lines)
}

fn exponents(of: &OperationCoverage) -> String {
    let finite = of.exponents.iter().filter(|bits| **bits < 64 && **bits & 31 != 31).count();
    match of.exponents.len() {
        0 => String::new(),
        seen if of.exponents.iter().all(|bits| *bits < 64) && seen > 0 => {
            format!("{finite} of {HALF_EXPONENTS}")
        }
        seen => seen.to_string(),
    }
}

/// Operations of which the campaign asked mostly for refusals.
pub fn warnings(hunted: &Hunted) -> Vec<String> {
    let low = hunted
        .coverage
        .operations
        .iter()
        .filter(|(_, of)| of.questions >= ENOUGH && of.sound_share() < LEAST_SOUND);
    low.map(|(operation, of)| {
        format!(
            "{operation}: {:.0} % of the questions are to be answered, expected at least {:.0} %",
            100.0 * of.sound_share(),
            100.0 * LEAST_SOUND
        )
    })
    .collect()
}

/// Faults that keep a subject from conforming.
pub fn must(hunted: &Hunted) -> usize {
    hunted.found.iter().filter(|found| found.record.is_failure()).count()
}

fn verdict(campaign: &Campaign) -> String {
    let Campaign { hunted, folder, .. } = campaign;
    let (asked, seconds) = (hunted.coverage.questions(), hunted.time.as_secs_f64());
    let rate = asked as f64 / seconds.max(1e-3);
    let of =
        format!("{} in {seconds:.1} s ({rate:.0} a second)", counted(asked as usize, "question"));
    let stopped = if campaign.interrupted { "interrupted; " } else { "" };
    let unsupported = hunted.coverage.operations.values().map(|of| of.unsupported).sum::<u64>();
    let of = match unsupported {
        0 => of,
        count => format!("{of}, {count} unsupported"),
    };
    match hunted.found.len() {
        0 => format!("{stopped}{}, {of}\n", styled("no fault found", GOOD)),
        faults => {
            let failed = counted(hunted.coverage.failed() as usize, "question");
            let first = hunted.first.map_or(0.0, |first| first.as_secs_f64());
            let advisory = faults - must(hunted);
            let should = match advisory {
                0 => String::new(),
                count => format!(", {count} of tier should"),
            };
            format!(
                "{stopped}{}{should}, first after {first:.2} s; {failed} failed of {of} · saved in {folder}\n",
                styled(&counted(faults, "fault"), BAD)
            )
        }
    }
}
