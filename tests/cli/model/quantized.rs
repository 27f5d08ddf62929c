//! Plain conversion: the directory is what an independent codec makes of the same weights, and what
//! cannot be converted leaves nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use q4proof::convert::{ConvertError, Watch};
use serde_json::{Value, json};

use super::{edit_json, json_of, quantize};
use crate::convert::{listing, refuses};
use crate::support::{Bench, finished, interrupted};
use crate::tiny::{Tiny, Weights};

/// Runs the independent script.
pub fn reference(source: &Path, target: &Path, seed: Option<u64>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut python = std::process::Command::new("python3");
    python.arg(root.join("tests/cli/model/reference.py"));
    python.arg(root.join("conformance/subjects/python")).args([source, target]);
    python.args(seed.map(|seed| seed.to_string()));
    let done = finished(&mut python);
    assert_eq!(done.code, Some(0), "{done:#?}");
}

/// The files of a directory: JSON as what it says, with the tensors of an index by name.
pub fn contents(folder: &Path) -> BTreeMap<String, Result<Vec<u8>, Value>> {
    let mut contents = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let held = match name.as_str() {
            "config.json" | "quantize_index.json" => {
                let mut value = json_of(&path);
                let tensors = match &mut value {
                    Value::Array(tensors) => Some(tensors),
                    object => object.get_mut("tensors").and_then(Value::as_array_mut),
                };
                if let Some(tensors) = tensors {
                    tensors.sort_by_key(|tensor| tensor["name"].to_string());
                }
                Err(value)
            }
            _ => Ok(fs::read(&path).expect("a file")),
        };
        contents.insert(name, held);
    }
    contents
}

#[test]
fn the_directory_is_that_of_an_independent_codec() {
    for (tied, dtype) in [(false, "F32"), (true, "BF16")] {
        let bench = Bench::new();
        let [source, target, expected] =
            ["source", "target", "expected"].map(|name| bench.path(name));
        Tiny::new(tied, dtype).write(&source);
        quantize(&source, &target, &[]).shows(0, &["compression", "next: q4proof doctor "]);
        reference(&source, &expected, None);
        assert_eq!(contents(&target), contents(&expected), "{dtype}");
        let config = |folder: &Path| fs::read(folder.join("config.json")).expect("a file");
        assert_eq!(config(&target), config(&source), "config.json is copied as it is");
        assert!(json_of(&target.join("quantize_index.json")).is_array());
    }
}

#[test]
fn files_of_several_give_the_directory_of_one() {
    let bench = Bench::new();
    let model = Tiny::new(true, "BF16");
    model.write(&bench.path("one"));
    model.write_in_two(&bench.path("two"));
    quantize(&bench.path("one"), &bench.path("of-one"), &[]).shows(0, &[]);
    quantize(&bench.path("two"), &bench.path("of-two"), &[]).shows(0, &[]);
    assert_eq!(contents(&bench.path("of-one")), contents(&bench.path("of-two")));
}

#[test]
fn an_empty_target_is_taken_and_a_tokenizer_is_not_asked_for() {
    let bench = Bench::new();
    let (source, target) = (bench.path("source"), bench.path("target"));
    Tiny::new(true, "BF16").write(&source);
    fs::remove_file(source.join("tokenizer.json")).expect("it is removed");
    fs::create_dir(&target).expect("a folder");
    quantize(&source, &target, &[]).shows(0, &[]);
    assert!(!target.join("tokenizer.json").exists());
}

/// `quantize` refuses a model that was changed, plain and rotated, with these words.
#[track_caller]
fn refuses_changed(change: impl Fn(&Path), words: &[&str]) {
    for options in [&[][..], &["--quarot", "7"]] {
        let bench = Bench::new();
        let source = bench.path("source");
        Tiny::new(false, "BF16").write_in_two(&source);
        change(&source);
        refuses(&bench, "quantize", &source, &bench.path("target"), options, words);
    }
}

