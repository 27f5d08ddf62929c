//! Model directories that are opened (IDX-8 and IDX-9): one directory of two tensors, with one thing
//! changed in it.

use super::directory::{CONFIG, TWO, TWO_ROTATED, entry, text};
use super::{Draft, plain_payload};
use crate::suite::case::{Content, DirectoryEntry, File, Special};
use crate::suite::exact::directory::{CONFIG_FILE, INDEX_FILE};
use crate::suite::exact::files::{khf1, khq4};
use crate::suite::feature::Feature;
use crate::suite::hex::Bytes;
use crate::suite::operation::FormatId;
use crate::suite::question::{Question, ReadIndex};

const OPENED: &str = "read-index/open-array";
const OPENED_OBJECT: &str = "read-index/open-object";
const WITHOUT_INDEX: &str = "read-index/open-without-index";

pub(super) fn cases() -> Vec<Draft> {
    [opened(), not_opened()].concat()
}

fn matrix_file() -> Vec<u8> {
    khq4::write(&[2, 32], 64, &plain_payload(64))
}

fn norm_file() -> Vec<u8> {
    khf1::write(&[3], 3, &[0x3c00, 0xb800, 0x0001])
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

fn open_at(path: File) -> Question {
    Question::ReadIndex(ReadIndex { format: FormatId::KHQ4, path, open: true })
}

fn open(id: &str, clause: &str, class: u8, note: &str, entries: Vec<DirectoryEntry>) -> Draft {
    let input = open_at(File::Directory(entries));
    Draft::new(format!("read-index/open-{id}"), clause, note, input)
        .class(class)
        .requires(Feature::Directory)
}

/// What can be opened.
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
        open("link-outside", "IDX-9", 64, "a link to a file beside the directory", outside)
            .informative()
            .control(OPENED),
        open(
            "link-chain",
            "IDX-9",
            64,
            "a link to a link to a file in the directory",
            model(Some(("a_norm_weight.f16", Some(Content::Link("./second".into())))), TWO)
                .into_iter()
                .chain([
                    entry("second", Content::Link("blobs/norm".into())),
                    entry("blobs/norm", Content::Bytes(Bytes(norm_file()))),
                ])
                .collect(),
        ),
        open("halves-in-q4", "IDX-8", 66, "f16 in a file with the suffix of blocks", {
            let other_suffix = TWO.replace("a_norm_weight.f16", "a_norm_weight.q4");
            let mut entries = model(Some(("a_norm_weight.f16", None)), &other_suffix);
            entries.push(entry("a_norm_weight.q4", Content::Bytes(Bytes(norm_file()))));
            entries
        }),
    ]
}

/// What cannot.
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
        open(
            "without-config-and-index",
            "IDX-8",
            69,
            "neither an index nor a config.json",
            Vec::new(),
        )
        .control(WITHOUT_INDEX),
        Draft::new(
            "read-index/open-no-directory",
            "IDX-1",
            "there is no directory to be opened",
            open_at(File::Special(Special::Missing)),
        )
        .class(8)
        .requires(Feature::Directory)
        .control(OPENED),
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
        open(
            "without-seed-and-tensors",
            "IDX-8",
            62,
            "the object form without a seed, of no tensors",
            model(None, "{\"tensors\": []}"),
        )
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
