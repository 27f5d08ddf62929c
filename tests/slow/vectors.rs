//! The builder of the vectors, writing into a folder.

use std::fs;
use std::path::Path;

use q4proof::suite::case::{Tombstone, VectorFile};
use q4proof::suite::{Suite, build};

fn nobody(_: &str) -> Vec<String> {
    Vec::new()
}

/// Writes `save.json` anew, as it was in `text` but for a change, and takes the lock away, which would
/// refuse it.
fn write_changed(folder: &Path, text: &str, change: fn(&mut VectorFile)) {
    let mut file: VectorFile = serde_json::from_str(text).unwrap();
    change(&mut file);
    let text = serde_json::to_string_pretty(&file).unwrap() + "\n";
    fs::write(folder.join("save.json"), text).unwrap();
    fs::remove_file(folder.join("suite.lock")).ok();
}

#[test]
fn vectors_are_built_into_a_folder_and_no_id_is_lost_or_asks_something_else() {
    let folder = tempfile::tempdir().unwrap();
    let built = build::build_into(folder.path(), &nobody).unwrap();
    assert_eq!(built.cases().len(), Suite::embedded().unwrap().cases().len());
    let save = || fs::read_to_string(folder.path().join("save.json")).unwrap();
    let sound = save();
    // Over what is there; where a case asks the same in other words, its words are made anew.
    write_changed(folder.path(), &sound, |file| file.cases[0].note = "other words".into());
    let again = build::build_into(folder.path(), &nobody).unwrap();
    assert_eq!(again.hash, built.hash);

    type Mistake = fn(&mut VectorFile);
    let gone = "would be gone: a removed case leaves a tombstone";
    let mistakes: [(Mistake, &str, &str); 4] = [
        (
            |file| {
                let mut lost = file.cases[0].clone();
                lost.id = "save/made-by-nobody".into();
                file.cases.push(lost);
            },
            "save/made-by-nobody",
            gone,
        ),
        (
            |file| {
                let tombstone = Tombstone { id: "save/once".into(), reason: "x".into() };
                file.tombstones.push(tombstone);
            },
            "save/once",
            gone,
        ),
        (
            |file| file.cases[0].question = file.cases[1].question.clone(),
            "save/0d",
            "would ask something else: that takes another id",
        ),
        (
            |file| {
                let refusal = file.cases.iter_mut().find(|case| case.control.is_some()).unwrap();
                refusal.control = Some("save/1d-32".into());
            },
            "save/scale-negative",
            "would ask something else: that takes another id",
        ),
    ];
    for (mistake, id, problem) in mistakes {
        write_changed(folder.path(), &sound, mistake);
        let before = save();
        let error = build::build_into(folder.path(), &nobody).unwrap_err().to_string();
        assert_eq!(error, format!("{id}: {problem}"));
        assert!(save() == before, "nothing was written");
    }
}
