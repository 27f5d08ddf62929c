//! How a codec in C is fuzzed: declare those functions of `conformance/q4proof.h` that it exports, and name it in a fuzz
//! target. It is compiled into the fuzzer, so that AddressSanitizer sees each access to memory.

use std::ffi::{c_char, c_int, c_void};

use q4proof::subject::library::Library;
use q4proof::subject::library::functions::Functions;

// SAFETY: these are the declarations of q4proof.h.
unsafe extern "C" {
    fn q4proof_capabilities() -> *const c_char;
    fn q4proof_decode(
        format: *const c_char,
        blocks: *const u8,
        blocks_len: usize,
        original_len: u64,
        float: *const c_char,
        values: *mut c_void,
        room: usize,
        error: *mut c_char,
        error_len: usize,
    ) -> c_int;
}

/// The example in `conformance/subjects/c-library`.
///
/// # Panics
///
/// Where it claims an operation whose function is not here.
pub fn example() -> Library {
    let functions = Functions {
        capabilities: Some(q4proof_capabilities),
        decode: Some(q4proof_decode),
        ..Functions::default()
    };
    // SAFETY: the declarations above are those of q4proof.h. Whether the code keeps to the header is what is looked for.
    unsafe { Library::linked(functions, "example") }.expect("a library that keeps to q4proof.h")
}
