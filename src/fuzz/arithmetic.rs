//! Targets whose input is numbers: [`encode`] and [`decode`]. What a number is read from is plain,
//! little-endian and in order, so that a mutation can place a value to the bit and a person can
//! read an input; `write` is the inverse of `arbitrary`.

use arbitrary::{Arbitrary, Unstructured};

use half::{bf16, f16};

use super::oracle::{ask_twice, case, verdict};
use super::{Finding, Verdict};
use crate::subject::{Hello, Implementation, Request};
use crate::suite::answer::{Answer, Refusal};
use crate::suite::case::Case;
use crate::suite::exact::blocks::MOST_ZERO_MINIMA;
use crate::suite::feature::Feature;
use crate::suite::floats::{Float, Floats};
use crate::suite::hex::{Bits16, Bits64, Bytes};
use crate::suite::operation::FormatId;
use crate::suite::question::{Decode, Mode, Question};

/// An encoder's input: the lowest bit of the first byte is the mode (0 asymmetric), the next three
/// are the form of the shape, the next two the type of the source; f32 values follow, little-endian, and
/// are rounded to that type. A last incomplete one is not looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// How blocks are laid over their values.
    pub mode: Mode,
    /// 0 to 7, see [`Source::shape`].
    pub form: u8,
    /// The type that the values are rounded to, in formats that take several.
    pub float: Float,
    /// The tensor's values.
    pub values: Vec<f32>,
}

/// The types of a source, by their two bits.
const FLOATS: [Float; 4] = [Float::F32, Float::F16, Float::Bf16, Float::F64];

impl<'a> Arbitrary<'a> for Source {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let head = u8::arbitrary(input)?;
        let mode = if head & 1 == 0 { Mode::Asymmetric } else { Mode::Symmetric };
        let values = (0..input.len() / 4).map(|_| f32::arbitrary(input));
        let float = FLOATS[usize::from(head >> 4 & 3)];
        Ok(Self { mode, form: head >> 1 & 7, float, values: values.collect::<Result<_, _>>()? })
    }
}

impl Source {
    /// Any bytes are a source: what is missing is zero.
    pub fn read(input: &[u8]) -> Self {
        Self::arbitrary(&mut Unstructured::new(input)).expect("numbers can be had of any bytes")
    }

