//! Signals: those to terminate stop what is under way, and no longer the process; that of a file which has
//! become too large does nothing, so that the write fails and all that was begun is removed.

use super::problem::Problem;
use crate::subject::Stop;

/// What is told at the first signal, from here on.
///
/// # Errors
///
/// Where the system lets no signal be caught.
pub fn stop() -> Result<Stop, Problem> {
    let stop = Stop::default();
    let told = stop.clone();
    ctrlc::set_handler(move || told.tell())
        .map_err(|error| Problem::Harness(format!("signals cannot be caught: {error}")))?;
    Ok(stop)
}

/// Holds SIGXFSZ back, before any thread is started: a write beyond the limit on the length of files fails
/// then with an error, and does not end the process with a temporary file left. The processes that the
/// standard library starts have the signal as it was: they begin with an empty mask.
pub fn hold_back_file_limit() {
    #[cfg(unix)]
    {
        use nix::sys::signal::{SigSet, Signal};
        // Where it fails a write ends the process, as it would have otherwise.
        SigSet::from(Signal::SIGXFSZ).thread_block().ok();
    }
}
