//! Model directories (SPEC IDX-1 to IDX-9), with a switch at every guard that their readers have
//! lacked, and at every one that they had too many.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde_json::{Map, Value};

use super::load::Loader;
use super::{Fault, Faulty, refusal};
use crate::format::Class;
use crate::subject::message::{ReadIndex, Refusal};
use crate::suite::case::{FileFormat, Form, ListedTensor, Listing};

const LONGEST: u64 = 16 << 20;

type Outcome<T> = Result<T, Refusal>;

fn wrong<T>(what: impl Into<String>) -> Outcome<T> {
    Err(refusal(Class::Index, what))
}

impl Faulty {
    pub(super) fn read_directory(self, request: &ReadIndex) -> Outcome<Listing> {
        let directory = Path::new(&request.path);
        if !directory.is_dir() && !self.has(Fault::MissingDirectoryIsEmpty) {
            return Err(refusal(Class::Io, "there is no such directory"));
        }
        let listing = match self.json(&directory.join("quantize_index.json"))? {
            None if self.has(Fault::AbsentIndexRefused) => {
                return Err(refusal(Class::Missing, "there is no index"));
            }
            None => Listing { form: Some(Form::Absent), ..Listing::default() },
            Some(index) => match self.listing(&index) {
                Err(_) if self.has(Fault::MalformedIndexIsAbsent) => {
                    Listing { form: Some(Form::Absent), ..Listing::default() }
                }
                outcome => outcome?,
            },
        };
        if request.open && directory.is_dir() {
            self.check_directory(directory, &listing)?;
        }
        Ok(listing)
    }

