//! The target whose input is the names of tensors: a line each, its rank, a space and its name.

use super::oracle::{ask_twice, case, verdict};
use super::{Finding, Verdict};
use crate::subject::{Implementation, Request};
use crate::suite::operation::FormatId;
use crate::suite::question::{NameTensors, Question, TensorRank};

/// The tensors of an input. Bytes that are no text are replaced; a line without a rank has rank 2.
pub(super) fn tensors(input: &[u8]) -> Vec<TensorRank> {
    let tensor = |line: &str| {
        let parts = line.split_once(' ');
        let ranked = parts.and_then(|(rank, name)| Some((rank.parse().ok()?, name)));
        let (rank, name) = ranked.unwrap_or((2, line));
        TensorRank { name: name.into(), rank }
    };
    String::from_utf8_lossy(input).lines().map(tensor).collect()
}

/// The input of these tensors, where no name has a line of its own.
pub(super) fn input(tensors: &[TensorRank]) -> Option<Vec<u8>> {
    let line = |tensor: &TensorRank| format!("{} {}", tensor.rank, tensor.name);
    let text = tensors.iter().map(line).collect::<Vec<_>>().join("\n");
    (self::tensors(text.as_bytes()) == tensors).then(|| text.into_bytes())
}

/// Names, as they are or refused where two come to one file.
pub(super) fn name_tensors(
    implementation: &dyn Implementation,
    input: &[u8],
) -> Result<Verdict, Finding> {
    let (format, tensors) = (FormatId::KHQ4, tensors(input));
    let question = Question::NameTensors(NameTensors { format, tensors });
    let request = Request::of(question.at(String::new()));
    match ask_twice(implementation, &request, &"name_tensors", None)? {
        None => Ok(Verdict::Refused(None)),
        Some(given) => {
            let case = case(question).expect("any names have a verdict");
            verdict(&case, &given, &"name_tensors")
        }
    }
}
