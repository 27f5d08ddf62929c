//! The folders of the Hugging Face cache, which a path to a model often stops at: `hub/` holds
//! `models--ORG--NAME/`, which holds `snapshots/REVISION/`, which holds the model.

use std::fs;
use std::path::{Path, PathBuf};

use crate::format::index::CONFIG_FILE;

/// What a folder is that is of the cache and none of a model, and what was expected; `None` of any other.
pub(crate) fn cache_folder(folder: &Path) -> Option<String> {
    if fs::symlink_metadata(folder.join(CONFIG_FILE)).is_ok() {
        return None;
    }
    let parts = ["blobs", "refs", "snapshots"].iter().filter(|part| folder.join(part).is_dir());
    let is_named = |path: &Path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("models--"))
    };
    if parts.count() >= 2 || is_named(folder) {
        let snapshots = folders(&folder.join("snapshots"));
        return Some(match snapshots.first() {
            None => {
                "is a folder of the Hugging Face cache without snapshots: the download did not \
                     end, fetch the model again"
                    .to_owned()
            }
            Some(first) => format!(
                "is a folder of the Hugging Face cache, expected one of its snapshots, such as {}",
                first.display()
            ),
        });
    }
    let model = folders(folder).into_iter().find(|path| is_named(path))?;
    Some(format!(
        "is the Hugging Face cache, expected a snapshot of one of its models, such as {}",
        model.join("snapshots").join("REVISION").display()
    ))
}

/// The folders in a folder, by name.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}
