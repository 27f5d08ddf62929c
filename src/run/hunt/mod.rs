//! A campaign of generated questions (`hunt`): each is asked, judged by the exact evaluator, and made as small as it
//! can be where it fails.
//!
//! Questions come in batches. A batch is asked by one process in its order, and some of its questions are asked
//! again at its end, so that an answer that depends on what was asked before shows. Which questions a campaign asks
//! depends on its seed alone, not on how many processes share the work: each takes the next batch, and what came of
//! the batches is looked at in their order.

mod batch;
mod coverage;
mod found;
mod shrinking;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub use batch::{BATCH, Failure};
pub use coverage::{Coverage, OperationCoverage};
pub use found::{Found, control_of};

use super::RunError;
use super::ask::Asker;
use crate::fuzz::generate::Generator;
use crate::run::Record;
use crate::subject::{Stop, Subject};
use crate::suite::{Case, Profile};
use batch::{Asked, Batch, ask};
use shrinking::shrink;

/// Questions to find a smaller one, at most.
const MOST_STEPS: usize = 400;

/// How long that may take.
const LONGEST: Duration = Duration::from_secs(30);

/// Batches that are made ahead of each process.
const AHEAD: usize = 2;

/// How often a process that waits looks for something to do.
const ROUND: Duration = Duration::from_millis(2);

/// How a campaign is run.
pub struct Settings<'a> {
    /// What is asked for.
    pub profile: Profile,
    /// How long one answer may take.
    pub deadline: Duration,
    /// Which questions are asked.
    pub seed: u64,
    /// How many questions; `None` where only time or a stop ends the campaign. Whole batches are asked.
    pub questions: Option<u64>,
    /// How long new batches are begun.
    pub time: Option<Duration>,
    /// Ends the campaign at once where it is told.
    pub stop: Stop,
    /// Goes on although the first answers show that the adapter makes one mistake in each.
    pub keep_going: bool,
    /// Ends the campaign once so many different faults were found.
    pub findings: usize,
    /// What failures of one fault have in common, as far as the record of a failure shows it.
    pub key: &'a (dyn Fn(&Case, &Record) -> String + Sync),
}

/// What a campaign tells while it runs.
pub enum Event<'a> {
    /// A batch was asked.
    Asked(&'a Coverage),
    /// A fault was found, or became a smaller question.
    Found(&'a Found),
}

/// What a campaign came to.
#[derive(Debug)]
pub struct Hunted {
    /// One of each fault, in the order in which the questions were asked.
    pub found: Vec<Found>,
    /// What was asked.
    pub coverage: Coverage,
    /// How long it took.
    pub time: Duration,
    /// From its start to the first failure.
    pub first: Option<Duration>,
}

/// Something that is to be made small, by whichever process is free.
struct Job {
    failure: Failure,
    key: String,
}

/// What a process has done.
enum Done {
    Batch(u64, Vec<Asked>),
    Small(String, Box<Failure>),
    Failed(RunError),
}

/// What the processes share.
struct Shared<'a> {
    settings: &'a Settings<'a>,
    begun: Instant,
    next: AtomicU64,
    over: AtomicBool,
    /// Whether a process cannot go on.
    failed: AtomicBool,
    /// Batches that were begun and jobs, neither of which was put together yet.
    open: AtomicU64,
    jobs: Mutex<VecDeque<Job>>,
}

impl Shared<'_> {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed) || self.settings.stop.is_told()
    }

    /// The number of the next batch; `None` where the campaign is at its end.
    fn next(&self) -> Option<u64> {
        let late = self.settings.time.is_some_and(|time| self.begun.elapsed() >= time);
        if late || self.is_over() {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let beyond = self.settings.questions.is_some_and(|most| number * BATCH >= most);
        if beyond {
            return None;
        }
        self.open.fetch_add(1, Ordering::SeqCst);
        Some(number)
    }

    fn job(&self) -> Option<Job> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn add_job(&self, job: Job) {
        self.open.fetch_add(1, Ordering::SeqCst);
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).push_back(job);
    }

    fn close_one(&self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether nothing is left to do, or it is not to be done.
    fn is_done(&self) -> bool {
        self.open.load(Ordering::SeqCst) == 0
            || self.settings.stop.is_told()
            || self.failed.load(Ordering::Relaxed)
    }
}

