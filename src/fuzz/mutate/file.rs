//! Edits of a KHQ4 or KHF1 file, field by field, and the repair of the fields that depend on the one that
//! was edited, so that the guard of that one field is all that is left to refuse the file.

use super::block::{self, cut_or_extend};
use super::half;
use super::{coin, edits, pick, place};
use crate::fuzz::sketch::Sketch;
use crate::suite::exact::blocks::khq4::BYTES;
use crate::suite::operation::FormatId;
use crate::suite::random::SplitMix64;

/// The largest payload that a repair makes.
const LARGEST_PAYLOAD: u64 = 8 * BYTES as u64;

/// Sizes at which careless arithmetic wraps, changes its sign or loses its upper half (12 to 20).
const HUGE: [u64; 12] = [
    1 << 31,
    1 << 32,
    (1 << 32) + 1,
    1 << 33,
    1 << 58,
    1 << 59,
    1 << 62,
    1 << 63,
    (1 << 63) + 32,
    u64::MAX - 31,
    u64::MAX - 30,
    u64::MAX,
];

/// A mutation of a file.
pub(in crate::fuzz) fn file(input: &[u8], format: FormatId, dice: &mut SplitMix64) -> Vec<u8> {
    let mut sketch = Sketch::read(format, input);
    for _ in 0..edits(dice) {
        let repairs = coin(dice);
        match dice.below(16) {
            0 => magic(&mut sketch, dice),
            1 => version(&mut sketch, dice),
            2 => ndim(&mut sketch, dice, repairs),
            3..=5 => shape(&mut sketch, dice, repairs),
            6..=8 => original_len(&mut sketch, dice, repairs),
            9 if coin(dice) => sizes(&mut sketch, dice),
            9 => wrapping_product(&mut sketch, dice),
            10..=11 => cut_or_extend(&mut sketch.payload, block::khq4(), dice),
            12..=14 => edit(&mut sketch, dice),
            _ => make_lawful(&mut sketch, dice),
        }
    }
    let mut bytes = sketch.write();
    match dice.below(32) {
        // 1: the file ends inside its header.
        0 => bytes.truncate(dice.below(29) as usize),
        // 3: every number of the header in the other byte order.
        1 => swap_header(&mut bytes, sketch.shape.len()),
        _ => {}
    }
    bytes
}

/// One edit inside the payload; the length stays.
fn edit(sketch: &mut Sketch, dice: &mut SplitMix64) {
    match sketch.format {
        FormatId::KHF1 => half::edit(&mut sketch.payload, dice),
        _ => block::edit(&mut sketch.payload, block::khq4(), dice),
    }
}

/// Cuts or fills the payload to `len` bytes, with what is lawful.
fn resize(sketch: &mut Sketch, len: usize, dice: &mut SplitMix64) {
    match sketch.format {
        FormatId::KHF1 => half::resize(&mut sketch.payload, len, dice),
        _ => block::resize(&mut sketch.payload, block::khq4(), len, dice),
    }
}

/// 2 and 3.
fn magic(sketch: &mut Sketch, dice: &mut SplitMix64) {
    let (own, other) = match sketch.format {
        FormatId::KHF1 => (*b"KHF1", *b"KHQ4"),
        _ => (*b"KHQ4", *b"KHF1"),
    };
    let [first, second, third, last] = own;
    sketch.magic = match dice.below(5) {
        0 => [last, third, second, first],
        1 => other,
        2 => [first, second, third, last + 1],
        3 => [first, second, third, dice.next_u64() as u8],
        _ => (dice.next_u64() as u32).to_le_bytes(),
    };
}

/// 4.
fn version(sketch: &mut Sketch, dice: &mut SplitMix64) {
    sketch.version = pick(dice, &[0, 1, 2, 3, 4, 0x0200_0000, 0x0100_0000, u32::MAX, 0x102]);
}

/// 9 and 10.
fn ndim(sketch: &mut Sketch, dice: &mut SplitMix64, repairs: bool) {
    let ndim = sketch.ndim;
    let near = [ndim.wrapping_add(1), ndim.wrapping_sub(1), ndim | 0x100, ndim | 1 << 29];
    let far = [0, u32::MAX, 1 << 29, 1 << 31, 255];
    sketch.ndim = if coin(dice) { pick(dice, &near) } else { pick(dice, &far) };
    if repairs && sketch.ndim <= 8 {
        sketch.shape.resize(sketch.ndim as usize, 1);
        follow_shape(sketch, dice);
    }
}

