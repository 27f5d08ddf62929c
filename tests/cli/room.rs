//! Saves whose files are longer than any that the subject can write (KHQ4-W3): a process of its own refuses them and
//! leaves everything as it was, and the planted faults do not.

use crate::support::{Finished, q4proof};

fn saved(subject: &[&str]) -> Finished {
    q4proof([&["check", "--filter", "*/no-room*"], subject].concat())
}

#[test]
fn a_sound_writer_refuses_and_leaves_nothing() {
    let own = env!("CARGO_BIN_EXE_q4proof");
    for subject in [&["--", own, "serve"][..], &["--subject", "planted:sound"]] {
        let checked = saved(subject);
        checked.shows(0, &["save:khq4  must      6       6 ", "save:khf1  must      6       6 "]);
        assert!(!checked.stdout.contains("not asked"), "{checked:#?}");
    }
}

#[test]
fn each_case_catches_the_writers_that_ignore_an_error_or_leave_a_part() {
    for (fault, said) in [
        ("planted:save-errors-ignored", "answered done, but its file cannot be read"),
        ("planted:save-errors-ignored", "accepted what must be refused (io)"),
        ("planted:save-keeps-part", "left \"tensor.part\" behind (KHQ4-W3)"),
        ("planted:save-not-cut", "refused, but left \"tensor\" behind (KHQ4-W3)"),
        ("planted:save-not-cut", "refused, but changed the bytes of \"tensor\" (KHQ4-W3)"),
    ] {
        let checked = saved(&["--subject", fault, "--verbose"]);
        checked.shows(1, &[said, "it guards against class 87: write error ignored"]);
        let profile = checked.verdict().split(" · ").next().unwrap_or_default();
        assert!(profile.ends_with(": 0 passed, 12 failed"), "{fault}: {checked:#?}");
    }
}

/// A limit holds for a whole process, so that nobody limits the harness's own.
#[test]
fn in_the_harness_s_own_process_they_are_not_asked() {
    let checked = saved(&[]);
    checked.shows(4, &["not asked: 12 cases that need a process of its own on Linux\n"]);
    assert!(checked.verdict().starts_with("profile all: 0 passed, 0 failed, 12 not in profile"));
}

#[test]
fn one_is_asked_again_with_its_limit() {
    let own = env!("CARGO_BIN_EXE_q4proof");
    let again = q4proof(["repro", "save/no-room", "--", own, "serve"]);
    again.shows(0, &["\"class\":\"io\"", "pass"]);
    assert_eq!(
        again.stdout.matches("\"op\":\"save\"").count(),
        2,
        "its control and itself: {again:#?}"
    );
    q4proof(["repro", "save/no-room", "--subject", "planted:save-errors-ignored"])
        .shows(1, &["\"saved\""]);
    q4proof(["show", "save/no-room"]).shows(0, &["limit    no file can be longer than 1294 bytes"]);
}
