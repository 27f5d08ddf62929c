//! The corpus in `corpus/`: for each target a folder `seeds` of accepted inputs, a folder
//! `regressions` of inputs that once showed something, and one manifest that says what must be
//! there. A corpus that is not whole is an error, never an empty replay.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};
use std::{fs, io};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::arithmetic::{Payload, Source};
use super::{Seed, Target, Verdict, convert, names};
use crate::format::Class;
use crate::store::write_atomically;
use crate::subject::serve::{answer_line, request_line};
use crate::subject::{InProcess, Reference, Request};
use crate::suite::Suite;
use crate::suite::case::{Case, File, VectorFile};
use crate::suite::exact::directory::INDEX_FILE;
use crate::suite::exact::files;
use crate::suite::floats::Float;
use crate::suite::library::sha256;
use crate::suite::operation::{FormatId, Operation, Verb};
use crate::suite::question::{Mode, Question, ReadIndex};
use crate::suite::random::SplitMix64;

/// The manifest's name in the corpus.
pub const MANIFEST: &str = "manifest.json";

/// The longest file and the longest text that become seeds, in bytes: longer ones hold nothing
/// that shorter ones do not, and each of their runs takes longer.
const LONGEST_FILE: usize = 512;
const LONGEST_TEXT: usize = 4096;

/// A corpus that cannot be trusted: the file or folder, and what is wrong with it.
#[derive(Debug, Error)]
#[error("{}: {problem}", path.display())]
pub struct CorpusError {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong, for a person.
    pub problem: String,
}

impl CorpusError {
    fn new(path: &Path, problem: impl ToString) -> Self {
        Self { path: path.to_owned(), problem: problem.to_string() }
    }
}

/// What the corpus must hold, target by target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Manifest(pub BTreeMap<String, Contents>);

/// What one target's folders must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// The number of files in `seeds`.
    pub seeds: usize,
    /// The files in `regressions`.
    pub regressions: Vec<Regression>,
}

/// An input that once showed something, and must keep its verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regression {
    /// `<class>--<hash8>`: `accepted`, `refused` or the class of the refusal, and the first eight
    /// digits of the input's SHA-256.
    pub file: String,
    /// The planted fault that it shows, if one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// The cause, for a person.
    pub note: String,
}

/// A file of the corpus.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it lies.
    pub path: PathBuf,
    /// The input.
    pub bytes: Vec<u8>,
    /// What the manifest says of it, where it is a regression.
    pub regression: Option<Regression>,
}

/// Every input of `target` in the corpus at `folder`.
///
/// # Errors
///
/// [`CorpusError`], where the manifest, the target or a folder is missing, `seeds` is empty, or a
/// folder holds more or less than the manifest says.
pub fn read(folder: &Path, target: Target) -> Result<Vec<Entry>, CorpusError> {
    let manifest = folder.join(MANIFEST);
    let Manifest(mut targets) = read_manifest(&manifest)?;
    let contents = targets
        .remove(&target.name())
        .ok_or_else(|| CorpusError::new(&manifest, format!("does not name {target}")))?;

    let folder = folder.join(target.name());
    let seeds = files(&folder.join("seeds"))?;
    if seeds.is_empty() || seeds.len() != contents.seeds {
        let problem = format!("holds {} files, {} are expected", seeds.len(), contents.seeds);
        return Err(CorpusError::new(&folder.join("seeds"), problem));
    }
    let regressions = folder.join("regressions");
    let mut unnamed: BTreeSet<PathBuf> = match contents.regressions.is_empty() {
        // A folder without files cannot be committed.
        true if !regressions.exists() => BTreeSet::new(),
        _ => files(&regressions)?.into_iter().collect(),
    };
    let mut entries = Vec::new();
    for path in seeds {
        entries.push(Entry { bytes: bytes(&path)?, path, regression: None });
    }
    for regression in contents.regressions {
        let path = regressions.join(&regression.file);
        let bytes = bytes(&path)?;
        if regression_name(regression.file.split("--").next().unwrap_or(""), &bytes)
            != regression.file
        {
            return Err(CorpusError::new(&path, "does not have the hash in its name"));
        }
        unnamed.remove(&path);
        entries.push(Entry { path, bytes, regression: Some(regression) });
    }
    match unnamed.first() {
        None => Ok(entries),
        Some(path) => Err(CorpusError::new(path, format!("is not in {MANIFEST}"))),
    }
}

/// What a verdict is called in the name of a regression.
pub fn class_name(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "accepted",
        Verdict::Refused(class) => class.map_or("refused", Class::name),
        Verdict::Finding(_) => "finding",
    }
}

