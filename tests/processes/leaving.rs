//! How a process ends once its input is closed, and what it has open by then: sentences, which change no verdict.

use std::time::Duration;

use q4proof::subject::Subject;

use crate::left::Left;
use crate::{PATIENT, SHORT, is_answer, is_timeout, limits, request, start, turn, within};

/// What is said of a subject that was asked once; nothing of it is left.
fn said(script: &str) -> Vec<String> {
    let _turn = turn();
    let before = Left::now();
    let mut subject = start(script, limits());
    is_answer(0, &subject.ask(&request(1), PATIENT));
    let said = subject.finish();
    // It is gone, and does not end again.
    assert_eq!(subject.finish().len(), said.iter().filter(|one| one.contains("open")).count());
    drop(subject);
    before.compare();
    said
}

const EXPECTED: &str =
    "after its input was closed, expected exit status 0 within 5 s (PROTOCOL.md, Life cycle)";

#[test]
fn one_that_ends_with_status_0_is_not_spoken_of() {
    assert_eq!(said("while request; do answer; done"), Vec::<String>::new());
    assert_eq!(said("request; answer; read -r end; sleep 2; exit 0"), Vec::<String>::new());
}

#[test]
fn another_status_and_a_signal_are_named() {
    let status = said("request; answer; read -r end; echo out of cheese >&2; exit 3");
    let expected =
        format!("its process ended with exit status: 3 {EXPECTED}; it said: out of cheese");
    assert_eq!(status, [expected]);
    let signal = said("request; answer; read -r end; kill -TERM $$; sleep 1");
    assert_eq!(signal, [format!("its process ended with signal: 15 (SIGTERM) {EXPECTED}")]);
}

#[test]
fn one_that_stays_is_killed_and_named() {
    within(Duration::from_secs(15), || {
        let stays = said("request; answer; trap '' TERM; while :; do sleep 1; done");
        assert_eq!(stays, [format!("its process did not end and was killed {EXPECTED}")]);
    });
}

/// A command of the shell that opens `count` descriptors more at the least, each in a process of its own.
fn opens(count: usize) -> String {
    format!("for one in $(seq {count}); do sleep 1000 & done; sleep 0.2")
}

/// The numbers before and after, where too many are open.
fn numbers(said: &[String]) -> Option<[usize; 2]> {
    let [said] = said else { return None };
    let words = said.strip_prefix("its processes had ")?;
    assert!(words.ends_with(" at the end, 16 more are allowed (PROTOCOL.md, Limits)"), "{said}");
    let (before, words) = words.split_once(" open file descriptors after the handshake and ")?;
    let (after, _) = words.split_once(' ')?;
    Some([before.parse().unwrap(), after.parse().unwrap()])
}

#[test]
#[cfg(target_os = "linux")]
fn descriptors_that_stay_open_are_counted_in_all_processes() {
    let grown =
        |count: usize| said(&format!("request; {}; answer; read -r end; exit 0", opens(count)));
    assert_eq!(grown(1), Vec::<String>::new());
    let [before, after] = numbers(&grown(17)).expect("a sentence with both numbers");
    assert!(before >= 3 && after >= before + 17, "{before} and {after}");
}

/// A child that is killed in the middle of a pass is looked at before.
#[test]
#[cfg(target_os = "linux")]
fn descriptors_are_counted_before_a_restart_too() {
    let folder = tempfile::tempdir().unwrap();
    let flag = folder.path().join("flag").display().to_string();
    let _turn = turn();
    let leaks = format!(
        "request; [ -e {flag} ] && {{ answer; exit 0; }}; : > {flag}; {}; answer; request; sleep 1000",
        opens(30)
    );
    let mut subject = start(&leaks, limits());
    is_answer(0, &subject.ask(&request(1), PATIENT));
    is_timeout(1, &subject.ask(&request(1), SHORT));
    is_answer(2, &subject.ask(&request(1), PATIENT));
    let [before, after] = numbers(&subject.finish()).expect("a sentence with both numbers");
    assert!(after >= before + 30, "{before} and {after}");
}
