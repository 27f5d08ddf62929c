//! Products of a quantized matrix by the letter of SPEC DOT: the exact sum of each value, what an
//! answer may be away from it, and the values that every kernel must give exactly.

use std::collections::BTreeSet;

use num_bigint::BigInt;

use super::blocks::khq4::{BYTES, ExactBlock, Faults, WEIGHTS, faults, half};
use super::number::{Exact, Float, round};
use crate::format::Class;
use crate::suite::floats::Floats;
use crate::suite::hex::Bits;
use crate::suite::lawful::Lawful;
use crate::suite::question::Matmul;

/// The exponent of the smallest f16 above zero, in which weights are counted.
const WEIGHT_EXPONENT: i32 = -24;

/// A matrix of lawful blocks, and vectors as f32 bits.
#[derive(Clone, Copy, Debug)]
pub struct Product<'a> {
    /// Rows of the matrix.
    pub rows: usize,
    /// Columns of the matrix, at least 1.
    pub columns: usize,
    /// Its blocks, over the flat matrix.
    pub blocks: &'a [u8],
    /// The vectors, `columns` values each.
    pub x: &'a [u32],
}

/// One value of a product.
#[derive(Clone, Debug)]
pub struct Sum {
    /// The exact sum.
    pub exact: Exact,
    /// How far from it an answer may be (DOT-1).
    pub bound: Exact,
}

/// The value that is furthest from its sum, in units of what DOT-1 allows: at most 1 is lawful.
#[derive(Clone, Debug, PartialEq)]
pub struct Margin {
    /// Its index in the product.
    pub index: usize,
    /// Its error, as a share of its bound (for people).
    pub share: f64,
    /// Whether every value is within its bound (decided exactly).
    pub acceptable: bool,
}

/// `mantissa * 2^exponent`, the number that f32 bits stand for, where it is a zero or of a magnitude from
/// 2^-90 to just below 2^90; `None` for any other.
fn parts(bits: u32) -> Option<(i64, i32)> {
    let (fraction, field) = (i64::from(bits % (1 << 23)), (bits >> 23) % 256);
    let (magnitude, exponent) = match (field, fraction) {
        (0, 0) => (0, 0),
        (37..217, _) => (fraction + (1 << 23), field as i32 - 150),
        _ => return None,
    };
    Some((if bits >> 31 == 1 { -magnitude } else { magnitude }, exponent))
}

impl<'a> Product<'a> {
    /// The product that a question asks for; `None` where x is no f32, or its sizes are such that no
    /// memory holds them.
    pub fn of(question: &'a Matmul) -> Option<Self> {
        let Floats::F32(x) = &question.x else { return None };
        let (rows, columns) =
            (usize::try_from(question.rows).ok()?, usize::try_from(question.columns).ok()?);
        Some(Self { rows, columns, blocks: &question.blocks.0, x: &x.0 })
    }

    /// DOT: what may be answered to a product with this number of vectors.
    pub fn lawful(&self, vectors: u64) -> Lawful<Floats> {
        if self.columns == 0 {
            return Lawful::undemanded("DOT-4 demands nothing of a matrix without columns");
        }
        let mut refuse = BTreeSet::new();
        let mut wrong = BTreeSet::new();
        match faults(self.blocks, self.rows as u128 * self.columns as u128) {
            Faults::Refused(classes) => wrong = classes,
            Faults::Negative => drop(refuse.insert(Class::Scale)),
            Faults::None => {}
        }
        if u128::from(vectors) * self.columns as u128 != self.x.len() as u128 {
            wrong.insert(Class::ShapeMismatch);
        }
        if !self.columns.is_multiple_of(WEIGHTS) {
            refuse.insert(Class::Shape);
        }
        if !wrong.is_empty() {
            wrong.extend(refuse);
            return Lawful::Refuse(wrong);
        }
        if self.sums().is_none() {
            return Lawful::undemanded("DOT-1 demands nothing of such an x");
        }
        match self.of_single_values() {
            Some(values) if refuse.is_empty() => Lawful::One(Floats::F32(Bits(values))),
            _ => Lawful::Within { refuse },
        }
    }

