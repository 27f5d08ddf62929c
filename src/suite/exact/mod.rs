//! The exact evaluator: what SPEC.md says, in integers that hold every result, with nothing of
//! `codec` and of `format` only the names of the classes. It supplies every expected value and
//! every judgement.
//!
//! A number is an integer times a power of two ([`Exact`]); a float operation is the exact
//! operation followed by one [`round`](number::round). Slow and plain by intent: its errors, if
//! any, are not those of code that computes with floats.

pub mod blocks;
pub mod directory;
pub mod files;
mod json;
pub mod names;
pub mod number;
pub mod product;
pub mod rotation;
pub mod source;

pub use blocks::{ExactBlock, Refusal, encode, khq4::decode};
pub use number::{Exact, Float};
