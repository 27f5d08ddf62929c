//! A checkpoint to a directory of KHQ4 and KHF1 files, as it is: every tensor in the format that its
//! name asks for, beside `config.json`, an index and the tokenizer.

use std::path::Path;

use super::checkpoint::{Checkpoint, TOKENIZER_FILE};
use super::encode::{Plan, entries};
use super::error::ConvertError;
use super::folder::{Folder, expect_free};
use super::{Converted, Watch};
use crate::codec::Mode;
use crate::format::index::{CONFIG_FILE, INDEX_FILE, Index};
use crate::format::names::file_names;

/// Converts every tensor of the checkpoint `source`, a directory, into a file of the directory
/// `target`, which is made where it is not there and must be empty where it is. Names and formats are
/// those of IDX-10 and IDX-11, blocks are asymmetric, and the index is an array (IDX-3).
///
/// No tensor is ever in memory as a whole.
///
/// # Errors
///
/// [`ConvertError`]: a `config.json` that is missing or says that the weights are rotated, a file or
/// tensor that is not sound, tensors whose files would be one, a value that has no encoding. Nothing of `target` is there then.
pub fn quantize(
    source: &Path,
    target: &Path,
    watch: &mut dyn Watch,
) -> Result<Vec<Converted>, ConvertError> {
    expect_free(target)?;
    let checkpoint = Checkpoint::open(source)?;
    let (mut named, mut plans) = (Vec::new(), Vec::new());
    for (archive, tensor) in checkpoint.tensors() {
        named.push((tensor.name.as_str(), tensor.shape.len()));
        plans.push(Plan::by_name(archive.path(), tensor, Mode::Asymmetric)?);
    }
    let files = file_names(&named).map_err(|collision| ConvertError::file(source, collision))?;
    let index = Index::Array(entries(&plans, &files))
        .to_bytes()
        .map_err(|error| ConvertError::file(&target.join(INDEX_FILE), error))?;
    let tokenizer = checkpoint.tokenizer()?;
    let beside = beside(checkpoint.config(), &index, tokenizer.as_ref().map(|(_, len)| *len));
    watch.begin(plans.iter().map(Plan::bytes_read).sum::<u64>() + beside);

    let folder = Folder::new(target)?;
    let mut converted = Vec::new();
    for ((plan, file), (archive, tensor)) in plans.iter().zip(&files).zip(checkpoint.tensors()) {
        let mut values = archive.values(tensor)?;
        let bytes_after = plan.write(&mut values, &folder.path(file), watch)?;
        converted.push(plan.converted(target.join(file), bytes_after));
    }
    folder.write(CONFIG_FILE, checkpoint.config(), watch)?;
    if let Some((path, _)) = tokenizer {
        folder.copy(&path, TOKENIZER_FILE, watch)?;
    }
    folder.write(INDEX_FILE, &index, watch)?;
    folder.finish()?;
    Ok(converted)
}

/// Bytes that are read for the files beside the tensors: what was written of each once more, and a
/// tokenizer once before.
pub(super) fn beside(config: &[u8], index: &[u8], tokenizer: Option<u64>) -> u64 {
    (config.len() + index.len()) as u64 + 2 * tokenizer.unwrap_or(0)
}
