//! A shared library that exports the functions of `conformance/q4proof.h`, as an implementation. A worker process
//! loads it, so that whatever it does ends one case.

mod blocks;
mod buffer;
mod files;
pub mod functions;
mod values;
pub mod worker;

use std::ffi::{c_char, c_int};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use thiserror::Error;

use super::message::{Hello, PROTOCOL};
use super::{Entry, Implementation, Response};
use crate::suite::answer::{Encoded, Refusal};
use crate::suite::floats::Floats;
use crate::suite::operation::{Operation, Verb};
use crate::suite::question::{Decode, Encode, Load, Matmul, Save, Tensor};
use buffer::Guarded;
use functions::{Functions, TextFunction, text};

/// Bytes of the text that says why an input is refused.
const ERROR_BYTES: usize = 256;

/// A file that cannot be used as a library.
#[derive(Debug, Error)]
#[error("{file}: {problem}")]
pub struct LibraryError {
    /// The file.
    pub file: String,
    /// What is wrong and what was expected, for a person.
    pub problem: String,
}

/// A library that is loaded, and stays so until the process ends.
#[derive(Debug)]
pub struct Library {
    functions: Functions,
    hello: Hello,
    has_guards: bool,
    /// Its functions are called one at a time.
    turn: Mutex<()>,
}

impl Library {
    /// Loads `file`: this runs code of it.
    ///
    /// # Errors
    ///
    /// [`LibraryError`], where there is no library, or one that does not keep to `conformance/q4proof.h`.
    pub fn open(file: &Path) -> Result<Self, LibraryError> {
        let wrong = |problem: String| LibraryError { file: file.display().to_string(), problem };
        let expected = "expected a shared library with the functions of conformance/q4proof.h";
        if !file.is_file() {
            return Err(wrong(format!("there is no such file, {expected}")));
        }
        // A name without a folder would be looked up among the system's libraries.
        let absolute = std::path::absolute(file).map_err(|error| wrong(error.to_string()))?;
        let library = load(&absolute)
            .map_err(|error| wrong(format!("it cannot be loaded, {expected}: {error}")))?;
        let functions = Functions::of(&library);
        // The code of a program's libraries stays until its end.
        std::mem::forget(library);
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
        Self::new(functions, &name.unwrap_or_default(), true).map_err(wrong)
    }

    /// The functions of a library that is linked to this program. Their buffers have no guards, so that a sanitizer
    /// sees each access outside of them.
    ///
    /// # Errors
    ///
    /// What is wrong with them, for a person.
    ///
    /// # Safety
    ///
    /// Each function is what `conformance/q4proof.h` declares, and keeps to what that demands.
    #[allow(unsafe_code, reason = "the caller answers for the functions")]
    pub unsafe fn linked(functions: Functions, name: &str) -> Result<Self, String> {
        Self::new(functions, name, false)
    }

    fn new(functions: Functions, name: &str, has_guards: bool) -> Result<Self, String> {
        let Some(capabilities) = functions.capabilities else {
            return Err("it exports no q4proof_capabilities, expected the functions of \
                        conformance/q4proof.h"
                .into());
        };
        let capabilities = text(capabilities)
            .ok_or("its q4proof_capabilities gives NULL, expected names such as \"decode:q4_1\"")?;
        let capabilities: Vec<String> =
            capabilities.split_whitespace().map(str::to_owned).collect();
        for claimed in &capabilities {
            expect_function(&functions, claimed)?;
        }
        let word = |function: Option<TextFunction>, otherwise: &str| {
            function.and_then(text).unwrap_or_else(|| otherwise.to_owned())
        };
        let hello = Hello {
            protocol: PROTOCOL,
            name: word(functions.name, name),
            version: word(functions.version, "unknown"),
            language: word(functions.language, "C"),
            capabilities,
            entries: [].into(),
        };
        Ok(Self { functions, hello, has_guards, turn: Mutex::new(()) })
    }
}

/// That a library which claims an operation exports the function of its verb. Other names are left to the report.
fn expect_function(functions: &Functions, claimed: &str) -> Result<(), String> {
    let Some(operation) = Operation::named(claimed) else { return Ok(()) };
    let verb = operation.verb.name();
    let has_function = match operation.verb {
        Verb::Decode => functions.decode.is_some(),
        Verb::Encode => functions.encode.is_some(),
        Verb::Matmul => functions.matmul.is_some(),
        Verb::Load => functions.load.is_some(),
        Verb::Save => functions.save.is_some(),
        Verb::Rotate | Verb::ReadIndex | Verb::NameTensors | Verb::Generate => {
            return Err(format!(
                "it claims {claimed}, expected operations that q4proof.h has a function for: decode, encode, \
                 matmul, load, save"
            ));
        }
    };
    if has_function {
        return Ok(());
    }
    Err(format!("it claims {claimed} and exports no q4proof_{verb}, expected that function"))
}

#[allow(unsafe_code, reason = "loading a library runs its code; argued below")]
fn load(file: &Path) -> Result<libloading::Library, libloading::Error> {
    // SAFETY: code of the file runs, and what it does cannot be known. It is what the user named to be run, and a
    // worker process loads it, which holds nothing but this dialogue.
    unsafe { libloading::Library::new(file) }
}

/// Ends the process: the library did what q4proof.h rules out, and nothing that it answers can be trusted.
fn fault(what: &str) -> ! {
    eprintln!("q4proof: {what}");
    std::process::abort()
}

/// One call: its turn, and the text of its refusal.
struct Call<'a> {
    function: &'static str,
    error: Guarded<u8>,
    _turn: MutexGuard<'a, ()>,
}

impl<'a> Call<'a> {
    fn new(library: &'a Library, function: &'static str) -> Self {
        // Nothing panics while it holds the turn, and it guards no data.
        let turn = library.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut error = Guarded::new(ERROR_BYTES, library.has_guards);
        error.clear();
        Self { function, error, _turn: turn }
    }

    fn error(&mut self) -> *mut c_char {
        self.error.as_mut_ptr().cast()
    }

    fn error_len(&self) -> usize {
        self.error.room()
    }

    /// What the function's `code` means; `done` gives the result.
    fn response<T>(&self, code: c_int, done: impl FnOnce() -> T) -> Response<T> {
        let error = self.error.written(self.function, "error");
        match code {
            0 => Response::Done(done()),
            1 => {
                let text = error.split(|&byte| byte == 0).next().unwrap_or_default();
                let message = String::from_utf8_lossy(text).into_owned();
                Response::Refused(Refusal { message, class: None })
            }
            2 => Response::Unsupported,
            other => fault(&format!(
                "{} returned {other}, expected 0 (done), 1 (refused) or 2 (unsupported)",
                self.function
            )),
        }
    }
}

impl Implementation for Library {
    fn hello(&self) -> Hello {
        self.hello.clone()
    }

    fn decode(&self, question: &Decode, _entry: Entry) -> Response<Floats> {
        self.decoded(question)
    }

    fn encode(&self, question: &Encode, _entry: Entry) -> Response<Encoded> {
        self.encoded(question)
    }

    fn load(&self, question: &Load<String>, _entry: Entry) -> Response<Vec<Tensor>> {
        self.loaded(question)
    }

    fn save(&self, question: &Save<String>, _entry: Entry) -> Response<()> {
        self.saved(question)
    }

    fn matmul(&self, question: &Matmul, _entry: Entry) -> Response<Floats> {
        self.multiplied(question)
    }
}
