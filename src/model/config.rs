//! The sizes of a model, from its `config.json`.
//!
//! A field that is missing is named, and none is made up: a default would be that of another model
//! (SPEC IDX-8). What the forward pass does not know, such as scaled rotary positions, is refused.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::ModelError;
use crate::format::index::CONFIG_FILE;
use crate::format::json;
use crate::format::kind::Expected;
use crate::store::{explained, read_if_there};

/// The largest size that is believed. Products of three sizes stay far within 64 bits.
const LARGEST: u64 = 1 << 20;

/// The largest head of a delta net that is believed. Published models have 128.
const LARGEST_HEAD: usize = 1 << 10;

/// The most layers, each of which asks for a dozen tensors: far more than any model has.
const MOST_LAYERS: usize = 1 << 12;

/// What mixes the positions of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerType {
    /// A gated delta net.
    LinearAttention,
    /// Softmax attention with an output gate.
    FullAttention,
}

/// The sizes of a text model of Qwen3.5, with the names that transformers gives them.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Values of the residual stream.
    pub hidden_size: usize,
    /// Values inside a feed-forward network.
    pub intermediate_size: usize,
    /// Layers.
    pub num_hidden_layers: usize,
    /// What mixes the positions, layer by layer.
    pub layer_types: Vec<LayerType>,
    /// Query heads of full attention.
    pub num_attention_heads: usize,
    /// Key and value heads of full attention; they divide the query heads.
    pub num_key_value_heads: usize,
    /// Values of a head of full attention.
    pub head_dim: usize,
    /// The base of the rotary positions.
    pub rope_theta: f64,
    /// The part of a head that is rotated by its position.
    pub partial_rotary_factor: f64,
    /// What is added to a mean square before its root is taken.
    pub rms_norm_eps: f64,
    /// Tokens that there are.
    pub vocab_size: usize,
    /// Whether the embeddings are the output matrix as well.
    pub tie_word_embeddings: bool,
    /// Query and key heads of a delta net.
    pub linear_num_key_heads: usize,
    /// Value heads of a delta net; the key heads divide them.
    pub linear_num_value_heads: usize,
    /// Values of a query or key head of a delta net.
    pub linear_key_head_dim: usize,
    /// Values of a value head of a delta net.
    pub linear_value_head_dim: usize,
    /// Positions that the convolution of a delta net looks at.
    pub linear_conv_kernel_dim: usize,
    /// Positions that the model was made for.
    pub max_position_embeddings: usize,
    /// Tokens that end a text; none where the configuration names none.
    pub eos_token_ids: Vec<u32>,
    /// Whether full attention has an output gate, as all published models have.
    pub attn_output_gate: bool,
}

impl Config {
    /// The configuration in the bytes of a `config.json`.
    ///
    /// # Errors
    ///
    /// [`ModelError::Config`], which names the first field that is missing, of another type, out of
    /// range, or of an architecture that is not this one.
    pub fn parse(bytes: &[u8]) -> Result<Self, ModelError> {
        let whole: Value =
            json::read(bytes).map_err(|error| ModelError::Config(error.to_string()))?;
        let fields = Fields::of(&whole)?;
        fields.refuse_others()?;
        let text = |name: &str| fields.size(name);
        let config = Self {
            hidden_size: text("hidden_size")?,
            intermediate_size: text("intermediate_size")?,
            num_hidden_layers: text("num_hidden_layers")?,
            layer_types: fields.read("layer_types")?,
            num_attention_heads: text("num_attention_heads")?,
            num_key_value_heads: text("num_key_value_heads")?,
            head_dim: text("head_dim")?,
            rope_theta: fields.rope("rope_theta")?,
            partial_rotary_factor: fields.rope("partial_rotary_factor")?,
            rms_norm_eps: fields.read("rms_norm_eps")?,
            vocab_size: text("vocab_size")?,
            tie_word_embeddings: fields.tied()?,
            linear_num_key_heads: text("linear_num_key_heads")?,
            linear_num_value_heads: text("linear_num_value_heads")?,
            linear_key_head_dim: text("linear_key_head_dim")?,
            linear_value_head_dim: text("linear_value_head_dim")?,
            linear_conv_kernel_dim: text("linear_conv_kernel_dim")?,
            max_position_embeddings: text("max_position_embeddings")?,
            eos_token_ids: fields.ends()?,
            attn_output_gate: fields.flag("attn_output_gate")?.unwrap_or(true),
        };
        config.check()?;
        Ok(config)
    }

