//! A directory that is made aside, and only when all of it is there given its name.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::Watch;
use super::error::{ConvertError, advance};
use super::target::{Judged, Target};
use crate::format::stream::read_up_to;
use crate::store::{folder_aside, regular_file};

/// Bytes that are copied at one time.
const PIECE: u64 = 1 << 20;

/// A directory under another name beside its target. Dropped, it is gone with all that is in it.
pub(super) struct Folder {
    aside: TempDir,
    target: PathBuf,
}

impl Folder {
    /// Begins a directory that is to be at `target`.
    pub fn new(target: &Path) -> Result<Self, ConvertError> {
        let aside = folder_aside(target).map_err(|error| ConvertError::file(target, error))?;
        Ok(Self { aside, target: target.to_owned() })
    }

    /// Begins a file in it. Errors name it where it is to be in the end.
    pub fn file(&self, file: &str) -> Result<Target, ConvertError> {
        Target::named(&self.aside.path().join(file), &self.target.join(file))
    }

    /// Writes a file of these bytes, which are read again.
    pub fn write(
        &self,
        file: &str,
        bytes: &[u8],
        watch: &mut dyn Watch,
    ) -> Result<(), ConvertError> {
        let mut target = self.file(file)?;
        target.write(bytes)?;
        target.finish(Judged::Bytes, watch).map(drop)
    }

    /// Copies a file, which is read twice: from there, and again from here.
    pub fn copy(&self, from: &Path, file: &str, watch: &mut dyn Watch) -> Result<(), ConvertError> {
        let mut source = regular_file(from)?;
        let mut target = self.file(file)?;
        let mut piece = Vec::new();
        loop {
            piece.clear();
            let came = read_up_to(&mut source, &mut piece, PIECE)
                .map_err(|error| ConvertError::file(from, error))?;
            if came == 0 {
                break;
            }
            advance(watch, piece.len())?;
            target.write(&piece)?;
        }
        target.finish(Judged::Bytes, watch).map(drop)
    }

    /// Gives it its name, with all that is in it.
    pub fn finish(self) -> Result<(), ConvertError> {
        let Self { aside, target } = self;
        fs::rename(aside.path(), &target).map_err(|error| ConvertError::file(&target, error))?;
        // Its old name is gone, and nothing is to be removed under it.
        let _ = aside.keep();
        Ok(())
    }
}

/// That a directory can be made at `path`, or takes the place of an empty one.
///
/// # Errors
///
/// Where something lies there that is not an empty directory, naming it.
pub fn expect_free(path: &Path) -> Result<(), ConvertError> {
    let wrong = |problem| Err(ConvertError::file(path, problem));
    let expected = "expected a directory that is empty or does not exist yet";
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(ConvertError::file(path, error)),
        Ok(metadata) if !metadata.is_dir() => wrong(format!("is no directory, {expected}")),
        // All is written beside it, which is another file system then.
        Ok(metadata) if is_mount_point(path, &metadata) => {
            wrong("is where a file system is mounted, expected a directory inside it".into())
        }
        Ok(_) => match fs::read_dir(path).map(|mut entries| entries.next()) {
            Ok(None) => Ok(()),
            Ok(Some(_)) => wrong(format!("is not empty, {expected}")),
            Err(error) => Err(ConvertError::file(path, error)),
        },
    }
}

/// Whether a directory is on another device than the one that it is in.
#[cfg(unix)]
fn is_mount_point(path: &Path, metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path.join("..")).is_ok_and(|around| around.dev() != metadata.dev())
}

#[cfg(not(unix))]
fn is_mount_point(_path: &Path, _metadata: &fs::Metadata) -> bool {
    false
}
