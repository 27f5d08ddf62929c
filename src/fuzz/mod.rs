//! Fuzzing: what is done with any bytes at all, for each [`Target`], and what must hold then.
//!
//! A target is three plain functions: [`Target::seeds`] gives accepted inputs to start from,
//! [`Target::mutate`] changes an input with knowledge of its structure, and [`Target::run`] gives
//! it to an implementation and judges what comes back. Nothing here knows of libFuzzer: the glue
//! in `fuzz/` calls these functions, and so do the replay of the corpus, the tests, and anyone who
//! fuzzes a codec of their own.
//!
//! Judging is the suite's: the exact evaluator says what is lawful and [`judge`](mod@crate::suite::judge)
//! compares, so that a finding means the same as a vector that fails.
//!
//! ```
//! use q4proof::fuzz::{Target, Verdict};
//! use q4proof::subject::{InProcess, Reference};
//!
//! let subject = InProcess::new(Reference);
//! let target = Target::by_name("load_khq4").expect("a target");
//! let input = target.generate(7);
//! assert!(!matches!(target.run(&subject, &input), Verdict::Finding(_)));
//! ```

mod access;
mod arithmetic;
mod convert;
pub mod corpus;
mod dice;
mod drawn;
mod file;
pub mod generate;
mod index;
mod kernel;
pub mod meter;
mod mutate;
mod names;
mod oracle;
pub mod shrink;
mod sketch;
mod text;
mod workspace;

use std::fmt;

pub use arithmetic::{Payload, Source};
pub use kernel::{product, rotation};
pub(crate) use oracle::case;

use crate::format::Class;
use crate::subject::{Implementation, InProcess, Subject};
use crate::suite::operation::{FormatId, Operation, Verb};
use crate::suite::random::SplitMix64;

/// What is fuzzed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// An operation of an implementation:
    ///
    /// - a load: a file through every entry, on both address widths, with and without a required shape;
    /// - a save: the tensor in a file's fields; magic and version are not looked at;
    /// - a decode: eight bytes are original_len, the payload follows;
    /// - an encode: one byte says mode, form of the shape and type, f32 values follow;
    /// - a product and a rotation: sizes come first, a byte each;
    /// - an index: the bytes of a `quantize_index.json`;
    /// - names: a line a tensor, its rank and its name.
    Operation(Operation),
    /// A KHQ4 file through every way into the reference's own loaders, which must agree (KHQ4-A2).
    AccessPaths,
    /// The tensor in a KHQ4 file's fields, saved, loaded, decoded and encoded again.
    SaveLoad,
    /// A safetensors file, converted and back by this crate.
    Convert,
    /// A line of the protocol, through the harness's own readers of requests and answers.
    ProtocolLine,
    /// A file of vectors, through the harness's own reader, linter and evaluator.
    VectorFile,
}

impl Target {
    /// Every target: the operations of the registries, and those that are about more than one.
    pub fn all() -> Vec<Self> {
        let others = [
            Self::AccessPaths,
            Self::SaveLoad,
            Self::Convert,
            Self::ProtocolLine,
            Self::VectorFile,
        ];
        Operation::all().into_iter().map(Self::Operation).chain(others).collect()
    }

    /// The target of an operation.
    pub const fn of(verb: Verb, format: FormatId) -> Self {
        Self::Operation(Operation::new(verb, format))
    }

    /// The name on the command line and of the folder in `corpus/`: of an operation, `verb_format`.
    pub fn name(self) -> String {
        match self {
            Self::Operation(operation) => {
                format!("{}_{}", operation.verb.name(), operation.format)
            }
            Self::AccessPaths => "access_paths".into(),
            Self::SaveLoad => "save_load".into(),
            Self::Convert => "convert".into(),
            Self::ProtocolLine => "protocol_line".into(),
            Self::VectorFile => "vector_file".into(),
        }
    }

