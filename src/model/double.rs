//! The logits of a model in f64, position by position, in the plainest form there is: matrices as
//! they stand, recurrences one step at a time, no cache and no chunks.
//!
//! It follows `Qwen3_5ForCausalLM` of transformers, with f64 in the place of the f32 and bf16 there.
//! A tensor is asked for once in the order of [`required`](super::tensors::required), used, and
//! dropped, so that one is in memory at a time. Tied embeddings are asked for again in the end.

use super::config::LayerType;
use super::tensors::{HEAD, embeddings, final_norm, of_layer};
use super::{Config, ModelError};

/// What is added to a sum of squares of a delta net's queries and keys before its root is taken.
const UNIT_EPS: f64 = 1e-6;

/// A tensor: its shape, outermost dimension first, and its values, row-major.
pub type Tensor = (Vec<usize>, Vec<f64>);

/// One vector for each position.
type Positions = Vec<Vec<f64>>;

/// The logits behind each of `ids`: one vector of `vocab_size` values for each.
///
/// `weights` gives the tensor of a name, or nothing where there is none.
///
/// # Errors
///
/// [`ModelError`]: a tensor that is missing or has another shape, a token beyond the vocabulary.
pub fn logits(
    config: &Config,
    weights: &dyn Fn(&str) -> Option<Tensor>,
    ids: &[u32],
) -> Result<Vec<Vec<f64>>, ModelError> {
    let model = Model { config, weights };
    let mut stream = model.embedded(ids)?;
    for (layer, kind) in config.layer_types.iter().enumerate() {
        let layer = Layer { model: &model, layer };
        let normed = layer.normed("input_layernorm.weight", &stream)?;
        let mixed = match kind {
            LayerType::LinearAttention => layer.delta_net(&normed)?,
            LayerType::FullAttention => layer.attention(&normed)?,
        };
        add(&mut stream, &mixed);
        let normed = layer.normed("post_attention_layernorm.weight", &stream)?;
        add(&mut stream, &layer.feed_forward(&normed)?);
    }
    let gains = model.tensor(&final_norm(), &[config.hidden_size])?;
    for vector in &mut stream {
        normalize(vector, &gains, config.rms_norm_eps);
    }
    let head = if config.tie_word_embeddings { embeddings() } else { HEAD.to_owned() };
    model.product(&head, config.vocab_size, &stream)
}

struct Model<'a> {
    config: &'a Config,
    weights: &'a dyn Fn(&str) -> Option<Tensor>,
}

impl Model<'_> {
    /// The values of a tensor, which must have that shape.
    fn tensor(&self, name: &str, expected: &[usize]) -> Result<Vec<f64>, ModelError> {
        let (found, values) =
            (self.weights)(name).ok_or_else(|| ModelError::Missing(name.to_owned()))?;
        if found != expected || values.len() != expected.iter().product::<usize>() {
            let (name, expected) = (name.to_owned(), expected.to_vec());
            return Err(ModelError::Shape { name, found, expected });
        }
        Ok(values)
    }

    fn embedded(&self, ids: &[u32]) -> Result<Positions, ModelError> {
        let (vocabulary, hidden) = (self.config.vocab_size, self.config.hidden_size);
        if let Some(&id) = ids.iter().find(|&&id| id as usize >= vocabulary) {
            return Err(ModelError::Token { id, vocabulary });
        }
        let rows = self.tensor(&embeddings(), &[vocabulary, hidden])?;
        Ok(ids.iter().map(|&id| rows[id as usize * hidden..][..hidden].to_vec()).collect())
    }

    /// A matrix of so many rows times each vector.
    fn product(
        &self,
        name: &str,
        rows: usize,
        vectors: &Positions,
    ) -> Result<Positions, ModelError> {
        let columns = vectors.first().map_or(0, Vec::len);
        let matrix =
            if vectors.is_empty() { Vec::new() } else { self.tensor(name, &[rows, columns])? };
        let times =
            |vector: &Vec<f64>| matrix.chunks_exact(columns).map(|row| dot(row, vector)).collect();
        Ok(vectors.iter().map(times).collect())
    }
}

struct Layer<'a> {
    model: &'a Model<'a>,
    layer: usize,
}