    /// A file that is JSON; `None` where nothing is there.
    fn json(self, path: &Path) -> Outcome<Option<Value>> {
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refusal(Class::Io, error.to_string())),
            Ok(_) => {}
        }
        let metadata = match fs::metadata(path) {
            Err(_) if self.has(Fault::DanglingIndexIsAbsent) => return Ok(None),
            Err(error) => return Err(refusal(Class::Io, error.to_string())),
            Ok(metadata) if !metadata.is_file() => {
                if self.has(Fault::UnreadableIndexIsAbsent) {
                    return Ok(None);
                }
                return Err(refusal(Class::NotAFile, "is no regular file"));
            }
            Ok(metadata) => metadata,
        };
        if metadata.len() > LONGEST && !self.has(Fault::IndexSizeUnchecked) {
            return Err(refusal(Class::IndexSize, format!("{} bytes", metadata.len())));
        }
        if metadata.len() == LONGEST && self.has(Fault::LargestIndexRefused) {
            return Err(refusal(Class::IndexSize, format!("{} bytes", metadata.len())));
        }
        let bytes = fs::read(path).map_err(|error| refusal(Class::Io, error.to_string()))?;
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) if self.has(Fault::IndexUtf8Replaced) => {
                String::from_utf8_lossy(error.as_bytes()).into_owned()
            }
            Err(error) => return wrong(error.to_string()),
        };
        let parsed = match self.fault {
            Some(Fault::IndexTailIgnored) => serde_json::Deserializer::from_str(&text)
                .into_iter::<Value>()
                .next()
                .unwrap_or(Ok(Value::Null)),
            Some(Fault::MalformedIndexIsAbsent) => {
                Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
            }
            Some(Fault::EmptyIndexIsAbsent) if text.trim().is_empty() => return Ok(None),
            _ => serde_json::from_str(&text),
        };
        parsed.map(Some).or_else(|error| wrong(error.to_string()))
    }

    fn listing(self, index: &Value) -> Outcome<Listing> {
        let (form, seed, items) = match index {
            Value::Array(items) if !self.has(Fault::IndexObjectOnly) => (Form::Array, None, items),
            Value::Object(members) if !self.has(Fault::IndexArrayOnly) => {
                let seed = match members.get("quarot_seed") {
                    None => None,
                    Some(seed) => Some(self.seed(seed)?),
                };
                let none = Vec::new();
                let items = match members.get("tensors") {
                    Some(Value::Array(items)) => items,
                    None if self.has(Fault::IndexTensorsOptional) => &none,
                    _ => return wrong("has no tensors"),
                };
                match self.fault {
                    Some(Fault::IndexUnknownKeysRefused) if members.len() > 2 => {
                        return wrong("unknown keys");
                    }
                    Some(Fault::IndexReadAsArray) => (Form::Array, None, &items.clone()),
                    Some(Fault::IndexSeedRequired) if seed.is_none() => return wrong("no seed"),
                    _ => (Form::Object, seed, &items.clone()),
                }
            }
            _ => return wrong("is neither an array nor an object"),
        };
        if items.is_empty() && self.has(Fault::EmptyIndexRefused) {
            return wrong("has no tensors");
        }
        let mut tensors = Vec::new();
        for item in items {
            match (self.tensor(item), self.fault) {
                (Err(_), Some(Fault::IndexBrokenTensorSkipped)) => {}
                (tensor, _) => tensors.push(tensor?),
            }
        }
        self.check_tensors(&mut tensors)?;
        if self.has(Fault::IndexSorted) {
            tensors.sort_by(|left, right| left.name.cmp(&right.name));
        }
        Ok(Listing { form: Some(form), quarot_seed: seed, tensors })
    }

    fn seed(self, value: &Value) -> Outcome<u64> {
        let seed = match self.fault {
            Some(Fault::IndexSeedThroughDouble) => value.as_f64().map(|seed| seed as u64),
            Some(Fault::IndexSeedSigned) => value.as_i64().map(|seed| seed as u64),
            Some(Fault::IndexSeedCut) => value.as_u64().map(|seed| u64::from(seed as u32)),
            Some(Fault::IndexSeedAsText) => {
                let text = value.as_str().and_then(|text| text.parse().ok());
                value.as_u64().or(text)
            }
            _ => value.as_u64(),
        };
        seed.map_or_else(|| wrong("the seed is no u64"), Ok)
    }

    fn unsigned(self, value: &Value) -> Outcome<u64> {
        let number = match self.fault {
            Some(Fault::IndexNegativeWraps) => {
                value.as_u64().or(value.as_i64().map(|number| number as u64))
            }
            Some(Fault::IndexFractionCut) => value
                .as_u64()
                .or(value.as_f64().filter(|number| *number >= 0.0).map(|number| number as u64)),
            _ => value.as_u64(),
        };
        number.map_or_else(|| wrong("is no u64"), Ok)
    }

    fn tensor(self, item: &Value) -> Outcome<ListedTensor> {
        let by_place = |values: &Vec<Value>| {
            let keys = ["name", "file", "quantized", "shape", "numel"].map(str::to_owned);
            keys.into_iter().zip(values.iter().cloned()).collect::<Map<_, _>>()
        };
        let members = match item {
            Value::Object(members) => members,
            Value::Array(values) if self.has(Fault::IndexTensorByPlace) => &by_place(values),
            _ => return wrong("a tensor is no object"),
        };
        let known = ["name", "file", "quantized", "shape", "numel"];
        if self.has(Fault::IndexUnknownKeysRefused)
            && members.keys().any(|key| !known.contains(&key.as_str()))
        {
            return wrong("unknown keys");
        }
        if self.has(Fault::IndexOptionalRequired) && members.len() < known.len() {
            return wrong("keys are missing");
        }
        let text = |key: &str| match members.get(key) {
            Some(Value::String(text)) => Ok(text.clone()),
            _ => wrong(format!("no {key}")),
        };
        let lenient = self.has(Fault::IndexOptionalTypesUnchecked);
        let name = text("name")?;
        let file = match (text("file"), self.fault) {
            (Err(_), Some(Fault::IndexFileOptional)) => format!("{}.q4", name.replace('.', "_")),
            (file, _) => file?,
        };
        let quantized = match members.get("quantized") {
            None => None,
            Some(Value::Bool(quantized)) => Some(*quantized),
            Some(_) if lenient => None,
            Some(_) => return wrong("quantized is no boolean"),
        };
        let shape = match members.get("shape") {
            None => None,
            Some(Value::Array(sizes)) => {
                Some(sizes.iter().map(|size| self.unsigned(size)).collect::<Outcome<_>>()?)
            }
            Some(_) if lenient => None,
            Some(_) => return wrong("shape is no array"),
        };
        let numel = match members.get("numel") {
            None => None,
            Some(numel) => match self.unsigned(numel) {
                Err(_) if lenient => None,
                outcome => Some(outcome?),
            },
        };
        Ok(ListedTensor { name, file, quantized, shape, numel })
    }

    fn check_tensors(self, tensors: &mut Vec<ListedTensor>) -> Outcome<()> {
        let mut kept: Vec<ListedTensor> = Vec::new();
        for tensor in tensors.drain(..) {
            let file = tensor.file.as_str();
            let climbs = match self.fault {
                Some(Fault::ParentPathAllowed) => false,
                Some(Fault::ParentPathOnlyLeading) => file.starts_with("../") || file == "..",
                Some(Fault::ParentPathByText) => file.contains(".."),
                _ => file.split('/').any(|component| component == ".."),
            };
            let bad = climbs
                || file.is_empty() && !self.has(Fault::EmptyPathAllowed)
                || file.starts_with('/') && !self.has(Fault::AbsolutePathAllowed)
                || file.contains('\0') && !self.has(Fault::ZeroInPathAllowed)
                || file.contains('/') && self.has(Fault::FolderInPathRefused);
            if bad {
                return Err(refusal(Class::Path, format!("{file:?}")));
            }
            let same_name = kept.iter().position(|other| match self.fault {
                Some(Fault::IndexNamesFolded) => {
                    other.name.to_lowercase() == tensor.name.to_lowercase()
                }
                _ => other.name == tensor.name,
            });
            let same_file = kept.iter().any(|other| other.file == tensor.file);
            match (same_name, self.fault) {
                (Some(_), Some(Fault::DuplicateNameAllowed)) => {}
                (Some(place), Some(Fault::LastOfNameWins)) => {
                    kept[place] = tensor;
                    continue;
                }
                (Some(_), _) => return Err(refusal(Class::Duplicate, tensor.name)),
                (None, _) => {}
            }
            if same_file && !self.has(Fault::DuplicateFileAllowed) && same_name.is_none() {
                return Err(refusal(Class::Duplicate, tensor.file));
            }
            kept.push(tensor);
        }
        *tensors = kept;
        Ok(())
    }

    /// IDX-8 and IDX-9.
    fn check_directory(self, directory: &Path, listing: &Listing) -> Outcome<()> {
        let path = directory.join("config.json");
        let config = match self.fault {
            Some(Fault::ConfigNotRead) if fs::symlink_metadata(&path).is_ok() => Some(Value::Null),
            _ => self.json(&path)?,
        };
        let of_config = match (config, self.fault) {
            (None, Some(Fault::ConfigOptional)) => None,
            (None, _) => return Err(refusal(Class::Missing, "there is no config.json")),
            (Some(Value::Object(members)), _) => match members.get("quarot_seed") {
                Some(seed) if !self.has(Fault::ConfigSeedIgnored) => Some(self.seed(seed)?),
                _ => None,
            },
            (_, Some(Fault::ConfigNotRead)) => None,
            (Some(_), _) => return wrong("config.json is no object"),
        };
        let seed = listing.quarot_seed.or(of_config);
        if listing.form == Some(Form::Object) && seed.is_none() && !self.has(Fault::SeedNotRequired)
        {
            return Err(refusal(Class::Missing, "there is no seed"));
        }
        listing.tensors.iter().try_for_each(|tensor| self.check_tensor_file(directory, tensor))
    }

    fn check_tensor_file(self, directory: &Path, tensor: &ListedTensor) -> Outcome<()> {
        if self.has(Fault::TensorFilesUnchecked) {
            return Ok(());
        }
        let path = directory.join(&tensor.file);
        let link = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink());
        if link && self.has(Fault::EveryLinkRefused) {
            return Err(refusal(Class::Path, "is a link"));
        }
        match fs::metadata(&path) {
            Err(error) => return Err(refusal(Class::Missing, error.to_string())),
            Ok(metadata) if !metadata.is_file() => {
                return Err(refusal(Class::NotAFile, "is no regular file"));
            }
            Ok(_) => {}
        }
        let bytes = fs::read(&path).map_err(|error| refusal(Class::Io, error.to_string()))?;
        let halves = match self.fault {
            Some(Fault::FormatBySuffix) => tensor.file.ends_with(".f16"),
            _ => bytes.starts_with(b"KHF1"),
        };
        let format = if halves { FileFormat::Khf1 } else { FileFormat::Khq4 };
        let loader = Loader { faulty: self, format, width: 64, map: false };
        let text = path.to_string_lossy();
        let shape = match self.fault {
            Some(Fault::TensorHeadersOnly) => match loader.load(&text, None) {
                Ok(loaded) => Some(loaded.shape),
                Err(_) => tensor.shape.clone(),
            },
            _ if halves => Some(loader.load_halves(&text, None)?.shape),
            _ => Some(loader.load(&text, None)?.shape),
        };
        if tensor.quantized == Some(halves) && !self.has(Fault::QuantizedUnchecked) {
            return wrong("quantized is not what the file is");
        }
        let numel = shape.as_ref().map(|shape| shape.iter().product::<u64>());
        let other_shape = tensor.shape.is_some() && tensor.shape != shape;
        let other_numel = tensor.numel.is_some() && tensor.numel != numel;
        if other_shape && !self.has(Fault::ListedShapeUnchecked)
            || other_numel && !self.has(Fault::ListedNumelUnchecked)
        {
            return Err(refusal(Class::ShapeMismatch, "the index has another shape"));
        }
        Ok(())
    }
}
