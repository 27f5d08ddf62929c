//! Shared libraries: the examples in `conformance/subjects/c-library`, and libraries that misbehave.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use q4proof::subject::child::{ChildSubject, Limits};
use q4proof::subject::{Reply, Request, Response, Stop, Subject};
use q4proof::suite::answer::Answer;
use q4proof::suite::{Floats, FormatId, Question};
use serde_json::{Value, json};

use crate::support::{BLOCK, Bench, VALUES, case, q4proof};

/// Builds a library of a source in this repository.
fn built(bench: &Bench, source: &str, name: &str, flags: &[&str]) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = bench.path(name);
    let mut cc = Command::new("cc");
    cc.args(["-std=c99", "-D_XOPEN_SOURCE=700", "-ffp-contract=off", "-shared", "-fPIC", "-I"]);
    cc.arg(here.join("conformance")).args(flags).arg("-o").arg(&library).arg(here.join(source));
    let compiled = cc.arg("-lm").output().expect("cc starts");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    library
}

/// Builds a library of this text.
fn written(bench: &Bench, name: &str, text: &str) -> PathBuf {
    let source = bench.write(&format!("{name}.c"), format!("#include <stdlib.h>\n{text}\n"));
    built(bench, &source.display().to_string(), &format!("{name}.so"), &[])
}

const EXAMPLE: &str = "conformance/subjects/c-library/q4_library.c";

/// Cases that decode the first values of the worked example's block, as many as each of `lengths`.
fn lengths(lengths: impl IntoIterator<Item = u64>) -> String {
    let decode = |length: u64| {
        let question =
            json!({ "op": "decode", "format": "khq4", "blocks": BLOCK, "original_len": length });
        let digits = 8 * length as usize;
        // Every value behind the third one is the bias, 5.
        let values = VALUES.to_owned() + &"0000a040".repeat(29);
        let expect = json!({ "one": { "values": { "f32": values[..digits] } } });
        case(&format!("decode/length-{length}"), "DEC-4", &question, &expect)
    };
    json!({ "about": "lengths", "cases": lengths.into_iter().map(decode).collect::<Vec<_>>() })
        .to_string()
}

#[test]
fn the_example_conforms_and_its_faulty_build_does_not() {
    let bench = Bench::new();
    let sound = built(&bench, EXAMPLE, "sound.so", &[]).display().to_string();
    let checked = q4proof(["check", "--quick", "--library", &sound]);
    checked.shows(0, &["subject c-library 1.0 (C)", "conforms"]);
    assert!(checked.verdict().starts_with("profile decode:khq4+decode:q4_1: "), "{checked:#?}");
    assert!(checked.verdict().contains(" 0 failed, "), "{checked:#?}");

    let faulty = built(&bench, EXAMPLE, "it's swapped.so", &["-DNIBBLES_SWAPPED"]);
    let checked = bench.run("check", &["--library", &faulty.display().to_string()]);
    let again =
        format!("repro CASE --library '{}'", faulty.display().to_string().replace('\'', "'\\''"));
    checked.shows(1, &["does not conform", &again]);
    let asked = bench.command("repro", &["decode/worked", "--library"]).arg(&faulty).output();
    let shown = String::from_utf8(asked.expect("the command starts").stdout).expect("UTF-8");
    // Its first nibbles are 0, 7, 15 and 0; with the two of each byte swapped they are 7, 0, 0 and 15.
    assert!(shown.contains("\"values\":{\"f32\":\"00dcbd400000a0400000a040\"}"), "{shown}");
}

/// All functions of the header, by the codec that has every operation.
#[test]
fn all_that_the_header_has_a_function_for_conforms() {
    let bench = Bench::new();
    let source = "conformance/subjects/c-library/q4_whole.c";
    let whole = built(&bench, source, "whole.so", &["-O1"]).display().to_string();
    let checked = q4proof(["check", "--quick", "--library", &whole]);
    checked.shows(0, &["subject c-library-whole 1.0 (C)", "conforms"]);
    for operation in ["decode:khq4", "encode:mlx", "matmul:khq4", "load:khf1", "save:khq4"] {
        assert!(checked.stdout.contains(&format!("\n{operation} ")), "{operation}: {checked:#?}");
    }
    assert!(checked.verdict().contains(" 0 failed, "), "{checked:#?}");
}

