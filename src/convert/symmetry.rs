//! How far a tensor is from being symmetric around zero: the mean over its rows of |row mean|, divided
//! by its greatest absolute value.
//!
//! A rotated tensor is quantized symmetrically. That costs something where its values have an offset;
//! at or above 5 % an asymmetric mode would be material for it. There is an oracle for this measure:
//! all rows of the Walsh-Hadamard matrix but the first sum to zero, so that the mean of a rotated run
//! x of n values is `sign_0 x_0 / sqrt(n)`, whatever the rest of x is.

use std::path::{Path, PathBuf};

use super::checkpoint::Layout;
use super::error::{ConvertError, advance};
use super::quarot::Model;
use super::quarot::plan::{Change, Planned, plan};
use super::quarot::rotated::rotated;
use super::quarot::straight::sign;
use super::safetensors::{Archive, Stored};
use super::tensor::Tensor;
use super::{Dtype, Skipped, Watch};
use crate::format::index::INDEX_FILE;
use crate::format::stream::read_up_to;
use crate::model::tensors::HEAD;
use crate::store::read_index;

/// The share of the greatest value at which an asymmetric mode would be material.
pub const MATERIAL: f64 = 0.05;

/// Bytes of values that are read at one time: whole values of every dtype.
const PIECE: u64 = 1 << 20;

/// The measure of a matrix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Symmetry {
    /// The product of all dimensions but the last.
    pub rows: u64,
    /// The last dimension.
    pub columns: u64,
    /// The mean over the rows of |row mean|; zero where there is no value.
    pub mean_row_mean: f64,
    /// The greatest absolute value; zero where there is no value.
    pub abs_max: f64,
}

impl Symmetry {
    /// The mean row mean as a share of the greatest value; none where that is zero.
    pub fn share(&self) -> Option<f64> {
        (self.abs_max > 0.0).then(|| self.mean_row_mean / self.abs_max)
    }

    /// That of a matrix in memory, row-major.
    pub fn of(values: &[f64], columns: u64) -> Self {
        let mut rows = Rows::new(columns);
        rows.push(values);
        rows.finish()
    }
}

/// A tensor that was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Its name; of a file that has no names, the file's.
    pub name: String,
    /// What its values are, such as `BF16` or `q4`.
    pub values: &'static str,
    /// Its measure; none where it has no rows, with fewer dimensions than two.
    pub symmetry: Option<Symmetry>,
}

/// A tensor before and after a rotation.
#[derive(Clone, Debug, PartialEq)]
pub struct Turned {
    /// Its name.
    pub name: String,
    /// Whether its rows are rotated, and not its columns.
    pub is_input: bool,
    /// As it was; an output matrix that was tied is that of the embeddings.
    pub before: Symmetry,
    /// With its norm folded, and rotated.
    pub after: Symmetry,
    /// The largest difference of the mean of a rotated run and its closed form.
    pub deviation: f64,
    /// What rounding can make of that difference at most.
    pub bound: f64,
}

/// Measures each tensor of a directory, quantized or of safetensors, or of a `.safetensors`, `.q4` or
/// `.f16` file. Gives the measures, and the tensors of integers, which are skipped.
///
/// # Errors
///
/// [`ConvertError`]: what cannot be read or is not sound, a value that is not finite.
pub fn measure(
    source: &Path,
    watch: &mut dyn Watch,
) -> Result<(Vec<Measured>, Vec<Skipped>), ConvertError> {
    if !source.is_dir() {
        if source.extension().is_some_and(|suffix| suffix == "safetensors") {
            return all_stored(&[Archive::open(source)?], watch);
        }
        let file = source.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let tensor = Tensor::open(source)?;
        watch.begin(tensor.payload_len());
        return Ok((vec![quantized(file, tensor, source, watch)?], Vec::new()));
    }
    if let Some(index) = read_index(source)? {
        let mut opened = Vec::new();
        for entry in index.entries() {
            let path = source.join(&entry.file);
            opened.push((entry.name.clone(), Tensor::open(&path)?.payload_len(), path));
        }
        watch.begin(opened.iter().map(|(_, len, _)| len).sum());
        let one = |(name, _, path): (String, u64, PathBuf)| {
            quantized(name, Tensor::open(&path)?, &path, watch)
        };
        let measured = opened.into_iter().map(one).collect::<Result<_, _>>()?;
        return Ok((measured, Vec::new()));
    }
    let archives = Layout::of(source)
        .map_err(|error| match error {
            ConvertError::File { path, problem } if path == source => {
                ConvertError::File { path, problem: format!("has no {INDEX_FILE} and {problem}") }
            }
            other => other,
        })?
        .open(source)?;
    all_stored(&archives, watch)
}

