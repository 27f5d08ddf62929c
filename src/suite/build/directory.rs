//! Model directories that are listed: both forms of an index, and what is no index.

use super::{Draft, directory_index};
use crate::suite::case::{Content, DirectoryEntry, File, Special};
use crate::suite::exact::directory::{CONFIG_FILE, INDEX_FILE};
use crate::suite::hex::Bytes;
use crate::suite::operation::FormatId;
use crate::suite::question::{Question, ReadIndex};

pub(super) const ARRAY: &str = "read-index/array";
pub(super) const OBJECT: &str = "read-index/object";

/// The index of most cases.
pub(super) const TWO: &str = r#"[
  {"name": "a.weight", "file": "a_weight.q4", "quantized": true, "shape": [2, 32], "numel": 64},
  {"name": "a.norm.weight", "file": "a_norm_weight.f16", "quantized": false, "shape": [3], "numel": 3}
]
"#;

/// The same, rotated.
pub(super) const TWO_ROTATED: &str = r#"{"quarot_seed": 42, "tensors": [
  {"name": "a.weight", "file": "a_weight.q4", "quantized": true, "shape": [2, 32], "numel": 64},
  {"name": "a.norm.weight", "file": "a_norm_weight.f16", "quantized": false, "shape": [3], "numel": 3}
]}
"#;

pub(super) const CONFIG: &str =
    "{\"model_type\": \"qwen3_5_text\", \"tie_word_embeddings\": true}\n";

pub(super) fn cases() -> Vec<Draft> {
    [listed(), broken(), directory_index::cases()].concat()
}

pub(super) fn text(path: &str, content: &str) -> DirectoryEntry {
    DirectoryEntry { path: path.into(), content: Content::Text(content.into()) }
}

pub(super) fn entry(path: &str, content: Content) -> DirectoryEntry {
    DirectoryEntry { path: path.into(), content }
}

fn list_at(path: File) -> Question {
    Question::ReadIndex(ReadIndex { format: FormatId::KHQ4, path, open: false })
}

fn list(id: &str, clause: &str, class: u8, note: &str, entries: Vec<DirectoryEntry>) -> Draft {
    let input = list_at(File::Directory(entries));
    Draft::new(format!("read-index/{id}"), clause, note, input).class(class)
}

/// A directory that holds an index only.
pub(super) fn index(id: &str, clause: &str, class: u8, note: &str, content: &str) -> Draft {
    list(id, clause, class, note, vec![text(INDEX_FILE, content)])
}

