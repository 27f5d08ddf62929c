//! The rotation of weights by the letter of SPEC ROT: its canonical bits, each operation an exact one
//! and a rounding, and whether other bits are near enough (ROT-9).

use std::cmp::Ordering;

use super::number::{Exact, Float, round};
use crate::format::Class;
use crate::suite::floats::Floats;
use crate::suite::hex::{Bits, Bits64};
use crate::suite::lawful::Lawful;
use crate::suite::question::{Rotate, Side};

const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// A rotation of a matrix whose values are bits of `float`, f32 or f64.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The precision.
    pub float: Float,
    /// The seed of the signs.
    pub seed: u64,
    /// Whether columns are rotated, not rows.
    pub output_side: bool,
    /// Whether the rotation is undone.
    pub inverse: bool,
    /// Rows of the matrix.
    pub rows: u64,
    /// Columns of the matrix.
    pub columns: u64,
    /// The length of a run, in the block form.
    pub block: Option<u64>,
    /// A norm that is folded first.
    pub gamma: Option<Vec<u64>>,
    /// The values.
    pub values: Vec<u64>,
}

/// The value that is furthest from the exact rotation, in units of what ROT-9 allows.
#[derive(Clone, Debug, PartialEq)]
pub struct Margin {
    /// Its index in the matrix.
    pub index: usize,
    /// Its error, as a share of its bound (for people).
    pub share: f64,
    /// Whether every value is within its bound (decided exactly).
    pub acceptable: bool,
}

/// A float: its number and, for a zero, its sign.
#[derive(Clone, Debug)]
struct Real {
    number: Exact,
    negative: bool,
}

impl Real {
    fn new(number: Exact, negative_zero: bool) -> Self {
        let negative = number.is_negative() || number.is_zero() && negative_zero;
        Self { number, negative }
    }

    fn negated(&self) -> Self {
        Self { number: -&self.number, negative: !self.negative }
    }
}

impl Rotation {
    /// The rotation that a question asks for; `None` where ROT does not answer it: f64 or the output side
    /// in the block form, a norm on the output side or undone, two types of floats.
    pub fn of(question: &Rotate) -> Option<Self> {
        let Rotate { side, inverse, block, gamma, values, .. } = question;
        let float = values.float();
        let outside = match (block, gamma) {
            (Some(_), _) if float != Float::F32 || *side != Side::Input => true,
            (_, Some(gamma)) => gamma.float() != float || *side != Side::Input || *inverse,
            _ => !matches!(float, Float::F32 | Float::F64),
        };
        (!outside).then(|| Self {
            float,
            seed: question.seed,
            output_side: *side == Side::Output,
            inverse: *inverse,
            rows: question.rows,
            columns: question.columns,
            block: *block,
            gamma: gamma.as_ref().map(Floats::bits),
            values: values.bits(),
        })
    }

    /// ROT: what may be answered.
    pub fn lawful(&self) -> Lawful<Floats> {
        let faults = self.faults();
        if !faults.is_empty() {
            return Lawful::refuse(faults);
        }
        let Some(bits) = self.rotate() else {
            return Lawful::undemanded("ROT demands nothing of such values");
        };
        Lawful::One(match self.float {
            Float::F32 => Floats::F32(Bits(bits.into_iter().map(|bits| bits as u32).collect())),
            _ => Floats::F64(Bits64(bits)),
        })
    }

    /// The classes that are right for refusing this; none where it is lawful.
    pub fn faults(&self) -> Vec<Class> {
        let len = if self.output_side { self.rows } else { self.columns };
        let power = |number: u64| number.count_ones() == 1;
        let defined = match self.block {
            None => power(len),
            Some(block) => {
                power(block)
                    && (1..=1 << 24).contains(&len)
                    && len % block == 0
                    && len / block <= 4096
            }
        };
        let count = u128::from(self.rows) * u128::from(self.columns);
        let wrong_gamma =
            self.gamma.as_ref().is_some_and(|gamma| gamma.len() as u64 != self.columns);
        let wrong_extent = count != self.values.len() as u128 || wrong_gamma;
        let faults = [(!defined, Class::Shape), (wrong_extent, Class::ShapeMismatch)];
        faults.into_iter().filter_map(|(holds, class)| holds.then_some(class)).collect()
    }

