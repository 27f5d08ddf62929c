//! Where the harness puts its own files: a private folder, in memory where the system has such a
//! place, since a pass makes and removes thousands of files.

use std::io;
use std::path::Path;

use tempfile::TempDir;

/// Where Linux keeps files in memory.
const IN_MEMORY: &str = "/dev/shm";

/// A private folder whose name begins with `prefix`: in `TMPDIR` where that is set, else in
/// memory, else where the system keeps temporary files.
///
/// # Errors
///
/// Where no folder can be made.
pub(crate) fn folder(prefix: &str) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    if std::env::var_os("TMPDIR").is_none()
        && Path::new(IN_MEMORY).is_dir()
        && let Ok(folder) = builder.tempdir_in(IN_MEMORY)
    {
        return Ok(folder);
    }
    builder.tempdir()
}
