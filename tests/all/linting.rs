//! The linter and the builder of the vectors: each mistake that they are there for is named, and
//! nothing else is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use q4proof::format::Class;
use q4proof::suite::case::{Change, DirectoryEntry, Edit, File, Tier, Tombstone, VectorFile};
use q4proof::suite::hex::Bytes;
use q4proof::suite::lawful::Behaviour;
use q4proof::suite::lint::{Known, lint};
use q4proof::suite::question::{Load, ReadIndex};
use q4proof::suite::{Feature, Lawful, Question, Suite};

/// What a case must hold, broken in one place. The file is `load-size.json`, beside its controls.
type Mistake = fn(&mut VectorFile);

fn nothing(_: &mut VectorFile) {}

/// The sentences of the linter on a folder of two files: the accepted files, and refusals whose
/// file was changed by `mistake`.
fn linted(mistake: Mistake, relayout: fn(String) -> String) -> Result<Vec<String>, String> {
    let folder = tempfile::tempdir().unwrap();
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/vectors");
    fs::copy(vectors.join("load-accept.json"), folder.path().join("load-accept.json")).unwrap();
    let text = fs::read_to_string(vectors.join("load-size.json")).unwrap();
    let mut file: VectorFile = serde_json::from_str(&text).unwrap();
    let recorded = file.cases.last().unwrap().id.clone();
    mistake(&mut file);
    let text = serde_json::to_string_pretty(&file).unwrap() + "\n";
    fs::write(folder.path().join("load-size.json"), relayout(text)).unwrap();
    problems_in(folder.path(), &[&recorded])
}

/// The sentences of the linter on a folder without a lock.
fn problems_in(folder: &Path, recorded: &[&str]) -> Result<Vec<String>, String> {
    let suite = Suite::from_folder(folder).map_err(|error| error.to_string())?;
    let names: Vec<String> =
        suite.cases().iter().flat_map(|case| case.discriminates.clone()).collect();
    let known = Known {
        clauses: suite
            .cases()
            .iter()
            .map(|case| case.clause.as_str())
            .filter(|clause| *clause != "KHQ4-H99")
            .collect(),
        faults: names.iter().map(String::as_str).filter(|name| *name != "no-fault").collect(),
        recorded: recorded.iter().copied().collect(),
        is_class: &|class| class != 78,
    };
    let problems = lint(folder, &known).map_err(|error| error.to_string())?;
    // The lock is missing in all of these folders.
    let (missing, others): (Vec<_>, Vec<_>) =
        problems.into_iter().partition(|problem| problem.starts_with("suite.lock is missing"));
    assert_eq!(missing.len(), 1);
    Ok(others)
}

fn problem_of(mistake: Mistake) -> String {
    let problems = linted(mistake, |text| text).unwrap();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].clone()
}

#[test]
fn sound_vectors_have_no_problem() {
    assert_eq!(linted(nothing, |text| text).unwrap(), Vec::<String>::new());
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/vectors");
    let suite = crate::embedded();
    let faults: BTreeSet<&str> = suite
        .cases()
        .iter()
        .flat_map(|case| case.discriminates.iter().map(String::as_str))
        .collect();
    let clauses = suite.cases().iter().map(|case| case.clause.as_str()).collect();
    let recorded = suite.ids().collect();
    let known = Known { clauses, faults, recorded, is_class: &|_| true };
    assert_eq!(lint(&vectors, &known).unwrap(), Vec::<String>::new());
}

#[test]
fn a_layout_of_ones_own_is_named() {
    let problems = linted(nothing, |text| text + "\n").unwrap();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0]
            .ends_with("load-size.json: is not in the one layout that `vectors build` writes")
    );
}

