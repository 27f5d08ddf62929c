//! `report`: a log says what its pass said, and what is no whole log of this suite is refused with
//! the file, the line and what was expected.

use std::process::Command;

use crate::support::{Bench, case, cases, finished, q4proof};
use serde_json::json;

/// A subject in the shell that refuses all it is asked, in words that mean harm.
pub const HOSTILE: [&str; 4] = [
    "--",
    "sh",
    "-c",
    r#"read hello
echo '{"protocol":1,"name":"<script>alert(1)</script>","version":"|`*\u0000\u001b[2J\uffff","language":"\"><b>","capabilities":["decode"]}'
while read question; do
  seq=${question#*'"seq":'}
  echo '{"seq":'"${seq%%[!0-9]*}"',"refused":{"message":"<img src=x onerror=alert(2)> ]]> ``` \u001b[2J | &amp; \uffff"}}'
done"#,
];

/// The arguments by which the hostile subject is asked what it claims.
pub fn hostile() -> Vec<&'static str> {
    ["--profile", "decode:khq4"].into_iter().chain(HOSTILE).collect()
}

#[test]
fn a_report_from_a_log_is_that_of_the_pass() {
    let bench = Bench::new();
    for (arguments, code) in [
        (vec![], 0),
        (vec!["--subject", "planted:padded-tail-range", "--seed", "7"], 1),
        (vec!["--subject", "planted:refuse-all"], 1),
        (vec!["--filter", "scale", "--profile", "load:khq4"], 0),
        (hostile(), 1),
    ] {
        let log = bench.log("log", &arguments);
        let checked = bench.run("check", &arguments);
        let reported = bench.run("report", &[&log]);
        assert_eq!(reported.stdout, checked.stdout, "{arguments:?}");
        reported.shows(code, &[]);
    }
    let log = bench.log("log", &["--profile", "decode:khq4", "--subject", "planted:refuse-all"]);
    let verbose = ["--profile", "decode:khq4", "--subject", "planted:refuse-all", "--verbose"];
    let reported = bench.run("report", &[&log, "--verbose"]);
    assert_eq!(reported.stdout, bench.run("check", &verbose).stdout);
}

#[test]
fn where_nothing_was_asked_a_report_has_no_verdict_either() {
    let bench = Bench::new();
    let log = bench.log("log", &["--profile", "save:khq4"]);
    bench.run("report", &[&log]).shows(4, &["nothing that binds was asked"]);
    let junit = bench.text("junit.xml");
    bench.run("report", &[&log, "--junit", &junit]).shows(4, &[]);
    assert!(bench.read("junit.xml").contains("<failure"), "{}", bench.read("junit.xml"));
}

