//! Blocks of ggml's packed formats from their parts, weight by weight: what the layouts of SPEC section 14 say, turned
//! round.

/// What a block is made from; each number of a weight or a sub-block is asked by its index.
pub(super) struct Parts<'a> {
    /// f16 bits: the scale, and the minimum or the scale of the minima.
    pub numbers: [u16; 2],
    /// The bits of the scale of a sub-block.
    pub scale: &'a dyn Fn(usize) -> u8,
    /// The bits of the minimum of a sub-block.
    pub minimum: &'a dyn Fn(usize) -> u8,
    /// The code of a weight.
    pub code: &'a dyn Fn(usize) -> u8,
}

impl Parts<'_> {
    fn number(&self, index: usize) -> [u8; 2] {
        self.numbers[index].to_le_bytes()
    }

    /// Sixteen bytes of the low four bits of 32 codes from `first` on, in split halves.
    fn split(&self, first: usize) -> Vec<u8> {
        let low = |at: usize| (self.code)(first + at) & 15;
        (0..16).map(|at| low(at) | low(at + 16) << 4).collect()
    }
}

/// Q50-1 and Q51-1: so many numbers, the fifth bits, the others.
fn q5(parts: &Parts<'_>, numbers: usize) -> Vec<u8> {
    let fifth = (0..32).fold(0u32, |bits, at| bits | u32::from((parts.code)(at) >> 4) << at);
    let mut block: Vec<u8> = (0..numbers).flat_map(|index| parts.number(index)).collect();
    block.extend(fifth.to_le_bytes());
    block.extend(parts.split(0));
    block
}

pub(super) fn q5_0(parts: &Parts<'_>) -> Vec<u8> {
    q5(parts, 1)
}

pub(super) fn q5_1(parts: &Parts<'_>) -> Vec<u8> {
    q5(parts, 2)
}

/// Q4K-1: two numbers, twelve bytes of six-bit scales and minima.
fn k_header(parts: &Parts<'_>) -> Vec<u8> {
    let mut packed = [0u8; 12];
    for j in 0..4 {
        let [scale, minimum] = [(parts.scale)(j), (parts.minimum)(j)];
        let [later_scale, later_minimum] = [(parts.scale)(j + 4), (parts.minimum)(j + 4)];
        packed[j] = scale | later_scale >> 4 << 6;
        packed[j + 4] = minimum | later_minimum >> 4 << 6;
        packed[j + 8] = later_scale & 15 | later_minimum << 4;
    }
    [&parts.number(0)[..], &parts.number(1), &packed].concat()
}

/// 128 bytes of the low four bits of codes: 32 in the low nibbles of a run, the next 32 in its high ones.
fn k_nibbles(parts: &Parts<'_>) -> impl Iterator<Item = u8> {
    (0..128).map(|at| {
        let first = at / 32 * 64 + at % 32;
        (parts.code)(first) & 15 | (parts.code)(first + 32) << 4
    })
}

pub(super) fn q4_k(parts: &Parts<'_>) -> Vec<u8> {
    k_header(parts).into_iter().chain(k_nibbles(parts)).collect()
}

/// Q5K-1.
pub(super) fn q5_k(parts: &Parts<'_>) -> Vec<u8> {
    let fifth =
        |at: usize| (0..8).fold(0, |bits, j| bits | ((parts.code)(32 * j + at) >> 4 & 1) << j);
    k_header(parts).into_iter().chain((0..32).map(fifth)).chain(k_nibbles(parts)).collect()
}

/// Q6K-1.
pub(super) fn q6_k(parts: &Parts<'_>) -> Vec<u8> {
    let mut block = vec![0u8; 208];
    for index in 0..256 {
        let (half, group, at) = (index / 128, index / 32 % 4, index % 32);
        let code = (parts.code)(index);
        block[64 * half + 32 * (group % 2) + at] |= (code & 15) << (4 * (group / 2));
        block[128 + 32 * half + at] |= (code >> 4) << (2 * group);
    }
    (0..16).for_each(|j| block[192 + j] = (parts.scale)(j));
    block.extend(parts.number(0));
    block
}

/// NL-1.
pub(super) fn iq4_nl(parts: &Parts<'_>) -> Vec<u8> {
    [&parts.number(0)[..], &parts.split(0)].concat()
}

/// XS-1: the scale of a sub-block is of six bits, 32 more than it stands for.
pub(super) fn iq4_xs(parts: &Parts<'_>) -> Vec<u8> {
    let high = (0..8).fold(0u16, |bits, j| bits | u16::from((parts.scale)(j) >> 4) << (2 * j));
    let low = (0..4).map(|at| (parts.scale)(2 * at) & 15 | (parts.scale)(2 * at + 1) << 4);
    let header = parts.number(0).into_iter().chain(high.to_le_bytes()).chain(low);
    header.chain((0..8).flat_map(|j| parts.split(32 * j))).collect()
}

/// MX-1.
pub(super) fn mxfp4(parts: &Parts<'_>) -> Vec<u8> {
    [&[(parts.scale)(0)][..], &parts.split(0)].concat()
}

/// NV-1: eight bytes for a group of sixteen weights.
pub(super) fn nvfp4(parts: &Parts<'_>) -> Vec<u8> {
    let pair = |at: usize| {
        let first = at / 8 * 16 + at % 8;
        (parts.code)(first) | (parts.code)(first + 8) << 4
    };
    (0..4).map(parts.scale).chain((0..32).map(pair)).collect()
}
