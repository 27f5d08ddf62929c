//! Edits of a product (50 to 54) and of a rotation (56 to 60): sizes, blocks, values of one magnitude,
//! single values, seeds, flags.

use super::block::{khq4, lawful, repair};
use super::{coin, edits, pick, place};
use crate::fuzz::kernel::{PRODUCT_HEAD, ROTATION_HEAD, product, rotation};
use crate::suite::floats::Floats;
use crate::suite::question::{Matmul, Rotate};
use crate::suite::random::SplitMix64;

/// A mutation of a product's input, whose blocks are made lawful every other time.
pub(in crate::fuzz) fn product_bytes(input: &[u8], dice: &mut SplitMix64) -> Vec<u8> {
    let mut head = head::<PRODUCT_HEAD>(input);
    for _ in 0..edits(dice) {
        match dice.below(8) {
            0 => head[0] = dice.next_u64() as u8,
            1 => head[1] = pick(dice, &[0, 2, 4, 6, 1, 31, 33, 47, 65]),
            2 => head[2] = dice.below(4) as u8,
            3 => head[3] = if dice.below(4) == 0 { dice.below(4) as u8 } else { 0 },
            _ => {}
        }
    }
    // Sizes decide what follows, so that it is made anew, in part from what was there.
    let before = [&head[..], input.get(PRODUCT_HEAD..).unwrap_or_default()].concat();
    let Matmul { blocks, x, .. } = product(&before);
    let mut blocks = blocks.0;
    let layout = khq4();
    for block in blocks.as_chunks_mut::<20>().0.iter_mut() {
        if dice.below(8) == 0 || block.iter().all(|&byte| byte == 0) {
            block.copy_from_slice(&lawful(layout, dice));
        }
    }
    match dice.below(4) {
        0 => super::block::edit(&mut blocks, layout, dice),
        1 => {}
        _ => repair(&mut blocks, layout),
    }
    let mut values = x.singles().unwrap_or_default();
    fill(&mut values, dice, |value| value as f32);
    let x = values.into_iter().flat_map(f32::to_le_bytes);
    head.into_iter().chain(blocks).chain(x).collect()
}

/// A mutation of a rotation's input.
pub(in crate::fuzz) fn rotation_bytes(input: &[u8], dice: &mut SplitMix64) -> Vec<u8> {
    let mut head = head::<ROTATION_HEAD>(input);
    for _ in 0..edits(dice) {
        match dice.below(8) {
            0 => {
                let seed = pick(dice, &[0, 1, 42, u64::MAX, (1 << 53) + 1, 1 << 32]);
                head[..8].copy_from_slice(&seed.to_le_bytes());
            }
            1 => head[..8].copy_from_slice(&dice.next_u64().to_le_bytes()),
            2 => head[8] ^= 1 << dice.below(5),
            3 => head[8] = if dice.below(4) == 0 { head[8] ^ 0x20 } else { head[8] & 0x1f },
            4 => head[9] = dice.below(4) as u8,
            5 => head[10] = dice.below(6) as u8,
            6 => head[11] = pick(dice, &[0, 1, 2, 3, 4, 240, 243]),
            _ => head[10] = pick(dice, &[5, 240, 243, 248]),
        }
    }
    let before = [&head[..], input.get(ROTATION_HEAD..).unwrap_or_default()].concat();
    let Rotate { gamma, values, .. } = rotation(&before);
    let mut floats = |floats: Floats| match floats {
        Floats::F32(bits) => {
            let mut values = bits.values();
            fill(&mut values, dice, |value| value as f32);
            values.into_iter().flat_map(f32::to_le_bytes).collect::<Vec<u8>>()
        }
        Floats::F64(bits) => {
            let mut values = bits.values();
            fill(&mut values, dice, |value| value);
            values.into_iter().flat_map(f64::to_le_bytes).collect()
        }
        Floats::F16(_) | Floats::Bf16(_) => Vec::new(),
    };
    let gamma = gamma.map(&mut floats).unwrap_or_default();
    let values = floats(values);
    head.into_iter().chain(gamma).chain(values).collect()
}

fn head<const N: usize>(input: &[u8]) -> [u8; N] {
    std::array::from_fn(|at| input.get(at).copied().unwrap_or(0))
}

/// Values of one magnitude in the place of zeros and of some others; or a single power of two.
fn fill<T: Copy + PartialEq + Default>(
    values: &mut [T],
    dice: &mut SplitMix64,
    float: impl Fn(f64) -> T,
) {
    if values.is_empty() {
        return;
    }
    let magnitude = 2f64.powi(dice.below(20) as i32 - 10);
    if dice.below(6) == 0 {
        values.fill(T::default());
        let sign = if coin(dice) { 1.0 } else { -1.0 };
        values[place(dice, values.len())] = float(sign * magnitude);
        return;
    }
    for value in values {
        if *value == T::default() || dice.below(8) == 0 {
            *value = float(f64::from(dice.signed_unit()) * magnitude);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn zeros_become_values_of_one_magnitude_or_one_power_of_two_of_either_sign() {
        let mut dice = SplitMix64::new(8);
        let (mut powers, mut others) = (BTreeSet::new(), 0);
        for _ in 0..2000 {
            let mut values = [0f64; 8];
            fill(&mut values, &mut dice, |value| value);
            let largest = values.iter().fold(0f64, |largest, value| largest.max(value.abs()));
            match values.iter().filter(|value| **value != 0.0).collect::<Vec<_>>()[..] {
                [alone] => {
                    let (sign, exponent) = (alone.is_sign_negative(), alone.abs().log2());
                    assert_eq!(exponent, exponent.trunc(), "{alone}");
                    powers.insert((sign, exponent as i32));
                }
                _ => {
                    assert!(largest <= 512.0, "{largest}");
                    others += 1;
                }
            }
        }
        let expected = [false, true].map(|sign| (-10..10).map(move |exponent| (sign, exponent)));
        assert_eq!(powers, expected.into_iter().flatten().collect());
        assert!(others > 1500, "{others}");
    }

    #[test]
    fn few_values_that_are_there_are_changed() {
        let mut dice = SplitMix64::new(9);
        let mut kept = 0;
        for _ in 0..1000 {
            let mut values = [0.25f64; 8];
            fill(&mut values, &mut dice, |value| value);
            kept += values.iter().filter(|value| **value == 0.25).count();
        }
        // Of six times eight, five keep seven of eight each.
        assert!((5500..6200).contains(&kept), "{kept}");
        fill(&mut [0f64; 0], &mut dice, |value| value);
    }
}
