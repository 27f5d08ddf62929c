//! The integration tests of the library, in one binary: what SPEC.md says, stated as tests.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::sync::OnceLock;

use q4proof::format::Class;
use q4proof::suite::answer::{Given, Refusal};
use q4proof::suite::{Answer, Case, Lawful, Question, Suite};

mod agreement;
mod allocation;
mod clause;
mod clauses;
mod corpus;
mod directory;
mod evaluator;
mod exact;
#[cfg(feature = "build")]
mod families;
mod faults;
mod fuzz;
mod generating;
mod harness;
mod hex;
mod judging;
mod kept;
mod kernels;
mod kinds;
mod lawful;
mod linting;
mod listing;
mod margins;
mod patching;
mod pieces;
mod properties;
mod registry;
mod selecting;
#[cfg(feature = "build")]
mod selftest;
mod suite;
mod vectors;

/// The vectors that the command carries, read once for all tests.
fn embedded() -> &'static Suite {
    static SUITE: OnceLock<Suite> = OnceLock::new();
    SUITE.get_or_init(|| Suite::embedded().unwrap())
}

/// What may be answered to a question; where SPEC.md demands nothing, why.
fn expected(question: &Question) -> Result<Lawful<Answer>, String> {
    match q4proof::suite::expected::expected(question, None) {
        Lawful::Undemanded(why) => Err(why),
        lawful => Ok(lawful),
    }
}

/// A case of which only the question and the lawful answers matter.
fn case_of(question: Question, expect: Lawful<Answer>) -> Case {
    Case { control: None, question, expect, ..embedded().cases()[0].clone() }
}

/// A refusal with this class, or with none.
fn refusal(class: Option<Class>) -> Given {
    Err(Refusal { message: "no".into(), class })
}
