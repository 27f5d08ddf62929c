//! The builders of the vectors: questions chosen by hand or by search, answers from the exact
//! evaluator. The same everywhere and every time, byte for byte.
//!
//! A builder makes a draft of each case, which is a case without its answer; [`build`] derives
//! the answers. What a question discriminates is named by the wrong evaluation, which is also the
//! name of the planted fault that makes it. What formats share stands in `loads`, for containers, and
//! in `blocks`, for formats whose rows are whole blocks.

mod blocks;
mod decode;
mod decode_f16;
mod directory;
mod directory_index;
mod directory_open;
mod encode_block;
mod encode_evaluation;
mod encode_from;
mod encode_range;
mod encode_refuse;
mod evaluation;
mod khf1_accept;
mod khf1_refuse;
mod load_accept;
mod load_header;
mod load_payload;
mod load_size;
mod loads;
mod matmul;
mod mlx;
mod mxfp4;
mod names;
mod packed;
mod packed_layout;
mod places;
mod q4_0;
mod q4_1;
mod q8_0;
mod recipes;
mod rotate;
mod save;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::case::{Case, Line, ProcessLimits, Source, Tier, Tombstone, VectorFile};
use super::exact::ExactBlock;
use super::expected::of_case;
use super::feature::Feature;
use super::floats::Floats;
use super::lawful::Lawful;
use super::library::{LOCK, Lock, Suite, SuiteError};
use super::operation::FormatId;
use super::question::{Mode, Question};
use super::recipe::{Recipe, RecipeName};
use crate::store::write_atomically;

/// Every file of vectors: its name, what its cases have in common, and the cases without answers.
fn families() -> Vec<(&'static str, &'static str, Vec<Draft>)> {
    vec![
        ("decode.json", "Blocks to f32, bit for bit.", decode::cases()),
        (
            "encode-block.json",
            "Partial blocks and their padding, shapes, the layout of a block.",
            encode_block::cases(),
        ),
        (
            "encode-evaluation.json",
            "Inputs on which a wrong evaluation of the encoder's arithmetic gives other bytes.",
            encode_evaluation::cases(),
        ),
        (
            "encode-range.json",
            "Degenerate and extreme ranges, ordinary weights.",
            encode_range::cases(),
        ),
        ("encode-refuse.json", "Values and shapes that have no encoding.", encode_refuse::cases()),
        (
            "load-accept.json",
            "Files that every loader accepts; the controls.",
            load_accept::cases(),
        ),
        ("load-header.json", "Files with a fault in the header.", load_header::cases()),
        ("load-payload.json", "Files with a fault in the payload.", load_payload::cases()),
        (
            "load-size.json",
            "Files whose sizes overflow, wrap or are not there.",
            load_size::cases(),
        ),
        ("save.json", "Files that a writer writes, byte for byte.", save::cases()),
        ("load-khf1.json", "Files of f16, lawful and not.", {
            [khf1_accept::loads(), khf1_refuse::cases()].concat()
        }),
        ("save-khf1.json", "Files of f16 that a writer writes.", khf1_accept::saves()),
        ("decode-f16.json", "Blocks to f16, rounded once.", decode_f16::cases()),
        ("matmul.json", "Products of a matrix in blocks.", matmul::cases()),
        ("rotate.json", "The rotation of weights.", rotate::cases()),
        ("decode-q4-0.json", "Blocks of ggml's Q4_0 to f32.", q4_0::decodes()),
        ("encode-q4-0.json", "f32 to blocks of ggml's Q4_0.", q4_0::encodes()),
        ("decode-q4-1.json", "Blocks of ggml's Q4_1 to f32.", q4_1::decodes()),
        ("encode-q4-1.json", "f32 to blocks of ggml's Q4_1.", q4_1::encodes()),
        ("decode-q8-0.json", "Blocks of ggml's Q8_0 to f32.", q8_0::decodes()),
        ("encode-q8-0.json", "f32 to blocks of ggml's Q8_0.", q8_0::encodes()),
        ("decode-q5-0.json", "Blocks of ggml's Q5_0 to f32.", packed::decodes(&packed::Q5_0)),
        ("decode-q5-1.json", "Blocks of ggml's Q5_1 to f32.", packed::decodes(&packed::Q5_1)),
        ("decode-q4-k.json", "Blocks of ggml's Q4_K to f32.", packed::decodes(&packed::Q4_K)),
        ("decode-q5-k.json", "Blocks of ggml's Q5_K to f32.", packed::decodes(&packed::Q5_K)),
        ("decode-q6-k.json", "Blocks of ggml's Q6_K to f32.", packed::decodes(&packed::Q6_K)),
        ("decode-iq4-nl.json", "Blocks of ggml's IQ4_NL to f32.", packed::decodes(&packed::IQ4_NL)),
        ("decode-iq4-xs.json", "Blocks of ggml's IQ4_XS to f32.", packed::decodes(&packed::IQ4_XS)),
        ("decode-mxfp4.json", "Blocks of MXFP4 to f32.", packed::decodes(&packed::MXFP4)),
        ("decode-nvfp4.json", "Blocks of NVFP4 to f32.", packed::decodes(&packed::NVFP4)),
        ("encode-mxfp4.json", "f32 to blocks of MXFP4.", mxfp4::encodes()),
        ("encode-from.json", "f16, bf16 and f64 to blocks.", encode_from::cases()),
        ("encode-mlx.json", "f16 to groups of MLX.", mlx::cases()),
        ("read-index.json", "Model directories, listed and opened.", {
            [directory::cases(), directory_open::cases()].concat()
        }),
        ("name-tensors.json", "The files of a model's tensors.", names::cases()),
        ("recipes.json", "Every number, every size, every place.", recipes::cases()),
        ("places.json", "Paths, names, what is there already, and how a request is written.", {
            places::cases()
        }),
    ]
}

