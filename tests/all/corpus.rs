//! The corpus, replayed: every seed is accepted, and every regression keeps its verdict.

use std::path::{Path, PathBuf};

use q4proof::fuzz::{Target, Verdict, corpus};
use q4proof::subject::{InProcess, Reference, named};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

#[test]
fn every_input_keeps_its_verdict() {
    for target in Target::all() {
        for entry in corpus::read(&folder(), target).unwrap() {
            let path = entry.path.display();
            let verdict = target.run(&InProcess::new(Reference), &entry.bytes);
            let Some(regression) = entry.regression else {
                assert_eq!(verdict, Verdict::Accepted, "{path}");
                continue;
            };
            let (class, _) = regression.file.split_once("--").unwrap();
            assert_eq!(corpus::class_name(&verdict), class, "{path}: {verdict:?}");
            assert!(regression.note.len() > 20, "{path}: {:?} is no cause", regression.note);
            if let Some(fault) = &regression.fault {
                let faulty = named(fault).unwrap_or_else(|| panic!("{path}: {fault}"));
                let found = target.run(&InProcess::new(faulty), &entry.bytes);
                assert!(matches!(found, Verdict::Finding(_)), "{path}: {fault} shows nothing");
            }
        }
    }
}
