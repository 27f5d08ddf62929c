//! The registry of named subjects: `registry.toml` in a folder of adapters says how each is built,
//! how it is started and what it claims.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use serde::Deserialize;
use thiserror::Error;

use crate::suite::Profile;

/// The registry's name in its folder.
pub const FILE: &str = "registry.toml";

/// Where the folder lies in a checkout.
const FOLDER: &str = "conformance/subjects";

/// A registry that cannot be used, or a subject of it that cannot be built.
#[derive(Debug, Error)]
#[error("{file}: {problem}")]
pub struct RegistryError {
    /// The file, and the line in it where that is known; or the command.
    pub file: String,
    /// What is wrong, for a person.
    pub problem: String,
}

impl RegistryError {
    fn new(file: impl ToString, problem: impl ToString) -> Self {
        Self { file: file.to_string(), problem: problem.to_string() }
    }
}

/// A folder of adapters.
#[derive(Clone, Debug)]
pub struct Registry {
    folder: PathBuf,
    subjects: BTreeMap<String, Registered>,
}

/// One table of the registry, as it stands there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    about: String,
    #[serde(default)]
    build: Vec<String>,
    #[serde(default)]
    start: Vec<String>,
    library: Option<String>,
    profile: Option<String>,
}

/// A subject that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// What it is, in one sentence.
    pub about: String,
    /// The command that builds it, run in the registry's folder; empty where nothing is to build.
    pub build: Vec<String>,
    /// How it is started.
    pub start: Start,
    /// What it claims, where that is less than its handshake says.
    pub profile: Option<Profile>,
}

/// How a registered subject is started. The paths that belong to the folder are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// By a command.
    Command(Vec<String>),
    /// By a worker that loads this shared library.
    Library(PathBuf),
}

impl Registry {
    /// The folder of the registry that `start` lies under: `conformance/subjects` in it or in the
    /// nearest folder above.
    pub fn find(start: &Path) -> Option<PathBuf> {
        start
            .ancestors()
            .map(|folder| folder.join(FOLDER))
            .find(|folder| folder.join(FILE).is_file())
    }

    /// The registry in `folder`.
    ///
    /// # Errors
    ///
    /// [`RegistryError`], where it cannot be read, or a table is not right.
    pub fn load(folder: &Path) -> Result<Self, RegistryError> {
        let path = folder.join(FILE);
        let failed = |error: io::Error| RegistryError::new(path.display(), error);
        let text = fs::read_to_string(&path).map_err(failed)?;
        let folder = std::path::absolute(folder).map_err(failed)?;
        let tables: BTreeMap<String, Table> =
            toml::from_str(&text).map_err(|error| at_line(&path, &text, &error))?;
        let mut subjects = BTreeMap::new();
        for (name, table) in tables {
            let subject = registered(&name, table, &folder).map_err(|problem| {
                RegistryError::new(path.display(), format!("[{name}]: {problem}"))
            })?;
            subjects.insert(name, subject);
        }
        Ok(Self { folder, subjects })
    }

    /// The subject of that name.
    pub fn get(&self, name: &str) -> Option<&Registered> {
        self.subjects.get(name)
    }

    /// All subjects, by name.
    pub fn subjects(&self) -> impl Iterator<Item = (&str, &Registered)> {
        self.subjects.iter().map(|(name, subject)| (name.as_str(), subject))
    }

    /// Builds a subject, if there is something to build; what its build prints goes to standard
    /// error.
    ///
    /// # Errors
    ///
    /// [`RegistryError`], where the build cannot be started or fails.
    pub fn build(&self, subject: &Registered) -> Result<(), RegistryError> {
        let Some((program, arguments)) = subject.build.split_first() else { return Ok(()) };
        let failed = |problem: String| RegistryError::new(subject.build.join(" "), problem);
        let status = Command::new(program)
            .args(arguments)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(io::stderr())
            .status()
            .map_err(|error| failed(error.to_string()))?;
        if status.success() { Ok(()) } else { Err(failed(format!("it ended: {status}"))) }
    }
}

