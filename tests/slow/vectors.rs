//! The builder of the vectors, writing into a folder.

use std::fs;

use q4proof::suite::case::VectorFile;
use q4proof::suite::{Suite, build};

#[test]
fn vectors_are_built_into_a_folder_and_none_is_lost() {
    let nobody = |_: &str| Vec::new();
    let folder = tempfile::tempdir().unwrap();
    let built = build::build_into(folder.path(), &nobody).unwrap();
    assert_eq!(built.cases().len(), Suite::embedded().unwrap().cases().len());
    // Over what is there; a case that is added is no loss.
    let again = build::build_into(folder.path(), &nobody).unwrap();
    assert_eq!(again.hash, built.hash);

    // A case that nothing makes any more.
    let path = folder.path().join("save.json");
    let mut file: VectorFile = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let mut lost = file.cases[0].clone();
    lost.id = "save/made-by-nobody".into();
    file.cases.push(lost);
    fs::write(&path, serde_json::to_string_pretty(&file).unwrap() + "\n").unwrap();
    fs::remove_file(folder.path().join("suite.lock")).unwrap();
    let error = build::build_into(folder.path(), &nobody).unwrap_err().to_string();
    let words = "save/made-by-nobody: would be gone: a removed case leaves a tombstone";
    assert_eq!(error, words);
    assert!(fs::read_to_string(&path).unwrap().contains("made-by-nobody"), "nothing was written");
}
