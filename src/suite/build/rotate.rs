//! Rotation: signs, both directions and sides, precisions, runs, norms.

use super::Draft;
use crate::suite::floats::Floats;
use crate::suite::hex::{Bits, Bits64};
use crate::suite::operation::FormatId;
use crate::suite::question::{Question, Rotate, Side};
use crate::suite::random::SplitMix64;

/// The controls of what is refused.
const CONTROL: &str = "rotate/length-8";
const RUNS: &str = "rotate/runs-2-of-4";

const SEEDS: [u64; 4] = [0, 42, 0xcafe_babe_dead_beef, u64::MAX];

/// A question that is changed step by step.
#[derive(Clone)]
struct Matrix {
    seed: u64,
    side: Side,
    inverse: bool,
    rows: u64,
    columns: u64,
    block: Option<u64>,
    gamma: Option<Vec<f64>>,
    double: bool,
    values: Vec<f64>,
}

impl Matrix {
    /// f32 values of both signs, none of them short.
    fn new(rows: u64, columns: u64) -> Self {
        let mut dice = SplitMix64::new(rows * 4096 + columns);
        let values = (0..rows * columns).map(|_| f64::from(4.0 * dice.signed_unit())).collect();
        let (side, gamma) = (Side::Input, None);
        Self {
            seed: 42,
            side,
            inverse: false,
            rows,
            columns,
            block: None,
            gamma,
            double: false,
            values,
        }
    }

    /// All zeros but one.
    fn single(columns: u64, at: usize, value: f64) -> Self {
        let mut matrix = Self::new(1, columns);
        matrix.values = vec![0.0; columns as usize];
        matrix.values[at] = value;
        matrix
    }

    fn input(&self) -> Question {
        let floats = |values: &[f64]| {
            if self.double {
                Floats::F64(Bits64::of(values))
            } else {
                let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
                Floats::F32(Bits::of(&values))
            }
        };
        Question::Rotate(Rotate {
            format: FormatId::QUAROT,
            seed: self.seed,
            side: self.side,
            inverse: self.inverse,
            rows: self.rows,
            columns: self.columns,
            block: self.block,
            gamma: self.gamma.as_deref().map(floats),
            values: floats(&self.values),
        })
    }

    fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    fn output_side(mut self) -> Self {
        self.side = Side::Output;
        self
    }

    fn inverse(mut self) -> Self {
        self.inverse = true;
        self
    }

    fn runs(mut self, block: u64) -> Self {
        self.block = Some(block);
        self
    }

    fn gamma(mut self, gamma: impl Fn(usize) -> f64) -> Self {
        self.gamma = Some((0..self.columns as usize).map(gamma).collect());
        self
    }

    /// The same in f64, with digits that f32 has not.
    fn double(mut self) -> Self {
        self.double = true;
        for (index, value) in self.values.iter_mut().enumerate() {
            *value += (index as f64 + 1.0) / f64::from(1u32 << 30) / 3.0;
        }
        self
    }

    fn sized(mut self, rows: u64, columns: u64) -> Self {
        (self.rows, self.columns) = (rows, columns);
        self
    }

    /// As many values of the same kind as there are to be.
    fn valued(mut self, count: usize) -> Self {
        self.values.resize(count, 1.5);
        self
    }
}

fn draft(id: &str, clause: &str, class: u8, note: &str, matrix: &Matrix) -> Draft {
    Draft::new(format!("rotate/{id}"), clause, note, matrix.input()).class(class)
}

pub(super) fn cases() -> Vec<Draft> {
    [signs(), lengths(), inverses(), doubles(), runs(), sides(), norms(), edges(), refusals()]
        .concat()
}

/// ROT-1: the signs of 64 values, each seen in the sum of all; and one value, whose sign is seen alone.
fn signs() -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (seed, name) in SEEDS.into_iter().zip(["0", "42", "cafebabedeadbeef", "largest"]) {
        let note = format!("the signs of seed {seed:#x}, on powers of two that no sign hides");
        let mut matrix = Matrix::new(1, 16).seed(seed);
        matrix.values = (0..16).map(|at| f64::from(1u32 << at)).collect();
        drafts.push(draft(&format!("signs-{name}"), "ROT-1", 56, &note, &matrix));
    }
    let near: [(u64, &str, &str); 4] = [
        ((1 << 53) + 1, "2p53-and-1", "a seed that binary64 cannot hold"),
        (1 << 32, "2p32", "a seed whose lower 32 bits are zero"),
        ((1 << 40) + 42, "2p40-and-42", "42 where it is cut to 32 bits"),
        (1, "1", "seed 1"),
    ];
    for (seed, name, note) in near {
        let matrix = Matrix::new(1, 32).seed(seed);
        drafts.push(draft(&format!("signs-{name}"), "ROT-1", 56, note, &matrix));
    }
    for at in [0usize, 1, 7, 15] {
        let note = format!("value {at} alone: a row of the matrix, with its sign");
        let matrix = Matrix::single(16, at, 1.0);
        drafts.push(draft(&format!("single-{at:02}"), "ROT-1", 56, &note, &matrix));
    }
    drafts
}

