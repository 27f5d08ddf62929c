//! `quantize_index.json`: the tensors of a model directory and the files that they lie in (SPEC IDX).

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Class, FormatError};

/// The longest index, in bytes (IDX-2).
pub const LONGEST_INDEX: u64 = 16 << 20;

/// The name of the index in its directory.
pub const INDEX_FILE: &str = "quantize_index.json";

/// The name of the model's configuration in its directory.
pub const CONFIG_FILE: &str = "config.json";

/// The index of a directory, in the form that it has (IDX-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Index {
    /// An array of tensors.
    Array(Vec<Entry>),
    /// An object with tensors, of weights that are rotated.
    Object(Rotated),
}

/// The object form of an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rotated {
    /// The seed of the rotation; where it is not here, it is in the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarot_seed: Option<u64>,
    /// The tensors.
    pub tensors: Vec<Entry>,
}

/// A tensor of the index (IDX-4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its name in the model.
    pub name: String,
    /// The path of its file from the directory.
    pub file: String,
    /// Whether the file holds 4-bit blocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantized: Option<bool>,
    /// Its dimensions, outermost first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shape: Option<Vec<u64>>,
    /// The number of its values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numel: Option<u64>,
}

impl Index {
    /// An index from its file's bytes.
    ///
    /// # Errors
    ///
    /// `index_size`, `index`, `path` and `duplicate`: the first rule of IDX-2 to IDX-7 that is broken.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let text = text_of(bytes)?;
        let index = match first_of(text) {
            Some('[') => Self::Array(from_json(text)?),
            Some('{') => Self::Object(from_json(text)?),
            _ => {
                let detail = "expected an array of tensors, or an object with tensors";
                return Err(FormatError::new(Class::Index, 0, detail));
            }
        };
        check_entries(index.entries())?;
        Ok(index)
    }

    /// The tensors, in their order.
    pub fn entries(&self) -> &[Entry] {
        match self {
            Self::Array(entries) | Self::Object(Rotated { tensors: entries, .. }) => entries,
        }
    }

    /// The seed of the rotation, where the index has one.
    pub fn quarot_seed(&self) -> Option<u64> {
        match self {
            Self::Array(_) => None,
            Self::Object(rotated) => rotated.quarot_seed,
        }
    }

    /// The bytes of its file.
    ///
    /// # Errors
    ///
    /// `path`, `duplicate` and `index_size`, where a reader would refuse it.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FormatError> {
        check_entries(self.entries())?;
        let mut bytes = serde_json::to_vec_pretty(self).expect("plain data has JSON");
        bytes.push(b'\n');
        text_of(&bytes)?;
        Ok(bytes)
    }
}

/// The `quarot_seed` of a `config.json`, where it has one (IDX-8).
///
/// # Errors
///
/// `index_size`, and `index` where it is no JSON object or its seed is no u64.
pub fn seed_of_config(bytes: &[u8]) -> Result<Option<u64>, FormatError> {
    let text = text_of(bytes)?;
    from_json(text).map(|Config { quarot_seed }| quarot_seed)
}

pub(super) fn text_of(bytes: &[u8]) -> Result<&str, FormatError> {
    if bytes.len() as u64 > LONGEST_INDEX {
        let detail = format!("more than {LONGEST_INDEX} bytes");
        return Err(FormatError::new(Class::IndexSize, LONGEST_INDEX, detail));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let offset = error.valid_up_to() as u64;
        FormatError::new(Class::Index, offset, "expected UTF-8")
    })
}

fn first_of(text: &str) -> Option<char> {
    text.trim_start_matches([' ', '\t', '\n', '\r']).chars().next()
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, FormatError> {
    serde_json::from_str(text).map_err(|error| {
        // Lines and columns are counted from 1, columns in bytes.
        let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
        let offset = lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
        FormatError::new(Class::Index, offset.min(text.len()) as u64, error.to_string())
    })
}

/// IDX-6 and IDX-7.
fn check_entries(entries: &[Entry]) -> Result<(), FormatError> {
    let (mut names, mut files) = (HashSet::new(), HashSet::new());
    for Entry { name, file, .. } in entries {
        if let Err(what) = check_path(file) {
            let detail = format!("the file {file:?} of {name:?} {what}");
            return Err(FormatError::new(Class::Path, 0, detail));
        }
        if !names.insert(name) {
            let detail = format!("there are two tensors {name:?}");
            return Err(FormatError::new(Class::Duplicate, 0, detail));
        }
        if !files.insert(file) {
            let detail = format!("two tensors have the file {file:?}");
            return Err(FormatError::new(Class::Duplicate, 0, detail));
        }
    }
    Ok(())
}

fn check_path(file: &str) -> Result<(), &'static str> {
    if file.is_empty() {
        return Err("is no path");
    }
    if file.starts_with('/') {
        return Err("is no path from the directory");
    }
    if file.contains('\0') {
        return Err("has a zero character");
    }
    if file.split('/').any(|component| component == "..") {
        return Err("leads out of the directory");
    }
    Ok(())
}

struct Config {
    quarot_seed: Option<u64>,
}

/// Reads an object by its keys, and nothing but an object: a derived reader takes an array too.
macro_rules! from_object {
    ($type:ident, $expecting:literal { $($key:ident),* } else { $($optional:ident),* }) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Keys;

                impl<'de> Visitor<'de> for Keys {
                    type Value = $type;

                    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                        formatter.write_str($expecting)
                    }

                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$type, A::Error> {
                        $(let mut $key = None;)*
                        $(let mut $optional = None;)*
                        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                            match &*key {
                                $(stringify!($key) if $key.is_none() => $key = Some(map.next_value()?),)*
                                $(stringify!($optional) if $optional.is_none() => {
                                    $optional = Some(map.next_value()?);
                                })*
                                $(stringify!($key) => {
                                    return Err(A::Error::duplicate_field(stringify!($key)));
                                })*
                                $(stringify!($optional) => {
                                    return Err(A::Error::duplicate_field(stringify!($optional)));
                                })*
                                _ => drop(map.next_value::<IgnoredAny>()?),
                            }
                        }
                        Ok($type {
                            $($key: $key.ok_or_else(|| A::Error::missing_field(stringify!($key)))?,)*
                            $($optional,)*
                        })
                    }
                }

                deserializer.deserialize_map(Keys)
            }
        }
    };
}

from_object!(Entry, "a tensor with name and file" { name, file } else { quantized, shape, numel });
from_object!(Rotated, "an object with tensors" { tensors } else { quarot_seed });
from_object!(Config, "an object" {} else { quarot_seed });
