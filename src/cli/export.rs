//! `export`: what the command carries, as files, for those who keep a copy of the vectors.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::output::print;
use super::problem::{Exit, Problem};
use super::vectors::schema;
use crate::convert::expect_free;
use crate::report::clauses::SPEC;
use crate::report::text::{Cell, counted, table};
use crate::store::folder_aside;
use crate::suite::case::{Case, VectorFile};
use crate::suite::library::embedded_files;
use crate::suite::{Suite, glob, recipe};

const CHANGELOG: &str = include_str!("../../conformance/CHANGELOG.md");
const PROTOCOL: &str = include_str!("../../conformance/PROTOCOL.md");
const APACHE: &str = include_str!("../../LICENSE-APACHE");
const MIT: &str = include_str!("../../LICENSE-MIT");

/// Write the vectors to a new folder, with their lock, schema, documents and licences
#[derive(Args)]
pub struct Export {
    /// The folder: one that is empty, or does not exist yet
    folder: PathBuf,
    /// Write the questions of recipes in full too, those of cases whose id has this pattern: a file of vectors for each
    /// such case, in `expanded`. Without a pattern those of all cases
    #[arg(long, value_name = "PATTERN", num_args = 0..=1, default_missing_value = "*")]
    expand: Option<String>,
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
        let expanded = match &self.expand {
            Some(pattern) => with_recipes(&suite, pattern)?,
            None => Vec::new(),
        };
        write(&self.folder, &files, &expanded)
            .map_err(|(path, error)| Problem::Usage(format!("{}: {error}", path.display())))?;
        let line =
            |(name, text): &(String, String)| vec![Cell::left(name), Cell::right(text.len())];
        let mut lines: Vec<Vec<Cell>> = files.iter().map(line).collect();
        for case in &expanded {
            let name = expanded_name(case);
            let len = fs::metadata(self.folder.join(&name)).map_or(0, |file| file.len());
            lines.push(vec![Cell::left(name), Cell::right(len)]);
        }
        print(&format!(
            "{}{} in {}, suite {} ({})\n",
            table(0, &lines),
            counted(files.len() + expanded.len(), "file"),
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

/// The cases with a recipe whose id has the pattern.
fn with_recipes<'a>(suite: &'a Suite, pattern: &str) -> Result<Vec<&'a Case>, Problem> {
    let asked = |case: &&Case| case.recipe.is_some() && glob::matches(pattern, &case.id);
    let cases: Vec<&Case> = suite.cases().iter().filter(asked).collect();
    if cases.is_empty() {
        return Err(Problem::Usage(format!(
            "--expand {pattern:?} is the id of no case with a recipe; `decode/*` and `*/sizes` are patterns"
        )));
    }
    Ok(cases)
}

/// The path of a case's questions, within the folder.
fn expanded_name(case: &Case) -> String {
    format!("expanded/{}.json", case.id.replace('/', "--"))
}

/// A case and the questions of its recipe, as a file of vectors.
fn expand(case: &Case) -> io::Result<VectorFile> {
    let plain = Case { recipe: None, ..case.clone() };
    let mut cases = vec![plain];
    for part in recipe::parts(case) {
        let part = part.map_err(io::Error::other)?;
        let control = part.case.expect.may_refuse().then(|| case.id.clone());
        let id = format!("{}-{:04}", case.id, part.number);
        cases.push(Case { id, control, ..part.case });
    }
    let about = format!("{} and the questions of its recipe.", case.id);
    Ok(VectorFile { about, cases, tombstones: Vec::new() })
}

fn write_expanded(case: &Case, path: &Path) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    serde_json::to_writer(&mut file, &expand(case)?)?;
    file.flush()
}

/// Writes the files to a folder aside, which is then given its name.
fn write(
    target: &Path,
    files: &[(String, String)],
    expanded: &[&Case],
) -> Result<(), (PathBuf, io::Error)> {
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
    if !expanded.is_empty() {
        fs::create_dir(aside.path().join("expanded")).map_err(at(target))?;
    }
    for case in expanded {
        let name = expanded_name(case);
        write_expanded(case, &aside.path().join(&name)).map_err(at(&target.join(name)))?;
    }
    fs::rename(aside.path(), target).map_err(at(target))?;
    // Its old name is gone, and nothing is to be removed under it.
    let _ = aside.keep();
    Ok(())
}
