//! An implementation in this process, asked like any subject: a panic is a crash.
//!
//! A deadline cannot be kept here, since a thread cannot be stopped from outside: what may hang is
//! asked as a child process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::message::{Hello, Reply, Request};
use super::{Implementation, Subject};

/// An implementation as a subject.
pub struct InProcess<I> {
    implementation: I,
    hello: Hello,
}

impl<I: Implementation> InProcess<I> {
    /// Wraps `implementation`.
    pub fn new(implementation: I) -> Self {
        let hello = implementation.hello();
        Self { implementation, hello }
    }

    /// What was wrapped.
    pub fn implementation(&self) -> &I {
        &self.implementation
    }
}

impl<I: Implementation> Subject for InProcess<I> {
    fn hello(&self) -> &Hello {
        &self.hello
    }

    fn ran(&self) -> Vec<String> {
        self.implementation.ran()
    }

    fn ask(&mut self, request: &Request, _deadline: Duration) -> Reply {
        reply(&self.implementation, request)
    }
}

/// What `implementation` replies; a panic is a crash.
pub(crate) fn reply(implementation: &dyn Implementation, request: &Request) -> Reply {
    match catch_unwind(AssertUnwindSafe(|| request.dispatch(implementation))) {
        Ok(answer) => Reply::Answer(answer),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Reply::Crash(format!("panicked: {}", text.unwrap_or("without a message")))
        }
    }
}
