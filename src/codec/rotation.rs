//! The rotation of weights, R = H D (SPEC ROT): random signs, then the Walsh-Hadamard transform.
//!
//! Every operation is rounded on its own, in f32 or f64, in the order of SPEC.md.

use num_traits::Float;
use thiserror::Error;

/// The step from one state of the stream of signs to the next (ROT-1).
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The longest vector in the block form (ROT-5).
const LONGEST: u64 = 1 << 24;

/// The most runs in the block form (ROT-5).
const MOST_RUNS: u64 = 4096;

/// A length for which there is no rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RotationError {
    /// ROT-4.
    #[error("a length of {0}: expected a power of two")]
    Length(u64),
    /// ROT-5.
    #[error(
        "runs of {run} in a length of {length}: expected a power of two that divides it, a length of \
         1 to {LONGEST}, and at most {MOST_RUNS} runs"
    )]
    Runs {
        /// The length of the vector.
        length: u64,
        /// The length of a run.
        run: u64,
    },
}

/// A rotation of vectors of one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    seed: u64,
    /// The length of a run in the block form (ROT-5); the plain form has one run and its own seed.
    run: Option<u64>,
}

impl Rotation {
    /// The plain form, for vectors of `length` values.
    ///
    /// # Errors
    ///
    /// Where `length` is not a power of two.
    pub fn plain(seed: u64, length: u64) -> Result<Self, RotationError> {
        if length.is_power_of_two() {
            Ok(Self { seed, run: None })
        } else {
            Err(RotationError::Length(length))
        }
    }

    /// The block form: each run of `run` values is rotated with a seed of its own.
    ///
    /// # Errors
    ///
    /// What ROT-5 excludes.
    pub fn in_runs(seed: u64, length: u64, run: u64) -> Result<Self, RotationError> {
        let lawful = run.is_power_of_two()
            && (1..=LONGEST).contains(&length)
            && length.is_multiple_of(run)
            && length / run <= MOST_RUNS;
        if lawful {
            Ok(Self { seed, run: Some(run) })
        } else {
            Err(RotationError::Runs { length, run })
        }
    }

    /// R x (ROT-3).
    pub fn apply<T: Float>(self, values: &mut [T]) {
        self.each_run(values, |run, seed| {
            change_signs(run, seed);
            transform(run);
        });
    }

    /// R^T x, which undoes [`Rotation::apply`] (ROT-3).
    pub fn invert<T: Float>(self, values: &mut [T]) {
        self.each_run(values, |run, seed| {
            transform(run);
            change_signs(run, seed);
        });
    }

    fn each_run<T>(self, values: &mut [T], rotate: impl Fn(&mut [T], u64)) {
        match self.run {
            None => rotate(values, self.seed),
            Some(run) => {
                for (index, run) in values.chunks_mut(run as usize).enumerate() {
                    let spaced = self.seed.wrapping_add(GAMMA.wrapping_mul(index as u64));
                    rotate(run, mix(spaced));
                }
            }
        }
    }
}

/// W R^T where `rotate` applies R: each row of a row-major matrix, in place (ROT-6).
pub fn each_row<T>(matrix: &mut [T], columns: usize, rotate: impl Fn(&mut [T])) {
    matrix.chunks_mut(columns).for_each(rotate);
}

/// R W where `rotate` applies R: each column of a row-major matrix, in place (ROT-6).
pub fn each_column<T: Float>(matrix: &mut [T], columns: usize, rotate: impl Fn(&mut [T])) {
    for first in 0..columns {
        let mut column: Vec<T> = matrix.iter().skip(first).step_by(columns).copied().collect();
        rotate(&mut column);
        for (place, value) in matrix.iter_mut().skip(first).step_by(columns).zip(column) {
            *place = value;
        }
    }
}

/// `W[r][k] (1 + gamma[k])`: the norm before a matrix, folded into its columns (ROT-7).
pub fn fold_norm<T: Float>(matrix: &mut [T], gamma: &[T]) {
    for row in matrix.chunks_mut(gamma.len()) {
        for (weight, &gamma) in row.iter_mut().zip(gamma) {
            *weight = *weight * (T::one() + gamma);
        }
    }
}

fn change_signs<T: Float>(values: &mut [T], seed: u64) {
    let mut state = seed.wrapping_add(GAMMA);
    for value in values {
        state = state.wrapping_add(GAMMA);
        if mix(state) & 1 == 1 {
            *value = -*value;
        }
    }
}

/// The finalizer of splitmix64 (ROT-1).
fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// ROT-2, of a length that is a power of two.
fn transform<T: Float>(values: &mut [T]) {
    for h in (0..values.len().trailing_zeros()).map(|power| 1 << power) {
        for pair in values.chunks_exact_mut(2 * h) {
            let (left, right) = pair.split_at_mut(h);
            for (a, b) in left.iter_mut().zip(right) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
    }
    let length = T::from(values.len()).expect("a power of two is a float");
    let factor = T::one() / length.sqrt();
    for value in values {
        *value = *value * factor;
    }
}
