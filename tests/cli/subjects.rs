//! The registry of subjects that have names.

use crate::support::{Bench, command, finished, q4proof};

/// A folder of adapters: one script that starts the reference, in a registry of `table`.
fn bench(table: &str) -> Bench {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.path("conformance/subjects/own")).expect("a folder");
    let script = format!("pwd > \"$HOME/where\"; exec '{}' serve\n", env!("CARGO_BIN_EXE_q4proof"));
    bench.write("conformance/subjects/own/adapter.sh", script);
    bench.write("conformance/subjects/registry.toml", table);
    bench
}

const OWN: &str = "[own]\nabout = \"our own\"\nstart = [\"sh\", \"own/adapter.sh\"]\n";

#[test]
fn a_registered_subject_is_started_where_the_user_is() {
    let bench = bench(&format!("{OWN}profile = \"decode:khq4\"\n"));
    let registry = bench.text("conformance/subjects");
    let mut command = bench.command("check", &["--subject", "own", "--subjects", &registry]);
    let checked = finished(command.current_dir("/").env("HOME", bench.path("")));
    checked.shows(0, &["subject reference"]);
    assert!(
        checked.verdict().starts_with("profile decode:khq4: 1 passed, 0 failed"),
        "{checked:#?}"
    );
    assert_eq!(std::fs::read_to_string(bench.path("where")).expect("it ran"), "/\n");
}

#[test]
fn the_registry_is_found_in_a_folder_above() {
    let bench = bench(OWN);
    let mut command = bench.command("check", &["--subject", "own"]);
    let checked = finished(
        command.current_dir(bench.path("conformance/subjects/own")).env("HOME", bench.path("")),
    );
    checked.shows(0, &["conforms"]);
}

#[test]
fn a_subject_is_built_in_its_folder_before_it_is_started() {
    let build = "build = [\"sh\", \"-c\", \"echo building; touch own/built\"]\n";
    let bench = bench(&format!("{OWN}{build}"));
    let registry = bench.text("conformance/subjects");
    let arguments = ["--subject", "own", "--subjects", &registry, "--filter", "decode"];
    let checked = finished(bench.command("check", &arguments).env("HOME", bench.path("")));
    assert_eq!((checked.code, checked.stderr.as_str()), (Some(0), "building\n"), "{checked:#?}");
    assert!(!checked.stdout.contains("building"), "{checked:#?}");
    assert!(bench.path("conformance/subjects/own/built").is_file());
}

#[test]
fn a_build_that_fails_is_a_subject_that_does_not_start() {
    let bench = bench(&format!("{OWN}build = [\"sh\", \"-c\", \"exit 5\"]\n"));
    let registry = bench.text("conformance/subjects");
    let checked = bench.run("check", &["--subject", "own", "--subjects", &registry]);
    checked
        .says(3, &["the subject own did not start", "its build `sh -c exit 5`", "exit status: 5"]);
}

#[test]
fn an_unknown_name_lists_the_known_ones() {
    let bench = bench(OWN);
    let registry = bench.text("conformance/subjects");
    let checked = bench.run("check", &["--subject", "other", "--subjects", &registry]);
    checked.says(2, &["no subject is named \"other\"", "reference, gpu, planted:NAME, own"]);
    let checked = finished(bench.command("check", &["--subject", "own"]).current_dir("/"));
    checked.says(
        2,
        &["no subject is named \"own\"", "conformance/subjects/registry.toml", "--subjects"],
    );
}

#[cfg(not(feature = "gpu"))]
#[test]
fn a_build_without_kernels_says_how_to_make_one_that_has_them() {
    for more in [&[][..], &["--require-backend", "metal"]] {
        let checked = Bench::new().run("check", &[&["--subject", "gpu"][..], more].concat());
        checked.says(2, &["this build has no feature gpu", "cargo build --release --features gpu"]);
    }
}

#[test]
fn a_backend_is_required_of_no_subject_without_one() {
    let checked = Bench::new().run("check", &["--require-backend", "metal"]);
    checked.says(2, &["--require-backend metal", "the subject reference uses no adapter"]);
}

#[test]
fn a_broken_registry_is_named_with_its_line() {
    let bench = bench("[own]\nabout = \"our own\"\nstart = \"sh\"\n");
    let registry = bench.text("conformance/subjects");
    let checked = bench.run("check", &["--subject", "own", "--subjects", &registry]);
    checked.says(2, &["registry.toml:3: ", "expected a sequence"]);
    let missing = bench.text("no-such-folder");
    let checked = bench.run("check", &["--subject", "own", "--subjects", &missing]);
    checked.says(2, &["no-such-folder/registry.toml", "No such file or directory"]);
}

#[test]
fn all_subjects_are_listed_with_what_they_are() {
    let bench = bench(OWN);
    q4proof(["list", "--subjects", &bench.text("conformance/subjects")]).shows(
        0,
        &[
            "  reference  this crate's own codec and loaders\n",
            "  own  our own\n",
            "  planted:padded-tail-range ",
            "  planted:refuse-all ",
        ],
    );
    let nowhere = finished(command().args(["list", "--subjects"]).current_dir("/"));
    nowhere.shows(0, &["planted:sound"]);
    assert!(!nowhere.stdout.contains("registered"), "{nowhere:#?}");
}
