//! The reference's ways into a file, which must agree on any bytes (KHQ4-A2): a slice, streams
//! that give one byte a read, few bytes, or none before an interruption, the copying read and the
//! map. Where memory runs out on the way, each refuses as `io`, and none ends the process.

use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::sketch::Sketch;
use super::{Finding, Verdict, meter, workspace};
use crate::codec;
use crate::format::khq4::{self, View};
use crate::format::{AddressWidth, Class, ReadError};
use crate::store;
use crate::suite::operation::FormatId;

/// What outputs are filled with before they are written: a value that stays shows.
const CANARIES: [u32; 2] = [0x7fc0_dead, 0x4b1d_0b5e];

/// Allocations of this size and more are made for what a file holds; the least that a stream asks
/// for is a piece larger than this.
const LEAST_STARVED: usize = 1024;

/// The shape and the values' bits, or the class of the refusal.
type Seen = Result<(Vec<u64>, Vec<u32>), Class>;

/// A stream that gives at most `piece` bytes a read, and is interrupted before each where asked.
struct Hesitant<'a> {
    bytes: &'a [u8],
    piece: usize,
    interrupts: bool,
    interrupted: bool,
}

impl Read for Hesitant<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupted = self.interrupts && !self.interrupted;
        if self.interrupted {
            return Err(ErrorKind::Interrupted.into());
        }
        let piece = self.piece.min(buffer.len());
        self.bytes.read(&mut buffer[..piece])
    }
}

/// Reads `input` by every path, on both widths where they may differ.
pub(super) fn run(input: &[u8]) -> Result<Verdict, Finding> {
    let seen = agreed(input, AddressWidth::Bits64)?;
    if Sketch::read(FormatId::KHQ4, input).is_wide() {
        // Whichever it is, all paths see the same.
        let _narrow = agreed(input, AddressWidth::Bits32)?;
    }
    Ok(match seen {
        Ok(_) => Verdict::Accepted,
        Err(class) => Verdict::Refused(Some(class)),
    })
}

/// What all paths see.
fn agreed(input: &[u8], width: AddressWidth) -> Result<Seen, Finding> {
    let slice = match khq4::parse(input, width) {
        Ok(view) => Ok(seen(&view)?),
        Err(error) => Err(error.class),
    };
    let agree = |path: &str, found: Seen| {
        if found == slice {
            return Ok(());
        }
        let detail = format!("{}, by slice {}", brief(&found), brief(&slice));
        Err(Finding { oracle: "paths agree", place: path.to_owned(), detail })
    };
    for (path, piece, interrupts) in
        [("one byte a read", 1, false), ("short reads", 7, false), ("interrupted reads", 20, true)]
    {
        let mut reader = Hesitant { bytes: input, piece, interrupts, interrupted: false };
        let found = match khq4::read(&mut reader, width) {
            Ok(tensor) => Ok(seen(&tensor.view())?),
            Err(ReadError::Format(error)) => Err(error.class),
            Err(ReadError::Io(_)) => Err(Class::Io),
        };
        agree(path, found)?;
    }
    let path = workspace::with(|folder| folder.write(input).map(ToOwned::to_owned));
    let copied = match store::read_khq4(&path, width) {
        Ok(tensor) => Ok(seen(&tensor.view())?),
        Err(error) => Err(error.error.class),
    };
    agree("copy", copied)?;
    let mapped = match store::map_khq4(&path, width) {
        Ok(tensor) => Ok(seen(&tensor.view())?),
        Err(error) => Err(error.error.class),
    };
    agree("map", mapped)?;
    starve(&path, width, slice.as_ref().err().copied())?;
    Ok(slice)
}

/// The loaders once more, with no memory for what the file holds. `class` is that of the refusal
/// which they give with memory enough.
fn starve(path: &Path, width: AddressWidth, class: Option<Class>) -> Result<(), Finding> {
    let copied = || store::read_khq4(path, width).map(drop).map_err(|error| error.error.class);
    let mapped = || store::map_khq4(path, width).map(drop).map_err(|error| error.error.class);
    for (place, (found, refused)) in [
        ("copy", meter::starved(LEAST_STARVED, 0, copied)),
        ("map", meter::starved(LEAST_STARVED, 0, mapped)),
    ] {
        let lawful = match refused {
            0 => found.err() == class,
            _ => found == Err(Class::Io),
        };
        if !lawful {
            let detail = format!("{found:?} where {refused} allocations failed");
            return Err(Finding { oracle: "starved", place: place.into(), detail });
        }
    }
    Ok(())
}

/// A view's shape and values. Decoded over two canaries, of which none may show.
fn seen(view: &View<'_>) -> Result<(Vec<u64>, Vec<u32>), Finding> {
    let [first, second] = CANARIES.map(|canary| {
        let mut values = vec![f32::from_bits(canary); view.header.original_len as usize];
        codec::decode(view.blocks, &mut values);
        values.into_iter().map(f32::to_bits).collect::<Vec<u32>>()
    });
    if first != second {
        let detail = format!("{first:08x?} and {second:08x?} over two canaries");
        return Err(Finding { oracle: "all is written", place: "decode".into(), detail });
    }
    Ok((view.header.shape.clone(), first))
}

fn brief(seen: &Seen) -> String {
    match seen {
        Ok((shape, values)) => format!("shape {shape:?}, values {values:08x?}"),
        Err(class) => format!("refused as {class}"),
    }
}
