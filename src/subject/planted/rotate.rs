//! Rotation (SPEC ROT), with a switch at every slip that rotations have had.

use num_traits::Float;

use super::fault::faults;
use super::{Fault, Faulty, refusal};
use crate::format::Class;
use crate::suite::answer::Refusal;
use crate::suite::floats::Floats;
use crate::suite::hex::{Bits, Bits64};
use crate::suite::question::{Rotate, Side};

faults! {
    Rotate QUAROT {
        56 SignsOneStateEarly "signs-one-state-early"
            "Begins the stream of signs one state early."
        56 SignsOneStateLate "signs-one-state-late"
            "Begins the stream of signs one state late."
        56 SignFromHighBit "sign-from-high-bit"
            "Takes a sign from the highest bit, not the lowest."
        56 SignInverted "sign-inverted"
            "Takes an even number for a minus."
        56 SignsNotMixed "signs-not-mixed"
            "Takes the signs from the states themselves: they alternate."
        56 SeedCutTo32Bits "seed-cut-to-32-bits"
            "Keeps the lower 32 bits of the seed."
        56 SeedThroughF64 "seed-through-f64"
            "Reads the seed as a binary64, as many JSON readers do: beyond 2^53 it is another."
        56 SeedIgnored "seed-ignored"
            "Rotates with the signs of seed 0."
        57 ApplyForInverse "apply-for-inverse"
            "Applies the rotation where its inverse is asked for."
        57 InverseForApply "inverse-for-apply"
            "Undoes the rotation where it is to be applied."
        57 OutputSideTakenForInput "output-side-taken-for-input"
            "Rotates rows where columns are asked for."
        57 InputSideTakenForOutput "input-side-taken-for-output"
            "Rotates columns where rows are asked for."
        58 NormFactorMissing "norm-factor-missing"
            "Leaves the division by the root of the length out."
        58 NormFactorTwice "norm-factor-twice"
            "Divides by the length, as where the root's factor is applied twice."
        58 LastButterflyMissing "last-butterfly-missing"
            "Ends the transform one stage early."
        58 OddLengthRotated "odd-length-rotated"
            "Takes a length that is no power of two and transforms a part of it."
        59 LinearRunSeeds "linear-run-seeds"
            "Spaces the seeds of runs without mixing: their signs are shifted copies."
        59 FirstRunPlain "first-run-plain"
            "Gives the first run the seed itself, as in the plain form."
        59 OneSeedForAllRuns "one-seed-for-all-runs"
            "Gives every run the signs of the first."
        59 RunsIgnored "runs-ignored"
            "Rotates the whole length where runs are asked for."
        59 RunsUnchecked "runs-unchecked"
            "Never looks at the length of a run: one that does not divide leaves a shorter last run."
        12 RunCountUnchecked "run-count-unchecked"
            "Never bounds the number of runs."
        12 RotationLengthUnbounded "rotation-length-unbounded"
            "Never bounds the length that is cut into runs."
        60 NormNotFolded "norm-not-folded"
            "Rotates without folding the norm that is given."
        60 NormWithoutOne "norm-without-one"
            "Folds gamma where 1 + gamma is to be folded."
        60 NormDivided "norm-divided"
            "Divides by 1 + gamma where it is to multiply."
        60 NormFoldedAfterRotation "norm-folded-after-rotation"
            "Folds the norm into the columns when they are rotated already."
        21 RotationEmptyRefused "rotation-empty-refused"
            "Refuses a matrix without rows or columns."
        46 RotationThroughF32 "rotation-through-f32"
            "Takes values of f64 through f32 before it rotates them."
        47 RotationExtentUnchecked "rotation-extent-unchecked"
            "Never compares rows, columns and norm with the values that are there."
    }
}

const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

