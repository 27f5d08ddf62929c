//! The model whose output is compared, with its goldens: the one that the command carries, or a folder of
//! the same form.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use thiserror::Error;

use super::reference::{Kind, Reference};
use crate::convert::{self, Unwatched};
use crate::suite::library::sha256;

/// The model's folder in that of a fixture.
const MODEL: &str = "model";

/// The goldens' name in the folder of a fixture.
const REFERENCE: &str = "reference.json";

const EMBEDDED_REFERENCE: &str = include_str!("../../conformance/parity/reference.json");

macro_rules! embedded {
    ($($name:literal)*) => {
        [$(($name, include_bytes!(concat!("../../conformance/parity/model/", $name)))),*]
    };
}

/// The model that the command carries.
const EMBEDDED: [(&str, &[u8]); 3] = embedded!("config.json" "model.safetensors" "tokenizer.json");

/// A fixture that cannot be used, or not be made ready.
#[derive(Debug, Error)]
#[error("{file}: {problem}")]
pub struct FixtureError {
    /// The file or the folder.
    pub file: String,
    /// What is wrong, for a person.
    pub problem: String,
}

impl FixtureError {
    fn new(file: &Path, problem: impl ToString) -> Self {
        Self { file: file.display().to_string(), problem: problem.to_string() }
    }
}

/// A model with its goldens, and a folder for what is made of it.
pub struct Fixture {
    /// The goldens.
    pub reference: Reference,
    model: PathBuf,
    made: TempDir,
}

/// A quantized directory that was made of the model.
#[derive(Clone, Debug)]
pub struct Quantized {
    /// Where it is.
    pub path: PathBuf,
    /// Tensors in it.
    pub files: usize,
    /// Files that are not, byte for byte, what the goldens' side made of the model.
    pub different: Vec<String>,
}

impl Fixture {
    /// The one that the command carries.
    ///
    /// # Errors
    ///
    /// [`FixtureError`], where no folder can be made for it.
    pub fn embedded() -> Result<Self, FixtureError> {
        let made = folder()?;
        let model = made.path().join(MODEL);
        let failed = |error| FixtureError::new(&model, error);
        fs::create_dir(&model).map_err(failed)?;
        for (name, bytes) in EMBEDDED {
            fs::write(model.join(name), bytes).map_err(failed)?;
        }
        Self::new(Path::new(REFERENCE), EMBEDDED_REFERENCE, model.clone(), made)
    }

    /// The one in `folder`: `reference.json` and a directory `model`.
    ///
    /// # Errors
    ///
    /// [`FixtureError`], where something is missing, or the model is not that of the goldens.
    pub fn from_folder(of: &Path) -> Result<Self, FixtureError> {
        let path = of.join(REFERENCE);
        let text = fs::read_to_string(&path).map_err(|error| FixtureError::new(&path, error))?;
        Self::new(&path, &text, of.join(MODEL), folder()?)
    }

    fn new(file: &Path, text: &str, model: PathBuf, made: TempDir) -> Result<Self, FixtureError> {
        let reference = Reference::parse(text).map_err(|error| FixtureError::new(file, error))?;
        if let Some(name) = different(&model, &reference.model)?.first() {
            let problem =
                "is not that of the goldens: scripts/parity/regenerate.py makes them anew";
            return Err(FixtureError::new(&model.join(name), problem));
        }
        Ok(Self { reference, model, made })
    }

    /// The directory of the model.
    pub fn model(&self) -> &Path {
        &self.model
    }

    /// Makes the quantized directory of `kind`.
    ///
    /// # Errors
    ///
    /// [`FixtureError`], where the conversion fails.
    pub fn quantized(&self, kind: Kind) -> Result<Quantized, FixtureError> {
        let path = self.made.path().join(kind.name());
        let failed = |error: convert::ConvertError| FixtureError::new(&self.model, error);
        let tensors = match kind {
            Kind::Float => {
                let (path, different) = (self.model.clone(), Vec::new());
                return Ok(Quantized { path, files: 0, different });
            }
            Kind::Q4 => {
                convert::quantize(&self.model, &path, &mut Unwatched).map_err(failed)?.converted
            }
            Kind::Quarot => {
                let seed = self.reference.quarot_seed;
                convert::quarot::quantize_rotated(&self.model, &path, seed, &mut Unwatched)
                    .map_err(failed)?
                    .converted
            }
        };
        let none = BTreeMap::new();
        let expected = self.reference.files.get(kind.name()).unwrap_or(&none);
        let mut different = different(&path, expected)?;
        for tensor in &tensors {
            let name = tensor.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !expected.contains_key(&name) {
                different.push(name);
            }
        }
        Ok(Quantized { path, files: tensors.len(), different })
    }
}

fn folder() -> Result<TempDir, FixtureError> {
    let made = tempfile::Builder::new().prefix("q4proof-parity-").tempdir();
    made.map_err(|error| FixtureError::new(&std::env::temp_dir(), error))
}

/// The files of `expected` that have another hash in `folder`, or are not there.
fn different(
    folder: &Path,
    expected: &BTreeMap<String, String>,
) -> Result<Vec<String>, FixtureError> {
    let mut different = Vec::new();
    for (name, hash) in expected {
        let path = folder.join(name);
        match fs::read(&path) {
            Ok(bytes) if sha256(&bytes) == *hash => {}
            Ok(_) => different.push(name.clone()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                different.push(name.clone())
            }
            Err(error) => return Err(FixtureError::new(&path, error)),
        }
    }
    Ok(different)
}
