//! One block: 32 weights in 20 bytes (SPEC BLK-1, BLK-2).

use half::f16;
use zerocopy::byteorder::{LittleEndian, U16};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Weights in a block.
pub const BLOCK_WEIGHTS: usize = 32;

/// 2^23: the least f32 from which on all are integers.
pub(super) const WITHOUT_FRACTION: f32 = 8_388_608.0;

/// Bytes of a block: scale, bias and sixteen bytes of nibbles.
pub const BLOCK_BYTES: usize = 20;

const _: () = assert!(size_of::<Block>() == BLOCK_BYTES && align_of::<Block>() == 1);

/// A block exactly as it lies in a file, so that a mapped payload is a `&[Block]` without a copy.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct Block {
    scale: U16<LittleEndian>,
    bias: U16<LittleEndian>,
    pairs: [u8; BLOCK_WEIGHTS / 2],
}

impl Block {
    /// Packs 32 nibbles, each 0 to 15, in sequential pairs: `byte[b] = q[2b] | q[2b+1] << 4`.
    pub fn new(scale: f16, bias: f16, nibbles: &[u8; BLOCK_WEIGHTS]) -> Self {
        let mut pairs = [0; BLOCK_WEIGHTS / 2];
        for (byte, pair) in pairs.iter_mut().zip(nibbles.as_chunks::<2>().0.iter()) {
            *byte = (pair[0] & 0x0f) | (pair[1] << 4);
        }
        Self { scale: U16::new(scale.to_bits()), bias: U16::new(bias.to_bits()), pairs }
    }

    /// The step between neighbouring nibble values.
    pub fn scale(&self) -> f16 {
        f16::from_bits(self.scale.get())
    }

    /// The value of nibble 0.
    pub fn bias(&self) -> f16 {
        f16::from_bits(self.bias.get())
    }

    /// The sixteen bytes of nibbles: an even weight in the lower half, the next in the upper.
    pub fn pairs(&self) -> [u8; BLOCK_WEIGHTS / 2] {
        self.pairs
    }

    /// The 32 nibbles in the order of their weights.
    pub fn nibbles(&self) -> [u8; BLOCK_WEIGHTS] {
        let mut nibbles = [0; BLOCK_WEIGHTS];
        for (pair, byte) in nibbles.as_chunks_mut::<2>().0.iter_mut().zip(self.pairs()) {
            pair[0] = byte & 0x0f;
            pair[1] = byte >> 4;
        }
        nibbles
    }
}

/// Blocks that `weights` values take: ceil(weights / 32), by a division that cannot wrap (BLK-3).
pub fn block_count(weights: u64) -> u64 {
    weights.div_ceil(BLOCK_WEIGHTS as u64)
}
