//! One case asked again: every request and answer as a line of the protocol, then the judgement.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::io;
use std::time::Duration;

use super::case::needs;
use super::failure::judged;
use super::text::{FAIR, plain, styled};
use crate::run::{Profile, Record};
use crate::subject::serve::{answer_line, request_line};
use crate::subject::{Hello, Peak, Reply, Request, Subject};
use crate::suite::Case;
use crate::suite::judge::Outcome;

/// Characters of an answer that are shown.
const LONGEST_ANSWER: usize = 4000;

/// A subject whose dialogue is kept.
pub struct Recorder<'a> {
    subject: &'a mut dyn Subject,
    /// What was asked, in its order.
    pub exchanges: Vec<Exchange>,
}

/// One question and its answer.
pub struct Exchange {
    request: Request,
    reply: Reply,
    /// The start of the subject in which it was asked.
    generation: u64,
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
        let generation = self.generation();
        let reply = self.subject.ask(request, deadline);
        self.exchanges.push(Exchange {
            request: request.clone(),
            reply: reply.clone(),
            generation,
        });
        reply
    }

    fn peak(&mut self) -> Option<Peak> {
        self.subject.peak()
    }

    fn end(&mut self) {
        self.subject.end();
    }

    fn can_limit_files(&self) -> bool {
        self.subject.can_limit_files()
    }

    fn end_to_limit_files(&mut self) {
        self.subject.end_to_limit_files();
    }

    fn limit_files(&mut self, bytes: u64) -> io::Result<()> {
        self.subject.limit_files(bytes)
    }

    fn finish(&mut self) -> Vec<String> {
        self.subject.finish()
    }

    fn generation(&self) -> u64 {
        self.subject.generation()
    }
}

/// The dialogue of one case, which asks its control first through each entry and of each start of the
/// subject, and the judgement.
pub fn report(
    case: &Case,
    record: &Record,
    exchanges: &[Exchange],
    profile: &Profile,
    deadline: Duration,
) -> String {
    if record.outcome == Outcome::NotInProfile {
        return not_asked(case, profile);
    }
    let mut text = String::new();
    let mut asked = BTreeSet::new();
    for (index, Exchange { request, reply, generation }) in exchanges.iter().enumerate() {
        let entry = request.entry.clone();
        let first = asked.insert((entry.clone(), *generation));
        let id = case
            .control
            .as_deref()
            .filter(|_| first)
            .map_or_else(|| format!("case {}", case.id), |control| format!("control {control}"));
        let through = entry.as_deref().map(|entry| format!(", through {}", plain(entry, 80)));
        writeln!(text, "{id}{}", through.unwrap_or_default()).ok();
        text.push_str(&exchange(index as u64 + 1, request, reply, deadline));
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
    format!("-> {}\n<- {answered}\n", plain(&asked, usize::MAX))
}

/// Why a case was not asked.
fn not_asked(case: &Case, profile: &Profile) -> String {
    let operation = case.question.operation();
    if profile.contains(operation) {
        let needs: Vec<String> = needs(case).collect();
        let needs = needs.join(" and ");
        return format!("not asked: {} needs {needs}, which the subject does not have\n", case.id);
    }
    format!("not asked: {operation} is not in the profile {profile}; --profile all asks it\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::case::tests::decode;
    use crate::report::text::unstyled;
    use crate::run::EntryRecord;
    use crate::suite::Suite;
    use crate::suite::judge::Judgement;
    use crate::suite::operation::FormatId;
    use crate::suite::question::Question;

    /// Answers nothing, and is started anew after every second question.
    struct Mortal {
        asked: u64,
    }

    impl Subject for Mortal {
        fn hello(&self) -> &Hello {
            unreachable!("nobody asks who it is")
        }

        fn ask(&mut self, _request: &Request, _deadline: Duration) -> Reply {
            self.asked += 1;
            Reply::Timeout
        }

        fn generation(&self) -> u64 {
            self.asked / 2
        }
    }

    /// The dialogue of a case that has a control, asked through these entries.
    fn dialogue(entries: &[&str]) -> String {
        let case = Case { control: Some("decode/control".into()), ..decode("about it") };
        let mut subject = Mortal { asked: 0 };
        let mut recorder = Recorder::new(&mut subject);
        for &entry in entries {
            let question = Question::decode(FormatId::KHQ4, Vec::new(), 0);
            let request = Request { entry: Some(entry.into()), question, line: None };
            recorder.ask(&request, Duration::ZERO);
        }
        let judgement = Judgement::plain(Outcome::Timeout, "");
        let record = Record::new(&case, vec![EntryRecord { entry: None, judgement }]);
        let (profile, deadline) = (Profile::all(), Duration::from_secs(1));
        unstyled(&report(&case, &record, &recorder.exchanges, &profile, deadline))
    }

    #[test]
    fn the_control_comes_first_through_each_entry_of_each_start() {
        let text = dialogue(&["map", "map", "map", "map", "copy", "map"]);
        let headings: Vec<&str> = text.lines().filter(|line| line.contains(", through ")).collect();
        let expected = [
            "control decode/control, through map",
            "case decode/nothing, through map",
            "control decode/control, through map",
            "case decode/nothing, through map",
            "control decode/control, through copy",
            "control decode/control, through map",
        ];
        assert_eq!(headings, expected, "{text}");
    }

    #[test]
    fn what_a_case_needs_is_named_where_it_is_not_asked() {
        let suite = Suite::embedded().expect("the vectors");
        let said = |id, profile: &str| {
            not_asked(suite.get(id).expect("a case"), &profile.parse().expect("a profile"))
        };
        let case = "load-khf1/expected-0d";
        let outside =
            "not asked: load:khf1 is not in the profile load:khq4; --profile all asks it\n";
        assert_eq!(said(case, "load:khq4"), outside);
        let lacks = |id: &str, what: &str| {
            format!("not asked: {id} needs {what}, which the subject does not have\n")
        };
        assert_eq!(said(case, "khf1"), lacks(case, "expected-shape:khf1"));
        let case = "save/no-room";
        assert_eq!(said(case, "khq4"), lacks(case, "a process of its own on Linux"));
    }

    #[test]
    fn the_name_of_an_entry_cannot_steer_the_terminal() {
        let text = dialogue(&["a\u{9b}b\u{202e}c"]);
        let expected = r#"control decode/control, through a\u{9b}b\u{202e}c
-> {"seq":1,"entry":"a\u{9b}b\u{202e}c","op":"decode","format":"khq4","blocks":"","original_len":0}
<- no answer within 1s

timeout  decode/nothing · DEC-3
    the case: about it
"#;
        assert_eq!(text, expected);
    }
}
