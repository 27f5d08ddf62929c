//! The names of tensors' files.

use q4proof::format::Class;
use q4proof::suite::exact::names;
use q4proof::suite::question::{NameTensors, TensorRank};
use q4proof::suite::{Answer, FormatId, Lawful, Question};

use crate::expected;

#[test]
fn names_are_told_by_rule_and_rank() {
    let of = |tensors: &[(&str, u64)]| names::files(tensors.iter().copied());
    let one = |name: &str, rank: u64| of(&[(name, rank)]).expect("no collision").remove(0);
    for name in [
        "a.experts.gate_up_proj",
        "a.experts.down_proj",
        "a.q_proj.weight",
        "a_proj_a.weight",
        "a_proj_b.weight",
        "a_proj_qkv.weight",
        "a_proj_z.weight",
        "norm_.lm_head.weight",
        "norm_.embed_tokens.weight",
        "a.weight",
        ".weight",
    ] {
        assert!(one(name, 2).ends_with(".q4") && one(name, 9).ends_with(".q4"), "{name}");
        assert!(one(name, 1).ends_with(".f16") && one(name, 0).ends_with(".f16"), "{name}");
    }
    for name in [
        "a.q_proj",
        "a.experts.up_proj",
        "a.norm.weight",
        "norm.weight.b.weight",
        "norm_1.weight",
        "conv1d.weight",
        "a.bias",
        "weight",
    ] {
        assert!(one(name, 2).ends_with(".f16"), "{name}");
    }
    assert_eq!(one("a.b-c/é权٣½ x🧠.weight", 2), "a_b-c_é权٣½_x__weight.q4");
    assert_eq!(of(&[("a.b", 1), ("a_b", 1)]), None);
    assert_eq!(of(&[("a", 1), ("a", 2)]), None);
    assert_eq!(of(&[("a.weight", 1), ("a_weight", 1)]), None);
    assert_eq!(of(&[("a.weight", 1), ("a_weight", 2)]), None);
    assert_eq!(of(&[("a.weight", 2), ("a_weight", 1)]).map(|files| files.len()), Some(2));
    let question = |names: &[&str]| {
        let tensor = |name: &&str| TensorRank { name: (*name).into(), rank: 1 };
        let (format, tensors) = (FormatId::KHQ4, names.iter().map(tensor).collect());
        expected(&Question::NameTensors(NameTensors { format, tensors }))
    };
    let files = vec!["a.f16".to_owned(), "b.f16".to_owned()];
    assert_eq!(question(&["a", "b"]), Ok(Lawful::One(Answer::Files(files))));
    assert_eq!(question(&["a", "a"]), Ok(Lawful::refuse([Class::Duplicate])));
}
