//! The worker: answers requests as [`serve`](crate::subject::serve) does, takes many at once, and marks in a file
//! which one it is about to answer, so that a crash is charged to that one.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use crate::subject::Implementation;
use crate::subject::serve::{ServeError, answer, read_line};

/// How long an answer may wait for the next ones before it is written. The harness waits so much longer.
pub(crate) const HELD_BACK: Duration = Duration::from_millis(5);

/// Lets `implementation` answer every request of `input` on `output`, until the input ends. Answers are written
/// together while whole requests wait. Each request's `seq` is written to `mark`, eight bytes, little-endian.
///
/// # Errors
///
/// [`ServeError`], where a line is no request or a stream fails.
pub fn serve_batches<R: Read>(
    implementation: &dyn Implementation,
    input: &mut BufReader<R>,
    output: &mut dyn Write,
    mark: Option<&File>,
) -> Result<(), ServeError> {
    let mut output = BufWriter::with_capacity(64 << 10, output);
    let mut written = Instant::now();
    let mut begin = |seq: u64| {
        // Without a mark the harness asks one by one, and loses time alone.
        mark.map(|file| file.write_all_at(&seq.to_le_bytes(), 0).ok());
    };
    for line in 1.. {
        let Some(text) = read_line(input, line)? else { break };
        let answer = answer(implementation, &text, &mut begin)
            .map_err(|problem| ServeError::Line { line, problem })?;
        writeln!(output, "{answer}").map_err(ServeError::Output)?;
        let more_waits = input.buffer().contains(&b'\n');
        if !more_waits || written.elapsed() >= HELD_BACK {
            output.flush().map_err(ServeError::Output)?;
            written = Instant::now();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::Reference;

    /// Counts how often it is written to.
    struct Counted<'a>(&'a mut Vec<Vec<u8>>);

    impl Write for Counted<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn requests_that_wait_together_are_answered_together_and_the_last_one_is_marked() {
        let request = |seq: u64| format!("{{\"seq\":{seq},\"op\":\"bake\",\"format\":\"khq4\"}}\n");
        let decode = r#"{"seq":513,"op":"decode","format":"khq4","blocks":"","original_len":0}"#;
        let input = request(1) + &request(2) + decode + "\n";
        let mark = tempfile::tempfile().expect("a file");
        let mut writes = Vec::new();
        let mut output = Counted(&mut writes);
        serve_batches(&Reference, &mut BufReader::new(input.as_bytes()), &mut output, Some(&mark))
            .expect("a dialogue");
        let lines = String::from_utf8(writes.concat()).expect("UTF-8");
        let expected = "{\"seq\":1,\"unsupported\":true}\n{\"seq\":2,\"unsupported\":true}\n\
                        {\"seq\":513,\"result\":{\"values\":{\"f32\":\"\"}}}\n";
        assert_eq!(lines, expected);
        assert_eq!(writes.len(), 1, "all answers in one write");
        let mut marked = [0; 8];
        mark.read_exact_at(&mut marked, 0).expect("eight bytes");
        assert_eq!(marked, [1, 2, 0, 0, 0, 0, 0, 0]);
    }
}
