//! What takes longest, where all other tests of the library together take a second: the planted faults, generated
//! inputs of the fuzz targets, every scale with every nibble, and whole folders that are written or
//! converted. A
//! binary of its own, which the sweep of the core does without.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod allocation;
mod builders;
mod conformance;
mod corpus;
mod exhaustive;
mod fuzz;
mod harness;
mod planted;
mod vectors;

/// Counted, for the oracle on memory.
#[global_allocator]
static ALLOCATOR: q4proof::fuzz::meter::Counting = q4proof::fuzz::meter::Counting;

/// The vectors that the command carries, read once for all tests.
fn embedded() -> &'static q4proof::suite::Suite {
    static SUITE: std::sync::OnceLock<q4proof::suite::Suite> = std::sync::OnceLock::new();
    SUITE.get_or_init(|| q4proof::suite::Suite::embedded().unwrap())
}
