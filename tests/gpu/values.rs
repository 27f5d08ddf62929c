//! What a device has to compute, in checks that say what is wrong: the tests ask them of this crate's own
//! kernels, and of kernels with a fault.

use half::f16;
use q4proof::codec::{BLOCK_WEIGHTS, Block, decode};
use q4proof::gpu::{Device, GpuError};
use q4proof::suite::exact;
use q4proof::suite::exact::product::Product;
use q4proof::suite::random::SplitMix64;
use zerocopy::IntoBytes;

use crate::device;

/// A block of random nibbles.
pub fn block(random: &mut SplitMix64, scale: u16, bias: u16) -> Block {
    let nibbles = std::array::from_fn(|_| random.below(16) as u8);
    Block::new(f16::from_bits(scale), f16::from_bits(bias), &nibbles)
}

/// Lawful blocks: scales and biases of any finite pattern but the zeros that no scale is.
pub fn blocks(seed: u64, count: usize) -> Vec<Block> {
    let random = &mut SplitMix64::new(seed);
    let mut finite = |zero: bool| loop {
        let bits = random.next_u64() as u16;
        if bits & 0x7c00 != 0x7c00 && (zero || bits & 0x7fff != 0) {
            break bits;
        }
    };
    let pairs: Vec<_> = (0..count).map(|_| (finite(false), finite(true))).collect();
    pairs.into_iter().map(|(scale, bias)| block(random, scale, bias)).collect()
}

/// Blocks of weights between -1 and 1, so that no sum is all one term.
pub fn tame_blocks(seed: u64, count: usize) -> Vec<Block> {
    let random = &mut SplitMix64::new(seed);
    (0..count)
        .map(|_| {
            let scale = f16::from_f32(random.signed_unit() / 16.0 + 0.07).to_bits();
            let bias = f16::from_f32(random.signed_unit()).to_bits();
            block(random, scale, bias)
        })
        .collect()
}

/// The blocks of a matrix.
pub fn matrix(seed: u64, rows: usize, columns: usize) -> Vec<Block> {
    tame_blocks(seed, (rows * columns).div_ceil(BLOCK_WEIGHTS))
}

/// Vectors, one behind the other.
pub fn vectors(seed: u64, len: usize) -> Vec<f32> {
    let random = &mut SplitMix64::new(seed);
    (0..len).map(|_| random.signed_unit()).collect()
}

/// Every scale and every bias there is among finite f16, each with others of each class: zeros, the least
/// and the greatest subnormals, the least and the greatest normal numbers, of either sign.
fn every_pattern() -> Vec<Block> {
    const CLASSES: [u16; 7] = [0x0000, 0x0001, 0x03ff, 0x0400, 0x3c00, 0x5555, 0x7bff];
    let random = &mut SplitMix64::new(16);
    let mut all = Vec::new();
    for bits in (0..=u16::MAX).filter(|bits| bits & 0x7c00 != 0x7c00) {
        let [of_bias, of_scale] = [0, 1].map(|first| {
            let class = first + all.len() % (CLASSES.len() - first);
            CLASSES[class] | (random.next_u64() as u16 & 0x8000)
        });
        if bits & 0x7fff != 0 {
            all.push(block(random, bits, of_bias));
        }
        all.push(block(random, of_scale, bits));
    }
    all
}

fn same_bits(what: &str, found: &[f32], expected: &[u32]) -> Result<(), String> {
    let differs = |(_, (found, expected)): &(usize, (&f32, &u32))| found.to_bits() != **expected;
    match found.iter().zip(expected).enumerate().find(differs) {
        Some((index, (found, expected))) => Err(format!(
            "{what}: value {index} is {:08x}, expected {expected:08x}",
            found.to_bits()
        )),
        None if found.len() == expected.len() => Ok(()),
        None => Err(format!("{what}: {} values, expected {}", found.len(), expected.len())),
    }
}

/// Decoding, judged by the exact evaluator.
pub fn decodes(device: &Device, blocks: &[Block], len: usize) -> Result<(), String> {
    let found = device.decode(blocks, len).map_err(in_words)?;
    same_bits("decode", &found, &exact::decode(blocks.as_bytes(), len))
}

