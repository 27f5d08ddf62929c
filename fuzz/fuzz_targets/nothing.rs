//! Does nothing with its input: how fast the others could be at most.
#![no_main]

q4proof_fuzz::libfuzzer_sys::fuzz_target!(|_input: &[u8]| {});
