//! Rotated conversion: the directory is what an independent codec makes of the same weights, and the
//! gate is shut by every error that is planted, with the name of its tensor.

use std::collections::BTreeMap;
use std::path::Path;

use q4proof::codec::Rotation;
use q4proof::codec::rotation::each_column;
use q4proof::convert::quarot::gate::{Evidence, GateError, gate};
use q4proof::convert::quarot::plan::{Change, Planned, plan};
use q4proof::convert::quarot::quantize_rotated;
use q4proof::convert::quarot::rotated::rotated;
use q4proof::convert::{ConvertError, Unwatched};
use q4proof::model::Config;
use q4proof::model::double::Tensor;
use serde_json::{Value, json};

use super::quantized::{contents, reference, stopped_everywhere};
use super::{edit_json, json_of, quantize};
use crate::convert::refuses;
use crate::support::Bench;
use crate::tiny::{Tiny, Weights, config};

#[test]
fn the_directory_is_that_of_an_independent_codec() {
    // A seed that no f64 holds, and the greatest.
    for (tied, dtype, seed) in [(true, "BF16", (1 << 53) + 1), (false, "F32", u64::MAX)] {
        let bench = Bench::new();
        let [source, target, expected] =
            ["source", "target", "expected"].map(|name| bench.path(name));
        Tiny::new(tied, dtype).write(&source);
        let words = ["rotated: 25 matrices", "gate: ", "the same model", "next: q4proof doctor "];
        let done = quantize(&source, &target, &["--quarot", &seed.to_string()]);
        done.shows(0, &words);
        assert_eq!(done.stdout.contains("untied: lm_head.weight is made of"), tied, "{done:#?}");
        reference(&source, &expected, Some(seed));
        assert_eq!(contents(&target), contents(&expected), "{dtype}");
        let config = json_of(&target.join("config.json"));
        assert_eq!(config["quarot_seed"], json!(seed));
        assert_eq!(config["tie_word_embeddings"], json!(false));
        assert_eq!(config["text_config"]["tie_word_embeddings"], json!(false));
    }
}

#[test]
fn whenever_it_is_stopped_nothing_is_left() {
    stopped_everywhere(|source, target, watch| {
        quantize_rotated(source, target, 7, watch).map(drop)
    });
}

#[test]
fn what_the_text_model_ignores_is_left_out_and_told() {
    let bench = Bench::new();
    let (source, target) = (bench.path("source"), bench.path("target"));
    let mut model = Tiny::new(true, "BF16");
    for name in ["model.visual.merger.weight", "mtp.fc.weight"] {
        let (name, bytes) = (name.to_owned(), vec![0; 4]);
        model.tensors.push(Weights { name, dtype: "F32", shape: vec![1, 1], bytes });
    }
    model.write(&source);
    let words = ["left out: 2 tensors that the text model ignores, such as model.visual.merger"];
    quantize(&source, &target, &["--quarot", "7"]).shows(0, &words);
    assert!(!target.join("mtp_fc_weight.q4").exists());
}

/// `quantize --quarot` refuses a model that was changed, with these words.
#[track_caller]
fn refuses_changed(change: impl FnOnce(&mut Tiny), words: &[&str]) {
    let bench = Bench::new();
    let source = bench.path("source");
    let mut model = Tiny::new(true, "BF16");
    change(&mut model);
    model.write(&source);
    refuses(&bench, "quantize", &source, &bench.path("target"), &["--quarot", "7"], words);
}

