//! What a process does when its input is closed is told, and changes no verdict.

use serde_json::{Value, json};

use crate::repeat::{arguments, decoder, decodes};
use crate::support::VALUES;

#[test]
fn a_status_at_the_end_is_a_line_and_no_failure() {
    let bench = decodes(&["decode/worked"]);
    let mut subject = decoder(&format!("values {VALUES}"));
    if let Some(script) = subject.last_mut() {
        script.push_str("; exit 3");
    }
    let said = "its process ended with exit status: 3 after its input was closed, expected exit status 0 within 5 s \
                (PROTOCOL.md, Life cycle)";
    let line = format!("\nshould: {said}\n");
    let checked = bench.run("check", &arguments(&[], &subject));
    checked.shows(0, &[&line]);
    assert!(checked.verdict().ends_with(" · conforms"), "{checked:#?}");
    let several = bench.run("check", &arguments(&["--jobs", "3"], &subject));
    several.shows(0, &[]);
    assert_eq!(several.stdout.matches("should: ").count(), 1, "{several:#?}");

    let log = bench.log("log", &arguments(&[], &subject));
    let footer = bench.read("log").lines().last().map(serde_json::from_str::<Value>);
    assert_eq!(footer.expect("a line").expect("JSON")["should"], json!([said]));
    let markdown = bench.text("summary.md");
    let reported = bench.run("report", &[&log, "--markdown", &markdown]);
    assert_eq!(reported.stdout, checked.stdout);
    assert!(bench.read("summary.md").contains("\nshould: its process ended with exit status: 3 "));

    let sound = decoder(&format!("values {VALUES}"));
    let checked = bench.run("check", &arguments(&[], &sound));
    assert!(!checked.stdout.contains("should: "), "{checked:#?}");
}
