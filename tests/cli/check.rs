//! `check`: verdicts, reports and logs.

use std::process::Stdio;

use serde_json::Value;

use crate::support::{Bench, finished, q4proof};

#[test]
fn the_reference_conforms() {
    let checked = Bench::new().run("check", &[]);
    checked.shows(0, &["q4proof 0.1.0 · suite unlocked (", ") · subject reference 0.1.0 (Rust)"]);
    assert_eq!(checked.verdict(), "profile all: 6 passed, 0 failed · suite unlocked · conforms");
}

/// Who has seen the reference conform is told how to ask an implementation of their own.
#[test]
fn a_clean_pass_of_the_reference_ends_with_the_next_step() {
    let next = |arguments: &[&str]| {
        let checked = Bench::new().run("check", arguments);
        checked
            .stdout
            .lines()
            .last()
            .is_some_and(|line| line.starts_with("next: q4proof check -- "))
    };
    assert!(next(&[]));
    assert!(next(&["--subject", "reference"]));
    assert!(next(&["--filter", "decode", "--seed", "3"]));
    // Nothing was asked, or somebody else.
    assert!(!next(&["--profile", "save:khq4"]));
    assert!(!next(&["--subject", "planted:sound"]));
    assert!(!next(&["--", env!("CARGO_BIN_EXE_q4proof"), "serve"]));
}

#[test]
fn the_help_says_what_a_seed_is_for() {
    let help = q4proof(["check", "--help"]);
    let text = help.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "order shuffled by this number, so that an answer that depends on the question before shows",
        "The same number gives the same order",
        "--keep-going",
    ] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
}

/// A word that is nearly a case or a clause, and a file that is nearly a log.
#[test]
fn what_is_nearly_right_is_answered_with_what_was_meant() {
    for (id, words) in [
        ("encode/exmaple-5-6-7", "did you mean encode/example-5-6-7?"),
        ("enc-a1", "SPEC.md has no clause \"enc-a1\"; did you mean ENC-A1?"),
        ("ENCA1", "did you mean ENC-A1?"),
        ("KHQ4-H", "did you mean KHQ4-H1?"),
        ("quantum", "`q4proof list` names the cases"),
        ("quantum/x-y-z", "`q4proof list` names the cases"),
        ("encode/example", "there is encode/example-"),
    ] {
        q4proof(["show", id]).says(2, &[words]);
    }
}

#[test]
fn the_reference_conforms_to_the_vectors_that_the_command_carries() {
    let checked = q4proof(["check"]);
    checked.shows(0, &["suite 1.4.0 ("]);
    assert!(checked.verdict().ends_with(" · suite 1.4.0 · conforms"), "{checked:#?}");
}

/// The payload of another format than the suite began with is shown by its own layout, in the order of its
/// weights: what is right ascends there, and is no row of doubled digits.
#[test]
fn a_payload_is_shown_by_its_own_format_in_the_order_of_its_weights() {
    let ascending = "0123456789abcdef0123456789abcdef";
    for (fault, id, words) in [
        (
            "planted:ggml-sequential-pairs",
            "decode-q4-1/nibbles-ascending",
            ["value 1", "3f800000 (1e0)"],
        ),
        (
            "planted:ggml-sequential-pairs-encode",
            "encode-q4-1/ramp",
            ["block 0 nibbles  00112233445566778899aabbccddeeff", ascending],
        ),
        ("planted:mlx-split-half", "encode-mlx/ramp", ["block 0 nibbles  ", ">  block 0 nibbles"]),
        (
            "planted:q8-0-offset-codes-encode",
            "encode-q8-0/ramp",
            ["block 0 codes  -119 -111 -103 ", "  9 17 25 "],
        ),
        (
            "planted:split-half-encode",
            "encode/example-5-6-7",
            [">  block 0 nibbles  07f0000000", "  0070f00000"],
        ),
    ] {
        let checked = q4proof(["check", "--filter", id, "--subject", fault]);
        assert_eq!(checked.code, Some(1), "{fault}: {checked:#?}");
        for word in words {
            assert!(checked.stdout.contains(word), "{word:?} is not in {checked:#?}");
        }
    }
    let shown = q4proof(["show", "decode-q4-1/nibbles-ascending"]);
    shown.shows(0, &["block 0 scale    1\n", "block 0 minimum  0\n", "block 0 nibbles  "]);
    let shown = q4proof(["show", "decode-q8-0/codes-ascending"]);
    shown.shows(
        0,
        &["decode 34 bytes of ggml's Q8_0 blocks to 32 values", "block 0 codes  0 1 2 3 4 "],
    );
}

/// Without a profile, a subject is asked what its handshake claims, and nothing of it is left unsaid.
#[test]
fn the_profile_is_what_the_handshake_claims() {
    let codec = concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/subjects/minimal/codec.py");
    let checked = Bench::new().run("check", &["--", "python3", codec]);
    checked.shows(0, &["subject minimal"]);
    assert_eq!(
        checked.verdict(),
        "profile decode:khq4+load:khq4: 4 passed, 0 failed, 2 not in profile · suite unlocked · conforms"
    );
    let hello =
        r#"{"protocol":1,"name":"odd","version":"1","language":"sh","capabilities":["lode"]}"#;
    let script = format!("read hello; echo '{hello}'; cat > /dev/null");
    let nothing = Bench::new().run("check", &["--", "sh", "-c", &script]);
    nothing
        .says(3, &["the handshake of odd offers lode", "expected operations such as decode:khq4"]);
}

