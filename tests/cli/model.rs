//! `quantize`, `doctor` and `measure`, on models of random weights.

mod alike;
mod diagnosis;
mod logits;
mod measured;
mod quantized;
mod rotated;

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Finished, q4proof};

/// Runs `quantize`.
fn quantize(source: &Path, target: &Path, options: &[&str]) -> Finished {
    let paths = [source, target].map(|path| path.display().to_string());
    q4proof([&["quantize", &paths[0], &paths[1]], options].concat())
}

/// A file of JSON.
fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

/// Changes a file of JSON.
fn edit_json(path: &Path, edit: impl FnOnce(&mut Value)) {
    let mut value = json_of(path);
    edit(&mut value);
    fs::write(path, value.to_string()).expect("a file");
}

#[cfg(not(feature = "parity"))]
#[test]
fn a_build_without_whole_models_says_how_to_make_one_that_has_them() {
    for more in [&[][..], &["--backend", "f32", "--json"], &["--subject", "own", "--", "true"]] {
        let refused = q4proof([&["parity"], more].concat());
        let how = "cargo run --release --features parity -- parity";
        refused.says(2, &["this build has no feature parity", how]);
    }
}
