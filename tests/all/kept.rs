//! Suite 1.2.0 is kept: each of its cases is still there with its question, expectation, control and tier,
//! or has a tombstone.
//!
//! `suite-1.2.0.sha256` holds a hash of each case in the form that version 1.2.0 had;
//! `scripts/suite-hashes.py` made it from the vectors of that version. Here each case of today is written in
//! that form again and hashed.

use std::collections::BTreeMap;

use q4proof::suite::case::{File, Special};
use q4proof::suite::library::sha256;
use q4proof::suite::question::{
    Decode, Encode, Load, Matmul, NameTensors, ReadIndex, Rotate, Save, Tensor,
};
use q4proof::suite::{Answer, Case, Float, Floats, FormatId, Lawful, Question};
use serde_json::{Value, json};

use crate::embedded;

/// The hash of each case of suite 1.2.0.
fn kept() -> BTreeMap<&'static str, &'static str> {
    let lines = include_str!("suite-1.2.0.sha256").lines();
    lines.filter_map(|line| line.split_once("  ")).map(|(hash, id)| (id, hash)).collect()
}

#[test]
fn every_case_of_1_2_0_asks_and_expects_what_it_did() {
    let (kept, suite) = (kept(), embedded());
    assert_eq!(kept.len(), 1640);
    let mut changed = Vec::new();
    for (id, hash) in kept {
        match suite.get(id) {
            Some(case) if hash_of(case) == hash => {}
            Some(_) => changed.push(format!("{id} is not what it was")),
            None if suite.accounts_for(id) => {}
            None => changed.push(format!("{id} is gone, and has no tombstone")),
        }
    }
    assert!(changed.is_empty(), "{changed:#?}");
}

#[test]
fn a_change_of_a_case_is_seen() {
    let (kept, suite) = (kept(), embedded());
    for id in ["decode/nibble-00", "encode/shape-too-small", "load/negative-scale-first"] {
        let sound = suite.get(id).unwrap();
        assert_eq!(hash_of(sound), kept[id]);
        let other = suite.get("save/0d").unwrap();
        for changed in [
            Case { expect: other.expect.clone(), ..sound.clone() },
            Case { question: other.question.clone(), ..sound.clone() },
            Case { control: Some("load/other".into()), ..sound.clone() },
            Case { tier: q4proof::suite::case::Tier::Informative, ..sound.clone() },
        ] {
            assert_ne!(hash_of(&changed), kept[id], "{changed:?}");
        }
    }
}

/// The hash of a case as version 1.2.0 had it.
fn hash_of(case: &Case) -> String {
    let old = json!({
        "control": case.control,
        "expect": expectation(&case.expect, &case.question),
        "input": input(&case.question),
        "tier": case.tier,
    });
    sha256(compact(&old).as_bytes())[..16].to_owned()
}

/// Compact JSON with sorted keys.
fn compact(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, &Value> = members.iter().collect();
            let member =
                |(key, value): (&String, &Value)| format!("{}:{}", json!(key), compact(value));
            format!("{{{}}}", sorted.into_iter().map(member).collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(compact).collect::<Vec<_>>().join(","))
        }
        plain => plain.to_string(),
    }
}

/// An object of what is there.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let there = members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(there.collect())
}

/// Floats as 1.2.0 had them: words in hex, most significant digit first.
fn words(values: &Floats) -> String {
    match values {
        Floats::F16(bits) | Floats::Bf16(bits) => bits.to_string(),
        Floats::F32(bits) => bits.to_string(),
        Floats::F64(bits) => bits.to_string(),
    }
}

/// The same under the name of their type.
fn typed(values: &Floats) -> Value {
    json!({ values.float().name(): words(values) })
}

