//! Writing aside, then renaming: a reader sees the old file, the new one or none (KHQ4-W3).

use std::io::{self, Write};
use std::path::Path;

use half::f16;
use tempfile::{NamedTempFile, TempDir};

use super::StoreError;
use crate::format::khf1;
use crate::format::khq4::{self, Header};

/// Writes a KHQ4 file that every lawful reader accepts, of the bytes of its blocks.
///
/// # Errors
///
/// What a reader would refuse (KHQ4-W2), and `io`; nothing is left behind then.
pub fn write_khq4(path: &Path, header: &Header, payload: &[u8]) -> Result<(), StoreError> {
    let bytes = khq4::to_bytes(header, payload).map_err(|error| StoreError::new(path, error))?;
    write_atomically(path, &bytes).map_err(|error| StoreError::io(path, &error))
}

/// Writes a KHF1 file that every lawful reader accepts.
///
/// # Errors
///
/// What a reader would refuse (KHQ4-W2), and `io`; nothing is left behind then.
pub fn write_khf1(path: &Path, header: &khf1::Header, values: &[f16]) -> Result<(), StoreError> {
    let bytes = khf1::to_bytes(header, values).map_err(|error| StoreError::new(path, error))?;
    write_atomically(path, &bytes).map_err(|error| StoreError::io(path, &error))
}

/// Writes `bytes` to `path` at once: into a new file beside it, flushed to the disk, then renamed.
/// The file has the permissions that the process gives to any new file.
///
/// # Errors
///
/// What the operating system reports; nothing is left behind then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = aside(path)?;
    // By the file itself: an error of the other would name the path that is gone.
    file.as_file_mut().write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A new file in the folder of `path`, which is gone again unless it is given its name. It has the
/// permissions that the process gives to any new file.
///
/// # Errors
///
/// What the operating system reports.
pub(crate) fn aside(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder_of(path))
}

/// A new folder beside `path`, which is gone again with all that is in it unless it is kept.
///
/// # Errors
///
/// What the operating system reports.
pub(crate) fn folder_aside(path: &Path) -> io::Result<TempDir> {
    tempfile::tempdir_in(folder_of(path))
}

/// The folder that `path` is in. Of a bare name it is empty, which is the current folder.
fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}
