//! Targets whose input is numbers: [`encode`] and [`decode`]. What a number is read from is plain,
//! little-endian and in order, so that a mutation can place a value to the bit and a person can
//! read an input; `write` is the inverse of `arbitrary`.

use arbitrary::{Arbitrary, Unstructured};

use super::oracle::{ask_twice, case, verdict};
use super::{Finding, Verdict};
use crate::subject::message::{Decode, Encode};
use crate::subject::{Implementation, Request};
use crate::suite::case::{Input, Mode};
use crate::suite::derive::MOST_ZERO_MINIMA;
use crate::suite::exact::block::WEIGHTS;
use crate::suite::hex::{Bits, Bytes};
use crate::suite::judge::Given;

/// An encoder's input: the lowest bit of the first byte is the mode (0 asymmetric), the next three
/// are the form of the shape; f32 values follow, little-endian. A last incomplete one is not
/// looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// How blocks are laid over their values.
    pub mode: Mode,
    /// 0 to 7, see [`Source::shape`].
    pub form: u8,
    /// The tensor's values.
    pub values: Vec<f32>,
}

impl<'a> Arbitrary<'a> for Source {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let head = u8::arbitrary(input)?;
        let mode = if head & 1 == 0 { Mode::Asymmetric } else { Mode::Symmetric };
        let values = (0..input.len() / 4).map(|_| f32::arbitrary(input));
        Ok(Self { mode, form: head >> 1 & 7, values: values.collect::<Result<_, _>>()? })
    }
}

impl Source {
    /// Any bytes are a source: what is missing is zero.
    pub fn read(input: &[u8]) -> Self {
        Self::arbitrary(&mut Unstructured::new(input)).expect("numbers can be had of any bytes")
    }

    /// The input that is read as this.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = vec![self.form << 1 | u8::from(self.mode == Mode::Symmetric)];
        bytes.extend(self.values.iter().flat_map(|value| value.to_le_bytes()));
        bytes
    }

    /// The shape of the form; the last three forms hold another number of values.
    pub fn shape(&self) -> Vec<u64> {
        let len = self.values.len() as u64;
        match self.form {
            1 => vec![1, len],
            2 if len.is_multiple_of(2) => vec![2, len / 2],
            3 if len.is_multiple_of(3) => vec![len / 3, 1, 3],
            4 if len == 1 => vec![],
            5 => vec![len + 1],
            6 => vec![1 << 32, 1 << 32, len],
            7 => vec![len, 0],
            _ => vec![len],
        }
    }
}

/// Values to blocks: canonical, or refused as they must be.
pub(super) fn encode(
    implementation: &dyn Implementation,
    input: &[u8],
) -> Result<Verdict, Finding> {
    let source = Source::read(input);
    ask_encode(implementation, source.mode, &source.shape(), &Bits::of(&source.values))
}

/// As [`encode`], for values that came from elsewhere.
pub(super) fn ask_encode(
    implementation: &dyn Implementation,
    mode: Mode,
    shape: &[u64],
    values: &Bits,
) -> Result<Verdict, Finding> {
    let place = match mode {
        Mode::Asymmetric => "encode asymmetric",
        Mode::Symmetric => "encode symmetric",
    };
    let question = |shape: &[u64], values: &Bits| {
        let (shape, values) = (shape.to_vec(), values.clone());
        case(Input::Encode { mode, shape, values })
    };
    // A block whose minimum is a zero doubles the lawful encodings (ENC-Z1): where there are more
    // such blocks than the evaluator lists encodings for, as many blocks are asked for.
    let listed = values.0.len().min(MOST_ZERO_MINIMA * WEIGHTS);
    let fewer = (vec![listed as u64], Bits(values.0[..listed].to_vec()));
    let (case, shape, values) = match question(shape, values) {
        Ok(case) => (case, shape, values),
        Err(_) => {
            let case = question(&fewer.0, &fewer.1).expect("so few blocks have a verdict");
            (case, fewer.0.as_slice(), &fewer.1)
        }
    };
    let request = Encode {
        entry: None,
        mode,
        shape: shape.to_vec(),
        source: None,
        values: values.to_le_bytes(),
    };
    match ask_twice(implementation, &Request::Encode(request), &place, None)? {
        Some(given) => verdict(&case, &given, &place),
        None => Ok(Verdict::Refused(None)),
    }
}

/// A decoder's input: original_len in the first eight bytes, and the payload.
#[derive(Clone, Debug, PartialEq)]
pub struct Payload {
    /// The number of values.
    pub original_len: u64,
    /// The bytes of the blocks.
    pub blocks: Vec<u8>,
}

impl<'a> Arbitrary<'a> for Payload {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let original_len = u64::arbitrary(input)?;
        Ok(Self { original_len, blocks: input.bytes(input.len())?.to_vec() })
    }
}

impl Payload {
    /// Any bytes are a payload: what is missing is zero.
    pub fn read(input: &[u8]) -> Self {
        Self::arbitrary(&mut Unstructured::new(input)).expect("numbers can be had of any bytes")
    }

    /// The input that is read as this.
    pub fn write(&self) -> Vec<u8> {
        [&self.original_len.to_le_bytes()[..], &self.blocks].concat()
    }
}

/// Blocks to values, bit for bit. Blocks with a scale or a bias that is not lawful have no values
/// to compare with; what a decoder makes of them must still be as many values as were asked for.
pub(super) fn decode(
    implementation: &dyn Implementation,
    input: &[u8],
) -> Result<Verdict, Finding> {
    let Payload { original_len, blocks } = Payload::read(input);
    let blocks = Bytes(blocks);
    let request = Request::Decode(Decode { entry: None, blocks: blocks.clone(), original_len });
    let Some(given) = ask_twice(implementation, &request, &"decode", None)? else {
        return Ok(Verdict::Refused(None));
    };
    if let Ok(case) = case(Input::Decode { blocks, original_len }) {
        return verdict(&case, &given, &"decode");
    }
    match given {
        Given::Refused { class, .. } => Ok(Verdict::Refused(class)),
        Given::Values(values) if values.0.len() as u64 == original_len => Ok(Verdict::Accepted),
        other => {
            let detail = format!("{other:?}, asked was for {original_len} values");
            Err(Finding { oracle: "result", place: "decode".into(), detail })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_and_written_byte_for_byte() {
        let source = Source { mode: Mode::Symmetric, form: 5, values: vec![1.0, -0.0, f32::MAX] };
        assert_eq!(Source::read(&source.write()), source);
        assert_eq!(source.shape(), [4]);
        assert_eq!(Source::read(&[]).shape(), [0]);
        assert_eq!(Source::read(&[8, 0, 0, 128, 63, 9]).values, [1.0]);
    }

    #[test]
    fn a_payload_is_read_and_written_byte_for_byte() {
        let payload = Payload { original_len: 0x0102_0304_0506_0708, blocks: vec![9, 10] };
        assert_eq!(payload.write(), [8, 7, 6, 5, 4, 3, 2, 1, 9, 10]);
        assert_eq!(Payload::read(&payload.write()), payload);
        assert_eq!(Payload::read(&[5]), Payload { original_len: 5, blocks: vec![] });
    }
}
