//! A folder of vectors: what its lock pins, what its cases and tombstones account for, and what is broken
//! in it is named, in words that tell where and what was expected.

use std::fs;
use std::path::Path;

use q4proof::suite::case::{Case, Tombstone, VectorFile};
use q4proof::suite::library::{LOCK, Lock, VERSION, read_text, sha256};
use q4proof::suite::{Lawful, Suite};

use crate::embedded;

fn vectors() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/vectors")
}

/// A copy of the committed vectors and their lock.
fn copied() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(vectors()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    folder
}

fn problem(folder: &Path) -> String {
    Suite::from_folder(folder).unwrap_err().to_string()
}

#[test]
fn a_folder_is_read_as_it_is_embedded() {
    let folder = copied();
    let (read, embedded) = (Suite::from_folder(folder.path()).unwrap(), embedded());
    assert_eq!((&read.version, &read.hash), (&embedded.version, &embedded.hash));
    assert_eq!(read.cases(), embedded.cases());
    assert_eq!(read.version, VERSION);
    assert_eq!(read.hash.len(), 12, "short enough to be read out: {}", read.hash);
    // What is no .json file is none of the vectors.
    fs::write(folder.path().join("notes.md"), "of no concern").unwrap();
    assert_eq!(Suite::from_folder(folder.path()).unwrap().hash, read.hash);
    // Without its lock, the same cases are of no version.
    fs::remove_file(folder.path().join(LOCK)).unwrap();
    let unlocked = Suite::from_folder(folder.path()).unwrap();
    assert_eq!((unlocked.version.as_str(), &unlocked.hash), ("unlocked", &read.hash));
}

#[test]
fn the_ids_of_a_suite_are_those_of_its_cases_and_of_its_tombstones() {
    let folder = tempfile::tempdir().unwrap();
    let cases: Vec<Case> =
        embedded().cases().iter().filter(|case| case.control.is_none()).take(2).cloned().collect();
    let there: Vec<String> = cases.iter().map(|case| case.id.clone()).collect();
    let gone = Tombstone { id: "load/gone".into(), reason: "it asked what another asks".into() };
    let file = VectorFile { about: "x".into(), cases, tombstones: vec![gone] };
    fs::write(folder.path().join("x.json"), serde_json::to_string(&file).unwrap()).unwrap();
    let suite = Suite::from_folder(folder.path()).unwrap();
    assert_eq!(suite.ids().collect::<Vec<_>>(), [&there[0], &there[1], "load/gone"]);
    assert!(suite.ids().all(|id| suite.accounts_for(id)) && !suite.accounts_for("load/other"));
}

#[test]
fn the_lock_pins_each_file_and_no_other() {
    let lock = fs::read_to_string(vectors().join(LOCK)).unwrap();
    let lock: Lock = serde_json::from_str(&lock).unwrap();
    let texts: Vec<(String, String)> = lock
        .files
        .keys()
        .map(|name| (name.clone(), fs::read_to_string(vectors().join(name)).unwrap()))
        .collect();
    let made = Lock::of(texts.iter().map(|(name, text)| (name.as_str(), text.as_str()))).unwrap();
    assert_eq!(made, lock);
    assert!(Lock::of([("x.json", "[]")]).unwrap_err().to_string().starts_with("x.json: "));

    let folder = copied();
    let file = folder.path().join("save.json");
    fs::write(&file, fs::read_to_string(&file).unwrap() + "\n").unwrap();
    let words = "is not what suite.lock pins; `q4proof vectors build` makes both anew";
    assert_eq!(problem(folder.path()), format!("{}: {words}", file.display()));

    fs::remove_file(&file).unwrap();
    assert_eq!(problem(folder.path()), "save.json: is in suite.lock, but missing");

    let folder = copied();
    let other = folder.path().join("other.json");
    fs::write(&other, r#"{"about":"","cases":[]}"#).unwrap();
    assert_eq!(problem(folder.path()), format!("{}: is not in suite.lock", other.display()));

    let folder = copied();
    fs::write(folder.path().join(LOCK), "{}").unwrap();
    assert!(problem(folder.path()).starts_with("suite.lock: missing field"));
}

#[test]
fn a_folder_without_cases_is_no_suite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    assert_eq!(problem(folder.path()), format!("{path}: holds no case"));
    fs::write(folder.path().join("empty.json"), r#"{"about":"","cases":[]}"#).unwrap();
    assert_eq!(problem(folder.path()), format!("{path}: holds no case"));
    assert!(problem(Path::new("/nowhere")).starts_with("/nowhere: "));
    fs::create_dir(folder.path().join("folder.json")).unwrap();
    assert!(problem(folder.path()).contains("folder.json: is a directory"));
}

#[test]
fn a_text_is_read_from_a_regular_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text");
    fs::write(&path, "words").unwrap();
    assert_eq!(read_text(&path).unwrap(), "words");
    fs::write(&path, [0xff, 0xfe]).unwrap();
    let error = read_text(&path).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: ", path.display())) && error.contains("UTF-8"));
    assert!(read_text(folder.path()).unwrap_err().to_string().contains("is a directory"));
}

