//! The tensors of a model directory by their names: of safetensors files, or of `.q4` and `.f16` files
//! beside their index (SPEC IDX).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

use super::ModelError;
use crate::codec::{BLOCK_WEIGHTS, Block};
use crate::format::kind::Expected;
use crate::format::{AddressWidth, json};
use crate::store::{
    MappedTensor, explained, map_khq4, open_directory, read_if_there, read_khf1, regular_file,
    tensor_of,
};

/// The one file of the weights of a small model.
const SINGLE: &str = "model.safetensors";

/// What names the files of the weights where there are several.
const SHARDS: &str = "model.safetensors.index.json";

/// A tensor: what it is named with is with whoever asked.
#[derive(Debug)]
pub struct Tensor {
    /// The dimensions, outermost first.
    pub shape: Vec<usize>,
    /// As many values as the product of the shape.
    pub values: Values,
}

/// The values of a tensor.
#[derive(Debug)]
pub enum Values {
    /// As f32.
    Plain(Vec<f32>),
    /// In blocks of 32.
    Blocks(Blocks),
}

/// Blocks, in a mapped file or in memory.
#[derive(Debug)]
pub enum Blocks {
    /// The payload of a file, checked.
    Mapped(MappedTensor),
    /// A copy.
    Owned(Vec<Block>),
}

impl Deref for Blocks {
    type Target = [Block];

    fn deref(&self) -> &[Block] {
        match self {
            Self::Mapped(tensor) => tensor.view().blocks,
            Self::Owned(blocks) => blocks,
        }
    }
}

impl Tensor {
    /// Rows and columns of a matrix. In blocks a row is whole ones.
    ///
    /// # Errors
    ///
    /// Where it is no matrix, or its rows are no whole blocks.
    pub fn sides(&self, name: &str) -> Result<(usize, usize), ModelError> {
        let [rows, columns] = self.shape[..] else {
            let problem = format!("shape {:?}: expected a matrix", self.shape);
            return Err(ModelError::tensor(name, problem));
        };
        if matches!(self.values, Values::Blocks(_)) && columns % BLOCK_WEIGHTS != 0 {
            let problem = format!("{columns} columns: expected whole blocks of {BLOCK_WEIGHTS}");
            return Err(ModelError::tensor(name, problem));
        }
        Ok((rows, columns))
    }
}

/// Where a model's tensors come from.
pub trait Weights {
    /// The tensor of that name; `None` where there is none.
    ///
    /// # Errors
    ///
    /// Where it is there and cannot be read.
    fn tensor(&self, name: &str) -> Result<Option<Tensor>, ModelError>;
}

/// The weights in `directory`: quantized where an index is there, all of whose files are checked (SPEC
/// IDX-8), else as safetensors.
///
/// # Errors
///
/// Where neither can be read.
pub fn open(directory: &Path) -> Result<Box<dyn Weights>, ModelError> {
    match open_directory(directory)?.index {
        Some(index) => {
            let files = index.entries().iter();
            let files = files.map(|entry| (entry.name.clone(), directory.join(&entry.file)));
            Ok(Box::new(Quantized { files: files.collect() }))
        }
        None => Ok(Box::new(Plain::open(directory)?)),
    }
}

/// Files of a quantized directory, by the names of their tensors.
struct Quantized {
    files: BTreeMap<String, PathBuf>,
}

impl Weights for Quantized {
    fn tensor(&self, name: &str) -> Result<Option<Tensor>, ModelError> {
        let Some(path) = self.files.get(name) else { return Ok(None) };
        let (_, is_quantized) = tensor_of(path)?;
        if !is_quantized {
            let halves = read_khf1(path, AddressWidth::NATIVE)?;
            let view = halves.view();
            let values = view.values().into_iter().map(f16::to_f32).collect();
            return Ok(Some(Tensor {
                shape: sizes(&view.header.shape),
                values: Values::Plain(values),
            }));
        }
        let mapped = map_khq4(path, AddressWidth::NATIVE)?;
        let shape = sizes(&mapped.header().shape);
        Ok(Some(Tensor { shape, values: Values::Blocks(Blocks::Mapped(mapped)) }))
    }
}

/// A checked shape: its product fits an address, and each dimension does where none is zero.
fn sizes(shape: &[u64]) -> Vec<usize> {
    shape.iter().map(|&side| usize::try_from(side).unwrap_or(usize::MAX)).collect()
}

/// The bytes of safetensors files, and which of them has a tensor.
struct Plain {
    files: Vec<(PathBuf, Vec<u8>)>,
    of: BTreeMap<String, usize>,
}

/// Whether a name that a file gives is one of that file's own folder.
pub(crate) fn is_name_in_folder(file: &str) -> bool {
    !(file.is_empty() || file == ".." || file.contains(['/', '\\', '\0']))
}

/// The index of the shards.
#[derive(Deserialize)]
struct Shards {
    weight_map: BTreeMap<String, String>,
}

impl Plain {
    fn open(directory: &Path) -> Result<Self, ModelError> {
        let index = directory.join(SHARDS);
        let in_index = |problem: &dyn ToString| {
            ModelError::file(&index, explained(&index, Expected::Json, problem.to_string()))
        };
        let mut files = BTreeSet::from([SINGLE.to_owned()]);
        if let Some(bytes) = read_if_there(&index)? {
            if fs::symlink_metadata(directory.join(SINGLE)).is_ok() {
                return Err(in_index(&format!("is there beside {SINGLE}: expected one of them")));
            }
            let shards: Shards = json::read(&bytes).map_err(|error| in_index(&error))?;
            files = shards.weight_map.into_values().collect();
            if let Some(file) = files.iter().find(|file| !is_name_in_folder(file)) {
                return Err(in_index(&format!("names {file:?}, expected a name in its folder")));
            }
        }
        let mut plain = Self { files: Vec::new(), of: BTreeMap::new() };
        for path in files.iter().map(|file| directory.join(file)) {
            let mut bytes = Vec::new();
            let read = regular_file(&path)?.read_to_end(&mut bytes);
            read.map_err(|error| ModelError::file(&path, error))?;
            let tensors = SafeTensors::deserialize(&bytes).map_err(|error| {
                ModelError::file(&path, explained(&path, Expected::Safetensors, error))
            })?;
            for name in tensors.names() {
                plain.of.insert(name.to_owned(), plain.files.len());
            }
            plain.files.push((path, bytes));
        }
        Ok(plain)
    }
}

impl Weights for Plain {
    fn tensor(&self, name: &str) -> Result<Option<Tensor>, ModelError> {
        let Some(&file) = self.of.get(name) else { return Ok(None) };
        let (path, bytes) = &self.files[file];
        let in_file = |error| ModelError::file(path, error);
        let tensors = SafeTensors::deserialize(bytes).map_err(in_file)?;
        let view = tensors.tensor(name).map_err(in_file)?;
        let data = view.data();
        let values = match view.dtype() {
            Dtype::F32 => data.as_chunks().0.iter().copied().map(f32::from_le_bytes).collect(),
            Dtype::F16 => {
                data.as_chunks().0.iter().map(|&two| f16::from_le_bytes(two).to_f32()).collect()
            }
            Dtype::BF16 => {
                data.as_chunks().0.iter().map(|&two| bf16::from_le_bytes(two).to_f32()).collect()
            }
            other => {
                let problem = format!("is of {other:?}: expected F32, F16 or BF16");
                return Err(ModelError::tensor(name, problem));
            }
        };
        Ok(Some(Tensor { shape: view.shape().to_vec(), values: Values::Plain(values) }))
    }
}
