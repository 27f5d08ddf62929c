//! `doctor`: what is sound is healthy, every planted damage is found, and none hides another.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{edit_json, json_of, quantize};
use crate::support::{Bench, Finished, q4proof};
use crate::tiny::{Tiny, Weights};

const NORM: &str = "model_language_model_layers_1_input_layernorm_weight.f16";
const K_PROJ: &str = "model_language_model_layers_1_self_attn_k_proj_weight.q4";
const INDEX: &str = "quantize_index.json";
const SHARDS: &str = "model.safetensors.index.json";

fn doctor(folder: &Path) -> Finished {
    q4proof(["doctor".as_ref(), folder.as_os_str()])
}

/// A directory of a kind: `plain` or `rotated`, or `floats` in two files.
fn directory(bench: &Bench, kind: &str) -> PathBuf {
    let (source, target) = (bench.path("source"), bench.path("target"));
    Tiny::new(true, "BF16").write_in_two(&source);
    match kind {
        "plain" => quantize(&source, &target, &[]).shows(0, &[]),
        "rotated" => quantize(&source, &target, &["--quarot", "42"]).shows(0, &[]),
        _ => return source,
    }
    target
}

/// A damaged directory is not healthy, and the line of `subject` says these words.
#[track_caller]
fn finds(kind: &str, damage: impl FnOnce(&Path), subject: &str, words: &str) -> String {
    let bench = Bench::new();
    let folder = directory(&bench, kind);
    damage(&folder);
    let done = doctor(&folder);
    done.shows(1, &["\nnext: "]);
    let is_it = |line: &&str| {
        let parts: Vec<&str> = line.splitn(2, "  ").map(str::trim).collect();
        parts[0] == "wrong" && parts[1].starts_with(subject) && parts[1].contains(words)
    };
    assert!(done.stdout.lines().any(|line| is_it(&line)), "{subject}: {words}\n{}", done.stdout);
    done.stdout
}

/// Damages bytes of a file.
fn bytes_of(file: &'static str, edit: impl FnOnce(&mut Vec<u8>)) -> impl FnOnce(&Path) {
    move |folder| {
        let path = folder.join(file);
        let mut bytes = fs::read(&path).expect("a file");
        edit(&mut bytes);
        fs::write(&path, bytes).expect("a file");
    }
}

/// Damages a file of JSON.
fn json_in(file: &'static str, edit: impl FnOnce(&mut Value)) -> impl FnOnce(&Path) {
    move |folder| edit_json(&folder.join(file), edit)
}

fn remove(file: &'static str) -> impl FnOnce(&Path) {
    move |folder| fs::remove_file(folder.join(file)).expect("it is removed")
}

/// The entry of an array whose file is this one.
fn entry<'a>(index: &'a mut Value, file: &str) -> &'a mut Value {
    let tensors = match index {
        Value::Array(tensors) => tensors,
        object => object["tensors"].as_array_mut().expect("an array"),
    };
    tensors.iter_mut().find(|entry| entry["file"] == file).expect("an entry")
}

#[test]
fn what_was_made_is_healthy() {
    for (kind, words) in [
        ("plain", ["an array: plain weights, 41 tensors", "41 of the 41 tensors are there"]),
        ("rotated", ["quarot_seed 42, as in config.json", "all 7 of the residual stream are zero"]),
        ("floats", ["names the tensors of 2 files", "41 of the 41 tensors are there"]),
    ] {
        let bench = Bench::new();
        let done = doctor(&directory(&bench, kind));
        done.shows(0, &words);
        done.shows(0, &["config.json ", "3 layers of width 64, 64 tokens", "\nhealthy: "]);
        assert!(!done.stdout.contains("wrong"), "{done:#?}");
    }
    // One file of floats.
    let bench = Bench::new();
    Tiny::new(false, "F32").write(&bench.path("source"));
    let words = ["model.safetensors", "42 tensors", "all of them finite", "not tied"];
    doctor(&bench.path("source")).shows(0, &words);
}

#[test]
fn what_is_no_directory_is_a_usage_error() {
    let bench = Bench::new();
    let file = bench.write("file", "");
    doctor(&file).says(2, &["file: ", "Not a directory"]);
    doctor(&bench.path("nowhere")).says(2, &["nowhere: No such file"]);
    fs::create_dir(bench.path("empty")).expect("a folder");
    let words = ["wrong  config.json  is not there", "no weights: neither", "\n2 wrong: 0 right"];
    doctor(&bench.path("empty")).shows(1, &words);
}

