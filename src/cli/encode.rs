//! `encode`: values to KHQ4 and KHF1 files.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::conversion::{Watcher, skipped};
use super::output::print;
use super::problem::{Exit, Problem};
use crate::codec::Mode;
use crate::convert::{Conversion, encode_directory, encode_raw, encode_tensor};
use crate::report::conversion;
use crate::store::kind_at;

/// Quantize a safetensors file, one of its tensors, or an array of f32
///
/// Of a .safetensors file each tensor becomes a file of the directory DST: matrices .q4, all else .f16,
/// beside an index of them. Tensors of integers, such as position_ids, are skipped, with a line. With --tensor,
/// or of an array with --raw, DST is one file, and its suffix says which of the two. Values may be F64, F32,
/// F16 or BF16. DST must not be there yet, or be an empty directory; where the conversion fails or is
/// interrupted it is left as it was.
#[derive(Args)]
pub struct Encode {
    /// The .safetensors file; with --raw, f32 values and nothing else, little-endian
    #[arg(value_name = "SRC")]
    source: PathBuf,
    /// The directory; with --tensor or --raw, the .q4 or .f16 file
    #[arg(value_name = "DST")]
    target: PathBuf,
    /// Convert this tensor only
    #[arg(long, value_name = "NAME", conflicts_with = "raw")]
    tensor: Option<String>,
    /// SRC is an array of f32
    #[arg(long, requires = "shape")]
    raw: bool,
    /// The array's dimensions, outermost first
    #[arg(long, value_name = "N,N", value_delimiter = ',', requires = "raw")]
    shape: Vec<u64>,
    /// How blocks are laid over their values: symmetric is for rotated weights
    #[arg(long, value_enum, default_value_t = ModeName::Asymmetric)]
    mode: ModeName,
}

#[derive(Clone, Copy, ValueEnum)]
enum ModeName {
    Asymmetric,
    Symmetric,
}

impl Encode {
    /// # Errors
    ///
    /// Where something cannot be read, converted or written, and where the conversion is interrupted.
    pub fn run(self) -> Result<Exit, Problem> {
        let mode = match self.mode {
            ModeName::Asymmetric => Mode::Asymmetric,
            ModeName::Symmetric => Mode::Symmetric,
        };
        let (source, target) = (&self.source, &self.target);
        if !self.raw && !is_safetensors(source) {
            return Err(Problem::Usage(format!("{}: {}", source.display(), unexpected(source))));
        }
        let mut watcher = Watcher::new()?;
        let one = |converted| Conversion { converted: vec![converted], skipped: Vec::new() };
        let outcome = match &self.tensor {
            _ if self.raw => encode_raw(source, &self.shape, target, mode, &mut watcher).map(one),
            Some(name) => encode_tensor(source, name, target, mode, &mut watcher).map(one),
            None => encode_directory(source, target, mode, &mut watcher),
        };
        watcher.finish();
        let Conversion { converted, skipped: left } = outcome?;
        print(&(skipped(&left) + &conversion::encoded(&converted, target)))?;
        Ok(Exit::Good)
    }
}

/// What is wrong with a source that has not the suffix of safetensors.
fn unexpected(source: &Path) -> String {
    if source.is_dir() {
        return "is a directory, expected a .safetensors file; `q4proof quantize` converts the \
                directory of a model"
            .to_owned();
    }
    let kind = kind_at(source).map_or(String::new(), |kind| kind.predicate() + ", ");
    format!(
        "{kind}expected a name that ends in .safetensors; an array of f32 needs --raw and --shape"
    )
}

/// Whether the path's suffix is that of safetensors.
pub(super) fn is_safetensors(path: &Path) -> bool {
    path.extension().is_some_and(|suffix| suffix == "safetensors")
}
