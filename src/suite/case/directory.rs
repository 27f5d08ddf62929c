//! What a model directory holds, and what is read of it (SPEC IDX).

use serde::{Deserialize, Serialize};

use super::Special;
use crate::suite::hex::Bytes;

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DirectoryEntry {
    /// Its path from the directory, `/` between components; what begins with `../` lies beside the
    /// directory, and folders on the way are there.
    pub path: String,
    /// What it is.
    pub content: Content,
}

/// What an entry of a directory is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Content {
    /// A file of this text, in UTF-8.
    Text(String),
    /// A file of these bytes.
    Bytes(Bytes),
    /// A file that is long: `before`, then `text` as often as `times` says, then `after`.
    Long {
        /// What it begins with.
        before: String,
        /// What is repeated.
        text: String,
        /// How often.
        times: u64,
        /// What it ends with.
        after: String,
    },
    /// A symbolic link.
    Link(String),
    /// Something else than a file.
    Special(Special),
}

impl Content {
    /// The bytes of a file; `None` where this is none.
    pub fn file_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Bytes(bytes) => Some(bytes.0.clone()),
            Self::Long { before, text, times, after } => Some(
                [before.as_bytes(), &text.repeat(*times as usize).into_bytes(), after.as_bytes()]
                    .concat(),
            ),
            Self::Link(_) | Self::Special(_) => None,
        }
    }
}

/// A directory as it was listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// The form of the index; absent where a reader does not tell the two forms apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<Form>,
    /// The seed of the rotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarot_seed: Option<u64>,
    /// The tensors, in the order of the index.
    pub tensors: Vec<ListedTensor>,
}

/// The form of an index (IDX-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// There is no index.
    Absent,
    /// An array of tensors.
    Array,
    /// An object with tensors.
    Object,
}

impl Form {
    /// For a person.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Absent => "no index",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

/// A tensor as the index has it: no key that is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListedTensor {
    /// Its name.
    pub name: String,
    /// The path of its file from the directory.
    pub file: String,
    /// Whether the file holds blocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantized: Option<bool>,
    /// Its dimensions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Vec<u64>>,
    /// The number of its values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numel: Option<u64>,
}