    /// The canonical bits of a lawful rotation; `None` where nothing is demanded.
    pub fn rotate(&self) -> Option<Vec<u64>> {
        let read = |&bits: &u64| Some(Real::new(self.float.value(bits)?, self.float.sign(bits)));
        let mut values: Vec<Real> = self.values.iter().map(read).collect::<Option<_>>()?;
        if let Some(gamma) = &self.gamma {
            let factor = |bits: &u64| self.rounded(&(&self.float.value(*bits)? + &one()), false);
            let factors: Vec<Real> = gamma.iter().map(factor).collect::<Option<_>>()?;
            for (value, factor) in values.iter_mut().zip(factors.iter().cycle()) {
                *value = self.product(value, factor)?;
            }
        }
        for (places, seed) in self.runs() {
            let mut run: Vec<Real> = places.iter().map(|&place| values[place].clone()).collect();
            self.rotate_run(&mut run, seed)?;
            for (place, value) in places.into_iter().zip(run) {
                values[place] = value;
            }
        }
        Some(values.iter().map(|value| self.bits(value)).collect())
    }

    /// The places in the matrix of each run, and the seed of its signs.
    fn runs(&self) -> Vec<(Vec<usize>, u64)> {
        let (rows, columns) = (self.rows as usize, self.columns as usize);
        if self.values.is_empty() {
            return Vec::new();
        }
        let lines: Vec<Vec<usize>> = match self.output_side {
            true => {
                (0..columns).map(|at| (0..rows).map(|row| row * columns + at).collect()).collect()
            }
            false => (0..rows).map(|row| (row * columns..(row + 1) * columns).collect()).collect(),
        };
        let Some(block) = self.block else {
            return lines.into_iter().map(|line| (line, self.seed)).collect();
        };
        let runs = |line: Vec<usize>| {
            let run = |(index, places): (usize, &[usize])| {
                let seed = self.seed.wrapping_add(GAMMA.wrapping_mul(index as u64));
                (places.to_vec(), mix(seed))
            };
            line.chunks(block as usize).enumerate().map(run).collect::<Vec<_>>()
        };
        lines.into_iter().flat_map(runs).collect()
    }

    fn rotate_run(&self, run: &mut [Real], seed: u64) -> Option<()> {
        if !self.inverse {
            change_signs(run, seed);
        }
        let mut h = 1;
        while h < run.len() {
            for first in (0..run.len()).filter(|place| place / h % 2 == 0) {
                let (a, b) = (run[first].clone(), run[first + h].clone());
                run[first] = self.sum(&a, &b)?;
                run[first + h] = self.sum(&a, &b.negated())?;
            }
            h *= 2;
        }
        let root = square_root(run.len() as u64, self.float)?;
        let factor = Real::new(round(&one(), &root, self.float).value()?, false);
        for value in run.iter_mut() {
            *value = self.product(value, &factor)?;
        }
        if self.inverse {
            change_signs(run, seed);
        }
        Some(())
    }

    fn rounded(&self, number: &Exact, negative_zero: bool) -> Option<Real> {
        Some(Real::new(round(number, &one(), self.float).value()?, negative_zero))
    }

    fn sum(&self, left: &Real, right: &Real) -> Option<Real> {
        let both_negative = left.negative && right.negative;
        let sum = &left.number + &right.number;
        let cancelled = sum.is_zero() && !left.number.is_zero();
        self.rounded(&sum, both_negative && !cancelled)
    }

    fn product(&self, left: &Real, right: &Real) -> Option<Real> {
        self.rounded(&(&left.number * &right.number), left.negative != right.negative)
    }

    fn bits(&self, value: &Real) -> u64 {
        if value.number.is_zero() {
            let width = if self.float == Float::F32 { 32 } else { 64 };
            return u64::from(value.negative) << (width - 1);
        }
        round(&value.number, &one(), self.float).bits(self.float)
    }

