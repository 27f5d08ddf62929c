//! What a subject can be asked for: a verb, and the format that it is about. Together they are an
//! operation, written `decode:q4_1` in capabilities, profiles and logs.
//!
//! Which formats there are is said once, by the two registries of the evaluator:
//! [`blocks`] and [`files`].

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::exact::{blocks, files};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Blocks to floats.
    Decode,
    /// Floats to blocks.
    Encode,
    /// A file to tensors.
    Load,
    /// Tensors to a file.
    Save,
    /// A quantized matrix times vectors.
    Matmul,
    /// The rotation of weights.
    Rotate,
    /// The index of a model directory.
    ReadIndex,
    /// The files of a model's tensors.
    NameTensors,
    /// What a model goes on with: asked by the end-to-end report, not by the suite.
    Generate,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Decode,
        Self::Encode,
        Self::Load,
        Self::Save,
        Self::Matmul,
        Self::Rotate,
        Self::ReadIndex,
        Self::NameTensors,
        Self::Generate,
    ];

    /// The word on the wire, in capabilities and in profiles.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Encode => "encode",
            Self::Load => "load",
            Self::Save => "save",
            Self::Matmul => "matmul",
            Self::Rotate => "rotate",
            Self::ReadIndex => "read_index",
            Self::NameTensors => "name_tensors",
            Self::Generate => "generate",
        }
    }

    /// The verb of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.name() == name)
    }
}

/// A format by its name: one that stands in a registry, or one of the few that no registry needs. Each
/// leaf adds its own constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormatId(&'static str);

impl FormatId {
    /// The rotation of weights (SPEC ROT).
    pub const QUAROT: Self = Self("quarot");
    /// A model directory.
    pub const MODEL: Self = Self("model");

    /// A name that a leaf gives itself.
    pub(in crate::suite) const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The name.
    pub fn name(self) -> &'static str {
        self.0
    }

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        static ALL: LazyLock<Vec<FormatId>> = LazyLock::new(FormatId::all);
        ALL.iter().copied().find(|format| format.0 == name)
    }

    /// Every format, each once.
    pub fn all() -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        let registered = blocks::ALL.iter().map(|format| format.id());
        let contained = files::ALL.iter().map(|container| container.id());
        for format in registered.chain(contained).chain([Self::QUAROT, Self::MODEL]) {
            if !all.contains(&format) {
                all.push(format);
            }
        }
        all
    }
}

impl fmt::Display for FormatId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.0)
    }
}

impl Serialize for FormatId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for FormatId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| {
            let known: Vec<&str> = Self::all().into_iter().map(Self::name).collect();
            D::Error::custom(format!(
                "unknown format {name:?}, expected one of {}",
                known.join(", ")
            ))
        })
    }
}

#[cfg(feature = "cli")]
impl schemars::JsonSchema for FormatId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FormatId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<&str> = Self::all().into_iter().map(Self::name).collect();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}

/// A verb and a format that go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation {
    /// The format.
    pub format: FormatId,
    /// The verb.
    pub verb: Verb,
}

impl Operation {
    /// `verb` of `format`; whether there is such an operation is not looked at.
    pub const fn new(verb: Verb, format: FormatId) -> Self {
        Self { format, verb }
    }

    /// Every operation that the suite asks about, format by format.
    pub fn all() -> Vec<Self> {
        let of_blocks = blocks::ALL
            .iter()
            .flat_map(|format| format.verbs().iter().map(|&verb| Self::new(verb, format.id())));
        let of_files = files::ALL.iter().flat_map(|container| {
            container.verbs().iter().map(|&verb| Self::new(verb, container.id()))
        });
        of_blocks.chain(of_files).chain([Self::new(Verb::Rotate, FormatId::QUAROT)]).collect()
    }

    /// Whether the suite asks about this, or `parity` does.
    pub fn exists(self) -> bool {
        static ALL: LazyLock<Vec<Operation>> = LazyLock::new(Operation::all);
        self == Self::new(Verb::Generate, FormatId::MODEL) || ALL.contains(&self)
    }

    /// The operation that `verb:format` names.
    pub fn named(name: &str) -> Option<Self> {
        let (verb, format) = name.split_once(':')?;
        Some(Self::new(Verb::named(verb)?, FormatId::named(format)?)).filter(|known| known.exists())
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{}:{}", self.verb.name(), self.format))
    }
}

impl FromStr for Operation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::named(text).ok_or_else(|| format!("{text:?} is no operation"))
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Operation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
