//! `--ledger` and `bless`: what is as expected exits with 0, and all that a ledger can be wrong by
//! is shown and exits with 1, or is refused with 2.

use std::fs;
use std::path::Path;

use q4proof::report::ledger::Ledger;
use q4proof::subject::{Implementation, Reference};
use q4proof::suite::Suite;

use serde_json::json;

use crate::support::{Bench, Finished, cases};

/// The subject: it fails `encode/worked` and `encode/padding`.
const FAULTY: [&str; 2] = ["--subject", "planted:padded-tail-range"];

/// A line of a ledger; a pattern may waive up to nine cases.
fn line(case: &str, outcome: &str, kind: &str) -> String {
    let at_most = if case.contains(['*', '?']) { "at_most = 9\n" } else { "" };
    format!(
        "[[expected]]\ncase = \"{case}\"\noutcome = \"{outcome}\"\n{at_most}kind = \"{kind}\"\n\
         issue = \"#12\"\nreason = \"it takes the padding in\"\n"
    )
}

/// A ledger of the faulty subject; its first line begins on line 2 of the file.
fn ledger(lines: &[String]) -> String {
    format!("subject = \"planted:padded-tail-range\"\n{}", lines.concat())
}

/// Checks the faulty subject beside a ledger, and has the report of its log agree.
fn checked(ledger: &str, more: &[&str]) -> Finished {
    let bench = Bench::new();
    let path = bench.write("ledger.toml", ledger).display().to_string();
    let arguments: Vec<&str> = FAULTY.iter().chain(more).copied().collect();
    let with_ledger: Vec<&str> =
        arguments.iter().copied().chain(["--ledger", path.as_str()]).collect();
    let checked = bench.run("check", &with_ledger);
    let log = bench.log("log", &arguments);
    let reported = bench.run("report", &[&log, "--ledger", &path]);
    assert_eq!((&reported.code, &reported.stdout), (&checked.code, &checked.stdout));
    assert_eq!(reported.stderr, checked.stderr);
    checked
}

#[test]
fn failures_that_are_listed_are_as_expected_and_never_conform() {
    for lines in [
        vec![line("encode/worked", "fail", "bug"), line("encode/padding", "fail", "wontfix")],
        vec![line("encode/*", "fail", "bug")],
        vec![line("encode/worke?", "fail", "bug"), line("*/padding", "fail", "bug")],
    ] {
        let checked = checked(&ledger(&lines), &[]);
        checked.shows(0, &["ledger.toml: 2 expected failures (bug "]);
        assert!(checked.verdict().starts_with("profile all: 4 passed, 2 failed"), "{checked:#?}");
        assert!(checked.verdict().ends_with(" · as expected"), "{checked:#?}");
        assert!(!checked.stdout.contains("conforms"), "{checked:#?}");
        assert!(!checked.stdout.contains("repro"), "an expected failure is shown: {checked:#?}");
    }
    let bench = Bench::new();
    let empty = bench.write("ledger.toml", "subject = \"reference\"\n").display().to_string();
    let checked = bench.run("check", &["--ledger", &empty]);
    checked.shows(0, &["0 expected failures"]);
    assert!(checked.verdict().ends_with(" · as expected"), "{checked:#?}");
}

/// A ledger whose failures have all gone says nothing of the subject any more.
#[test]
fn a_subject_without_failures_is_not_as_expected_where_some_are_listed() {
    let bench = Bench::new();
    let of_reference = |lines: &[String]| format!("subject = \"reference\"\n{}", lines.concat());
    let flaky = of_reference(&[line("encode/worked", "timeout", "flaky")]);
    let flaky = bench.write("flaky.toml", flaky).display().to_string();
    let checked = bench.run("check", &["--ledger", &flaky]);
    checked.shows(0, &["0 expected failures, none of the listed failures came"]);
    assert_eq!(checked.verdict(), "profile all: 6 passed, 0 failed · suite unlocked · conforms");

    let bug = of_reference(&[line("encode/worked", "timeout", "bug")]);
    let bug = bench.write("bug.toml", bug).display().to_string();
    let checked = bench.run("check", &["--ledger", &bug]);
    checked.shows(1, &["XPASS", "none of the listed failures came"]);
    assert!(checked.verdict().ends_with(" · not as expected"), "{checked:#?}");
}

