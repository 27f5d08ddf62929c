//! Where the file of a question lies: what a case says of a place is laid out under a path, and the
//! question about the one becomes a question about the other.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::scratch;
use crate::suite::case::{Case, Content, DirectoryEntry, File, Special};
use crate::suite::exact::files;
use crate::suite::expected::file_bytes;
use crate::suite::operation::Verb;
use crate::suite::question::Question;

/// A private folder, in which each question has a place of its own.
pub(super) struct Workplace {
    folder: TempDir,
    asked: u64,
}

/// What was laid out for a question.
pub(super) struct LaidOut {
    /// The question, about a path.
    pub question: Question<String>,
    /// What is to be removed when it was answered.
    pub path: Option<PathBuf>,
}

impl Workplace {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { folder: scratch::folder("q4proof-")?, asked: 0 })
    }

    /// Lays out the file of a case, and asks about that.
    pub(super) fn lay_out(&mut self, case: &Case, control: Option<&Case>) -> io::Result<LaidOut> {
        let question = &case.question;
        let Some(place) = question.place() else {
            return Ok(LaidOut { question: question.at(String::new()), path: None });
        };
        let at = |path: &Path| question.at(path.display().to_string());
        match question.verb() {
            Verb::Save => {
                // A folder of its own, so that whatever else is left in it shows (KHQ4-W3).
                let folder = self.next_path("folder");
                fs::create_dir(&folder)?;
                let question = at(&lay_out_file(case, control, place, folder.join("tensor"))?);
                Ok(LaidOut { question, path: Some(folder) })
            }
            Verb::ReadIndex => {
                // A folder around it, for what lies beside the directory.
                let around = self.next_path("folder");
                fs::create_dir(&around)?;
                let question = at(&lay_out_file(case, control, place, around.join("model"))?);
                Ok(LaidOut { question, path: Some(around) })
            }
            _ => {
                let container = files::named(question.format());
                let suffix = container.map_or("file", |container| container.extension());
                let path = lay_out_file(case, control, place, self.next_path(suffix))?;
                Ok(LaidOut { question: at(&path), path: Some(path) })
            }
        }
    }

    /// Removes what was laid out: what a subject has left cannot always be removed, and all goes with the
    /// folder around it at the end.
    pub(super) fn remove(&self, path: &Path) {
        if path.starts_with(self.folder.path()) {
            remove(path).ok();
        }
    }

    fn next_path(&mut self, suffix: &str) -> PathBuf {
        self.asked += 1;
        self.folder.path().join(format!("{}.{suffix}", self.asked))
    }
}

/// Puts what a case says at `path`, and gives the path that leads to it.
fn lay_out_file(
    case: &Case,
    control: Option<&Case>,
    place: &File,
    path: PathBuf,
) -> io::Result<PathBuf> {
    match place {
        File::Special(special) => lay_out_special(*special, path),
        File::Directory(entries) => lay_out_directory(&path, entries).map(|()| path),
        File::Bytes(_) | File::Patch(_) => {
            let control = control.map(|control| &control.question);
            let bytes = file_bytes(&case.question, control).map_err(io::Error::other)?;
            write_private(&path, &bytes.unwrap_or_default())?;
            Ok(path)
        }
    }
}

/// A new file that only its owner can read.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

/// A model directory and what lies beside it.
fn lay_out_directory(directory: &Path, entries: &[DirectoryEntry]) -> io::Result<()> {
    fs::create_dir(directory)?;
    for entry in entries {
        let path = match entry.path.strip_prefix("../") {
            Some(beside) => directory.with_file_name(beside),
            None => directory.join(&entry.path),
        };
        fs::create_dir_all(path.parent().unwrap_or(directory))?;
        match &entry.content {
            Content::Link(target) => link(target, &path)?,
            Content::Special(special) => drop(lay_out_special(*special, path)?),
            file => write_private(&path, &file.file_bytes().unwrap_or_default())?,
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(target: &str, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn link(_target: &str, _path: &Path) -> io::Result<()> {
    Err(io::Error::other("this machine cannot make a symbolic link"))
}

#[cfg(unix)]
fn lay_out_special(special: Special, path: PathBuf) -> io::Result<PathBuf> {
    use std::os::unix::{fs::symlink, net::UnixListener};
    match special {
        Special::Missing => {}
        Special::Directory => fs::create_dir(&path)?,
        Special::Fifo => {
            let made = std::process::Command::new("mkfifo").arg("-m600").arg(&path).status()?;
            if !made.success() {
                return Err(io::Error::other(format!("mkfifo: {made}")));
            }
        }
        Special::Device => return Ok(PathBuf::from("/dev/null")),
        Special::Socket => drop(UnixListener::bind(&path)?),
        Special::DanglingSymlink => symlink("nothing-here", &path)?,
        Special::SymlinkToDirectory => symlink(".", &path)?,
    }
    Ok(path)
}

#[cfg(not(unix))]
fn lay_out_special(special: Special, path: PathBuf) -> io::Result<PathBuf> {
    match special {
        Special::Missing => Ok(path),
        Special::Directory => fs::create_dir(&path).map(|()| path),
        _ => Err(io::Error::other("this machine cannot make such a file")),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    }
}
