//! Reading from a stream no more than is there: short and interrupted reads are normal, and
//! memory grows with what has arrived, never with what a header claims (KHQ4-A3).

use std::io::{self, ErrorKind, Read};

/// The first and the smallest piece asked for.
const PIECE: usize = 4096;

/// Appends up to `limit` bytes of `reader` to `buffer` and returns how many came; fewer than
/// `limit` means that the stream has ended.
///
/// # Errors
///
/// What the reader reports, interruptions apart, and [`ErrorKind::OutOfMemory`] where the buffer
/// cannot grow.
pub fn read_up_to(reader: &mut impl Read, buffer: &mut Vec<u8>, limit: u64) -> io::Result<u64> {
    let start = buffer.len();
    let mut filled = start;
    let outcome = loop {
        let arrived = (filled - start) as u64;
        if arrived == limit {
            break Ok(());
        }
        if filled == buffer.len() {
            let piece = (limit - arrived).min(filled.max(PIECE) as u64) as usize;
            if let Err(error) = buffer.try_reserve_exact(piece) {
                break Err(io::Error::new(ErrorKind::OutOfMemory, error));
            }
            buffer.resize(filled + piece, 0);
        }
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break Ok(()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
        }
    };
    buffer.truncate(filled);
    outcome.map(|()| (filled - start) as u64)
}
