//! Standard output: text whose styles are left out where no terminal shows them.

use std::io::Write;

use super::problem::Problem;

/// Writes `text` to standard output at once.
///
/// # Errors
///
/// [`Problem::Output`], where nobody reads it or the disk is full.
pub fn print(text: &str) -> Result<(), Problem> {
    let mut output = anstream::stdout().lock();
    output.write_all(text.as_bytes()).and_then(|()| output.flush()).map_err(Problem::Output)
}
