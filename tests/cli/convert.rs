//! `encode` and `decode`: what they write is what the exact evaluator says, and what goes wrong leaves
//! everything as it was.

mod refused;
mod written;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use q4proof::suite::exact::number::round;
use q4proof::suite::exact::{self, Exact, Float};
use q4proof::suite::random::SplitMix64;
use serde_json::{Value, json};

use crate::support::{Bench, Finished, q4proof};

/// A tensor of a safetensors file: name, dtype, shape and the bytes of its values.
pub type Tensor<'a> = (&'a str, &'a str, &'a [u64], Vec<u8>);

/// A safetensors file by the text of its format: length, header, values.
pub fn safetensors(tensors: &[Tensor]) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut data = Vec::new();
    for (name, dtype, shape, values) in tensors {
        let begin = data.len();
        data.extend_from_slice(values);
        let offsets = [begin, data.len()];
        header.insert(
            (*name).to_owned(),
            json!({ "dtype": dtype, "shape": shape, "data_offsets": offsets }),
        );
    }
    with_header(&Value::Object(header).to_string(), &data)
}

/// A file of this header and these bytes of values.
fn with_header(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

/// Runs `encode` or `decode`.
fn run(verb: &str, source: &Path, target: &Path, options: &[&str]) -> Finished {
    let paths = [source, target].map(|path| path.display().to_string());
    q4proof([&[verb, &paths[0], &paths[1]], options].concat())
}

/// All that lies in the folder and in its folders, with the bytes of files.
pub fn listing(folder: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.display().to_string();
        if path.is_dir() {
            found.extend(listing(&path));
            found.insert(name, None);
        } else {
            found.insert(name, path.is_file().then(|| fs::read(&path).expect("a file")));
        }
    }
    found
}

/// The conversion is refused with one sentence that has these words, and all is as it was.
#[track_caller]
pub fn refuses(
    bench: &Bench,
    verb: &str,
    source: &Path,
    target: &Path,
    options: &[&str],
    words: &[&str],
) {
    let before = listing(&bench.path(""));
    run(verb, source, target, options).says(2, words);
    assert_eq!(listing(&bench.path("")), before, "something was left, or changed");
}

/// Numbers as exact ones, from the bytes of a dtype.
fn exactly(dtype: &str, values: &[u8]) -> Vec<Exact> {
    let number = |format: Float, bits: u64| format.value(bits).expect("finite");
    match dtype {
        "F64" => words::<8>(values).map(|bits| number(Float::F64, bits)).collect(),
        "F32" => words::<4>(values).map(|bits| number(Float::F32, bits)).collect(),
        "F16" => words::<2>(values).map(|bits| number(Float::F16, bits)).collect(),
        "BF16" => words::<2>(values).map(|bits| number(Float::F32, bits << 16)).collect(),
        _ => panic!("{dtype} has no numbers here"),
    }
}

/// Little-endian words of `N` bytes.
fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = u64> + use<'_, N> {
    bytes.chunks(N).map(|word| word.iter().rev().fold(0, |bits, &byte| bits << 8 | u64::from(byte)))
}

/// Bits of numbers, each rounded once. A zero is positive.
fn rounded(numbers: &[Exact], format: Float) -> Vec<u64> {
    let one = Exact::scaled(1, 0);
    numbers.iter().map(|number| round(number, &one, format).bits(format)).collect()
}

/// The file that `encode` must write of values, by the exact evaluator; in more ways than one where
/// SPEC.md has behaviours.
fn lawful_files(dtype: &str, shape: &[u64], values: &[u8], symmetric: bool) -> Vec<Vec<u8>> {
    let bits: Vec<u32> =
        rounded(&exactly(dtype, values), Float::F32).iter().map(|&bits| bits as u32).collect();
    let len = bits.len() as u64;
    let variants = exact::encode(&bits, symmetric).expect("values that can be encoded");
    variants.iter().map(|variant| exact::files::khq4::write(shape, len, &variant.payload)).collect()
}

/// The KHF1 file of values, each rounded once.
fn half_file(dtype: &str, shape: &[u64], values: &[u8]) -> Vec<u8> {
    let halves: Vec<u16> =
        rounded(&exactly(dtype, values), Float::F16).iter().map(|&bits| bits as u16).collect();
    exact::files::khf1::write(shape, halves.len() as u64, &halves)
}

/// Values of a dtype that f16 holds, none of them a zero.
fn values(dtype: &str, count: usize, seed: u64) -> Vec<u8> {
    let mut dice = SplitMix64::new(seed);
    let mut bytes = Vec::new();
    for _ in 0..count {
        let number = (dice.below(4000) as f64 - 2000.5) / (1 + dice.below(300)) as f64;
        match dtype {
            "F64" => bytes.extend(number.to_le_bytes()),
            "F32" => bytes.extend((number as f32).to_le_bytes()),
            // The upper half of an f32 is a number of bf16, and a number of few bits one of f16.
            "BF16" => bytes.extend(&(number as f32).to_le_bytes()[2..]),
            "F16" => bytes.extend((0x3000 + dice.below(0x4000) as u16).to_le_bytes()),
            _ => panic!("{dtype} has no numbers here"),
        }
    }
    bytes
}

/// The values of [`values`] in f32, for what needs no other dtype.
fn floats(count: usize) -> Vec<u8> {
    values("F32", count, count as u64)
}
