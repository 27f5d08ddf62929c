//! Q8: blocks of ggml's Q8_0.

use q4proof::format::Class;
use q4proof::subject::{Implementation, Reference, Response};
use q4proof::suite::hex::{Bits, Bytes};
use q4proof::suite::question::{Decode, Encode};
use q4proof::suite::{Encoded, Floats, FormatId};

use super::declined;

/// A block of this scale whose codes are these, over and over.
fn block(scale: u16, codes: &[i8]) -> Vec<u8> {
    let codes = codes.iter().cycle().take(32).map(|&code| code as u8);
    scale.to_le_bytes().into_iter().chain(codes).collect()
}

fn asked_decode(bytes: &[u8], original_len: u64) -> Response<Floats> {
    let (format, blocks) = (FormatId::Q8_0, Bytes(bytes.to_vec()));
    let question = Decode { format, blocks, tensor_scale: None, original_len, to: None };
    Reference.decode(&question, None)
}

fn asked_encode(shape: &[u64], values: &[f32]) -> Response<Encoded> {
    let (format, shape, values) = (FormatId::Q8_0, shape.to_vec(), Floats::of(values));
    Reference.encode(&Encode { format, mode: None, shape, values }, None)
}

/// The first values of a block, as bits.
fn decoded(bytes: &[u8]) -> Vec<u32> {
    match asked_decode(bytes, 32) {
        Response::Done(Floats::F32(Bits(bits))) => bits,
        other => panic!("{other:?}"),
    }
}

/// The block of these values, over and over.
fn encoded(values: &[f32]) -> Vec<u8> {
    let values: Vec<f32> = values.iter().copied().cycle().take(32).collect();
    match asked_encode(&[32], &values) {
        Response::Done(encoded) => encoded.blocks.0,
        other => panic!("{other:?}"),
    }
}

#[test]
fn q8_1_the_scale_is_first_and_the_codes_are_in_order() {
    // Scale 1; weight i has code i - 16.
    let codes: Vec<i8> = (-16..16).collect();
    let bytes = block(0x3c00, &codes);
    assert_eq!((bytes.len(), &bytes[..3]), (34, &[0x00, 0x3c, 0xf0][..]));
    let expected: Vec<u32> = codes.iter().map(|&code| f32::from(code).to_bits()).collect();
    assert_eq!(decoded(&bytes), expected);

    for len in [1, 31, 33] {
        declined(asked_decode(&bytes.repeat(2), len), Class::Shape);
        declined(asked_encode(&[len], &vec![1.0; len as usize]), Class::Shape);
    }
    declined(asked_decode(&bytes, 64), Class::TruncatedPayload);
    declined(asked_decode(&bytes[..33], 32), Class::TruncatedPayload);
    declined(asked_decode(&bytes.repeat(2), 32), Class::TrailingBytes);
    assert_eq!(asked_decode(&[], 0), Response::Done(Floats::of(&[])));
    assert_eq!(asked_encode(&[0], &[]), Response::Done(Encoded::default()));
}

#[test]
fn q8_2_a_value_is_code_times_scale_without_rounding() {
    // -128 is a code like any other; 0x3801 is 2^-1 (1 + 2^-10).
    assert_eq!(
        decoded(&block(0x3801, &[-128, 127]))[..2],
        [
            (-64.0f32 * (1.0 + 2f32.powi(-10))).to_bits(),
            (63.5f32 * (1.0 + 2f32.powi(-10))).to_bits(),
        ]
    );
    // A subnormal scale, and the largest one.
    assert_eq!(decoded(&block(0x0001, &[127]))[0], (127.0 * 2f32.powi(-24)).to_bits());
    assert_eq!(decoded(&block(0x7bff, &[-128]))[0], (-128.0f32 * 65504.0).to_bits());
    // Zeros: -0 where one factor is negative; the code 0 counts as positive.
    let signs = |scale: u16| decoded(&block(scale, &[0, 3, -3]))[..3].to_vec();
    assert_eq!(signs(0x0000), [0, 0, 1 << 31]);
    assert_eq!(signs(0x8000), [1 << 31, 1 << 31, 0]);
    assert_eq!(signs(0xbc00), [1 << 31, (-3f32).to_bits(), 3f32.to_bits()]);
}

#[test]
fn q8_3_codes_are_steps_of_the_unrounded_scale() {
    // amax 127: steps of 1, halves away from zero, the largest magnitude is 127 of its sign.
    let steps = encoded(&[127.0, -127.0, 0.5, -0.5, 2.5, 1.25]);
    assert_eq!(steps[..8], block(0x3c00, &[127, -127, 1, -1, 3, 1])[..8]);
    assert_eq!(encoded(&[-127.0, 3.0])[..4], block(0x3c00, &[-127, 3])[..4]);
    // Zeros of either sign have the scale +0 and the codes 0.
    assert_eq!(encoded(&[0.0, -0.0]), block(0x0000, &[0]));
    // A scale of 2^-26 is stored as zero, and still found by its codes.
    let tiny = 127.0 * 2f32.powi(-26);
    assert_eq!(encoded(&[tiny, tiny / 127.0])[..4], block(0x0000, &[127, 1])[..4]);

    let ones = [1.0f32; 33];
    assert!(matches!(asked_encode(&[2, 16], &ones[..32]), Response::Done(_)));
    declined(asked_encode(&[33], &ones[..32]), Class::ShapeMismatch);
    declined(asked_encode(&[1 << 63, 2], &ones[..32]), Class::Overflow);
}