    /// The target of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|target| target.name() == name)
    }

    /// Gives `input` to `subject` and judges what comes back. [`Target::AccessPaths`],
    /// [`Target::Convert`], [`Target::ProtocolLine`] and [`Target::VectorFile`] are about this crate's own
    /// loaders, conversion and parsers, and ask no implementation.
    pub fn run<I: Implementation>(self, subject: &InProcess<I>, input: &[u8]) -> Verdict {
        let (implementation, hello) = (subject.implementation(), subject.hello());
        let verdict = match self {
            Self::Operation(Operation { verb, format }) => match verb {
                Verb::Decode => arithmetic::decode(implementation, hello, format, input),
                Verb::Encode => arithmetic::encode(implementation, hello, format, input),
                Verb::Load => file::load(implementation, hello, format, input),
                Verb::Save => file::save(implementation, format, input),
                Verb::Matmul => kernel::matmul(implementation, input),
                Verb::Rotate => kernel::rotate(implementation, input),
                Verb::ReadIndex => index::read(implementation, input),
                Verb::NameTensors => names::name_tensors(implementation, input),
                Verb::Generate => Ok(Verdict::Refused(None)),
            },
            Self::AccessPaths => access::run(input),
            Self::Convert => convert::run(input),
            Self::SaveLoad => file::save_and_load(implementation, input),
            Self::ProtocolLine => text::protocol_line(input),
            Self::VectorFile => text::vector_file(input),
        };
        verdict.unwrap_or_else(Verdict::Finding)
    }

    /// Accepted inputs to start from: the controls of the suite's refusals, and nothing that a
    /// refusal was made of; files of its own for [`Target::Convert`], which no vector is about.
    pub fn seeds(self) -> Vec<Seed> {
        corpus::seeds(self)
    }

    /// `input` with one to three edits of the kinds that have gone wrong in real codecs. One in three is
    /// the input of a drawn question, sound in most cases, whatever `input` is: one edit too many and an
    /// input is refused at its first check, as is all that grows of it. Every other text is a seed with such
    /// edits. `None` for one in eight, which is left to whoever mutates without knowledge of the structure.
    /// The same for the same `seed`.
    pub fn mutate(self, input: &[u8], seed: u64) -> Option<Vec<u8>> {
        let mut dice = SplitMix64::new(seed);
        if dice.below(8) == 0 {
            return None;
        }
        if dice.below(3) == 0
            && let Some(input) = drawn::input(self, &mut dice)
        {
            return Some(input);
        }
        Some(match self {
            Self::AccessPaths | Self::SaveLoad => mutate::file(input, FormatId::KHQ4, &mut dice),
            Self::Convert => mutate::safetensors(input, &mut dice),
            Self::ProtocolLine | Self::VectorFile => self.mutated_text(input, &mut dice),
            Self::Operation(Operation { verb, format }) => match verb {
                Verb::Load | Verb::Save => mutate::file(input, format, &mut dice),
                Verb::Matmul => mutate::product_bytes(input, &mut dice),
                Verb::Rotate => mutate::rotation_bytes(input, &mut dice),
                Verb::Encode => mutate::values(input, format, &mut dice),
                Verb::Decode => mutate::blocks(input, format, &mut dice),
                Verb::NameTensors => mutate::names(input, &mut dice),
                Verb::ReadIndex | Verb::Generate => self.mutated_text(input, &mut dice),
            },
        })
    }

    /// One edit too many and a text is refused at its first token, as is all that grows of it: every other
    /// mutation begins anew.
    fn mutated_text(self, input: &[u8], dice: &mut SplitMix64) -> Vec<u8> {
        if dice.below(2) == 0 {
            mutate::text(corpus::any_seed(self, dice), dice)
        } else {
            mutate::text(input, dice)
        }
    }

    /// An input of this target: a seed, mutated up to three times. The same for the same `seed`.
    pub fn generate(self, seed: u64) -> Vec<u8> {
        let mut dice = SplitMix64::new(seed);
        let mut input = corpus::any_seed(self, &mut dice).to_vec();
        for _ in 0..dice.below(4) {
            input = self.mutate(&input, dice.next_u64()).unwrap_or(input);
        }
        input
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.name())
    }
}

/// An accepted input: the name of the control that it comes from, and its bytes.
pub type Seed = (String, Vec<u8>);

/// What came of one input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is lawful, was accepted, and everything that follows from that held.
    Accepted,
    /// It was refused, as is lawful, with the class that was named, if one was.
    Refused(Option<Class>),
    /// Something did not hold.
    Finding(Finding),
}

/// What did not hold. Two inputs with the same oracle and place show the same fault, most likely.
/// The key of a finding is what stands before the first `: ` of its display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule, in one or two words.
    pub oracle: &'static str,
    /// The operation and the entry that broke it; and the class of the refusal, where there was or
    /// ought to have been one.
    pub place: String,
    /// What came and what was expected, for a person.
    pub detail: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at {}: {}", self.oracle, self.place, self.detail)
    }
}
