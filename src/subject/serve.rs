//! The other side of the protocol: an [`Implementation`] that answers on a pair of streams. A codec
//! in Rust becomes a subject by this one call.

use std::io::{self, BufRead, Read, Write};

use serde::Serialize;
use thiserror::Error;

use super::message::{Request, RequestLine};
use super::{Implementation, Response};
use crate::suite::answer::{Answer, Refusal};
use crate::suite::case::Line;

/// The longest line that is read as a request, in bytes.
const LONGEST_LINE: u64 = 64 << 20;

/// Why a dialogue ended before its time.
#[derive(Debug, Error)]
pub enum ServeError {
    /// A line is no request.
    #[error("line {line} of the input is no request: {problem}")]
    Line {
        /// The line, counted from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// The input failed.
    #[error("the input cannot be read: {0}")]
    Input(io::Error),
    /// The output failed.
    #[error("the output cannot be written: {0}")]
    Output(io::Error),
}

#[derive(Serialize)]
struct Numbered<'a> {
    seq: u64,
    #[serde(flatten)]
    request: &'a Request,
}

#[derive(Serialize)]
struct AnswerLine<'a> {
    seq: u64,
    #[serde(flatten)]
    body: Body<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Body<'a> {
    Result(&'a Answer),
    Refused(&'a Refusal),
    Unsupported(bool),
}

/// Lets `implementation` answer every request of `input` on `output`, until the input ends.
///
/// # Errors
///
/// [`ServeError`], where a line is no request or a stream fails.
pub fn serve(
    implementation: &dyn Implementation,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<(), ServeError> {
    for line in 1.. {
        let Some(text) = read_line(input, line)? else { break };
        let mut answer = answer(implementation, &text, &mut |_| {})
            .map_err(|problem| ServeError::Line { line, problem })?;
        answer.push('\n');
        output.write_all(answer.as_bytes()).map_err(ServeError::Output)?;
        output.flush().map_err(ServeError::Output)?;
    }
    Ok(())
}

/// The next line with its end, which is the `line`th; `None` at the end of the input.
pub(crate) fn read_line(input: &mut dyn BufRead, line: u64) -> Result<Option<Vec<u8>>, ServeError> {
    let bad_line = |problem: String| Err(ServeError::Line { line, problem });
    let mut text = Vec::new();
    let read = input.take(LONGEST_LINE).read_until(b'\n', &mut text);
    match read.map_err(ServeError::Input)? {
        0 => Ok(None),
        _ if text.last() == Some(&b'\n') => Ok(Some(text)),
        count if count as u64 == LONGEST_LINE => {
            bad_line(format!("it is longer than {LONGEST_LINE} bytes"))
        }
        _ => bad_line("the input ends in the middle of it".into()),
    }
}

/// The line that answers the line `text`, which is without its end. `begin` is told the number of a question before
/// that is asked.
pub(crate) fn answer(
    implementation: &dyn Implementation,
    text: &[u8],
    begin: &mut dyn FnMut(u64),
) -> Result<String, String> {
    let wrong = |error: serde_json::Error| error.to_string();
    let (seq, response) = match RequestLine::read(text)? {
        RequestLine::Hello => return serde_json::to_string(&implementation.hello()).map_err(wrong),
        RequestLine::Unknown { seq } => (seq, Response::Unsupported),
        RequestLine::Question { seq, request } => {
            begin(seq);
            (seq, request.dispatch(implementation))
        }
    };
    answer_line(seq, &response).map_err(wrong)
}

/// A request as it stands on its line.
///
/// # Errors
///
/// Where it has no form in JSON.
pub fn request_line(seq: u64, request: &Request) -> serde_json::Result<String> {
    let numbered = Numbered { seq, request };
    match request.line {
        None | Some(Line::Seq(_)) => serde_json::to_string(&numbered),
        Some(Line::UnknownKeys) => {
            let mut members = serde_json::to_value(&numbered)?;
            let nested = serde_json::json!({"seq": 0, "op": "hello", "list": [null, 1.5, "\n"]});
            members["aside"] = nested;
            members["zero"] = serde_json::Value::Null;
            serde_json::to_string(&members)
        }
        Some(Line::OtherOrder) => {
            let members = serde_json::to_value(&numbered)?;
            let sorted: std::collections::BTreeMap<_, _> =
                members.as_object().expect("a request is an object").iter().collect();
            serde_json::to_string(&sorted)
        }
        // Line feeds stand between tokens only: within a text they are escaped.
        Some(Line::WhiteSpace) => {
            Ok(serde_json::to_string_pretty(&numbered)?.replace('\n', " \t") + " ")
        }
    }
}

/// An answer as it stands on its line.
///
/// # Errors
///
/// Where it has no form in JSON.
pub fn answer_line(seq: u64, response: &Response<Answer>) -> serde_json::Result<String> {
    let body = match response {
        Response::Done(answer) => Body::Result(answer),
        Response::Refused(refusal) => Body::Refused(refusal),
        Response::Unsupported => Body::Unsupported(true),
    };
    serde_json::to_string(&AnswerLine { seq, body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::Reference;

    fn dialogue(input: &str) -> Result<String, String> {
        let mut output = Vec::new();
        serve(&Reference, &mut input.as_bytes(), &mut output).map_err(|error| error.to_string())?;
        String::from_utf8(output).map_err(|error| error.to_string())
    }

    #[test]
    fn the_protocol_s_own_examples_are_answered() {
        let decode = r#"{"seq":1,"op":"decode","format":"khq4","blocks":"44300045700f0000000000000000000000000000","original_len":3,"later":0}"#;
        let unknown = r#"{"op":"bake","format":"khq4","seq":18446744073709551615}"#;
        let refused = r#"{"seq":2,"op":"decode","format":"khq4","blocks":"","original_len":3}"#;
        let answers = dialogue(&format!("{decode}\n{unknown}\n{refused}\n")).expect("answers");
        let lines: Vec<&str> = answers.lines().collect();
        assert_eq!(lines[0], r#"{"seq":1,"result":{"values":{"f32":"0000a04000dcbd4000fcdf40"}}}"#);
        assert_eq!(lines[1], r#"{"seq":18446744073709551615,"unsupported":true}"#);
        assert!(lines[2].starts_with(r#"{"seq":2,"refused":{"message":""#), "{}", lines[2]);
        assert!(lines[2].ends_with(r#""class":"truncated_payload"}}"#), "{}", lines[2]);
    }

    #[test]
    fn a_line_without_end_and_a_stream_that_fails_end_the_dialogue() {
        use std::io::{self, BufReader, Read};
        let end = |input: &mut dyn BufRead| serve(&Reference, input, &mut io::sink()).err();
        let mut endless = BufReader::new(io::repeat(b'x').take((64 << 20) + 1));
        let error = end(&mut endless).expect("no line").to_string();
        assert_eq!(error, "line 1 of the input is no request: it is longer than 67108864 bytes");
        let folder = std::fs::File::open("/").expect("a folder");
        assert!(matches!(end(&mut BufReader::new(folder)), Some(ServeError::Input(_))));
        let hello = "{\"op\":\"hello\",\"protocol\":1}\n";
        let mut full: [u8; 4] = [0; 4];
        let error = serve(&Reference, &mut hello.as_bytes(), &mut &mut full[..]).err();
        assert!(matches!(error, Some(ServeError::Output(_))));
    }

    #[test]
    fn a_line_that_is_no_request_ends_the_dialogue() {
        let hello = "{\"op\":\"hello\",\"protocol\":1}\n";
        for (line, word) in [
            ("}\n", "line 2"),
            ("{\"seq\":1}\n", "`op`"),
            ("{\"seq\":1,\"op\":\"decode\"}\n", "`format`"),
            (
                "{\"op\":\"decode\",\"format\":\"khq4\",\"blocks\":\"\",\"original_len\":0}\n",
                "`seq`",
            ),
            (
                "{\"op\":\"decode\",\"format\":\"khq4\",\"seq\":1,\"blocks\":\"\"}\n",
                "`original_len`",
            ),
            (
                "{\"op\":\"decode\",\"format\":\"khq4\",\"seq\":1,\"blocks\":\"0\",\"original_len\":0}\n",
                "whole bytes",
            ),
            ("{\"op\":\"bake\",\"format\":\"khq4\",\"seq\":1}", "middle"),
        ] {
            let error = dialogue(&format!("{hello}{line}")).expect_err(line);
            assert!(error.contains(word), "{line}: {error}");
        }
    }
}
