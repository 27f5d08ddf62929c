//! A file of another kind than a command expects is named by its kind, with what to do.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::convert::refuses;
use crate::support::{Bench, Finished, file_bytes, q4proof};
use crate::tiny::Tiny;

/// A pointer as Git LFS writes it.
const POINTER: &str = "version https://git-lfs.github.com/spec/v1\n\
    oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

/// A tensor of one value, as a safetensors file.
const ARCHIVE: &str = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;

fn archive() -> Vec<u8> {
    [&(ARCHIVE.len() as u64).to_le_bytes()[..], ARCHIVE.as_bytes(), &[0, 0, 0x80, 0x3f]].concat()
}

/// What no command reads: the bytes, and the words of the error.
fn foreign() -> Vec<(Vec<u8>, &'static [&'static str])> {
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        (text(POINTER), &["is a Git LFS pointer, expected ", "git lfs pull"]),
        (text("<!DOCTYPE html>\n<html></html>\n"), &["is an HTML page, expected "]),
        (text("\n  <HTML lang=\"en\"><body>Not found"), &["is an HTML page, expected "]),
        (b"GGUF\x03\0\0\0\0\0\0\0\0\0\0\0".to_vec(), &["is a GGUF file, expected "]),
        (b"PK\x03\x04\x14\0\0\0\0\0\0\0".to_vec(), &["is a zip archive, expected ", "torch.save"]),
        (b"\x80\x02}q\0X\x01\0\0\0a".to_vec(), &["is a Python pickle, expected ", "torch.save"]),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec(), &["is a gzip file, expected ", "gunzip"]),
        (Vec::new(), &["is empty, expected "]),
        (b"\xef\xbb\xbf{}".to_vec(), &["begins with a byte order mark, expected "]),
        (b"\xff\xfe{\0}\0".to_vec(), &["begins with a byte order mark, expected "]),
    ]
}

/// The same, and what only a reader of tensors or of JSON does not expect.
fn foreign_but(expected: &str) -> Vec<(Vec<u8>, &'static [&'static str])> {
    let mut kinds = foreign();
    if expected != "KHQ4" {
        kinds.push((file_bytes(), &["is a KHQ4 file, expected "]));
        kinds.push((b"KHF1\x01\0\0\0\0\0\0\0".to_vec(), &["is a KHF1 file, expected "]));
    }
    if expected != "safetensors" {
        kinds.push((archive(), &["is a safetensors file, expected "]));
    }
    kinds
}

fn doctor(folder: &Path) -> Finished {
    q4proof(["doctor".as_ref(), folder.as_os_str()])
}

/// The line of `doctor` on `subject` that says what is wrong has these words.
#[track_caller]
fn finds(done: &Finished, subject: &str, words: &[&str]) {
    assert_eq!(done.code, Some(1), "{done:#?}");
    let lines = done.stdout.lines().filter(|line| line.starts_with("wrong"));
    let mut of_subject = lines.filter(|line| line.contains(subject));
    let has = |line: &str| words.iter().all(|word| line.contains(word));
    assert!(of_subject.any(has), "{subject}: {words:?} in {done:#?}");
}

#[test]
fn inspect_names_the_kind() {
    for (bytes, words) in foreign_but("KHQ4") {
        // A safetensors file is shown, and no error.
        if bytes == archive() || bytes == file_bytes() || bytes.starts_with(b"KHF1") {
            continue;
        }
        let bench = Bench::new();
        for name in ["file.q4", "file.f16", "file.safetensors"] {
            let path = bench.write(name, &bytes);
            let done = q4proof(["inspect".as_ref(), path.as_os_str()]);
            done.shows(1, words);
            done.shows(1, &["refused: "]);
        }
    }
}

#[test]
fn decode_names_the_kind() {
    for (bytes, words) in foreign() {
        let bench = Bench::new();
        let source = bench.write("tensor.q4", &bytes);
        let named = [&["tensor.q4: ", "a .q4 or .f16 file"], words].concat();
        refuses(&bench, "decode", &source, &bench.path("x.safetensors"), &[], &named);
        refuses(&bench, "decode", &source, &bench.path("x"), &["--raw"], &named);
        // The same file, which an index names; and an index that is none.
        let folder = bench.path("vectors");
        fs::copy(&source, folder.join("a.q4")).expect("a copy");
        let index = json!([{ "name": "a", "file": "a.q4" }]);
        bench.write("vectors/quantize_index.json", index.to_string());
        let named = [&["a.q4: "], words].concat();
        refuses(&bench, "decode", &folder, &bench.path("x.safetensors"), &[], &named);
        bench.write("vectors/quantize_index.json", &bytes);
        let named = [&["quantize_index.json: ", "expected JSON"], words].concat();
        refuses(&bench, "decode", &folder, &bench.path("x.safetensors"), &[], &named);
    }
    let bench = Bench::new();
    let source = bench.write("tensor.q4", archive());
    let words = ["tensor.q4: is a safetensors file, expected a .q4 or .f16 file", "q4proof encode"];
    refuses(&bench, "decode", &source, &bench.path("x.safetensors"), &[], &words);
}