/// 16 to 18, 21 to 23.
fn shape(sketch: &mut Sketch, dice: &mut SplitMix64, repairs: bool) {
    let shape = &mut sketch.shape;
    match dice.below(9) {
        0 => shape.insert(dice.below(shape.len() as u64 + 1) as usize, pick(dice, &[0, 1, 2, 3])),
        1 => drop(shape.pop()),
        2 => shape.clear(),
        3 => shape.reverse(),
        4 => *shape = vec![1 << 32, 1 << 32],
        5 => *shape = vec![1 << 33, 1 << 33, 0],
        _ if shape.is_empty() => shape.push(1 + dice.below(100)),
        6 => {
            let at = place(dice, shape.len());
            shape[at] = pick(dice, &HUGE);
        }
        7 => {
            let at = place(dice, shape.len());
            shape[at] = pick(dice, &[0, shape[at].wrapping_add(1), shape[at].wrapping_sub(1)]);
        }
        _ => {
            let at = place(dice, shape.len());
            shape[at] = 1 + dice.below(100);
        }
    }
    if repairs || coin(dice) {
        sketch.ndim = sketch.shape.len() as u32;
    }
    if repairs {
        follow_shape(sketch, dice);
    }
}

/// 11 to 15, 19, 20 and 23.
fn original_len(sketch: &mut Sketch, dice: &mut SplitMix64, repairs: bool) {
    let len = sketch.original_len;
    sketch.original_len = match dice.below(8) {
        0 => 0,
        1 => len.wrapping_add(1),
        2 => len.wrapping_sub(1),
        3 => (len | 31).wrapping_add(1),
        4 => len.wrapping_add(1 << 32),
        5 => pick(dice, &HUGE),
        6 => u64::MAX - dice.below(40),
        _ => 1 + dice.below(130),
    };
    if repairs {
        sketch.shape = vec![sketch.original_len];
        sketch.ndim = 1;
        follow_len(sketch, dice);
    }
}

/// 12 to 14 and 20: a vector of a huge length, and a payload as short as a wrap would have it.
fn sizes(sketch: &mut Sketch, dice: &mut SplitMix64) {
    let len = pick(dice, &HUGE).wrapping_add(pick(dice, &[0, 0, 1, 3, 32]));
    sketch.original_len = len;
    sketch.shape = vec![len];
    sketch.ndim = 1;
    let wrapped = pick(dice, &[0, 0, BYTES, (len % 128).div_ceil(32) as usize * BYTES]);
    let wrapped = match sketch.format {
        // 2 numel modulo 2^64 or 2^32, where that is little.
        FormatId::KHF1 => (2 * u128::from(len) % (1 << 32)).min(64) as usize,
        _ => wrapped,
    };
    resize(sketch, wrapped, dice);
}

/// 16: two sizes whose product leaves 32 or 64 bits and is small in what is left of it, as
/// original_len and payload have it.
fn wrapping_product(sketch: &mut Sketch, dice: &mut SplitMix64) {
    let (odd, rest) = (3 + 2 * dice.below(8), dice.below(100));
    // Newton's iteration, from an inverse modulo 8 to one modulo 2^96 and more.
    let inverse = (0..5).fold(odd, |inverse: u64, _| {
        inverse.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(inverse)))
    });
    let size = rest.wrapping_mul(inverse);
    sketch.shape = vec![odd, if coin(dice) { size } else { size & u64::from(u32::MAX) }];
    sketch.ndim = 2;
    sketch.original_len = rest;
    follow_len(sketch, dice);
}

/// original_len and payload as the shape has them.
fn follow_shape(sketch: &mut Sketch, dice: &mut SplitMix64) {
    sketch.original_len = sketch.product().0;
    follow_len(sketch, dice);
}

/// The payload as original_len has it, where that is not too long.
fn follow_len(sketch: &mut Sketch, dice: &mut SplitMix64) {
    let len = sketch.payload_len();
    if len <= LARGEST_PAYLOAD {
        resize(sketch, len as usize, dice);
    } else if coin(dice) {
        sketch.payload.clear();
    }
}

/// Repairs everything.
fn make_lawful(sketch: &mut Sketch, dice: &mut SplitMix64) {
    (sketch.magic, sketch.version) = match sketch.format {
        FormatId::KHF1 => (*b"KHF1", 1),
        _ => (*b"KHQ4", 2),
    };
    sketch.shape.truncate(8);
    let (product, whole) = sketch.product();
    let most = match sketch.format {
        FormatId::KHF1 => LARGEST_PAYLOAD / 2,
        _ => LARGEST_PAYLOAD / BYTES as u64 * 32,
    };
    if !whole || product > most {
        sketch.shape = vec![1 + dice.below(most.min(100))];
    }
    sketch.ndim = sketch.shape.len() as u32;
    follow_shape(sketch, dice);
    match sketch.format {
        FormatId::KHF1 => half::repair(&mut sketch.payload),
        _ => block::repair(&mut sketch.payload, block::khq4()),
    }
}

