//! What the builders make is what is committed.

use std::fs;
use std::path::{Path, PathBuf};

use q4proof::suite::library::LOCK;
use q4proof::suite::{Suite, build};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/vectors")
}

#[test]
fn building_gives_the_committed_bytes() {
    let suite = Suite::embedded().unwrap();
    let agreed =
        |id: &str| suite.get(id).map(|case| case.source.agreed.clone()).unwrap_or_default();
    let files = build::build(&agreed).unwrap();
    assert_eq!((files.len(), files.last().unwrap().0), (38, LOCK));
    for (name, text) in files {
        let committed = fs::read_to_string(folder().join(name)).unwrap();
        assert!(committed == text, "{name} is not what `q4proof vectors build` makes");
    }
}
