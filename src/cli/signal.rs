//! Ctrl-C and signals to terminate: they stop what is under way, and no longer the process.

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
