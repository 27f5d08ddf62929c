//! What lies in a folder, so that a change of it shows: a subject may read its input and do nothing else to it.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The longest file whose bytes are kept: of longer ones length and times tell.
const LONGEST_KEPT: u64 = 1 << 20;

/// What lies in a folder and its folders, by the path within it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot(BTreeMap<PathBuf, Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    kind: &'static str,
    len: u64,
    changed: Option<SystemTime>,
    bytes: Option<Vec<u8>>,
}

impl Snapshot {
    /// What lies in `folder` now.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be read.
    pub(crate) fn of(folder: &Path) -> io::Result<Self> {
        let mut entries = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(inner) = folders.pop() {
            for entry in fs::read_dir(&inner)? {
                let path = entry?.path();
                let metadata = fs::symlink_metadata(&path)?;
                if metadata.is_dir() {
                    folders.push(path.clone());
                }
                let name = path.strip_prefix(folder).unwrap_or(&path).to_owned();
                entries.insert(name, Entry::of(&path, &metadata));
            }
        }
        Ok(Self(entries))
    }

    /// How another one differs from this, in words: the first entry, and what became of it.
    pub(crate) fn difference(&self, after: &Self) -> Option<String> {
        let new = after.0.keys().find(|name| !self.0.contains_key(*name));
        if let Some(name) = new {
            return Some(format!("left {name:?} behind"));
        }
        self.0.iter().find_map(|(name, before)| match after.0.get(name) {
            None => Some(format!("removed {name:?}")),
            Some(after) if after.kind != before.kind => {
                Some(format!("made {} of {name:?}, which was {}", after.kind, before.kind))
            }
            Some(after) if after.bytes != before.bytes || after.len != before.len => {
                Some(format!("changed the bytes of {name:?}"))
            }
            // The time of a folder is that of its entries, which are looked at.
            Some(after) if after.changed != before.changed && before.kind != "a folder" => {
                Some(format!("wrote to {name:?}"))
            }
            Some(_) => None,
        })
    }
}

impl Entry {
    fn of(path: &Path, metadata: &Metadata) -> Self {
        let kept = metadata.is_file() && metadata.len() <= LONGEST_KEPT;
        let kind = match metadata.file_type() {
            kind if kind.is_file() => "a file",
            kind if kind.is_dir() => "a folder",
            kind if kind.is_symlink() => "a symbolic link",
            _ => "a special file",
        };
        let (len, bytes) = (metadata.len(), kept.then(|| fs::read(path).ok()).flatten());
        // The length of a folder is the file system's own.
        let len = if metadata.is_dir() { 0 } else { len };
        Self { kind, len, changed: metadata.modified().ok(), bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a folder with `a` of three bytes and a folder `b`, after `change`.
    fn difference(change: impl FnOnce(&Path)) -> Option<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        fs::write(path.join("a"), b"abc").expect("a file");
        fs::create_dir(path.join("b")).expect("a folder");
        let before = Snapshot::of(path).expect("a folder");
        change(path);
        before.difference(&Snapshot::of(path).expect("a folder"))
    }

    #[test]
    fn every_change_shows() {
        let done = "the folder takes it";
        assert_eq!(difference(|_| {}), None);
        assert_eq!(difference(|at| drop(fs::read(at.join("a")).expect(done))), None);
        let says = |change: fn(&Path), words: &str| {
            assert_eq!(difference(change).as_deref(), Some(words));
        };
        says(|at| fs::write(at.join("a"), b"abd").expect("done"), "changed the bytes of \"a\"");
        says(|at| fs::write(at.join("a"), b"ab").expect("done"), "changed the bytes of \"a\"");
        says(|at| fs::write(at.join("b/c"), b"").expect("done"), "left \"b/c\" behind");
        says(|at| fs::remove_file(at.join("a")).expect("done"), "removed \"a\"");
        says(|at| fs::remove_dir(at.join("b")).expect("done"), "removed \"b\"");
        let replaced = |at: &Path| {
            fs::remove_file(at.join("a")).expect("done");
            fs::create_dir(at.join("a")).expect("done");
        };
        says(replaced, "made a folder of \"a\", which was a file");
        let touched = |at: &Path| {
            let file = fs::File::options().write(true).open(at.join("a")).expect("done");
            file.set_modified(SystemTime::UNIX_EPOCH).expect("done");
        };
        says(touched, "wrote to \"a\"");
    }
}
