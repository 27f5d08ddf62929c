//! The loaders of lattice 0.15.0: `cargo +nightly fuzz run --fuzz-dir fuzz/examples/codec lattice_load`.
#![no_main]

q4proof_fuzz::target!("load_khq4", q4proof_fuzz_example::Lattice);
