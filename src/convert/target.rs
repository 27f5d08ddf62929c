//! A file that is written aside, read again from there, and only then given its name.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::Watch;
use super::error::{ConvertError, advance};
use super::safetensors::Archive;
use crate::format::pieces::{Blocks, Halves};
use crate::format::stream::read_up_to;
use crate::format::{AddressWidth, ReadError};
use crate::store::aside;

const WIDTH: AddressWidth = AddressWidth::NATIVE;

/// Bytes that are read at one time where nothing in them is judged.
const PIECE: u64 = 1 << 20;

/// A file under another name in the folder of its target. Dropped, it is gone.
pub(super) struct Target {
    path: PathBuf,
    /// The path that errors name.
    shown: PathBuf,
    file: NamedTempFile,
    hash: Sha256,
    len: u64,
}

/// What a file that was written is judged as, when it is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// KHQ4.
    Blocks,
    /// KHF1.
    Halves,
    /// A header of tensors, and their values.
    Safetensors,
    /// Bytes that have no rules.
    Bytes,
}

impl Target {
    /// Begins a file that is to be at `path`, where nothing is.
    pub fn new(path: &Path) -> Result<Self, ConvertError> {
        Self::named(path, path)
    }

    /// The same, where errors name it `shown`.
    pub fn named(path: &Path, shown: &Path) -> Result<Self, ConvertError> {
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            // Such as a name that is too long, which would show only when all is done.
            Err(error) => return Err(ConvertError::file(shown, error)),
            Ok(_) => return Err(there_already(shown)),
        }
        let file = aside(path).map_err(|error| ConvertError::file(shown, error))?;
        let (path, shown) = (path.to_owned(), shown.to_owned());
        Ok(Self { path, shown, file, hash: Sha256::new(), len: 0 })
    }

    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), ConvertError> {
        // By the file itself: an error of the other would name the path that is gone.
        let written = self.file.as_file_mut().write_all(bytes);
        written.map_err(|error| ConvertError::file(&self.shown, error))?;
        self.hash.update(bytes);
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Brings the file to the disk, reads it again from there, judged, and gives it its name. Gives its
    /// length in bytes.
    pub fn finish(self, judged: Judged, watch: &mut dyn Watch) -> Result<u64, ConvertError> {
        let Self { path, shown, file, hash, len } = self;
        let system = |error: io::Error| ConvertError::file(&shown, error);
        file.as_file().sync_all().map_err(system)?;
        forget(file.as_file());
        if judged == Judged::Safetensors {
            Archive::open(file.path()).map_err(|error| read_again(&shown, error))?;
        }
        let mut reader =
            Hashed { file: file.reopen().map_err(system)?, hash: Sha256::new(), len: 0 };
        read_to_end(&mut reader, judged, &shown, watch)?;
        if reader.len != len || reader.hash.finalize() != hash.finalize() {
            let problem = format!("{} bytes are not the {len} that were written", reader.len);
            return Err(read_again(&shown, problem));
        }
        match file.persist_noclobber(&path) {
            Ok(_) => Ok(len),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
                Err(there_already(&shown))
            }
            Err(error) => Err(ConvertError::file(&shown, error.error)),
        }
    }
}

/// Reads a file to its end; what has rules in it is judged.
fn read_to_end(
    reader: &mut Hashed,
    judged: Judged,
    path: &Path,
    watch: &mut dyn Watch,
) -> Result<(), ConvertError> {
    let failed = |error: ReadError| read_again(path, error);
    let len = reader.file.metadata().map_err(|error| failed(error.into()))?.len();
    match judged {
        Judged::Blocks => {
            let mut blocks = Blocks::open(reader, len, WIDTH).map_err(failed)?;
            while let Some(piece) = blocks.next_piece().map_err(failed)? {
                advance(watch, size_of_val(piece))?;
            }
        }
        Judged::Halves => {
            let mut halves = Halves::open(reader, len, WIDTH).map_err(failed)?;
            while let Some(piece) = halves.next_piece().map_err(failed)? {
                advance(watch, size_of_val(piece))?;
            }
        }
        Judged::Safetensors | Judged::Bytes => {
            let mut piece = Vec::new();
            while read_up_to(reader, &mut piece, PIECE).map_err(|error| failed(error.into()))? > 0 {
                advance(watch, piece.len())?;
                piece.clear();
            }
        }
    }
    Ok(())
}

fn read_again(path: &Path, problem: impl Display) -> ConvertError {
    ConvertError::file(path, format!("read again after it was written: {problem}"))
}

fn there_already(path: &Path) -> ConvertError {
    ConvertError::file(path, "is there already, and nothing is replaced")
}

/// Asks the system to keep no copy of a file in memory, so that it is read from the disk; what it does
/// with that is up to it.
fn forget(file: &File) {
    #[cfg(target_os = "linux")]
    rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed).ok();
    #[cfg(not(target_os = "linux"))]
    let _ = file;
}

/// What is read, hashed and counted.
struct Hashed {
    file: File,
    hash: Sha256,
    len: u64,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.len += count as u64;
        Ok(count)
    }
}