#[test]
fn every_damage_of_a_quantized_directory_is_found() {
    for kind in ["plain", "rotated"] {
        finds(kind, remove("config.json"), "config.json", "is not there");
        let no_field = json_in("config.json", |config| config["text_config"] = json!({}));
        finds(kind, no_field, "config.json", "text_config.hidden_size is missing");
        let torn = bytes_of(INDEX, |bytes| bytes.truncate(40));
        finds(kind, torn, INDEX, "index at byte");
        finds(kind, remove(INDEX), INDEX, "is not there");
        let told = finds(kind, remove(K_PROJ), K_PROJ, "is not there");
        // It is told once, beside the count of the tensors.
        assert!(told.contains("\n2 wrong: "), "{told}");
        let words = "truncated_payload at byte";
        finds(kind, bytes_of(K_PROJ, |bytes| bytes.truncate(bytes.len() - 1)), K_PROJ, words);
        let no_scale = bytes_of(K_PROJ, |bytes| bytes[36..38].fill(0));
        finds(kind, no_scale, K_PROJ, "scale at byte 36");
        let nan = bytes_of(NORM, |bytes| bytes[28..30].copy_from_slice(&[0, 0x7e]));
        finds(kind, nan, NORM, "value at byte 28");
        let words = "has shape [32, 64], the index says [64, 32]";
        let shape = json_in(INDEX, |index| entry(index, K_PROJ)["shape"] = json!([64, 32]));
        finds(kind, shape, K_PROJ, words);
        let numel = json_in(INDEX, |index| entry(index, K_PROJ)["numel"] = json!(7));
        finds(kind, numel, K_PROJ, "has 2048 values, the index says 7");
        let format = json_in(INDEX, |index| entry(index, K_PROJ)["quantized"] = json!(false));
        finds(kind, format, K_PROJ, "is KHQ4, the index says KHF1");
        let path = json_in(INDEX, |index| entry(index, K_PROJ)["file"] = json!("../x.q4"));
        finds(kind, path, INDEX, "leads out of the directory");
        let stray = |folder: &Path| drop(fs::copy(folder.join(K_PROJ), folder.join("stray.q4")));
        finds(kind, stray, "stray.q4", "is stray: the index does not name it");
        let name = json_in(INDEX, |index| {
            entry(index, K_PROJ)["name"] =
                json!("model.language_model.layers.1.self_attn/q_proj.weight");
        });
        let words =
            "would be the file \"model_language_model_layers_1_self_attn_q_proj_weight.q4\"";
        let told = finds(kind, name, "model.language_model.layers.1.self_attn", words);
        // The tensor that is gone is told too.
        assert!(told.contains("self_attn.k_proj.weight"), "{told}");
        let narrow = json_in("config.json", |config| {
            config["text_config"]["intermediate_size"] = json!(64);
        });
        let words = "has shape [96, 64], expected [64, 64] by config.json";
        finds(kind, narrow, "model.language_model.layers.0.mlp.gate_proj.weight", words);
    }
}

#[test]
fn what_a_rotation_must_leave_is_looked_at() {
    let no_seed = |folder: &Path| {
        for file in [INDEX, "config.json"] {
            let remove = |value: &mut Value| {
                value.as_object_mut().and_then(|object| object.remove("quarot_seed"));
            };
            edit_json(&folder.join(file), remove);
        }
    };
    finds("rotated", no_seed, INDEX, "no quarot_seed, here or in config.json");
    let other = json_in(INDEX, |index| index["quarot_seed"] = json!(43));
    finds("rotated", other, INDEX, "quarot_seed is 43, config.json has 42");
    let array = json_in(INDEX, |index| *index = index["tensors"].clone());
    finds("rotated", array, "config.json", "yet the index is an array of plain weights");
    let norm = bytes_of(NORM, |bytes| bytes[29] = 0x3c);
    let name = "model.language_model.layers.1.input_layernorm.weight";
    finds("rotated", norm, name, "value 0 is not zero: the norm is not folded");
    let tied = json_in("config.json", |config| {
        config["tie_word_embeddings"] = json!(true);
        config["text_config"]["tie_word_embeddings"] = json!(true);
    });
    let told = finds("rotated", tied, "config.json", "ties the embeddings");
    assert!(told.contains("is there, yet the embeddings are tied"), "{told}");
    let levels = json_in("config.json", |config| config["tie_word_embeddings"] = json!(true));
    finds("rotated", levels, "config.json", "tie_word_embeddings is true and text_config.");
    let untied = json_in("config.json", |config| {
        config["tie_word_embeddings"] = json!(false);
        config["text_config"]["tie_word_embeddings"] = json!(false);
    });
    finds("plain", untied, "lm_head.weight", "is not there, config.json asks for it");
    // A norm in the place of a matrix that must be quantized.
    let f16 = |folder: &Path| {
        let file = "model_language_model_layers_1_self_attn_k_norm_weight.f16";
        edit_json(&folder.join(INDEX), |index| {
            let [name, other] = [K_PROJ, file].map(|file| entry(index, file)["name"].clone());
            entry(index, K_PROJ)["name"] = other;
            entry(index, file)["name"] = name;
        });
    };
    let words = "is not quantized, the plan of a rotation has it quantized";
    finds("rotated", f16, "model.language_model.layers.1.self_attn.k_proj.weight", words);
}

