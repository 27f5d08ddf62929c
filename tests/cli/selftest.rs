//! `selftest`, and the subjects that it is about: the command itself believes no liar.

use crate::support::{Bench, q4proof};

/// Over the whole suite, as anyone would ask them.
#[test]
fn no_liar_conforms() {
    for liar in ["refuse-all", "accept-all", "unsupported-all", "canned"] {
        let checked = q4proof(["check", "--quick", "--subject", &format!("planted:{liar}")]);
        checked.shows(1, &[]);
        assert!(checked.verdict().ends_with(" · does not conform"), "{liar}: {checked:#?}");
    }
    let sound = q4proof(["check", "--quick", "--subject", "planted:sound"]);
    sound.shows(0, &[]);
    assert!(sound.verdict().ends_with(" · conforms"), "{sound:#?}");
}

/// What so few cases do not show is said, and the exit code says it too.
#[test]
fn a_suite_that_shows_too_little_is_told_so() {
    let bench = Bench::new();
    let selftest = bench.run("selftest", &[]);
    let problems = selftest.stdout.lines().filter(|line| line.starts_with("PROBLEM ")).count();
    selftest.shows(1, &["PROBLEM nan-in-fold is caught by 0 cases, fewer than 2"]);
    assert!(selftest.verdict().ends_with(&format!("4 liars refused · {problems} problems")));
    bench.write("vectors/broken.json", "{");
    bench.run("selftest", &[]).says(2, &["broken.json"]);
}
