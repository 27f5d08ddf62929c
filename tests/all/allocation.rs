//! KHQ4-A3: loading allocates no more than the file's length justifies.

use std::fs;

use q4proof::format::khq4::Header;
use q4proof::format::{AddressWidth, Class};
use q4proof::fuzz::meter;
use q4proof::store;
use q4proof::suite::expected::file_bytes;
use q4proof::suite::operation::FormatId;
use q4proof::suite::question::Load;
use q4proof::suite::{Lawful, Question};

const WIDE: AddressWidth = AddressWidth::Bits64;

#[global_allocator]
static ALLOCATOR: meter::Counting = meter::Counting;

/// The most that `work` has allocated at one time, in bytes.
fn peak(work: impl FnOnce()) -> isize {
    meter::peak(work).1 as isize
}

#[test]
fn the_counter_counts() {
    assert!(meter::is_counting());
    let bytes = peak(|| drop(std::hint::black_box(vec![1u8; 1 << 20])));
    assert!((1 << 20..(1 << 20) + 4096).contains(&bytes), "{bytes}");
}

#[test]
fn no_refusal_allocates_more_than_its_file_justifies() {
    let suite = crate::embedded();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tensor.q4");
    let mut measured = 0;
    for case in suite.cases() {
        let (Question::Load(Load { format, address_width, expected_shape, .. }), Lawful::Refuse(_)) =
            (&case.question, &case.expect)
        else {
            continue;
        };
        if *format != FormatId::KHQ4 {
            continue;
        }
        let expect = |header: &Header| {
            expected_shape.as_ref().map_or(Ok(()), |shape| header.expect_shape(shape))
        };
        let control = suite.control(case).map(|control| &control.question);
        let Some(bytes) = file_bytes(&case.question, control).unwrap() else { continue };
        fs::write(&path, &bytes).unwrap();
        let width = match address_width {
            Some(32) => AddressWidth::Bits32,
            _ => AddressWidth::Bits64,
        };
        let limit = (64 << 10) + 4 * bytes.len() as isize;
        let copied = peak(|| {
            let read = store::read_khq4(&path, width);
            assert!(read.map_or(true, |tensor| expect(tensor.header()).is_err()), "{}", case.id);
        });
        let mapped = peak(|| {
            let map = store::map_khq4(&path, width);
            assert!(map.map_or(true, |tensor| expect(tensor.header()).is_err()), "{}", case.id);
        });
        assert!(copied <= limit, "{}: {copied} bytes by copy, {limit} are justified", case.id);
        assert!(mapped <= limit, "{}: {mapped} bytes by map, {limit} are justified", case.id);
        measured += 1;
    }
    assert!(measured >= 200, "only {measured} refusals were measured");
}

#[test]
fn a_long_shape_is_not_spelt_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.q4");
    let mut shape = vec![u64::MAX; 1 << 17];
    shape[0] = 0;
    let header = Header { shape, original_len: 0 };
    let bytes = header.to_bytes();
    fs::write(&path, &bytes).unwrap();
    let limit = (64 << 10) + 4 * bytes.len() as isize;
    let copied = peak(|| {
        let tensor = store::read_khq4(&path, AddressWidth::Bits64).unwrap();
        let error = tensor.header().expect_shape(&[1]).unwrap_err();
        assert!(error.to_string().len() < 1000, "{error}");
    });
    assert!(copied <= limit, "{copied} bytes for a file of {}", bytes.len());
}

#[test]
fn a_large_file_is_read_within_four_times_its_length() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.q4");
    let header = Header { shape: vec![1 << 20], original_len: 1 << 20 };
    let mut bytes = header.to_bytes();
    bytes.extend(
        [0x00, 0x3c, 0, 0]
            .into_iter()
            .chain([0x21; 16])
            .cycle()
            .take(header.payload_len() as usize),
    );
    fs::write(&path, &bytes).unwrap();
    let limit = (64 << 10) + 4 * bytes.len() as isize;
    let copied = peak(|| assert!(store::read_khq4(&path, AddressWidth::Bits64).is_ok()));
    assert!(copied <= limit, "{copied} bytes for a file of {}", bytes.len());
    let mapped = peak(|| assert!(store::map_khq4(&path, AddressWidth::Bits64).is_ok()));
    assert!(mapped <= 64 << 10, "{mapped} bytes for a map");
}

/// A loader that gets no memory says so, with the class `io`; it does not end the process.
#[test]
fn a_loader_that_gets_no_memory_refuses() {
    const LEAST: usize = 512;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("starved.q4");
    let mut shape = vec![1; 1000];
    shape[0] = 4000;
    let header = Header { shape, original_len: 4000 };
    let block = [&[0x00, 0x3c, 0, 0][..], &[0x21; 16]].concat();
    let payload = block.repeat(header.block_count() as usize);
    fs::write(&path, [header.to_bytes(), payload].concat()).unwrap();

    let load = |name: &str| match name {
        "copy" => store::read_khq4(&path, WIDE).map(drop).map_err(|error| error.error.class),
        _ => store::map_khq4(&path, WIDE).map(drop).map_err(|error| error.error.class),
    };
    for name in ["copy", "map"] {
        let mut refusals = 0;
        for granted in 0.. {
            let (loaded, refused) = meter::starved(LEAST, granted, || load(name));
            if refused == 0 {
                assert_eq!(loaded, Ok(()), "{name} with all its memory");
                break;
            }
            assert_eq!(loaded, Err(Class::Io), "{name} with {granted} allocations");
            refusals += 1;
        }
        assert!(refusals > 0, "{name} was never short of memory");
    }
}