#[test]
fn a_fault_is_shown_with_what_was_expected_and_how_to_ask_again() {
    let bench = Bench::new();
    let checked = bench.run("check", &["--subject", "planted:padded-tail-range"]);
    let repro = format!(
        "q4proof repro CASE --subject planted:padded-tail-range --vectors {}\n",
        bench.text("vectors")
    );
    checked.shows(
        1,
        &[
            "fail  encode/worked · ENC-A1\n    scale, bias and nibbles differ; value 0 errs by 1.97 of its bound (beyond ENC-B1)\n",
            "    the case: about encode/worked\n    it guards against class 37: minimum and maximum over zero padding\n",
            "    >  block 0 scale    3044 (0.13330078)                 3777 (0.46655273)\n",
            "    >  block 0 nibbles  07f00000000000000000000000000000  bdf00000000000000000000000000000\n",
            "                        ^                                 ^\n",
            &repro,
        ],
    );
    assert!(checked.verdict().starts_with("profile all: 4 passed, 2 failed"), "{checked:#?}");
    assert!(checked.verdict().ends_with(" · does not conform"), "{checked:#?}");
}

#[test]
fn a_subject_that_refuses_everything_passes_no_refusal() {
    let checked = Bench::new().run("check", &["--subject", "planted:refuse-all"]);
    checked.shows(1, &["\nKHQ4-P3 +1  control not passed (fail)      2  load/scale-zero\n"]);
    assert!(checked.verdict().starts_with("profile all: 0 passed, 6 failed"), "{checked:#?}");
}

#[test]
fn what_is_outside_the_profile_is_counted_and_never_passed() {
    let checked = Bench::new().run("check", &["--profile", "decode:khq4+load:khq4"]);
    checked.shows(0, &[]);
    assert_eq!(
        checked.verdict(),
        "profile decode:khq4+load:khq4: 4 passed, 0 failed, 2 not in profile · suite unlocked · conforms"
    );
}

#[test]
fn a_filter_asks_the_control_too_and_says_how_much_was_asked() {
    let bench = Bench::new();
    let checked = bench.run("check", &["--filter", "scale"]);
    checked.shows(0, &[]);
    assert_eq!(
        checked.verdict(),
        "profile all: 1 passed, 0 failed · suite unlocked, 1 of 6 cases · conforms"
    );
    let refused = bench.run("check", &["--filter", "l*-zero", "--subject", "planted:refuse-all"]);
    refused.shows(1, &["control-rejected  load/scale-zero"]);
    refused.shows(1, &["1 failing case, 1 cause\n"]);
}

