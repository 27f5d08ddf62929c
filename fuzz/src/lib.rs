//! The glue between libFuzzer and `q4proof::fuzz`: an allocator that is counted, the subject that
//! is asked, and [`target!`], by which a fuzz target is one line.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

pub use libfuzzer_sys;
pub use q4proof;

use q4proof::fuzz::{Finding, Target, Verdict, meter};
use q4proof::subject::{Implementation, named};

/// Names the subject that is asked: `reference`, `zoo:sound` or `zoo:FAULT`.
pub const SUBJECT: &str = "Q4PROOF_SUBJECT";

/// Makes a fuzz target: `target!(LoadKhq4)` for the subject that the environment names, and
/// `target!(LoadKhq4, &MyCodec)` for an implementation of one's own.
#[macro_export]
macro_rules! target {
    ($target:ident) => {
        $crate::target!($target, $crate::subject());
    };
    ($target:ident, $implementation:expr) => {
        $crate::libfuzzer_sys::fuzz_target!(|input: &[u8]| {
            $crate::run($crate::q4proof::fuzz::Target::$target, $implementation, input);
        });
        $crate::libfuzzer_sys::fuzz_mutator!(|data: &mut [u8],
                                              size: usize,
                                              max_size: usize,
                                              seed: u32| {
            let target = $crate::q4proof::fuzz::Target::$target;
            match $crate::mutated(target, &data[..size], max_size, seed) {
                Some(mutated) => {
                    data[..mutated.len()].copy_from_slice(&mutated);
                    mutated.len()
                }
                None => $crate::libfuzzer_sys::fuzzer_mutate(data, size, max_size),
            }
        });
    };
}

/// Runs one input, and ends the process where there is a finding. The line that it then prints is
/// what findings are told apart by: target, oracle and place before the second `: `. Now and then
/// it prints how many inputs were accepted so far.
pub fn run(target: Target, implementation: &dyn Implementation, input: &[u8]) {
    static EXECUTED: AtomicU64 = AtomicU64::new(0);
    static ACCEPTED: AtomicU64 = AtomicU64::new(0);
    match target.run(implementation, input) {
        Verdict::Accepted => drop(ACCEPTED.fetch_add(1, Relaxed)),
        Verdict::Refused(_) => {}
        Verdict::Finding(Finding { oracle, place, detail }) => {
            eprintln!("FINDING {target}: {oracle} at {place}: {detail}");
            std::process::abort();
        }
    }
    let executed = EXECUTED.fetch_add(1, Relaxed) + 1;
    if executed.is_power_of_two() {
        eprintln!("ACCEPTED {} of {executed}", ACCEPTED.load(Relaxed));
    }
}

/// A mutation that fits, or none where libFuzzer is to mutate.
pub fn mutated(target: Target, input: &[u8], max_size: usize, seed: u32) -> Option<Vec<u8>> {
    target.mutate(input, seed.into()).filter(|mutated| mutated.len() <= max_size)
}

/// The implementation that [`SUBJECT`] names; the reference where it is not set.
pub fn subject() -> &'static dyn Implementation {
    static ASKED: OnceLock<Box<dyn Implementation + Send + Sync>> = OnceLock::new();
    let asked = ASKED.get_or_init(|| {
        let name = std::env::var(SUBJECT).unwrap_or_else(|_| "reference".into());
        named(&name).unwrap_or_else(|| {
            eprintln!("{SUBJECT}={name}: there is no such subject");
            std::process::exit(2)
        })
    });
    asked.as_ref()
}

/// Counts what each thread has allocated, for the oracle on memory.
struct Counting;

// SAFETY: every call is handed on unchanged to the system's allocator, whose contract is the one
// that callers keep; counting neither allocates nor touches the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        meter::record(layout.size() as isize);
        // SAFETY: the caller's layout, handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        meter::record(-(layout.size() as isize));
        // SAFETY: the caller's pointer, which came from `System` by `alloc`, and its layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both may be there at once while the bytes are copied.
        meter::record(size as isize);
        meter::record(-(layout.size() as isize));
        // SAFETY: as for `dealloc`; the size is the caller's.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
