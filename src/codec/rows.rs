//! The block formats whose rows are whole blocks, as plain functions of one block; and the registry of
//! them. KHQ4, whose last block may be partial, is not among them.

use super::{mlx, q4_0, q4_1, q8_0};

/// Every such format.
pub const ROW_FORMATS: &[&RowFormat] = &[&q4_0::FORMAT, &q4_1::FORMAT, &q8_0::FORMAT, &mlx::FORMAT];

/// The weights of one block, into as many floats.
pub type DecodeBlock = fn(&[u8], &mut [f32]);

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
    /// The bytes of one block of `weights` floats, behind those that are there.
    pub encode: fn(&[f32], &mut Vec<u8>),
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

    /// The bytes of values that are whole blocks.
    ///
    /// # Panics
    ///
    /// Where they are not.
    pub fn encode(&self, values: &[f32]) -> Vec<u8> {
        assert!(values.len().is_multiple_of(self.weights), "whole blocks");
        let mut bytes = Vec::with_capacity(values.len() / self.weights * self.bytes);
        values.chunks(self.weights).for_each(|block| (self.encode)(block, &mut bytes));
        bytes
    }
}