/// ROT-2, at lengths whose root is exact and at others.
fn lengths() -> Vec<Draft> {
    let of = |length: u64| {
        let note = format!("{length} values");
        draft(&format!("length-{length}"), "ROT-2", 58, &note, &Matrix::new(1, length))
    };
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512].into_iter().map(of).collect()
}

/// ROT-3.
fn inverses() -> Vec<Draft> {
    let of = |length: u64| {
        let note = format!("the inverse, of {length} values");
        let matrix = Matrix::new(1, length).inverse();
        draft(&format!("inverse-{length}"), "ROT-3", 57, &note, &matrix)
    };
    let mut drafts: Vec<Draft> = [2, 4, 8, 16, 64, 128].into_iter().map(of).collect();
    drafts.push(draft(
        "inverse-rows",
        "ROT-3",
        57,
        "the inverse of three rows",
        &Matrix::new(3, 16).inverse(),
    ));
    drafts.push(draft(
        "inverse-output-side",
        "ROT-3",
        57,
        "the inverse of three columns",
        &Matrix::new(16, 3).inverse().output_side(),
    ));
    drafts
}

/// All arithmetic in f64.
fn doubles() -> Vec<Draft> {
    let of = |id: &str, note: &str, matrix: Matrix| draft(id, "ROT-2", 46, note, &matrix.double());
    vec![
        of("f64-length-2", "two values of f64", Matrix::new(1, 2)),
        of("f64-length-16", "16 values of f64", Matrix::new(1, 16)),
        of("f64-length-128", "128 values of f64", Matrix::new(1, 128)),
        of("f64-inverse-32", "the inverse, of 32 values of f64", Matrix::new(1, 32).inverse()),
        of("f64-output-side", "columns of f64", Matrix::new(8, 3).output_side()),
        of(
            "f64-norm-below-zero",
            "a norm of f64 of both signs",
            Matrix::new(3, 16).gamma(|at| 0.37 - at as f64 / 11.0),
        )
        .class(60),
        of("f64-norm", "a norm of f64", Matrix::new(2, 8).gamma(|at| at as f64 / 7.0 - 0.3)),
    ]
}

/// ROT-5.
fn runs() -> Vec<Draft> {
    let of = |id: &str, note: &str, matrix: Matrix| draft(id, "ROT-5", 59, note, &matrix);
    vec![
        of("runs-1-of-16", "one run, which is not the plain form", Matrix::new(1, 16).runs(16)),
        of("runs-2-of-4", "two runs of four", Matrix::new(1, 8).runs(4)),
        of("runs-3-of-8", "three runs of eight: 24 is no power of two", Matrix::new(1, 24).runs(8)),
        of("runs-7-of-16", "seven runs of sixteen", Matrix::new(1, 112).runs(16)),
        of("runs-5-of-32", "five runs, seed 0", Matrix::new(1, 160).runs(32).seed(0)),
        of("runs-inverse", "the inverse of three runs", Matrix::new(1, 48).runs(16).inverse()),
        of("runs-in-rows", "two rows of three runs", Matrix::new(2, 24).runs(8)),
        of(
            "runs-largest-seed",
            "the seed wraps behind the first run",
            Matrix::new(1, 32).runs(8).seed(u64::MAX),
        ),
        of("runs-of-1", "runs of one value: signs only", Matrix::new(1, 6).runs(1)),
        of(
            "runs-with-norm",
            "a norm, then runs",
            Matrix::new(2, 24).runs(8).gamma(|at| 0.25 + at as f64 / 64.0),
        ),
    ]
}

/// ROT-6.
fn sides() -> Vec<Draft> {
    let of = |id: &str, note: &str, matrix: Matrix| draft(id, "ROT-6", 57, note, &matrix);
    vec![
        of("rows-3-of-8", "three rows, each for itself", Matrix::new(3, 8)),
        of("rows-8-of-8", "a square: rows", Matrix::new(8, 8)),
        of("columns-8-of-8", "a square: columns", Matrix::new(8, 8).output_side()),
        of("columns-3-of-16", "three columns of sixteen", Matrix::new(16, 3).output_side()),
        of("columns-of-32", "columns of 32, five of them", Matrix::new(32, 5).output_side()),
        of(
            "one-column",
            "one column: its rows are one value each",
            Matrix::new(8, 1).output_side(),
        ),
        of("one-row-output", "one row, output side: signs only", Matrix::new(1, 8).output_side()),
        of("columns-none", "no columns: no values", Matrix::new(8, 0).output_side()).class(21),
        of("rows-none", "no rows: no values", Matrix::new(0, 8)).class(21),
    ]
}

