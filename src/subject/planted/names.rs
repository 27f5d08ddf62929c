//! The files of tensors (SPEC IDX-10 and IDX-11), with a switch at every rule.

use std::collections::HashSet;

use super::fault::faults;
use super::{Fault, Faulty, refusal};
use crate::format::Class;
use crate::suite::answer::Refusal;
use crate::suite::question::NameTensors;

faults! {
    NameTensors KHQ4 {
        65 NamesCollisionOverwritten "names-collision-overwritten"
            "Lets two names have one file: the second tensor is written over the first."
        65 NamesTwiceAllowed "names-twice-allowed"
            "Takes two tensors of one name."
        65 NamesCollideWithoutSuffix "names-collide-without-suffix"
            "Compares files without their suffix, and refuses two that differ in it."
        65 NamesNoneRefused "names-none-refused"
            "Refuses a model, or a name, that is empty."
        65 NamesDotKept "names-dot-kept"
            "Keeps the points of a name."
        65 NamesSlashKept "names-slash-kept"
            "Keeps slashes, which lead into folders."
        65 NamesHyphenReplaced "names-hyphen-replaced"
            "Replaces hyphens too."
        65 NamesAsciiOnly "names-ascii-only"
            "Replaces every letter that is not ASCII, so that names of other scripts are one."
        65 NamesReplacedByByte "names-replaced-by-byte"
            "Writes an underscore for each byte of a character."
        65 NamesRunsMerged "names-runs-merged"
            "Writes one underscore for several characters."
        65 NamesLowered "names-lowered"
            "Writes names in lower case."
        65 NamesRankIgnored "names-rank-ignored"
            "Quantizes vectors."
        65 NamesExpertsForgotten "names-experts-forgotten"
            "Knows no expert tensors, whose names have no `.weight`."
        65 NamesWithoutWeightQuantized "names-without-weight-quantized"
            "Quantizes tensors whose names do not end in `.weight`."
        65 NamesLmHeadPlain "names-lm-head-plain"
            "Does not quantize lm_head."
        65 NamesEmbeddingPlain "names-embedding-plain"
            "Does not quantize the embedding."
        65 NamesProjectionsByEnd "names-projections-by-end"
            "Knows no projections whose names go on behind `_proj`."
        65 NamesNormQuantized "names-norm-quantized"
            "Quantizes norms."
        65 NamesConvolutionQuantized "names-convolution-quantized"
            "Quantizes convolutions."
        65 NamesNormFirst "names-norm-first"
            "Looks for norms before it looks for projections."
        65 NamesOnlyProjections "names-only-projections"
            "Quantizes only what has a name that it knows."
    }
}

impl Faulty {
    pub(super) fn name_files(self, request: &NameTensors) -> Result<Vec<String>, Refusal> {
        let mut files: Vec<String> = Vec::new();
        let empty = request.tensors.iter().all(|tensor| tensor.name.is_empty());
        if empty && self.has(Fault::NamesNoneRefused) {
            return Err(refusal(Class::Missing, "there are no names"));
        }
        // Files, or without their suffix; and names.
        let (mut taken, mut names) = (HashSet::new(), HashSet::new());
        for tensor in &request.tensors {
            let high = tensor.rank > 1 || self.has(Fault::NamesRankIgnored);
            let quantized = high && self.is_quantized(&tensor.name);
            let stem = self.stem(&tensor.name);
            let file = stem.clone() + if quantized { ".q4" } else { ".f16" };
            let same_file = !taken.insert(match self.fault {
                Some(Fault::NamesCollideWithoutSuffix) => stem,
                _ => file.clone(),
            });
            let same_name = !names.insert(&tensor.name);
            let collides = match self.fault {
                Some(Fault::NamesCollisionOverwritten) => same_name,
                Some(Fault::NamesTwiceAllowed) => same_file && !same_name,
                _ => same_file || same_name,
            };
            if collides {
                return Err(refusal(Class::Duplicate, file));
            }
            files.push(file);
        }
        Ok(files)
    }

    fn stem(self, name: &str) -> String {
        let kept = |character: char| match (self.fault, character) {
            (Some(Fault::NamesDotKept), '.') => true,
            (Some(Fault::NamesSlashKept), '/') => true,
            (Some(Fault::NamesHyphenReplaced), '-') => false,
            (Some(Fault::NamesAsciiOnly), character) => {
                character.is_ascii_alphanumeric() || character == '-'
            }
            (_, character) => character.is_alphanumeric() || character == '-',
        };
        let mut stem = String::new();
        for character in name.chars() {
            match (kept(character), self.fault) {
                (true, Some(Fault::NamesLowered)) => stem.extend(character.to_lowercase()),
                (true, _) => stem.push(character),
                (false, Some(Fault::NamesReplacedByByte)) => {
                    stem.push_str(&"_".repeat(character.len_utf8()));
                }
                (false, Some(Fault::NamesRunsMerged)) if stem.ends_with('_') => {}
                (false, _) => stem.push('_'),
            }
        }
        stem
    }

    fn is_quantized(self, name: &str) -> bool {
        let experts = [".experts.gate_up_proj", ".experts.down_proj"];
        if experts.iter().any(|end| name.ends_with(end)) {
            return !self.has(Fault::NamesExpertsForgotten);
        }
        let Some(stem) = name.strip_suffix(".weight") else {
            return self.has(Fault::NamesWithoutWeightQuantized);
        };
        let mut ends = vec!["_proj", "_proj_a", "_proj_b", "_proj_qkv", "_proj_z"];
        match self.fault {
            Some(Fault::NamesLmHeadPlain) => ends.push("embed_tokens"),
            Some(Fault::NamesEmbeddingPlain) => ends.push("lm_head"),
            Some(Fault::NamesProjectionsByEnd) => ends = vec!["_proj", "lm_head", "embed_tokens"],
            _ => ends.extend(["lm_head", "embed_tokens"]),
        }
        let norm = (name.contains("norm.weight") || name.contains("norm_"))
            && !self.has(Fault::NamesNormQuantized);
        let convolution =
            name.ends_with("conv1d.weight") && !self.has(Fault::NamesConvolutionQuantized);
        if norm && self.has(Fault::NamesNormFirst) {
            return false;
        }
        if ends.iter().any(|end| stem.ends_with(end)) {
            return true;
        }
        if self.has(Fault::NamesEmbeddingPlain) && stem.ends_with("embed_tokens")
            || self.has(Fault::NamesLmHeadPlain) && stem.ends_with("lm_head")
        {
            return false;
        }
        !norm && !convolution && !self.has(Fault::NamesOnlyProjections)
    }
}
