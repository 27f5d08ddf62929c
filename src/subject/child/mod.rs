//! A child process that speaks the protocol: asked with a deadline and a limit of memory, and started
//! anew after whatever makes its next answer untrustworthy.

#[cfg(feature = "library")]
mod batch;
mod group;
mod habits;
mod pipes;
mod running;
mod start;

use std::io;
use std::time::Duration;

use thiserror::Error;

use super::answer::reply;
use super::message::{Hello, Reply, Request};
use super::serve::request_line;
use super::{Peak, Stop, Subject};
use crate::suite::case::Line;
use running::{Running, Silence};
use start::start;

/// How many more file descriptors a child may have open at its end than after its handshake (PROTOCOL.md, Limits):
/// those of a library that is loaded late, or of a worker.
const MORE_DESCRIPTORS: usize = 16;

/// How often in a row a child may fail to start before it is given up.
const MOST_FAILED_STARTS: u32 = 3;

/// How often that is waited for: as often as a mistake has to be seen.
const MOST_LATE_LOOKS: u32 = 3;

/// A child that could not be started, or gave no handshake.
#[derive(Debug, Error)]
#[error("the subject `{command}` did not start: {reason}")]
pub struct StartError {
    /// The command line.
    pub command: String,
    /// Why, with the end of its standard error.
    pub reason: String,
    /// What it said, where it ended with exit status 2: a command of this crate says so what it cannot use.
    pub refusal: Option<String>,
}

impl StartError {
    fn new(command: &[String], reason: impl Into<String>) -> Self {
        Self { command: command.join(" "), reason: reason.into(), refusal: None }
    }
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
    /// Where it marks what it answers, if it is a worker of this crate.
    #[cfg(feature = "library")]
    progress: Option<batch::Progress>,
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
            #[cfg(feature = "library")]
            progress: None,
        })
    }

    /// Starts `command` as [`start`](Self::start) does. It is a worker of this crate, `serve --library`: it takes many
    /// requests at once, and the option `--progress`.
    ///
    /// # Errors
    ///
    /// [`StartError`], as for `start`, and where there is no place for a temporary file.
    #[cfg(feature = "library")]
    pub fn start_worker(
        command: &[String],
        limits: Limits,
        stop: Stop,
    ) -> Result<Self, StartError> {
        let progress = batch::Progress::new()
            .map_err(|error| StartError::new(command, format!("no temporary file: {error}")))?;
        let command = [command, &["--progress".to_owned(), progress.path()]].concat();
        let mut subject = Self::start(&command, limits, stop)?;
        subject.progress = Some(progress);
        Ok(subject)
    }

    /// The running child, started anew if the last one is gone.
    fn running(&mut self) -> Result<&mut Running, StartError> {
        if self.running.is_none() {
            let failed = |reason: String| StartError::new(&self.command, reason);
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

    fn ask_one(&mut self, request: &Request, deadline: Duration) -> Reply {
        self.advice = None;
        let reply = self.exchange(request, deadline);
        self.after(&reply);
        reply
    }

    /// Ends a child whose next answer cannot be trusted.
    fn after(&mut self, reply: &Reply) {
        match reply {
            Reply::Answer(_) => {}
            // It is gone already.
            Reply::Crash(_) => self.running = None,
            _ => self.end(),
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
        self.ask_one(request, deadline)
    }

    #[cfg(feature = "library")]
    fn takes_many(&self) -> bool {
        self.progress.is_some()
    }

    #[cfg(feature = "library")]
    fn ask_all(&mut self, requests: &[Request], deadline: Duration) -> Vec<Reply> {
        if self.progress.is_some() {
            return self.ask_in_windows(requests, deadline);
        }
        requests.iter().map(|request| self.ask_one(request, deadline)).collect()
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
