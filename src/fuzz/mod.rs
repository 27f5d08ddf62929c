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
//! let input = Target::LoadKhq4.generate(7);
//! assert!(!matches!(Target::LoadKhq4.run(&subject, &input), Verdict::Finding(_)));
//! ```

mod access;
mod arithmetic;
mod convert;
pub mod corpus;
mod file;
mod index;
mod kernel;
pub mod meter;
mod mutate;
mod oracle;
mod sketch;
mod text;
mod workspace;

use std::fmt;

pub use arithmetic::{Payload, Source};
pub use kernel::{product, rotation};

use crate::format::Class;
use crate::subject::{Implementation, InProcess, Subject};
use crate::suite::case::FileFormat;
use crate::suite::random::SplitMix64;

/// What is fuzzed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A KHQ4 file through every entry, on both address widths, with and without a required shape.
    LoadKhq4,
    /// A KHQ4 file through every way into the reference's own loaders, which must agree (KHQ4-A2).
    AccessPaths,
    /// Values to blocks. One byte says mode and form of the shape, f32 values follow.
    Encode,
    /// Blocks to values. Eight bytes are original_len, the payload follows.
    Decode,
    /// The tensor in a file's fields, saved, loaded, decoded and encoded again. Magic and version
    /// are not looked at.
    SaveLoad,
    /// A KHF1 file, as [`Target::LoadKhq4`].
    LoadKhf1,
    /// A product of a quantized matrix.
    Matmul,
    /// A rotation of weights.
    Rotate,
    /// The index of a model directory.
    QuantizeIndex,
    /// A safetensors file, converted and back by this crate.
    Convert,
    /// A line of the protocol, through the harness's own readers of requests and answers.
    ProtocolLine,
    /// A file of vectors, through the harness's own reader, linter and evaluator.
    VectorFile,
}

impl Target {
    /// Every target.
    pub const ALL: [Self; 12] = [
        Self::LoadKhq4,
        Self::AccessPaths,
        Self::Encode,
        Self::Decode,
        Self::SaveLoad,
        Self::LoadKhf1,
        Self::Matmul,
        Self::Rotate,
        Self::QuantizeIndex,
        Self::Convert,
        Self::ProtocolLine,
        Self::VectorFile,
    ];

    /// The name of the libFuzzer target and of the folder in `corpus/`.
    pub fn name(self) -> &'static str {
        match self {
            Self::LoadKhq4 => "load_khq4",
            Self::AccessPaths => "access_paths",
            Self::Encode => "encode",
            Self::Decode => "decode",
            Self::SaveLoad => "save_load",
            Self::LoadKhf1 => "load_khf1",
            Self::Matmul => "matmul",
            Self::Rotate => "rotate",
            Self::QuantizeIndex => "quantize_index",
            Self::Convert => "convert",
            Self::ProtocolLine => "protocol_line",
            Self::VectorFile => "vector_file",
        }
    }

    /// The target of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }

    /// Gives `input` to `subject` and judges what comes back. [`Target::AccessPaths`],
    /// [`Target::Convert`], [`Target::ProtocolLine`] and [`Target::VectorFile`] are about this crate's own
    /// loaders, conversion and parsers, and ask no implementation.
    // Inlined, as is `mutate`, so that a program of one target holds nothing of the others:
    // libFuzzer looks at every counter after every input.
    #[inline(always)]
    pub fn run<I: Implementation>(self, subject: &InProcess<I>, input: &[u8]) -> Verdict {
        let implementation = subject.implementation();
        let verdict = match self {
            Self::LoadKhq4 => file::load(implementation, subject.hello(), FileFormat::Khq4, input),
            Self::LoadKhf1 => file::load(implementation, subject.hello(), FileFormat::Khf1, input),
            Self::Matmul => kernel::matmul(implementation, input),
            Self::Rotate => kernel::rotate(implementation, input),
            Self::QuantizeIndex => index::read(implementation, input),
            Self::AccessPaths => access::run(input),
            Self::Convert => convert::run(input),
            Self::Encode => arithmetic::encode(implementation, input),
            Self::Decode => arithmetic::decode(implementation, input),
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

    /// `input` with one to three edits of the kinds that have gone wrong in real codecs; `None`
    /// for one in eight, which is left to whoever mutates without knowledge of the structure. Every
    /// other text is a seed with such edits, whatever `input` is. The
    /// same for the same `seed`.
    #[inline(always)]
    pub fn mutate(self, input: &[u8], seed: u64) -> Option<Vec<u8>> {
        let mut dice = SplitMix64::new(seed);
        if dice.below(8) == 0 {
            return None;
        }
        Some(match self {
            Self::LoadKhq4 | Self::AccessPaths | Self::SaveLoad => {
                mutate::file(input, FileFormat::Khq4, &mut dice)
            }
            Self::LoadKhf1 => mutate::file(input, FileFormat::Khf1, &mut dice),
            Self::Matmul => mutate::product_bytes(input, &mut dice),
            Self::Rotate => mutate::rotation_bytes(input, &mut dice),
            Self::Convert => mutate::safetensors(input, &mut dice),
            Self::Encode => mutate::values(input, &mut dice),
            Self::Decode => mutate::blocks(input, &mut dice),
            // One edit too many and a text is refused at its first token, as is all that grows of
            // it: every other mutation begins anew.
            Self::ProtocolLine | Self::VectorFile | Self::QuantizeIndex if dice.below(2) == 0 => {
                mutate::text(corpus::any_seed(self, &mut dice), &mut dice)
            }
            Self::ProtocolLine | Self::VectorFile | Self::QuantizeIndex => {
                mutate::text(input, &mut dice)
            }
        })
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
        formatter.pad(self.name())
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
