//! The integration tests of the library, in one binary: what SPEC.md says, stated as tests.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::sync::OnceLock;

mod allocation;
#[cfg(feature = "build")]
mod builders;
mod clauses;
mod conformance;
mod corpus;
mod directory;
mod evaluator;
mod exact;
mod fuzz;
mod harness;
mod judging;
mod kernels;
mod linting;
mod listing;
mod margins;
mod pieces;
mod properties;
#[cfg(feature = "build")]
mod selftest;
mod suite;
mod vectors;

/// The vectors that the command carries, read once for all tests.
fn embedded() -> &'static q4proof::suite::Suite {
    static SUITE: OnceLock<q4proof::suite::Suite> = OnceLock::new();
    SUITE.get_or_init(|| q4proof::suite::Suite::embedded().unwrap())
}
