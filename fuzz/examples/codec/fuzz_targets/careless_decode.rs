//! A decoder that takes the nibbles of a byte in the wrong order, which shows at once.
#![no_main]

q4proof_fuzz::target!("decode_khq4", q4proof_fuzz_example::Careless);
