//! Sizes: on both sides of each power of two, beyond 16 bits, on both sides of a page; and many dimensions.

use super::content::{
    WEIGHTS, beyond_16_bits, block_counts, floats, format, payload, values, weights,
};
use super::numbers::{load_of, save_of};
use super::values::of_bits;
use crate::suite::floats::Float;
use crate::suite::hex::Bytes;
use crate::suite::operation::FormatId;
use crate::suite::question::{Decode, Encode, Question, Tensor};

/// The sizes of a question about blocks or files, in order.
pub(super) fn sizes(of: &Question) -> Vec<Question> {
    let last = match of {
        // What is not longer than a request's own values.
        Question::Encode(_) | Question::Decode(_) | Question::Load(_) | Question::Save(_) => {
            Some(beyond_16_bits(of))
        }
        _ => None,
    };
    let counts = block_counts(of).into_iter().chain(last).map(|blocks| count(of, blocks));
    counts.filter_map(|count| sized(of, count)).collect()
}

/// The values of that many blocks: with a partial last one where the format has that, and there are an odd
/// number of blocks.
pub(super) fn count(of: &Question, blocks: usize) -> usize {
    match of.format() {
        FormatId::KHQ4 | FormatId::KHF1 if blocks % 2 == 1 => blocks * WEIGHTS - 1 - blocks % 31,
        _ => blocks * weights(of),
    }
}

/// A last block of each number of values, behind whole blocks; and such behind a whole block that is the last one
/// with zeros in place of the padding.
pub(super) fn tails(of: &Question) -> Vec<Question> {
    let plain = (1..WEIGHTS).filter_map(|rest| sized(of, 2 * WEIGHTS + rest));
    let padded = [3, 17, 31].into_iter().filter_map(|rest| {
        let Question::Encode(encode) = of else { return None };
        let float = encode.values.float();
        // Above zero, so that the zeros behind them are the least of the block.
        let tail = floats(float, (0..rest).map(|at| 5.0 + at as f32)).bits();
        let whole = tail.iter().copied().chain(std::iter::repeat_n(0, WEIGHTS - rest));
        let values = of_bits(float, whole.chain(tail.iter().copied()));
        let shape = vec![values.len() as u64];
        Some(Question::Encode(Encode { shape, values, ..encode.clone() }))
    });
    plain.chain(padded).collect()
}

/// The question with that many values.
pub(super) fn sized(of: &Question, count: usize) -> Option<Question> {
    let shape = [count as u64];
    match of {
        Question::Decode(decode) => {
            let blocks = payload(format(decode.format), count.div_ceil(weights(of)));
            let original_len = count as u64;
            Some(Question::Decode(Decode { blocks: Bytes(blocks), original_len, ..decode.clone() }))
        }
        Question::Encode(encode) => {
            let values = values(encode.values.float(), count);
            Some(Question::Encode(Encode { shape: shape.to_vec(), values, ..encode.clone() }))
        }
        Question::Load(load) => Some(load_of(load, tensor(load.format, &shape))),
        Question::Save(save) => Some(save_of(save, tensor(save.format, &shape))),
        _ => None,
    }
}

/// A plain tensor of a container.
pub(super) fn tensor(id: FormatId, shape: &[u64]) -> Tensor {
    let count: u64 = shape.iter().product();
    match id {
        FormatId::KHF1 => Tensor::of_values(shape, values(Float::F16, count as usize)),
        _ => {
            let blocks = payload(format(FormatId::KHQ4), count.div_ceil(32) as usize);
            Tensor::of_blocks(shape, count, blocks)
        }
    }
}

/// Numbers of dimensions: around what a fixed array, a byte and a page of them hold.
const DIMENSIONS: [usize; 13] = [5, 8, 9, 16, 17, 32, 33, 64, 255, 256, 1023, 4096, 65536];

/// Lengths of files, in bytes, that a buffer or a page may have.
const PAGES: [u64; 4] = [4 << 10, 8 << 10, 64 << 10, 1 << 20];

/// Files of many dimensions, and those on both sides of a page.
pub(super) fn dimensions(of: &Question) -> Vec<Question> {
    let id = of.format();
    let (size, weights) = if id == FormatId::KHF1 { (2, 1) } else { (20, 32) };
    let many = DIMENSIONS.into_iter().map(|count| {
        let mut shape = vec![1; count];
        shape[0] = 3;
        shape[count / 2] = 7;
        shape[count - 1] = 5;
        shape
    });
    let pages = PAGES.into_iter().flat_map(|page| {
        // A header of one dimension has 28 bytes.
        let below = (page - 28) / size;
        [below - 1, below, below + 1, below + 2].map(|units| vec![units * weights])
    });
    // Whole pages: the length of the file is a multiple of them.
    let whole = (1..64u64).filter(|pages| (4096 * pages - 28) % size == 0);
    let pages = pages.chain(whole.map(|pages| vec![(4096 * pages - 28) / size * weights]));
    let ask = |shape: Vec<u64>| match of {
        Question::Load(load) => Some(load_of(load, tensor(id, &shape))),
        Question::Save(save) => Some(save_of(save, tensor(id, &shape))),
        Question::Encode(encode) => {
            // The last dimension is whole blocks, as some formats ask for that.
            let shape = [&shape[..shape.len() - 1], &[32]].concat();
            let count: u64 = shape.iter().product();
            let values = values(encode.values.float(), count as usize);
            Some(Question::Encode(Encode { shape, values, ..encode.clone() }))
        }
        _ => None,
    };
    let pages = pages.filter(|_| !matches!(of, Question::Encode(_)));
    many.chain(pages).filter_map(ask).collect()
}