/// Cases that were removed, with the file that they stood in: their ids are never used again.
const TOMBSTONES: &[(&str, &str, &str)] = &[];

/// Makes every file of vectors, as name and text, the lock last. `agreed` names, for each case, the
/// independent implementations that were run on it and gave a lawful answer.
///
/// # Errors
///
/// [`SuiteError`], where a question has no answer, naming the case.
pub fn build(
    agreed: &dyn Fn(&str) -> Vec<String>,
) -> Result<Vec<(&'static str, String)>, SuiteError> {
    let mut files = Vec::new();
    for (name, about, drafts) in families() {
        let cases = answered(drafts, agreed)?;
        let gone = TOMBSTONES.iter().filter(|(file, ..)| *file == name);
        let tombstone = |&(_, id, reason): &(&str, &str, &str)| Tombstone {
            id: id.into(),
            reason: reason.into(),
        };
        let tombstones = gone.map(tombstone).collect();
        let file = VectorFile { about: about.into(), cases, tombstones };
        files.push((name, json(&file)));
    }
    let lock = Lock::of(files.iter().map(|(name, text)| (*name, text.as_str())))?;
    files.push((LOCK, json(&lock)));
    Ok(files)
}

/// Builds the vectors into `folder`, over what is there.
///
/// # Errors
///
/// As [`build`]; what the file system reports; and where a case that is there would be gone without
/// a tombstone, or would ask something else.
pub fn build_into(
    folder: &Path,
    agreed: &dyn Fn(&str) -> Vec<String>,
) -> Result<Suite, SuiteError> {
    let files = build(agreed)?;
    if let Ok(before) = Suite::from_folder(folder) {
        let texts: Vec<_> =
            files.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
        let (lock, texts) = texts.split_last().expect("the lock comes last");
        let after = Suite::from_texts(texts, Some(&lock.1))?;
        expect_kept(&before, &after)?;
    }
    for (name, text) in files {
        let path = folder.join(name);
        write_atomically(&path, text.as_bytes())
            .map_err(|error| SuiteError::new(path.display().to_string(), error))?;
    }
    Suite::from_folder(folder)
}

/// That ids keep their meaning: each case of `before` asks the same in `after`, or has a tombstone there.
fn expect_kept(before: &Suite, after: &Suite) -> Result<(), SuiteError> {
    for id in before.ids() {
        if !after.accounts_for(id) {
            return Err(SuiteError::new(id, "would be gone: a removed case leaves a tombstone"));
        }
        let question = |suite: &Suite| {
            suite.get(id).map(|case| (case.question.clone(), case.control.clone(), case.limits))
        };
        if let (Some(asked), Some(now)) = (question(before), question(after))
            && asked != now
        {
            return Err(SuiteError::new(id, "would ask something else: that takes another id"));
        }
    }
    Ok(())
}

fn json(value: &impl serde::Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("plain data has JSON");
    text.push('\n');
    text
}

/// Cases from drafts: each answer derived, from its control where there is one. Load controls may
/// stand in another file.
fn answered(
    drafts: Vec<Draft>,
    agreed: &dyn Fn(&str) -> Vec<String>,
) -> Result<Vec<Case>, SuiteError> {
    let mut controls: HashMap<String, Case> =
        load_accept::cases().into_iter().map(|draft| (draft.0.id.clone(), draft.0)).collect();
    controls.extend(drafts.iter().map(|draft| (draft.0.id.clone(), draft.0.clone())));
    let answer = |Draft(mut case): Draft| {
        let control = case.control.as_ref().and_then(|id| controls.get(id));
        let lawful = of_case(&case, control.map(|control| &control.question));
        if let Lawful::Undemanded(why) = lawful {
            return Err(SuiteError::new(&case.id, why));
        }
        if !matches!(case.expect, Lawful::Within { .. }) {
            case.expect = lawful;
        }
        if let Some(Recipe { name, .. }) = case.recipe {
            let recipe = Recipe::of(name, &case.question);
            case.recipe = Some(recipe.map_err(|why| SuiteError::new(&case.id, why))?);
        }
        case.source.agreed = agreed(&case.id);
        Ok(case)
    };
    drafts.into_iter().map(answer).collect()
}

