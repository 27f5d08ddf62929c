//! The files of loads: edits of a control, and what is no file.

use q4proof::format::Class;
use q4proof::suite::case::{Change, Edit, File, Special};
use q4proof::suite::expected::file_bytes;
use q4proof::suite::hex::Bytes;
use q4proof::suite::patch::apply;
use q4proof::suite::question::Load;
use q4proof::suite::{FormatId, Lawful, Question};

use crate::{embedded, expected};

fn edit(change: Change) -> Edit {
    Edit { field: "scale".into(), repair: false, change }
}

#[test]
fn edits_change_what_they_name_and_nothing_else() {
    let bytes = |bytes: &[u8]| Bytes(bytes.to_vec());
    let control = [1, 2, 3, 4];
    for (change, result) in [
        (Change::Overwrite { offset: 1, bytes: bytes(&[8, 9]) }, &[1, 8, 9, 4][..]),
        (Change::Overwrite { offset: 2, bytes: bytes(&[8, 9]) }, &[1, 2, 8, 9]),
        (Change::Insert { offset: 0, bytes: bytes(&[9]) }, &[9, 1, 2, 3, 4]),
        (Change::Insert { offset: 4, bytes: bytes(&[9]) }, &[1, 2, 3, 4, 9]),
        (Change::Remove { offset: 1, count: 2 }, &[1, 4]),
        (Change::Remove { offset: 0, count: 4 }, &[]),
        (Change::Truncate { len: 3 }, &[1, 2, 3]),
        (Change::Truncate { len: 0 }, &[]),
        (Change::Append { bytes: bytes(&[5, 6]) }, &[1, 2, 3, 4, 5, 6]),
    ] {
        assert_eq!(apply(&control, &[edit(change.clone())]).unwrap(), result, "{change:?}");
    }
    for change in [
        Change::Overwrite { offset: 3, bytes: bytes(&[8, 9]) },
        Change::Insert { offset: 5, bytes: bytes(&[9]) },
        Change::Remove { offset: 1, count: 4 },
        Change::Remove { offset: u64::MAX, count: 1 },
        Change::Truncate { len: 5 },
    ] {
        let error = apply(&control, &[edit(change.clone())]).unwrap_err();
        assert_eq!(error, "the edit of scale lies outside 4 bytes", "{change:?}");
    }
    for change in [
        Change::Overwrite { offset: 0, bytes: bytes(&[1]) },
        Change::Remove { offset: 2, count: 0 },
        Change::Truncate { len: 4 },
    ] {
        let error = apply(&control, &[edit(change.clone())]).unwrap_err();
        assert_eq!(error, "the edit of scale changes nothing", "{change:?}");
    }
    // One after the other, each on what the one before has left.
    let edits = [Change::Truncate { len: 2 }, Change::Append { bytes: bytes(&[7]) }].map(edit);
    assert_eq!(apply(&control, &edits).unwrap(), [1, 2, 7]);
}

#[test]
fn a_patch_needs_a_control_with_a_file() {
    let suite = embedded();
    let refusal = suite.get("load/trailing-one-byte").unwrap();
    let control = suite.control(refusal);
    let (refusal, control) = (&refusal.question, &control.unwrap().question);
    let Question::Load(Load { path: File::Bytes(sound), .. }) = control else {
        panic!("a control is a file of bytes")
    };
    let patched = file_bytes(refusal, Some(control)).unwrap().unwrap();
    assert_eq!(patched.len(), sound.0.len() + 1);
    assert_eq!(file_bytes(control, None).unwrap().as_ref(), Some(&sound.0));
    let words = "a patch needs a control with a file of bytes";
    assert_eq!(file_bytes(refusal, None).unwrap_err(), words);
    assert_eq!(file_bytes(refusal, Some(refusal)).unwrap_err(), words);
    // Where there is no file, or no load, there are no bytes.
    let decode = &suite.get("decode/nibble-00").unwrap().question;
    assert_eq!(file_bytes(decode, None), Ok(None));
    let special = |question: &&Question| {
        matches!(question, Question::Load(Load { path: File::Special(_), .. }))
    };
    let special = suite.cases().iter().map(|case| &case.question).find(special).unwrap();
    assert_eq!(file_bytes(special, Some(control)), Ok(None));
}

/// KHQ4-A1 as a table.
#[test]
fn what_is_no_file_has_its_classes() {
    let (io, not_a_file) = (Class::Io, Class::NotAFile);
    for (special, classes) in [
        (Special::Missing, &[io][..]),
        (Special::DanglingSymlink, &[io]),
        (Special::Directory, &[not_a_file]),
        (Special::SymlinkToDirectory, &[not_a_file]),
        (Special::Fifo, &[not_a_file]),
        (Special::Device, &[not_a_file]),
        (Special::Socket, &[not_a_file, io]),
    ] {
        let question = Question::load(FormatId::KHQ4, File::Special(special));
        assert_eq!(expected(&question), Ok(Lawful::refuse(classes.to_vec())), "{special:?}");
    }
}
