//! A KHQ4 file judged by the letter of SPEC KHQ4: all the classes that are right for its faults, or
//! its tensor. Shares no code with `format`.

use super::header::{
    self, Begins, header_faults, overflows_on_the_way, payload_offset, size_faults,
};
use super::{Caller, Container};
use crate::format::Class;
use crate::suite::exact::blocks::khq4::{BYTES, ExactBlock, WEIGHTS, decode, half};
use crate::suite::feature::Feature;
use crate::suite::floats::Floats;
use crate::suite::hex::{Bits, Bytes};
use crate::suite::lawful::Lawful;
use crate::suite::operation::{FormatId, Verb};
use crate::suite::question::Tensor;

const BEGINS: Begins = Begins { magic: b"KHQ4", version: 2, retired: Some(1) };

/// KHQ4's files, and the directories of such files.
pub struct Khq4;

impl Container for Khq4 {
    fn id(&self) -> FormatId {
        FormatId::KHQ4
    }

    fn title(&self) -> &'static str {
        "KHQ4"
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::Load, Verb::Save, Verb::ReadIndex, Verb::NameTensors]
    }

    fn features(&self) -> &'static [Feature] {
        &[Feature::ExpectedShape, Feature::Width32, Feature::Directory]
    }

    fn extension(&self) -> &'static str {
        "q4"
    }

    fn clause(&self, refused: Class) -> &'static str {
        match refused {
            Class::Magic => "KHQ4-H1",
            Class::LegacyVersion | Class::Version => "KHQ4-H2",
            Class::Dimensions => "KHQ4-H3",
            Class::TruncatedHeader => "KHQ4-H4",
            Class::ShapeMismatch => "KHQ4-H5",
            Class::Overflow => "KHQ4-H6",
            Class::TruncatedPayload => "KHQ4-P1",
            Class::TrailingBytes => "KHQ4-P2",
            Class::Scale => "KHQ4-P3",
            Class::Bias => "KHQ4-P4",
            Class::ExpectedShape => "KHQ4-P7",
            Class::NotAFile | Class::Io => "KHQ4-A1",
            Class::NonFinite => "ENC-S2",
            Class::Value => "F16-2",
            Class::Shape => "ENC-S3",
            Class::Index => "IDX-3",
            Class::IndexSize => "IDX-2",
            Class::Path => "IDX-6",
            Class::Duplicate => "IDX-7",
            Class::Missing => "IDX-8",
        }
    }

    fn clauses(&self) -> [&'static str; 3] {
        ["KHQ4-P3", "KHQ4-W1", "KHQ4-W2"]
    }

    fn judge(&self, file: &[u8], caller: &Caller<'_>) -> Lawful<Vec<Tensor>> {
        judge(file, caller)
    }

    fn write(&self, tensors: &[Tensor]) -> Option<Vec<u8>> {
        let [Tensor { shape, original_len: Some(original_len), blocks: Some(blocks), .. }] =
            tensors
        else {
            return None;
        };
        Some(write(shape, *original_len, &blocks.0))
    }
}

/// KHQ4-H, P and A.
fn judge(bytes: &[u8], caller: &Caller<'_>) -> Lawful<Vec<Tensor>> {
    let Caller { width, expected_shape } = *caller;
    let (shape, original_len) = match header_faults(bytes, width, &BEGINS) {
        Ok(sizes) => sizes,
        Err(faults) => return Lawful::Refuse(faults),
    };
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
        return Lawful::Refuse(faults);
    }
    let len = usize::try_from(original_len).expect("its blocks are in memory");
    let tensors = vec![Tensor {
        values: Some(Floats::F32(Bits(decode(payload, len)))),
        blocks: Some(Bytes(payload.to_vec())),
        shape,
        ..Tensor::default()
    }];
    if overflows_on_the_way {
        Lawful::either("zero-first", tensors, "fold-left", Class::Overflow)
    } else if negative {
        Lawful::either("signed-scale", tensors, "positive-scale", Class::Scale)
    } else {
        Lawful::One(tensors)
    }
}

/// The bytes of the file of a tensor (KHQ4-W1).
pub fn write(shape: &[u64], original_len: u64, payload: &[u8]) -> Vec<u8> {
    header::write(&BEGINS, shape, original_len, payload)
}
