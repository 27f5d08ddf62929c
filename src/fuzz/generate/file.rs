//! Files and saves: sound ones of many shapes, with one fault, with several, and with bytes that were changed; at
//! paths of every kind of name.

use super::blocks::near;
use super::names::component;
use super::weights;
use crate::fuzz::dice::{Sizes, finite_half, log_uniform, not_finite, one_in, pick, place};
use crate::fuzz::mutate;
use crate::fuzz::sketch::Sketch;
use crate::suite::case::{File, Named, Special};
use crate::suite::exact::blocks::Layout;
use crate::suite::exact::files;
use crate::suite::feature::Feature;
use crate::suite::floats::Floats;
use crate::suite::hex::{Bits16, Bytes};
use crate::suite::operation::FormatId;
use crate::suite::question::{Load, Question, Save, Tensor};
use crate::suite::random::SplitMix64;

/// What lies at a path and is no file.
const SPECIAL: [Special; 7] = [
    Special::Missing,
    Special::Directory,
    Special::Fifo,
    Special::Device,
    Special::Socket,
    Special::DanglingSymlink,
    Special::SymlinkToDirectory,
];

/// Numbers that 32 bits, 53 bits or a sign do not hold.
const WIDE: [u64; 10] = [
    (1 << 31) + 1,
    1 << 32,
    (1 << 32) + 3,
    7 << 32,
    (1 << 53) + 1,
    (1 << 54) + 3,
    (1 << 63) - 1,
    (1 << 63) + 1,
    u64::MAX - 30,
    u64::MAX,
];

/// A tensor of a container.
fn tensor(format: FormatId, sizes: Sizes, dice: &mut SplitMix64) -> Tensor {
    let blocks = if one_in(dice, 24) { 0 } else { sizes.blocks(dice) };
    let sketch = sound(format, blocks, dice);
    of_sketch(&sketch)
}

/// The fields of a sound file of so many blocks.
fn sound(format: FormatId, blocks: u64, dice: &mut SplitMix64) -> Sketch {
    let layout = Layout::named(FormatId::KHQ4);
    let count = layout.values(blocks, dice);
    let shape = match count {
        0 => empty_shape(dice),
        _ => loop {
            let shape = weights::shape(count, true, dice);
            if shape.iter().copied().try_fold(1u64, u64::checked_mul) == Some(count) {
                break shape;
            }
        },
    };
    let (magic, version) = if format == FormatId::KHF1 { (*b"KHF1", 1) } else { (*b"KHQ4", 2) };
    let payload = if format == FormatId::KHF1 {
        (0..count).flat_map(|_| finite_half(dice).to_le_bytes()).collect()
    } else {
        layout.payload(blocks, dice)
    };
    let ndim = shape.len() as u32;
    Sketch { format, magic, version, ndim, shape, original_len: count, payload }
}

/// A shape of no values: a zero among sizes of any kind.
fn empty_shape(dice: &mut SplitMix64) -> Vec<u64> {
    let mut shape: Vec<u64> = (0..dice.below(4)).map(|_| any_size(dice)).collect();
    let at = dice.below(shape.len() as u64 + 1) as usize;
    shape.insert(at, 0);
    shape
}

fn any_size(dice: &mut SplitMix64) -> u64 {
    match dice.below(3) {
        0 => pick(dice, &WIDE),
        1 => log_uniform(dice, 62),
        _ => dice.below(5),
    }
}

