//! What the command cannot show from outside: an interruption at every moment, and files that change
//! between being written and being read again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::fs;
use std::path::{Path, PathBuf};

use super::target::{Judged, Target};
use super::*;
use crate::codec::Mode;
use crate::format::{khf1, khq4};
use crate::suite::exact;

/// Stops at a piece, and says how much was announced and done.
#[derive(Default)]
struct Stopping {
    total: u64,
    done: u64,
    pieces: usize,
    at: Option<usize>,
}

impl Watch for Stopping {
    fn begin(&mut self, bytes: u64) {
        assert_eq!((self.total, self.done), (0, 0), "begun once, and before all else");
        self.total = bytes;
    }

    fn advance(&mut self, bytes: u64) -> bool {
        self.done += bytes;
        self.pieces += 1;
        self.at != Some(self.pieces)
    }
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A safetensors file of a matrix and a vector of zeros, each longer than a piece.
fn model(folder: &Path) -> PathBuf {
    let (long, path) = (300_000, folder.join("model.safetensors"));
    let shapes: [(&str, &[u64]); 2] = [("a.weight", &[2, long]), ("b", &[long])];
    let header = safetensors::header(Dtype::F32, &shapes).unwrap();
    fs::write(&path, [header, vec![0; 12 * long as usize]].concat()).unwrap();
    path
}

/// Runs a conversion with a stop at each piece, and to its end.
fn stopped_everywhere(
    target: &Path,
    mut convert: impl FnMut(&mut Stopping) -> Result<(), ConvertError>,
) {
    let folder = target.parent().unwrap();
    let before = names(folder);
    for at in 1.. {
        let mut watch = Stopping { at: Some(at), ..Stopping::default() };
        let outcome = convert(&mut watch);
        if watch.pieces < at {
            outcome.unwrap();
            assert_eq!(watch.done, watch.total, "all that was announced was read");
            assert!(at > 4, "{at} pieces are too few to tell");
            assert!(target.exists());
            return;
        }
        assert!(matches!(outcome, Err(ConvertError::Interrupted)), "{at}: {outcome:?}");
        assert_eq!(names(folder), before, "stopped at piece {at}");
    }
}

#[test]
fn whenever_it_is_stopped_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let source = model(folder.path());
    stopped_everywhere(&at("model"), |watch| {
        encode_directory(&source, &at("model"), Mode::Asymmetric, watch).map(drop)
    });
    for name in ["one.q4", "one.f16"] {
        stopped_everywhere(&at(name), |watch| {
            encode_tensor(&source, "a.weight", &at(name), Mode::Symmetric, watch).map(drop)
        });
    }
    stopped_everywhere(&at("back.safetensors"), |watch| {
        decode_directory(&at("model"), &at("back.safetensors"), Dtype::Bf16, watch).map(drop)
    });
    stopped_everywhere(&at("back.bin"), |watch| {
        decode_raw(&at("one.q4"), &at("back.bin"), watch).map(drop)
    });
    stopped_everywhere(&at("again.q4"), |watch| {
        let shape = [2, 300_000];
        encode_raw(&at("back.bin"), &shape, &at("again.q4"), Mode::Symmetric, watch).map(drop)
    });
}

/// A file that is sound as what it is judged as, and where in it a byte can be changed so that it
/// stays sound and so that it does not.
fn written() -> [(Judged, Vec<u8>, usize, Option<usize>); 4] {
    let block = [&[0x00, 0x3c, 0, 0][..], &[0x11; 16]].concat();
    let khq4 = exact::files::khq4::write(&[32], 32, &block);
    let khf1 = exact::files::khf1::write(&[2], 2, &[0x3c00, 0x3c00]);
    let header = safetensors::header(Dtype::F16, &[("a", &[2])]).unwrap();
    let in_header = header.len() - 20;
    let safetensors = [header, vec![0; 4]].concat();
    let last = safetensors.len() - 1;
    [
        (Judged::Blocks, khq4, 40, Some(29)),
        (Judged::Halves, khf1, 30, Some(29)),
        (Judged::Safetensors, safetensors, last, Some(in_header)),
        (Judged::Bytes, vec![0; 100], 7, None),
    ]
}

