//! A case about a model directory, for a person: what the directory holds, and what is listed of it.

use std::fmt::Write;

use super::text::{Cell, plain, table};
use crate::suite::case::{Content, DirectoryEntry, File, Form, ListedTensor, Listing, Special};
use crate::suite::question::TensorRank;

/// Characters of a file that are shown.
const MOST_CHARACTERS: usize = 2000;

/// The question of a listing.
pub(super) fn question(directory: &File, open: bool) -> String {
    let verb = if open { "open" } else { "list" };
    let File::Directory(entries) = directory.unnamed() else {
        return format!("{verb} a directory that does not exist\n");
    };
    let mut text = format!("{verb} a directory\n");
    if entries.is_empty() {
        text.push_str("  that is empty\n");
    }
    for DirectoryEntry { path, content } in entries {
        writeln!(text, "  {}: {}", plain(path, MOST_CHARACTERS), content_in_words(content)).ok();
        let shown = match content {
            Content::Text(content) => content.as_str(),
            Content::Long { before, .. } => before.as_str(),
            _ => "",
        };
        for line in shown.lines() {
            writeln!(text, "    {}", plain(line, MOST_CHARACTERS)).ok();
        }
    }
    text
}

fn content_in_words(content: &Content) -> String {
    match content {
        Content::Text(text) if text.is_empty() => "an empty file".into(),
        Content::Text(_) => "a file of text".into(),
        Content::Bytes(bytes) if bytes.0.len() > 64 => format!("a file of {} bytes", bytes.0.len()),
        Content::Bytes(bytes) => format!("a file of the bytes {bytes}"),
        Content::Long { text, times, .. } => {
            format!("a file of text, and behind what is shown {times} times {text:?}")
        }
        Content::Link(target) => format!("a symbolic link to {}", plain(target, MOST_CHARACTERS)),
        Content::Special(special) => special_in_words(*special).into(),
    }
}

/// What is no regular file, in words.
pub(super) fn special_in_words(special: Special) -> &'static str {
    match special {
        Special::Missing => "a path where nothing lies",
        Special::Directory => "a directory",
        Special::Fifo => "a FIFO without a writer",
        Special::Device => "a character device, /dev/null",
        Special::Socket => "a socket",
        Special::DanglingSymlink => "a symbolic link to nothing",
        Special::SymlinkToDirectory => "a symbolic link to a directory",
        Special::MissingFolder => "a path in a folder that does not exist",
    }
}

/// What is listed.
pub(super) fn answer(listing: &Listing) -> String {
    let Listing { form, quarot_seed, tensors } = listing;
    let mut text = format!("  {}", form.map_or("an index", Form::in_words));
    if *form != Some(Form::Absent) {
        let seed = quarot_seed.map_or("no seed".to_owned(), |seed| format!("seed {seed}"));
        let tensor = if tensors.len() == 1 { "tensor" } else { "tensors" };
        write!(text, " of {} {tensor}, {seed}", tensors.len()).ok();
    }
    text.push('\n');
    if tensors.is_empty() {
        return text;
    }
    let heading = ["name", "file", "quantized", "shape", "numel"].map(Cell::left).to_vec();
    let rows = tensors.iter().map(|ListedTensor { name, file, quantized, shape, numel }| {
        let or_none = |value: Option<String>| value.unwrap_or_else(|| "-".into());
        vec![
            Cell::left(format!("{name:?}")),
            Cell::left(format!("{file:?}")),
            Cell::left(or_none(quantized.map(|quantized| quantized.to_string()))),
            Cell::left(or_none(shape.as_ref().map(|shape| format!("{shape:?}")))),
            Cell::left(or_none(numel.map(|numel| numel.to_string()))),
        ]
    });
    text + &table(2, &std::iter::once(heading).chain(rows).collect::<Vec<_>>())
}

/// Tensors whose files are to be named.
pub(super) fn ranks(tensors: &[TensorRank]) -> String {
    let row = |tensor: &TensorRank| {
        vec![Cell::left(format!("{:?}", tensor.name)), Cell::left(format!("rank {}", tensor.rank))]
    };
    match tensors {
        [] => "name the files of no tensors\n".into(),
        tensors => {
            "name the files of these tensors\n".to_owned()
                + &table(2, &tensors.iter().map(row).collect::<Vec<_>>())
        }
    }
}

