//! Products and rotations of every remainder of a tile, and of every length.

use crate::fuzz::dice::{Sizes, log_uniform, normal, not_finite, one_in, pick, place};
use crate::suite::exact::blocks::Layout;
use crate::suite::floats::Floats;
use crate::suite::hex::{Bits64, Bytes};
use crate::suite::operation::FormatId;
use crate::suite::question::{Matmul, Question, Rotate, Side};
use crate::suite::random::SplitMix64;

/// A product.
pub(super) fn matmul(format: FormatId, sizes: Sizes, dice: &mut SplitMix64) -> Question {
    let layout = Layout::named(format);
    let most = sizes.weights(dice);
    let size = |dice: &mut SplitMix64, power: u64| match dice.below(3) {
        0 => 1 + dice.below(9),
        _ => log_uniform(dice, power),
    };
    let [rows, width, vectors] = loop {
        let power = most.ilog2() as u64;
        let sizes = [size(dice, power.min(13)), size(dice, 7), size(dice, 6)];
        let weights = sizes[0] * sizes[1] * 32;
        if weights <= most && weights * sizes[2] <= 4 * most {
            break sizes;
        }
    };
    let mut columns = 32 * width;
    if one_in(dice, 16) {
        // Columns that are not whole blocks, which some refuse.
        columns = 1 + dice.below(columns);
    }
    let blocks = (rows * columns).div_ceil(32);
    let mut payload = layout.payload(blocks, dice);
    for block in payload.chunks_exact_mut(layout.bytes) {
        // Sums of weights of unlike orders have wide bounds: mostly they are of one order.
        for &at in &layout.numbers {
            if !one_in(dice, 64) {
                block[at + 1] = block[at + 1] & 0x83 | 0x28 | (dice.below(4) as u8) << 2;
            }
        }
    }
    let mut x = vectors_of(columns as usize, vectors as usize, dice);
    match dice.below(32) {
        0 => layout.spoil(&mut payload, dice),
        1 => drop(payload.pop()),
        2 => payload.push(0),
        3 => drop(x.pop()),
        4 => x.push(1.0),
        5 if !x.is_empty() => {
            let at = place(dice, x.len());
            x[at] = pick(dice, &[f32::NAN, f32::INFINITY, f32::NEG_INFINITY]);
        }
        _ => {}
    }
    let (blocks, x) = (Bytes(payload), Floats::of(&x));
    Question::Matmul(Matmul { format, rows, columns, vectors, blocks, x })
}

/// Vectors of one order, or with one value each that is no zero.
fn vectors_of(columns: usize, vectors: usize, dice: &mut SplitMix64) -> Vec<f32> {
    let mut x: Vec<f32> = Vec::with_capacity(columns * vectors);
    for number in 0..vectors {
        match dice.below(8) {
            0 | 1 => {
                let value = 1.5 * 2f32.powi(dice.below(180) as i32 - 90);
                let at = place(dice, columns);
                x.extend((0..columns).map(|place| if place == at { value } else { 0.0 }));
            }
            // The vector before, but for one value.
            2 if number > 0 => {
                let before = x[(number - 1) * columns..].to_vec();
                x.extend(before);
                let at = number * columns + place(dice, columns);
                x[at] += 1.0;
            }
            _ => {
                let size = 2f32.powi(dice.below(16) as i32 - 8);
                x.extend((0..columns).map(|_| normal(dice) * size));
            }
        }
    }
    x
}

/// A rotation.
pub(super) fn rotate(format: FormatId, sizes: Sizes, dice: &mut SplitMix64) -> Question {
    let (double, output, inverse) = (one_in(dice, 3), one_in(dice, 3), one_in(dice, 3));
    let most = sizes.rotation(dice);
    let length = match dice.below(24) {
        0 => pick(dice, &[0, 3, 6, 12, 33, 48, 96, 100]),
        _ => 1 << dice.below(most + 1),
    };
    let few =
        if length <= 64 && one_in(dice, 8) { log_uniform(dice, 12) } else { 1 + dice.below(5) };
    let (rows, columns) = if output { (length, few) } else { (few, length) };
    let block = (!double && !output && one_in(dice, 4)).then(|| match dice.below(12) {
        0 => pick(dice, &[0, 1, 3, 24, 1 << 40]),
        _ => 1 << dice.below(u64::from(length.max(1).ilog2()) + 1),
    });
    let gamma = !output && !inverse && one_in(dice, 4);
    let mut floats = |count: u64| {
        let values: Vec<f64> = values(count as usize, dice);
        if double {
            Floats::F64(Bits64::of(&values))
        } else {
            Floats::of(&values.iter().map(|&value| value as f32).collect::<Vec<f32>>())
        }
    };
    let gamma = gamma.then(|| floats(columns));
    let values = floats(rows * columns);
    let seed = match dice.below(4) {
        0 => dice.below(4),
        1 => log_uniform(dice, 63),
        2 => pick(dice, &[u64::MAX, (1 << 53) + 1, 1 << 32, (1 << 63) + 1, 42]),
        _ => dice.next_u64(),
    };
    let side = if output { Side::Output } else { Side::Input };
    Question::Rotate(Rotate { format, seed, side, inverse, rows, columns, block, gamma, values })
}

/// Values of one order, or a single power of two.
fn values(count: usize, dice: &mut SplitMix64) -> Vec<f64> {
    if count == 0 {
        return Vec::new();
    }
    let size = 2f64.powi(dice.below(20) as i32 - 10);
    if one_in(dice, 6) {
        let at = place(dice, count);
        return (0..count).map(|place| if place == at { -size } else { 0.0 }).collect();
    }
    let mut values: Vec<f64> = (0..count).map(|_| f64::from(normal(dice)) * size).collect();
    if one_in(dice, 24) {
        let at = place(dice, count);
        values[at] = f64::from(half::f16::from_bits(not_finite(dice)).to_f32());
    }
    values
}

pub(super) fn plain_product(format: FormatId) -> Question {
    let mut dice = SplitMix64::new(3);
    let layout = Layout::named(format);
    let mut payload = layout.payload(1, &mut dice);
    for &at in &layout.numbers {
        payload[at..at + 2].copy_from_slice(&[0, 0x34]);
    }
    let x: Vec<f32> = (0..32u8).map(|at| f32::from(at) - 15.0).collect();
    let (blocks, x) = (Bytes(payload), Floats::of(&x));
    Question::Matmul(Matmul { format, rows: 1, columns: 32, vectors: 1, blocks, x })
}

pub(super) fn plain_rotation(format: FormatId) -> Question {
    let values: Vec<f32> = (0..32u8).map(|at| f32::from(at) - 15.0).collect();
    Question::Rotate(Rotate {
        format,
        seed: 7,
        side: Side::Input,
        inverse: false,
        rows: 1,
        columns: 32,
        block: None,
        gamma: None,
        values: Floats::of(&values),
    })
}
