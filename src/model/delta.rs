//! The gated delta net: a memory of one matrix a head, which forgets, and takes in what a key did not give
//! yet. Its state does not grow with the position.

use std::rc::Rc;

use super::ModelError;
use super::arithmetic::{dot, gated_rms_norm, l2_normalised, sigmoid, silu, softplus};
use super::config::Config;
use super::linear::Linear;
use super::loader::Loader;

/// The weights of one layer's delta net.
pub(super) struct DeltaNet {
    queries_keys_values: Rc<dyn Linear>,
    gate: Rc<dyn Linear>,
    strength: Rc<dyn Linear>,
    decay: Rc<dyn Linear>,
    output: Rc<dyn Linear>,
    /// Taps of each channel, the oldest first.
    convolution: Vec<f32>,
    taps: usize,
    decay_log: Vec<f32>,
    decay_bias: Vec<f32>,
    norm: Vec<f32>,
    key_heads: usize,
    value_heads: usize,
    key_dim: usize,
    value_dim: usize,
    epsilon: f32,
}

/// What is kept from one position to the next.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    /// The last inputs of the convolution, one less than it has taps, the oldest first.
    recent: Vec<f32>,
    /// For each head a matrix of key_dim rows and value_dim columns.
    state: Vec<f32>,
}

impl DeltaNet {
    pub(super) fn load(loader: &Loader, prefix: &str, config: &Config) -> Result<Self, ModelError> {
        let hidden = config.hidden_size;
        let (key_heads, key_dim) = (config.linear_num_key_heads, config.linear_key_head_dim);
        let (value_heads, value_dim) =
            (config.linear_num_value_heads, config.linear_value_head_dim);
        let (channels, taps) =
            (2 * key_heads * key_dim + value_heads * value_dim, config.linear_conv_kernel_dim);
        let matrix = |name: &str, rows, columns| {
            loader.matrix(&format!("{prefix}.{name}.weight"), rows, columns)
        };
        let vector =
            |name: &str, shape: &[usize]| loader.vector(&format!("{prefix}.{name}"), shape);
        Ok(Self {
            queries_keys_values: matrix("in_proj_qkv", channels, hidden)?,
            gate: matrix("in_proj_z", value_heads * value_dim, hidden)?,
            strength: matrix("in_proj_b", value_heads, hidden)?,
            decay: matrix("in_proj_a", value_heads, hidden)?,
            output: matrix("out_proj", hidden, value_heads * value_dim)?,
            convolution: vector("conv1d.weight", &[channels, 1, taps])?,
            taps,
            decay_log: vector("A_log", &[value_heads])?,
            decay_bias: vector("dt_bias", &[value_heads])?,
            norm: vector("norm.weight", &[value_dim])?,
            key_heads,
            value_heads,
            key_dim,
            value_dim,
            epsilon: config.rms_norm_eps as f32,
        })
    }

    fn channels(&self) -> usize {
        2 * self.key_heads * self.key_dim + self.value_heads * self.value_dim
    }

    /// The memory before the first position.
    pub(super) fn empty(&self) -> Memory {
        Memory {
            recent: vec![0.0; (self.taps - 1) * self.channels()],
            state: vec![0.0; self.value_heads * self.key_dim * self.value_dim],
        }
    }

    /// What each of the hidden states in `x` takes out of the memory, one after the other.
    pub(super) fn forward(&self, x: &[f32], memory: &mut Memory) -> Result<Vec<f32>, ModelError> {
        let inputs = self.queries_keys_values.multiply(x)?;
        let gates = self.gate.multiply(x)?;
        let strengths = self.strength.multiply(x)?;
        let decays = self.decay.multiply(x)?;
        let mut mixed = Vec::with_capacity(gates.len());
        let positions = inputs
            .chunks_exact(self.channels())
            .zip(strengths.chunks_exact(self.value_heads))
            .zip(decays.chunks_exact(self.value_heads));
        for ((input, strengths), decays) in positions {
            memory.recent.extend(input);
            let convolved = self.convolve(&memory.recent);
            memory.recent.drain(..self.channels());
            self.step(&convolved, strengths, decays, &mut memory.state, &mut mixed);
        }
        gated_rms_norm(&mut mixed, &gates, &self.norm, self.epsilon);
        self.output.multiply(&mixed)
    }

    /// Each channel of the last positions, weighted by its taps, then silu.
    fn convolve(&self, recent: &[f32]) -> Vec<f32> {
        let channels = self.channels();
        let sum = |channel: usize| {
            let taps = &self.convolution[channel * self.taps..][..self.taps];
            let inputs = recent[channel..].iter().step_by(channels);
            silu(taps.iter().zip(inputs).map(|(tap, input)| tap * input).sum())
        };
        (0..channels).map(sum).collect()
    }

    /// One position of every head: the state decays, what the key gives already is taken off the value,
    /// the rest goes in, and the query takes out.
    fn step(
        &self,
        convolved: &[f32],
        strengths: &[f32],
        decays: &[f32],
        state: &mut [f32],
        mixed: &mut Vec<f32>,
    ) {
        let (key_dim, value_dim) = (self.key_dim, self.value_dim);
        let width = self.key_heads * key_dim;
        let (queries, rest) = convolved.split_at(width);
        let (keys, values) = rest.split_at(width);
        let scale = 1.0 / (key_dim as f32).sqrt();
        let heads = state.chunks_exact_mut(key_dim * value_dim).zip(values.chunks_exact(value_dim));
        for (head, (state, value)) in heads.enumerate() {
            let key_head = head / (self.value_heads / self.key_heads) * key_dim;
            let query = l2_normalised(&queries[key_head..][..key_dim], scale);
            let key = l2_normalised(&keys[key_head..][..key_dim], 1.0);
            let rate = self.decay_log[head].exp() * softplus(decays[head] + self.decay_bias[head]);
            let kept = (-rate).exp();
            for value in &mut *state {
                *value *= kept;
            }
            let column = |state: &[f32], column: usize| -> Vec<f32> {
                state[column..].iter().step_by(value_dim).copied().collect()
            };
            for (index, value) in value.iter().enumerate() {
                let known = dot(&column(state, index), &key);
                let change = (value - known) * sigmoid(strengths[head]);
                for (row, key) in key.iter().enumerate() {
                    state[row * value_dim + index] += key * change;
                }
                mixed.push(dot(&column(state, index), &query));
            }
        }
    }
}
