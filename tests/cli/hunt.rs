//! Campaigns of generated questions: what they find, how small it becomes, and what is left in the folder.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Finished, q4proof};

/// A campaign whose findings go to a folder.
fn hunt(out: &Path, arguments: &[&str]) -> Finished {
    let out = out.display().to_string();
    q4proof([&["hunt", "--out", &out], arguments].concat())
}

/// The files of findings in a folder.
fn findings(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    paths.sort();
    paths
}

/// The question of a file of one finding.
fn question(path: &Path) -> serde_json::Value {
    let file: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    file["cases"].as_array().unwrap().last().unwrap()["question"].clone()
}

#[test]
fn nothing_is_found_in_the_reference_and_no_folder_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("found");
    let hunted = hunt(&out, &["--questions", "2000", "--seed", "5"]);
    hunted.shows(0, &["hunt, seed 5 · subject reference", "no fault found, 20"]);
    assert!(!hunted.stdout.contains("warning"), "{hunted:#?}");
    assert!(!out.exists());
}

#[test]
fn a_fault_becomes_one_block_and_a_case_that_others_take() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("found");
    let subject = ["--subject", "planted:nibbles-swapped"];
    let limits = ["--questions", "600", "--findings", "1", "--profile", "decode:khq4"];
    let hunted = hunt(&out, &[&subject[..], &limits].concat());
    hunted.shows(1, &["fail  decode/hunt-", "1 fault, ", "repro: ", "; made small in "]);
    let files = findings(&out);
    assert_eq!(files.len(), 1, "{files:?}");
    let asked = question(&files[0]);
    assert_eq!(asked["blocks"].as_str().unwrap().len(), 40, "{asked}");

    let vectors = out.display().to_string();
    let check = |subject: &[&str]| {
        let words = ["check", "--vectors", &vectors, "--profile", "decode:khq4"];
        q4proof([&words[..], subject].concat())
    };
    check(&[]).shows(0, &["profile decode:khq4: 1 passed, 0 failed"]);
    check(&subject).shows(1, &["profile decode:khq4: 0 passed, 1 failed"]);

    let log = out.join("hunt.jsonl").display().to_string();
    q4proof(["report", &log, "--vectors", &vectors]).shows(1, &["decode/hunt-"]);
    q4proof(["diff", &log, &log]).shows(0, &["no regression"]);
    let page = folder.path().join("page.html").display().to_string();
    let of = ["--vectors", vectors.as_str(), "--html", page.as_str()];
    q4proof([&["matrix", log.as_str()][..], &of].concat()).shows(0, &["1 clause by 1 subject"]);
    let page = fs::read_to_string(&page).unwrap();
    assert!(page.contains("decode/hunt-"), "{page}");
    let file = files[0].display().to_string();
    q4proof([&["repro", &file], &subject[..]].concat()).shows(1, &["\"op\":\"decode\"", "fail"]);
    q4proof(["repro", &file]).shows(0, &["pass"]);
}

/// The control of a refusal goes with it.
#[test]
fn what_must_be_refused_is_saved_with_its_control() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("found");
    let words = ["--subject", "planted:version-unchecked", "--profile", "load:khq4"];
    let hunted = hunt(&out, &[&words[..], &["--questions", "600", "--findings", "1"]].concat());
    hunted.shows(1, &["accepted what must be refused (version)"]);
    let vectors = out.display().to_string();
    q4proof(["check", "--vectors", &vectors]).shows(0, &["2 passed, 0 failed"]);
}

#[test]
fn a_seed_asks_the_same_questions_whatever_shares_them() {
    let folder = tempfile::tempdir().unwrap();
    let ask = |jobs: &str, seed: &str, name: &str| {
        let out = folder.path().join(name);
        let subject = ["--subject", "planted:nibbles-swapped", "--jobs", jobs];
        let hunted = hunt(&out, &[&subject[..], &["--questions", "640", "--seed", seed]].concat());
        let text = hunted.stdout.replace(&out.display().to_string(), "OUT");
        let text: Vec<String> = text.lines().map(str::to_owned).collect();
        // Times stand in the last line.
        text[..text.len() - 1].join("\n")
    };
    let alone = ask("1", "9", "a");
    assert_eq!(alone, ask("3", "9", "b"));
    assert_ne!(alone, ask("1", "10", "c"));
}