/// A pattern waives the outcomes that it names, in as many cases as it says.
#[test]
fn a_pattern_waives_its_outcomes_in_so_many_cases() {
    let several = |outcomes: &str, at_most: usize| {
        let pattern = line("encode/*", "fail", "bug").replace("\"fail\"", outcomes);
        ledger(&[pattern.replace("= 9", &format!("= {at_most}"))])
    };
    checked(&several("[\"crash\", \"fail\"]", 2), &[]).shows(0, &["2 expected failures (bug 2)"]);
    checked(&several("[\"crash\", \"timeout\"]", 2), &[])
        .shows(1, &["changed", "expected crash or timeout, came to fail: encode/worked"]);
    let many = checked(&several("\"fail\"", 1), &[]);
    let words = ["too many", "2 cases failed, expected at most 1", "1 expected failure (bug 1)"];
    many.shows(1, &words);
    many.shows(1, &["1 unexpected failure", "fail  encode/padding"]);
    assert!(many.verdict().ends_with(" · not as expected"), "{many:#?}");
}

#[test]
fn all_that_is_not_as_a_line_says_is_red() {
    let worked = || line("encode/worked", "fail", "bug");
    let padding = || line("encode/padding", "fail", "bug");
    for (lines, words) in [
        // A failure that no line lists is shown in full.
        (vec![worked()], vec!["1 unexpected failure", "fail  encode/padding", "repro"]),
        (
            vec![line("encode/*", "fail", "bug"), line("decode/worked", "fail", "bug")],
            vec!["XPASS", "ledger.toml:10", "decode/worked", "expected fail, passed"],
        ),
        (
            vec![line("encode/*", "fail", "bug"), line("*a*/*o*", "fail", "bug")],
            vec!["XPASS", "ledger.toml:10", "passed: load/worked, load/scale-zero, load/version-1"],
        ),
        (
            vec![padding(), line("encode/worked", "crash", "bug")],
            vec![
                "changed",
                "ledger.toml:9",
                "expected crash, came to fail",
                "1 unexpected failure",
            ],
        ),
        (
            vec![worked(), padding(), line("encode/gone", "fail", "bug")],
            vec!["stale", "ledger.toml:15", "encode/gone", "the suite has no such case"],
        ),
        (
            vec![worked(), padding(), line("rotate/*", "fail", "bug")],
            vec!["unmatched", "ledger.toml:15", "rotate/*", "no case of the suite matches"],
        ),
    ] {
        let checked = checked(&ledger(&lines), &[]);
        checked.shows(1, &words);
        assert!(checked.verdict().ends_with(" · not as expected"), "{checked:#?}");
    }
}

#[test]
fn a_line_whose_case_is_not_asked_is_red() {
    let all = ledger(&[line("encode/*", "fail", "bug")]);
    let outside = checked(&all, &["--profile", "decode:khq4"]);
    outside.shows(1, &["skipped", "ledger.toml:3", "not asked: encode/worked, encode/padding"]);
    let filtered = checked(&all, &["--filter", "worked"]);
    filtered.shows(1, &["skipped", "not asked: encode/padding", "1 expected failure (bug 1)"]);
    assert!(filtered.verdict().ends_with(", 3 of 6 cases · not as expected"), "{filtered:#?}");
    let nothing = checked(&all, &["--profile", "save:khq4"]);
    assert_eq!(nothing.code, Some(4), "{nothing:#?}");
}

#[test]
fn what_is_flaky_may_pass_and_may_not_fail_otherwise() {
    let flaky = |outcome: &str| {
        ledger(&[
            line("encode/worked", outcome, "flaky"),
            line("encode/padding", outcome, "flaky"),
            line("decode/worked", "timeout", "flaky"),
        ])
    };
    let checked_flaky = checked(&flaky("fail"), &[]);
    checked_flaky.shows(0, &["2 expected failures (flaky 2)", "as expected"]);
    // What it waives is counted where the verdict is.
    let verdict =
        "profile all: 4 passed, 2 failed, 2 waived as flaky · suite unlocked · as expected";
    assert_eq!(checked_flaky.verdict(), verdict);
    checked(&flaky("timeout"), &[]).shows(1, &["changed", "came to fail"]);
    let skipped = checked(&flaky("fail"), &["--profile", "encode:khq4"]);
    skipped.shows(1, &["skipped", "decode/worked", "not asked"]);
}

