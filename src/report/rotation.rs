//! What a rotation has written: the files, what became of them, and what the gate has seen.

use std::path::Path;

use super::conversion;
use super::text::{GOOD, counted, small, styled};
use crate::convert::quarot::Quantized;
use crate::convert::quarot::gate::LARGEST_LOGIT_DIFFERENCE;

/// The rotated model in the directory `target`.
pub fn quantized(quantized: &Quantized, seed: u64, target: &Path) -> String {
    let Quantized { converted, evidence, was_tied, left_out } = quantized;
    let rotated = converted.iter().filter(|one| one.to == "q4").count();
    let matrices = if rotated == 1 { "matrix" } else { "matrices" };
    let mut text = conversion::tensors(converted, target);
    text.push_str(&format!("rotated: {rotated} {matrices}, quarot_seed {seed}\n"));
    if *was_tied {
        text.push_str("untied: lm_head.weight is made of the embeddings\n");
    }
    if let Some(first) = left_out.first() {
        let (count, first) = (counted(left_out.len(), "tensor"), conversion::name(first));
        text.push_str(&format!("left out: {count} that the text model ignores, such as {first}\n"));
    }
    text.push_str(&format!(
        "gate: {} elements differ by {} at most, within rounding; {} logits by {}, at most {:e} \
         allowed: {}\n",
        evidence.elements,
        small(evidence.largest_element_difference),
        evidence.logits,
        small(evidence.largest_logit_difference),
        LARGEST_LOGIT_DIFFERENCE,
        styled("the same model", GOOD),
    ));
    text.push_str(&conversion::next_doctor(target));
    text
}
