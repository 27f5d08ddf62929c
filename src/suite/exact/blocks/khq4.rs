//! KHQ4's blocks: read and written by the letter of SPEC BLK, their values by DEC and F16, exactly.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::rows::each_block;
use super::{BlockField, BlockFormat, Description, Geometry, Source, digits, khq4_encode};
use crate::format::Class;
use crate::suite::answer::Encoded;
use crate::suite::exact::number::{Exact, Float, round};
use crate::suite::exact::product::Product;
use crate::suite::feature::Feature;
use crate::suite::floats::Floats;
use crate::suite::hex::{Bits, Bits16};
use crate::suite::lawful::{Behaviour, Lawful};
use crate::suite::operation::{FormatId, Verb};
use crate::suite::question::{Mode, Question};

impl FormatId {
    /// KHQ4: its blocks, its files, and the directories of such files.
    pub const KHQ4: Self = Self::new("khq4");
}

/// KHQ4's blocks.
pub struct Khq4;

impl BlockFormat for Khq4 {
    fn description(&self) -> Description {
        Description {
            id: FormatId::KHQ4,
            title: "KHQ4",
            verbs: &[Verb::Decode, Verb::Encode, Verb::Matmul],
            features: &[
                Feature::ToF16,
                Feature::SourceF16,
                Feature::SourceBf16,
                Feature::SourceF64,
            ],
            geometry: Geometry { weights: WEIGHTS, bytes: BYTES },
        }
    }

    fn clause(&self, question: &Question, refused: Option<Class>) -> &'static str {
        match (question, refused) {
            (Question::Matmul(_), None) => "DOT-1",
            (Question::Matmul(_), Some(Class::Scale | Class::Bias)) => "DOT-6",
            (Question::Matmul(_), Some(_)) => "DOT-5",
            (Question::Encode(encode), None) if encode.mode == Some(Mode::Symmetric) => "ENC-Y3",
            (Question::Encode(_), None) => "ENC-A4",
            (Question::Encode(_), Some(Class::NonFinite)) => "ENC-S2",
            (Question::Encode(_), Some(Class::Scale)) => "ENC-M2",
            (Question::Encode(_), Some(Class::Bias)) => "ENC-M3",
            (Question::Encode(_), Some(_)) => "ENC-S3",
            (Question::Decode(decode), None) if decode.to.is_some() => "F16-1",
            (_, Some(Class::Value)) => "F16-2",
            (_, Some(Class::Scale | Class::Bias) | None) => "DEC-1",
            (_, Some(_)) => "DEC-4",
        }
    }

    fn fields(&self, block: &[u8], real: usize) -> Vec<BlockField> {
        fields(&ExactBlock::read(block), "bias", real)
    }

    /// DEC-1 to DEC-4, F16-1 to F16-3.
    fn decode(&self, blocks: &Encoded, count: u64, to: Float) -> Lawful<Floats> {
        let payload = &blocks.blocks.0;
        let negative = match faults(payload, count.into()) {
            Faults::Refused(classes) => return Lawful::Refuse(classes),
            Faults::Negative => true,
            Faults::None => false,
        };
        let len = count as usize;
        let lawful = match to {
            Float::F32 => Lawful::One(Floats::F32(Bits(decode(payload, len)))),
            Float::F16 => to_half(payload, len),
            other => Lawful::undemanded(format!("values of {}", other.name())),
        };
        match (lawful, negative) {
            (lawful, false) => lawful,
            (Lawful::One(values), true) => signed_or_positive(values),
            _ => Lawful::undemanded(
                "a negative scale, and values that overflow or round in two ways",
            ),
        }
    }

    fn encode(&self, source: &Source<'_>) -> Lawful<Encoded> {
        khq4_encode::lawful(source)
    }

    fn margin(&self, source: &Source<'_>, given: &Encoded) -> Option<khq4_encode::Margin> {
        khq4_encode::margin_of(source, given)
    }

    fn product(&self, product: &Product<'_>, vectors: u64) -> Lawful<Floats> {
        product.lawful(vectors)
    }
}

/// The fields of a block of a scale, another number and 32 nibbles.
pub(super) fn fields(block: &ExactBlock, second: &'static str, real: usize) -> Vec<BlockField> {
    vec![
        BlockField::half("scale", 0, block.scale),
        BlockField::half(second, 2, block.bias),
        BlockField::codes("nibbles", 4..BYTES, digits(&block.nibbles, real)),
    ]
}

