//! The linter of the vectors: one shape for all of them, and no case that cannot be trusted.
//!
//! [`Suite`] refuses what cannot be run; this finds what should not be committed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::case::{Case, Change, DirectoryEntry, Edit, File, VectorFile};
use super::clause::family;
use super::lawful::Lawful;
use super::library::{LOCK, Suite, SuiteError, read_text};
use super::operation::Operation;
use super::question::{Load, Question};
use super::recipe::parts;

/// What the linter knows of the rest of the project.
pub struct Known<'a> {
    /// The clauses of SPEC.md.
    pub clauses: BTreeSet<&'a str>,
    /// The planted faults, which `discriminates` may name.
    pub faults: BTreeSet<&'a str>,
    /// Ids on record, such as those that subjects have passed: none vanishes without a tombstone.
    pub recorded: BTreeSet<&'a str>,
    /// Whether there is a class of real bugs with this number.
    pub is_class: &'a dyn Fn(u8) -> bool,
}

/// Everything that is wrong in a folder of vectors, as sentences; none where all is well.
///
/// # Errors
///
/// [`SuiteError`] where the vectors cannot be loaded at all.
pub fn lint(folder: &Path, known: &Known<'_>) -> Result<Vec<String>, SuiteError> {
    let suite = Suite::from_folder(folder)?;
    let mut problems = Vec::new();
    if !folder.join(LOCK).exists() {
        problems.push(format!("{LOCK} is missing: `q4proof vectors build` makes it"));
    }
    for path in json_files(folder)? {
        let name = path.display().to_string();
        let text = read_text(&path)?;
        let file: VectorFile =
            serde_json::from_str(&text).map_err(|error| SuiteError::new(&name, error))?;
        let canonical = serde_json::to_string_pretty(&file).expect("plain data has JSON") + "\n";
        if canonical != text {
            problems.push(format!("{name}: is not in the one layout that `vectors build` writes"));
        }
        for tombstone in &file.tombstones {
            if suite.get(&tombstone.id).is_some() {
                problems.push(format!("{}: is removed and present", tombstone.id));
            }
        }
    }
    let vanished = known.recorded.iter().filter(|id| !suite.accounts_for(id));
    problems.extend(vanished.map(|id| format!("{id}: is gone, and has no tombstone")));
    for case in suite.cases() {
        problems.extend(suite.verify(case).err().map(|error| error.to_string()));
        let found = lint_case(case, suite.control(case), known);
        problems.extend(found.into_iter().map(|problem| format!("{}: {problem}", case.id)));
    }
    Ok(problems)
}

/// The questions of recipes that are not what their hashes say, as sentences: it takes a while to make them all.
pub fn lint_recipes(suite: &Suite) -> Vec<String> {
    let of = |case: &Case| {
        let wrong = parts(case).filter_map(|part| part.err());
        wrong.map(|problem| format!("{}: {problem}", case.id)).collect::<Vec<_>>()
    };
    suite.cases().iter().flat_map(of).collect()
}

fn json_files(folder: &Path) -> Result<Vec<std::path::PathBuf>, SuiteError> {
    let failed = |error| SuiteError::new(folder.display().to_string(), error);
    let entries = fs::read_dir(folder).map_err(failed)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    Ok(paths)
}

fn lint_case(case: &Case, control: Option<&Case>, known: &Known<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut require = |holds: bool, problem: String| {
        if !holds {
            problems.push(problem);
        }
    };
    let Operation { verb, format } = case.question.operation();
    let family = family(verb, format);
    require(is_slug(&case.id, &family), format!("the id is no slug `{family}/words-and-digits`"));
    require(
        known.clauses.contains(case.clause.as_str()),
        format!("{} is no clause of SPEC.md", case.clause),
    );
    if let Some(class) = case.class {
        require((known.is_class)(class), format!("there is no class {class}"));
    }
    require(!case.note.trim().is_empty(), "has no note".into());
    require(!case.source.derivation.trim().is_empty(), "has no derivation".into());
    for name in &case.discriminates {
        require(
            known.faults.contains(name.as_str()),
            format!("discriminates {name}, which is no planted fault"),
        );
    }
    for feature in case.features() {
        require(feature.exists(), format!("requires {feature}, which is no feature"));
    }
    if let Lawful::OneOf(behaviours) = &case.expect {
        let names: BTreeSet<&str> =
            behaviours.iter().map(|behaviour| behaviour.name.as_str()).collect();
        require(names.len() == behaviours.len(), "names a behaviour twice".into());
        require(!names.contains(""), "has a behaviour without a name".into());
        let plain = |expect: &Lawful<_>| matches!(expect, Lawful::One(_) | Lawful::Refuse(_));
        let all_plain = behaviours.iter().all(|behaviour| plain(&behaviour.expect));
        require(all_plain, "has a behaviour that gives neither one answer nor a refusal".into());
    }
    if let (Lawful::Refuse(classes), Some(control)) = (&case.expect, control) {
        require(!classes.is_empty(), "refuses with no class".into());
        require(
            control.tier <= case.tier,
            format!("its control {} binds less than it does", control.id),
        );
        require(case.question != control.question, "asks what its control asks".into());
        if let (Some(File::Directory(entries)), Some(File::Directory(of_control))) =
            (case.question.place(), control.question.place())
        {
            let count = differing(entries, of_control);
            require(count <= 1, format!("differs in {count} entries from its control's directory"));
        }
    }
    if let Question::Load(Load { path: File::Patch(edits), expected_shape, .. }) = &case.question {
        let faults = edits.iter().filter(|edit| !edit.repair).count();
        let request_at_fault = expected_shape.is_some();
        require(faults > 0 || request_at_fault, "has no edit that is a fault".into());
        require(!edits.iter().any(is_empty), "has an edit of no bytes".into());
    }
    problems
}

fn is_slug(id: &str, family: &str) -> bool {
    let allowed = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
    };
    match id.split_once('/') {
        Some((of_id, name)) => {
            // Decodes to f16 were an operation of their own once.
            let known = of_id == family || family == "decode" && of_id == "decode-f16";
            known && !name.is_empty() && name.chars().all(allowed)
        }
        None => false,
    }
}

/// The number of entries that are in one directory and not in the other, or are not the same there.
fn differing(entries: &[DirectoryEntry], others: &[DirectoryEntry]) -> usize {
    let paths: BTreeSet<&str> =
        entries.iter().chain(others).map(|entry| entry.path.as_str()).collect();
    let find = |entries: &[DirectoryEntry], path: &str| {
        entries.iter().find(|entry| entry.path == path).cloned()
    };
    paths.into_iter().filter(|path| find(entries, path) != find(others, path)).count()
}

fn is_empty(edit: &Edit) -> bool {
    match &edit.change {
        Change::Overwrite { bytes, .. }
        | Change::Insert { bytes, .. }
        | Change::Append { bytes } => bytes.0.is_empty(),
        Change::Remove { count, .. } => *count == 0,
        Change::Truncate { .. } => false,
    }
}
