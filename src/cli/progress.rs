//! How far a pass has come, on standard error where a person watches it.

use std::io::{self, IsTerminal};

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
