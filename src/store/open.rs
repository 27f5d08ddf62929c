//! Opening regular files only, without hanging on a FIFO (KHQ4-A1).

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use super::StoreError;
use crate::format::{Class, FormatError};

/// Opens `path` for reading where it is a regular file.
///
/// The kind is asked of the open file, not of the path, so that a file put in its place between
/// the two cannot slip through; opening does not block, so that a FIFO without a writer is seen.
pub(crate) fn regular_file(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
    }
    let file = options.open(path).map_err(|error| unopened(path, &error))?;
    let metadata = file.metadata().map_err(|error| StoreError::io(path, &error))?;
    if metadata.is_file() {
        return Ok(file);
    }
    let kind = if metadata.is_dir() { "a directory" } else { "a FIFO, device or socket" };
    let detail = format!("is {kind}, expected a regular file");
    Err(StoreError::new(path, FormatError::new(Class::NotAFile, 0, detail)))
}

/// Why nothing could be opened. Of a link whose target is gone the system says only that nothing is there.
fn unopened(path: &Path, error: &io::Error) -> StoreError {
    match dangling(path) {
        Some(words) if error.kind() == io::ErrorKind::NotFound => {
            StoreError::new(path, FormatError::new(Class::Io, 0, words))
        }
        _ => StoreError::io(path, error),
    }
}

/// What is wrong with a link that leads to nothing; `None` of anything else.
pub(super) fn dangling(path: &Path) -> Option<String> {
    let leads_nowhere =
        fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    let target = fs::read_link(path).ok()?;
    leads_nowhere.then(|| format!("is a link to {target:?}, and nothing is there"))
}
