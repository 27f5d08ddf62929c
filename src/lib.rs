//! Conformance for 4-bit weights: a reference codec and loaders, vectors with independent
//! expectations, and a harness that judges any implementation against them.
//!
//! | module | is |
//! |---|---|
//! | [`codec`] | the arithmetic, to be read beside `conformance/SPEC.md` |
//! | [`mod@format`] | bytes to tensors and back |
//! | [`store`] | files |
pub mod codec;
pub mod format;
pub mod run;
pub mod store;
pub mod subject;
pub mod suite;