#[test]
fn a_ledger_that_says_too_little_is_refused_by_line() {
    let sound = line("encode/*", "fail", "bug");
    for (text, place, words) in [
        (ledger(&[sound.replace("#12", " ")]), ":7", ["`issue` is empty", "followed up"]),
        (
            ledger(&[sound.replace("it takes the padding in", "")]),
            ":8",
            ["`reason` is empty", "why"],
        ),
        (ledger(&[sound.replace("encode/*", "")]), ":3", ["`case` is empty", "a pattern"]),
        (ledger(&[sound.replace("reason", "because")]), ":8", ["because", "reason"]),
        (
            ledger(&[line("encode/*", "fail", "flaky")]),
            ":6",
            ["`kind` is flaky", "expected the id"],
        ),
        (
            ledger(&[sound.replace("at_most = 9\n", "")]),
            ":3",
            ["a pattern without `at_most`", "such as at_most = 3"],
        ),
        (ledger(&[sound.replace("= 9", "= 0")]), ":5", ["`at_most` is 0", "the number of cases"]),
        (
            ledger(&[sound.replace("encode/*", "encode/worked")]),
            ":5",
            ["`at_most` stands beside one id", "expected a pattern"],
        ),
        (ledger(&[sound.replace("\"fail\"", "[]")]), ":4", ["`outcome` is an empty list", "crash"]),
        (
            ledger(&[sound.replace("\"fail\"", "[\"fail\", \"pass\"]")]),
            ":4",
            ["`outcome` is pass", "expected one that fails"],
        ),
        (ledger(&[sound.replace("\"fail\"", "7")]), ":4", ["7", "or a list of outcomes"]),
        (ledger(&[sound.replace("issue = \"#12\"\n", "")]), ":2", ["missing field", "issue"]),
        (ledger(&[line("a", "sad", "bug")]), ":4", ["sad", "timeout"]),
        (ledger(&[line("a", "wrong-class", "bug")]), ":4", ["wrong-class", "one that fails"]),
        (ledger(&[line("a", "fail", "feature")]), ":5", ["feature", "wontfix"]),
        (sound.clone(), ":1", ["missing field", "subject"]),
        ("subject = [\n".into(), ":", ["array", ""]),
        (
            ledger(std::slice::from_ref(&sound)).replace("padded-tail-range", "other"),
            ":1",
            [
                "the ledger of planted:other 0.1.0",
                "expected one of planted:padded-tail-range 0.1.0",
            ],
        ),
        (
            "version = \"9\"\n".to_owned() + &ledger(std::slice::from_ref(&sound)),
            ":2",
            [
                "the ledger of planted:padded-tail-range 9",
                "planted:padded-tail-range 0.1.0, which is asked",
            ],
        ),
        (
            ledger(&[sound.clone(), line("encode/worked", "fail", "bug")]),
            ":10",
            ["lists encode/worked, as line 3 does", "one line a case"],
        ),
    ] {
        let refused = checked(&text, &[]);
        refused.says(2, &[&format!("ledger.toml{place}"), words[0], words[1]]);
        assert_eq!(refused.stdout, "");
    }
    let bench = Bench::new();
    bench.run("check", &["--ledger", &bench.text("none.toml")]).says(2, &["none.toml"]);
    let logged = bench.run("check", &["--json", "--ledger", "x"]);
    assert_eq!(logged.code, Some(2), "{logged:#?}");
}

