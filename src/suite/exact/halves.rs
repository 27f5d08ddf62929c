//! A KHF1 file judged by the letter of SPEC KHF1: all the classes that are right for its faults, or
//! its tensor. Shares no code with `format`.

use std::collections::BTreeSet;

use super::block::half;
use super::header::{
    self, Begins, header_faults, overflows_on_the_way, payload_offset, size_faults,
};
use crate::format::Class;

const BEGINS: Begins = Begins { magic: b"KHF1", version: 1, retired: None };

/// What a lawful reader does with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every reader accepts it.
    Accept(Content),
    /// Every reader refuses it; each of the classes is right.
    Refuse(BTreeSet<Class>),
    /// Lawful for a reader that looks for zeros first, `overflow` for one that folds from the left
    /// (KHQ4-H6).
    Either(Content),
}

/// A file's tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The dimensions.
    pub shape: Vec<u64>,
    /// f16 bits of the values.
    pub values: Vec<u16>,
}

/// Judges a file of `bytes` on a machine of `width` address bits, for a caller who may require a
/// shape.
pub fn judge(bytes: &[u8], width: u32, expected_shape: Option<&[u64]>) -> Verdict {
    let (shape, numel) = match header_faults(bytes, width, &BEGINS) {
        Ok(sizes) => sizes,
        Err(faults) => return Verdict::Refuse(faults),
    };
    let needed = 2 * u128::from(numel);
    let mut faults = size_faults((&shape, numel), (needed, needed), bytes.len(), width);
    if expected_shape.is_some_and(|expected| expected != shape) {
        faults.insert(Class::ExpectedShape);
    }
    let claimed = usize::try_from(numel).unwrap_or(usize::MAX);
    let pairs = bytes[payload_offset(&shape)..].as_chunks::<2>().0.iter().take(claimed);
    let values: Vec<u16> =
        pairs.map(|pair| u16::from(pair[0]) + 256 * u16::from(pair[1])).collect();
    if values.iter().any(|&value| half(value).is_none()) {
        faults.insert(Class::Value);
    }
    let overflows = overflows_on_the_way(&shape, width);
    if !faults.is_empty() {
        faults.extend(overflows.then_some(Class::Overflow));
        return Verdict::Refuse(faults);
    }
    let content = Content { shape, values };
    if overflows { Verdict::Either(content) } else { Verdict::Accept(content) }
}

/// The bytes of the file of a tensor, lawful or not.
pub fn write(shape: &[u64], numel: u64, values: &[u16]) -> Vec<u8> {
    let payload: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    header::write(&BEGINS, shape, numel, &payload)
}
