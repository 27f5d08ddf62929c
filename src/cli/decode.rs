//! `decode`: KHQ4 and KHF1 files back to values.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::conversion::Watcher;
use super::encode::is_safetensors;
use super::output::print;
use super::problem::{Exit, Problem};
use crate::convert::{Dtype, decode_directory, decode_file, decode_raw};
use crate::report::conversion;

/// Give back the values of a .q4 or .f16 file, or of a directory that encode made
///
/// DST is a .safetensors file, or with --raw an array of f32. It must not be there yet; where the conversion
/// fails or is interrupted it is not there.
#[derive(Args)]
pub struct Decode {
    /// The .q4 or .f16 file, or the directory with quantize_index.json
    #[arg(value_name = "SRC")]
    source: PathBuf,
    /// The .safetensors file; with --raw, any other
    #[arg(value_name = "DST")]
    target: PathBuf,
    /// What the values are written as, each rounded once from the exact one
    #[arg(long, value_enum, default_value_t = DtypeName::F32, conflicts_with = "raw")]
    dtype: DtypeName,
    /// The tensor's name in DST [default: SRC without its suffix]
    #[arg(long, conflicts_with = "raw")]
    name: Option<String>,
    /// Write f32 values and nothing else, little-endian
    #[arg(long)]
    raw: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum DtypeName {
    F64,
    F32,
    F16,
    Bf16,
}

impl Decode {
    /// # Errors
    ///
    /// Where something cannot be read, converted or written, and where the conversion is interrupted.
    pub fn run(self) -> Result<Exit, Problem> {
        let (source, target) = (&self.source, &self.target);
        let usage = |words: &str| Err(Problem::Usage(format!("{}: {words}", target.display())));
        match (self.raw, is_safetensors(target)) {
            (true, true) => return usage("ends in .safetensors, which --raw does not write"),
            (false, false) => {
                return usage("expected a name that ends in .safetensors; --raw writes an array");
            }
            _ => {}
        }
        let dtype = match self.dtype {
            DtypeName::F64 => Dtype::F64,
            DtypeName::F32 => Dtype::F32,
            DtypeName::F16 => Dtype::F16,
            DtypeName::Bf16 => Dtype::Bf16,
        };
        let is_directory = source.is_dir();
        if is_directory && (self.raw || self.name.is_some()) {
            return Err(Problem::Usage(format!(
                "{}: is a directory, whose tensors have their names; --raw and --name are for one file",
                source.display()
            )));
        }
        let mut watcher = Watcher::new()?;
        let converted = if is_directory {
            decode_directory(source, target, dtype, &mut watcher)
        } else if self.raw {
            decode_raw(source, target, &mut watcher).map(|one| vec![one])
        } else {
            let stem = || source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let name = self.name.unwrap_or_else(stem);
            decode_file(source, &name, target, dtype, &mut watcher).map(|one| vec![one])
        };
        watcher.finish();
        print(&conversion::decoded(&converted?, target))?;
        Ok(Exit::Good)
    }
}
