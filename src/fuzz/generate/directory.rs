//! Model directories: an index of tensors, a configuration, and, where the directory is opened, the files.

use serde_json::{Map, Value, json};

use super::file::plain_load;
use super::names::{component, list};
use crate::fuzz::dice::{log_uniform, one_in, pick};
use crate::fuzz::mutate;
use crate::suite::case::{Content, DirectoryEntry, File};
use crate::suite::exact::directory::{CONFIG_FILE, INDEX_FILE};
use crate::suite::hex::Bytes;
use crate::suite::operation::FormatId;
use crate::suite::question::{Load, Question, ReadIndex};
use crate::suite::random::SplitMix64;

/// JSON that stands where another kind is expected, as text.
const VALUES: [&str; 22] = [
    "0",
    "1",
    "32",
    "-0",
    "-1",
    "1.0",
    "1e1",
    "1e999",
    "4294967299",
    "9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "null",
    "true",
    "false",
    "\"1\"",
    "\"\"",
    "[]",
    "[0]",
    "[32]",
    "{}",
    "[[1]]",
];

/// What is no JSON, or hardly so, around a text.
const AROUND: [&str; 12] =
    ["\0", "\u{c}", "\u{a0}", "\u{feff}", "\n", " ", "\t", ",", "]", "}", "// a", " []"];

/// A directory.
pub(super) fn read(format: FormatId, may_open: bool, dice: &mut SplitMix64) -> Question {
    let open = may_open && one_in(dice, 3);
    let names = list(dice);
    let mut files = Vec::new();
    let mut tensors = Vec::new();
    for (place, name) in names.into_iter().enumerate() {
        let file = if one_in(dice, 12) { component(dice) } else { format!("{place}.q4") };
        tensors.push(tensor(name, &file, open, dice));
        files.push(file);
    }
    let mut text = index(tensors, dice);
    if one_in(dice, 12) {
        let other = pick(dice, &AROUND);
        text = if one_in(dice, 2) { format!("{text}{other}") } else { format!("{other}{text}") };
    }
    let mut bytes = text.into_bytes();
    if one_in(dice, 8) {
        bytes = mutate::text(&bytes, dice);
    }
    let index = match String::from_utf8(bytes) {
        Ok(text) => Content::Text(text),
        Err(error) => Content::Bytes(Bytes(error.into_bytes())),
    };
    let mut entries = vec![entry(INDEX_FILE, index)];
    if open || one_in(dice, 4) {
        entries.push(entry(CONFIG_FILE, Content::Text(config(dice))));
    }
    if open {
        add_files(&mut entries, files, dice);
    }
    Question::ReadIndex(ReadIndex { format, path: File::Directory(entries), open })
}

fn entry(path: &str, content: Content) -> DirectoryEntry {
    DirectoryEntry { path: path.into(), content }
}

/// What an index says of a tensor, as text of JSON.
fn tensor(name: String, file: &str, open: bool, dice: &mut SplitMix64) -> String {
    let mut members =
        vec![("name", Value::from(name).to_string()), ("file", Value::from(file).to_string())];
    if open && one_in(dice, 3) {
        members.push(("shape", pick(dice, &["[32]", "[32]", "[1, 32]", "[31]", "[]"]).into()));
    }
    for (key, usual) in [
        ("quantized", "true"),
        ("shape", "[32]"),
        ("numel", "32"),
        ("other", "{}"),
        ("File", "\"a\""),
    ] {
        if one_in(dice, 8) {
            // A key that is not known takes any value; the others seldom do.
            let any = key == "other" || one_in(dice, 6);
            members.push((key, if any { pick(dice, &VALUES) } else { usual }.into()));
        }
    }
    match dice.below(64) {
        0 => drop(members.remove(0)),
        1 => drop(members.remove(1)),
        2 => members[0].1 = pick(dice, &VALUES).into(),
        3 => members[1].1 = pick(dice, &VALUES).into(),
        4 => {
            let again = members[dice.below(members.len() as u64) as usize].clone();
            members.push(again);
        }
        _ => {}
    }
    if one_in(dice, 8) {
        members.reverse();
    }
    let members: Vec<String> =
        members.into_iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
    format!("{{{}}}", members.join(", "))
}

