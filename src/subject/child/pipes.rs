//! The three pipes of a child, moved by one thread that never waits for one of them alone: what the
//! child has to read, writes and complains of goes on at once, so that a child that does not read, does
//! not write or does nothing but complain cannot stall the harness.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionbio;

/// The longest line that is read as an answer, in bytes.
pub(super) const LONGEST_LINE: usize = 64 << 20;

/// How much of the end of standard error is kept, in bytes.
const KEPT_ERRORS: usize = 16 << 10;

/// How much of its beginning since a question, in bytes.
const KEPT_FIRST_ERRORS: usize = 4 << 10;

/// What is moved at once, in bytes.
const PIECE: usize = 64 << 10;

/// The pipes, and what is on its way. Dropping it closes them.
pub(super) struct Pipes {
    /// Taken away when the child is to leave, or when it reads no more.
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    /// What the child has yet to read.
    to_write: VecDeque<u8>,
    /// What it has written.
    written: Vec<u8>,
    /// How much of that was taken: many short lines that come together are moved once.
    taken: usize,
    /// How much of it was taken, or holds no end of a line.
    searched: usize,
    /// Where a pipe is read to, before what was read is kept.
    piece: Box<[u8]>,
    errors: VecDeque<u8>,
    /// The beginning of standard error since the question, and how long that is as a whole.
    first_errors: Vec<u8>,
    errors_since: usize,
}

/// What there is on a child's standard output.
pub(super) enum Seen {
    /// A line, without its end.
    Line(Vec<u8>),
    /// No whole line yet, but something was moved.
    Part,
    /// No whole line, and nothing was moved.
    Nothing,
    /// More than the longest line, without an end.
    TooLong,
    /// Its end.
    End,
    /// Its end, in the middle of a line.
    HalfLine,
}

impl Pipes {
    /// Takes the pipes of `child`.
    ///
    /// # Errors
    ///
    /// Where it has not all three, or one of them can only be waited for.
    pub fn of(child: &mut Child) -> io::Result<Self> {
        let missing = || io::Error::other("it has no pipes");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let stderr = child.stderr.take().ok_or_else(missing)?;
        ioctl_fionbio(&stdin, true)?;
        ioctl_fionbio(&stdout, true)?;
        ioctl_fionbio(&stderr, true)?;
        Ok(Self {
            stdin: Some(stdin),
            stdout: Some(stdout),
            stderr: Some(stderr),
            to_write: VecDeque::new(),
            written: Vec::new(),
            taken: 0,
            searched: 0,
            piece: vec![0; PIECE].into(),
            errors: VecDeque::new(),
            first_errors: Vec::new(),
            errors_since: 0,
        })
    }

    /// Puts `line` on its way to the child.
    pub fn send(&mut self, line: &[u8]) {
        self.to_write.extend(line);
    }

    /// Ends the child's standard input.
    pub fn close_input(&mut self) {
        self.stdin = None;
        self.to_write.clear();
    }

    /// Whether the child has written something that was not taken.
    pub fn is_ahead(&self) -> bool {
        self.taken < self.written.len()
    }

    /// Forgets what the child has written.
    pub fn discard(&mut self) {
        self.written.clear();
        self.taken = 0;
        self.searched = 0;
    }

