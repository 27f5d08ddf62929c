//! What lies at the path of a question: a file of bytes, its control's file edited, a directory, or
//! something else.

use serde::{Deserialize, Serialize};

use super::DirectoryEntry;
use crate::suite::hex::Bytes;

/// What lies at the path of a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum File {
    /// A file of these bytes.
    Bytes(Bytes),
    /// The file of the case's control, edited in this order.
    Patch(Vec<Edit>),
    /// A directory of these entries.
    Directory(Vec<DirectoryEntry>),
    /// Something else than a file, or nothing.
    Special(Special),
    /// One of these under a name of its own.
    Named(Box<Named>),
}

/// What lies at a path that is special itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The last component of the path.
    pub name: String,
    /// Whether this is the path of the question before, over whose file this one is written, with the
    /// same time of its last change.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// What lies there.
    pub file: File,
}

impl File {
    /// What lies there, whatever its name is.
    pub fn unnamed(&self) -> &Self {
        match self {
            Self::Named(named) => named.file.unnamed(),
            other => other,
        }
    }
}

/// One edit of a control's file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The field that is edited, for the reader.
    pub field: String,
    /// Set where the edit is no fault of its own: it repairs a field that depends on the fault, so
    /// that one guard alone is under test.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repair: bool,
    /// What is done.
    pub change: Change,
}

/// What an edit does to the bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// Puts `bytes` over those at `offset`.
    Overwrite {
        /// Where.
        offset: u64,
        /// With what.
        bytes: Bytes,
    },
    /// Puts `bytes` between those at `offset`.
    Insert {
        /// Where.
        offset: u64,
        /// What.
        bytes: Bytes,
    },
    /// Takes `count` bytes out.
    Remove {
        /// Where.
        offset: u64,
        /// How many.
        count: u64,
    },
    /// Cuts the file to `len` bytes.
    Truncate {
        /// The bytes that stay.
        len: u64,
    },
    /// Adds `bytes` at the end.
    Append {
        /// What.
        bytes: Bytes,
    },
}

/// What is no regular file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Special {
    /// Nothing at all.
    Missing,
    /// A directory.
    Directory,
    /// A FIFO without a writer.
    Fifo,
    /// A character device.
    Device,
    /// A socket.
    Socket,
    /// A symbolic link to nothing.
    DanglingSymlink,
    /// A symbolic link to a directory.
    SymlinkToDirectory,
    /// A path in a folder that does not exist.
    MissingFolder,
}
