//! Edits of a payload: scales and biases that are not lawful or hardly so (29 to 32), nibbles,
//! padding (33), cuts (26) and what follows the last block (5).

use super::{coin, edits, pick, place};
use crate::fuzz::arithmetic::Payload;
use crate::suite::exact::block::{BYTES, WEIGHTS};
use crate::suite::random::SplitMix64;

/// f16 bits that no scale and no bias may have.
const NOT_FINITE: [u16; 7] = [0x7e00, 0x7c01, 0xfe00, 0xfc01, 0x7fff, 0x7c00, 0xfc00];

/// f16 bits at the limits of what is lawful: subnormal, greatest, negative.
const EXTREME: [u16; 8] = [0x0001, 0x03ff, 0x0400, 0x7bff, 0x7800, 0xfbff, 0x8001, 0xbc00];

/// A scale or bias as weights have it.
fn plain(dice: &mut SplitMix64) -> u16 {
    0x2000 + dice.below(0x2800) as u16
}

/// A lawful block.
pub(super) fn lawful(dice: &mut SplitMix64) -> [u8; BYTES] {
    let mut block = [0; BYTES];
    let sign = (dice.below(2) as u16) << 15;
    block[..2].copy_from_slice(&plain(dice).to_le_bytes());
    block[2..4].copy_from_slice(&(plain(dice) | sign).to_le_bytes());
    block[4..].fill_with(|| dice.next_u64() as u8);
    block
}

/// Cuts or fills `payload` to `len` bytes, with lawful blocks.
pub(super) fn resize(payload: &mut Vec<u8>, len: usize, dice: &mut SplitMix64) {
    payload.truncate(payload.len().min(len) / BYTES * BYTES);
    while payload.len() < len {
        let block = lawful(dice);
        payload.extend_from_slice(&block[..BYTES.min(len - payload.len())]);
    }
}

/// Makes every scale and bias lawful, by taking one bit out of its exponent.
pub(super) fn repair(payload: &mut [u8]) {
    for block in payload.as_chunks_mut::<BYTES>().0.iter_mut() {
        for high in [1, 3] {
            if block[high] & 0x7c == 0x7c {
                block[high] &= 0xbf;
            }
        }
        if block[0] == 0 && block[1] & 0x7f == 0 {
            block[0] = 1;
        }
    }
}

/// One edit inside the blocks; the length stays.
pub(super) fn edit(payload: &mut [u8], dice: &mut SplitMix64) {
    let count = payload.len() / BYTES;
    if count == 0 {
        return;
    }
    let at = BYTES * place(dice, count);
    let block = &mut payload[at..at + BYTES];
    let mut set = |field: usize, bits: u16| {
        block[field..field + 2].copy_from_slice(&bits.to_le_bytes());
    };
    match dice.below(8) {
        0 => set(0, pick(dice, &NOT_FINITE)),
        1 => set(0, pick(dice, &[0x0000, 0x8000])),
        2 => set(0, pick(dice, &EXTREME)),
        3 => set(2, pick(dice, &NOT_FINITE)),
        4 => set(2, pick(dice, &[0x0000, 0x8000])),
        5 => set(2, pick(dice, &EXTREME)),
        6 => set(2 * dice.below(2) as usize, dice.next_u64() as u16),
        _ => {
            let byte = 4 + dice.below(16) as usize;
            block[byte] = pick(dice, &[0x00, 0xff, 0x0f, 0xf0, 0x88, 0x21]);
        }
    }
}

/// One edit of the payload's length: cut at a boundary of a block or a field, or made longer.
pub(super) fn cut_or_extend(payload: &mut Vec<u8>, dice: &mut SplitMix64) {
    let count = payload.len() / BYTES;
    match dice.below(8) {
        0 if count > 0 => {
            let field = pick(dice, &[0, 1, 2, 4, 12, 18, 19]);
            payload.truncate(BYTES * place(dice, count) + field);
        }
        1 => drop(payload.pop()),
        2 => payload.truncate(count * 18),
        3 => payload.push(pick(dice, &[0, 1, 0xff])),
        4 => {
            let zeros = 1 + dice.below(63) as usize;
            payload.resize(payload.len() + zeros, 0);
        }
        5 => payload.extend(lawful(dice)),
        6 => payload.extend_from_slice(&lawful(dice)[..19]),
        _ => payload.clear(),
    }
}

