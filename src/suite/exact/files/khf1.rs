//! A KHF1 file judged by the letter of SPEC KHF1: all the classes that are right for its faults, or
//! its tensor. Shares no code with `format`.

use super::header::{
    self, Begins, header_faults, overflows_on_the_way, payload_offset, size_faults,
};
use super::{Caller, Container};
use crate::format::Class;
use crate::suite::exact::blocks::khq4::half;
use crate::suite::feature::Feature;
use crate::suite::floats::Floats;
use crate::suite::hex::Bits16;
use crate::suite::lawful::Lawful;
use crate::suite::operation::{FormatId, Verb};
use crate::suite::question::Tensor;

impl FormatId {
    /// KHF1: files of f16.
    pub const KHF1: Self = Self::new("khf1");
}

const BEGINS: Begins = Begins { magic: b"KHF1", version: 1, retired: None };

/// KHF1's files.
pub struct Khf1;

impl Container for Khf1 {
    fn id(&self) -> FormatId {
        FormatId::KHF1
    }

    fn title(&self) -> &'static str {
        "KHF1"
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::Load, Verb::Save]
    }

    fn features(&self) -> &'static [Feature] {
        &[Feature::ExpectedShape, Feature::Width32]
    }

    fn extension(&self) -> &'static str {
        "f16"
    }

    fn clause(&self, refused: Class) -> &'static str {
        match refused {
            Class::Magic | Class::Version => "KHF1-H1",
            Class::Dimensions | Class::TruncatedHeader | Class::ShapeMismatch => "KHF1-H2",
            Class::Overflow => "KHF1-H3",
            Class::TruncatedPayload | Class::TrailingBytes => "KHF1-P1",
            Class::ExpectedShape => "KHF1-P3",
            Class::NotAFile | Class::Io => "KHF1-A1",
            _ => "KHF1-P2",
        }
    }

    fn clauses(&self) -> [&'static str; 3] {
        ["KHF1-P2", "KHF1-A1", "KHF1-A1"]
    }

    fn judge(&self, file: &[u8], caller: &Caller<'_>) -> Lawful<Vec<Tensor>> {
        judge(file, caller)
    }

    fn write(&self, tensors: &[Tensor]) -> Option<Vec<u8>> {
        let [Tensor { shape, values: Some(Floats::F16(values)), .. }] = tensors else {
            return None;
        };
        Some(write(shape, values.0.len() as u64, &values.0))
    }
}

/// KHF1-H, P and A.
fn judge(bytes: &[u8], caller: &Caller<'_>) -> Lawful<Vec<Tensor>> {
    let Caller { width, expected_shape } = *caller;
    let (shape, numel) = match header_faults(bytes, width, &BEGINS) {
        Ok(sizes) => sizes,
        Err(faults) => return Lawful::Refuse(faults),
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
        return Lawful::Refuse(faults);
    }
    let values = Some(Floats::F16(Bits16(values)));
    let tensors = vec![Tensor { shape, values, ..Tensor::default() }];
    if overflows {
        Lawful::either("zero-first", tensors, "fold-left", Class::Overflow)
    } else {
        Lawful::One(tensors)
    }
}

/// The bytes of the file of a tensor, lawful or not.
pub fn write(shape: &[u64], numel: u64, values: &[u16]) -> Vec<u8> {
    let payload: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    header::write(&BEGINS, shape, numel, &payload)
}
