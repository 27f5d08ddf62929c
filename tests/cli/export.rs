//! `export`: what is written is what the command carries, and all of it or nothing.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Bench, command, finished, q4proof};

/// Every file below a folder, by its path in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).expect("it lies within").to_owned());
            }
        }
    }
    found.sort();
    found
}

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance")
}

#[test]
fn what_is_exported_is_what_is_committed_byte_for_byte() {
    let bench = Bench::new();
    let target = bench.text("vendored");
    let exported = q4proof(["export", &target]);
    exported.shows(0, &["SPEC.md", "vectors/suite.lock"]);
    let files = files(&bench.path("vendored"));
    let vectors = fs::read_dir(committed().join("vectors")).expect("a folder").count();
    assert_eq!(files.len(), vectors + 6, "{files:?}");
    assert_eq!(exported.stdout.lines().count(), files.len() + 1, "{exported:#?}");
    for file in &files {
        let licence = file.to_str().is_some_and(|name| name.starts_with("LICENSE"));
        let folder = if licence { committed().join("..") } else { committed() };
        let (written, original) =
            (fs::read(bench.path("vendored").join(file)), fs::read(folder.join(file)));
        assert!(original.expect("committed") == written.expect("written"), "{file:?}");
        let length = fs::metadata(folder.join(file)).expect("a file").len().to_string();
        let named = exported.stdout.lines().find(|line| {
            line.split_whitespace().next() == file.to_str() && line.ends_with(&length)
        });
        assert!(named.is_some(), "{file:?} is not named in {exported:#?}");
    }
    assert!(exported.verdict().starts_with(&format!("{} files in {target}", files.len())));
}

#[test]
fn what_is_exported_can_be_checked_against() {
    let bench = Bench::new();
    let target = bench.text("vendored");
    q4proof(["export", &target]).shows(0, &[]);
    let vectors = bench.text("vendored/vectors");
    let checked = q4proof(["check", "--profile", "save:khq4", "--vectors", &vectors]);
    let carried = q4proof(["check", "--profile", "save:khq4"]);
    checked.shows(0, &[" · suite 1.4.0 · conforms"]);
    assert_eq!(checked.stdout, carried.stdout);
    // The lock comes with them: a vector that is changed is noticed.
    let path = bench.path("vendored/vectors/save.json");
    let changed = fs::read_to_string(&path).expect("a file").replacen("save/", "save/x", 1);
    fs::write(&path, changed).expect("a file");
    let checked = q4proof(["check", "--quick", "--vectors", &vectors]);
    checked.says(2, &["save.json", "is not what suite.lock pins"]);
}

/// Beside the case itself each question of its recipe is a case with its answers.
#[test]
fn the_questions_of_a_recipe_are_written_out() {
    let bench = Bench::new();
    let target = bench.text("vendored");
    let exported = q4proof(["export", &target, "--expand", "decode-q4-1/fault-*"]);
    exported.shows(0, &["expanded/decode-q4-1--fault-anywhere.json"]);
    let text = bench.read("vendored/expanded/decode-q4-1--fault-at-the-end.json");
    let file: serde_json::Value = serde_json::from_str(&text).expect("vectors");
    let cases = file["cases"].as_array().expect("cases");
    assert_eq!(cases[0]["id"], "decode-q4-1/fault-at-the-end");
    assert_eq!(cases[1]["id"], "decode-q4-1/fault-at-the-end-0001");
    assert_eq!(cases[1]["control"], "decode-q4-1/fault-at-the-end");
    assert!(cases.iter().all(|case| case.get("recipe").is_none()));

    let vectors = bench.text("vendored/expanded");
    let check = ["check", "--profile", "decode:q4_1", "--vectors", &vectors];
    let passed = format!("{} passed, 0 failed", cases.len());
    let sound = q4proof([&check[..], &["--filter", "at-the-end"]].concat());
    sound.shows(0, &[&passed, "conforms"]);
    let fault = ["--filter", "at-the-end", "--subject", "planted:ggml-partial-accepted"];
    q4proof([&check[..], &fault].concat()).shows(1, &["does not conform"]);

    let none = q4proof(["export", &bench.text("none"), "--expand", "decode/nibble-00"]);
    none.says(2, &["--expand \"decode/nibble-00\" is the id of no case with a recipe"]);
    assert!(!bench.path("none").exists());
}

#[test]
fn an_empty_folder_is_filled_and_any_other_is_left_alone() {
    let bench = Bench::new();
    fs::create_dir(bench.path("empty")).expect("a folder");
    q4proof(["export", &bench.text("empty")]).shows(0, &[]);
    let again = q4proof(["export", &bench.text("empty")]);
    again.says(2, &[&bench.text("empty"), "is not empty", "expected a directory that is empty"]);

    let file = bench.write("file", "mine").display().to_string();
    q4proof(["export", &file]).says(2, &[&file, "is no directory"]);
    assert_eq!(bench.read("file"), "mine");
    let nowhere = bench.text("no-such-folder/vendored");
    q4proof(["export", &nowhere]).says(2, &[&nowhere, "No such file or directory"]);
}

#[cfg(unix)]
#[test]
fn nothing_is_left_where_it_cannot_be_written() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    fs::create_dir(bench.path("here")).expect("a folder");
    // No file may be longer than a block of 512 bytes.
    let script = format!("ulimit -f 1; exec '{}' export vendored", env!("CARGO_BIN_EXE_q4proof"));
    let mut limited = std::process::Command::new("sh");
    // Ignored, so that the limit is an error and no signal.
    limited.args(["-c", &format!("trap '' XFSZ; {script}")]).current_dir(bench.path("here"));
    finished(&mut limited).says(2, &["vendored/CHANGELOG.md: File too large"]);
    assert_eq!(fs::read_dir(bench.path("here")).expect("a folder").count(), 0);

    let mut named = command();
    finished(named.args(["export", "vendored"]).current_dir(bench.path("here"))).shows(0, &[]);
    let mode =
        |name: &str| fs::metadata(bench.path(name)).expect("it is there").permissions().mode();
    assert_eq!(mode("here/vendored"), mode("here"), "others can read it as any new folder");
}