/// Whatever a library does is the outcome of one question, and says what it was.
#[test]
fn each_misbehaviour_is_the_outcome_of_its_own_case() {
    let bench = Bench::with(&lengths(3..=11));
    let odd = built(&bench, "tests/cli/library/odd.c", "odd.so", &[]).display().to_string();
    let checked = bench.run("check", &["--json", "--deadline", "1", "--library", &odd]);
    let lines: Vec<Value> = checked
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    let room = |place: &str, name: &str, room: u8| {
        format!("q4proof_decode wrote {place} `{name}`, which has room for {room}")
    };
    for (length, outcome, said) in [
        (3, "pass", String::new()),
        (4, "crash", "signal: 6".into()),
        (5, "crash", room("behind the end of", "values", 5)),
        (6, "crash", room("in front of", "values", 6)),
        (7, "crash", "q4proof_decode returned 7, expected 0 (done), 1 (refused) or 2".into()),
        (8, "pass", String::new()),
        (9, "timeout", String::new()),
        (10, "crash", "q4proof_decode wrote behind the end of `error`".into()),
        (11, "pass", String::new()),
    ] {
        let id = format!("decode/length-{length}");
        let line = lines.iter().find(|line| line["id"] == *id).expect("its line");
        assert_eq!(line["outcome"], *outcome, "{line}");
        assert!(line.to_string().contains(&said), "{said:?} is not in {line}");
    }
    assert_eq!(checked.code, Some(1), "{checked:#?}");
}

/// A decode of so many values of the worked example.
fn request(length: u64) -> Request {
    let block: Vec<u8> = (0..20)
        .map(|byte| u8::from_str_radix(&BLOCK[2 * byte..][..2], 16).expect("digits"))
        .collect();
    Request::of(Question::decode(FormatId::KHQ4, block, length))
}

fn worker(library: &Path) -> ChildSubject {
    let own = env!("CARGO_BIN_EXE_q4proof").to_owned();
    let command = [own, "serve".into(), "--library".into(), library.display().to_string()];
    ChildSubject::start_worker(&command, Limits::default(), Stop::default()).expect("a worker")
}

/// What the worked example's first values are.
fn answer(length: u64) -> Reply {
    let values: Vec<f32> = [5.0, 5.933_105_5, 6.999_511_7]
        .into_iter()
        .chain([5.0; 29])
        .take(length as usize)
        .collect();
    Reply::Answer(Response::Done(Answer::Values(Floats::of(&values))))
}

/// The answers that a crash or a hang takes along come all the same.
#[test]
fn in_a_batch_a_crash_is_charged_to_its_own_question() {
    let bench = Bench::new();
    let odd = built(&bench, "tests/cli/library/odd.c", "odd.so", &[]);
    let mut subject = worker(&odd);
    let lengths = [1, 2, 3, 4, 11, 4, 4, 12, 5, 13, 9, 14, 9, 15, 16];
    let requests: Vec<Request> = lengths.iter().map(|&length| request(length)).collect();
    let replies = subject.ask_all(&requests, Duration::from_millis(500));
    assert_eq!(replies.len(), lengths.len());
    for (place, (reply, length)) in replies.iter().zip(lengths).enumerate() {
        match length {
            4 => assert!(
                matches!(reply, Reply::Crash(how) if how.starts_with("it ended: signal: 6")),
                "{place}: {reply:?}"
            ),
            5 => assert!(
                matches!(reply, Reply::Crash(how) if how.contains("wrote behind the end of `values`")),
                "{place}: {reply:?}"
            ),
            9 => assert_eq!(reply, &Reply::Timeout, "{place}"),
            _ => assert_eq!(reply, &answer(length), "{place}"),
        }
    }
    // One start more for each that went wrong, and none for what was asked again.
    assert_eq!(subject.generation(), 6);
    assert!(subject.finish().is_empty());
}

