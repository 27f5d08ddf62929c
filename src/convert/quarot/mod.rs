//! A checkpoint to a directory of rotated weights: embeddings untied, norms folded, matrices rotated
//! (SPEC ROT), and the rotated ones quantized symmetrically.
//!
//! | module | is |
//! |---|---|
//! | [`plan`](mod@plan) | what becomes of each tensor, as data |
//! | [`rotated`](mod@rotated) | the rotated tensors, in f64 |
//! | [`gate`](mod@gate) | the proof that they are the same model |
//!
//! Memory: while it is converted, one tensor in f64. The gate, which comes first, has two at a time,
//! the plain and the rotated one, and a vector of logits for each probed token.

pub mod gate;
pub mod plan;
pub mod rotated;
pub(crate) mod straight;

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::Path;

use serde_json::{Value, json};

use super::checkpoint::{Checkpoint, TOKENIZER_FILE};
use super::encode::{self, entries};
use super::error::ConvertError;
use super::folder::{Folder, expect_free};
use super::quantize::beside;
use super::safetensors::{Archive, Stored};
use super::{Converted, Dtype, Watch};
use crate::codec::Mode;
use crate::codec::rotation::Rotation;
use crate::format::index::{CONFIG_FILE, INDEX_FILE, Index, Rotated};
use crate::format::names::file_name;
use crate::format::stream::read_up_to;
use crate::model::Config;
use crate::model::double::Tensor;
use crate::model::tensors::{HEAD, is_ignored};
use gate::{Evidence, GateError};
use plan::{Change, Planned};

/// A rotated model that was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantized {
    /// Its tensors.
    pub converted: Vec<Converted>,
    /// What the gate has seen.
    pub evidence: Evidence,
    /// Whether the embeddings were tied.
    pub was_tied: bool,
    /// Tensors that the text model does not have, and that were left out.
    pub left_out: Vec<String>,
}

/// Converts the text model of the checkpoint `source`, a directory, into the directory `target` of
/// weights that are rotated with `seed`. `target` is made where it is not there and must be empty
/// where it is. Just the rotated matrices are quantized; the index is an object with the seed, which
/// stands in `config.json` too, where embeddings are no longer tied.
///
/// # Errors
///
/// [`ConvertError`]: what [`quantize`](super::quantize()) refuses; a model of another architecture, one
/// that is rotated already, one whose width is not a power of two, a tensor that is missing or that
/// nobody knows; and a shut [`gate`](mod@gate). Nothing of `target` is there then.
pub fn quantize_rotated(
    source: &Path,
    target: &Path,
    seed: u64,
    watch: &mut dyn Watch,
) -> Result<Quantized, ConvertError> {
    expect_free(target)?;
    let model = Model::open(source)?;
    let rotation = model.rotation(seed)?;
    let plan = plan::plan(&model.config);
    let config = rewritten(model.checkpoint.config(), seed)
        .map_err(|error| ConvertError::file(&model.checkpoint.config_path(), error))?;
    let tokenizer = model.checkpoint.tokenizer()?;

    let plans: Vec<encode::Plan> =
        plan.iter().map(|planned| model.encoding(planned)).collect::<Result<_, _>>()?;
    let file = |planned: &Planned| file_name(&planned.name, planned.change.is_rotated());
    let files: Vec<String> = plan.iter().map(file).collect();
    let tensors = entries(&plans, &files);
    let index = Index::Object(Rotated { quarot_seed: Some(seed), tensors })
        .to_bytes()
        .map_err(|error| ConvertError::file(&target.join(INDEX_FILE), error))?;
    let written = plans.iter().map(encode::Plan::bytes_read).sum::<u64>();
    let beside = beside(&config, &index, tokenizer.as_ref().map(|(_, len)| *len));
    watch.begin(gate::bytes_watched(&plan) + written + beside);

    let plain = |name: &str| model.tensor(name);
    let rotated = |name: &str| match plan.iter().find(|planned| planned.name == name) {
        Some(planned) => rotated::rotated(planned, rotation, &plain),
        None => model.tensor(name),
    };
    let evidence = gate::gate(&model.config, &plan, seed, &plain, &rotated, watch)
        .map_err(|error| of_gate(source, error))?;

    let folder = Folder::new(target)?;
    let mut converted = Vec::new();
    for ((planned, encoding), file) in plan.iter().zip(&plans).zip(&files) {
        let target_file = folder.file(file)?;
        let (archive, stored) = model.stored(&planned.source)?;
        let bytes_after = match planned.change {
            Change::Kept => encoding.write(&mut archive.values(stored)?, target_file, watch)?,
            _ => {
                let values = rotated(&planned.name)?.1;
                encoding.write(&mut Numbers::new(values), target_file, watch)?
            }
        };
        converted.push(Converted {
            from: stored.dtype(archive.path())?.name(),
            // An output matrix that was made of the embeddings took no place before.
            bytes_before: if planned.source == planned.name { stored.len } else { 0 },
            ..encoding.converted(target.join(file), bytes_after)
        });
    }
    folder.write(CONFIG_FILE, &config, watch)?;
    if let Some((path, _)) = tokenizer {
        folder.copy(&path, TOKENIZER_FILE, watch)?;
    }
    folder.write(INDEX_FILE, &index, watch)?;
    folder.finish()?;
    let (was_tied, left_out) = (model.config.tie_word_embeddings, model.left_out());
    Ok(Quantized { converted, evidence, was_tied, left_out })
}