/// A product, judged by DOT-1, and each row, judged by the exact evaluator.
pub fn multiplies(
    device: &Device,
    rows: usize,
    columns: usize,
    count: usize,
) -> Result<(), String> {
    let what = format!("{rows} rows of {columns} times {count} vectors");
    let blocks = matrix(rows as u64 + 7, rows, columns);
    let x = vectors(columns as u64, count * columns);
    let matrix = device.upload("W", &blocks, rows, columns).map_err(in_words)?;
    let found = matrix.multiply(&x, count).map_err(in_words)?;
    let bits: Vec<u32> = x.iter().map(|value| value.to_bits()).collect();
    let product = Product { rows, columns, blocks: blocks.as_bytes(), x: &bits };
    let given: Vec<u32> = found.iter().map(|value| value.to_bits()).collect();
    let margin = product.margin(&given).ok_or_else(|| format!("{what}: no such product"))?;
    if !margin.acceptable {
        return Err(format!(
            "{what}: value {} errs {:.1} times the bound",
            margin.index, margin.share
        ));
    }
    let weights = exact::decode(blocks.as_bytes(), rows * columns);
    for row in [0, rows / 2, rows - 1] {
        let found = matrix.row(row).map_err(in_words)?;
        same_bits(&format!("row {row} of {what}"), &found, &weights[row * columns..][..columns])?;
    }
    Ok(())
}

/// A product with one value each: just that column of the weights, however many rows there are.
pub fn picks_a_column(device: &Device, rows: usize, count: usize) -> Result<(), String> {
    const COLUMNS: usize = 32;
    let blocks = matrix(3, rows, COLUMNS);
    let mut weights = vec![0.0; rows * COLUMNS];
    decode(&blocks, &mut weights);
    let mut x = vec![0.0; count * COLUMNS];
    let picked: Vec<usize> = (0..count).map(|vector| (5 * vector + 2) % COLUMNS).collect();
    for (vector, column) in picked.iter().enumerate() {
        x[vector * COLUMNS + column] = 2.0;
    }
    let matrix = device.upload("W", &blocks, rows, COLUMNS).map_err(in_words)?;
    let found = matrix.multiply(&x, count).map_err(in_words)?;
    let expected: Vec<u32> = picked
        .iter()
        .flat_map(|column| weights.iter().skip(*column).step_by(COLUMNS))
        .map(|weight| (weight * 2.0).to_bits())
        .collect();
    same_bits(&format!("{rows} rows times {count} single values"), &found, &expected)
}

/// A block without values decodes to no number that looks like a weight.
pub fn shows_infinities(device: &Device) -> Result<(), String> {
    let random = &mut SplitMix64::new(1);
    for (scale, bias) in [(0x7c00, 0x3c00), (0x3c00, 0x7c00), (0x3c00, 0xfc00), (0x3c00, 0x7e00)] {
        let nibbles = std::array::from_fn(|_| 1 + random.below(15) as u8);
        let block = Block::new(f16::from_bits(scale), f16::from_bits(bias), &nibbles);
        let found = device.decode(&[block], BLOCK_WEIGHTS).map_err(in_words)?;
        if let Some(value) = found.iter().find(|value| value.is_finite()) {
            return Err(format!("scale {scale:04x}, bias {bias:04x}: {value}"));
        }
    }
    Ok(())
}

/// All of it in small.
pub fn all(device: &Device) -> Result<(), String> {
    let few = every_pattern().into_iter().step_by(97).collect::<Vec<_>>();
    decodes(device, &few, few.len() * BLOCK_WEIGHTS)?;
    decodes(device, &blocks(2, 3), 70)?;
    shows_infinities(device)?;
    for (rows, columns, count) in [
        (1, 32, 1),
        (1, 1, 1),
        (7, 2080, 1),
        (33, 100, 1),
        (65, 31, 1),
        (3, 64, 2),
        (7, 2080, 4),
        (33, 100, 5),
        (9, 33, 7),
    ] {
        multiplies(device, rows, columns, count)?;
    }
    picks_a_column(device, 65_537, 1)?;
    picks_a_column(device, 65_537, 3)
}

fn in_words(error: GpuError) -> String {
    error.to_string()
}

#[test]
fn decoding_is_exact_for_every_scale_and_every_bias() {
    let all = every_pattern();
    assert_eq!(all.len(), 2 * 63_488 - 2);
    assert_eq!(decodes(&device(), &all, all.len() * BLOCK_WEIGHTS), Ok(()));
}

#[test]
fn random_blocks_decode_exactly() {
    let device = device();
    for seed in 0..4 {
        let blocks = blocks(seed, 5000);
        assert_eq!(decodes(&device, &blocks, blocks.len() * BLOCK_WEIGHTS - seed as usize), Ok(()));
    }
}

#[test]
fn everything_in_small() {
    assert_eq!(all(&device()), Ok(()));
}