/// A case whose answer is still to be derived.
#[derive(Clone, Debug)]
struct Draft(Case);

impl Draft {
    fn new(
        id: impl Into<String>,
        clause: &str,
        note: impl Into<String>,
        question: Question,
    ) -> Self {
        Self(Case {
            id: id.into(),
            clause: clause.into(),
            class: None,
            tier: Tier::Must,
            requires: Vec::new(),
            note: note.into(),
            discriminates: Vec::new(),
            source: Source { derivation: format!("exact evaluator, {clause}"), agreed: Vec::new() },
            control: None,
            question,
            line: None,
            measured: false,
            limits: None,
            recipe: None,
            expect: Lawful::refuse([]),
        })
    }

    fn class(mut self, class: u8) -> Self {
        self.0.class = Some(class);
        self
    }

    fn should(mut self) -> Self {
        self.0.tier = Tier::Should;
        self
    }

    fn informative(mut self) -> Self {
        self.0.tier = Tier::Informative;
        self
    }

    fn control(mut self, id: &str) -> Self {
        self.0.control = Some(id.into());
        self
    }

    fn requires(mut self, feature: Feature) -> Self {
        self.0.requires.push(feature);
        self
    }

    fn discriminates(mut self, names: &[&str]) -> Self {
        self.0.discriminates = names.iter().map(ToString::to_string).collect();
        self
    }

    fn line(mut self, line: Line) -> Self {
        self.0.line = Some(line);
        self
    }

    /// Measures the memory that is asked for.
    fn measured(mut self) -> Self {
        self.0.measured = true;
        self
    }

    /// Lets no file be longer than so many bytes.
    fn limited(mut self, file_size: u64) -> Self {
        self.0.limits = Some(ProcessLimits { file_size });
        self
    }

    /// Asks what a recipe makes as well.
    fn recipe(mut self, name: RecipeName) -> Self {
        self.0.recipe = Some(Recipe { name, sha256: Vec::new() });
        self
    }

    fn bounded(mut self) -> Self {
        self.0.expect = Lawful::Within { refuse: BTreeSet::new() };
        self
    }
}

/// A block's bytes from its f16 bits and a nibble for each place.
fn block(scale: u16, bias: u16, nibble: impl Fn(usize) -> u8) -> Vec<u8> {
    ExactBlock { scale, bias, nibbles: (0..32).map(|place| nibble(place) % 16).collect() }.write()
}

/// Nibbles in the order of the weights, twice.
fn ramp(place: usize) -> u8 {
    place as u8
}

/// A payload of plain blocks, no two alike, each byte pair of its fields telling its order apart.
fn plain_payload(len: u64) -> Vec<u8> {
    let count = len.div_ceil(32) as usize;
    let plain = |index: usize| {
        let scale = 0x2e66 + 0x11 * (index % 64) as u16;
        let bias = 0xbc80 + 0x13 * (index % 64) as u16;
        block(scale, bias, |place| (place * 7 + index * 3 + place / 16) as u8)
    };
    (0..count).flat_map(plain).collect()
}

fn encode(mode: Mode, shape: &[u64], values: &[f32]) -> Question {
    Question::encode(FormatId::KHQ4, Some(mode), shape, Floats::of(values))
}

/// A flat tensor.
fn encode_flat(mode: Mode, values: &[f32]) -> Question {
    encode(mode, &[values.len() as u64], values)
}

/// A full block of these values, over and over: nothing hangs on its padding.
fn full(values: &[f32]) -> Vec<f32> {
    values.iter().copied().cycle().take(32).collect()
}

fn encode_full(mode: Mode, values: &[f32]) -> Question {
    encode_flat(mode, &full(values))
}

/// A shape in an id, such as `2d-3x5`.
fn shape_name(shape: &[u64]) -> String {
    match shape {
        [] => "0d".into(),
        shape => format!("{}d-{}", shape.len(), sizes_name(shape)),
    }
}

/// Such as `3x5`.
fn sizes_name(shape: &[u64]) -> String {
    shape.iter().map(u64::to_string).collect::<Vec<_>>().join("x")
}

const MODES: [Mode; 2] = [Mode::Asymmetric, Mode::Symmetric];