#[test]
fn a_model_that_cannot_be_rotated_is_refused() {
    refuses_changed(
        |model| *model = Tiny::of_width(true, "BF16", 96),
        &["config.json: text_config.hidden_size is a length of 96: expected a power of two"],
    );
    refuses_changed(
        |model| model.config["quarot_seed"] = json!(3),
        &["config.json: has the quarot_seed 3: its weights are rotated already"],
    );
    let head = |name: &str| Weights {
        name: name.to_owned(),
        dtype: "BF16",
        shape: vec![64, 64],
        bytes: vec![0; 8192],
    };
    refuses_changed(
        |model| model.tensors.push(head("lm_head.weight")),
        &["tensor \"lm_head.weight\": is there, yet tie_word_embeddings says"],
    );
    refuses_changed(
        |model| model.tensors.push(head("model.language_model.other.weight")),
        &["tensor \"model.language_model.other.weight\": is none of the text model"],
    );
    refuses_changed(
        |model| model.tensors.retain(|tensor| !tensor.name.ends_with("k_norm.weight")),
        &["tensor \"model.language_model.layers.1.self_attn.k_norm.weight\": is not there"],
    );
    refuses_changed(
        |model| model.tensor("k_norm.weight").shape = vec![4, 4],
        &["k_norm.weight\": has shape [4, 4], expected [16] by config.json"],
    );
    refuses_changed(
        |model| model.tensor("dt_bias").dtype = "I16",
        &["linear_attn.dt_bias\": dtype is I16, expected F64, F32, F16 or BF16"],
    );
}

#[test]
fn a_configuration_is_refused_by_the_name_of_its_field() {
    let numbers = [
        "head_dim",
        "hidden_size",
        "intermediate_size",
        "layer_types",
        "linear_conv_kernel_dim",
        "linear_key_head_dim",
        "linear_num_key_heads",
        "linear_num_value_heads",
        "linear_value_head_dim",
        "max_position_embeddings",
        "num_attention_heads",
        "num_hidden_layers",
        "num_key_value_heads",
        "rms_norm_eps",
        "vocab_size",
    ];
    let wrong = |edit: &dyn Fn(&mut Value)| {
        let mut config = config(true, 64);
        edit(&mut config);
        Config::parse(config.to_string().as_bytes()).expect_err("it is wrong").to_string()
    };
    let remove = |fields: &mut Value, name: &str| {
        fields.as_object_mut().and_then(|fields| fields.remove(name)).expect("it was there");
    };
    for name in numbers {
        let words = wrong(&|config| remove(&mut config["text_config"], name));
        assert_eq!(words, format!("text_config.{name} is missing"));
        let words = wrong(&|config| config["text_config"][name] = json!("many"));
        assert!(words.starts_with(&format!("text_config.{name} is \"many\": ")), "{words}");
    }
    for name in ["rope_theta", "partial_rotary_factor"] {
        let words = wrong(&|config| remove(&mut config["text_config"]["rope_parameters"], name));
        assert!(
            words.contains(&format!("text_config.rope_parameters.{name} is missing")),
            "{words}"
        );
        // The older place.
        let mut older = config(true, 64);
        remove(&mut older["text_config"]["rope_parameters"], name);
        older["text_config"][name] = json!(0.5);
        assert!(Config::parse(older.to_string().as_bytes()).is_ok(), "{name}");
    }
    type Edit = fn(&mut Value);
    let edits: [(Edit, &str); 19] = [
        (|config| *config = json!([]), "is no JSON object"),
        (|config| *config = json!({}), "text_config is missing"),
        (|config| config["text_config"] = json!(3), "text_config is no object"),
        (|config| config["tie_word_embeddings"] = json!(false), "tie_word_embeddings is false and"),
        (|config| config["tie_word_embeddings"] = json!(1), "tie_word_embeddings is 1"),
        (|config| config["text_config"]["hidden_size"] = json!(0), "hidden_size is 0: expected"),
        (|config| config["text_config"]["vocab_size"] = json!(1e30), "vocab_size is 1e"),
        (
            |config| config["text_config"]["num_hidden_layers"] = json!(4),
            "layer_types has 3 layers",
        ),
        (
            |config| config["text_config"]["num_key_value_heads"] = json!(3),
            "expected a multiple of",
        ),
        (|config| config["text_config"]["hidden_act"] = json!("gelu"), "hidden_act is \"gelu\""),
        (|config| config["text_config"]["attention_bias"] = json!(true), "attention_bias is true"),
        (
            |config| config["text_config"]["rope_parameters"]["rope_type"] = json!("yarn"),
            "rope_type is \"yarn\"",
        ),
        (
            |config| config["text_config"]["rope_parameters"]["type"] = json!("linear"),
            "text_config.rope_parameters.type is \"linear\"",
        ),
        (
            |config| {
                config["text_config"]["rope_scaling"] =
                    json!({"rope_type": "yarn", "type": "default"})
            },
            "text_config.rope_scaling is \"yarn\"",
        ),
        (
            |config| config["text_config"]["rope_scaling"] = json!({"type": "linear", "factor": 4}),
            "text_config.rope_scaling is \"linear\"",
        ),
        (
            |config| config["text_config"]["rope_scaling"] = json!({"factor": 4}),
            "text_config.rope_scaling is {\"factor\":4}",
        ),
        (
            |config| {
                config["text_config"]["num_hidden_layers"] = json!(4097);
                config["text_config"]["layer_types"] = json!(vec!["linear_attention"; 4097]);
            },
            "num_hidden_layers is 4097, expected 4096 at most",
        ),
        (
            |config| config["text_config"]["rope_parameters"]["partial_rotary_factor"] = json!(0.2),
            "3 values of a head of 16",
        ),
        (|config| config["text_config"]["eos_token_id"] = json!("end"), "eos_token_id is \"end\""),
    ];
    for unscaled in [json!(null), json!({"rope_type": "default"}), json!({"type": "default"})] {
        let mut older = config(true, 64);
        older["text_config"]["rope_scaling"] = unscaled;
        assert!(Config::parse(older.to_string().as_bytes()).is_ok(), "{older}");
    }
    for (edit, words) in edits {
        let found = wrong(&edit);
        assert!(found.contains(words), "{found:?} has no {words:?}");
    }
}