#[test]
fn where_nothing_is_asked_there_is_no_verdict() {
    let bench = Bench::new();
    let none = bench.run("check", &["--filter", "load", "--filter", "no-such-case"]);
    none.says(4, &["nothing to ask", "\"no-such-case\"", "none of the 6 cases"]);
    let outside = bench.run("check", &["--profile", "save:khq4"]);
    outside.shows(4, &["6 not in profile"]);
    assert!(outside.verdict().ends_with(" · nothing that binds was asked"), "{outside:#?}");
    Bench::with(r#"{"about":"","cases":[]}"#).run("check", &[]).says(2, &["holds no case"]);
}

#[test]
fn wrong_arguments_name_what_there_is() {
    for (arguments, words) in [
        (
            vec!["--profile", "most"],
            [
                "\"most\"",
                "name all, a format, or operations, joined by +: decode:khq4, encode:khq4, matmul:khq4",
            ],
        ),
        (
            vec!["--profile", "decode"],
            [
                "\"decode\" names no format",
                "there is decode:khq4, decode:q4_0, decode:q4_1, decode:q5_0",
            ],
        ),
        (
            vec!["--profile", "load:q4_1"],
            ["\"load:q4_1\" is no operation", "there is load:khq4, load:khf1"],
        ),
        (
            vec!["--profile", "encode-bounded"],
            ["\"encode-bounded\" names no format", "encode:khq4"],
        ),
        (vec!["--deadline", "0"], ["--deadline", "seconds above 0"]),
        (vec!["--deadline", "NaN"], ["--deadline", "seconds above 0"]),
        (vec!["--seed", "-1"], ["--seed", "invalid digit"]),
        (vec!["--subject", "reference", "--", "true"], ["--subject", "cannot be used with"]),
        (vec!["--colour"], ["--colour", "unexpected"]),
    ] {
        let checked = Bench::new().run("check", &arguments);
        assert_eq!((checked.code, checked.stdout.as_str()), (Some(2), ""), "{checked:#?}");
        for word in words {
            assert!(checked.stderr.contains(word), "{word:?} is not in {checked:#?}");
        }
    }
}

#[test]
fn a_log_is_whole_and_nothing_but_json() {
    let bench = Bench::new();
    let logged = bench.run("check", &["--json", "--seed", "7", "--subject", "planted:refuse-all"]);
    logged.shows(1, &[]);
    let lines: Vec<Value> = logged
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    let (header, footer) = (&lines[0], &lines[lines.len() - 1]);
    assert_eq!(header["record"], "header");
    assert_eq!(header["q4proof"], "0.1.0");
    assert_eq!(header["asked"], "planted:refuse-all");
    assert_eq!(header["profile"], "all");
    assert_eq!(header["seed"], 7);
    assert_eq!(header["cases"], lines.len() - 2);
    assert!(lines[1..lines.len() - 1].iter().all(|line| line["record"] == "case"));
    let of_case = |id: &str| lines.iter().find(|line| line["id"] == id).expect("a line a case");
    assert_eq!(of_case("decode/worked")["outcome"], "fail");
    assert_eq!(of_case("load/version-1")["outcome"], "control-rejected");
    assert_eq!(of_case("load/version-1")["entries"][1]["entry"], "map");
    assert_eq!(footer["record"], "footer");
    assert_eq!((&footer["failed"], &footer["passed"]), (&Value::from(6), &Value::from(0)));
    assert_eq!(footer["verdict"], "does not conform");
}

#[test]
fn a_seed_changes_the_order_and_not_the_verdict() {
    let bench = Bench::new();
    let order = |seed: &str| {
        let logged = bench.run("check", &["--json", "--seed", seed]);
        logged.shows(0, &[]);
        let ids = logged.stdout.lines().filter_map(|line| line.split("\"id\":\"").nth(1));
        ids.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let (one, other) = (order("1"), order("2"));
    assert_eq!(one, order("1"));
    assert_ne!(one, other);
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    assert_eq!(sorted(one), sorted(other));
}

#[test]
fn colours_are_for_terminals() {
    let bench = Bench::new();
    assert!(!bench.run("check", &[]).stdout.contains('\x1b'));
    let forced = finished(bench.command("check", &[]).env("CLICOLOR_FORCE", "1"));
    assert!(forced.stdout.contains("\x1b[32mconforms\x1b[0m"), "{forced:#?}");
}

#[test]
fn a_reader_that_leaves_early_is_no_panic() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let bench = Bench::new();
    let mut command = bench.command("check", &["--json"]);
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn().expect("the command starts");
    let output = child.wait_with_output().expect("the command ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(4));
}

/// A tool that changes a codec of any language and runs a command for each change reads these codes.
#[test]
fn a_mutant_of_a_codec_is_known_by_the_exit_code() {
    let codec = include_str!("../../conformance/subjects/minimal/codec.py");
    for (line, mutant, code) in [
        ("(byte >> shift) & 15", "(byte >> shift) & 15", 0),
        ("(byte >> shift) & 15", "(byte >> shift) & 14", 1),
        ("nibble * scale + bias", "nibble * scale - bias", 1),
        ("if scale == 0 or not", "if not", 1),
        ("import json\n", "import jso\n", 3),
        ("\"protocol\": 1", "\"protocol\": 2", 3),
    ] {
        assert_eq!(codec.matches(line).count(), 1, "{line}");
        let bench = Bench::new();
        let path = bench.write("codec.py", codec.replace(line, mutant)).display().to_string();
        let checked =
            q4proof(["check", "--profile", "decode:khq4+load:khq4", "--", "python3", &path]);
        assert_eq!(checked.code, Some(code), "{mutant}: {checked:#?}");
    }
}

/// The reference, with the last code of each encoded block changed: where that is padding, nothing else differs.
#[test]
fn where_only_the_padding_differs_the_report_says_so() {
    let own = env!("CARGO_BIN_EXE_q4proof");
    let script = format!(r#"{own} serve | sed -u 's/0000"}}}}}}$/0030"}}}}}}/'"#);
    let bench = Bench::new();
    let arguments =
        ["--profile", "encode:khq4", "--filter", "encode/worked", "--", "sh", "-c", &script];
    let checked = bench.run("check", &arguments);
    checked.shows(
        1,
        &[
            "\nENC-P1  only the padding differs      1  encode/worked\n",
            "only the padding differs: a slot behind the last value holds neither",
            "the case: about encode/worked\n\n",
        ],
    );
    for words in ["zero padding", "hint:", "encode-bounded"] {
        assert!(!checked.stdout.contains(words), "{words:?} is in {checked:#?}");
    }
}

/// Everything that explains a failure fits in a hundred columns.
#[test]
fn a_failure_is_a_hundred_columns_wide() {
    let id = ["--filter", "encode/tail-*", "--filter", "decode/e*", "--subject"];
    for subject in ["planted:padded-tail-range", "planted:refuse-all"] {
        let checked = q4proof([&["check"], &id[..], &[subject]].concat());
        let end = checked.stdout.find("\nask one again").expect("failures");
        for line in checked.stdout[..end].lines().skip(1) {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}
