//! `gate mutants`: what is no evidence is refused with 2, what is and shows survivors exits with 1.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Bench, Finished, command, finished, q4proof};

/// A crate of four mutants in two files, as cargo-mutants lists them.
fn list() -> Vec<Value> {
    [
        ("src/a/sum.rs", "3:7: replace + with - in sum", "left + right"),
        ("src/a/sum.rs", "8:7: replace + with - in sum", "sum + 1"),
        ("src/a/sum.rs", "9:5: replace sum -> u32 with 0", "sum"),
        ("src/b/name.rs", "1:1: replace name -> String with String::new()", "\"x\".into()"),
    ]
    .map(|(file, change, line)| {
        let diff = format!("--- {file}\n+++ changed\n-    {line}\n+    other\n");
        json!({ "name": format!("{file}:{change}"), "file": file, "diff": diff, "genre": "x" })
    })
    .to_vec()
}

fn outcome(scenario: &Value, summary: &str, tests: &str) -> Value {
    let phase = |name: &str| {
        let command = if name == "Test" { tests } else { "build" };
        json!({ "phase": name, "duration": 1.5, "argv": ["/bin/cargo", command] })
    };
    let phases = if summary == "Unviable" { vec!["Build"] } else { vec!["Build", "Test"] };
    let phases: Vec<Value> = phases.into_iter().map(phase).collect();
    json!({ "scenario": scenario, "summary": summary, "phase_results": phases, "log_path": "x" })
}

/// A folder of cargo-mutants in the making.
struct Shard {
    mutants: Vec<Value>,
    outcomes: Vec<Value>,
    end_time: Value,
    tree: Option<&'static str>,
}

impl Shard {
    /// The baseline, and these mutants of the list with their summaries.
    fn of(fates: &[(usize, &str)]) -> Self {
        let list = list();
        let mut outcomes = vec![outcome(&json!("Baseline"), "Success", "test")];
        for &(index, summary) in fates {
            outcomes.push(outcome(&json!({ "Mutant": list[index] }), summary, "test"));
        }
        let mutants = fates.iter().map(|&(index, _)| list[index].clone()).collect();
        Self { mutants, outcomes, end_time: json!("2026-01-01T00:00:00Z"), tree: None }
    }

    fn write(&self, bench: &Bench, name: &str) -> PathBuf {
        let folder = bench.path(name).join("mutants.out");
        fs::create_dir_all(&folder).expect("a folder");
        let outcomes = json!({ "outcomes": self.outcomes, "end_time": self.end_time });
        let write = |file: &str, text: String| fs::write(folder.join(file), text).expect("a file");
        write("mutants.json", json!(self.mutants).to_string());
        write("outcomes.json", outcomes.to_string());
        if let Some(tree) = self.tree {
            write("sweep.json", json!({ "tree": tree }).to_string());
        }
        folder
    }
}

fn whole(first: &str) -> Shard {
    let caught = "CaughtMutant";
    Shard::of(&[(0, first), (1, caught), (2, caught), (3, caught)])
}

/// The gate over `shards`, with the list and `more` arguments.
fn gate(shards: &[Shard], more: &[&str]) -> Finished {
    gate_with_ledger(shards, "", more)
}

fn gate_with_ledger(shards: &[Shard], ledger: &str, more: &[&str]) -> Finished {
    let bench = Bench::new();
    let list = bench.write("list.json", json!(list()).to_string()).display().to_string();
    let ledger = bench.write("ledger.toml", ledger).display().to_string();
    let mut arguments: Vec<String> =
        ["gate", "mutants", "--list", &list, "--ledger", &ledger].map(String::from).to_vec();
    for (number, shard) in shards.iter().enumerate() {
        shard.write(&bench, &format!("shard-{number}"));
        arguments.push(bench.text(&format!("shard-{number}")));
    }
    arguments.extend(more.iter().map(ToString::to_string));
    q4proof(arguments)
}

