//! The decoder of Qwen3.5's text model: layers of attention and of delta nets, and the state that a
//! generation carries from token to token.

use std::path::Path;
use std::rc::Rc;

use super::ModelError;
use super::arithmetic::{rms_norm, silu};
use super::attention::{Attention, Cache};
use super::config::{Config, LayerType};
use super::delta::{DeltaNet, Memory};
use super::linear::{Backend, Linear};
use super::loader::Loader;
use super::tensors::{HEAD, embeddings, final_norm, of_layer};
use super::weights::{self, Weights};

/// A model that can be run.
pub struct Decoder {
    config: Config,
    embedding: Rc<dyn Linear>,
    layers: Vec<Layer>,
    norm: Vec<f32>,
    head: Rc<dyn Linear>,
}

struct Layer {
    input_norm: Vec<f32>,
    mixer: Mixer,
    output_norm: Vec<f32>,
    gate: Rc<dyn Linear>,
    up: Rc<dyn Linear>,
    down: Rc<dyn Linear>,
}

enum Mixer {
    Attention(Attention),
    DeltaNet(DeltaNet),
}

/// What the tokens so far have left behind in each layer.
#[derive(Clone, Debug)]
pub struct State {
    position: usize,
    layers: Vec<LayerState>,
}

#[derive(Clone, Debug)]
enum LayerState {
    Cache(Cache),
    Memory(Memory),
}

impl State {
    /// Tokens so far.
    pub fn position(&self) -> usize {
        self.position
    }
}

impl Decoder {
    /// The model in `directory`, of floats or quantized.
    ///
    /// # Errors
    ///
    /// Where its configuration or its weights cannot be read, are not those of the architecture, or are
    /// not taken by the backend.
    pub fn open(directory: &Path, backend: &dyn Backend) -> Result<Self, ModelError> {
        let config = Config::read(directory)?;
        Self::new(config, weights::open(directory)?.as_ref(), backend)
    }

    /// The model of a configuration and its weights.
    ///
    /// # Errors
    ///
    /// As [`Decoder::open`].
    pub fn new(
        config: Config,
        weights: &dyn Weights,
        backend: &dyn Backend,
    ) -> Result<Self, ModelError> {
        let loader = Loader { weights, backend };
        let (hidden, vocabulary) = (config.hidden_size, config.vocab_size);
        let embedding = loader.matrix(&embeddings(), vocabulary, hidden)?;
        let head = if config.tie_word_embeddings {
            Rc::clone(&embedding)
        } else {
            loader.matrix(HEAD, vocabulary, hidden)?
        };
        let layers = config.layer_types.iter().enumerate();
        let layers = layers.map(|(index, kind)| Layer::load(&loader, index, *kind, &config));
        Ok(Self {
            layers: layers.collect::<Result<_, _>>()?,
            norm: loader.vector(&final_norm(), &[hidden])?,
            embedding,
            head,
            config,
        })
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The state before the first token.
    pub fn start(&self) -> State {
        let layers = self.layers.iter().map(|layer| match &layer.mixer {
            Mixer::Attention(_) => LayerState::Cache(Cache::default()),
            Mixer::DeltaNet(net) => LayerState::Memory(net.empty()),
        });
        State { position: 0, layers: layers.collect() }
    }

    /// The logits that follow each of the `tokens`, which come after those in `state`: as many times the
    /// size of the vocabulary.
    ///
    /// # Errors
    ///
    /// Where a token is not in the vocabulary, the context is full, or the backend fails.
    pub fn forward(&self, state: &mut State, tokens: &[u32]) -> Result<Vec<f32>, ModelError> {
        let hidden = self.hidden(state, tokens)?;
        self.logits(&hidden)
    }

    /// As [`Decoder::forward`], after the last token only.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// Where there is no token.
    pub fn next(&self, state: &mut State, tokens: &[u32]) -> Result<Vec<f32>, ModelError> {
        let hidden = self.hidden(state, tokens)?;
        self.logits(&hidden[hidden.len() - self.config.hidden_size..])
    }

    fn logits(&self, hidden: &[f32]) -> Result<Vec<f32>, ModelError> {
        self.head.multiply(&rms_norm(hidden, &self.norm, self.config.rms_norm_eps as f32))
    }

    /// The hidden state of each token, before the last norm.
    fn hidden(&self, state: &mut State, tokens: &[u32]) -> Result<Vec<f32>, ModelError> {
        let (position, longest) = (state.position, self.config.max_position_embeddings);
        if tokens.len() > longest.saturating_sub(position) {
            return Err(ModelError::Context { tokens: tokens.len(), position, longest });
        }
        let mut hidden = Vec::with_capacity(tokens.len() * self.config.hidden_size);
        for &token in tokens {
            if token as usize >= self.config.vocab_size {
                let vocabulary = self.config.vocab_size;
                return Err(ModelError::Token { id: token, vocabulary });
            }
            hidden.extend(self.embedding.row(token as usize)?);
        }
        for (layer, state) in self.layers.iter().zip(&mut state.layers) {
            layer.forward(&mut hidden, position, state, self.config.rms_norm_eps as f32)?;
        }
        state.position += tokens.len();
        Ok(hidden)
    }
}

impl Layer {
    fn load(
        loader: &Loader,
        index: usize,
        kind: LayerType,
        config: &Config,
    ) -> Result<Self, ModelError> {
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let name = |rest: &str| of_layer(index, rest);
        let norm = |rest: &str| loader.vector(&name(rest), &[hidden]);
        let mixer = match kind {
            LayerType::FullAttention => {
                Mixer::Attention(Attention::load(loader, &name("self_attn"), config)?)
            }
            LayerType::LinearAttention => {
                Mixer::DeltaNet(DeltaNet::load(loader, &name("linear_attn"), config)?)
            }
        };
        Ok(Self {
            input_norm: norm("input_layernorm.weight")?,
            mixer,
            output_norm: norm("post_attention_layernorm.weight")?,
            gate: loader.matrix(&name("mlp.gate_proj.weight"), inner, hidden)?,
            up: loader.matrix(&name("mlp.up_proj.weight"), inner, hidden)?,
            down: loader.matrix(&name("mlp.down_proj.weight"), hidden, inner)?,
        })
    }

    /// Adds to each hidden state what attention or the delta net gives, and then what the gated
    /// multiplication of two projections gives.
    fn forward(
        &self,
        hidden: &mut [f32],
        position: usize,
        state: &mut LayerState,
        epsilon: f32,
    ) -> Result<(), ModelError> {
        let normed = rms_norm(hidden, &self.input_norm, epsilon);
        let mixed = match (&self.mixer, state) {
            (Mixer::Attention(attention), LayerState::Cache(cache)) => {
                attention.forward(&normed, position, cache)?
            }
            (Mixer::DeltaNet(net), LayerState::Memory(memory)) => net.forward(&normed, memory)?,
            _ => unreachable!("the state is that of another model"),
        };
        add(hidden, &mixed);
        let normed = rms_norm(hidden, &self.output_norm, epsilon);
        let gate = self.gate.multiply(&normed)?;
        let up = self.up.multiply(&normed)?;
        let inner: Vec<f32> = gate.iter().zip(&up).map(|(gate, up)| silu(*gate) * up).collect();
        add(hidden, &self.down.multiply(&inner)?);
        Ok(())
    }
}

fn add(hidden: &mut [f32], change: &[f32]) {
    for (hidden, change) in hidden.iter_mut().zip(change) {
        *hidden += change;
    }
}
