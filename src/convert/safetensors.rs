//! safetensors files: eight bytes of length, a header in JSON that says where each tensor lies, and
//! the tensors, without a gap. Only the header is ever in memory.
//!
//! The grammar of the header is that of Hugging Face's crate, whose types judge it here.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ::safetensors::Dtype as Named;
use ::safetensors::tensor::{Metadata, TensorInfo};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::Dtype;
use super::error::ConvertError;
use crate::format::kind::Expected;
use crate::format::stream::read_up_to;
use crate::store::{explained, regular_file};

/// Bytes of the header's length.
const LENGTH_BYTES: u64 = 8;

/// The longest header, in bytes: as in Hugging Face's crate.
const LONGEST_HEADER: u64 = 100_000_000;

/// The name in a header that is no tensor's.
const NO_TENSOR: &str = "__metadata__";

/// A file whose header was checked.
pub(crate) struct Archive {
    path: PathBuf,
    file: File,
    tensors: Vec<Stored>,
}

/// Where a tensor lies.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub name: String,
    pub dtype: Named,
    pub shape: Vec<u64>,
    /// Where its values begin, in bytes from the start of the file.
    pub offset: u64,
    /// Their length, in bytes.
    pub len: u64,
}

impl Archive {
    /// Opens a file, and reads its header.
    pub fn open(path: &Path) -> Result<Self, ConvertError> {
        let file = regular_file(path)?;
        Self::read(path, file).map_err(|error| match error {
            ConvertError::File { path, problem } => {
                let problem = explained(&path, Expected::Safetensors, problem);
                ConvertError::File { path, problem }
            }
            other => other,
        })
    }

    fn read(path: &Path, mut file: File) -> Result<Self, ConvertError> {
        let wrong = |problem: String| ConvertError::file(path, problem);
        let system = |error: std::io::Error| ConvertError::file(path, error);
        let file_len = file.metadata().map_err(system)?.len();

        let mut length = Vec::new();
        let came = read_up_to(&mut file, &mut length, LENGTH_BYTES).map_err(system)?;
        let Ok(length) = <[u8; LENGTH_BYTES as usize]>::try_from(length) else {
            return Err(wrong(format!(
                "the file ends at byte {came}, expected 8 bytes of header length"
            )));
        };
        let header_len = u64::from_le_bytes(length);
        if header_len > LONGEST_HEADER {
            return Err(wrong(format!(
                "the header length at byte 0 is {header_len}, expected at most {LONGEST_HEADER}"
            )));
        }
        let data_offset = LENGTH_BYTES + header_len;
        if data_offset > file_len {
            return Err(wrong(format!(
                "the header length at byte 0 is {header_len}, but the file ends at byte {file_len}"
            )));
        }
        let mut header = Vec::new();
        read_up_to(&mut file, &mut header, header_len).map_err(system)?;
        let tensors = parse(&header).map_err(|problem| {
            wrong(format!("the header at bytes 8 to {data_offset}: {problem}"))
        })?;
        let data_len = tensors.last().map_or(0, |(_, info)| info.data_offsets.1 as u64);
        // No file ends there, but a header can say so.
        let end = data_offset.saturating_add(data_len);
        if end != file_len {
            return Err(wrong(format!(
                "the header says that the last tensor ends at byte {end}, the file ends at byte \
                 {file_len}"
            )));
        }
        let stored = |(name, info): (String, TensorInfo)| Stored {
            name,
            dtype: info.dtype,
            shape: info.shape.iter().map(|&size| size as u64).collect(),
            offset: data_offset + info.data_offsets.0 as u64,
            len: (info.data_offsets.1 - info.data_offsets.0) as u64,
        };
        let tensors = tensors.into_iter().map(stored).collect();
        Ok(Self { path: path.to_owned(), file, tensors })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The tensors, in the order in which they lie.
    pub fn tensors(&self) -> &[Stored] {
        &self.tensors
    }

    /// The tensor of that name.
    pub fn tensor(&self, name: &str) -> Result<&Stored, ConvertError> {
        self.tensors.iter().find(|tensor| tensor.name == name).ok_or_else(|| {
            let some = self.tensors.iter().take(3).map(|tensor| format!("{:?}", tensor.name));
            let some: Vec<String> = some.collect();
            let count = self.tensors.len();
            let problem = format!("is not among the {count} tensors, such as {}", some.join(", "));
            ConvertError::tensor(&self.path, name, problem)
        })
    }

    /// The values of a tensor, as they stand.
    pub fn values(&self, tensor: &Stored) -> Result<impl Read + use<'_>, ConvertError> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(tensor.offset))
            .map_err(|error| ConvertError::file(&self.path, error))?;
        Ok(file.take(tensor.len))
    }
}

