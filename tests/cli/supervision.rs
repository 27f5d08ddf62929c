//! What a pass does with a subject that dies, with several at once, and when it is stopped.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{BLOCK, Bench, VALUES, case, cases, q4proof};

/// The reference behind a shell that lets each request through for which `guard`, where `$line` and
/// `$number` are known, does not exit.
fn guarded(guard: &str) -> [String; 4] {
    let own = env!("CARGO_BIN_EXE_q4proof");
    let script = format!(
        r#"number=0; while read -r line; do number=$((number + 1)); {guard}; printf '%s\n' "$line"; done | {own} serve"#
    );
    ["--".into(), "sh".into(), "-c".into(), script]
}

fn arguments<'a>(first: &[&'a str], rest: &'a [String]) -> Vec<&'a str> {
    first.iter().copied().chain(rest.iter().map(String::as_str)).collect()
}

/// A report without its line breaks.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A guard that lets the first child die of its line of that number.
fn once(bench: &Bench, line: usize) -> String {
    let flag = bench.text("died");
    format!("[ $number -lt {line} ] || [ -e {flag} ] || {{ : > {flag}; exit; }}")
}

#[test]
fn what_others_left_behind_is_told_from_what_a_case_does() {
    let bench = Bench::new();
    // The first child dies of its third request, whatever that is, and no other does.
    let once = once(&bench, 4);
    let checked = bench.run("check", &arguments(&[], &guarded(&once)));
    let told = "again, asked first of a fresh child: pass, so that it is what was asked before this, or chance";
    checked.shows(1, &["crash  encode/worked · ENC-A1"]);
    assert!(words(&checked.stdout).contains(told), "{checked:#?}");
    assert!(checked.verdict().starts_with("profile all: 5 passed, 1 failed"), "{checked:#?}");
    // It dies of every encode: of the first one behind a decode, and again where nothing is before it.
    let dies = guarded(r#"case $line in *'"encode"'*) exit;; esac"#);
    let checked = bench.run("check", &arguments(&[], &dies));
    let told = "again, asked first of a fresh child: crash, as before";
    checked.shows(1, &["crash  encode/worked", "crash  encode/padding"]);
    // The second one was asked of a child that had just begun, which needs no second look.
    assert_eq!(words(&checked.stdout).matches(told).count(), 1, "{checked:#?}");
    assert!(checked.verdict().starts_with("profile all: 4 passed, 2 failed"), "{checked:#?}");
}

/// A refusal counts only where the control was passed by the same child.
#[test]
fn a_fresh_child_is_asked_the_control_again() {
    let bench = Bench::new();
    let log = bench.text("requests");
    // A handshake; a decode and two encodes and a load, each through two entries but the first; the first
    // refusal behind its control, twice; and of the second refusal, whose control was passed, it dies.
    let guard = format!(r#"printf '%s\n' "$line" >> {log}; {}"#, once(&bench, 13));
    let checked = bench.run("check", &arguments(&[], &guarded(&guard)));
    checked.shows(1, &["crash  load/version-1", "fresh child: pass"]);
    let asked = bench.read("requests");
    let request = |line| serde_json::from_str::<Value>(line).expect("JSON");
    let asked: Vec<Value> = asked.lines().map(request).collect();
    let ops: Vec<&str> = asked.iter().filter_map(|line| line["op"].as_str()).collect();
    assert_eq!(ops[..3], ["hello", "decode", "encode"]);
    assert_eq!(ops[12], "load");
    // Control and refusal, through the one entry and through the other.
    assert_eq!(ops[13..], ["hello", "load", "load", "load", "load"]);
    let entries: Vec<&str> = asked[14..].iter().filter_map(|line| line["entry"].as_str()).collect();
    assert_eq!(entries, ["copy", "copy", "map", "map"]);
}

#[test]
fn several_children_come_to_the_same_records_in_the_same_order() {
    let one = |subject: &[&str], jobs: &str| {
        let all =
            [&["check", "--quick", "--json", "--seed", "5", "--jobs", jobs], subject].concat();
        let done = q4proof(all);
        assert!(matches!(done.code, Some(0 | 1)), "{done:#?}");
        done.stdout
    };
    for subject in [&["--subject", "reference"][..], &["--subject", "planted:padded-tail-range"]] {
        let alone = one(subject, "1");
        assert!(alone.lines().count() > 1600);
        assert_eq!(one(subject, "3"), alone, "{subject:?}");
    }
}

#[test]
fn several_children_are_started_and_all_of_them_are_asked() {
    // Thirty decodes, each of which takes a moment.
    let decode = json!({ "op": "decode", "format": "khq4", "blocks": BLOCK, "original_len": 3 });
    let exact = json!({ "one": { "values": { "f32": VALUES } } });
    let many: Vec<Value> =
        (0..30).map(|number| case(&format!("decode/{number}"), "DEC-1", &decode, &exact)).collect();
    let bench = Bench::with(&json!({ "about": "many", "cases": many }).to_string());
    let log = bench.text("processes");
    let rest = guarded(r#"echo $$ >> "$LOG"; sleep 0.02"#);
    let arguments = arguments(&["--jobs", "3", "--profile", "decode:khq4"], &rest);
    crate::support::finished(bench.command("check", &arguments).env("LOG", &log)).shows(0, &[]);
    let asked = bench.read("processes");
    let mut processes: Vec<&str> = asked.lines().collect();
    assert_eq!(processes.len(), 3 + 30, "a handshake each, and every case once");
    processes.sort_unstable();
    let each: Vec<usize> =
        processes.chunk_by(|one, other| one == other).map(<[&str]>::len).collect();
    assert_eq!(each.len(), 3, "{each:?}");
    assert!(each.iter().all(|asked| *asked > 1), "{each:?}");
}

#[test]
fn jobs_are_a_number_above_zero() {
    for jobs in ["0", "-1", "x", "1000"] {
        let done = q4proof(["check", "--quick", "--jobs", jobs]);
        assert_eq!(done.code, Some(2), "{done:#?}");
        assert!(done.stderr.contains("--jobs"), "{done:#?}");
    }
}

#[test]
fn limits_are_kept_to_and_named_where_a_case_is_asked_again() {
    let bench =
        Bench::with(&json!({ "about": "a small suite", "cases": cases()[..1] }).to_string());
    let grows = guarded(r#"[ $number -lt 2 ] || { x=$(printf '%90000000s'); sleep 60; }"#);
    let checked = bench.run("check", &arguments(&["--memory", "40"], &grows));
    checked.shows(1, &["over-budget  decode/worked", "MiB, of 40 allowed", "--memory 40"]);
    let begun = Instant::now();
    let silent = ["--start-deadline", "0.2", "--", "sleep", "60"];
    bench.run("check", &silent).says(3, &["no answer to hello within 0.2 s"]);
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_start_that_is_interrupted_is_no_failed_start() {
    let bench = Bench::new();
    let started = bench.text("started");
    let script = format!(": > {started}; exec sleep 600");
    let mut command = bench.command("check", &["--", "sh", "-c", &script]);
    let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
    while !Path::new(&started).exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let process = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(process, rustix::process::Signal::INT).expect("it lives");
    let mut said = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
    assert_eq!(child.wait().expect("its status").code(), Some(130), "{said}");
    assert!(said.contains("interrupted"), "{said}");
}

/// The pass ends, and the log and every report of it say that it is no whole one.
#[test]
fn a_pass_that_is_interrupted_ends_at_once_and_says_so() {
    let bench = Bench::new();
    let hangs = guarded(r#"[ $number -lt 6 ] || sleep 600"#);
    let arguments = arguments(&["--json", "--deadline", "60"], &hangs);
    let mut child =
        bench.command("check", &arguments).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut stdout = child.stdout.take().expect("a pipe");
    let mut log = Vec::new();
    // The header and two cases, of which the third hangs.
    while log.iter().filter(|byte| **byte == b'\n').count() < 3 {
        let mut piece = [0; 4096];
        let count = stdout.read(&mut piece).expect("a log");
        assert!(count > 0, "it ended by itself");
        log.extend(&piece[..count]);
    }
    let begun = Instant::now();
    let process = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(process, rustix::process::Signal::INT).expect("it lives");
    stdout.read_to_end(&mut log).expect("the rest");
    assert_eq!(child.wait().expect("its status").code(), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());

    let text = String::from_utf8(log).expect("text");
    let footer: Value = serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
    assert_eq!(footer["record"], "footer");
    assert_eq!(footer["interrupted"], true);
    assert_eq!(footer["verdict"], "interrupted");
    assert_eq!(footer["passed"], 2);
    let log = bench.write("log", text).display().to_string();
    let (junit, markdown) = (bench.text("junit.xml"), bench.text("summary.md"));
    let reported = bench.run("report", &[&log, "--junit", &junit, "--markdown", &markdown]);
    reported.shows(130, &[]);
    let end = "2 passed, 0 failed · suite unlocked, 2 of 6 asked · interrupted";
    assert!(reported.verdict().ends_with(end), "{reported:#?}");
    assert!(bench.read("junit.xml").contains("<failure"), "{}", bench.read("junit.xml"));
    assert!(bench.read("summary.md").contains("**interrupted**"), "{}", bench.read("summary.md"));
    let page = bench.text("page.html");
    for done in [
        q4proof(["diff", &log, &log]),
        q4proof(["matrix", &log, "--html", &page]),
        bench.run("bless", &[&log, "--ledger", &bench.text("ledger.toml")]),
    ] {
        done.says(2, &["log:4: ", "interrupted after 2 of 6 cases, expected a whole one"]);
    }
}
