//! GGML: blocks of ggml's Q4_1.

use q4proof::codec::q4_1::{decode_block, encode_block};
use q4proof::format::Class;
use q4proof::subject::{Implementation, Reference, Response};
use q4proof::suite::hex::Bytes;
use q4proof::suite::question::{Decode, Encode};
use q4proof::suite::{Encoded, Floats, FormatId};
use zerocopy::IntoBytes;

use super::{BLOCK, block, blocks, declined, hex};

fn decoded(bytes: &[u8]) -> Vec<f32> {
    blocks(bytes).iter().flat_map(decode_block).collect()
}

/// The bytes of the block of these values, over and over.
fn encoded(values: &[f32]) -> Vec<u8> {
    let block = encode_block(&std::array::from_fn(|index| values[index % values.len()]));
    block.as_bytes().to_vec()
}

fn asked_decode(bytes: &[u8], original_len: u64) -> Response<Floats> {
    let (format, blocks) = (FormatId::Q4_1, Bytes(bytes.to_vec()));
    let question = Decode { format, blocks, tensor_scale: None, original_len, to: None };
    Reference.decode(&question, None)
}

fn asked_encode(shape: &[u64], values: &[f32]) -> Response<Encoded> {
    let (format, shape, values) = (FormatId::Q4_1, shape.to_vec(), Floats::of(values));
    Reference.encode(&Encode { format, mode: None, shape, values }, None)
}

#[test]
fn ggml_1_weight_j_shares_a_byte_with_weight_j_plus_16() {
    // Scale 1, minimum 0; byte j holds j in its low half and 15 - j in its high half.
    let mut bytes = block(0x3c00, 0x0000, 0);
    for (at, byte) in bytes[4..].iter_mut().enumerate() {
        *byte = (at | (15 - at) << 4) as u8;
    }
    let expected: Vec<f32> = (0..16).chain((0..16).rev()).map(|nibble| nibble as f32).collect();
    assert_eq!(decoded(&bytes), expected);
    assert_eq!(encoded(&expected), bytes);

    for len in [1, 31, 33] {
        declined(asked_decode(&BLOCK.repeat(2), len), Class::Shape);
        declined(asked_encode(&[len], &vec![1.0; len as usize]), Class::Shape);
    }
    declined(asked_decode(&BLOCK, 64), Class::TruncatedPayload);
    declined(asked_decode(&BLOCK.repeat(2), 32), Class::TrailingBytes);
    assert_eq!(asked_decode(&[], 0), Response::Done(Floats::of(&[])));
}

#[test]
fn ggml_2_a_scale_of_zero_is_lawful() {
    assert_eq!(decoded(&block(0x0000, 0x4500, 0xf3)), [5.0; 32]);
    assert_eq!(decoded(&block(0xb800, 0x3c00, 0x20))[16], 0.0);
    assert_eq!(decoded(&block(0x0001, 0x0000, 0xff)), [15.0 * 2f32.powi(-24); 32]);
    // 7 * 273/2048 + 5, as in section 9, for weight 16 of its block.
    assert_eq!(decoded(&BLOCK)[16].to_bits(), 0x40bd_dc00);
    // The sign of a zero is that of IEEE 754: both terms are -0.
    assert_eq!(decoded(&block(0x8000, 0x8000, 0x53))[0].to_bits(), 0x8000_0000);
    assert_eq!(decoded(&block(0x8000, 0x0000, 0x53))[0].to_bits(), 0);
}

#[test]
fn ggml_3_the_half_is_added_in_f32_and_the_sum_is_cut() {
    // 0 to 15 in steps of 1: halves go up, and so does the number just below a half, whose sum with it
    // rounds to 1. The pattern repeats every four values: bytes pair equal values.
    let just_below = 0.499_999_97;
    let pairs = "00ff1111".repeat(4);
    assert_eq!(encoded(&[0.0, 15.0, 0.5, just_below]), hex(&format!("003c0000{pairs}")));
    assert_eq!(encoded(&[0.0, 15.0, 2.5, 0.25])[4..8], [0x00, 0xff, 0x33, 0x00]);
    // [5, 6, 7] has the scale and the nibbles of section 9, without padding.
    let five = encoded(&[5.0, 6.0, 7.0, 5.0]);
    assert_eq!(five, hex(&("44300045".to_owned() + &"0077ff00".repeat(4))));
    // Equal values: scale 0, nibbles 0; of zeros the minimum is a zero.
    assert_eq!(encoded(&[3.25]), block(0x0000, 0x4280, 0x00));
    assert_eq!(encoded(&[0.0]), block(0x0000, 0x0000, 0x00));
    // A step of 2^-26 is stored as zero, and still found by its nibbles.
    let tiny = 15.0 * 2f32.powi(-26);
    assert_eq!(encoded(&[0.0, tiny])[..6], [0, 0, 0, 0, 0x00, 0xff]);

    let ramp: Vec<f32> = (0..32).map(|value| value as f32).collect();
    assert!(matches!(asked_encode(&[2, 16], &ramp), Response::Done(_)));
    declined(asked_encode(&[33], &ramp), Class::ShapeMismatch);
    declined(asked_encode(&[1 << 63, 2], &ramp), Class::Overflow);
    assert_eq!(asked_encode(&[0], &[]), Response::Done(Encoded::default()));
}
