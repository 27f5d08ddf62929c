//! Families of faults with a parameter: what few cases reach of them, and the rules for what is missed.

use std::collections::BTreeSet;
use std::fs;

use q4proof::run::selftest::{FamilyRow, families};
use q4proof::suite::Suite;
use q4proof::suite::case::{Case, VectorFile};

use crate::embedded;

fn suite(cases: Vec<Case>) -> Suite {
    let folder = tempfile::tempdir().unwrap();
    let file = VectorFile { about: "x".into(), cases, tombstones: Vec::new() };
    fs::write(folder.path().join("x.json"), serde_json::to_string(&file).unwrap()).unwrap();
    Suite::from_folder(folder.path()).unwrap()
}

/// The families over the cases of these ids.
fn over(ids: &[&str]) -> Vec<FamilyRow> {
    let cases = ids.iter().map(|id| embedded().get(id).unwrap_or_else(|| panic!("{id}")).clone());
    families(&suite(cases.collect()), &mut |_| {}).unwrap()
}

fn row<'a>(rows: &'a [FamilyRow], name: &str, operation: &str) -> &'a FamilyRow {
    rows.iter().find(|row| row.name == name && row.operation == operation).expect("a family")
}

/// The members that were not missed, of a family whose members are these.
fn not_missed(row: &FamilyRow, all: impl Iterator<Item = u64>) -> Vec<String> {
    let missed: BTreeSet<&str> = row.missed.iter().map(String::as_str).collect();
    all.map(|member| member.to_string())
        .filter(|member| !missed.contains(member.as_str()))
        .collect()
}

/// One block with 5 values: a tail of 5, and a block behind the first 0.
#[test]
fn a_case_catches_the_members_that_its_values_show() {
    let rows = over(&["decode/tail-05"]);
    let tail = row(&rows, "tail-of", "decode:khq4");
    assert_eq!(not_missed(tail, 1..32), ["5"]);
    assert_eq!((tail.members, tail.reached, tail.caught, tail.questions), (31, 1, 1, 1));
    let behind = row(&rows, "block-behind", "decode:khq4");
    assert_eq!(not_missed(behind, 0..3), ["0"]);
    assert_eq!((behind.reached, behind.caught), (1, 1));
    // Nothing is known of what no case is about.
    let codes = row(&rows, "codes-at", "decode:q4_1");
    assert_eq!((codes.members, codes.reached, codes.caught), (16 * 256, 0, 0));
}

/// A file of version 2 whose version is another number: the reader that takes that one is caught, no other.
#[test]
fn a_version_is_caught_by_a_file_that_has_it() {
    let rows = over(&["load/accept-1d-32", "load/version-3"]);
    let version = row(&rows, "version", "load:khq4");
    assert_eq!(not_missed(version, (0..256).filter(|&version| version != 2)), ["3"]);
}

#[test]
fn what_is_missed_is_said() {
    let rows = over(&["decode/tail-05"]);
    let problems = row(&rows, "tail-of", "decode:khq4").problems();
    let of = "the family tail-of of decode:khq4";
    assert!(
        problems.contains(&format!("{of}: 30 of 31 members are missed, such as 1")),
        "{problems:?}"
    );
    assert!(
        problems.contains(&format!("{of} is caught by 1 questions, fewer than 2")),
        "{problems:?}"
    );
    let caught = FamilyRow {
        missed: Vec::new(),
        questions: 2,
        of_its_class: true,
        ..row(&rows, "tail-of", "decode:khq4").clone()
    };
    assert_eq!(caught.problems(), Vec::<String>::new());
    let of_another = FamilyRow { of_its_class: false, ..caught };
    assert_eq!(of_another.problems(), [format!("{of} is caught by no case of its class 35")]);
}

/// -128 is no code that Q8_0 stores: the excuse is for the 32 places of a block.
#[test]
fn what_nothing_can_show_is_excused_with_its_reason() {
    let rows = over(&["encode-q8-0/ramp"]);
    let codes = row(&rows, "codes-at", "encode:q8_0");
    assert_eq!(codes.excuses, [(32, "no value is encoded as -128".to_owned())]);
    assert_eq!(codes.excused(), 32);
    assert_eq!(codes.members, 32 * 256);
    assert_eq!(codes.caught + codes.excused() + codes.missed.len(), codes.members);
    assert!(!codes.missed.contains(&"80 in byte 0".to_owned()));
    let for_nothing = FamilyRow { excuses: vec![(0, "a reason".into())], ..codes.clone() };
    let words = "the family codes-at of encode:q8_0 has an excuse for no member: a reason";
    assert!(for_nothing.problems().contains(&words.to_owned()));
    assert!(!codes.problems().contains(&words.to_owned()));
}
