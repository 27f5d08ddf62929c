//! One folder for each thread, in memory where the system has such a place, and one file in it
//! that is written over and over: making a file a run would be most of a run's time.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::run::scratch;
use crate::suite::exact::directory::INDEX_FILE;

/// A private folder with one file to load from, one path to save to, and one directory to list.
pub(super) struct Workspace {
    folder: TempDir,
    path: PathBuf,
    file: File,
    /// Of the file, in bytes.
    len: usize,
    /// A model directory.
    model: PathBuf,
}

impl Workspace {
    fn new() -> io::Result<Self> {
        let folder = scratch::folder("q4proof-fuzz-")?;
        let path = folder.path().join("input.q4");
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        let model = folder.path().join("model");
        fs::create_dir(&model)?;
        Ok(Self { folder, path, file, len: 0, model })
    }

    /// The path of a file that holds exactly `bytes`.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<&Path> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(bytes)?;
        // After the bytes: to free the file's pages and ask for them again takes longer.
        if bytes.len() < self.len {
            self.file.set_len(bytes.len() as u64)?;
        }
        self.len = bytes.len();
        Ok(&self.path)
    }

    /// The path of a directory that holds an index of exactly `bytes`.
    pub fn write_index(&mut self, bytes: &[u8]) -> io::Result<&Path> {
        fs::write(self.model.join(INDEX_FILE), bytes)?;
        Ok(&self.model)
    }

    /// A folder that is empty.
    pub fn free_folder(&self) -> io::Result<PathBuf> {
        let folder = self.folder.path().join("converted");
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir(&folder)?;
        Ok(folder)
    }

    /// A path in a folder that is empty.
    pub fn free_path(&self) -> io::Result<PathBuf> {
        let folder = self.folder.path().join("saved");
        fs::create_dir_all(&folder)?;
        for left in fs::read_dir(&folder)? {
            fs::remove_file(left?.path())?;
        }
        Ok(folder.join("tensor.q4"))
    }
}

thread_local! {
    static WORKSPACE: RefCell<Option<Workspace>> = const { RefCell::new(None) };
}

/// Lets `work` use this thread's folder.
///
/// # Panics
///
/// Where the folder cannot be made or written: there is no point in going on then.
pub(super) fn with<T>(work: impl FnOnce(&mut Workspace) -> io::Result<T>) -> T {
    let outcome = WORKSPACE.with_borrow_mut(|workspace| {
        if workspace.is_none() {
            *workspace = Some(Workspace::new()?);
        }
        work(workspace.as_mut().expect("made above"))
    });
    outcome.expect("the harness can use its own folder")
}