#[test]
fn encode_names_the_kind() {
    for (bytes, words) in foreign_but("safetensors") {
        let bench = Bench::new();
        let one = ["--tensor", "a"];
        if bytes != archive() {
            let source = bench.write("model.safetensors", &bytes);
            let named = [&["model.safetensors: ", "a safetensors file"], words].concat();
            refuses(&bench, "encode", &source, &bench.path("model"), &[], &named);
            refuses(&bench, "encode", &source, &bench.path("a.q4"), &one, &named);
        }
        // A name that no safetensors file has, and an array of another length.
        let other = bench.write("weights.bin", &bytes);
        let kind = words[0].replace(", expected ", "");
        let named = ["weights.bin: ", "expected a name that ends in .safetensors", &kind];
        refuses(&bench, "encode", &other, &bench.path("model"), &[], &named);
        let raw = ["--raw", "--shape", "1000"];
        let named = ["weights.bin: ", "expected 4 for each of the 1000 values", &kind];
        refuses(&bench, "encode", &other, &bench.path("a.q4"), &raw, &named);
    }
}

#[test]
fn encode_of_a_directory_says_what_converts_it() {
    let bench = Bench::new();
    let words = ["vectors: is a directory", "q4proof quantize"];
    refuses(&bench, "encode", &bench.path("vectors"), &bench.path("model"), &[], &words);
}

#[test]
fn quantize_and_doctor_name_the_kind_of_each_file_of_a_model() {
    for (bytes, words) in foreign_but("safetensors") {
        for file in ["model-1.safetensors", "model.safetensors.index.json", "config.json"] {
            if bytes == archive() && file == "model-1.safetensors" {
                continue;
            }
            let bench = Bench::new();
            let source = bench.path("source");
            Tiny::new(true, "BF16").write_in_two(&source);
            fs::write(source.join(file), &bytes).expect("a file");
            let named = [&[file, ": "], words].concat();
            refuses(&bench, "quantize", &source, &bench.path("target"), &[], &named);
            finds(&doctor(&source), file, words);
        }
        let bench = Bench::new();
        let source = bench.path("source");
        Tiny::new(true, "BF16").write(&source);
        fs::write(source.join("tokenizer.json"), &bytes).expect("a file");
        let named = [&["tokenizer.json: ", "expected JSON"], words].concat();
        for options in [&[][..], &["--quarot", "7"]] {
            refuses(&bench, "quantize", &source, &bench.path("target"), options, &named);
        }
        finds(&doctor(&source), "tokenizer.json", words);
    }
}

#[test]
fn doctor_and_measure_name_the_kind_of_each_file_of_a_quantized_directory() {
    let bench = Bench::new();
    let (source, target) = (bench.path("source"), bench.path("target"));
    Tiny::new(true, "BF16").write(&source);
    let paths = [&source, &target].map(|path| path.display().to_string());
    q4proof(["quantize", &paths[0], &paths[1]]).shows(0, &[]);
    let file = "model_language_model_layers_1_self_attn_k_proj_weight.q4";
    for (bytes, words) in foreign() {
        for name in [file, "quantize_index.json"] {
            let path = target.join(name);
            let sound = fs::read(&path).expect("a file");
            fs::write(&path, &bytes).expect("a file");
            finds(&doctor(&target), name, words);
            let named = [&[name, ": "], words].concat();
            q4proof(["measure", "symmetry", &paths[1]]).says(2, &named);
            fs::write(&path, &sound).expect("a file");
        }
    }
    doctor(&target).shows(0, &["healthy: "]);
}

#[test]
fn inspect_shows_the_tensors_of_a_safetensors_file() {
    let bench = Bench::new();
    Tiny::new(true, "BF16").write(&bench.path("source"));
    let path = bench.path("source/model.safetensors");
    let done = q4proof(["inspect".as_ref(), path.as_os_str()]);
    let name = "model.language_model.layers.1.self_attn.k_proj.weight";
    done.shows(
        0,
        &["41 tensors, ", "sound: ", "next: q4proof encode ", "/model.safetensors DST\n"],
    );
    let line = done.stdout.lines().find(|line| line.contains(name)).expect("a line");
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[1..], ["BF16", "[32,", "64]", words[4], "4096"], "{line}");
    let offset: usize = words[4].parse().expect("a number");
    let bytes = fs::read(&path).expect("a file");
    let stored = &Tiny::new(true, "BF16").tensor("layers.1.self_attn.k_proj.weight").bytes.clone();
    assert_eq!(bytes[offset..offset + 4096], stored[..], "the offset is that of the values");
    // By what it holds, whatever its name is.
    let other = bench.write("model.bin", archive());
    let done = q4proof(["inspect".as_ref(), other.as_os_str()]);
    done.shows(0, &["a       F32    [1]        62      4\n", "1 tensor, 4 bytes of values"]);
    // Of a name that `encode` does not take nothing more is said.
    assert!(!done.stdout.contains("next: "), "{done:#?}");
}

