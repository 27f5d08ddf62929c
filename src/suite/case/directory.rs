//! What a model directory holds, and what is read of it (SPEC IDX).

use serde::de::{Deserializer, Error};
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
    #[serde(deserialize_with = "bounded")]
    pub content: Content,
}

/// The longest file that a repetition may make, in bytes: twice the longest index (IDX-2).
const LONGEST: u64 = 32 << 20;

/// Content whose repetition is no longer than [`LONGEST`], so that a short text cannot claim all memory.
fn bounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Content, D::Error> {
    let content = Content::deserialize(deserializer)?;
    if let Content::Long { text, times, .. } = &content
        && times.saturating_mul(text.len() as u64) > LONGEST
    {
        let len = text.len();
        return Err(Error::custom(format!(
            "`long` repeats {len} bytes {times} times; at most {LONGEST} bytes in all"
        )));
    }
    Ok(content)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repetition_has_a_bound() {
        let read = |text: &str, times: u64| {
            let long = serde_json::json!({"before": "", "text": text, "times": times, "after": ""});
            let entry = serde_json::json!({"path": "a", "content": {"long": long}});
            serde_json::from_value::<DirectoryEntry>(entry).map_err(|error| error.to_string())
        };
        let entry = read("ab", LONGEST / 2).expect("an entry");
        assert_eq!(entry.content.file_bytes().map(|bytes| bytes.len() as u64), Some(LONGEST));
        for (text, times) in [("ab", LONGEST / 2 + 1), (" ", 1 << 63), ("abcd", u64::MAX)] {
            let error = read(text, times).expect_err("too long");
            assert!(error.starts_with("`long` repeats "), "{error}");
            assert!(error.contains(&format!("{times} times; at most 33554432 bytes")), "{error}");
        }
    }
}
