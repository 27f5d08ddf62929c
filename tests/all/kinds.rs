//! Files of another kind than a reader expects: what they are called, and what can be done about them.

use std::fs;

use q4proof::codec::Mode;
use q4proof::convert::{Dtype, Unwatched, decode_file, encode_raw};
use q4proof::format::kind::{Expected, FileKind};

const SAFETENSORS: &[u8] = b"\x02\0\0\0\0\0\0\0{}";

#[test]
fn what_may_be_anything_is_of_no_kind() {
    for bytes in [
        &b"KHQ"[..],
        b"\0",
        b"{}",
        b"[1,2]",
        b"version https://example.org/",
        b"<svg>",
        b"PK",
        b"\x80\x06",
        b"\x02\0\0\0\0\0\0\0[]",
        b"\x01\0\0\0\0\0\0\0{",
        b"\x01\xe1\xf5\x05\0\0\0\0{}",
    ] {
        assert_eq!(FileKind::of(bytes), None, "{bytes:?}");
    }
}

#[test]
fn a_kind_is_known_by_its_first_bytes() {
    for (bytes, kind) in [
        (&b""[..], FileKind::Empty),
        (b"version https://git-lfs.github.com/spec/v1\n", FileKind::LfsPointer),
        (b"<!DOCTYPE html>", FileKind::Html),
        (b"\n <HTML>", FileKind::Html),
        (b"GGUF", FileKind::Gguf),
        (SAFETENSORS, FileKind::Safetensors),
        (b"\0\xe1\xf5\x05\0\0\0\0{}", FileKind::Safetensors),
        (b"PK\x03\x04", FileKind::Zip),
        (b"PK\x05\x06", FileKind::Zip),
        (b"\x80\x02}", FileKind::Pickle),
        (b"\x80\x05", FileKind::Pickle),
        (b"\x1f\x8b\x08", FileKind::Gzip),
        (b"\xef\xbb\xbf{}", FileKind::ByteOrderMark),
        (b"\xff\xfe{\0", FileKind::ByteOrderMark),
        (b"\xfe\xff\0{", FileKind::ByteOrderMark),
        (b"KHQ4", FileKind::Khq4),
        (b"KHF1", FileKind::Khf1),
    ] {
        assert_eq!(FileKind::of(bytes), Some(kind), "{bytes:?}");
    }
}

#[test]
fn another_kind_is_named_with_what_can_be_done() {
    let tensor = "expected a .q4 or .f16 file";
    let torch = "torch.save may have written it: load it with torch, and write it with \
                 safetensors.torch.save_file";
    for (bytes, words) in [
        (&b""[..], format!("is empty, {tensor}")),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            format!("is a Git LFS pointer, {tensor}: `git lfs pull` fetches the file itself"),
        ),
        (
            b"<html>",
            format!(
                "is an HTML page, {tensor}: it may be the error page or login page of a server"
            ),
        ),
        (b"GGUF", format!("is a GGUF file, {tensor}")),
        (
            SAFETENSORS,
            format!("is a safetensors file, {tensor}: `q4proof encode` makes them of it"),
        ),
        (b"PK\x03\x04", format!("is a zip archive, {tensor}: {torch}")),
        (b"\x80\x04", format!("is a Python pickle, {tensor}: {torch}")),
        (b"\x1f\x8b", format!("is a gzip file, {tensor}: gunzip unpacks it")),
        (
            b"\xef\xbb\xbf{}",
            format!("begins with a byte order mark, {tensor}: save it as UTF-8 without the mark"),
        ),
    ] {
        assert_eq!(Expected::Tensor.differs_from(bytes), Some(words), "{bytes:?}");
    }
    for (expected, bytes, words) in [
        (
            Expected::Safetensors,
            &b"KHQ4"[..],
            "is a KHQ4 file, expected a safetensors file: `q4proof decode` makes one of it",
        ),
        (
            Expected::Safetensors,
            b"KHF1",
            "is a KHF1 file, expected a safetensors file: `q4proof decode` makes one of it",
        ),
        (Expected::Safetensors, b"GGUF", "is a GGUF file, expected a safetensors file"),
        (Expected::Json, b"GGUF", "is a GGUF file, expected JSON"),
        (Expected::Json, b"", "is empty, expected JSON"),
    ] {
        assert_eq!(expected.differs_from(bytes).as_deref(), Some(words), "{expected:?}");
    }
}

#[test]
fn the_expected_kind_is_no_other() {
    for (expected, bytes) in [
        (Expected::Tensor, &b"KHQ4"[..]),
        (Expected::Tensor, b"KHF1"),
        (Expected::Safetensors, SAFETENSORS),
        (Expected::Json, b" {}"),
    ] {
        assert_eq!(expected.differs_from(bytes), None, "{expected:?}");
    }
}

/// The kind of a file on a disk stands in front of what its reader says.
#[test]
fn a_reader_names_the_kind_of_a_file_that_it_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("back.safetensors");
    let refused = |bytes: &[u8]| {
        let path = folder.path().join("a.q4");
        fs::write(&path, bytes).unwrap();
        let error = decode_file(&path, "a", &target, Dtype::F32, &mut Unwatched).unwrap_err();
        error.to_string().replace(&path.display().to_string(), "a.q4")
    };
    let named = refused(b"GGUF\x03\0\0\0\0\0\0\0\0\0\0\0");
    assert!(
        named.starts_with("a.q4: is a GGUF file, expected a .q4 or .f16 file (")
            && named.ends_with(')'),
        "{named}"
    );
    let unknown = refused(b"ABCD\x03\0\0\0\0\0\0\0\0\0\0\0");
    assert!(!unknown.contains("expected a .q4 or .f16 file (") && !named.contains(&unknown[6..]));
    assert!(unknown.starts_with("a.q4: ") && unknown.len() > 12, "{unknown}");
    assert!(!target.exists());

    let raw = folder.path().join("a.f32");
    let target = folder.path().join("b.q4");
    let refused = |bytes: &[u8]| {
        fs::write(&raw, bytes).unwrap();
        encode_raw(&raw, &[4], &target, Mode::Symmetric, &mut Unwatched).unwrap_err().to_string()
    };
    assert!(refused(b"\x1f\x8b").ends_with("of shape [4]; it is a gzip file"));
    assert!(refused(b"12").ends_with("of shape [4]"));
}
