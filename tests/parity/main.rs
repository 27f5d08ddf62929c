//! The end-to-end report: what it judges, what it shows, and the model that it runs. A test that states a
//! clause of SPEC E2E begins its comment with it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod command;
mod judging;
mod model;

#[test]
fn every_clause_of_end_to_end_parity_has_a_test() {
    let spec = include_str!("../../conformance/SPEC.md");
    let sources =
        [include_str!("command.rs"), include_str!("judging.rs"), include_str!("model.rs")];
    let clauses: Vec<&str> = spec
        .lines()
        .filter_map(|line| line.strip_prefix("### E2E-")?.split_once(" · "))
        .map(|(number, _)| number)
        .collect();
    assert_eq!(clauses, ["1", "2", "3", "4", "5"]);
    for clause in clauses {
        let stated = |source: &&str| {
            let lines: Vec<&str> = source.lines().collect();
            lines.windows(2).any(|pair| {
                pair[0].starts_with(&format!("/// E2E-{clause}: ")) && pair[1] == "#[test]"
            })
        };
        assert!(sources.iter().any(stated), "E2E-{clause}");
    }
}