#[test]
fn each_mistake_of_a_case_is_named() {
    fn edits(file: &mut VectorFile) -> &mut Vec<Edit> {
        let Question::Load(Load { path: File::Patch(edits), .. }) = &mut file.cases[0].question
        else {
            panic!("the first case is a patch")
        };
        edits
    }
    let first = {
        let text = include_str!("../../conformance/vectors/load-size.json");
        serde_json::from_str::<VectorFile>(text).unwrap().cases[0].id.clone()
    };
    let mistakes: [(Mistake, &str); 7] = [
        (|file| file.cases[0].clause = "KHQ4-H99".into(), "KHQ4-H99 is no clause of SPEC.md"),
        (|file| file.cases[0].class = Some(78), "there is no class 78"),
        (|file| file.cases[0].note = " ".into(), "has no note"),
        (|file| file.cases[0].source.derivation = "\n".into(), "has no derivation"),
        (
            |file| file.cases[0].discriminates.push("no-fault".into()),
            "discriminates no-fault, which is no planted fault",
        ),
        (
            |file| edits(file).iter_mut().for_each(|edit| edit.repair = true),
            "has no edit that is a fault",
        ),
        (
            |file| {
                file.tombstones =
                    vec![Tombstone { id: file.cases[0].id.clone(), reason: "gone".into() }];
            },
            "is removed and present",
        ),
    ];
    for (mistake, sentence) in mistakes {
        assert_eq!(problem_of(mistake), format!("{first}: {sentence}"));
    }
}

#[test]
fn a_required_feature_is_one_of_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let text = include_str!("../../conformance/vectors/decode-q4-1.json");
    let mut file: VectorFile = serde_json::from_str(text).unwrap();
    file.cases[0].requires = vec![Feature::ToF16];
    let text = serde_json::to_string_pretty(&file).unwrap() + "\n";
    fs::write(folder.path().join("decode-q4-1.json"), text).unwrap();
    let expected = format!("{}: requires to-f16:q4_1, which is no feature", file.cases[0].id);
    assert_eq!(problems_in(folder.path(), &[]).unwrap(), [expected]);
}

#[test]
fn a_case_on_record_does_not_vanish_without_a_tombstone() {
    let text = include_str!("../../conformance/vectors/load-size.json");
    let last = serde_json::from_str::<VectorFile>(text).unwrap().cases.pop().unwrap().id;
    let gone: Mistake = |file| drop(file.cases.pop());
    assert_eq!(problem_of(gone), format!("{last}: is gone, and has no tombstone"));
    let buried: Mistake = |file| {
        let id = file.cases.pop().unwrap().id;
        file.tombstones.push(Tombstone { id, reason: "it asked what another asks".into() });
    };
    assert_eq!(linted(buried, |text| text).unwrap(), Vec::<String>::new());
}

#[test]
fn an_id_is_a_slug_of_its_operation() {
    let mistakes: [(Mistake, bool); 6] = [
        (|file| file.cases[0].id = "load/words-and-2-digits".into(), true),
        (|file| file.cases[0].id = "save/of-another-operation".into(), false),
        (|file| file.cases[0].id = "load/".into(), false),
        (|file| file.cases[0].id = "load/With-Capitals".into(), false),
        (|file| file.cases[0].id = "load/under_score".into(), false),
        (|file| file.cases[0].id = "load".into(), false),
    ];
    for (mistake, sound) in mistakes {
        let problems = linted(mistake, |text| text).unwrap();
        match &problems[..] {
            [] => assert!(sound),
            [problem] => {
                assert!(!sound, "{problem}");
                assert!(
                    problem.ends_with("the id is no slug `load/words-and-digits`"),
                    "{problem}"
                );
            }
            _ => panic!("{problems:?}"),
        }
    }
}

/// A behaviour that is named twice, or not at all, can't be told from another; the evaluator says
/// so as well, since it names its own.
#[test]
fn behaviours_have_names_of_their_own() {
    fn second_name(file: &mut VectorFile, name: &str) {
        let refuse = |name: &str| Behaviour::refuses(name, Class::Overflow);
        file.cases[0].expect = Lawful::OneOf(vec![refuse("one"), refuse(name)]);
    }
    let mistakes: [(Mistake, &str); 2] = [
        (|file| second_name(file, "one"), "names a behaviour twice"),
        (|file| second_name(file, ""), "has a behaviour without a name"),
    ];
    for (mistake, sentence) in mistakes {
        let problems = linted(mistake, |text| text).unwrap();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].contains("but the exact evaluator says"), "{problems:?}");
        assert!(problems[1].ends_with(sentence), "{problems:?}");
    }
}

