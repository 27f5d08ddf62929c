//! A child process that speaks the protocol: asked with a deadline, and started anew after
//! whatever makes its next answer untrustworthy.
//!
//! Three threads stand between the harness and the child, so that a child that does not read, does
//! not write or writes only to standard error can never stall the harness: one writes requests, one
//! reads answers line by line, one keeps the end of standard error.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::message::{Hello, Output, PROTOCOL, Refusal, Reply, Request};
use super::{Answer, Subject};

/// The longest line that is read as an answer, in bytes.
const LONGEST_LINE: u64 = 64 << 20;

/// How much of the end of standard error is kept, in bytes.
const KEPT_ERRORS: usize = 16 << 10;

/// How long a child may take from its start to the answer to the handshake.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// How long a child that has closed its output may take to end, before it is killed.
const EXIT_PATIENCE: Duration = Duration::from_secs(2);

/// How often in a row a child may fail to start before it is given up.
const MOST_FAILED_STARTS: u32 = 3;

/// A child that could not be started, or gave no handshake.
#[derive(Debug, Error)]
#[error("the subject `{command}` did not start: {reason}")]
pub struct StartError {
    /// The command line.
    pub command: String,
    /// Why, with the end of its standard error.
    pub reason: String,
}

/// A command that is asked in a process of its own.
pub struct ChildSubject {
    command: Vec<String>,
    hello: Hello,
    running: Option<Running>,
    generation: u64,
    failed_starts: u32,
    seq: u64,
}

/// One process and the threads around it. Dropping it kills the process group.
struct Running {
    child: Child,
    /// Taken away when the child is to leave: its standard input ends.
    requests: Option<Sender<Vec<u8>>>,
    lines: Receiver<io::Result<String>>,
    errors: Arc<Mutex<VecDeque<u8>>>,
}

#[derive(Serialize)]
struct Numbered<'a> {
    seq: u64,
    #[serde(flatten)]
    request: &'a Request,
}

#[derive(Deserialize)]
struct Line {
    seq: u64,
    result: Option<Output>,
    refused: Option<Refusal>,
    #[serde(default)]
    unsupported: bool,
}

impl ChildSubject {
    /// Starts `command`, a program and its arguments, and shakes hands.
    ///
    /// # Errors
    ///
    /// [`StartError`], where there is no such program, or no right answer to the handshake.
    pub fn start(command: &[String]) -> Result<Self, StartError> {
        let (running, hello) = start(command)?;
        let running = Some(running);
        Ok(Self {
            command: command.to_vec(),
            hello,
            running,
            generation: 0,
            failed_starts: 0,
            seq: 0,
        })
    }

    /// The running child, started anew if the last one is gone.
    fn running(&mut self) -> Result<&mut Running, StartError> {
        if self.running.is_none() {
            if self.failed_starts >= MOST_FAILED_STARTS {
                let reason = format!("it failed to start {MOST_FAILED_STARTS} times in a row");
                return Err(StartError { command: self.command.join(" "), reason });
            }
            match start(&self.command) {
                Ok((running, _)) => self.running = Some(running),
                Err(error) => {
                    self.failed_starts += 1;
                    return Err(error);
                }
            }
            self.failed_starts = 0;
            self.generation += 1;
        }
        Ok(self.running.as_mut().expect("started above"))
    }

    fn exchange(&mut self, request: &Request, deadline: Duration) -> Reply {
        self.seq += 1;
        let seq = self.seq;
        let mut line = match serde_json::to_vec(&Numbered { seq, request }) {
            Ok(line) => line,
            Err(error) => return Reply::ProtocolError(format!("the request has no JSON: {error}")),
        };
        line.push(b'\n');
        let running = match self.running() {
            Ok(running) => running,
            Err(error) => return Reply::Crash(error.to_string()),
        };
        if running.lines.try_recv().is_ok() {
            return Reply::ProtocolError("it wrote a line before it was asked".into());
        }
        running.send(line);
        match running.lines.recv_timeout(deadline) {
            Ok(Ok(line)) => reply(&line, seq),
            Ok(Err(error)) => Reply::ProtocolError(format!("its output cannot be read: {error}")),
            Err(RecvTimeoutError::Timeout) => Reply::Timeout,
            Err(RecvTimeoutError::Disconnected) => Reply::Crash(running.ending()),
        }
    }
}

impl Drop for ChildSubject {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.leave();
        }
    }
}

impl Subject for ChildSubject {
    fn hello(&self) -> &Hello {
        &self.hello
    }

    fn ask(&mut self, request: &Request, deadline: Duration) -> Reply {
        let reply = self.exchange(request, deadline);
        if !matches!(reply, Reply::Answer(_)) {
            self.running = None;
        }
        reply
    }

    fn generation(&self) -> u64 {
        // A child that is gone has already forgotten what it accepted.
        self.generation + u64::from(self.running.is_none())
    }
}

/// What an answer's `line` says to the request numbered `seq`.
pub(crate) fn reply(line: &str, seq: u64) -> Reply {
    let shown: String = line.chars().take(120).collect();
    let line: Line = match serde_json::from_str(line) {
        Ok(line) => line,
        Err(error) => return Reply::ProtocolError(format!("{shown:?} is no answer: {error}")),
    };
    if line.seq != seq {
        return Reply::ProtocolError(format!("answered seq {}, asked was {seq}", line.seq));
    }
    match (line.result, line.refused, line.unsupported) {
        (Some(output), None, false) => Reply::Answer(Answer::Done(output)),
        (None, Some(refusal), false) => Reply::Answer(Answer::Refused(refusal)),
        (None, None, true) => Reply::Answer(Answer::Unsupported),
        _ => Reply::ProtocolError(format!(
            "{shown:?} is no answer: expected one of result, refused and unsupported"
        )),
    }
}

