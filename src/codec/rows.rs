//! The block formats whose rows are whole blocks, as plain functions of one block; and the registry of
//! them. KHQ4, whose last block may be partial, is not among them.

use super::{iq4, mlx, mxfp4, nvfp4, q4_0, q4_1, q4_k, q5, q6_k, q8_0};

/// Every such format.
pub const ROW_FORMATS: &[&RowFormat] = &[
    &q4_0::FORMAT,
    &q4_1::FORMAT,
    &q5::Q5_0,
    &q5::Q5_1,
    &q8_0::FORMAT,
    &q4_k::Q4_K,
    &q4_k::Q5_K,
    &q6_k::FORMAT,
    &iq4::IQ4_NL,
    &iq4::IQ4_XS,
    &mxfp4::FORMAT,
    &nvfp4::FORMAT,
    &mlx::FORMAT,
];

/// The weights of one block, into as many floats.
pub type DecodeBlock = fn(&[u8], &mut [f32]);

/// The bytes of one block of floats, behind those that are there.
pub type EncodeBlock = fn(&[f32], &mut Vec<u8>);

/// A block format whose rows are whole blocks.
pub struct RowFormat {
    /// Its name, as FORMATS have it on the wire.
    pub id: &'static str,
    /// Weights of a block.
    pub weights: usize,
    /// Bytes of a block.
    pub bytes: usize,
    /// What its encoder takes.
    pub source: SourceFloat,
    /// The weights of one block, where there is a decoder: from `bytes` bytes to `weights` floats.
    pub decode: Option<DecodeBlock>,
    /// The bytes of one block of `weights` floats, behind those that are there, where there is an encoder.
    pub encode: Option<EncodeBlock>,
}

/// The type of an encoder's source values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceFloat {
    /// Half precision, widened exactly.
    F16,
    /// Single precision.
    F32,
}

impl RowFormat {
    /// A format with a decoder alone.
    pub const fn decoded(
        id: &'static str,
        weights: usize,
        bytes: usize,
        decode: DecodeBlock,
    ) -> Self {
        let source = SourceFloat::F32;
        Self { id, weights, bytes, source, decode: Some(decode), encode: None }
    }

    /// The format of that name.
    pub fn named(id: &str) -> Option<&'static Self> {
        ROW_FORMATS.iter().copied().find(|format| format.id == id)
    }

    /// The weights of whole blocks; `None` where there is no decoder.
    ///
    /// # Panics
    ///
    /// Where `blocks` are not whole.
    pub fn decode(&self, blocks: &[u8]) -> Option<Vec<f32>> {
        let decode = self.decode?;
        assert!(blocks.len().is_multiple_of(self.bytes), "whole blocks");
        let mut values = vec![0.0; blocks.len() / self.bytes * self.weights];
        let pairs = blocks.chunks(self.bytes).zip(values.chunks_mut(self.weights));
        pairs.for_each(|(block, weights)| decode(block, weights));
        Some(values)
    }

    /// The bytes of values that are whole blocks; `None` where there is no encoder.
    ///
    /// # Panics
    ///
    /// Where they are not.
    pub fn encode(&self, values: &[f32]) -> Option<Vec<u8>> {
        let encode = self.encode?;
        assert!(values.len().is_multiple_of(self.weights), "whole blocks");
        let mut bytes = Vec::with_capacity(values.len() / self.weights * self.bytes);
        values.chunks(self.weights).for_each(|block| encode(block, &mut bytes));
        Some(bytes)
    }
}

/// Splits the floats of a block of nibbles: those of the low ones, and those of the high ones.
pub(super) fn halves(weights: &mut [f32]) -> impl Iterator<Item = (&mut f32, &mut f32)> {
    let (low, high) = weights.split_at_mut(weights.len() / 2);
    low.iter_mut().zip(high)
}

/// The f16 that begins at a byte, widened.
pub(super) fn half_at(block: &[u8], at: usize) -> f32 {
    half::f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}
