//! The block formats by the letter of SPEC.md, exactly: one leaf each, and the registry of them.
//!
//! A leaf says how large a block is, what its fields are, and what may be answered when blocks are
//! decoded and values are encoded. It shares no code with `codec`.

mod decode_only;
pub mod iq4;
pub mod khq4;
mod khq4_encode;
mod layout;
pub mod mlx;
pub mod mxfp4;
pub mod nvfp4;
pub mod q4_0;
pub mod q4_1;
pub mod q4_k;
pub mod q5;
pub mod q6_k;
pub mod q8_0;
mod rounded;
mod rows;

use std::ops::Range;

pub use khq4::ExactBlock;
pub use khq4_encode::{MOST_ZERO_MINIMA, Margin, Refusal, encode, margin};
pub(crate) use layout::Layout;

use super::product::Product;
use crate::format::Class;
use crate::suite::answer::Encoded;
use crate::suite::feature::Feature;
use crate::suite::floats::{Float, Floats};
use crate::suite::lawful::Lawful;
use crate::suite::operation::{FormatId, Verb};
use crate::suite::question::{Mode, Question};

/// Every block format, in the order of the suite.
pub const ALL: &[&dyn BlockFormat] = &[
    &khq4::Khq4,
    &q4_0::Q40,
    &q4_1::Q41,
    &q5::Q5_0,
    &q5::Q5_1,
    &q8_0::Q80,
    &q4_k::Q4_K,
    &q4_k::Q5_K,
    &q6_k::Q6_K,
    &iq4::IQ4_NL,
    &iq4::IQ4_XS,
    &mxfp4::Mxfp4,
    &nvfp4::Nvfp4,
    &mlx::Mlx,
];

/// The block format of that name.
pub fn named(id: FormatId) -> Option<&'static dyn BlockFormat> {
    ALL.iter().copied().find(|format| format.id() == id)
}

/// The size of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Its weights.
    pub weights: usize,
    /// Its bytes.
    pub bytes: usize,
}

/// A block format in a few words.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// Its name on the wire.
    pub id: FormatId,
    /// Its name for a person, such as `KHQ4` or `ggml's Q4_1`.
    pub title: &'static str,
    /// What the suite asks about it.
    pub verbs: &'static [Verb],
    /// The optional features that cases of it may require.
    pub features: &'static [Feature],
    /// The size of its blocks.
    pub geometry: Geometry,
}

/// A field of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockField {
    /// Its name, as SPEC.md has it.
    pub name: &'static str,
    /// Its bytes within the block.
    pub bytes: Range<usize>,
    /// What it holds.
    pub holds: Holds,
    /// Its value for a person; codes in the order of the weights.
    pub value: String,
}

/// What a field of a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// A number of f16, little-endian: a scale, a bias, a minimum.
    Number,
    /// Scales of less than two bytes each.
    Scales {
        /// The largest byte of which something is demanded.
        most: u8,
    },
    /// The codes of the weights.
    Codes,
}

impl BlockField {
    /// An f16 at `at`.
    fn half(name: &'static str, at: usize, bits: u16) -> Self {
        let value = half::f16::from_bits(bits).to_string();
        Self { name, bytes: at..at + 2, holds: Holds::Number, value }
    }

    /// Scales in these bytes, none of which is more than `most`.
    fn scales(name: &'static str, bytes: Range<usize>, most: u8, value: String) -> Self {
        Self { name, bytes, holds: Holds::Scales { most }, value }
    }

    /// Codes in these bytes.
    fn codes(name: &'static str, bytes: Range<usize>, value: String) -> Self {
        Self { name, bytes, holds: Holds::Codes, value }
    }

    /// The value of this field of `block`, behind the digits of a number.
    pub fn in_words(&self, block: &[u8]) -> String {
        let digits = || block[self.bytes.clone()].iter().rev().map(|byte| format!("{byte:02x}"));
        match self.holds {
            Holds::Number => format!("{} ({})", digits().collect::<String>(), self.value),
            Holds::Scales { .. } => {
                let digits: Vec<String> =
                    block[self.bytes.clone()].iter().map(|byte| format!("{byte:02x}")).collect();
                format!("{} ({})", digits.concat(), self.value)
            }
            Holds::Codes => self.value.clone(),
        }
    }
}

