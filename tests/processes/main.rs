//! Subjects that misbehave: each is asked again and again, every time comes to the outcome that is right
//! for it, and leaves no process, no descriptor and no memory behind.
//!
//! `Q4PROOF_SOAK=1` asks the fast ones 10,000 times and the slow ones 200 times.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod leaving;
mod left;
mod misbehaviour;
#[cfg(target_os = "linux")]
mod room;

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use q4proof::subject::child::{ChildSubject, Limits};
use q4proof::subject::{Reply, Request, Stop, Subject};
use q4proof::suite::{FormatId, Question};

use left::Left;

/// One after the other: what is left behind is asked of the whole process.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    // A test that failed has said so itself.
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// How often something is asked: `few`, or in a soak `many` times.
fn times(few: usize, many: usize) -> usize {
    if std::env::var_os("Q4PROOF_SOAK").is_some() { many } else { few }
}

/// How often a subject is asked that answers, or ends, at once.
fn fast() -> usize {
    times(20, 10_000)
}

/// How often one is asked that has to be waited for.
fn slow() -> usize {
    times(2, 200)
}

/// Limits that no subject here keeps to for long.
fn limits() -> Limits {
    Limits { start: Duration::from_secs(20), memory: 512 << 20 }
}

/// A shell that shakes hands and goes on with `script`; `answer` and `$seq` are there for it.
fn command(script: &str) -> Vec<String> {
    let prelude = r#"
        read -r hello
        echo '{"protocol":1,"name":"odd","version":"1","language":"sh","capabilities":["decode:khq4"]}'
        request() { read -r line || exit 0; seq=${line#*:}; seq=${seq%%,*}; }
        answer() { echo "{\"seq\":$seq,\"unsupported\":true}"; }
    "#;
    left::marked(&["sh", "-c", &format!("{prelude}\n{script}")])
}

fn start(script: &str, limits: Limits) -> ChildSubject {
    ChildSubject::start(&command(script), limits, Stop::default()).unwrap()
}

/// A decode of as many blocks of zeros.
fn request(blocks: usize) -> Request {
    let (payload, original_len) = (vec![0; 20 * blocks], 32 * blocks as u64);
    Request::of(Question::decode(FormatId::KHQ4, payload, original_len))
}

/// Asks `script` as often, checks every reply by its number, and at the end that nothing is left.
fn asked(times: usize, script: &str, deadline: Duration, check: impl Fn(usize, &Reply)) {
    asked_with(times, script, deadline, limits(), 1, check);
}

fn asked_with(
    times: usize,
    script: &str,
    deadline: Duration,
    limits: Limits,
    blocks: usize,
    check: impl Fn(usize, &Reply),
) {
    let _turn = turn();
    let before = Left::now();
    {
        let mut subject = start(script, limits);
        for number in 0..times {
            check(number, &subject.ask(&request(blocks), deadline));
        }
    }
    before.compare();
}

/// A reply of a kind, whose words hold something.
macro_rules! is {
    ($kind:ident, $words:expr) => {
        |number: usize, reply: &Reply| match reply {
            Reply::$kind(said) if said.contains($words) => {}
            other => panic!(
                "reply {number} is {other:?}, expected {} with {:?}",
                stringify!($kind),
                $words
            ),
        }
    };
}
pub(crate) use is;

/// No answer within the deadline.
fn is_timeout(number: usize, reply: &Reply) {
    assert_eq!(reply, &Reply::Timeout, "reply {number}");
}

/// An answer.
fn is_answer(number: usize, reply: &Reply) {
    assert!(matches!(reply, Reply::Answer(_)), "reply {number} is {reply:?}");
}

/// Long enough for whatever is fast.
const PATIENT: Duration = Duration::from_secs(20);

/// Short, for what never answers.
const SHORT: Duration = Duration::from_millis(60);

/// Checks that something took no longer than `most`.
fn within(most: Duration, done: impl FnOnce()) {
    let begun = Instant::now();
    done();
    assert!(begun.elapsed() < most, "took {:?}", begun.elapsed());
}