#[test]
fn what_was_changed_before_it_is_read_again_gets_no_name() {
    for (judged, bytes, harmless, fault) in written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("target");
        let finish = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut target = Target::new(&path).unwrap();
            for piece in bytes.chunks(7) {
                target.write(piece).unwrap();
            }
            let aside = folder.path().join(&names(folder.path())[0]);
            let mut found = fs::read(&aside).unwrap();
            assert_eq!(found, bytes);
            change(&mut found);
            fs::write(&aside, found).unwrap();
            target.finish(judged, &mut Unwatched).map_err(|error| error.to_string())
        };
        let error = finish(&|found| found[harmless] ^= 1).unwrap_err();
        assert!(error.contains("bytes are not the"), "{judged:?}: {error}");
        if let Some(fault) = fault {
            let error = finish(&|found| found[fault] = 0xff).unwrap_err();
            assert!(!error.contains("bytes are not the"), "{judged:?} is not judged: {error}");
        }
        finish(&|found| found.truncate(found.len() - 1)).unwrap_err();
        finish(&|found| found.push(0)).unwrap_err();
        assert!(names(folder.path()).is_empty(), "{judged:?}: {:?}", names(folder.path()));
        assert_eq!(finish(&|_| ()).unwrap(), bytes.len() as u64);
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn a_target_that_appears_meanwhile_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("target");
    let mut target = Target::new(&path).unwrap();
    target.write(b"new").unwrap();
    fs::write(&path, "old").unwrap();
    let error = target.finish(Judged::Bytes, &mut Unwatched).unwrap_err();
    assert!(error.to_string().contains("is there already"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["target"]);
}

#[test]
fn a_source_that_becomes_shorter_is_refused() {
    /// Cuts the file when the first piece was read.
    struct Cutting<'a>(&'a Path);
    impl Watch for Cutting<'_> {
        fn begin(&mut self, _bytes: u64) {}

        fn advance(&mut self, _bytes: u64) -> bool {
            fs::File::options().write(true).open(self.0).unwrap().set_len(5000).unwrap();
            true
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let source = model(folder.path());
    encode_tensor(&source, "a.weight", &at("one.q4"), Mode::Symmetric, &mut Unwatched).unwrap();
    let error =
        encode_tensor(&source, "a.weight", &at("x.q4"), Mode::Symmetric, &mut Cutting(&source))
            .unwrap_err();
    assert!(error.to_string().contains("has become shorter"), "{error}");
    let one = at("one.q4");
    let error = decode_raw(&one, &at("x.bin"), &mut Cutting(&one)).unwrap_err();
    assert!(error.to_string().contains("has become shorter"), "{error}");
    assert_eq!(names(folder.path()), ["model.safetensors", "one.q4"]);
}

#[test]
fn a_file_that_becomes_another_is_refused() {
    /// Puts another file in the place of the first.
    struct Replacing<'a>(&'a Path, Vec<u8>);
    impl Watch for Replacing<'_> {
        fn begin(&mut self, _bytes: u64) {
            fs::write(self.0, &self.1).unwrap();
        }

        fn advance(&mut self, _bytes: u64) -> bool {
            true
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let (path, target) = (folder.path().join("a.f16"), folder.path().join("back.safetensors"));
    let file = |shape: &[u64]| exact::files::khf1::write(shape, 2, &[0x3c00, 0x3c00]);
    fs::write(&path, file(&[1, 2])).unwrap();
    let mut watch = Replacing(&path, file(&[2, 1]));
    let error = decode_file(&path, "a", &target, Dtype::F32, &mut watch).unwrap_err();
    assert!(error.to_string().contains("has changed since the conversion began"), "{error}");
    assert_eq!(names(folder.path()), ["a.f16"]);
}

#[test]
fn the_bytes_that_are_told_are_those_of_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let source = model(folder.path());
    let converted = encode_directory(&source, &at("model"), Mode::Asymmetric, &mut Unwatched)
        .unwrap()
        .converted;
    let header = khq4::Header { shape: vec![2, 300_000], original_len: 600_000 };
    let halves = khf1::Header { shape: vec![300_000], numel: 300_000 };
    let lens = [header.file_len(), halves.payload_offset() + 600_000];
    for (one, len) in converted.iter().zip(lens) {
        assert_eq!(one.bytes_after, len, "{one:?}");
        assert_eq!(fs::metadata(&one.file).unwrap().len(), len, "{one:?}");
        assert_eq!(one.bytes_before, 4 * one.shape.iter().product::<u64>());
    }
    let back = decode_directory(&at("model"), &at("back.safetensors"), Dtype::F64, &mut Unwatched);
    for (one, before) in back.unwrap().iter().zip(&converted) {
        assert_eq!(one.bytes_before, before.bytes_after);
        assert_eq!(one.bytes_after, 2 * before.bytes_before);
    }
}
