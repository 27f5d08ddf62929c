//! What readers and writers of rows of whole blocks look at before the blocks, with a switch at each guard.

use super::refusal;
use crate::format::Class;
use crate::suite::answer::Refusal;

/// The guards that a format's reader and writer lack, or have too many.
pub(super) struct Rows {
    /// Weights of a block.
    pub weights: usize,
    /// Values that are not whole blocks pass.
    pub partial_accepted: bool,
    /// No values are refused.
    pub empty_refused: bool,
    /// The number of a payload's bytes is not looked at.
    pub extent_unchecked: bool,
    /// The shape is not looked at.
    pub shape_unchecked: bool,
    /// Each row is filled up to whole blocks.
    pub padded: bool,
}

impl Rows {
    /// A payload of `len` values in blocks of `bytes` bytes.
    pub(super) fn check_payload(
        &self,
        payload: &[u8],
        len: u64,
        bytes: usize,
    ) -> Result<(), Refusal> {
        let weights = self.weights as u64;
        if !len.is_multiple_of(weights) && !self.partial_accepted {
            return Err(refusal(Class::Shape, format!("{len} values are not whole blocks")));
        }
        if len == 0 && self.empty_refused {
            return Err(refusal(Class::Shape, "no values"));
        }
        let expected = u128::from(len.div_ceil(weights)) * bytes as u128;
        let found = payload.len() as u128;
        if found != expected && !self.extent_unchecked {
            let class =
                if found < expected { Class::TruncatedPayload } else { Class::TrailingBytes };
            return Err(refusal(class, format!("{found} bytes of blocks, not {expected}")));
        }
        Ok(())
    }

    /// The blocks of values, laid over the flat tensor.
    pub(super) fn blocks<'a>(
        &self,
        shape: &[u64],
        values: &'a [f32],
    ) -> Result<Vec<&'a [f32]>, Refusal> {
        let product = shape.iter().try_fold(1u64, |product, &size| product.checked_mul(size));
        if product != Some(values.len() as u64) && !self.shape_unchecked {
            let class = if product.is_none() { Class::Overflow } else { Class::ShapeMismatch };
            return Err(refusal(class, format!("{} values", values.len())));
        }
        if values.is_empty() && self.empty_refused {
            return Err(refusal(Class::Shape, "no values"));
        }
        if !values.len().is_multiple_of(self.weights) && !self.partial_accepted {
            return Err(refusal(Class::Shape, format!("{} values", values.len())));
        }
        let row = match shape.last() {
            Some(&columns @ 1..) if self.padded => columns as usize,
            _ => self.weights,
        };
        Ok(values.chunks(row).flat_map(|row| row.chunks(self.weights)).collect())
    }
}