#[test]
fn a_sweep_without_survivors_opens_the_gate() {
    let words = [
        "src/a         3       3          0       0 ",
        "4 of 4 mutants killed",
        "the gate is open\n",
    ];
    gate(&[whole("CaughtMutant")], &[]).shows(0, &words);
    gate(&[whole("Unviable")], &[]).shows(0, &["3 of 3 mutants killed"]);
}

#[test]
fn shards_are_put_together() {
    let shards = [
        Shard::of(&[(0, "CaughtMutant"), (2, "CaughtMutant")]),
        Shard::of(&[(1, "CaughtMutant"), (3, "CaughtMutant")]),
    ];
    gate(&shards, &[]).shows(0, &["4 of 4 mutants killed"]);
}

#[test]
fn a_survivor_keeps_it_shut_and_is_shown_with_its_change() {
    gate(&[whole("MissedMutant")], &[]).shows(
        1,
        &[
            "missed  src/a/sum.rs:3:7: replace + with - in sum\n",
            "    -    left + right\n    +    other\n",
            "fault  src/a: 1 survive, 0 may\n",
            "3 of 4 mutants killed, 0 explained, 1 survive, 0.2 min of work · the gate stays shut\n",
        ],
    );
}

#[test]
fn the_clause_that_is_named_last_above_a_survivor_is_shown() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path("src/a")).expect("a folder");
    // KHQ4-H33 is no clause, and does not stand for KHQ4-H3.
    let source = "// KHQ4-H6, KHQ4-H66\n// KHQ4-H33\nleft + right\n// KHQ4-P1\n";
    bench.write("src/a/sum.rs", source);
    let root = bench.path("").display().to_string();
    gate(&[whole("MissedMutant")], &["--source", &root])
        .shows(1, &["    nearest clause: KHQ4-H6 · A product that overflows\n"]);
}

#[test]
fn the_tests_that_run_over_a_survivor_are_named() {
    let told = |tests: &[&str]| {
        let bench = Bench::new();
        let name = &list()[0]["name"];
        let file = json!({ (name.as_str().expect("a name")): tests }).to_string();
        let file = bench.write("tests.json", file).display().to_string();
        gate(&[whole("MissedMutant")], &["--tests", &file])
    };
    told(&[]).shows(1, &["    no test runs over its function\n"]);
    told(&["b", "a"]).shows(1, &["    run over by a, b\n"]);
    let many = ["a", "b", "c", "d", "e", "f", "g"];
    told(&many[..6]).shows(1, &["    run over by a, b, c, d, e and 1 more\n"]);
    told(&many).shows(1, &["    run over by a, b, c, d, e and 2 more\n"]);
    // Of what was not looked for, nothing is said.
    let plain = gate(&[whole("MissedMutant")], &[]);
    assert!(!plain.stdout.contains("run"), "{}", plain.stdout);
    gate(&[whole("MissedMutant")], &["--tests", "/nowhere.json"]).says(2, &["/nowhere.json: "]);
}

#[test]
fn a_timeout_is_no_kill() {
    gate(&[whole("Timeout")], &[])
        .shows(1, &["timeout  src/a/sum.rs:3:7", "3 of 4 mutants killed"]);
}

#[test]
fn a_missing_shard_is_refused() {
    let half = Shard::of(&[(0, "CaughtMutant"), (2, "CaughtMutant")]);
    gate(&[half], &[]).says(2, &["src/a/sum.rs:8:7", "is in the list and in no folder"]);
}

#[test]
fn shards_that_overlap_are_refused() {
    let again = Shard::of(&[(0, "CaughtMutant")]);
    gate(&[whole("CaughtMutant"), again], &[]).says(2, &["is in another one too"]);
}

#[test]
fn a_mutant_that_is_not_in_the_list_is_refused() {
    let mut other = whole("CaughtMutant");
    other.mutants[0]["name"] = json!("src/a/sum.rs:4:7: replace + with - in sum");
    other.outcomes[1]["scenario"]["Mutant"]["name"] = other.mutants[0]["name"].clone();
    gate(&[other], &[]).says(2, &["src/a/sum.rs:3:7", "is in the list and in no folder"]);
    let more = Shard {
        mutants: vec![json!({ "name": "src/c.rs:1:1: replace x", "file": "src/c.rs" })],
        outcomes: vec![outcome(
            &json!({ "Mutant": { "name": "src/c.rs:1:1: replace x", "file": "src/c.rs" } }),
            "CaughtMutant",
            "test",
        )],
        ..whole("CaughtMutant")
    };
    gate(&[whole("CaughtMutant"), more], &[]).says(2, &["src/c.rs", "is not in the list"]);
}

