//! Model directories: both forms of an index, every rule that it can break, and all that opening
//! checks besides.

use super::{Draft, plain_payload};
use crate::suite::case::{Content, DirectoryEntry, Feature, Input, Special};
use crate::suite::exact::directory::{CONFIG_FILE, INDEX_FILE};
use crate::suite::exact::{file, halves};
use crate::suite::hex::Bytes;

const ARRAY: &str = "read-index/array";
const OBJECT: &str = "read-index/object";
const OPENED: &str = "read-index/open-array";
const OPENED_OBJECT: &str = "read-index/open-object";

/// The index of most cases.
const TWO: &str = r#"[
  {"name": "a.weight", "file": "a_weight.q4", "quantized": true, "shape": [2, 32], "numel": 64},
  {"name": "a.norm.weight", "file": "a_norm_weight.f16", "quantized": false, "shape": [3], "numel": 3}
]
"#;

/// The same, rotated.
const TWO_ROTATED: &str = r#"{"quarot_seed": 42, "tensors": [
  {"name": "a.weight", "file": "a_weight.q4", "quantized": true, "shape": [2, 32], "numel": 64},
  {"name": "a.norm.weight", "file": "a_norm_weight.f16", "quantized": false, "shape": [3], "numel": 3}
]}
"#;

const CONFIG: &str = "{\"model_type\": \"qwen3_5_text\", \"tie_word_embeddings\": true}\n";

pub(super) fn cases() -> Vec<Draft> {
    [listed(), broken(), tensors(), seeds(), paths(), twice(), opened(), not_opened()].concat()
}

fn text(path: &str, content: &str) -> DirectoryEntry {
    DirectoryEntry { path: path.into(), content: Content::Text(content.into()) }
}

fn entry(path: &str, content: Content) -> DirectoryEntry {
    DirectoryEntry { path: path.into(), content }
}

fn list(id: &str, clause: &str, class: u8, note: &str, entries: Vec<DirectoryEntry>) -> Draft {
    let input = Input::ReadIndex { directory: Some(entries), open: false };
    Draft::new(format!("read-index/{id}"), clause, note, input).class(class)
}

/// A directory that holds an index only.
fn index(id: &str, clause: &str, class: u8, note: &str, content: &str) -> Draft {
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
            "an index of exactly 16 MiB",
            vec![entry(INDEX_FILE, largest)],
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
            r#"[{"name": "a", "file": "part-1/a.q4"}, {"name": "b", "file": "./b.q4"}]"#,
        ),
        index(
            "points-in-file",
            "IDX-6",
            63,
            "two points within a component lead nowhere",
            r#"[{"name": "a", "file": "a..b.q4"}, {"name": "b", "file": "..b/...q4"}]"#,
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
    ]
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
    let missing = Input::ReadIndex { directory: None, open: false };
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

