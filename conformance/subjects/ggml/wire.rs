//! What the adapters of engines in Rust that know the blocks of ggml have in common: requests as the
//! protocol writes them, entries by their names, and the dialogue.

#![allow(dead_code, reason = "an engine may have no encoder")]

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::{Value, json};

// The protocol's integers reach 2^64-1, and these engines take sizes and dimensions as `usize`.
const _: () = assert!(usize::BITS == 64, "the adapter needs a 64-bit machine");

/// One line from the harness, with the keys of both operations: what the other one has is empty.
/// Keys that are not named here are ignored, as the protocol asks.
#[derive(Deserialize)]
pub struct Request {
    pub op: String,
    #[serde(default)]
    pub format: String,
    #[serde(default)]
    seq: u64,
    pub entry: Option<String>,
    #[serde(default, deserialize_with = "unhex")]
    pub blocks: Vec<u8>,
    #[serde(default)]
    pub original_len: usize,
    #[serde(default)]
    pub shape: Vec<usize>,
    #[serde(default)]
    pub values: Floats,
    #[serde(default)]
    pub tensor_scale: Option<Floats>,
}

/// Values of the one type that these engines take, or of another, which is then not there.
#[derive(Default, Deserialize)]
pub struct Floats {
    #[serde(default, deserialize_with = "unhex_f32")]
    pub f32: Option<Vec<f32>>,
}

fn unhex<'de, D: Deserializer<'de>>(text: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(text)?;
    let byte = |at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let bytes = (0..text.len()).step_by(2).map(byte).collect::<Option<_>>();
    bytes.ok_or_else(|| D::Error::custom("not pairs of hexadecimal digits"))
}

fn unhex_f32<'de, D: Deserializer<'de>>(text: D) -> Result<Option<Vec<f32>>, D::Error> {
    // The harness sends whole values.
    let bytes = unhex(text)?;
    Ok(Some(bytes.as_chunks().0.iter().copied().map(f32::from_le_bytes).collect()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The result of a decode.
pub fn decoded(values: Vec<f32>) -> Value {
    let bytes: Vec<u8> = values.into_iter().flat_map(f32::to_le_bytes).collect();
    json!({ "values": { "f32": hex(&bytes) } })
}

/// The result of an encode.
pub fn encoded(blocks: Vec<u8>) -> Value {
    json!({ "encoded": { "blocks": hex(&blocks) } })
}

/// The entry of this name, or the first where there is no name.
pub fn named<F: Copy>(entries: &[(&str, F)], name: Option<String>) -> Option<F> {
    let found = entries.iter().find(|entry| name.as_ref().is_none_or(|name| name == entry.0));
    found.map(|entry| entry.1)
}

/// The names of all entries.
pub fn names<F>(entries: &[(&'static str, F)]) -> Vec<&'static str> {
    entries.iter().map(|entry| entry.0).collect()
}

/// The greeting of an engine that has these entries for its operations, and these features.
pub fn greeting(name: &str, version: &str, entries: Value, features: &[&str]) -> Value {
    let operations = entries.as_object().into_iter().flat_map(|keys| keys.keys());
    let capabilities: Vec<&str> =
        operations.map(String::as_str).chain(features.iter().copied()).collect();
    json!({
        "protocol": 1,
        "name": name,
        "version": version,
        "language": "Rust",
        "capabilities": capabilities,
        "entries": entries,
    })
}

/// Answers the harness until it says no more: each request with what `ask` gives, which is a result,
/// a refusal in the engine's own words, or `None` where it has no function for the request.
pub fn converse(
    greeting: &Value,
    ask: impl Fn(Request) -> Option<Result<Value, String>>,
) -> io::Result<()> {
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let seq = request.seq;
        let reply = match request.op.as_str() {
            "hello" => greeting.clone(),
            _ => match ask(request) {
                Some(Ok(result)) => json!({ "seq": seq, "result": result }),
                Some(Err(message)) => json!({ "seq": seq, "refused": { "message": message } }),
                None => json!({ "seq": seq, "unsupported": true }),
            },
        };
        writeln!(output, "{reply}")?;
        // The harness waits for this line before it sends another.
        output.flush()?;
    }
    Ok(())
}
