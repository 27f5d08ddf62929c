//! An adapter that makes the same mistake in each answer: it is recognised after a few questions, since asking all
//! the others would take their deadlines and say nothing of what it adapts.

use std::collections::HashMap;

use crate::subject::Reply;
use crate::suite::operation::Operation;

/// How many questions of an operation come to the same before a pass is given up.
const ENOUGH: usize = 3;

/// What the replies of a pass have shown so far.
#[derive(Default)]
pub(super) struct Watch {
    /// How many questions of each operation were answered. A debug line behind an answer can come too late to spoil
    /// it, and then spoils the next one: some answers do not make up for as many mistakes.
    answers: HashMap<Operation, usize>,
    /// How often each operation has shown a mistake.
    mistakes: HashMap<(Operation, &'static str), usize>,
}

impl Watch {
    /// Sees one more reply, and the advice that it gives rise to. The sentence that ends the pass, where there is
    /// one.
    pub fn see(
        &mut self,
        operation: Operation,
        reply: &Reply,
        advice: Option<&'static str>,
    ) -> Option<String> {
        let what = match reply {
            Reply::Answer(_) => {
                *self.answers.entry(operation).or_default() += 1;
                return None;
            }
            Reply::ProtocolError(what) | Reply::Crash(what) | Reply::OverBudget(what) => what,
            Reply::Timeout => "no answer within the deadline",
        };
        let advice = advice?;
        let times = self.mistakes.entry((operation, advice)).or_default();
        *times += 1;
        if *times < ENOUGH || *times < self.answers.get(&operation).copied().unwrap_or_default() {
            return None;
        }
        Some(format!(
            "the pass was stopped, since {times} questions of {operation} came to the same: {what}; {advice}; \
             --keep-going asks the rest all the same"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::Response;
    use crate::suite::operation::{FormatId, Verb};

    const LOAD: Operation = Operation::new(Verb::Load, FormatId::KHQ4);
    const DECODE: Operation = Operation::new(Verb::Decode, FormatId::KHQ4);

    fn wrong() -> Reply {
        Reply::ProtocolError("x".into())
    }

    #[test]
    fn three_questions_of_an_operation_with_one_mistake_are_enough() {
        let mut watch = Watch::default();
        for advice in ["a", "b", "a", "b"] {
            assert_eq!(
                watch.see(LOAD, &wrong(), Some(advice)),
                None,
                "two mistakes, two times each"
            );
            assert_eq!(watch.see(LOAD, &wrong(), None), None, "one that nothing is known of");
        }
        assert_eq!(watch.see(DECODE, &wrong(), Some("a")), None, "another operation");
        let sentence = "the pass was stopped, since 3 questions of load:khq4 came to the same: x; a; \
                        --keep-going asks the rest all the same";
        assert_eq!(watch.see(LOAD, &wrong(), Some("a")).as_deref(), Some(sentence));
    }

    #[test]
    fn an_operation_that_mostly_answers_is_asked_to_the_end() {
        let mut watch = Watch::default();
        let answer = || Reply::Answer(Response::Unsupported);
        for _ in 0..9 {
            assert_eq!(watch.see(LOAD, &answer(), None), None);
        }
        for _ in 0..8 {
            assert_eq!(watch.see(LOAD, &wrong(), Some("a")), None);
        }
        assert!(watch.see(LOAD, &wrong(), Some("a")).is_some(), "as many mistakes as answers");
        // Of another operation every second answer is spoilt.
        for expected in [false, false, true] {
            assert_eq!(watch.see(DECODE, &answer(), None), None);
            assert_eq!(watch.see(DECODE, &Reply::Timeout, Some("a")).is_some(), expected);
        }
    }
}
