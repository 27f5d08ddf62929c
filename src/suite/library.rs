//! The suite: all cases, loaded from the vectors inside the command or from a folder, with the
//! lock that pins them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::case::{Case, VectorFile};
use super::expected::verify;
use crate::store::regular_file;

/// The version of the vectors: a new case raises the minor number, a removed one the major.
pub const VERSION: &str = "1.4.0";

/// The name of the lock beside the vectors.
pub const LOCK: &str = "suite.lock";

/// Gives each name with the text of that file of vectors.
macro_rules! embedded {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("../../conformance/vectors/", $name)))),*]
    };
}

/// The vectors that the command carries.
const EMBEDDED: [(&str, &str); 37] = embedded! {
    "decode-f16.json"
    "decode-iq4-nl.json"
    "decode-iq4-xs.json"
    "decode-mxfp4.json"
    "decode-nvfp4.json"
    "decode-q4-0.json"
    "decode-q4-1.json"
    "decode-q4-k.json"
    "decode-q5-0.json"
    "decode-q5-1.json"
    "decode-q5-k.json"
    "decode-q6-k.json"
    "decode-q8-0.json"
    "decode.json"
    "encode-block.json"
    "encode-evaluation.json"
    "encode-from.json"
    "encode-mlx.json"
    "encode-mxfp4.json"
    "encode-q4-0.json"
    "encode-q4-1.json"
    "encode-q8-0.json"
    "encode-range.json"
    "encode-refuse.json"
    "load-accept.json"
    "load-header.json"
    "load-khf1.json"
    "load-payload.json"
    "load-size.json"
    "matmul.json"
    "name-tensors.json"
    "places.json"
    "read-index.json"
    "recipes.json"
    "rotate.json"
    "save-khf1.json"
    "save.json"
};

const EMBEDDED_LOCK: &str = include_str!("../../conformance/vectors/suite.lock");

/// The files of the vectors that the command carries, as name and text, the lock last.
pub fn embedded_files() -> impl Iterator<Item = (&'static str, &'static str)> {
    EMBEDDED.into_iter().chain([(LOCK, EMBEDDED_LOCK)])
}

/// Vectors that cannot be used: the file, and what is wrong with it.
#[derive(Debug, Error)]
#[error("{file}: {problem}")]
pub struct SuiteError {
    /// The file or folder.
    pub file: String,
    /// What is wrong, for a person.
    pub problem: String,
}

impl SuiteError {
    pub(crate) fn new(file: impl Into<String>, problem: impl ToString) -> Self {
        Self { file: file.into(), problem: problem.to_string() }
    }
}

/// What pins the vectors: a version, and each file's number of cases and hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The suite's version.
    pub version: String,
    /// The files by name.
    pub files: BTreeMap<String, LockedFile>,
}

/// One file in the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedFile {
    /// Its cases.
    pub cases: usize,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
}

impl Lock {
    /// The lock of files given as name and text.
    ///
    /// # Errors
    ///
    /// Where a file is not a file of vectors.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, SuiteError> {
        let locked = |(name, text): (&str, &str)| {
            let cases = parse(name, text)?.cases.len();
            Ok((name.to_owned(), LockedFile { cases, sha256: sha256(text.as_bytes()) }))
        };
        let files = files.into_iter().map(locked).collect::<Result<_, _>>()?;
        Ok(Self { version: VERSION.into(), files })
    }
}

/// All cases, in the order of their files.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The version in the lock, or `unlocked`.
    pub version: String,
    /// A hash over all files, short enough to be read out.
    pub hash: String,
    cases: Vec<Case>,
    by_id: HashMap<String, usize>,
    removed: BTreeSet<String>,
}

impl Suite {
    /// The vectors that the command carries.
    ///
    /// # Errors
    ///
    /// [`SuiteError`] where they were broken before the build.
    pub fn embedded() -> Result<Self, SuiteError> {
        let files = EMBEDDED.map(|(name, text)| (name.to_owned(), text.to_owned()));
        Self::from_texts(&files, Some(EMBEDDED_LOCK))
    }