    /// The configuration of the model in `directory`.
    ///
    /// # Errors
    ///
    /// [`ModelError::File`], where there is none, or what [`Config::parse`] refuses.
    pub fn read(directory: &Path) -> Result<Self, ModelError> {
        let path = directory.join(CONFIG_FILE);
        let bytes = read_if_there(&path)?.ok_or_else(|| ModelError::file(&path, "is not there"))?;
        Self::parse(&bytes)
            .map_err(|error| ModelError::file(&path, explained(&path, Expected::Json, error)))
    }

    /// Values at the beginning of a head that are rotated by its position: an even number.
    pub fn rotary_dim(&self) -> usize {
        (self.head_dim as f64 * self.partial_rotary_factor) as usize
    }

    /// Values of the queries of a delta net, and of its keys.
    pub fn linear_key_dim(&self) -> usize {
        self.linear_num_key_heads * self.linear_key_head_dim
    }

    /// Values of the values of a delta net.
    pub fn linear_value_dim(&self) -> usize {
        self.linear_num_value_heads * self.linear_value_head_dim
    }

    /// Rows of `q_proj`: queries, and as many values of the output gate where there is one.
    pub fn query_dim(&self) -> usize {
        self.num_attention_heads * self.head_dim * if self.attn_output_gate { 2 } else { 1 }
    }

    /// What must hold between the fields.
    fn check(&self) -> Result<(), ModelError> {
        let refuse = |words: String| Err(ModelError::Config(words));
        if self.num_hidden_layers > MOST_LAYERS {
            return refuse(format!(
                "text_config.num_hidden_layers is {}, expected {MOST_LAYERS} at most",
                self.num_hidden_layers
            ));
        }
        if self.layer_types.len() != self.num_hidden_layers {
            return refuse(format!(
                "text_config.layer_types has {} layers, expected the {} of num_hidden_layers",
                self.layer_types.len(),
                self.num_hidden_layers
            ));
        }
        for (many, of, few, in_them) in [
            (
                "num_attention_heads",
                self.num_attention_heads,
                "num_key_value_heads",
                self.num_key_value_heads,
            ),
            (
                "linear_num_value_heads",
                self.linear_num_value_heads,
                "linear_num_key_heads",
                self.linear_num_key_heads,
            ),
        ] {
            if !of.is_multiple_of(in_them) {
                return refuse(format!(
                    "text_config.{many} is {of}, expected a multiple of {few}, {in_them}"
                ));
            }
        }
        // A delta net keeps a matrix of one by the other for each head, of which no file has to hold
        // any value.
        for (name, size) in [
            ("linear_key_head_dim", self.linear_key_head_dim),
            ("linear_value_head_dim", self.linear_value_head_dim),
        ] {
            if size > LARGEST_HEAD {
                return refuse(format!(
                    "text_config.{name} is {size}, expected {LARGEST_HEAD} at most"
                ));
            }
        }
        let rotary = self.rotary_dim();
        let factor = self.partial_rotary_factor;
        if !(factor > 0.0 && factor <= 1.0) || rotary == 0 || !rotary.is_multiple_of(2) {
            return refuse(format!(
                "partial_rotary_factor is {factor}: {rotary} values of a head of {} would be \
                 rotated, expected an even number of them",
                self.head_dim
            ));
        }
        for (name, value) in [("rope_theta", self.rope_theta), ("rms_norm_eps", self.rms_norm_eps)]
        {
            if !(value.is_finite() && value > 0.0) {
                return refuse(format!("{name} is {value}, expected a number above zero"));
            }
        }
        Ok(())
    }
}

