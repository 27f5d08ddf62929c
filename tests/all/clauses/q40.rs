//! Q40: blocks of ggml's Q4_0.

use q4proof::format::Class;
use q4proof::subject::{Implementation, Reference, Response};
use q4proof::suite::exact::blocks::{self, Source};
use q4proof::suite::hex::{Bits, Bytes};
use q4proof::suite::question::{Decode, Encode};
use q4proof::suite::{Encoded, Floats, FormatId, Lawful};

use super::declined;

/// A block of this scale whose codes are these, weight by weight, and 8 behind them.
fn block(scale: u16, codes: &[u8]) -> Vec<u8> {
    let code = |at: usize| codes.get(at).copied().unwrap_or(8);
    let pairs = (0..16).map(|at| code(at) | code(at + 16) << 4);
    scale.to_le_bytes().into_iter().chain(pairs).collect()
}

fn asked_decode(bytes: &[u8], original_len: u64) -> Response<Floats> {
    let (format, blocks) = (FormatId::Q4_0, Bytes(bytes.to_vec()));
    let question = Decode { format, blocks, tensor_scale: None, original_len, to: None };
    Reference.decode(&question, None)
}

fn asked_encode(shape: &[u64], values: &[f32]) -> Response<Encoded> {
    let (format, shape, values) = (FormatId::Q4_0, shape.to_vec(), Floats::of(values));
    Reference.encode(&Encode { format, mode: None, shape, values }, None)
}

/// The weights of a block, as bits.
fn decoded(bytes: &[u8]) -> Vec<u32> {
    match asked_decode(bytes, 32) {
        Response::Done(Floats::F32(Bits(bits))) => bits,
        other => panic!("{other:?}"),
    }
}

/// These values, and zeros behind them.
fn filled(values: &[f32]) -> Vec<f32> {
    values.iter().copied().chain(std::iter::repeat(0.0)).take(32).collect()
}

fn encoded(values: &[f32]) -> Vec<u8> {
    match asked_encode(&[32], &filled(values)) {
        Response::Done(encoded) => encoded.blocks.0,
        other => panic!("{other:?}"),
    }
}

/// The lawful encodings of a block, with their behaviours.
fn lawful(values: &[f32]) -> Vec<(String, Vec<u8>)> {
    let (shape, values) = ([32], Floats::of(&filled(values)));
    let source = Source { mode: None, shape: &shape, values: &values };
    let blocks = |answer: &Lawful<Encoded>| match answer {
        Lawful::One(encoded) => encoded.blocks.0.clone(),
        other => panic!("{other:?}"),
    };
    match blocks::named(FormatId::Q4_0).unwrap().encode(&source) {
        Lawful::OneOf(all) => {
            all.iter().map(|one| (one.name.clone(), blocks(&one.expect))).collect()
        }
        Lawful::Undemanded(_) => Vec::new(),
        one => vec![(String::new(), blocks(&one))],
    }
}

#[test]
fn q40_1_the_scale_is_first_and_the_codes_are_in_split_halves() {
    // Scale 1; weight i has code i % 16 in the first half and 15 - i % 16 in the second.
    let codes: Vec<u8> = (0..32).map(|at| if at < 16 { at } else { 31 - at }).collect();
    let bytes = block(0x3c00, &codes);
    assert_eq!((bytes.len(), &bytes[..5]), (18, &[0x00, 0x3c, 0xf0, 0xe1, 0xd2][..]));
    let expected: Vec<u32> = codes.iter().map(|&code| (f32::from(code) - 8.0).to_bits()).collect();
    assert_eq!(decoded(&bytes), expected);

    for len in [1, 31, 33] {
        declined(asked_decode(&bytes.repeat(2), len), Class::Shape);
        declined(asked_encode(&[len], &vec![1.0; len as usize]), Class::Shape);
    }
    declined(asked_decode(&bytes, 64), Class::TruncatedPayload);
    declined(asked_decode(&bytes[..17], 32), Class::TruncatedPayload);
    declined(asked_decode(&bytes.repeat(2), 32), Class::TrailingBytes);
    assert_eq!(asked_decode(&[], 0), Response::Done(Floats::of(&[])));
    assert_eq!(asked_encode(&[0], &[]), Response::Done(Encoded::default()));
}