/// A checkpoint that holds just the tensors of a text model, and those that every text model ignores.
pub(super) struct Model {
    checkpoint: Checkpoint,
    pub config: Config,
    /// Where each tensor is: the index of it among those of the checkpoint.
    places: HashMap<String, usize>,
}

impl Model {
    /// Opens a checkpoint, and holds its tensors against the architecture.
    pub fn open(source: &Path) -> Result<Self, ConvertError> {
        let checkpoint = Checkpoint::open(source)?;
        let path = checkpoint.config_path();
        let config =
            Config::parse(checkpoint.config()).map_err(|error| ConvertError::file(&path, error))?;
        let places = checkpoint
            .tensors()
            .enumerate()
            .map(|(place, (_, tensor))| (tensor.name.clone(), place))
            .collect();
        let model = Self { checkpoint, config, places };
        model.check(source)?;
        Ok(model)
    }

    /// The rotation of a seed, of as many values as the residual stream has.
    pub fn rotation(&self, seed: u64) -> Result<Rotation, ConvertError> {
        Rotation::plain(seed, self.config.hidden_size as u64).map_err(|error| {
            let problem = format!("text_config.hidden_size is {error} for a rotation");
            ConvertError::file(&self.checkpoint.config_path(), problem)
        })
    }

    /// The values of a tensor in f64.
    pub fn tensor(&self, name: &str) -> Result<Tensor, ConvertError> {
        let (archive, stored) = self.stored(name)?;
        let dtype = stored.dtype(archive.path())?;
        let (mut values, mut piece) = (Vec::new(), Vec::new());
        let mut reader = archive.values(stored)?;
        let mut left = stored.len;
        while left > 0 {
            const PIECE: u64 = 1 << 20;
            piece.clear();
            let came = read_up_to(&mut reader, &mut piece, left.min(PIECE))
                .map_err(|error| ConvertError::file(archive.path(), error))?;
            if came == 0 || !came.is_multiple_of(dtype.bytes() as u64) {
                let problem = "its values are missing: the file has become shorter";
                return Err(ConvertError::tensor(archive.path(), name, problem));
            }
            left -= came;
            dtype.to_f64(&piece, &mut values);
        }
        Ok((stored.shape.iter().map(|&size| size as usize).collect(), values))
    }

    fn stored(&self, name: &str) -> Result<(&Archive, &Stored), ConvertError> {
        let place = self.places.get(name).copied();
        place.and_then(|place| self.checkpoint.tensors().nth(place)).ok_or_else(|| {
            ConvertError::tensor(&self.checkpoint.config_path(), name, "is not there")
        })
    }

