//! KHQ4-W: writing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use q4proof::format::khq4::{self, Header};
use q4proof::format::{AddressWidth, Class};
use q4proof::store;
use q4proof::subject::{Implementation, Reference, Response};
use q4proof::suite::FormatId;
use q4proof::suite::question::{Save, Tensor};

use super::{BLOCK, accepted, block, example, file, hex, says, sound};

fn header(shape: &[u64], original_len: u64) -> Header {
    Header { shape: shape.to_vec(), original_len }
}

/// Every name in a folder, and the bytes of what is a file.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.clone(), fs::read(path).ok()))
        .collect()
}

#[test]
fn khq4_w1_a_writer_writes_header_and_payload_and_nothing_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tensor.q4");
    // Padding other than zero, a bias of -0, a negative scale: each byte as it was given.
    let odd = [block(0x83ff, 0x8000, 0x9c), block(0x0001, 0xfbff, 0xe7)].concat();
    for (shape, len, payload, expected) in [
        (&[3][..], 3, BLOCK.to_vec(), example()),
        (
            &[],
            1,
            BLOCK.to_vec(),
            [hex("4b485134 02000000 00000000 0100000000000000"), BLOCK.to_vec()].concat(),
        ),
        (&[0], 0, vec![], hex("4b485134 02000000 01000000 0000000000000000 0000000000000000")),
        (
            &[3, 11],
            33,
            odd.clone(),
            [
                hex(
                    "4b485134 02000000 02000000 0300000000000000 0b00000000000000 2100000000000000",
                ),
                odd,
            ]
            .concat(),
        ),
    ] {
        let header = header(shape, len);
        assert_eq!(khq4::to_bytes(&header, &payload).as_ref(), Ok(&expected));
        store::write_khq4(&path, &header, &payload).expect("lawful");
        assert_eq!(contents(folder.path()), [(path.clone(), Some(expected.clone()))].into());
        assert_eq!(accepted(&expected, AddressWidth::Bits64).payload, payload);
    }
}

#[test]
fn khq4_w1_an_older_and_longer_file_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tensor.q4");
    fs::write(&path, [7; 500]).expect("a file");
    store::write_khq4(&path, &header(&[3], 3), &BLOCK).expect("lawful");
    assert_eq!(fs::read(&path).expect("written"), example());
}

/// What no reader would take: header and payload, with the class and offset of the refusal and a
/// word that it says.
fn unlawful() -> Vec<(Header, Vec<u8>, Class, u64, &'static str)> {
    vec![
        (header(&[4], 3), sound(1), Class::ShapeMismatch, 20, "holds 4"),
        (header(&[], 2), sound(1), Class::ShapeMismatch, 12, "holds 1"),
        (header(&[1 << 32, 1 << 32], 0), vec![], Class::Overflow, 20, "shape[1]"),
        // KHQ4-H6, `fold-left`.
        (header(&[1 << 33, 1 << 33, 0], 0), vec![], Class::Overflow, 20, "shape[1]"),
        (header(&[33], 33), sound(1), Class::TruncatedPayload, 48, "68 bytes"),
        (
            header(&[u64::MAX], u64::MAX),
            vec![],
            Class::TruncatedPayload,
            28,
            "18446744073709551615",
        ),
        (header(&[32], 32), sound(2), Class::TrailingBytes, 48, "48"),
        (header(&[0], 0), sound(1), Class::TrailingBytes, 28, "28"),
        (header(&[3], 3), block(0x0000, 0, 0), Class::Scale, 28, "not zero"),
        (header(&[3], 3), block(0x8000, 0, 0), Class::Scale, 28, "not zero"),
        (header(&[3], 3), block(0x7c00, 0, 0), Class::Scale, 28, "finite"),
        (header(&[3], 3), block(0xfe00, 0, 0), Class::Scale, 28, "finite"),
        (
            header(&[33], 33),
            [sound(1), block(0x3c00, 0x7e00, 0)].concat(),
            Class::Bias,
            50,
            "finite",
        ),
        (header(&[3], 3), block(0x3c00, 0xfc00, 0), Class::Bias, 30, "finite"),
    ]
}

#[test]
fn khq4_w2_a_writer_refuses_what_a_reader_would() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tensor.q4");
    for (header, payload, class, offset, word) in unlawful() {
        let error = khq4::to_bytes(&header, &payload).expect_err("unlawful");
        says(&error, class, offset, &[word]);
        let error = store::write_khq4(&path, &header, &payload).expect_err("unlawful");
        says(&error.error, class, offset, &[word]);
        assert_eq!(error.path, path);
        // And the reader does refuse it so.
        super::refused(
            &file(&header.shape, header.original_len, &payload),
            AddressWidth::Bits64,
            class,
            offset,
            &[word],
        );
    }
    assert_eq!(contents(folder.path()), BTreeMap::new());
    // KHQ4-P6, `signed-scale`, and a zero that ends the fold: the reader takes them.
    store::write_khq4(&path, &header(&[3], 3), &block(0xbc00, 0, 0)).expect("lawful");
    store::write_khq4(&path, &header(&[0, 1 << 33, 1 << 33], 0), &[]).expect("lawful");
}