/// ROT-7.
fn norms() -> Vec<Draft> {
    let of = |id: &str, note: &str, matrix: Matrix| draft(id, "ROT-7", 60, note, &matrix);
    vec![
        of("norm-ramp", "a gamma that rises", Matrix::new(2, 8).gamma(|at| at as f64 / 8.0)),
        of(
            "norm-below-zero",
            "a gamma of both signs",
            Matrix::new(3, 16).gamma(|at| 0.37 - at as f64 / 11.0),
        ),
        of("norm-zero", "a gamma of zeros changes nothing", Matrix::new(2, 8).gamma(|_| 0.0)),
        of(
            "norm-minus-one",
            "a gamma of -1 makes zeros",
            Matrix::new(1, 8).gamma(|at| if at < 4 { -1.0 } else { 1.0 }),
        ),
        of(
            "norm-large",
            "a gamma far above one",
            Matrix::new(2, 32).gamma(|at| 3.0 * at as f64 + 0.1),
        ),
        of(
            "norm-of-one-row",
            "one row of 64",
            Matrix::new(1, 64).gamma(|at| (at % 5) as f64 / 3.0),
        ),
    ]
}

/// Zeros, and sums that cancel.
fn edges() -> Vec<Draft> {
    let valued = |values: &[f64]| {
        let mut matrix = Matrix::new(1, values.len() as u64);
        matrix.values = values.to_vec();
        matrix
    };
    let of = |id: &str, note: &str, matrix: Matrix| draft(id, "ROT-2", 58, note, &matrix);
    vec![
        of("ones", "equal values: most sums cancel", valued(&[1.0; 16])),
        of(
            "large-and-small",
            "magnitudes from 2^-20 to 2^20",
            valued(&[1e6, -1e-6, 3.5, 1e3, -0.125, 7e-4, -2e5, 1.0]),
        ),
        of("thirds", "values that no sum holds exactly", valued(&[1.0 / 3.0; 32])),
    ]
}

/// ROT-4, ROT-5 and ROT-8.
fn refusals() -> Vec<Draft> {
    let refused = |id: &str, clause: &str, class: u8, note: &str, control: &str, matrix: Matrix| {
        draft(id, clause, class, note, &matrix).control(control)
    };
    let length = |length: u64| {
        let note = format!("{length} values are no power of two");
        refused(&format!("length-{length}"), "ROT-4", 58, &note, CONTROL, Matrix::new(1, length))
    };
    let runs = |id: &str, class: u8, note: &str, matrix: Matrix| {
        refused(&format!("runs-{id}"), "ROT-5", class, note, RUNS, matrix)
    };
    let extent = |id: &str, note: &str, matrix: Matrix| {
        refused(&format!("extent-{id}"), "ROT-8", 47, note, CONTROL, matrix)
    };
    let none = || Matrix::new(0, 8);
    let mut gamma_short = Matrix::new(2, 8).gamma(|_| 0.5);
    gamma_short.gamma = Some(vec![0.5; 7]);
    let f64_gamma_short = gamma_short.clone().double();
    let mut gamma_long = Matrix::new(2, 8).gamma(|_| 0.5);
    gamma_long.gamma = Some(vec![0.5; 16]);
    vec![
        length(3),
        length(6),
        length(12),
        length(24),
        length(100),
        refused("length-0", "ROT-4", 58, "no values of no length", CONTROL, Matrix::new(1, 0)),
        refused(
            "columns-3",
            "ROT-4",
            58,
            "columns of three values",
            CONTROL,
            Matrix::new(3, 8).output_side(),
        ),
        runs(
            "that-do-not-divide",
            59,
            "runs of eight in twelve values",
            Matrix::new(1, 12).runs(8),
        ),
        runs("of-three", 59, "runs of three, which is no power of two", Matrix::new(1, 12).runs(3)),
        runs("of-none", 59, "runs of no values", Matrix::new(1, 8).runs(0)),
        runs("longer-than-all", 59, "runs of sixteen in eight values", Matrix::new(1, 8).runs(16)),
        runs("4097", 12, "4097 runs of two, of no rows", none().sized(0, 8194).runs(2)),
        runs("8192-of-1", 12, "8192 runs of one, of no rows", none().sized(0, 8192).runs(1)),
        runs(
            "2p25",
            12,
            "2^25 values in runs of 2^20, of no rows",
            none().sized(0, 1 << 25).runs(1 << 20),
        ),
        runs(
            "2p40",
            12,
            "2^40 values in runs of 2^30, of no rows",
            none().sized(0, 1 << 40).runs(1 << 30),
        ),
        extent("short", "15 values for two rows of eight", Matrix::new(2, 8).valued(15)),
        extent("long", "17 values for two rows of eight", Matrix::new(2, 8).valued(17)),
        extent("none", "no values for two rows of eight", Matrix::new(2, 8).valued(0)),
        extent("f64-gamma-short", "seven values of f64 for eight columns", f64_gamma_short),
        extent("gamma-short", "seven values of gamma for eight columns", gamma_short),
        extent("gamma-long", "sixteen values of gamma for eight columns", gamma_long),
    ]
}