/// KHQ4-P6.
fn signed_or_positive<T>(accepted: T) -> Lawful<T> {
    Lawful::either("signed-scale", accepted, "positive-scale", Class::Scale)
}

/// F16-1 and F16-2: rounded once, or by way of f32 twice.
fn to_half(payload: &[u8], len: usize) -> Lawful<Floats> {
    let values = |twice| match decode_to_half(payload, len, twice) {
        Some(values) => Lawful::One(Floats::F16(Bits16(values))),
        None => Lawful::refuse([Class::Value]),
    };
    let (once, twice) = (values(false), values(true));
    if once == twice {
        return once;
    }
    let behaviour = |name: &str, expect| Behaviour { name: name.into(), expect };
    Lawful::OneOf(vec![behaviour("rounded-once", once), behaviour("rounded-twice", twice)])
}

/// What is to be said of blocks before their values.
pub enum Faults {
    /// Lawful, every scale above zero.
    None,
    /// Lawful, some scale below zero.
    Negative,
    /// Not lawful: each class that is right (ERR-2).
    Refused(BTreeSet<Class>),
}

/// Whether a payload of blocks of this size is more or less than those of `count` values (DEC-4).
pub fn extent_fault(payload: &[u8], count: u128, geometry: Geometry) -> Option<Class> {
    let blocks = count.div_ceil(geometry.weights as u128);
    match (payload.len() as u128).cmp(&(blocks * geometry.bytes as u128)) {
        Ordering::Less => Some(Class::TruncatedPayload),
        Ordering::Greater => Some(Class::TrailingBytes),
        Ordering::Equal => None,
    }
}

/// KHQ4-P3 and P4, and the extent of the blocks of `count` values.
pub fn faults(payload: &[u8], count: u128) -> Faults {
    let claimed = usize::try_from(count.div_ceil(WEIGHTS as u128)).unwrap_or(usize::MAX);
    let whole = payload.as_chunks::<BYTES>().0.iter().take(claimed);
    let read = whole.map(|block| ExactBlock::read(block));
    let (scales, biases): (Vec<_>, Vec<_>) =
        read.map(|block| (half(block.scale), half(block.bias))).unzip();
    let wrong_scale = scales.iter().any(|scale| scale.is_none_or(|scale| scale == 0));
    let negative = scales.iter().flatten().any(|scale| scale.is_negative());
    let extent = extent_fault(payload, count, Khq4.geometry());
    let wrong_bias = biases.contains(&None).then_some(Class::Bias);
    match (extent.is_some() || wrong_scale || wrong_bias.is_some(), negative) {
        (false, false) => Faults::None,
        (false, true) => Faults::Negative,
        (true, _) => {
            let scale = (wrong_scale || negative).then_some(Class::Scale);
            Faults::Refused([extent, scale, wrong_bias].into_iter().flatten().collect())
        }
    }
}

/// Weights in a block (BLK-1).
pub const WEIGHTS: usize = 32;

/// Bytes of a block (BLK-1).
pub const BYTES: usize = 20;

/// The fields of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExactBlock {
    /// f16 bits.
    pub scale: u16,
    /// f16 bits.
    pub bias: u16,
    /// 32 numbers from 0 to 15.
    pub nibbles: Vec<u8>,
}

impl ExactBlock {
    /// Reads 20 bytes.
    ///
    /// # Panics
    ///
    /// Where there are not 20.
    pub fn read(bytes: &[u8]) -> Self {
        assert_eq!(bytes.len(), BYTES, "a block");
        let half = |at: usize| u16::from(bytes[at]) + 256 * u16::from(bytes[at + 1]);
        let nibble = |index: usize| match index % 2 {
            0 => bytes[4 + index / 2] % 16,
            _ => bytes[4 + index / 2] / 16,
        };
        Self { scale: half(0), bias: half(2), nibbles: (0..WEIGHTS).map(nibble).collect() }
    }

    /// The 20 bytes.
    pub fn write(&self) -> Vec<u8> {
        let halves = [self.scale, self.bias].map(u16::to_le_bytes);
        let pairs = self.nibbles.chunks(2).map(|pair| pair[0] + 16 * pair[1]);
        halves.concat().into_iter().chain(pairs).collect()
    }

    /// f32 bits of the weight that nibble `index` stands for (DEC-1, DEC-2).
    ///
    /// # Panics
    ///
    /// Where scale or bias is not finite: such a block has no values.
    pub fn weight(&self, index: usize) -> u32 {
        let exact = self.exact_weight(index);
        if exact.is_zero() {
            return u32::from(self.zero_is_negative()) << 31;
        }
        round(&exact, &Exact::scaled(1, 0), Float::F32).bits(Float::F32) as u32
    }