#[test]
fn missing_files_are_refused() {
    let bench = Bench::new();
    let list = bench.write("list.json", json!(list()).to_string()).display().to_string();
    let empty = bench.text("vectors");
    q4proof(["gate", "mutants", "--list", &list, &empty]).says(2, &["mutants.json"]);
    let folder = whole("CaughtMutant").write(&bench, "shard");
    let shard = bench.text("shard");
    let nowhere = bench.text("nowhere.json");
    q4proof(["gate", "mutants", "--list", &nowhere, &shard]).says(2, &["nowhere.json"]);
    fs::remove_file(folder.join("outcomes.json")).expect("it is there");
    q4proof(["gate", "mutants", "--list", &list, &shard]).says(2, &["outcomes.json"]);
}

#[test]
fn an_interrupted_shard_is_refused() {
    let interrupted = Shard { end_time: Value::Null, ..whole("CaughtMutant") };
    gate(&[interrupted], &[]).says(2, &["outcomes.json", "interrupted"]);
    let mut unfinished = whole("CaughtMutant");
    unfinished.outcomes.pop();
    gate(&[unfinished], &[]).says(2, &["src/b/name.rs:1:1", "has no outcome"]);
}

#[test]
fn a_baseline_that_failed_or_was_not_run_is_refused() {
    let mut failed = whole("CaughtMutant");
    failed.outcomes[0]["summary"] = json!("Failure");
    gate(&[failed], &[]).says(2, &["the baseline failed"]);
    let mut skipped = whole("CaughtMutant");
    skipped.outcomes.remove(0);
    gate(&[skipped], &[]).says(2, &["no baseline"]);
}

#[test]
fn a_mutant_that_was_built_and_not_tested_is_refused() {
    gate(&[whole("Success")], &[]).says(2, &["was built, not tested"]);
}

#[test]
fn an_empty_denominator_is_refused() {
    let nothing = Shard::of(&[0, 1, 2, 3].map(|index| (index, "Unviable")));
    gate(&[nothing], &[]).says(2, &["no mutant was tested"]);
    let bench = Bench::new();
    Shard::of(&[]).write(&bench, "shard");
    let list = bench.write("list.json", "[]").display().to_string();
    let shard = bench.text("shard");
    q4proof(["gate", "mutants", "--list", &list, &shard]).says(2, &["no mutant was tested"]);
}

#[test]
fn another_source_is_refused() {
    let shard = |indices: [usize; 2], tree| Shard {
        tree,
        ..Shard::of(&indices.map(|index| (index, "CaughtMutant")))
    };
    let demanded = ["--tree", "aa"];
    gate(&[shard([0, 1], Some("aa")), shard([2, 3], Some("aa"))], &demanded)
        .shows(0, &["the gate is open"]);
    gate(&[shard([0, 1], Some("aa")), shard([2, 3], Some("bb"))], &[])
        .says(2, &["the source is not that of"]);
    gate(&[shard([0, 1], Some("aa")), shard([2, 3], None)], &[])
        .says(2, &["the source is not that of"]);
    gate(&[shard([0, 1], Some("bb")), shard([2, 3], Some("bb"))], &demanded)
        .says(2, &["the source is bb, aa is demanded"]);
    gate(&[whole("CaughtMutant")], &demanded).says(2, &["the source is none, aa is demanded"]);
}