#[test]
fn a_blessed_ledger_holds_once_its_reasons_are_written() {
    let bench = Bench::new();
    let log = bench.log("log", &["--subject", "planted:refuse-all"]);
    let ledger = bench.text("ledger.toml");
    let blessed = bench.run("bless", &[&log, "--ledger", &ledger]);
    blessed.shows(0, &["ledger.toml: 6 lines for 6 failing cases, without a reason yet\n"]);
    let refused = bench.run("report", &[&log, "--ledger", &ledger]);
    refused.says(2, &["ledger.toml:", "`issue` is empty"]);

    let text = bench.read("ledger.toml");
    assert!(text.contains("case = \"load/version-1\"\noutcome = \"control-rejected\"\n"), "{text}");
    let written = text.replace("issue = \"\"", "issue = \"#1\"");
    bench.write("ledger.toml", written.replace("reason = \"\"", "reason = \"it refuses all\""));
    bench.run("report", &[&log, "--ledger", &ledger]).shows(0, &["6 expected failures (bug 6)"]);

    let again = bench.run("bless", &[&log, "--ledger", &ledger]);
    again.says(2, &["ledger.toml: is there already", "expected a new file"]);
}

/// A pattern for each cause that some cases have to themselves, and the kind that a failure most likely is.
#[test]
fn a_blessed_ledger_has_patterns_and_the_kind_of_each_failure() {
    let mut suite = cases();
    let decode = |id: &str, clause: &str, tier: &str| {
        let mut case = suite[0].clone();
        (case["id"], case["clause"], case["tier"]) = (json!(id), json!(clause), json!(tier));
        case
    };
    let more = [
        decode("decode/tail-1", "DEC-2", "must"),
        decode("decode/tail-2", "DEC-2", "must"),
        decode("decode/tail-3", "DEC-2", "must"),
        decode("decode/even-1", "DEC-2", "should"),
        decode("decode/even-2", "DEC-2", "should"),
    ];
    suite.extend(more);
    let bench = Bench::with(&json!({ "about": "x", "cases": suite }).to_string());
    let blessed = |name: &str, arguments: &[&str]| {
        let log = bench.log(name, arguments);
        let ledger = format!("{name}.toml");
        bench.run("bless", &[&log, "--ledger", &bench.text(&ledger)]).shows(0, &[]);
        (log, bench.read(&ledger))
    };
    let (log, text) =
        blessed("refused", &["--subject", "planted:refuse-all", "--profile", "decode:khq4"]);
    let lines: Vec<&str> = text.split("[[expected]]").skip(1).collect();
    assert_eq!(lines.len(), 4, "{text}");
    let pattern = "case = \"decode/tail-*\"\noutcome = \"fail\"\nat_most = 3\nkind = \"bug\"\n";
    assert!(lines[0].contains(pattern), "{text}");
    assert!(lines[1].contains("case = \"decode/worked\"\noutcome = \"fail\"\nkind = \"bug\"\n"));
    let should = "case = \"decode/even-1\"\noutcome = \"fail\"\nkind = \"wontfix\"\n";
    assert!(lines[2].contains(should), "{text}");
    let written = text.replace("issue = \"\"", "issue = \"#1\"");
    bench.write("refused.toml", written.replace("reason = \"\"", "reason = \"it refuses all\""));
    let report = bench.run("report", &[&log, "--ledger", &bench.text("refused.toml")]);
    report.shows(0, &["6 expected failures (bug 4, wontfix 2)", "as expected"]);

    let script = r#"read hello; echo '{"protocol":1,"name":"odd","version":"1","language":"sh","capabilities":["decode:khq4"]}'
        while read line; do seq=${line#*:}; seq=${seq%%,*}; echo "{\"seq\":$seq,\"unsupported\":true}"; done"#;
    let (_, text) = blessed("unsupported", &["--", "sh", "-c", script]);
    let pattern =
        "case = \"decode/*\"\noutcome = \"unsupported\"\nat_most = 4\nkind = \"wontfix\"\n";
    // The cases of tier should are another group, so that no pattern takes them all.
    assert!(!text.contains(pattern), "{text}");
    assert!(
        text.contains(
            "case = \"decode/tail-*\"\noutcome = \"unsupported\"\nat_most = 3\nkind = \"wontfix\"\n"
        ),
        "{text}"
    );
    assert!(!text.contains("\"bug\""), "{text}");
}

#[test]
fn a_ledger_of_hostile_words_is_still_one() {
    let bench = Bench::new();
    let log = bench.log("log", &crate::logs::hostile());
    let ledger = bench.text("ledger.toml");
    bench
        .run("bless", &[&log, "--ledger", &ledger])
        .shows(0, &["1 line for 1 failing case, without"]);
    let text = bench.read("ledger.toml").replace("\"\"", "\"x\"");
    bench.write("ledger.toml", &text);
    bench.run("report", &[&log, "--ledger", &ledger]).shows(0, &["as expected"]);
    let junit = bench.text("junit.xml");
    bench.run("report", &[&log, "--ledger", &ledger, "--junit", &junit]).shows(0, &[]);
    let xml = bench.read("junit.xml");
    assert!(xml.contains("<skipped message=\"as expected (bug, x): fail: "), "{xml}");
}

#[test]
fn a_part_of_the_suite_is_not_blessed_nor_is_what_conforms() {
    let bench = Bench::new();
    let ledger = bench.text("ledger.toml");
    let log = bench.log("log", &["--subject", "planted:refuse-all", "--filter", "load"]);
    let filtered = bench.run("bless", &[&log, "--ledger", &ledger]);
    filtered.says(2, &["log:1: holds 3 of 6 cases, expected all: a pass without --filter"]);
    let log = bench.log("log", &[]);
    let conforms = bench.run("bless", &[&log, "--ledger", &ledger]);
    conforms.says(2, &["log: nothing failed that a ledger could list"]);
    assert!(!bench.path("ledger.toml").exists());
}

#[test]
fn a_ledger_s_faults_stand_in_every_report() {
    let bench = Bench::new();
    let lines = [line("encode/worked", "fail", "bug"), line("load/worked", "crash", "wontfix")];
    let ledger = bench.write("ledger.toml", ledger(&lines)).display().to_string();
    let log = bench.log("log", &FAULTY);
    let (junit, markdown) = (bench.text("junit.xml"), bench.text("summary.md"));
    let files = ["--junit", &junit, "--markdown", &markdown];
    let arguments: Vec<&str> =
        [log.as_str(), "--ledger", &ledger].into_iter().chain(files).collect();
    bench.run("report", &arguments).shows(1, &["not as expected"]);
    let xml = bench.read("junit.xml");
    for words in [
        "<skipped message=\"as expected (bug, #12): fail: ",
        "<testcase name=\"ledger line 9: load/worked\">",
        "message=\"XPASS: expected crash, passed\"",
        "<testsuite name=\"encode:khq4\" tests=\"2\" skipped=\"1\" errors=\"0\" failures=\"1\">",
    ] {
        assert!(xml.contains(words), "{words:?} is not in {xml}");
    }
    let text = bench.read("summary.md");
    for words in [
        "**not as expected**",
        "1 expected failure, 1 unexpected failure\n",
        "| 9 | XPASS | load/worked | expected crash, passed |\n",
    ] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
    assert!(!text.contains("fail  encode/worked"), "{text}");
}

#[test]
fn the_repository_s_own_ledgers_speak_of_cases_that_there_are() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/ledgers/subjects");
    let suite = Suite::embedded().expect("a suite");
    let mut ledgers = 0;
    for entry in fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        let ledger = Ledger::read(&path).expect("a sound ledger");
        let mut hello = Reference.hello();
        hello.name.clone_from(&ledger.subject);
        hello.version = ledger.version.clone().expect("the ledger of a release");
        assert!(path.ends_with(format!("{}-{}.toml", hello.name, hello.version)), "{path:?}");
        ledger.check(&hello, &suite).expect("one line a case");
        for entry in &ledger.entries {
            let lists = suite.cases().iter().any(|case| entry.lists(case));
            assert!(lists, "{path:?}:{} lists no case", entry.line);
            let listed = suite.cases().iter().filter(|case| entry.lists(case)).count();
            assert_eq!(entry.at_most, listed, "{path:?}:{} waives as many as it lists", entry.line);
        }
        ledgers += 1;
    }
    assert_eq!(ledgers, 2);
}
