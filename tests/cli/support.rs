//! Running the command, and a small suite to run it on.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The file of SPEC.md's worked example: the tensor [5, 6, 7].
pub const FILE: &str = "4b48513402000000010000000300000000000000030000000000000044300045700f0000000000000000000000000000";

/// Its block.
pub const BLOCK: &str = "44300045700f0000000000000000000000000000";

/// Its values, f32 in little-endian bytes.
pub const VALUES: &str = "0000a04000dcbd4000fcdf40";

/// What the command left.
#[derive(Debug)]
pub struct Finished {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// Asserts the exit code and that standard error is one sentence with all of `words`.
    #[track_caller]
    pub fn says(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert!(self.stderr.starts_with("q4proof: "), "{self:#?}");
        assert_eq!(self.stderr.lines().count(), 1, "one sentence: {self:#?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in {self:#?}");
        }
    }

    /// Asserts the exit code, that nothing is on standard error, and all of `words` on standard
    /// output.
    #[track_caller]
    pub fn shows(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_eq!(self.stderr, "", "{self:#?}");
        for word in words {
            assert!(self.stdout.contains(word), "{word:?} is not in {self:#?}");
        }
    }

    /// The line of the verdict, which is the last of standard output but for a next step.
    pub fn verdict(&self) -> &str {
        let is_next = |line: &&str| line.starts_with("next: q4proof check -- ");
        self.stdout.lines().rev().find(|line| !is_next(line)).unwrap_or_default()
    }
}

/// The command, before it is run.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_q4proof"));
    command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").stdin(Stdio::null());
    command
}

/// Runs the command to its end.
pub fn q4proof<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Finished {
    finished(command().args(arguments))
}

/// Runs a command to its end.
pub fn finished(command: &mut Command) -> Finished {
    let output = command.output().expect("the command starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Finished {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// A private folder with a small suite in `vectors`.
pub struct Bench {
    folder: TempDir,
}

impl Bench {
    /// With the suite of [`cases`].
    pub fn new() -> Self {
        Self::with(&json!({ "about": "a small suite", "cases": cases() }).to_string())
    }

    /// With one file of vectors of this text.
    pub fn with(vectors: &str) -> Self {
        let bench = Self { folder: tempfile::tempdir().expect("a folder") };
        fs::create_dir(bench.path("vectors")).expect("a folder");
        fs::write(bench.path("vectors/small.json"), vectors).expect("a file");
        bench
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path in the folder, as text.
    pub fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Writes a file.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        fs::write(self.path(name), bytes).expect("a file");
        self.path(name)
    }

    /// Runs a verb on the small suite.
    pub fn run(&self, verb: &str, arguments: &[&str]) -> Finished {
        finished(&mut self.command(verb, arguments))
    }

    /// Asks the small suite and keeps the log; gives its path.
    pub fn log(&self, name: &str, arguments: &[&str]) -> String {
        // Before what may be a command behind `--`.
        let arguments: Vec<&str> = ["--json"].iter().chain(arguments).copied().collect();
        let logged = self.run("check", &arguments);
        assert!(matches!(logged.code, Some(0 | 1 | 4)), "{logged:#?}");
        self.write(name, logged.stdout).display().to_string()
    }

    /// Text of a file.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a file of text")
    }

    /// The command of a verb on the small suite.
    pub fn command(&self, verb: &str, arguments: &[&str]) -> Command {
        let mut command = command();
        command.arg(verb).arg("--vectors").arg(self.path("vectors")).args(arguments);
        command
    }
}

/// A decode, an encode with a lawful alternate, and a load with two refusals.
pub fn cases() -> Vec<Value> {
    let decode = json!({ "op": "decode", "format": "khq4", "blocks": BLOCK, "original_len": 3 });
    let encode = |shape: usize, values: &str| {
        json!({
            "op": "encode", "format": "khq4", "mode": "asymmetric", "shape": [shape],
            "values": { "f32": values },
        })
    };
    let load = json!({ "op": "load", "format": "khq4", "path": { "bytes": FILE } });
    let padding = |name: &str, pair: &str| {
        let blocks = format!("443000c2f0{}", pair.repeat(15));
        json!({ "name": name, "expect": { "one": { "encoded": { "blocks": blocks } } } })
    };
    let values = json!({ "f32": VALUES });
    let tensor = json!({ "shape": [3], "blocks": BLOCK, "values": values });
    vec![
        case("decode/worked", "DEC-1", &decode, &json!({ "one": { "values": values } })),
        case(
            "encode/worked",
            "ENC-A1",
            &encode(3, "0000a0400000c0400000e040"),
            &json!({ "one": { "encoded": { "blocks": BLOCK } } }),
        ),
        case(
            "encode/padding",
            "ENC-P1",
            &encode(2, "000040c0000080bf"),
            &json!({ "one_of": [padding("padding-formula", "ff"), padding("padding-zero", "00")] }),
        ),
        case("load/worked", "KHQ4-H1", &load, &json!({ "one": { "tensors": [tensor] } })),
        refusal("load/scale-zero", "KHQ4-P3", "scale", 28, "0000", "scale"),
        refusal("load/version-1", "KHQ4-H2", "version", 4, "01", "legacy_version"),
    ]
}

/// A case of tier must.
pub fn case(id: &str, clause: &str, question: &Value, expect: &Value) -> Value {
    json!({
        "id": id, "clause": clause, "class": 37, "tier": "must", "note": format!("about {id}"),
        "source": { "derivation": "exact evaluator" }, "question": question, "expect": expect,
    })
}

/// The file of `load/worked` with other bytes in one field.
pub fn refusal(
    id: &str,
    clause: &str,
    field: &str,
    offset: u64,
    bytes: &str,
    class: &str,
) -> Value {
    let change = json!({ "overwrite": { "offset": offset, "bytes": bytes } });
    let edits = json!([{ "field": field, "change": change }]);
    let question = json!({ "op": "load", "format": "khq4", "path": { "patch": edits } });
    let mut case = case(id, clause, &question, &json!({ "refuse": [class] }));
    case["control"] = json!("load/worked");
    case
}

/// The bytes of [`FILE`].
pub fn file_bytes() -> Vec<u8> {
    let digits: Vec<u32> = FILE.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

/// Makes a FIFO without a writer.
pub fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo starts").success());
}

/// Starts the command, sends the signal once it has begun to write, and waits for its end.
#[cfg(unix)]
pub fn interrupted(bench: &Bench, arguments: &[&str], signal: rustix::process::Signal) {
    let names = || -> Vec<_> {
        let entries = fs::read_dir(bench.path("")).expect("a folder");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    let mut child = command()
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let started = Instant::now();
    while names() == before {
        assert!(started.elapsed() < Duration::from_secs(20), "nothing is written");
        assert!(child.try_wait().expect("a state").is_none(), "done before it could be stopped");
        std::thread::sleep(Duration::from_millis(1));
    }
    let process = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(process, signal).expect("the signal is sent");
    let output = child.wait_with_output().expect("the command ends");
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(said, "q4proof: interrupted: nothing was written\n");
    assert!(output.stdout.is_empty());
    assert_eq!(names(), before, "something was left");
}