#[test]
fn q40_2_a_value_is_code_less_8_times_scale_without_rounding() {
    // 0x3801 is 2^-1 (1 + 2^-10).
    let scale = 0.5 * (1.0 + 2f32.powi(-10));
    let expected = [-8.0 * scale, 7.0 * scale].map(f32::to_bits);
    assert_eq!(decoded(&block(0x3801, &[0, 15]))[..2], expected);
    // A subnormal scale, and the largest one.
    assert_eq!(decoded(&block(0x0001, &[15]))[0], (7.0 * 2f32.powi(-24)).to_bits());
    assert_eq!(decoded(&block(0x7bff, &[0]))[0], (-8.0f32 * 65504.0).to_bits());
    // Zeros: code 8 counts as positive.
    let signs = |scale: u16| decoded(&block(scale, &[8, 9, 7]))[..3].to_vec();
    assert_eq!(signs(0x0000), [0, 0, 1 << 31]);
    assert_eq!(signs(0x8000), [1 << 31, 1 << 31, 0]);
    assert_eq!(signs(0xbc00), [1 << 31, (-1f32).to_bits(), 1f32.to_bits()]);
}

#[test]
fn q40_3_the_first_value_of_the_largest_magnitude_has_code_0() {
    // The largest is -8: steps of 1, halves up; the other end has 15.
    assert_eq!(encoded(&[-8.0, 8.0, 0.5, -0.5, 1.25]), block(0x3c00, &[0, 15, 9, 8, 9]));
    // The largest is 8: the scale is below zero.
    assert_eq!(encoded(&[8.0, -8.0, 0.5, -1.0]), block(0xbc00, &[0, 15, 8, 9]));
    // A scale of -2^-26 is stored as -0, and still found by its codes; of 2^-26 as +0.
    let tiny = 8.0 * 2f32.powi(-26);
    assert_eq!(encoded(&[tiny, -tiny / 8.0]), block(0x8000, &[0, 9]));
    assert_eq!(encoded(&[-tiny, tiny / 8.0]), block(0x0000, &[0, 9]));

    let ones = [1.0f32; 33];
    assert!(matches!(asked_encode(&[2, 16], &ones[..32]), Response::Done(_)));
    declined(asked_encode(&[33], &ones[..32]), Class::ShapeMismatch);
    declined(asked_encode(&[1 << 63, 2], &ones[..32]), Class::Overflow);
}

#[test]
fn q40_3_zeros_have_a_scale_of_either_sign_and_codes_8() {
    for zeros in [0.0, -0.0] {
        assert_eq!(encoded(&[zeros; 32]), block(0x8000, &[]));
        let expected = [("zero-scale-negative", 0x8000), ("zero-scale-positive", 0x0000)];
        let expected = expected.map(|(name, scale)| (name.to_owned(), block(scale, &[])));
        assert_eq!(lawful(&[zeros; 32]), expected);
    }
}

/// Of values of bf16, those are looked for whose sum is a whole number where the product is rounded first, and none where
/// the sum is rounded alone.
#[test]
fn q40_3_product_and_sum_are_rounded_both_or_the_sum_alone() {
    let is_half = |value: f32, largest: f32| {
        let inverse = 1.0 / (largest / -8.0);
        (value * inverse + 8.5).fract() == 0.0 && value.mul_add(inverse, 8.5).fract() != 0.0
    };
    let pairs = (0x3f00u32..0x3f80).flat_map(|value| {
        (0x3f80u32..0x4000)
            .map(move |largest| (f32::from_bits(value << 16), f32::from_bits(largest << 16)))
    });
    let found: Vec<(f32, f32)> =
        pairs.filter(|&(value, largest)| is_half(value, largest)).collect();
    let (mut told, mut alike) = (0, 0);
    for (value, largest) in found {
        match &lawful(&[largest, value])[..] {
            [(first, separate), (second, fused)] => {
                assert_eq!((first.as_str(), second.as_str()), ("separate", "fused"));
                assert_eq!(encoded(&[largest, value]), *separate);
                let codes = |block: &[u8]| (block[3] & 15, block[2] & 15);
                let inverse = 1.0 / (largest / -8.0);
                assert_eq!(codes(fused), (value.mul_add(inverse, 8.5) as u8, 0));
                assert_eq!(codes(separate), ((value * inverse + 8.5) as u8, 0));
                assert_eq!(separate[..2], fused[..2]);
                told += 1;
            }
            _ => alike += 1,
        }
    }
    assert!(told > 0, "{told} told apart, {alike} alike");
}

#[test]
fn q40_3_demands_nothing_where_a_number_is_beyond() {
    // A scale of 65520 is none of f16; the inverse of 2^-129 is none of f32.
    for values in [[8.0 * 65520.0, 1.0], [f32::NAN, 1.0], [2f32.powi(-126), 0.0]] {
        assert_eq!(lawful(&values), [], "{values:?}");
        assert!(matches!(asked_encode(&[32], &filled(&values)), Response::Done(_)));
    }
    assert_eq!(lawful(&[-8.0 * 65519.0, 1.0]).len(), 1);
}
