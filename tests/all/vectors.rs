//! The vectors themselves: complete, reproducible, in one shape, and proved to catch what they
//! are there for.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use q4proof::suite::case::{Expect, Operation};
use q4proof::suite::{Suite, build};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("conformance/vectors")
}

#[test]
fn there_are_enough_of_each_kind() {
    let suite = Suite::embedded().unwrap();
    let mut counts = BTreeMap::new();
    for case in suite.cases() {
        let refusal = matches!(case.expect, Expect::Refuse(_));
        *counts.entry((case.input.operation(), refusal)).or_insert(0) += 1;
    }
    let count = |operation, refusal| counts.get(&(operation, refusal)).copied().unwrap_or(0);
    assert!(count(Operation::Decode, false) >= 120, "{counts:?}");
    assert!(count(Operation::Encode, false) + count(Operation::Encode, true) >= 250, "{counts:?}");
    assert!(count(Operation::Load, true) >= 200, "{counts:?}");
    assert!(count(Operation::Load, false) >= 50, "{counts:?}");
    assert!(count(Operation::Save, false) >= 20, "{counts:?}");
}

#[test]
fn every_case_expects_what_the_exact_evaluator_derives() {
    let suite = Suite::embedded().unwrap();
    for case in suite.cases() {
        suite.verify(case).unwrap();
    }
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
fn the_command_carries_the_vectors_of_the_folder() {
    let (embedded, folder) = (Suite::embedded().unwrap(), Suite::from_folder(&folder()).unwrap());
    assert_eq!((embedded.version, embedded.hash), (folder.version, folder.hash));
}
