//! Products and rotations that go wrong behind some row, column or vector.

use super::asked::{Asked, answer_to, double};
use super::range::{number, places};
use super::{Family, Wrong};
use crate::suite::answer::Answer;
use crate::suite::exact::blocks::{BlockFormat, Holds, named};
use crate::suite::floats::Floats;
use crate::suite::hex::{Bits, Bytes};
use crate::suite::lawful::Lawful;
use crate::suite::operation::Verb;
use crate::suite::question::{Matmul, Question, Side};

pub(super) fn families() -> Vec<Family> {
    vec![
        Family {
            name: "row-behind",
            class: 81,
            about: "Gets all rows wrong behind the first N.",
            members: |operation| match operation.verb {
                Verb::Matmul => places(32_767),
                Verb::Rotate => places(64),
                _ => Vec::new(),
            },
            reached: |asked| (0..rows(asked).min(32_768)).collect(),
            wrong: |asked, member| match asked.question {
                Question::Matmul(product) => last_row(product, |wrong| {
                    let count = wrong.len();
                    double(wrong, 0..count);
                }),
                Question::Rotate(rotate) => {
                    rotated(asked, |at| at as u64 / rotate.columns >= member)
                }
                _ => None,
            },
            shown: number,
        },
        Family {
            name: "column-behind",
            class: 81,
            about: "Passes over all columns behind the first N.",
            members: |operation| match operation.verb {
                Verb::Matmul => places(4127),
                Verb::Rotate => places((1 << 14) - 1),
                _ => Vec::new(),
            },
            reached: |asked| (0..columns(asked).min(1 << 14)).collect(),
            wrong: |asked, member| match asked.question {
                Question::Matmul(product) => without_columns(product, member as usize),
                Question::Rotate(rotate) => match rotate.side {
                    Side::Input => rotated(asked, |at| at as u64 % rotate.columns >= member),
                    Side::Output => rotated(asked, |at| at as u64 / rotate.columns >= member),
                },
                _ => None,
            },
            shown: number,
        },
        Family {
            name: "vector-behind",
            class: 81,
            about: "Gets the products of all vectors wrong behind the first N.",
            members: |operation| {
                if operation.verb == Verb::Matmul { places(256) } else { Vec::new() }
            },
            reached: |asked| match asked.question {
                Question::Matmul(product) if asked.right.is_ok() => (0..product.vectors).collect(),
                _ => Vec::new(),
            },
            wrong: |asked, member| match asked.question {
                Question::Matmul(product) => last_row(product, |wrong| {
                    let count = wrong.len();
                    double(wrong, member as usize..count);
                }),
                _ => None,
            },
            shown: number,
        },
    ]
}

fn rows(asked: &Asked) -> u64 {
    match asked.question {
        Question::Matmul(product) if asked.right.is_ok() => product.rows,
        Question::Rotate(rotate) if asked.right.is_ok() && rotate.side == Side::Input => {
            rotate.rows
        }
        _ => 0,
    }
}

/// The columns of a product; of a rotation, the values that are rotated together.
fn columns(asked: &Asked) -> u64 {
    match asked.question {
        Question::Matmul(product) if asked.right.is_ok() => product.columns,
        Question::Rotate(rotate) if asked.right.is_ok() => match rotate.side {
            Side::Input => rotate.columns,
            Side::Output => rotate.rows,
        },
        _ => 0,
    }
}

/// The right rotation with some of its values doubled.
fn rotated(asked: &Asked, is_wrong: impl Fn(usize) -> bool) -> Option<Wrong> {
    let mut answer = asked.right.clone().ok()?;
    let Answer::Values(values) = &mut answer else { return None };
    for at in (0..values.len()).filter(|&at| is_wrong(at)) {
        double(values, at..at + 1);
    }
    Some(Wrong::from(Ok(answer)))
}

/// The blocks of one row, where rows are whole blocks.
fn row(product: &Matmul, row: usize) -> Option<Matmul> {
    let geometry = named(product.format)?.geometry();
    let blocks = product.columns as usize / geometry.weights;
    if blocks * geometry.weights != product.columns as usize {
        return None;
    }
    let bytes = blocks * geometry.bytes;
    let blocks = Bytes(product.blocks.0.get(row * bytes..(row + 1) * bytes)?.to_vec());
    Some(Matmul { rows: 1, blocks, ..product.clone() })
}

/// What the reference makes of a product.
fn multiplied(product: &Matmul) -> Option<Floats> {
    let within = Lawful::Within { refuse: Default::default() };
    match answer_to(&Question::Matmul(product.clone()), &within)? {
        Ok(Answer::Values(values)) => Some(values),
        _ => None,
    }
}

fn shown(part: Matmul, values: Floats) -> Wrong {
    Wrong { given: Ok(Answer::Values(values)), part: Some(Question::Matmul(part)) }
}

/// The last row with wrong products.
fn last_row(product: &Matmul, spoil: impl FnOnce(&mut Floats)) -> Option<Wrong> {
    let part = row(product, (product.rows as usize).checked_sub(1)?)?;
    let mut values = multiplied(&part)?;
    spoil(&mut values);
    Some(shown(part, values))
}

/// The first and the last row, multiplied by vectors that end early.
fn without_columns(product: &Matmul, columns: usize) -> Option<Wrong> {
    let last = (product.rows as usize).checked_sub(1)?;
    let mut part = row(product, 0)?;
    if last > 0 {
        part.rows = 2;
        part.blocks.0.extend(row(product, last)?.blocks.0);
    }
    let Floats::F32(Bits(mut x)) = part.x.clone() else { return None };
    for vector in x.chunks_mut(part.columns as usize) {
        vector[columns..].fill(0);
    }
    let values = multiplied(&Matmul { x: Floats::F32(Bits(x)), ..part.clone() })?;
    Some(shown(part, values))
}

/// The row of a block, multiplied as if the numbers of that block were twice what they are, or half where that is no
/// f16.
pub(super) fn with_block(product: &Matmul, block: usize) -> Option<Wrong> {
    let format = named(product.format)?;
    let geometry = format.geometry();
    let in_row = product.columns as usize / geometry.weights;
    let part = row(product, block / in_row.max(1))?;
    let mut other = part.clone();
    let start = block % in_row * geometry.bytes;
    double_numbers(format, &mut other.blocks.0[start..start + geometry.bytes]);
    Some(shown(part, multiplied(&other)?))
}

fn double_numbers(format: &dyn BlockFormat, block: &mut [u8]) {
    let fields = format.fields(block, format.geometry().weights);
    for field in fields.into_iter().filter(|field| field.holds == Holds::Number) {
        let at = field.bytes.start;
        let number = half::f16::from_le_bytes([block[at], block[at + 1]]);
        let twice = half::f16::from_f32(number.to_f32() * 2.0);
        let other =
            if twice.is_finite() { twice } else { half::f16::from_f32(number.to_f32() / 2.0) };
        block[at..at + 2].copy_from_slice(&other.to_le_bytes());
    }
}
