//! The harness's own parsers: a line of the protocol and a file of vectors. They must not panic,
//! and what they accept must come back from what they write.

use serde_json::Value;

use super::{Finding, Verdict};
use crate::subject::answer::reply;
use crate::subject::message::RequestLine;
use crate::subject::message::{Hello, PROTOCOL};
use crate::subject::serve::{answer_line, request_line, serve};
use crate::subject::{Implementation, Reply};
use crate::suite::Suite;
use crate::suite::case::VectorFile;

/// Answers unsupported to everything, so that no line can make it touch a file.
struct Silent;

impl Implementation for Silent {
    fn hello(&self) -> Hello {
        Hello {
            protocol: PROTOCOL,
            name: "silent".into(),
            version: "0".into(),
            language: "Rust".into(),
            capabilities: Vec::new(),
            entries: Default::default(),
        }
    }
}

fn finding(place: &str, detail: impl Into<String>) -> Finding {
    Finding { oracle: "round trip", place: place.into(), detail: detail.into() }
}

/// A line as an answer to the harness, as a request to a subject, and as input of [`serve`], whose
/// every answer the harness must understand.
pub(super) fn protocol_line(input: &[u8]) -> Result<Verdict, Finding> {
    let line = &input[..input.iter().position(|&byte| byte == b'\n').unwrap_or(input.len())];
    let mut accepted = false;

    let seq_of = |line: &[u8]| serde_json::from_slice::<Value>(line).ok()?.get("seq")?.as_u64();
    let seq = seq_of(line).unwrap_or(0);
    if let Reply::Answer(answer) = reply(line, seq) {
        accepted = true;
        let again =
            answer_line(seq, &answer).map_err(|error| finding("answer", error.to_string()))?;
        if reply(again.as_bytes(), seq) != Reply::Answer(answer) {
            return Err(finding("answer", again));
        }
    }

    let read = RequestLine::read(line);
    if let Ok(RequestLine::Question { seq, request }) = &read {
        accepted = true;
        let again =
            request_line(*seq, request).map_err(|error| finding("request", error.to_string()))?;
        if RequestLine::read(again.as_bytes()) != read {
            return Err(finding("request", again));
        }
    }

    let mut output = Vec::new();
    let served = serve(&Silent, &mut &[line, b"\n"].concat()[..], &mut output);
    let output = String::from_utf8_lossy(&output);
    let understood = |answer: &str| {
        serde_json::from_str::<Hello>(answer).is_ok()
            || seq_of(answer.as_bytes())
                .is_some_and(|seq| matches!(reply(answer.as_bytes(), seq), Reply::Answer(_)))
    };
    if served.is_ok() && !output.lines().all(understood) {
        return Err(finding("serve", output));
    }
    Ok(if accepted || served.is_ok() { Verdict::Accepted } else { Verdict::Refused(None) })
}

/// A file of vectors, read, checked against the evaluator case by case, written and read again.
pub(super) fn vector_file(input: &[u8]) -> Result<Verdict, Finding> {
    let Ok(text) = std::str::from_utf8(input) else { return Ok(Verdict::Refused(None)) };
    let Ok(file) = serde_json::from_str::<VectorFile>(text) else {
        return Ok(Verdict::Refused(None));
    };
    let again = serde_json::to_string_pretty(&file)
        .map_err(|error| finding("vectors", error.to_string()))?;
    if serde_json::from_str(&again).ok().as_ref() != Some(&file) {
        return Err(finding("vectors", again));
    }
    let Ok(suite) = Suite::from_texts(&[("vectors.json".into(), text.into())], None) else {
        return Ok(Verdict::Refused(None));
    };
    let trusted = suite.cases().iter().all(|case| suite.verify(case).is_ok());
    Ok(if trusted { Verdict::Accepted } else { Verdict::Refused(None) })
}
