//! Edits of a payload: scales and biases that are not lawful or hardly so (29 to 32), nibbles,
//! padding (33), cuts (26) and what follows the last block (5).

use std::sync::LazyLock;

use super::{coin, edits, pick, place};
use crate::fuzz::arithmetic::Payload;
use crate::suite::exact::blocks::Layout;
use crate::suite::operation::FormatId;
use crate::suite::random::SplitMix64;

/// The layout of KHQ4's blocks, which files and products hold.
pub(super) fn khq4() -> &'static Layout {
    static LAYOUT: LazyLock<Layout> = LazyLock::new(|| Layout::named(FormatId::KHQ4));
    &LAYOUT
}

/// The values of whole blocks in as many bytes.
fn held(layout: &Layout, bytes: usize) -> u64 {
    (bytes / layout.bytes * layout.weights) as u64
}

/// f16 bits that no scale and no bias may have.
const NOT_FINITE: [u16; 7] = [0x7e00, 0x7c01, 0xfe00, 0xfc01, 0x7fff, 0x7c00, 0xfc00];

/// f16 bits at the limits of what is lawful: subnormal, greatest, negative.
const EXTREME: [u16; 8] = [0x0001, 0x03ff, 0x0400, 0x7bff, 0x7800, 0xfbff, 0x8001, 0xbc00];

/// A scale or bias as weights have it.
fn plain(dice: &mut SplitMix64) -> u16 {
    0x2000 + dice.below(0x2800) as u16
}

/// A lawful block.
pub(super) fn lawful(layout: &Layout, dice: &mut SplitMix64) -> Vec<u8> {
    let mut block = vec![0; layout.bytes];
    for (index, &at) in layout.numbers.iter().enumerate() {
        let sign = if index == 0 { 0 } else { (dice.below(2) as u16) << 15 };
        block[at..at + 2].copy_from_slice(&(plain(dice) | sign).to_le_bytes());
    }
    for &(at, most) in &layout.scales {
        block[at] = dice.below(u64::from(most) + 1) as u8;
    }
    layout.codes.iter().for_each(|&at| block[at] = dice.next_u64() as u8);
    block
}

/// Cuts or fills `payload` to `len` bytes, with lawful blocks.
pub(super) fn resize(payload: &mut Vec<u8>, layout: &Layout, len: usize, dice: &mut SplitMix64) {
    payload.truncate(payload.len().min(len) / layout.bytes * layout.bytes);
    while payload.len() < len {
        let block = lawful(layout, dice);
        payload.extend_from_slice(&block[..layout.bytes.min(len - payload.len())]);
    }
}

/// Makes every number of a block lawful, by taking one bit out of its exponent.
pub(super) fn repair(payload: &mut [u8], layout: &Layout) {
    for block in payload.chunks_exact_mut(layout.bytes) {
        for high in layout.numbers.iter().map(|at| at + 1) {
            if block[high] & 0x7c == 0x7c {
                block[high] &= 0xbf;
            }
        }
        for &(at, most) in &layout.scales {
            block[at] = block[at].min(most);
        }
        if layout.is_khq4 && block[0] == 0 && block[1] & 0x7f == 0 {
            block[0] = 1;
        }
    }
}

/// One edit inside the blocks; the length stays.
pub(super) fn edit(payload: &mut [u8], layout: &Layout, dice: &mut SplitMix64) {
    let count = payload.len() / layout.bytes;
    if count == 0 {
        return;
    }
    let at = layout.bytes * place(dice, count);
    let block = &mut payload[at..at + layout.bytes];
    if !layout.scales.is_empty() && (layout.numbers.is_empty() || coin(dice)) {
        let (at, most) = pick(dice, &layout.scales);
        let any = dice.next_u64() as u8;
        block[at] = pick(dice, &[0, 1, most / 2, most - 1, most, 0x80, 0xff, any]);
        return;
    }
    let field = pick(dice, &layout.numbers);
    let mut set = |bits: u16| block[field..field + 2].copy_from_slice(&bits.to_le_bytes());
    match dice.below(8) {
        0 | 1 => set(pick(dice, &NOT_FINITE)),
        2 => set(pick(dice, &[0x0000, 0x8000])),
        3 | 4 => set(pick(dice, &EXTREME)),
        5 => set(dice.next_u64() as u16),
        _ => {
            block[pick(dice, &layout.codes)] =
                pick(dice, &[0x00, 0xff, 0x0f, 0xf0, 0x88, 0x21, 0x80, 0x7f]);
        }
    }
}

