//! Both sides of the protocol: `serve`, and commands that do not keep to it.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::{BLOCK, Bench, Finished, command, q4proof};

/// The answer to the handshake of a subject that claims to decode.
const HELLO: &str =
    r#"{"protocol":1,"name":"odd","version":"1","language":"sh","capabilities":["decode:khq4"]}"#;

/// Lets `serve` answer `input`.
fn serve(subject: &str, input: &str) -> Finished {
    dialogue(command().args(["serve", "--subject", subject]), input)
}

/// Lets a command answer `input`.
fn dialogue(command: &mut Command, input: &str) -> Finished {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // The command may end before it has read everything.
    stdin.write_all(input.as_bytes()).ok();
    drop(stdin);
    let output = child.wait_with_output().expect("the command ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Finished {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// Asks one decode of a shell script that has answered the handshake.
fn ask(script: &str) -> Finished {
    let script = format!("read hello; echo '{HELLO}'; {script}");
    let filter = ["--profile", "decode:khq4", "--deadline", "0.5", "--", "sh", "-c", &script];
    Bench::new().run("check", &filter)
}

#[test]
fn the_protocol_s_example_is_answered() {
    let decode = format!(
        "{{\"seq\":1,\"op\":\"decode\",\"format\":\"khq4\",\"blocks\":\"{BLOCK}\",\"original_len\":3}}\n"
    );
    let hello = "{\"op\":\"hello\",\"protocol\":1}\n";
    let served = serve("reference", &format!("{hello}{decode}"));
    served.shows(
        0,
        &[
            "{\"protocol\":1,\"name\":\"reference\"",
            "\n{\"seq\":1,\"result\":{\"values\":{\"f32\":\"0000a04000dcbd4000fcdf40\"}}}\n",
        ],
    );
    serve("planted:refuse-all", &decode).shows(0, &["{\"seq\":1,\"refused\":{\"message\":"]);
}

#[test]
fn a_line_that_is_no_request_is_named() {
    for (input, word) in [
        ("hello\n", "line 1"),
        ("{\"op\":\"hello\",\"protocol\":1}\n{\"op\":\"decode\"}\n", "line 2"),
        ("{\"op\":\"hello\",\"protocol\":1}", "ends in the middle"),
        (
            "{\"op\":\"decode\",\"format\":\"khq4\",\"seq\":1,\"blocks\":\"0g\",\"original_len\":1}\n",
            "hex digit",
        ),
    ] {
        serve("reference", input).says(2, &["is no request", word]);
    }
    serve("python", "").says(2, &["\"python\"", "reference, gpu or planted:NAME"]);
    serve("planted:none", "").says(2, &["\"planted:none\"", "list --subjects"]);
}

#[test]
fn the_reference_conforms_as_a_child_process() {
    let own = env!("CARGO_BIN_EXE_q4proof");
    let checked = Bench::new().run("check", &["--", own, "serve"]);
    checked.shows(0, &["subject reference"]);
    assert!(checked.verdict().contains("6 passed, 0 failed"), "{checked:#?}");
}

#[test]
fn a_subject_that_does_not_start_gives_no_verdict() {
    for (subject, words) in [
        (vec!["/no/such/program"], ["/no/such/program", "No such file or directory"]),
        (vec!["true"], ["did not start", "exit status: 0"]),
        (
            vec!["sh", "-c", "echo no weights >&2; exit 7"],
            ["exit status: 7", "it said: no weights"],
        ),
        (vec!["echo", "garbage"], ["its answer to hello is", "garbage"]),
        (vec!["sh", "-c", "printf '\\033[2J\\n'"], ["did not start", "u{1b}[2J"]),
        (
            vec![
                "sh",
                "-c",
                r#"echo '{"protocol":2,"name":"","version":"","language":"","capabilities":[]}'"#,
            ],
            ["protocol 2", "expected 1"],
        ),
    ] {
        let arguments = [vec!["--"], subject].concat();
        let checked = Bench::new().run("check", &arguments);
        checked.says(3, &words);
        assert_eq!(checked.stdout, "");
    }
}

#[test]
fn whatever_a_subject_does_is_an_outcome() {
    for (script, outcome, words) in [
        ("read request; exit 3", "crash", "exit status: 3"),
        ("while read request; do echo nonsense; done", "protocol-error", "is no answer"),
        ("sleep 60", "timeout", "no answer within the deadline"),
        (
            "while read request; do echo '{\"seq\":9,\"unsupported\":true}'; done",
            "protocol-error",
            "answered seq 9",
        ),
    ] {
        let checked = ask(script);
        checked.shows(1, &[&format!("{outcome}  decode/worked"), words]);
        assert!(checked.verdict().ends_with(" · does not conform"), "{checked:#?}");
    }
}

#[test]
fn a_subject_s_words_cannot_steer_the_terminal() {
    let refused = r#"{"seq":1,"refused":{"message":"\u001b[2J over"}}"#;
    let checked = ask(&format!("read request; echo '{refused}'"));
    checked.shows(1, &["\\u{1b}[2J over"]);
    assert!(!checked.stdout.contains('\x1b'), "{checked:#?}");
}

#[test]
fn the_command_of_a_subject_is_repeated_to_ask_again() {
    let checked = ask("read request; exit 3");
    let hello = HELLO.replace('\'', "");
    let tail = format!("-- sh -c 'read hello; echo '\\''{hello}'\\''; read request; exit 3'\n");
    checked.shows(1, &["q4proof repro CASE --profile decode:khq4 --deadline 0.5", &tail]);
}

#[test]
fn an_unknown_subject_names_those_that_there_are() {
    let checked = q4proof(["check", "--subject", "planted:no-such-fault"]);
    checked.says(2, &["\"planted:no-such-fault\"", "`q4proof list --subjects`"]);
}

/// Each pair of lines in PROTOCOL.md but the handshake, whose names are somebody else's.
#[test]
fn every_example_of_the_protocol_is_answered_as_it_says() {
    let (before, _, after) = protocol();
    let text = before.to_owned() + after;
    let folder = tempfile::tempdir().expect("a folder");
    let within = |name: &str| folder.path().join(name).display().to_string();
    // The files of the examples stand there in hex, KHQ4's first.
    let hex = |line: &str| {
        let digits = line.strip_prefix("    ")?;
        let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
        pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect::<Option<Vec<u8>>>()
    };
    let files: Vec<Vec<u8>> =
        text.lines().filter_map(hex).filter(|file| !file.is_empty()).collect();
    assert_eq!(files.iter().map(Vec::len).collect::<Vec<_>>(), [48, 34]);

    let lines: Vec<&str> = text.lines().collect();
    let (mut answered, mut directories) = (0, Vec::new());
    for pair in lines.windows(2) {
        let (Some(request), Some(expected)) =
            (pair[0].strip_prefix("-> "), pair[1].strip_prefix("<- "))
        else {
            continue;
        };
        let value = |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("JSON");
        let op = value(request)["op"].as_str().expect("an operation").to_owned();
        if op == "hello" {
            continue;
        }
        let halves = value(request)["format"] == "khf1";
        let file = if halves { &files[1] } else { &files[0] };
        let (loaded, saved) = (within("loaded"), within(&op));
        std::fs::write(&loaded, file).expect("a file");
        let mut asked = value(request);
        if op == "load" {
            asked["path"] = loaded.into();
        } else if op == "read_index" {
            // What the first of the two examples holds stands below it; the second holds none.
            let model = tempfile::tempdir().expect("a folder");
            let index = lines.iter().find(|line| line.starts_with("    {\"quarot_seed\""));
            if value(expected)["result"]["index"]["form"] == "object" {
                std::fs::write(model.path().join("quantize_index.json"), index.expect("an index"))
                    .expect("a file");
            }
            asked["path"] = model.path().display().to_string().into();
            directories.push(model);
        } else if op == "save" {
            asked["path"] = saved.clone().into();
        }
        let served = serve("reference", &format!("{asked}\n"));
        assert_eq!(served.code, Some(0), "{served:#?}");
        assert_eq!(value(&served.stdout), value(expected), "{request}");
        if op == "save" {
            assert_eq!(&std::fs::read(saved).expect("the file"), file, "{request}");
        }
        answered += 1;
    }
    assert_eq!(answered, 19);
}

/// PROTOCOL.md before its exchange, the exchange, and what comes after it.
fn protocol() -> (&'static str, &'static str, &'static str) {
    let text = include_str!("../../conformance/PROTOCOL.md");
    let (before, rest) = text.split_once("\n## An exchange\n").expect("the exchange");
    let (exchange, after) = rest.split_once("\n## ").expect("what comes after it");
    (before, exchange, after)
}

/// The exchange again, in this test's folder in the place of the harness's.
#[test]
fn the_exchange_is_what_the_reference_and_the_minimal_codec_say() {
    let (_, exchange, _) = protocol();
    let folder = tempfile::tempdir().expect("a folder");
    let files: Vec<&str> = exchange.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert_eq!(files.len(), 2);
    for (name, file) in [("1.q4", 0), ("2.q4", 1), ("3.q4", 0), ("4.q4", 1)] {
        let digits = files[file].as_bytes().chunks(2);
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Option<Vec<u8>> = digits.map(byte).collect();
        std::fs::write(folder.path().join(name), bytes.expect("hex")).expect("a file");
    }
    std::fs::create_dir(folder.path().join("5.folder")).expect("a folder");
    let here = |line: &str| {
        let (before, rest) = line.split_once("/dev/shm/q4proof-")?;
        let (_, after) = rest.split_once('/')?;
        Some(format!("{before}{}/{after}", folder.path().display()))
    };
    let lines = |mark: &str| -> Vec<String> {
        let lines = exchange.lines().filter_map(|line| line.strip_prefix(mark));
        lines.map(|line| here(line).unwrap_or_else(|| line.to_owned())).collect()
    };
    let (requests, answers) = (lines("-> "), lines("<- "));
    assert_eq!((requests.len(), answers.len()), (8, 8));
    let served = serve("reference", &(requests[..6].join("\n") + "\n"));
    assert_eq!(served.stdout.lines().collect::<Vec<_>>(), answers[..6]);
    let saved = std::fs::read(folder.path().join("5.folder/tensor")).expect("a file");
    assert_eq!(saved, std::fs::read(folder.path().join("1.q4")).expect("a file"));

    let codec = concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/subjects/minimal/codec.py");
    let mut python = Command::new("python3");
    let minimal = dialogue(python.arg(codec), &(requests[6..].join("\n") + "\n"));
    assert_eq!(minimal.stdout.lines().collect::<Vec<_>>(), answers[6..]);
}

/// Starts a shell whose adapter answers by `script`, where `$seq` is known, and asks it the vectors that the
/// command carries.
fn adapter(prelude: &str, script: &str, more: &[&str]) -> Finished {
    let script = format!(
        r#"{prelude}
        while read -r line; do seq=${{line#*:}}; seq=${{seq%%,*}}; {script}; done"#
    );
    let first = ["check", "--profile", "decode:khq4", "--deadline", "0.3"];
    let last = ["--", "sh", "-c", &script];
    q4proof([&first[..], more, &last].concat())
}

fn hello() -> String {
    format!("read -r hello; echo '{HELLO}'")
}

/// One mistake in every answer is told after three of them, in one sentence that says what to do.
#[test]
fn an_adapter_with_one_mistake_in_each_answer_ends_the_pass() {
    let unsupported = r#"echo "{\"seq\":$seq,\"unsupported\":true}""#;
    for (script, words) in [
        (
            "printf 'asked %s\\n' \"$seq\"; printf '%s\\n' '{}'",
            ["\"asked 3\" is no answer", "write nothing but answers to standard output"],
        ),
        (&format!("{unsupported}; echo done"), ["debug lines go to standard error", "3 questions"]),
        (
            r#"echo "{\"seq\":0,\"unsupported\":true}""#,
            ["answered seq 0, asked was", "repeat the request's `seq`"],
        ),
        (
            r#"echo "{\"seq\":\"$seq\",\"unsupported\":true}""#,
            ["expected u64", "write `seq` as a number"],
        ),
        (
            r#"echo "{\"seq\":$seq,\"result\":{\"tensors\":[{\"shape\":\"[3]\",\"blocks\":\"\"}]}}""#,
            ["expected a sequence", "write `shape` as an array of numbers such as [2,3]"],
        ),
        (
            r#"printf '{"seq":%s,"unsupported":true}\r\n' "$seq""#,
            ["ends with CR LF", "end each line with LF alone"],
        ),
        (
            r#"echo "{\"seq\":$seq,\"result\":{\"values\":{\"f32\":\"0000A040\"}}}""#,
            ["capital letters", "write hexadecimal digits in lowercase"],
        ),
        (
            r#"echo "{'seq': $seq, 'unsupported': True}""#,
            ["is no answer", "Python: json.dumps, not str or repr"],
        ),
    ] {
        let stopped = adapter(&hello(), script, &[]);
        let first = "the pass was stopped, since 3 questions of decode:khq4 came to the same";
        stopped.says(3, &[first, words[0], words[1], "--keep-going asks the rest"]);
        assert_eq!(stopped.stdout, "", "{script}");
    }
}

/// A buffer that is not flushed gives its answers when the input ends, and that is how it is recognised.
#[test]
fn an_adapter_that_does_not_flush_is_told_to() {
    let begun = std::time::Instant::now();
    let keeps = r#"kept="$kept{\"seq\":$seq,\"unsupported\":true}""#;
    let script = format!(
        "while read -r line; do seq=${{line#*:}}; seq=${{seq%%,*}}; {keeps}; done; echo \"$kept\"; exit"
    );
    let stopped = adapter(&format!("{}; {script}", hello()), "true", &[]);
    stopped.says(3, &["no answer within the deadline", "flush standard output after each line"]);
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());

    // So with the answer to the handshake.
    let script = format!("cat > /dev/null; echo '{HELLO}'");
    let stopped =
        Bench::new().run("check", &["--start-deadline", "0.3", "--", "sh", "-c", &script]);
    let words =
        "no answer to hello within 0.3 s; it came when its input ended: flush standard output";
    stopped.says(3, &[words]);
}

#[test]
fn a_banner_before_or_after_the_handshake_is_named() {
    let banner = adapter("echo 'Loading the model'", "true", &[]);
    let words = ["\"Loading the model\"", "write nothing but answers to standard output"];
    banner.says(3, &words);
    let banner = adapter(&format!("{}; echo 'Loaded.'", hello()), "true", &[]);
    banner.says(3, &["since 3 questions", words[1]]);
    let windows = adapter(&format!("read -r hello; printf '%s\\r\\n' '{HELLO}'"), "true", &[]);
    windows.says(3, &["its answer to hello ends with CR LF", "LF alone"]);
}

/// With `--keep-going`, and where most answers of the operation are some, every case is asked.
#[test]
fn a_pass_goes_on_where_that_is_asked_for_or_something_was_answered() {
    let bench = Bench::new();
    let wrong = r#"echo "{\"seq\":0,\"unsupported\":true}""#;
    let all = adapter(&hello(), wrong, &["--keep-going", "--filter", "decode/nibble"]);
    all.shows(1, &["protocol-error", "answered seq 0", "repeat the request's `seq`"]);
    let once = format!(
        r#"echo x >> {0}; [ $(($(wc -l < {0}) % 5)) = 0 ] && seq=0; echo "{{\"seq\":$seq,\"unsupported\":true}}""#,
        bench.text("asked")
    );
    let answered = adapter(&hello(), &once, &["--filter", "decode/nibble"]);
    answered.shows(1, &["unsupported", "protocol-error", "does not conform"]);
}

/// The first lines hold the message, the last ones what came of it.
#[test]
fn a_crash_shows_the_first_lines_of_what_it_said_and_the_last() {
    let says = r#"echo "thread 'main' panicked at src/lib.rs:7:9:" >&2; echo 'scale is 0' >&2
        for frame in 1 2 3 4 5 6 7 8 9; do echo "frame $frame" >&2; done; exit 101"#;
    let checked = ask(&format!("read request; {says}"));
    let said = "it said: thread 'main' panicked at src/lib.rs:7:9: | scale is 0 | frame 1 | ... | frame 5 | \
                frame 6 | frame 7 | frame 8 | frame 9";
    let stdout = checked.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(stdout.contains(said), "{stdout}");
    // A backtrace of thousands of lines takes nothing from the message.
    let long = says.replace("1 2 3 4 5 6 7 8 9", "$(seq 9000)");
    let checked = ask(&format!("read request; {long}"));
    let stdout = checked.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = "scale is 0 | frame 1 | ... | frame 8996 | frame 8997 | frame 8998 | frame 8999 | frame 9000";
    assert!(stdout.contains(said), "{stdout}");
}

/// A panic says where it was, not how it came there, unless the user wants to see that.
#[test]
fn a_child_has_no_backtrace_that_the_user_did_not_ask_for() {
    let says = format!(
        "read -r hello; echo '{HELLO}'; read -r request; echo \"is $RUST_BACKTRACE.\" >&2; exit 1"
    );
    let bench = Bench::new();
    let asked = |exported: Option<&str>, child: &[&str]| {
        let arguments =
            [&["--profile", "decode:khq4", "--"][..], child, &["sh", "-c", &says]].concat();
        let mut command = bench.command("check", &arguments);
        command.env_remove("RUST_BACKTRACE");
        exported.map(|value| command.env("RUST_BACKTRACE", value));
        crate::support::finished(&mut command)
    };
    asked(None, &[]).shows(1, &["is 0."]);
    asked(Some("full"), &[]).shows(1, &["is full."]);
    asked(None, &["env", "RUST_BACKTRACE=1"]).shows(1, &["is 1."]);
}

/// A command line that is one word, and one without `--`.
#[test]
fn a_command_that_is_not_given_in_words_is_told_how() {
    let bench = Bench::new();
    let quoted = bench.run("check", &["--", "node codec.js"]);
    quoted.says(3, &["no program has the name \"node codec.js\"", "-- node codec.js"]);
    let bare = q4proof(["check", "--deadline", "2", "node", "codec.js", "a b"]);
    bare.says(
        2,
        &["a subject's command stands behind --: ", "check --deadline 2 -- node codec.js 'a b'"],
    );
    let bare = q4proof(["repro", "decode/worked", "node", "codec.js"]);
    bare.says(2, &["repro decode/worked -- node codec.js"]);
    for other in [vec!["check", "--colour"], vec!["list", "node"], vec!["nothing", "node"]] {
        let refused = q4proof(&other);
        assert_eq!(refused.code, Some(2), "{refused:#?}");
        assert!(!refused.stderr.contains("behind --"), "{refused:#?}");
    }
}

/// A capability that does not exist is passed over by the profile, and named.
#[test]
fn a_capability_that_does_not_exist_is_named_with_what_was_meant() {
    for (name, meant) in [
        ("lode", "did you mean load:khq4 or load:khf1?"),
        ("dceode:khq4", "did you mean decode:khq4?"),
        ("load:q4_1", "did you mean load:khq4 or load:khf1?"),
        ("expected-shape", "did you mean expected-shape:khq4 or expected-shape:khf1?"),
        ("expected_shape:kfh1", "did you mean expected-shape:khf1?"),
        ("to-f16", "did you mean to-f16:khq4?"),
        ("quantum", "PROTOCOL.md lists the capabilities"),
    ] {
        let hello = HELLO.replace("[\"decode:khq4\"]", &format!("[\"decode:khq4\",\"{name}\"]"));
        let script = format!("read hello; echo '{hello}'; read request; exit 1");
        let checked = Bench::new().run("check", &["--", "sh", "-c", &script]);
        let hint = format!("hint: the handshake lists {name:?}, which is no capability: {meant}\n");
        checked.shows(1, &[&hint]);
    }
    assert!(!ask("read request; exit 1").stdout.contains("no capability"));
    let generates =
        HELLO.replace("\"decode:khq4\"", "\"decode:khq4\",\"generate:model\",\"to-f16:khq4\"");
    let script = format!("read hello; echo '{generates}'; read request; exit 1");
    let checked = Bench::new().run("check", &["--", "sh", "-c", &script]);
    assert!(!checked.stdout.contains("no capability"), "{checked:#?}");
}
