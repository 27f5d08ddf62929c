//! One question: lay out its file, ask, read what came back, judge.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::scratch;
use crate::store::regular_file;
use crate::subject::message::{
    Decode, Encode, EncodeRows, Load, Matmul, NameTensors, Output, Precision, ReadIndex, Rotate,
    Save, SaveKhf1,
};
use crate::subject::{Answer, Reply, Request, Subject};
use crate::suite::case::{Case, Content, DirectoryEntry, File, FileFormat, Floats, Input, Special};
use crate::suite::derive::load_bytes;
use crate::suite::hex::{Bits, Bits16, Bits64, Bytes};
use crate::suite::judge::{Given, Judgement, Outcome, judge};

/// The most that is read of a file that a save has left, in bytes: far more than any case asks for.
const LONGEST_FILE: u64 = 16 << 20;

/// Bytes of a refusal's message that are kept.
const LONGEST_MESSAGE: usize = 4096;

/// Asks one subject, with a folder of its own for the files.
pub struct Asker<'a> {
    subject: &'a mut dyn Subject,
    deadline: Duration,
    folder: TempDir,
    asked: u64,
    /// The start of the subject in which it was asked last.
    asked_in: Option<u64>,
}

impl<'a> Asker<'a> {
    /// Lays out a private folder.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be made.
    pub fn new(subject: &'a mut dyn Subject, deadline: Duration) -> io::Result<Self> {
        let folder = scratch::folder("q4proof-")?;
        Ok(Self { subject, deadline, folder, asked: 0, asked_in: None })
    }

    /// How often the subject was started anew.
    pub fn generation(&self) -> u64 {
        self.subject.generation()
    }

    /// Whether the subject was asked nothing since it was started.
    pub fn is_fresh(&self) -> bool {
        self.asked_in != Some(self.generation())
    }

    /// Asks `case` through `entry` and judges the answer.
    ///
    /// # Errors
    ///
    /// Where the harness cannot lay out or read its own files.
    pub fn ask(
        &mut self,
        case: &Case,
        control: Option<&Case>,
        entry: Option<&str>,
        bounded: bool,
    ) -> io::Result<Judgement> {
        let (mut request, path) = self.request(case, control)?;
        *request.entry_mut() = entry.map(str::to_owned);
        self.asked_in = Some(self.generation());
        let reply = self.subject.ask(&request, self.deadline);
        let judgement = match given(&request, reply) {
            Ok(given) => judge(case, &given, bounded),
            Err(judgement) => judgement,
        };
        let left = left_beside(&request);
        if let Some(path) = path.filter(|path| path.starts_with(self.folder.path())) {
            // What a subject has left cannot always be removed. All goes with the folder around it, at the end.
            remove(&path).ok();
        }
        Ok(match left {
            Some(what) if !judgement.outcome.is_failure() => Judgement::plain(Outcome::Fail, what),
            _ => judgement,
        })
    }

    /// The request for a case, and the path that was laid out for it.
    pub fn request(
        &mut self,
        case: &Case,
        control: Option<&Case>,
    ) -> io::Result<(Request, Option<PathBuf>)> {
        Ok(match &case.input {
            Input::Load { format, file, .. } => {
                let path = self.lay_out(case, control, *format, file)?;
                (request(&case.input, &path), Some(path))
            }
            Input::Save { .. } | Input::SaveKhf1 { .. } => {
                // A folder of its own, so that whatever else is left in it shows (KHQ4-W3).
                let folder = self.next_path("folder");
                fs::create_dir(&folder)?;
                (request(&case.input, &folder.join("tensor")), Some(folder))
            }
            Input::ReadIndex { directory, .. } => {
                // A folder around it, for what lies beside the directory.
                let around = self.next_path("folder");
                fs::create_dir(&around)?;
                let path = around.join("model");
                if let Some(entries) = directory {
                    lay_out_directory(&path, entries)?;
                }
                (request(&case.input, &path), Some(around))
            }
            input => (request(input, Path::new("")), None),
        })
    }

    fn next_path(&mut self, suffix: &str) -> PathBuf {
        self.asked += 1;
        self.folder.path().join(format!("{}.{suffix}", self.asked))
    }