impl Layer<'_> {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f64>, ModelError> {
        self.model.tensor(&of_layer(self.layer, name), shape)
    }

    fn product(
        &self,
        name: &str,
        rows: usize,
        vectors: &Positions,
    ) -> Result<Positions, ModelError> {
        self.model.product(&of_layer(self.layer, name), rows, vectors)
    }

    /// The residual stream behind a norm, which multiplies by one more than its weight.
    fn normed(&self, name: &str, stream: &Positions) -> Result<Positions, ModelError> {
        let config = self.model.config;
        let gains = self.tensor(name, &[config.hidden_size])?;
        let mut normed = stream.clone();
        for vector in &mut normed {
            normalize(vector, &gains, config.rms_norm_eps);
        }
        Ok(normed)
    }

    fn feed_forward(&self, normed: &Positions) -> Result<Positions, ModelError> {
        let config = self.model.config;
        let mut gated = self.product("mlp.gate_proj.weight", config.intermediate_size, normed)?;
        let up = self.product("mlp.up_proj.weight", config.intermediate_size, normed)?;
        for (gate, up) in gated.iter_mut().flatten().zip(up.iter().flatten()) {
            *gate = silu(*gate) * up;
        }
        self.product("mlp.down_proj.weight", config.hidden_size, &gated)
    }

    /// A gated delta net: for each head a matrix of keys by values that decays, and that at each
    /// position is corrected towards the value for the key and then asked with the query.
    fn delta_net(&self, normed: &Positions) -> Result<Positions, ModelError> {
        let config = self.model.config;
        let heads = config.linear_num_value_heads;
        let (key_dim, value_dim) = (config.linear_key_dim(), config.linear_value_dim());
        let (key_len, value_len) = (config.linear_key_head_dim, config.linear_value_head_dim);
        let channels = 2 * key_dim + value_dim;
        let mixed = self.product("linear_attn.in_proj_qkv.weight", channels, normed)?;
        let gates = self.product("linear_attn.in_proj_z.weight", value_dim, normed)?;
        let updates = self.product("linear_attn.in_proj_b.weight", heads, normed)?;
        let steps = self.product("linear_attn.in_proj_a.weight", heads, normed)?;
        let mixed = self.convolved(&mixed, channels)?;
        let rates = self.tensor("linear_attn.A_log", &[heads])?;
        let biases = self.tensor("linear_attn.dt_bias", &[heads])?;
        let gains = self.tensor("linear_attn.norm.weight", &[value_len])?;

        let mut outputs = vec![vec![0.0; value_dim]; normed.len()];
        for head in 0..heads {
            // Consecutive value heads share a query and key head.
            let shared = head / (heads / config.linear_num_key_heads);
            let mut memory = vec![0.0; key_len * value_len];
            for (position, output) in outputs.iter_mut().enumerate() {
                let vector = &mixed[position];
                let mut query = unit(&vector[shared * key_len..][..key_len]);
                query.iter_mut().for_each(|value| *value /= (key_len as f64).sqrt());
                let key = unit(&vector[key_dim + shared * key_len..][..key_len]);
                let value = &vector[2 * key_dim + head * value_len..][..value_len];

                let step = softplus(steps[position][head] + biases[head]);
                let decay = (-rates[head].exp() * step).exp();
                memory.iter_mut().for_each(|cell| *cell *= decay);
                let update = sigmoid(updates[position][head]);
                let held = ask(&memory, &key, value_len);
                for (row, key) in memory.chunks_exact_mut(value_len).zip(&key) {
                    for ((cell, value), held) in row.iter_mut().zip(value).zip(&held) {
                        *cell += key * (value - held) * update;
                    }
                }
                let mut answer = ask(&memory, &query, value_len);
                // This norm multiplies by its weight as it is.
                let scale = root_mean_square(&answer, config.rms_norm_eps);
                let gate = &gates[position][head * value_len..][..value_len];
                for ((value, gain), gate) in answer.iter_mut().zip(&gains).zip(gate) {
                    *value = *value / scale * gain * silu(*gate);
                }
                output[head * value_len..][..value_len].copy_from_slice(&answer);
            }
        }
        self.product("linear_attn.out_proj.weight", config.hidden_size, &outputs)
    }

    /// Each channel convolved over the positions up to its own, then through silu.
    fn convolved(&self, mixed: &Positions, channels: usize) -> Result<Positions, ModelError> {
        let len = self.model.config.linear_conv_kernel_dim;
        let kernels = self.tensor("linear_attn.conv1d.weight", &[channels, 1, len])?;
        let at = |position: usize, channel: usize| {
            // The last weight of a kernel is that of the position itself.
            let kernel = kernels[channel * len..][..len].iter().rev();
            let before = mixed[..=position].iter().rev();
            silu(kernel.zip(before).map(|(weight, vector)| weight * vector[channel]).sum())
        };
        let all = |position| (0..channels).map(|channel| at(position, channel)).collect();
        Ok((0..mixed.len()).map(all).collect())
    }

    /// Softmax attention over the positions up to each one, with an output gate.
    fn attention(&self, normed: &Positions) -> Result<Positions, ModelError> {
        let config = self.model.config;
        let (heads, len) = (config.num_attention_heads, config.head_dim);
        let keys_dim = config.num_key_value_heads * len;
        let asked = self.product("self_attn.q_proj.weight", config.query_dim(), normed)?;
        let mut keys = self.product("self_attn.k_proj.weight", keys_dim, normed)?;
        let values = self.product("self_attn.v_proj.weight", keys_dim, normed)?;
        let query_gains = self.tensor("self_attn.q_norm.weight", &[len])?;
        let key_gains = self.tensor("self_attn.k_norm.weight", &[len])?;
        for (position, vector) in keys.iter_mut().enumerate() {
            for key in vector.chunks_exact_mut(len) {
                normalize(key, &key_gains, config.rms_norm_eps);
                turn(key, position, config);
            }
        }
        let mut outputs = vec![vec![0.0; heads * len]; normed.len()];
        // Of each head first the query, then its gate.
        let width = config.query_dim() / heads;
        for (position, output) in outputs.iter_mut().enumerate() {
            for head in 0..heads {
                let (query, gate) = asked[position][head * width..][..width].split_at(len);
                let mut query = query.to_vec();
                normalize(&mut query, &query_gains, config.rms_norm_eps);
                turn(&mut query, position, config);
                let shared = head / (heads / config.num_key_value_heads) * len;
                let score =
                    |key: &Vec<f64>| dot(&query, &key[shared..][..len]) / (len as f64).sqrt();
                let weights = softmax(keys[..=position].iter().map(score).collect());
                let output = &mut output[head * len..][..len];
                for (weight, value) in weights.iter().zip(&values) {
                    for (sum, value) in output.iter_mut().zip(&value[shared..][..len]) {
                        *sum += weight * value;
                    }
                }
                for (value, gate) in output.iter_mut().zip(gate) {
                    *value *= sigmoid(*gate);
                }
            }
        }
        self.product("self_attn.o_proj.weight", config.hidden_size, &outputs)
    }
}

