//! What a campaign asked: of each operation how many questions, of which sizes, with which numbers; how many were
//! accepted, and which check refused the others.

use std::collections::{BTreeMap, BTreeSet};

use super::batch::Asked;
use crate::format::Class;
use crate::suite::case::{Case, File};
use crate::suite::exact::blocks::Layout;
use crate::suite::lawful::Lawful;
use crate::suite::operation::Operation;
use crate::suite::question::Question;

/// Blocks and values of a question that are looked at: more of a large one show nothing new.
const LOOKED_AT: usize = 64;

/// What was asked, operation by operation.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// In the order of the suite.
    pub operations: BTreeMap<Operation, OperationCoverage>,
}

/// What was asked of one operation.
#[derive(Clone, Debug, Default)]
pub struct OperationCoverage {
    /// Questions that were asked.
    pub questions: u64,
    /// Questions that are to be answered.
    pub sound: u64,
    /// Questions that the subject answered.
    pub answered: u64,
    /// Questions that failed.
    pub failed: u64,
    /// Questions that the subject answered with unsupported.
    pub unsupported: u64,
    /// Questions that are to be refused, by the first class that is right.
    pub refused: BTreeMap<Class, u64>,
    /// Sizes in blocks, values, tensors or bytes, as powers of two.
    pub sizes: BTreeSet<u32>,
    /// Signs and exponents of the numbers of blocks, or of the values.
    pub exponents: BTreeSet<u16>,
}

impl Coverage {
    pub(super) fn new(operations: &[Operation]) -> Self {
        let none = |&operation: &Operation| (operation, OperationCoverage::default());
        Self { operations: operations.iter().map(none).collect() }
    }

    pub(super) fn add(&mut self, asked: &Asked) {
        use crate::suite::judge::Outcome;
        let of = self.operations.entry(asked.case.question.operation()).or_default();
        of.questions += 1;
        of.answered += u64::from(asked.answered);
        of.failed += u64::from(asked.failure.is_some());
        of.unsupported += u64::from(asked.outcome == Outcome::Unsupported);
        of.look_at(&asked.case);
    }

    /// All questions.
    pub fn questions(&self) -> u64 {
        self.operations.values().map(|of| of.questions).sum()
    }

    /// All questions that failed.
    pub fn failed(&self) -> u64 {
        self.operations.values().map(|of| of.failed).sum()
    }
}

impl OperationCoverage {
    fn look_at(&mut self, case: &Case) {
        match &case.expect {
            Lawful::Refuse(classes) => {
                if let Some(class) = classes.first() {
                    *self.refused.entry(*class).or_default() += 1;
                }
            }
            _ => self.sound += 1,
        }
        let format = case.question.format();
        let payload = |of: &mut Self, blocks: &[u8]| {
            let layout = Layout::named(format);
            of.size(blocks.len() / layout.bytes);
            for block in blocks.chunks_exact(layout.bytes).take(LOOKED_AT) {
                for &at in &layout.numbers {
                    of.exponents.insert(u16::from_le_bytes([block[at], block[at + 1]]) >> 10);
                }
            }
        };
        match &case.question {
            Question::Decode(decode) => payload(self, &decode.blocks.0),
            Question::Matmul(matmul) => payload(self, &matmul.blocks.0),
            Question::Encode(encode) => {
                self.size(encode.values.len() / 32);
                let values = encode.values.widened().unwrap_or_default();
                for value in values.into_iter().take(LOOKED_AT) {
                    self.exponents.insert((value.to_bits() >> 23) as u16);
                }
            }
            Question::Load(load) => {
                if let File::Bytes(bytes) = load.path.unnamed() {
                    self.size(bytes.0.len());
                }
            }
            Question::Save(save) => {
                let of = |tensor: &crate::suite::question::Tensor| {
                    tensor.blocks.as_ref().map_or(0, |blocks| blocks.0.len())
                        + tensor.values.as_ref().map_or(0, |values| 2 * values.len())
                };
                self.size(save.tensors.iter().map(of).sum());
            }
            Question::Rotate(rotate) => self.size(rotate.values.len()),
            Question::ReadIndex(read) => {
                if let File::Directory(entries) = read.path.unnamed() {
                    let bytes = entries.iter().filter_map(|entry| entry.content.file_bytes());
                    self.size(bytes.map(|bytes| bytes.len()).sum());
                }
            }
            Question::NameTensors(naming) => self.size(naming.tensors.len()),
            Question::Generate(_) => {}
        }
    }

    fn size(&mut self, size: usize) {
        self.sizes.insert(size.checked_ilog2().map_or(0, |power| power + 1));
    }

    /// The share of questions that are to be answered, of all.
    pub fn sound_share(&self) -> f64 {
        self.sound as f64 / self.questions.max(1) as f64
    }
}
