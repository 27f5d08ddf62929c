//! The forward pass in f64: what transformers says of the same weights.

use std::collections::BTreeMap;

use q4proof::model::double::{Tensor, logits};
use q4proof::model::tensors::required;
use q4proof::model::{Config, ModelError};
use serde_json::json;

use crate::tiny::{Tiny, config};

const IDS: [u32; 8] = [3, 17, 17, 60, 5, 0, 41, 22];

/// The sizes of a model, and its weights in f64.
fn model(tied: bool, dtype: &'static str) -> (Config, BTreeMap<String, Tensor>) {
    let tiny = Tiny::new(tied, dtype);
    let config = Config::parse(tiny.config.to_string().as_bytes()).expect("a configuration");
    let tensors = tiny.tensors.iter().map(|tensor| {
        let number = |bytes: &[u8]| match *bytes {
            // The upper half of an f32.
            [low, high] => f64::from(f32::from_le_bytes([0, 0, low, high])),
            [a, b, c, d] => f64::from(f32::from_le_bytes([a, b, c, d])),
            _ => panic!("no number"),
        };
        let size = if dtype == "F32" { 4 } else { 2 };
        let shape = tensor.shape.iter().map(|&size| size as usize).collect();
        (tensor.name.clone(), (shape, tensor.bytes.chunks(size).map(number).collect()))
    });
    (config, tensors.collect())
}

#[test]
fn the_logits_are_those_of_transformers() {
    // By scripts/logits.py; the model is that of `Tiny`: the first five logits of each position.
    const UNTIED: [[f64; 5]; 8] = [
        [
            1.775736686888478,
            1.17286525528126,
            -0.26310930911972025,
            -0.04355059164583449,
            -2.5368349969784316,
        ],
        [
            2.7481148497936707,
            0.9749508448842873,
            0.8524559252860148,
            0.6534765794733334,
            -0.10535815749468724,
        ],
        [
            -0.19922773261473795,
            -1.3157440803014164,
            1.0089979266528464,
            0.7263079298280892,
            -2.004410739399976,
        ],
        [
            -0.6613924407894617,
            0.011498827850535695,
            2.1423273172780055,
            -1.1562536022490293,
            -0.11833574349508852,
        ],
        [
            -0.13029018581719987,
            2.267281715782901,
            1.0612984363545455,
            -1.8359375007776244,
            -1.4964918454957465,
        ],
        [
            0.7323672526114893,
            -0.29067476395932,
            1.9705273899634406,
            0.25379499237354586,
            -1.6934752213436637,
        ],
        [
            -1.915467114661844,
            1.545180272114353,
            -0.0469132017767664,
            -0.7668668886267682,
            2.161169347213205,
        ],
        [
            1.3638349275451398,
            -1.1631481720357133,
            0.591331141807162,
            -2.2622720264647094,
            -2.426435093260392,
        ],
    ];
    const TIED: [[f64; 5]; 8] = [
        [
            0.14543357458778514,
            -2.022627127130264,
            0.9036672800823632,
            1.3671202301246197,
            1.245536100736492,
        ],
        [
            -1.1956025865554016,
            -2.302585208021171,
            -0.4140743252109825,
            0.5941080954453798,
            -1.7495903047816268,
        ],
        [
            2.767637857748877,
            -0.6079900380487995,
            -1.5809414094897156,
            3.175983930404493,
            1.0032804138551656,
        ],
        [
            0.7327587942151431,
            -0.2098486683960299,
            -1.5348979709343167,
            0.8794323058785279,
            0.8807051858376956,
        ],
        [
            -2.154401203938582,
            0.7822598514644017,
            0.04954092813864418,
            -1.056030374356354,
            -0.6886153680276434,
        ],
        [
            1.9838601669462048,
            -1.4142471779533112,
            1.5804437942985168,
            -0.4499682218340219,
            -0.3932557767553506,
        ],
        [
            1.332727249872554,
            1.0246990522366968,
            1.932924184975357,
            -0.3048084247340256,
            0.5867858938851731,
        ],
        [
            2.5469067406807415,
            -0.0908612167806441,
            1.2034806753516663,
            0.6809564034815561,
            -1.1392695193293403,
        ],
    ];
    for (tied, dtype, golden) in [(false, "F32", UNTIED), (true, "BF16", TIED)] {
        let (config, tensors) = model(tied, dtype);
        let found = logits(&config, &|name| tensors.get(name).cloned(), &IDS).expect("logits");
        assert_eq!(found.len(), golden.len());
        for (position, (found, golden)) in found.iter().zip(golden).enumerate() {
            assert_eq!(found.len(), 64);
            for (found, golden) in found.iter().zip(golden) {
                let difference = (found - golden).abs();
                assert!(difference < 1e-12, "{dtype}, {position}: {found} and not {golden}");
            }
        }
    }
}