#[test]
fn what_is_no_whole_log_is_refused_by_line() {
    let bench = Bench::new();
    let whole = bench.log("whole", &[]);
    let whole = std::fs::read_to_string(whole).expect("the log");
    let lines: Vec<&str> = whole.lines().collect();
    let footer = lines[lines.len() - 1];
    let joined = |lines: &[&str]| lines.join("\n") + "\n";
    let without = |index: usize| {
        let mut lines = lines.clone();
        lines.remove(index);
        joined(&lines)
    };
    let broken = [
        (String::new(), "log:1", "is no JSON", "header of a log of version 1"),
        ("garbage\n".into(), "log:1", "is no JSON", "header of a log of version 1"),
        (
            bench.run("check", &[]).stdout,
            "log:1",
            "is the report that `check` prints",
            "as `q4proof check --json -- COMMAND > LOG` writes it",
        ),
        ("{\"a\":1}\n".into(), "log:1", "without the name of a `record`", "expected the header"),
        ("[1]\n".into(), "log:1", "without the name of a `record`", "expected the header"),
        (without(0), "log:1", "is a record \"case\"", "expected the header"),
        (whole.replacen("\"log\":1", "\"log\":2", 1), "log:1", "version 2", "log of version 1"),
        (whole.replacen("\"log\":1,", "", 1), "log:1", "without the version", "log of version 1"),
        (
            whole.replacen("\"profile\":\"all\"", "\"profile\":\"most\"", 1),
            "log:1",
            "a header that is not right",
            "\"most\" is no profile",
        ),
        (joined(&lines[..7]), "log:7", "ends after 6 of 6 cases", "expected the footer"),
        (joined(&lines[..4]), "log:4", "ends after 3 of 6 cases", "it was cut"),
        (joined(&lines[..1]), "log:1", "ends after 0 of 6 cases", "it was cut"),
        (whole[..whole.len() - 9].to_owned(), "log:8", "is no JSON", "a case or the footer"),
        (without(3), "log:7", "the footer after 5 cases", "expected 6"),
        (
            joined(&[lines[0], lines[1], lines[1], footer]),
            "log:3",
            "decode/worked",
            "stands here again",
        ),
        (whole.clone() + "\n", "log:9", "stands behind the footer", "expected the end"),
        (
            whole.replacen("\"record\":\"case\"", "\"record\":\"x\"", 1),
            "log:2",
            "record \"x\"",
            "a case",
        ),
        (
            whole.replacen("\"outcome\":\"pass\"", "\"outcome\":\"perfect\"", 1),
            "log:2",
            "a case that is not right",
            "unknown variant `perfect`",
        ),
        (
            whole.replacen("\"clause\":\"DEC-1\",", "", 1),
            "log:2",
            "a case that is not right",
            "missing field `clause`",
        ),
        (
            whole.replacen("\"id\":\"decode/worked\"", "\"id\":\"<b>\"", 1),
            "log:2",
            "has the id \"<b>\"",
            "expected letters",
        ),
        (
            whole.replacen("\"passed\":6", "\"passed\":7", 1),
            "log:8",
            "counts 7 passed",
            "expected 6",
        ),
    ];
    for (text, place, what, expected) in broken {
        bench.write("log", &text);
        for verb in ["report", "bless"] {
            let log = bench.text("log");
            let mut arguments = vec![log.as_str()];
            let ledger = bench.text("none.toml");
            if verb == "bless" {
                arguments.extend(["--ledger", ledger.as_str()]);
            }
            bench.run(verb, &arguments).says(2, &[place, what, expected]);
        }
        q4proof(["diff", &bench.text("log"), &bench.text("whole")]).says(2, &[place, what]);
        let page = bench.text("page.html");
        q4proof(["matrix", &bench.text("whole"), &bench.text("log"), "--html", &page])
            .says(2, &[place, what]);
    }
    bench.run("report", &[&bench.text("not-there")]).says(2, &["not-there"]);
    bench.run("report", &[&bench.text("vectors")]).says(2, &["vectors", "a directory"]);
    bench.write("log", [0xff, 0xfe]);
    bench.run("report", &[&bench.text("log")]).says(2, &["log", "UTF-8"]);
}

#[test]
fn a_log_of_another_suite_is_refused() {
    let bench = Bench::new();
    let log = bench.log("log", &[]);
    q4proof(["report", &log]).says(2, &["log:1", "of suite unlocked (", "expected suite 1.4.0 ("]);

    // The same hash over other cases is a lie, which the cases tell.
    let whole = bench.read("log");
    let text = whole.replacen("\"id\":\"decode/worked\"", "\"id\":\"decode/other\"", 1);
    bench.write("log", text);
    bench.run("report", &[&log]).says(2, &["log:2", "decode/other is not a case of suite"]);
    let text = whole.replacen("\"id\":\"encode/worked\"", "\"id\":\"encode/other\"", 1);
    bench.write("log", text);
    bench.run("report", &[&log]).says(2, &["log:3: encode/other is not a case of suite"]);
    let text = whole.replacen("\"tier\":\"must\"", "\"tier\":\"should\"", 1);
    bench.write("log", text);
    bench.run("report", &[&log]).says(2, &["log:2", "decode/worked is not a case of suite"]);
}

