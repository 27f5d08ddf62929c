//! What takes seconds, where all other tests of the library together take one: the zoo, and generated
//! inputs of the fuzz targets. A binary of its own, so that a mutant that the others kill is not
//! asked these.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod fuzz;
mod harness;
mod zoo;

/// Counted, for the oracle on memory.
#[global_allocator]
static ALLOCATOR: q4proof::fuzz::meter::Counting = q4proof::fuzz::meter::Counting;
