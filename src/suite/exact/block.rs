//! A block, read and written by the letter of SPEC BLK, and its values by DEC, exactly.

use super::number::{Exact, Format, round};

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
        round(&exact, &Exact::scaled(1, 0), Format::F32).bits(Format::F32) as u32
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
            exact = round(&exact, &one, Format::F32).value()?;
        }
        let rounded = round(&exact, &one, Format::F16);
        rounded.value().map(|_| rounded.bits(Format::F16) as u16)
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
    let blocks = payload.chunks(BYTES).map(ExactBlock::read);
    let values = blocks.flat_map(|block| {
        // Equal nibbles have equal weights: each is evaluated once.
        let mut known = [None; 16];
        (0..WEIGHTS).map(move |index| {
            *known[usize::from(block.nibbles[index])].get_or_insert_with(|| block.weight(index))
        })
    });
    values.take(len).collect()
}

/// f16 bits of the `len` values in a payload of whole blocks, rounded once or twice; `None` where one
/// of them is an infinity (F16-1, F16-2).
///
/// # Panics
///
/// As [`decode`].
pub fn decode_to_half(payload: &[u8], len: usize, twice: bool) -> Option<Vec<u16>> {
    assert_eq!(payload.len(), len.div_ceil(WEIGHTS) * BYTES, "the blocks of {len} values");
    let blocks: Vec<_> = payload.chunks(BYTES).map(ExactBlock::read).collect();
    let value = |index: usize| blocks[index / WEIGHTS].half_weight(index % WEIGHTS, twice);
    (0..len).map(value).collect()
}
