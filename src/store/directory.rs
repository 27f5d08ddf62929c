//! A model directory: its index, and all that the index names (SPEC IDX).

use std::fs;
use std::io;
use std::path::Path;

use super::{StoreError, map_khf1, map_khq4, open};
use crate::format::index::{CONFIG_FILE, Entry, INDEX_FILE, Index, LONGEST_INDEX, seed_of_config};
use crate::format::stream::read_up_to;
use crate::format::{AddressWidth, Class, FormatError, khf1};

/// The index of a directory; `None` where there is none, which is lawful.
///
/// # Errors
///
/// What [`Index::parse`] refuses, `not_a_file` and `io`: an index that is there and cannot be read is
/// never taken for none (IDX-1).
pub fn read_index(directory: &Path) -> Result<Option<Index>, StoreError> {
    fs::read_dir(directory).map_err(|error| StoreError::io(directory, &error))?;
    let path = directory.join(INDEX_FILE);
    let Some(bytes) = read_if_there(&path)? else { return Ok(None) };
    Index::parse(&bytes).map(Some).map_err(|error| StoreError::new(&path, error))
}

/// A directory whose every file is there and sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// The index, where there is one.
    pub index: Option<Index>,
    /// The seed of the rotation, of the index or else of the configuration.
    pub quarot_seed: Option<u64>,
}

/// Opens a directory as a unit (IDX-8). Links are followed, out of the directory too (`follow-links`).
///
/// # Errors
///
/// As [`read_index`]; `missing`; what the loaders refuse of a tensor's file; `index` and
/// `shape_mismatch` where the index says something else than the file.
pub fn open_directory(directory: &Path) -> Result<Directory, StoreError> {
    let index = read_index(directory)?;
    let path = directory.join(CONFIG_FILE);
    let config = read_if_there(&path)?.ok_or_else(|| missing(&path, "is not there"))?;
    let of_config = seed_of_config(&config).map_err(|error| StoreError::new(&path, error))?;
    let quarot_seed = index.as_ref().and_then(Index::quarot_seed).or(of_config);
    if matches!(index, Some(Index::Object(_))) && quarot_seed.is_none() {
        let path = directory.join(INDEX_FILE);
        return Err(missing(&path, "neither it nor the configuration has a quarot_seed"));
    }
    for entry in index.iter().flat_map(Index::entries) {
        check_tensor(directory, entry)?;
    }
    Ok(Directory { index, quarot_seed })
}

/// The bytes of a small file; `None` where nothing is at its path, which a link to nothing is not. Of a
/// file that is longer than an index may be, one byte more than that.
///
/// # Errors
///
/// `not_a_file` and `io`.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io(path, &error)),
        Ok(_) => {}
    }
    let mut file = open::regular_file(path)?;
    let mut bytes = Vec::new();
    // One byte more than there may be shows that there are too many.
    read_up_to(&mut file, &mut bytes, LONGEST_INDEX + 1)
        .map_err(|error| StoreError::io(path, &error))?;
    Ok(Some(bytes))
}

fn missing(path: &Path, detail: &str) -> StoreError {
    StoreError::new(path, FormatError::new(Class::Missing, 0, detail))
}

/// The file of one tensor, and what the index says of it.
fn check_tensor(directory: &Path, entry: &Entry) -> Result<(), StoreError> {
    let path = directory.join(&entry.file);
    let (shape, quantized) = tensor_of(&path)?;
    let differs = |class, detail| Err(StoreError::new(&path, FormatError::new(class, 0, detail)));
    if entry.quantized.is_some_and(|listed| listed != quantized) {
        let detail = format!(
            "the index says that {:?} is {}quantized",
            entry.name,
            if quantized { "not " } else { "" }
        );
        return differs(Class::Index, detail);
    }
    let numel = shape.iter().product::<u64>();
    if entry.shape.as_ref().is_some_and(|listed| *listed != shape)
        || entry.numel.is_some_and(|listed| listed != numel)
    {
        let detail = format!(
            "shape {shape:?} of {numel} values, and the index says of {:?} shape {:?}, numel {:?}",
            entry.name, entry.shape, entry.numel
        );
        return differs(Class::ShapeMismatch, detail);
    }
    Ok(())
}

/// The shape of the tensor in a file that is sound, and whether it is quantized.
///
/// # Errors
///
/// `missing`, and what the loaders refuse.
pub(crate) fn tensor_of(path: &Path) -> Result<(Vec<u64>, bool), StoreError> {
    if fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        let words = open::dangling(path);
        return Err(missing(path, words.as_deref().unwrap_or("is not there")));
    }
    let mut file = open::regular_file(path)?;
    let mut magic = Vec::new();
    read_up_to(&mut file, &mut magic, 4).map_err(|error| StoreError::io(path, &error))?;
    Ok(if magic == khf1::MAGIC {
        (map_khf1(path, AddressWidth::NATIVE)?.header().shape.clone(), false)
    } else {
        (map_khq4(path, AddressWidth::NATIVE)?.header().shape.clone(), true)
    })
}
