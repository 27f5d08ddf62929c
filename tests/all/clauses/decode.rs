//! DEC: blocks to f32.

use q4proof::codec::{Block, decode, decode_block};
use q4proof::format::{AddressWidth, Class};
use q4proof::subject::{Implementation, Reference, Response};
use q4proof::suite::hex::{Bits, Bytes};
use q4proof::suite::question::Decode;
use q4proof::suite::{Floats, FormatId};
use zerocopy::FromBytes;

use super::{BLOCK, accepted, bits, block, file, sound};

/// The first value of a block whose nibbles are all `nibble`, as bits.
#[track_caller]
fn value(scale: u16, bias: u16, nibble: u8) -> u32 {
    let payload = block(scale, bias, nibble * 0x11);
    let blocks = <[Block]>::ref_from_bytes(&payload).expect("one block");
    let values = decode_block(&blocks[0]).map(f32::to_bits);
    assert!(values.iter().all(|&value| value == values[0]), "equal nibbles, equal values");
    assert_eq!(answered(&payload, 1), Ok(vec![values[0]]), "{scale:04x} {bias:04x} {nibble}");
    values[0]
}

/// What the reference answers to a request for `original_len` values.
fn answered(payload: &[u8], original_len: u64) -> Result<Vec<u32>, Option<Class>> {
    let (format, blocks) = (FormatId::KHQ4, Bytes(payload.to_vec()));
    let question = Decode { format, blocks, tensor_scale: None, original_len, to: None };
    match Reference.decode(&question, None) {
        Response::Done(Floats::F32(Bits(values))) => Ok(values),
        Response::Refused(refusal) => Err(refusal.class),
        other => panic!("{other:?}, but the reference decodes to f32"),
    }
}

#[test]
fn dec_1_the_worked_examples() {
    // Section 9: 5, 7 * 273/2048 + 5 and 15 * 273/2048 + 5.
    assert_eq!(answered(&BLOCK, 3), Ok(vec![0x40a0_0000, 0x40bd_dc00, 0x40df_fc00]));
    assert_eq!(bits(&[5.0, 5.933_105_5, 6.999_511_7]), [0x40a0_0000, 0x40bd_dc00, 0x40df_fc00]);
    // [1, -2, 0.5]: 0.85693359375, -1.99951171875, 0.5712890625.
    let mut symmetric = [0x88; 20];
    symmetric[..6].copy_from_slice(&[0x92, 0x34, 0x92, 0xc0, 0x1b, 0x8a]);
    assert_eq!(answered(&symmetric, 3), Ok(vec![0x3f5b_6000, 0xbfff_f000, 0x3f12_4000]));
}

#[test]
fn dec_1_every_operation_in_f32_and_only_the_sum_rounded() {
    // 65504 (7bff) + q S, where the steps of f32 are 2^-8:
    // 15 * 2047/2048 = 14.99267578125 is 3838.125 steps, so 3838: 65518.9921875.
    assert_eq!(value(0x3bff, 0x7bff, 15), 0x477f_eefe);
    // S = 2^-9 (1800): half a step is a tie and goes to the even 65504, one and a half to the even
    // 65504 + 2 * 2^-8.
    assert_eq!(value(0x1800, 0x7bff, 1), 0x477f_e000);
    assert_eq!(value(0x1800, 0x7bff, 3), 0x477f_e002);
    // The largest of either sign: 16 * 65504 = 1048064.
    assert_eq!(value(0x7bff, 0x7bff, 15), 1_048_064f32.to_bits());
    assert_eq!(value(0xfbff, 0xfbff, 15), (-1_048_064f32).to_bits());
    // Neither product nor sum is rounded to f16. 3 (1 + 2^-10) = 3.0029296875 (40403000), where the
    // steps are 2^-22: 2^-24 is a quarter of one and lost, 2^-23 a tie with an even number below
    // it, 2^-22 a whole step.
    assert_eq!(value(0x3c01, 0x0001, 3), 0x4040_3000);
    assert_eq!(value(0x3c01, 0x0002, 3), 0x4040_3000);
    assert_eq!(value(0x3c01, 0x0004, 3), 0x4040_3001);
    // A negative scale: 10 - 15.
    assert_eq!(value(0xbc00, 0x4900, 15), (-5f32).to_bits());
}

