//! Names, paths and lists that are taken for others.

use super::asked::{Asked, mistaken_for, refused};
use super::range::{number, places};
use super::{Family, Wrong};
use crate::format::Class;
use crate::suite::answer::Answer;
use crate::suite::case::{File, ListedTensor};
use crate::suite::operation::Verb;
use crate::suite::question::{NameTensors, Question, TensorRank};

/// Characters of paths: those of ASCII that are no letter, digit or slash, and some that are not ASCII.
fn of_paths() -> Vec<u64> {
    let ascii = (1..127u8).map(char::from).filter(|character| {
        character.is_ascii_graphic() && !character.is_ascii_alphanumeric() && *character != '/'
    });
    let others = [
        ' ',
        '\t',
        '\n',
        '\u{e9}',
        '\u{301}',
        '\u{df}',
        '\u{65e5}',
        '\u{5d0}',
        '\u{1f9e0}',
        '\u{feff}',
        '\u{2028}',
    ];
    ascii.chain(others).map(|character| u64::from(u32::from(character))).collect()
}

/// Characters of names: all of ASCII, and some letters, digits and signs that are not.
fn of_names() -> Vec<u64> {
    let others = [
        '\u{e9}',
        '\u{df}',
        '\u{663}',
        '\u{bd}',
        '\u{6743}',
        '\u{1d400}',
        '\u{2014}',
        '\u{1f9e0}',
        '\u{a0}',
        '\u{feff}',
    ];
    (1..128u64).chain(others.into_iter().map(|character| u64::from(u32::from(character)))).collect()
}

fn shown(member: u64) -> String {
    let character = u32::try_from(member).ok().and_then(char::from_u32);
    format!("{:?}", character.unwrap_or_default())
}

pub(super) fn families() -> Vec<Family> {
    vec![
        Family {
            name: "character-of-path",
            class: 88,
            about: "Does not find what is at a path with the character N.",
            members: |operation| match operation.verb {
                Verb::Load | Verb::Save | Verb::ReadIndex => of_paths(),
                _ => Vec::new(),
            },
            reached: |asked| path(asked).map_or_else(Vec::new, |path| characters([path.as_str()])),
            wrong: |_, _| Some(Wrong::from(refused(Class::Io))),
            shown,
        },
        Family {
            name: "path-behind",
            class: 88,
            about: "Does not find what is at a path whose last name has more than N bytes.",
            members: |operation| match operation.verb {
                Verb::Load | Verb::Save | Verb::ReadIndex => places(254),
                _ => Vec::new(),
            },
            reached: |asked| {
                (0..path(asked)
                    .map_or(0, |path| path.rsplit('/').next().unwrap_or_default().len() as u64))
                    .collect()
            },
            wrong: |_, _| Some(Wrong::from(refused(Class::Io))),
            shown: number,
        },
        Family {
            name: "character-of-name",
            class: 89,
            about: "Drops the character N from the names of tensors.",
            members: |operation| match operation.verb {
                Verb::ReadIndex | Verb::NameTensors => of_names(),
                _ => Vec::new(),
            },
            reached: |asked| characters(names(asked)),
            wrong: |asked, member| renamed(asked, &|name| without(name, member)),
            shown,
        },
        Family {
            name: "character-of-file",
            class: 89,
            about: "Drops the character N from the files of an index.",
            members: |operation| {
                if operation.verb == Verb::ReadIndex {
                    of_names().into_iter().filter(|&member| member != u64::from(b'/')).collect()
                } else {
                    Vec::new()
                }
            },
            reached: |asked| characters(listed(asked).iter().map(|tensor| tensor.file.as_str())),
            wrong: |asked, member| {
                relisted(asked, |tensor| tensor.file = without(&tensor.file, member))
            },
            shown,
        },
        Family {
            name: "name-behind",
            class: 89,
            about: "Cuts the names of tensors to N bytes.",
            members: |operation| match operation.verb {
                Verb::ReadIndex | Verb::NameTensors => places(254),
                _ => Vec::new(),
            },
            reached: |asked| {
                (0..names(asked).map(|name| name.len() as u64).max().unwrap_or(0).min(255))
                    .collect()
            },
            wrong: |asked, member| {
                renamed(asked, &|name| name[..name.floor_char_boundary(member as usize)].to_owned())
            },
            shown: number,
        },
        Family {
            name: "tensor-behind",
            class: 79,
            about: "Passes over all tensors behind the first N.",
            members: |operation| match operation.verb {
                Verb::ReadIndex | Verb::NameTensors => places(1 << 16),
                _ => Vec::new(),
            },
            reached: |asked| (0..names(asked).count() as u64).collect(),
            wrong: |asked, member| {
                let mut answer = asked.right.clone().ok()?;
                match &mut answer {
                    Answer::Files(files) => files.truncate(member as usize),
                    Answer::Index(listing) => listing.tensors.truncate(member as usize),
                    _ => return None,
                }
                Some(Wrong::from(Ok(answer)))
            },
            shown: number,
        },
        Family {
            name: "twin-behind",
            class: 79,
            about: "Does not see that a name is there twice, where that is behind the first N tensors.",
            members: |operation| {
                if operation.verb == Verb::NameTensors { places(4096) } else { Vec::new() }
            },
            reached: |asked| match asked.question {
                Question::NameTensors(naming) if asked.right.is_err() => {
                    (0..naming.tensors.len() as u64).collect()
                }
                _ => Vec::new(),
            },
            wrong: |asked, member| {
                let Question::NameTensors(naming) = asked.question else { return None };
                let tensors = naming.tensors[..member as usize].to_vec();
                let first = Question::NameTensors(NameTensors { tensors, ..naming.clone() });
                // The fault is behind these.
                mistaken_for(&first)?.is_ok().then(|| Wrong::from(Ok(Answer::Files(Vec::new()))))
            },
            shown: number,
        },
    ]
}