/// Measures the tensors of safetensors files, except those that no conversion takes.
fn all_stored(
    archives: &[Archive],
    watch: &mut dyn Watch,
) -> Result<(Vec<Measured>, Vec<Skipped>), ConvertError> {
    let (mut tensors, mut skipped) = (Vec::new(), Vec::new());
    for archive in archives {
        for tensor in archive.tensors() {
            match tensor.left_out() {
                None => tensors.push((archive, tensor)),
                Some(dtype) => {
                    let (name, shape) = (tensor.name.clone(), tensor.shape.clone());
                    skipped.push(Skipped { name, dtype, shape });
                }
            }
        }
    }
    watch.begin(tensors.iter().map(|(_, tensor)| tensor.len).sum());
    let measured = tensors.into_iter().map(|(archive, tensor)| stored(archive, tensor, watch));
    Ok((measured.collect::<Result<_, _>>()?, skipped))
}

/// Measures each tensor that a rotation turns before and after it, and holds the means of the rotated
/// runs against their closed form. The embeddings and the output matrix come first.
///
/// # Errors
///
/// [`ConvertError`], as [`quantize_rotated`](super::quarot::quantize_rotated) has it for the source.
pub fn measure_rotated(
    source: &Path,
    seed: u64,
    watch: &mut dyn Watch,
) -> Result<Vec<Turned>, ConvertError> {
    let model = Model::open(source)?;
    let rotation = model.rotation(seed)?;
    let mut plan: Vec<Planned> = plan(&model.config);
    plan.retain(|planned| planned.change.is_rotated());
    // The embeddings are the first already.
    if let Some(head) = plan.iter().position(|planned| planned.name == HEAD) {
        plan[1..=head].rotate_right(1);
    }
    watch.begin(plan.iter().map(|planned| 8 * planned.numel()).sum());
    let plain = |name: &str| model.tensor(name);
    let mut turned = Vec::new();
    for planned in &plan {
        let (shape, before) = plain(&planned.source)?;
        if let Some(index) = before.iter().position(|value| !value.is_finite()) {
            return Err(not_finite(source, &planned.source, index as u64, before[index]));
        }
        let columns = shape.last().copied().unwrap_or(1);
        let (_, after) = rotated(planned, rotation, &plain)?;
        if let Some(index) = after.iter().position(|value| !value.is_finite()) {
            // By its norm, which was folded in.
            return Err(not_finite(source, &planned.name, index as u64, after[index]));
        }
        // What each run begins with, behind the folding, and the mean of the run when it is rotated.
        let (firsts, means): (Vec<f64>, Vec<f64>) = match &planned.change {
            Change::Input { norm } => {
                let gain = match norm {
                    Some(norm) => 1.0 + plain(norm)?.1[0],
                    None => 1.0,
                };
                let rows = before.chunks_exact(columns).zip(after.chunks_exact(columns));
                rows.map(|(before, after)| (before[0] * gain, mean(after.iter()))).unzip()
            }
            _ => (0..columns)
                .map(|column| (before[column], mean(after.iter().skip(column).step_by(columns))))
                .unzip(),
        };
        let is_input = planned.change != Change::Output;
        let length = if is_input { columns } else { after.len() / columns.max(1) } as f64;
        let closed = |first: &f64| sign(seed, 0) * first / length.sqrt();
        let deviation = firsts
            .iter()
            .zip(&means)
            .map(|(first, mean)| (mean - closed(first)).abs())
            .fold(0.0, f64::max);
        let after_symmetry = Symmetry::of(&after, columns as u64);
        // Each value is off by the bound of ROT-9, and their sum by an ulp for each addition.
        let ulps = length + length.log2() + 6.0;
        turned.push(Turned {
            name: planned.name.clone(),
            is_input,
            before: Symmetry::of(&before, columns as u64),
            after: after_symmetry,
            deviation,
            bound: ulps * f64::EPSILON * length.sqrt() * after_symmetry.abs_max,
        });
        advance(watch, 8 * planned.numel() as usize)?;
    }
    Ok(turned)
}

