//! `inspect`: what a file is, and what is wrong with it.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;

use super::encode::is_safetensors;
use super::output::print;
use super::problem::{Exit, Problem};
use crate::convert::safetensors::Archive;
use crate::format::kind::{Expected, FileKind};
use crate::format::stream::read_up_to;
use crate::format::{AddressWidth, Class, FormatError};
use crate::report::text::{BAD, Cell, GOOD, counted, plain, shape, styled, table};
use crate::report::{inspection, layout, quoted};
use crate::store::{StoreError, foreign, map_khf1, map_khq4, read_khf1, read_khq4, regular_file};
use crate::suite::operation::FormatId;

/// Bytes at the start of a file that are shown field by field, at most.
const SHOWN: u64 = 4096;

/// Say what a .q4 or .f16 file is, field by field, and what is wrong with it and where
///
/// Of a safetensors file the tensors are shown, and the header is checked; their values are not read.
/// `q4proof doctor` looks at directories.
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
        let (path, width) = (&self.file, AddressWidth::NATIVE);
        let first = first_bytes(path);
        if let Ok((bytes, _)) = &first
            && is_archive(bytes, path)
        {
            return archive(path);
        }
        match layout::format_of(first.as_ref().map_or(&[], |(bytes, _)| bytes)) {
            FormatId::KHQ4 => {
                let copied = read_khq4(path, width);
                let mapped = map_khq4(path, width);
                let views = copied.as_ref().map(|tensor| tensor.view());
                let agree = same(&views, &mapped.as_ref().map(|tensor| tensor.view()));
                let held = views.map(|view| inspection::statistics(&view));
                self.report(FormatId::KHQ4, first, held.map_err(|error| &error.error), agree)
            }
            _ => {
                let copied = read_khf1(path, width);
                let mapped = map_khf1(path, width);
                let views = copied.as_ref().map(|tensor| tensor.view());
                let agree = same(&views, &mapped.as_ref().map(|tensor| tensor.view()));
                let held = views.map(|view| inspection::half_statistics(&view));
                self.report(FormatId::KHF1, first, held.map_err(|error| &error.error), agree)
            }
        }
    }

    /// What the file holds, or why it is refused, beside its first bytes and its length.
    fn report(
        &self,
        format: FormatId,
        first: Result<(Vec<u8>, u64), Problem>,
        held: Result<String, &FormatError>,
        agree: Result<(), String>,
    ) -> Result<Exit, Problem> {
        let path = self.file.display();
        agree.map_err(|how| {
            Problem::Harness(format!(
                "{path}: the copying and the mapping loader disagree, or the file changes: {how}"
            ))
        })?;
        let mut text = format!("{}\n", plain(&path.to_string(), 400));
        let fields = || first.map(|(bytes, len)| inspection::fields(&bytes, len) + "\n");
        let exit = match held {
            Ok(statistics) => {
                text.push_str(&(fields()? + &statistics + &inspection::sound()));
                Exit::Good
            }
            Err(error) if error.class == Class::Io => {
                return Err(Problem::Usage(format!("{path}: {}", error.detail)));
            }
            Err(error) => {
                if error.class != Class::NotAFile {
                    text.push_str(&fields()?);
                }
                text.push_str(&inspection::refused(error, format));
                if let Some(words) = foreign(&self.file, Expected::Tensor) {
                    text.push_str(&format!("it {words}\n"));
                }
                if self.file.is_dir() {
                    text.push_str(&format!("next: q4proof doctor {}\n", word(&self.file)));
                }
                Exit::Bad
            }
        };
        print(&text)?;
        Ok(exit)
    }
}

/// Whether a file is to be shown as one of safetensors: by its first bytes, or else by its name.
fn is_archive(bytes: &[u8], path: &Path) -> bool {
    match FileKind::of(bytes) {
        Some(FileKind::Safetensors) => true,
        Some(FileKind::Khq4 | FileKind::Khf1) => false,
        _ => is_safetensors(path),
    }
}

/// The tensors of a safetensors file, or why it is refused.
fn archive(path: &Path) -> Result<Exit, Problem> {
    const NAME: usize = 120;
    let mut text = format!("{}\n", plain(&path.display().to_string(), 400));
    let (exit, shown) = match Archive::open(path) {
        Err(error) => {
            let words = plain(&error.words(), 400);
            (Exit::Bad, format!("{}: {words}\n", styled("refused", BAD)))
        }
        Ok(archive) => {
            let heading = ["tensor", "dtype", "shape"].map(Cell::left);
            let numbers = ["offset", "bytes"].map(Cell::right);
            let mut lines = vec![[&heading[..], &numbers].concat()];
            for tensor in archive.tensors() {
                lines.push(vec![
                    Cell::left(plain(&tensor.name, NAME)),
                    Cell::left(tensor.dtype),
                    Cell::left(shape(&tensor.shape)),
                    Cell::right(tensor.offset),
                    Cell::right(tensor.len),
                ]);
            }
            let count = counted(archive.tensors().len(), "tensor");
            let bytes: u64 = archive.tensors().iter().map(|tensor| tensor.len).sum();
            let sound = styled("sound", GOOD);
            let mut shown = table(0, &lines);
            shown.push_str(&format!("{count}, {bytes} bytes of values\n"));
            shown.push_str(&format!("{sound}: the header is lawful; the values were not read\n"));
            if is_safetensors(path) && archive.tensors().iter().any(|one| one.dtype(path).is_ok()) {
                shown.push_str(&format!("next: q4proof encode {} DST\n", word(path)));
            }
            (Exit::Good, shown)
        }
    };
    text.push_str(&shown);
    print(&text)?;
    Ok(exit)
}

/// A path as a word of a command.
fn word(path: &Path) -> String {
    plain(&quoted(&path.to_string_lossy()), 4096)
}

/// Whether two loaders gave the same; how not, where they did not.
fn same<T: PartialEq>(
    copied: &Result<T, &StoreError>,
    mapped: &Result<T, &StoreError>,
) -> Result<(), String> {
    match (copied, mapped) {
        (Ok(copied), Ok(mapped)) if copied == mapped => Ok(()),
        (Err(copied), Err(mapped)) if copied.error == mapped.error => Ok(()),
        _ => Err(format!("copy {}, map {}", verdict(copied), verdict(mapped))),
    }
}

/// The first bytes of a file, and its length.
fn first_bytes(path: &Path) -> Result<(Vec<u8>, u64), Problem> {
    let unread = |what: String| Problem::Usage(format!("{}: {what}", path.display()));
    let mut file: File = regular_file(path).map_err(|error| unread(error.error.detail))?;
    let len = file.metadata().map_err(|error| unread(error.to_string()))?.len();
    let mut bytes = Vec::new();
    read_up_to(&mut file, &mut bytes, SHOWN).map_err(|error| unread(error.to_string()))?;
    Ok((bytes, len))
}

fn verdict<T>(loaded: &Result<T, &StoreError>) -> String {
    match loaded {
        Ok(_) => "accepts it".into(),
        Err(error) => format!("refuses it ({})", error.error),
    }
}
