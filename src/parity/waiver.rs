//! Divergences that are known: of one prompt, known by its content, with one backend, each with an issue.

use serde::Deserialize;
use thiserror::Error;

use super::reference::Golden;

/// A file of waivers that cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct WaiverError(String);

/// A divergence that is known.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The prompt itself, not its name: a prompt that changes is waived no longer.
    pub prompt: String,
    /// The backend or the subject.
    pub backend: String,
    /// The kind of weights; any where none is named.
    pub weights: Option<String>,
    /// Where it is worked on.
    pub issue: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    waiver: Vec<Waiver>,
}

/// The waivers in the text of a TOML file: tables `[[waiver]]` with `prompt`, `backend`, `issue` and, if
/// only one kind of weights is meant, `weights`.
///
/// # Errors
///
/// [`WaiverError`], where it is no such file, or a waiver has no issue or no prompt among `goldens`.
pub fn parse(text: &str, goldens: &[Golden]) -> Result<Vec<Waiver>, WaiverError> {
    let file: File = toml::from_str(text).map_err(|error| WaiverError(error.to_string()))?;
    for waiver in &file.waiver {
        if waiver.issue.trim().is_empty() {
            return Err(WaiverError(format!("the waiver of {:?} names no issue", waiver.prompt)));
        }
        if goldens.iter().all(|golden| golden.prompt != waiver.prompt) {
            return Err(WaiverError(format!("no prompt is {:?}: a stale waiver", waiver.prompt)));
        }
    }
    Ok(file.waiver)
}

/// The waiver of a prompt with a backend and its weights.
pub fn find<'a>(
    waivers: &'a [Waiver],
    prompt: &str,
    backend: &str,
    weights: &str,
) -> Option<&'a Waiver> {
    waivers.iter().find(|waiver| {
        waiver.prompt == prompt
            && waiver.backend == backend
            && waiver.weights.as_deref().is_none_or(|named| named == weights)
    })
}
