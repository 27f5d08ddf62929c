//! The lawful answers about model directories.

use super::{behaviour, special_classes};
use crate::format::Class;
use crate::suite::case::{Answer, Content, DirectoryEntry, Expect, Special, TensorRank};
use crate::suite::exact::directory::{Node, Verdict, judge};
use crate::suite::exact::names;

/// IDX-1 to IDX-9.
pub(super) fn read_index(
    directory: Option<&[DirectoryEntry]>,
    open: bool,
) -> Result<Expect, String> {
    let nodes = directory
        .map(|entries| entries.iter().map(|entry| Ok((entry.path.clone(), node(entry)?))).collect())
        .transpose()
        .map_err(|path: String| format!("{path} is nothing that a directory holds"))?;
    match judge(nodes.as_ref(), open) {
        Verdict::Accept(listing) => Ok(Expect::Exact(Answer::Listing(listing))),
        Verdict::Refuse(classes) => Ok(Expect::Refuse(classes.into_iter().collect())),
        Verdict::Either(listing) => Ok(Expect::OneOf(vec![
            behaviour("follow-links", Answer::Listing(listing)),
            behaviour("contained", Answer::Refuse(vec![Class::Path])),
        ])),
        Verdict::Undemanded(why) => Err(format!("IDX demands nothing of {why}")),
    }
}

fn node(entry: &DirectoryEntry) -> Result<Node, String> {
    Ok(match &entry.content {
        Content::Link(target) => Node::Link(target.clone()),
        Content::Special(Special::DanglingSymlink) => Node::Link("nothing-here".into()),
        Content::Special(Special::SymlinkToDirectory) => Node::Link(".".into()),
        Content::Special(Special::Missing) => return Err(entry.path.clone()),
        Content::Special(special) if special_classes(*special).contains(&Class::Io) => Node::Socket,
        Content::Special(_) => Node::NotAFile,
        file => Node::File(file.file_bytes().expect("all others are files")),
    })
}

/// IDX-10 and IDX-11.
pub(super) fn name_tensors(tensors: &[TensorRank]) -> Expect {
    match names::files(tensors.iter().map(|tensor| (tensor.name.as_str(), tensor.rank))) {
        Some(files) => Expect::Exact(Answer::Files(files)),
        None => Expect::Refuse(vec![Class::Duplicate]),
    }
}
