//! The command as its users meet it.

use std::fs;
use std::process::{Command, Output};

use q4proof::parity::planted::Planted;
use serde_json::Value;

fn parity(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_q4proof"));
    command.arg("parity").args(arguments).output().expect("the command starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The prompts of the fixture.
fn prompts() -> usize {
    let text = include_str!("../../conformance/parity/prompts.json");
    serde_json::from_str::<Value>(text).unwrap().as_array().unwrap().len()
}

/// The report as JSON, and the exit code.
fn report(arguments: &[&str]) -> (Value, Option<i32>) {
    let output = parity(&[arguments, &["--json"]].concat());
    let text = stdout(&output);
    let report = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (report, output.status.code())
}

/// E2E-4: each run says how often its kernels ran.
#[test]
fn every_backend_matches_over_every_window() {
    let (report, code) = report(&["--backend", "q4"]);
    assert_eq!(code, Some(0));
    let (on_floats, code) = self::report(&["--backend", "f32"]);
    assert_eq!(code, Some(0));
    let runs: Vec<&Value> =
        [&on_floats, &report].iter().flat_map(|one| one["runs"].as_array().unwrap()).collect();
    let label = |run: &&Value| {
        format!("{}/{}", run["backend"].as_str().unwrap(), run["weights"].as_str().unwrap())
    };
    let labels: Vec<String> = runs.iter().map(label).collect();
    assert_eq!(labels, ["f32/float", "f32/q4", "q4/q4", "q4/quarot"]);
    for run in runs {
        // Each token of each window was compared, and its logits with it.
        let prompts = run["prompts"].as_array().unwrap();
        assert_eq!(prompts.len(), self::prompts());
        for prompt in prompts {
            assert_eq!(prompt["agreed"], prompt["window"]);
            assert!(prompt["window"].as_u64().unwrap() >= 15);
            let off = prompt["logit"]["off"].as_f64().unwrap();
            assert!(off > 0.0 && off <= run["tolerance"].as_f64().unwrap(), "{prompt}");
        }
        let dispatches = run["dispatches"].as_object().unwrap();
        assert!(dispatches.values().all(|count| count.as_u64().unwrap() > 1000), "{run}");
    }
    for directory in report["directories"].as_array().unwrap() {
        assert_eq!(directory["different"], serde_json::json!([]));
        assert!(directory["files"].as_u64().unwrap() > 30);
    }
}

#[test]
fn the_report_says_what_it_has_seen() {
    let output = parity(&["--backend", "f32"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    assert!(text.starts_with("E2E Parity Report\nmodel "), "{text}");
    assert!(text.contains(" window  margin  f32/float  f32/q4\n"), "{text}");
    assert!(text.contains("each byte is what the goldens' side made"), "{text}");
    let last = text.lines().last().unwrap();
    let count = prompts();
    let pass = format!("PASS: all {count} prompts match within their respective match windows");
    assert_eq!(last, pass);
}

#[test]
fn each_planted_fault_is_found_far_beyond_the_tolerance() {
    for fault in Planted::ALL {
        let (report, code) = report(&["--backend", "f32", "--planted", fault.name()]);
        assert_eq!(code, Some(1), "{}", fault.name());
        let mut furthest: f64 = 0.0;
        for run in report["runs"].as_array().unwrap() {
            let tolerance = run["tolerance"].as_f64().unwrap();
            for prompt in run["prompts"].as_array().unwrap() {
                // Infinite and NaN have no number in JSON.
                let off = prompt["logit"]["off"].as_f64().unwrap_or(f64::INFINITY);
                furthest = furthest.max(off / tolerance);
            }
        }
        assert!(furthest >= 100.0, "{}: {furthest} times the tolerance", fault.name());
    }
}

#[test]
fn a_divergence_is_named_with_its_prompt_its_position_and_its_margin() {
    let text = stdout(&parity(&["--backend", "f32", "--planted", "dropped-bias"]));
    let named = |line: &str, words: &str| {
        line.starts_with("f32/q4, prompt \"call\", position ")
            && line.contains(words)
            && line.contains("the margin is ")
    };
    for words in [" was expected, where ", " times the tolerance; "] {
        assert!(text.lines().any(|line| named(line, words)), "{words}: {text}");
    }
    assert!(text.lines().last().unwrap().starts_with("FAIL: "), "{text}");
}

#[test]
fn only_blocks_have_faults_of_blocks() {
    let (report, code) = report(&["--backend", "f32", "--planted", "nibble-order"]);
    assert_eq!(code, Some(1));
    for run in report["runs"].as_array().unwrap() {
        let diverged =
            run["prompts"].as_array().unwrap().iter().any(|one| one["verdict"] == "diverged");
        assert_eq!(diverged, run["weights"] != "float", "{}/{}", run["backend"], run["weights"]);
    }
}

/// E2E-5: and a waiver that is not needed must go.
#[test]
fn a_known_divergence_is_waived_by_its_prompt_and_its_backend() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("waivers.toml");
    let waivers = |text: &str| {
        fs::write(&path, text).unwrap();
        ["--backend", "f32", "--waivers", path.to_str().unwrap()].map(String::from)
    };
    let run = |arguments: &[String; 4], more: &[&str]| {
        let mut words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        words.extend(more);
        parity(&words)
    };
    let waiver = "[[waiver]]\nprompt = \"print(fib\"\nbackend = \"f32\"\nissue = \"example/1\"\n";
    // It matches, so that the waiver must go.
    let output = run(&waivers(waiver), &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(
        text.contains("prompt \"call\": matches, and is waived for example/1: remove the waiver")
    );
    assert!(text.contains("XPASS"), "{text}");
    let fails = |text: &str, diverged: usize| {
        let count = prompts();
        text.ends_with(&format!(
            "FAIL: {diverged}/{count} prompts diverged within their match windows\n"
        ))
    };
    assert!(fails(&text, 1), "{text}");
    // Another backend's divergence is not meant.
    let output = run(&waivers(&waiver.replace("f32", "q4")), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    // A waived one does not fail; the other eleven do.
    let output = run(&waivers(waiver), &["--planted", "last-rows-unwritten"]);
    let text = stdout(&output);
    assert!(text.contains("f32/float, prompt \"call\": waived for example/1"), "{text}");
    assert!(fails(&text, prompts() - 1), "{text}");

    for (text, words) in [
        (waiver.replace("example/1", " "), "names no issue"),
        (waiver.replace("print(fib", "print(fob"), "a stale waiver"),
        (waiver.replace("issue", "reason"), "unknown field"),
    ] {
        let output = run(&waivers(&text), &[]);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}

#[test]
fn the_report_is_written_as_markdown_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parity.md");
    let output = parity(&["--backend", "f32", "--markdown", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let text = fs::read_to_string(path).unwrap();
    assert!(text.starts_with("# E2E Parity Report\n\n**PASS: all "), "{text}");
    assert!(text.contains("| prompt | window | margin | f32/float | f32/q4 |\n| --- |"), "{text}");
    assert!(!text.contains('\u{1b}'), "no escape sequences");
}

#[test]
fn a_fixture_that_is_not_that_of_its_goldens_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/parity");
    fs::create_dir(folder.path().join("model")).unwrap();
    for name in
        ["reference.json", "model/config.json", "model/model.safetensors", "model/tokenizer.json"]
    {
        fs::copy(format!("{own}/{name}"), folder.path().join(name)).unwrap();
    }
    let run = || parity(&["--backend", "f32", "--fixture", folder.path().to_str().unwrap()]);
    assert_eq!(run().status.code(), Some(0));

    let model = folder.path().join("model/model.safetensors");
    let mut bytes = fs::read(&model).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&model, bytes).unwrap();
    let output = run();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("model.safetensors: is not that of the goldens"));

    // A prompt without a token is another one than that of the goldens, and nothing to run.
    fs::copy(format!("{own}/model/model.safetensors"), &model).unwrap();
    let path = folder.path().join("reference.json");
    let mut reference: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for goldens in reference["goldens"].as_object_mut().unwrap().values_mut() {
        goldens[0]["prompt"] = "".into();
    }
    fs::write(&path, reference.to_string()).unwrap();
    let output = run();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stdout(&output).contains("the prompt's token the end where"), "{}", stdout(&output));

    fs::write(folder.path().join("reference.json"), "{}").unwrap();
    let output = run();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("reference.json: missing field"), "{}", stderr(&output));
}

#[test]
fn a_subject_is_asked_to_generate_and_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("subject.py");
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/parity/reference.json");
    // It knows the answers; FAULT is what is wrong with them.
    let text = r#"
import json, sys
goldens = {golden["prompt"]: golden for golden in json.load(open(sys.argv[1]))["goldens"]["float"]}
for line in sys.stdin:
    request = json.loads(line)
    if request["op"] == "hello":
        answer = {"protocol": 1, "name": "known", "version": "1", "language": "Python", "capabilities": ["generate:model"]}
    else:
        golden = goldens[request["prompt"]]
        assert request["tokens"] == golden["window"]
        open(request["path"] + "/config.json").close()
        ids, text = list(golden["ids"]), golden["text"]
        if sys.argv[2] == "stops":
            ids.pop()
        if sys.argv[2] == "differs" and golden["name"] == "year":
            ids[7] += 1
        if sys.argv[2] == "text":
            text = text[:-1] + "?"
        answer = {"seq": request["seq"], "result": {"continuation": {"ids": ids, "text": text}}}
        if sys.argv[2] == "none":
            answer = {"seq": request["seq"], "unsupported": True}
    print(json.dumps(answer), flush=True)
"#;
    fs::write(&script, text).unwrap();
    let run = |fault: &str| {
        let output = parity(&["--", "python3", script.to_str().unwrap(), own, fault]);
        (stdout(&output), output.status.code())
    };
    let (text, code) = run("sound");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("known 1, Python"), "{text}");
    assert!(text.contains("not told"), "the logits and the kernels are not known: {text}");

    let (text, code) = run("stops");
    assert_eq!(code, Some(1));
    assert!(text.contains("prompt \"capital\", position 23: it stopped where token"), "{text}");
    let all = prompts();
    assert!(text.contains(&format!("FAIL: {all}/{all} prompts diverged")), "{text}");

    let (text, code) = run("differs");
    assert_eq!(code, Some(1));
    assert!(text.contains("prompt \"year\", position 7: token"), "{text}");
    assert!(text.contains(&format!("FAIL: 1/{all} prompts diverged")), "{text}");

    let (text, code) = run("text");
    assert_eq!(code, Some(1));
    assert!(text.contains("the tokens agree and their text does not"), "{text}");

    let (text, code) = run("none");
    assert_eq!(code, Some(1));
    assert!(text.contains("it does not offer generate"), "{text}");
}

/// E2E-4: what did not run is no pass.
#[test]
fn what_cannot_run_is_said_and_never_passes() {
    #[cfg(not(feature = "gpu"))]
    {
        let output = parity(&["--backend", "gpu"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("this build has no feature gpu"), "{}", stderr(&output));
    }
    let output = parity(&["--backend", "f32", "--require-backend", "vulkan"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--backend f32 uses no adapter"), "{}", stderr(&output));
    for (ignored, words) in [
        (&["--planted", "nibble-order", "--", "true"][..], "--planted: a fault is planted in this"),
        (&["--backend", "q4", "--", "true"], "--backend: a subject multiplies by itself"),
        (&["--weights", "q4"], "--weights: is for a subject"),
    ] {
        let output = parity(ignored);
        assert_eq!(output.status.code(), Some(2), "{ignored:?}");
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
    let output = parity(&["--planted", "nothing"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there is nibble-order, dropped-bias"), "{}", stderr(&output));
}
