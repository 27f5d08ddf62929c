//! KHQ4-A: files and the ways into them.

use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use q4proof::format::khq4;
use q4proof::format::stream::read_up_to;
use q4proof::format::{AddressWidth, Class, FormatError, ReadError};
use q4proof::store;
use zerocopy::IntoBytes;

use super::{
    Accepted, BLOCK, TWO_32, WIDTHS, accepted, at_once, block, by_copy, by_map, example, file,
    file_of, refused, says, sound, verdict,
};

use AddressWidth::Bits64;

/// The one refusal of copy and map, neither of which waits for anything.
#[track_caller]
fn refused_path(path: &Path) -> FormatError {
    let path = path.to_owned();
    at_once(move || {
        let copied = store::read_khq4(&path, Bits64).expect_err("no tensor");
        let mapped = store::map_khq4(&path, Bits64).expect_err("no tensor");
        assert_eq!(copied.error, mapped.error);
        assert_eq!((&copied.path, &mapped.path), (&path, &path));
        assert!(copied.to_string().starts_with(&format!("{}: ", path.display())), "{copied}");
        copied.error
    })
}

#[cfg(unix)]
fn fifo(within: &Path) -> PathBuf {
    let path = within.join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
    assert!(made.success(), "{made}");
    path
}

#[cfg(unix)]
#[test]
fn khq4_a1_what_is_no_regular_file_is_refused_at_once() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().expect("a folder");
    let within = |name: &str| folder.path().join(name);
    let fifo = fifo(folder.path());
    symlink(&fifo, within("to-fifo")).expect("a link");
    symlink(folder.path(), within("to-folder")).expect("a link");
    symlink("/dev/zero", within("to-device")).expect("a link");
    for (path, kind) in [
        (folder.path().to_owned(), "a directory"),
        (within("to-folder"), "a directory"),
        (fifo, "a FIFO"),
        (within("to-fifo"), "a FIFO"),
        (PathBuf::from("/dev/null"), "device"),
        (PathBuf::from("/dev/zero"), "device"),
        (within("to-device"), "device"),
    ] {
        let error = refused_path(&path);
        says(&error, Class::NotAFile, 0, &[kind, "expected a regular file"]);
    }
}

#[cfg(unix)]
#[test]
fn khq4_a1_a_fifo_is_refused_whatever_its_writer_has_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = fifo(folder.path());
    // Both ends in one, so that neither waits for the other.
    let mut both = fs::OpenOptions::new().read(true).write(true).open(&path).expect("both ends");
    io::Write::write_all(&mut both, &example()).expect("room for 48 bytes");
    says(&refused_path(&path), Class::NotAFile, 0, &["a FIFO", "expected a regular file"]);
    let mut left = [0; 48];
    both.read_exact(&mut left).expect("nobody took them");
    assert_eq!(left[..], example());
}

#[cfg(unix)]
#[test]
fn khq4_a1_a_socket_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("socket");
    let _listening = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
    let error = refused_path(&path);
    assert!([Class::NotAFile, Class::Io].contains(&error.class), "{error}");
}

#[test]
fn khq4_a1_what_the_system_cannot_open_is_io() {
    let folder = tempfile::tempdir().expect("a folder");
    let within = |name: &str| folder.path().join(name);
    fs::write(within("file"), example()).expect("a file");
    // In our own words, which name what the link leads to.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nothing-here", within("dangling")).expect("a link");
        says(&refused_path(&within("dangling")), Class::Io, 0, &["a link to \"nothing-here\""]);
    }
    let mut paths = vec![within("missing"), within("missing/tensor.q4"), within("file/tensor.q4")];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("circle", within("circle")).expect("a link");
        paths.push(within("circle"));
    }
    for path in paths {
        // In the system's own words.
        let words = fs::read(&path).expect_err("cannot be read").to_string();
        says(&refused_path(&path), Class::Io, 0, &[&words]);
    }
}

#[cfg(unix)]
#[test]
fn khq4_a1_a_link_to_a_regular_file_is_followed() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().expect("a folder");
    let within = |name: &str| folder.path().join(name);
    fs::write(within("tensor.q4"), example()).expect("a file");
    symlink("tensor.q4", within("relative")).expect("a link");
    symlink(within("relative"), within("twice")).expect("a link");
    fs::hard_link(within("tensor.q4"), within("hard")).expect("a link");
    let expected = accepted(&example(), Bits64);
    for name in ["relative", "twice", "hard"] {
        assert_eq!(by_copy(&within(name), Bits64).as_ref(), Ok(&expected), "{name}");
        assert_eq!(by_map(&within(name), Bits64).as_ref(), Ok(&expected), "{name}");
    }
}

