//! Where the file of a question lies: what a case says of a place is laid out under a path, and the
//! question about the one becomes a question about the other.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::scratch;
use crate::suite::case::{Case, Content, DirectoryEntry, File, Special};
use crate::suite::exact::files;
use crate::suite::expected::file_bytes;
use crate::suite::operation::Verb;
use crate::suite::question::Question;

/// The folder of files that are written over the one of the question before.
const AGAIN: &str = "again";

/// A private folder, in which each question has a place of its own.
pub(super) struct Workplace {
    folder: TempDir,
    asked: u64,
}

/// What was laid out for a question.
pub(super) struct LaidOut {
    /// The question, about a path.
    pub question: Question<String>,
    /// The folder in which its file lies, alone, where it is about one.
    pub folder: Option<PathBuf>,
}

impl Workplace {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { folder: scratch::folder("q4proof-")?, asked: 0 })
    }

    /// Lays out the file of a case, and asks about that.
    pub(super) fn lay_out(&mut self, case: &Case, control: Option<&Case>) -> io::Result<LaidOut> {
        let question = &case.question;
        let Some(place) = question.place() else {
            return Ok(LaidOut { question: question.at(String::new()), folder: None });
        };
        // A folder of its own, so that whatever else is left in it shows (KHQ4-W3).
        let folder = match place {
            File::Named(named) if named.again => self.folder.path().join(AGAIN),
            _ => self.next_folder(),
        };
        fs::create_dir_all(&folder)?;
        let container = files::named(question.format());
        let name = match question.verb() {
            Verb::ReadIndex => "model".to_owned(),
            Verb::Save => "tensor".to_owned(),
            _ => format!("tensor.{}", container.map_or("file", |container| container.extension())),
        };
        let path = lay_out_file(case, control, place, folder.join(name))?;
        let question = question.at(path.display().to_string());
        Ok(LaidOut { question, folder: Some(folder) })
    }

    /// Removes what was laid out: what a subject has left cannot always be removed, and all goes with the
    /// folder around it at the end.
    pub(super) fn remove(&self, path: &Path) {
        let again = path == self.folder.path().join(AGAIN);
        if path.starts_with(self.folder.path()) && !again {
            remove(path).ok();
        }
    }

    fn next_folder(&mut self) -> PathBuf {
        self.asked += 1;
        self.folder.path().join(self.asked.to_string())
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
        File::Named(named) => {
            let path = path.with_file_name(&named.name);
            if named.again {
                return write_again(case, control, path);
            }
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            lay_out_file(case, control, &named.file, path)
        }
        File::Bytes(_) | File::Patch(_) => {
            let control = control.map(|control| &control.question);
            let bytes = file_bytes(&case.question, control).map_err(io::Error::other)?;
            write_private(&path, &bytes.unwrap_or_default())?;
            Ok(path)
        }
    }
}

/// Writes the bytes of a case over a file that may be there, and sets the time of its last change to one that
/// is always the same.
fn write_again(case: &Case, control: Option<&Case>, path: PathBuf) -> io::Result<PathBuf> {
    let control = control.map(|control| &control.question);
    let bytes = file_bytes(&case.question, control).map_err(io::Error::other)?;
    fs::write(&path, bytes.unwrap_or_default())?;
    let file = OpenOptions::new().write(true).open(&path)?;
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 30))?;
    Ok(path)
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
        Special::MissingFolder => return Ok(in_missing_folder(&path)),
    }
    Ok(path)
}

#[cfg(not(unix))]
fn lay_out_special(special: Special, path: PathBuf) -> io::Result<PathBuf> {
    match special {
        Special::Missing => Ok(path),
        Special::MissingFolder => Ok(in_missing_folder(&path)),
        Special::Directory => fs::create_dir(&path).map(|()| path),
        _ => Err(io::Error::other("this machine cannot make such a file")),
    }
}

fn in_missing_folder(path: &Path) -> PathBuf {
    path.with_file_name("nowhere").join("tensor")
}

fn remove(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    }
}