/// FIPS 180-4 has the hash of "abc".
#[test]
fn a_file_is_pinned_by_its_sha256() {
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(sha256(b"abc"), abc);
}

/// The problem of a suite of these cases.
fn problem_of(cases: Vec<Case>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = VectorFile { about: "x".into(), cases, tombstones: Vec::new() };
    fs::write(folder.path().join("x.json"), serde_json::to_string(&file).unwrap()).unwrap();
    problem(folder.path())
}

#[test]
fn a_refusal_has_a_control_of_its_kind_that_must_be_accepted() {
    let case = |id: &str| embedded().get(id).unwrap().clone();
    let refusal = || case("load/trailing-one-byte");
    let control = || case(refusal().control.as_deref().unwrap());
    let id = refusal().id;

    let orphan = Case { control: None, ..refusal() };
    assert_eq!(problem_of(vec![orphan]), format!("{id}: may be refused, and has no control"));
    let missing = format!("{id}: its control {} is missing", control().id);
    assert_eq!(problem_of(vec![refusal()]), missing);

    let decode = case("decode/nibble-00");
    let other = Case { control: Some(decode.id.clone()), ..refusal() };
    let words = "its control decode/nibble-00 asks for another operation";
    assert_eq!(problem_of(vec![other, decode]), format!("{id}: {words}"));

    let second = case("load/trailing-19-bytes");
    let circular = Case { control: Some(second.id.clone()), ..refusal() };
    let words = format!("{id}: its control {} may itself be refused", second.id);
    assert_eq!(problem_of(vec![circular, second, control()]), words);

    // What may be accepted or refused needs one as well, and is none.
    let either = case("load/negative-scale-first");
    assert!(matches!(either.expect, Lawful::OneOf(_)));
    let orphan = Case { control: None, ..either.clone() };
    let words = format!("{}: may be refused, and has no control", either.id);
    assert_eq!(problem_of(vec![orphan]), words);

    let twice = problem_of(vec![control(), control()]);
    assert!(twice.ends_with(&format!("the id {} stands twice", control().id)), "{twice}");
}

#[test]
fn cases_are_found_by_their_ids() {
    let suite = embedded();
    for case in suite.cases() {
        assert_eq!(suite.get(&case.id).map(|found| &found.id), Some(&case.id));
    }
    assert!(suite.get("load/nothing-of-the-kind").is_none());
    let refusal = suite.get("load/trailing-one-byte").unwrap();
    assert_eq!(suite.control(refusal).map(|control| &control.id), refusal.control.as_ref());
    assert!(suite.control(suite.get("decode/nibble-00").unwrap()).is_none());
}