    /// The input that is read as this.
    pub fn write(&self) -> Vec<u8> {
        let float = FLOATS.iter().position(|float| *float == self.float).unwrap_or(0) as u8;
        let mode = u8::from(self.mode == Mode::Symmetric);
        let mut bytes = vec![float << 4 | self.form << 1 | mode];
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

impl Source {
    /// The values in a type of floats. Of f64, each second one lies a little off its f32.
    pub fn floats(&self, float: Float) -> Floats {
        match float {
            Float::F32 => Floats::of(&self.values),
            Float::F16 => {
                let half = |&value: &f32| f16::from_f32(value).to_bits();
                Floats::F16(Bits16(self.values.iter().map(half).collect()))
            }
            Float::Bf16 => {
                let half = |&value: &f32| bf16::from_f32(value).to_bits();
                Floats::Bf16(Bits16(self.values.iter().map(half).collect()))
            }
            Float::F64 => {
                let double = |(at, &value): (usize, &f32)| {
                    // Half of the distance to the next f32, or a little more.
                    let off = [0.0, 2f64.powi(-24), 2f64.powi(-24) + 2f64.powi(-40)][at % 3];
                    f64::from(value) * (1.0 + off)
                };
                let values: Vec<f64> = self.values.iter().enumerate().map(double).collect();
                Floats::F64(Bits64::of(&values))
            }
        }
    }
}

/// Values to blocks: canonical, or refused as they must be.
pub(super) fn encode(
    implementation: &dyn Implementation,
    hello: &Hello,
    format: FormatId,
    input: &[u8],
) -> Result<Verdict, Finding> {
    let source = Source::read(input);
    let shape = source.shape();
    match format {
        FormatId::KHQ4 => {
            let offered = |float: &Float| match float {
                Float::F32 => true,
                Float::F16 => hello.offers(Feature::SourceF16.of(format)),
                Float::Bf16 => hello.offers(Feature::SourceBf16.of(format)),
                Float::F64 => hello.offers(Feature::SourceF64.of(format)),
            };
            let float = Some(source.float).filter(offered).unwrap_or(Float::F32);
            let values = source.floats(float);
            ask_encode(implementation, format, Some(source.mode), &shape, &values)
        }
        FormatId::MLX => {
            ask_encode(implementation, format, None, &shape, &source.floats(Float::F16))
        }
        _ => ask_encode(implementation, format, None, &shape, &Floats::of(&source.values)),
    }
}

/// As [`encode`], for values that came from elsewhere.
pub(super) fn ask_encode(
    implementation: &dyn Implementation,
    format: FormatId,
    mode: Option<Mode>,
    shape: &[u64],
    values: &Floats,
) -> Result<Verdict, Finding> {
    let place = match mode {
        Some(mode) => format!("encode {}", mode.name()),
        None => "encode".into(),
    };
    let question = |shape: &[u64], values: &Floats| {
        let question = Question::encode(format, mode, shape, values.clone());
        (question.at(String::new()), case(question))
    };
    let (mut asked, mut case) = question(shape, values);
    if case.is_err()
        && let Floats::F32(bits) = values
    {
        // A block whose minimum is a zero doubles the lawful encodings (ENC-Z1): where there are more
        // such blocks than the evaluator lists encodings for, as many blocks are asked for.
        let listed = bits.0.len().min(MOST_ZERO_MINIMA * 32);
        let fewer = Floats::of(&bits.values()[..listed]);
        (asked, case) = question(&[listed as u64], &fewer);
    }
    ask_numbers(implementation, asked, case, &place)
}

/// Asks a question of numbers. Where nothing is demanded of the result, there still must be one, twice the
/// same, or a refusal.
fn ask_numbers(
    implementation: &dyn Implementation,
    question: Question<String>,
    case: Result<Case, String>,
    place: &str,
) -> Result<Verdict, Finding> {
    match (case, ask_twice(implementation, &Request::of(question), &place, None)?) {
        (_, None) => Ok(Verdict::Refused(None)),
        (Ok(case), Some(given)) => verdict(&case, &given, &place),
        (Err(_), Some(Err(Refusal { class, .. }))) => Ok(Verdict::Refused(class)),
        (Err(_), Some(Ok(_))) => Ok(Verdict::Accepted),
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

/// Blocks to values, bit for bit, to each type that is offered. Blocks of which nothing is demanded have no
/// values to compare with; what a decoder makes of them must still be as many values as were asked for.
pub(super) fn decode(
    implementation: &dyn Implementation,
    hello: &Hello,
    format: FormatId,
    input: &[u8],
) -> Result<Verdict, Finding> {
    let Payload { original_len, blocks } = Payload::read(input);
    let halves = hello.offers(Feature::ToF16.of(format));
    let mut first = None;
    for to in [None, Some(Float::F16).filter(|_| halves)] {
        if first.is_some() && to.is_none() {
            break;
        }
        let blocks = Bytes(blocks.clone());
        let decode = Decode { format, blocks, tensor_scale: None, original_len, to };
        let verdict = decode_to(implementation, decode)?;
        first.get_or_insert(verdict);
    }
    Ok(first.unwrap_or(Verdict::Refused(None)))
}

fn decode_to(implementation: &dyn Implementation, decode: Decode) -> Result<Verdict, Finding> {
    let place = decode.to.map_or("decode".into(), |to| format!("decode to {}", to.name()));
    let original_len = decode.original_len;
    let question = Question::Decode(decode);
    let request = Request::of(question.at(String::new()));
    let Some(given) = ask_twice(implementation, &request, &place, None)? else {
        return Ok(Verdict::Refused(None));
    };
    if let Ok(case) = case(question) {
        return verdict(&case, &given, &place);
    }
    match given {
        Err(Refusal { class, .. }) => Ok(Verdict::Refused(class)),
        Ok(Answer::Values(values)) if values.len() as u64 == original_len => Ok(Verdict::Accepted),
        Ok(other) => {
            let detail = format!("{other:?}, asked was for {original_len} values");
            Err(Finding { oracle: "result", place, detail })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_and_written_byte_for_byte() {
        let source = Source {
            mode: Mode::Symmetric,
            form: 5,
            float: Float::Bf16,
            values: vec![1.0, -0.0, f32::MAX],
        };
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
