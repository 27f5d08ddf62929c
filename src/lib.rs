//! Conformance for 4-bit weights: a reference codec and loaders, vectors with independent
//! expectations, and a harness that judges any implementation against them.
//!
//! | module | is |
//! |---|---|
//! | [`codec`] | the arithmetic, to be read beside `conformance/SPEC.md` |
//! | [`mod@format`] | bytes to tensors and back |
//! | [`store`] | files |
//! | [`model`] | the small decoder of the end-to-end report, whose weights are converted |
//! | [`convert`] | safetensors and checkpoints to files and back, rotated or not |
//! | [`doctor`] | what is right and wrong in a model directory |
//! | [`suite`] | the vectors, the exact evaluator and the judge |
//! | [`subject`] | what is under test: the reference, the planted faults, a child process (feature `processes`), a shared library (feature `library`) |
//! | [`run`] | one pass of the suite over a subject |
//! | [`report`] | what a person or a program is shown |
//! | [`mod@conformance`] | the suite as an assertion in the tests of a codec of one's own |
//! | `gpu` | the same arithmetic on an adapter, Metal or Vulkan (feature `gpu`) |
//! | [`fuzz`] | any bytes at all, per target: seeds, mutation, and what must hold |
//! | `parity` | a whole model beside golden output (feature `parity`) |
//! | `cli` | the command (feature `cli`) |

#[cfg(feature = "cli")]
pub mod cli;
pub mod codec;
pub mod conformance;
pub mod convert;
pub mod doctor;
pub mod format;
pub mod fuzz;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod model;
#[cfg(feature = "parity")]
pub mod parity;
pub mod report;
pub mod run;
pub mod store;
pub mod subject;
pub mod suite;
