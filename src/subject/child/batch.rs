//! Many questions on their way at once, to a worker of this crate. The worker marks each question before it answers
//! it. So a crash is charged to the question that is marked, and the answers that it took along are asked for again.

use std::io;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use tempfile::NamedTempFile;

use super::{ChildSubject, Silence};
use crate::subject::answer::reply;
use crate::subject::library::worker::HELD_BACK;
use crate::subject::message::{Reply, Request};
use crate::subject::serve::request_line;

/// The most questions that are on their way at once.
const WINDOW: usize = 256;

/// The most bytes of them, where they are more than one.
const WINDOW_BYTES: usize = 4 << 20;

/// The file in which a worker marks the question that it is about to answer.
pub(super) struct Progress {
    file: NamedTempFile,
}

impl Progress {
    /// A new file without a mark.
    ///
    /// # Errors
    ///
    /// Where there is no place for temporary files.
    pub fn new() -> io::Result<Self> {
        Ok(Self { file: NamedTempFile::new()? })
    }

    /// Where it lies.
    pub fn path(&self) -> String {
        self.file.path().display().to_string()
    }

    /// The `seq` that is marked.
    fn marked(&self) -> Option<u64> {
        let mut seq = [0; 8];
        self.file.as_file().read_exact_at(&mut seq, 0).ok()?;
        Some(u64::from_le_bytes(seq))
    }
}

impl ChildSubject {
    /// Asks all of `requests` in windows.
    pub(super) fn ask_in_windows(
        &mut self,
        requests: &[Request],
        deadline: Duration,
    ) -> Vec<Reply> {
        let mut replies = Vec::with_capacity(requests.len());
        while replies.len() < requests.len() && !self.stop.is_told() {
            replies.extend(self.ask_window(&requests[replies.len()..], deadline));
        }
        // Nothing is waited for any longer.
        replies.resize(requests.len(), Reply::Timeout);
        replies
    }

    /// Asks the first of `requests`, as many as fit: a reply for each of them, one at least.
    fn ask_window(&mut self, requests: &[Request], deadline: Duration) -> Vec<Reply> {
        self.advice = None;
        let first = self.seq + 1;
        let mut lines = Vec::new();
        let mut count = 0;
        for request in requests.iter().take(WINDOW) {
            // A question that has a line of its own may have any number.
            let Ok(line) = request_line(first + count, request) else { break };
            if request.line.is_some() || (count > 0 && lines.len() + line.len() > WINDOW_BYTES) {
                break;
            }
            lines.extend(line.into_bytes());
            lines.push(b'\n');
            count += 1;
        }
        if count < 2 {
            return vec![self.ask_one(&requests[0], deadline)];
        }
        self.seq += count;
        let (memory, stop) = (self.limits.memory, self.stop.clone());
        let running = match self.running() {
            Ok(running) => running,
            Err(error) => return vec![Reply::Crash(error.to_string())],
        };
        running.ask(&lines);
        let mut replies = Vec::new();
        for seq in first..first + count {
            let silence = match running.line(deadline + HELD_BACK, memory, &stop) {
                Ok(line) => match reply(&line, seq) {
                    Reply::Answer(answer) => {
                        replies.push(Reply::Answer(answer));
                        continue;
                    }
                    other => other,
                },
                Err(Silence::Timeout) => Reply::Timeout,
                Err(Silence::Ended) => Reply::Crash(running.ending()),
                Err(Silence::Garbage(what)) => Reply::ProtocolError(what),
                Err(Silence::OverBudget(what)) => Reply::OverBudget(what),
            };
            self.after(&silence);
            return self.charged(requests, first, replies, silence, deadline);
        }
        replies
    }

    /// The replies to a window whose questions from `replies` on have no answer: `reply` goes to the one that is
    /// marked, and those before it are asked again.
    fn charged(
        &mut self,
        requests: &[Request],
        first: u64,
        mut replies: Vec<Reply>,
        reply: Reply,
        deadline: Duration,
    ) -> Vec<Reply> {
        let open = replies.len();
        let marked = self.progress.as_ref().and_then(Progress::marked);
        let place = marked.and_then(|seq| usize::try_from(seq.checked_sub(first)?).ok());
        match place {
            Some(place) if (open..requests.len()).contains(&place) => {
                replies.extend(self.ask_in_windows(&requests[open..place], deadline));
                replies.push(reply);
            }
            // It ended between two questions, or could not mark one.
            _ => replies.push(self.ask_one(&requests[open], deadline)),
        }
        replies
    }
}
