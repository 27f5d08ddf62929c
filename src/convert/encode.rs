//! Values to KHQ4 and KHF1 files: of a safetensors file all tensors, into a directory, or one, into a
//! file; or of a raw array of f32.

use std::io::Read;
use std::path::{Path, PathBuf};

use zerocopy::IntoBytes;

use super::dtype::Unfit;
use super::error::{ConvertError, advance};
use super::folder::{Folder, expect_free};
use super::names::too_long;
use super::safetensors::{Archive, Stored};
use super::target::{Judged, Target};
use super::{Conversion, Converted, Dtype, Skipped, Watch};
use crate::codec::{Encoder, Mode};
use crate::format::index::{Entry, INDEX_FILE, Index};
use crate::format::names::{file_names, is_quantized, shortened};
use crate::format::pieces::PIECE_VALUES;
use crate::format::stream::read_up_to;
use crate::format::{AddressWidth, khf1, khq4};
use crate::store::{kind_at, regular_file};

/// Converts every tensor of the safetensors file `source` into a file of the directory `target`, which
/// is made where it is not there and must be empty where it is, and writes their index. Names and
/// formats are those of IDX-10 and IDX-11. Tensors of integers are skipped, where their names are not those
/// of packed weights.
///
/// # Errors
///
/// [`ConvertError`]: a file or tensor that is not sound, no tensors at all, tensors whose files would be
/// one, a name that is too long for a file, a value that has no encoding. Nothing of `target` is there then.
pub fn encode_directory(
    source: &Path,
    target: &Path,
    mode: Mode,
    watch: &mut dyn Watch,
) -> Result<Conversion, ConvertError> {
    expect_free(target)?;
    let archive = Archive::open(source)?;
    let tensors = archive.tensors().iter().map(|tensor| (&archive, tensor));
    let plans = Plans::by_name(source, tensors, mode)?;
    let index = plans.index(target)?;
    watch.begin(plans.bytes_read() + index.len() as u64);

    let folder = Folder::new(target)?;
    let converted = plans.write(&folder, target, watch)?;
    folder.write(INDEX_FILE, &index, watch)?;
    folder.finish()?;
    Ok(Conversion { converted, skipped: plans.skipped })
}

/// Converts the tensor `name` of the safetensors file `source` into the file `target`, whose suffix,
/// `.q4` or `.f16`, says which format it gets.
///
/// # Errors
///
/// As [`encode_directory`]; and where `target` is there already, or has another suffix.
pub fn encode_tensor(
    source: &Path,
    name: &str,
    target: &Path,
    mode: Mode,
    watch: &mut dyn Watch,
) -> Result<Converted, ConvertError> {
    let format = Format::of(target, mode)?;
    let archive = Archive::open(source)?;
    let tensor = archive.tensor(name)?;
    let plan = Plan::of(source, tensor, format)?;
    watch.begin(plan.bytes_read());
    let bytes_after = plan.write(&mut archive.values(tensor)?, Target::new(target)?, watch)?;
    Ok(plan.converted(target.to_owned(), bytes_after))
}

/// Converts the file `source`, which holds the f32 values of a tensor of `shape` and nothing else,
/// little-endian, into the file `target`, as [`encode_tensor`] does.
///
/// # Errors
///
/// As [`encode_tensor`]; and where `source` has not just the length of such a tensor.
pub fn encode_raw(
    source: &Path,
    shape: &[u64],
    target: &Path,
    mode: Mode,
    watch: &mut dyn Watch,
) -> Result<Converted, ConvertError> {
    let format = Format::of(target, mode)?;
    let mut file = regular_file(source)?;
    let len = file.metadata().map_err(|error| ConvertError::file(source, error))?.len();
    let header = khq4::Header::for_shape(shape, AddressWidth::NATIVE)
        .map_err(|error| ConvertError::file(source, error.detail))?;
    let plan = Plan {
        source,
        name: source.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        dtype: Dtype::F32,
        shape: shape.to_vec(),
        numel: header.original_len,
        format,
    };
    if plan.numel.checked_mul(4) != Some(len) {
        let mut problem = format!(
            "has {len} bytes, expected 4 for each of the {} values of shape {shape:?}",
            plan.numel
        );
        if let Some(kind) = kind_at(source) {
            problem.push_str(&format!("; it {}", kind.predicate()));
        }
        return Err(ConvertError::file(source, problem));
    }
    watch.begin(plan.bytes_read());
    let bytes_after = plan.write(&mut file, Target::new(target)?, watch)?;
    Ok(plan.converted(target.to_owned(), bytes_after))
}

/// The format of a file that is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Khq4(Mode),
    Khf1,
}

