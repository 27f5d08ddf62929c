//! How a command becomes a child: the process in a group of its own, and the handshake.

use std::io;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::running::{Running, Silence};
use super::{Limits, StartError, habits};
use crate::subject::Stop;
use crate::subject::answer::shown;
use crate::subject::message::{Hello, PROTOCOL};

/// A shell that becomes the command, with the signal of a file that is too long ignored: a write fails then, as on a
/// full disk, and does not end the process. What a process ignores, the command that it becomes ignores too.
const IGNORING: [&str; 3] = ["sh", "-c", r#"trap "" XFSZ; exec "$0" "$@""#];

/// The variable by which Rust programs add a backtrace to the message of a panic.
const BACKTRACE: &str = "RUST_BACKTRACE";

/// Why a command did not become a process. One word with a space in it is a command line that was quoted as a whole.
fn not_spawned(command: &[String], error: &io::Error) -> String {
    match command {
        [line]
            if error.kind() == io::ErrorKind::NotFound
                && line.trim().contains(char::is_whitespace) =>
        {
            format!(
                "no program has the name {line:?}; without the quotes its words are a program and its arguments: \
                 -- {line}"
            )
        }
        _ => error.to_string(),
    }
}

/// Starts a command, so that its files can be `limited` where that is asked for, and shakes hands.
pub(super) fn start(
    command: &[String],
    limits: Limits,
    limited: bool,
    stop: &Stop,
) -> Result<(Running, Hello), StartError> {
    let failed = |reason: String| StartError::new(command, reason);
    let shell = if limited { &IGNORING[..] } else { &[] };
    let mut words = shell.iter().copied().chain(command.iter().map(String::as_str));
    let program = words.next().ok_or_else(|| failed("it is empty".into()))?;
    let mut process = Command::new(program);
    process.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if std::env::var_os(BACKTRACE).is_none() {
        // A panic's message says more than its backtrace, and does not scroll away.
        process.env(BACKTRACE, "0");
    }
    std::os::unix::process::CommandExt::process_group(&mut process, 0);
    let child = process.spawn().map_err(|error| failed(not_spawned(command, &error)))?;
    let mut running = Running::new(child).map_err(|error| failed(error.to_string()))?;

    running.ask(format!("{{\"op\":\"hello\",\"protocol\":{PROTOCOL}}}\n").as_bytes());
    let line = running.line(limits.start, limits.memory, stop).map_err(|silence| {
        let ended = matches!(silence, Silence::Ended);
        let error = failed(match silence {
            Silence::Timeout => {
                let seconds = limits.start.as_secs_f64();
                let late = if running.answers_when_its_input_ends(stop) {
                    format!("; it came when its input ended: {}", habits::UNFLUSHED)
                } else {
                    String::new()
                };
                format!("no answer to hello within {seconds} s{late}{}", running.said())
            }
            Silence::Ended => running.ending(),
            Silence::Garbage(what) | Silence::OverBudget(what) => what,
        });
        let refusal = if ended { running.refusal() } else { None };
        StartError { refusal, ..error }
    })?;
    let hello: Hello = serde_json::from_slice(&line).map_err(|error| {
        let what = format!("its answer to hello is {:?}: {error}", shown(&line));
        let is_json = serde_json::from_slice::<Value>(&line).is_ok_and(|value| value.is_object());
        failed(if is_json { what } else { format!("{what}; {}", habits::NOISE) })
    })?;
    if line.ends_with(b"\r") {
        let what = "its answer to hello ends with CR LF";
        return Err(failed(format!("{what}; {}", habits::CARRIAGE_RETURN)));
    }
    if hello.protocol != PROTOCOL {
        return Err(failed(format!("it speaks protocol {}, expected {PROTOCOL}", hello.protocol)));
    }
    for (operation, entries) in &hello.entries {
        if entries.len() > Hello::MOST_ENTRIES {
            return Err(failed(format!(
                "its handshake names {} entries of {operation:?}, expected at most {}",
                entries.len(),
                Hello::MOST_ENTRIES
            )));
        }
    }
    running.descriptors = running.group.descriptors();
    Ok((running, hello))
}