/// What is lawful.
fn listed() -> Vec<Draft> {
    let largest = Content::Long {
        before: "[{\"name\": \"a\", \"file\": \"a.q4\"}]".into(),
        text: " ".into(),
        times: (16 << 20) - 32,
        after: "\n".into(),
    };
    let largest_object = Content::Long {
        before: "{".into(),
        text: "\n".into(),
        times: (16 << 20) - 15,
        after: "\"tensors\": []}".into(),
    };
    let others = r#"{"format": {"version": [1, 2, {"a": null}]}, "tensors": [
      {"dtype": "f32", "name": "a.weight", "file": "a.q4", "offsets": [0, {"b": [[1.5e3, -2]]}]}
    ], "quarot_seed": 7, "note": "é\u00e9\\\"/"}"#;
    vec![
        index("array", "IDX-3", 67, "an array of two tensors", TWO),
        index("object", "IDX-3", 67, "an object with a seed and two tensors", TWO_ROTATED),
        list("absent", "IDX-1", 8, "no index beside other files", vec![text(CONFIG_FILE, CONFIG)]),
        list("absent-from-nothing", "IDX-1", 8, "no index in an empty directory", Vec::new()),
        index("array-empty", "IDX-3", 66, "an array of no tensors", "[]"),
        index("object-empty", "IDX-3", 66, "an object with no tensors", "{\"tensors\": []}"),
        index(
            "object-without-seed",
            "IDX-5",
            62,
            "an object without a seed can be listed",
            r#"{"tensors": [{"name": "a.weight", "file": "a_weight.q4"}]}"#,
        ),
        index(
            "name-and-file",
            "IDX-4",
            66,
            "name and file are enough to list",
            r#"[{"name": "a.weight", "file": "a_weight.q4"}]"#,
        ),
        index(
            "some-keys",
            "IDX-4",
            66,
            "each tensor has the keys that it has",
            r#"[
  {"name": "a", "file": "a.q4", "numel": 0},
  {"shape": [], "file": "b.f16", "name": "b"},
  {"quantized": false, "name": "c", "file": "c.q4", "shape": [0, 18446744073709551615]}
]"#,
        ),
        index("unknown-keys", "IDX-4", 66, "unknown keys, whatever they hold, are ignored", others),
        index(
            "order",
            "IDX-3",
            67,
            "tensors in the order of the index, not of their names",
            r#"[
  {"name": "z", "file": "1.q4"}, {"name": "a", "file": "2.q4"}, {"name": "m", "file": "0.q4"}
]"#,
        ),
        index(
            "largest-numel",
            "IDX-4",
            20,
            "2^64 - 1 values",
            r#"[{"name": "a", "file": "a.q4", "shape": [18446744073709551615], "numel": 18446744073709551615}]"#,
        ),
        index(
            "escapes",
            "IDX-4",
            66,
            "names with escapes and of other scripts",
            "[{\"name\": \"a\\u002eb\\ud83e\\udde0\\n\", \"file\": \"\\u6743重.q4\"}]",
        ),
        index(
            "white-space",
            "IDX-3",
            66,
            "white space of every kind",
            " \t\r\n[ \n{ \"name\"\t:\r\"a\" , \"file\" : \"a.q4\" } ] \n\n",
        ),
        list(
            "largest",
            "IDX-2",
            66,
            "an array of exactly 16 MiB",
            vec![entry(INDEX_FILE, largest)],
        ),
        list(
            "largest-object",
            "IDX-2",
            66,
            "an object of exactly 16 MiB",
            vec![entry(INDEX_FILE, largest_object)],
        ),
        index(
            "names-by-case-of-other-scripts",
            "IDX-7",
            65,
            "names that differ in the case of other scripts are two",
            r#"[{"name": "Ω", "file": "1.q4"}, {"name": "ω", "file": "2.q4"}]"#,
        ),
        index(
            "unknown-keys-in-array",
            "IDX-4",
            66,
            "unknown keys in the tensors of an array",
            r#"[{"name": "a", "file": "a.q4", "dtype": "q4", "bytes": 20}]"#,
        ),
        index(
            "names-by-case",
            "IDX-7",
            65,
            "names that differ in their case are two",
            r#"[
  {"name": "a.B", "file": "1.q4"}, {"name": "a.b", "file": "2.q4"}
]"#,
        ),
        index(
            "file-in-folder",
            "IDX-6",
            63,
            "a file in a folder of the directory",
            r#"[{"name": "a", "file": "part-1/a.q4"}]"#,
        ),
        index(
            "file-behind-point",
            "IDX-6",
            63,
            "a path that begins with the directory itself",
            r#"[{"name": "b", "file": "./b.q4"}, {"name": "c", "file": "./part-1/./c.q4"}]"#,
        ),
        index(
            "points-at-the-ends",
            "IDX-6",
            63,
            "two points at the beginning and the end of components lead nowhere",
            r#"[{"name": "a", "file": "..a.q4"}, {"name": "b", "file": "b../c..q4.."}]"#,
        ),
        index(
            "points-in-file",
            "IDX-6",
            63,
            "two points within a component lead nowhere",
            r#"[{"name": "a", "file": "a..b.q4"}, {"name": "b", "file": "b/...q4"}]"#,
        ),
        list(
            "link-to-index",
            "IDX-1",
            8,
            "the index is a link to a file in the directory",
            vec![
                text("index-1.json", TWO),
                entry(INDEX_FILE, Content::Link("index-1.json".into())),
            ],
        ),
        list(
            "fifo-beside",
            "IDX-1",
            7,
            "a FIFO without a writer lies beside the index",
            vec![text(INDEX_FILE, TWO), entry("pipe", Content::Special(Special::Fifo))],
        ),
        list(
            "large-file-beside",
            "IDX-2",
            66,
            "a file of one byte more than 16 MiB lies beside the index",
            vec![text(INDEX_FILE, TWO), entry("index-1.json", too_large())],
        ),
    ]
}

/// One byte more than an index may have (IDX-2).
fn too_large() -> Content {
    Content::Long {
        before: "[]".into(),
        text: " ".into(),
        times: (16 << 20) - 1,
        after: String::new(),
    }
}

