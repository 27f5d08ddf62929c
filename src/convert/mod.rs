//! Tensors of safetensors files, of checkpoints and of raw arrays to KHQ4 and KHF1 files, and back, in
//! memory that does not grow with a tensor; but for a rotation ([`quarot`]), which has one in f64.
//!
//! Every file is written under another name in the folder of its target, read again from there and
//! judged, and only then given its name: what fails, or is stopped, leaves nothing behind. Nothing
//! that is there is ever replaced.
//!
//! ```no_run
//! use q4proof::codec::Mode;
//! use q4proof::convert::{Dtype, Unwatched, decode_directory, encode_directory};
//!
//! let (model, folder) = ("model.safetensors".as_ref(), "model-q4".as_ref());
//! encode_directory(model, folder, Mode::Asymmetric, &mut Unwatched)?;
//! decode_directory(folder, "back.safetensors".as_ref(), Dtype::F32, &mut Unwatched)?;
//! # Ok::<(), q4proof::convert::ConvertError>(())
//! ```

pub(crate) mod cache;
pub(crate) mod checkpoint;
mod decode;
mod dtype;
pub(crate) mod encode;
mod error;
mod folder;
pub(crate) mod names;
mod quantize;
pub mod quarot;
pub(crate) mod safetensors;
pub mod symmetry;
mod target;
mod tensor;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use decode::{decode_directory, decode_file, decode_raw};
pub use dtype::Dtype;
pub use encode::{encode_directory, encode_raw, encode_tensor};
pub use error::ConvertError;
pub use folder::expect_free;
pub use quantize::quantize;

/// Who watches a conversion and may stop it.
pub trait Watch {
    /// All that is to be read: the sources, and what was written once more, in bytes.
    fn begin(&mut self, bytes: u64);

    /// So many bytes more were read; gives whether to go on.
    fn advance(&mut self, bytes: u64) -> bool;
}

/// Nobody: the conversion runs to its end.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn begin(&mut self, _bytes: u64) {}

    fn advance(&mut self, _bytes: u64) -> bool {
        true
    }
}

/// What became of the tensors of a file or of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// Those that were converted.
    pub converted: Vec<Converted>,
    /// Those that were left out.
    pub skipped: Vec<Skipped>,
}

/// A tensor that was left out: of integers, such as `position_ids`, for which no file has a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its name.
    pub name: String,
    /// What its values are, such as `I64`.
    pub dtype: &'static str,
    /// Its dimensions, outermost first.
    pub shape: Vec<u64>,
}

/// A tensor that was converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// Its name; of a raw array the stem of its file.
    pub name: String,
    /// Its dimensions, outermost first.
    pub shape: Vec<u64>,
    /// What its values were, such as `F32` or `q4`.
    pub from: &'static str,
    /// What they are now.
    pub to: &'static str,
    /// The file that it is in now.
    pub file: PathBuf,
    /// Bytes that it took: of an array or of a tensor in a safetensors file its values, else the file.
    pub bytes_before: u64,
    /// Bytes that it takes now.
    pub bytes_after: u64,
}
