//! Blocks and payloads of any block format, and decodes of them.

use crate::fuzz::arithmetic::Payload;
use crate::fuzz::dice::{Sizes, finite_half, not_finite, one_in, pick, place};
use crate::fuzz::mutate;
use crate::suite::exact::blocks::Layout;
use crate::suite::feature::Feature;
use crate::suite::floats::{Float, Floats};
use crate::suite::hex::Bytes;
use crate::suite::operation::FormatId;
use crate::suite::question::{Decode, Question};
use crate::suite::random::SplitMix64;

/// Blocks until the content of a large payload repeats: a prime, so that what wraps at a power of two meets another
/// block.
const PERIOD: u64 = 251;

impl Layout {
    /// A block of any finite numbers and any codes.
    fn any(&self, dice: &mut SplitMix64) -> Vec<u8> {
        let mut block = vec![0; self.bytes];
        for (field, &at) in self.numbers.iter().enumerate() {
            let mut bits = finite_half(dice);
            if self.is_khq4 && field == 0 {
                // Most scales are above zero; some readers may refuse the others.
                bits &= if one_in(dice, 8) { 0xffff } else { 0x7fff };
                bits |= u16::from(bits & 0x7fff == 0);
            }
            block[at..at + 2].copy_from_slice(&bits.to_le_bytes());
        }
        for &(at, most) in &self.scales {
            block[at] = dice.below(u64::from(most) + 1) as u8;
        }
        self.fill_codes(&mut block, dice);
        block
    }

    /// A block as weights have it.
    pub fn plain(&self, dice: &mut SplitMix64) -> Vec<u8> {
        let mut block = vec![0; self.bytes];
        for (field, &at) in self.numbers.iter().enumerate() {
            let sign = if field == 0 { 0 } else { (dice.below(2) as u16) << 15 };
            let bits = 0x2000 + dice.below(0x2000) as u16;
            block[at..at + 2].copy_from_slice(&(bits | sign).to_le_bytes());
        }
        for &(at, most) in &self.scales {
            block[at] = most / 2 - dice.below(16) as u8;
        }
        self.fill_codes(&mut block, dice);
        block
    }

    /// A block that differs from another in the sign of a number, or in a code.
    fn twin(&self, block: &[u8], dice: &mut SplitMix64) -> Vec<u8> {
        let mut block = block.to_vec();
        if one_in(dice, 3) && !self.numbers.is_empty() {
            block[pick(dice, &self.numbers) + 1] ^= 0x80;
        } else {
            block[pick(dice, &self.codes)] ^= 1 << dice.below(8);
        }
        block
    }

    fn fill_codes(&self, block: &mut [u8], dice: &mut SplitMix64) {
        let alike = one_in(dice, 16).then(|| dice.next_u64() as u8);
        for &at in &self.codes {
            block[at] = alike.unwrap_or_else(|| dice.next_u64() as u8);
        }
    }

    /// That many blocks. Of a large payload the first 251 blocks repeat.
    pub fn payload(&self, blocks: u64, dice: &mut SplitMix64) -> Vec<u8> {
        let any = !one_in(dice, 3);
        let mut period: Vec<u8> = Vec::new();
        for _ in 0..blocks.min(PERIOD) {
            let one = match period.len().checked_sub(self.bytes) {
                Some(last) if one_in(dice, 8) => self.twin(&period[last..], dice),
                _ if any => self.any(dice),
                _ => self.plain(dice),
            };
            period.extend(one);
        }
        let len = blocks as usize * self.bytes;
        let mut payload = Vec::with_capacity(len);
        while payload.len() < len {
            payload.extend_from_slice(&period[..period.len().min(len - payload.len())]);
        }
        payload
    }

    /// Puts a number that must be refused, or nearly so, somewhere into a payload.
    pub fn spoil(&self, payload: &mut [u8], dice: &mut SplitMix64) {
        let count = payload.len() / self.bytes;
        if count == 0 {
            return;
        }
        if self.numbers.is_empty() {
            // Next to the largest scale of which something is demanded.
            let (at, most) = pick(dice, &self.scales);
            let least = most - 1;
            payload[self.bytes * place(dice, count) + at] = least + dice.below(3) as u8;
            return;
        }
        let at = self.bytes * place(dice, count) + pick(dice, &self.numbers);
        let bits = match dice.below(8) {
            0 => pick(dice, &[0x0000, 0x8000]),
            1 => pick(dice, &[0x7bff, 0xfbff, 0x0001, 0x8001, 0x03ff, 0x0400]),
            _ => not_finite(dice),
        };
        payload[at..at + 2].copy_from_slice(&bits.to_le_bytes());
    }

    /// A number of values that so many blocks hold: partial last blocks where the format has them.
    pub fn values(&self, blocks: u64, dice: &mut SplitMix64) -> u64 {
        let whole = blocks * self.weights as u64;
        if self.is_khq4 && blocks > 0 && dice.below(2) == 0 {
            whole - dice.below(self.weights as u64)
        } else {
            whole
        }
    }
}

/// A decode of a payload: sound in three of four, or with one fault, or as the mutators of fuzzing make it.
pub(super) fn decode(
    format: FormatId,
    offers: &dyn Fn(Feature) -> bool,
    sizes: Sizes,
    dice: &mut SplitMix64,
) -> Question {
    let layout = Layout::named(format);
    // Many blocks of a large kind are as many values as those of 32.
    let blocks = match sizes.blocks(dice) {
        many @ 256.. => many * 32 / layout.weights as u64,
        few => few,
    };
    let mut original_len = layout.values(blocks, dice);
    let mut payload = layout.payload(blocks, dice);
    match dice.below(32) {
        0..=2 => layout.spoil(&mut payload, dice),
        3 => drop(payload.pop()),
        4 => payload.push(dice.next_u64() as u8),
        5 => original_len = near(original_len, dice),
        6..=8 => {
            let input = Payload { original_len, blocks: payload }.write();
            let mutated = Payload::read(&mutate::blocks(&input, format, dice));
            (original_len, payload) = (mutated.original_len, mutated.blocks);
        }
        _ => {}
    }
    let to = (offers(Feature::ToF16) && dice.below(4) == 0).then_some(Float::F16);
    if to.is_some() && dice.below(4) != 0 {
        lower(&layout, &mut payload);
    }
    let tensor_scale = (offers(Feature::TensorScale) && one_in(dice, 3)).then(|| {
        let size = 2f32.powi(dice.below(40) as i32 - 30);
        Floats::of(&[(1.5 + dice.signed_unit()) * size])
    });
    let blocks = Bytes(payload);
    Question::Decode(Decode { format, blocks, tensor_scale, original_len, to })
}

/// Takes a bit out of each large exponent, so that the weights fit into f16.
fn lower(layout: &Layout, payload: &mut [u8]) {
    for block in payload.chunks_exact_mut(layout.bytes) {
        for &at in &layout.numbers {
            if block[at + 1] & 0x60 == 0x60 {
                block[at + 1] &= !0x20;
            }
        }
    }
}

/// A number that is nearly the right one, or that is the right one in fewer bits.
pub(super) fn near(count: u64, dice: &mut SplitMix64) -> u64 {
    match dice.below(6) {
        0 => count.wrapping_sub(1),
        1 => count + 1,
        2 => count + 32,
        3 => count | 1 << (6 + dice.below(58)),
        4 => 0,
        _ => u64::MAX - dice.below(64),
    }
}

pub(super) fn plain(format: FormatId, dice: &mut SplitMix64) -> Question {
    let layout = Layout::named(format);
    Question::decode(format, layout.plain(dice), layout.weights as u64)
}
