//! The names of tensors' files by the letter of IDX-10 and IDX-11.

use std::collections::BTreeSet;

/// What a name may end in before `.weight` to be quantized (IDX-11, rule 3).
const QUANTIZED: [&str; 7] =
    ["_proj", "_proj_a", "_proj_b", "_proj_qkv", "_proj_z", "lm_head", "embed_tokens"];

/// The file of each tensor, given by name and rank; `None` where two names or two files are the same.
pub fn files<'a>(tensors: impl Iterator<Item = (&'a str, u64)>) -> Option<Vec<String>> {
    let (mut names, mut taken, mut files) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for (name, rank) in tensors {
        let suffix = if rank > 1 && by_name(name) { ".q4" } else { ".f16" };
        let mut file = String::new();
        for character in name.chars() {
            let kept = character == '-' || character.is_alphabetic() || character.is_numeric();
            file.push(if kept { character } else { '_' });
        }
        file += suffix;
        if !names.insert(name) || !taken.insert(file.clone()) {
            return None;
        }
        files.push(file);
    }
    Some(files)
}

fn by_name(name: &str) -> bool {
    match name.strip_suffix(".weight") {
        None => {
            [".experts.gate_up_proj", ".experts.down_proj"].iter().any(|end| name.ends_with(end))
        }
        Some(stem) if QUANTIZED.iter().any(|end| stem.ends_with(end)) => true,
        Some(_) => {
            let plain = ["norm.weight", "norm_"].iter().any(|part| name.contains(part));
            !plain && !name.ends_with("conv1d.weight")
        }
    }
}