#[test]
fn dec_1_subnormals_are_widened_exactly() {
    // 2^-24 = 33800000; 15 * 2^-24 = 1.875 * 2^-21 = 35700000.
    assert_eq!(value(0x0001, 0x0000, 1), 0x3380_0000);
    assert_eq!(value(0x0001, 0x0000, 15), 0x3570_0000);
    assert_eq!(value(0x8001, 0x0000, 1), 0xb380_0000);
    // 1023 * 2^-24, fifteen times: 15345 = 1.8731689453125 * 2^13, so 3a6fc400.
    assert_eq!(value(0x03ff, 0x0000, 15), 0x3a6f_c400);
    // A subnormal bias: 2^-14 - 1023 * 2^-24 = 2^-24.
    assert_eq!(value(0x0400, 0x83ff, 1), 0x3380_0000);
    assert_eq!(value(0x3c00, 0x0001, 0), 0x3380_0000);
}

#[test]
fn dec_2_the_sign_of_zero() {
    const PLUS: u32 = 0;
    const MINUS: u32 = 0x8000_0000;
    // Nibble 0: the product is a zero with the scale's sign.
    assert_eq!(value(0xbc00, 0x8000, 0), MINUS, "-0 + -0");
    assert_eq!(value(0x8001, 0x8000, 0), MINUS, "-0 + -0, of a subnormal scale");
    assert_eq!(value(0xbc00, 0x0000, 0), PLUS, "-0 + 0");
    assert_eq!(value(0x3c00, 0x8000, 0), PLUS, "0 + -0");
    assert_eq!(value(0x3c00, 0x0000, 0), PLUS, "0 + 0");
    // A product and a bias that cancel: 5 * 1 - 5 and 5 * -1 + 5.
    assert_eq!(value(0x3c00, 0xc500, 5), PLUS);
    assert_eq!(value(0xbc00, 0x4500, 5), PLUS);
    // 15 * 2^-24 and -15 * 2^-24.
    assert_eq!(value(0x0001, 0x800f, 15), PLUS);
}

#[test]
fn dec_3_exactly_original_len_values_come_out() {
    let payload = [block(0x3c00, 0x0000, 0x21), block(0x3c00, 0x4900, 0x43)].concat();
    // 1, 2, 1, 2, ... and then 13, 14, 13, 14, ...
    let all = [[1.0f32, 2.0].repeat(16), [13.0, 14.0].repeat(16)].concat();
    for len in 1..=64 {
        let payload = &payload[..if len <= 32 { 20 } else { 40 }];
        let expected = bits(&all[..len]);
        assert_eq!(answered(payload, len as u64).as_ref(), Ok(&expected), "{len} values");
        let tensor = accepted(&file(&[len as u64], len as u64, payload), AddressWidth::Bits64);
        assert_eq!(tensor.values, expected, "{len} values");
        // In their place, and no others.
        let blocks = <[Block]>::ref_from_bytes(payload).expect("whole blocks");
        let mut room = [-1.0; 70];
        decode(blocks, &mut room[3..3 + len]);
        assert_eq!(bits(&room[3..3 + len]), expected);
        assert!(room[..3].iter().chain(&room[3 + len..]).all(|&value| value == -1.0));
    }
    assert_eq!(answered(&[], 0), Ok(vec![]));
}

#[test]
fn dec_4_a_payload_of_another_extent_is_refused() {
    // 33 values take 40 bytes.
    for len in 0..=80 {
        let expected = match len {
            0..40 => Err(Some(Class::TruncatedPayload)),
            40 => Ok(33),
            _ => Err(Some(Class::TrailingBytes)),
        };
        let answer = answered(&sound(4)[..len], 33).map(|values| values.len());
        assert_eq!(answer, expected, "{len} bytes");
    }
    assert_eq!(answered(&BLOCK, 0), Err(Some(Class::TrailingBytes)));
    assert_eq!(answered(&[], 1), Err(Some(Class::TruncatedPayload)));
    // No number makes the extent wrap.
    for huge in [u64::MAX, u64::MAX - 31, 1 << 63, 1 << 34] {
        assert_eq!(answered(&[], huge), Err(Some(Class::TruncatedPayload)), "{huge}");
        assert_eq!(answered(&BLOCK, huge), Err(Some(Class::TruncatedPayload)), "{huge}");
    }
}

#[should_panic(expected = "blocks for 33 values")]
#[test]
fn dec_4_blocks_are_never_read_past_their_end() {
    let blocks = <[Block]>::ref_from_bytes(&BLOCK).expect("one block");
    decode(blocks, &mut [0.0; 33]);
}