#[test]
fn a_model_that_is_not_whole_is_refused_by_the_name_of_what_is_wrong() {
    let remove = |name: &'static str| {
        move |source: &Path| fs::remove_file(source.join(name)).expect("it is removed")
    };
    let write = |name: &'static str, text: &'static str| {
        move |source: &Path| fs::write(source.join(name), text).expect("a file")
    };
    let index = "model.safetensors.index.json";
    let map = |edit: fn(&mut Value)| {
        move |source: &Path| edit_json(&source.join(index), |index| edit(&mut index["weight_map"]))
    };
    refuses_changed(remove("config.json"), &["config.json: is not there"]);
    refuses_changed(write("config.json", "[]"), &["config.json: ", "expected an object"]);
    refuses_changed(
        write("config.json", "{\"quarot_seed\":-1}"),
        &["config.json: index at byte", "-1"],
    );
    refuses_changed(remove(index), &["has neither model.safetensors nor model.safetensors.index"]);
    refuses_changed(write("model.safetensors", ""), &["has both model.safetensors and"]);
    refuses_changed(write(index, "{}"), &[index, "missing field `weight_map`"]);
    refuses_changed(write(index, "{\"weight_map\":{}}"), &["source: has no tensors"]);
    let long = |source: &Path| {
        let file = fs::File::create(source.join(index)).expect("a file");
        file.set_len((16 << 20) + 1).expect("a longer file");
    };
    refuses_changed(long, &[index, "has more than 16777216 bytes"]);
    refuses_changed(remove("model-2.safetensors"), &["model-2.safetensors: No such file"]);
    refuses_changed(write("model-1.safetensors", "abc"), &["model-1.safetensors: the file ends"]);
    let words = ["tensor \"extra\" is not in \"model-1.safetensors\", as the index says"];
    refuses_changed(map(|map| map["extra"] = json!("model-1.safetensors")), &words);
    let words = ["tensor \"lm_head.weight\" is in \"model-2.safetensors\", the index says in"];
    refuses_changed(map(|map| map["lm_head.weight"] = json!("model-1.safetensors")), &words);
    let drop_head = |map: &mut Value| {
        map.as_object_mut().and_then(|map| map.remove("lm_head.weight")).expect("it was there");
    };
    let words = ["tensor \"lm_head.weight\" is in \"model-2.safetensors\", the index says nowhere"];
    refuses_changed(map(drop_head), &words);
    for file in ["", "..", "../model-1.safetensors", "/etc/passwd", "a\\b"] {
        let words = ["the file of tensor \"lm_head.weight\" is ", "expected a name in this folder"];
        let change = move |source: &Path| {
            let edit = |index: &mut Value| index["weight_map"]["lm_head.weight"] = json!(file);
            edit_json(&source.join(index), edit);
        };
        refuses_changed(change, &words);
    }
}

#[test]
fn tensors_of_one_file_are_named_both() {
    let bench = Bench::new();
    let source = bench.path("source");
    let mut model = Tiny::new(true, "BF16");
    for name in ["a.b", "a/b"] {
        let (name, bytes) = (name.to_owned(), vec![0; 4]);
        model.tensors.push(Weights { name, dtype: "F32", shape: vec![1], bytes });
    }
    model.write(&source);
    let words = ["source: tensors \"a.b\" and \"a/b\" would both be the file \"a_b.f16\""];
    refuses(&bench, "quantize", &source, &bench.path("target"), &[], &words);
}

