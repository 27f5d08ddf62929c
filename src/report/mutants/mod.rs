//! The mutation gate: whether what cargo-mutants left behind proves that the tests are tested.
//!
//! A [`sweep`] is one folder `mutants.out`, of a whole run or of a shard. The [`gate`] puts sweeps
//! together and demands that they are evidence at all: whole, of one source tree, with one scope of
//! tests and a baseline that passed. Only then are survivors counted, beside a [`ledger`] of those
//! that no test can tell apart from the original. It reads plain output of cargo-mutants, so that
//! any crate can be judged by it.

pub mod gate;
pub mod ledger;
pub mod sweep;
pub mod text;
