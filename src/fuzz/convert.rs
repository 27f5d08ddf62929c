//! The target whose input is a safetensors file, converted by this crate and back. What it must be is
//! computed in memory, from what Hugging Face's reader finds in the same bytes.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::{fs, io};

use half::{bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use zerocopy::IntoBytes;

use super::file::checksum;
use super::{Finding, Seed, Verdict, workspace};
use crate::codec::{Mode, decode, encode, round_to_f16};
use crate::convert::{self, Unwatched, decode_directory, encode_directory};
use crate::format::names::{file_names, is_quantized};
use crate::format::{AddressWidth, khf1, khq4};

/// The files of a directory, by name.
type Files = BTreeMap<String, Vec<u8>>;

fn finding(oracle: &'static str, place: &str, detail: impl Into<String>) -> Finding {
    Finding { oracle, place: place.into(), detail: detail.into() }
}

/// A file, converted into a directory, in a mode that its bytes draw, and the directory back.
pub(super) fn run(input: &[u8]) -> Result<Verdict, Finding> {
    let (source, folder) = workspace::with(|workspace| {
        let folder = workspace.free_folder()?;
        Ok((workspace.write(input)?.to_owned(), folder))
    });
    let (model, back) = (folder.join("model"), folder.join("back.safetensors"));
    let mode = if checksum(input) & 1 == 0 { Mode::Asymmetric } else { Mode::Symmetric };
    let expected = converted(input, mode);
    let outcome = encode_directory(&source, &model, mode, &mut Unwatched);
    match (&outcome, &expected) {
        (Err(_), Err(_)) => {
            // Nothing is there, not even what it was written into.
            let left = names(&folder).expect("the harness can read its own folder");
            if left.is_empty() {
                return Ok(Verdict::Refused(None));
            }
            return Err(finding("nothing is left", "encode", format!("left {left:?}")));
        }
        (Err(error), Ok(_)) => {
            return Err(finding("accepts what is lawful", "encode", error.to_string()));
        }
        (Ok(_), Err(why)) => {
            return Err(finding("refuses what is not lawful", "encode", why.clone()));
        }
        (Ok(_), Ok(_)) => {}
    }
    let expected = expected.unwrap_or_default();
    let mut found = Files::new();
    for name in names(&model).expect("the directory that was written") {
        let bytes = fs::read(model.join(&name)).expect("a file that was written");
        found.insert(name, bytes);
    }
    found.remove("quantize_index.json");
    if found != expected {
        let differs = |name: &&String| found.get(*name) != expected.get(*name);
        let differing: Vec<&String> = found.keys().chain(expected.keys()).filter(differs).collect();
        return Err(finding("result", "encode", format!("{differing:?} differ")));
    }
    decode_directory(&model, &back, convert::Dtype::F32, &mut Unwatched)
        .map_err(|error| finding("round trip", "decode", error.to_string()))?;
    let back = fs::read(&back).expect("a file that was written");
    came_back(input, &back, &expected)?;
    Ok(Verdict::Accepted)
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?;
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// The files that the tensors of a safetensors file become, or why they become none.
fn converted(input: &[u8], mode: Mode) -> Result<Files, String> {
    let tensors = SafeTensors::deserialize(input).map_err(|error| error.to_string())?;
    let header = &input[8..][..u64::from_le_bytes(*input.first_chunk().expect("eight")) as usize];
    if !header.starts_with(b"{") {
        return Err("the first byte is not {".into());
    }
    let Keys(keys) = serde_json::from_slice(header).map_err(|error| error.to_string())?;
    let is_tensor = |key: &&String| *key != "__metadata__";
    if keys.iter().filter(is_tensor).count() != tensors.len() {
        return Err("a name is there twice".into());
    }
    if keys.len() - tensors.len() > 1 {
        return Err("metadata is there twice".into());
    }
    let kept: Vec<(&str, TensorView)> =
        tensors.iter().filter(|(name, tensor)| is_kept(name, tensor.dtype())).collect();
    if kept.is_empty() {
        return Err("no tensors".into());
    }
    let named: Vec<(&str, usize)> =
        kept.iter().map(|(name, tensor)| (*name, tensor.shape().len())).collect();
    let files = file_names(&named).map_err(|error| error.to_string())?;
    if files.iter().any(|file| file.len() > 255) {
        return Err("a name is too long".into());
    }
    let mut converted = Files::new();
    for ((name, tensor), file) in kept.into_iter().zip(files) {
        let shape: Vec<u64> = tensor.shape().iter().map(|&size| size as u64).collect();
        let bytes = match is_quantized(name, shape.len()) {
            true => {
                let values = in_f32(tensor.dtype(), tensor.data())?;
                let blocks = encode(&values, mode).map_err(|error| error.to_string())?;
                let header = khq4::Header { shape, original_len: values.len() as u64 };
                khq4::to_bytes(&header, blocks.as_bytes())
            }
            false => {
                let values = in_f16(tensor.dtype(), tensor.data())?;
                khf1::to_bytes(&khf1::Header { shape, numel: values.len() as u64 }, &values)
            }
        };
        converted.insert(file, bytes.map_err(|error| error.to_string())?);
    }
    Ok(converted)
}

/// Whether a tensor is converted or refused. Others hold integers, and are left out.
fn is_kept(name: &str, dtype: Dtype) -> bool {
    const INTEGERS: [&str; 9] = ["BOOL", "I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64"];
    let is_packed = name.contains("weight") || name.ends_with(".W_q") || name.ends_with(".codes");
    is_packed || !INTEGERS.contains(&dtype.to_string().as_str())
}

/// The values of a tensor, whose sums and products are none.
fn wide(dtype: Dtype, data: &[u8]) -> Result<Vec<f64>, String> {
    let values = |bytes: usize, value: fn(u64) -> f64| {
        let word =
            |word: &[u8]| word.iter().rev().fold(0, |bits, &byte| bits << 8 | u64::from(byte));
        data.chunks(bytes).map(|chunk| value(word(chunk))).collect()
    };
    Ok(match dtype {
        Dtype::F64 => values(8, f64::from_bits),
        Dtype::F32 => values(4, |bits| f32::from_bits(bits as u32).into()),
        Dtype::F16 => values(2, |bits| f16::from_bits(bits as u16).into()),
        Dtype::BF16 => values(2, |bits| bf16::from_bits(bits as u16).into()),
        other => return Err(format!("dtype is {other}")),
    })
}

fn in_f32(dtype: Dtype, data: &[u8]) -> Result<Vec<f32>, String> {
    // What is not finite then is for the encoder to refuse.
    Ok(wide(dtype, data)?.into_iter().map(|value| value as f32).collect())
}

fn in_f16(dtype: Dtype, data: &[u8]) -> Result<Vec<f16>, String> {
    let half = |value: f64| {
        let half = if value.is_nan() { f16::NAN } else { round_to_f16(value) };
        half.is_finite().then_some(half).ok_or(format!("{value} is not in f16"))
    };
    wide(dtype, data)?.into_iter().map(half).collect()
}

/// The file that a directory came back as has the tensors of the input, with the values of their files.
fn came_back(input: &[u8], back: &[u8], files: &Files) -> Result<(), Finding> {
    let unread = |error: safetensors::SafeTensorError| {
        finding("round trip", "decode", format!("a file that nobody reads: {error}"))
    };
    let (before, after) =
        (SafeTensors::deserialize(input), SafeTensors::deserialize(back).map_err(unread)?);
    let before = before.map_err(unread)?;
    let kept = || before.iter().filter(|(name, tensor)| is_kept(name, tensor.dtype()));
    if kept().count() != after.len() {
        return Err(finding("round trip", "decode", "another number of tensors"));
    }
    for (name, tensor) in kept() {
        let again = after.tensor(name).map_err(unread)?;
        if again.shape() != tensor.shape() || again.dtype() != Dtype::F32 {
            let detail = format!("{name:?} is {} of {:?}", again.dtype(), again.shape());
            return Err(finding("round trip", "decode", detail));
        }
        let rank = tensor.shape().len();
        let file = crate::format::names::file_name(name, is_quantized(name, rank));
        let values: Vec<f32> = match khq4::parse(&files[&file], AddressWidth::NATIVE) {
            Ok(view) => {
                let mut values = vec![0.0; view.header.original_len as usize];
                decode(view.blocks, &mut values);
                values
            }
            Err(_) => khf1::parse(&files[&file], AddressWidth::NATIVE)
                .map_err(|error| finding("round trip", "decode", error.to_string()))?
                .values()
                .into_iter()
                .map(f16::to_f32)
                .collect(),
        };
        if again.data() != values.as_bytes() {
            return Err(finding("round trip", "decode", format!("{name:?} has other values")));
        }
    }
    Ok(())
}

/// The keys of an object, each as often as it is there.
struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Keys;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Keys, M::Error> {
                let mut keys = Vec::new();
                while let Some((key, IgnoredAny)) = map.next_entry()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// Files of each dtype and rank, of whole and partial blocks, and of integers, which are left out.
pub(super) fn seeds() -> Vec<Seed> {
    let file = |header: &str, values: &[u8]| {
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), values].concat()
    };
    let halves: Vec<u8> = (0x3800_u16..0x3828).flat_map(u16::to_le_bytes).collect();
    let floats: Vec<u8> = (1..=12).flat_map(|value| (value as f32 / 3.0).to_le_bytes()).collect();
    let doubles: Vec<u8> =
        (1..=6).flat_map(|value| (f64::from(value) / 7.0).to_le_bytes()).collect();
    let matrix = r#"{"a.weight":{"dtype":"F32","shape":[3,4],"data_offsets":[0,48]}}"#;
    let half = r#"{"__metadata__":{"format":"pt"},"h_proj.weight":{"dtype":"F16","shape":[2,20],"data_offsets":[0,80]}}"#;
    let two = r#"{"b.norm.weight":{"dtype":"F64","shape":[6],"data_offsets":[0,48]},"c":{"dtype":"BF16","shape":[],"data_offsets":[48,50]}}  "#;
    let empty = r#"{"e.weight":{"dtype":"F64","shape":[0,2],"data_offsets":[0,0]}}"#;
    let double = r#"{"d.weight":{"dtype":"F64","shape":[2,3],"data_offsets":[0,48]}}"#;
    let integers = r#"{"f.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"position_ids":{"dtype":"I64","shape":[1,1],"data_offsets":[4,12]}}"#;
    let brain =
        r#"{"x.experts.down_proj":{"dtype":"BF16","shape":[1,40,1],"data_offsets":[0,80]}}"#;
    vec![
        ("f32-matrix".into(), file(matrix, &floats)),
        ("f16-two-blocks".into(), file(half, &halves)),
        ("f64-vector-bf16-scalar".into(), file(two, &[&doubles[..], &[0x80, 0x3f]].concat())),
        ("f64-matrix".into(), file(double, &doubles)),
        ("bf16-two-blocks".into(), file(brain, &halves)),
        ("no-values".into(), file(empty, &[])),
        ("i64-left-out".into(), file(integers, &[&floats[..4], &[0; 8]].concat())),
    ]
}