impl Format {
    /// That of the path's suffix.
    fn of(path: &Path, mode: Mode) -> Result<Self, ConvertError> {
        match path.extension().and_then(|suffix| suffix.to_str()) {
            Some("q4") => Ok(Self::Khq4(mode)),
            Some("f16") => Ok(Self::Khf1),
            _ => Err(ConvertError::file(path, "expected a name that ends in .q4 or .f16")),
        }
    }
}

/// What an index says of tensors and their files.
pub(super) fn entries(plans: &[Plan], files: &[String]) -> Vec<Entry> {
    plans.iter().zip(files).map(|(plan, file)| plan.entry(file)).collect()
}

/// All tensors that are to be converted into a directory, and where they lie.
pub(super) struct Plans<'a> {
    plans: Vec<Plan<'a>>,
    files: Vec<String>,
    stored: Vec<(&'a Archive, &'a Stored)>,
    /// The others.
    pub skipped: Vec<Skipped>,
}

impl<'a> Plans<'a> {
    /// Those of `source`, each in the format and the file that its name asks for (IDX-10, IDX-11).
    ///
    /// # Errors
    ///
    /// A dtype that is not converted, no tensor at all, names whose files would be one, a name that is too
    /// long for a file.
    pub fn by_name(
        source: &Path,
        tensors: impl Iterator<Item = (&'a Archive, &'a Stored)>,
        mode: Mode,
    ) -> Result<Self, ConvertError> {
        let (mut plans, mut stored, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
        for (archive, tensor) in tensors {
            if let Some(dtype) = tensor.left_out() {
                let (name, shape) = (tensor.name.clone(), tensor.shape.clone());
                skipped.push(Skipped { name, dtype, shape });
                continue;
            }
            plans.push(Plan::by_name(archive.path(), tensor, mode)?);
            stored.push((archive, tensor));
        }
        if plans.is_empty() {
            return Err(ConvertError::file(source, no_tensors(skipped.len())));
        }
        let named: Vec<(&str, usize)> =
            stored.iter().map(|(_, tensor)| (tensor.name.as_str(), tensor.shape.len())).collect();
        let files =
            file_names(&named).map_err(|collision| ConvertError::file(source, collision))?;
        for ((archive, tensor), file) in stored.iter().zip(&files) {
            if let Some(words) = too_long(file) {
                return Err(ConvertError::tensor(archive.path(), &shortened(&tensor.name), words));
            }
        }
        Ok(Self { plans, files, stored, skipped })
    }

    /// The bytes of their index, which is an array (IDX-3).
    pub fn index(&self, target: &Path) -> Result<Vec<u8>, ConvertError> {
        Index::Array(entries(&self.plans, &self.files))
            .to_bytes()
            .map_err(|error| ConvertError::file(&target.join(INDEX_FILE), error))
    }

    /// Bytes that are read for all of them.
    pub fn bytes_read(&self) -> u64 {
        self.plans.iter().map(Plan::bytes_read).sum()
    }

    /// Writes their files into `folder`, which is to be at `target`.
    pub fn write(
        &self,
        folder: &Folder,
        target: &Path,
        watch: &mut dyn Watch,
    ) -> Result<Vec<Converted>, ConvertError> {
        let mut converted = Vec::new();
        for ((plan, file), (archive, tensor)) in
            self.plans.iter().zip(&self.files).zip(&self.stored)
        {
            let mut values = archive.values(tensor)?;
            let bytes_after = plan.write(&mut values, folder.file(file)?, watch)?;
            converted.push(plan.converted(target.join(file), bytes_after));
        }
        Ok(converted)
    }
}

/// What is wrong where no tensor is left to convert, though so many of integers are there.
pub(crate) fn no_tensors(skipped: usize) -> String {
    match skipped {
        0 => "has no tensors".to_owned(),
        _ => format!("has no tensors of floats: all {skipped} of them are of integers"),
    }
}

/// A tensor that is to be converted.
pub(super) struct Plan<'a> {
    pub source: &'a Path,
    pub name: String,
    /// What its values are when they come.
    pub dtype: Dtype,
    pub shape: Vec<u64>,
    /// The number of values.
    pub numel: u64,
    /// What it becomes.
    pub format: Format,
}

impl<'a> Plan<'a> {
    /// A tensor, in the format that its name asks for (IDX-11).
    pub fn by_name(source: &'a Path, tensor: &Stored, mode: Mode) -> Result<Self, ConvertError> {
        let format = if is_quantized(&tensor.name, tensor.shape.len()) {
            Format::Khq4(mode)
        } else {
            Format::Khf1
        };
        Self::of(source, tensor, format)
    }

