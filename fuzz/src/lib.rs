//! The glue between libFuzzer and `q4proof::fuzz`: an allocator that is counted, the subject that
//! is asked, and [`target!`], by which a fuzz target is one line.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

pub use libfuzzer_sys;
pub use q4proof;

use q4proof::format::Class;
use q4proof::fuzz::{Finding, Target, Verdict, meter};
use q4proof::subject::{Implementation, InProcess, named};

/// Names the subject that is asked: `reference`, `planted:sound` or `planted:FAULT`.
pub const SUBJECT: &str = "Q4PROOF_SUBJECT";

/// Any implementation.
pub type AnyImplementation = Box<dyn Implementation + Send + Sync>;

/// What a target asks.
pub type Subject = InProcess<AnyImplementation>;

/// Names the target, where the program's own name does not; `list` prints the name of each and ends.
pub const TARGET: &str = "Q4PROOF_TARGET";

/// A target that does nothing with its input: how fast the others could be at most.
const NOTHING: &str = "nothing";

/// What a program is asked to be.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    /// A target.
    Target(Target),
    /// The target `nothing`.
    Nothing,
}

impl Asked {
    /// The target that [`TARGET`] names, or else the one that the program is called by. A name that is none
    /// ends the process, and says what there is.
    pub fn of_environment() -> Self {
        let own = || {
            let program = std::env::args().next().unwrap_or_default();
            Path::new(&program).file_name().map(|name| name.to_string_lossy().into_owned())
        };
        let name = std::env::var(TARGET).ok().or_else(own).unwrap_or_default();
        let names = || Target::all().into_iter().map(Target::name).collect::<Vec<_>>();
        match (name.as_str(), Target::by_name(&name)) {
            (_, Some(target)) => Self::Target(target),
            (NOTHING, None) => Self::Nothing,
            ("list", None) => {
                println!("{}", names().join("\n"));
                std::process::exit(0)
            }
            (other, None) => {
                eprintln!("{TARGET}={other}: there is {}, {NOTHING}", names().join(", "));
                std::process::exit(2)
            }
        }
    }

    /// The target of that name, for a program that is no other.
    ///
    /// # Panics
    ///
    /// Where there is none.
    pub fn named(name: &str) -> Self {
        Self::Target(Target::by_name(name).expect("a target of q4proof::fuzz"))
    }
}

/// Makes a fuzz target: `target!()` for the target and the subject that the environment names, and
/// `target!("load_khq4", MyCodec)` for an implementation of one's own.
#[macro_export]
macro_rules! target {
    () => {
        $crate::target!(@ $crate::Asked::of_environment(), $crate::named_subject());
    };
    ($name:literal, $implementation:expr) => {
        $crate::target!(@ $crate::Asked::named($name), $implementation);
    };
    (@ $asked:expr, $implementation:expr) => {
        static ASKED: std::sync::LazyLock<$crate::Asked> = std::sync::LazyLock::new(|| $asked);
        static SUBJECT: std::sync::LazyLock<$crate::Subject> =
            std::sync::LazyLock::new(|| $crate::subject($implementation));
        $crate::libfuzzer_sys::fuzz_target!(
            init: {
                std::sync::LazyLock::force(&ASKED);
            },
            |input: &[u8]| {
                if let $crate::Asked::Target(target) = *ASKED {
                    $crate::run(target, &SUBJECT, input);
                }
            }
        );
        $crate::libfuzzer_sys::fuzz_mutator!(|data: &mut [u8],
                                              size: usize,
                                              max_size: usize,
                                              seed: u32| {
            match $crate::mutated(*ASKED, &data[..size], max_size, seed) {
                Some(mutated) => {
                    data[..mutated.len()].copy_from_slice(&mutated);
                    mutated.len()
                }
                None => $crate::libfuzzer_sys::fuzzer_mutate(data, size, max_size),
            }
        });
    };
}

/// Runs one input, and ends the process where there is a finding. The two lines that it then prints
/// are what findings are told apart by: libFuzzer, when it makes an input smaller, by the first,
/// and whoever sums up a campaign by what the second has before its second `: `. Every second or so
/// it prints how many inputs were executed and accepted so far, and how many were refused by each check: in the
/// order of the checks, as their classes stand in `Class`.
pub fn run(target: Target, subject: &Subject, input: &[u8]) {
    static EXECUTED: AtomicU64 = AtomicU64::new(0);
    static ACCEPTED: AtomicU64 = AtomicU64::new(0);
    static REFUSED: Mutex<BTreeMap<&str, u64>> = Mutex::new(BTreeMap::new());
    static SAID: Mutex<Option<Instant>> = Mutex::new(None);
    match target.run(subject, input) {
        Verdict::Accepted => drop(ACCEPTED.fetch_add(1, Relaxed)),
        Verdict::Refused(class) => {
            if let Ok(mut refused) = REFUSED.lock() {
                *refused.entry(class.map_or("unnamed", Class::name)).or_default() += 1;
            }
        }
        Verdict::Finding(Finding { oracle, place, detail }) => {
            eprintln!("DEDUP_TOKEN: {target}: {oracle} at {place}");
            eprintln!("FINDING {target}: {oracle} at {place}: {detail}");
            std::process::abort();
        }
    }
    let executed = EXECUTED.fetch_add(1, Relaxed) + 1;
    if executed.is_multiple_of(512)
        && let Ok(mut said) = SAID.lock()
        && said.is_none_or(|instant| instant.elapsed() >= Duration::from_secs(1))
    {
        *said = Some(Instant::now());
        eprintln!("ACCEPTED {} of {executed}", ACCEPTED.load(Relaxed));
        if let Ok(refused) = REFUSED.lock() {
            let counts = refused.iter().map(|(class, count)| format!(" {class}={count}"));
            eprintln!("REFUSED{}", counts.collect::<String>());
        }
    }
}

/// A mutation that fits, or none where libFuzzer is to mutate.
pub fn mutated(asked: Asked, input: &[u8], max_size: usize, seed: u32) -> Option<Vec<u8>> {
    let Asked::Target(target) = asked else { return None };
    target.mutate(input, seed.into()).filter(|mutated| mutated.len() <= max_size)
}

/// The implementation that [`SUBJECT`] names; the reference where it is not set.
pub fn named_subject() -> AnyImplementation {
    let name = std::env::var(SUBJECT).unwrap_or_else(|_| "reference".into());
    named(&name).unwrap_or_else(|| {
        eprintln!("{SUBJECT}={name}: there is no such subject");
        std::process::exit(2)
    })
}

/// `implementation`, ready to be asked from any thread.
pub fn subject(implementation: impl Implementation + Send + Sync + 'static) -> Subject {
    InProcess::new(Box::new(implementation))
}

/// Counts what each thread allocates, and lets it starve, for the oracles on memory.
#[global_allocator]
static ALLOCATOR: meter::Counting = meter::Counting;