fn start(command: &[String]) -> Result<(Running, Hello), StartError> {
    let failed = |reason: String| StartError { command: command.join(" "), reason };
    let (program, arguments) = command.split_first().ok_or_else(|| failed("it is empty".into()))?;
    let mut process = Command::new(program);
    process.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut process, 0);
    let child = process.spawn().map_err(|error| failed(error.to_string()))?;
    let mut running = Running::new(child).ok_or_else(|| failed("it has no pipes".into()))?;

    let hello = format!("{{\"op\":\"hello\",\"protocol\":{PROTOCOL}}}\n");
    running.send(hello.into_bytes());
    let line = match running.lines.recv_timeout(START_DEADLINE) {
        Ok(Ok(line)) => line,
        Ok(Err(error)) => return Err(failed(format!("its output cannot be read: {error}"))),
        Err(RecvTimeoutError::Timeout) => {
            let seconds = START_DEADLINE.as_secs();
            return Err(failed(format!("no answer to hello within {seconds} s{}", running.said())));
        }
        Err(RecvTimeoutError::Disconnected) => return Err(failed(running.ending())),
    };
    let hello: Hello = serde_json::from_str(&line).map_err(|error| {
        let shown: String = line.chars().take(120).collect();
        failed(format!("its answer to hello is {shown:?}: {error}"))
    })?;
    if hello.protocol != PROTOCOL {
        return Err(failed(format!("it speaks protocol {}, expected {PROTOCOL}", hello.protocol)));
    }
    Ok((running, hello))
}

impl Running {
    fn new(mut child: Child) -> Option<Self> {
        let (stdin, stdout, stderr) =
            (child.stdin.take()?, child.stdout.take()?, child.stderr.take()?);
        let (requests, to_write) = channel();
        // One line ahead: a child that floods its output fills a pipe, and no memory of ours.
        let (read, lines) = sync_channel(1);
        let errors = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&errors);
        thread::spawn(move || write_requests(stdin, &to_write));
        thread::spawn(move || read_lines(stdout, &read));
        thread::spawn(move || keep_errors(stderr, &kept));
        Some(Self { child, requests: Some(requests), lines, errors })
    }

    fn send(&self, line: Vec<u8>) {
        // Where the writer is gone, so is the child: reading tells how.
        self.requests.as_ref().and_then(|requests| requests.send(line).ok());
    }

    /// Ends the child's standard input and gives it a moment to leave by itself.
    fn leave(mut self) {
        self.requests = None;
        let begun = Instant::now();
        while begun.elapsed() < EXIT_PATIENCE && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// How the child ended, once its output has: status and the end of standard error.
    fn ending(&mut self) -> String {
        let begun = Instant::now();
        let how = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break format!("it ended: {status}"),
                Ok(None) if begun.elapsed() < EXIT_PATIENCE => {
                    thread::sleep(Duration::from_millis(2))
                }
                Ok(None) => break "it closed its output without ending".into(),
                Err(error) => break format!("its status cannot be read: {error}"),
            }
        };
        // The thread on standard error may be a moment behind the process.
        thread::sleep(Duration::from_millis(5));
        format!("{how}{}", self.said())
    }

    /// The last lines of standard error, for a person.
    fn said(&self) -> String {
        const LINES: usize = 5;
        let Ok(errors) = self.errors.lock() else { return String::new() };
        let text =
            String::from_utf8_lossy(&errors.iter().copied().collect::<Vec<u8>>()).into_owned();
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        match lines.len().checked_sub(LINES) {
            _ if lines.is_empty() => String::new(),
            skipped => format!("; it said: {}", lines[skipped.unwrap_or(0)..].join(" | ")),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Ok(group) = i32::try_from(self.child.id())
            && let Some(group) = rustix::process::Pid::from_raw(group)
        {
            // The group may be gone already, which is what is wanted.
            rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn write_requests(mut stdin: ChildStdin, requests: &Receiver<Vec<u8>>) {
    while let Ok(line) = requests.recv() {
        if stdin.write_all(&line).and_then(|()| stdin.flush()).is_err() {
            return;
        }
    }
}

fn read_lines(stdout: ChildStdout, lines: &SyncSender<io::Result<String>>) {
    let mut reader = BufReader::new(stdout);
    loop {
        let mut line = Vec::new();
        let read = (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut line);
        let line = match read {
            Ok(0) => return,
            Ok(_) if line.last() == Some(&b'\n') => {
                String::from_utf8(line).map_err(|error| io::Error::other(error.to_string()))
            }
            Ok(count) if count as u64 == LONGEST_LINE => {
                Err(io::Error::other(format!("a line is longer than {LONGEST_LINE} bytes")))
            }
            Ok(_) => Err(io::Error::other("it ended in the middle of a line")),
            Err(error) => Err(error),
        };
        let last = line.is_err();
        if lines.send(line).is_err() || last {
            return;
        }
    }
}

fn keep_errors(mut stderr: ChildStderr, kept: &Mutex<VecDeque<u8>>) {
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = stderr.read(&mut piece) {
        let Ok(mut kept) = kept.lock() else { return };
        kept.extend(&piece[..count]);
        let surplus = kept.len().saturating_sub(KEPT_ERRORS);
        kept.drain(..surplus);
    }
}