    /// How far bits are from the exact rotation; `None` where nothing is demanded.
    pub fn margin(&self, given: &[u64]) -> Option<Margin> {
        let number = |&bits: &u64| self.float.value(bits);
        let mut exact: Vec<Exact> = self.values.iter().map(number).collect::<Option<_>>()?;
        if let Some(gamma) = &self.gamma {
            let gamma: Vec<Exact> = gamma.iter().map(number).collect::<Option<_>>()?;
            for (value, gamma) in exact.iter_mut().zip(gamma.iter().cycle()) {
                *value = &*value * &(gamma + &one());
            }
        }
        let mut worst = Margin { index: 0, share: 0.0, acceptable: true };
        for (places, seed) in self.runs() {
            let run: Vec<Exact> = places.iter().map(|&place| exact[place].clone()).collect();
            let reach = run.iter().fold(Exact::zero(), |sum, value| &sum + &value.abs());
            let len = run.len() as u64;
            let units = i64::from(len.trailing_zeros()) + 6;
            let unit = if self.float == Float::F32 { -24 } else { -53 };
            let bound = &reach * &Exact::scaled(units, unit);
            for (place, sum) in places.into_iter().zip(self.unscaled(run, seed)) {
                let Some(value) = given.get(place).and_then(number) else {
                    return Some(Margin { index: place, share: f64::INFINITY, acceptable: false });
                };
                let within = times_root_at_most(&value, len, &(&sum + &bound))
                    && times_root_at_most(&-&value, len, &(&bound - &sum));
                worst.acceptable &= within;
                let root = (len as f64).sqrt();
                let error = (value.approximate() * root - sum.approximate()).abs();
                let share = if error == 0.0 { 0.0 } else { error / bound.approximate() };
                if share > worst.share {
                    worst = Margin { index: place, share, ..worst };
                }
            }
        }
        Some(worst)
    }

    /// The exact rotation of a run, without the division by the root of its length.
    fn unscaled(&self, mut run: Vec<Exact>, seed: u64) -> Vec<Exact> {
        let negative: Vec<bool> = signs(seed).take(run.len()).collect();
        let change = |run: &mut [Exact]| {
            for (value, _) in run.iter_mut().zip(&negative).filter(|(_, negative)| **negative) {
                *value = -&*value;
            }
        };
        if !self.inverse {
            change(&mut run);
        }
        let mut h = 1;
        while h < run.len() {
            for first in (0..run.len()).filter(|place| place / h % 2 == 0) {
                let (a, b) = (run[first].clone(), run[first + h].clone());
                (run[first], run[first + h]) = (&a + &b, &a - &b);
            }
            h *= 2;
        }
        if self.inverse {
            change(&mut run);
        }
        run
    }
}

/// Whether `value * sqrt(len) <= limit`, by the squares.
fn times_root_at_most(value: &Exact, len: u64, limit: &Exact) -> bool {
    match (value.is_negative(), limit.is_negative()) {
        (false, true) => false,
        (true, false) => true,
        (negative, _) => {
            let left = &(value * value) * &Exact::scaled(len as i64, 0);
            let order = left.cmp(&(limit * limit));
            if negative { order != Ordering::Less } else { order != Ordering::Greater }
        }
    }
}

fn change_signs(run: &mut [Real], seed: u64) {
    for (value, _) in run.iter_mut().zip(signs(seed)).filter(|(_, negative)| *negative) {
        *value = value.negated();
    }
}

/// ROT-1: whether each sign is negative.
fn signs(seed: u64) -> impl Iterator<Item = bool> {
    let state = move |steps: u64| seed.wrapping_add(GAMMA.wrapping_mul(steps));
    (2..).map(move |steps| mix(state(steps)) % 2 == 1)
}

fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn one() -> Exact {
    Exact::scaled(1, 0)
}

/// The square root of a power of two, rounded to `format`.
fn square_root(number: u64, format: Float) -> Option<Exact> {
    let half = number.trailing_zeros() / 2;
    if number.trailing_zeros().is_multiple_of(2) {
        return Some(Exact::scaled(1, half as i32));
    }
    // The root of 2 to 100 bits behind the point, which is next to no tie of a format.
    let digits = (num_bigint::BigUint::from(1u8) << 201u32).sqrt();
    let root = Exact::long(digits.into(), half as i32 - 100);
    round(&root, &one(), format).value()
}
