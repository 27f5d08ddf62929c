//! The decoder beside the same model in f64, and text that comes token by token.

use std::fs;
use std::path::Path;
use std::process::Command;

use q4proof::convert::{Unwatched, quantize};
use q4proof::model::generate::{Stop, greedy, largest};
use q4proof::model::linear::{Decoded, Fused};
use q4proof::model::tokenizer::{Stream, Tokenizer};
use q4proof::model::weights::{Values, open};
use q4proof::model::{Config, Decoder, ModelError, double};
use serde_json::{Value, json};

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/parity/model"))
}

fn decoder() -> Decoder {
    Decoder::open(folder(), &Decoded).unwrap()
}

fn tokens(text: &str) -> Vec<u32> {
    Tokenizer::open(folder()).unwrap().encode(text).unwrap()
}

#[test]
fn the_logits_are_those_of_f64_but_for_rounding() {
    let config = Config::read(folder()).unwrap();
    let weights = open(folder()).unwrap();
    let doubles = |name: &str| {
        let tensor = weights.tensor(name).ok()??;
        let Values::Plain(values) = tensor.values else { panic!("floats") };
        Some((tensor.shape, values.iter().map(|&value| f64::from(value)).collect()))
    };
    let ids = tokens("In the year 2024, 春は🌸 — def f(x):\n    return");
    let expected = double::logits(&config, &doubles, &ids).unwrap();
    let decoder = decoder();
    let got = decoder.forward(&mut decoder.start(), &ids).unwrap();
    let rows = got.chunks_exact(config.vocab_size);
    assert_eq!(rows.len(), expected.len());
    let mut furthest: f64 = 0.0;
    for (got, expected) in rows.zip(&expected) {
        for (got, expected) in got.iter().zip(expected) {
            furthest = furthest.max((f64::from(*got) - expected).abs());
        }
    }
    assert!(furthest < 1e-4, "{furthest}");
}

#[test]
fn one_token_at_a_time_gives_the_same_bits_as_all_at_once() {
    let decoder = decoder();
    let ids = tokens("The capital of France is Paris, and so on.");
    let mut at_once = decoder.start();
    let all = decoder.forward(&mut at_once, &ids).unwrap();
    let mut one_by_one = decoder.start();
    let mut single = Vec::new();
    for &id in &ids {
        single.extend(decoder.forward(&mut one_by_one, &[id]).unwrap());
    }
    assert_eq!(all, single);
    assert_eq!((at_once.position(), one_by_one.position()), (ids.len(), ids.len()));
    let last = decoder.next(&mut decoder.start(), &ids).unwrap();
    assert_eq!(last, all[all.len() - last.len()..]);
}

#[test]
fn a_generation_ends_where_it_must() {
    let decoder = decoder();
    let prompt = tokens("The capital of France is");
    let mut shown = Vec::new();
    let mut show = |token| {
        shown.push(token);
        shown.len() < 3
    };
    assert_eq!(greedy(&decoder, &prompt, 20, &mut show).unwrap(), Stop::Enough);
    assert_eq!(shown.len(), 3);
    let mut shown = Vec::new();
    let mut all = |token| {
        shown.push(token);
        true
    };
    assert_eq!(greedy(&decoder, &prompt, 5, &mut all).unwrap(), Stop::Length);
    assert_eq!(shown.len(), 5);
    // The context has an end.
    let longest = decoder.config().max_position_embeddings;
    let many: Vec<u32> = prompt.iter().copied().cycle().take(longest + 1).collect();
    let error = decoder.next(&mut decoder.start(), &many).unwrap_err();
    assert_eq!(error, ModelError::Context { tokens: longest + 1, position: 0, longest });
    let vocabulary = decoder.config().vocab_size;
    let error = decoder.next(&mut decoder.start(), &[vocabulary as u32]).unwrap_err();
    assert_eq!(error, ModelError::Token { id: vocabulary as u32, vocabulary });
}

#[test]
fn the_largest_logit_is_the_first_of_equal_ones_and_no_nan() {
    assert_eq!(largest(&[1.0, 3.0, 3.0, 2.0]), 1);
    assert_eq!(largest(&[f32::NAN, -1.0, f32::NAN, -0.5]), 3);
    assert_eq!(largest(&[f32::NEG_INFINITY, -1.0]), 1);
}

