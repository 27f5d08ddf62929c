//! The containers by the letter of SPEC.md: one leaf each, and the registry of them.
//!
//! A leaf judges the bytes of a file, and says what a writer writes. It shares no code with `format`.

pub(super) mod header;
pub mod khf1;
pub mod khq4;

pub(crate) use header::fold;

use crate::format::Class;
use crate::suite::feature::Feature;
use crate::suite::hex::Bytes;
use crate::suite::lawful::Lawful;
use crate::suite::operation::{FormatId, Verb};
use crate::suite::question::Tensor;

/// Every container, in the order of the suite.
pub const ALL: &[&dyn Container] = &[&khq4::Khq4, &khf1::Khf1];

/// The container of that name.
pub fn named(id: FormatId) -> Option<&'static dyn Container> {
    ALL.iter().copied().find(|container| container.id() == id)
}

/// Who loads a file.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The bits of an address.
    pub width: u32,
    /// The shape that is required.
    pub expected_shape: Option<&'a [u64]>,
}

impl Caller<'_> {
    /// A machine of 64 bits that takes any shape.
    pub const ANY: Self = Caller { width: 64, expected_shape: None };
}

/// A container as the evaluator has it.
pub trait Container: Sync {
    /// Its name on the wire, in cases and in profiles.
    fn id(&self) -> FormatId;

    /// Its name for a person, such as `KHQ4`.
    fn title(&self) -> &'static str;

    /// What the suite asks about it.
    fn verbs(&self) -> &'static [Verb];

    /// The optional features that cases of it may require.
    fn features(&self) -> &'static [Feature];

    /// The ending of its files' names.
    fn extension(&self) -> &'static str;

    /// The clause of SPEC.md by which a reader refuses a file with a class.
    fn clause(&self, refused: Class) -> &'static str;

    /// The clause of what a reader gives, and the two of what a writer writes and refuses.
    fn clauses(&self) -> [&'static str; 3];

    /// What a lawful reader does with a file of these bytes.
    fn judge(&self, file: &[u8], caller: &Caller<'_>) -> Lawful<Vec<Tensor>>;

    /// The bytes of the file of these tensors, lawful or not; `None` where a tensor lacks what the format
    /// stores.
    fn write(&self, tensors: &[Tensor]) -> Option<Vec<u8>>;

    /// What a lawful writer does: it refuses what its own reader would (KHQ4-W2).
    fn save(&self, tensors: &[Tensor]) -> Lawful<Bytes> {
        let Some(file) = self.write(tensors) else {
            return Lawful::undemanded(format!("{} has no file of that", self.title()));
        };
        self.judge(&file, &Caller::ANY).map(|_| Bytes(file.clone()))
    }
}
