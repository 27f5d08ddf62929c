//! The vectors: what they are, what each expects and how an answer is judged.
//!
//! Data first: a [`case::Case`] is plain JSON, [`library::Suite`] holds them. It asks one
//! [`Question`] and says which [`Answer`]s are
//! [`Lawful`]. What it expects comes [from](mod@expected) the [`exact`] evaluator, once
//! when the vectors are built and again before they are trusted; [`judge`](mod@judge) compares an answer
//! with it.

pub mod answer;
#[cfg(feature = "build")]
pub mod build;
pub mod case;
pub mod clause;
pub mod exact;
pub mod expected;
pub mod feature;
pub mod floats;
pub mod glob;
pub mod hex;
pub mod judge;
pub mod lawful;
pub mod library;
pub mod lint;
pub mod operation;
pub mod patch;
pub mod profile;
pub mod question;
pub mod random;
pub mod recipe;

pub use answer::{Answer, Encoded, Refusal};
pub use case::Case;
pub use feature::{Feature, FormatFeature};
pub use floats::{Float, Floats};
pub use judge::{Judgement, Outcome, judge};
pub use lawful::Lawful;
pub use library::{Suite, SuiteError};
pub use operation::{FormatId, Operation, Verb};
pub use profile::Profile;
pub use question::Question;
pub use recipe::Recipe;
