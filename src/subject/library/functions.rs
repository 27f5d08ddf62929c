//! The functions of `conformance/q4proof.h`, and how they are found in a file.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

/// `q4proof_capabilities`, `q4proof_name`, `q4proof_version`, `q4proof_language`.
pub type TextFunction = unsafe extern "C" fn() -> *const c_char;

/// `q4proof_decode`.
pub type DecodeFunction = unsafe extern "C" fn(
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

/// `q4proof_encode`.
pub type EncodeFunction = unsafe extern "C" fn(
    format: *const c_char,
    mode: *const c_char,
    shape: *const u64,
    dims: usize,
    float: *const c_char,
    values: *const c_void,
    count: usize,
    blocks: *mut u8,
    room: usize,
    blocks_len: *mut usize,
    error: *mut c_char,
    error_len: usize,
) -> c_int;

/// `q4proof_matmul`.
pub type MatmulFunction = unsafe extern "C" fn(
    format: *const c_char,
    rows: u64,
    columns: u64,
    vectors: u64,
    blocks: *const u8,
    blocks_len: usize,
    x: *const f32,
    x_len: usize,
    y: *mut f32,
    room: usize,
    error: *mut c_char,
    error_len: usize,
) -> c_int;

/// `struct q4proof_tensor`.
#[repr(C)]
pub struct RawTensor {
    /// Its name, or null.
    pub name: *const c_char,
    /// Its dimensions.
    pub shape: *const u64,
    /// Their number.
    pub dims: usize,
    /// The number of its values, where it is to be saved.
    pub original_len: u64,
    /// Its payload, or null.
    pub blocks: *const u8,
    /// In bytes.
    pub blocks_len: usize,
    /// The type of its values, or null.
    pub float: *const c_char,
    /// Its values.
    pub values: *const c_void,
    /// Their number.
    pub count: usize,
}

/// `q4proof_emit`.
pub type EmitFunction = unsafe extern "C" fn(to: *mut c_void, tensor: *const RawTensor);

/// `q4proof_load`.
pub type LoadFunction = unsafe extern "C" fn(
    format: *const c_char,
    path: *const c_char,
    expected_shape: *const u64,
    expected_dims: usize,
    address_width: c_uint,
    emit: EmitFunction,
    to: *mut c_void,
    error: *mut c_char,
    error_len: usize,
) -> c_int;

/// `q4proof_save`.
pub type SaveFunction = unsafe extern "C" fn(
    format: *const c_char,
    path: *const c_char,
    tensors: *const RawTensor,
    count: usize,
    error: *mut c_char,
    error_len: usize,
) -> c_int;

/// What a library exports of `conformance/q4proof.h`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Functions {
    /// `q4proof_capabilities`.
    pub capabilities: Option<TextFunction>,
    /// `q4proof_name`.
    pub name: Option<TextFunction>,
    /// `q4proof_version`.
    pub version: Option<TextFunction>,
    /// `q4proof_language`.
    pub language: Option<TextFunction>,
    /// `q4proof_decode`.
    pub decode: Option<DecodeFunction>,
    /// `q4proof_encode`.
    pub encode: Option<EncodeFunction>,
    /// `q4proof_matmul`.
    pub matmul: Option<MatmulFunction>,
    /// `q4proof_load`.
    pub load: Option<LoadFunction>,
    /// `q4proof_save`.
    pub save: Option<SaveFunction>,
}

impl Functions {
    /// The functions that `library` exports.
    pub(super) fn of(library: &libloading::Library) -> Self {
        Self {
            capabilities: find(library, c"q4proof_capabilities"),
            name: find(library, c"q4proof_name"),
            version: find(library, c"q4proof_version"),
            language: find(library, c"q4proof_language"),
            decode: find(library, c"q4proof_decode"),
            encode: find(library, c"q4proof_encode"),
            matmul: find(library, c"q4proof_matmul"),
            load: find(library, c"q4proof_load"),
            save: find(library, c"q4proof_save"),
        }
    }
}

#[allow(unsafe_code, reason = "a symbol has no type; argued below")]
fn find<T: Copy>(library: &libloading::Library, name: &CStr) -> Option<T> {
    // SAFETY: `T` is the type that q4proof.h declares for the function of this name. Whether the library keeps to the
    // header cannot be seen; that is its author's part, and why a worker process loads it. The pointer outlives the
    // symbol because `Library` never unloads the file.
    let symbol = unsafe { library.get::<T>(name.to_bytes_with_nul()) };
    symbol.ok().map(|symbol| *symbol)
}

/// The text that `function` gives; `None` where it gives NULL.
#[allow(unsafe_code, reason = "a call of a C function; argued below")]
pub(super) fn text(function: TextFunction) -> Option<String> {
    // SAFETY: the function takes nothing, and the header demands NULL or a text that ends with a zero byte.
    let text = unsafe { function() };
    text_at(text)
}

/// The text at `text`; `None` where that is NULL.
#[allow(unsafe_code, reason = "a read of a C text; argued below")]
pub(super) fn text_at(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: it is not NULL, and the header demands a text that ends with a zero byte. It is copied at once.
    let text = unsafe { CStr::from_ptr(text) };
    Some(text.to_string_lossy().into_owned())
}
