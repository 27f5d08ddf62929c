//! The GitHub Action: the scripts of `action.yml` run as a runner would run them, with `cargo` and
//! `rustup` in the place of which stand scripts that say what was asked of them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use crate::support::{Bench, Finished, finished, q4proof};

const ACTION: &str = include_str!("../../action.yml");

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A step that runs a script.
#[derive(Default)]
struct Step {
    condition: Option<&'static str>,
    env: Vec<(&'static str, &'static str)>,
    script: String,
}

/// The steps that run a script, in their order.
fn steps() -> Vec<Step> {
    let (_, text) = ACTION.split_once("\n  steps:\n").expect("steps");
    let mut steps: Vec<Step> = Vec::new();
    let mut block = "";
    for line in text.lines() {
        if line.starts_with("    - ") {
            steps.push(Step::default());
        }
        let Some(step) = steps.last_mut() else { continue };
        match line.strip_prefix("        ") {
            Some(line) if block == "run: |" => step.script += &format!("{line}\n"),
            Some(line) if block == "env:" => step.env.extend(line.split_once(": ")),
            Some(_) => {}
            None if line.is_empty() => step.script.push('\n'),
            None => {
                block = line.get(6..).unwrap_or_default();
                step.condition = block.strip_prefix("if: ").or(step.condition);
            }
        }
    }
    steps.retain(|step| !step.script.trim().is_empty());
    steps
}

/// A job on a machine of its own.
struct Job {
    bench: Bench,
}

impl Job {
    fn new() -> Self {
        let bench = Bench::new();
        for folder in ["tools", "temp", "work"] {
            fs::create_dir(bench.path(folder)).expect("a folder");
        }
        let asked = bench.text("asked");
        let built = env!("CARGO_BIN_EXE_q4proof");
        let tools = [
            ("rustup", format!("echo \"rustup $*\" >> '{asked}'\n")),
            (
                "cargo",
                format!(
                    "echo \"cargo $*\" >> '{asked}'\nmkdir -p \"$7/bin\"; ln -s '{built}' \"$7/bin/q4proof\"\n"
                ),
            ),
        ];
        for (name, script) in tools {
            let path = bench.write(&format!("tools/{name}"), format!("#!/bin/sh\n{script}"));
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("permissions");
        }
        bench.write("summary", "before\n");
        bench.write("output", "");
        symlink(format!("{ROOT}/conformance"), bench.path("work/conformance")).expect("a link");
        Self { bench }
    }

    /// What an expression stands for.
    fn value(&self, expression: &str, inputs: &BTreeMap<&str, &str>) -> String {
        let name = expression.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}"));
        match name.expect("an expression") {
            "github.action_path" => ROOT.to_owned(),
            "runner.temp" => self.bench.text("temp"),
            name => {
                let name = name.strip_prefix("inputs.").expect("an input");
                assert!(ACTION.contains(&format!("\n  {name}:\n")), "{name} is no input");
                inputs.get(name).copied().unwrap_or_default().to_owned()
            }
        }
    }

    /// Runs the steps with these inputs, up to the first that fails.
    fn run(&self, inputs: &[(&'static str, &str)]) -> Finished {
        let inputs = inputs.iter().copied().collect();
        let path = format!("{}:{}", self.bench.text("tools"), env!("PATH"));
        let mut last = None;
        for step in steps() {
            assert!(!step.script.contains("${{"), "{}", step.script);
            let missed = "steps.cache.outputs.cache-hit != 'true'";
            assert!(step.condition.is_none_or(|condition| condition == missed));
            let script = self.bench.write("script.sh", &step.script);
            let mut command = Command::new("bash");
            command.args(["--noprofile", "--norc", "-e", "-o", "pipefail"]).arg(script);
            command.current_dir(self.bench.path("work")).env_clear().env("PATH", &path);
            command.env("GITHUB_OUTPUT", self.bench.path("output"));
            command.env("GITHUB_STEP_SUMMARY", self.bench.path("summary"));
            command.envs([("RUNNER_OS", "Linux"), ("RUNNER_ARCH", "X64")]);
            for (name, expression) in &step.env {
                let (before, rest) = expression.split_at(expression.find("${{").unwrap_or(0));
                let (expression, after) = rest.split_at(rest.find("}}").map_or(0, |at| at + 2));
                let value = self.value(expression, &inputs);
                command.env(name, format!("{before}{value}{after}"));
            }
            let done = finished(&mut command);
            if done.code != Some(0) {
                return done;
            }
            last = Some(done);
        }
        last.expect("a step")
    }

    /// What a step has put out under a name.
    fn output(&self, name: &str) -> String {
        let text = self.bench.read("output");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).to_owned()
    }
}

const MINIMAL: &str = "python3 conformance/subjects/minimal/codec.py";