/// The two levels of a `config.json`.
struct Fields<'a> {
    whole: &'a Map<String, Value>,
    text: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    fn of(whole: &'a Value) -> Result<Self, ModelError> {
        let whole =
            whole.as_object().ok_or_else(|| ModelError::Config("is no JSON object".to_owned()))?;
        match whole.get("text_config") {
            None => Err(ModelError::Config("text_config is missing".to_owned())),
            Some(Value::Object(text)) => Ok(Self { whole, text }),
            Some(_) => Err(ModelError::Config("text_config is no object".to_owned())),
        }
    }

    /// What the forward pass does not do must not be asked for.
    fn refuse_others(&self) -> Result<(), ModelError> {
        let rope = |key: &str| self.text.get("rope_parameters").and_then(|fields| fields.get(key));
        // Older configurations have the kind here, and null where there is none.
        let scaling = self.text.get("rope_scaling").filter(|fields| !fields.is_null());
        let kind = |fields: &Value| fields.get("rope_type").or_else(|| fields.get("type")).cloned();
        let scaling = scaling.map(|fields| kind(fields).unwrap_or_else(|| fields.clone()));
        for (name, found, known) in [
            ("hidden_act", self.text.get("hidden_act"), Value::from("silu")),
            ("attention_bias", self.text.get("attention_bias"), Value::from(false)),
            ("rope_parameters.rope_type", rope("rope_type"), Value::from("default")),
            ("rope_parameters.type", rope("type"), Value::from("default")),
            ("rope_scaling", scaling.as_ref(), Value::from("default")),
        ] {
            if let Some(found) = found
                && *found != known
            {
                return Err(wrong(name, found, &format!("expected {known}")));
            }
        }
        Ok(())
    }

    fn read<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Result<T, ModelError> {
        let value = self.text.get(name).ok_or_else(|| missing(name))?;
        T::deserialize(value).map_err(|error| wrong(name, value, &error.to_string()))
    }

    /// A count or an extent.
    fn size(&self, name: &str) -> Result<usize, ModelError> {
        let value = self.text.get(name).ok_or_else(|| missing(name))?;
        match value.as_u64() {
            Some(size @ 1..=LARGEST) => Ok(size as usize),
            _ => Err(wrong(name, value, &format!("expected an integer from 1 to {LARGEST}"))),
        }
    }

    /// A number of the rotary positions, which older configurations have beside the others.
    fn rope(&self, name: &str) -> Result<f64, ModelError> {
        let nested = self.text.get("rope_parameters").and_then(|fields| fields.get(name));
        let value = nested.or_else(|| self.text.get(name)).ok_or_else(|| {
            let words = format!(
                "text_config.rope_parameters.{name} is missing, and so is text_config.{name}"
            );
            ModelError::Config(words)
        })?;
        value.as_f64().ok_or_else(|| wrong(name, value, "expected a number"))
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, ModelError> {
        flag_of(self.text, name).map_err(|value| wrong(name, value, "expected true or false"))
    }

    /// Both levels can say it, and where both do they must agree. Where none does it is false, as in
    /// transformers.
    fn tied(&self) -> Result<bool, ModelError> {
        const NAME: &str = "tie_word_embeddings";
        let outer = flag_of(self.whole, NAME).map_err(|value| {
            ModelError::Config(format!("{NAME} is {value}, expected true or false"))
        })?;
        match (outer, self.flag(NAME)?) {
            (Some(outer), Some(inner)) if outer != inner => Err(ModelError::Config(format!(
                "{NAME} is {outer} and text_config.{NAME} is {inner}: expected one answer"
            ))),
            (outer, inner) => Ok(inner.or(outer).unwrap_or(false)),
        }
    }

    /// One token, several, or none.
    fn ends(&self) -> Result<Vec<u32>, ModelError> {
        const NAME: &str = "eos_token_id";
        let value = self.text.get(NAME).filter(|value| !value.is_null());
        let Some(value) = value.or_else(|| self.whole.get(NAME)) else { return Ok(Vec::new()) };
        let token = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
        let tokens = match value {
            Value::Null => Some(Vec::new()),
            Value::Array(values) => values.iter().map(token).collect(),
            one => token(one).map(|id| vec![id]),
        };
        tokens.ok_or_else(|| wrong(NAME, value, "expected a token or an array of tokens"))
    }
}

fn flag_of<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<Option<bool>, &'a Value> {
    match fields.get(name) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(value) => Err(value),
    }
}

fn missing(name: &str) -> ModelError {
    ModelError::Config(format!("text_config.{name} is missing"))
}

fn wrong(name: &str, value: &Value, expected: &str) -> ModelError {
    const SHOWN: usize = 60;
    let mut found = value.to_string();
    if found.chars().count() > SHOWN {
        found = found.chars().take(SHOWN).chain("...".chars()).collect();
    }
    ModelError::Config(format!("text_config.{name} is {found}: {expected}"))
}
