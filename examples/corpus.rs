//! Makes the corpus: `cargo run --example corpus -- seeds` writes every target's seeds anew,
//! `-- promote TARGET FILE NOTE [FAULT]` adds an input to the regressions.

use std::path::Path;
use std::process::ExitCode;

use q4proof::fuzz::{Target, corpus};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let done = match arguments.as_slice() {
        ["seeds"] => corpus::write_seeds(&folder).map_err(|error| error.to_string()),
        ["promote", target, file, note, fault @ ..] if fault.len() <= 1 => {
            promote(&folder, target, file, note, fault.first().copied())
        }
        _ => Err("expected: seeds, or promote TARGET FILE NOTE [FAULT]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

fn promote(
    folder: &Path,
    target: &str,
    file: &str,
    note: &str,
    fault: Option<&str>,
) -> Result<(), String> {
    let target = Target::by_name(target).ok_or_else(|| format!("there is no target {target}"))?;
    let input = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    let path = corpus::promote(folder, target, &input, fault, note);
    println!("{}", path.map_err(|error| error.to_string())?.display());
    Ok(())
}