/// IDX-4.
fn tensors() -> Vec<Draft> {
    let refused = |id: &str, note: &str, class: u8, tensor: &str| {
        let first = r#"{"name": "a.weight", "file": "a_weight.q4"}"#;
        index(&format!("tensor-{id}"), "IDX-4", class, note, &format!("[{first}, {tensor}]"))
            .control(ARRAY)
    };
    let keys = |id: &str, note: &str, class: u8, keys: &str| {
        refused(id, note, class, &format!(r#"{{"name": "b", "file": "b.q4", {keys}}}"#))
    };
    vec![
        refused("without-name", "no name", 66, r#"{"file": "b.q4"}"#),
        refused("without-file", "no file", 66, r#"{"name": "b"}"#),
        refused("empty", "no keys", 66, "{}"),
        refused("null", "null for a tensor", 66, "null"),
        refused("string", "a name for a tensor", 66, "\"b\""),
        refused(
            "array",
            "an array for a tensor, its keys by their places",
            66,
            r#"["b", "b.q4", true, [32], 32]"#,
        ),
        refused("short-array", "an array of name and file for a tensor", 66, r#"["b", "b.q4"]"#),
        refused("name-number", "a number for a name", 66, r#"{"name": 5, "file": "b.q4"}"#),
        refused("name-null", "null for a name", 66, r#"{"name": null, "file": "b.q4"}"#),
        refused("file-null", "null for a file", 66, r#"{"name": "b", "file": null}"#),
        refused("file-array", "an array for a file", 66, r#"{"name": "b", "file": ["b.q4"]}"#),
        keys("quantized-number", "1 for true", 66, r#""quantized": 1"#),
        keys("quantized-string", "a string for true", 66, r#""quantized": "true""#),
        keys("quantized-null", "null for `quantized`", 66, r#""quantized": null"#),
        keys("shape-number", "a number for a shape", 66, r#""shape": 32"#),
        keys("shape-null", "null for `shape`", 66, r#""shape": null"#),
        keys("shape-string", "a shape of strings", 66, r#""shape": ["32"]"#),
        keys("shape-nested", "a shape of arrays", 66, r#""shape": [[32]]"#),
        keys("shape-negative", "a negative dimension", 20, r#""shape": [-1]"#),
        keys("shape-fraction", "a dimension of 2.5", 66, r#""shape": [2.5, 32]"#),
        keys("shape-too-large", "a dimension of 2^64", 20, r#""shape": [18446744073709551616]"#),
        keys("numel-null", "null for `numel`", 66, r#""numel": null"#),
        keys("numel-string", "a string for a number", 66, r#""numel": "32""#),
        keys("numel-negative", "a negative number of values", 20, r#""numel": -32"#),
        keys("numel-fraction", "half a value", 66, r#""numel": 0.5"#),
        keys("numel-too-large", "2^64 values", 20, r#""numel": 18446744073709551616"#),
        keys("numel-huge", "1e400 values, more than a double holds", 20, r#""numel": 1.5e400"#),
    ]
}

/// IDX-5.
fn seeds() -> Vec<Draft> {
    let object = |seed: &str| {
        format!(r#"{{"tensors": [{{"name": "a", "file": "a.q4"}}], "quarot_seed": {seed}}}"#)
    };
    let exact = |id: &str, class: u8, note: &str, seed: &str| {
        index(&format!("seed-{id}"), "IDX-5", class, note, &object(seed))
    };
    let refused =
        |id: &str, class: u8, note: &str, seed: &str| exact(id, class, note, seed).control(OBJECT);
    vec![
        exact("zero", 62, "a seed of 0 is a seed", "0"),
        exact("above-32-bits", 19, "2^32 + 42", "4294967338"),
        exact("above-2p53", 19, "2^53 + 1, which no double holds", "9007199254740993"),
        exact("cafe", 19, "0xCAFEBABEDEADBEEF, above 2^63", "14627333968358193903"),
        exact("largest", 20, "2^64 - 1", "18446744073709551615"),
        refused("too-large", 19, "2^64", "18446744073709551616"),
        refused("negative", 20, "-42", "-42"),
        refused("minus-1", 20, "-1, which is 2^64 - 1 where it is cast", "-1"),
        refused("fraction", 66, "42.5", "42.5"),
        refused("string", 66, "a string", "\"42\""),
        refused("string-in-hex", 66, "a string of hex", "\"0x2a\""),
        refused("null", 66, "null", "null"),
        refused("array", 66, "an array", "[42]"),
    ]
}

/// IDX-6.
fn paths() -> Vec<Draft> {
    let refused = |id: &str, note: &str, file: &str| {
        let tensors = [("a.weight", "a_weight.q4"), ("b.weight", file)];
        let tensor = |(name, file)| serde_json::json!({"name": name, "file": file}).to_string();
        let content = format!("[{}]", tensors.map(tensor).join(", "));
        index(&format!("path-{id}"), "IDX-6", 63, note, &content).control(ARRAY)
    };
    vec![
        refused("empty", "an empty file name", ""),
        refused("absolute", "an absolute path", "/etc/passwd"),
        refused("root", "the root", "/"),
        refused("two-slashes", "an absolute path with two slashes", "//a.q4"),
        refused("parent", "a file beside the directory", "../a.q4"),
        refused("parent-alone", "the parent", ".."),
        refused("parent-within", "a folder and back out of two", "part/../../a.q4"),
        refused(
            "parent-that-stays",
            "a folder and back: `..` is refused wherever it leads",
            "part/../a.q4",
        ),
        refused("parent-at-the-end", "the directory itself", "part/.."),
        refused("parent-behind-point", "a point before it", "./../a.q4"),
        refused("zero", "a zero character, at which a system's path ends", "a.q4\0.f16"),
        refused("zero-alone", "a zero character alone", "\0"),
    ]
}

/// IDX-7.
fn twice() -> Vec<Draft> {
    let refused = |id: &str, class: u8, note: &str, tensors: &[(&str, &str)]| {
        let tensor = |(name, file): &(&str, &str)| {
            serde_json::json!({"name": name, "file": file}).to_string()
        };
        let content = tensors.iter().map(tensor).collect::<Vec<_>>().join(", ");
        index(&format!("twice-{id}"), "IDX-7", class, note, &format!("[{content}]")).control(ARRAY)
    };
    vec![
        refused("name", 68, "one name with two files", &[("a", "1.q4"), ("a", "2.q4")]),
        refused(
            "name-far",
            68,
            "the first and the last of four",
            &[("a", "1.q4"), ("b", "2.q4"), ("c", "3.q4"), ("a", "4.q4")],
        ),
        refused("file", 65, "two names with one file", &[("a.b", "a_b.q4"), ("a_b", "a_b.q4")]),
        refused(
            "file-far",
            65,
            "the first and the last of three",
            &[("a", "1.q4"), ("b", "2.q4"), ("c", "1.q4")],
        ),
        refused("tensor", 68, "one tensor twice", &[("a", "1.q4"), ("a", "1.q4")]),
        refused(
            "by-escape",
            68,
            "one name twice, once with an escape",
            &[("é", "1.q4"), ("é", "2.q4")],
        ),
    ]
}

fn matrix_file() -> Vec<u8> {
    file::write(&[2, 32], 64, &plain_payload(64))
}

fn norm_file() -> Vec<u8> {
    halves::write(&[3], 3, &[0x3c00, 0xb800, 0x0001])
}

/// A directory of two tensors with one entry changed, added or taken away.
fn model(changed: Option<(&str, Option<Content>)>, index: &str) -> Vec<DirectoryEntry> {
    let mut entries = vec![
        text(INDEX_FILE, index),
        text(CONFIG_FILE, CONFIG),
        entry("a_weight.q4", Content::Bytes(Bytes(matrix_file()))),
        entry("a_norm_weight.f16", Content::Bytes(Bytes(norm_file()))),
    ];
    if let Some((path, content)) = changed {
        let place = entries.iter().position(|entry| entry.path == path);
        match (place, content) {
            (Some(place), Some(content)) => entries[place].content = content,
            (Some(place), None) => drop(entries.remove(place)),
            (None, Some(content)) => entries.push(entry(path, content)),
            (None, None) => unreachable!("there is no {path} to be taken away"),
        }
    }
    entries
}

fn open(id: &str, clause: &str, class: u8, note: &str, entries: Vec<DirectoryEntry>) -> Draft {
    let input = Input::ReadIndex { directory: Some(entries), open: true };
    Draft::new(format!("read-index/open-{id}"), clause, note, input)
        .class(class)
        .requires(Feature::Directory)
}

/// IDX-8 and IDX-9: what can be opened.
fn opened() -> Vec<Draft> {
    let seedless = TWO_ROTATED.replace("\"quarot_seed\": 42, ", "");
    let of_config = CONFIG.replace("true", "false, \"quarot_seed\": 9007199254740993");
    let bare =
        r#"[{"name": "a", "file": "a_weight.q4"}, {"name": "b", "file": "a_norm_weight.f16"}]"#;
    let other_suffix = TWO.replace("a_weight.q4", "a_weight.f16");
    let within = TWO.replace("a_weight.q4", "part-1/a_weight.q4");
    let matrix = || Content::Bytes(Bytes(matrix_file()));
    let mut outside =
        model(Some(("a_weight.q4", Some(Content::Link("../outside.q4".into())))), TWO);
    outside.push(entry("../outside.q4", matrix()));
    let mut inside = model(Some(("a_weight.q4", Some(Content::Link("blobs/1".into())))), TWO);
    inside.push(entry("blobs/1", matrix()));
    vec![
        open("array", "IDX-8", 68, "a directory of two tensors", model(None, TWO)),
        open("object", "IDX-8", 62, "a directory of two rotated tensors", model(None, TWO_ROTATED)),
        open(
            "without-index",
            "IDX-8",
            69,
            "a directory without an index",
            vec![text(CONFIG_FILE, CONFIG)],
        ),
        open(
            "seed-in-config",
            "IDX-8",
            62,
            "the seed stands in config.json",
            model(Some((CONFIG_FILE, Some(Content::Text(of_config)))), &seedless),
        ),
        open("name-and-file", "IDX-8", 68, "an index of names and files", model(None, bare)),
        open("other-suffix", "IDX-8", 66, "blocks in a file with the suffix of f16", {
            let mut entries = model(Some(("a_weight.q4", None)), &other_suffix);
            entries.push(entry("a_weight.f16", matrix()));
            entries
        }),
        open("file-in-folder", "IDX-8", 63, "a tensor in a folder of the directory", {
            let mut entries = model(Some(("a_weight.q4", None)), &within);
            entries.push(entry("part-1/a_weight.q4", matrix()));
            entries
        }),
        open(
            "other-files",
            "IDX-8",
            68,
            "files that the index does not name are not looked at",
            model(Some(("b_weight.q4", Some(Content::Text("no tensor".into())))), TWO),
        ),
        open("link-inside", "IDX-9", 64, "a link to a file in the directory", inside),
        open("link-outside", "IDX-9", 64, "a link to a file beside the directory", outside),
    ]
}

/// IDX-8: what cannot.
fn not_opened() -> Vec<Draft> {
    let refused = |id: &str, class: u8, note: &str, path: &str, content: Option<Content>| {
        let entries = model(Some((path, content)), TWO);
        open(id, "IDX-8", class, note, entries).control(OPENED)
    };
    let says = |id: &str, class: u8, note: &str, from: &str, to: &str| {
        let index = TWO.replacen(from, to, 1);
        assert_ne!(index, TWO, "{id} changes nothing");
        open(id, "IDX-8", class, note, model(None, &index)).control(OPENED)
    };
    let of = |bytes: Vec<u8>| Some(Content::Bytes(Bytes(bytes)));
    let special = |special| Some(Content::Special(special));
    let (matrix, norm) = ("a_weight.q4", "a_norm_weight.f16");
    let cut = |mut bytes: Vec<u8>, len: usize| {
        bytes.truncate(len);
        of(bytes)
    };
    let with = |mut bytes: Vec<u8>, at: usize, new: &[u8]| {
        bytes[at..at + new.len()].copy_from_slice(new);
        of(bytes)
    };
    let config = |text: &str| Some(Content::Text(text.into()));
    let seedless = TWO_ROTATED.replace("\"quarot_seed\": 42, ", "");
    let no_seed = model(None, &seedless);
    vec![
        refused("without-config", 69, "no config.json", CONFIG_FILE, None),
        refused(
            "config-dangling",
            69,
            "config.json is a link to nothing",
            CONFIG_FILE,
            special(Special::DanglingSymlink),
        ),
        refused(
            "config-directory",
            7,
            "config.json is a directory",
            CONFIG_FILE,
            special(Special::Directory),
        ),
        refused("config-empty", 69, "config.json is empty", CONFIG_FILE, config("")),
        refused("config-array", 69, "config.json is an array", CONFIG_FILE, config("[]")),
        refused("config-null", 69, "config.json is null", CONFIG_FILE, config("null")),
        refused(
            "config-cut",
            69,
            "config.json ends in its middle",
            CONFIG_FILE,
            config(&CONFIG[..20]),
        ),
        refused(
            "config-seed-string",
            62,
            "the seed of config.json is a string",
            CONFIG_FILE,
            config("{\"quarot_seed\": \"42\"}"),
        ),
        refused("tensor-missing", 68, "the file of a tensor is not there", matrix, None),
        refused("last-tensor-missing", 68, "the last file is not there", norm, None),
        refused(
            "tensor-dangling",
            8,
            "the file of a tensor is a link to nothing",
            matrix,
            special(Special::DanglingSymlink),
        ),
        refused(
            "tensor-directory",
            7,
            "the file of a tensor is a directory",
            matrix,
            special(Special::Directory),
        ),
        refused(
            "tensor-fifo",
            7,
            "the file of a tensor is a FIFO without a writer",
            matrix,
            special(Special::Fifo),
        ),
        refused("tensor-empty", 27, "the file of a tensor is empty", matrix, of(Vec::new())),
        refused(
            "tensor-cut",
            27,
            "the file of a tensor ends in its payload",
            matrix,
            cut(matrix_file(), 75),
        ),
        refused(
            "tensor-trailing",
            27,
            "a byte behind a tensor",
            norm,
            of([norm_file(), vec![0]].concat()),
        ),
        refused(
            "tensor-scale",
            27,
            "a scale that is NaN",
            matrix,
            with(matrix_file(), 36, &[0, 0x7e]),
        ),
        refused(
            "tensor-value",
            27,
            "an f16 that is an infinity",
            norm,
            with(norm_file(), 30, &[0, 0x7c]),
        ),
        refused("tensor-magic", 27, "no magic", matrix, with(matrix_file(), 0, b"GGUF")),
        says("says-quantized", 66, "`quantized` is true over a file of f16", "false", "true"),
        says(
            "says-not-quantized",
            66,
            "`quantized` is false over a file of blocks",
            "true",
            "false",
        ),
        says("says-shape", 24, "the shape is transposed in the index", "[2, 32]", "[32, 2]"),
        says("says-flat-shape", 24, "the shape is flat in the index", "[2, 32]", "[64]"),
        says("says-numel", 24, "numel is one less in the index", "\"numel\": 64", "\"numel\": 63"),
        says(
            "says-numel-of-halves",
            24,
            "numel is another in the index",
            "\"numel\": 3",
            "\"numel\": 4",
        ),
        open("without-seed", "IDX-8", 62, "rotated weights without a seed", no_seed)
            .control(OPENED_OBJECT),
        open("seed-null-in-config", "IDX-8", 62, "the seed is null in config.json", {
            model(Some((CONFIG_FILE, config("{\"quarot_seed\": null}"))), TWO_ROTATED)
        })
        .control(OPENED_OBJECT),
        says(
            "path-outside",
            63,
            "a file beside the directory",
            "a_weight.q4",
            "../model/a_weight.q4",
        ),
        says("twice", 68, "one name twice", "a.norm.weight", "a.weight"),
    ]
}
