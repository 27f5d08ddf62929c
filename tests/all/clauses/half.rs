//! F16: decoding to f16.

use q4proof::codec::decode_to_f16;
use q4proof::format::Class;
use q4proof::subject::{Implementation, Reference, Response};
use q4proof::suite::hex::Bytes;
use q4proof::suite::question::Decode;
use q4proof::suite::{Float, Floats, FormatId};

use super::{BLOCK, blocks, declined};

/// f16 bits of the values of `bytes`.
fn halves(bytes: &[u8], len: usize) -> Vec<u16> {
    let values = decode_to_f16(&blocks(bytes), len).expect("values that f16 holds");
    values.into_iter().map(|value| value.to_bits()).collect()
}

fn asked(bytes: &[u8], original_len: u64) -> Response<Floats> {
    let (format, blocks, to) = (FormatId::KHQ4, Bytes(bytes.to_vec()), Some(Float::F16));
    let question = Decode { format, blocks, tensor_scale: None, original_len, to };
    Reference.decode(&question, None)
}

#[test]
fn f16_1_the_exact_sum_is_rounded_once() {
    // 5, 5.93310546875 and 6.99951171875: f16 counts in steps of 2^-8 from 4 on.
    assert_eq!(halves(&BLOCK, 3), [0x4500, 0x45ef, 0x4700]);
    // 3 (1 + 2^-10) - 2^-24 lies just below the middle of 4201 and 4202. f32 takes it for the middle.
    let below = super::block(0x3c01, 0x8001, 0x33);
    assert_eq!(halves(&below, 32), [0x4201; 32]);
    let above = super::block(0x3c01, 0x0001, 0x33);
    assert_eq!(halves(&above, 32), [0x4202; 32]);
    // The middle itself goes to the even one, on either side: 2049 to 2048, 2051 to 2052.
    assert_eq!(halves(&super::block(0x3c00, 0x6800, 0x31), 2), [0x6800, 0x6802]);
    assert_eq!(halves(&super::block(0x3c00, 0xe802, 0x31), 2), [0xe802, 0xe800]);
}

#[test]
fn f16_2_what_f16_cannot_hold_is_refused() {
    // 65504 + 15 rounds to 65504, and 65504 + 16 is halfway to the next f16 that there would be.
    assert_eq!(halves(&super::block(0x3c00, 0x7bff, 0xff), 32), [0x7bff; 32]);
    let overflowing = super::block(0x4c00, 0x7bff, 0x10);
    assert_eq!(decode_to_f16(&blocks(&overflowing), 32), Err(1));
    declined(asked(&overflowing, 32), Class::Value);
    assert_eq!(halves(&super::block(0x7bff, 0xfbff, 0x00), 1), [0xfbff]);
}

#[test]
fn f16_3_zeros_subnormals_and_extents_are_those_of_decode() {
    // -0 is nibble 0 of a negative scale under a bias of -0, and nothing else.
    assert_eq!(halves(&super::block(0xbc00, 0x8000, 0x10), 2), [0x8000, 0xbc00]);
    assert_eq!(halves(&super::block(0x3c00, 0xbc00, 0x01), 2), [0x0000, 0xbc00]);
    assert_eq!(halves(&super::block(0x0001, 0x8010, 0xf0), 2), [0x8010, 0x8001]);
    assert!(halves(&[], 0).is_empty());
    // Padding has no value, and so none that overflows.
    assert_eq!(halves(&super::block(0x7bff, 0x0000, 0xf1), 1), [0x7bff]);
    declined(asked(&BLOCK, 33), Class::TruncatedPayload);
    declined(asked(&BLOCK[..19], 3), Class::TruncatedPayload);
    declined(asked(&BLOCK.repeat(2), 3), Class::TrailingBytes);
    declined(asked(&super::block(0x7e00, 0, 0), 1), Class::Scale);
    declined(asked(&super::block(0x3c00, 0x7c00, 0), 1), Class::Bias);
}
