//! One pass by several subjects at once: each asks the next case that nobody has asked yet.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use super::{Open, Pass, Record, RunError, Settings, turns, verify};
use crate::subject::Subject;
use crate::suite::Suite;
use crate::suite::case::Case;

/// As [`run`](super::run), by subjects that are alike: the records come in the same order.
///
/// # Errors
///
/// As [`run`](super::run).
pub fn run_among(
    suite: &Suite,
    cases: &[&Case],
    subjects: Vec<&mut (dyn Subject + Send)>,
    settings: &Settings,
    observe: &mut dyn FnMut(&Record),
) -> Result<Vec<Record>, RunError> {
    verify(suite, cases)?;
    let order = turns(cases, settings.seed, settings.repeat);
    let next = AtomicUsize::new(0);
    let (send, receive) = channel();
    thread::scope(|scope| {
        for subject in subjects {
            let (send, order, next) = (send.clone(), &order, &next);
            scope.spawn(move || {
                let mut pass = match Pass::new(suite, settings, subject) {
                    Ok(pass) => pass,
                    // Where nobody listens, another subject's pass has failed already.
                    Err(error) => return drop(send.send((0, Err(error)))),
                };
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(&turn) = order.get(place) else { return };
                    let taken = pass.turn(turn);
                    let goes_on = taken.is_ok() && !settings.stop.is_told();
                    if send.send((place, taken)).is_err() || !goes_on {
                        return;
                    }
                }
            });
        }
        drop(send);
        let (mut early, mut records) = (BTreeMap::new(), Vec::with_capacity(cases.len()));
        let (mut open, mut in_order) = (Open::new(settings.repeat), 0);
        for (place, taken) in receive {
            early.insert(place, taken?);
            if settings.stop.is_told() {
                continue;
            }
            while let Some(taken) = early.remove(&in_order) {
                if let Some(record) = open.add(order[in_order], taken) {
                    observe(&record);
                    records.push(record);
                }
                in_order += 1;
            }
        }
        Ok(records)
    })
}
