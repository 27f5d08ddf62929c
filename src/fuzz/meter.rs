//! How much memory a piece of work takes at one time, on the thread that does it.
//!
//! The numbers come from whatever allocator the program has, where that allocator calls
//! [`record`]: the fuzz targets and the integration tests have such a one. Without it every peak
//! is 0, and no oracle that asks for it can fail.

use std::cell::Cell;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// To be called by an allocator with the bytes that it has handed out, or with the negative number
/// of those that it took back. Allocates nothing.
pub fn record(bytes: isize) {
    // A thread that is ending has no counters any more, and nothing to count.
    let counted = LIVE.try_with(|live| {
        live.set(live.get() + bytes);
        live.get()
    });
    if let Ok(live) = counted {
        PEAK.try_with(|peak| peak.set(peak.get().max(live))).ok();
    }
}

/// What `work` gives, and the most bytes that it had allocated at one time.
pub fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = work();
    (result, usize::try_from(PEAK.get() - before).unwrap_or(0))
}