#[test]
fn what_is_promoted_keeps_its_id_and_is_promoted_once() {
    let folder = tempfile::tempdir().unwrap();
    let (out, kept) = (folder.path().join("found"), folder.path().join("kept"));
    let kept_word = kept.display().to_string();
    let words = ["--subject", "planted:nibbles-swapped", "--profile", "decode:khq4"];
    let limits = ["--questions", "600", "--findings", "1", "--promote", &kept_word];
    hunt(&out, &[&words[..], &limits].concat()).shows(1, &["promoted: 1 new, 0 known, in "]);
    let first = findings(&kept);
    hunt(&out, &[&words[..], &limits].concat()).shows(1, &["promoted: 0 new, 1 known, in "]);
    assert_eq!(first, findings(&kept));
    hunt(&out, &["--questions", "0", "--promote", &kept_word])
        .shows(0, &["promoted: 0 new, 1 known"]);
}

#[test]
fn a_campaign_that_cannot_be_made_says_why() {
    for (words, said) in [
        (&["--seconds", "0"][..], "--seconds 0: expected a number above 0"),
        (&["--seconds", "nan"], "expected a number above 0"),
        (&["--seconds", "1", "--forever"], "cannot be used with"),
        (&["--jobs", "0"], "--jobs"),
    ] {
        let refused = q4proof([&["hunt"], words].concat());
        assert!(refused.code == Some(2) && refused.stderr.contains(said), "{refused:#?}");
    }
    q4proof(["hunt", "--questions", "0"]).shows(4, &["no fault found, 0 questions"]);
}

/// One that ends at each question is started anew for the next.
#[cfg(unix)]
#[test]
fn a_subject_that_crashes_or_floods_does_not_stop_a_campaign() {
    let folder = tempfile::tempdir().unwrap();
    let hello =
        r#"{"protocol":1,"name":"x","version":"1","language":"sh","capabilities":["decode:khq4"]}"#;
    for (name, answer, outcome) in
        [("crash", "exit 3", "crash"), ("flood", "head -c 100000000 /dev/zero", "protocol-error")]
    {
        let out = folder.path().join(name);
        let script = format!("read a; echo '{hello}'; while read a; do {answer}; done");
        let words = ["--questions", "32", "--keep-going", "--", "sh", "-c", &script];
        let hunted = hunt(&out, &words);
        hunted.shows(1, &[outcome, "of 32 questions in "]);
        assert!(!findings(&out).is_empty(), "{hunted:#?}");
    }
}

/// One that hangs is ended at its deadline, and the next question goes to another process.
#[cfg(unix)]
#[test]
fn a_subject_that_hangs_does_not_stop_a_campaign() {
    let folder = tempfile::tempdir().unwrap();
    let hello =
        r#"{"protocol":1,"name":"x","version":"1","language":"sh","capabilities":["decode:khq4"]}"#;
    let script = format!("read a; echo '{hello}'; while read a; do sleep 600; done");
    let words =
        ["--questions", "2", "--deadline", "0.05", "--keep-going", "--", "sh", "-c", &script];
    let hunted = hunt(&folder.path().join("found"), &words);
    hunted.shows(1, &["timeout", "of 32 questions in "]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_campaign_keeps_what_it_found() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("found");
    let words = ["hunt", "--seconds", "60", "--jobs", "2", "--subject", "planted:nibbles-swapped"];
    let mut command = crate::support::command();
    command.args(words).arg("--out").arg(&out).stdout(Stdio::piped()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    let begun = Instant::now();
    while findings(&out).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing was found");
        std::thread::sleep(Duration::from_millis(20));
    }
    let signal = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(signal.success());
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("\ninterrupted; ") && text.contains("values are swapped in pairs"),
        "{text}"
    );
    let vectors = out.display().to_string();
    q4proof(["check", "--vectors", &vectors]).shows(0, &[" passed, 0 failed"]);
}
