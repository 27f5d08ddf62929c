//! What a subject leaves in the folder of its file, or does to it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use q4proof::subject::{Reply, Request, Response};
use q4proof::suite::Question;
use q4proof::suite::judge::Outcome;

use super::{Bent, outcomes, records};

/// The harness's folder in which a path lies that it gave.
fn folder_of(request: &Request) -> Option<PathBuf> {
    let request = serde_json::to_value(request).unwrap();
    let path = Path::new(request["path"].as_str()?);
    let is_its = |folder: &&Path| {
        folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("q4proof-"))
    };
    path.ancestors().find(is_its).map(Path::to_path_buf)
}

#[test]
fn a_refused_save_must_leave_nothing() {
    let leaves = |request: &Request, reply| {
        if let Question::Save(save) = &request.question {
            std::fs::write(&save.path, b"KHQ4").unwrap();
        }
        reply
    };
    let found = outcomes(&mut Bent::new(leaves), "save:khq4", &["save/scale-nan"]);
    // The control's file is written over as well, and so is no longer what was asked for.
    assert_eq!(found, [Outcome::ControlRejected]);
    let leaves_on_refusal = |request: &Request, reply| match (&request.question, &reply) {
        (Question::Save(save), Reply::Answer(Response::Refused(_))) => {
            std::fs::write(&save.path, b"KHQ4").unwrap();
            reply
        }
        _ => reply,
    };
    let found = outcomes(&mut Bent::new(leaves_on_refusal), "save:khq4", &["save/scale-nan"]);
    assert_eq!(found, [Outcome::Fail]);
}

#[test]
fn nothing_of_a_question_stays_until_the_next_one() {
    let mut folders = BTreeSet::new();
    let counts = |request: &Request, reply| {
        if let Some(folder) = folder_of(request) {
            assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "{request:?}");
            folders.insert(folder);
        }
        reply
    };
    let ids = [
        "load/accept-1d-32",
        "save/1d-32",
        "load/directory",
        "load/fifo",
        "read-index/absent",
        "load/trailing-one-byte",
    ];
    let found = outcomes(&mut Bent::new(counts), "all", &ids);
    assert_eq!(found, [Outcome::Pass; 6]);
    assert_eq!(folders.len(), 1);
    assert!(!folders.first().unwrap().exists());
}

#[test]
fn a_subject_may_do_anything_to_the_folder_of_its_file() {
    let remove = |request: &Request| {
        if let Question::Save(save) = &request.question {
            std::fs::remove_dir_all(Path::new(&save.path).parent().unwrap()).unwrap();
        }
    };
    let always = |request: &Request, reply| {
        remove(request);
        reply
    };
    let found = outcomes(&mut Bent::new(always), "all", &["save/1d-32", "load/accept-1d-32"]);
    assert_eq!(found, [Outcome::ProtocolError, Outcome::Pass]);
    let where_it_refuses = |request: &Request, reply| {
        if matches!(&reply, Reply::Answer(Response::Refused(_))) {
            remove(request);
        }
        reply
    };
    let record =
        records(&mut Bent::new(where_it_refuses), "save:khq4", &["save/scale-nan"]).remove(0);
    assert_eq!(record.outcome, Outcome::Fail);
    let said = &record.entries[0].judgement.summary;
    assert!(said.starts_with("the file's folder cannot be read behind it: "), "{said}");
}

/// What comes of a crash is told, not what the crash has left.
#[test]
fn a_save_that_crashes_has_crashed_whatever_it_leaves() {
    let crashes = |request: &Request, _| {
        if let Question::Save(save) = &request.question {
            std::fs::write(format!("{}.tmp", save.path), b"KHQ4").unwrap();
        }
        Reply::Crash("it ended".into())
    };
    assert_eq!(outcomes(&mut Bent::new(crashes), "save:khq4", &["save/1d-32"]), [Outcome::Crash]);
}

#[test]
fn a_save_that_leaves_no_regular_file_is_no_answer() {
    for leave in ["fifo", "symlink", "directory"] {
        let mut odd = Bent::new(move |request: &Request, reply| {
            if let Question::Save(save) = &request.question {
                std::fs::remove_file(&save.path).unwrap();
                match leave {
                    "fifo" => {
                        let made = std::process::Command::new("mkfifo").arg(&save.path).status();
                        assert!(made.unwrap().success());
                    }
                    "symlink" => std::os::unix::fs::symlink("/dev/zero", &save.path).unwrap(),
                    _ => std::fs::create_dir(&save.path).unwrap(),
                }
            }
            reply
        });
        let found = outcomes(&mut odd, "save:khq4", &["save/1d-32"]);
        assert_eq!(found, [Outcome::ProtocolError], "{leave}");
    }
}
