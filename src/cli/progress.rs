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
        let watched = io::stderr().is_terminal() && std::env::var_os("CI").is_none();
        let bar = if watched { ProgressBar::new(steps as u64) } else { ProgressBar::hidden() };
        let template = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
        if let Ok(style) = template {
            bar.set_style(style);
        }
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
