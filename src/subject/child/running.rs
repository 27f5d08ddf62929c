//! One process while it runs: its next line in time and within its memory, and how it ended.

use std::io;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use super::group::Group;
use super::pipes::{LONGEST_LINE, Pipes, Seen};
use crate::subject::Stop;

/// How long a child that has closed its output may take to end.
const EXIT_PATIENCE: Duration = Duration::from_secs(2);

/// How long a child may take to end once its input is closed (PROTOCOL.md, Life cycle).
const LEAVE_PATIENCE: Duration = Duration::from_secs(5);

/// How often a child that is waited for is looked after: whether it lives, and what memory it holds.
const ROUND: Duration = Duration::from_millis(50);

/// How long a child that answers at once may go without a look at its memory.
const MEMORY_ROUND: Duration = Duration::from_millis(250);

/// How long a child whose input has ended may take to write what it has kept back.
const LATE: Duration = Duration::from_secs(1);

/// Lines of standard error that are shown: the first since the question, which hold a panic's message, and the
/// last.
const FIRST_LINES: usize = 3;
const LAST_LINES: usize = 5;

/// Characters of such a line.
const LINE: usize = 200;

/// One process and what it has started. Dropping it kills them all.
pub(super) struct Running {
    child: Child,
    pub group: Group,
    pub pipes: Pipes,
    /// When its memory was looked at.
    weighed: Instant,
    /// How many file descriptors were open after the handshake.
    pub descriptors: Option<usize>,
}

/// Why there is no line.
pub(super) enum Silence {
    /// The time is over, or the pass is to stop.
    Timeout,
    /// The child is gone.
    Ended,
    /// What it wrote is no line.
    Garbage(String),
    /// It holds too much memory.
    OverBudget(String),
}

impl Running {
    pub fn new(mut child: Child) -> io::Result<Self> {
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
    pub fn line(
        &mut self,
        deadline: Duration,
        memory: u64,
        stop: &Stop,
    ) -> Result<Vec<u8>, Silence> {
        let begun = Instant::now();
        let line = loop {
            let left = deadline.saturating_sub(begun.elapsed());
            if left.is_zero() || stop.is_told() {
                return Err(Silence::Timeout);
            }
            if let Some(line) = self.pipes.take_line() {
                break line;
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
    pub fn speaks_unasked(&mut self) -> bool {
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
    pub fn leave(&mut self) -> Option<String> {
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
    pub fn ending(&mut self) -> String {
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

    /// What a child said that has ended with exit status 2.
    pub fn refusal(&mut self) -> Option<String> {
        // The status of one that has ended stays known.
        let status = self.child.try_wait().ok()??;
        (status.code() == Some(2)).then(|| self.pipes.first_errors())
    }

    /// Puts a request on its way.
    pub fn ask(&mut self, line: &[u8]) {
        self.pipes.forget_first_errors();
        self.pipes.send(line);
    }

    /// Whether a child that gave no answer gives one once its input has ended: then its answers wait in a buffer.
    pub fn answers_when_its_input_ends(&mut self, stop: &Stop) -> bool {
        if stop.is_told() {
            return false;
        }
        self.pipes.close_input();
        self.line(LATE, u64::MAX, stop).is_ok()
    }

    /// The first and the last lines of standard error since the question, for a person; where it said nothing
    /// since then, the last ones before.
    pub fn said(&self) -> String {
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