    /// Puts what the case names at a new path; a file can be read by its owner only.
    fn lay_out(
        &mut self,
        case: &Case,
        control: Option<&Case>,
        format: FileFormat,
        file: &File,
    ) -> io::Result<PathBuf> {
        let path = self.next_path(match format {
            FileFormat::Khq4 => "q4",
            FileFormat::Khf1 => "f16",
        });
        if let File::Special(special) = file {
            return lay_out_special(*special, path);
        }
        let bytes = load_bytes(case, control).map_err(io::Error::other)?.unwrap_or_default();
        write_private(&path, &bytes)?;
        Ok(path)
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

/// The request for a question; `path` is where the file of a load lies, or that of a save is to lie.
pub(crate) fn request(input: &Input, path: &Path) -> Request {
    let (entry, path) = (None, path.display().to_string());
    match input.clone() {
        Input::Decode { blocks, original_len } => {
            Request::Decode(Decode { entry, blocks, original_len })
        }
        Input::Encode { mode, shape, values } => {
            let values = values.to_le_bytes();
            Request::Encode(Encode { entry, mode, shape, source: None, values })
        }
        Input::EncodeFrom { mode, shape, values } => {
            let source = Some(values.source_type());
            Request::Encode(Encode { entry, mode, shape, source, values: values.to_le_bytes() })
        }
        Input::Load { format, expected_shape, address_width, .. } => {
            let load = Load { entry, path, expected_shape, address_width };
            match format {
                FileFormat::Khq4 => Request::LoadKhq4(load),
                FileFormat::Khf1 => Request::LoadKhf1(load),
            }
        }
        Input::Save { shape, original_len, blocks } => {
            Request::SaveKhq4(Save { entry, path, shape, original_len, blocks })
        }
        Input::SaveKhf1 { shape, values } => {
            Request::SaveKhf1(SaveKhf1 { entry, path, shape, values: values.to_le_bytes() })
        }
        Input::DecodeF16 { blocks, original_len } => {
            Request::DecodeF16(Decode { entry, blocks, original_len })
        }
        Input::Matmul { rows, columns, vectors, blocks, x } => {
            let x = x.to_le_bytes();
            Request::Matmul(Matmul { entry, rows, columns, vectors, blocks, x })
        }
        Input::Rotate { seed, side, inverse, rows, columns, block, gamma, values } => {
            Request::Rotate(Rotate {
                entry,
                precision: match values {
                    Floats::F32(_) => Precision::F32,
                    Floats::F64(_) => Precision::F64,
                },
                seed,
                side,
                inverse,
                rows,
                columns,
                block,
                gamma: gamma.as_ref().map(Floats::to_le_bytes),
                values: values.to_le_bytes(),
            })
        }
        Input::DecodeQ41 { blocks, original_len } => {
            Request::DecodeQ41(Decode { entry, blocks, original_len })
        }
        Input::EncodeQ41 { shape, values } => {
            Request::EncodeQ41(EncodeRows { entry, shape, values: values.to_le_bytes() })
        }
        Input::EncodeMlx { shape, values } => {
            Request::EncodeMlx(EncodeRows { entry, shape, values: values.to_le_bytes() })
        }
        Input::ReadIndex { open, .. } => Request::ReadIndex(ReadIndex { entry, path, open }),
        Input::NameTensors { tensors } => Request::NameTensors(NameTensors { entry, tensors }),
    }
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
    match fs::symlink_metadata(path)?.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    }
}

/// What a save has left in its folder but the file that it was asked for, in words.
pub(crate) fn left_beside(request: &Request) -> Option<String> {
    match beside(Path::new(request.saves_to()?)) {
        Ok(None) => None,
        Ok(Some(name)) => Some(format!("left {name:?} behind beside the file (KHQ4-W3)")),
        // Nobody but the subject has touched that folder.
        Err(error) => Some(format!("the file's folder cannot be read behind it: {error}")),
    }
}

/// The first other name in the folder of `path`.
fn beside(path: &Path) -> io::Result<Option<OsString>> {
    for entry in fs::read_dir(path.parent().unwrap_or(Path::new("")))? {
        let name = entry?.file_name();
        if Some(name.as_os_str()) != path.file_name() {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// What a reply gives to be judged; where it gives nothing, the judgement that follows from that.
pub(crate) fn given(request: &Request, reply: Reply) -> Result<Given, Judgement> {
    let answer = match reply {
        Reply::Answer(answer) => answer,
        Reply::Timeout => {
            return Err(Judgement::plain(Outcome::Timeout, "no answer within the deadline"));
        }
        Reply::Crash(how) => return Err(Judgement::plain(Outcome::Crash, how)),
        Reply::ProtocolError(what) => return Err(Judgement::plain(Outcome::ProtocolError, what)),
        Reply::OverBudget(what) => return Err(Judgement::plain(Outcome::OverBudget, what)),
    };
    match answer {
        Answer::Unsupported => Err(Judgement::plain(Outcome::Unsupported, "answered unsupported")),
        Answer::Refused(refusal) => {
            if let Some(path) = request.saves_to()
                && fs::symlink_metadata(path).is_ok()
            {
                return Err(Judgement::plain(
                    Outcome::Fail,
                    "refused, but left a file behind (KHQ4-W3)",
                ));
            }
            let mut message = refusal.message;
            if message.len() > LONGEST_MESSAGE {
                message.truncate(message.floor_char_boundary(LONGEST_MESSAGE));
                message.push_str("...");
            }
            Ok(Given::Refused { message, class: refusal.class })
        }
        Answer::Done(output) => {
            done(request, output).map_err(|what| Judgement::plain(Outcome::ProtocolError, what))
        }
    }
}

fn done(request: &Request, output: Output) -> Result<Given, String> {
    let missing = |what: &str| format!("the result has no {what}");
    let values = |values: Option<Bytes>| values.ok_or(missing("values"));
    let singles = |bytes: Bytes| Bits::from_le_bytes(&bytes);
    let halves = |bytes: Bytes| Bits16::from_le_bytes(&bytes);
    let doubles = |bytes: Bytes| Bits64::from_le_bytes(&bytes);
    match request {
        Request::Decode(_) | Request::DecodeQ41(_) | Request::Matmul(_) => {
            values(output.values).and_then(singles).map(Given::Values)
        }
        Request::Rotate(Rotate { precision: Precision::F32, .. }) => {
            values(output.values).and_then(singles).map(Given::Values)
        }
        Request::Rotate(_) => values(output.values).and_then(doubles).map(Given::Doubles),
        Request::DecodeF16(_) => values(output.values).and_then(halves).map(Given::Halves),
        Request::Encode(_) | Request::EncodeQ41(_) | Request::EncodeMlx(_) => {
            output.blocks.ok_or(missing("blocks")).map(Given::Blocks)
        }
        Request::ReadIndex(_) => output.index.ok_or(missing("index")).map(Given::Listing),
        Request::NameTensors(_) => output.files.ok_or(missing("files")).map(Given::Files),
        Request::Generate(_) => Err("no case asks a model to generate".into()),
        Request::LoadKhq4(_) => Ok(Given::Tensor {
            shape: output.shape.ok_or(missing("shape"))?,
            blocks: output.blocks,
            values: output.values.map(singles).transpose()?,
        }),
        Request::LoadKhf1(_) => Ok(Given::HalfTensor {
            shape: output.shape.ok_or(missing("shape"))?,
            values: values(output.values).and_then(halves)?,
        }),
        Request::SaveKhq4(Save { path, .. }) | Request::SaveKhf1(SaveKhf1 { path, .. }) => {
            read_back(Path::new(path)).map(Given::File)
        }
    }
}

/// The file that a save has left, if it is a regular one: a subject may leave anything.
fn read_back(path: &Path) -> Result<Bytes, String> {
    let unread =
        |error: &dyn fmt::Display| format!("answered done, but its file cannot be read: {error}");
    let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    if is_link {
        return Err(unread(&"it is a symbolic link"));
    }
    let file = regular_file(path).map_err(|error| unread(&error.error.detail))?;
    let mut bytes = Vec::new();
    file.take(LONGEST_FILE).read_to_end(&mut bytes).map_err(|error| unread(&error))?;
    Ok(Bytes(bytes))
}
