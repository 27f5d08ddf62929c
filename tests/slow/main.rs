//! What takes longest, where all other tests of the library together take a second: the planted faults, generated
//! inputs of the fuzz targets, every scale with every nibble, and whole folders that are written or
//! converted. A
//! binary of its own, which the sweep of the core does without.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod allocation;
mod builders;
mod corpus;
mod exhaustive;
mod fuzz;
mod harness;
mod planted;
mod vectors;

/// Counted, for the oracle on memory.
#[global_allocator]
static ALLOCATOR: q4proof::fuzz::meter::Counting = q4proof::fuzz::meter::Counting;