    pub fn of(source: &'a Path, tensor: &Stored, format: Format) -> Result<Self, ConvertError> {
        let dtype = tensor.dtype(source)?;
        let numel = tensor.len / dtype.bytes() as u64;
        let (name, shape) = (tensor.name.clone(), tensor.shape.clone());
        Ok(Self { source, name, dtype, shape, numel, format })
    }

    /// What an index says of it.
    fn entry(&self, file: &str) -> Entry {
        Entry {
            name: self.name.clone(),
            file: file.to_owned(),
            quantized: Some(self.format != Format::Khf1),
            shape: Some(self.shape.clone()),
            numel: Some(self.numel),
        }
    }

    /// Bytes of the values.
    fn bytes_before(&self) -> u64 {
        self.numel * self.dtype.bytes() as u64
    }

    /// Bytes that are read for it: its values, and the payload that is written of them.
    pub fn bytes_read(&self) -> u64 {
        let payload = match self.format {
            Format::Khq4(_) => self.khq4_header().payload_len(),
            Format::Khf1 => self.numel * khf1::VALUE_BYTES,
        };
        self.bytes_before() + payload
    }

    fn khq4_header(&self) -> khq4::Header {
        khq4::Header { shape: self.shape.clone(), original_len: self.numel }
    }

    /// Writes the file of `values` into `target`, and gives its length in bytes.
    pub fn write(
        &self,
        values: &mut impl Read,
        mut target: Target,
        watch: &mut dyn Watch,
    ) -> Result<u64, ConvertError> {
        match self.format {
            Format::Khq4(mode) => {
                target.write(&self.khq4_header().to_bytes())?;
                let (mut encoder, mut blocks) = (Encoder::new(mode), Vec::new());
                let mut numbers = Vec::new();
                let wrong = |error| ConvertError::tensor(self.source, &self.name, error);
                self.pieces(values, watch, |done, piece| {
                    self.dtype
                        .to_f32(piece, &mut numbers)
                        .map_err(|unfit| self.unfit(done, &unfit, "f32"))?;
                    blocks.clear();
                    encoder.push(&numbers, &mut blocks).map_err(wrong)?;
                    target.write(blocks.as_bytes())
                })?;
                blocks.clear();
                encoder.finish(&mut blocks).map_err(wrong)?;
                target.write(blocks.as_bytes())?;
                target.finish(Judged::Blocks, watch)
            }
            Format::Khf1 => {
                let header = khf1::Header { shape: self.shape.clone(), numel: self.numel };
                target.write(&header.to_bytes())?;
                let mut halves = Vec::new();
                self.pieces(values, watch, |done, piece| {
                    self.dtype
                        .to_f16(piece, &mut halves)
                        .map_err(|unfit| self.unfit(done, &unfit, "f16"))?;
                    target.write(&halves)
                })?;
                target.finish(Judged::Halves, watch)
            }
        }
    }

    /// Hands on the values piece by piece, each with the number of those before it.
    fn pieces(
        &self,
        values: &mut impl Read,
        watch: &mut dyn Watch,
        mut each: impl FnMut(u64, &[u8]) -> Result<(), ConvertError>,
    ) -> Result<(), ConvertError> {
        let mut piece = Vec::new();
        let mut done = 0;
        while done < self.numel {
            let count = (self.numel - done).min(PIECE_VALUES as u64);
            let wanted = count * self.dtype.bytes() as u64;
            piece.clear();
            let came = read_up_to(values, &mut piece, wanted)
                .map_err(|error| ConvertError::file(self.source, error))?;
            if came < wanted {
                let problem =
                    format!("values from {done} on are missing: the file has become shorter");
                return Err(ConvertError::tensor(self.source, &self.name, problem));
            }
            advance(watch, piece.len())?;
            each(done, &piece)?;
            done += count;
        }
        Ok(())
    }

    fn unfit(&self, done: u64, unfit: &Unfit, format: &str) -> ConvertError {
        let (index, value) = (done + unfit.index as u64, unfit.value);
        let expected = if value.is_finite() { "beyond what it can hold" } else { "not finite" };
        let problem = format!("value {index} is {value:?}: no {format}, it is {expected}");
        ConvertError::tensor(self.source, &self.name, problem)
    }

    pub fn converted(&self, file: PathBuf, bytes_after: u64) -> Converted {
        Converted {
            name: self.name.clone(),
            shape: self.shape.clone(),
            from: self.dtype.name(),
            to: if self.format == Format::Khf1 { "f16" } else { "q4" },
            file,
            bytes_before: self.bytes_before(),
            bytes_after,
        }
    }
}
