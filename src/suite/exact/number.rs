//! Numbers without rounding error, and rounding as IEEE 754 defines it.

use std::cmp::Ordering;
use std::ops::{Add, Mul, Neg, Sub};

use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_traits::{Signed, Zero};

pub use crate::suite::floats::Float;

/// `mantissa * 2^exponent`, exactly.
#[derive(Clone, Debug)]
pub struct Exact {
    mantissa: BigInt,
    exponent: i32,
}

impl Exact {
    /// Zero.
    pub fn zero() -> Self {
        Self::scaled(0, 0)
    }

    /// `mantissa * 2^exponent`.
    pub fn scaled(mantissa: i64, exponent: i32) -> Self {
        Self { mantissa: BigInt::from(mantissa), exponent }
    }

    /// `mantissa * 2^exponent`, of any length.
    pub(super) fn long(mantissa: BigInt, exponent: i32) -> Self {
        Self { mantissa, exponent }
    }

    /// Whether this is zero.
    pub fn is_zero(&self) -> bool {
        self.mantissa.is_zero()
    }

    /// Whether this is below zero.
    pub fn is_negative(&self) -> bool {
        self.mantissa.is_negative()
    }

    /// The magnitude.
    pub fn abs(&self) -> Self {
        Self { mantissa: self.mantissa.abs(), exponent: self.exponent }
    }

    /// This number as an f64, rounded: for people and for margins, never for a verdict.
    pub fn approximate(&self) -> f64 {
        let rounded = round(self, &Self::scaled(1, 0), Float::F64);
        f64::from_bits(rounded.bits(Float::F64))
    }

    /// Both mantissas at the smaller exponent of the two.
    fn aligned(&self, other: &Self) -> (BigInt, BigInt, i32) {
        let exponent = self.exponent.min(other.exponent);
        let shift = |number: &Self| &number.mantissa << (number.exponent - exponent) as usize;
        (shift(self), shift(other), exponent)
    }
}

impl Add for &Exact {
    type Output = Exact;
    fn add(self, other: Self) -> Exact {
        let (left, right, exponent) = self.aligned(other);
        Exact { mantissa: left + right, exponent }
    }
}

impl Sub for &Exact {
    type Output = Exact;
    fn sub(self, other: Self) -> Exact {
        self + &-other
    }
}

impl Mul for &Exact {
    type Output = Exact;
    fn mul(self, other: Self) -> Exact {
        let mantissa = &self.mantissa * &other.mantissa;
        Exact { mantissa, exponent: self.exponent + other.exponent }
    }
}

impl Neg for &Exact {
    type Output = Exact;
    fn neg(self) -> Exact {
        Exact { mantissa: -&self.mantissa, exponent: self.exponent }
    }
}

impl PartialEq for Exact {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Exact {}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right, _) = self.aligned(other);
        left.cmp(&right)
    }
}

impl Float {
    /// Bits of a significand, the hidden one included.
    const fn precision(self) -> i32 {
        match self {
            Self::F16 => 11,
            Self::Bf16 => 8,
            Self::F32 => 24,
            Self::F64 => 53,
        }
    }

    /// Bits of the exponent field.
    const fn exponent_bits(self) -> i32 {
        match self {
            Self::F16 => 5,
            Self::Bf16 | Self::F32 => 8,
            Self::F64 => 11,
        }
    }

    /// The largest exponent of a finite number in `[1, 2) * 2^exponent`.
    const fn largest(self) -> i32 {
        (1 << (self.exponent_bits() - 1)) - 1
    }

    /// The exponent of the smallest subnormal.
    const fn smallest(self) -> i32 {
        2 - self.largest() - self.precision()
    }

    /// The number that `bits` stand for; `None` for a NaN or an infinity.
    pub fn value(self, bits: u64) -> Option<Exact> {
        let fraction_bits = self.precision() - 1;
        let fraction = (bits & ((1 << fraction_bits) - 1)) as i64;
        let field = (bits >> fraction_bits) as i32 & ((1 << self.exponent_bits()) - 1);
        if field == (1 << self.exponent_bits()) - 1 {
            return None;
        }
        let magnitude = match field {
            0 => Exact::scaled(fraction, self.smallest()),
            _ => Exact::scaled(fraction + (1 << fraction_bits), self.smallest() + field - 1),
        };
        Some(if self.sign(bits) { -&magnitude } else { magnitude })
    }

    /// Whether the sign bit of `bits` is set.
    pub fn sign(self, bits: u64) -> bool {
        bits >> (self.precision() - 1 + self.exponent_bits()) & 1 == 1
    }
}

