//! What the builders make is what is committed.

use std::fs;

use q4proof::suite::build;
use q4proof::suite::case::{Case, VectorFile};
use q4proof::suite::library::LOCK;

use crate::embedded;
use crate::vectors::folder;

#[test]
fn building_gives_the_committed_bytes() {
    let suite = embedded();
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
    assert_eq!((names.len(), names.last()), (24, Some(&LOCK)));
    for (name, text) in &files[..23] {
        let file: VectorFile = serde_json::from_str(text).unwrap();
        let agreed = |case: &Case| case.source.agreed == ["somebody"];
        assert!(!file.cases.is_empty() && file.cases.iter().all(agreed), "{name}");
    }
}
