//! SPEC.md clause by clause, stated on the reference library: at least one test for each clause,
//! named after it. What is expected is the text's own, or worked out by hand beside it.

mod access;
mod block;
mod decode;
mod directory;
mod encode;
mod fp4;
mod ggml;
mod half;
mod header;
mod khf1;
mod limits;
mod mlx;
mod packed;
mod payload;
mod product;
mod q40;
mod q8;
mod refusals;
mod rotation;
mod writing;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use q4proof::codec::{Block, Mode};
use q4proof::format::khq4::{self, View};
use q4proof::format::{AddressWidth, Class, FormatError, ReadError};
use q4proof::store;
use q4proof::subject::Response;
use q4proof::suite::{Case, Question};
use zerocopy::{FromBytes, IntoBytes};

/// Both address widths, for what has one meaning on either.
const WIDTHS: [AddressWidth; 2] = [AddressWidth::Bits32, AddressWidth::Bits64];

/// 2^32, one more than 32 bits hold.
const TWO_32: u64 = 1 << 32;

/// The text that is stated here.
const SPEC: &str = include_str!("../../../conformance/SPEC.md");

/// The block of [5, 6, 7] in section 9: scale 3044, bias 4500, nibbles 0, 7, 15 and zeros.
const BLOCK: [u8; 20] =
    [0x44, 0x30, 0x00, 0x45, 0x70, 0x0f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// The file of [5, 6, 7], from the table of section 9.
fn example() -> Vec<u8> {
    hex("4b485134 02000000 01000000 0300000000000000 0300000000000000
         4430 0045 70 0f 0000000000000000000000000000")
}

/// Bytes from hex digits and white space.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.as_chunks::<2>().0.iter().map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// The bytes of a file by the table of section 3, lawful or not.
fn file(shape: &[u64], original_len: u64, payload: &[u8]) -> Vec<u8> {
    file_of(shape.len() as u32, shape, original_len, payload)
}

/// The same with an ndim that need not be that of the shape.
fn file_of(ndim: u32, shape: &[u64], original_len: u64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = b"KHQ4\x02\0\0\0".to_vec();
    bytes.extend(ndim.to_le_bytes());
    bytes.extend(shape.iter().flat_map(|size| size.to_le_bytes()));
    bytes.extend(original_len.to_le_bytes());
    bytes.extend(payload);
    bytes
}

/// A block of this scale and bias whose sixteen bytes of nibbles are `pair`.
fn block(scale: u16, bias: u16, pair: u8) -> Vec<u8> {
    [&scale.to_le_bytes()[..], &bias.to_le_bytes(), &[pair; 16]].concat()
}

/// The blocks in `bytes`.
fn blocks(bytes: &[u8]) -> Vec<Block> {
    <[Block]>::ref_from_bytes(bytes).expect("whole blocks").to_vec()
}

/// A case that asks `question`, with the answers of the evaluator.
fn asked(question: Question) -> Case {
    let expect = crate::expected(&question).expect("a question that SPEC.md answers");
    crate::case_of(question, expect)
}

/// The answer is a refusal of this class.
#[track_caller]
fn declined<T: std::fmt::Debug>(answer: Response<T>, class: Class) {
    match answer {
        Response::Refused(refusal) => assert_eq!(refusal.class, Some(class), "{}", refusal.message),
        other => panic!("{other:?}, expected a refusal as {class}"),
    }
}

/// The payload of `count` lawful blocks.
fn sound(count: usize) -> Vec<u8> {
    BLOCK.repeat(count)
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Scale, bias and nibbles of a block's bytes, by BLK-1 and BLK-2.
fn fields(block: &[u8]) -> (u16, u16, Vec<u8>) {
    let word = |at: usize| u16::from_le_bytes([block[at], block[at + 1]]);
    (word(0), word(2), block[4..20].iter().flat_map(|pair| [pair & 15, pair >> 4]).collect())
}

/// Scale and bias of the one block of `values`, and the nibbles of the real ones.
#[track_caller]
fn one_block(values: &[f32], mode: Mode) -> (u16, u16, Vec<u8>) {
    let blocks = q4proof::codec::encode(values, mode).expect("can be encoded");
    assert_eq!(blocks.len(), 1);
    let (scale, bias, mut nibbles) = fields(blocks.as_bytes());
    nibbles.truncate(values.len());
    (scale, bias, nibbles)
}

/// What a way in makes of a file.
#[derive(Clone, Debug, PartialEq)]
struct Accepted {
    shape: Vec<u64>,
    payload: Vec<u8>,
    values: Vec<u32>,
}

impl Accepted {
    fn of(view: &View<'_>) -> Self {
        Self {
            shape: view.header.shape.clone(),
            payload: <[Block]>::as_bytes(view.blocks).to_vec(),
            values: bits(&view.decode()),
        }
    }
}

type Verdict = Result<Accepted, FormatError>;

/// Hands out one byte at a time, and is interrupted before each where `interrupted` is set.
struct Slow<'a> {
    bytes: &'a [u8],
    interrupted: bool,
    calls: usize,
}

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.interrupted && self.calls % 2 == 1 {
            return Err(ErrorKind::Interrupted.into());
        }
        let count = buffer.len().min(1);
        self.bytes.read(&mut buffer[..count])
    }
}

