//! The vectors against the planted faults: each fault is caught, and where one is not that is said.

use std::fs;

use q4proof::run::selftest::{KillMatrix, selftest};
use q4proof::suite::Suite;
use q4proof::suite::case::{Case, VectorFile};

/// The small cases; the command's `selftest` asks all.
#[test]
fn the_planted_faults_are_caught() {
    let embedded = Suite::embedded().unwrap();
    let small = |case: &&Case| case.recipe.is_none();
    let cases = embedded.cases().iter().filter(small).cloned().collect();
    let file = VectorFile { about: "small".into(), cases, tombstones: Vec::new() };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("small.json"), serde_json::to_string(&file).unwrap()).unwrap();
    let suite = Suite::from_folder(folder.path()).unwrap();
    let matrix = selftest(&suite, &mut |_| {}).unwrap();
    // Only recipes ask for paths of every kind, and for every number, size and place.
    let others = |problem: &&String| {
        let of_recipes = ["path-percent-decoded is caught by 0 ", "the family "];
        !of_recipes.iter().any(|start| problem.starts_with(start))
    };
    assert_eq!(matrix.problems.iter().find(others), None);
    assert!(matrix.faults.len() >= 351, "{} faults", matrix.faults.len());
    let sound: Vec<&str> = matrix.sound.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(sound, ["the reference", "the sound planted subject"]);
    let liars: Vec<&str> = matrix.liars.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(liars, ["refuse-all", "accept-all", "unsupported-all", "canned"]);
    // Files are limited in a process of its own only.
    let asked = suite.cases().iter().filter(|case| case.limits.is_none()).count();
    for liar in &matrix.liars {
        assert_eq!(liar.totals.asked(), asked, "{} was asked all", liar.name);
    }
    // The matrix is the same when it was written and read.
    let text = serde_json::to_string(&matrix).unwrap();
    assert_eq!(serde_json::from_str::<KillMatrix>(&text).unwrap(), matrix);
}

/// Suites that lack what they are to have: what the planted faults show of them reaches the rules.
#[test]
fn a_suite_that_shows_too_little_is_told_so() {
    let embedded = Suite::embedded().unwrap();
    let case = |id: &str| embedded.get(id).unwrap().clone();
    let problems = |cases: Vec<Case>| {
        let folder = tempfile::tempdir().unwrap();
        let file = VectorFile { about: "x".into(), cases, tombstones: Vec::new() };
        fs::write(folder.path().join("x.json"), serde_json::to_string(&file).unwrap()).unwrap();
        let suite = Suite::from_folder(folder.path()).unwrap();
        selftest(&suite, &mut |_| {}).unwrap().problems
    };
    let holds = |problems: &[String], sentence: &str| {
        assert!(problems.iter().any(|problem| problem == sentence), "{sentence}: {problems:#?}");
    };

    // One case that a subject without a look at it passes, and that says too much.
    let claims = ["no-fault", "nan-in-fold"].map(String::from).to_vec();
    let alone = problems(vec![Case { discriminates: claims, ..case("decode/nibble-08") }]);
    holds(&alone, "accept-all conforms");
    holds(&alone, "signed-nibbles is caught by 1 cases, fewer than 2");
    holds(&alone, "nan-in-fold is caught by 0 cases, fewer than 2");
    holds(&alone, "decode/nibble-08 discriminates no-fault, which is no fault");
    holds(&alone, "decode/nibble-08 does not catch nan-in-fold, as it says");

    // What was right once, and nothing else.
    let canned = case("encode/example-5-6-7");
    holds(&problems(vec![canned]), "canned conforms");

    // Cases that catch a fault of another class, and one that no fault fails.
    let nibbles = ["decode/nibble-08", "decode/nibble-09"];
    let other = |id| Case { class: Some(1), ..case(id) };
    let plain = Case {
        id: "name-tensors/plain".into(),
        question: serde_json::from_str(
            r#"{"op":"name_tensors","format":"khq4","tensors":[{"name":"x","rank":1}]}"#,
        )
        .unwrap(),
        expect: serde_json::from_str(r#"{"one":{"files":["x.f16"]}}"#).unwrap(),
        ..case("decode/nibble-08")
    };
    let several = problems([other(nibbles[0]), other(nibbles[1]), plain].to_vec());
    holds(&several, "signed-nibbles is caught by no case of its class 41");
    holds(&several, "name-tensors/plain catches no fault");
}
