//! The files of tensors: every rule that decides, and names that would share a file.

use super::Draft;
use crate::suite::operation::FormatId;
use crate::suite::question::{NameTensors, Question, TensorRank};

const CONTROL: &str = "name-tensors/two";

fn draft(id: &str, clause: &str, note: &str, tensors: &[(&str, u64)]) -> Draft {
    let tensor = |&(name, rank): &(&str, u64)| TensorRank { name: name.into(), rank };
    let tensors = tensors.iter().map(tensor).collect();
    let input = Question::NameTensors(NameTensors { format: FormatId::KHQ4, tensors });
    Draft::new(format!("name-tensors/{id}"), clause, note, input).class(65)
}

pub(super) fn cases() -> Vec<Draft> {
    [characters(), rules(), collisions()].concat()
}

/// IDX-10.
fn characters() -> Vec<Draft> {
    let one = |id: &str, note: &str, name: &str| draft(id, "IDX-10", note, &[(name, 2)]);
    vec![
        draft(
            "two",
            "IDX-10",
            "a matrix and a norm",
            &[("model.layers.0.self_attn.q_proj.weight", 2), ("model.norm.weight", 1)],
        ),
        draft("none", "IDX-10", "no tensors, no files", &[]),
        one("points", "points become underscores", "a.b.c.weight"),
        one("several-points", "each of several becomes one", "a..b...weight"),
        one("points-at-the-ends", "at the beginning and the end too", ".a.b."),
        one("hyphens", "hyphens stay", "block-1.sub-layer.weight"),
        one("hyphens-at-the-ends", "at the beginning and the end too", "-a.b-"),
        one("slashes", "slashes become underscores", "a/b\\c.weight"),
        one("parent", "a name that would lead elsewhere", "../../a.weight"),
        one("spaces", "spaces and signs become underscores", "a b+c:d%e.weight"),
        one("underscores", "underscores stay", "a__b_.weight"),
        one("empty", "a name of no characters has a file all the same", ""),
        one("capitals", "capitals stay", "Encoder.LayerNorm.W"),
        one("digits", "digits stay", "h.11.attn.7.weight"),
        one("control-characters", "a tab and a line feed", "a\tb\nc.weight"),
        one("latin", "letters that are not ASCII stay", "größe.Ångström.weight"),
        one("greek-and-cyrillic", "letters of other scripts stay", "λόγος.вес.weight"),
        one("chinese-and-japanese", "ideographs and kana stay", "权重.レイヤー.weight"),
        one(
            "numbers-of-other-scripts",
            "digits of other scripts and fractions stay",
            "٣.½.Ⅷ.weight",
        ),
        one("wide-signs", "a sign of three bytes becomes one underscore", "a—b…c.weight"),
        one("emoji", "an emoji of four bytes becomes one underscore", "🧠.🦀x.weight"),
    ]
}

