//! For each fault, one question by which it is told from a sound implementation.

mod khq4;
mod others;
mod suite;

use std::fs;
use std::path::Path;

use super::{Fault, Faulty, Liar};
use crate::subject::message::{Load, Output, Request, Save, SaveKhf1};
use crate::subject::{Answer, Implementation, Reference};
use crate::suite::case::{FileFormat, Operation};
use khq4::{asymmetric, decode};

/// A question; the paths of loads and saves are filled in when it is asked.
enum Question {
    Ask(Request),
    /// The file's format and bytes, and the request.
    Read(FileFormat, Vec<u8>, Load),
    Directory,
    Device,
    Missing,
}

fn load(path: String) -> Load {
    Load { entry: None, path, expected_shape: None, address_width: None }
}

/// The faults that have a question of their own.
fn faults() -> impl Iterator<Item = Fault> {
    Fault::all().iter().copied().filter(|fault| !suite::shows(fault))
}

/// The question that shows `fault`.
fn witness(fault: Fault) -> Question {
    match fault.operation() {
        Operation::Encode | Operation::Decode | Operation::Load | Operation::Save => {
            khq4::witness(fault)
        }
        _ => others::witness(fault),
    }
}

impl Question {
    fn changed(mut self, change: impl FnOnce(&mut Load)) -> Self {
        if let Self::Read(_, _, request) = &mut self {
            change(request);
        }
        self
    }

    fn on_32_bits(self) -> Self {
        self.changed(|load| load.address_width = Some(32))
    }

    fn through_the_map(self) -> Self {
        self.changed(|load| load.entry = Some("map".to_owned()))
    }

    fn expecting(self, shape: &[u64]) -> Self {
        self.changed(|load| load.expected_shape = Some(shape.to_vec()))
    }

    fn ask(&self, implementation: &dyn Implementation, folder: &Path) -> (Answer<Output>, Vec<u8>) {
        let path = folder.join("tensor.q4");
        let text = |path: &Path| path.to_str().expect("a path in UTF-8").to_owned();
        let lookup = |path: String| Request::LoadKhq4(load(path));
        let request = match self {
            Self::Ask(Request::SaveKhq4(save)) => {
                Request::SaveKhq4(Save { path: text(&path), ..save.clone() })
            }
            Self::Ask(Request::SaveKhf1(save)) => {
                Request::SaveKhf1(SaveKhf1 { path: text(&path), ..save.clone() })
            }
            Self::Ask(request) => request.clone(),
            Self::Read(format, bytes, load) => {
                fs::write(&path, bytes).expect("a file");
                let load = Load { path: text(&path), ..load.clone() };
                match format {
                    FileFormat::Khq4 => Request::LoadKhq4(load),
                    FileFormat::Khf1 => Request::LoadKhf1(load),
                }
            }
            Self::Directory => lookup(text(folder)),
            Self::Device => lookup("/dev/null".to_owned()),
            Self::Missing => lookup(text(&path)),
        };
        let answer = request.dispatch(implementation);
        let mut saved = fs::read(&path).unwrap_or_else(|_| b"no file".to_vec());
        let _ = fs::remove_file(&path);
        for beside in fs::read_dir(folder).expect("the folder") {
            let beside = beside.expect("a file").path();
            saved.extend(beside.as_os_str().as_encoded_bytes());
            fs::remove_file(beside).expect("a file that was left");
        }
        (answer, saved)
    }
}

#[test]
fn every_fault_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    for fault in faults() {
        let question = witness(fault);
        let ask = |implementation: &dyn Implementation| question.ask(implementation, folder.path());
        let (sound, sound_file) = ask(&Faulty::new(None));
        let (faulty, faulty_file) = ask(&Faulty::new(Some(fault)));
        let done = |answer: &Answer<Output>| matches!(answer, Answer::Done(_));
        match fault.operation() {
            // A loader's fault is a guard too few or too many: it is the verdict that differs.
            Operation::Load => {
                let too_strict = fault.name().ends_with("-refused")
                    && fault != Fault::OnlyCanonicalNanRefused
                    || fault == Fault::NdimLimitedToFour;
                assert_eq!(done(&sound), too_strict, "{fault} {sound:?}");
                assert_eq!(done(&faulty), !too_strict, "{fault} {faulty:?}");
            }
            _ => assert_ne!((&sound, sound_file), (&faulty, faulty_file), "{fault}"),
        }
        assert_eq!(done(&sound), done(&ask(&Reference).0), "{fault}");
    }
}

#[test]
fn two_faults_of_one_operation_are_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let answers: Vec<Vec<_>> = faults()
        .map(|fault| {
            let faulty = Faulty::new(Some(fault));
            let asked = faults().map(witness);
            asked.map(|question| format!("{:?}", question.ask(&faulty, folder.path()))).collect()
        })
        .collect();
    let twins: Vec<_> = (0..answers.len())
        .flat_map(|index| (0..index).map(move |other| (other, index)))
        .filter(|&(other, index)| answers[other] == answers[index])
        .filter_map(|(other, index)| faults().nth(other).zip(faults().nth(index)))
        .collect();
    assert_eq!(twins, [], "the same answers to every question");
}

#[test]
fn a_liar_keeps_to_its_rule() {
    let folder = tempfile::tempdir().expect("a folder");
    for question in faults().map(witness) {
        let ask = |liar: Liar| question.ask(&liar, folder.path()).0;
        assert!(matches!(ask(Liar::RefuseAll), Answer::Refused(_)));
        assert!(matches!(ask(Liar::AcceptAll), Answer::Done(_)));
        assert!(matches!(ask(Liar::UnsupportedAll), Answer::Unsupported));
        assert!(matches!(ask(Liar::Canned), Answer::Done(_)));
    }
    let five_six_seven = asymmetric(&[5.0, 6.0, 7.0]);
    let blocks =
        |implementation: &dyn Implementation| five_six_seven.ask(implementation, folder.path());
    assert_eq!(blocks(&Liar::Canned), blocks(&Reference));
    let decoded = |implementation: &dyn Implementation| {
        let Answer::Done(Output { blocks: Some(blocks), .. }) = blocks(&Reference).0 else {
            panic!("the reference encodes");
        };
        decode(&blocks.0, 3).ask(implementation, folder.path())
    };
    assert_eq!(decoded(&Liar::Canned), decoded(&Reference));
}
