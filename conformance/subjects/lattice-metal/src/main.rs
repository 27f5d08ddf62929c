//! The Metal path of lattice-inference 0.15.0 as a subject of the end-to-end report: it generates from a
//! quantized directory, which this crate's `quantize` made, and from nothing else.
//!
//!     cargo run --release -- parity --subject lattice-metal --weights q4
//!
//! Written against the published crate's own program for its goldens. Where there is no macOS the engine
//! refuses to load a model, in its own words; on a Mac this has not been run by its authors.

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lattice_inference::GenerateConfig;
use lattice_inference::forward::metal_qwen35::MetalQwen35State;
use lattice_inference::model::qwen35_config::Qwen35Config;
use lattice_inference::tokenizer::bpe::BpeTokenizer;
use serde::Deserialize;
use serde_json::{Value, json};

/// What every line from the harness has, but for the handshake, which has `op` only.
#[derive(Deserialize)]
struct Head {
    seq: Option<u64>,
    op: String,
    #[serde(default)]
    format: String,
}

#[derive(Deserialize)]
struct Generate {
    path: PathBuf,
    prompt: String,
    tokens: usize,
}

/// Answers requests until the harness closes the standard input.
fn main() -> ExitCode {
    let answered = io::stdin().lock().lines().try_for_each(|line| -> io::Result<()> {
        let line = line?;
        let Head { seq, op, format } = serde_json::from_str(&line)?;
        let mut reply = match (op.as_str(), format.as_str()) {
            ("hello", _) => json!({
                "protocol": 1,
                "name": "lattice Metal",
                "version": "0.15.0",
                "language": "Rust",
                "capabilities": ["generate:model"],
            }),
            ("generate", "model") => {
                let Generate { path, prompt, tokens } = serde_json::from_str(&line)?;
                match generate(&path, &prompt, tokens) {
                    Ok(continuation) => json!({ "result": { "continuation": continuation } }),
                    Err(message) => json!({ "refused": { "message": message } }),
                }
            }
            _ => json!({ "unsupported": true }),
        };
        if let Some(seq) = seq {
            reply["seq"] = json!(seq);
        }
        let mut output = io::stdout().lock();
        writeln!(output, "{reply}")?;
        output.flush()
    });
    match answered {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Loads the directory as the engine does, and generates greedily.
fn generate(directory: &Path, prompt: &str, tokens: usize) -> Result<Value, String> {
    let config = Qwen35Config::from_config_json(&directory.join("config.json"))
        .map_err(|error| error.to_string())?;
    let tokenizer = directory.join("tokenizer.json");
    let longest = config.max_position_embeddings;
    let mut model = MetalQwen35State::from_q4_dir(directory, &tokenizer, &config, longest)?;
    let tokenizer =
        BpeTokenizer::from_tokenizer_json(&tokenizer).map_err(|error| error.to_string())?;
    let mut greedy = GenerateConfig::default();
    greedy.max_new_tokens = tokens;
    greedy.temperature = 0.0;
    greedy.top_k = 1;
    greedy.repetition_penalty = 1.0;
    greedy.stop_token_ids = Vec::new();
    greedy.enable_thinking = false;
    greedy.enable_mtp = Some(false);
    let output = model.generate(prompt, &tokenizer, &greedy).map_err(|error| error.to_string())?;
    Ok(json!({ "ids": output.token_ids, "text": output.text }))
}
