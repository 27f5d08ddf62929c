//! MLX: groups of MLX's affine quantization.

use half::f16;
use q4proof::codec::mlx::encode_block;
use q4proof::format::Class;
use q4proof::subject::{Implementation, Reference, Response};
use q4proof::suite::hex::Bits16;
use q4proof::suite::question::Encode;
use q4proof::suite::{Encoded, Floats, FormatId};
use zerocopy::IntoBytes;

use super::declined;

/// Scale, bias and nibbles of the group of these values, over and over.
fn encoded(values: &[f32]) -> (u16, u16, Vec<u8>) {
    let group = encode_block(&std::array::from_fn(|index| values[index % values.len()]));
    let bytes = group.as_bytes();
    let nibbles = bytes[4..].iter().flat_map(|byte| [byte & 15, byte >> 4]);
    let nibbles = nibbles.take(values.len()).collect();
    (group.scale().to_bits(), group.bias().to_bits(), nibbles)
}

fn asked(shape: &[u64], count: usize) -> Response<Encoded> {
    let (shape, values) = (shape.to_vec(), Floats::F16(Bits16(vec![0x3c00; count])));
    Reference.encode(&Encode { format: FormatId::MLX, mode: None, shape, values }, None)
}

#[test]
fn mlx_1_groups_are_whole_and_their_nibbles_in_sequence() {
    // 15 to 0 in steps of 1: the maximum is exact, the scale -1, and weight i has nibble i.
    let falling: Vec<f32> = (0..16).rev().map(|value| value as f32).collect();
    let (scale, bias, nibbles) = encoded(&falling);
    assert_eq!((scale, bias), (0xbc00, f16::from_f32(15.0).to_bits()));
    assert_eq!(nibbles, (0..16).collect::<Vec<u8>>());
    for count in [1, 31, 33] {
        declined(asked(&[count], count as usize), Class::Shape);
    }
    declined(asked(&[2, 32], 32), Class::ShapeMismatch);
    assert_eq!(asked(&[0], 0), Response::Done(Encoded::default()));
    // flat-rows: two rows of sixteen are one group.
    assert!(matches!(asked(&[2, 16], 32), Response::Done(encoded) if encoded.blocks.0.len() == 20));
}

#[test]
fn mlx_2_the_larger_end_is_exact_and_zero_is_on_the_grid() {
    // -5 is the larger end; 7 / 15 of a step to zero is 10.7, so 11 steps of 5/11.
    let (scale, bias, nibbles) = encoded(&[-5.0, 2.0, 0.0]);
    assert_eq!(scale, f16::from_f32(5.0 / 11.0).to_bits());
    assert_eq!(bias, f16::from_f32(-5.0).to_bits());
    assert_eq!(nibbles, [0, 15, 11]);
    // Ends of one magnitude: the maximum counts, and the scale is negative.
    assert_eq!(encoded(&[-3.0, 3.0]).1, f16::from_f32(3.0).to_bits());
    // Eight and a half steps from zero are eight.
    assert_eq!(encoded(&[-6.5, 8.5]).0, f16::from_f32(-8.5 / 8.0).to_bits());
    // Halves of nibbles go to the even one: steps of 2 down from 30.
    let halves: Vec<f32> = (0..31).map(|value| value as f32).collect();
    assert_eq!(&encoded(&halves).2[25..], [2, 2, 2, 1, 0, 0]);
    // Equal values: the least scale, which is 2^-23 in f16.
    assert_eq!(encoded(&[0.0, -0.0]), (0x8002, 0, vec![0, 0]));
    assert_eq!(encoded(&[3.0]).1, f16::from_f32(3.0).to_bits());
}
