//! KHQ4 and KHF1 files back to values: of a directory all tensors, or of one file its tensor, into a
//! safetensors file; or into a raw array of f32.

use std::path::{Path, PathBuf};

use super::error::{ConvertError, advance};
use super::target::{Judged, Target};
use super::tensor::Tensor;
use super::{Converted, Dtype, Watch, safetensors};
use crate::format::index::{Entry, INDEX_FILE, Index};
use crate::store::read_index;

/// Writes the tensor of the file `source`, KHQ4 or KHF1, as one of this `name` and `dtype` into the
/// safetensors file `target`.
///
/// # Errors
///
/// [`ConvertError`]: a file that is not sound, a value that `dtype` cannot hold, a `target` that is
/// there already. Nothing of `target` is there then.
pub fn decode_file(
    source: &Path,
    name: &str,
    target: &Path,
    dtype: Dtype,
    watch: &mut dyn Watch,
) -> Result<Converted, ConvertError> {
    let plan = Plan::of(source.to_owned(), name.to_owned())?;
    let mut converted = write(&[plan], target, Contents::Safetensors(dtype), watch)?;
    Ok(converted.remove(0))
}

/// Writes the values of the file `source`, KHQ4 or KHF1, as f32, little-endian, and nothing else into
/// the file `target`.
///
/// # Errors
///
/// As [`decode_file`].
pub fn decode_raw(
    source: &Path,
    target: &Path,
    watch: &mut dyn Watch,
) -> Result<Converted, ConvertError> {
    let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let plan = Plan::of(source.to_owned(), name)?;
    let mut converted = write(&[plan], target, Contents::Raw, watch)?;
    Ok(converted.remove(0))
}

/// Writes every tensor of the directory `source`, which [`encode_directory`](super::encode_directory)
/// has made, under its name and as one of `dtype` into the safetensors file `target`.
///
/// # Errors
///
/// As [`decode_file`]; and where the index or a file of the directory is missing or not sound, the two do
/// not agree, or the index is one of rotated weights.
pub fn decode_directory(
    source: &Path,
    target: &Path,
    dtype: Dtype,
    watch: &mut dyn Watch,
) -> Result<Vec<Converted>, ConvertError> {
    let index = read_index(source)?.ok_or_else(|| {
        let problem = format!("has no {INDEX_FILE}, which names its tensors");
        ConvertError::file(source, problem)
    })?;
    if matches!(index, Index::Object(_)) {
        // A safetensors file has no place for the seed, without which they would be taken for plain ones.
        let problem = "is of rotated weights, expected an array of plain tensors";
        return Err(ConvertError::file(&source.join(INDEX_FILE), problem));
    }
    let plan = |entry: &Entry| Plan::of_entry(source, entry);
    let plans: Vec<Plan> = index.entries().iter().map(plan).collect::<Result<_, _>>()?;
    write(&plans, target, Contents::Safetensors(dtype), watch)
}

/// What a file is to hold.
#[derive(Clone, Copy)]
enum Contents {
    /// A header, and values of this dtype.
    Safetensors(Dtype),
    /// Values of f32.
    Raw,
}

impl Contents {
    fn dtype(self) -> Dtype {
        match self {
            Self::Safetensors(dtype) => dtype,
            Self::Raw => Dtype::F32,
        }
    }
}

/// A tensor that is to be converted.
struct Plan {
    path: PathBuf,
    name: String,
    is_quantized: bool,
    shape: Vec<u64>,
    /// The number of values.
    numel: u64,
    /// Bytes of the payload.
    payload_len: u64,
    /// Bytes of the file.
    file_len: u64,
}

impl Plan {
    fn of(path: PathBuf, name: String) -> Result<Self, ConvertError> {
        let tensor = Tensor::open(&path)?;
        Ok(Self {
            is_quantized: tensor.is_quantized(),
            shape: tensor.shape().to_vec(),
            numel: tensor.numel(),
            payload_len: tensor.payload_len(),
            file_len: tensor.file_len(),
            path,
            name,
        })
    }

    /// The tensor that an index names, whose file agrees with what it says (IDX-8).
    fn of_entry(folder: &Path, entry: &Entry) -> Result<Self, ConvertError> {
        let plan = Self::of(folder.join(&entry.file), entry.name.clone())?;
        let found = (plan.is_quantized, &plan.shape, plan.numel);
        let expected = (
            entry.quantized.unwrap_or(plan.is_quantized),
            entry.shape.as_ref().unwrap_or(&plan.shape),
            entry.numel.unwrap_or(plan.numel),
        );
        if found == expected {
            return Ok(plan);
        }
        let words = |(quantized, shape, numel): (bool, &Vec<u64>, u64)| {
            let format = if quantized { "KHQ4" } else { "KHF1" };
            format!("{format} of shape {shape:?}, {numel} values")
        };
        let problem = format!("is {}, the index says {}", words(found), words(expected));
        Err(ConvertError::tensor(&plan.path, &plan.name, problem))
    }

    /// Bytes of the values in that dtype.
    ///
    /// # Errors
    ///
    /// Where no address can hold them.
    fn values_len(&self, dtype: Dtype) -> Result<u64, ConvertError> {
        self.numel.checked_mul(dtype.bytes() as u64).ok_or_else(|| {
            let problem = format!("{} values of {} overflow", self.numel, dtype.name());
            ConvertError::tensor(&self.path, &self.name, problem)
        })
    }

    /// Writes the values.
    fn write(
        &self,
        dtype: Dtype,
        target: &mut Target,
        watch: &mut dyn Watch,
    ) -> Result<(), ConvertError> {
        let mut tensor = Tensor::open(&self.path)?;
        if tensor.shape() != self.shape {
            let problem = "has changed since the conversion began";
            return Err(ConvertError::file(&self.path, problem));
        }
        let mut values = Vec::new();
        loop {
            let read = tensor.next_piece(dtype, &mut values)?;
            if read == 0 {
                return Ok(());
            }
            advance(watch, read)?;
            target.write(&values)?;
        }
    }
}

fn write(
    plans: &[Plan],
    path: &Path,
    contents: Contents,
    watch: &mut dyn Watch,
) -> Result<Vec<Converted>, ConvertError> {
    let dtype = contents.dtype();
    let mut total = 0;
    let mut converted = Vec::new();
    for plan in plans {
        let bytes_after = plan.values_len(dtype)?;
        total += plan.payload_len + bytes_after;
        converted.push(Converted {
            name: plan.name.clone(),
            shape: plan.shape.clone(),
            from: if plan.is_quantized { "q4" } else { "f16" },
            to: dtype.name(),
            file: path.to_owned(),
            bytes_before: plan.file_len,
            bytes_after,
        });
    }
    let header = match contents {
        Contents::Raw => Vec::new(),
        Contents::Safetensors(_) => {
            let tensors: Vec<(&str, &[u64])> =
                plans.iter().map(|plan| (plan.name.as_str(), plan.shape.as_slice())).collect();
            safetensors::header(dtype, &tensors)
                .map_err(|problem| ConvertError::file(path, problem))?
        }
    };
    watch.begin(total + header.len() as u64);

    let mut target = Target::new(path)?;
    target.write(&header)?;
    for plan in plans {
        plan.write(dtype, &mut target, watch)?;
    }
    let judged = match contents {
        Contents::Raw => Judged::Bytes,
        Contents::Safetensors(_) => Judged::Safetensors,
    };
    target.finish(judged, watch)?;
    Ok(converted)
}
