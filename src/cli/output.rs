//! Standard output, where styles are left out if no terminal shows them, and reports in files.

use std::io::Write;
use std::path::Path;

use super::problem::Problem;
use crate::store::write_atomically;

/// Writes `text` to standard output at once.
///
/// # Errors
///
/// [`Problem::Output`], where nobody reads it or the disk is full.
pub fn print(text: &str) -> Result<(), Problem> {
    let mut output = anstream::stdout().lock();
    output.write_all(text.as_bytes()).and_then(|()| output.flush()).map_err(Problem::Output)
}

/// Writes a report to a file, all of it or none.
///
/// # Errors
///
/// [`Problem::Usage`], where the path cannot be written.
pub fn write(path: &Path, text: &str) -> Result<(), Problem> {
    write_atomically(path, text.as_bytes())
        .map_err(|error| Problem::Usage(format!("{}: {error}", path.display())))
}