#[test]
fn a_refusal_differs_from_its_control_and_binds_no_more_than_it() {
    let control_binds_less: Mistake = |file| {
        let refusal = file.cases.iter_mut().find(|case| case.tier == Tier::Must).unwrap();
        let mut control = refusal.clone();
        control.id = "load/control".into();
        control.tier = Tier::Should;
        control.control = None;
        let text = include_str!("../../conformance/vectors/load-accept.json");
        let accepted: VectorFile = serde_json::from_str(text).unwrap();
        let old = accepted.cases.iter().find(|case| Some(&case.id) == refusal.control.as_ref());
        let old = old.unwrap();
        (control.question, control.expect) = (old.question.clone(), old.expect.clone());
        refusal.control = Some(control.id.clone());
        file.cases.push(control);
    };
    let problem = problem_of(control_binds_less);
    assert!(problem.ends_with("its control load/control binds less than it does"), "{problem}");

    // The same question cannot be refused and accepted: the evaluator objects too.
    let asks_the_same: Mistake = |file| {
        let text = include_str!("../../conformance/vectors/load-accept.json");
        let accepted: VectorFile = serde_json::from_str(text).unwrap();
        let refusal = &mut file.cases[0];
        let old = accepted.cases.iter().find(|case| Some(&case.id) == refusal.control.as_ref());
        refusal.question = old.unwrap().question.clone();
    };
    let problems = linted(asks_the_same, |text| text).unwrap();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[1].ends_with("asks what its control asks"), "{problems:?}");

    let no_class: Mistake = |file| {
        let refusal = file.cases.iter_mut().find(|case| matches!(case.expect, Lawful::Refuse(_)));
        refusal.unwrap().expect = Lawful::refuse([]);
    };
    let problems = linted(no_class, |text| text).unwrap();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[1].ends_with("refuses with no class"), "{problems:?}");
}

#[test]
fn a_refused_directory_differs_from_its_control_in_one_entry() {
    let folder = tempfile::tempdir().unwrap();
    let text = include_str!("../../conformance/vectors/read-index.json");
    let mut file: VectorFile = serde_json::from_str(text).unwrap();
    let problems = |file: &VectorFile| {
        let text = serde_json::to_string_pretty(file).unwrap() + "\n";
        fs::write(folder.path().join("read-index.json"), text).unwrap();
        problems_in(folder.path(), &[]).unwrap()
    };
    assert_eq!(problems(&file), Vec::<String>::new());

    let dangling = "read-index/dangling-symlink";
    let case = file.cases.iter_mut().find(|case| case.id == dangling).unwrap();
    let Question::ReadIndex(ReadIndex { path: File::Directory(entries), .. }) = &mut case.question
    else {
        panic!("{dangling} asks no directory")
    };
    let beside = DirectoryEntry { path: "beside.json".into(), ..entries[0].clone() };
    entries.push(beside);
    let sentence = "differs in 2 entries from its control's directory";
    assert_eq!(problems(&file), [format!("{dangling}: {sentence}")]);
}

/// The evaluator refuses an edit that changes nothing; the linter says which kind it is.
#[test]
fn an_edit_of_no_bytes_is_named() {
    fn push(file: &mut VectorFile, change: Change) {
        let Question::Load(Load { path: File::Patch(edits), .. }) = &mut file.cases[0].question
        else {
            panic!("the first case is a patch")
        };
        edits.push(Edit { field: "nothing".into(), repair: true, change });
    }
    let mistakes: [Mistake; 4] = [
        |file| push(file, Change::Overwrite { offset: 0, bytes: Bytes::default() }),
        |file| push(file, Change::Insert { offset: 0, bytes: Bytes::default() }),
        |file| push(file, Change::Append { bytes: Bytes::default() }),
        |file| push(file, Change::Remove { offset: 0, count: 0 }),
    ];
    for mistake in mistakes {
        let problems = linted(mistake, |text| text).unwrap();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].ends_with("the edit of nothing changes nothing"), "{problems:?}");
        assert!(problems[1].ends_with("has an edit of no bytes"), "{problems:?}");
    }
    // Bytes are there, whatever they change.
    let problems = linted(
        |file| push(file, Change::Overwrite { offset: 0, bytes: Bytes(b"KHQ4".to_vec()) }),
        |text| text,
    );
    assert_eq!(problems.unwrap().len(), 1);
}

#[test]
fn a_required_shape_is_a_fault_without_an_edit() {
    let mistake: Mistake = |file| {
        let Question::Load(Load { path: File::Patch(edits), expected_shape, .. }) =
            &mut file.cases[0].question
        else {
            panic!("the first case is a patch")
        };
        edits.iter_mut().for_each(|edit| edit.repair = true);
        *expected_shape = Some(vec![7, 7, 7]);
    };
    let problems = linted(mistake, |text| text).unwrap();
    assert!(!problems.iter().any(|problem| problem.contains("no edit")), "{problems:?}");
}
