//! Numbers that binary64, 32 bits or a signed 64 do not hold, where another number in their place shows.

use super::headers::files;
use super::sizes::sized;
use crate::suite::case::File;
use crate::suite::question::{Decode, Load, Question, Rotate};

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
        Question::Decode(decode) => WIDE
            .into_iter()
            .map(|count| {
                Question::Decode(Decode { original_len: count / 32 * 32, ..decode.clone() })
            })
            .collect(),
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
    files(load, sound.chain(counts))
}

/// A caller that requires the file's shape, or one that differs by one unit.
fn expected_shapes(load: &Load) -> Vec<Question> {
    let pairs = WIDE.into_iter().flat_map(|wide| [(wide, wide), (wide, wide ^ 1)]);
    pairs
        .flat_map(|(wide, expected)| {
            let load = Load { expected_shape: Some(vec![expected, 0]), ..load.clone() };
            let bytes = empty(&load, &[wide, 0], 0);
            files(&load, [bytes].into_iter())
        })
        .collect()
}