/// A load.
pub(super) fn load(
    format: FormatId,
    offers: &dyn Fn(Feature) -> bool,
    sizes: Sizes,
    dice: &mut SplitMix64,
) -> Question {
    if one_in(dice, 128) {
        let path = File::Special(pick(dice, &SPECIAL));
        return Question::load(format, path);
    }
    let blocks = if one_in(dice, 24) { 0 } else { sizes.blocks(dice) };
    let sketch = sound(format, blocks, dice);
    let mut expected_shape = None;
    if offers(Feature::ExpectedShape) && one_in(dice, 6) {
        expected_shape = Some(expected(&sketch.shape, dice));
    }
    let bytes = match dice.below(16) {
        0..=4 => sketch.write(),
        5..=8 => one_fault(sketch, dice),
        9..=11 => {
            let mut bytes = sketch.write();
            for _ in 0..=dice.below(2) {
                bytes = mutate::file(&bytes, format, dice);
            }
            bytes
        }
        12 => around(sketch.write(), dice),
        _ => changed(sketch.write(), dice),
    };
    let wide = Sketch::read(format, &bytes).is_wide() || one_in(dice, 16);
    let narrow = offers(Feature::Width32) && wide && one_in(dice, 2);
    let path = named(File::Bytes(Bytes(bytes)), dice);
    Question::Load(Load { format, path, expected_shape, address_width: narrow.then_some(32) })
}

/// The file, now and then under a name that something may take for something else.
fn named(file: File, dice: &mut SplitMix64) -> File {
    if !one_in(dice, 24) {
        return file;
    }
    let name = component(dice);
    if name.is_empty()
        || name.len() > 200
        || name.contains(['/', '\0'])
        || [".", ".."].contains(&&*name)
    {
        return file;
    }
    File::Named(Box::new(Named { name, again: false, file }))
}

/// The shape that a caller requires: the file's own, or one that a careless comparison takes for it.
fn expected(shape: &[u64], dice: &mut SplitMix64) -> Vec<u64> {
    let mut other = shape.to_vec();
    match dice.below(8) {
        0 => other.reverse(),
        1 => drop(other.pop()),
        2 => other.push(1),
        3 => other.insert(0, 1),
        4 => other = vec![shape.iter().fold(1, |product: u64, &size| product.wrapping_mul(size))],
        5 if !other.is_empty() => {
            let at = place(dice, other.len());
            other[at] ^= 1 << dice.below(64);
        }
        _ => {}
    }
    other
}

/// A file with one fault and nothing else that is wrong.
fn one_fault(mut sketch: Sketch, dice: &mut SplitMix64) -> Vec<u8> {
    match dice.below(10) {
        0 => sketch.magic[dice.below(4) as usize] ^= 1 << dice.below(8),
        1 => {
            sketch.version = match dice.below(3) {
                0 => sketch.version ^ 1 << dice.below(32),
                1 => dice.below(256) as u32,
                _ => 1 << dice.below(32),
            };
        }
        2 => {
            sketch.ndim = match dice.below(3) {
                0 => sketch.ndim ^ 1 << dice.below(32),
                1 => sketch.ndim.wrapping_add(1),
                _ => sketch.ndim.wrapping_sub(1),
            };
        }
        3 | 4 if !sketch.shape.is_empty() => {
            let at = place(dice, sketch.shape.len());
            sketch.shape[at] = match dice.below(3) {
                0 => sketch.shape[at] ^ 1 << dice.below(64),
                _ => any_size(dice),
            };
        }
        5 => sketch.original_len = near(sketch.original_len, dice),
        6 => {
            // Fields that agree with one another, and not with the payload.
            let count =
                if one_in(dice, 2) { near(sketch.original_len, dice) } else { pick(dice, &WIDE) };
            (sketch.original_len, sketch.shape, sketch.ndim) = (count, vec![count], 1);
        }
        7 => {
            let len = sketch.payload.len();
            match dice.below(4) {
                0 => sketch.payload.truncate(dice.below(len as u64 + 1) as usize),
                1 => drop(sketch.payload.pop()),
                2 => sketch.payload.push(dice.below(256) as u8),
                _ => sketch.payload.extend(vec![0; 1 + dice.below(64) as usize]),
            }
        }
        _ if sketch.payload.is_empty() => sketch.payload.push(0),
        _ if sketch.format == FormatId::KHF1 => {
            let at = 2 * place(dice, sketch.payload.len() / 2);
            sketch.payload[at..at + 2].copy_from_slice(&not_finite(dice).to_le_bytes());
        }
        _ => Layout::named(FormatId::KHQ4).spoil(&mut sketch.payload, dice),
    }
    sketch.write()
}

