//! The plan of a rotation, as data: what becomes of each tensor of a model.
//!
//! All that reads the residual stream is rotated on its input side, with the norm before it folded in
//! first; all that writes to it, on its output side. The embeddings write to it by their rows, which
//! is an input side without a norm. The norms of the residual stream become zero, all else stays.

use crate::model::Config;
use crate::model::tensors::{HEAD, PREFIX, embeddings, final_norm, of_layer, required};

/// What becomes of a tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// W R^T: each row is rotated (ROT-6), behind the folding of a norm into the columns (ROT-7).
    Input {
        /// The norm's tensor; none for the embeddings.
        norm: Option<String>,
    },
    /// R W: each column is rotated (ROT-6).
    Output,
    /// A norm that was folded into what follows it: all its values become zero.
    Zeroed,
    /// It knows nothing of the residual stream, and stays.
    Kept,
}

impl Change {
    /// Whether the tensor is rotated; just these are quantized.
    pub fn is_rotated(&self) -> bool {
        matches!(self, Self::Input { .. } | Self::Output)
    }
}

/// A tensor of the rotated model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Its name.
    pub name: String,
    /// The tensor of the plain model that it is made of. Another name only where embeddings were tied:
    /// the output matrix is made of them then.
    pub source: String,
    /// Its dimensions, outermost first.
    pub shape: Vec<usize>,
    /// What becomes of it.
    pub change: Change,
}

impl Planned {
    /// The number of values.
    pub fn numel(&self) -> u64 {
        self.shape.iter().map(|&size| size as u64).product()
    }
}

/// What becomes of each tensor of a model, its embeddings untied.
pub fn plan(config: &Config) -> Vec<Planned> {
    let untied = Config { tie_word_embeddings: false, ..config.clone() };
    let planned = required(&untied).into_iter().map(|tensor| {
        let is_tied = config.tie_word_embeddings && tensor.name == HEAD;
        Planned {
            source: if is_tied { embeddings() } else { tensor.name.clone() },
            change: change(&tensor.name),
            name: tensor.name,
            shape: tensor.shape,
        }
    });
    planned.collect()
}

fn change(name: &str) -> Change {
    if name == embeddings() {
        return Change::Input { norm: None };
    }
    if name == HEAD {
        return Change::Input { norm: Some(final_norm()) };
    }
    if name == final_norm() {
        return Change::Zeroed;
    }
    let layers = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix("layers."));
    let Some((layer, part)) = layers.and_then(|rest| rest.split_once('.')) else {
        return Change::Kept;
    };
    let behind =
        |norm: &str| Change::Input { norm: layer.parse().ok().map(|layer| of_layer(layer, norm)) };
    match part {
        "input_layernorm.weight" | "post_attention_layernorm.weight" => Change::Zeroed,
        "linear_attn.in_proj_qkv.weight"
        | "linear_attn.in_proj_z.weight"
        | "linear_attn.in_proj_b.weight"
        | "linear_attn.in_proj_a.weight"
        | "self_attn.q_proj.weight"
        | "self_attn.k_proj.weight"
        | "self_attn.v_proj.weight" => behind("input_layernorm.weight"),
        "mlp.gate_proj.weight" | "mlp.up_proj.weight" => behind("post_attention_layernorm.weight"),
        "linear_attn.out_proj.weight" | "self_attn.o_proj.weight" | "mlp.down_proj.weight" => {
            Change::Output
        }
        _ => Change::Kept,
    }
}