#[test]
fn junit_is_well_formed_and_counts_what_binds() {
    let bench = Bench::new();
    let junit = bench.text("junit.xml");
    let log = bench.log(
        "log",
        &["--subject", "planted:padded-tail-range", "--profile", "encode:khq4+load:khq4"],
    );
    bench.run("report", &[&log, "--junit", &junit]).shows(1, &["2 failed"]);
    let xml = bench.read("junit.xml");
    for words in [
        r#"<testsuite name="encode:khq4" tests="2" skipped="0" errors="0" failures="2">"#,
        r#"<testcase name="encode/worked" classname="ENC-A1">"#,
        r#"<failure message="fail: scale, bias and nibbles differ; value 0 errs by 1.97 of its bound (beyond ENC-B1)" type="fail">"#,
        "expected                          got",
        "q4proof repro encode/worked --subject planted:padded-tail-range --profile encode:khq4+load:khq4",
        r#"<testcase name="load/worked" classname="KHQ4-H1"/>"#,
        r#"<skipped message="not in profile"/>"#,
    ] {
        assert!(xml.contains(words), "{words:?} is not in {xml}");
    }
    well_formed(&junit);

    let log = bench.log("log", &hostile());
    bench.run("report", &[&log, "--junit", &junit]).shows(1, &[]);
    well_formed(&junit);
    let xml = bench.read("junit.xml");
    assert!(!xml.contains("<script>") && !xml.contains("<img"), "{xml}");
}

/// Has Python's parser read a file of XML.
fn well_formed(path: &str) {
    let read = "import sys, xml.etree.ElementTree as tree; tree.parse(sys.argv[1])";
    let read = finished(Command::new("python3").args(["-c", read, path]));
    assert_eq!((read.code, read.stderr.as_str()), (Some(0), ""), "{path}");
}

#[test]
fn a_should_that_fails_is_skipped_in_junit() {
    let mut cases = cases();
    cases[0]["tier"] = json!("should");
    let bench = Bench::with(&json!({ "about": "x", "cases": cases }).to_string());
    let refuses = ["--subject", "planted:refuse-all", "--profile", "decode:khq4"];
    let logged = finished(bench.command("check", &refuses).arg("--json"));
    let log = bench.write("log", logged.stdout).display().to_string();
    bench.run("report", &[&log, "--junit", &bench.text("junit.xml")]);
    let xml = bench.read("junit.xml");
    assert!(xml.contains(r#"<skipped message="tier should: fail: refused"#), "{xml}");
}

#[test]
fn markdown_shows_totals_clauses_and_failures_and_takes_no_markup() {
    let bench = Bench::new();
    let markdown = bench.text("summary.md");
    let log = bench.log("log", &["--subject", "planted:padded-tail-range"]);
    bench.run("report", &[&log, "--markdown", &markdown]).shows(1, &[]);
    let text = bench.read("summary.md");
    for words in [
        "# q4proof: planted:padded-tail-range 0.1.0 (Rust)\n\n**does not conform**\n\n",
        "| encode:khq4 | must | 2 | 0 | 0 | 0 | 2 | 0 |\n",
        "| ENC-A1 | Asymmetric: minimum and maximum | 1 | encode/worked |\n",
        "```text\nfail  encode/worked · ENC-A1\n    scale, bias and nibbles differ; ",
    ] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }

    let log = bench.log("log", &hostile());
    bench.run("report", &[&log, "--markdown", &markdown]).shows(1, &[]);
    let text = bench.read("summary.md");
    assert!(
        text.starts_with("# q4proof: \\<script\\>alert\\(1\\)\\</script\\> \\|\\`\\*"),
        "{text}"
    );
    assert!(text.contains("\n````text\n"), "{text}");
    assert!(!text.contains('\x1b'), "{text}");
}

#[test]
fn a_report_that_cannot_be_written_is_told() {
    let bench = Bench::with(
        &json!({ "about": "x", "cases": [case(
            "decode/no-values", "DEC-3", &json!({ "op": "decode", "format": "khq4", "blocks": "", "original_len": 0 }),
            &json!({ "one": { "values": { "f32": "" } } }),
        )] })
        .to_string(),
    );
    let log = bench.log("log", &[]);
    for option in ["--junit", "--markdown"] {
        let path = bench.text("no-folder/file");
        bench.run("report", &[&log, option, &path]).says(2, &["no-folder/file"]);
    }
}
