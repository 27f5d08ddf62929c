//! KHF1: tensors of f16.

use std::fs;
use std::io::Read;
use std::path::Path;

use half::f16;
use q4proof::format::AddressWidth::{self, Bits32, Bits64};
use q4proof::format::khf1::{self, Header};
use q4proof::format::{Class, FormatError, ReadError};
use q4proof::store;
use zerocopy::IntoBytes;

use super::{Slow, TWO_32, WIDTHS, at_once, says};

/// 1, -2 and the least subnormal.
const THREE: [u16; 3] = [0x3c00, 0xc000, 0x0001];

/// Shape and bits of the values, or the refusal.
type Verdict = Result<(Vec<u64>, Vec<u16>), FormatError>;

/// The bytes of a file by the table of section 10, lawful or not.
fn file(shape: &[u64], numel: u64, values: &[u16]) -> Vec<u8> {
    let mut bytes = b"KHF1\x01\0\0\0".to_vec();
    bytes.extend((shape.len() as u32).to_le_bytes());
    bytes.extend(shape.iter().chain([&numel]).flat_map(|size| size.to_le_bytes()));
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

fn seen(view: &khf1::View<'_>) -> (Vec<u64>, Vec<u16>) {
    let values = view.values().into_iter().map(f16::to_bits).collect();
    (view.header.shape.clone(), values)
}

fn by_stream(reader: &mut impl Read, width: AddressWidth) -> Verdict {
    match khf1::read(reader, width) {
        Ok(tensor) => Ok(seen(&tensor.view())),
        Err(ReadError::Format(error)) => Err(error),
        Err(ReadError::Io(error)) => panic!("the reader does not fail: {error}"),
    }
}

/// The one verdict of every way in (KHQ4-A2): slice, streams, copy and map.
#[track_caller]
fn verdict(bytes: &[u8], width: AddressWidth) -> Verdict {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tensor.f16");
    fs::write(&path, bytes).expect("a file");
    let slice = khf1::parse(bytes, width).map(|view| seen(&view));
    assert_eq!(by_stream(&mut &*bytes, width), slice, "stream and slice");
    for interrupted in [false, true] {
        let mut reader = Slow { bytes, interrupted, calls: 0 };
        assert_eq!(by_stream(&mut reader, width), slice, "interrupted: {interrupted}");
    }
    let copied = store::read_khf1(&path, width).map(|tensor| {
        assert_eq!(tensor.as_bytes(), bytes);
        assert_eq!(tensor.header(), &tensor.view().header);
        seen(&tensor.view())
    });
    assert_eq!(copied.map_err(|error| error.error), slice, "copy and slice");
    let mapped = store::map_khf1(&path, width).map(|tensor| {
        assert_eq!(tensor.payload(), tensor.view().payload.as_bytes());
        assert_eq!(tensor.header(), &tensor.view().header);
        seen(&tensor.view())
    });
    assert_eq!(mapped.map_err(|error| error.error), slice, "map and slice");
    slice
}

#[track_caller]
fn accepted(bytes: &[u8], width: AddressWidth) -> (Vec<u64>, Vec<u16>) {
    verdict(bytes, width).unwrap_or_else(|error| panic!("refused, {width:?}: {error}"))
}

#[track_caller]
fn refused(bytes: &[u8], width: AddressWidth, class: Class, offset: u64, words: &[&str]) {
    match verdict(bytes, width) {
        Ok(_) => panic!("accepted, {width:?}: {bytes:02x?}"),
        Err(error) => says(&error, class, offset, words),
    }
}

#[test]
fn khf1_h1_magic_and_version_are_those_of_the_format() {
    for width in WIDTHS {
        let sound = file(&[3], 3, &THREE);
        assert_eq!(accepted(&sound, width), (vec![3], THREE.to_vec()));
        for magic in [b"KHQ4", b"1FHK", b"KHF2"] {
            let bytes = [magic, &sound[4..]].concat();
            refused(&bytes, width, Class::Magic, 0, &["magic is", "expected \"KHF1\""]);
        }
        // No version is retired here, 2 is that of the other format.
        for version in [0u32, 2, 3, 0x0100_0000] {
            let bytes = [&sound[..4], &version.to_le_bytes(), &sound[8..]].concat();
            let words = [&format!("version is {version}"), "expected 1"];
            refused(&bytes, width, Class::Version, 4, &words.map(|word| word as &str));
        }
    }
}

#[test]
fn khf1_h2_the_header_is_that_of_khq4() {
    for width in WIDTHS {
        // 12 + 8 + 8 = 28 bytes of header; its table ends at 20.
        let sound = file(&[3], 3, &THREE);
        for len in 0..12 {
            let words = ["the file ends after", &len.to_string()];
            refused(&sound[..len], width, Class::TruncatedHeader, len as u64, &words);
        }
        for len in [12, 19] {
            refused(&sound[..len], width, Class::Dimensions, 8, &["its table ends at 20"]);
        }
        refused(&sound[..20], width, Class::TruncatedHeader, 20, &["the header takes 28 bytes"]);
        refused(&sound[..27], width, Class::TruncatedHeader, 27, &["the header takes 28 bytes"]);
        let claims = [&sound[..8], &9u32.to_le_bytes(), &sound[12..]].concat();
        refused(&claims, width, Class::Dimensions, 8, &["its table ends at 84, the file has 34"]);

        let words = ["numel is 4", "holds 3"];
        refused(&file(&[3], 4, &THREE), width, Class::ShapeMismatch, 20, &words);
        refused(&file(&[], 0, &[]), width, Class::ShapeMismatch, 12, &["numel is 0", "holds 1"]);
        assert_eq!(accepted(&file(&[], 1, &THREE[..1]), width), (vec![], vec![0x3c00]));
        assert_eq!(accepted(&file(&[0], 0, &[]), width), (vec![0], vec![]));
        assert_eq!(accepted(&file(&[3, 1], 3, &THREE), width).0, [3, 1]);
        let overflows = file(&[TWO_32, TWO_32], 0, &[]);
        let at = if width == Bits64 { 20 } else { 12 };
        refused(&overflows, width, Class::Overflow, at, &["overflow", "shape"]);
    }
    let header = Header::for_shape(&[2, 3], Bits64).expect("6 values");
    assert_eq!((header.shape.clone(), header.numel), (vec![2, 3], 6));
    assert_eq!(header.payload_offset(), 12 + 16 + 8);
    assert_eq!(Header::for_shape(&[TWO_32], Bits32).unwrap_err().class, Class::Overflow);
}

#[test]
fn khf1_h3_two_bytes_a_value_do_not_wrap() {
    // 2 (2^63 + k) is 2 k in 64 bits: k values would pass for all of them.
    for (count, values) in [(0, &THREE[..0]), (1, &THREE[..1]), (3, &THREE[..])] {
        let numel = (1u64 << 63) + count;
        let words = [&format!("numel is {numel}")[..], "2 numel overflows"];
        refused(&file(&[numel], numel, values), Bits64, Class::Overflow, 20, &words);
        let numel = (1u64 << 31) + count;
        let words = [&format!("numel is {numel}")[..], "2 numel overflows"];
        refused(&file(&[numel], numel, values), Bits32, Class::Overflow, 20, &words);
        let class = Class::TruncatedPayload;
        let at = 28 + 2 * count;
        refused(&file(&[numel], numel, values), Bits64, class, at, &["values take 42949"]);
    }
    // Below, only the length of the file refuses it; the end of the payload would leave 64 bits.
    for numel in [1u64 << 62, (1 << 63) - 1] {
        let words = [&(2 * numel).to_string()[..], "6 are there"];
        refused(&file(&[numel], numel, &THREE), Bits64, Class::TruncatedPayload, 34, &words);
    }
    let narrow = TWO_32 / 2 - 1;
    let class = Class::TruncatedPayload;
    refused(&file(&[narrow], narrow, &[]), Bits32, class, 28, &["4294967294 bytes"]);
    refused(&file(&[TWO_32], TWO_32, &[]), Bits32, Class::Overflow, 12, &["shape[0]"]);
    let named = ["numel is 4294967296: it overflows an address"];
    refused(&file(&[1], TWO_32, &THREE[..1]), Bits32, Class::Overflow, 20, &named);

    let header = |numel| Header { shape: vec![numel], numel };
    assert_eq!(header((1 << 63) - 1).payload_len(Bits64), Ok(u64::MAX - 1));
    assert_eq!(header(1 << 63).payload_len(Bits64).unwrap_err().class, Class::Overflow);
    assert_eq!(header(TWO_32 / 2).payload_len(Bits64), Ok(TWO_32));
    assert_eq!(header(TWO_32 / 2).payload_len(Bits32).unwrap_err().offset, 20);
}

#[test]
fn khf1_p1_the_payload_is_two_bytes_a_value() {
    for width in WIDTHS {
        let whole = file(&[3], 3, &THREE);
        for len in 28..34 {
            let words = ["3 values take 6 bytes", &format!("{} are there", len - 28)];
            refused(&whole[..len], width, Class::TruncatedPayload, len as u64, &words);
        }
        for extra in [&[0][..], &[0, 0], &whole] {
            let bytes = [&whole[..], extra].concat();
            refused(&bytes, width, Class::TrailingBytes, 34, &["payload ends at 34"]);
        }
        refused(&file(&[2, 0], 0, &THREE[..1]), width, Class::TrailingBytes, 36, &["36"]);
    }
}

/// Every f16 there is: the finite ones come back with their bits, the others are refused.
#[test]
fn khf1_p2_every_value_keeps_its_bits_or_is_refused() {
    let (finite, others): (Vec<u16>, Vec<u16>) =
        (0..=u16::MAX).partition(|bits| bits & 0x7c00 != 0x7c00);
    assert_eq!((finite.len(), others.len()), (63488, 2048));
    let count = finite.len() as u64;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tensor.f16");
    let header = Header { shape: vec![count], numel: count };
    let values: Vec<f16> = finite.iter().copied().map(f16::from_bits).collect();
    store::write_khf1(&path, &header, &values).expect("every value is finite");
    assert_eq!(fs::read(&path).expect("a file"), file(&[count], count, &finite));
    for width in WIDTHS {
        let read = store::read_khf1(&path, width).expect("every value is finite");
        assert_eq!(seen(&read.view()), (vec![count], finite.clone()));
    }
    let mapped = store::map_khf1(&path, Bits64).expect("every value is finite");
    assert_eq!(seen(&mapped.view()), (vec![count], finite));

    for bits in others {
        let error = khf1::parse(&file(&[1], 1, &[bits]), Bits64).expect_err("not finite");
        let words = ["value 0 is", "expected finite"];
        says(&error, Class::Value, 28, &words);
    }
    // The first one at fault, wherever it stands.
    for place in 0..3 {
        let mut values = THREE;
        values[place..].fill(0x7c00);
        let (at, name) = (28 + 2 * place as u64, format!("value {place} is inf"));
        refused(&file(&[3], 3, &values), Bits64, Class::Value, at, &[&name]);
    }
}

#[test]
fn khf1_p3_the_shape_is_the_one_that_the_caller_requires() {
    let header = Header { shape: vec![2, 3], numel: 6 };
    assert_eq!(header.expect_shape(&[2, 3]), Ok(()));
    for other in [&[6][..], &[3, 2], &[2, 3, 1], &[2], &[]] {
        let error = header.expect_shape(other).expect_err("another shape");
        let words = ["shape is [2, 3]", &format!("the caller requires {other:?}")];
        says(&error, Class::ExpectedShape, 12, &words);
    }
}

#[test]
fn khf1_a1_files_are_read_and_written_as_those_of_khq4() {
    let folder = tempfile::tempdir().expect("a folder");
    let class = |path: &Path| {
        let path = path.to_owned();
        at_once(move || {
            let copied = store::read_khf1(&path, Bits64).expect_err("no file").error.class;
            let mapped = store::map_khf1(&path, Bits64).expect_err("no file").error.class;
            assert_eq!(copied, mapped);
            copied
        })
    };
    assert_eq!(class(folder.path()), Class::NotAFile);
    assert_eq!(class(Path::new("/dev/null")), Class::NotAFile);
    assert_eq!(class(&folder.path().join("missing")), Class::Io);

    // What no reader would take is not written, and the old file stays.
    let path = folder.path().join("tensor.f16");
    let values: Vec<f16> = THREE.into_iter().map(f16::from_bits).collect();
    let header = Header { shape: vec![3], numel: 3 };
    store::write_khf1(&path, &header, &values).expect("three values");
    let old = fs::read(&path).expect("a file");
    assert_eq!(old, file(&[3], 3, &THREE));
    let wrong = Header { shape: vec![3], numel: 4 };
    for (header, values, class) in [
        (&wrong, &values[..], Class::ShapeMismatch),
        (&header, &values[..2], Class::TruncatedPayload),
        (&header, &[&values[..], &values].concat(), Class::TrailingBytes),
        (&header, &[values[0], f16::NAN, values[1]], Class::Value),
    ] {
        let error = store::write_khf1(&path, header, values).expect_err("no reader takes it");
        assert_eq!((error.path.as_path(), error.error.class), (path.as_path(), class));
    }
    assert_eq!(fs::read(&path).expect("a file"), old);
    let left = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 1, "nothing is left beside it");
}
