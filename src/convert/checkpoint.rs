//! A model as it was published: a directory with `config.json`, and its tensors in one safetensors
//! file or in several, with an index that says which tensor is in which.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::cache::cache_folder;
use super::error::ConvertError;
use super::safetensors::{Archive, Stored};
use crate::format::index::{CONFIG_FILE, LONGEST_INDEX, seed_of_config};
use crate::format::json;
use crate::format::kind::Expected;
use crate::model::weights::is_name_in_folder;
use crate::store::{foreign, read_if_there, regular_file};

/// The file of a model whose tensors are in one.
pub(crate) const ONE_FILE: &str = "model.safetensors";

/// The index of a model whose tensors are in several files.
pub(crate) const SHARD_INDEX: &str = "model.safetensors.index.json";

/// The file that turns text into tokens, which goes with the weights.
pub(crate) const TOKENIZER_FILE: &str = "tokenizer.json";

/// A checkpoint whose headers were checked, and whose tensors each have one name.
pub(crate) struct Checkpoint {
    folder: PathBuf,
    config: Vec<u8>,
    archives: Vec<Archive>,
}

impl Checkpoint {
    /// Opens the directory `folder`.
    ///
    /// # Errors
    ///
    /// [`ConvertError`]: a `config.json` that is missing, no JSON object, or one of weights that are
    /// rotated; tensors that are missing, a file that is not sound, an index of files that does not say
    /// what is in them.
    pub fn open(folder: &Path) -> Result<Self, ConvertError> {
        fs::read_dir(folder).map_err(|error| ConvertError::file(folder, error))?;
        if let Some(words) = cache_folder(folder) {
            return Err(ConvertError::file(folder, words));
        }
        let config = read_config(folder)?;
        let path = folder.join(CONFIG_FILE);
        let seed = seed_of_config(&config).map_err(|error| ConvertError::file(&path, error))?;
        if let Some(seed) = seed {
            let problem = format!("has the quarot_seed {seed}: its weights are rotated already");
            return Err(ConvertError::file(&path, problem));
        }
        let archives = Layout::of(folder)?.open(folder)?;
        if archives.iter().all(|archive| archive.tensors().is_empty()) {
            return Err(ConvertError::file(folder, "has no tensors"));
        }
        Ok(Self { folder: folder.to_owned(), config, archives })
    }

    /// The bytes of its `config.json`, which hold a JSON object.
    pub fn config(&self) -> &[u8] {
        &self.config
    }

    /// The path of its `config.json`.
    pub fn config_path(&self) -> PathBuf {
        self.folder.join(CONFIG_FILE)
    }

    /// The path of its tokenizer, and the length of that in bytes; where it has one.
    pub fn tokenizer(&self) -> Result<Option<(PathBuf, u64)>, ConvertError> {
        let path = self.folder.join(TOKENIZER_FILE);
        if fs::symlink_metadata(&path).is_err() {
            return Ok(None);
        }
        let file = regular_file(&path)?;
        let metadata = file.metadata().map_err(|error| ConvertError::file(&path, error))?;
        match foreign(&path, Expected::Json) {
            Some(words) => Err(ConvertError::file(&path, words)),
            None => Ok(Some((path, metadata.len()))),
        }
    }

    /// Its tensors and the files that they are in: file by file, in the order in which they lie.
    pub fn tensors(&self) -> impl Iterator<Item = (&Archive, &Stored)> {
        self.archives
            .iter()
            .flat_map(|archive| archive.tensors().iter().map(move |tensor| (archive, tensor)))
    }
}

/// The bytes of a directory's `config.json`, which hold a JSON object.
pub(crate) fn read_config(folder: &Path) -> Result<Vec<u8>, ConvertError> {
    let path = folder.join(CONFIG_FILE);
    let config = read_if_there(&path)?
        .ok_or_else(|| ConvertError::file(&path, "is not there, and no other model's is taken"))?;
    json::read::<IgnoredAny>(&config)
        .and_then(|_| seed_of_config(&config))
        .map_err(|error| ConvertError::json(&path, error))?;
    Ok(config)
}

/// Which files the tensors are in.
pub(crate) enum Layout {
    /// All in one.
    One,
    /// The file of each name.
    Sharded(BTreeMap<String, String>),
}

impl Layout {
    /// That of a directory.
    pub fn of(folder: &Path) -> Result<Self, ConvertError> {
        #[derive(Deserialize)]
        struct Named {
            weight_map: BTreeMap<String, String>,
        }

        let path = folder.join(SHARD_INDEX);
        let index = read_if_there(&path)?;
        let one = fs::symlink_metadata(folder.join(ONE_FILE)).is_ok();
        match (one, index) {
            (true, None) => Ok(Self::One),
            (true, Some(_)) => {
                let problem =
                    format!("has both {ONE_FILE} and {SHARD_INDEX}: expected one of them");
                Err(ConvertError::file(folder, problem))
            }
            (false, None) => {
                let problem = format!("has neither {ONE_FILE} nor {SHARD_INDEX}");
                Err(ConvertError::file(folder, problem))
            }
            (false, Some(bytes)) => {
                let wrong = |problem: String| Err(ConvertError::file(&path, problem));
                if bytes.len() as u64 > LONGEST_INDEX {
                    return wrong(format!("has more than {LONGEST_INDEX} bytes"));
                }
                let Named { weight_map } = json::read(&bytes).map_err(|error| {
                    ConvertError::json(&path, format!("is no index of files: {error}"))
                })?;
                for (name, file) in &weight_map {
                    if !is_name_in_folder(file) {
                        return wrong(format!(
                            "the file of tensor {name:?} is {file:?}, expected a name in this folder"
                        ));
                    }
                }
                Ok(Self::Sharded(weight_map))
            }
        }
    }

    /// The names of the files, each once.
    pub fn files(&self) -> BTreeSet<&str> {
        match self {
            Self::One => BTreeSet::from([ONE_FILE]),
            Self::Sharded(map) => map.values().map(String::as_str).collect(),
        }
    }

    /// Opens all files, and checks that each tensor is where the index says.
    pub fn open(&self, folder: &Path) -> Result<Vec<Archive>, ConvertError> {
        let open = |file: &&str| Archive::open(&folder.join(file));
        let archives: Vec<Archive> = self.files().iter().map(open).collect::<Result<_, _>>()?;
        match self.faults(&archives).into_iter().next() {
            Some(fault) => Err(ConvertError::file(&folder.join(SHARD_INDEX), fault)),
            None => Ok(archives),
        }
    }

    /// Where the index and the files disagree, in words.
    pub fn faults(&self, archives: &[Archive]) -> Vec<String> {
        let Self::Sharded(map) = self else { return Vec::new() };
        let mut faults = Vec::new();
        let mut found = HashSet::new();
        for archive in archives {
            let file = archive.path().file_name().unwrap_or_default().to_string_lossy();
            for tensor in archive.tensors() {
                found.insert((tensor.name.as_str(), file.to_string()));
                let named = map.get(&tensor.name);
                if named.is_none_or(|named| *named != file) {
                    let named = named.map_or("nowhere".to_owned(), |named| format!("in {named:?}"));
                    faults.push(format!(
                        "tensor {:?} is in {file:?}, the index says {named}",
                        tensor.name
                    ));
                }
            }
        }
        for (name, file) in map {
            if !found.contains(&(name.as_str(), file.clone())) {
                faults.push(format!("tensor {name:?} is not in {file:?}, as the index says"));
            }
        }
        faults
    }
}
