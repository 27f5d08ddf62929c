//! What the benchmarks share: their weights, and how long each is measured.
//!
//! `scripts/bench.sh` runs them, and `scripts/bench-compare.sh` compares two revisions.

use std::time::Duration;

use criterion::Criterion;

/// Weights from -1 to 1, the same on every machine and in every revision: splitmix64, with 24 bits
/// for each weight.
pub fn weights(count: usize) -> Vec<f32> {
    let mut state = 0u64;
    let mut weight = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1u32 << 23) as f32 - 1.0
    };
    (0..count).map(|_| weight()).collect()
}

/// Two seconds for each benchmark, so that all of them take a few minutes.
pub fn criterion() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(50)
        // For the intervals that criterion prints; the medians do not depend on it.
        .nresamples(2000)
        .without_plots()
}