/// IDX-11.
fn rules() -> Vec<Draft> {
    let all = |id: &str, note: &str, names: &[&str], rank: u64| {
        let tensors: Vec<(&str, u64)> = names.iter().map(|&name| (name, rank)).collect();
        draft(id, "IDX-11", note, &tensors)
    };
    vec![
        all(
            "experts",
            "experts without `.weight` are quantized",
            &["model.layers.0.mlp.experts.gate_up_proj", "model.layers.0.mlp.experts.down_proj"],
            3,
        ),
        all(
            "experts-nearly",
            "names that are nearly those of experts are not",
            &["mlp.experts.up_proj", "mlp.experts_down_proj", "mlp.experts.down_proj.scale"],
            3,
        ),
        all(
            "no-weight",
            "what does not end in `.weight` is not quantized",
            &[
                "model.layers.0.q_proj.bias",
                "model.layers.0.linear_attn.A_log",
                "model.layers.0.weight_scale",
                "lm_head",
                "embed_tokens.weights",
            ],
            2,
        ),
        all(
            "projections",
            "projections are quantized",
            &[
                "a.q_proj.weight",
                "a.in_proj_a.weight",
                "a.in_proj_b.weight",
                "a.in_proj_qkv.weight",
                "a.in_proj_z.weight",
            ],
            2,
        ),
        all(
            "projections-with-norm",
            "projections are quantized before norms are looked for",
            &["norm_mix.q_proj.weight", "a.norm_proj.weight", "post_norm_in_proj_qkv.weight"],
            2,
        ),
        all(
            "head",
            "the head and the embedding are quantized",
            &[
                "lm_head.weight",
                "model.embed_tokens.weight",
                "model.language_model.embed_tokens.weight",
            ],
            2,
        ),
        all(
            "head-with-norm",
            "so they are where their names have a norm in them",
            &["norm_a.lm_head.weight", "norm_a.embed_tokens.weight"],
            2,
        ),
        all(
            "norms",
            "norms are not quantized",
            &["model.norm.weight", "a.q_norm.weight", "a.norm_1.weight", "a.layernorm.weight"],
            2,
        ),
        all(
            "norms-nearly",
            "what only sounds like a norm is quantized",
            &["a.normal.weight", "a.norma.linear.weight"],
            2,
        ),
        all("convolution", "a convolution is not", &["a.linear_attn.conv1d.weight"], 3),
        all(
            "convolution-nearly",
            "another convolution is",
            &["a.conv2d.weight", "a.conv1d.extra.weight"],
            4,
        ),
        all(
            "others",
            "all other weights are quantized",
            &["a.gate.weight", "a.linear.weight", ".weight"],
            2,
        ),
        all(
            "vectors",
            "vectors are not, whatever their names",
            &["a.q_proj.weight", "b.experts.down_proj", "c.gate.weight"],
            1,
        ),
        all("scalars", "nor are scalars", &["a.q_proj.weight", "c.gate.weight"], 0),
        all("high-ranks", "ranks above 2 are", &["a.gate.weight", "b.experts.down_proj"], 5),
        all(
            "projections-of-delta-net",
            "projections whose names go on",
            &["a.norm_1.in_proj_z.weight", "norm.weight_proj_b.weight"],
            2,
        ),
        all(
            "norms-in-groups",
            "norms with more behind them",
            &["a.norm_2.group.weight", "norm.weight.0.weight"],
            2,
        ),
        all("convolution-alone", "a convolution by its whole name", &["conv1d.weight"], 3),
    ]
}

/// Names that would share a file, and names that only nearly do.
fn collisions() -> Vec<Draft> {
    let refused = |id: &str, note: &str, tensors: &[(&str, u64)]| {
        draft(id, "IDX-10", note, tensors).control(CONTROL)
    };
    vec![
        refused(
            "collision-point",
            "a point and an underscore",
            &[("a.b.weight", 2), ("a_b.weight", 2)],
        ),
        refused(
            "collision-far",
            "the first and the last of four",
            &[
                ("layer.0.weight", 2),
                ("layer.1.weight", 2),
                ("layer.2.weight", 2),
                ("layer_0_weight", 1),
                ("layer 0.weight", 2),
            ],
        ),
        refused("collision-emoji", "two emoji", &[("🧠.weight", 2), ("🦀.weight", 2)]),
        refused(
            "collision-halves",
            "two that are not quantized",
            &[("a.norm.weight", 1), ("a_norm.weight", 1)],
        ),
        refused("twice", "one name twice", &[("a.weight", 2), ("b.weight", 2), ("a.weight", 2)]),
        refused(
            "twice-of-two-ranks",
            "one name twice, of two files",
            &[("a.weight", 2), ("a.weight", 1)],
        ),
        draft(
            "suffixes-differ",
            "IDX-10",
            "one stem with two suffixes is two files",
            &[("a.b.weight", 2), ("a_b.weight", 1)],
        ),
        draft(
            "capitals-differ",
            "IDX-10",
            "names are not folded",
            &[("a.B.weight", 2), ("a.b.weight", 2)],
        ),
        draft(
            "scripts-differ",
            "IDX-10",
            "letters of other scripts tell names apart",
            &[("权.weight", 2), ("重.weight", 2)],
        ),
        draft(
            "suffixes-differ-for-experts",
            "IDX-10",
            "one stem of an expert and a bias",
            &[("a.experts.down_proj", 3), ("a_experts.down_proj", 3)],
        ),
    ]
}