/// The measure of values that come in pieces of any length.
struct Rows {
    columns: u64,
    /// Of the row that has begun: how many values, and their sum.
    begun: u64,
    sum: f64,
    /// Of the rows that are done: how many, and the sum of their |mean|.
    done: u64,
    means: f64,
    abs_max: f64,
}

impl Rows {
    fn new(columns: u64) -> Self {
        Self { columns, begun: 0, sum: 0.0, done: 0, means: 0.0, abs_max: 0.0 }
    }

    fn push(&mut self, values: &[f64]) {
        for value in values {
            self.abs_max = self.abs_max.max(value.abs());
            self.sum += value;
            self.begun += 1;
            if self.begun == self.columns {
                self.means += (self.sum / self.columns as f64).abs();
                self.done += 1;
                (self.begun, self.sum) = (0, 0.0);
            }
        }
    }

    fn finish(self) -> Symmetry {
        let mean_row_mean = if self.done == 0 { 0.0 } else { self.means / self.done as f64 };
        let (rows, columns) = (self.done, self.columns);
        Symmetry { rows, columns, mean_row_mean, abs_max: self.abs_max }
    }
}

/// Measures a tensor of a safetensors file.
///
/// # Errors
///
/// What cannot be read, a dtype without numbers, a value that is not finite.
pub(crate) fn stored(
    archive: &Archive,
    tensor: &Stored,
    watch: &mut dyn Watch,
) -> Result<Measured, ConvertError> {
    let (path, dtype) = (archive.path(), tensor.dtype(archive.path())?);
    let mut reader = archive.values(tensor)?;
    let (mut piece, mut left) = (Vec::new(), tensor.len);
    let symmetry = matrix(&tensor.shape, path, &tensor.name, |values| {
        piece.clear();
        let wanted = left.min(PIECE);
        let came = read_up_to(&mut reader, &mut piece, wanted)
            .map_err(|error| ConvertError::file(path, error))?;
        if came < wanted {
            let problem = "its values are missing: the file has become shorter";
            return Err(ConvertError::tensor(path, &tensor.name, problem));
        }
        left -= came;
        dtype.to_f64(&piece, values);
        advance(watch, piece.len())
    })?;
    Ok(Measured { name: tensor.name.clone(), values: dtype.name(), symmetry })
}

/// Measures the tensor of a KHQ4 or KHF1 file.
fn quantized(
    name: String,
    mut tensor: Tensor,
    path: &Path,
    watch: &mut dyn Watch,
) -> Result<Measured, ConvertError> {
    let shape = tensor.shape().to_vec();
    let values = if tensor.is_quantized() { "q4" } else { "f16" };
    let mut bytes = Vec::new();
    let symmetry = matrix(&shape, path, &name, |values| {
        let read = tensor.next_piece(Dtype::F64, &mut bytes)?;
        Dtype::F64.to_f64(&bytes, values);
        advance(watch, read)
    })?;
    Ok(Measured { name, values, symmetry })
}

/// Reads a tensor to its end, and measures it where it has rows.
fn matrix(
    shape: &[u64],
    path: &Path,
    name: &str,
    mut next: impl FnMut(&mut Vec<f64>) -> Result<(), ConvertError>,
) -> Result<Option<Symmetry>, ConvertError> {
    let mut rows = Rows::new(shape.last().copied().unwrap_or(1));
    let (mut values, mut done) = (Vec::new(), 0);
    loop {
        values.clear();
        next(&mut values)?;
        if values.is_empty() {
            return Ok((shape.len() >= 2).then(|| rows.finish()));
        }
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            return Err(not_finite(path, name, done + index as u64, values[index]));
        }
        rows.push(&values);
        done += values.len() as u64;
    }
}

fn not_finite(path: &Path, name: &str, index: u64, value: f64) -> ConvertError {
    ConvertError::tensor(path, name, format!("value {index} is {value}, expected a finite one"))
}

fn mean<'a>(values: impl ExactSizeIterator<Item = &'a f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}