#[test]
fn another_scope_of_tests_is_refused() {
    let mut narrowed = whole("CaughtMutant");
    let scenario = json!({ "Mutant": list()[3] });
    narrowed.outcomes[4] = outcome(&scenario, "CaughtMutant", "test --lib");
    gate(&[narrowed], &[]).says(2, &["src/b/name.rs:1:1", "`cargo test --lib`"]);
    let other = || {
        let mut other = Shard::of(&[(2, "CaughtMutant"), (3, "CaughtMutant")]);
        for (index, scenario) in
            [json!("Baseline"), json!({ "Mutant": list()[2] }), scenario.clone()]
                .into_iter()
                .enumerate()
        {
            let summary = if index == 0 { "Success" } else { "CaughtMutant" };
            other.outcomes[index] = outcome(&scenario, summary, "nextest");
        }
        other
    };
    let refused = ["tested by `cargo nextest`, others by `cargo test`"];
    let first = Shard::of(&[(0, "CaughtMutant"), (1, "CaughtMutant")]);
    gate(&[first, other()], &[]).says(2, &refused);
    // Where nothing builds no test was run: that differs from no other, and hides no difference.
    let nothing = || {
        let mut nothing = Shard::of(&[(0, "Unviable")]);
        nothing.outcomes.remove(0);
        nothing
    };
    gate(&[nothing(), Shard::of(&[(1, "CaughtMutant")]), other()], &[]).says(2, &refused);
    let rest = Shard::of(&[(1, "CaughtMutant"), (2, "CaughtMutant"), (3, "CaughtMutant")]);
    let bench = Bench::new();
    let verdict = bench.text("v.json");
    gate(&[nothing(), rest], &["--json", &verdict]).shows(0, &["3 of 3 mutants killed"]);
    let verdict: Value = serde_json::from_str(&bench.read("v.json")).expect("JSON");
    assert_eq!(verdict["scope"], "test");
}