/// What a memory of keys by values holds for a key.
fn ask(memory: &[f64], key: &[f64], value_len: usize) -> Vec<f64> {
    let mut held = vec![0.0; value_len];
    for (row, key) in memory.chunks_exact(value_len).zip(key) {
        for (sum, cell) in held.iter_mut().zip(row) {
            *sum += key * cell;
        }
    }
    held
}

/// Turns the first values of a head by its position: value i and that half of them further on.
fn turn(head: &mut [f64], position: usize, config: &Config) {
    let len = config.rotary_dim();
    let (left, right) = head[..len].split_at_mut(len / 2);
    for (index, (a, b)) in left.iter_mut().zip(right).enumerate() {
        let frequency = config.rope_theta.powf(-2.0 * index as f64 / len as f64);
        let (sine, cosine) = (position as f64 * frequency).sin_cos();
        (*a, *b) = (*a * cosine - *b * sine, *b * cosine + *a * sine);
    }
}

/// `x / rms(x) * (1 + gain)`.
fn normalize(vector: &mut [f64], gains: &[f64], eps: f64) {
    let scale = root_mean_square(vector, eps);
    for (value, gain) in vector.iter_mut().zip(gains) {
        *value = *value / scale * (1.0 + gain);
    }
}

fn root_mean_square(vector: &[f64], eps: f64) -> f64 {
    (dot(vector, vector) / vector.len() as f64 + eps).sqrt()
}

fn unit(vector: &[f64]) -> Vec<f64> {
    let length = (dot(vector, vector) + UNIT_EPS).sqrt();
    vector.iter().map(|value| value / length).collect()
}

fn softmax(mut scores: Vec<f64>) -> Vec<f64> {
    let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    scores.iter_mut().for_each(|score| *score = (*score - greatest).exp());
    let sum: f64 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= sum);
    scores
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn add(stream: &mut Positions, more: &Positions) {
    for (value, more) in stream.iter_mut().flatten().zip(more.iter().flatten()) {
        *value += more;
    }
}

fn sigmoid(value: f64) -> f64 {
    1.0 / (1.0 + (-value).exp())
}

fn silu(value: f64) -> f64 {
    value * sigmoid(value)
}

fn softplus(value: f64) -> f64 {
    value.max(0.0) + (-value.abs()).exp().ln_1p()
}
