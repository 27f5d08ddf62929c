//! What the builders make is what is committed.

use std::fs;
use std::path::{Path, PathBuf};

use q4proof::suite::case::{Case, VectorFile};
use q4proof::suite::library::LOCK;
use q4proof::suite::{Suite, build};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/vectors")
}

#[test]
fn building_gives_the_committed_bytes() {
    let suite = Suite::embedded().unwrap();
    let agreed =
        |id: &str| suite.get(id).map(|case| case.source.agreed.clone()).unwrap_or_default();
    for (name, text) in build::build(&agreed).unwrap() {
        let committed = fs::read_to_string(folder().join(name)).unwrap();
        assert!(committed == text, "{name} is not what `q4proof vectors build` makes");
    }
}

#[test]
fn builders_make_each_file_once_and_the_lock_last() {
    let files = build::build(&|_| vec!["somebody".into()]).unwrap();
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    assert_eq!((names.len(), names.last()), (26, Some(&LOCK)));
    for (name, text) in &files[..25] {
        let file: VectorFile = serde_json::from_str(text).unwrap();
        let agreed = |case: &Case| case.source.agreed == ["somebody"];
        assert!(!file.cases.is_empty() && file.cases.iter().all(agreed), "{name}");
    }
}