/// More than a window, and more than a pipe takes.
#[test]
fn a_long_batch_is_answered_in_its_order() {
    let bench = Bench::new();
    let library = built(&bench, EXAMPLE, "sound.so", &[]);
    let mut subject = worker(&library);
    let lengths: Vec<u64> = (0..2_000).map(|number| 1 + number % 32).collect();
    let requests: Vec<Request> = lengths.iter().map(|&length| request(length)).collect();
    let expected: Vec<Reply> = lengths.iter().map(|&length| answer(length)).collect();
    assert_eq!(subject.ask_all(&requests, Duration::from_secs(20)), expected);
    assert_eq!(subject.ask(&request(3), Duration::from_secs(20)), answer(3));
    assert_eq!(subject.ask_all(&requests[..1], Duration::from_secs(20)), expected[..1]);
    assert_eq!(subject.generation(), 0);
}

#[test]
fn what_is_no_library_is_said_so() {
    let bench = Bench::new();
    let run = |file: &Path| bench.run("check", &["--library", &file.display().to_string()]);
    let header = "expected a shared library with the functions of conformance/q4proof.h";
    run(&bench.path("none.so")).says(2, &["none.so: there is no such file", header]);
    let text = bench.write("text.so", "not a library");
    run(&text).says(2, &["text.so: it cannot be loaded", header]);
    let empty = written(&bench, "empty", "int other(void) { return 0; }");
    run(&empty).says(2, &["empty.so: it exports no q4proof_capabilities, expected", "q4proof.h"]);
    let claims = |name: &str, text: &str| {
        let text = format!("const char *q4proof_capabilities(void) {{ return {text}; }}");
        run(&written(&bench, name, &text))
    };
    claims("null", "NULL").says(2, &["null.so: its q4proof_capabilities gives NULL"]);
    claims("missing", "\"decode:q4_1\"").says(
        2,
        &["missing.so: it claims decode:q4_1 and exports no q4proof_decode, expected that function"],
    );
    claims("rotates", "\"rotate:quarot\"")
        .says(2, &["rotates.so: it claims rotate:quarot, expected operations that q4proof.h has"]);
    claims("nothing", "\"\"").says(3, &["the handshake of nothing.so offers nothing"]);
}

#[test]
fn a_library_that_ends_the_process_while_it_is_loaded_does_not_start() {
    let bench = Bench::new();
    let text = "__attribute__((constructor)) static void begin(void) { abort(); }";
    let library = written(&bench, "ends", text).display().to_string();
    bench.run("check", &["--library", &library]).says(3, &["did not start: it ended: signal: 6"]);
}

#[test]
fn what_a_library_claims_is_listed() {
    let bench = Bench::new();
    let text = "const char *q4proof_capabilities(void) { return \"decode:q4_1 to-f16:khq4 decode:q9\"; }\n\
                int q4proof_decode(void) { return 2; }";
    let library = written(&bench, "some", text).display().to_string();
    let expected = "some.so unknown (C)\n  decode:q4_1  operation\n  to-f16:khq4  feature\n  \
                    decode:q9    unknown to this suite\n";
    q4proof(["list", "--library", &library]).shows(0, &[expected]);
}

#[test]
fn a_library_is_no_other_subject() {
    for other in [&["--subject", "gpu"][..], &["--", "sh"]] {
        let arguments = [&["check", "--library", "x.so"], other].concat();
        let refused = q4proof(arguments);
        assert_eq!(refused.code, Some(2), "{refused:#?}");
        assert!(refused.stderr.contains("cannot be used with"), "{refused:#?}");
    }
}

#[test]
fn a_registered_library_is_built_and_loaded() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.path("subjects/own")).expect("a folder");
    built(&bench, EXAMPLE, "sound.so", &[]);
    let registry = "[own]\nabout = \"our own\"\nlibrary = \"own/codec.so\"\n\
                    build = [\"cp\", \"../sound.so\", \"own/codec.so\"]\n";
    bench.write("subjects/registry.toml", registry);
    let subjects = bench.text("subjects");
    let arguments = ["--subject", "own", "--subjects", &subjects, "--profile", "decode:khq4"];
    let checked = bench.run("check", &arguments);
    checked.shows(0, &["subject c-library 1.0 (C)", "profile decode:khq4: 1 passed, 0 failed"]);
}
