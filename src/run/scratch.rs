//! Where the harness puts its own files: a private folder, in memory where the system has such a
//! place, since a pass makes and removes thousands of files.

use std::io;
use std::path::Path;

use tempfile::TempDir;

/// Where Linux keeps files in memory.
const IN_MEMORY: &str = "/dev/shm";

/// Bytes that must be free there. The longest file of a question takes 16 MiB, and several subjects may be
/// asked at once.
const ROOM: u64 = 256 << 20;

/// A private folder whose name begins with `prefix`: in `TMPDIR` where that is set, else in
/// memory where there is room, else where the system keeps temporary files.
///
/// # Errors
///
/// Where no folder can be made.
pub(crate) fn folder(prefix: &str) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    if std::env::var_os("TMPDIR").is_none()
        && has_room(Path::new(IN_MEMORY))
        && let Ok(folder) = builder.tempdir_in(IN_MEMORY)
    {
        return Ok(folder);
    }
    builder.tempdir()
}

/// Whether a folder is there, with as much space as [`ROOM`].
#[cfg(unix)]
fn has_room(folder: &Path) -> bool {
    rustix::fs::statvfs(folder).is_ok_and(|space| space.f_bavail * space.f_frsize >= ROOM)
}

#[cfg(not(unix))]
fn has_room(_folder: &Path) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_room_is_not_taken() {
        assert!(has_room(&std::env::temp_dir()));
        assert!(!has_room(Path::new("/nothing/here")));
        if cfg!(target_os = "linux") {
            assert!(!has_room(Path::new("/proc")));
        }
    }
}
