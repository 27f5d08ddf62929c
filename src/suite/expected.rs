//! What a case is expected to say: the lawful answers to its question, from the exact evaluator alone.
//!
//! The builder of the vectors calls this once; `check` calls it again for every case that it runs and
//! refuses vectors that say something else, so that neither a vector nor the evaluator can be changed
//! unseen.

use std::collections::BTreeSet;

use super::answer::{Answer, Encoded};
use super::case::{Case, Content, DirectoryEntry, File, ProcessLimits, Special};
use super::exact::blocks::{self, Source};
use super::exact::directory::{self, Node, Nodes};
use super::exact::files::{self, Caller};
use super::exact::names;
use super::exact::product::Product;
use super::exact::rotation::Rotation;
use super::floats::Float;
use super::lawful::Lawful;
use super::patch;
use super::question::{Load, Question, ReadIndex, Save};
use crate::format::Class;

/// The lawful answers to a question; `control` is the question of its control, whose file a patch edits.
pub fn expected(question: &Question, control: Option<&Question>) -> Lawful<Answer> {
    let no_format = || Lawful::undemanded(format!("there is no {}", question.operation()));
    match question {
        Question::Decode(decode) => match blocks::named(decode.format) {
            None => no_format(),
            Some(format) => {
                let tensor_scale = decode.tensor_scale.clone();
                let encoded = Encoded { blocks: decode.blocks.clone(), tensor_scale };
                let to = decode.to.unwrap_or(Float::F32);
                format.decode(&encoded, decode.original_len, to).map(Answer::Values)
            }
        },
        Question::Encode(encode) => match blocks::named(encode.format) {
            None => no_format(),
            Some(format) => format.encode(&source(encode)).map(Answer::Encoded),
        },
        Question::Matmul(matmul) => match (blocks::named(matmul.format), Product::of(matmul)) {
            (None, _) => no_format(),
            (_, None) => Lawful::undemanded("nothing is demanded of such a product"),
            (Some(format), Some(product)) => {
                format.product(&product, matmul.vectors).map(Answer::Values)
            }
        },
        Question::Load(load) => match (files::named(load.format), load.path.unnamed()) {
            (None, _) => no_format(),
            (_, File::Special(special)) => Lawful::Refuse(special_classes(*special)),
            (Some(container), _) => match file_bytes(question, control) {
                Ok(bytes) => {
                    let bytes = bytes.unwrap_or_default();
                    container.judge(&bytes, &caller(load)).map(Answer::Tensors)
                }
                Err(problem) => Lawful::Undemanded(problem),
            },
        },
        Question::Save(save) => match files::named(save.format) {
            None => no_format(),
            Some(container) => {
                let saved = container.save(&save.tensors).map(Answer::File);
                over(save.path.unnamed(), saved)
            }
        },
        Question::Rotate(rotate) => match Rotation::of(rotate) {
            Some(rotation) => rotation.lawful().map(Answer::Values),
            None => Lawful::undemanded("ROT has no such form"),
        },
        Question::ReadIndex(ReadIndex { path, open, .. }) => match nodes(path) {
            Ok(nodes) => directory::judge(nodes.as_ref(), *open).map(Answer::Index),
            Err(problem) => Lawful::Undemanded(problem),
        },
        Question::NameTensors(naming) => {
            let tensors = naming.tensors.iter().map(|tensor| (tensor.name.as_str(), tensor.rank));
            match names::files(tensors) {
                Some(files) => Lawful::One(Answer::Files(files)),
                None => Lawful::refuse([Class::Duplicate]),
            }
        }
        Question::Generate(_) => Lawful::undemanded("no case asks a model to generate"),
    }
}

/// The lawful answers to the question of a case, of which `control` is the control's.
pub(super) fn of_case(case: &Case, control: Option<&Question>) -> Lawful<Answer> {
    match (&case.question, case.limits) {
        (question, None) => expected(question, control),
        (Question::Save(save), Some(limits)) => without_room(save, limits),
        (_, Some(_)) => Lawful::undemanded("only a save is asked with limits"),
    }
}

/// What a save comes to whose file is longer than any that can be written (KHQ4-W3).
fn without_room(save: &Save, limits: ProcessLimits) -> Lawful<Answer> {
    let place = save.path.unnamed();
    let file = files::named(save.format).map(|container| container.save(&save.tensors));
    match (place, file) {
        (File::Special(Special::Missing) | File::Bytes(_), Some(Lawful::One(file)))
            if file.0.len() as u64 > limits.file_size =>
        {
            Lawful::refuse([Class::Io])
        }
        _ => Lawful::undemanded(
            "the file of a save with limits is lawful, and longer than they allow",
        ),
    }
}

