//! The file of a tensor: its name, and whether it is quantized (SPEC IDX-10 and IDX-11).

use std::collections::HashMap;

/// The file of a tensor by its name: `.q4` where it is quantized, `.f16` otherwise (IDX-10).
pub fn file_name(name: &str, quantized: bool) -> String {
    let kept = |character: char| character.is_alphanumeric() || character == '-';
    let stem = name.chars().map(|character| if kept(character) { character } else { '_' });
    stem.chain(if quantized { ".q4" } else { ".f16" }.chars()).collect()
}

/// Whether a tensor of `rank` dimensions is quantized by plain conversion (IDX-11).
pub fn is_quantized(name: &str, rank: u64) -> bool {
    rank >= 2 && is_quantized_by_name(name)
}

fn is_quantized_by_name(name: &str) -> bool {
    if name.ends_with(".experts.gate_up_proj") || name.ends_with(".experts.down_proj") {
        return true;
    }
    let Some(stem) = name.strip_suffix(".weight") else { return false };
    let projections = ["_proj", "_proj_a", "_proj_b", "_proj_qkv", "_proj_z"];
    if projections.iter().chain(&["lm_head", "embed_tokens"]).any(|end| stem.ends_with(end)) {
        return true;
    }
    !name.contains("norm.weight") && !name.contains("norm_") && !name.ends_with("conv1d.weight")
}

/// Two tensors that would have one file, or that have one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collision {
    /// The places of the two among the tensors.
    pub places: [usize; 2],
    /// The file of the second.
    pub file: String,
}

/// The file of each tensor, given by name and rank.
///
/// # Errors
///
/// The first [`Collision`], of files or of names.
pub fn file_names(tensors: &[(&str, u64)]) -> Result<Vec<String>, Collision> {
    let (mut by_name, mut by_file) = (HashMap::new(), HashMap::new());
    let mut files = Vec::with_capacity(tensors.len());
    for (place, &(name, rank)) in tensors.iter().enumerate() {
        let file = file_name(name, is_quantized(name, rank));
        let before = by_name.insert(name, place).or(by_file.insert(file.clone(), place));
        if let Some(first) = before {
            return Err(Collision { places: [first, place], file });
        }
        files.push(file);
    }
    Ok(files)
}
