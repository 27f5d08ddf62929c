//! One line of a subject, read as the answer to one request.

use serde::Deserialize;
use serde_json::Value;

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
    // For a person, and only where there is no answer.
    let shown = || shown(line);
    if line.ends_with(b"\r") {
        return Reply::ProtocolError(format!("{:?} ends with CR LF, expected LF alone", shown()));
    }
    if let Some(place) = null(line) {
        return Reply::ProtocolError(format!(
            "{:?} is no answer: {place} is null, expected it to be left out",
            shown()
        ));
    }
    let line: Line = match serde_json::from_slice(line) {
        Ok(line) => line,
        Err(error) => return Reply::ProtocolError(format!("{:?} is no answer: {error}", shown())),
    };
    if line.seq != seq {
        return Reply::ProtocolError(format!("answered seq {}, asked was {seq}", line.seq));
    }
    match (line.result, line.refused, line.unsupported) {
        (Some(answer), None, false) => Reply::Answer(Response::Done(answer)),
        (None, Some(refusal), false) => Reply::Answer(Response::Refused(refusal)),
        (None, None, true) => Reply::Answer(Response::Unsupported),
        _ => Reply::ProtocolError(format!(
            "{:?} is no answer: expected one of result, refused and unsupported",
            shown()
        )),
    }
}

/// Where a line has a null, as a JSON pointer; `None` where it has none, or is no JSON.
fn null(line: &[u8]) -> Option<String> {
    // Long lines are hex, which has no n, and only a line with these letters is read twice.
    let first = line.iter().position(|&byte| byte == b'n')?;
    line[first..].windows(4).find(|four| four == b"null")?;
    let value: Value = serde_json::from_slice(line).ok()?;
    let mut open = vec![(String::new(), &value)];
    while let Some((place, value)) = open.pop() {
        match value {
            Value::Null => return Some(place),
            Value::Array(items) => {
                open.extend(
                    items.iter().enumerate().map(|(at, item)| (format!("{place}/{at}"), item)),
                );
            }
            Value::Object(members) => {
                open.extend(members.iter().map(|(key, item)| (format!("{place}/{key}"), item)));
            }
            _ => {}
        }
    }
    None
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

    /// An answer may have an optional key or leave it out; it is never null.
    #[test]
    fn a_null_is_no_answer_and_is_named() {
        let asked = |line: &str| reply(line.as_bytes(), 7);
        for (line, place) in [
            (r#"{"seq":7,"refused":{"class":null,"message":"null"}}"#, "/refused/class"),
            (
                r#"{"seq":7,"result":{"encoded":{"blocks":"","tensor_scale":null}}}"#,
                "/result/encoded/tensor_scale",
            ),
            (
                r#"{"seq":7,"result":{"tensors":[{"shape":[],"blocks":null}]}}"#,
                "/result/tensors/0/blocks",
            ),
            (r#"{"seq":7,"result":null,"unsupported":true}"#, "/result"),
        ] {
            let what =
                format!("{line:?} is no answer: {place} is null, expected it to be left out");
            assert_eq!(asked(line), Reply::ProtocolError(what));
        }
        let refusal = Refusal { class: None, message: "null".into() };
        let answer = Reply::Answer(Response::Refused(refusal));
        assert_eq!(asked(r#"{"seq":7,"refused":{"message":"null"}}"#), answer);
    }

    #[test]
    fn the_beginning_of_a_line_is_of_as_many_characters_whatever_their_bytes() {
        assert_eq!(shown("é".repeat(200).as_bytes()), "é".repeat(120));
        assert_eq!(shown("🦀".repeat(200).as_bytes()), "🦀".repeat(120));
        assert_eq!(shown(b"ab"), "ab");
    }
}
