//! Vectors that cannot be trusted are named, and nothing is asked; `list`, `show` and `repro` find
//! cases in those that can.

use std::fs;

use serde_json::{Value, json};

use crate::support::{BLOCK, Bench, case, cases, refusal};

fn bench(cases: &[Value]) -> Bench {
    Bench::with(&json!({ "about": "", "cases": cases }).to_string())
}

#[test]
fn a_file_that_is_no_file_of_vectors_is_named() {
    for (text, word) in [
        ("", "EOF while parsing"),
        ("[]", "expected struct VectorFile"),
        (r#"{"about":"","cases":[],"version":2}"#, "unknown field `version`"),
        (r#"{"about":"","cases":[{"id":"a"}]}"#, "missing field `clause`"),
    ] {
        Bench::with(text).run("check", &[]).says(2, &["small.json: ", word]);
    }
}

#[test]
fn a_case_that_contradicts_the_evaluator_is_named() {
    let decode = json!({ "op": "decode", "format": "khq4", "blocks": BLOCK, "original_len": 3 });
    let values = json!({ "f32": "0000a04000dcbd4001fcdf40" });
    let wrong = case("decode/wrong", "DEC-1", &decode, &json!({ "one": { "values": values } }));
    let checked = bench(&[wrong]).run("check", &[]);
    checked.says(2, &["decode/wrong: expects", "40dffc01", "the exact evaluator says", "40dffc00"]);
    assert_eq!(checked.stdout, "");
}

#[test]
fn a_case_without_its_control_is_named() {
    let orphan = refusal("load/orphan", "KHQ4-P3", "scale", 28, "0000", "scale");
    let checked = bench(&[orphan]).run("check", &[]);
    checked.says(2, &["load/orphan: its control load/worked is missing"]);
}

#[test]
fn an_edit_outside_its_file_is_named() {
    let mut cases = cases();
    cases.push(refusal("load/outside", "KHQ4-P3", "scale", 48, "0000", "scale"));
    let checked = bench(&cases).run("check", &[]);
    checked.says(2, &["load/outside: the edit of scale lies outside 48 bytes"]);
}

#[test]
fn an_id_that_stands_twice_is_named() {
    let mut cases = cases();
    cases.push(cases[0].clone());
    bench(&cases).run("check", &[]).says(2, &["small.json", "decode/worked stands twice"]);
}

#[test]
fn a_folder_without_vectors_is_named() {
    let bench = Bench::new();
    let missing = bench.text("no-such-folder");
    let checked = crate::support::q4proof(["check", "--vectors", &missing]);
    checked.says(2, &[&missing, "No such file or directory"]);
    fs::remove_file(bench.path("vectors/small.json")).expect("it was there");
    bench.run("check", &[]).says(2, &[&bench.text("vectors"), "holds no case"]);
}

#[test]
fn vectors_that_their_lock_does_not_pin_are_named() {
    let bench = Bench::new();
    let locked = json!({ "small.json": { "cases": 6, "sha256": "00" } });
    let lock = json!({ "version": "1.0.0", "files": locked }).to_string();
    bench.write("vectors/suite.lock", lock);
    bench.run("check", &[]).says(2, &["small.json", "is not what suite.lock pins"]);
}

#[test]
fn cases_are_listed_in_columns_and_counted() {
    let bench = Bench::new();
    let listed = bench.run("list", &["--filter", "load"]);
    listed.shows(0, &["load/scale-zero  must  load:khq4  KHQ4-P3  37: minimum and maximum"]);
    assert_eq!(listed.verdict(), "3 cases");
    bench.run("list", &["--filter", "x"]).says(4, &["\"x\"", "none of the 6 cases"]);
}

#[test]
fn a_case_is_shown_byte_by_byte() {
    let bench = Bench::new();
    bench.run("show", &["load/scale-zero"]).shows(
        0,
        &[
            "clause   KHQ4-P3 · Scale\n",
            "control  load/worked: about load/worked\n",
            "  fault  scale  at 28: 0000 in the place of 4430\n",
            "  *      28  0000                              block 0 scale    0 ",
            "was 4430\n",
            "         30  0045                              block 0 bias     5\n",
            "expected (exact evaluator)\n  a refusal; a class, if one is given, is scale\n",
        ],
    );
    bench.run("show", &["encode/padding"]).shows(
        0,
        &["      0  c0400000  -3.0\n", "under padding-formula:\n", "under padding-zero:\n"],
    );
    bench.run("show", &["load/scale"]).says(2, &["\"load/scale\"", "there is load/scale-zero"]);
    bench.run("show", &["xyz"]).says(2, &["\"xyz\"", "`q4proof list` names the cases"]);
}

#[test]
fn a_case_is_asked_again_with_everything_that_is_said() {
    let bench = Bench::new();
    bench.run("repro", &["load/scale-zero"]).shows(
        0,
        &[
            "control load/worked, through copy\n-> {\"seq\":1,\"entry\":\"copy\",\"op\":\"load\",\"format\":\"khq4\"",
            "case load/scale-zero, through map\n-> {\"seq\":4,\"entry\":\"map\",\"op\":\"load\",\"format\":\"khq4\"",
            "\n<- {\"seq\":4,\"refused\":{\"message\":",
            "pass  load/scale-zero · KHQ4-P3",
            "    through copy, map: pass\n",
        ],
    );
    bench.run("repro", &["encode/worked", "--subject", "planted:padded-tail-range"]).shows(
        1,
        &[
            "-> {\"seq\":1,\"op\":\"encode\",\"format\":\"khq4\",\"mode\":\"asymmetric\",\"shape\":[3],\"values\":{\"f32\":\"0000a0400000c0400000e040\"}}\n",
            "<- {\"seq\":1,\"result\":{\"encoded\":{\"blocks\":\"77370000db0f0000000000000000000000000000\"}}}\n",
            "fail  encode/worked · ENC-A1",
        ],
    );
    bench
        .run("repro", &["decode/worked", "--profile", "load:khq4"])
        .shows(4, &["not asked: decode:khq4 is not in the profile load:khq4"]);
    bench.run("repro", &["nothing"]).says(2, &["no case has the id \"nothing\""]);
}

#[test]
fn the_file_of_a_case_can_be_kept() {
    let bench = Bench::new();
    let kept = bench.text("kept.q4");
    bench.run("repro", &["load/scale-zero", "--keep", &kept]).shows(0, &[]);
    let mut expected = crate::support::file_bytes();
    expected[28..30].fill(0);
    assert_eq!(fs::read(&kept).expect("a file"), expected);
    let outcome = bench.run("repro", &["decode/worked", "--keep", &kept]);
    outcome.says(2, &["--keep", "decode/worked loads no file"]);
    let nowhere = bench.text("no-such-folder/kept.q4");
    let outcome = bench.run("repro", &["load/scale-zero", "--keep", &nowhere]);
    outcome.says(2, &["--keep", "no-such-folder", "No such file or directory"]);
}

#[test]
fn an_id_on_record_is_not_forgotten() {
    let record = json!({ "other": ["decode/worked", "load/gone"] }).to_string();
    let tombstones = json!([{ "id": "load/gone", "reason": "it asked what another asks" }]);
    let buried = json!({ "about": "", "cases": cases(), "tombstones": tombstones });
    let vectors = |bench: &Bench, verb: &str, log: &[&str]| {
        let conformance = bench.text("");
        let arguments = [&["vectors", verb, "--conformance", &conformance], log].concat();
        crate::support::q4proof(arguments)
    };

    let bench = bench(&cases());
    bench.write("agreements.json", &record);
    let log = bench.log("log.jsonl", &[]);
    vectors(&bench, "lint", &[]).shows(1, &["load/gone: is gone, and has no tombstone\n"]);
    let agreed = vectors(&bench, "agree", &[&log]);
    agreed.says(2, &["agreements.json: load/gone is gone from the vectors", "no tombstone"]);
    assert_eq!(bench.read("agreements.json"), record);

    let bench = Bench::with(&buried.to_string());
    bench.write("agreements.json", &record);
    let log = bench.log("log.jsonl", &[]);
    let linted = vectors(&bench, "lint", &[]);
    assert!(!linted.stdout.contains("load/gone"), "{linted:#?}");
    vectors(&bench, "agree", &[&log]).shows(0, &["reference agrees on 6 cases\n"]);
}
