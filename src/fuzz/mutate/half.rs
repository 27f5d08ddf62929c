//! Edits of a payload of f16: values that are not lawful or hardly so (36), and its length.

use super::{pick, place};
use crate::suite::random::SplitMix64;

/// f16 bits that no value may have.
const NOT_FINITE: [u16; 7] = [0x7e00, 0x7c01, 0xfe00, 0xfc01, 0x7fff, 0x7c00, 0xfc00];

/// f16 bits at the limits of what is lawful: zeros, subnormals, the greatest.
const EXTREME: [u16; 8] = [0x0000, 0x8000, 0x0001, 0x83ff, 0x0400, 0x7bff, 0xfbff, 0x7800];

/// One edit of a value; the length stays.
pub(super) fn edit(payload: &mut [u8], dice: &mut SplitMix64) {
    let values = payload.as_chunks_mut().0;
    if values.is_empty() {
        return;
    }
    let at = place(dice, values.len());
    let bits = match dice.below(3) {
        0 => pick(dice, &NOT_FINITE),
        1 => pick(dice, &EXTREME),
        _ => dice.next_u64() as u16,
    };
    values[at] = bits.to_le_bytes();
}

/// Cuts or fills `payload` to `len` bytes, with lawful values.
pub(super) fn resize(payload: &mut Vec<u8>, len: usize, dice: &mut SplitMix64) {
    payload.truncate(payload.len().min(len) / 2 * 2);
    while payload.len() < len {
        let value = (dice.below(0x7c00) as u16 | (dice.below(2) as u16) << 15).to_le_bytes();
        payload.extend_from_slice(&value[..2.min(len - payload.len())]);
    }
}

/// Makes every value finite, by taking one bit out of its exponent.
pub(super) fn repair(payload: &mut [u8]) {
    for value in payload.as_chunks_mut::<2>().0.iter_mut() {
        if value[1] & 0x7c == 0x7c {
            value[1] &= 0xbf;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::exact::files::khf1::{Khf1, write};
    use crate::suite::exact::files::{Caller, Container};
    use crate::suite::lawful::Lawful;

    #[test]
    fn new_values_and_repaired_ones_are_lawful() {
        let lawful = |payload: &[u8]| {
            let values: Vec<u16> =
                payload.as_chunks().0.iter().map(|&bytes| u16::from_le_bytes(bytes)).collect();
            let len = values.len() as u64;
            matches!(Khf1.judge(&write(&[len], len, &values), &Caller::ANY), Lawful::One(_))
        };
        let mut dice = SplitMix64::new(1);
        let mut was_unlawful = 0;
        for _ in 0..500 {
            let mut payload = Vec::new();
            resize(&mut payload, 12, &mut dice);
            assert!(payload.len() == 12 && lawful(&payload));
            for _ in 0..3 {
                edit(&mut payload, &mut dice);
            }
            was_unlawful += u32::from(!lawful(&payload));
            repair(&mut payload);
            assert!(lawful(&payload), "{payload:02x?}");
        }
        assert!(was_unlawful > 100, "{was_unlawful}");
    }
}