#[test]
fn a_safetensors_file_that_is_broken_is_inspected_no_further() {
    let bench = Bench::new();
    let torn = bench.write("model.safetensors", &archive()[..64]);
    let done = q4proof(["inspect".as_ref(), torn.as_os_str()]);
    done.shows(1, &["refused: ", "the last tensor ends at byte 66, the file ends at byte 64"]);
    let header = r#"{"\u001b[2J":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#;
    let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 8]].concat();
    let steering = bench.write("steering.safetensors", bytes);
    let done = q4proof(["inspect".as_ref(), steering.as_os_str()]);
    done.shows(0, &["[2J", "I64", "1 tensor, 8 bytes of values"]);
    assert!(!done.stdout.contains('\x1b') && !done.stdout.contains("next: "), "{done:#?}");
    let missing = bench.text("none.safetensors");
    q4proof(["inspect", &missing]).says(2, &[&missing, "No such file or directory"]);
}

#[test]
fn inspect_of_a_directory_says_what_looks_at_it() {
    let bench = Bench::new();
    let path = bench.text("vectors");
    let done = q4proof(["inspect", &path]);
    done.shows(1, &["refused: not_a_file", &format!("next: q4proof doctor {path}\n")]);
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_has_its_own_sentence() {
    use std::os::unix::fs::symlink;
    let words = ["is a link to \"../blobs/4d7a2146\", and nothing is there"];
    let blob = Path::new("../blobs/4d7a2146");
    for file in ["model-2.safetensors", "model.safetensors.index.json", "config.json"] {
        let bench = Bench::new();
        let source = bench.path("source");
        Tiny::new(true, "BF16").write_in_two(&source);
        fs::remove_file(source.join(file)).expect("it is removed");
        symlink(blob, source.join(file)).expect("a link");
        let named = [file, words[0]];
        refuses(&bench, "quantize", &source, &bench.path("target"), &[], &named);
        finds(&doctor(&source), file, &words);
    }
    let bench = Bench::new();
    let source = bench.path("source");
    Tiny::new(true, "BF16").write(&source);
    fs::remove_file(source.join("tokenizer.json")).expect("it is removed");
    symlink(blob, source.join("tokenizer.json")).expect("a link");
    let named = ["tokenizer.json: ", words[0]];
    refuses(&bench, "quantize", &source, &bench.path("target"), &[], &named);
    finds(&doctor(&source), "tokenizer.json", &words);
    // A tensor's file, of a quantized directory and by itself.
    symlink(blob, bench.path("vectors/a.q4")).expect("a link");
    let index = json!([{ "name": "a", "file": "a.q4" }]);
    bench.write("vectors/quantize_index.json", index.to_string());
    let (folder, link) = (bench.path("vectors"), bench.path("vectors/a.q4"));
    let target = bench.path("x.safetensors");
    refuses(&bench, "decode", &folder, &target, &[], &["a.q4: ", words[0]]);
    refuses(&bench, "decode", &link, &target, &[], &["a.q4: ", words[0]]);
    finds(&doctor(&folder), "a.q4", &words);
    q4proof(["inspect".as_ref(), link.as_os_str()]).says(2, &["a.q4: ", words[0]]);
}

#[test]
fn a_folder_of_the_hugging_face_cache_has_its_own_sentence() {
    let bench = Bench::new();
    let model = bench.path("hub/models--org--name");
    for folder in ["blobs", "refs"] {
        fs::create_dir_all(model.join(folder)).expect("a folder");
    }
    let target = bench.path("target");
    let told = |folder: &Path, words: &[&str]| {
        refuses(&bench, "quantize", folder, &target, &[], words);
        refuses(&bench, "quantize", folder, &target, &["--quarot", "7"], words);
        finds(&doctor(folder), ".", words);
    };
    let no_snapshot = "is a folder of the Hugging Face cache without snapshots";
    told(&model, &[no_snapshot, "fetch the model again"]);
    fs::create_dir(model.join("snapshots")).expect("a folder");
    told(&model, &[no_snapshot, "fetch the model again"]);
    Tiny::new(true, "BF16").write(&model.join("snapshots/0a1b"));
    let words =
        ["is a folder of the Hugging Face cache", "expected one of its snapshots, such as "];
    told(&model, &[&words[..], &["models--org--name/snapshots/0a1b"]].concat());
    let words = ["is the Hugging Face cache", "models--org--name"];
    told(&bench.path("hub"), &words);
    let snapshot = model.join("snapshots/0a1b");
    doctor(&snapshot).shows(0, &["healthy: "]);
}
