//! The target whose input is the bytes of a `quantize_index.json`, in a directory of nothing else.

use super::oracle::{ask_twice, case, verdict};
use super::{Finding, Verdict, workspace};
use crate::subject::{Implementation, Request};
use crate::suite::answer::Refusal;
use crate::suite::case::{Content, DirectoryEntry, File};
use crate::suite::exact::directory::INDEX_FILE;
use crate::suite::hex::Bytes;
use crate::suite::operation::FormatId;
use crate::suite::question::{Question, ReadIndex};

/// The question that an input asks.
fn listing(input: &[u8]) -> Question {
    let content = Content::Bytes(Bytes(input.to_vec()));
    let entry = DirectoryEntry { path: INDEX_FILE.into(), content };
    let path = File::Directory(vec![entry]);
    Question::ReadIndex(ReadIndex { format: FormatId::KHQ4, path, open: false })
}

/// An index, listed as it is or refused as it must be. Where nothing is demanded it is listed or
/// refused.
pub(super) fn read(implementation: &dyn Implementation, input: &[u8]) -> Result<Verdict, Finding> {
    let question = listing(input);
    let given = workspace::with(|workspace| {
        let directory = workspace.write_index(input)?;
        let request = Request::of(question.at(directory.display().to_string()));
        Ok(ask_twice(implementation, &request, &"read_index", None))
    })?;
    match (case(question), given) {
        (_, None) => Ok(Verdict::Refused(None)),
        (Ok(case), Some(given)) => verdict(&case, &given, &"read_index"),
        (Err(_), Some(Err(Refusal { class, .. }))) => Ok(Verdict::Refused(class)),
        (Err(_), Some(_)) => Ok(Verdict::Accepted),
    }
}
