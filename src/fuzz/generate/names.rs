//! Names of tensors and components of paths: of models, of every character, of every length, and twins.

use crate::fuzz::dice::{log_uniform, one_in, pick};
use crate::suite::operation::FormatId;
use crate::suite::question::{NameTensors, Question, TensorRank};
use crate::suite::random::SplitMix64;
use crate::suite::recipe::BEYOND_ASCII;

/// Parts of names that rules look for.
const PARTS: [&str; 20] = [
    "model.layers.7",
    "mlp",
    "self_attn",
    "q_proj",
    "k_proj",
    "in_proj_qkv",
    "gate_up_proj",
    "down_proj",
    "norm",
    "input_layernorm",
    "lm_head",
    "embed_tokens",
    "conv1d",
    "experts",
    "experts.down_proj",
    "weight",
    "bias",
    "proj",
    "_proj",
    "a",
];

/// Components that something between a request and a file may take for something else.
const COMPONENTS: [&str; 30] = [
    "a b", " a", "a ", "a%20b", "%2e%2e", "a#b", "a?b", "a[x]b", "a*b", "a'b", "a\"b", "a\\b",
    "a;b", "a|b", "a&b", "$HOME", "`a`", "~", "~a", "a:b", "file:a", "a=b", "a,b", "a+b", "-a",
    "--help", ".a", "...", "a.", "{a,b}",
];

/// Any character, mostly of ASCII.
fn character(dice: &mut SplitMix64) -> char {
    if one_in(dice, 3) { pick(dice, &BEYOND_ASCII) } else { char::from(1 + dice.below(127) as u8) }
}

/// A component of a path.
pub(super) fn component(dice: &mut SplitMix64) -> String {
    match dice.below(4) {
        0 => pick(dice, &COMPONENTS).to_owned(),
        1 => format!("a{}b", character(dice)),
        2 => "a-".repeat(log_uniform(dice, 8) as usize).chars().take(255).collect(),
        _ => {
            format!("e{}.q4", pick(dice, &["\u{301}", "", "E", "..", "/b", "/../b", "//b", "/./b"]))
        }
    }
}

/// A name of a tensor.
pub(super) fn tensor_name(dice: &mut SplitMix64) -> String {
    match dice.below(8) {
        0 => format!("a{}b.weight", character(dice)),
        1 => "a-".repeat(log_uniform(dice, 11) as usize / 2 + 1),
        2 => (0..1 + dice.below(4)).map(|_| character(dice)).collect(),
        _ => {
            let count = 1 + dice.below(4);
            let mut name: String = pick(dice, &PARTS).into();
            for _ in 1..count {
                name += pick(dice, &[".", ".", ".", "_", "/", "-", ""]);
                name += pick(dice, &PARTS);
            }
            name
        }
    }
}

/// A name that is nearly another one, or the same.
pub(super) fn twin(name: &str, dice: &mut SplitMix64) -> String {
    match dice.below(6) {
        0 => name.to_owned(),
        1 => name.replace('.', "_"),
        2 => name.to_uppercase(),
        3 => format!("{name} "),
        4 => name.replace('/', "."),
        _ => format!("{name}\u{301}"),
    }
}

/// A list of names.
pub(super) fn list(dice: &mut SplitMix64) -> Vec<String> {
    let count = if one_in(dice, 48) { log_uniform(dice, 11) } else { 1 + dice.below(4) };
    let mut names: Vec<String> = if count > 8 {
        let kind = tensor_name(dice);
        (0..count).map(|index| format!("model.layers.{index}.{kind}")).collect()
    } else {
        (0..count).map(|_| tensor_name(dice)).collect()
    };
    if one_in(dice, 4) {
        let at = dice.below(names.len() as u64) as usize;
        let twin = twin(&names[at], dice);
        names.push(twin);
    }
    names
}

/// The files of tensors.
pub(super) fn name(format: FormatId, dice: &mut SplitMix64) -> Question {
    let ranks = [
        0,
        1,
        2,
        2,
        2,
        3,
        4,
        127,
        128,
        255,
        256,
        257,
        65537,
        (1 << 32) + 2,
        (1 << 53) + 1,
        u64::MAX,
    ];
    let tensors = list(dice).into_iter().map(|name| {
        let rank = if one_in(dice, 2) { 2 } else { pick(dice, &ranks) };
        TensorRank { name, rank }
    });
    Question::NameTensors(NameTensors { format, tensors: tensors.collect() })
}

pub(super) fn plain(format: FormatId) -> Question {
    let tensors = vec![TensorRank { name: "a.weight".into(), rank: 1 }];
    Question::NameTensors(NameTensors { format, tensors })
}