impl Stored {
    /// The dtype of integers that are no weights, such as `position_ids`: they are left out, since no file
    /// that is written has a place for them. `None` of all other tensors.
    pub fn left_out(&self) -> Option<&'static str> {
        integers(self.dtype).filter(|_| !self.is_packed())
    }

    /// Whether it holds integers that by their name are the weights of a model which is quantized already,
    /// as GPTQ, AWQ, bitsandbytes, MLX, compressed-tensors, HQQ and AQLM have them. Without them the model
    /// is none.
    pub fn is_packed(&self) -> bool {
        let is_weight = self.name.contains("weight")
            || self.name.ends_with(".W_q")
            || self.name.ends_with(".codes");
        integers(self.dtype).is_some() && is_weight
    }

    /// The dtype, where it is one that is converted.
    pub fn dtype(&self, path: &Path) -> Result<Dtype, ConvertError> {
        match self.dtype {
            Named::F64 => Ok(Dtype::F64),
            Named::F32 => Ok(Dtype::F32),
            Named::F16 => Ok(Dtype::F16),
            Named::BF16 => Ok(Dtype::Bf16),
            other => {
                let packed = if self.is_packed() {
                    " by its name packed weights of another format,"
                } else {
                    ""
                };
                let problem = format!("dtype is {other},{packed} expected F64, F32, F16 or BF16");
                Err(ConvertError::tensor(path, &self.name, problem))
            }
        }
    }
}

/// The name of a dtype of integers.
fn integers(dtype: Named) -> Option<&'static str> {
    match dtype {
        Named::BOOL => Some("BOOL"),
        Named::U8 => Some("U8"),
        Named::I8 => Some("I8"),
        Named::U16 => Some("U16"),
        Named::I16 => Some("I16"),
        Named::U32 => Some("U32"),
        Named::I32 => Some("I32"),
        Named::U64 => Some("U64"),
        Named::I64 => Some("I64"),
        _ => None,
    }
}

/// The tensors of a header, in the order in which they lie.
fn parse(header: &[u8]) -> Result<Vec<(String, TensorInfo)>, String> {
    if !header.starts_with(b"{") {
        return Err("expected { at its first byte".into());
    }
    let Entries(mut tensors) =
        serde_json::from_slice(header).map_err(|error| format!("is not lawful: {error}"))?;
    // Empty tensors lie at one place.
    tensors.sort_by(|(left, at), (right, other)| {
        (at.data_offsets, left).cmp(&(other.data_offsets, right))
    });
    let judged = |count: usize| Metadata::new(None, tensors[..count].to_vec());
    let Err(error) = judged(tensors.len()) else { return Ok(tensors) };
    // The first tensor at fault, which the error need not name: what comes before it is lawful.
    let (mut lawful, mut faulty) = (0, tensors.len());
    while faulty - lawful > 1 {
        let middle = lawful + (faulty - lawful) / 2;
        if judged(middle).is_ok() { lawful = middle } else { faulty = middle }
    }
    let (name, TensorInfo { dtype, shape, data_offsets: (begin, end) }) = &tensors[lawful];
    let before = lawful.checked_sub(1).map_or(0, |last| tensors[last].1.data_offsets.1);
    Err(format!(
        "tensor {name:?}, {dtype} of shape {shape:?}, has data_offsets [{begin}, {end}], expected to \
         begin at {before} and to hold just that shape ({error})"
    ))
}

/// The entries of a header that are tensors, each name once.
struct Entries(Vec<(String, TensorInfo)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Header;

        impl<'de> Visitor<'de> for Header {
            type Value = Entries;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of tensors")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Entries, M::Error> {
                let mut names = HashSet::new();
                let mut tensors = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if !names.insert(name.clone()) {
                        return Err(M::Error::custom(format_args!("{name:?} is there twice")));
                    }
                    if name == NO_TENSOR {
                        map.next_value::<Option<HashMap<String, String>>>()?;
                    } else {
                        tensors.push((name, map.next_value()?));
                    }
                }
                Ok(Entries(tensors))
            }
        }

        deserializer.deserialize_map(Header)
    }
}

/// The length and the header of a file that holds tensors of one dtype one after another, each given
/// by its name and shape.
///
/// # Errors
///
/// Where a reader would refuse the file, in words.
pub(super) fn header(dtype: Dtype, tensors: &[(&str, &[u64])]) -> Result<Vec<u8>, String> {
    let dtype_named = match dtype {
        Dtype::F64 => Named::F64,
        Dtype::F32 => Named::F32,
        Dtype::F16 => Named::F16,
        Dtype::Bf16 => Named::BF16,
    };
    let mut end = 0;
    let mut entries = Vec::new();
    for (name, shape) in tensors {
        if *name == NO_TENSOR {
            return Err(format!("no tensor can have the name {NO_TENSOR:?}"));
        }
        let fit = |size: u64| usize::try_from(size).map_err(|_| "a size overflows".to_owned());
        let shape: Vec<usize> = shape.iter().map(|&size| fit(size)).collect::<Result<_, _>>()?;
        let begin: usize = end;
        end = shape
            .iter()
            .try_fold(dtype.bytes(), |bytes, &size| bytes.checked_mul(size))
            .and_then(|bytes| begin.checked_add(bytes))
            .ok_or_else(|| format!("tensor {name:?} of shape {shape:?} overflows"))?;
        let info = TensorInfo { dtype: dtype_named, shape, data_offsets: (begin, end) };
        entries.push(((*name).to_owned(), info));
    }
    let metadata = Metadata::new(None, entries).map_err(|error| error.to_string())?;
    let mut text = serde_json::to_vec(&metadata).map_err(|error| error.to_string())?;
    // So that the values begin at a multiple of eight, with what JSON does not see.
    text.resize(text.len().next_multiple_of(LENGTH_BYTES as usize), b' ');
    Ok([&(text.len() as u64).to_le_bytes()[..], &text].concat())
}