/// One mutant of each fate, the first one explained: every count in its place.
#[test]
fn each_fate_is_counted_in_its_column() {
    let shard =
        || Shard::of(&[(0, "MissedMutant"), (1, "Timeout"), (2, "Unviable"), (3, "CaughtMutant")]);
    let bench = Bench::new();
    let [markdown, junit, verdict] = ["v.md", "v.xml", "v.json"].map(|name| bench.text(name));
    let more = ["--markdown", &markdown, "--junit", &junit, "--json", &verdict];
    let shown = gate_with_ledger(&[shard()], EQUIVALENT, &more);
    shown.shows(
        1,
        &[
            "folder  mutants  caught  explained  missed  timeout  unviable\n",
            "src/a         3       0          1       0        1         1\n",
            "src/b         1       1          0       0        0         0\n",
            "total         4       1          1       0        1         1\n",
            "timeout  src/a/sum.rs:8:7: replace + with - in sum\n",
            "1 of 3 mutants killed, 1 explained, 1 survive, 0.2 min of work",
        ],
    );
    assert!(!shown.stdout.contains("+++") && !shown.stdout.contains("---"), "{}", shown.stdout);
    let read = |path: &str| fs::read_to_string(path).expect("it is written");
    for row in [
        "| src/a | 3 | 0 | 1 | 0 | 1 | 1 |",
        "| src/b | 1 | 1 | 0 | 0 | 0 | 0 |",
        "| total | 4 | 1 | 1 | 0 | 1 | 1 |",
    ] {
        assert!(read(&markdown).contains(row), "{row} is not in {}", read(&markdown));
    }
    let xml = read(&junit);
    assert_eq!(xml.matches(r#"name="1 mutants are caught or explained""#).count(), 2, "{xml}");
    let parsed: Value = serde_json::from_str(&read(&verdict)).expect("JSON");
    let counts = json!({ "caught": 0, "missed": 0, "timeout": 1, "explained": 1, "unviable": 1 });
    assert_eq!(parsed["folders"]["src/a"], counts);
    // Nine phases of 1.5 s.
    assert_eq!(parsed["seconds"], 13.5);
    assert_eq!(parsed["scope"], "test");
}

/// Only what is alarming is red.
#[test]
fn counts_of_survivors_are_red_and_zeros_are_not() {
    let bench = Bench::new();
    let list = bench.write("list.json", json!(list()).to_string()).display().to_string();
    whole("MissedMutant").write(&bench, "shard");
    let shard = bench.text("shard");
    let mut colourful = command();
    colourful.env("CLICOLOR_FORCE", "1").args(["gate", "mutants", "--list", &list, &shard]);
    let stdout = finished(&mut colourful).stdout;
    let (table, rest) = stdout.split_once("\n\n").expect("a table and survivors");
    let red = |text: &str| text.matches("\u{1b}[31m").count();
    // Missed in src/a and in the total.
    assert_eq!((red(table), red(rest) > 0), (2, true), "{stdout:?}");
}

/// Of 42 survivors 40 are shown with their changes; the last two are only named.
#[test]
fn forty_survivors_are_shown_and_the_rest_are_named() {
    let mutants: Vec<Value> = (1..=42)
        .map(|line| {
            let name = format!("src/a/long.rs:{line}:1: replace f with ()");
            json!({ "name": name, "file": "src/a/long.rs", "diff": format!("-line {line};\n") })
        })
        .collect();
    let fates =
        mutants.iter().map(|mutant| outcome(&json!({ "Mutant": mutant }), "MissedMutant", "test"));
    let baseline = outcome(&json!("Baseline"), "Success", "test");
    let bench = Bench::new();
    let shard = Shard {
        mutants: mutants.clone(),
        outcomes: std::iter::once(baseline).chain(fates).collect(),
        end_time: json!("2026-01-01T00:00:00Z"),
        tree: None,
    };
    shard.write(&bench, "shard");
    let list = bench.write("list.json", json!(mutants).to_string()).display().to_string();
    let markdown = bench.text("v.md");
    let arguments =
        ["gate", "mutants", "--list", &list, "--markdown", &markdown, &bench.text("shard")];
    let shown = q4proof(arguments);
    let words = [
        "missed  src/a/long.rs:40:1: replace f with ()\n    -line 40;\n",
        "\nand src/a/long.rs:41:1: replace f with ()\n",
        "\nand src/a/long.rs:42:1: replace f with ()\n",
    ];
    shown.shows(1, &words);
    assert!(!shown.stdout.contains("line 41") && !shown.stdout.contains("line 42"));
    assert_eq!(shown.stdout.matches("missed  src").count(), 40);
    let markdown = fs::read_to_string(markdown).expect("it is written");
    assert!(markdown.contains("line 40;") && !markdown.contains("line 41;"), "{markdown}");
}

const EQUIVALENT: &str = r#"
    [[equivalent]]
    mutant = "src/a/sum.rs: replace + with - in sum"
    line = "left + right"
    argument = "right is zero wherever this is called"
"#;

#[test]
fn an_equivalent_mutant_is_explained_by_its_entry() {
    gate_with_ledger(&[whole("MissedMutant")], EQUIVALENT, &[])
        .shows(0, &["3 of 4 mutants killed, 1 explained, 0 survive"]);
    // It explains no timeout, and not the same change of another line.
    gate_with_ledger(&[whole("Timeout")], EQUIVALENT, &[])
        .shows(1, &["src/a: 1 survive, 0 may", "stale entry"]);
    // Its line is one that is taken out, not one that is put in or stays.
    let put_in = EQUIVALENT.replace("left + right", "other");
    gate_with_ledger(&[whole("MissedMutant")], &put_in, &[]).shows(1, &["1 survive"]);
    let caught = "CaughtMutant";
    let second = Shard::of(&[(0, caught), (1, "MissedMutant"), (2, caught), (3, caught)]);
    gate_with_ledger(&[second], EQUIVALENT, &[])
        .shows(1, &["src/a: 1 survive, 0 may", "stale entry"]);
}

#[test]
fn a_timeout_is_explained_by_an_entry_of_its_own() {
    let ledger = EQUIVALENT.replace("equivalent", "timeout");
    gate_with_ledger(&[whole("Timeout")], &ledger, &[]).shows(0, &["1 explained"]);
    gate_with_ledger(&[whole("MissedMutant")], &ledger, &[]).shows(1, &["1 survive"]);
}

#[test]
fn a_stale_entry_keeps_it_shut() {
    let words = ["stale entry: \"src/a/sum.rs: replace + with - in sum\" is no survivor any more"];
    gate_with_ledger(&[whole("CaughtMutant")], EQUIVALENT, &[]).shows(1, &words);
    // What is not in a partial list is not looked at; what is in it is.
    let gone = EQUIVALENT.replace("sum.rs", "gone.rs");
    gate_with_ledger(&[whole("CaughtMutant")], &gone, &[]).shows(1, &["stale entry"]);
    gate_with_ledger(&[whole("CaughtMutant")], &gone, &["--partial"]).shows(0, &["is open"]);
    gate_with_ledger(&[whole("CaughtMutant")], EQUIVALENT, &["--partial"])
        .shows(1, &["stale entry"]);
}

#[test]
fn the_ratchet_only_tightens() {
    let ledger = |most: usize| format!("[ratchet]\n\"src/a\" = {most}\n");
    gate_with_ledger(&[whole("MissedMutant")], &ledger(1), &[]).shows(0, &["1 survive"]);
    gate_with_ledger(&[whole("MissedMutant")], &ledger(2), &[])
        .shows(1, &["src/a: 1 survive, the ratchet still allows 2: lower it"]);
    gate_with_ledger(&[whole("MissedMutant")], &ledger(2), &["--partial"]).shows(0, &["is open"]);
    gate_with_ledger(&[whole("CaughtMutant")], "[ratchet]\n\"src/gone\" = 1\n", &[])
        .shows(1, &["src/gone: 0 survive, the ratchet still allows 1"]);
}

#[test]
fn a_ledger_that_cannot_be_trusted_is_refused() {
    let refuse = |ledger: &str, word: &str| {
        gate_with_ledger(&[whole("CaughtMutant")], ledger, &[]).says(2, &["ledger.toml", word]);
    };
    refuse(&EQUIVALENT.replace("right is zero wherever this is called", "it is"), "no argument");
    refuse("survivors = 1\n", "survivors");
    // As `check` says it of its ledger: the line, and what is wrong there, in one line.
    refuse(
        "\n[[equivalent]]\nmutant = 7\n",
        "ledger.toml:3: invalid type: integer `7`, expected a string",
    );
    refuse("[ratchet\n", "ledger.toml:1: ");
    // Twenty characters are the least that an argument has.
    let argued =
        |argument: &str| EQUIVALENT.replace("right is zero wherever this is called", argument);
    refuse(&argued("nineteen characters"), "no argument");
    gate_with_ledger(&[whole("MissedMutant")], &argued("now twenty of these."), &[])
        .shows(0, &["1 explained"]);
}

#[test]
fn the_verdict_is_written_for_machines_too() {
    let bench = Bench::new();
    let [markdown, junit, verdict] = ["v.md", "v.xml", "v.json"].map(|name| bench.text(name));
    let more = ["--markdown", &markdown, "--junit", &junit, "--json", &verdict];
    assert_eq!(gate(&[whole("MissedMutant")], &more).code, Some(1));
    let read = |path: &str| fs::read_to_string(path).expect("it is written");
    let words = ["| src/a | 3 | 2 | 0 | 1 | 0 | 0 |", "-    left + right", "Tests: `cargo test`."];
    for word in words {
        assert!(read(&markdown).contains(word), "{word:?} is not in {}", read(&markdown));
    }
    let xml = read(&junit);
    assert!(
        xml.contains(r#"<testsuite name="src/a" tests="2" skipped="0" errors="0" failures="1">"#),
        "{xml}"
    );
    assert!(xml.contains("replace + with - in sum"), "{xml}");
    let parsed: Value = serde_json::from_str(&read(&verdict)).expect("JSON");
    assert_eq!(parsed["folders"]["src/a"]["missed"], 1);
    assert_eq!(parsed["survivors"][0]["fate"], "missed");
    assert_eq!(parsed["faults"], json!(["src/a: 1 survive, 0 may"]));
}