#[test]
fn khq4_a2_all_access_paths_agree() {
    // `verdict` compares slice, streams, copy and map, errors with their words included.
    let payload = [block(0x3044, 0x4500, 0x71), block(0x83ff, 0x8000, 0xf0)].concat();
    let mut files: Vec<Vec<u8>> = (0..=48).map(|len| example()[..len].to_vec()).collect();
    let accepted = [example(), file(&[3, 11], 33, &payload), file(&[0], 0, &[])];
    for bytes in &accepted {
        assert!(WIDTHS.iter().all(|&width| verdict(bytes, width).is_ok()));
    }
    files.extend(accepted);
    // The second block, which no value of a first page needs.
    let mut late = payload.clone();
    late[20..22].copy_from_slice(&[0, 0]);
    files.push(file(&[33], 33, &late));
    files.push(file_of(u32::MAX, &[3], 3, &BLOCK));
    files.push(file(&[1 << 34], 1 << 34, &BLOCK));
    files.push(file(&[TWO_32, TWO_32], 0, &[]));
    files.push(file(&[3], 3, &sound(300)));
    let refusals = files.iter().filter(|bytes| verdict(bytes, Bits64).is_err()).count();
    for bytes in &files {
        verdict(bytes, AddressWidth::Bits32).ok();
    }
    assert_eq!(refusals, 48 + 5, "the cuts of the example and five more");
}

#[test]
fn khq4_a2_a_map_scans_every_block_before_it_hands_on_any() {
    // 40000 blocks, about 200 pages; only the last one is wrong: 28 + 20 * 39999.
    let len = 40_000 * 32;
    let mut bytes = file(&[len], len, &sound(40_000));
    let path = tempfile::NamedTempFile::new().expect("a file").into_temp_path();
    fs::write(&path, &bytes).expect("written");
    assert!(store::map_khq4(&path, Bits64).is_ok());
    let last = bytes.len() - 20;
    bytes[last..last + 2].copy_from_slice(&[0x00, 0x7c]);
    fs::write(&path, &bytes).expect("written");
    let error = store::map_khq4(&path, Bits64).expect_err("an infinite scale");
    says(&error.error, Class::Scale, 800_008, &["block 39999 ", "expected finite"]);
}

#[test]
fn khq4_a2_a_buffer_states_its_length() {
    let folder = tempfile::tempdir().expect("a folder");
    for (shape, len, blocks) in [(&[3][..], 3, 1), (&[2, 40], 80, 3), (&[0], 0, 0)] {
        let path = folder.path().join("tensor.q4");
        fs::write(&path, file(shape, len, &sound(blocks))).expect("a file");
        let mapped = store::map_khq4(&path, Bits64).expect("lawful");
        assert_eq!(mapped.payload(), sound(blocks));
        assert_eq!(mapped.payload().len(), 20 * blocks);
        assert_eq!(mapped.view().blocks.as_bytes(), sound(blocks));
        let copied = store::read_khq4(&path, Bits64).expect("lawful");
        assert_eq!(copied.as_bytes(), file(shape, len, &sound(blocks)));
    }
}

#[test]
fn khq4_a2_an_empty_file_ends_inside_its_header() {
    for width in WIDTHS {
        refused(&[], width, Class::TruncatedHeader, 0, &["0 bytes"]);
    }
}

/// Hands out `head` and then zeros without end, always all that is asked, and counts it.
struct Endless {
    head: Vec<u8>,
    given: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for byte in &mut *buffer {
            *byte = self.head.get(self.given).copied().unwrap_or(0);
            self.given += 1;
        }
        Ok(buffer.len())
    }
}

#[test]
fn khq4_a2_a_stream_is_read_no_further_than_decides() {
    let mut magic = example();
    magic[0] = b'X';
    let mut version = example();
    version[4] = 3;
    for (bytes, class, most) in [
        // One byte behind the file's 48 shows that it goes on.
        (example(), Class::TrailingBytes, 49),
        (file(&[33], 33, &sound(2)), Class::TrailingBytes, 69),
        (file(&[0], 0, &[]), Class::TrailingBytes, 29),
        // The prefix of 12 bytes and the header of 20 + 8 ndim.
        (magic, Class::Magic, 12),
        (version, Class::Version, 12),
        (file(&[4], 3, &BLOCK), Class::ShapeMismatch, 28),
        (file(&[TWO_32, TWO_32], 0, &[]), Class::Overflow, 36),
    ] {
        at_once(move || {
            let mut reader = Endless { head: bytes, given: 0 };
            match khq4::read(&mut reader, Bits64) {
                Err(ReadError::Format(error)) => assert_eq!(error.class, class, "{error}"),
                other => panic!("{other:?}, expected {class}"),
            }
            assert!(reader.given <= most, "{class}: {} bytes, {most} decide", reader.given);
        });
    }
}