/// One edit of the payload's length: cut at a boundary of a block or a field, or made longer.
pub(super) fn cut_or_extend(payload: &mut Vec<u8>, layout: &Layout, dice: &mut SplitMix64) {
    let count = payload.len() / layout.bytes;
    match dice.below(8) {
        0 if count > 0 => {
            let last = layout.bytes - 1;
            let field = pick(dice, &[0, 1, 2, layout.codes[0], 12, last - 1, last]);
            payload.truncate(layout.bytes * place(dice, count) + field);
        }
        1 => drop(payload.pop()),
        // Blocks of another size: 18 bytes for 20, say.
        2 => payload.truncate(count * (layout.bytes - 2)),
        3 => payload.push(pick(dice, &[0, 1, 0xff])),
        4 => {
            let zeros = 1 + dice.below(63) as usize;
            payload.resize(payload.len() + zeros, 0);
        }
        5 => payload.extend(lawful(layout, dice)),
        6 => payload.extend_from_slice(&lawful(layout, dice)[..layout.bytes - 1]),
        _ => payload.clear(),
    }
}

/// A mutation of a decoder's input: original_len and a payload.
pub(in crate::fuzz) fn blocks(input: &[u8], format: FormatId, dice: &mut SplitMix64) -> Vec<u8> {
    let layout = &Layout::named(format);
    let Payload { mut original_len, blocks: mut payload } = Payload::read(input);
    for _ in 0..edits(dice) {
        let held = held(layout, payload.len());
        match dice.below(8) {
            0 => cut_or_extend(&mut payload, layout, dice),
            1 => {
                let near = [original_len ^ 1, original_len.wrapping_add(31), held, held + 1];
                original_len = pick(dice, &near);
            }
            2 => original_len = pick(dice, &[0, 1, u64::MAX, u64::MAX - 30, 1 << 63, 1 << 59]),
            3 => {
                let len = 1 + dice.below(4) as usize;
                resize(&mut payload, layout, len * layout.bytes, dice);
                original_len = (len * layout.weights) as u64;
                if layout.is_khq4 || coin(dice) {
                    original_len -= dice.below(layout.weights as u64);
                }
            }
            _ => edit(&mut payload, layout, dice),
        }
    }
    if coin(dice) {
        payload.truncate(payload.len() / layout.bytes * layout.bytes);
        let held = held(layout, payload.len());
        let claimed = original_len.div_ceil(layout.weights as u64);
        if !layout.is_khq4 || claimed != held / layout.weights as u64 {
            original_len = held;
        }
        repair(&mut payload, layout);
    }
    Payload { original_len, blocks: payload }.write()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::suite::exact::files::khq4::{Khq4, write};
    use crate::suite::exact::files::{Caller, Container};
    use crate::suite::lawful::Lawful;

    fn is_lawful(payload: &[u8]) -> bool {
        let len = (payload.len() / 20 * 32) as u64;
        !matches!(Khq4.judge(&write(&[len], len, payload), &Caller::ANY), Lawful::Refuse(_))
    }

    #[test]
    fn new_blocks_and_repaired_ones_are_lawful() {
        let layout = khq4();
        let mut dice = SplitMix64::new(1);
        let mut was_unlawful = 0;
        for _ in 0..500 {
            let mut payload = Vec::new();
            resize(&mut payload, layout, 60, &mut dice);
            assert!(is_lawful(&payload));
            for _ in 0..3 {
                edit(&mut payload, layout, &mut dice);
            }
            was_unlawful += u32::from(!is_lawful(&payload));
            repair(&mut payload, layout);
            assert!(is_lawful(&payload), "{payload:02x?}");
        }
        assert!(was_unlawful > 100, "{was_unlawful}");
    }

    #[test]
    fn a_scale_and_a_bias_become_each_number_that_readers_have_taken_wrongly() {
        let layout = khq4();
        let mut dice = SplitMix64::new(6);
        let mut met = [BTreeSet::new(), BTreeSet::new()];
        for _ in 0..4000 {
            let mut payload = lawful(layout, &mut dice);
            edit(&mut payload, layout, &mut dice);
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
        let layout = khq4();
        let mut dice = SplitMix64::new(2);
        for len in [0, 1, 19, 20, 21, 40, 59] {
            let mut payload = lawful(layout, &mut dice).repeat(2);
            resize(&mut payload, layout, len, &mut dice);
            assert_eq!(payload.len(), len);
        }
    }
}
