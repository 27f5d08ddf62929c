//! Inputs that get past the first checks of a target: of questions that are drawn as `hunt` draws them, which are sound
//! in most cases.

use super::dice::Sizes;
use super::{Target, corpus, generate, mutate};
use crate::subject::serve::{answer_line, request_line};
use crate::subject::{Reference, Request};
use crate::suite::case::{Case, VectorFile};
use crate::suite::clause::{clause, family};
use crate::suite::feature::Feature;
use crate::suite::operation::{FormatId, Operation, Verb};
use crate::suite::question::Question;
use crate::suite::random::SplitMix64;

/// The longest question that becomes an input, in bytes of its JSON: longer ones are for `hunt`.
const LONGEST: usize = 4096;

/// An input of a target; `None` where the question that was drawn has none.
pub(super) fn input(target: Target, dice: &mut SplitMix64) -> Option<Vec<u8>> {
    match target {
        Target::Operation(operation) => corpus::of_operation(operation, &drawn(operation, dice)),
        Target::AccessPaths | Target::SaveLoad => {
            let load = Operation::new(Verb::Load, FormatId::KHQ4);
            corpus::of_operation(load, &drawn(load, dice))
        }
        Target::Convert => Some(mutate::sound_safetensors(dice)),
        Target::ProtocolLine => {
            let (question, _) = any(dice);
            let request = Request::of(question.at("/tensor.q4".to_owned()));
            let number = dice.next_u64();
            let line = if dice.below(2) == 0 {
                request_line(number, &request).ok()
            } else {
                let answer = request.dispatch(&Reference);
                answer_line(number, &answer).ok()
            };
            short(line?)
        }
        Target::VectorFile => {
            let (question, family) = any(dice);
            let case = super::case(question).ok()?;
            if case.expect.may_refuse() {
                return None;
            }
            let clause = clause(&case.question, &case.expect).to_owned();
            let id = format!("{family}/drawn-{}", dice.below(1000));
            let case = Case { id, clause, note: "drawn".into(), ..case };
            let about = "A drawn case.".into();
            let file = VectorFile { about, cases: vec![case], tombstones: Vec::new() };
            short(serde_json::to_string(&file).ok()?)
        }
    }
}

fn drawn(operation: Operation, dice: &mut SplitMix64) -> Question {
    generate::question(operation, &|_: Feature| false, Sizes::SMALL, dice)
}

/// A short question of any operation, and its family.
fn any(dice: &mut SplitMix64) -> (Question, String) {
    let operations = Operation::all();
    loop {
        let operation = operations[dice.below(operations.len() as u64) as usize];
        let question = drawn(operation, dice);
        if serde_json::to_vec(&question).is_ok_and(|text| text.len() <= LONGEST / 2) {
            return (question, family(operation.verb, operation.format));
        }
    }
}

fn short(text: String) -> Option<Vec<u8>> {
    (text.len() <= LONGEST).then(|| text.into_bytes())
}