#[test]
fn what_is_there_is_not_touched() {
    for options in [&[][..], &["--quarot", "7"]] {
        let bench = Bench::new();
        let source = bench.path("source");
        Tiny::new(true, "BF16").write(&source);
        fs::create_dir(bench.path("full")).expect("a folder");
        bench.write("full/mine.txt", "mine");
        let words = ["full: is not empty, expected a directory that is empty"];
        refuses(&bench, "quantize", &source, &bench.path("full"), options, &words);
        if cfg!(target_os = "linux") {
            let words = ["/proc: is where a file system is mounted"];
            refuses(&bench, "quantize", &source, Path::new("/proc"), options, &words);
        }
        let file = bench.write("mine", "mine");
        refuses(&bench, "quantize", &source, &file, options, &["mine: is no directory"]);
        let words = ["nowhere: No such file"];
        refuses(&bench, "quantize", &bench.path("nowhere"), &bench.path("x"), options, &words);
    }
}

#[test]
fn a_value_that_is_no_number_is_named() {
    let bench = Bench::new();
    let source = bench.path("source");
    let mut model = Tiny::new(true, "F32");
    let name = "layers.1.self_attn.k_proj.weight";
    model.tensor(name).bytes[4 * 70..][..4].copy_from_slice(&f32::NAN.to_le_bytes());
    model.write(&source);
    let words = ["model.safetensors: tensor ", name, "value 70 is NaN: source values must be"];
    refuses(&bench, "quantize", &source, &bench.path("target"), &[], &words);
    // The gate comes first, and says so.
    let gate = "the gate is shut: value 64 of shape [32, 64] is NaN, expected a finite number";
    let words = ["tensor ", name, gate];
    refuses(&bench, "quantize", &source, &bench.path("target"), &["--quarot", "7"], &words);
}

/// Stops at a piece, and says how much was announced and done.
#[derive(Default)]
pub struct Stopping {
    total: u64,
    done: u64,
    pieces: usize,
    at: usize,
}

impl Watch for Stopping {
    fn begin(&mut self, bytes: u64) {
        assert_eq!((self.total, self.done), (0, 0), "begun once, and before all else");
        self.total = bytes;
    }

    fn advance(&mut self, bytes: u64) -> bool {
        self.done += bytes;
        self.pieces += 1;
        self.at != self.pieces
    }
}

/// Stops a conversion at each of its pieces, and nothing of it is left; then lets it run to its end.
pub fn stopped_everywhere(
    convert: impl Fn(&Path, &Path, &mut Stopping) -> Result<(), ConvertError>,
) {
    let bench = Bench::new();
    let (source, target) = (bench.path("source"), bench.path("target"));
    Tiny::new(true, "BF16").write(&source);
    let before = listing(&bench.path(""));
    let mut at = 1;
    loop {
        let mut watch = Stopping { at, ..Stopping::default() };
        let outcome = convert(&source, &target, &mut watch);
        if watch.pieces < at {
            outcome.expect("nobody stopped it");
            assert_eq!(watch.done, watch.total, "all that was announced was read");
            assert!(at > 50, "{at} pieces are too few to tell");
            return;
        }
        assert!(matches!(outcome, Err(ConvertError::Interrupted)), "{at}: {outcome:?}");
        assert_eq!(listing(&bench.path("")), before, "stopped at piece {at}");
        at += 7;
    }
}

#[test]
fn whenever_it_is_stopped_nothing_is_left() {
    stopped_everywhere(|source, target, watch| {
        q4proof::convert::quantize(source, target, watch).map(drop)
    });
}

#[cfg(unix)]
#[test]
fn a_signal_leaves_nothing() {
    let bench = Bench::new();
    let source = bench.path("source");
    fs::create_dir(&source).expect("a folder");
    bench.write("source/config.json", "{}");
    let len = 200_u64 << 20;
    let header = json!({
        "x.weight": { "dtype": "F32", "shape": [1, len / 4], "data_offsets": [0, len] },
    });
    let header = header.to_string();
    let start = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
    let path = bench.write("source/model.safetensors", &start);
    let file = fs::File::options().append(true).open(path).expect("a file");
    file.set_len(start.len() as u64 + len).expect("a longer file");
    let (source, target) = (bench.text("source"), bench.text("target"));
    interrupted(&bench, &["quantize", &source, &target], rustix::process::Signal::INT);
}