#[test]
fn what_conforms_is_reported_and_lets_the_job_go_on() {
    let job = Job::new();
    let done = job.run(&[("command", MINIMAL), ("profile", "decode:khq4+load:khq4")]);
    assert_eq!(done.code, Some(0), "{done:#?}");
    assert!(done.verdict().ends_with(" · conforms"), "{done:#?}");
    let summary = job.bench.read("summary");
    assert!(summary.starts_with("before\n# q4proof: minimal 0.1.0 (Python)\n"), "{summary}");
    assert!(summary.contains("\n**conforms**\n"), "{summary}");
    let junit = fs::read_to_string(job.output("junit")).expect("a report");
    assert!(junit.contains("<testsuites ") && !junit.contains("<failure "), "{junit}");
    let log = fs::read_to_string(job.output("log")).expect("a log");
    assert!(log.starts_with("{\"record\":\"header\""), "{log}");
    let temp = job.bench.text("temp");
    let asked = format!(
        "rustup toolchain install stable --profile minimal\n\
         cargo +stable install --locked --path {ROOT} --root {temp}/q4proof\n"
    );
    assert_eq!(job.bench.read("asked"), asked);
    assert!(job.output("key").starts_with("q4proof-Linux-X64--"), "{}", job.output("key"));
}

#[test]
fn what_does_not_conform_is_reported_and_fails_the_job() {
    let job = Job::new();
    let swapped = format!("{MINIMAL} --swap-nibbles");
    let inputs = [("command", swapped.as_str()), ("profile", "decode:khq4+load:khq4")];
    let done = job.run(&inputs);
    assert_eq!(done.code, Some(1), "{done:#?}");
    let summary = job.bench.read("summary");
    assert!(summary.contains("\n**does not conform**\n"), "{summary}");
    assert!(summary.contains("fail  decode/nibbles-ascending · BLK-2"), "{summary}");
    let junit = fs::read_to_string(job.output("junit")).expect("a report");
    assert!(junit.contains("<failure "), "{junit}");

    // The same beside a ledger of all that fails.
    let ledger = job.bench.text("known.toml");
    q4proof(["bless", &job.output("log"), "--ledger", &ledger]).shows(0, &[]);
    job.bench.write("known.toml", job.bench.read("known.toml").replace("= \"\"", "= \"swapped\""));
    let job = Job::new();
    let done = job.run(&[&inputs[..], &[("ledger", &ledger)]].concat());
    assert_eq!(done.code, Some(0), "{done:#?}");
    assert!(job.bench.read("summary").contains("\n**as expected**\n"));
}

#[test]
fn a_subject_has_a_name_or_a_command_and_a_deadline() {
    let done = Job::new().run(&[("subject", "planted:sound"), ("profile", "save:khq4")]);
    assert_eq!(done.code, Some(0), "{done:#?}");
    assert!(done.verdict().starts_with("profile save:khq4: 76 passed"), "{done:#?}");

    let hello = r#"{"protocol":1,"name":"idle","version":"1","language":"sh","capabilities":[]}"#;
    let idle = format!("read hello; echo '{hello}'; sleep 60");
    let job = Job::new();
    let done =
        job.run(&[("command", idle.as_str()), ("profile", "save:khq4"), ("deadline", "0.05")]);
    assert_eq!(done.code, Some(1), "{done:#?}");
    assert!(job.bench.read("summary").contains("no answer within the deadline"));
}

#[test]
fn without_a_pass_the_exit_code_is_that_of_check_and_nothing_is_reported() {
    for (inputs, code, words) in [
        (vec![], 2, "one of the inputs command and subject is needed"),
        (vec![("command", MINIMAL), ("subject", "planted:sound")], 2, "and not both"),
        (vec![("command", MINIMAL), ("profile", "most")], 2, "\"most\" is no profile"),
        (vec![("command", MINIMAL), ("deadline", "0")], 2, "seconds above 0"),
        (vec![("command", "exit 7")], 3, "did not"),
    ] {
        let job = Job::new();
        let done = job.run(&inputs);
        assert_eq!(done.code, Some(code), "{done:#?}");
        assert!(done.stderr.contains(words), "{done:#?}");
        assert_eq!(job.bench.read("summary"), "before\n");
        assert!(!job.bench.read("output").contains("junit="));
    }
}

#[test]
fn an_input_is_no_part_of_a_script() {
    for words in ["$(touch pwned)", "`touch pwned`", "\"; touch pwned; \"", "'; touch pwned; '"] {
        for name in ["subject", "profile", "ledger", "deadline"] {
            let job = Job::new();
            // Of two inputs of the same name the later counts.
            let inputs = [("subject", "planted:sound"), ("profile", "save:khq4"), (name, words)];
            let done = job.run(&inputs);
            assert_eq!(done.code, Some(2), "{done:#?}");
            let entries = fs::read_dir(job.bench.path("work")).expect("a folder").count();
            assert_eq!(entries, 1, "{words} as {name} has left something");
        }
    }
}