/// The weights of a model, plain and rotated, for the gate.
struct World {
    config: Config,
    plan: Vec<Planned>,
    plain: BTreeMap<String, Tensor>,
    rotated: BTreeMap<String, Tensor>,
}

const SEED: u64 = 42;

impl World {
    fn new() -> Self {
        let model = Tiny::new(true, "F32");
        let config = Config::parse(model.config.to_string().as_bytes()).expect("a configuration");
        let plain: BTreeMap<String, Tensor> = model
            .tensors
            .iter()
            .map(|tensor| {
                let values =
                    tensor.bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
                let shape = tensor.shape.iter().map(|&size| size as usize).collect();
                (tensor.name.clone(), (shape, values.map(f64::from).collect()))
            })
            .collect();
        let plan = plan(&config);
        let mut world = Self { config, plan, plain, rotated: BTreeMap::new() };
        world.rotated =
            world.plan.iter().map(|one| (one.name.clone(), world.turned(one, SEED))).collect();
        world
    }

    /// A tensor as a plan and a seed have it.
    fn turned(&self, planned: &Planned, seed: u64) -> Tensor {
        let rotation = Rotation::plain(seed, 64).expect("a power of two");
        rotated(planned, rotation, &ask(&self.plain)).expect("it is there")
    }

    /// What is planned for the tensor whose name ends so.
    fn planned(&mut self, ending: &str) -> &mut Planned {
        let found = self.plan.iter_mut().find(|planned| planned.name.ends_with(ending));
        found.expect("a tensor of that name")
    }

    /// The rotated tensor whose name ends so.
    fn values(&mut self, ending: &str) -> &mut Vec<f64> {
        let found = self.rotated.iter_mut().find(|(name, _)| name.ends_with(ending));
        &mut found.expect("a tensor of that name").1.1
    }

