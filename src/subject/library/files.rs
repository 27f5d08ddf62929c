//! Loading and saving by a library: its tensors are copied while it hands them out.

use std::ffi::{CString, c_void};
use std::{ptr, slice};

use super::functions::{RawTensor, text_at};
use super::values::{Values, c_name, floats, named};
use super::{Call, Library, fault};
use crate::subject::Response;
use crate::suite::hex::Bytes;
use crate::suite::question::{Load, Save, Tensor};

const LOAD: &str = "q4proof_load";

impl Library {
    #[allow(unsafe_code, reason = "a call of a C function; argued below")]
    pub(super) fn loaded(&self, question: &Load<String>) -> Response<Vec<Tensor>> {
        let (Some(load), Ok(path)) = (self.functions.load, CString::new(question.path.as_str()))
        else {
            return Response::Unsupported;
        };
        let format = c_name(question.format);
        let expected: Option<Box<[u64]>> =
            question.expected_shape.as_ref().map(|shape| shape.as_slice().into());
        let mut tensors: Vec<Tensor> = Vec::new();
        let mut call = Call::new(self, LOAD);
        // SAFETY: the texts end with a zero byte, `expected` is NULL or leads to as many numbers as are said, and all
        // live until the call is over. `collect` is given back `tensors`, which nothing else uses meanwhile.
        let code = unsafe {
            load(
                format.as_ptr(),
                path.as_ptr(),
                expected.as_ref().map_or(ptr::null(), |shape| shape.as_ptr()),
                expected.as_ref().map_or(0, |shape| shape.len()),
                question.address_width.unwrap_or(0),
                collect,
                (&raw mut tensors).cast::<c_void>(),
                call.error(),
                call.error_len(),
            )
        };
        call.response(code, || tensors)
    }

    #[allow(unsafe_code, reason = "a call of a C function; argued below")]
    pub(super) fn saved(&self, question: &Save<String>) -> Response<()> {
        let (Some(save), Ok(path)) = (self.functions.save, CString::new(question.path.as_str()))
        else {
            return Response::Unsupported;
        };
        let Ok(owned) = question.tensors.iter().map(Owned::of).collect::<Result<Box<[_]>, _>>()
        else {
            return Response::Unsupported;
        };
        let format = c_name(question.format);
        let tensors: Box<[RawTensor]> = owned.iter().map(Owned::raw).collect();
        let mut call = Call::new(self, "q4proof_save");
        // SAFETY: the texts end with a zero byte, and what the tensors lead to is owned by `owned`, which lives until
        // the call is over.
        let code = unsafe {
            save(
                format.as_ptr(),
                path.as_ptr(),
                tensors.as_ptr(),
                tensors.len(),
                call.error(),
                call.error_len(),
            )
        };
        call.response(code, || ())
    }
}

/// `emit`: copies a tensor.
#[allow(unsafe_code, reason = "C calls it with pointers; argued below")]
unsafe extern "C" fn collect(to: *mut c_void, tensor: *const RawTensor) {
    if to.is_null() || tensor.is_null() {
        fault(&format!("{LOAD} called emit with NULL"));
    }
    // SAFETY: `to` is what `loaded` passed, as the header demands: a vector that nothing else uses during the call.
    let tensors = unsafe { &mut *to.cast::<Vec<Tensor>>() };
    // SAFETY: it is not NULL, and the header demands a tensor that can be read during this call.
    let tensor = unsafe { &*tensor };
    let values = text_at(tensor.float).map(|name| match named(&name) {
        Some((float, size)) => {
            floats(float, copied(tensor.values.cast(), tensor.count, size, "values"))
        }
        None => fault(&format!(
            "{LOAD} gave values of the type {name:?}, expected f16, bf16, f32 or f64"
        )),
    });
    let shape = copied(tensor.shape.cast(), tensor.dims, size_of::<u64>(), "shape");
    let has_blocks = !tensor.blocks.is_null();
    let blocks =
        has_blocks.then(|| Bytes(copied(tensor.blocks, tensor.blocks_len, 1, "blocks").to_vec()));
    tensors.push(Tensor {
        name: text_at(tensor.name).unwrap_or_default(),
        shape: shape.as_chunks().0.iter().map(|&size| u64::from_ne_bytes(size)).collect(),
        original_len: None,
        blocks,
        values,
    });
}

/// The bytes of `count` elements of `size` bytes.
#[allow(unsafe_code, reason = "a read of a C array; argued below")]
fn copied<'a>(at: *const u8, count: usize, size: usize, name: &str) -> &'a [u8] {
    let length = count.checked_mul(size).filter(|&length| isize::try_from(length).is_ok());
    match length {
        Some(0) => &[],
        Some(length) if !at.is_null() => {
            // SAFETY: it is not NULL and no longer than an allocation can be. That as many elements can be read is
            // what the header demands; the caller copies them before `emit` returns to the library.
            unsafe { slice::from_raw_parts(at, length) }
        }
        _ => fault(&format!("{LOAD} gave {count} elements of `{name}` that cannot be there")),
    }
}

/// What a tensor that is to be saved leads to.
struct Owned {
    name: CString,
    shape: Box<[u64]>,
    original_len: u64,
    blocks: Option<Box<[u8]>>,
    values: Option<Values>,
}

impl Owned {
    fn of(tensor: &Tensor) -> Result<Self, std::ffi::NulError> {
        let values = tensor.values.as_ref().map(Values::of);
        let counted = values.as_ref().map_or(0, |values| values.len() as u64);
        Ok(Self {
            name: CString::new(tensor.name.as_str())?,
            shape: tensor.shape.as_slice().into(),
            original_len: tensor.original_len.unwrap_or(counted),
            blocks: tensor.blocks.as_ref().map(|blocks| blocks.0.as_slice().into()),
            values,
        })
    }

    fn raw(&self) -> RawTensor {
        let has_name = !self.name.is_empty();
        let values = self.values.as_ref();
        RawTensor {
            name: if has_name { self.name.as_ptr() } else { ptr::null() },
            shape: self.shape.as_ptr(),
            dims: self.shape.len(),
            original_len: self.original_len,
            blocks: self.blocks.as_ref().map_or(ptr::null(), |blocks| blocks.as_ptr()),
            blocks_len: self.blocks.as_ref().map_or(0, |blocks| blocks.len()),
            float: values.map_or(ptr::null(), |values| values.float().as_ptr()),
            values: values.map_or(ptr::null(), Values::as_ptr),
            count: values.map_or(0, Values::len),
        }
    }
}
