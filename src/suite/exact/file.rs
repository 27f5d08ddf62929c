//! A KHQ4 file judged by the letter of SPEC KHQ4, in integers of 128 bits, which no product of two
//! numbers of 64 bits leaves: all the classes that are right for its faults, or its tensor. Shares no
//! code with `format`.

use std::collections::BTreeSet;

use super::block::{BYTES, ExactBlock, WEIGHTS, decode, half};
use crate::format::Class;

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
    match header_faults(bytes, width) {
        Ok((shape, original_len)) => {
            judge_tensor(bytes, width, expected_shape, shape, original_len)
        }
        Err(faults) => Verdict::Refuse(faults.into_iter().collect()),
    }
}

/// Magic, version and ndim; then the shape and original_len, not yet looked at.
fn header_faults(bytes: &[u8], width: u32) -> Result<(Vec<u64>, u64), Vec<Class>> {
    // Of a file that is not read as KHQ4, only its being too short can be a further fault.
    let foreign = |class| {
        let short = (bytes.len() < 20).then_some(Class::TruncatedHeader);
        Err([class].into_iter().chain(short).collect())
    };
    if bytes.get(..4) != Some(b"KHQ4") {
        return foreign(Class::Magic);
    }
    match little_endian(bytes, 4, 4).ok_or(vec![Class::TruncatedHeader])? {
        2 => {}
        1 => return foreign(Class::LegacyVersion),
        _ => return foreign(Class::Version),
    }
    let ndim = little_endian(bytes, 8, 4).ok_or(vec![Class::TruncatedHeader])?;
    let len = bytes.len() as u128;
    let dimensions = 8 * u128::from(ndim);
    if 12 + dimensions + 8 > len {
        let mut faults = vec![Class::TruncatedHeader];
        if 12 + dimensions > len {
            faults.push(Class::Dimensions);
        }
        if dimensions >> width != 0 {
            faults.push(Class::Overflow);
        }
        return Err(faults);
    }
    let size = |index: u64| little_endian(bytes, 12 + 8 * index as usize, 8);
    let shape = (0..ndim).map(size).collect::<Option<_>>().ok_or(vec![Class::TruncatedHeader])?;
    Ok((shape, size(ndim).ok_or(vec![Class::TruncatedHeader])?))
}

fn judge_tensor(
    bytes: &[u8],
    width: u32,
    expected_shape: Option<&[u64]>,
    shape: Vec<u64>,
    original_len: u64,
) -> Verdict {
    let too_wide = |number: u128| number >> width != 0;
    let (product, widest) = fold(&shape);
    let blocks = original_len.div_ceil(WEIGHTS as u64);
    let header_len = 20 + 8 * shape.len();
    let expected_len = header_len as u128 + u128::from(blocks) * BYTES as u128;
    let len = bytes.len() as u128;

    let mut faults = BTreeSet::new();
    if product != original_len.into() {
        faults.insert(Class::ShapeMismatch);
    }
    let size_too_wide = shape.iter().chain([&original_len]).any(|&size| too_wide(size.into()));
    if size_too_wide || too_wide(product) || too_wide(expected_len) {
        faults.insert(Class::Overflow);
    }
    if expected_len > len {
        faults.insert(Class::TruncatedPayload);
        // A reader that adds 31 before dividing may check that addition and say so.
        if too_wide(u128::from(original_len) + 31) {
            faults.insert(Class::Overflow);
        }
    }
    if expected_len < len {
        faults.insert(Class::TrailingBytes);
    }
    if expected_shape.is_some_and(|expected| expected != shape) {
        faults.insert(Class::ExpectedShape);
    }
    let payload = &bytes[header_len..];
    let claimed = usize::try_from(blocks).unwrap_or(usize::MAX);
    let mut negative = false;
    for block in payload.chunks_exact(BYTES).take(claimed).map(ExactBlock::read) {
        match half(block.scale) {
            None | Some(0) => drop(faults.insert(Class::Scale)),
            Some(..0) => negative = true,
            Some(_) => {}
        }
        if half(block.bias).is_none() {
            faults.insert(Class::Bias);
        }
    }
    // KHQ4-H6: a fold from the left may leave the width before it meets a zero.
    let overflows_on_the_way = too_wide(widest);
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

/// The product of a shape, and the largest number that a fold from the left meets. Beyond 64 bits
/// both are only known to be that large, which is all that is asked of them.
pub(crate) fn fold(shape: &[u64]) -> (u128, u128) {
    let mut widest = 1;
    for &size in shape.iter().take_while(|&&size| size != 0) {
        if widest >> 64 == 0 {
            widest *= u128::from(size);
        }
    }
    let product = if shape.contains(&0) { 0 } else { widest };
    (product, widest)
}

/// The unsigned little-endian number in `count` bytes at `offset`, where they are there.
fn little_endian(bytes: &[u8], offset: usize, count: usize) -> Option<u64> {
    let field = bytes.get(offset..offset + count)?;
    Some(field.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

/// The bytes of the file of a tensor (KHQ4-W1).
pub fn write(shape: &[u64], original_len: u64, payload: &[u8]) -> Vec<u8> {
    let low_first =
        |number: u64, count: usize| (0..count).map(move |at| (number >> (8 * at)) as u8);
    let mut bytes = b"KHQ4".to_vec();
    bytes.extend(low_first(2, 4).chain(low_first(shape.len() as u64, 4)));
    bytes.extend(shape.iter().chain([&original_len]).flat_map(|&size| low_first(size, 8)));
    bytes.extend(payload);
    bytes
}
