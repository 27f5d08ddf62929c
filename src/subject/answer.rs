//! One line of a subject, read as the answer to one request.

use serde::Deserialize;

use super::Response;
use super::message::Reply;
use crate::suite::answer::{Answer, Refusal};

#[derive(Deserialize)]
struct Line {
    seq: u64,
    result: Option<Answer>,
    refused: Option<Refusal>,
    #[serde(default)]
    unsupported: bool,
}

/// What an answer's `line` says to the request numbered `seq`.
pub(crate) fn reply(line: &[u8], seq: u64) -> Reply {
    let shown = shown(line);
    let line: Line = match serde_json::from_slice(line) {
        Ok(line) => line,
        Err(error) => return Reply::ProtocolError(format!("{shown:?} is no answer: {error}")),
    };
    if line.seq != seq {
        return Reply::ProtocolError(format!("answered seq {}, asked was {seq}", line.seq));
    }
    match (line.result, line.refused, line.unsupported) {
        (Some(answer), None, false) => Reply::Answer(Response::Done(answer)),
        (None, Some(refusal), false) => Reply::Answer(Response::Refused(refusal)),
        (None, None, true) => Reply::Answer(Response::Unsupported),
        _ => Reply::ProtocolError(format!(
            "{shown:?} is no answer: expected one of result, refused and unsupported"
        )),
    }
}

/// The beginning of a line, for a person.
pub(crate) fn shown(line: &[u8]) -> String {
    const CHARACTERS: usize = 120;
    String::from_utf8_lossy(&line[..line.len().min(4 * CHARACTERS)])
        .chars()
        .take(CHARACTERS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_line_is_of_as_many_characters_whatever_their_bytes() {
        assert_eq!(shown("é".repeat(200).as_bytes()), "é".repeat(120));
        assert_eq!(shown("🦀".repeat(200).as_bytes()), "🦀".repeat(120));
        assert_eq!(shown(b"ab"), "ab");
    }
}
