//! The rotation a second time, for the gate: it shares no line with [`codec::rotation`], so that what
//! is wrong there cannot hide here.
//!
//! Each sign comes from its own state and not from the one before; the transform halves a vector from
//! the top and does not build it up from pairs; the result is divided by the root of its length.
//!
//! [`codec::rotation`]: crate::codec::rotation

/// R, of one length.
pub(super) struct Straight {
    signs: Vec<f64>,
}

impl Straight {
    /// That of a seed, for vectors of `length` values: a power of two.
    pub fn new(seed: u64, length: usize) -> Self {
        Self { signs: (0..length as u64).map(|index| sign(seed, index)).collect() }
    }

    /// R x.
    pub fn of(&self, vector: &[f64]) -> Vec<f64> {
        let mut turned: Vec<f64> =
            vector.iter().zip(&self.signs).map(|(value, sign)| value * sign).collect();
        halve(&mut turned);
        let root = (turned.len() as f64).sqrt();
        turned.iter_mut().for_each(|value| *value /= root);
        turned
    }
}

/// The sign that the rotation of a seed gives to the value of that index (ROT-1).
pub(crate) fn sign(seed: u64, index: u64) -> f64 {
    let state = seed.wrapping_add((index + 2).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let half = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let whole = (half ^ (half >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    if (whole ^ (whole >> 31)) & 1 == 0 { 1.0 } else { -1.0 }
}

/// The Walsh-Hadamard matrix times a vector: of [a, b] it is that of a + b, then that of a - b.
fn halve(values: &mut [f64]) {
    if values.len() < 2 {
        return;
    }
    let (left, right) = values.split_at_mut(values.len() / 2);
    for (a, b) in left.iter_mut().zip(right.iter_mut()) {
        (*a, *b) = (*a + *b, *a - *b);
    }
    halve(left);
    halve(right);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The matrix entry by entry: column k of H has a minus in row j for each bit that both have.
    #[test]
    fn it_is_the_matrix_of_the_definition() {
        // The first signs for seed 42, by ROT-1.
        let signs: Vec<f64> =
            "-++++-+-+-++-++-".chars().map(|sign| if sign == '+' { 1.0 } else { -1.0 }).collect();
        let straight = Straight::new(42, 16);
        assert_eq!(straight.signs, signs);
        let entry = |row: usize, column: usize| {
            let sign = if (row & column).count_ones().is_multiple_of(2) { 0.25 } else { -0.25 };
            sign * signs[column]
        };
        for column in 0..16 {
            let mut one = [0.0; 16];
            one[column] = 1.0;
            let expected: Vec<f64> = (0..16).map(|row| entry(row, column)).collect();
            assert_eq!(straight.of(&one), expected, "column {column}");
        }
    }
}
