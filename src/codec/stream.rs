//! f32 to blocks where the values come in pieces (SPEC ENC-S6): blocks as [`encode`] makes them of
//! all values at once, in memory that does not grow with the tensor.
//!
//! [`encode`]: super::encode()

use super::{BLOCK_WEIGHTS, Block, EncodeError, Mode, encode_block};

/// Encodes a flat tensor that comes in pieces of any length.
///
/// ```
/// use q4proof::codec::{Encoder, Mode, encode};
///
/// let values: Vec<f32> = (0..40).map(|value| value as f32).collect();
/// let mut encoder = Encoder::new(Mode::Asymmetric);
/// let mut blocks = Vec::new();
/// encoder.push(&values[..37], &mut blocks)?;
/// encoder.push(&values[37..], &mut blocks)?;
/// encoder.finish(&mut blocks)?;
/// assert_eq!(blocks, encode(&values, Mode::Asymmetric)?);
/// # Ok::<(), q4proof::codec::EncodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Encoder {
    mode: Mode,
    /// The beginning of a block whose end has not come.
    begun: Vec<f32>,
    /// Blocks that are done.
    done: usize,
}

impl Encoder {
    /// Before the first value of a tensor.
    pub fn new(mode: Mode) -> Self {
        Self { mode, begun: Vec::with_capacity(BLOCK_WEIGHTS), done: 0 }
    }

    /// Takes the next values, and appends the blocks that they complete to `blocks`.
    ///
    /// # Errors
    ///
    /// As [`encode`](super::encode()), with the index in the tensor; the tensor has no encoding then.
    pub fn push(&mut self, values: &[f32], blocks: &mut Vec<Block>) -> Result<(), EncodeError> {
        let mut rest = values;
        if !self.begun.is_empty() {
            let (first, behind) = rest.split_at(rest.len().min(BLOCK_WEIGHTS - self.begun.len()));
            self.begun.extend_from_slice(first);
            rest = behind;
            if self.begun.len() < BLOCK_WEIGHTS {
                return Ok(());
            }
            self.complete_begun(blocks)?;
        }
        let (whole, begun) = rest.as_chunks::<BLOCK_WEIGHTS>();
        self.begun.extend_from_slice(begun);
        for values in whole {
            blocks.push(self.block(values)?);
        }
        Ok(())
    }

    /// Appends the last block, where it is partial.
    ///
    /// # Errors
    ///
    /// As [`Encoder::push`].
    pub fn finish(mut self, blocks: &mut Vec<Block>) -> Result<(), EncodeError> {
        if self.begun.is_empty() { Ok(()) } else { self.complete_begun(blocks) }
    }

    fn complete_begun(&mut self, blocks: &mut Vec<Block>) -> Result<(), EncodeError> {
        let values = std::mem::take(&mut self.begun);
        blocks.push(self.block(&values)?);
        Ok(())
    }

    fn block(&mut self, values: &[f32]) -> Result<Block, EncodeError> {
        let block = encode_block(values, self.mode).map_err(|error| error.in_block(self.done))?;
        self.done += 1;
        Ok(block)
    }
}
