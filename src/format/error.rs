//! Why bytes are refused: a closed list of classes, and where in the file the fault lies (ERR-1).

use std::{fmt, io};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The class of a refusal (SPEC ERR-1). Refusing is what must hold; the class is a help for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The first four bytes are not the format's.
    Magic,
    /// Version 1, whose blocks had 18 bytes and no bias: quantize again.
    LegacyVersion,
    /// A version that is neither current nor known as retired.
    Version,
    /// The file ends inside the header.
    TruncatedHeader,
    /// The dimensions that are announced do not fit in the file.
    Dimensions,
    /// A size does not fit the machine's address width.
    Overflow,
    /// The product of the shape is not the number of values.
    ShapeMismatch,
    /// The file ends inside the payload.
    TruncatedPayload,
    /// The file goes on after the payload.
    TrailingBytes,
    /// A scale is not finite, or is zero; at encode, is not representable.
    Scale,
    /// A bias is not finite; at encode, is not representable.
    Bias,
    /// The caller required another shape.
    ExpectedShape,
    /// A directory, FIFO, device or socket instead of a regular file.
    NotAFile,
    /// The operating system refused.
    Io,
    /// A source value is a NaN or an infinity.
    NonFinite,
    /// A stored f16 value is a NaN or an infinity; at decode to f16, is not representable.
    Value,
    /// The operation is not defined for a tensor of this shape.
    Shape,
    /// `quantize_index.json` is not what SPEC IDX says.
    Index,
    /// `quantize_index.json` is larger than 16 MiB.
    IndexSize,
    /// A file that is named lies outside its directory, or its name is none.
    Path,
    /// Two tensors have one name, or one file.
    Duplicate,
    /// A file or a seed that a directory needs is not there.
    Missing,
}

impl Class {
    /// Every class, in the order of SPEC ERR-1.
    pub const ALL: [Self; 22] = [
        Self::Magic,
        Self::LegacyVersion,
        Self::Version,
        Self::TruncatedHeader,
        Self::Dimensions,
        Self::Overflow,
        Self::ShapeMismatch,
        Self::TruncatedPayload,
        Self::TrailingBytes,
        Self::Scale,
        Self::Bias,
        Self::ExpectedShape,
        Self::NotAFile,
        Self::Io,
        Self::NonFinite,
        Self::Value,
        Self::Shape,
        Self::Index,
        Self::IndexSize,
        Self::Path,
        Self::Duplicate,
        Self::Missing,
    ];

    /// The name in vectors, answers and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Magic => "magic",
            Self::LegacyVersion => "legacy_version",
            Self::Version => "version",
            Self::TruncatedHeader => "truncated_header",
            Self::Dimensions => "dimensions",
            Self::Overflow => "overflow",
            Self::ShapeMismatch => "shape_mismatch",
            Self::TruncatedPayload => "truncated_payload",
            Self::TrailingBytes => "trailing_bytes",
            Self::Scale => "scale",
            Self::Bias => "bias",
            Self::ExpectedShape => "expected_shape",
            Self::NotAFile => "not_a_file",
            Self::Io => "io",
            Self::NonFinite => "non_finite",
            Self::Value => "value",
            Self::Shape => "shape",
            Self::Index => "index",
            Self::IndexSize => "index_size",
            Self::Path => "path",
            Self::Duplicate => "duplicate",
            Self::Missing => "missing",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// A refusal: its class, the offset of the field in the file, and what was found and expected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{class} at byte {offset}: {detail}")]
pub struct FormatError {
    /// The kind of fault.
    pub class: Class,
    /// Where the field begins that is at fault, in bytes from the start of the file.
    pub offset: u64,
    /// The field, what was found in it and what was expected, for a person.
    pub detail: String,
}

impl FormatError {
    pub(crate) fn new(class: Class, offset: u64, detail: impl Into<String>) -> Self {
        Self { class, offset, detail: detail.into() }
    }
}

/// Why a stream gave no tensor.
#[derive(Debug, Error)]
pub enum ReadError {
    /// What arrived is not a lawful file.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The stream failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}