fn swap_header(bytes: &mut [u8], ndim: usize) {
    let (words, rest) = bytes.split_at_mut(bytes.len().min(12));
    words[4..].as_chunks_mut::<4>().0.iter_mut().for_each(|word| word.reverse());
    rest.as_chunks_mut::<8>().0.iter_mut().take(ndim + 1).for_each(|size| size.reverse());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::exact::files::khq4::{Khq4, write};
    use crate::suite::exact::files::{Caller, Container};
    use crate::suite::lawful::Lawful;

    #[test]
    fn what_is_made_lawful_is_accepted() {
        let mut dice = SplitMix64::new(3);
        let mut sketch = Sketch::read(FormatId::KHQ4, &write(&[2, 16], 32, &[1; 20]));
        for _ in 0..500 {
            let broken = file(&sketch.write(), FormatId::KHQ4, &mut dice);
            sketch = Sketch::read(FormatId::KHQ4, &broken);
            make_lawful(&mut sketch, &mut dice);
            let verdict = Khq4.judge(&sketch.write(), &Caller::ANY);
            assert!(!matches!(verdict, Lawful::Refuse(_)), "{sketch:?}: {verdict:?}");
        }
    }

    #[test]
    fn a_header_is_swapped_number_by_number() {
        let mut bytes = write(&[3], 3, &[9; 20]);
        swap_header(&mut bytes, 1);
        assert_eq!(&bytes[..12], b"KHQ4\0\0\0\x02\0\0\0\x01");
        assert_eq!(&bytes[12..28], &[0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 3]);
        assert_eq!(&bytes[28..], &[9; 20]);
    }

    #[test]
    fn a_product_wraps_to_the_length() {
        let mut dice = SplitMix64::new(5);
        let mut sketch = Sketch::read(FormatId::KHQ4, &write(&[2, 16], 32, &[1; 20]));
        let mut wrapped = [0; 2];
        for _ in 0..200 {
            wrapping_product(&mut sketch, &mut dice);
            let [odd, size] = sketch.shape[..] else { panic!("{:?}", sketch.shape) };
            let exact = u128::from(odd) * u128::from(size);
            let len = u128::from(sketch.original_len);
            assert!(exact % (1 << 32) == len || exact % (1 << 64) == len, "{sketch:?}");
            wrapped[0] += usize::from(exact != len && exact % (1 << 64) == len);
            wrapped[1] += usize::from(exact != len && size < 1 << 32);
        }
        assert!(wrapped.iter().all(|&count| count > 50), "{wrapped:?}");
    }

    /// Sizes that are small, negative or nothing in 32 or in 64 bits, or once 31 is added or 20 taken as often.
    #[test]
    fn every_size_at_which_arithmetic_wraps_is_met() {
        use std::collections::BTreeSet;
        let mut dice = SplitMix64::new(7);
        let sound = Sketch::read(FormatId::KHQ4, &write(&[32], 32, &[1; 20]));
        let met: BTreeSet<u64> = (0..6000)
            .filter_map(|_| {
                let mut sketch = sound.clone();
                shape(&mut sketch, &mut dice, false);
                sketch.shape.first().copied()
            })
            .collect();
        let sizes = [
            2_147_483_648,
            4_294_967_296,
            4_294_967_297,
            8_589_934_592,
            288_230_376_151_711_744,
            576_460_752_303_423_488,
            4_611_686_018_427_387_904,
            9_223_372_036_854_775_808,
            9_223_372_036_854_775_840,
            18_446_744_073_709_551_584,
            18_446_744_073_709_551_585,
            18_446_744_073_709_551_615,
        ];
        let missed: Vec<_> = sizes.iter().filter(|size| !met.contains(size)).collect();
        assert!(missed.is_empty(), "{missed:?}");
    }

    /// Every class of header and payload is met in a few thousand mutations of one sound file.
    #[test]
    fn every_class_of_a_file_is_met() {
        use crate::format::Class;
        use std::collections::BTreeSet;
        let mut dice = SplitMix64::new(4);
        let sound =
            write(&[70], 70, &super::super::block::lawful(block::khq4(), &mut dice).repeat(3));
        let mut met = BTreeSet::new();
        for _ in 0..3000 {
            if let Lawful::Refuse(classes) =
                Khq4.judge(&file(&sound, FormatId::KHQ4, &mut dice), &Caller::ANY)
                && classes.len() == 1
            {
                met.extend(classes);
            }
        }
        let alone = [
            Class::Magic,
            Class::LegacyVersion,
            Class::Version,
            Class::TruncatedHeader,
            Class::ShapeMismatch,
            Class::TruncatedPayload,
            Class::TrailingBytes,
            Class::Scale,
            Class::Bias,
        ];
        let missed: Vec<_> = alone.iter().filter(|class| !met.contains(class)).collect();
        assert!(missed.is_empty(), "{missed:?}");
    }
}