/// What a save comes to where something lies at its path already (KHQ4-W3): a file may be replaced or
/// kept, and no file can be put where a directory or no folder is.
fn over(place: &File, saved: Lawful<Answer>) -> Lawful<Answer> {
    let also = |more: &[Class]| match &saved {
        Lawful::Refuse(classes) => Lawful::refuse(classes.iter().chain(more).copied()),
        _ => Lawful::refuse(more.iter().copied()),
    };
    match (place, saved.clone()) {
        (File::Special(Special::Missing), saved) => saved,
        (File::Special(Special::MissingFolder), _) => also(&[Class::Io]),
        (File::Special(Special::Directory), _) => also(&[Class::Io, Class::NotAFile]),
        (File::Bytes(_), Lawful::One(file)) => Lawful::either("replaces", file, "keeps", Class::Io),
        (File::Bytes(_), Lawful::Refuse(_)) => also(&[Class::Io]),
        _ => Lawful::undemanded("nothing is demanded of a save to such a place"),
    }
}

/// What an encode takes, for a leaf.
pub(super) fn source(encode: &super::question::Encode) -> Source<'_> {
    Source { mode: encode.mode, shape: &encode.shape, values: &encode.values }
}

fn caller(load: &Load) -> Caller<'_> {
    Caller {
        width: load.address_width.unwrap_or(64),
        expected_shape: load.expected_shape.as_deref(),
    }
}

/// Checks that a case says what is expected of it.
///
/// # Errors
///
/// How it differs, for the person who made the vectors.
pub fn verify(case: &Case, control: Option<&Case>) -> Result<(), String> {
    match (&case.expect, of_case(case, control.map(|control| &control.question))) {
        (_, Lawful::Undemanded(why)) => Err(why),
        // A case may demand less of an encoding than that it is canonical.
        (Lawful::Within { refuse }, Lawful::One(_) | Lawful::OneOf(_))
            if refuse.is_empty() && matches!(case.question, Question::Encode(_)) =>
        {
            Ok(())
        }
        (stored, expected) if *stored == expected => Ok(()),
        (stored, expected) => {
            Err(format!("expects {stored:?}, but the exact evaluator says {expected:?}"))
        }
    }
}

/// The bytes of the file that a question is about; `None` where it is about no regular file.
///
/// # Errors
///
/// Where the control is missing or its file cannot be patched.
pub fn file_bytes(
    question: &Question,
    control: Option<&Question>,
) -> Result<Option<Vec<u8>>, String> {
    match question.place().map(File::unnamed) {
        Some(File::Bytes(bytes)) => Ok(Some(bytes.0.clone())),
        Some(File::Patch(edits)) => match control.and_then(Question::place).map(File::unnamed) {
            Some(File::Bytes(bytes)) => patch::apply(&bytes.0, edits).map(Some),
            _ => Err("a patch needs a control with a file of bytes".into()),
        },
        Some(File::Special(_) | File::Directory(_) | File::Named(_)) | None => Ok(None),
    }
}

/// A directory as the evaluator has it; `None` where there is none.
fn nodes(place: &File) -> Result<Option<Nodes>, String> {
    let entries = match place.unnamed() {
        File::Directory(entries) => entries,
        File::Special(Special::Missing) => return Ok(None),
        _ => return Err("an index is read of a directory".into()),
    };
    let node = |entry: &DirectoryEntry| Ok((entry.path.clone(), node(entry)?));
    entries.iter().map(node).collect::<Result<Nodes, String>>().map(Some)
}

fn node(entry: &DirectoryEntry) -> Result<Node, String> {
    Ok(match &entry.content {
        Content::Link(target) => Node::Link(target.clone()),
        Content::Special(Special::DanglingSymlink) => Node::Link("nothing-here".into()),
        Content::Special(Special::SymlinkToDirectory) => Node::Link(".".into()),
        Content::Special(Special::Missing | Special::MissingFolder) => {
            return Err(format!("{} is nothing that a directory holds", entry.path));
        }
        Content::Special(special) if special_classes(*special).contains(&Class::Io) => Node::Socket,
        Content::Special(_) => Node::NotAFile,
        file => Node::File(file.file_bytes().expect("all others are files")),
    })
}

/// KHQ4-A1.
fn special_classes(special: Special) -> BTreeSet<Class> {
    match special {
        Special::Missing | Special::DanglingSymlink | Special::MissingFolder => [Class::Io].into(),
        Special::Directory | Special::SymlinkToDirectory | Special::Fifo | Special::Device => {
            [Class::NotAFile].into()
        }
        Special::Socket => [Class::NotAFile, Class::Io].into(),
    }
}
