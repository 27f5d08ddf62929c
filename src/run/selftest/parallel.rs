//! Work that stands apart, on all cores.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::run::RunError;

/// What `work` makes of each item, in the order of the items; `observe` is told of each before it is begun.
///
/// # Errors
///
/// The first of `work`, after which nothing is begun.
pub(super) fn each<T: Sync, R: Send>(
    items: &[T],
    observe: &mut (dyn FnMut(&T) + Send),
    work: impl Fn(&T) -> Result<R, RunError> + Sync,
) -> Result<Vec<R>, RunError> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let observe = Mutex::new(observe);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let worker = || {
        let mut made = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(place) else { break };
            observe.lock().unwrap_or_else(PoisonError::into_inner)(item);
            let outcome = work(item);
            failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
            made.push((place, outcome));
        }
        made
    };
    let mut made: Vec<(usize, Result<R, RunError>)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let join = |worker: thread::ScopedJoinHandle<'_, _>| {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        workers.into_iter().flat_map(join).collect()
    });
    made.sort_by_key(|(place, _)| *place);
    made.into_iter().map(|(_, outcome)| outcome).collect()
}