#[test]
fn a_text_grows_by_whole_characters() {
    let tokenizer = Tokenizer::open(folder()).unwrap();
    let text = "naïve 春の🌸 \u{1f468}\u{200d}\u{1f469} ok";
    let ids = tokenizer.encode(text).unwrap();
    assert!(ids.len() > text.chars().count() / 2, "some characters take several tokens");
    let mut stream = Stream::new(&tokenizer);
    let mut pieces = Vec::new();
    for &id in &ids {
        let piece = stream.push(id).unwrap();
        assert!(!piece.contains('\u{fffd}'), "{piece:?}");
        pieces.push(piece);
    }
    assert!(pieces.iter().any(String::is_empty), "a part of a character gives nothing yet");
    assert_eq!(pieces.concat() + &stream.finish().unwrap(), text);
    // A text that is cut within a character ends with what stands for it.
    let ids = tokenizer.encode("a🫠").unwrap();
    let mut stream = Stream::new(&tokenizer);
    let shown: String = ids[..ids.len() - 1].iter().map(|&id| stream.push(id).unwrap()).collect();
    assert_eq!(shown, "a");
    assert!(stream.finish().unwrap().starts_with('\u{fffd}'));
}

#[test]
fn a_directory_that_is_no_model_is_refused_by_name() {
    let empty = tempfile::tempdir().unwrap();
    let error = |folder: &Path| Decoder::open(folder, &Decoded).err().unwrap().to_string();
    assert!(error(empty.path()).contains("config.json: is not there"), "{}", error(empty.path()));
    std::fs::copy(folder().join("config.json"), empty.path().join("config.json")).unwrap();
    assert!(error(empty.path()).contains("model.safetensors"), "{}", error(empty.path()));
    // Blocks are wanted where blocks are multiplied.
    let error = Decoder::open(folder(), &Fused).err().unwrap().to_string();
    assert!(error.ends_with("is not quantized: expected blocks"), "{error}");
}

/// Weights are of regular files in the model's own folder, and of one layout.
#[test]
fn shards_are_read_from_their_own_folder_only() {
    let made = tempfile::tempdir().unwrap();
    let model = made.path().join("model");
    fs::create_dir(&model).unwrap();
    fs::copy(folder().join("config.json"), model.join("config.json")).unwrap();
    fs::copy(folder().join("model.safetensors"), made.path().join("beside.safetensors")).unwrap();
    let error = || Decoder::open(&model, &Decoded).err().unwrap().to_string();
    let index = model.join("model.safetensors.index.json");
    let beside = made.path().join("beside.safetensors").display().to_string();
    for file in ["../beside.safetensors", &beside, "..", ""] {
        fs::write(&index, json!({"weight_map": {"a": file}}).to_string()).unwrap();
        let expected = format!("index.json: names {file:?}, expected a name in its folder");
        assert!(error().ends_with(&expected), "{}", error());
    }
    fs::copy(folder().join("model.safetensors"), model.join("model.safetensors")).unwrap();
    fs::write(&index, json!({"weight_map": {"a": "model.safetensors"}}).to_string()).unwrap();
    assert!(error().contains("is there beside model.safetensors"), "{}", error());
    fs::rename(model.join("model.safetensors"), model.join("one.safetensors")).unwrap();
    fs::write(&index, json!({"weight_map": {"a": "one.safetensors"}}).to_string()).unwrap();
    assert!(Decoder::open(&model, &Decoded).is_ok());
    for name in ["one.safetensors", "config.json"] {
        fs::remove_file(model.join(name)).unwrap();
        assert!(Command::new("mkfifo").arg(model.join(name)).status().unwrap().success());
        assert!(error().contains("is a FIFO, device or socket"), "{}", error());
    }
}

/// SPEC IDX-8: an index says what its files are, and a file's magic its format.
#[test]
fn a_quantized_directory_is_checked_by_its_index() {
    let made = tempfile::tempdir().unwrap();
    let model = made.path().join("model");
    quantize(folder(), &model, &mut Unwatched).unwrap();
    let index = model.join("quantize_index.json");
    let sound: Value = serde_json::from_slice(&fs::read(&index).unwrap()).unwrap();
    let opened = |edit: &dyn Fn(&mut Value)| {
        let mut edited = sound.clone();
        edit(&mut edited);
        fs::write(&index, edited.to_string()).unwrap();
        Decoder::open(&model, &Decoded).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(opened(&|_| {}), Ok(()));
    let error = opened(&|index| index[0]["numel"] = json!(1)).unwrap_err();
    assert!(error.contains("and the index says of"), "{error}");
    let half = sound.as_array().unwrap().iter().position(|entry| entry["quantized"] == false);
    let half = half.unwrap();
    let file = model.join(sound[half]["file"].as_str().unwrap());
    fs::rename(&file, model.join("a_norm.q4")).unwrap();
    assert_eq!(opened(&|index| index[half]["file"] = json!("a_norm.q4")), Ok(()));
}
