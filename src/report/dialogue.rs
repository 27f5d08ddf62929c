//! One case asked again: every request and answer as a line of the protocol, then the judgement.

use std::fmt::Write;
use std::time::Duration;

use super::failure::judged;
use super::text::{FAIR, plain, styled};
use crate::run::{Profile, Record};
use crate::subject::serve::{answer_line, request_line};
use crate::subject::{Hello, Reply, Request, Subject};
use crate::suite::Case;
use crate::suite::judge::Outcome;

/// Characters of an answer that are shown.
const LONGEST_ANSWER: usize = 4000;

/// A subject whose dialogue is kept.
pub struct Recorder<'a> {
    subject: &'a mut dyn Subject,
    /// Each request with its reply, in their order.
    pub exchanges: Vec<(Request, Reply)>,
}

impl<'a> Recorder<'a> {
    /// Keeps what `subject` is asked from now on.
    pub fn new(subject: &'a mut dyn Subject) -> Self {
        Self { subject, exchanges: Vec::new() }
    }
}

impl Subject for Recorder<'_> {
    fn hello(&self) -> &Hello {
        self.subject.hello()
    }

    fn ask(&mut self, request: &Request, deadline: Duration) -> Reply {
        let reply = self.subject.ask(request, deadline);
        self.exchanges.push((request.clone(), reply.clone()));
        reply
    }

    fn generation(&self) -> u64 {
        self.subject.generation()
    }
}

/// The dialogue of one case, which asks its control first through each entry, and the judgement.
pub fn report(
    case: &Case,
    record: &Record,
    exchanges: &[(Request, Reply)],
    profile: &Profile,
    deadline: Duration,
) -> String {
    if record.outcome == Outcome::NotInProfile {
        return not_asked(case, profile);
    }
    let mut text = String::new();
    let mut entries_asked: Vec<Option<String>> = Vec::new();
    for (index, (request, reply)) in exchanges.iter().enumerate() {
        let entry = request.clone().entry_mut().take();
        let first = !entries_asked.contains(&entry);
        let id = case
            .control
            .as_deref()
            .filter(|_| first)
            .map_or_else(|| format!("case {}", case.id), |control| format!("control {control}"));
        let through = entry.as_deref().map(|entry| format!(", through {}", plain(entry, 80)));
        writeln!(text, "{id}{}", through.unwrap_or_default()).ok();
        text.push_str(&exchange(index as u64 + 1, request, reply, deadline));
        entries_asked.push(entry);
    }
    text.push('\n');
    text + &judged(Some(case), record)
}

fn exchange(seq: u64, request: &Request, reply: &Reply, deadline: Duration) -> String {
    let no_form = |error: serde_json::Error| format!("no form in JSON: {error}");
    let asked = request_line(seq, request).unwrap_or_else(no_form);
    let answered = match reply {
        Reply::Answer(answer) => {
            plain(&answer_line(seq, answer).unwrap_or_else(no_form), LONGEST_ANSWER)
        }
        Reply::Timeout => styled(&format!("no answer within {deadline:?}"), FAIR),
        Reply::Crash(how) => styled(&plain(how, LONGEST_ANSWER), FAIR),
        Reply::ProtocolError(what) | Reply::OverBudget(what) => {
            styled(&plain(what, LONGEST_ANSWER), FAIR)
        }
    };
    format!("-> {asked}\n<- {answered}\n")
}

/// Why a case was not asked.
fn not_asked(case: &Case, profile: &Profile) -> String {
    let operation = case.input.operation();
    if profile.contains(operation) {
        return format!(
            "not asked: the subject does not offer the feature that {} requires\n",
            case.id
        );
    }
    format!(
        "not asked: {} is not in the profile {profile}; --profile all asks it\n",
        operation.name()
    )
}
