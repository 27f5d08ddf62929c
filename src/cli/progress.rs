//! How far a pass has come, on standard error where a person watches it.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::run::Record;

/// A bar that is not there where nobody watches: in a pipe, or in continuous integration.
pub struct Progress {
    bar: ProgressBar,
    failed: usize,
}

impl Progress {
    /// A bar for as many steps.
    pub fn new(steps: usize) -> Self {
        let bar = watched(|| ProgressBar::new(steps as u64), "{bar:30} {pos}/{len} {msg}");
        Self { bar, failed: 0 }
    }

    /// One case is done.
    pub fn advance(&mut self, record: &Record) {
        if record.is_failure() {
            self.failed += 1;
            self.bar.set_message(format!("{} failed", self.failed));
        }
        self.bar.inc(1);
    }

    /// The next step is begun.
    pub fn step(&mut self, name: &str) {
        self.bar.set_message(name.to_owned());
        self.bar.inc(1);
    }

    /// Takes the bar away.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}

/// How many bytes are done, how fast, and for how long yet.
pub struct Bytes {
    bar: ProgressBar,
}

impl Bytes {
    /// Before the number of bytes is known.
    pub fn new() -> Self {
        const TEMPLATE: &str =
            "{bar:30} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}, {eta} left";
        Self { bar: watched(ProgressBar::no_length, TEMPLATE) }
    }

    /// So many bytes are to be done.
    pub fn begin(&mut self, bytes: u64) {
        self.bar.set_length(bytes);
    }

    /// So many more are done.
    pub fn advance(&mut self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// Takes the bar away.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}

/// A bar where a person watches.
fn watched(bar: impl FnOnce() -> ProgressBar, template: &str) -> ProgressBar {
    let watched = io::stderr().is_terminal() && std::env::var_os("CI").is_none();
    let bar = if watched { bar() } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// How far a campaign has come: a line where a person watches it, and a line every ten seconds elsewhere.
pub struct Hunt {
    bar: ProgressBar,
    begun: Instant,
    time: Option<Duration>,
    questions: Option<u64>,
    shown: Instant,
}

impl Hunt {
    /// Between two plain lines.
    const ROUND: Duration = Duration::from_secs(10);

    /// Of a campaign of so much time, or of so many questions, or without end.
    pub fn new(time: Option<Duration>, questions: Option<u64>) -> Self {
        let bar = watched(ProgressBar::new_spinner, "{spinner} {msg}");
        let begun = Instant::now();
        Self { bar, begun, time, questions, shown: begun }
    }

    /// So many questions are done, and so many faults found.
    pub fn advance(&mut self, questions: u64, faults: usize) {
        if self.bar.is_hidden() && self.shown.elapsed() < Self::ROUND {
            return;
        }
        let seconds = self.begun.elapsed().as_secs_f64();
        let rate = questions as f64 / seconds.max(1e-3);
        let left = match (self.time, self.questions) {
            (Some(time), _) => {
                format!(", {:.0} s left", time.saturating_sub(self.begun.elapsed()).as_secs_f64())
            }
            (_, Some(all)) => {
                format!(", {:.0} s left", all.saturating_sub(questions) as f64 / rate.max(1e-3))
            }
            _ => String::new(),
        };
        let line = format!("{questions} questions, {rate:.0} a second, {faults} faults{left}");
        if self.bar.is_hidden() {
            self.shown = Instant::now();
            // Where standard error is gone there is no one left to tell.
            writeln!(io::stderr(), "hunt: {line}").ok();
        } else {
            self.bar.set_message(line);
            self.bar.tick();
        }
    }

    /// Takes the line away.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}
