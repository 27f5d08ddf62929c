//! The vectors: what they are, what each expects and how an answer is judged.
//!
//! Data first: a [`case::Case`] is plain JSON; [`library`] loads it, [`verify`] re-derives its
//! expectation with the [`exact`] evaluator before it is trusted, [`judge`] compares an answer with it.

pub mod case;
pub mod exact;
pub mod hex;