    /// What the child complained of last.
    pub fn last_errors(&self) -> String {
        let bytes: Vec<u8> = self.errors.iter().copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// What it complained of first since the question.
    pub fn first_errors(&self) -> String {
        String::from_utf8_lossy(&self.first_errors).into_owned()
    }

    /// Whether it has complained of nothing else since then.
    pub fn first_errors_are_all(&self) -> bool {
        self.errors_since <= KEPT_FIRST_ERRORS
    }

    /// Begins a question.
    pub fn forget_first_errors(&mut self) {
        self.first_errors.clear();
        self.errors_since = 0;
    }

    /// Moves what can be moved, once, waiting for that no longer than `patience`, and says what there
    /// is on standard output. A line that is there already is taken first.
    ///
    /// # Errors
    ///
    /// Where the system lets a pipe not be read.
    pub fn wait(&mut self, patience: Duration) -> io::Result<Seen> {
        if let Some(line) = self.take_line() {
            return Ok(Seen::Line(line));
        }
        let moved = self.shovel(patience)?;
        Ok(match self.take_line() {
            Some(line) => Seen::Line(line),
            None if self.written.len() - self.taken > LONGEST_LINE => Seen::TooLong,
            None if self.stdout.is_some() && moved => Seen::Part,
            None if self.stdout.is_some() => Seen::Nothing,
            None if !self.is_ahead() => Seen::End,
            None => Seen::HalfLine,
        })
    }

    /// The next line, without its end, if it is there already.
    pub fn take_line(&mut self) -> Option<Vec<u8>> {
        let end = self.written[self.searched..].iter().position(|&byte| byte == b'\n');
        let Some(end) = end.map(|end| self.searched + end) else {
            self.searched = self.written.len();
            return None;
        };
        if self.taken == 0 && end + 1 == self.written.len() {
            // The only line, as of a child that is asked one question: it may be long, and is not copied.
            let mut line = std::mem::take(&mut self.written);
            self.searched = 0;
            line.pop();
            return Some(line);
        }
        let line = self.written[self.taken..end].to_vec();
        self.taken = end + 1;
        self.searched = self.taken;
        if !self.is_ahead() {
            self.discard();
        }
        Some(line)
    }

    /// One turn of all three pipes; whether one was ready.
    fn shovel(&mut self, patience: Duration) -> io::Result<bool> {
        let [input, output, errors] = self.ready(patience)?;
        if input {
            self.write();
        }
        if errors {
            self.read_errors();
        }
        if output {
            self.read_output()?;
        }
        Ok(input || output || errors)
    }

    /// Which of the pipes can be written to or read from, or have ended.
    fn ready(&self, patience: Duration) -> io::Result<[bool; 3]> {
        let writes = if self.to_write.is_empty() { None } else { self.stdin.as_ref() };
        let mut waiting = Vec::with_capacity(3);
        waiting.extend(writes.map(|pipe| (0, PollFd::new(pipe, PollFlags::OUT))));
        waiting.extend(self.stdout.as_ref().map(|pipe| (1, PollFd::new(pipe, PollFlags::IN))));
        waiting.extend(self.stderr.as_ref().map(|pipe| (2, PollFd::new(pipe, PollFlags::IN))));
        let (places, mut polled): (Vec<usize>, Vec<PollFd>) = waiting.into_iter().unzip();
        let patience = Timespec::try_from(patience).map_err(io::Error::other)?;
        match poll(&mut polled, Some(&patience)) {
            // A signal ends the waiting and nothing else.
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready = [false; 3];
        for (place, pipe) in places.into_iter().zip(&polled) {
            ready[place] = !pipe.revents().is_empty();
        }
        Ok(ready)
    }

    fn write(&mut self) {
        let Some(stdin) = &mut self.stdin else { return };
        let (piece, _) = self.to_write.as_slices();
        match stdin.write(&piece[..piece.len().min(PIECE)]) {
            Ok(count) => drop(self.to_write.drain(..count)),
            Err(error) if is_passing(&error) => {}
            // The child reads no more: whether it still answers is seen elsewhere.
            Err(_) => self.close_input(),
        }
    }

    fn read_output(&mut self) -> io::Result<()> {
        let Some(stdout) = &mut self.stdout else { return Ok(()) };
        let piece = &mut self.piece;
        match stdout.read(piece) {
            Ok(0) => self.stdout = None,
            Ok(count) => {
                self.written.drain(..self.taken);
                self.searched -= self.taken;
                self.taken = 0;
                self.written.extend(&piece[..count]);
            }
            Err(error) if is_passing(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn read_errors(&mut self) {
        let Some(stderr) = &mut self.stderr else { return };
        let piece = &mut self.piece;
        match stderr.read(piece) {
            Ok(count @ 1..) => {
                let room = KEPT_FIRST_ERRORS - self.first_errors.len();
                self.first_errors.extend(&piece[..count.min(room)]);
                self.errors_since += count;
                self.errors.extend(&piece[..count]);
                let surplus = self.errors.len().saturating_sub(KEPT_ERRORS);
                self.errors.drain(..surplus);
            }
            Err(error) if is_passing(&error) => {}
            // Complaints that cannot be read are none.
            Ok(0) | Err(_) => self.stderr = None,
        }
    }
}

/// Whether an operation only has to be tried again.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A signal may come in the middle of a read, and a pipe that was ready may be empty again.
    #[test]
    fn what_only_has_to_be_tried_again_is_no_end() {
        for kind in [ErrorKind::WouldBlock, ErrorKind::Interrupted] {
            assert!(is_passing(&kind.into()), "{kind}");
        }
        for kind in [ErrorKind::BrokenPipe, ErrorKind::UnexpectedEof, ErrorKind::TimedOut] {
            assert!(!is_passing(&kind.into()), "{kind}");
        }
    }
}
