//! The decodes and encodes of a format whose rows are whole blocks: how a case is made, what every such
//! format is asked of extents and shapes, and values that bring errors out.

use std::fmt::Display;
use std::ops::Range;

use super::{Draft, full};
use crate::suite::exact::blocks::{Geometry, named};
use crate::suite::floats::Floats;
use crate::suite::operation::FormatId;
use crate::suite::question::Question;
use crate::suite::random::SplitMix64;

/// The decodes of a format to f32, one file of vectors.
pub(super) struct Decodes {
    pub format: FormatId,
    /// What the ids begin with.
    pub prefix: &'static str,
    /// The clause of a case of this class.
    pub clause: fn(u8) -> &'static str,
    /// The id of the accepted case that the refusals are made from, behind the prefix.
    pub control: &'static str,
}

impl Decodes {
    pub fn case(
        &self,
        id: impl Display,
        class: u8,
        note: &str,
        payload: Vec<u8>,
        len: u64,
    ) -> Draft {
        let question = Question::decode(self.format, payload, len);
        let id = format!("{}/{id}", self.prefix);
        Draft::new(id, (self.clause)(class), note, question).class(class)
    }

    /// A whole block.
    pub fn one(&self, id: impl Display, class: u8, note: &str, block: Vec<u8>) -> Draft {
        self.case(id, class, note, block, geometry(self.format).weights as u64)
    }

    pub fn refused(&self, id: impl Display, note: &str, payload: &[u8], len: u64) -> Draft {
        let control = format!("{}/{}", self.prefix, self.control);
        self.case(id, 35, note, payload.to_vec(), len).control(&control)
    }

    /// Numbers of values that are not whole blocks, over the first of `two` blocks or over both.
    pub fn partial(&self, two: &[u8], counts: &[u64]) -> Vec<Draft> {
        let Geometry { weights, bytes } = geometry(self.format);
        let refused = |&count: &u64| {
            let blocks = count.div_ceil(weights as u64) as usize;
            let note = partial_note("block", weights as u64, count);
            self.refused(format!("values-{count}"), &note, &two[..blocks * bytes], count)
        };
        counts.iter().map(refused).collect()
    }

    /// Bytes that are not those of the values; `class` is that of a whole block too few or too many.
    pub fn extents(&self, two: &[u8], class: u8) -> Vec<Draft> {
        let Geometry { weights, bytes } = geometry(self.format);
        let len = 2 * weights as u64;
        let (short, half) = (two.len() - 1, len / 2);
        let refused =
            |id, note: String, payload, len| self.refused(id, &note, payload, len).should();
        vec![
            refused("block-missing", format!("one block for {len} values"), &two[..bytes], len)
                .class(class),
            refused("block-too-many", format!("two blocks for {half} values"), two, half)
                .class(class),
            refused("byte-missing", format!("{short} bytes for {len} values"), &two[..short], len),
        ]
    }
}

/// The encodes of a format, one file of vectors.
pub(super) struct Encodes {
    pub format: FormatId,
    /// What the ids begin with.
    pub prefix: &'static str,
    /// The clause of a case of this class.
    pub clause: fn(u8) -> &'static str,
    /// The format's word for a block.
    pub unit: &'static str,
    /// Values in the type of the source.
    pub source: fn(&[f32]) -> Floats,
}

impl Encodes {
    pub fn case(
        &self,
        id: impl Display,
        class: u8,
        note: &str,
        shape: &[u64],
        values: &[f32],
    ) -> Draft {
        let question = Question::encode(self.format, None, shape, (self.source)(values));
        let id = format!("{}/{id}", self.prefix);
        Draft::new(id, (self.clause)(class), note, question).class(class)
    }

    /// A block of these values, over and over.
    pub fn one(&self, id: impl Display, class: u8, note: &str, values: &[f32]) -> Draft {
        self.case(id, class, note, &[32], &full(values))
    }

    /// A refusal, or what may be refused; the control is the case `ramp`.
    pub fn refused(
        &self,
        id: impl Display,
        class: u8,
        note: &str,
        shape: &[u64],
        values: &[f32],
    ) -> Draft {
        self.case(id, class, note, shape, values).control(&format!("{}/ramp", self.prefix))
    }

