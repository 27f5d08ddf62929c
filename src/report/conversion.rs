//! What a conversion has written: a line for each tensor, their sum, and what can be done next.

use std::path::Path;

use super::quoted;
use super::text::{Cell, counted, plain, shape, table};
use crate::convert::Converted;

/// Characters of a name or a path that are shown.
const NAME: usize = 120;

/// Characters of a path in a command that are shown: all that a path can have.
const COMMAND: usize = 4096;

/// The files of `target` that values were encoded into, or that file.
pub fn encoded(converted: &[Converted], target: &Path) -> String {
    let mut text = tensors(converted, target);
    let example = converted.iter().find(|one| one.to == "q4").or(converted.first());
    if let Some(example) = example {
        text.push_str(&format!("next: q4proof inspect {}\n", word(&example.file)));
    }
    text
}

/// The files of the directory `target` that a model was quantized into.
pub fn quantized(converted: &[Converted], target: &Path) -> String {
    tensors(converted, target) + &next_doctor(target)
}

/// A line for each tensor that was encoded, and their sum.
pub(super) fn tensors(converted: &[Converted], target: &Path) -> String {
    let [before, after] = sums(converted);
    let mut text = lines(converted, true);
    text.push_str(&format!(
        "{} in {}: {after} bytes, compression {}\n",
        counted(converted.len(), "tensor"),
        path(target),
        ratio(before, after)
    ));
    text
}

/// How a model directory is looked at.
pub(super) fn next_doctor(target: &Path) -> String {
    format!("next: q4proof doctor {}\n", word(target))
}

/// The name of a tensor, as it is shown.
pub(super) fn name(name: &str) -> String {
    plain(name, NAME)
}

/// The file `target` that values were decoded into.
pub fn decoded(converted: &[Converted], target: &Path) -> String {
    let [_, after] = sums(converted);
    let mut text = lines(converted, false);
    let count = counted(converted.len(), "tensor");
    text.push_str(&format!("{count} in {}: {after} bytes of values\n", path(target)));
    let is_safetensors = target.extension().is_some_and(|suffix| suffix == "safetensors");
    match converted.first() {
        Some(array) if !is_safetensors => {
            let sizes: Vec<String> = array.shape.iter().map(u64::to_string).collect();
            text.push_str(&format!(
                "next: numpy.fromfile({:?}, \"<f4\").reshape({})\n",
                path(target),
                sizes.join(", ")
            ));
        }
        _ => text.push_str("next: any safetensors library reads it\n"),
    }
    text
}

fn lines(converted: &[Converted], compression: bool) -> String {
    let heading = ["tensor", "from", "to", "shape", "file"].map(Cell::left);
    let numbers = ["bytes before", "bytes after"].map(Cell::right);
    let mut lines = vec![[&heading[..], &numbers].concat()];
    if compression {
        lines[0].push(Cell::right("compression"));
    }
    for one in converted {
        let file = one.file.file_name().unwrap_or_default().to_string_lossy();
        let mut line = vec![
            Cell::left(plain(&one.name, NAME)),
            Cell::left(one.from),
            Cell::left(one.to),
            Cell::left(shape(&one.shape)),
            Cell::left(plain(&file, NAME)),
            Cell::right(one.bytes_before),
            Cell::right(one.bytes_after),
        ];
        if compression {
            line.push(Cell::right(ratio(one.bytes_before, one.bytes_after)));
        }
        lines.push(line);
    }
    table(0, &lines)
}

fn sums(converted: &[Converted]) -> [u64; 2] {
    [|one: &Converted| one.bytes_before, |one: &Converted| one.bytes_after]
        .map(|bytes| converted.iter().map(bytes).sum())
}

/// None for what took no place before.
fn ratio(before: u64, after: u64) -> String {
    if before == 0 && after > 0 {
        return "-".to_owned();
    }
    format!("{:.2}x", before as f64 / (after as f64).max(1.0))
}

fn path(path: &Path) -> String {
    plain(&path.to_string_lossy(), NAME)
}

fn word(path: &Path) -> String {
    plain(&quoted(&path.to_string_lossy()), COMMAND)
}