    /// Every tensor that the model needs is there in its shape, and no other that counts.
    fn check(&self, source: &Path) -> Result<(), ConvertError> {
        let plan = plan::plan(&self.config);
        for planned in &plan {
            if !self.places.contains_key(&planned.source) {
                let problem = format!("is not there, {CONFIG_FILE} asks for it");
                return Err(ConvertError::tensor(source, &planned.source, problem));
            }
            let (archive, stored) = self.stored(&planned.source)?;
            let expected: Vec<u64> = planned.shape.iter().map(|&size| size as u64).collect();
            if stored.shape != expected {
                let problem =
                    format!("has shape {:?}, expected {expected:?} by {CONFIG_FILE}", stored.shape);
                return Err(ConvertError::tensor(archive.path(), &planned.source, problem));
            }
        }
        let known = |name: &str| plan.iter().any(|planned| planned.source == name);
        for (archive, stored) in self.checkpoint.tensors() {
            let name = &stored.name;
            if !known(name) && !is_ignored(name) && stored.left_out().is_none() {
                let problem = if name == HEAD {
                    "is there, yet tie_word_embeddings says that the embeddings take its place"
                } else {
                    "is none of the text model, so that no one knows how it is rotated"
                };
                return Err(ConvertError::tensor(archive.path(), name, problem));
            }
        }
        Ok(())
    }

    fn left_out(&self) -> Vec<String> {
        let ignored = self
            .checkpoint
            .tensors()
            .filter(|(_, tensor)| is_ignored(&tensor.name) || tensor.left_out().is_some());
        ignored.map(|(_, tensor)| tensor.name.clone()).collect()
    }

    /// How a tensor is written: rotated ones as blocks, all else as f16. What is not kept comes in
    /// f64.
    fn encoding<'a>(&'a self, planned: &Planned) -> Result<encode::Plan<'a>, ConvertError> {
        let (archive, stored) = self.stored(&planned.source)?;
        let format = if planned.change.is_rotated() {
            encode::Format::Khq4(Mode::Symmetric)
        } else {
            encode::Format::Khf1
        };
        let kept = encode::Plan::of(archive.path(), stored, format)?;
        Ok(match planned.change {
            Change::Kept => kept,
            _ => encode::Plan { name: planned.name.clone(), dtype: Dtype::F64, ..kept },
        })
    }
}

/// A shut gate as the error of a conversion.
fn of_gate(source: &Path, error: GateError) -> ConvertError {
    match error {
        GateError::Weights(error) => error,
        GateError::Element { ref name, .. } | GateError::Extent { ref name, .. } => {
            ConvertError::tensor(source, name, &error)
        }
        GateError::Logit { .. } | GateError::Model(_) => ConvertError::file(source, error),
    }
}

/// A `config.json` with the seed, and embeddings that are not tied at either level.
fn rewritten(config: &[u8], seed: u64) -> Result<Vec<u8>, serde_json::Error> {
    const TIED: &str = "tie_word_embeddings";
    let mut fields: Value = serde_json::from_slice(config)?;
    fields["quarot_seed"] = json!(seed);
    fields[TIED] = json!(false);
    fields["text_config"][TIED] = json!(false);
    let mut bytes = serde_json::to_vec_pretty(&fields)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Values of f64 as a stream of bytes, little-endian.
struct Numbers {
    values: Vec<f64>,
    /// Values that were read.
    done: usize,
}

impl Numbers {
    fn new(values: Vec<f64>) -> Self {
        Self { values, done: 0 }
    }
}

impl Read for Numbers {
    /// Whole values, as many as there is room for: who reads asks for pieces of them.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (places, _) = buffer.as_chunks_mut::<8>();
        let left = &self.values[self.done..];
        for (place, value) in places.iter_mut().zip(left) {
            *place = value.to_le_bytes();
        }
        let count = places.len().min(left.len());
        self.done += count;
        Ok(8 * count)
    }
}
