//! `quantize` and `doctor` read a model alike: what one of them refuses, the other one does too.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{edit_json, json_of, quantize};
use crate::convert::{refuses, safetensors};
use crate::support::{Bench, Finished, q4proof};
use crate::tiny::{Tiny, Weights};

const SHARDS: &str = "model.safetensors.index.json";
const INDEX: &str = "quantize_index.json";

fn doctor(folder: &Path) -> Finished {
    q4proof(["doctor".as_ref(), folder.as_os_str()])
}

/// Whether `doctor` has a line of this level and subject with these words.
fn has_line(done: &Finished, level: &str, subject: &str, words: &str) -> bool {
    done.stdout.lines().any(|line| {
        let mut parts = line.splitn(2, "  ").map(str::trim);
        parts.next() == Some(level)
            && parts.next().is_some_and(|rest| rest.starts_with(subject) && rest.contains(words))
    })
}

/// A model in two files.
fn model(bench: &Bench) -> PathBuf {
    let source = bench.path("source");
    Tiny::new(true, "BF16").write_in_two(&source);
    source
}

/// Both refuse a model, one file of which was edited as bytes, with the same words.
#[track_caller]
fn both_refuse(file: &str, edit: impl Fn(&str) -> Vec<u8>, words: &str) {
    let bench = Bench::new();
    let source = model(&bench);
    let path = source.join(file);
    let edited = edit(&fs::read_to_string(&path).expect("text"));
    fs::write(&path, edited).expect("a file");
    for options in [&[][..], &["--quarot", "7"]] {
        refuses(&bench, "quantize", &source, &bench.path("target"), options, &[file, ": ", words]);
    }
    let done = doctor(&source);
    assert!(has_line(&done, "wrong", file, words), "{file}: {words}: {done:#?}");
}

/// JSON with more behind its first brace.
fn with(more: &str) -> impl Fn(&str) -> Vec<u8> {
    move |text| text.replacen('{', &format!("{{{more}"), 1).into_bytes()
}

