//! What a subject may offer beyond the operations. A feature is offered for one format, as an operation is, and is
//! written `expected-shape:khq4` in capabilities and reports.
//!
//! Which formats have which features is said once, by the two registries of the evaluator:
//! [`blocks`] and [`files`].

use std::fmt;

use serde::{Deserialize, Serialize};

use super::exact::{blocks, files};
use super::operation::FormatId;

/// What a subject may offer beyond the operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Feature {
    /// A load takes the shape that the caller requires.
    ExpectedShape,
    /// A load can do its size arithmetic as a 32-bit machine does.
    #[serde(rename = "width-32")]
    Width32,
    /// A decoder gives values of f16.
    ToF16,
    /// An encoder takes values of f16.
    SourceF16,
    /// An encoder takes values of bf16.
    SourceBf16,
    /// An encoder takes values of f64.
    SourceF64,
    /// A model directory can be opened.
    Directory,
    /// A decoder takes the scale of a tensor.
    TensorScale,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ExpectedShape,
        Self::Width32,
        Self::ToF16,
        Self::SourceF16,
        Self::SourceBf16,
        Self::SourceF64,
        Self::Directory,
        Self::TensorScale,
    ];

    /// The name before the colon of a capability.
    pub fn name(self) -> &'static str {
        match self {
            Self::ExpectedShape => "expected-shape",
            Self::Width32 => "width-32",
            Self::ToF16 => "to-f16",
            Self::SourceF16 => "source-f16",
            Self::SourceBf16 => "source-bf16",
            Self::SourceF64 => "source-f64",
            Self::Directory => "directory",
            Self::TensorScale => "tensor-scale",
        }
    }

    /// This feature of `format`; whether the format has it is not looked at.
    pub const fn of(self, format: FormatId) -> FormatFeature {
        FormatFeature { feature: self, format }
    }
}

/// A feature of one format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FormatFeature {
    /// The feature.
    pub feature: Feature,
    /// The format.
    pub format: FormatId,
}

impl FormatFeature {
    /// Every feature of every format, feature by feature.
    pub fn all() -> Vec<Self> {
        let of_blocks = blocks::ALL.iter().map(|format| (format.id(), format.features()));
        let of_files = files::ALL.iter().map(|container| (container.id(), container.features()));
        let formats: Vec<_> = of_blocks.chain(of_files).collect();
        let of_feature = |feature: Feature| {
            let has = formats.iter().filter(move |(_, features)| features.contains(&feature));
            has.map(move |&(format, _)| feature.of(format))
        };
        Feature::ALL.into_iter().flat_map(of_feature).collect()
    }

    /// Whether the format has the feature.
    pub fn exists(self) -> bool {
        Self::all().contains(&self)
    }
}

impl fmt::Display for FormatFeature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{}:{}", self.feature.name(), self.format))
    }
}
