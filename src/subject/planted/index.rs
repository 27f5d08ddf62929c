//! Model directories (SPEC IDX-1 to IDX-9), with a switch at every guard that their readers have
//! lacked, and at every one that they had too many.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde_json::{Map, Value};

use super::fault::faults;
use super::json::Kept;
use super::load::FileFormat;
use super::load::Loader;
use super::{Fault, Faulty, refusal};
use crate::format::Class;
use crate::suite::answer::Refusal;
use crate::suite::case::{Form, ListedTensor, Listing};
use crate::suite::question::ReadIndex;

faults! {
    ReadIndex KHQ4 {
        8 DanglingIndexIsAbsent "dangling-index-is-absent"
            "Takes a link to nothing for a directory without an index."
        7 UnreadableIndexIsAbsent "unreadable-index-is-absent"
            "Takes an index that is no regular file for none."
        8 AbsentIndexRefused "absent-index-refused"
            "Refuses a directory without an index, which is lawful."
        8 MissingDirectoryIsEmpty "missing-directory-is-empty"
            "Takes a directory that does not exist for one without an index."
        66 MalformedIndexIsAbsent "malformed-index-is-absent"
            "Takes an index that it cannot read for none: all weights are taken as plain."
        66 EmptyIndexIsAbsent "empty-index-is-absent"
            "Takes an empty file for no index."
        66 IndexSizeUnchecked "index-size-unchecked"
            "Reads an index of any size."
        66 LargestIndexRefused "largest-index-refused"
            "Refuses an index of exactly 16 MiB."
        66 IndexUtf8Replaced "index-utf8-replaced"
            "Replaces what is no UTF-8, so that two names can become one."
        66 IndexTailIgnored "index-tail-ignored"
            "Reads the first JSON value and does not look behind it."
        67 IndexArrayOnly "index-array-only"
            "Knows the array form only."
        67 IndexObjectOnly "index-object-only"
            "Knows the object form only."
        67 IndexReadAsArray "index-read-as-array"
            "Takes the tensors of the object form and forgets that they are rotated."
        62 IndexSeedRequired "index-seed-required"
            "Lists no object without a seed, which may stand in the configuration."
        19 IndexSeedThroughDouble "index-seed-through-double"
            "Reads the seed as a double: above 2^53 it is another one."
        20 IndexSeedSigned "index-seed-signed"
            "Reads the seed as signed: half of all seeds are refused, negative ones are not."
        19 IndexSeedCut "index-seed-cut"
            "Keeps the lower 32 bits of the seed."
        66 IndexSeedAsText "index-seed-as-text"
            "Takes a seed that is written as a string."
        66 IndexTensorsOptional "index-tensors-optional"
            "Takes an object without tensors for one of none."
        66 EmptyIndexRefused "empty-index-refused"
            "Refuses an index without tensors."
        66 IndexOptionalTypesUnchecked "index-optional-types-unchecked"
            "Drops optional keys of another type, as if they were not there."
        66 IndexOptionalRequired "index-optional-required"
            "Lists no tensor without quantized, shape and numel."
        66 IndexFileOptional "index-file-optional"
            "Makes up the file of a tensor that has none."
        66 IndexUnknownKeysRefused "index-unknown-keys-refused"
            "Refuses keys that it does not know."
        66 IndexBrokenTensorSkipped "index-broken-tensor-skipped"
            "Passes over a tensor that it cannot read: the model lacks it."
        66 IndexTensorByPlace "index-tensor-by-place"
            "Takes an array for a tensor, its keys by their places, as derived readers do."
        20 IndexNegativeWraps "index-negative-wraps"
            "Casts negative sizes: -1 is 2^64 - 1."
        66 IndexFractionCut "index-fraction-cut"
            "Cuts the fraction of a size off."
        67 IndexSorted "index-sorted"
            "Sorts the tensors by their names."
        63 ParentPathAllowed "parent-path-allowed"
            "Lets `..` lead out of the directory."
        63 ParentPathOnlyLeading "parent-path-only-leading"
            "Looks for `..` at the beginning only."
        63 ParentPathByText "parent-path-by-text"
            "Refuses two points within a name, which lead nowhere."
        63 AbsolutePathAllowed "absolute-path-allowed"
            "Opens absolute paths."
        63 EmptyPathAllowed "empty-path-allowed"
            "Takes an empty file name, which is the directory."
        63 ZeroInPathAllowed "zero-in-path-allowed"
            "Takes a zero character in a path, at which the system's path ends."
        63 FolderInPathRefused "folder-in-path-refused"
            "Refuses files in folders of the directory."
        68 DuplicateNameAllowed "duplicate-name-allowed"
            "Lists two tensors of one name."
        68 LastOfNameWins "last-of-name-wins"
            "Keeps the last of two tensors of one name."
        65 DuplicateFileAllowed "duplicate-file-allowed"
            "Lists two tensors that have one file."
        65 IndexNamesFolded "index-names-folded"
            "Compares names without their case, and refuses two that differ."
        69 ConfigOptional "config-optional"
            "Opens a directory without a config.json."
        69 ConfigNotRead "config-not-read"
            "Looks whether there is a config.json, and not what it is."
        62 ConfigSeedIgnored "config-seed-ignored"
            "Looks for the seed in the index only."
        62 SeedNotRequired "seed-not-required"
            "Opens rotated weights without their seed, as if they were plain."
        68 TensorFilesUnchecked "tensor-files-unchecked"
            "Never looks whether a tensor's file is there."
        27 TensorHeadersOnly "tensor-headers-only"
            "Opens a directory whose files are not sound, and trusts the index."
        66 QuantizedUnchecked "quantized-unchecked"
            "Never compares `quantized` with the file."
        66 FormatBySuffix "format-by-suffix"
            "Tells the format of a file by its suffix, not by its magic."
        24 ListedShapeUnchecked "listed-shape-unchecked"
            "Never compares the shape of the index with the file's."
        24 ListedNumelUnchecked "listed-numel-unchecked"
            "Never compares numel of the index with the file's."
        64 EveryLinkRefused "every-link-refused"
            "Refuses links within the directory too."
    }
}

const LONGEST: u64 = 16 << 20;

type Outcome<T> = Result<T, Refusal>;

fn wrong<T>(what: impl Into<String>) -> Outcome<T> {
    Err(refusal(Class::Index, what))
}

impl Faulty {
    pub(super) fn read_directory(self, request: &ReadIndex<String>) -> Outcome<Listing> {
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
                .into_iter::<Kept>()
                .next()
                .unwrap_or(Ok(Kept(Value::Null))),
            Some(Fault::MalformedIndexIsAbsent) => {
                Ok(serde_json::from_str(&text).unwrap_or(Kept(Value::Null)))
            }
            Some(Fault::EmptyIndexIsAbsent) if text.trim().is_empty() => return Ok(None),
            _ => serde_json::from_str(&text),
        };
        parsed.map(|Kept(value)| Some(value)).or_else(|error| wrong(error.to_string()))
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
        let (mut places, mut files) = (HashMap::new(), HashSet::new());
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
            let name = match self.fault {
                Some(Fault::IndexNamesFolded) => tensor.name.to_lowercase(),
                _ => tensor.name.clone(),
            };
            let same_name = places.get(&name).copied();
            let same_file = files.contains(&tensor.file);
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
            places.entry(name).or_insert(kept.len());
            files.insert(tensor.file.clone());
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