/// A file behind or in front of bytes that do not belong to it.
fn around(bytes: Vec<u8>, dice: &mut SplitMix64) -> Vec<u8> {
    const OTHERS: [&[u8]; 8] =
        [b"\n", b"\r\n", b"\0", b"\xef\xbb\xbf", b"\x1f\x8b\x08", b" ", b"GGUF", b"PK\x03\x04"];
    let zeros = |to: usize| vec![0; bytes.len().next_multiple_of(to) - bytes.len()];
    let other = match dice.below(4) {
        0 => vec![0; 1 + dice.below(64) as usize],
        1 => zeros(pick(dice, &[8, 16, 32, 64, 4096])),
        2 => bytes.clone(),
        _ => pick(dice, &OTHERS).to_vec(),
    };
    if one_in(dice, 3) { [other, bytes].concat() } else { [bytes, other].concat() }
}

/// Bytes of which some were changed, dropped, doubled or cut off.
fn changed(mut bytes: Vec<u8>, dice: &mut SplitMix64) -> Vec<u8> {
    for _ in 0..=dice.below(3) {
        if bytes.is_empty() {
            break;
        }
        // Mostly the header.
        let len = if one_in(dice, 3) { bytes.len() } else { bytes.len().min(44) };
        let at = dice.below(len as u64) as usize;
        match dice.below(6) {
            0..=2 => bytes[at] ^= 1 << dice.below(8),
            3 => bytes[at] = dice.next_u64() as u8,
            4 => drop(bytes.remove(at)),
            _ => bytes.truncate(at),
        }
    }
    bytes
}

/// The tensor in the fields of a file.
fn of_sketch(sketch: &Sketch) -> Tensor {
    let Sketch { shape, original_len, payload, .. } = sketch;
    if sketch.format == FormatId::KHF1 {
        let whole = payload.len() / 2 * 2;
        let values =
            Bits16::from_le_bytes(&Bytes(payload[..whole].to_vec())).expect("whole values");
        return Tensor::of_values(shape, Floats::F16(values));
    }
    Tensor::of_blocks(shape, *original_len, payload.clone())
}

/// A save: of a sound tensor in two of three.
pub(super) fn save(format: FormatId, sizes: Sizes, dice: &mut SplitMix64) -> Question {
    let tensor = match dice.below(12) {
        0..=7 => tensor(format, sizes, dice),
        8 | 9 => {
            let sketch = sound(format, sizes.blocks(dice), dice);
            of_sketch(&Sketch::read(format, &one_fault(sketch, dice)))
        }
        _ => {
            let sketch = sound(format, 1 + dice.below(3), dice);
            of_sketch(&Sketch::read(format, &mutate::file(&sketch.write(), format, dice)))
        }
    };
    let path = match dice.below(24) {
        0 => File::Bytes(Bytes(vec![7; log_uniform(dice, 12) as usize])),
        1 => File::Special(pick(dice, &[Special::MissingFolder, Special::Directory])),
        _ => named(File::Special(Special::Missing), dice),
    };
    Question::Save(Save { format, path, tensors: vec![tensor] })
}

/// Of 32 values.
fn plain_tensor(format: FormatId) -> Tensor {
    let payload = match format {
        FormatId::KHF1 => (0..32u16).flat_map(|at| (0x3c00 + 16 * at).to_le_bytes()).collect(),
        _ => Layout::named(FormatId::KHQ4).plain(&mut SplitMix64::new(2)),
    };
    let (magic, version, ndim) = ([0; 4], 0, 1);
    of_sketch(&Sketch { format, magic, version, ndim, shape: vec![32], original_len: 32, payload })
}

pub(super) fn plain_load(format: FormatId) -> Question {
    let container = files::named(format).expect("a container");
    let bytes = container.write(&[plain_tensor(format)]).expect("a tensor that it stores");
    Question::load(format, File::Bytes(Bytes(bytes)))
}

pub(super) fn plain_save(format: FormatId) -> Question {
    Question::save(format, plain_tensor(format))
}