fn registered(name: &str, table: Table, folder: &Path) -> Result<Registered, String> {
    if name == "reference" || name == "gpu" || name.starts_with("planted:") {
        return Err("this name is taken by a subject inside the command".into());
    }
    let start = match (table.start.as_slice(), table.library) {
        ([], Some(library)) => Start::Library(folder.join(library)),
        ([], None) => {
            return Err(
                "`start` is empty, expected a program and its arguments, or `library`".into()
            );
        }
        (words, None) => Start::Command(words.iter().map(|word| in_folder(word, folder)).collect()),
        (_, Some(_)) => return Err("it has `start` and `library`, expected one of them".into()),
    };
    let profile = table.profile.as_deref().map(str::parse).transpose()?;
    Ok(Registered { about: table.about, build: table.build, start, profile })
}

/// A word with a slash is a path in the folder, unless it is absolute or an option; a program
/// without one is looked up in PATH.
fn in_folder(word: &str, folder: &Path) -> String {
    if !word.contains('/') || word.starts_with(['/', '-']) {
        return word.to_owned();
    }
    folder.join(word).display().to_string()
}

fn at_line(path: &Path, text: &str, error: &toml::de::Error) -> RegistryError {
    let line = error
        .span()
        .and_then(|span| text.get(..span.start))
        .map(|before| format!(":{}", before.matches('\n').count() + 1));
    let file = format!("{}{}", path.display(), line.unwrap_or_default());
    let message = error.message().lines().collect::<Vec<_>>().join("; ");
    RegistryError::new(file, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Registry, String> {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(FILE), text).expect("a file");
        Registry::load(folder.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn words_with_a_slash_are_paths_in_the_folder() {
        let folder = Path::new("/subjects");
        assert_eq!(in_folder("python3", folder), "python3");
        assert_eq!(in_folder("python/q4_codec.py", folder), "/subjects/python/q4_codec.py");
        assert_eq!(in_folder("/usr/bin/env", folder), "/usr/bin/env");
        assert_eq!(in_folder("--root=a/b", folder), "--root=a/b");
    }

    #[test]
    fn a_broken_table_is_named_with_what_was_expected() {
        for (text, words) in [
            ("[a]\nabout = \"\"\n", ["[a]", "`start` is empty"]),
            (
                "[a]\nabout = \"\"\nstart = [\"x\"]\nlibrary = \"y\"\n",
                ["[a]", "`start` and `library`"],
            ),
            ("[a]\nabout = \"\"\nstart = []\n", ["[a]", "`start` is empty"]),
            ("[a]\nabout = \"\"\nstart = [\"x\"]\nbuilt = []\n", ["registry.toml:4", "built"]),
            ("[a]\nabout = \"\"\nstart = [\"x\"]\nprofile = \"most\"\n", ["[a]", "\"most\""]),
            ("[reference]\nabout = \"\"\nstart = [\"x\"]\n", ["[reference]", "taken"]),
            ("[gpu]\nabout = \"\"\nstart = [\"x\"]\n", ["[gpu]", "taken"]),
            ("[a]\nabout = 3\nstart = [\"x\"]\n", ["registry.toml:2", "string"]),
        ] {
            let error = load(text).expect_err(text);
            assert!(words.iter().all(|word| error.contains(word)), "{text}: {error}");
        }
    }

    #[test]
    fn the_repository_s_own_registry_is_sound() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = Registry::find(&here.join("src/subject")).expect("a registry above");
        let registry = Registry::load(&folder).expect("a sound registry");
        let start = |name: &str| registry.get(name).expect("a subject").start.clone();
        let Start::Command(python) = start("python") else { panic!("no command") };
        assert_eq!(python[0], "python3");
        assert!(Path::new(&python[1]).is_file(), "{python:?}");
        let library = folder.join("c-library/target/libq4_library.so");
        assert_eq!(start("c-library"), Start::Library(library));
    }
}
