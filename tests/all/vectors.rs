//! The vectors themselves: complete, reproducible, in one shape, and proved to catch what they
//! are there for.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use q4proof::suite::library::embedded_files;
use q4proof::suite::{FormatId, Lawful, Operation, Suite, Verb};

use crate::embedded;

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("conformance/vectors")
}

#[test]
fn there_are_enough_of_each_kind() {
    let suite = embedded();
    let mut counts = BTreeMap::new();
    for case in suite.cases() {
        let refusal = matches!(case.expect, Lawful::Refuse(_));
        *counts.entry((case.question.operation(), refusal)).or_insert(0) += 1;
    }
    let count = |verb, refusal| {
        let operation = Operation::new(verb, FormatId::KHQ4);
        counts.get(&(operation, refusal)).copied().unwrap_or(0)
    };
    assert!(count(Verb::Decode, false) >= 120, "{counts:?}");
    assert!(count(Verb::Encode, false) + count(Verb::Encode, true) >= 250, "{counts:?}");
    assert!(count(Verb::Load, true) >= 200, "{counts:?}");
    assert!(count(Verb::Load, false) >= 50, "{counts:?}");
    assert!(count(Verb::Save, false) >= 20, "{counts:?}");
}

#[test]
fn every_case_expects_what_the_exact_evaluator_says() {
    let suite = embedded();
    for case in suite.cases() {
        suite.verify(case).unwrap();
    }
}

#[test]
fn the_command_carries_the_vectors_of_the_folder() {
    let (embedded, folder) = (embedded(), Suite::from_folder(&folder()).unwrap());
    assert_eq!((&embedded.version, &embedded.hash), (&folder.version, &folder.hash));
}

#[test]
fn what_is_exported_is_each_file_of_the_folder() {
    let carried: BTreeMap<String, String> =
        embedded_files().map(|(name, text)| (name.into(), text.into())).collect();
    let there: BTreeMap<String, String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().into(), path))
        .map(|(name, path)| (name, fs::read_to_string(path).unwrap()))
        .collect();
    assert!(there.len() > 20 && carried == there, "{:?} {:?}", carried.keys(), there.keys());
}

/// The published schema, compiled.
fn schema() -> jsonschema::Validator {
    let path = folder().join("../schema/vectors.schema.json");
    let schema = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn vector_file(name: &str) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(folder().join(name)).unwrap()).unwrap()
}

#[test]
fn the_schema_describes_every_file() {
    let schema = schema();
    let mut files = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if let Err(error) = schema.validate(&vector_file(&name)) {
                panic!("{name}: {error}");
            }
            files += 1;
        }
    }
    assert_eq!(files, 37);
}

#[test]
fn the_schema_and_the_types_refuse_the_same_mistakes() {
    let schema = schema();
    type Mistake = fn(&mut serde_json::Value);
    let mistakes: [(&str, Mistake); 8] = [
        ("an unknown field", |case| case["colour"] = "red".into()),
        ("no expectation", |case| drop(case.as_object_mut().unwrap().remove("expect"))),
        ("an unknown expectation", |case| case["expect"] = serde_json::json!({"acceptable": {}})),
        ("an unknown tier", |case| case["tier"] = "may".into()),
        ("half a byte", |case| case["question"]["blocks"] = "0a0".into()),
        ("an unknown format", |case| case["question"]["format"] = "q3_k".into()),
        ("an unknown argument", |case| case["question"]["colour"] = "red".into()),
        ("an unknown feature", |case| case["requires"] = serde_json::json!(["width-16"])),
    ];
    for (name, mistake) in mistakes {
        let mut file = vector_file("decode.json");
        mistake(&mut file["cases"][0]);
        assert!(!schema.is_valid(&file), "the schema takes {name}");
        let parsed = serde_json::from_value::<q4proof::suite::case::VectorFile>(file);
        assert!(parsed.is_err(), "the types take {name}");
    }
}

#[test]
fn each_wrong_evaluation_is_told_apart_by_three_inputs() {
    let suite = embedded();
    for evaluation in [
        "round-half-even",
        "truncate-half-up",
        "round-half-toward-zero",
        "divide-not-reciprocal",
        "f16-scale-for-nibbles",
        "f16-bias-for-nibbles",
        "multiply-by-reciprocal-of-parts",
        "inverse-from-span",
        "distributed-product",
        "double-evaluation",
        "truncating-nibble",
        "bf16-source",
        "symmetric-bias-from-stored-scale",
        "padded-tail-range",
        "tiny-range-scale-zero",
        "rows-not-flat",
    ] {
        let tells =
            |case: &&q4proof::suite::Case| case.discriminates.iter().any(|name| name == evaluation);
        let count = suite.cases().iter().filter(tells).count();
        assert!(count >= 3, "{evaluation} is told apart by {count} cases");
    }
}

/// The changelog tells of the version that there is: its cases by family, and that they are what the
/// version before had, what was added and what was not removed.
#[test]
fn the_changelog_tells_of_this_version() {
    let text = fs::read_to_string(folder().join("../CHANGELOG.md")).unwrap();
    let sections: Vec<&str> = text.split("\n## ").skip(1).collect();
    let newest = sections[0];
    assert!(newest.starts_with(&format!("{} (", embedded().version)), "{newest}");
    let mut counts = BTreeMap::from([("total".to_owned(), embedded().cases().len())]);
    for case in embedded().cases() {
        *counts.entry(case.id.split('/').next().unwrap().to_owned()).or_insert(0) += 1;
    }
    let rows = rows(newest);
    let told: BTreeMap<String, usize> =
        rows.iter().map(|(family, numbers)| (family.clone(), numbers[0])).collect();
    assert_eq!(told, counts);
    for pair in sections.windows(2) {
        let before = self::rows(pair[1]);
        for (family, numbers) in self::rows(pair[0]) {
            let [now, added, removed, _changed] = numbers[..] else { panic!("{family}") };
            let then = before.get(&family).map_or(0, |numbers| numbers[0]);
            assert_eq!(then + added - removed, now, "{family} of {}", &pair[0][..5]);
        }
    }
}

/// The numbers of a table's rows, by what the row begins with.
fn rows(section: &str) -> BTreeMap<String, Vec<usize>> {
    let cells = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let row = |cells: &str| {
        let mut cells = cells.split(" | ");
        let first = cells.next()?.to_owned();
        let numbers = cells.map(|cell| cell.parse().ok()).collect::<Option<_>>()?;
        Some((first, numbers))
    };
    cells.filter_map(row).collect()
}