/// Values that are to be encoded.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// How blocks are laid over their values, in formats that leave a choice.
    pub mode: Option<Mode>,
    /// The tensor's shape.
    pub shape: &'a [u64],
    /// The values.
    pub values: &'a Floats,
}

/// A block format as the evaluator has it.
pub trait BlockFormat: Sync {
    /// What it is called, what is asked about it, and the size of its blocks.
    fn description(&self) -> Description;

    /// Its name on the wire, in cases and in profiles.
    fn id(&self) -> FormatId {
        self.description().id
    }

    /// Its name for a person.
    fn title(&self) -> &'static str {
        self.description().title
    }

    /// What the suite asks about it.
    fn verbs(&self) -> &'static [Verb] {
        self.description().verbs
    }

    /// The optional features that cases of it may require.
    fn features(&self) -> &'static [Feature] {
        self.description().features
    }

    /// The size of its blocks.
    fn geometry(&self) -> Geometry {
        self.description().geometry
    }

    /// The clause of SPEC.md that says what is answered to a question about its blocks, or by which it is refused with
    /// a class.
    fn clause(&self, question: &Question, refused: Option<Class>) -> &'static str;

    /// The fields of one whole block, of whose weights the first `real` are values and the rest padding.
    fn fields(&self, block: &[u8], real: usize) -> Vec<BlockField>;

    /// What may be answered when `blocks` are decoded to `count` values of type `to`.
    fn decode(&self, _blocks: &Encoded, _count: u64, _to: Float) -> Lawful<Floats> {
        Lawful::undemanded(format!("SPEC.md has no decoder of {}", self.title()))
    }

    /// What may be answered when values are encoded.
    fn encode(&self, _source: &Source<'_>) -> Lawful<Encoded> {
        Lawful::undemanded(format!("SPEC.md has no encoder of {}", self.title()))
    }

    /// How far an encoding is from its values, where a bound measures that. `None` elsewhere, and where
    /// the values have no encoding.
    fn margin(&self, _source: &Source<'_>, _given: &Encoded) -> Option<Margin> {
        None
    }

    /// Whether an encoding is one of the canonical ones, where a case demands less than that.
    fn is_canonical(&self, source: &Source<'_>, given: &Encoded) -> bool {
        match self.encode(source) {
            Lawful::One(encoded) => encoded == *given,
            Lawful::OneOf(behaviours) => {
                behaviours.iter().any(|one| one.expect == Lawful::One(given.clone()))
            }
            _ => false,
        }
    }

    /// What may be answered when a matrix of these blocks is multiplied. `None` where the answer is one
    /// within DOT-1.
    fn product(&self, _product: &Product<'_>, _vectors: u64) -> Lawful<Floats> {
        Lawful::undemanded(format!("SPEC.md has no product of {}", self.title()))
    }
}

/// Codes of four bits as one digit each, padding behind a bar.
fn digits(codes: &[u8], real: usize) -> String {
    let digits = |codes: &[u8]| codes.iter().map(|code| format!("{code:x}")).collect::<String>();
    match codes.split_at(real.min(codes.len())) {
        (values, []) => digits(values),
        (values, padding) => format!("{} | padding {}", digits(values), digits(padding)),
    }
}

/// Numbers for a person.
fn listed(numbers: impl Iterator<Item = i64>) -> String {
    numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(" ")
}

/// The bits of the f16 that begins at a byte.
fn half_bits_at(block: &[u8], at: usize) -> u16 {
    u16::from(block[at]) + 256 * u16::from(block[at + 1])
}

/// The low nibble of a byte, which is number 0, or the high one.
fn nibble(bytes: &[u8], at: usize, number: usize) -> u8 {
    bytes[at] >> (4 * number) & 15
}
