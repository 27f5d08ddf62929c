//! Bytes to tensors and back, with every rule of SPEC.md's KHQ4 and KHF1 clauses; knows of no file
//! system.
//!
//! [`khq4::parse`] is the one place where a KHQ4 file is judged, and [`khf1::parse`] where a KHF1
//! file is. The streaming readers ([`khq4::read`], [`khf1::read`]) and the maps in `store` hand
//! them the same bytes, so that every access path gives the same verdict, the same class and the
//! same values (KHQ4-A2). [`index`] and [`names`] are the directory of a model: its index and the
//! names of its files; [`kind`] tells files of other kinds.

pub mod error;
mod header;
pub mod index;
pub(crate) mod json;
pub mod khf1;
pub mod khq4;
pub mod kind;
pub mod names;
pub mod pieces;
pub mod stream;
pub mod width;

pub use error::{Class, FormatError, ReadError};
pub use width::AddressWidth;