#[test]
fn every_damage_of_floats_is_found() {
    finds("floats", remove("model-2.safetensors"), "model-2.safetensors", "No such file");
    let torn = bytes_of("model-1.safetensors", |bytes| bytes.truncate(bytes.len() - 1));
    finds("floats", torn, "model-1.safetensors", "the last tensor ends at byte");
    let nan = bytes_of("model-2.safetensors", |bytes| {
        let last = bytes.len() - 2;
        bytes[last..].copy_from_slice(&[0xc0, 0x7f]);
    });
    let words = "value 63 is NaN, expected a finite one";
    finds("floats", nan, "model-2.safetensors", words);
    let map = json_in(SHARDS, |index| {
        index["weight_map"]["model.language_model.norm.weight"] = json!("model-1.safetensors");
    });
    finds("floats", map, SHARDS, "\"model.language_model.norm.weight\" is in \"model-2");
    let stray = |folder: &Path| {
        let [from, to] = ["model-1.safetensors", "x.safetensors"].map(|name| folder.join(name));
        fs::copy(from, to).expect("a copy");
    };
    finds("floats", stray, "x.safetensors", "is stray: no index names it");
    finds(
        "floats",
        |folder| fs::write(folder.join(SHARDS), "{").expect("a file"),
        SHARDS,
        "is no index",
    );
    let both = |folder: &Path| {
        fs::copy(folder.join("model-1.safetensors"), folder.join("model.safetensors"))
            .expect("a copy");
    };
    finds("floats", both, SHARDS, "has both");
    let collide = |folder: &Path| {
        fs::remove_dir_all(folder).expect("it is removed");
        let mut model = Tiny::new(true, "BF16");
        for name in ["a.b", "a/b"] {
            let (name, bytes) = (name.to_owned(), vec![0; 4]);
            model.tensors.push(Weights { name, dtype: "F32", shape: vec![1], bytes });
        }
        model.write(folder);
    };
    finds("floats", collide, "a/b", "would be the file \"a_b.f16\", and so would tensor \"a.b\"");
}

#[test]
fn no_damage_hides_another() {
    let told = finds(
        "rotated",
        |folder| {
            fs::write(folder.join("config.json"), "{").expect("a file");
            fs::remove_file(folder.join(K_PROJ)).expect("it is removed");
            let norm = folder.join(NORM);
            fs::write(norm, "KHF1").expect("a file");
            edit_json(&folder.join(INDEX), |index| {
                entry(index, "lm_head_weight.q4")["numel"] = json!(1);
            });
        },
        "config.json",
        "index at byte",
    );
    for words in
        ["truncated_header", "is not there", "has 4096 values, the index says 1", "4 wrong"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn what_is_lawful_and_odd_is_a_note() {
    let bench = Bench::new();
    let folder = directory(&bench, "plain");
    fs::write(folder.join("mine.txt"), "mine").expect("a file");
    fs::rename(folder.join(K_PROJ), folder.join("k.q4")).expect("another name");
    edit_json(&folder.join(INDEX), |index| entry(index, K_PROJ)["file"] = json!("k.q4"));
    let done = doctor(&folder);
    done.shows(0, &["note", "is none of a model's files", "healthy: ", ", 2 notes"]);
    done.shows(0, &["which a writer calls \"model_language_model_layers_1_self_attn_k_proj"]);
    assert!(json_of(&folder.join(INDEX)).is_array());
}