    fn gate(&self) -> Result<Evidence, GateError> {
        let (plain, rotated) = (ask(&self.plain), ask(&self.rotated));
        gate(&self.config, &self.plan, SEED, &plain, &rotated, &mut Unwatched)
    }
}

fn ask(tensors: &BTreeMap<String, Tensor>) -> impl Fn(&str) -> Result<Tensor, ConvertError> + '_ {
    |name| {
        let missing =
            || ConvertError::File { path: Path::new("memory").into(), problem: name.into() };
        tensors.get(name).cloned().ok_or_else(missing)
    }
}

#[test]
fn the_gate_is_open_to_what_is_right() {
    let world = World::new();
    let evidence = world.gate().expect("it is open");
    let elements: u64 =
        world.plan.iter().filter(|one| one.change.is_rotated()).map(Planned::numel).sum();
    assert_eq!(evidence.elements, elements);
    assert_eq!(evidence.logits, 8 * 64);
    assert!(evidence.largest_element_difference < 1e-15, "{evidence:?}");
    assert!(evidence.largest_logit_difference < 1e-12, "{evidence:?}");
    // A comparison of a model with itself would show no difference at all.
    assert!(evidence.largest_logit_difference > 0.0, "{evidence:?}");
}

#[test]
fn a_planted_error_shuts_the_gate_and_is_named() {
    type Plant = fn(&mut World);
    let plant: [(&str, Plant); 11] = [
        ("layers.1.self_attn.q_proj.weight", |world| {
            // Its norm is not folded.
            let mut planned = world.planned("self_attn.q_proj.weight").clone();
            planned.change = Change::Input { norm: None };
            *world.values("self_attn.q_proj.weight") = world.turned(&planned, SEED).1;
        }),
        ("layers.1.self_attn.k_proj.weight", |world| {
            let planned = world.planned("self_attn.k_proj.weight").clone();
            *world.values("self_attn.k_proj.weight") = world.turned(&planned, SEED + 1).1;
        }),
        ("layers.1.self_attn.v_proj.weight", |world| {
            // It is not rotated at all.
            let mut planned = world.planned("self_attn.v_proj.weight").clone();
            planned.change = Change::Kept;
            *world.values("self_attn.v_proj.weight") = world.turned(&planned, SEED).1;
        }),
        ("layers.2.mlp.down_proj.weight", |world| {
            // The inverse in the place of the rotation.
            let mut planned = world.planned("layers.2.mlp.down_proj.weight").clone();
            planned.change = Change::Kept;
            let mut values = world.turned(&planned, SEED).1;
            let rotation = Rotation::plain(SEED, 64).expect("a power of two");
            each_column(&mut values, 96, |column| rotation.invert(column));
            *world.values("layers.2.mlp.down_proj.weight") = values;
        }),
        ("layers.0.mlp.up_proj.weight", |world| {
            world.values("layers.0.mlp.up_proj.weight")[95 * 64 + 63] = f64::NAN;
        }),
        ("lm_head.weight", |world| world.values("lm_head.weight")[0] *= 1.0 + 1e-12),
        ("layers.1.self_attn.o_proj.weight", |world| {
            world.values("self_attn.o_proj.weight")[7] = f64::INFINITY;
        }),
        ("model.language_model.norm.weight", |world| {
            world.values("language_model.norm.weight")[3] = 1e-300;
        }),
        ("layers.0.input_layernorm.weight", |world| {
            world.values("layers.0.input_layernorm.weight")[63] = f64::NAN;
        }),
        ("layers.0.linear_attn.conv1d.weight", |world| {
            world.values("layers.0.linear_attn.conv1d.weight")[0] += 1e-9;
        }),
        ("layers.2.linear_attn.A_log", |world| {
            // The same in both models, and no number.
            world.values("layers.2.linear_attn.A_log")[0] = f64::NAN;
            let name = "model.language_model.layers.2.linear_attn.A_log";
            world.plain.get_mut(name).expect("it is there").1[0] = f64::NAN;
        }),
    ];
    for (name, plant) in plant {
        let mut world = World::new();
        plant(&mut world);
        match world.gate() {
            Err(GateError::Element { name: found, .. }) => {
                assert!(found.ends_with(name), "{found} and not {name}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_tensor_of_another_shape_or_none_shuts_the_gate() {
    let mut world = World::new();
    world.values("self_attn.k_proj.weight").pop();
    let shut = world.gate().expect_err("a value is missing");
    assert!(matches!(shut, GateError::Extent { .. }), "{shut:?}");
    let mut world = World::new();
    world.rotated.remove("lm_head.weight");
    let shut = world.gate().expect_err("a tensor is missing");
    assert!(matches!(shut, GateError::Weights(_)), "{shut:?}");
}

#[test]
fn a_plan_that_is_wrong_itself_is_seen_by_the_logits() {
    // Each tensor is as the plan has it, so that no element is off.
    let edits: [(&str, Change); 4] = [
        ("self_attn.o_proj.weight", Change::Kept),
        ("layers.0.linear_attn.in_proj_z.weight", Change::Input { norm: None }),
        ("layers.1.post_attention_layernorm.weight", Change::Kept),
        ("lm_head.weight", Change::Input { norm: None }),
    ];
    for (name, change) in edits {
        let mut world = World::new();
        world.planned(name).change = change;
        let planned = world.planned(name).clone();
        *world.values(name) = world.turned(&planned, SEED).1;
        match world.gate() {
            Err(GateError::Logit { .. }) => {}
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn the_plan_has_a_side_for_each_tensor_of_the_architecture() {
    let mut world = World::new();
    let norm = |name: &str| Change::Input { norm: Some(format!("model.language_model.{name}")) };
    let first = || norm("layers.0.input_layernorm.weight");
    for (ending, change) in [
        ("embed_tokens.weight", Change::Input { norm: None }),
        ("layers.0.linear_attn.in_proj_qkv.weight", first()),
        ("layers.0.linear_attn.in_proj_z.weight", first()),
        ("layers.0.linear_attn.in_proj_a.weight", first()),
        ("layers.0.linear_attn.in_proj_b.weight", first()),
        ("layers.0.linear_attn.out_proj.weight", Change::Output),
        ("layers.0.linear_attn.norm.weight", Change::Kept),
        ("layers.0.linear_attn.conv1d.weight", Change::Kept),
        ("layers.1.self_attn.q_proj.weight", norm("layers.1.input_layernorm.weight")),
        ("layers.1.self_attn.q_norm.weight", Change::Kept),
        ("layers.1.self_attn.o_proj.weight", Change::Output),
        ("layers.2.mlp.gate_proj.weight", norm("layers.2.post_attention_layernorm.weight")),
        ("layers.2.mlp.up_proj.weight", norm("layers.2.post_attention_layernorm.weight")),
        ("layers.2.mlp.down_proj.weight", Change::Output),
        ("layers.2.post_attention_layernorm.weight", Change::Zeroed),
        ("language_model.norm.weight", Change::Zeroed),
        ("lm_head.weight", norm("norm.weight")),
    ] {
        assert_eq!(world.planned(ending).change, change, "{ending}");
    }
    let tied = world.planned("lm_head.weight").source.clone();
    assert_eq!(tied, "model.language_model.embed_tokens.weight");
}

#[test]
fn rotated_weights_are_not_taken_for_plain_ones() {
    let bench = Bench::new();
    let (source, target) = (bench.path("source"), bench.path("target"));
    Tiny::new(true, "BF16").write(&source);
    edit_json(&source.join("config.json"), |config| config["quarot_seed"] = json!(u64::MAX));
    let words = ["has the quarot_seed 18446744073709551615"];
    for options in [&[][..], &["--quarot", "7"]] {
        refuses(&bench, "quantize", &source, &target, options, &words);
    }
}
