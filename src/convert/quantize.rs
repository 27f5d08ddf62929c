//! A checkpoint to a directory of KHQ4 and KHF1 files, as it is: every tensor in the format that its
//! name asks for, beside `config.json`, an index and the tokenizer.

use std::path::Path;

use super::checkpoint::{Checkpoint, TOKENIZER_FILE};
use super::encode::Plans;
use super::error::ConvertError;
use super::folder::{Folder, expect_free};
use super::{Conversion, Watch};
use crate::codec::Mode;
use crate::format::index::{CONFIG_FILE, INDEX_FILE};

/// Converts every tensor of the checkpoint `source`, a directory, into a file of the directory
/// `target`, which is made where it is not there and must be empty where it is. Names and formats are
/// those of IDX-10 and IDX-11, blocks are asymmetric, and the index is an array (IDX-3). Tensors of
/// integers are skipped, where their names are not those of packed weights.
///
/// No tensor is ever in memory as a whole.
///
/// # Errors
///
/// [`ConvertError`]: a `config.json` that is missing or says that the weights are rotated, a file or
/// tensor that is not sound, no tensors at all, tensors whose files would be one, a name that is too long
/// for a file, a value that has no encoding. Nothing of `target` is there then.
pub fn quantize(
    source: &Path,
    target: &Path,
    watch: &mut dyn Watch,
) -> Result<Conversion, ConvertError> {
    expect_free(target)?;
    let checkpoint = Checkpoint::open(source)?;
    let plans = Plans::by_name(source, checkpoint.tensors(), Mode::Asymmetric)?;
    let index = plans.index(target)?;
    let tokenizer = checkpoint.tokenizer()?;
    let beside = beside(checkpoint.config(), &index, tokenizer.as_ref().map(|(_, len)| *len));
    watch.begin(plans.bytes_read() + beside);

    let folder = Folder::new(target)?;
    let converted = plans.write(&folder, target, watch)?;
    folder.write(CONFIG_FILE, checkpoint.config(), watch)?;
    if let Some((path, _)) = tokenizer {
        folder.copy(&path, TOKENIZER_FILE, watch)?;
    }
    folder.write(INDEX_FILE, &index, watch)?;
    folder.finish()?;
    Ok(Conversion { converted, skipped: plans.skipped })
}

/// Bytes that are read for the files beside the tensors: what was written of each once more, and a
/// tokenizer once before.
pub(super) fn beside(config: &[u8], index: &[u8], tokenizer: Option<u64>) -> u64 {
    (config.len() + index.len()) as u64 + 2 * tokenizer.unwrap_or(0)
}
