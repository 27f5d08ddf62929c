//! The header that KHQ4 and KHF1 share, judged by the letter of SPEC KHQ4-H1 to H8 and KHF1-H1 to
//! H3, in integers of 128 bits, which no product of two numbers of 64 bits leaves. Shares no code with
//! `format`.

use std::collections::BTreeSet;

use crate::format::Class;

/// What a file of a format begins with.
pub(super) struct Begins {
    /// The first four bytes.
    pub magic: &'static [u8; 4],
    /// The version.
    pub version: u64,
    /// The version that is refused by name.
    pub retired: Option<u64>,
}

/// Magic, version and ndim; then the shape and original_len, not yet looked at.
pub(super) fn header_faults(
    bytes: &[u8],
    width: u32,
    begins: &Begins,
) -> Result<(Vec<u64>, u64), BTreeSet<Class>> {
    // Of a file of another format, only its being too short can be a further fault.
    let foreign = |class| {
        let short = (bytes.len() < 20).then_some(Class::TruncatedHeader);
        Err([class].into_iter().chain(short).collect())
    };
    if bytes.get(..4) != Some(begins.magic) {
        return foreign(Class::Magic);
    }
    let truncated = || BTreeSet::from([Class::TruncatedHeader]);
    let version = little_endian(bytes, 4, 4).ok_or_else(truncated)?;
    if Some(version) == begins.retired {
        return foreign(Class::LegacyVersion);
    }
    if version != begins.version {
        return foreign(Class::Version);
    }
    let ndim = little_endian(bytes, 8, 4).ok_or_else(truncated)?;
    let len = bytes.len() as u128;
    let dimensions = 8 * u128::from(ndim);
    if 12 + dimensions + 8 > len {
        let mut faults = truncated();
        if 12 + dimensions > len {
            faults.insert(Class::Dimensions);
        }
        if dimensions >> width != 0 {
            faults.insert(Class::Overflow);
        }
        return Err(faults);
    }
    let size = |index: u64| little_endian(bytes, 12 + 8 * index as usize, 8);
    let shape = (0..ndim).map(size).collect::<Option<_>>().ok_or_else(truncated)?;
    Ok((shape, size(ndim).ok_or_else(truncated)?))
}

/// Where the payload begins, behind a header of this shape.
pub(super) fn payload_offset(shape: &[u64]) -> usize {
    20 + 8 * shape.len()
}

/// The faults of a header's sizes in a file of `len` bytes, whose payload takes `payload` bytes. On
/// the way there a reader may meet `reached`, and may say so where that is too wide.
pub(super) fn size_faults(
    (shape, count): (&[u64], u64),
    (payload, reached): (u128, u128),
    len: usize,
    width: u32,
) -> BTreeSet<Class> {
    let too_wide = |number: u128| number >> width != 0;
    let (product, _) = fold(shape);
    let expected_len = payload_offset(shape) as u128 + payload;
    let len = len as u128;
    let mut faults = BTreeSet::new();
    if product != count.into() {
        faults.insert(Class::ShapeMismatch);
    }
    let size_too_wide = shape.iter().chain([&count]).any(|&size| too_wide(size.into()));
    if size_too_wide || too_wide(product) || too_wide(expected_len) {
        faults.insert(Class::Overflow);
    }
    if expected_len > len {
        faults.insert(Class::TruncatedPayload);
        if too_wide(reached) {
            faults.insert(Class::Overflow);
        }
    }
    if expected_len < len {
        faults.insert(Class::TrailingBytes);
    }
    faults
}

/// KHQ4-H6: whether a fold from the left leaves the width before it meets a zero.
pub(super) fn overflows_on_the_way(shape: &[u64], width: u32) -> bool {
    fold(shape).1 >> width != 0
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
    Some(field.iter().rev().fold(0, |number, &byte| 256 * number + u64::from(byte)))
}

/// The bytes of a file, lawful or not.
pub(super) fn write(begins: &Begins, shape: &[u64], count: u64, payload: &[u8]) -> Vec<u8> {
    let low_first =
        |number: u64, count: usize| (0..count).map(move |at| (number >> (8 * at)) as u8);
    let mut bytes = begins.magic.to_vec();
    bytes.extend(low_first(begins.version, 4).chain(low_first(shape.len() as u64, 4)));
    bytes.extend(shape.iter().chain([&count]).flat_map(|&size| low_first(size, 8)));
    bytes.extend(payload);
    bytes
}
