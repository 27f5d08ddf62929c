//! `diff`: four groups, and 1 where something that held is not seen to hold any more.

use serde_json::{Value, json};

use crate::support::{Bench, Finished, cases, q4proof};

/// The small suite with other cases, in a bench of its own.
fn suite(change: impl FnOnce(&mut Vec<Value>)) -> Bench {
    let mut cases = cases();
    change(&mut cases);
    Bench::with(&json!({ "about": "x", "cases": cases }).to_string())
}

const SOUND: [&str; 0] = [];
const FAULTY: [&str; 2] = ["--subject", "planted:padded-tail-range"];

/// Compares two passes over one suite.
fn diff(bench: &Bench, earlier: &[&str], later: &[&str]) -> Finished {
    q4proof(["diff", &bench.log("a", earlier), &bench.log("b", later)])
}

#[test]
fn what_newly_fails_is_a_regression() {
    let bench = Bench::new();
    let worse = diff(&bench, &SOUND, &FAULTY);
    worse.shows(
        1,
        &[
            "\nnewly failing\n  fail  encode/worked ",
            "ENC-A1 · Asymmetric",
            "scale, bias and nibbles differ",
        ],
    );
    let counts = "2 newly failing, 0 newly passing, 0 new, 0 gone, 0 failing in both · regressions";
    assert_eq!(worse.verdict(), counts);
    assert!(!worse.stdout.contains("newly passing\n"), "{worse:#?}");

    let better = diff(&bench, &FAULTY, &SOUND);
    better.shows(0, &["\nnewly passing\n  pass  encode/worked "]);
    let counts =
        "0 newly failing, 2 newly passing, 0 new, 0 gone, 0 failing in both · no regression";
    assert_eq!(better.verdict(), counts);

    let same = diff(&bench, &FAULTY, &FAULTY);
    same.shows(0, &["0 new, 0 gone, 2 failing in both · no regression"]);
}

#[test]
fn what_is_not_asked_any_more_is_gone_and_what_had_passed_is_lost() {
    let bench = Bench::new();
    let narrower = diff(&bench, &SOUND, &["--profile", "decode:khq4"]);
    narrower.shows(1, &["\ngone\n", "load/version-1", "passed, and is not asked any more"]);
    assert!(narrower.verdict().ends_with("0 new, 5 gone, 0 failing in both · regressions"));
    diff(&bench, &SOUND, &["--filter", "worked"]).shows(1, &["3 gone", "· regressions"]);

    // What failed and is not asked any more has not become worse.
    let encode = ["--subject", "planted:padded-tail-range", "--profile", "decode:khq4+encode:khq4"];
    let decode = ["--subject", "planted:padded-tail-range", "--profile", "decode:khq4"];
    diff(&bench, &encode, &decode).shows(0, &["0 new, 2 gone", "· no regression"]);
}

#[test]
fn what_is_newly_asked_is_new_and_no_regression() {
    let bench = Bench::new();
    let wider = diff(&bench, &["--profile", "decode:khq4"], &FAULTY);
    wider.shows(0, &["\nnew\n", "fail  encode/worked", "pass  load/worked", "no regression"]);
    assert!(wider.verdict().starts_with("0 newly failing, 0 newly passing, 5 new, 0 gone"));
}

#[test]
fn suites_may_differ_and_a_case_that_was_removed_is_no_loss() {
    let whole = Bench::new();
    let fewer = suite(|cases| {
        cases.pop();
    });
    let (earlier, later) = (whole.log("a", &SOUND), fewer.log("b", &SOUND));
    let removed = q4proof(["diff", &earlier, &later]);
    removed.shows(0, &["the suites differ", "0 new, 1 gone", "no regression"]);
    q4proof(["diff", &later, &earlier]).shows(0, &["the suites differ", "1 new, 0 gone"]);
}

#[test]
fn a_should_that_newly_fails_is_shown_and_is_no_regression() {
    let bench = suite(|cases| {
        for case in &mut cases[1..3] {
            case["tier"] = json!("should");
        }
    });
    let shown = diff(&bench, &SOUND, &FAULTY);
    shown.shows(0, &["fail (should)  encode/worked", "2 newly failing", "no regression"]);
}

#[test]
fn hostile_words_do_not_steer_the_terminal() {
    let bench = Bench::new();
    let shown = diff(&bench, &["--profile", "decode:khq4"], &crate::logs::hostile());
    shown.shows(1, &["<script>alert(1)</script>", "\\u{1b}[2J"]);
    assert!(!shown.stdout.contains('\x1b'), "{shown:#?}");
}

/// The small suite asked of a shell that answers each decode by `script`, where `$seq` is known.
fn answered_by(bench: &Bench, name: &str, script: &str) -> String {
    let script = format!(
        r#"read hello; echo '{{"protocol":1,"name":"odd","version":"1","language":"sh","capabilities":["decode:khq4"]}}'
        while read line; do seq=${{line#*:}}; seq=${{seq%%,*}}; {script}; done"#
    );
    bench.log(name, &["--profile", "decode:khq4", "--", "sh", "-c", &script])
}

/// What fails in both passes may fail by something else, and then a line says so.
#[test]
fn a_changed_outcome_has_a_line_of_its_own_and_is_a_regression_where_it_is_worse() {
    let bench = Bench::new();
    let wrong = r#"echo "{\"seq\":$seq,\"refused\":{\"message\":\"no\"}}""#;
    let fail = answered_by(&bench, "fail", wrong);
    let crash = answered_by(&bench, "crash", "exit 3");
    let unsupported =
        answered_by(&bench, "unsupported", r#"echo "{\"seq\":$seq,\"unsupported\":true}""#);
    for (earlier, later, code, line, verdict) in [
        (&fail, &crash, 1, "fail  ->  crash  worse  decode/worked  DEC-1 · ", "regressions"),
        (&crash, &fail, 0, "crash  ->  fail    decode/worked  DEC-1 · ", "no regression"),
        (&unsupported, &fail, 1, "unsupported  ->  fail  worse  decode/worked  ", "regressions"),
        (&fail, &unsupported, 0, "fail  ->  unsupported    decode/worked  ", "no regression"),
    ] {
        let shown = q4proof(["diff", earlier, later]);
        shown.shows(code, &["\nfailing in both, by another outcome\n  ", line]);
        let counts = format!(
            "0 newly failing, 0 newly passing, 0 new, 0 gone, 1 failing in both (1 by another outcome) · {verdict}"
        );
        assert_eq!(shown.verdict(), counts);
    }
    let same = q4proof(["diff", &crash, &crash]);
    same.shows(0, &["1 failing in both · no regression"]);
    assert!(!same.stdout.contains("another outcome"), "{same:#?}");
}

/// A case of tier should that fails worse is shown, and changes no verdict.
#[test]
fn a_should_that_fails_worse_is_no_regression() {
    let bench = suite(|cases| cases[0]["tier"] = json!("should"));
    let fail = r#"echo "{\"seq\":$seq,\"refused\":{\"message\":\"no\"}}""#;
    let (fail, crash) = (answered_by(&bench, "fail", fail), answered_by(&bench, "crash", "exit 3"));
    let shown = q4proof(["diff", &fail, &crash]);
    shown.shows(0, &["fail  ->  crash (should)  worse  decode/worked", "no regression"]);
}