    /// The vectors in a folder: every `.json` file, pinned by the `suite.lock` beside them if there
    /// is one.
    ///
    /// # Errors
    ///
    /// [`SuiteError`], where the folder cannot be read, holds no case, or holds a broken one.
    pub fn from_folder(folder: &Path) -> Result<Self, SuiteError> {
        let in_folder = |error: io::Error| SuiteError::new(folder.display().to_string(), error);
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(in_folder)? {
            let path = entry.map_err(in_folder)?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let text = read_text(&path)?;

                files.push((path.display().to_string(), text));
            }
        }
        files.sort();
        let lock = folder.join(LOCK);
        let lock = lock.exists().then(|| read_text(&lock)).transpose()?;
        let suite = Self::from_texts(&files, lock.as_deref())?;
        if suite.cases.is_empty() {
            return Err(SuiteError::new(folder.display().to_string(), "holds no case"));
        }
        Ok(suite)
    }

    /// The vectors of one file.
    ///
    /// # Errors
    ///
    /// As [`Suite::from_folder`].
    pub fn from_file(path: &Path) -> Result<Self, SuiteError> {
        let name = path.display().to_string();
        Self::from_texts(&[(name, read_text(path)?)], None)
    }

    /// The vectors in `files`, given as name and text.
    pub(crate) fn from_texts(
        files: &[(String, String)],
        lock: Option<&str>,
    ) -> Result<Self, SuiteError> {
        let mut suite = Self {
            version: "unlocked".into(),
            hash: String::new(),
            cases: Vec::new(),
            by_id: HashMap::new(),
            removed: BTreeSet::new(),
        };
        if let Some(lock) = lock {
            suite.version = check_lock(lock, files)?;
        }
        let mut hasher = Sha256::new();
        for (name, text) in files {
            hasher.update(text);
            let file = parse(name, text)?;
            suite.removed.extend(file.tombstones.into_iter().map(|tombstone| tombstone.id));
            for case in file.cases {
                if suite.by_id.insert(case.id.clone(), suite.cases.len()).is_some() {
                    return Err(SuiteError::new(name, format!("the id {} stands twice", case.id)));
                }
                suite.cases.push(case);
            }
        }
        suite.hash = hex_of(&hasher.finalize())[..12].to_owned();
        for case in &suite.cases {
            suite.check_control(case).map_err(|problem| SuiteError::new(&case.id, problem))?;
        }
        Ok(suite)
    }

    /// All cases.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// The case with this id.
    pub fn get(&self, id: &str) -> Option<&Case> {
        self.by_id.get(id).map(|&index| &self.cases[index])
    }

    /// The ids of all cases, and of those that were removed.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.cases.iter().map(|case| &case.id).chain(&self.removed).map(String::as_str)
    }

    /// Whether there is a case with this id, or its tombstone.
    pub fn accounts_for(&self, id: &str) -> bool {
        self.by_id.contains_key(id) || self.removed.contains(id)
    }

    /// The control of a refusal.
    pub fn control(&self, case: &Case) -> Option<&Case> {
        case.control.as_deref().and_then(|id| self.get(id))
    }

    /// Checks that a case expects what the exact evaluator derives.
    ///
    /// # Errors
    ///
    /// [`SuiteError`] naming the case.
    pub fn verify(&self, case: &Case) -> Result<(), SuiteError> {
        verify(case, self.control(case)).map_err(|problem| SuiteError::new(&case.id, problem))
    }

    /// What may be refused has a control of the same operation, which must be accepted.
    fn check_control(&self, case: &Case) -> Result<(), String> {
        match (&case.expect, &case.control) {
            (expect, None) if expect.may_refuse() => {
                Err("may be refused, and has no control".into())
            }
            (_, None) => Ok(()),
            (_, Some(id)) => {
                let control = self.get(id).ok_or_else(|| format!("its control {id} is missing"))?;
                if control.question.operation() != case.question.operation() {
                    return Err(format!("its control {id} asks for another operation"));
                }
                if control.expect.may_refuse() {
                    return Err(format!("its control {id} may itself be refused"));
                }
                Ok(())
            }
        }
    }
}

fn parse(name: &str, text: &str) -> Result<VectorFile, SuiteError> {
    serde_json::from_str(text).map_err(|error| SuiteError::new(name, error))
}

/// The lock's version, where it pins exactly these files.
fn check_lock(lock: &str, files: &[(String, String)]) -> Result<String, SuiteError> {
    let lock: Lock = serde_json::from_str(lock).map_err(|error| SuiteError::new(LOCK, error))?;
    let base =
        |name: &str| Path::new(name).file_name().map(|name| name.to_string_lossy().into_owned());
    let mut unseen: Vec<&String> = lock.files.keys().collect();
    for (name, text) in files {
        let base = base(name).unwrap_or_default();
        unseen.retain(|locked| **locked != base);
        let locked =
            lock.files.get(&base).ok_or_else(|| SuiteError::new(name, "is not in suite.lock"))?;
        if locked.sha256 != sha256(text.as_bytes()) {
            let problem = "is not what suite.lock pins; `q4proof vectors build` makes both anew";
            return Err(SuiteError::new(name, problem));
        }
    }
    match unseen.first() {
        None => Ok(lock.version),
        Some(missing) => Err(SuiteError::new(*missing, "is in suite.lock, but missing")),
    }
}

/// The text of a regular file.
///
/// # Errors
///
/// [`SuiteError`] where there is none, or it is no text.
pub fn read_text(path: &Path) -> Result<String, SuiteError> {
    let mut text = String::new();
    let mut file = regular_file(path)
        .map_err(|error| SuiteError::new(path.display().to_string(), error.error.detail))?;
    file.read_to_string(&mut text)
        .map_err(|error| SuiteError::new(path.display().to_string(), error))?;
    Ok(text)
}

/// SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex_of(&Sha256::digest(bytes))
}

fn hex_of(bytes: &[u8]) -> String {
    super::hex::Bytes(bytes.to_vec()).to_string()
}
