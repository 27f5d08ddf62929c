//! The integration tests of the library, in one binary: what SPEC.md says, stated as tests.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod allocation;
mod clauses;
mod corpus;
mod exact;
mod exhaustive;
mod fuzz;
mod harness;
mod judging;
mod linting;
mod properties;
mod suite;
mod vectors;