#[test]
fn json_is_read_alike() {
    for file in ["config.json", SHARDS] {
        both_refuse(file, with(r#""x":1e400,"#), "index at byte 9: number out of range");
        both_refuse(file, with(r#""x":{"y":[-1e999]},"#), "number out of range");
        both_refuse(file, with(r#""x":{"y":1,"y":1},"#), "the key \"y\" is there twice");
        both_refuse(file, with(r#""x":1,"x":1,"#), "the key \"x\" is there twice");
        both_refuse(file, with(r#""x":01,"#), "index at byte ");
        both_refuse(file, with(r#""x":NaN,"#), "index at byte ");
        both_refuse(file, |text| format!("{text}]").into_bytes(), "trailing characters");
        both_refuse(file, |text| text[..text.len() / 2].into(), "EOF while parsing");
        let latin = |text: &str| [b"{\"\xe9\":1,", &text.as_bytes()[1..]].concat();
        both_refuse(file, latin, "index at byte 2: expected UTF-8");
        let deep = format!("\"x\":{}{},", "[".repeat(5000), "]".repeat(5000));
        both_refuse(file, with(&deep), "recursion limit exceeded");
        both_refuse(file, |_| b"7".to_vec(), "index at byte 0: ");
    }
    // The sizes of a model, twice.
    let twice = |text: &str| {
        text.replacen("\"hidden_size\"", "\"hidden_size\":32,\"hidden_size\"", 1).into_bytes()
    };
    both_refuse("config.json", twice, "the key \"hidden_size\" is there twice");
}

#[test]
fn numbers_at_the_ends_of_their_range_are_read() {
    let bench = Bench::new();
    let source = model(&bench);
    for file in ["config.json", SHARDS] {
        let text = fs::read_to_string(source.join(file)).expect("text");
        let more = with(r#""x":[1e308,-1e308,1e-400,18446744073709551616],"y":{"z":{"x":1}},"#);
        fs::write(source.join(file), more(&text)).expect("a file");
    }
    doctor(&source).shows(0, &["healthy: "]);
    quantize(&source, &bench.path("target"), &[]).shows(0, &[]);
    doctor(&bench.path("target")).shows(0, &["healthy: "]);
}

#[test]
fn a_tensor_that_an_index_of_files_names_twice_is_refused() {
    let name = "model.language_model.norm.weight";
    for file in ["model-1.safetensors", "model-2.safetensors"] {
        let twice = |text: &str| {
            let key = format!("\"{name}\"");
            assert!(text.contains(&key), "{text}");
            text.replacen(&key, &format!("{key}:\"{file}\",{key}"), 1).into_bytes()
        };
        let words = format!("the key \"{name}\" is there twice");
        both_refuse(SHARDS, twice, &words);
        // As are the weights of a model that is run, and of one that is measured.
        let bench = Bench::new();
        let source = model(&bench);
        let text = fs::read_to_string(source.join(SHARDS)).expect("text");
        fs::write(source.join(SHARDS), twice(&text)).expect("a file");
        let Err(error) = q4proof::model::weights::open(&source) else { panic!("opened") };
        assert!(error.to_string().contains(&words), "{error}");
        q4proof(["measure", "symmetry", &bench.text("source")]).says(2, &[SHARDS, &words]);
    }
    let bench = Bench::new();
    let source = model(&bench);
    fs::write(source.join(SHARDS), "{\"weight_map\":{}}").expect("a file");
    refuses(&bench, "quantize", &source, &bench.path("target"), &[], &["has no tensors"]);
    assert!(has_line(&doctor(&source), "wrong", SHARDS, "has no tensors"));
    let map = |text: &str| text.replacen('{', "{\"weight_map\":{},", 1).into_bytes();
    both_refuse(SHARDS, map, "the key \"weight_map\" is there twice");
}

/// A model with one more tensor, in one file.
fn with_tensor(
    bench: &Bench,
    name: &str,
    dtype: &'static str,
    shape: &[u64],
    bytes: Vec<u8>,
) -> PathBuf {
    let source = bench.path("source");
    let mut model = Tiny::new(true, "BF16");
    let (name, shape) = (name.to_owned(), shape.to_vec());
    // Before the others, in the order of their offsets.
    model.tensors.insert(0, Weights { name, dtype, shape, bytes });
    model.write(&source);
    source
}

#[test]
fn a_name_that_is_too_long_for_a_file_is_refused_before_any_work() {
    // File names have 255 bytes: with their suffix, and of a letter of two bytes half as many.
    for (name, shown, bytes) in [
        ("a".repeat(252), "a".repeat(60), 256),
        ("\u{e9}".repeat(150), "\u{e9}".repeat(60), 304),
        ("b".repeat(70_000), "b".repeat(60), 70_004),
    ] {
        let bench = Bench::new();
        // What comes before it has no encoding, which only work would show.
        let source = bench.path("source");
        let mut model = Tiny::new(true, "BF16");
        let nan = f32::NAN.to_le_bytes().to_vec();
        let one = |name, bytes| Weights { name, dtype: "F32", shape: vec![1], bytes };
        model.tensors.insert(0, one("0".into(), nan));
        model.tensors.push(one(name, vec![0; 4]));
        model.write(&source);
        let limit = format!("its file name would have {bytes} bytes, expected at most 255");
        let words = ["model.safetensors: tensor ", &shown, &limit];
        refuses(&bench, "quantize", &source, &bench.path("target"), &[], &words);
        let file = source.join("model.safetensors");
        refuses(&bench, "encode", &file, &bench.path("target"), &[], &words);
        let done = doctor(&source);
        assert!(has_line(&done, "wrong", &shown, &limit), "{done:#?}");
        assert!(done.stdout.lines().all(|line| line.len() < 1000), "{done:#?}");
    }
    let bench = Bench::new();
    let source = with_tensor(&bench, &"a".repeat(251), "F32", &[1], vec![0; 4]);
    quantize(&source, &bench.path("target"), &[]).shows(0, &[]);
    assert!(bench.path("target").join("a".repeat(251) + ".f16").exists());
    // A target that no file can be named.
    let long = bench.path(&("c".repeat(256) + ".safetensors"));
    // The first block has no scale, which only work would show.
    let mut bytes = crate::support::file_bytes();
    bytes[28..30].fill(0);
    let source = bench.write("tensor.q4", bytes);
    refuses(&bench, "decode", &source, &long, &[], &["ccc.safetensors: ", "File name too long"]);
}

#[test]
fn integers_are_left_out_with_a_line() {
    let name = "model.language_model.position_ids";
    for (dtype, size) in [("I64", 8), ("I32", 4), ("U8", 1), ("BOOL", 1), ("U16", 2)] {
        let bench = Bench::new();
        let source = with_tensor(&bench, name, dtype, &[1, 6], vec![0; 6 * size]);
        let line =
            format!("skipped: {name}, {dtype} of shape [1, 6]: integers are not converted\n");
        let target = bench.path("target");
        quantize(&source, &target, &[]).shows(0, &[&line, "41 tensors in "]);
        let names = |folder: &Path| json_of(&folder.join(INDEX)).to_string().contains(name);
        assert!(!names(&target) && !target.join("model_language_model_position_ids.f16").exists());
        doctor(&target).shows(0, &["healthy: "]);
        let done = doctor(&source);
        done.shows(0, &["healthy: "]);
        assert!(has_line(&done, "note", name, dtype), "{done:#?}");

        let (file, encoded) = (bench.text("source/model.safetensors"), bench.text("encoded"));
        q4proof(["encode", &file, &encoded]).shows(0, &[&line, "41 tensors in "]);
        assert!(!names(&bench.path("encoded")));
        // Asked for by its name there is nothing to skip.
        let words = ["position_ids", dtype, "expected F64, F32, F16 or BF16"];
        let one = bench.path("x.f16");
        refuses(&bench, "encode", file.as_ref(), &one, &["--tensor", name], &words);
        let rotated = bench.path("rotated");
        quantize(&source, &rotated, &["--quarot", "7"]).shows(0, &["left out: 1 tensor", name]);
        for measured in [&file, &bench.text("source")] {
            q4proof(["measure", "symmetry", measured]).shows(0, &[&line]);
        }
    }
}

#[test]
fn integers_that_are_packed_weights_are_refused() {
    for (name, dtype, size) in [
        ("model.language_model.layers.1.self_attn.o_proj.qweight", "I32", 4),
        ("model.language_model.layers.1.self_attn.x_proj.weight", "U8", 1),
        ("model.language_model.layers.1.self_attn.x_proj.weight_packed", "I32", 4),
        ("model.language_model.layers.1.self_attn.x_proj.W_q", "U8", 1),
        ("model.language_model.layers.1.self_attn.x_proj.codes", "I16", 2),
    ] {
        let bench = Bench::new();
        let source = with_tensor(&bench, name, dtype, &[2, 3], vec![0; 6 * size]);
        let words = [name, &format!("dtype is {dtype}"), "packed weights", "F64, F32, F16 or BF16"];
        refuses(&bench, "quantize", &source, &bench.path("target"), &[], &words);
        let file = source.join("model.safetensors");
        refuses(&bench, "encode", &file, &bench.path("target"), &[], &words);
        let done = doctor(&source);
        assert!(done.code == Some(1) && done.stdout.contains("packed weights"), "{done:#?}");
    }
}

#[test]
fn a_needed_tensor_of_integers_is_missed() {
    let bench = Bench::new();
    let source = bench.path("source");
    let mut model = Tiny::new(true, "BF16");
    let tensor = model.tensor("layers.0.linear_attn.A_log");
    (tensor.dtype, tensor.bytes) = ("I16", vec![0; tensor.bytes.len()]);
    model.write(&source);
    let done = doctor(&source);
    let name = "model.language_model.layers.0.linear_attn.A_log";
    assert!(has_line(&done, "wrong", name, "is not there"), "{done:#?}");
    let words = [name, "dtype is I16"];
    refuses(&bench, "quantize", &source, &bench.path("target"), &["--quarot", "7"], &words);
}

#[test]
fn a_file_without_tensors_is_refused_alike() {
    let integers = [("ids", "I64", &[1][..], vec![0; 8])];
    for (tensors, words) in [
        (&[][..], "has no tensors"),
        (&integers[..], "has no tensors of floats: all 1 of them are of integers"),
    ] {
        let bench = Bench::new();
        let source = model(&bench);
        for name in ["model-1.safetensors", "model-2.safetensors", SHARDS] {
            fs::remove_file(source.join(name)).expect("it is removed");
        }
        let file = source.join("model.safetensors");
        fs::write(&file, safetensors(tensors)).expect("a file");
        refuses(
            &bench,
            "encode",
            &file,
            &bench.path("target"),
            &[],
            &["model.safetensors: ", words],
        );
        refuses(&bench, "quantize", &source, &bench.path("target"), &[], &["source: ", words]);
        let done = doctor(&source);
        assert!(has_line(&done, "wrong", "model.safetensors", words), "{done:#?}");
    }
}

#[test]
fn a_matrix_of_zeros_is_a_note() {
    let bench = Bench::new();
    let (source, target) = (bench.path("source"), bench.path("target"));
    let mut model = Tiny::new(true, "BF16");
    let zero = ["layers.1.self_attn.k_proj.weight", "layers.0.linear_attn.conv1d.weight"];
    for name in zero {
        model.tensor(name).bytes.fill(0);
    }
    // Negative zeros are zeros, and a norm of zeros is none of the matrices.
    for byte in model.tensor(zero[0]).bytes.iter_mut().skip(1).step_by(2) {
        *byte = 0x80;
    }
    model.tensor("layers.1.input_layernorm.weight").bytes.fill(0);
    model.write(&source);
    quantize(&source, &target, &[]).shows(0, &[]);
    for folder in [&source, &target] {
        let done = doctor(folder);
        done.shows(0, &["healthy: ", ", 2 notes\n"]);
        for name in zero {
            let name = format!("model.language_model.{name}");
            assert!(has_line(&done, "note", &name, "all its values are zero"), "{done:#?}");
        }
    }
}

#[test]
fn a_quantization_config_that_was_left_is_a_note() {
    for (level, method) in
        [("", json!({ "quant_method": "gptq", "bits": 4 })), ("text_config", json!({}))]
    {
        let bench = Bench::new();
        let (source, target) = (model(&bench), bench.path("target"));
        edit_json(&source.join("config.json"), |config| {
            let level = if level.is_empty() { config } else { &mut config[level] };
            level["quantization_config"] = method.clone();
        });
        quantize(&source, &target, &[]).shows(0, &[]);
        for (folder, weights) in [(&source, "floats"), (&target, "KHQ4")] {
            let done = doctor(folder);
            done.shows(0, &["healthy: ", ", 1 note\n"]);
            let words = format!("yet the weights are {weights}");
            assert!(has_line(&done, "note", "config.json", &words), "{done:#?}");
            assert!(has_line(&done, "note", "config.json", "quantization_config"), "{done:#?}");
            let named = done.stdout.contains("\"gptq\"");
            assert_eq!(named, level.is_empty(), "{done:#?}");
        }
        // What is null says nothing.
        edit_json(&source.join("config.json"), |config| {
            config["quantization_config"] = Value::Null;
            config["text_config"]["quantization_config"] = Value::Null;
        });
        doctor(&source).shows(0, &["healthy: ", ", 0 notes\n"]);
    }
}