    /// Rows that are whole blocks, and rows that are not (class 45).
    pub fn rows(&self, ramp: &[f32], two_rows: &[f32]) -> Vec<Draft> {
        let unit = self.unit;
        let two = format!("two rows of one {unit} each");
        let halves = format!("two rows of sixteen: one {unit}, or refused");
        let column = format!("a column: one {unit}, or refused");
        vec![
            self.case("shape-2x32", 45, &two, &[2, 32], two_rows),
            self.refused("shape-2x16", 45, &halves, &[2, 16], ramp),
            self.refused("shape-32x1", 45, &column, &[32, 1], ramp),
        ]
    }

    /// The first of `values`, as many as each shape holds (class 79).
    pub fn lengths(&self, values: &[f32], shapes: &[&[u64]]) -> Vec<Draft> {
        let draft = |shape: &&[u64]| {
            let count: u64 = shape.iter().product();
            let id = format!("{}s-{}", self.unit, count / 32);
            self.case(id, 79, &format!("{count} values"), shape, &values[..count as usize])
        };
        shapes.iter().map(draft).collect()
    }

    /// Numbers of values that are not whole blocks, and a scalar (class 35).
    pub fn partial(&self, two_rows: &[f32], ramp: &[f32], counts: &[u64]) -> Vec<Draft> {
        let behind = [ramp, &[1.0]].concat();
        let refused = |&count: &u64| {
            let values = if count > 33 { two_rows } else { &behind };
            let note = partial_note(self.unit, 32, count);
            self.refused(format!("values-{count}"), 35, &note, &[count], &values[..count as usize])
        };
        let scalar = "a tensor of no dimensions: one value";
        counts
            .iter()
            .map(refused)
            .chain([self.refused("scalar", 35, scalar, &[], &ramp[..1])])
            .collect()
    }

    /// Two rows of each of eight magnitudes, whose exponents lie in a range (class 44).
    pub fn weights(&self, seed: u64, exponents: Range<i32>, behind_note: &str) -> Vec<Draft> {
        let mut dice = SplitMix64::new(seed);
        let draft = |number: u32| {
            let exponent = exponents.start + dice.below(exponents.len() as u64) as i32;
            let magnitude = 2f32.powi(exponent);
            let values: Vec<f32> = (0..64).map(|_| dice.signed_unit() * magnitude).collect();
            let note = format!("64 values up to {magnitude}{behind_note}");
            self.case(format!("weights-{number}"), 44, &note, &[2, 32], &values)
        };
        (1..=8).map(draft).collect()
    }

    /// Shapes of another number of values (class 47).
    pub fn other_shapes(&self, ramp: &[f32]) -> Vec<Draft> {
        let refused = |id, shape: &[u64]| {
            self.refused(id, 47, &format!("shape {shape:?} for 32 values"), shape, ramp).should()
        };
        vec![refused("shape-too-large", &[64]), refused("shape-too-small", &[0, 32])]
    }
}

fn geometry(format: FormatId) -> Geometry {
    named(format).expect("a block format").geometry()
}

fn partial_note(unit: &str, weights: u64, count: u64) -> String {
    match count {
        1 => format!("one value is no whole {unit}"),
        _ if 2 * count == weights => format!("half a {unit} is no whole {unit}"),
        _ if 2 * count == 3 * weights => format!("one {unit} and a half are not whole {unit}s"),
        _ => format!("{count} values are not whole {unit}s"),
    }
}

/// Blocks of nine magnitudes, by turns.
pub(super) fn magnitudes(dice: &mut SplitMix64, blocks: i32) -> Vec<f32> {
    (0..32 * blocks).map(|at| dice.signed_unit() * 2f32.powi(at / 32 % 9 - 6)).collect()
}

/// Blocks whose largest magnitude is at each place in turn; behind the 32nd it is below zero.
pub(super) fn ends(dice: &mut SplitMix64, blocks: usize) -> Vec<f32> {
    let value = |at: usize| {
        let (block, place) = (at / 32, at % 32);
        let sign = if block < 32 { 1.0 } else { -1.0 };
        if place == block % 32 { sign * 9.3 } else { dice.signed_unit() }
    };
    (0..32 * blocks).map(value).collect()
}

/// The f32 next to `value`, away from zero.
pub(super) fn above(value: f32) -> f32 {
    f32::from_bits(value.to_bits() + 1)
}

/// The f32 next to `value`, nearer to zero.
pub(super) fn below(value: f32) -> f32 {
    f32::from_bits(value.to_bits() - 1)
}

/// An f32 no more than two away from `value`.
pub(super) fn near(dice: &mut SplitMix64, value: f32) -> f32 {
    f32::from_bits(value.to_bits() + dice.below(5) as u32 - 2)
}
