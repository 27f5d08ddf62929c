//! The vectors: what they are, what each expects and how an answer is judged.
//!
//! Data first: a [`case::Case`] is plain JSON, [`library::Suite`] holds them. What a case expects
//! is [derived](mod@derive) by the [`exact`] evaluator, once when the vectors are built and again before
//! they are trusted; [`judge`](mod@judge) compares an answer with it.

#[cfg(feature = "build")]
pub mod build;
pub mod case;
pub mod derive;
pub mod exact;
pub mod glob;
pub mod hex;
pub mod judge;
pub mod library;
pub mod lint;
pub mod patch;
pub mod profile;
pub mod random;

pub use case::Case;
pub use judge::{Judgement, Outcome, judge};
pub use library::{Suite, SuiteError};
pub use profile::Profile;
