//! A file of TOML that a person writes: read, and where it is not right named with its line.

use serde::de::DeserializeOwned;

/// The line, counted from 1, in which byte `start` of `text` stands.
pub fn line_of(text: &str, start: usize) -> usize {
    1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count()
}

/// What `text` holds.
///
/// # Errors
///
/// The line that is not right, and what is wrong with it, in one line.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, (usize, String)> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        (line, error.message().lines().collect::<Vec<_>>().join("; "))
    })
}
