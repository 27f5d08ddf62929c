//! A model of random weights, small enough for a test: two delta nets and one attention, width 64.

use std::fs;
use std::path::Path;

use q4proof::model::Config;
use q4proof::model::tensors::{Required, required};
use q4proof::suite::random::SplitMix64;
use serde_json::{Value, json};

/// A tensor of a safetensors file.
#[derive(Clone)]
pub struct Weights {
    pub name: String,
    pub dtype: &'static str,
    pub shape: Vec<u64>,
    /// Its values, little-endian.
    pub bytes: Vec<u8>,
}

/// A model that a test can change before it is written.
#[derive(Clone)]
pub struct Tiny {
    pub config: Value,
    pub tensors: Vec<Weights>,
}

/// The configuration of the model, its embeddings tied or not.
pub fn config(tied: bool, width: usize) -> Value {
    json!({
        "architectures": ["Qwen3_5ForConditionalGeneration"],
        "model_type": "qwen3_5",
        "tie_word_embeddings": tied,
        "text_config": {
            "attn_output_gate": true,
            "eos_token_id": 1,
            "head_dim": 16,
            "hidden_act": "silu",
            "hidden_size": width,
            "intermediate_size": 96,
            "layer_types": ["linear_attention", "full_attention", "linear_attention"],
            "linear_conv_kernel_dim": 4,
            "linear_key_head_dim": 16,
            "linear_num_key_heads": 2,
            "linear_num_value_heads": 4,
            "linear_value_head_dim": 24,
            "max_position_embeddings": 512,
            "num_attention_heads": 4,
            "num_hidden_layers": 3,
            "num_key_value_heads": 2,
            "rms_norm_eps": 1e-6,
            "rope_parameters": {
                "partial_rotary_factor": 0.25, "rope_theta": 10000.0, "rope_type": "default"
            },
            "tie_word_embeddings": tied,
            "vocab_size": 64,
        },
    })
}

impl Tiny {
    /// A model whose weights are of this dtype, `F32` or `BF16`.
    pub fn new(tied: bool, dtype: &'static str) -> Self {
        Self::of_width(tied, dtype, 64)
    }

    /// The same with another width.
    pub fn of_width(tied: bool, dtype: &'static str, width: usize) -> Self {
        let config = config(tied, width);
        let sizes = Config::parse(config.to_string().as_bytes()).expect("a configuration");
        let tensors = required(&sizes).into_iter().enumerate();
        let tensors = tensors.map(|(index, tensor)| random(&tensor, dtype, index as u64)).collect();
        Self { config, tensors }
    }

    /// The tensor whose name ends so.
    pub fn tensor(&mut self, ending: &str) -> &mut Weights {
        let found = self.tensors.iter_mut().find(|tensor| tensor.name.ends_with(ending));
        found.expect("a tensor of that name")
    }

    /// Writes `config.json`, `tokenizer.json` and one file of weights.
    pub fn write(&self, folder: &Path) {
        self.write_beside(folder);
        fs::write(folder.join("model.safetensors"), file(&self.tensors)).expect("a file");
    }

    /// The same with the weights in two files and their index.
    pub fn write_in_two(&self, folder: &Path) {
        self.write_beside(folder);
        let (first, second) = self.tensors.split_at(self.tensors.len() / 2);
        let mut map = serde_json::Map::new();
        for (name, tensors) in [("model-1.safetensors", first), ("model-2.safetensors", second)] {
            fs::write(folder.join(name), file(tensors)).expect("a file");
            map.extend(tensors.iter().map(|tensor| (tensor.name.clone(), json!(name))));
        }
        let index = json!({ "metadata": { "total_size": 1 }, "weight_map": map });
        fs::write(folder.join("model.safetensors.index.json"), index.to_string()).expect("a file");
    }

    fn write_beside(&self, folder: &Path) {
        fs::create_dir_all(folder).expect("a folder");
        let config = serde_json::to_vec_pretty(&self.config).expect("JSON");
        fs::write(folder.join("config.json"), config).expect("a file");
        fs::write(folder.join("tokenizer.json"), "{\"version\":\"1.0\"}").expect("a file");
    }
}

/// Random values of a size that a trained model could have.
fn random(tensor: &Required, dtype: &'static str, seed: u64) -> Weights {
    let mut dice = SplitMix64::new(seed);
    let name = &tensor.name;
    let (middle, spread) = match () {
        () if name.ends_with("linear_attn.norm.weight") => (1.0, 0.25),
        () if name.ends_with("norm.weight") => (0.0, 0.5),
        () if name.ends_with("A_log") || name.ends_with("dt_bias") => (0.0, 1.0),
        () => (0.0, 0.25),
    };
    let mut bytes = Vec::new();
    for _ in 0..tensor.shape.iter().product::<usize>() {
        let value = (middle + spread * dice.signed_unit()).to_le_bytes();
        match dtype {
            "F32" => bytes.extend(value),
            // The upper half of an f32 is a number of bf16.
            "BF16" => bytes.extend(&value[2..]),
            _ => panic!("{dtype} has no numbers here"),
        }
    }
    let shape = tensor.shape.iter().map(|&size| size as u64).collect();
    Weights { name: name.clone(), dtype, shape, bytes }
}

/// A safetensors file by the text of its format: length, header, values.
fn file(tensors: &[Weights]) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for Weights { name, dtype, shape, bytes } in tensors {
        let begin = data.len();
        data.extend_from_slice(bytes);
        let entry = json!({ "dtype": dtype, "shape": shape, "data_offsets": [begin, data.len()] });
        header.insert(name.clone(), entry);
    }
    let header = Value::Object(header).to_string();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()
}