/// The outcome of a rounding; a zero keeps the sign of what was rounded to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rounded {
    negative: bool,
    /// The significand and its exponent; `None` beyond the largest finite number.
    finite: Option<(u64, i32)>,
}

impl Rounded {
    /// The number, where it is finite.
    pub fn value(&self) -> Option<Exact> {
        let (significand, exponent) = self.finite?;
        let magnitude = Exact::scaled(significand as i64, exponent);
        Some(if self.negative { -&magnitude } else { magnitude })
    }

    /// The bits of the number in the format that it was rounded to.
    pub fn bits(&self, format: Float) -> u64 {
        let fraction_bits = format.precision() - 1;
        let sign = u64::from(self.negative) << (fraction_bits + format.exponent_bits());
        let magnitude = match self.finite {
            None => ((1 << format.exponent_bits()) - 1) << fraction_bits,
            Some((significand, _)) if significand >> fraction_bits == 0 => significand,
            Some((significand, exponent)) => {
                let field = (exponent - format.smallest() + 1) as u64;
                (field << fraction_bits) + (significand - (1 << fraction_bits))
            }
        };
        sign + magnitude
    }
}

/// `numerator / denominator`, rounded once to nearest, ties to even, subnormals kept.
///
/// # Panics
///
/// Where `denominator` is zero.
pub fn round(numerator: &Exact, denominator: &Exact, format: Float) -> Rounded {
    let negative = numerator.is_negative() != denominator.is_negative();
    let (top, bottom) = (numerator.mantissa.magnitude(), denominator.mantissa.magnitude());
    assert!(!bottom.is_zero(), "division by zero");
    if top.is_zero() {
        return Rounded { negative, finite: Some((0, format.smallest())) };
    }
    // The quotient lies in [2^(lead - 1), 2^(lead + 1)): the smaller guess first, then one more.
    let scale = numerator.exponent - denominator.exponent;
    let lead = top.bits() as i32 - bottom.bits() as i32 + scale;
    let mut quantum = (lead - format.precision()).max(format.smallest());
    let (mut whole, mut rest, mut divisor) = divide(top, bottom, scale - quantum);
    if whole.bits() as i32 > format.precision() {
        quantum += 1;
        (whole, rest, divisor) = divide(top, bottom, scale - quantum);
    }
    match (rest * 2u32).cmp(&divisor) {
        Ordering::Greater => whole += 1u32,
        Ordering::Equal if whole.is_odd() => whole += 1u32,
        _ => {}
    }
    if whole.bits() as i32 > format.precision() {
        whole >>= 1;
        quantum += 1;
    }
    let finite = whole.bits() as i32 + quantum - 1 <= format.largest();
    let significand = whole.iter_u64_digits().next().unwrap_or(0);
    Rounded { negative, finite: finite.then_some((significand, quantum)) }
}

/// `top * 2^shift / bottom`: quotient, remainder and the divisor that the remainder belongs to.
fn divide(top: &BigUint, bottom: &BigUint, shift: i32) -> (BigUint, BigUint, BigUint) {
    let raise = |number: &BigUint, by: i32| number << by.max(0) as usize;
    let (top, bottom) = (raise(top, shift), raise(bottom, -shift));
    let (whole, rest) = top.div_rem(&bottom);
    (whole, rest, bottom)
}

/// The integer nearest to `number`, halves away from zero (ENC-Q2).
pub fn round_half_away(number: &Exact) -> BigInt {
    let doubled = number.abs();
    let doubled = Exact { mantissa: doubled.mantissa, exponent: doubled.exponent + 1 };
    let one = Exact::scaled(1, 0);
    let (top, bottom, _) = (&doubled + &one).aligned(&Exact::scaled(2, 0));
    let magnitude = top.div_floor(&bottom);
    if number.mantissa.sign() == Sign::Minus { -magnitude } else { magnitude }
}

/// The integer nearest to `number`, halves to the even one (MLX-2).
pub fn rint(number: &Exact) -> BigInt {
    let (top, bottom, _) = number.aligned(&Exact::scaled(1, 0));
    let (below, rest) = top.div_mod_floor(&bottom);
    let twice: BigInt = rest * 2;
    match twice.cmp(&bottom) {
        Ordering::Less => below,
        Ordering::Equal if below.is_even() => below,
        _ => below + 1,
    }
}

/// The integer part of a number that is not below zero.
pub fn whole(number: &Exact) -> BigInt {
    let (top, bottom, _) = number.aligned(&Exact::scaled(1, 0));
    top.div_floor(&bottom)
}
