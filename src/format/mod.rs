//! Bytes to tensors and back, with every rule of SPEC.md's KHQ4 clauses; knows of no file system.
//!
//! [`khq4::parse`] is the one place where a KHQ4 file is judged. The streaming reader
//! ([`khq4::read`]) and the map in `store` hand it the same bytes, so that every access path gives
//! the same verdict, the same class and the same values (KHQ4-A2).

pub mod error;
pub mod khq4;
pub mod stream;
pub mod width;

pub use error::{Class, FormatError};
pub use width::AddressWidth;
