//! All integration tests, in one binary: what SPEC.md says, stated as tests.

mod allocation;
mod clauses;
mod exhaustive;
mod properties;
mod vectors;