/// Runs a campaign over subjects that are alike; `observe` is told of what happens, in the order of the questions.
///
/// # Errors
///
/// [`RunError`]; whatever the subject does is an outcome, not an error.
pub fn hunt(
    subjects: Vec<&mut (dyn Subject + Send)>,
    settings: &Settings<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Hunted, RunError> {
    let hello = subjects[0].hello().clone();
    let generator = Generator::new(settings.seed, &settings.profile, &hello);
    let shared = Shared {
        settings,
        begun: Instant::now(),
        next: AtomicU64::new(0),
        over: AtomicBool::new(false),
        failed: AtomicBool::new(false),
        open: AtomicU64::new(0),
        jobs: Mutex::new(VecDeque::new()),
    };
    let (send, receive) = channel();
    thread::scope(|scope| {
        for subject in subjects {
            let (give, take) = sync_channel(AHEAD);
            let (shared, generator) = (&shared, &generator);
            scope.spawn(move || {
                while let Some(number) = shared.next() {
                    if give.send(Batch::new(generator, number)).is_err() {
                        return;
                    }
                }
            });
            let send = send.clone();
            scope.spawn(move || {
                if let Err(error) = work(shared, subject, &take, &send) {
                    shared.over.store(true, Ordering::Relaxed);
                    shared.failed.store(true, Ordering::Relaxed);
                    // Where nobody listens, another process has failed already.
                    send.send(Done::Failed(error)).ok();
                }
            });
        }
        drop(send);
        collect(&shared, &generator, receive, observe)
    })
}

/// What one process does: it makes small what was found, or asks the next batch.
fn work(
    shared: &Shared<'_>,
    subject: &mut dyn Subject,
    batches: &Receiver<Batch>,
    send: &Sender<Done>,
) -> Result<(), RunError> {
    let settings = shared.settings;
    let hello = subject.hello().clone();
    let mut asker = Asker::new(subject, settings.deadline, settings.keep_going)?;
    loop {
        let done = if let Some(Job { failure, key }) = shared.job() {
            let small = shrink(&mut asker, failure, &key, settings, MOST_STEPS, LONGEST)?;
            Done::Small(key, Box::new(small))
        } else {
            match batches.recv_timeout(ROUND) {
                // What was made ahead of the end is not asked.
                Ok(batch) if shared.is_over() => Done::Batch(batch.number, Vec::new()),
                Ok(batch) => {
                    let number = batch.number;
                    Done::Batch(number, ask(&mut asker, batch, &hello, settings)?)
                }
                Err(RecvTimeoutError::Timeout) => continue,
                // What others asked may still be to be made small.
                Err(RecvTimeoutError::Disconnected) if shared.is_done() => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => {
                    thread::sleep(ROUND);
                    continue;
                }
            }
        };
        if send.send(done).is_err() {
            return Ok(());
        }
    }
}

/// Puts together what the processes did, in the order of the batches.
fn collect(
    shared: &Shared<'_>,
    generator: &Generator,
    done: Receiver<Done>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Hunted, RunError> {
    let coverage = Coverage::new(generator.operations());
    let mut hunted = Hunted { found: Vec::new(), coverage, time: Duration::ZERO, first: None };
    let (mut early, mut in_order) = (BTreeMap::new(), 0);
    let mut failed = None;
    for one in done {
        match one {
            Done::Failed(error) => {
                failed.get_or_insert(error);
            }
            Done::Small(key, failure) => {
                hunted.replace(&key, *failure, observe);
                shared.close_one();
            }
            Done::Batch(number, asked) => {
                early.insert(number, asked);
            }
        }
        while let Some(asked) = early.remove(&in_order) {
            in_order += 1;
            hunted.add(asked, shared, observe);
            shared.close_one();
        }
    }
    // Where the campaign was stopped, a batch before these was not asked.
    for asked in early.into_values() {
        hunted.add(asked, shared, observe);
    }
    if let Some(error) = failed {
        return Err(error);
    }
    Ok(Hunted { time: shared.begun.elapsed(), ..hunted })
}

impl Hunted {
    /// Adds the answers to a batch. The first failure of each fault is to be made small.
    fn add(&mut self, asked: Vec<Asked>, shared: &Shared<'_>, observe: &mut dyn FnMut(Event<'_>)) {
        let settings = shared.settings;
        for one in asked {
            self.coverage.add(&one);
            let Some(failure) = one.failure else { continue };
            self.first.get_or_insert_with(|| shared.begun.elapsed());
            let key = (settings.key)(&failure.case, &failure.record);
            if let Some(known) = self.found.iter_mut().find(|found| found.key == key) {
                known.failures += 1;
                continue;
            }
            let found = Found::new(key.clone(), &failure);
            observe(Event::Found(&found));
            self.found.push(found);
            shared.add_job(Job { failure: *failure, key });
            if self.found.len() >= settings.findings {
                shared.over.store(true, Ordering::Relaxed);
            }
        }
        observe(Event::Asked(&self.coverage));
    }

    /// Puts a smaller question into the place of the one that showed a fault first.
    fn replace(&mut self, key: &str, small: Failure, observe: &mut dyn FnMut(Event<'_>)) {
        if let Some(found) = self.found.iter_mut().find(|found| found.key == key) {
            found.replace(small);
            observe(Event::Found(found));
        }
    }
}