    /// Each weight and the size of its two terms, in units of 2^-24.
    ///
    /// # Panics
    ///
    /// Where the blocks are not those of rows times columns, or a scale or bias is not finite.
    fn weights(&self) -> Vec<(i64, i64)> {
        let count = self.rows * self.columns;
        assert_eq!(
            self.blocks.len(),
            count.div_ceil(WEIGHTS) * BYTES,
            "the blocks of {count} values"
        );
        let weights = |block: ExactBlock| {
            let finite = |bits| half(bits).expect("a finite scale and bias");
            let (scale, bias) = (finite(block.scale), finite(block.bias));
            block.nibbles.into_iter().map(move |nibble| {
                let steps = i64::from(nibble) * scale;
                (steps + bias, steps.abs() + bias.abs())
            })
        };
        self.blocks.chunks(BYTES).map(ExactBlock::read).flat_map(weights).take(count).collect()
    }

    /// The product, vector by vector; `None` where a value of x is too small or too large, so that nothing is
    /// demanded (DOT-1).
    ///
    /// # Panics
    ///
    /// Where blocks or vectors are not whole.
    pub fn sums(&self) -> Option<Vec<Sum>> {
        let x: Vec<(i64, i32)> = self.x.iter().map(|&bits| parts(bits)).collect::<Option<_>>()?;
        let weights = self.weights();
        let vectors = x.chunks(self.columns);
        let rows = |vector| weights.chunks(self.columns).map(move |row| sum(row, vector));
        Some(vectors.flat_map(rows).collect())
    }

    /// DOT-2: f32 bits of the product, where each vector has one value that is not a zero, and that is
    /// a power of two; `None` elsewhere, and where a value of the product is a zero, whose sign is
    /// free.
    ///
    /// # Panics
    ///
    /// As [`Product::sums`].
    pub fn of_single_values(&self) -> Option<Vec<u32>> {
        let single = |vector: &[u32]| {
            let mut others = vector.iter().filter(|&&bits| bits % (1 << 31) != 0);
            let first = others.next()?;
            let is_power = parts(*first)?.0.unsigned_abs().is_power_of_two();
            (is_power && others.next().is_none()).then_some(())
        };
        self.x.chunks(self.columns).map(single).collect::<Option<()>>()?;
        let value = |sum: Sum| {
            let rounded = round(&sum.exact, &Exact::scaled(1, 0), Float::F32);
            (!sum.exact.is_zero()).then(|| rounded.bits(Float::F32) as u32)
        };
        self.sums()?.into_iter().map(value).collect()
    }

    /// How far f32 `values` are from the product.
    ///
    /// # Panics
    ///
    /// As [`Product::sums`].
    pub fn margin(&self, values: &[u32]) -> Option<Margin> {
        let sums = self.sums()?;
        let mut worst = Margin { index: 0, share: 0.0, acceptable: true };
        for (index, (sum, &bits)) in sums.iter().zip(values).enumerate() {
            let error = Float::F32.value(bits.into()).map(|value| (&value - &sum.exact).abs());
            worst.acceptable &= error.as_ref().is_some_and(|error| *error <= sum.bound);
            let share = match error.map(|error| error.approximate()) {
                None => f64::INFINITY,
                Some(0.0) => 0.0,
                Some(error) => error / sum.bound.approximate(),
            };
            if share > worst.share {
                worst = Margin { index, share, ..worst };
            }
        }
        Some(worst)
    }
}

/// The exact sum of a row times a vector, and its bound.
fn sum(row: &[(i64, i64)], vector: &[(i64, i32)]) -> Sum {
    let terms = || row.iter().zip(vector).filter(|(_, (x, _))| *x != 0);
    let least = terms().map(|(_, (_, exponent))| *exponent).min().unwrap_or(0);
    let (mut exact, mut magnitude) = (BigInt::ZERO, BigInt::ZERO);
    for (&(weight, terms), &(x, exponent)) in terms() {
        let shift = (exponent - least) as usize;
        exact += BigInt::from(i128::from(weight) * i128::from(x)) << shift;
        magnitude += BigInt::from(i128::from(terms) * i128::from(x.abs())) << shift;
    }
    let exponent = WEIGHT_EXPONENT + least;
    let units = row.len() as u64 + 8;
    Sum {
        exact: Exact::long(exact, exponent),
        bound: Exact::long(magnitude * units, exponent - 24),
    }
}
