//! A child process that speaks the protocol: asked with a deadline and a limit of memory, and started
//! anew after whatever makes its next answer untrustworthy.

mod group;
mod habits;
mod pipes;

use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use thiserror::Error;

use super::answer::{reply, shown};
use super::message::{Hello, PROTOCOL, Reply, Request};
use super::serve::request_line;
use super::{Peak, Stop, Subject};
use crate::suite::case::Line;
use group::Group;
use pipes::{LONGEST_LINE, Pipes, Seen};

/// How long a child that has closed its output may take to end.
const EXIT_PATIENCE: Duration = Duration::from_secs(2);

/// How long a child may take to end once its input is closed (PROTOCOL.md, Life cycle).
const LEAVE_PATIENCE: Duration = Duration::from_secs(5);

/// How many more file descriptors a child may have open at its end than after its handshake (PROTOCOL.md, Limits):
/// those of a library that is loaded late, or of a worker.
const MORE_DESCRIPTORS: usize = 16;

/// How often in a row a child may fail to start before it is given up.
const MOST_FAILED_STARTS: u32 = 3;

/// How often a child that is waited for is looked after: whether it lives, and what memory it holds.
const ROUND: Duration = Duration::from_millis(50);

/// How long a child that answers at once may go without a look at its memory.
const MEMORY_ROUND: Duration = Duration::from_millis(250);

/// How long a child whose input has ended may take to write what it has kept back.
const LATE: Duration = Duration::from_secs(1);

/// How often that is waited for: as often as a mistake has to be seen.
const MOST_LATE_LOOKS: u32 = 3;

/// A shell that becomes the command, with the signal of a file that is too long ignored: a write fails then, as on a
/// full disk, and does not end the process. What a process ignores, the command that it becomes ignores too.
const IGNORING: [&str; 3] = ["sh", "-c", r#"trap "" XFSZ; exec "$0" "$@""#];

/// The variable by which Rust programs add a backtrace to the message of a panic.
const BACKTRACE: &str = "RUST_BACKTRACE";

/// Lines of standard error that are shown: the first since the question, which hold a panic's message, and the
/// last.
const FIRST_LINES: usize = 3;
const LAST_LINES: usize = 5;

/// Characters of such a line.
const LINE: usize = 200;

/// A child that could not be started, or gave no handshake.
#[derive(Debug, Error)]
#[error("the subject `{command}` did not start: {reason}")]
pub struct StartError {
    /// The command line.
    pub command: String,
    /// Why, with the end of its standard error.
    pub reason: String,
}

/// What a child may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From its start to the answer to the handshake.
    pub start: Duration,
    /// Memory of the child and all that it has started, in bytes resident together.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { start: Duration::from_secs(60), memory: 4 << 30 }
    }
}

/// A command that is asked in a process of its own.
pub struct ChildSubject {
    command: Vec<String>,
    limits: Limits,
    stop: Stop,
    hello: Hello,
    running: Option<Running>,
    generation: u64,
    failed_starts: u32,
    seq: u64,
    /// How often more it is looked whether an answer that did not come in time waits in a buffer. No longer, once
    /// it has answered a question.
    late_looks: u32,
    advice: Option<&'static str>,
    /// Whether the files of the next child are to be limited.
    limited: bool,
    /// Of the child whose open file descriptors grew most: their number after its handshake, and at its end.
    descriptors: Option<(usize, usize)>,
}

/// One process and what it has started. Dropping it kills them all.
struct Running {
    child: Child,
    group: Group,
    pipes: Pipes,
    /// When its memory was looked at.
    weighed: Instant,
    /// How many file descriptors were open after the handshake.
    descriptors: Option<usize>,
}

/// Why there is no line.
enum Silence {
    /// The time is over, or the pass is to stop.
    Timeout,
    /// The child is gone.
    Ended,
    /// What it wrote is no line.
    Garbage(String),
    /// It holds too much memory.
    OverBudget(String),
}

