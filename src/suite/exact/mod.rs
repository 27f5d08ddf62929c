//! The exact evaluator: what SPEC.md says, in integers that hold every result, with nothing of
//! `codec` and of `format` only the names of the classes. It supplies every expected value and
//! every judgement.
//!
//! A number is an integer times a power of two ([`Exact`]); a float operation is the exact
//! operation followed by one [`round`](number::round). Slow and plain by intent: its errors, if
//! any, are not those of code that computes with floats.

pub mod block;
pub mod directory;
pub mod encode;
pub mod file;
pub mod ggml;
pub mod halves;
mod header;
mod json;
pub mod mlx;
pub mod names;
pub mod number;
pub mod product;
pub mod rotation;
pub mod source;

pub use block::{ExactBlock, decode};
pub use encode::{Refusal, Variant, encode};
pub use number::{Exact, Format};
