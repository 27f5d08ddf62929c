//! A KHQ4 file judged by the letter of SPEC KHQ4: all the classes that are right for its faults, or
//! its tensor. Shares no code with `format`.

use std::collections::BTreeSet;

use super::block::{BYTES, ExactBlock, WEIGHTS, decode, half};
use super::header::{
    self, Begins, header_faults, overflows_on_the_way, payload_offset, size_faults,
};
use crate::format::Class;

pub(crate) use super::header::fold;

const BEGINS: Begins = Begins { magic: b"KHQ4", version: 2, retired: Some(1) };

/// What a lawful reader does with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every reader accepts it.
    Accept(Content),
    /// Every reader refuses it; each of the classes is right.
    Refuse(BTreeSet<Class>),
    /// Two lawful behaviours: the name of the one that accepts, and the name of the one that
    /// refuses with its class.
    Either {
        /// The tensor, for those that accept.
        content: Content,
        /// The behaviour that accepts.
        accepts: &'static str,
        /// The behaviour that refuses.
        refuses: &'static str,
        /// The class that is right for refusing.
        class: Class,
    },
}

/// A file's tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The dimensions.
    pub shape: Vec<u64>,
    /// The payload's bytes.
    pub payload: Vec<u8>,
    /// f32 bits of the values.
    pub values: Vec<u32>,
}

/// Judges a file of `bytes` on a machine of `width` address bits, for a caller who may require a
/// shape.
pub fn judge(bytes: &[u8], width: u32, expected_shape: Option<&[u64]>) -> Verdict {
    match header_faults(bytes, width, &BEGINS) {
        Ok((shape, original_len)) => {
            judge_tensor(bytes, width, expected_shape, shape, original_len)
        }
        Err(faults) => Verdict::Refuse(faults),
    }
}

fn judge_tensor(
    bytes: &[u8],
    width: u32,
    expected_shape: Option<&[u64]>,
    shape: Vec<u64>,
    original_len: u64,
) -> Verdict {
    let blocks = original_len.div_ceil(WEIGHTS as u64);
    // A reader that adds 31 before dividing may check that addition and say so.
    let sizes = (u128::from(blocks) * BYTES as u128, u128::from(original_len) + 31);
    let mut faults = size_faults((&shape, original_len), sizes, bytes.len(), width);
    if expected_shape.is_some_and(|expected| expected != shape) {
        faults.insert(Class::ExpectedShape);
    }
    let payload = &bytes[payload_offset(&shape)..];
    let claimed = usize::try_from(blocks).unwrap_or(usize::MAX);
    let mut negative = false;
    for block in payload.as_chunks::<BYTES>().0.iter().take(claimed) {
        let block = ExactBlock::read(block);
        match half(block.scale) {
            None | Some(0) => drop(faults.insert(Class::Scale)),
            Some(..0) => negative = true,
            Some(_) => {}
        }
        if half(block.bias).is_none() {
            faults.insert(Class::Bias);
        }
    }
    let overflows_on_the_way = overflows_on_the_way(&shape, width);
    if !faults.is_empty() {
        // A reader of the older behaviours may stop at these first (ERR-2).
        faults.extend(overflows_on_the_way.then_some(Class::Overflow));
        faults.extend(negative.then_some(Class::Scale));
        return Verdict::Refuse(faults);
    }
    let len = usize::try_from(original_len).expect("its blocks are in memory");
    let content = Content { values: decode(payload, len), payload: payload.to_vec(), shape };

    let either =
        |accepts, refuses, class, content| Verdict::Either { content, accepts, refuses, class };
    if overflows_on_the_way {
        either("zero-first", "fold-left", Class::Overflow, content)
    } else if negative {
        either("signed-scale", "positive-scale", Class::Scale, content)
    } else {
        Verdict::Accept(content)
    }
}

/// The bytes of the file of a tensor (KHQ4-W1).
pub fn write(shape: &[u64], original_len: u64, payload: &[u8]) -> Vec<u8> {
    header::write(&BEGINS, shape, original_len, payload)
}
