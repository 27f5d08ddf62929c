//! `fuzz`: single inputs asked, and the corpus looked after.

use std::fs;

use crate::support::{Bench, file_bytes, q4proof};

#[test]
fn a_sound_input_is_shown_and_accepted() {
    let bench = Bench::new();
    let path = bench.write("sound.q4", file_bytes()).display().to_string();
    q4proof(["fuzz", "ask", "load_khq4", &path]).shows(
        0,
        &[
            "        28  4430                              block 0 scale    0.13330078\n",
            "accepted, and all that follows from it holds\n",
        ],
    );
    let path = bench.write("short.q4", &file_bytes()[..40]).display().to_string();
    q4proof(["fuzz", "ask", "load_khq4", &path])
        .shows(0, &["refused as truncated_payload, as is lawful\n"]);
}

#[test]
fn a_finding_exits_with_1_and_says_what_came() {
    let bench = Bench::new();
    let path = bench.write("long.q4", [file_bytes(), vec![0]].concat()).display().to_string();
    let asked = q4proof([
        "fuzz",
        "ask",
        "load_khq4",
        &path,
        "--subject",
        "planted:trailing-bytes-accepted",
    ]);
    let words = ["finding refuses what is not lawful at load ", "(trailing_bytes): accepted what"];
    asked.shows(1, &words);
}

#[test]
fn inputs_of_numbers_and_texts_are_shown_as_they_are_read() {
    let bench = Bench::new();
    let ask = |target: &str, input: &[u8]| {
        let path = bench.write("input", input).display().to_string();
        q4proof(["fuzz", "ask", target, &path])
    };
    let payload = [&3u64.to_le_bytes()[..], &file_bytes()[28..]].concat();
    let words = ["  original_len 3, then 20 bytes:\n", "         0  4430  ", "block 0 nibbles"];
    ask("decode_khq4", &payload).shows(0, &words);
    let values = [&[1u8][..], &5f32.to_le_bytes(), &(-0.5f32).to_le_bytes()].concat();
    let words = ["  Symmetric, of f32, shape [2]\n", "  1  bf000000  -0.5  block 0\n"];
    ask("encode_khq4", &values).shows(0, &words);
    let hello = br#"{"op":"hello","protocol":1}"#;
    ask("protocol_line", hello).shows(0, &["{\"op\":\"hello\",\"protocol\":1}\n"]);
    ask("protocol_line", &[0xff]).shows(0, &["  no UTF-8: ff\n", "refused, as is lawful\n"]);
}

#[test]
fn what_cannot_be_asked_is_said() {
    let bench = Bench::new();
    let nowhere = bench.text("nowhere");
    q4proof(["fuzz", "ask", "load_khq4", &nowhere]).says(2, &[&nowhere]);
    let folder = bench.text("vectors");
    q4proof(["fuzz", "ask", "load_khq4", &folder]).says(2, &["is a directory"]);
    let path = bench.write("input", b"").display().to_string();
    q4proof(["fuzz", "ask", "load_khq4", &path, "--subject", "planted:no-such-fault"])
        .says(2, &["no-such-fault"]);
    let unknown = q4proof(["fuzz", "ask", "load_khq5", &path]);
    assert_eq!(unknown.code, Some(2));
    assert!(
        unknown.stderr.contains("there is decode_khq4, encode_khq4, matmul_khq4, decode_q4_0"),
        "{unknown:#?}"
    );
}

#[test]
fn a_mended_input_becomes_a_regression() {
    let bench = Bench::new();
    let corpus = bench.text("corpus");
    q4proof(["fuzz", "seeds", "--corpus", &corpus]).shows(0, &[" seeds in "]);
    let path = bench.write("input", b"KHQ4").display().to_string();
    let promote = ["fuzz", "promote", "load_khq4", &path, "the file ends inside its header"];
    let promoted = q4proof([&promote[..], &["--corpus", &corpus]].concat());
    promoted.shows(0, &["load_khq4/regressions/truncated_header--"]);
    assert_eq!(fs::read(promoted.stdout.trim_end()).expect("the regression"), b"KHQ4");
    // A finding of hunt is the input that asks the same.
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/vectors/decode-q4-1.json");
    let text = fs::read_to_string(vectors).expect("vectors");
    let mut file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let cases = file["cases"].as_array_mut().expect("cases");
    cases.retain(|case| {
        ["decode-q4-1/nibbles-ascending", "decode-q4-1/byte-missing"]
            .contains(&case["id"].as_str().expect("an id"))
    });
    assert_eq!(cases.len(), 2);
    let found = bench.write("found.json", file.to_string().as_bytes()).display().to_string();
    let of_found = |target| {
        let words = ["fuzz", "promote", target, found.as_str(), "a byte is missing"];
        q4proof([&words[..], &["--corpus", &corpus]].concat())
    };
    let promoted = of_found("decode_q4_1");
    promoted.shows(0, &["decode_q4_1/regressions/truncated_payload--"]);
    of_found("encode_q4_1").says(2, &["decode-q4-1/byte-missing is no input of encode_q4_1"]);
    let nowhere = bench.text("nowhere");
    q4proof([&promote[..], &["--corpus", &nowhere]].concat()).says(2, &["manifest.json"]);
}
