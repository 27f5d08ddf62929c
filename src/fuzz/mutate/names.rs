//! Edits of the names of tensors (65): words that decide what is quantized, characters that are replaced,
//! and names that come to share a file.

use super::{edits, pick, place};
use crate::suite::random::SplitMix64;

/// Parts that rules look for, and characters that a file's name cannot have.
const PARTS: [&str; 24] = [
    ".weight",
    "_proj",
    "_proj_qkv",
    "lm_head",
    "embed_tokens",
    "norm",
    "norm_",
    "conv1d",
    ".experts.gate_up_proj",
    ".experts.down_proj",
    ".",
    "-",
    "_",
    "/",
    "..",
    " ",
    "\u{e9}",
    "e\u{301}",
    "\u{df}",
    "A",
    "a",
    "\u{3000}",
    "7",
    "\\",
];

/// The most tensors that a mutation makes.
const MOST: usize = 12;

/// A mutation of lines of a rank and a name.
pub(in crate::fuzz) fn names(input: &[u8], dice: &mut SplitMix64) -> Vec<u8> {
    let text = String::from_utf8_lossy(input).into_owned();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).take(MOST).collect();
    for _ in 0..edits(dice) {
        if lines.is_empty() || dice.below(3) == 0 && lines.len() < MOST {
            let mut word = || pick(dice, &PARTS);
            let name = [word(), word(), word()].concat();
            let end = pick(dice, &["", ".weight", ".weight", "_proj.weight"]);
            lines.push(format!("{} {name}{end}", dice.below(4)));
            continue;
        }
        let at = place(dice, lines.len());
        match dice.below(8) {
            0 => drop(lines.remove(at)),
            1 => lines.push(lines[at].clone()),
            // Another name that may come to the same file.
            2 => lines.push(lines[at].replace(['.', '/'], pick(dice, &["_", "-", "/", ".", " "]))),
            3 => lines[at].push_str(pick(dice, &PARTS)),
            4 => {
                let [from, to] = [pick(dice, &PARTS), pick(dice, &PARTS)];
                lines[at] = lines[at].replace(from, to);
            }
            5 => lines[at] = lines[at].to_uppercase(),
            6 => {
                let rank = pick(dice, &[0, 1, 2, 3, u64::MAX]);
                let name = lines[at].split_once(' ').map_or("", |(_, name)| name).to_owned();
                lines[at] = format!("{rank} {name}");
            }
            _ => lines[at] += ".weight",
        }
    }
    lines.join("\n").into_bytes()
}
