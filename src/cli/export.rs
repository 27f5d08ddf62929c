//! `export`: what the command carries, as files, for those who keep a copy of the vectors.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::output::print;
use super::problem::{Exit, Problem};
use super::vectors::schema;
use crate::convert::expect_free;
use crate::report::clauses::SPEC;
use crate::report::text::{Cell, counted, table};
use crate::store::folder_aside;
use crate::suite::Suite;
use crate::suite::library::embedded_files;

const CHANGELOG: &str = include_str!("../../conformance/CHANGELOG.md");
const PROTOCOL: &str = include_str!("../../conformance/PROTOCOL.md");
const APACHE: &str = include_str!("../../LICENSE-APACHE");
const MIT: &str = include_str!("../../LICENSE-MIT");

/// Write the vectors to a new folder, with their lock, schema, documents and licences
#[derive(Args)]
pub struct Export {
    /// The folder: one that is empty, or does not exist yet
    folder: PathBuf,
}

impl Export {
    /// # Errors
    ///
    /// [`Problem::Usage`], where the folder holds something or cannot be written; nothing is left
    /// behind then.
    pub fn run(self) -> Result<Exit, Problem> {
        expect_free(&self.folder)?;
        let suite = Suite::embedded()?;
        let files = files();
        write(&self.folder, &files)
            .map_err(|(path, error)| Problem::Usage(format!("{}: {error}", path.display())))?;
        let line =
            |(name, text): &(String, String)| vec![Cell::left(name), Cell::right(text.len())];
        let lines: Vec<Vec<Cell>> = files.iter().map(line).collect();
        print(&format!(
            "{}{} in {}, suite {} ({})\n",
            table(0, &lines),
            counted(files.len(), "file"),
            self.folder.display(),
            suite.version,
            suite.hash
        ))?;
        Ok(Exit::Good)
    }
}

/// Every file, as its path within the folder and its text.
fn files() -> Vec<(String, String)> {
    let documents = [
        ("CHANGELOG.md", CHANGELOG),
        ("LICENSE-APACHE", APACHE),
        ("LICENSE-MIT", MIT),
        ("PROTOCOL.md", PROTOCOL),
        ("SPEC.md", SPEC),
    ];
    let owned = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
    let mut files: Vec<(String, String)> = documents.map(owned).into();
    files.push(("schema/vectors.schema.json".into(), schema()));
    files.extend(embedded_files().map(|(name, text)| (format!("vectors/{name}"), text.to_owned())));
    files
}

/// Writes the files to a folder aside, which is then given its name.
fn write(target: &Path, files: &[(String, String)]) -> Result<(), (PathBuf, std::io::Error)> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| (path, error)
    };
    let aside = folder_aside(target).map_err(at(target))?;
    for (name, text) in files {
        let path = aside.path().join(name);
        let folder = path.parent().unwrap_or(aside.path());
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, text))
            .map_err(at(&target.join(name)))?;
    }
    fs::rename(aside.path(), target).map_err(at(target))?;
    // Its old name is gone, and nothing is to be removed under it.
    let _ = aside.keep();
    Ok(())
}
