//! A limit on the length of files: a write beyond it fails, and does not end the process by a signal.

use std::fs;

use q4proof::subject::Subject;

use crate::left::Left;
use crate::{PATIENT, is_answer, limits, request, start, turn};

#[test]
fn a_limit_holds_until_the_process_ends_and_only_fails_writes() {
    let _turn = turn();
    let before = Left::now();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    // The shell writes by itself, so that a signal would end it.
    let script = format!("while request; do printf '%2000s' x > {}; answer; done", file.display());
    let mut subject = start(&script, limits());
    assert!(subject.can_limit_files());
    let written = |subject: &mut dyn Subject| {
        is_answer(0, &subject.ask(&request(1), PATIENT));
        fs::metadata(&file).unwrap().len()
    };
    subject.end_to_limit_files();
    assert!(subject.limit_files(512).is_err(), "there is no process yet");
    assert_eq!(written(&mut subject), 2000);
    subject.limit_files(512).unwrap();
    assert_eq!(written(&mut subject), 512);
    assert_eq!(written(&mut subject), 512);
    subject.end();
    assert_eq!(written(&mut subject), 2000);
    drop(subject);
    before.compare();
}