/// The name of what a question is about, where that is answered.
fn path<'a>(asked: &'a Asked) -> Option<&'a String> {
    match asked.question.place() {
        Some(File::Named(named)) if asked.right.is_ok() => Some(&named.name),
        _ => None,
    }
}

fn listed<'a>(asked: &'a Asked) -> &'a [ListedTensor] {
    match &asked.right {
        Ok(Answer::Index(listing)) => &listing.tensors,
        _ => &[],
    }
}

/// The names of the tensors of a question that is answered.
fn names<'a>(asked: &'a Asked) -> impl Iterator<Item = &'a str> {
    let named: &[TensorRank] = match asked.question {
        Question::NameTensors(naming) if asked.right.is_ok() => &naming.tensors,
        _ => &[],
    };
    let listed = listed(asked).iter().map(|tensor| tensor.name.as_str());
    named.iter().map(|tensor| tensor.name.as_str()).chain(listed)
}

fn characters<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<u64> {
    let all =
        texts.into_iter().flat_map(str::chars).map(|character| u64::from(u32::from(character)));
    all.collect::<std::collections::BTreeSet<u64>>().into_iter().collect()
}

fn without(text: &str, member: u64) -> String {
    text.chars().filter(|&character| u64::from(u32::from(character)) != member).collect()
}

/// What is answered where names are others.
fn renamed(asked: &Asked, other: &dyn Fn(&str) -> String) -> Option<Wrong> {
    let Question::NameTensors(naming) = asked.question else {
        return relisted(asked, |tensor| tensor.name = other(&tensor.name));
    };
    let rename = |tensor: &TensorRank| TensorRank { name: other(&tensor.name), ..tensor.clone() };
    let tensors = naming.tensors.iter().map(rename).collect();
    let given = mistaken_for(&Question::NameTensors(NameTensors { tensors, ..naming.clone() }))?;
    (given != asked.right).then(|| Wrong::from(given))
}

/// The listing with tensors changed.
fn relisted(asked: &Asked, change: impl Fn(&mut ListedTensor)) -> Option<Wrong> {
    let mut answer = asked.right.clone().ok()?;
    let Answer::Index(listing) = &mut answer else { return None };
    listing.tensors.iter_mut().for_each(change);
    (Ok(&answer) != asked.right.as_ref()).then(|| Wrong::from(Ok(answer)))
}