fn input(question: &Question) -> Value {
    match question {
        Question::Decode(Decode { format, blocks, original_len, to, .. }) => {
            let name = match (*format, to) {
                (FormatId::KHQ4, None) => "decode".to_owned(),
                (FormatId::KHQ4, Some(to)) => format!("decode_{}", to.name()),
                (format, _) => format!("decode_{format}"),
            };
            json!({ name: { "blocks": blocks, "original_len": original_len } })
        }
        Question::Encode(Encode { format, mode, shape, values }) => {
            match (*format, values.float()) {
                (FormatId::KHQ4, Float::F32) => {
                    json!({ "encode": { "mode": mode, "shape": shape, "values": words(values) } })
                }
                (FormatId::KHQ4, _) => {
                    json!({ "encode_from": { "mode": mode, "shape": shape, "values": typed(values) } })
                }
                (format, _) => json!({
                    format!("encode_{format}"): { "shape": shape, "values": words(values) }
                }),
            }
        }
        Question::Load(Load { format, path, expected_shape, address_width }) => {
            let arguments = object([
                ("file", Some(json!(path))),
                // KHQ4 went without saying.
                ("format", (*format != FormatId::KHQ4).then(|| json!(format))),
                ("expected_shape", expected_shape.as_ref().map(|shape| json!(shape))),
                ("address_width", address_width.map(|width| json!(width))),
            ]);
            json!({ "load": arguments })
        }
        Question::Save(Save { format, path, tensors }) => {
            assert_eq!(*path, File::Special(Special::Missing));
            let [Tensor { shape, original_len, blocks, values, .. }] = &tensors[..] else {
                panic!("{tensors:?}")
            };
            match (*format, values) {
                (FormatId::KHQ4, None) => json!({
                    "save": { "shape": shape, "original_len": original_len, "blocks": blocks }
                }),
                (FormatId::KHF1, Some(values)) => {
                    json!({ "save_khf1": { "shape": shape, "values": words(values) } })
                }
                other => panic!("{other:?}"),
            }
        }
        Question::Matmul(Matmul { rows, columns, vectors, blocks, x, .. }) => json!({ "matmul": {
            "rows": rows, "columns": columns, "vectors": vectors, "blocks": blocks, "x": words(x),
        } }),
        Question::Rotate(rotate) => {
            let Rotate { seed, side, inverse, rows, columns, block, gamma, values, .. } = rotate;
            let arguments = object([
                ("seed", Some(json!(seed))),
                ("side", Some(json!(side))),
                ("inverse", Some(json!(inverse))),
                ("rows", Some(json!(rows))),
                ("columns", Some(json!(columns))),
                ("block", block.map(|block| json!(block))),
                ("gamma", gamma.as_ref().map(typed)),
                ("values", Some(typed(values))),
            ]);
            json!({ "rotate": arguments })
        }
        Question::ReadIndex(ReadIndex { path, open, .. }) => {
            let directory = match path {
                File::Directory(entries) => Some(json!(entries)),
                _ => None,
            };
            let open = open.then_some(json!(true));
            json!({ "read_index": object([("directory", directory), ("open", open)]) })
        }
        Question::NameTensors(NameTensors { tensors, .. }) => {
            json!({ "name_tensors": { "tensors": tensors } })
        }
        Question::Generate(_) => panic!("no case asks a model to generate"),
    }
}

fn expectation(expect: &Lawful<Answer>, question: &Question) -> Value {
    match expect {
        Lawful::One(given) => json!({ "exact": answer(given) }),
        Lawful::OneOf(behaviours) => {
            let each = behaviours.iter().map(|behaviour| {
                let answer = match &behaviour.expect {
                    Lawful::One(given) => answer(given),
                    other => expectation(other, question),
                };
                json!({ "name": behaviour.name, "answer": answer })
            });
            json!({ "one_of": each.collect::<Vec<_>>() })
        }
        Lawful::Within { refuse } => match question {
            Question::Encode(_) if refuse.is_empty() => json!({ "bounded": {} }),
            Question::Matmul(_) if refuse.is_empty() => json!({ "dot": {} }),
            Question::Matmul(_) => {
                json!({ "dot": expectation(&Lawful::Refuse(refuse.clone()), question) })
            }
            other => panic!("{other:?} has no bound"),
        },
        Lawful::Refuse(classes) => {
            let mut names: Vec<&str> = classes.iter().map(|class| class.name()).collect();
            names.sort_unstable();
            json!({ "refuse": names })
        }
        Lawful::Undemanded(why) => panic!("{why}"),
    }
}

fn answer(answer: &Answer) -> Value {
    match answer {
        Answer::Values(values) => {
            let key = match values.float() {
                Float::F32 => "values",
                Float::F16 => "halves",
                Float::F64 => "doubles",
                Float::Bf16 => panic!("{values:?}"),
            };
            json!({ key: words(values) })
        }
        Answer::Encoded(encoded) => json!({ "blocks": encoded.blocks }),
        Answer::Tensors(tensors) => match &tensors[..] {
            [Tensor { shape, values: Some(values), blocks: Some(blocks), .. }] => {
                json!({ "tensor": { "shape": shape, "blocks": blocks, "values": words(values) } })
            }
            [Tensor { shape, values: Some(values), blocks: None, .. }] => {
                json!({ "half_tensor": { "shape": shape, "values": words(values) } })
            }
            other => panic!("{other:?}"),
        },
        Answer::File(bytes) => json!({ "file": bytes }),
        Answer::Index(listing) => json!({ "listing": listing }),
        Answer::Files(files) => json!({ "files": files }),
        Answer::Saved | Answer::Continuation(_) => panic!("{answer:?}"),
    }
}
