//! Smaller questions: for a question that shows a fault, candidates that are a little simpler, the greatest steps
//! first. Whoever shrinks asks one after the other, and goes on from the first that shows the same fault.
//!
//! A candidate is a question, not bytes: fewer blocks, rows, dimensions, tensors or names, smaller numbers, plainer
//! values.

mod blocks;
mod file;
mod kernel;
mod text;

use crate::suite::question::Question;

/// Candidates that are simpler than a question, none of which is the question itself.
pub fn smaller(question: &Question) -> Vec<Question> {
    let mut candidates = match question {
        Question::Decode(decode) => blocks::of_decode(decode),
        Question::Encode(encode) => blocks::of_encode(encode),
        Question::Load(load) => file::of_load(load),
        Question::Save(save) => file::of_save(save),
        Question::Matmul(matmul) => kernel::of_product(matmul),
        Question::Rotate(rotate) => kernel::of_rotation(rotate),
        Question::ReadIndex(read) => text::of_directory(read),
        Question::NameTensors(naming) => text::of_names(naming),
        Question::Generate(_) => Vec::new(),
    };
    candidates.retain(|candidate| candidate != question);
    candidates
}

/// Parts of `count` things that may be kept: each half, each quarter, and all but one.
fn parts(count: usize) -> Vec<std::ops::Range<usize>> {
    let mut parts = Vec::new();
    for share in [2, 4, 8] {
        let len = count / share;
        if len > 0 {
            parts.extend((0..share).map(|part| part * len..(part + 1) * len));
        }
    }
    if count > 1 {
        parts.push(1..count);
        parts.push(0..count - 1);
    }
    parts
}
