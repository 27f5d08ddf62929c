//! How symmetric tensors are, in columns, and what becomes of it when they are rotated.

use std::path::Path;

use super::conversion::name;
use super::quoted;
use super::text::{BAD, Cell, FAIR, GOOD, counted, plain, small, styled, table};
use crate::convert::symmetry::{MATERIAL, Measured, Symmetry, Turned};

/// Characters of a path in a command that are shown: all that a path can have.
const COMMAND: usize = 4096;

/// A line for each tensor that has rows.
pub fn measured(measured: &[Measured], source: &Path) -> String {
    let heading = [Cell::left("tensor"), Cell::left("values")];
    let numbers = ["rows", "cols", "mean |row mean|", "abs max", "share"].map(Cell::right);
    let mut lines = vec![[&heading[..], &numbers].concat()];
    let (mut matrices, mut material) = (0, 0);
    for Measured { name: tensor, values, symmetry } in measured {
        let Some(symmetry) = symmetry else { continue };
        matrices += 1;
        material += usize::from(is_material(symmetry));
        let mut line = vec![
            Cell::left(name(tensor)),
            Cell::left(values),
            Cell::right(symmetry.rows),
            Cell::right(symmetry.columns),
            Cell::right(format!("{:.3e}", symmetry.mean_row_mean)),
            Cell::right(format!("{:.3e}", symmetry.abs_max)),
        ];
        line.push(share(symmetry));
        lines.push(line);
    }
    let mut text = if matrices == 0 { String::new() } else { table(0, &lines) };
    text.push_str(&format!("{material} of {matrices} tensors with rows at or above {}", line()));
    match measured.len() - matrices {
        0 => text.push('\n'),
        others => {
            let others = counted(others, "other");
            text.push_str(&format!("; {others} of one dimension or none\n"));
        }
    }
    let is_floats = measured.iter().any(|one| !matches!(one.values, "q4" | "f16"));
    if source.is_dir() && is_floats {
        text.push_str(&format!("next: q4proof measure symmetry {} --quarot SEED\n", word(source)));
    }
    text
}

/// A line for each matrix that a rotation turns.
pub fn turned(turned: &[Turned], seed: u64, source: &Path) -> String {
    let heading = ["tensor", "side"].map(Cell::left);
    let numbers =
        ["rows", "cols", "share before", "share after", "closed form off by"].map(Cell::right);
    let mut lines = vec![[&heading[..], &numbers, &[Cell::left("")]].concat()];
    for one in turned {
        let mut line = vec![
            Cell::left(name(&one.name)),
            Cell::left(if one.is_input { "input" } else { "output" }),
            Cell::right(one.before.rows),
            Cell::right(one.before.columns),
        ];
        line.extend([share(&one.before), share(&one.after)]);
        line.push(Cell::right(small(one.deviation)));
        line.push(match one.deviation <= one.bound {
            true => Cell::left("within rounding").styled(GOOD),
            false => Cell::left(format!("expected at most {:.1e}", one.bound)).styled(BAD),
        });
        lines.push(line);
    }
    let off = turned.iter().filter(|one| one.deviation > one.bound).count();
    let material = turned.iter().filter(|one| is_material(&one.after)).count();
    let largest = turned.iter().map(|one| one.deviation).fold(0.0, f64::max);
    let mut text = table(0, &lines);
    text.push_str(&format!(
        "{material} of {} rotated matrices at or above {}, quarot_seed {seed}\n",
        turned.len(),
        line()
    ));
    let verdict = match off {
        0 => styled("holds", GOOD),
        _ => styled(&format!("fails for {}", counted(off, "tensor")), BAD),
    };
    text.push_str(&format!(
        "closed form of the means of rotated runs, sign_0 x_0 / sqrt(n): off by {} at most, \
         it {verdict}\n",
        small(largest)
    ));
    if off == 0 {
        text.push_str(&format!("next: q4proof quantize {} DST --quarot {seed}\n", word(source)));
    }
    text
}

fn share(symmetry: &Symmetry) -> Cell {
    match symmetry.share() {
        None => Cell::right("-"),
        Some(share) if is_material(symmetry) => Cell::right(percent(share)).styled(FAIR),
        Some(share) => Cell::right(percent(share)),
    }
}

fn is_material(symmetry: &Symmetry) -> bool {
    symmetry.share().is_some_and(|share| share >= MATERIAL)
}

/// The line that a share can reach.
fn line() -> String {
    format!("{} %", 100.0 * MATERIAL)
}

fn percent(share: f64) -> String {
    format!("{:.3} %", 100.0 * share)
}

fn word(path: &Path) -> String {
    plain(&quoted(&path.to_string_lossy()), COMMAND)
}
