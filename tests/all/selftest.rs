//! The rules of the selftest: a kill matrix that breaks one is told so, by that rule and no other.

use std::fs;

use q4proof::run::Totals;
use q4proof::run::selftest::family as families;
use q4proof::run::selftest::rules::{UNKILLED, broken};
use q4proof::run::selftest::{ClauseRow, KillMatrix, LiarRow, Row, SoundRow};
use q4proof::subject::planted::Fault;
use q4proof::suite::Suite;
use q4proof::suite::case::{Case, Tier, VectorFile};

use crate::embedded;

/// A suite of forty cases of tier must, the first of which says that it discriminates a fault.
fn forty() -> Suite {
    let mut cases: Vec<Case> = embedded().cases().iter().filter(plain).take(40).cloned().collect();
    cases[0].discriminates = vec!["one-bug".into()];
    suite(cases)
}

/// A case of tier must that stands alone.
fn plain(case: &&Case) -> bool {
    case.id.starts_with("decode/") && case.tier == Tier::Must && case.control.is_none()
}

fn suite(cases: Vec<Case>) -> Suite {
    let folder = tempfile::tempdir().unwrap();
    let file = VectorFile { about: "x".into(), cases, tombstones: Vec::new() };
    fs::write(folder.path().join("x.json"), serde_json::to_string(&file).unwrap()).unwrap();
    Suite::from_folder(folder.path()).unwrap()
}

fn row(name: &str, killed_by: Vec<String>, of_its_class: usize) -> Row {
    let about = "Does something wrong.".to_owned();
    Row { name: name.into(), class: 42, about, killed_by, of_its_class, hidden_by_the_bound: false }
}

fn liar(name: &str, passed: usize, failed: usize) -> LiarRow {
    let totals = Totals { passed, failed, ..Totals::default() };
    LiarRow { name: name.into(), about: "Does not look.".into(), totals }
}

/// Members as they are to be: two faults that all cases catch, and liars that are not believed.
struct Members {
    sound: Vec<SoundRow>,
    faults: Vec<Row>,
    liars: Vec<LiarRow>,
}

impl Members {
    fn of(suite: &Suite) -> Self {
        let ids = || suite.cases().iter().map(|case| case.id.clone()).collect();
        Self {
            sound: vec![SoundRow { name: "the reference".into(), not_passed: Vec::new() }],
            faults: vec![row("one-bug", ids(), 3), row("another-bug", ids(), 1)],
            liars: vec![
                liar("refuse-all", 0, 40),
                liar("accept-all", 39, 1),
                liar("unsupported-all", 0, 40),
                liar("canned", 1, 39),
            ],
        }
    }

    fn matrix(self, suite: &Suite) -> KillMatrix {
        KillMatrix::new(suite, self.sound, self.faults, Vec::new(), self.liars)
    }
}

/// What is said of the members when `change` was made to them.
fn said(change: impl FnOnce(&mut Members)) -> Vec<String> {
    let suite = forty();
    let mut members = Members::of(&suite);
    change(&mut members);
    broken(&suite, &members.matrix(&suite), &[])
}

#[test]
fn nothing_is_said_of_members_as_they_are_to_be() {
    assert_eq!(said(|_| {}), Vec::<String>::new());
}

#[test]
fn the_sound_pass_everything() {
    let words = said(|members| {
        members.sound[0].not_passed = vec!["decode/a".into(), "decode/b".into()];
    });
    let expected = ["the reference does not pass decode/a", "the reference does not pass decode/b"];
    assert_eq!(words, expected);
}

#[test]
fn a_fault_is_caught_twice_and_once_by_its_class() {
    let caught = |count: usize, own: usize| {
        said(|members| {
            members.faults[1].killed_by.truncate(count);
            members.faults[1].of_its_class = own;
        })
    };
    assert_eq!(caught(0, 0), ["another-bug is caught by 0 cases, fewer than 2"]);
    assert_eq!(caught(1, 1), ["another-bug is caught by 1 cases, fewer than 2"]);
    assert_eq!(caught(2, 1), Vec::<String>::new());
    assert_eq!(caught(2, 0), ["another-bug is caught by no case of its class 42"]);
}

#[test]
fn no_liar_conforms() {
    for (index, name) in
        ["refuse-all", "accept-all", "unsupported-all", "canned"].into_iter().enumerate()
    {
        let conforms = |members: &mut Members| members.liars[index].totals.failed = 0;
        let passes = |members: &mut Members| members.liars[index].totals.passed = 7;
        let both = said(|members| {
            passes(members);
            conforms(members);
        });
        assert_eq!(both, [format!("{name} conforms")]);
        // To do nothing passes nothing; to do something may pass what it fits.
        let idle = [format!("{name} passes 7 cases")];
        let idle = if index % 2 == 0 { &idle[..] } else { &[] };
        assert_eq!(said(passes), idle);
    }
}