impl Faulty {
    /// The rotated values; `None` of other types of floats than f32 and f64.
    pub(super) fn rotate_matrix(self, request: &Rotate) -> Option<Result<Floats, Refusal>> {
        match (&request.values, &request.gamma) {
            (Floats::F32(values), None | Some(Floats::F32(_))) => {
                let gamma = request.gamma.as_ref().and_then(Floats::singles);
                let rotated = self.rotated(request, values.values(), gamma);
                Some(rotated.map(|values| Floats::F32(Bits::of(&values))))
            }
            (Floats::F64(values), None | Some(Floats::F64(_))) => {
                let gamma = match &request.gamma {
                    Some(Floats::F64(gamma)) => Some(gamma.values()),
                    _ => None,
                };
                let mut values = values.values();
                if self.has(Fault::RotationThroughF32) {
                    values.iter_mut().for_each(|value| *value = f64::from(*value as f32));
                }
                let rotated = self.rotated(request, values, gamma);
                Some(rotated.map(|values| Floats::F64(Bits64::of(&values))))
            }
            _ => None,
        }
    }

    fn rotated<T: Float>(
        self,
        request: &Rotate,
        mut values: Vec<T>,
        gamma: Option<Vec<T>>,
    ) -> Result<Vec<T>, Refusal> {
        let Rotate { side, rows, columns, block, .. } = *request;
        let length = if side == Side::Input { columns } else { rows };
        self.check_length(length, block)?;
        let extent = rows.checked_mul(columns) == Some(values.len() as u64);
        let of_gamma = gamma.as_ref().is_none_or(|gamma| gamma.len() as u64 == columns);
        let lawful = extent && of_gamma || self.has(Fault::RotationExtentUnchecked);
        if !lawful {
            return Err(refusal(Class::ShapeMismatch, format!("{} values", values.len())));
        }
        if values.is_empty() {
            let refused = self.has(Fault::RotationEmptyRefused);
            return if refused {
                Err(refusal(Class::ShapeMismatch, "no values"))
            } else {
                Ok(values)
            };
        }
        let columns = (columns as usize).clamp(1, values.len());
        let fold = |values: &mut [T]| {
            for row in values.chunks_mut(columns) {
                for (value, &gamma) in row.iter_mut().zip(gamma.iter().flatten()) {
                    *value = match self.fault {
                        Some(Fault::NormNotFolded) => *value,
                        Some(Fault::NormWithoutOne) => *value * gamma,
                        Some(Fault::NormDivided) => *value / (T::one() + gamma),
                        _ => *value * (T::one() + gamma),
                    };
                }
            }
        };
        let late = self.has(Fault::NormFoldedAfterRotation);
        if !late {
            fold(&mut values);
        }
        let by_rows = match self.fault {
            Some(Fault::OutputSideTakenForInput) => true,
            Some(Fault::InputSideTakenForOutput) => rows == 1,
            _ => side == Side::Input,
        };
        if by_rows {
            for row in values.chunks_mut(columns) {
                self.rotate_line(request, row);
            }
        } else {
            for first in 0..columns {
                let places = (first..values.len()).step_by(columns);
                let mut column: Vec<T> = places.clone().map(|place| values[place]).collect();
                self.rotate_line(request, &mut column);
                for (place, value) in places.zip(column) {
                    values[place] = value;
                }
            }
        }
        if late {
            fold(&mut values);
        }
        Ok(values)
    }

    fn check_length(self, length: u64, block: Option<u64>) -> Result<(), Refusal> {
        let Some(run) = block else {
            return match length.is_power_of_two() || self.has(Fault::OddLengthRotated) {
                true => Ok(()),
                false => Err(refusal(Class::Shape, format!("a length of {length}"))),
            };
        };
        let lawful = match self.fault {
            Some(Fault::RunsUnchecked) => true,
            Some(Fault::RunCountUnchecked) => {
                run.is_power_of_two()
                    && length.is_multiple_of(run)
                    && (1..=1 << 24).contains(&length)
            }
            Some(Fault::RotationLengthUnbounded) => {
                run.is_power_of_two()
                    && length != 0
                    && length.is_multiple_of(run)
                    && length / run <= 4096
            }
            _ => {
                run.is_power_of_two()
                    && length.is_multiple_of(run)
                    && (1..=1 << 24).contains(&length)
                    && length / run <= 4096
            }
        };
        match lawful {
            true => Ok(()),
            false => Err(refusal(Class::Shape, format!("runs of {run} in {length}"))),
        }
    }

