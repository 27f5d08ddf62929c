//! Smaller directories, texts and lists of names.

use serde_json::Value;

use super::parts;
use crate::suite::case::{Content, DirectoryEntry, File};
use crate::suite::hex::Bytes;
use crate::suite::question::{NameTensors, Question, ReadIndex, TensorRank};

pub(super) fn of_directory(read: &ReadIndex) -> Vec<Question> {
    let at = |path: File| Question::ReadIndex(ReadIndex { path, ..read.clone() });
    let mut candidates = Vec::new();
    if read.open {
        candidates.push(Question::ReadIndex(ReadIndex { open: false, ..read.clone() }));
    }
    if let File::Named(named) = &read.path {
        candidates.push(at(named.file.clone()));
    }
    let File::Directory(entries) = read.path.unnamed() else { return candidates };
    for gone in 0..entries.len() {
        let mut fewer = entries.clone();
        fewer.remove(gone);
        candidates.push(at(File::Directory(fewer)));
    }
    for (place, entry) in entries.iter().enumerate() {
        for content in of_content(&entry.content) {
            let mut other = entries.clone();
            other[place] = DirectoryEntry { content, ..entry.clone() };
            candidates.push(at(File::Directory(other)));
        }
    }
    candidates
}

/// Smaller content of a file.
fn of_content(content: &Content) -> Vec<Content> {
    match content {
        Content::Text(text) => of_text(text).into_iter().map(Content::Text).collect(),
        Content::Bytes(Bytes(bytes)) => {
            let cut =
                |gone: std::ops::Range<usize>| [&bytes[..gone.start], &bytes[gone.end..]].concat();
            let fewer = parts(bytes.len()).into_iter().filter(|part| part.len() < bytes.len());
            fewer.map(|part| Content::Bytes(Bytes(cut(part)))).collect()
        }
        _ => Vec::new(),
    }
}

/// A text of JSON with fewer elements and members, and any text with fewer characters.
fn of_text(text: &str) -> Vec<String> {
    let mut smaller: Vec<String> = match serde_json::from_str::<Value>(text) {
        Ok(value) => of_value(&value).iter().map(Value::to_string).collect(),
        Err(_) => Vec::new(),
    };
    smaller.retain(|other| other.len() < text.len());
    let characters: Vec<char> = text.chars().collect();
    let without = |gone: std::ops::Range<usize>| {
        let before = characters[..gone.start].iter();
        before.chain(&characters[gone.end..]).collect::<String>()
    };
    smaller
        .extend(parts(characters.len()).into_iter().filter(|part| !part.is_empty()).map(without));
    if characters.len() <= 200 {
        smaller.extend((0..characters.len()).map(|at| without(at..at + 1)));
    }
    smaller
}

/// The value with one element or member fewer, or with one that is smaller.
fn of_value(value: &Value) -> Vec<Value> {
    let mut smaller = Vec::new();
    match value {
        Value::Array(elements) => {
            smaller
                .extend(parts(elements.len()).into_iter().map(|kept| Value::from(&elements[kept])));
            for (at, element) in elements.iter().enumerate().take(8) {
                for other in of_value(element) {
                    let mut elements = elements.clone();
                    elements[at] = other;
                    smaller.push(elements.into());
                }
            }
        }
        Value::Object(members) => {
            for key in members.keys() {
                let mut fewer = members.clone();
                fewer.remove(key);
                smaller.push(fewer.into());
            }
            for (key, member) in members {
                for other in of_value(member) {
                    let mut members = members.clone();
                    members.insert(key.clone(), other);
                    smaller.push(members.into());
                }
            }
        }
        Value::String(text) if text.chars().count() > 1 => {
            let characters: Vec<char> = text.chars().collect();
            let kept = |part: std::ops::Range<usize>| characters[part].iter().collect::<String>();
            smaller.extend(parts(characters.len()).into_iter().map(|part| Value::from(kept(part))));
        }
        _ => {}
    }
    smaller
}

pub(super) fn of_names(naming: &NameTensors) -> Vec<Question> {
    let ask =
        |tensors: Vec<TensorRank>| Question::NameTensors(NameTensors { tensors, ..naming.clone() });
    let tensors = &naming.tensors;
    let mut candidates: Vec<Question> =
        parts(tensors.len()).into_iter().map(|kept| ask(tensors[kept].to_vec())).collect();
    for gone in 0..tensors.len().min(16) {
        let mut fewer = tensors.clone();
        fewer.remove(gone);
        candidates.push(ask(fewer));
    }
    let with = |at: usize, tensor: TensorRank| {
        let mut other = tensors.clone();
        other[at] = tensor;
        ask(other)
    };
    for (at, tensor) in tensors.iter().enumerate().take(8) {
        let characters: Vec<char> = tensor.name.chars().collect();
        for part in parts(characters.len()) {
            let name = characters[part].iter().collect();
            candidates.push(with(at, TensorRank { name, ..tensor.clone() }));
        }
        if tensor.rank > 2 {
            candidates.push(with(at, TensorRank { rank: 2, ..tensor.clone() }));
        }
    }
    candidates
}