fn by_slice(bytes: &[u8], width: AddressWidth) -> Verdict {
    khq4::parse(bytes, width).map(|view| Accepted::of(&view))
}

fn by_stream(reader: &mut impl Read, width: AddressWidth) -> Verdict {
    match khq4::read(reader, width) {
        Ok(tensor) => Ok(Accepted::of(&tensor.view())),
        Err(ReadError::Format(error)) => Err(error),
        Err(ReadError::Io(error)) => panic!("the reader does not fail: {error}"),
    }
}

fn by_copy(path: &Path, width: AddressWidth) -> Verdict {
    let tensor = store::read_khq4(path, width).map_err(|error| error.error)?;
    Ok(Accepted::of(&tensor.view()))
}

fn by_map(path: &Path, width: AddressWidth) -> Verdict {
    let tensor = store::map_khq4(path, width).map_err(|error| error.error)?;
    assert_eq!(tensor.payload(), tensor.view().blocks.as_bytes());
    Ok(Accepted::of(&tensor.view()))
}

/// The one verdict of every way in (KHQ4-A2): slice, streams, copy and map.
#[track_caller]
fn verdict(bytes: &[u8], width: AddressWidth) -> Verdict {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tensor.q4");
    fs::write(&path, bytes).expect("a file");
    let slice = by_slice(bytes, width);
    assert_eq!(by_stream(&mut &*bytes, width), slice, "stream and slice");
    for interrupted in [false, true] {
        let mut reader = Slow { bytes, interrupted, calls: 0 };
        assert_eq!(by_stream(&mut reader, width), slice, "interrupted: {interrupted}");
    }
    assert_eq!(by_copy(&path, width), slice, "copy and slice");
    assert_eq!(by_map(&path, width), slice, "map and slice");
    slice
}

#[track_caller]
fn accepted(bytes: &[u8], width: AddressWidth) -> Accepted {
    match verdict(bytes, width) {
        Ok(accepted) => accepted,
        Err(error) => panic!("refused, {width:?}: {error}"),
    }
}

/// The refusal has this class and offset, and `words` (the field, what is expected of it) in it.
#[track_caller]
fn refused(bytes: &[u8], width: AddressWidth, class: Class, offset: u64, words: &[&str]) {
    match verdict(bytes, width) {
        Ok(accepted) => panic!("accepted, {width:?}: {accepted:?}"),
        Err(error) => says(&error, class, offset, words),
    }
}

#[track_caller]
fn says(error: &FormatError, class: Class, offset: u64, words: &[&str]) {
    assert_eq!((error.class, error.offset), (class, offset), "{error}");
    assert_eq!(error.to_string(), format!("{class} at byte {offset}: {}", error.detail));
    for word in words {
        assert!(error.detail.contains(word), "{:?} does not say {word:?}", error.detail);
    }
}

/// What `work` gives, which must be there long before a reader that waits or allocates for a
/// hostile number would have it.
#[track_caller]
fn at_once<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, outcome) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    outcome.recv_timeout(Duration::from_secs(20)).expect("an answer, and without waiting")
}

/// Every clause of SPEC.md has a test here, and every test here a clause.
#[test]
fn every_clause_has_a_test_that_is_named_after_it() {
    macro_rules! sources {
        ($($module:ident)*) => {
            [$((stringify!($module), include_str!(concat!(stringify!($module), ".rs")))),*]
        };
    }
    let sources = sources![
        access block decode directory encode fp4 ggml half header khf1 limits mlx packed payload
        product q40 q8 refusals rotation writing
    ];
    let clauses: BTreeSet<String> = SPEC
        .lines()
        .filter_map(|line| line.strip_prefix("### ")?.split_once(" · "))
        .map(|(id, _)| format!("{}_", id.to_lowercase().replace('-', "_")))
        // Stated in tests/parity, which counts its own.
        .filter(|id| !id.starts_with("e2e_"))
        .collect();
    // BLK 4, H 8, P 7, A 4, W 3, ERR 3, DEC 4, ENC 6 + 4 + 3 + 1 + 3 + 2 + 1 + 1 + 1, KHF1 7, F16 3,
    // DOT 6, ROT 9, GGML 3, Q40 3, Q8 3, 2 of each of Q50, Q51, Q4K, Q5K, Q6K, NL and XS, MX 3, NV 3, MLX 2, IDX 11.
    assert_eq!(clauses.len(), 122, "{clauses:?}");

    let mut without = clauses.clone();
    for (module, source) in sources {
        let declared = format!("\nmod {module};\n");
        assert!(include_str!("mod.rs").contains(&declared), "{module} is not compiled");
        assert!(!source.contains("#[ignore"), "{module} passes tests over");
        let lines: Vec<&str> = source.lines().collect();
        for pair in lines.windows(2).filter(|pair| pair[0] == "#[test]") {
            let name = pair[1].strip_prefix("fn ").expect("a test's name behind its attribute");
            let stated: Vec<_> = clauses.iter().filter(|id| name.starts_with(*id)).collect();
            let [clause] = stated[..] else { panic!("{name} is named after {stated:?}") };
            without.remove(clause);
        }
    }
    assert!(without.is_empty(), "no test is named after {without:?}");
}
