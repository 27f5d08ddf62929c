//! What is right and what is wrong in a model directory, quantized or of floats: every check to its
//! end, none of them stopped by another.
//!
//! | module | looks at |
//! |---|---|
//! | `quantized` | an index, and the KHQ4 and KHF1 files beside it |
//! | `floats` | safetensors, in one file or several |
//! | `architecture` | the tensors that the configuration asks for |

mod architecture;
mod floats;
mod quantized;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

use crate::convert::cache::cache_folder;
use crate::convert::checkpoint::{ONE_FILE, SHARD_INDEX, TOKENIZER_FILE, read_config};
use crate::format::index::{CONFIG_FILE, INDEX_FILE, seed_of_config};
use crate::format::json;
use crate::format::kind::Expected;
use crate::model::Config;
use crate::store::{foreign, regular_file};

/// Files that may lie beside the weights of a model, and that are none of them.
const COMPANIONS: [&str; 12] = [
    ".gitattributes",
    "LICENSE",
    "README.md",
    "added_tokens.json",
    "chat_template.jinja",
    "generation_config.json",
    "merges.txt",
    "preprocessor_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
];

/// What is said of a matrix of zeros: lawful, and hardly what training has left.
const ALL_ZERO: &str = "all its values are zero";

/// What a finding means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It is as it must be.
    Good,
    /// It is lawful, and worth a look.
    Note,
    /// It must not be so.
    Wrong,
}

/// One line of a diagnosis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it means.
    pub level: Level,
    /// What was looked at: a file, or a tensor.
    pub subject: String,
    /// What was found, for a person.
    pub words: String,
}

/// What kind of weights a directory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// KHQ4 and KHF1 files.
    Quantized,
    /// safetensors.
    Floats,
    /// No weights at all.
    Nothing,
}

/// All that was found in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// What kind of weights it holds.
    pub kind: Kind,
    /// What was found, in the order in which it was looked at.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// How many findings are of that level.
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}

/// Looks at everything in the directory `folder`.
///
/// # Errors
///
/// Where it cannot be listed. All else is a finding.
pub fn examine(folder: &Path) -> io::Result<Diagnosis> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        names.insert(entry?.file_name().to_string_lossy().into_owned());
    }
    let mut notes = Notes { findings: Vec::new() };
    if let Some(words) = cache_folder(folder) {
        notes.wrong(".", words);
        return Ok(Diagnosis { kind: Kind::Nothing, findings: notes.findings });
    }
    let config = configuration(folder, &mut notes);
    if names.contains(TOKENIZER_FILE) {
        tokenizer(folder, &mut notes);
    }
    let of_khq4 = |name: &String| name == INDEX_FILE || is_tensor_file(name);
    let is_floats = names.contains(ONE_FILE) || names.contains(SHARD_INDEX);
    let kind = if names.iter().any(of_khq4) {
        quantized::examine(folder, &names, &config, &mut notes);
        Kind::Quantized
    } else if is_floats {
        floats::examine(folder, &names, &config, &mut notes);
        Kind::Floats
    } else {
        let words = format!("no weights: neither {INDEX_FILE} nor {ONE_FILE} nor {SHARD_INDEX}");
        notes.wrong(".", words);
        Kind::Nothing
    };
    Ok(Diagnosis { kind, findings: notes.findings })
}

/// What the configuration says, as far as it says it.
struct Configuration {
    /// The sizes of the model, where they are all there.
    model: Option<Config>,
    /// The seed of a rotation, where it has one.
    seed: Option<u64>,
    /// What a `quantization_config` says of packed weights, for a person; where it has one.
    quantization: Option<String>,
}

impl Configuration {
    /// What it says of weights that are packed, where they are not: they are of `kind`.
    fn leftover(&self, kind: &str, notes: &mut Notes) {
        if let Some(words) = &self.quantization {
            let words =
                format!("has {words}, yet the weights are {kind}: an engine may refuse them");
            notes.note(CONFIG_FILE, words);
        }
    }
}

fn configuration(folder: &Path, notes: &mut Notes) -> Configuration {
    let none = Configuration { model: None, seed: None, quantization: None };
    let bytes = match read_config(folder) {
        Ok(bytes) => bytes,
        Err(error) => {
            notes.wrong(CONFIG_FILE, error.words());
            return none;
        }
    };
    let seed = seed_of_config(&bytes).ok().flatten();
    let quantization = quantization(&bytes);
    match Config::parse(&bytes) {
        Ok(model) => {
            let tied = if model.tie_word_embeddings { "tied" } else { "not tied" };
            let seed_words = seed.map_or(String::new(), |seed| format!(", quarot_seed {seed}"));
            let words = format!(
                "{} layers of width {}, {} tokens, embeddings {tied}{seed_words}",
                model.num_hidden_layers, model.hidden_size, model.vocab_size
            );
            notes.good(CONFIG_FILE, words);
            Configuration { model: Some(model), seed, quantization }
        }
        Err(error) => {
            notes.wrong(CONFIG_FILE, error.to_string());
            Configuration { model: None, seed, quantization }
        }
    }
}

/// The `quantization_config` at either level of a configuration, in words.
fn quantization(bytes: &[u8]) -> Option<String> {
    const KEY: &str = "quantization_config";
    let whole: Value = json::read(bytes).ok()?;
    let levels = [whole.get(KEY), whole.get("text_config").and_then(|text| text.get(KEY))];
    let found = levels.into_iter().flatten().find(|found| !found.is_null())?;
    let method = found.get("quant_method").map(|method| format!(" of quant_method {method}"));
    Some(format!("a {KEY}{}", method.unwrap_or_default()))
}

/// Looks at the file of a tokenizer, which `quantize` copies as it is.
fn tokenizer(folder: &Path, notes: &mut Notes) {
    let path = folder.join(TOKENIZER_FILE);
    match regular_file(&path) {
        Err(error) => notes.wrong(TOKENIZER_FILE, error.error.detail),
        Ok(_) => {
            if let Some(words) = foreign(&path, Expected::Json) {
                notes.wrong(TOKENIZER_FILE, words);
            }
        }
    }
}

/// A tensor that a directory holds.
struct Held {
    name: String,
    /// None where its file is not sound, which was told.
    shape: Option<Vec<u64>>,
    /// The file that it has for itself, and whether that is of KHQ4; none among floats.
    file: Option<(String, bool)>,
}

/// The findings so far.
struct Notes {
    findings: Vec<Finding>,
}

impl Notes {
    fn good(&mut self, subject: &str, words: impl Into<String>) {
        self.add(Level::Good, subject, words.into());
    }

    fn note(&mut self, subject: &str, words: impl Into<String>) {
        self.add(Level::Note, subject, words.into());
    }

    fn wrong(&mut self, subject: &str, words: impl Into<String>) {
        self.add(Level::Wrong, subject, words.into());
    }

    fn add(&mut self, level: Level, subject: &str, words: String) {
        self.findings.push(Finding { level, subject: subject.to_owned(), words });
    }
}

/// Whether a file has the suffix of a quantized directory's tensors.
fn is_tensor_file(name: &str) -> bool {
    name.ends_with(".q4") || name.ends_with(".f16")
}

/// Whether a name belongs into any model directory, whatever its weights are.
fn is_companion(name: &str) -> bool {
    name == CONFIG_FILE || COMPANIONS.contains(&name)
}
