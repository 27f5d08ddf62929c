//! Which clause of SPEC.md a question is about, as far as the question and its lawful answers tell: for questions
//! that were generated, and that nobody wrote a clause on.

use super::answer::Answer;
use super::case::Tier;
use super::exact::blocks::khq4::BYTES;
use super::exact::{blocks, files};
use super::hex::Bytes;
use super::lawful::Lawful;
use super::operation::{FormatId, Verb};
use super::question::Question;
use crate::format::Class;

/// The clause of a question of which this may be answered.
///
/// # Panics
///
/// Where the format of the question is in no registry.
pub fn clause(question: &Question, lawful: &Lawful<Answer>) -> &'static str {
    let classes = match lawful {
        Lawful::Refuse(classes) => Some(classes),
        _ => None,
    };
    let class: Option<Class> = classes.and_then(|classes| classes.first().copied());
    let format = question.format();
    let container = || files::named(format).expect("a container");
    match (question.verb(), class) {
        (Verb::Decode | Verb::Encode | Verb::Matmul, _) => {
            blocks::named(format).expect("a block format").clause(question, class)
        }
        (Verb::Load, None) => container().clauses()[0],
        (Verb::Save, None) => container().clauses()[1],
        (Verb::Save, Some(_)) => container().clauses()[2],
        (Verb::Load | Verb::ReadIndex, Some(class)) => container().clause(class),
        (Verb::ReadIndex, None) => "IDX-3",
        (Verb::NameTensors, Some(_)) => "IDX-7",
        (Verb::NameTensors, None) => "IDX-10",
        (Verb::Rotate, Some(_)) => "ROT-4",
        (Verb::Rotate | Verb::Generate, _) => "ROT-2",
    }
}

/// How a failure of a question counts, of which this may be answered: what SPEC.md demands with SHOULD keeps no subject
/// from conforming (DEC-1, DEC-4, DOT-5, DOT-6, KHQ4-W2, and the shapes of GGML-3, Q8-3 and MLX-2).
pub fn tier(question: &Question, lawful: &Lawful<Answer>) -> Tier {
    let Lawful::Refuse(classes) = lawful else { return Tier::Must };
    let only = |some: &[Class]| classes.iter().all(|class| some.contains(class));
    let should = match question {
        Question::Decode(_) => !classes.contains(&Class::Value) && !classes.contains(&Class::Shape),
        Question::Matmul(_) => true,
        Question::Encode(encode) => {
            encode.format != FormatId::KHQ4 && only(&[Class::ShapeMismatch, Class::Overflow])
        }
        Question::Save(save) => {
            let is_ragged = |blocks: &Bytes| !blocks.0.len().is_multiple_of(BYTES);
            let mut payloads = save.tensors.iter().filter_map(|tensor| tensor.blocks.as_ref());
            only(&[Class::TruncatedPayload]) && payloads.any(is_ragged)
        }
        _ => false,
    };
    if should { Tier::Should } else { Tier::Must }
}

/// What the ids of an operation's cases begin with: its verb, and its format where that is not the one that the
/// suite began with.
pub fn family(verb: Verb, format: FormatId) -> String {
    let name = match format {
        FormatId::KHQ4 | FormatId::QUAROT => verb.name().to_owned(),
        format => format!("{}-{format}", verb.name()),
    };
    name.replace('_', "-")
}