#[test]
fn khq4_w2_a_payload_that_is_not_whole_blocks_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tensor.q4");
    // 64 values take 40 bytes, 3 take 20.
    for (len, payload, class) in [
        (64, &sound(2)[..39], Class::TruncatedPayload),
        (3, &sound(1)[..19], Class::TruncatedPayload),
        (3, &sound(2)[..21], Class::TrailingBytes),
        (3, &sound(3)[..59], Class::TrailingBytes),
    ] {
        let question = Save {
            format: FormatId::KHQ4,
            path: path.to_str().expect("a path in UTF-8").to_owned(),
            tensors: vec![Tensor::of_blocks(&[len], len, payload.to_vec())],
        };
        let answer = Reference.save(&question, None);
        let Response::Refused(refusal) = answer else { panic!("{len}: {answer:?}") };
        let bytes = payload.len();
        assert_eq!(refusal.class, Some(class), "{bytes} for {len} values: {}", refusal.message);
        assert_eq!(contents(folder.path()), BTreeMap::new());
    }
}

#[test]
fn khq4_w3_a_refused_save_leaves_the_target_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let old = folder.path().join("old.q4");
    fs::write(&old, b"old bytes").expect("a file");
    let before = contents(folder.path());
    for (header, payload, ..) in unlawful() {
        for name in ["old.q4", "new.q4"] {
            let path = folder.path().join(name);
            let saved = store::write_khq4(&path, &header, &payload);
            assert!(saved.is_err(), "{header:?}");
            assert_eq!(contents(folder.path()), before, "{header:?} to {name}");
        }
    }
}

#[test]
fn khq4_w3_a_failed_save_leaves_the_folder_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let within = |name: &str| folder.path().join(name);
    fs::write(within("file"), b"old bytes").expect("a file");
    fs::create_dir(within("directory")).expect("a folder");
    fs::write(within("directory/kept"), b"kept").expect("a file");
    let before = (contents(folder.path()), contents(&within("directory")));
    let mut paths = vec![
        within("missing/tensor.q4"),
        within("file/tensor.q4"),
        // Known only when the new file is to take the name: it is a directory's, or too long.
        within("directory"),
        within(&"x".repeat(256)),
    ];
    let locked = within("locked");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::create_dir(&locked).expect("a folder");
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o500)).expect("read-only");
        // Whoever may write there all the same learns nothing from it.
        let probe = locked.join("probe");
        match fs::write(&probe, b"") {
            Err(_) => paths.push(locked.join("tensor.q4")),
            Ok(()) => fs::remove_file(&probe).expect("just written"),
        }
    }
    for path in paths {
        let error =
            store::write_khq4(&path, &header(&[3], 3), &BLOCK).expect_err("no file can be there");
        assert_eq!(error.error.class, Class::Io, "{error}");
        assert_eq!(error.path, path);
        let mut after = contents(folder.path());
        if after.remove(&locked).is_some() {
            assert_eq!(contents(&locked), BTreeMap::new());
        }
        assert_eq!((after, contents(&within("directory"))), before, "{}", path.display());
        assert!(store::write_atomically(&path, b"bytes").is_err());
    }
}

#[test]
fn khq4_w3_a_reader_of_the_old_file_keeps_it() {
    // Written aside and renamed: who has the old file open, or mapped, still sees all of it.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tensor.q4");
    fs::write(&path, example()).expect("a file");
    let mut open = fs::File::open(&path).expect("there");
    let mapped = store::map_khq4(&path, AddressWidth::Bits64).expect("lawful");
    store::write_khq4(&path, &header(&[0], 0), &[]).expect("lawful");
    assert_eq!(mapped.payload(), BLOCK);
    let mut old = Vec::new();
    std::io::Read::read_to_end(&mut open, &mut old).expect("readable");
    assert_eq!(old, example());
    assert_eq!(fs::read(&path).expect("there"), file(&[0], 0, &[]));
    assert_eq!(contents(folder.path()).len(), 1);
}

#[test]
fn khq4_w3_a_bare_name_is_in_the_current_folder() {
    let path = Path::new("bare-name-of-a-test.q4");
    let written = store::write_khq4(path, &header(&[1], 1), &BLOCK);
    let found = fs::read(path);
    let removed = fs::remove_file(path);
    written.expect("lawful");
    removed.expect("there");
    assert_eq!(found.expect("there"), file(&[1], 1, &BLOCK));
}
