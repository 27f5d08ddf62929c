//! `inspect`: what a file is, and what is wrong with it.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;

use super::output::print;
use super::problem::{Exit, Problem};
use crate::format::stream::read_up_to;
use crate::format::{AddressWidth, Class};
use crate::report::inspection;
use crate::report::text::plain;
use crate::store::{StoreError, map_khq4, read_khq4, regular_file};

/// Bytes at the start of a file that are shown field by field, at most.
const SHOWN: u64 = 4096;

/// Say what a .q4 file is, field by field, and what is wrong with it and where
///
/// Exits with 0 where the file is sound, 1 where it is refused, 2 where it cannot be read.
#[derive(Args)]
pub struct Inspect {
    /// The file
    file: PathBuf,
}

impl Inspect {
    /// # Errors
    ///
    /// Where the file cannot be read, or the two ways to load it disagree.
    pub fn run(self) -> Result<Exit, Problem> {
        let path = &self.file;
        let copied = read_khq4(path, AddressWidth::NATIVE);
        let mapped = map_khq4(path, AddressWidth::NATIVE);
        let mut text = format!("{}\n", plain(&path.display().to_string(), 400));
        match (copied, mapped) {
            (Ok(copied), Ok(mapped)) if copied.view() == mapped.view() => {
                let bytes = copied.as_bytes();
                let first = &bytes[..bytes.len().min(SHOWN as usize)];
                text.push_str(&inspection::fields(first, bytes.len() as u64));
                text.push('\n');
                text.push_str(&inspection::statistics(&copied.view()));
                text.push_str(&inspection::sound());
                print(&text)?;
                Ok(Exit::Good)
            }
            (Err(copied), Err(mapped)) if copied.error == mapped.error => {
                let error = copied.error;
                if error.class == Class::Io {
                    return Err(Problem::Usage(format!("{}: {}", path.display(), error.detail)));
                }
                if error.class != Class::NotAFile {
                    text.push_str(&fields(path)?);
                    text.push('\n');
                }
                text.push_str(&inspection::refused(&error));
                print(&text)?;
                Ok(Exit::Bad)
            }
            (copied, mapped) => Err(Problem::Harness(format!(
                "{}: the copying and the mapping loader disagree, or the file changes: copy {}, map {}",
                path.display(),
                verdict(&copied),
                verdict(&mapped),
            ))),
        }
    }
}

/// The fields of a file that is refused.
fn fields(path: &Path) -> Result<String, Problem> {
    let unread = |what: String| Problem::Usage(format!("{}: {what}", path.display()));
    let mut file: File = regular_file(path).map_err(|error| unread(error.error.detail))?;
    let len = file.metadata().map_err(|error| unread(error.to_string()))?.len();
    let mut bytes = Vec::new();
    read_up_to(&mut file, &mut bytes, SHOWN).map_err(|error| unread(error.to_string()))?;
    Ok(inspection::fields(&bytes, len))
}

fn verdict<T>(loaded: &Result<T, StoreError>) -> String {
    match loaded {
        Ok(_) => "accepts it".into(),
        Err(error) => format!("refuses it ({})", error.error),
    }
}