/// A mutation of a decoder's input: original_len and a payload.
pub(in crate::fuzz) fn blocks(input: &[u8], dice: &mut SplitMix64) -> Vec<u8> {
    let Payload { mut original_len, blocks: mut payload } = Payload::read(input);
    for _ in 0..edits(dice) {
        let held = (payload.len() / BYTES * WEIGHTS) as u64;
        match dice.below(8) {
            0 => cut_or_extend(&mut payload, dice),
            1 => {
                let near = [original_len ^ 1, original_len.wrapping_add(31), held, held + 1];
                original_len = pick(dice, &near);
            }
            2 => original_len = pick(dice, &[0, 1, u64::MAX, u64::MAX - 30, 1 << 63, 1 << 59]),
            3 => {
                let len = 1 + dice.below(4) as usize;
                resize(&mut payload, len * BYTES, dice);
                original_len = (len * WEIGHTS) as u64 - dice.below(WEIGHTS as u64);
            }
            _ => edit(&mut payload, dice),
        }
    }
    if coin(dice) {
        payload.truncate(payload.len() / BYTES * BYTES);
        let held = (payload.len() / BYTES * WEIGHTS) as u64;
        if original_len.div_ceil(WEIGHTS as u64) != held / WEIGHTS as u64 {
            original_len = held;
        }
        repair(&mut payload);
    }
    Payload { original_len, blocks: payload }.write()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::suite::exact::file::{Verdict, judge, write};

    fn is_lawful(payload: &[u8]) -> bool {
        let len = (payload.len() / BYTES * WEIGHTS) as u64;
        !matches!(judge(&write(&[len], len, payload), 64, None), Verdict::Refuse(_))
    }

    #[test]
    fn new_blocks_and_repaired_ones_are_lawful() {
        let mut dice = SplitMix64::new(1);
        let mut was_unlawful = 0;
        for _ in 0..500 {
            let mut payload = Vec::new();
            resize(&mut payload, 3 * BYTES, &mut dice);
            assert!(is_lawful(&payload));
            for _ in 0..3 {
                edit(&mut payload, &mut dice);
            }
            was_unlawful += u32::from(!is_lawful(&payload));
            repair(&mut payload);
            assert!(is_lawful(&payload), "{payload:02x?}");
        }
        assert!(was_unlawful > 100, "{was_unlawful}");
    }

    #[test]
    fn a_scale_and_a_bias_become_each_number_that_readers_have_taken_wrongly() {
        let mut dice = SplitMix64::new(6);
        let mut met = [BTreeSet::new(), BTreeSet::new()];
        for _ in 0..4000 {
            let mut payload = lawful(&mut dice);
            edit(&mut payload, &mut dice);
            for (field, met) in met.iter_mut().enumerate() {
                met.insert(u16::from_le_bytes([payload[2 * field], payload[2 * field + 1]]));
            }
        }
        // NaN, infinity, zero; the smallest and the largest subnormal, the smallest normal, 65504, 32768.
        let numbers = [
            0x7e00, 0x7c01, 0xfe00, 0xfc01, 0x7fff, 0x7c00, 0xfc00, 0x0000, 0x8000, 0x0001, 0x03ff,
            0x0400, 0x7bff, 0x7800, 0xfbff, 0x8001, 0xbc00,
        ];
        for (field, met) in met.iter().enumerate() {
            let missed: Vec<_> = numbers.iter().filter(|number| !met.contains(number)).collect();
            assert!(missed.is_empty(), "field {field}: {missed:04x?}");
        }
    }

    #[test]
    fn a_payload_is_resized_to_the_byte() {
        let mut dice = SplitMix64::new(2);
        for len in [0, 1, 19, 20, 21, 40, 59] {
            let mut payload = lawful(&mut dice).repeat(2);
            resize(&mut payload, len, &mut dice);
            assert_eq!(payload.len(), len);
        }
    }
}
