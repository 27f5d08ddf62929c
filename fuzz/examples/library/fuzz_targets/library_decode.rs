//! A decoder of KHQ4 in C: `cargo +nightly fuzz run --fuzz-dir fuzz/examples/library library_decode`.
#![no_main]

q4proof_fuzz::target!("decode_khq4", q4proof_fuzz_library::example());
