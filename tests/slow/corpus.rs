//! The corpus as a whole: its seeds are the controls of the vectors, and one that is not whole is an
//! error.

use std::fs;
use std::path::{Path, PathBuf};

use q4proof::fuzz::{Target, corpus};
use q4proof::suite::{FormatId, Verb};

const LOAD: Target = Target::of(Verb::Load, FormatId::KHQ4);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

#[test]
fn the_seeds_are_the_controls_of_the_vectors() {
    for target in Target::all() {
        let seeds = target.seeds();
        for (name, bytes) in &seeds {
            let path = folder().join(target.name()).join("seeds").join(name);
            assert_eq!(&fs::read(&path).unwrap(), bytes, "{}", path.display());
        }
        let entries = corpus::read(&folder(), target).unwrap();
        let count = entries.iter().filter(|entry| entry.regression.is_none()).count();
        assert_eq!(count, seeds.len(), "{target}");
    }
}

/// Class 75: an empty corpus must not pass.
#[test]
fn a_corpus_that_is_not_whole_is_an_error() {
    let scratch = tempfile::tempdir().unwrap();
    let corpus_at = |name: &str| {
        let folder = scratch.path().join(name);
        corpus::write_seeds(&folder).unwrap();
        fs::write(folder.join("input"), b"KHQ4").unwrap();
        let note = "the file ends inside its header";
        corpus::promote(&folder, LOAD, b"KHQ4", None, note).unwrap();
        folder
    };
    let problem = |folder: &Path| corpus::read(folder, LOAD).unwrap_err().to_string();
    let whole = corpus_at("whole");
    assert_eq!(corpus::read(&whole, LOAD).unwrap().len(), LOAD.seeds().len() + 1);

    assert!(problem(&scratch.path().join("nowhere")).contains("manifest.json"));

    let folder = corpus_at("without-seeds");
    fs::remove_dir_all(folder.join("load_khq4/seeds")).unwrap();
    assert!(problem(&folder).contains("seeds"));

    let folder = corpus_at("short-of-a-seed");
    let seed = &LOAD.seeds()[0].0;
    fs::remove_file(folder.join("load_khq4/seeds").join(seed)).unwrap();
    assert!(problem(&folder).contains("are expected"));

    let folder = corpus_at("empty");
    for (name, _) in LOAD.seeds() {
        fs::remove_file(folder.join("load_khq4/seeds").join(name)).unwrap();
    }
    let manifest = fs::read_to_string(folder.join(corpus::MANIFEST)).unwrap();
    let mut parsed: corpus::Manifest = serde_json::from_str(&manifest).unwrap();
    parsed.0.get_mut("load_khq4").unwrap().seeds = 0;
    fs::write(folder.join(corpus::MANIFEST), serde_json::to_string(&parsed).unwrap()).unwrap();
    assert!(problem(&folder).contains("holds 0 files"));

    let folder = corpus_at("without-regression");
    fs::remove_dir_all(folder.join("load_khq4/regressions")).unwrap();
    assert!(problem(&folder).contains("regressions"));

    let folder = scratch.path().join("unlisted-regression");
    corpus::write_seeds(&folder).unwrap();
    assert!(corpus::read(&folder, LOAD).is_ok());
    fs::create_dir_all(folder.join("load_khq4/regressions")).unwrap();
    fs::write(folder.join("load_khq4/regressions/refused--00"), b"KHQ4").unwrap();
    assert!(
        problem(&folder).ends_with("refused--00: is not in manifest.json"),
        "{}",
        problem(&folder)
    );

    let folder = corpus_at("changed-regression");
    let regression = fs::read_dir(folder.join("load_khq4/regressions")).unwrap().next().unwrap();
    fs::write(regression.unwrap().path(), b"KHQ5").unwrap();
    assert!(problem(&folder).contains("hash"));

    let folder = corpus_at("unnamed-regression");
    fs::write(folder.join("load_khq4/regressions/other"), b"KHQ5").unwrap();
    assert!(problem(&folder).contains("is not in manifest.json"));

    let folder = corpus_at("without-target");
    fs::write(folder.join(corpus::MANIFEST), "{}").unwrap();
    assert!(problem(&folder).contains("does not name load_khq4"));
}