impl ChildSubject {
    /// Starts `command`, a program and its arguments, and shakes hands. Where `stop` is told, no more is
    /// waited for.
    ///
    /// # Errors
    ///
    /// [`StartError`], where there is no such program, or no right answer to the handshake.
    pub fn start(command: &[String], limits: Limits, stop: Stop) -> Result<Self, StartError> {
        let (running, hello) = start(command, limits, false, &stop)?;
        let running = Some(running);
        Ok(Self {
            command: command.to_vec(),
            limits,
            stop,
            hello,
            running,
            generation: 0,
            failed_starts: 0,
            seq: 0,
            late_looks: MOST_LATE_LOOKS,
            advice: None,
            limited: false,
            descriptors: None,
        })
    }

    /// The running child, started anew if the last one is gone.
    fn running(&mut self) -> Result<&mut Running, StartError> {
        if self.running.is_none() {
            let failed = |reason: String| StartError { command: self.command.join(" "), reason };
            if self.failed_starts >= MOST_FAILED_STARTS {
                return Err(failed(format!(
                    "it failed to start {MOST_FAILED_STARTS} times in a row"
                )));
            }
            let started = start(&self.command, self.limits, self.limited, &self.stop).and_then(
                |(running, hello)| {
                    if hello == self.hello {
                        return Ok(running);
                    }
                    Err(failed("its handshake is another than when it was started first".into()))
                },
            );
            match started {
                Ok(running) => self.running = Some(running),
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

    /// Counts the open file descriptors of the child, which is about to end.
    fn count_descriptors(&mut self) {
        let Some(running) = &mut self.running else { return };
        let counts = running.descriptors.zip(running.group.descriptors());
        let growth = |(before, after): (usize, usize)| after.saturating_sub(before);
        if counts.map(growth) > self.descriptors.map(growth) {
            self.descriptors = counts;
        }
    }

    fn exchange(&mut self, request: &Request, deadline: Duration) -> Reply {
        self.seq += 1;
        let seq = match request.line {
            Some(Line::Seq(seq)) => seq,
            _ => self.seq,
        };
        let (memory, stop) = (self.limits.memory, self.stop.clone());
        let late_looks = self.late_looks;
        let mut line = match request_line(seq, request) {
            Ok(line) => line,
            Err(error) => return Reply::ProtocolError(format!("the request has no JSON: {error}")),
        };
        line.push('\n');
        let running = match self.running() {
            Ok(running) => running,
            Err(error) => return Reply::Crash(error.to_string()),
        };
        if running.speaks_unasked() {
            self.advice = Some(habits::NOISE);
            let what = "it wrote more than its answers, before this was asked";
            return Reply::ProtocolError(what.into());
        }
        running.ask(line.as_bytes());
        let line = match running.line(deadline, memory, &stop) {
            Ok(line) => line,
            Err(Silence::Timeout) => {
                if late_looks > 0 && running.answers_when_its_input_ends(&stop) {
                    self.advice = Some(habits::UNFLUSHED);
                }
                self.late_looks = late_looks.saturating_sub(1);
                return Reply::Timeout;
            }
            Err(Silence::Ended) => return Reply::Crash(running.ending()),
            Err(Silence::Garbage(what)) => return Reply::ProtocolError(what),
            Err(Silence::OverBudget(what)) => return Reply::OverBudget(what),
        };
        match reply(&line, seq) {
            Reply::Answer(_) if running.pipes.is_ahead() => {
                self.advice = Some(habits::NOISE);
                Reply::ProtocolError("it wrote more than one line for an answer".into())
            }
            Reply::Answer(answer) => {
                self.late_looks = 0;
                Reply::Answer(answer)
            }
            reply => {
                self.advice = habits::advice(&line, seq);
                reply
            }
        }
    }
}

impl Drop for ChildSubject {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take()
            && !self.stop.is_told()
        {
            running.leave();
        }
    }
}

impl Subject for ChildSubject {
    fn hello(&self) -> &Hello {
        &self.hello
    }

    fn ask(&mut self, request: &Request, deadline: Duration) -> Reply {
        self.advice = None;
        let reply = self.exchange(request, deadline);
        match reply {
            Reply::Answer(_) => {}
            // It is gone already.
            Reply::Crash(_) => self.running = None,
            _ => self.end(),
        }
        reply
    }

    fn generation(&self) -> u64 {
        // A child that is gone has already forgotten what it accepted.
        self.generation + u64::from(self.running.is_none())
    }

    fn advice(&self) -> Option<&'static str> {
        self.advice
    }

    fn peak(&mut self) -> Option<Peak> {
        self.running.as_mut()?.group.peak()
    }

    fn end(&mut self) {
        self.count_descriptors();
        self.running = None;
        self.limited = false;
    }

    fn can_limit_files(&self) -> bool {
        cfg!(target_os = "linux")
    }

    fn end_to_limit_files(&mut self) {
        self.end();
        self.limited = true;
    }

    #[cfg(target_os = "linux")]
    fn limit_files(&mut self, bytes: u64) -> io::Result<()> {
        match &mut self.running {
            Some(running) => running.group.limit_files(bytes),
            None => Err(io::Error::other("there is no process whose files can be limited")),
        }
    }

    fn finish(&mut self) -> Vec<String> {
        let mut sentences = Vec::new();
        // Whoever stops a pass waits for nothing.
        if self.stop.is_told() {
            return sentences;
        }
        self.count_descriptors();
        if let Some(mut running) = self.running.take() {
            sentences.extend(running.leave());
        }
        sentences.extend(self.descriptors.and_then(|(before, after)| left_open(before, after)));
        sentences
    }
}

/// That more file descriptors are open at the end than may be, in a sentence.
fn left_open(before: usize, after: usize) -> Option<String> {
    (after > before + MORE_DESCRIPTORS).then(|| {
        format!(
            "its processes had {before} open file descriptors after the handshake and {after} at the end, \
             {MORE_DESCRIPTORS} more are allowed (PROTOCOL.md, Limits)"
        )
    })
}

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
fn start(
    command: &[String],
    limits: Limits,
    limited: bool,
    stop: &Stop,
) -> Result<(Running, Hello), StartError> {
    let failed = |reason: String| StartError { command: command.join(" "), reason };
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
        failed(match silence {
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
        })
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

impl Running {
    fn new(mut child: Child) -> io::Result<Self> {
        match (Group::of(&child), Pipes::of(&mut child)) {
            (Ok(group), Ok(pipes)) => {
                Ok(Self { child, group, pipes, weighed: Instant::now(), descriptors: None })
            }
            (Err(error), _) | (_, Err(error)) => {
                child.kill().ok();
                child.wait().ok();
                Err(error)
            }
        }
    }

    /// The next line, within `deadline` and `memory`, unless `stop` is told before.
    fn line(&mut self, deadline: Duration, memory: u64, stop: &Stop) -> Result<Vec<u8>, Silence> {
        let begun = Instant::now();
        let line = loop {
            let left = deadline.saturating_sub(begun.elapsed());
            if left.is_zero() || stop.is_told() {
                return Err(Silence::Timeout);
            }
            // Asked before its output is looked at for the last time. Where another process holds the
            // pipe, that does not end with the child.
            let ended = self.group.has_ended();
            let patience = if ended { Duration::ZERO } else { left.min(ROUND) };
            match self.pipes.wait(patience) {
                Ok(Seen::Line(line)) => break line,
                Ok(Seen::Nothing) if ended => return Err(Silence::Ended),
                Ok(Seen::Nothing | Seen::Part) => {}
                Ok(Seen::End) => return Err(Silence::Ended),
                Ok(Seen::HalfLine) => {
                    return Err(Silence::Garbage("it ended in the middle of a line".into()));
                }
                Ok(Seen::TooLong) => {
                    let what = format!("a line is longer than {LONGEST_LINE} bytes");
                    return Err(Silence::Garbage(what));
                }
                Err(error) => {
                    return Err(Silence::Garbage(format!("its output cannot be read: {error}")));
                }
            }
            self.weigh(memory, ROUND)?;
        };
        self.weigh(memory, MEMORY_ROUND)?;
        Ok(line)
    }

    /// Looks at the memory, where it was not looked at for as long as `round`.
    fn weigh(&mut self, most: u64, round: Duration) -> Result<(), Silence> {
        if self.weighed.elapsed() < round {
            return Ok(());
        }
        self.weighed = Instant::now();
        let memory = self.group.memory();
        if memory <= most {
            return Ok(());
        }
        let mib = |bytes: u64| bytes >> 20;
        Err(Silence::OverBudget(format!("it holds {} MiB, of {} allowed", mib(memory), mib(most))))
    }

    /// Whether there is something on its output that nobody has asked for.
    fn speaks_unasked(&mut self) -> bool {
        matches!(self.pipes.wait(Duration::ZERO), Ok(Seen::Line(_))) || self.pipes.is_ahead()
    }

    /// Waits for its end, and throws away what it writes meanwhile.
    fn wait_for_end(&mut self, patience: Duration) -> bool {
        let begun = Instant::now();
        loop {
            if self.group.has_ended() {
                return true;
            }
            let left = patience.saturating_sub(begun.elapsed());
            // A pipe that is closed is ready at once, and no reason to go round without a pause.
            std::thread::sleep(left.min(Duration::from_millis(1)));
            if left.is_zero() || self.pipes.wait(Duration::ZERO).is_err() {
                return false;
            }
            self.pipes.discard();
        }
    }

    /// Ends the child's standard input and gives it time to end by itself. What it does other than to end with
    /// status 0, in a sentence.
    fn leave(&mut self) -> Option<String> {
        self.pipes.close_input();
        let how = match self.end_within(LEAVE_PATIENCE) {
            Some(Ok(status)) if status.success() => return None,
            Some(Ok(status)) => format!("ended with {status}"),
            Some(Err(error)) => format!("ended, and its status cannot be read: {error}"),
            None => "did not end and was killed".into(),
        };
        Some(format!(
            "its process {how} after its input was closed, expected exit status 0 within {} s (PROTOCOL.md, Life \
             cycle){}",
            LEAVE_PATIENCE.as_secs(),
            self.said()
        ))
    }

    /// How the child ended, once its output has: status and the end of standard error.
    fn ending(&mut self) -> String {
        let how = match self.end_within(EXIT_PATIENCE) {
            None => "it closed its output without ending".into(),
            Some(Ok(status)) => format!("it ended: {status}"),
            Some(Err(error)) => format!("its status cannot be read: {error}"),
        };
        format!("{how}{}", self.said())
    }

    /// Waits for the child's end and kills what is left then: its status, or `None` where it had to be killed too.
    fn end_within(&mut self, patience: Duration) -> Option<io::Result<ExitStatus>> {
        let ended = self.wait_for_end(patience);
        self.group.kill();
        // What it complained of last is still in the pipe, and that is not endless now.
        while matches!(self.pipes.wait(Duration::ZERO), Ok(Seen::Part | Seen::Line(_))) {
            self.pipes.discard();
        }
        let status = self.child.wait();
        ended.then_some(status)
    }

    /// Puts a request on its way.
    fn ask(&mut self, line: &[u8]) {
        self.pipes.forget_first_errors();
        self.pipes.send(line);
    }

    /// Whether a child that gave no answer gives one once its input has ended: then its answers wait in a buffer.
    fn answers_when_its_input_ends(&mut self, stop: &Stop) -> bool {
        if stop.is_told() {
            return false;
        }
        self.pipes.close_input();
        self.line(LATE, u64::MAX, stop).is_ok()
    }

    /// The first and the last lines of standard error since the question, for a person; where it said nothing
    /// since then, the last ones before.
    fn said(&self) -> String {
        let lines = |text: String| -> Vec<String> {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            lines.map(|line| line.chars().take(LINE).collect()).collect()
        };
        let (first, last) = (lines(self.pipes.first_errors()), lines(self.pipes.last_errors()));
        let begins_at = last.len().saturating_sub(LAST_LINES);
        let shown = if first.is_empty() {
            last[begins_at..].to_vec()
        } else if self.pipes.first_errors_are_all() && first.len() <= FIRST_LINES + LAST_LINES {
            first
        } else {
            let gap = ["...".to_owned()];
            [&first[..first.len().min(FIRST_LINES)], &gap, &last[begins_at..]].concat()
        };
        match shown.as_slice() {
            [] => String::new(),
            shown => format!("; it said: {}", shown.join(" | ")),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.group.kill();
        // It is dead, or was waited for already.
        self.child.wait().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_more_descriptors_are_allowed() {
        assert_eq!(left_open(5, 5), None);
        assert_eq!(left_open(5, 3), None);
        assert_eq!(left_open(5, 21), None);
        let said = "its processes had 5 open file descriptors after the handshake and 22 at the end, 16 more are \
                    allowed (PROTOCOL.md, Limits)";
        assert_eq!(left_open(5, 22).as_deref(), Some(said));
    }
}
