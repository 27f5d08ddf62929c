//! A file that cannot grow any further ends a command with a sentence and not with a signal, and
//! nothing that was begun is left.

use std::fs;
use std::path::Path;
use std::process::Command;

use q4proof::suite::exact;

use crate::convert::listing;
use crate::support::{Bench, Finished, finished};
use crate::tiny::Tiny;

/// Runs the command where no file may have more than so many KiB. The system sends SIGXFSZ then, which
/// ends a process that does nothing about it.
fn limited(kib: u64, arguments: &[&str]) -> Finished {
    let mut bash = Command::new("bash");
    let script = "ulimit -f \"$1\"; shift; exec \"$@\"";
    bash.args(["-c", script, "bash", &kib.to_string(), env!("CARGO_BIN_EXE_q4proof")]);
    finished(bash.args(arguments))
}

/// The command says that `file` has become too large, and all is as it was.
#[track_caller]
fn leaves_nothing(bench: &Bench, kib: u64, arguments: &[&str], file: &Path) {
    let before = listing(&bench.path(""));
    let done = limited(kib, arguments);
    done.says(2, &[&format!("{}: ", file.display()), "File too large"]);
    // The bench is a temporary folder itself.
    let said = done.stderr.replace(&bench.text(""), "");
    assert!(!said.contains(".tmp"), "a name that is gone: {said}");
    assert_eq!(listing(&bench.path("")), before, "{arguments:?} left something, or changed it");
}

#[test]
fn a_conversion_that_cannot_be_written_leaves_nothing() {
    let bench = Bench::new();
    let source = bench.path("source");
    // A vocabulary that makes one file longer than the limit, behind several that are shorter.
    let mut model = Tiny::new(true, "F32");
    model.config["text_config"]["vocab_size"] = 2048.into();
    let embeddings = model.tensor("embed_tokens.weight");
    embeddings.shape[0] = 2048;
    embeddings.bytes = embeddings.bytes.repeat(32);
    model.write(&source);
    let array = bench.text("array.bin");
    fs::write(&array, vec![0; 4 << 20]).expect("a file");
    let block = [&[0x00, 0x3c, 0, 0][..], &[0x11; 16]].concat();
    let tensor = exact::files::khq4::write(&[32 << 12], 32 << 12, &block.repeat(1 << 12));
    fs::write(bench.path("tensor.q4"), tensor).expect("a file");
    let [source, weights, tensor, target] =
        ["source", "source/model.safetensors", "tensor.q4", "target"].map(|name| bench.text(name));
    let in_target = |file: &str| bench.path("target").join(file);
    let embeddings = "model_language_model_embed_tokens_weight.q4";
    let [q4, raw, back] = ["x.q4", "x.bin", "x.safetensors"].map(|name| bench.text(name));
    let name = "model.language_model.embed_tokens.weight";
    for (arguments, file) in [
        (vec!["quantize", &source, &target], in_target(embeddings)),
        (vec!["quantize", &source, &target, "--quarot", "7"], in_target(embeddings)),
        (vec!["encode", &weights, &target], in_target(embeddings)),
        (vec!["encode", &weights, &q4, "--tensor", name], bench.path("x.q4")),
        (vec!["encode", &array, &q4, "--raw", "--shape", "1048576"], bench.path("x.q4")),
        (vec!["decode", &tensor, &raw, "--raw"], bench.path("x.bin")),
        (vec!["decode", &tensor, &back], bench.path("x.safetensors")),
    ] {
        leaves_nothing(&bench, 16, &arguments, &file);
    }
}

#[test]
fn a_file_beside_the_tensors_that_cannot_be_written_leaves_nothing() {
    let bench = Bench::new();
    let (source, target) = (bench.text("source"), bench.text("target"));
    Tiny::new(true, "BF16").write(&bench.path("source"));
    let tokenizer = format!("{{\"version\":\"{}\"}}", "x".repeat(100_000));
    fs::write(bench.path("source/tokenizer.json"), tokenizer).expect("a file");
    let file = bench.path("target/tokenizer.json");
    leaves_nothing(&bench, 64, &["quantize", &source, &target], &file);
}

#[test]
fn a_report_that_cannot_be_written_leaves_nothing() {
    let bench = Bench::new();
    let log = bench.log("log", &["--subject", "reference"]);
    let vectors = bench.text("vectors");
    for (name, option) in
        [("report.md", "--markdown"), ("report.xml", "--junit"), ("page.html", "--html")]
    {
        let path = bench.text(name);
        let verb = if option == "--html" { "matrix" } else { "report" };
        let arguments = [verb, "--vectors", &vectors, &log, option, &path];
        leaves_nothing(&bench, 0, &arguments, &bench.path(name));
        bench.write(name, "as it was");
        leaves_nothing(&bench, 0, &arguments, &bench.path(name));
    }
    let kept = bench.text("kept.q4");
    let repro = ["repro", "--vectors", &vectors, "load/worked", "--keep", &kept];
    // The scratch of the loaders cannot be written either; the file to keep comes first.
    leaves_nothing(&bench, 0, &repro, &bench.path("kept.q4"));
}

#[test]
fn vectors_and_a_copy_of_them_that_cannot_be_written_leave_nothing() {
    let bench = Bench::new();
    let copy = bench.text("copy");
    let before = listing(&bench.path(""));
    let done = limited(0, &["export", &copy]);
    done.says(2, &[&format!("{copy}/"), "File too large"]);
    assert_eq!(listing(&bench.path("")), before);
    fs::create_dir_all(bench.path("conformance/vectors")).expect("a folder");
    let (before, folder) = (listing(&bench.path("")), bench.text("conformance"));
    let done = limited(0, &["vectors", "build", "--conformance", &folder]);
    done.says(2, &[&format!("{folder}/vectors/"), "File too large"]);
    assert_eq!(listing(&bench.path("")), before);
}

/// The signal is kept from this process, and not from those that it starts.
#[test]
fn a_subject_has_the_signal_as_it_was() {
    let bench = Bench::new();
    let file = bench.text("signals");
    let script = format!("grep -E 'Sig(Blk|Ign)' /proc/self/status > '{file}'");
    bench.run("check", &["--", "sh", "-c", &script]);
    // Whether the signal, number 25, is held back and whether it is ignored.
    let masks = |status: &str| -> Vec<bool> {
        let lines = status
            .lines()
            .filter(|line| line.starts_with("SigBlk:") || line.starts_with("SigIgn:"));
        let mask = |line: &str| {
            let mask = line.split_whitespace().nth(1).expect("a mask");
            u64::from_str_radix(mask, 16).expect("hexadecimal")
        };
        lines.map(|line| mask(line) & 1 << (25 - 1) != 0).collect()
    };
    let here = fs::read_to_string("/proc/thread-self/status").expect("a status");
    assert_eq!(masks(&here).len(), 2);
    assert_eq!(masks(&bench.read("signals")), masks(&here));
}
