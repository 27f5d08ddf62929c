//! Numbers that binary64, 32 bits or a signed 64 do not hold, where another number in their place shows.

use super::content::weights;
use super::headers::files;
use super::numbers::save_of;
use super::sizes::{sized, tensor};
use crate::suite::case::File;
use crate::suite::exact::files as containers;
use crate::suite::floats::Floats;
use crate::suite::operation::FormatId;
use crate::suite::question::{
    Decode, Load, NameTensors, Question, Rotate, Save, Tensor, TensorRank,
};

/// Odd numbers above 2^53, above 2^63, and such whose two halves are unlike.
const WIDE: [u64; 9] = [
    (1 << 32) + 1,
    (1 << 53) + 1,
    (1 << 53) - 1,
    (1 << 54) + 3,
    (1 << 63) - 1,
    (1 << 63) + 1,
    0x0000_0007_0000_0000,
    0xdead_beef_0000_0001,
    u64::MAX,
];

/// The questions.
pub(super) fn numbers(of: &Question) -> Vec<Question> {
    match of {
        Question::Rotate(rotate) => WIDE
            .into_iter()
            .map(|seed| Question::Rotate(Rotate { seed, ..rotate.clone() }))
            .collect(),
        Question::Decode(decode) => {
            let size = weights(of) as u64;
            let whole = WIDE.map(|count| count / size * size).into_iter();
            // What the blocks hold, with one bit more.
            let more = (size.ilog2() + 1..64).map(|bit| decode.original_len | 1 << bit);
            whole
                .chain(more)
                .map(|original_len| Question::Decode(Decode { original_len, ..decode.clone() }))
                .collect()
        }
        Question::Save(save) => saves(save),
        Question::NameTensors(naming) => ranks(naming),
        Question::Load(load) if load.expected_shape.is_some() => expected_shapes(load),
        Question::Load(load) => headers(load),
        _ => Vec::new(),
    }
}

/// A file of no values, of this shape and this count.
fn empty(load: &Load, shape: &[u64], count: u64) -> Vec<u8> {
    let Some(Question::Load(Load { path: File::Bytes(bytes), .. })) =
        sized(&Question::load(load.format, File::Bytes(Default::default())), 0)
    else {
        unreachable!("a load of bytes")
    };
    let fixed = &bytes.0[..8];
    let dimensions = shape.iter().chain([&count]).flat_map(|number| number.to_le_bytes());
    let ndim = (shape.len() as u32).to_le_bytes();
    fixed.iter().copied().chain(ndim).chain(dimensions).collect()
}

/// Wide dimensions beside a zero, and wide counts beside an empty shape.
fn headers(load: &Load) -> Vec<Question> {
    let shapes = WIDE.into_iter().flat_map(|wide| [vec![wide, 0], vec![0, wide]]);
    let sound = shapes.map(|shape| empty(load, &shape, 0));
    let counts = WIDE.into_iter().map(|wide| empty(load, &[0], wide));
    let questions = files(load, sound.chain(counts).chain(residue(load)));
    if load.address_width.is_none() {
        return questions;
    }
    // The same without a width behind each: a width is of one question.
    let without = |question: &Question| match question {
        Question::Load(load) => Question::Load(Load { address_width: None, ..load.clone() }),
        other => other.clone(),
    };
    questions.iter().flat_map(|question| [question.clone(), without(question)]).collect()
}

/// A file as long as the product of its shape is in 32 bits, which is more than each factor.
fn residue(load: &Load) -> Option<Vec<u8>> {
    let tensor = tensor(load.format, &[131_073]);
    let tensor = Tensor { shape: vec![65_537, 65_537], ..tensor };
    let container = containers::named(load.format).filter(|_| load.address_width == Some(32));
    container?.write(&[tensor])
}

/// A caller that requires the file's shape, or one that differs by one unit.
fn expected_shapes(load: &Load) -> Vec<Question> {
    let differing = [0, 1, 1 << 32, 1 << 53, 1 << 63];
    let pairs = WIDE.into_iter().flat_map(|wide| differing.map(|bit| (wide, wide ^ bit)));
    let one_dimension = pairs.flat_map(|(wide, expected)| {
        let load = Load { expected_shape: Some(vec![expected, 0]), ..load.clone() };
        let bytes = empty(&load, &[wide, 0], 0);
        files(&load, [bytes].into_iter())
    });
    // Many dimensions, of which one differs, or is missing, or is too many.
    let shape: Vec<u64> = (0..40).map(|at| if at == 39 { 0 } else { at + 2 }).collect();
    let others = (0..40usize).map(|place| {
        let mut other = shape.clone();
        other[place] ^= 64;
        other
    });
    let longer = [&shape[..], &[0]].concat();
    let others = others.chain([
        shape.clone(),
        shape[..39].to_vec(),
        shape[1..].to_vec(),
        longer,
        Vec::new(),
    ]);
    let many = others.flat_map(|expected| {
        let load = Load { expected_shape: Some(expected), ..load.clone() };
        files(&load, [empty(&load, &[0, 3], 0), empty(&load, &shape[30..], 0)].into_iter())
    });
    let many: Vec<Question> = many.collect();
    one_dimension.chain(many).collect()
}

/// Tensors without values that have wide dimensions, and such whose number of values is wide.
fn saves(save: &Save) -> Vec<Question> {
    let tensor = |shape: Vec<u64>, count: u64| match save.format {
        FormatId::KHF1 => Tensor::of_values(&shape, Floats::F16(Default::default())),
        _ => Tensor::of_blocks(&shape, count, Vec::new()),
    };
    let shapes = WIDE.into_iter().flat_map(|wide| [vec![wide, 0], vec![0, wide]]);
    let sound = shapes.map(|shape| tensor(shape, 0));
    let wrong =
        WIDE.into_iter().map(|wide| tensor(vec![wide], if wide == 7 << 32 { 0 } else { wide }));
    sound.chain(wrong).map(|tensor| save_of(save, tensor)).collect()
}

/// Tensors of every number of dimensions that a narrow or a signed number mistakes.
fn ranks(naming: &NameTensors) -> Vec<Question> {
    let ranks = [
        0,
        1,
        2,
        127,
        128,
        129,
        255,
        256,
        257,
        258,
        65535,
        65536,
        65537,
        65538,
        (1 << 32) + 1,
        (1 << 32) + 2,
    ];
    let ask = |rank: u64| {
        let tensors = vec![TensorRank { name: "model.layers.0.mlp.up_proj.weight".into(), rank }];
        Question::NameTensors(NameTensors { tensors, ..naming.clone() })
    };
    ranks.into_iter().chain(WIDE).chain([1 << 32, 1 << 53, 1 << 63]).map(ask).collect()
}