/// Writes every target's seeds into the corpus at `folder`, and their numbers into its manifest.
///
/// # Errors
///
/// [`CorpusError`], where a file cannot be written.
pub fn write_seeds(folder: &Path) -> Result<(), CorpusError> {
    let manifest = folder.join(MANIFEST);
    let mut written =
        if manifest.exists() { read_manifest(&manifest)? } else { Manifest::default() };
    for target in Target::all() {
        let seeds = folder.join(target.name()).join("seeds");
        if seeds.exists() {
            fs::remove_dir_all(&seeds).map_err(|error| CorpusError::new(&seeds, error))?;
        }
        for (name, bytes) in cached_seeds(target) {
            write(&seeds.join(name), bytes)?;
        }
        let contents = written.0.entry(target.name()).or_default();
        contents.seeds = cached_seeds(target).len();
    }
    write_manifest(&manifest, &written)
}

/// Adds `input` to the regressions of `target`, under the verdict that the reference gives, and
/// returns its path.
///
/// # Errors
///
/// [`CorpusError`], where the reference still has a finding, or a file cannot be written.
pub fn promote(
    folder: &Path,
    target: Target,
    input: &[u8],
    fault: Option<&str>,
    note: &str,
) -> Result<PathBuf, CorpusError> {
    let manifest = folder.join(MANIFEST);
    let verdict = target.run(&InProcess::new(Reference), input);
    if let Verdict::Finding(finding) = verdict {
        return Err(CorpusError::new(&manifest, format!("the fault is not mended: {finding}")));
    }
    let file = regression_name(class_name(&verdict), input);
    let path = folder.join(target.name()).join("regressions").join(&file);
    let mut written = read_manifest(&manifest)?;
    let regressions = &mut written.0.entry(target.name()).or_default().regressions;
    regressions.retain(|regression| regression.file != file);
    regressions.push(Regression { file, fault: fault.map(str::to_owned), note: note.into() });
    regressions.sort_by(|left, right| left.file.cmp(&right.file));
    write(&path, input)?;
    write_manifest(&manifest, &written)?;
    Ok(path)
}

/// The input of a target that asks what a finding of `hunt` does: a file of vectors with one case beside its control.
///
/// # Errors
///
/// Where the file has no such case, or the case is no input of the target. `None` where the text is no file of vectors.
pub fn of_finding(target: Target, text: &[u8]) -> Option<Result<Vec<u8>, String>> {
    let file: VectorFile = serde_json::from_slice(text).ok()?;
    let is_control = |case: &&Case| {
        file.cases.iter().any(|other| other.control.as_deref() == Some(case.id.as_str()))
    };
    let found: Vec<&Case> = file.cases.iter().filter(|case| !is_control(case)).collect();
    Some(match found[..] {
        [case] => {
            let first = inputs(target, case).into_iter().next();
            first.ok_or_else(|| format!("{} is no input of {target}", case.id))
        }
        _ => Err(format!("has {} cases beside controls, expected one", found.len())),
    })
}

fn regression_name(class: &str, bytes: &[u8]) -> String {
    format!("{class}--{}", &sha256(bytes)[..8])
}

fn read_manifest(path: &Path) -> Result<Manifest, CorpusError> {
    serde_json::from_slice(&bytes(path)?).map_err(|error| CorpusError::new(path, error))
}

fn write_manifest(path: &Path, manifest: &Manifest) -> Result<(), CorpusError> {
    let text = serde_json::to_string_pretty(manifest).expect("plain data has JSON") + "\n";
    write(path, text.as_bytes())
}

fn bytes(path: &Path) -> Result<Vec<u8>, CorpusError> {
    fs::read(path).map_err(|error| CorpusError::new(path, error))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CorpusError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)
        .and_then(|()| write_atomically(path, bytes))
        .map_err(|error| CorpusError::new(path, error))
}

/// The files of a folder by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, CorpusError> {
    let mut paths = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>())
        .map_err(|error| CorpusError::new(folder, error))?;
    paths.sort();
    Ok(paths)
}

/// As [`seeds`], made once.
pub(super) fn cached_seeds(target: Target) -> &'static [Seed] {
    static SEEDS: LazyLock<BTreeMap<Target, OnceLock<Vec<Seed>>>> = LazyLock::new(|| {
        Target::all().into_iter().map(|target| (target, OnceLock::new())).collect()
    });
    SEEDS[&target].get_or_init(|| seeds(target))
}

/// One of the seeds.
pub(super) fn any_seed(target: Target, dice: &mut SplitMix64) -> &'static [u8] {
    let seeds = cached_seeds(target);
    &seeds[dice.below(seeds.len() as u64) as usize].1
}

/// The controls of the suite's refusals, as inputs of `target`, by name; files of its own for the
/// conversion.
pub(super) fn seeds(target: Target) -> Vec<Seed> {
    if target == Target::Convert {
        return convert::seeds();
    }
    let suite = Suite::embedded().expect("the vectors inside the crate are sound");
    let named: BTreeSet<&str> =
        suite.cases().iter().filter_map(|case| case.control.as_deref()).collect();
    let controls = suite.cases().iter().filter(|case| named.contains(case.id.as_str()));
    controls
        .flat_map(|case| {
            let name = case.id.replace('/', "-");
            let inputs = inputs(target, case);
            let several = inputs.len() > 1;
            inputs.into_iter().enumerate().map(move |(index, bytes)| {
                let name = if several { format!("{name}-{index}") } else { name.clone() };
                (name, bytes)
            })
        })
        .collect()
}

