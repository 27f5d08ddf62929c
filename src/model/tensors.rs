//! The tensors that a model needs: their names in a checkpoint, and their shapes.

use super::Config;
use super::config::LayerType;

/// What comes before the name of every tensor but the output matrix.
pub const PREFIX: &str = "model.language_model.";

/// The output matrix, where it is not the embeddings.
pub const HEAD: &str = "lm_head.weight";

/// A tensor that a model needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Required {
    /// Its name.
    pub name: String,
    /// Its dimensions, outermost first.
    pub shape: Vec<usize>,
}

/// The embeddings' name.
pub fn embeddings() -> String {
    format!("{PREFIX}embed_tokens.weight")
}

/// The name of the norm behind the last layer.
pub fn final_norm() -> String {
    format!("{PREFIX}norm.weight")
}

/// The name of a tensor of a layer.
pub fn of_layer(layer: usize, name: &str) -> String {
    format!("{PREFIX}layers.{layer}.{name}")
}

/// Whether a checkpoint may hold a tensor of that name which the text model does not have: the image
/// encoder, and the layers that predict more than one token. transformers ignores the same.
pub fn is_ignored(name: &str) -> bool {
    name.starts_with("model.visual") || name.starts_with("mtp")
}

/// Every tensor that a model of these sizes needs, in the order in which it is used.
pub fn required(config: &Config) -> Vec<Required> {
    let hidden = config.hidden_size;
    let one = |name: String, shape: &[usize]| Required { name, shape: shape.to_vec() };
    let mut tensors = vec![one(embeddings(), &[config.vocab_size, hidden])];
    for (layer, kind) in config.layer_types.iter().enumerate() {
        let mut add = |name: &str, shape: &[usize]| tensors.push(one(of_layer(layer, name), shape));
        add("input_layernorm.weight", &[hidden]);
        match kind {
            LayerType::LinearAttention => {
                let (heads, values) = (config.linear_num_value_heads, config.linear_value_dim());
                let channels = 2 * config.linear_key_dim() + values;
                add("linear_attn.in_proj_qkv.weight", &[channels, hidden]);
                add("linear_attn.in_proj_z.weight", &[values, hidden]);
                add("linear_attn.in_proj_b.weight", &[heads, hidden]);
                add("linear_attn.in_proj_a.weight", &[heads, hidden]);
                add("linear_attn.conv1d.weight", &[channels, 1, config.linear_conv_kernel_dim]);
                add("linear_attn.A_log", &[heads]);
                add("linear_attn.dt_bias", &[heads]);
                add("linear_attn.norm.weight", &[config.linear_value_head_dim]);
                add("linear_attn.out_proj.weight", &[hidden, values]);
            }
            LayerType::FullAttention => {
                let keys = config.num_key_value_heads * config.head_dim;
                add("self_attn.q_proj.weight", &[config.query_dim(), hidden]);
                add("self_attn.k_proj.weight", &[keys, hidden]);
                add("self_attn.v_proj.weight", &[keys, hidden]);
                add("self_attn.q_norm.weight", &[config.head_dim]);
                add("self_attn.k_norm.weight", &[config.head_dim]);
                let values = config.num_attention_heads * config.head_dim;
                add("self_attn.o_proj.weight", &[hidden, values]);
            }
        }
        add("post_attention_layernorm.weight", &[hidden]);
        add("mlp.gate_proj.weight", &[config.intermediate_size, hidden]);
        add("mlp.up_proj.weight", &[config.intermediate_size, hidden]);
        add("mlp.down_proj.weight", &[hidden, config.intermediate_size]);
    }
    tensors.push(one(final_norm(), &[hidden]));
    if !config.tie_word_embeddings {
        tensors.push(one(HEAD.to_owned(), &[config.vocab_size, hidden]));
    }
    tensors
}