/// The files that tensors have.
pub(super) fn files(files: &[String]) -> String {
    match files {
        [] => "  no files\n".into(),
        files => files.iter().map(|file| format!("  {file:?}\n")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::hex::Bytes;

    fn entry(path: &str, content: Content) -> DirectoryEntry {
        DirectoryEntry { path: path.into(), content }
    }

    #[test]
    fn a_question_shows_what_the_directory_holds() {
        assert_eq!(
            question(&File::Special(Special::Missing), true),
            "open a directory that does not exist\n"
        );
        assert_eq!(
            question(&File::Directory(Vec::new()), false),
            "list a directory\n  that is empty\n"
        );
        let long =
            Content::Long { before: "[1,".into(), text: "2,".into(), times: 3, after: "4]".into() };
        let entries = [
            entry("config.json", Content::Text("{\n}\u{9b}".into())),
            entry("empty", Content::Text(String::new())),
            entry("few", Content::Bytes(Bytes(vec![0xab; 64]))),
            entry("many", Content::Bytes(Bytes(vec![0xab; 65]))),
            entry("quantize_index.json", long),
            entry("a\u{202e}", Content::Link("../\u{1b}b".into())),
            entry("../beside", Content::Special(Special::Fifo)),
        ];
        let few = "ab".repeat(64);
        let expected = format!(
            "open a directory\n  config.json: a file of text\n    {{\n    }}\\u{{9b}}\n  empty: an empty file\n  \
             few: a file of the bytes {few}\n  many: a file of 65 bytes\n  quantize_index.json: a file of \
             text, and behind what is shown 3 times \"2,\"\n    [1,\n  a\\u{{202e}}: a symbolic link to \
             ../\\u{{1b}}b\n  ../beside: a FIFO without a writer\n"
        );
        assert_eq!(question(&File::Directory(entries.to_vec()), true), expected);
    }

    #[test]
    fn a_listing_shows_each_tensor_in_a_line() {
        let listing = |form, quarot_seed, tensors| Listing { form, quarot_seed, tensors };
        assert_eq!(answer(&listing(Some(Form::Absent), None, vec![])), "  no index\n");
        let empty = answer(&listing(Some(Form::Array), None, vec![]));
        assert_eq!(empty, "  an array of 0 tensors, no seed\n");
        let whole = ListedTensor {
            name: "a".into(),
            file: "a.q4".into(),
            quantized: Some(true),
            shape: Some(vec![2, 32]),
            numel: Some(64),
        };
        let expected = "  an object of 1 tensor, seed 7\n\
                        \x20 name  file    quantized  shape    numel\n\
                        \x20 \"a\"   \"a.q4\"  true       [2, 32]  64\n";
        assert_eq!(answer(&listing(Some(Form::Object), Some(7), vec![whole.clone()])), expected);
        let bare = ListedTensor { quantized: None, shape: None, numel: None, ..whole.clone() };
        let expected = "  an index of 2 tensors, no seed\n\
                        \x20 name  file    quantized  shape    numel\n\
                        \x20 \"a\"   \"a.q4\"  true       [2, 32]  64\n\
                        \x20 \"a\"   \"a.q4\"  -          -        -\n";
        assert_eq!(answer(&listing(None, None, vec![whole, bare])), expected);
    }

    #[test]
    fn names_are_asked_and_answered_in_lines() {
        let tensor = |name: &str, rank| TensorRank { name: name.into(), rank };
        assert_eq!(ranks(&[]), "name the files of no tensors\n");
        let asked = ranks(&[tensor("a", 1), tensor("b.c", 2)]);
        let expected = "name the files of these tensors\n  \"a\"    rank 1\n  \"b.c\"  rank 2\n";
        assert_eq!(asked, expected);
        assert_eq!(files(&[]), "  no files\n");
        assert_eq!(files(&["a.f16".into(), "b_c.q4".into()]), "  \"a.f16\"\n  \"b_c.q4\"\n");
    }
}