/// Hands out `bytes`, one at a time, fails then, and ends when it is asked again.
struct Failing<'a> {
    bytes: &'a [u8],
    failures: usize,
}

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.bytes.is_empty() && self.failures > 0 {
            return Ok(0);
        }
        if self.bytes.is_empty() {
            self.failures += 1;
            return Err(io::Error::new(ErrorKind::ConnectionReset, "the wire was cut"));
        }
        let count = buffer.len().min(1);
        self.bytes.read(&mut buffer[..count])
    }
}

#[test]
fn khq4_a2_a_reader_that_fails_is_no_file_that_ends() {
    // Up to the 48th byte, behind which only the end may come: it was not seen.
    for len in 0..=48 {
        let mut reader = Failing { bytes: &example()[..len], failures: 0 };
        match khq4::read(&mut reader, Bits64) {
            Err(ReadError::Io(error)) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "after {len} bytes");
                assert_eq!(error.to_string(), "the wire was cut");
            }
            other => panic!("{other:?} after {len} bytes"),
        }
        assert_eq!(reader.failures, 1, "it is not asked again");
    }
    // What is decided before the failure stays decided.
    let mut magic = example();
    magic[3] = b'5';
    let mut reader = Failing { bytes: &magic[..12], failures: 0 };
    let Err(ReadError::Format(error)) = khq4::read(&mut reader, Bits64) else { panic!("no class") };
    assert_eq!((error.class, reader.failures), (Class::Magic, 0));
}

#[test]
fn khq4_a3_a_huge_claim_in_a_small_file_is_refused_at_once() {
    // 2^34 values are 64 GiB in f32; 3435973837 blocks are 68719476740 bytes, 64 GiB and 4 bytes.
    let values = 1 << 34;
    let blocks = 3_435_973_837 * 32;
    for (bytes, class, words) in [
        (file(&[values], values, &BLOCK), Class::TruncatedPayload, "17179869184 values"),
        (file(&[blocks], blocks, &BLOCK), Class::TruncatedPayload, "68719476768 bytes"),
        (file_of(u32::MAX, &[3], 3, &BLOCK), Class::Dimensions, "34359738372"),
    ] {
        at_once(move || {
            let offset = if class == Class::Dimensions { 8 } else { 48 };
            refused(&bytes, Bits64, class, offset, &[words]);

            // A stream grows with what has come: no piece asked of it exceeds what is justified.
            struct Asked<'a>(&'a [u8], usize);
            impl Read for Asked<'_> {
                fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                    self.1 = self.1.max(buffer.len());
                    self.0.read(buffer)
                }
            }
            let mut reader = Asked(&bytes, 0);
            assert!(khq4::read(&mut reader, Bits64).is_err());
            assert!(reader.1 <= (64 << 10) + 4 * bytes.len(), "{} bytes at a time", reader.1);
        });
    }
}

#[test]
fn khq4_a4_a_copy_does_not_change_with_its_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tensor.q4");
    fs::write(&path, example()).expect("a file");
    let copied = store::read_khq4(&path, Bits64).expect("lawful");
    fs::write(&path, [0xff; 48]).expect("overwritten");
    fs::OpenOptions::new().write(true).open(&path).and_then(|file| file.set_len(0)).expect("cut");
    assert_eq!(Accepted::of(&copied.view()), accepted(&example(), Bits64));
    assert_eq!(copied.as_bytes(), example());
}

#[test]
fn khq4_a4_the_map_says_where_its_limit_is() {
    let source = include_str!("../../../src/store/map.rs");
    let documented = source
        .lines()
        .filter_map(|line| line.strip_prefix("/// "))
        .any(|line| line.contains("KHQ4-A4"));
    assert!(documented, "the documentation of the map does not name the clause");
}

#[test]
fn khq4_a3_a_stream_is_read_no_further_than_asked() {
    // More than one piece of the reader's own, behind bytes that are there already.
    let bytes: Vec<u8> = (0..20_000u32).map(|at| at as u8).collect();
    for limit in [0, 1, 4096, 4097, 10_000, 19_999] {
        let mut reader = &bytes[..];
        let mut buffer = vec![7; 12];
        let arrived = read_up_to(&mut reader, &mut buffer, limit as u64).expect("no failure");
        assert_eq!((arrived, reader.len()), (limit as u64, 20_000 - limit));
        assert_eq!((&buffer[..12], &buffer[12..]), (&[7; 12][..], &bytes[..limit]));
    }
    let (mut reader, mut buffer) = (&bytes[..100], Vec::new());
    assert_eq!(read_up_to(&mut reader, &mut buffer, 10_000).expect("no failure"), 100);
    assert_eq!(buffer, bytes[..100]);
}
