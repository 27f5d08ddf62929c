//! Decoding, encoding and products by a library: the arrays of a question as C has them, and what comes back.

use std::ffi::{CStr, CString, c_void};
use std::ptr;

use super::buffer::Guarded;
use super::values::{Values, c_name};
use super::{Call, Library};
use crate::subject::Response;
use crate::suite::answer::Encoded;
use crate::suite::exact::blocks::{self, Geometry};
use crate::suite::floats::{Float, Floats};
use crate::suite::hex::{Bits, Bits16};
use crate::suite::operation::FormatId;
use crate::suite::question::{Decode, Encode, Matmul};

/// The size of a block of `format`; `None` where that has no blocks.
fn geometry(format: FormatId) -> Option<Geometry> {
    Some(blocks::named(format)?.description().geometry)
}

/// How many values `bytes` can hold at most: what a question claims beyond that is not allocated.
fn held(geometry: Geometry, bytes: usize) -> usize {
    (bytes / geometry.bytes).saturating_mul(geometry.weights)
}

/// The smaller one of a claim and what there is.
fn bounded(claimed: u64, there: usize) -> usize {
    usize::try_from(claimed).map_or(there, |claimed| claimed.min(there))
}

impl Library {
    pub(super) fn decoded(&self, question: &Decode) -> Response<Floats> {
        let Decode { format, blocks, tensor_scale: None, original_len, to } = question else {
            return Response::Unsupported;
        };
        let Some(geometry) = geometry(*format) else { return Response::Unsupported };
        let room = bounded(*original_len, held(geometry, blocks.0.len()));
        match to.unwrap_or(Float::F32) {
            Float::F32 => {
                let decoded = self.decode_to::<u32>(question, c"f32", room);
                decoded.map(|bits| Floats::F32(Bits(bits)))
            }
            Float::F16 => {
                let decoded = self.decode_to::<u16>(question, c"f16", room);
                decoded.map(|bits| Floats::F16(Bits16(bits)))
            }
            Float::Bf16 | Float::F64 => Response::Unsupported,
        }
    }

    #[allow(unsafe_code, reason = "a call of a C function; argued below")]
    fn decode_to<T: super::buffer::Filling>(
        &self,
        question: &Decode,
        float: &CStr,
        room: usize,
    ) -> Response<Vec<T>> {
        let Some(decode) = self.functions.decode else { return Response::Unsupported };
        let format = c_name(question.format);
        let blocks: Box<[u8]> = question.blocks.0.as_slice().into();
        let mut values = Guarded::<T>::new(room, self.has_guards);
        let mut call = Call::new(self, "q4proof_decode");
        // SAFETY: each pointer leads to as many elements as the number behind it says, and the texts end with a zero
        // byte. All of them live until the call is over. The function is what q4proof.h declares.
        let code = unsafe {
            decode(
                format.as_ptr(),
                blocks.as_ptr(),
                blocks.len(),
                question.original_len,
                float.as_ptr(),
                values.as_mut_ptr().cast::<c_void>(),
                room,
                call.error(),
                call.error_len(),
            )
        };
        let written = values.written("q4proof_decode", "values");
        call.response(code, || written.to_vec())
    }

    #[allow(unsafe_code, reason = "a call of a C function; argued below")]
    pub(super) fn encoded(&self, question: &Encode) -> Response<Encoded> {
        const NAME: &str = "q4proof_encode";
        let (Some(encode), Some(geometry)) = (self.functions.encode, geometry(question.format))
        else {
            return Response::Unsupported;
        };
        let format = c_name(question.format);
        let mode = question.mode.and_then(|mode| CString::new(mode.name()).ok());
        let shape: Box<[u64]> = question.shape.as_slice().into();
        let values = Values::of(&question.values);
        let room = values.len().div_ceil(geometry.weights) * geometry.bytes;
        let mut blocks = Guarded::<u8>::new(room, self.has_guards);
        let mut blocks_len = 0;
        let mut call = Call::new(self, NAME);
        // SAFETY: as in `decode_to`; `mode` may be NULL, and `blocks_len` is one number.
        let code = unsafe {
            encode(
                format.as_ptr(),
                mode.as_ref().map_or(ptr::null(), |mode| mode.as_ptr()),
                shape.as_ptr(),
                shape.len(),
                values.float().as_ptr(),
                values.as_ptr(),
                values.len(),
                blocks.as_mut_ptr(),
                room,
                &raw mut blocks_len,
                call.error(),
                call.error_len(),
            )
        };
        let written = blocks.written(NAME, "blocks");
        call.response(code, || match written.get(..blocks_len) {
            Some(blocks) => Encoded::of(blocks.to_vec()),
            None => {
                let what = format!("{NAME} says that it wrote {blocks_len} bytes to `blocks`");
                super::fault(&format!("{what}, which has room for {room}"))
            }
        })
    }

    #[allow(unsafe_code, reason = "a call of a C function; argued below")]
    pub(super) fn multiplied(&self, question: &Matmul) -> Response<Floats> {
        const NAME: &str = "q4proof_matmul";
        let Matmul { format, rows, columns, vectors, blocks, x } = question;
        let (Some(matmul), Some(geometry), Floats::F32(x)) =
            (self.functions.matmul, geometry(*format), x)
        else {
            return Response::Unsupported;
        };
        let format = c_name(*format);
        let blocks: Box<[u8]> = blocks.0.as_slice().into();
        let x: Box<[u32]> = x.0.as_slice().into();
        // A matrix without columns has no product (DOT-4), and no payload bounds its rows.
        let columns_there = usize::try_from(*columns).ok().filter(|&columns| columns > 0);
        let lines = |there: usize| columns_there.map_or(0, |columns| there / columns);
        let row_count = bounded(*rows, lines(held(geometry, blocks.len())));
        let room = row_count.saturating_mul(bounded(*vectors, lines(x.len())));
        let mut y = Guarded::<u32>::new(room, self.has_guards);
        let mut call = Call::new(self, NAME);
        // SAFETY: as in `decode_to`; a u32 and an f32 have the same size and alignment, and every pattern is a value
        // of both.
        let code = unsafe {
            matmul(
                format.as_ptr(),
                *rows,
                *columns,
                *vectors,
                blocks.as_ptr(),
                blocks.len(),
                x.as_ptr().cast::<f32>(),
                x.len(),
                y.as_mut_ptr().cast::<f32>(),
                room,
                call.error(),
                call.error_len(),
            )
        };
        let written = y.written(NAME, "y");
        call.response(code, || Floats::F32(Bits(written.to_vec())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A claim beyond the payload reserves no memory for what is not there.
    #[test]
    fn what_is_claimed_is_bounded_by_what_is_there() {
        let q8_0 = Geometry { weights: 32, bytes: 34 };
        assert_eq!(held(q8_0, 67), 32);
        assert_eq!(bounded(u64::MAX, held(q8_0, 68)), 64);
        assert_eq!(bounded(33, held(q8_0, 68)), 33);
        assert_eq!(bounded(u64::MAX, held(q8_0, 33)), 0);
    }
}
