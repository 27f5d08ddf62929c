//! Memory that a question made a subject ask the system for, touched or not (KHQ4-A3): what a header claims may
//! not be reserved before the file's length bounds it, and memory that is zeroed when it is touched first shows in
//! the address space alone.
//!
//! A peak never falls, so the subject is a fresh process that has passed a small control.

use crate::subject::Peak;

/// How far the address space may grow beside what the file's length allows, in bytes: a thread's stack and
/// an allocator's next chunk.
const MAPPED: u64 = 32 << 20;

/// The same of the memory that is touched: a collector's garbage.
const RESIDENT: u64 = 16 << 20;

/// What both may grow by for each byte of the file: its copies, its values in f32, their text.
const PER_BYTE: u64 = 64;

/// What is beyond the budget, in words; `None` where nothing is.
pub(super) fn beyond(before: Peak, after: Peak, file_len: u64) -> Option<String> {
    let allowed = |base: u64| base + PER_BYTE * file_len;
    let over = |what: &str, before: u64, after: u64, base: u64| {
        let grown = after.saturating_sub(before);
        (grown > allowed(base)).then(|| {
            format!(
                "{what} grew by {} MiB over a file of {file_len} bytes, more than {} MiB (KHQ4-A3)",
                grown >> 20,
                allowed(base) >> 20
            )
        })
    };
    over("its memory", before.resident, after.resident, RESIDENT)
        .or_else(|| over("its address space", before.mapped, after.mapped, MAPPED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_beyond_the_budget_is_told() {
        let peak =
            |mapped: u64, resident: u64| Peak { mapped: mapped << 20, resident: resident << 20 };
        let before = peak(1000, 50);
        assert_eq!(beyond(before, before, 0), None);
        assert_eq!(beyond(before, peak(1032, 66), 0), None);
        let beyond = |after: Peak, len: u64| beyond(before, after, len);
        assert_eq!(
            beyond(peak(1033, 50), 48).as_deref(),
            Some(
                "its address space grew by 33 MiB over a file of 48 bytes, more than 32 MiB (KHQ4-A3)"
            )
        );
        assert_eq!(
            beyond(peak(1033, 67), 48).as_deref(),
            Some("its memory grew by 17 MiB over a file of 48 bytes, more than 16 MiB (KHQ4-A3)")
        );
        assert_eq!(beyond(peak(1096, 66), 1 << 20), None);
    }
}