/// What is no index (IDX-1 to IDX-3).
fn broken() -> Vec<Draft> {
    let refused =
        |id: &str, note: &str, content: &str| index(id, "IDX-3", 66, note, content).control(ARRAY);
    let special = |id: &str, class: u8, note: &str, special: Special| {
        list(id, "IDX-1", class, note, vec![entry(INDEX_FILE, Content::Special(special))])
            .control(ARRAY)
    };
    let long =
        |id: &str, clause: &str, note: &str, before: &str, text: &str, times: u64, after: &str| {
            let content = Content::Long {
                before: before.into(),
                text: text.into(),
                times,
                after: after.into(),
            };
            list(id, clause, 66, note, vec![entry(INDEX_FILE, content)]).control(ARRAY)
        };
    let bytes = |id: &str, note: &str, bytes: &[u8]| {
        let content = Content::Bytes(Bytes(bytes.to_vec()));
        list(id, "IDX-3", 66, note, vec![entry(INDEX_FILE, content)]).control(ARRAY)
    };
    let missing = list_at(File::Special(Special::Missing));
    vec![
        special("dangling-symlink", 8, "the index is a link to nothing", Special::DanglingSymlink),
        special("index-is-directory", 7, "the index is a directory", Special::Directory),
        special("index-is-fifo", 7, "the index is a FIFO without a writer", Special::Fifo),
        special("index-is-socket", 7, "the index is a socket", Special::Socket),
        special(
            "index-links-to-directory",
            7,
            "the index is a link to a directory",
            Special::SymlinkToDirectory,
        ),
        Draft::new("read-index/no-directory", "IDX-1", "there is no directory", missing)
            .class(8)
            .control(ARRAY),
        list(
            "link-chain-to-nothing",
            "IDX-1",
            8,
            "the index is a link into a folder that is not there",
            vec![entry(INDEX_FILE, Content::Link("part-1/index.json".into()))],
        )
        .control(ARRAY),
        list(
            "index-links-to-fifo",
            "IDX-1",
            7,
            "the index is a link to a FIFO without a writer",
            vec![
                entry(INDEX_FILE, Content::Link("pipe".into())),
                entry("pipe", Content::Special(Special::Fifo)),
            ],
        )
        .control("read-index/fifo-beside"),
        list(
            "link-to-too-large",
            "IDX-2",
            66,
            "the index is a link to a file of one byte more than 16 MiB",
            vec![
                entry(INDEX_FILE, Content::Link("index-1.json".into())),
                entry("index-1.json", too_large()),
            ],
        )
        .control("read-index/large-file-beside"),
        refused("empty-file", "an empty file", ""),
        refused("white-space-only", "white space only", " \n"),
        refused("null", "null", "null"),
        refused("number", "a number", "2"),
        refused("string", "a string", "\"a.weight\""),
        refused("words", "no JSON at all", "a.weight a_weight.q4\n"),
        refused("cut", "an array without its end", &TWO[..TWO.len() - 3]),
        refused("cut-in-string", "a string without its end", &TWO[..12]),
        refused("second-value", "a second array behind the first", &format!("{TWO}[]")),
        refused("tail", "a word behind the array", &format!("{TWO}end")),
        refused(
            "comma-at-the-end",
            "a comma before the end",
            r#"[{"name": "a", "file": "a.q4"},]"#,
        ),
        refused("comment", "a comment", "// tensors\n[]"),
        refused("single-quotes", "single quotation marks", "[{'name': 'a', 'file': 'a.q4'}]"),
        refused(
            "line-feed-in-string",
            "a line feed within a string",
            "[{\"name\": \"a\nb\", \"file\": \"a.q4\"}]",
        ),
        refused(
            "object-of-tensors",
            "an object by names, without `tensors`",
            r#"{"a.weight": {"file": "a.q4"}}"#,
        ),
        refused("object-without-tensors", "an object with a seed only", r#"{"quarot_seed": 42}"#),
        refused("tensors-is-object", "`tensors` is an object", r#"{"tensors": {"a": "a.q4"}}"#),
        refused("tensors-is-null", "`tensors` is null", r#"{"tensors": null}"#),
        bytes(
            "not-utf8",
            "a name that is no UTF-8",
            b"[{\"name\": \"a\xff\", \"file\": \"a.q4\"}]",
        ),
        bytes(
            "not-utf8-in-unknown",
            "an unknown key's value that is no UTF-8",
            b"[{\"name\": \"a\", \"file\": \"a.q4\", \"note\": \"\xc3\x28\"}]",
        ),
        bytes("utf16", "UTF-16", b"[\0]\0"),
        long("too-large", "IDX-2", "one byte more than 16 MiB", "[]", " ", (16 << 20) - 1, ""),
        long(
            "too-large-string",
            "IDX-2",
            "a long string, some bytes more than 16 MiB",
            "{\"tensors\": [], \"note\": \"",
            "0123456789abcdef",
            1 << 20,
            "\"}",
        ),
        long(
            "deep-arrays",
            "IDX-3",
            "100000 arrays within each other, without their ends",
            "",
            "[",
            100_000,
            "",
        ),
        long(
            "deep-objects",
            "IDX-3",
            "100000 objects within each other, without their ends",
            "",
            "{\"tensors\":",
            100_000,
            "",
        ),
        long(
            "deep-in-tensor",
            "IDX-3",
            "a shape that is 10000 arrays within each other",
            "[{\"name\": \"a\", \"file\": \"a.q4\", \"shape\": ",
            "[",
            10_000,
            "",
        ),
    ]
}