/// The inputs of `target` that a control gives.
fn inputs(target: Target, case: &Case) -> Vec<Vec<u8>> {
    let question = &case.question;
    match target {
        Target::Operation(operation) => of_operation(operation, question).into_iter().collect(),
        Target::AccessPaths => of_file(FormatId::KHQ4, question, false).into_iter().collect(),
        Target::SaveLoad => of_file(FormatId::KHQ4, question, true).into_iter().collect(),
        Target::ProtocolLine => {
            // Its paths lead nowhere.
            let request = Request::of(question.at("/tensor.q4".to_owned()));
            let answered = matches!(question, Question::Decode(_) | Question::Encode(_));
            let answer = answered.then(|| request.dispatch(&Reference));
            let lines = [
                request_line(1, &request).ok(),
                answer.and_then(|answer| answer_line(1, &answer).ok()),
            ];
            short(lines.into_iter().flatten())
        }
        Target::VectorFile => {
            let case = Case { discriminates: Vec::new(), ..case.clone() };
            let file = VectorFile {
                about: "One control.".into(),
                cases: vec![case],
                tombstones: Vec::new(),
            };
            short(serde_json::to_string(&file).ok().into_iter())
        }
        Target::Convert => Vec::new(),
    }
}

/// A file of a container: one that is loaded, or, where `saved`, also one that a save writes.
fn of_file(format: FormatId, question: &Question, saved: bool) -> Option<Vec<u8>> {
    match question {
        Question::Load(load) if load.format == format => match &load.path {
            File::Bytes(bytes) if bytes.0.len() <= LONGEST_FILE => Some(bytes.0.clone()),
            _ => None,
        },
        Question::Save(save) if saved && save.format == format => {
            files::named(format)?.write(&save.tensors)
        }
        _ => None,
    }
}

/// The input of an operation's target that asks a question, where there is one.
pub(super) fn of_operation(operation: Operation, question: &Question) -> Option<Vec<u8>> {
    let Operation { verb, format } = operation;
    if matches!(verb, Verb::Load | Verb::Save) {
        return of_file(format, question, verb == Verb::Save);
    }
    if question.operation() != operation {
        return None;
    }
    match question {
        Question::Matmul(matmul) => {
            // What a byte each says of a product: see `kernel::product`.
            let fits = matmul.rows < 10 && matmul.vectors < 4;
            let columns = match matmul.columns {
                whole @ (32 | 64 | 96 | 128) => (2 * (whole / 32 - 1)) as u8,
                odd if odd < 100 && odd % 2 == 1 => odd as u8,
                _ => return None,
            };
            if !fits {
                return None;
            }
            let head = [matmul.rows as u8, columns, matmul.vectors as u8, 0];
            let x: Vec<u8> = matmul.x.singles()?.into_iter().flat_map(f32::to_le_bytes).collect();
            Some([&head[..], &matmul.blocks.0, &x].concat())
        }
        Question::Rotate(rotate) => {
            let runs = if rotate.block.is_some() { 8 } else { 0 };
            let power = |length: u64| length.trailing_zeros() as u8;
            let run = power(rotate.block.unwrap_or(1));
            let sizes = [runs, rotate.rows as u8, power(rotate.columns), run];
            let values = rotate.values.to_le_bytes();
            Some([&rotate.seed.to_le_bytes()[..], &sizes, &values.0].concat())
        }
        Question::Encode(encode) => {
            let values = encode.values.widened()?;
            let mode = encode.mode.unwrap_or(Mode::Asymmetric);
            let float = if encode.mode.is_some() { encode.values.float() } else { Float::F32 };
            let forms = (0..8).map(|form| Source { mode, form, float, values: values.clone() });
            forms.filter(|source| source.shape() == encode.shape).map(|s| s.write()).next()
        }
        Question::Decode(decode) => {
            let (original_len, blocks) = (decode.original_len, decode.blocks.0.clone());
            Some(Payload { original_len, blocks }.write())
        }
        Question::ReadIndex(ReadIndex { path: File::Directory(entries), .. }) => {
            let index = entries.iter().find(|entry| entry.path == INDEX_FILE);
            let bytes = index.and_then(|entry| entry.content.file_bytes());
            bytes.filter(|bytes| bytes.len() <= LONGEST_TEXT)
        }
        Question::NameTensors(naming) => names::input(&naming.tensors),
        _ => None,
    }
}

fn short(texts: impl Iterator<Item = String>) -> Vec<Vec<u8>> {
    texts.filter(|text| text.len() <= LONGEST_TEXT).map(String::into_bytes).collect()
}
