//! What is under test. An [`Implementation`] is a codec and loader in this process; a [`Subject`]
//! is anything that can be asked: an implementation, or a child process that speaks the protocol
//! of `conformance/PROTOCOL.md`. Nothing here judges.

pub(crate) mod answer;
#[cfg(all(feature = "processes", unix))]
pub mod child;
pub mod implementation;
pub mod in_process;
#[cfg(all(feature = "library", unix))]
pub mod library;
pub mod message;
mod named;
pub mod planted;
pub mod reference;
#[cfg(feature = "cli")]
pub mod registry;
pub mod serve;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use implementation::{Entry, Implementation, Response};
pub use in_process::InProcess;
pub use message::{Hello, Reply, Request};
pub use named::named;
pub use reference::Reference;

/// Tells a pass that it is to stop, from another thread or at a signal. Clones tell the same pass.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks no more, and waits for no answer.
    pub fn tell(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was told.
    pub fn is_told(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The most memory that a subject had at a time, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peak {
    /// Of its address space, touched or not.
    pub mapped: u64,
    /// Of what it touched.
    pub resident: u64,
}

/// Whatever can be asked.
pub trait Subject {
    /// Who answers, and what is offered.
    fn hello(&self) -> &Hello;

    /// Asks, and waits no longer than `deadline`.
    fn ask(&mut self, request: &Request, deadline: Duration) -> Reply;

    /// Whether [`ask_all`](Self::ask_all) is quicker than one question after the other.
    fn takes_many(&self) -> bool {
        false
    }

    /// Asks all of `requests`, and waits for none longer than `deadline`: a reply for each, in their order. Each reply
    /// is what [`ask`](Self::ask) would give; it may come sooner.
    fn ask_all(&mut self, requests: &[Request], deadline: Duration) -> Vec<Reply> {
        requests.iter().map(|request| self.ask(request, deadline)).collect()
    }

    /// Where the work has been done so far: see [`Implementation::ran`].
    fn ran(&self) -> Vec<String> {
        Vec::new()
    }

    /// What the author of its adapter is to do, where the last reply shows a mistake that each answer will have.
    fn advice(&self) -> Option<&'static str> {
        None
    }

    /// The most memory that it had so far, where that can be seen.
    fn peak(&mut self) -> Option<Peak> {
        None
    }

    /// Ends the subject, which is started anew for the next question, where it is a process.
    fn end(&mut self) {}

    /// Whether the length of the files that it writes can be limited.
    fn can_limit_files(&self) -> bool {
        false
    }

    /// As [`end`](Self::end); the files of the process that is started then can be limited.
    fn end_to_limit_files(&mut self) {}

    /// Lets its processes write no file longer than `bytes` until they end.
    ///
    /// # Errors
    ///
    /// Where it has no process, or the system does not allow it.
    fn limit_files(&mut self, _bytes: u64) -> io::Result<()> {
        Err(io::Error::other("the subject is no process whose files can be limited"))
    }

    /// Ends the subject at the end of a pass. What it did in that pass, or does now, that PROTOCOL.md says it should
    /// not: sentences for a person, which change no verdict.
    fn finish(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// How often the subject was started anew: what it accepted before counts no longer.
    fn generation(&self) -> u64 {
        0
    }
}