/// The text of an index: an array, or an object with a seed now and then.
fn index(tensors: Vec<String>, dice: &mut SplitMix64) -> String {
    let array = format!("[{}]", tensors.join(if one_in(dice, 8) { "\n,\t" } else { ", " }));
    if one_in(dice, 2) {
        return array;
    }
    let mut members = vec![format!("\"tensors\": {array}")];
    if one_in(dice, 2) {
        members.push(format!("\"quarot_seed\": {}", seed(dice)));
    }
    if one_in(dice, 4) {
        members.push(format!("\"other\": {}", pick(dice, &VALUES)));
    }
    if one_in(dice, 3) {
        members.reverse();
    }
    format!("{{{}}}", members.join(", "))
}

fn seed(dice: &mut SplitMix64) -> String {
    match dice.below(8) {
        0 => pick(dice, &VALUES).into(),
        1..=3 => log_uniform(dice, 63).to_string(),
        _ => dice.below(100).to_string(),
    }
}

fn config(dice: &mut SplitMix64) -> String {
    let mut object = Map::new();
    if one_in(dice, 2) {
        object.insert("hidden_size".into(), json!(4096));
        object.insert("rope_theta".into(), json!(500000.0));
        object.insert("eos_token_id".into(), json!([1, 2]));
    }
    if one_in(dice, 4) {
        object.insert("text_config".into(), json!({ "quarot_seed": 7 }));
    }
    let mut text = Value::Object(object).to_string();
    if one_in(dice, 2) {
        let comma = if text.len() > 2 { ", " } else { "" };
        text = format!("{{\"quarot_seed\": {}{comma}{}", seed(dice), &text[1..]);
    }
    match dice.below(16) {
        0 => pick(dice, &["", "null", "[]", "{", "{\"a\": NaN}", "\u{feff}{}"]).into(),
        1 => text + pick(dice, &AROUND),
        _ => text,
    }
}

/// The files of tensors: sound ones, and now and then one that is not there or not sound.
fn add_files(entries: &mut Vec<DirectoryEntry>, files: Vec<String>, dice: &mut SplitMix64) {
    let Question::Load(Load { path: File::Bytes(Bytes(sound)), .. }) = plain_load(FormatId::KHQ4)
    else {
        unreachable!("a load of bytes")
    };
    let wrong = one_in(dice, 2).then(|| dice.below(files.len() as u64) as usize);
    for (place, file) in files.into_iter().enumerate() {
        let taken = |entry: &DirectoryEntry| {
            entry.path == file
                || entry.path.starts_with(&format!("{file}/"))
                || file.starts_with(&format!("{}/", entry.path))
        };
        let simple =
            !file.is_empty() && !file.contains(['/', '\0', '\\']) && ![".", ".."].contains(&&*file);
        if !simple || file.len() > 200 || entries.iter().any(taken) {
            continue;
        }
        let mut bytes = sound.clone();
        if wrong == Some(place) {
            match dice.below(4) {
                0 => continue,
                1 => drop(bytes.pop()),
                2 => bytes.truncate(12),
                _ => {
                    let at = dice.below(bytes.len() as u64) as usize;
                    bytes[at] ^= 1 << dice.below(8);
                }
            }
        }
        entries.push(DirectoryEntry { path: file, content: Content::Bytes(Bytes(bytes)) });
    }
}

pub(super) fn plain(format: FormatId) -> Question {
    let index = Content::Text(r#"[{"name": "a.weight", "file": "a_weight.q4"}]"#.into());
    let path = File::Directory(vec![entry(INDEX_FILE, index)]);
    Question::ReadIndex(ReadIndex { format, path, open: false })
}