    fn rotate_line<T: Float>(self, request: &Rotate, line: &mut [T]) {
        let seed = match self.fault {
            Some(Fault::SeedCutTo32Bits) => request.seed & u64::from(u32::MAX),
            Some(Fault::SeedThroughF64) => request.seed as f64 as u64,
            Some(Fault::SeedIgnored) => 0,
            _ => request.seed,
        };
        let Some(run) = request.block.filter(|_| !self.has(Fault::RunsIgnored)) else {
            return self.rotate_run(request.inverse, line, seed);
        };
        for (index, line) in line.chunks_mut((run as usize).max(1)).enumerate() {
            let spaced = seed.wrapping_add(GAMMA.wrapping_mul(index as u64));
            let seed = match self.fault {
                Some(Fault::LinearRunSeeds) => spaced,
                Some(Fault::FirstRunPlain) if index == 0 => seed,
                Some(Fault::OneSeedForAllRuns) => mix(seed),
                _ => mix(spaced),
            };
            self.rotate_run(request.inverse, line, seed);
        }
    }

    fn rotate_run<T: Float>(self, inverse: bool, line: &mut [T], seed: u64) {
        let inverse = match self.fault {
            Some(Fault::ApplyForInverse) => false,
            Some(Fault::InverseForApply) => true,
            _ => inverse,
        };
        if !inverse {
            self.change_signs(line, seed);
        }
        self.transform(line);
        if inverse {
            self.change_signs(line, seed);
        }
    }

    fn change_signs<T: Float>(self, line: &mut [T], seed: u64) {
        let mut state = match self.fault {
            Some(Fault::SignsOneStateEarly) => seed,
            Some(Fault::SignsOneStateLate) => seed.wrapping_add(GAMMA.wrapping_mul(2)),
            _ => seed.wrapping_add(GAMMA),
        };
        for value in line {
            state = state.wrapping_add(GAMMA);
            let bit = match self.fault {
                Some(Fault::SignFromHighBit) => mix(state) >> 63,
                Some(Fault::SignInverted) => 1 - (mix(state) & 1),
                Some(Fault::SignsNotMixed) => state & 1,
                _ => mix(state) & 1,
            };
            if bit == 1 {
                *value = -*value;
            }
        }
    }

    fn transform<T: Float>(self, line: &mut [T]) {
        let mut h = 1;
        // An odd length is only met by a fault: the part that is a power of two is transformed.
        let whole = 1usize << line.len().ilog2();
        while h < whole {
            for pair in line[..whole].chunks_exact_mut(2 * h) {
                let (left, right) = pair.split_at_mut(h);
                for (a, b) in left.iter_mut().zip(right) {
                    (*a, *b) = (*a + *b, *a - *b);
                }
            }
            h *= 2;
        }
        if self.has(Fault::LastButterflyMissing) && whole > 1 {
            undo(&mut line[..whole]);
        }
        let length = T::from(line.len()).expect("a length is a float");
        let factor = match self.fault {
            Some(Fault::NormFactorMissing) => T::one(),
            Some(Fault::NormFactorTwice) => T::one() / length,
            _ => T::one() / length.sqrt(),
        };
        for value in line {
            *value = *value * factor;
        }
    }
}

/// Takes the last stage of butterflies back.
fn undo<T: Float>(line: &mut [T]) {
    let two = T::one() + T::one();
    let (left, right) = line.split_at_mut(line.len() / 2);
    for (a, b) in left.iter_mut().zip(right) {
        (*a, *b) = ((*a + *b) / two, (*a - *b) / two);
    }
}

fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