#[test]
fn a_position_knows_nothing_of_those_behind_it() {
    let (config, tensors) = model(true, "BF16");
    let weights = |name: &str| tensors.get(name).cloned();
    let whole = logits(&config, &weights, &IDS).expect("logits");
    for count in 0..IDS.len() {
        let part = logits(&config, &weights, &IDS[..count]).expect("logits");
        assert_eq!(part, whole[..count], "{count} of them");
    }
}

#[test]
fn the_tensors_are_those_of_a_checkpoint() {
    let sizes = Config::parse(config(false, 64).to_string().as_bytes()).expect("a configuration");
    let names: Vec<String> = required(&sizes).into_iter().map(|tensor| tensor.name).collect();
    let layer = |layer: usize, mixer: &[&str]| -> Vec<String> {
        let before = ["input_layernorm.weight"];
        let behind = [
            "post_attention_layernorm.weight",
            "mlp.gate_proj.weight",
            "mlp.up_proj.weight",
            "mlp.down_proj.weight",
        ];
        let parts = before.iter().chain(mixer).chain(&behind);
        parts.map(|part| format!("model.language_model.layers.{layer}.{part}")).collect()
    };
    let delta_net = [
        "linear_attn.in_proj_qkv.weight",
        "linear_attn.in_proj_z.weight",
        "linear_attn.in_proj_b.weight",
        "linear_attn.in_proj_a.weight",
        "linear_attn.conv1d.weight",
        "linear_attn.A_log",
        "linear_attn.dt_bias",
        "linear_attn.norm.weight",
        "linear_attn.out_proj.weight",
    ];
    let attention = [
        "self_attn.q_proj.weight",
        "self_attn.k_proj.weight",
        "self_attn.v_proj.weight",
        "self_attn.q_norm.weight",
        "self_attn.k_norm.weight",
        "self_attn.o_proj.weight",
    ];
    let embeddings = vec!["model.language_model.embed_tokens.weight".to_owned()];
    let rest = ["model.language_model.norm.weight", "lm_head.weight"].map(String::from).to_vec();
    let expected =
        [embeddings, layer(0, &delta_net), layer(1, &attention), layer(2, &delta_net), rest];
    assert_eq!(names, expected.concat());
}

#[test]
fn what_is_missing_or_of_another_shape_is_named() {
    let (config, tensors) = model(true, "BF16");
    for tensor in required(&config) {
        let missing = logits(
            &config,
            &|name| tensors.get(name).filter(|_| name != tensor.name).cloned(),
            &IDS,
        );
        assert_eq!(missing, Err(ModelError::Missing(tensor.name.clone())));
        let wider = |name: &str| {
            let (mut shape, mut values) = tensors.get(name)?.clone();
            if name == tensor.name {
                values.extend(vec![0.0; values.len() / shape[0]]);
                shape[0] += 1;
            }
            Some((shape, values))
        };
        match logits(&config, &wider, &IDS) {
            Err(ModelError::Shape { name, .. }) => assert_eq!(name, tensor.name),
            other => panic!("{}: {other:?}", tensor.name),
        }
    }
    let beyond = logits(&config, &|name| tensors.get(name).cloned(), &[64]);
    assert_eq!(beyond, Err(ModelError::Token { id: 64, vocabulary: 64 }));
}

#[test]
fn an_output_gate_can_be_off_and_ends_can_be_several() {
    let mut fields = config(true, 64);
    fields["text_config"]["attn_output_gate"] = json!(false);
    fields["text_config"]["eos_token_id"] = json!([1, 2]);
    let sizes = Config::parse(fields.to_string().as_bytes()).expect("a configuration");
    assert_eq!((sizes.query_dim(), sizes.eos_token_ids), (64, vec![1, 2]));
}