#[test]
fn a_fault_does_not_hide_behind_the_bound() {
    let words = said(|members| members.faults[1].hidden_by_the_bound = true);
    assert_eq!(words, ["another-bug conforms under encode-bounded"]);
}

#[test]
fn claims_are_kept() {
    let first = forty().cases()[0].id.clone();
    // All but the one that says so catch it, and the other fault is caught by all.
    let words = said(|members| drop(members.faults[0].killed_by.remove(0)));
    assert_eq!(words, [format!("{first} does not catch one-bug, as it says")]);
    let words = said(|members| members.faults[0].name = "renamed".into());
    assert_eq!(words, [format!("{first} discriminates one-bug, which is no fault")]);
}

/// Forty cases may have two excuses, which is one in twenty.
#[test]
fn a_case_that_binds_catches_a_fault_or_is_excused() {
    let suite = forty();
    let ids: Vec<&str> = suite.cases().iter().map(|case| case.id.as_str()).collect();
    let judged = |catch_nothing: usize, excused: &[(&str, &str)]| {
        let mut members = Members::of(&suite);
        for fault in &mut members.faults {
            fault.killed_by.truncate(40 - catch_nothing);
        }
        let matrix = members.matrix(&suite);
        assert_eq!(matrix.unkilled, &ids[40 - catch_nothing..]);
        broken(&suite, &matrix, excused)
    };
    let excuse = |index: usize| (ids[index], "a reason");
    let says = |index: usize| format!("{} catches no fault", ids[index]);
    let none = Vec::<String>::new();
    assert_eq!(judged(1, &[]), [says(39)]);
    assert_eq!(judged(1, &[excuse(39)]), none);
    assert_eq!(judged(2, &[excuse(39)]), [says(38)]);
    assert_eq!(judged(2, &[excuse(38), excuse(39)]), none);
    let third = judged(3, &[excuse(37), excuse(38), excuse(39)]);
    assert_eq!(third, ["3 of 40 cases are excused, more than one in 20"]);
    let stale = format!("{} is excused, but is gone or catches a fault", ids[0]);
    assert_eq!(judged(1, &[excuse(0), excuse(39)]), [stale]);
    let gone = judged(0, &[("decode/gone", "a reason")]);
    assert_eq!(gone, ["decode/gone is excused, but is gone or catches a fault"]);
}

/// Of other tiers nothing is demanded.
#[test]
fn a_case_that_does_not_bind_may_catch_nothing() {
    let mut cases = forty().cases().to_vec();
    cases[39].tier = Tier::Should;
    let suite = suite(cases);
    let mut members = Members::of(&suite);
    for fault in &mut members.faults {
        fault.killed_by.truncate(39);
    }
    let matrix = members.matrix(&suite);
    assert_eq!(matrix.unkilled, Vec::<String>::new());
    assert_eq!(broken(&suite, &matrix, &[]), Vec::<String>::new());
}

#[test]
fn clauses_count_their_cases_and_what_they_catch() {
    let mut cases = forty().cases()[..5].to_vec();
    for (case, clause) in cases.iter_mut().zip(["A-1", "B-1", "A-1", "A-1", "B-1"]) {
        case.clause = clause.into();
    }
    let ids: Vec<String> = cases.iter().map(|case| case.id.clone()).collect();
    let suite = suite(cases);
    let kills = |places: &[usize]| places.iter().map(|&place| ids[place].clone()).collect();
    let faults =
        vec![row("one-bug", kills(&[0, 2]), 1), row("b", kills(&[2, 3]), 1), row("c", vec![], 0)];
    let matrix = KillMatrix::new(&suite, Vec::new(), faults, Vec::new(), Vec::new());
    let clause = |clause: &str, cases, catching, faults| ClauseRow {
        clause: clause.into(),
        cases,
        catching,
        faults,
    };
    assert_eq!(matrix.clauses, [clause("A-1", 3, 3, 2), clause("B-1", 2, 0, 0)]);
    assert_eq!((matrix.suite, matrix.hash), (suite.version, suite.hash));
}

/// Classes of bugs without a planted fault, with the reasons of conformance/SELFTEST.md.
const NOT_PLANTED: [u8; 16] = [18, 25, 28, 55, 61, 80, 84, 90, 91, 92, 93, 94, 101, 102, 103, 105];

#[test]
fn every_class_of_bugs_has_a_fault_or_is_known_to_have_none() {
    let families = families::classes();
    let is_planted = |class: u8| {
        families.contains(&class) || Fault::all().iter().any(|fault| fault.class() == class)
    };
    let without: Vec<u8> = (1..=69).chain(78..=107).filter(|&class| !is_planted(class)).collect();
    assert_eq!(without, NOT_PLANTED);
}

/// The list of excuses is short, and each has its reason.
#[test]
fn every_excuse_has_a_reason() {
    for (id, reason) in UNKILLED {
        assert!(embedded().get(id).is_some() && reason.len() > 20, "{id}: {reason}");
    }
}
