//! Attention over all that came before, with fewer keys than queries, a rotary position in the first part
//! of each head, and a gate on what comes out where the model has one.

use std::rc::Rc;

use super::ModelError;
use super::arithmetic::{dot, rms_norm, sigmoid, softmax};
use super::config::Config;
use super::linear::Linear;
use super::loader::Loader;

/// The weights of one layer's attention.
pub(super) struct Attention {
    query_and_gate: Rc<dyn Linear>,
    key: Rc<dyn Linear>,
    value: Rc<dyn Linear>,
    output: Rc<dyn Linear>,
    query_norm: Vec<f32>,
    key_norm: Vec<f32>,
    heads: usize,
    key_heads: usize,
    head_dim: usize,
    gated: bool,
    rotary: Rotary,
    epsilon: f32,
}

/// The keys and values of all positions so far, position by position.
#[derive(Clone, Debug, Default)]
pub(super) struct Cache {
    keys: Vec<f32>,
    values: Vec<f32>,
}

impl Attention {
    pub(super) fn load(loader: &Loader, prefix: &str, config: &Config) -> Result<Self, ModelError> {
        let (hidden, head_dim) = (config.hidden_size, config.head_dim);
        let (heads, key_heads) = (config.num_attention_heads, config.num_key_value_heads);
        let matrix = |name: &str, rows, columns| {
            loader.matrix(&format!("{prefix}.{name}.weight"), rows, columns)
        };
        let norm = |name: &str| loader.vector(&format!("{prefix}.{name}.weight"), &[head_dim]);
        Ok(Self {
            query_and_gate: matrix("q_proj", config.query_dim(), hidden)?,
            key: matrix("k_proj", key_heads * head_dim, hidden)?,
            value: matrix("v_proj", key_heads * head_dim, hidden)?,
            output: matrix("o_proj", hidden, heads * head_dim)?,
            query_norm: norm("q_norm")?,
            key_norm: norm("k_norm")?,
            heads,
            key_heads,
            head_dim,
            gated: config.attn_output_gate,
            rotary: Rotary::new(config.rotary_dim(), config.rope_theta),
            epsilon: config.rms_norm_eps as f32,
        })
    }

    /// What each of the hidden states in `x` takes in, the first of which is at `position`.
    pub(super) fn forward(
        &self,
        x: &[f32],
        position: usize,
        cache: &mut Cache,
    ) -> Result<Vec<f32>, ModelError> {
        let (head_dim, key_width) = (self.head_dim, self.key_heads * self.head_dim);
        let queries_and_gates = self.query_and_gate.multiply(x)?;
        let mut keys = rms_norm(&self.key.multiply(x)?, &self.key_norm, self.epsilon);
        for (index, keys) in keys.chunks_exact_mut(key_width).enumerate() {
            self.rotary.turn(keys, head_dim, position + index);
        }
        cache.keys.extend(keys);
        cache.values.extend(self.value.multiply(x)?);

        let of_head = if self.gated { 2 * head_dim } else { head_dim };
        let mut mixed = Vec::new();
        for (index, both) in queries_and_gates.chunks_exact(self.heads * of_head).enumerate() {
            let seen = (position + index + 1) * key_width;
            for (head, both) in both.chunks_exact(of_head).enumerate() {
                // Each head has its query and, behind it, its gate.
                let (query, gate) = both.split_at(head_dim);
                let mut query = rms_norm(query, &self.query_norm, self.epsilon);
                self.rotary.turn(&mut query, head_dim, position + index);
                let key_head = head / (self.heads / self.key_heads) * head_dim;
                let scale = 1.0 / (head_dim as f32).sqrt();
                let positions = cache.keys[..seen].chunks_exact(key_width);
                let mut weights: Vec<f32> = positions
                    .map(|keys| dot(&query, &keys[key_head..][..head_dim]) * scale)
                    .collect();
                softmax(&mut weights);
                let mut taken = vec![0.0; head_dim];
                for (weight, values) in weights.iter().zip(cache.values.chunks_exact(key_width)) {
                    for (taken, value) in taken.iter_mut().zip(&values[key_head..]) {
                        *taken += weight * value;
                    }
                }
                for (taken, gate) in taken.iter_mut().zip(gate) {
                    *taken *= sigmoid(*gate);
                }
                mixed.extend(taken);
            }
        }
        self.output.multiply(&mixed)
    }
}

/// Turns pairs of values by an angle that grows with the position: value i of a head goes with value
/// i + half, for the first `2 * half` values of each head.
struct Rotary {
    frequencies: Vec<f64>,
}

impl Rotary {
    fn new(dimensions: usize, theta: f64) -> Self {
        let frequency = |pair| theta.powf(-2.0 * pair as f64 / dimensions as f64);
        Self { frequencies: (0..dimensions / 2).map(frequency).collect() }
    }

    fn turn(&self, heads: &mut [f32], head_dim: usize, position: usize) {
        let half = self.frequencies.len();
        for head in heads.chunks_exact_mut(head_dim) {
            for (pair, frequency) in self.frequencies.iter().enumerate() {
                let (sine, cosine) = (position as f64 * frequency).sin_cos();
                let (sine, cosine) = (sine as f32, cosine as f32);
                let (first, second) = (head[pair], head[pair + half]);
                head[pair] = first * cosine - second * sine;
                head[pair + half] = second * cosine + first * sine;
            }
        }
    }
}
