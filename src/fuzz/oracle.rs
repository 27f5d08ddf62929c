//! Asking an implementation and judging its answer by the suite's own judge.

use std::fmt::Display;

use super::{Finding, Verdict, meter};
use crate::run::given;
use crate::subject::{Implementation, Reply, Request, Response, in_process};
use crate::suite::answer::{Given, Refusal};
use crate::suite::case::{Case, Source, Tier};
use crate::suite::expected::expected;
use crate::suite::judge::{Outcome, judge};
use crate::suite::lawful::Lawful;
use crate::suite::question::Question;

/// KHQ4-A3: what a load may allocate before its verdict, beside four times the file.
const ALLOWANCE: usize = 64 << 10;

/// What an accepted tensor may take beside that: its values twice and its payload, for 20 bytes of
/// file 128 + 128 + 20, and as much again while they are handed on.
const HANDED_ON: usize = 28;

/// A question with its lawful answers, as the suite has them.
///
/// # Errors
///
/// Where SPEC.md gives no answer to the question.
pub(crate) fn case(question: Question) -> Result<Case, String> {
    let expect = match expected(&question, None) {
        Lawful::Undemanded(why) => return Err(why),
        lawful => lawful,
    };
    Ok(Case {
        id: String::new(),
        clause: String::new(),
        class: None,
        tier: Tier::Must,
        requires: Vec::new(),
        note: String::new(),
        discriminates: Vec::new(),
        source: Source { derivation: String::new(), agreed: Vec::new() },
        control: None,
        line: None,
        measured: false,
        limits: None,
        recipe: None,
        question,
        expect,
    })
}

/// What `implementation` gives when it is asked `request`; `None` where it does not offer that.
///
/// # Errors
///
/// A panic, an answer without what belongs in it, and memory beyond KHQ4-A3.
pub(super) fn ask(
    implementation: &dyn Implementation,
    request: &Request,
    place: &dyn Display,
    file_len: Option<usize>,
) -> Result<Option<Given>, Finding> {
    let finding = |oracle, detail| Finding { oracle, place: place.to_string(), detail };
    let (reply, peak) = meter::peak(|| in_process::reply(implementation, request));
    let accepted = matches!(&reply, Reply::Answer(Response::Done(_)));
    let given = match given(request, reply) {
        Ok(given) => given,
        Err(judgement) if judgement.outcome == Outcome::Unsupported => return Ok(None),
        Err(judgement) => {
            let oracle = if judgement.outcome == Outcome::Crash { "no panic" } else { "answer" };
            return Err(finding(oracle, judgement.summary));
        }
    };
    if let Some(len) = file_len {
        let factor = if accepted { 4 + HANDED_ON } else { 4 };
        let limit = ALLOWANCE + factor * len;
        if peak > limit {
            let detail = format!("{peak} bytes for a file of {len}, {limit} are justified");
            return Err(finding("memory", detail));
        }
    }
    Ok(Some(given))
}

/// Asks twice, and demands the same answer.
///
/// # Errors
///
/// As [`ask`]; and where the answers differ.
pub(super) fn ask_twice(
    implementation: &dyn Implementation,
    request: &Request,
    place: &dyn Display,
    file_len: Option<usize>,
) -> Result<Option<Given>, Finding> {
    let first = ask(implementation, request, place, file_len)?;
    let second = ask(implementation, request, place, file_len)?;
    if first != second {
        let detail = format!("first {first:?}, then {second:?}");
        return Err(Finding { oracle: "twice the same", place: place.to_string(), detail });
    }
    Ok(first)
}

/// Accepted or refused, where the suite's judge finds that lawful.
///
/// # Errors
///
/// What the judge finds unlawful; a refusal with a class that is not right is one of these.
pub(super) fn verdict(case: &Case, given: &Given, place: &dyn Display) -> Result<Verdict, Finding> {
    let judgement = judge(case, given, false);
    let oracle = match (judgement.outcome, given) {
        (Outcome::Pass | Outcome::PassAlternate, Err(Refusal { class, .. })) => {
            return Ok(Verdict::Refused(*class));
        }
        (Outcome::Pass | Outcome::PassAlternate, _) => return Ok(Verdict::Accepted),
        (Outcome::WrongClass, _) => "class",
        (_, Err(_)) => "accepts what is lawful",
        _ if matches!(case.expect, Lawful::Refuse(_)) => "refuses what is not lawful",
        _ => "result",
    };
    let rows = judgement.rows.iter().filter(|row| row.differs()).take(4);
    let rows = rows.map(|row| format!("; {}: {}, expected {}", row.field, row.got, row.expected));
    let detail = judgement.summary.clone() + &rows.collect::<String>();
    let class = match (given, &case.expect) {
        (Err(Refusal { class, .. }), _) => *class,
        (_, Lawful::Refuse(classes)) => classes.first().copied(),
        _ => None,
    };
    let class = class.map(|class| format!(" ({class})")).unwrap_or_default();
    Err(Finding { oracle, place: format!("{place}{class}"), detail })
}
