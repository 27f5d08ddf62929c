//! Smaller files and tensors.

use super::blocks::{of_bits, plainer};
use super::parts;
use crate::fuzz::sketch::Sketch;
use crate::suite::case::{File, Special};
use crate::suite::exact::blocks::Layout;
use crate::suite::floats::Float;
use crate::suite::hex::Bytes;
use crate::suite::operation::FormatId;
use crate::suite::question::{Load, Question, Save, Tensor};

pub(super) fn of_load(load: &Load) -> Vec<Question> {
    let at = |path: File| Question::Load(Load { path, ..load.clone() });
    let mut candidates = Vec::new();
    if load.expected_shape.is_some() {
        candidates.push(Question::Load(Load { expected_shape: None, ..load.clone() }));
    }
    if load.address_width.is_some() {
        candidates.push(Question::Load(Load { address_width: None, ..load.clone() }));
    }
    if let File::Named(named) = &load.path {
        candidates.push(at(named.file.clone()));
    }
    let File::Bytes(Bytes(bytes)) = load.path.unnamed() else { return candidates };
    let bytes_at = |bytes: Vec<u8>| at(File::Bytes(Bytes(bytes)));
    let sketch = Sketch::read(load.format, bytes);
    if sketch.write() == *bytes {
        for smaller in of_sketch(&sketch) {
            if let Some(expected) = &load.expected_shape
                && *expected == sketch.shape
            {
                // A caller that requires the shape of the file goes on to do so.
                let expected_shape = Some(smaller.shape.clone());
                let path = File::Bytes(Bytes(smaller.write()));
                candidates.push(Question::Load(Load { path, expected_shape, ..load.clone() }));
            }
            candidates.push(bytes_at(smaller.write()));
        }
    }
    for kept in parts(bytes.len()).into_iter().filter(|kept| kept.start == 0) {
        candidates.push(bytes_at(bytes[kept].to_vec()));
    }
    candidates
}

/// Fields with fewer dimensions, less payload, plainer content.
fn of_sketch(sketch: &Sketch) -> Vec<Sketch> {
    let mut smaller = Vec::new();
    let count = sketch.original_len;
    let unit = if sketch.format == FormatId::KHF1 { 2 } else { 20 };
    let agrees =
        sketch.product() == (count, true) && sketch.payload_len() == sketch.payload.len() as u64;
    let of_count = |count: u64, payload: Vec<u8>| Sketch {
        shape: vec![count],
        ndim: 1,
        original_len: count,
        payload,
        ..sketch.clone()
    };
    if agrees {
        smaller.push(of_count(count, sketch.payload.clone()));
        let units = sketch.payload.len() / unit;
        for kept in parts(units) {
            let payload = sketch.payload[kept.start * unit..kept.end * unit].to_vec();
            let per_unit = if sketch.format == FormatId::KHF1 { 1 } else { 32 };
            let whole = kept.len() as u64 * per_unit;
            if kept.end == units {
                smaller.push(of_count(count - kept.start as u64 * per_unit, payload.clone()));
            }
            smaller.push(of_count(whole, payload));
        }
        smaller.push(of_count(0, Vec::new()));
    }
    // Fewer dimensions, whatever they are.
    if sketch.ndim as usize == sketch.shape.len() {
        for kept in parts(sketch.shape.len()) {
            let shape = sketch.shape[kept].to_vec();
            smaller.push(Sketch { ndim: shape.len() as u32, shape, ..sketch.clone() });
        }
        for at in 0..sketch.shape.len().min(8) {
            for size in [0, 1, sketch.shape[at] & sketch.shape[at].wrapping_sub(1)] {
                let mut shape = sketch.shape.clone();
                shape[at] = size;
                smaller.push(Sketch { shape, ..sketch.clone() });
            }
        }
    }
    for kept in parts(sketch.payload.len() / unit).into_iter().filter(|kept| kept.start == 0) {
        let payload = sketch.payload[..kept.end * unit].to_vec();
        smaller.push(Sketch { payload, ..sketch.clone() });
    }
    smaller.push(Sketch { payload: Vec::new(), ..sketch.clone() });
    if sketch.format == FormatId::KHF1 {
        for at in (0..sketch.payload.len() / 2).take(16) {
            let mut payload = sketch.payload.clone();
            payload[2 * at..2 * at + 2].fill(0);
            smaller.push(Sketch { payload, ..sketch.clone() });
        }
    } else {
        let plainer = plainer(&Layout::named(FormatId::KHQ4), &sketch.payload);
        smaller.extend(plainer.into_iter().map(|payload| Sketch { payload, ..sketch.clone() }));
    }
    // Set bits go, so that nothing is smaller than itself.
    smaller.retain(|one| weight(one) < weight(sketch));
    smaller
}

/// Dimensions, bytes and set bits, in this order.
fn weight(sketch: &Sketch) -> (usize, usize, u32) {
    let numbers = sketch.shape.iter().chain([&sketch.original_len]);
    let bits: u32 = numbers.map(|number| number.count_ones()).sum();
    let payload: u32 = sketch.payload.iter().map(|byte| byte.count_ones()).sum();
    (sketch.shape.len(), sketch.payload.len(), bits + payload)
}

pub(super) fn of_save(save: &Save) -> Vec<Question> {
    let mut candidates = Vec::new();
    let missing = File::Special(Special::Missing);
    if save.path != missing {
        candidates.push(Question::Save(Save { path: missing, ..save.clone() }));
    }
    let [tensor] = save.tensors.as_slice() else { return candidates };
    let payload = match (&tensor.blocks, &tensor.values) {
        (Some(blocks), _) => blocks.0.clone(),
        (None, Some(values)) => values.to_le_bytes().0,
        (None, None) => return candidates,
    };
    let sketch = Sketch {
        format: save.format,
        magic: [0; 4],
        version: 0,
        ndim: tensor.shape.len() as u32,
        shape: tensor.shape.clone(),
        original_len: tensor.original_len.unwrap_or(payload.len() as u64 / 2),
        payload,
    };
    let tensors = of_sketch(&sketch).into_iter().filter_map(|sketch| to_tensor(&sketch));
    candidates.extend(
        tensors.map(|tensor| Question::Save(Save { tensors: vec![tensor], ..save.clone() })),
    );
    candidates
}

fn to_tensor(sketch: &Sketch) -> Option<Tensor> {
    let Sketch { format, shape, original_len, payload, .. } = sketch;
    if *format != FormatId::KHF1 {
        return Some(Tensor::of_blocks(shape, *original_len, payload.clone()));
    }
    let (values, rest) = payload.as_chunks();
    let bits = values.iter().map(|&bytes| u16::from_le_bytes(bytes).into()).collect();
    rest.is_empty().then(|| Tensor::of_values(shape, of_bits(Float::F16, bits)))
}