    /// f32 bits of all weights.
    ///
    /// # Panics
    ///
    /// As [`ExactBlock::weight`].
    pub fn weights(&self) -> Vec<u32> {
        by_nibble(&self.nibbles, |index| self.weight(index))
    }

    /// f16 bits of the weight that nibble `index` stands for, rounded once or, through f32, twice;
    /// `None` where that is an infinity (F16-1, F16-2).
    ///
    /// # Panics
    ///
    /// As [`ExactBlock::weight`].
    pub fn half_weight(&self, index: usize, twice: bool) -> Option<u16> {
        let (mut exact, one) = (self.exact_weight(index), Exact::scaled(1, 0));
        if exact.is_zero() {
            return Some(u16::from(self.zero_is_negative()) << 15);
        }
        if twice {
            exact = round(&exact, &one, Float::F32).value()?;
        }
        let rounded = round(&exact, &one, Float::F16);
        rounded.value().map(|_| rounded.bits(Float::F16) as u16)
    }

    /// A sum of zeros is negative only where both are; numbers that cancel give +0, and then the bias
    /// is no zero.
    fn zero_is_negative(&self) -> bool {
        self.scale >= 0x8000 && self.bias == 0x8000
    }

    /// The weight before its one rounding.
    ///
    /// # Panics
    ///
    /// As [`ExactBlock::weight`].
    pub fn exact_weight(&self, index: usize) -> Exact {
        let finite = |bits| half(bits).expect("a finite scale and bias");
        let steps = i64::from(self.nibbles[index]);
        Exact::scaled(steps * finite(self.scale) + finite(self.bias), SMALLEST_HALF)
    }
}

/// What comes of the nibble at each index: equal nibbles have equal weights, and each is evaluated once.
fn by_nibble<T: Copy>(nibbles: &[u8], weight: impl Fn(usize) -> T) -> Vec<T> {
    let mut known = [None; 16];
    let one = |(index, nibble): (usize, &u8)| {
        *known[usize::from(*nibble)].get_or_insert_with(|| weight(index))
    };
    nibbles.iter().enumerate().map(one).collect()
}

/// The exponent of the smallest f16 above zero.
const SMALLEST_HALF: i32 = -24;

/// The number that f16 `bits` stand for, in units of 2^-24, of which every finite one is a multiple
/// below 2^40; `None` for a NaN or an infinity.
pub fn half(bits: u16) -> Option<i64> {
    let (fraction, field) = (i64::from(bits % 0x400), bits / 0x400 % 32);
    let magnitude = match field {
        31 => return None,
        0 => fraction,
        _ => (fraction + 0x400) << (field - 1),
    };
    Some(if bits >= 0x8000 { -magnitude } else { magnitude })
}

/// f32 bits of the `len` values in a payload of whole blocks (DEC-3).
///
/// # Panics
///
/// Where the payload is not the blocks of `len` values, or a scale or bias is not finite.
pub fn decode(payload: &[u8], len: usize) -> Vec<u32> {
    assert_eq!(payload.len(), len.div_ceil(WEIGHTS) * BYTES, "the blocks of {len} values");
    let weights = |block: &[u8]| Some(ExactBlock::read(block).weights());
    let blocks = each_block(payload, BYTES, weights).expect("every block has weights");
    blocks.into_iter().flatten().take(len).collect()
}

/// f16 bits of the `len` values in a payload of whole blocks, rounded once or twice; `None` where one
/// of them is an infinity (F16-1, F16-2).
///
/// # Panics
///
/// As [`decode`].
pub fn decode_to_half(payload: &[u8], len: usize, twice: bool) -> Option<Vec<u16>> {
    assert_eq!(payload.len(), len.div_ceil(WEIGHTS) * BYTES, "the blocks of {len} values");
    // Padding may be beyond f16: it is no value.
    let whole = len / WEIGHTS * BYTES;
    let weights = |block: &[u8], count: usize| {
        let block = ExactBlock::read(block);
        let half = |nibble| block.half_weight(nibble, twice);
        by_nibble(&block.nibbles[..count], half).into_iter().collect::<Option<Vec<u16>>>()
    };
    let mut values =
        each_block(&payload[..whole], BYTES, |block| weights(block, WEIGHTS))?.concat();
    if whole < payload.len() {
        values.extend(weights(&payload[whole..], len % WEIGHTS)?);
    }
    Some(values)
}
