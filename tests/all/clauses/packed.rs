//! Q50, Q51, Q4K, Q5K, Q6K, NL, XS: what ggml's packed blocks stand for. Blocks are written by hand, byte by byte.

use q4proof::format::Class;
use q4proof::subject::{Implementation, Reference, Response};
use q4proof::suite::hex::{Bits, Bytes};
use q4proof::suite::question::Decode;
use q4proof::suite::{Floats, FormatId};

use super::declined;

const ONE: [u8; 2] = [0x00, 0x3c];
const HALF: [u8; 2] = [0x00, 0x38];

pub(super) fn asked(format: FormatId, bytes: &[u8], original_len: u64) -> Response<Floats> {
    let blocks = Bytes(bytes.to_vec());
    Reference.decode(&Decode { format, blocks, tensor_scale: None, original_len, to: None }, None)
}

/// The weights of one block, as bits.
pub(super) fn bits(format: FormatId, block: &[u8], weights: u64) -> Vec<u32> {
    match asked(format, block, weights) {
        Response::Done(Floats::F32(Bits(bits))) => bits,
        other => panic!("{other:?}"),
    }
}

fn values(format: FormatId, block: &[u8], weights: u64) -> Vec<f32> {
    bits(format, block, weights).into_iter().map(f32::from_bits).collect()
}

/// GGML-1: tensors are whole blocks, and a payload has the bytes of its values.
pub(super) fn whole_blocks(format: FormatId, block: &[u8], weights: u64) {
    for len in [1, weights / 2, weights - 1, weights + 1] {
        declined(asked(format, &block.repeat(2), len), Class::Shape);
    }
    declined(asked(format, block, 2 * weights), Class::TruncatedPayload);
    declined(asked(format, &block[1..], weights), Class::TruncatedPayload);
    declined(asked(format, &block.repeat(2), weights), Class::TrailingBytes);
    declined(asked(format, block, u64::MAX / weights * weights), Class::TruncatedPayload);
    assert_eq!(asked(format, &[], 0), Response::Done(Floats::of(&[])));
}

/// A block of zeros with these bytes in it.
fn block<const N: usize>(parts: &[(usize, &[u8])]) -> [u8; N] {
    let mut block = [0; N];
    for (at, bytes) in parts {
        block[*at..at + bytes.len()].copy_from_slice(bytes);
    }
    block
}

/// The weights that are not `usual`, with their places.
fn apart(values: &[f32], usual: f32) -> Vec<(usize, f32)> {
    values.iter().copied().enumerate().filter(|&(_, value)| value != usual).collect()
}

#[test]
fn q50_1_fifth_bits_stand_in_a_u32_behind_the_scale() {
    // Weight 1 has the low nibble of byte 7, weight 17 its high one; bits 1 and 17 of the u32 are theirs.
    let block = block::<22>(&[(0, &ONE), (2, &[0x02, 0, 0x02, 0]), (7, &[0x73])]);
    let expected = [(1, 3.0), (17, 7.0)];
    assert_eq!(apart(&values(FormatId::Q5_0, &block, 32), -16.0), expected);
    whole_blocks(FormatId::Q5_0, &block, 32);
}

#[test]
fn q50_2_a_value_is_code_less_16_times_scale_without_rounding() {
    // 0x3801 is 2^-1 (1 + 2^-10).
    let block = block::<22>(&[(0, &[0x01, 0x38]), (2, &[0x01, 0, 0, 0]), (6, &[0x0f])]);
    let scale = 0.5 * (1.0 + 2f32.powi(-10));
    assert_eq!(values(FormatId::Q5_0, &block, 32)[..2], [15.0 * scale, -16.0 * scale]);
    // Code 16 counts as positive.
    let zeros =
        |scale: u8| bits(FormatId::Q5_0, &self::block::<22>(&[(1, &[scale]), (2, &[1])]), 32);
    assert_eq!([zeros(0x00)[0], zeros(0x80)[0], zeros(0xbc)[0]], [0, 1 << 31, 1 << 31]);
}

#[test]
fn q51_1_a_minimum_stands_before_the_fifth_bits() {
    let block = block::<24>(&[(0, &ONE), (2, &HALF), (4, &[0, 0x80, 0, 0x80]), (23, &[0x5a])]);
    let expected = [(15, 26.5), (31, 21.5)];
    assert_eq!(apart(&values(FormatId::Q5_1, &block, 32), 0.5), expected);
    whole_blocks(FormatId::Q5_1, &block, 32);
}

#[test]
fn q51_2_the_sum_is_rounded_once() {
    // 2^15 (1 + 2^-10) * 31 + 2^-24: the least is lost.
    let of = |minimum: [u8; 2]| {
        let parts: [(usize, &[u8]); 4] =
            [(0, &[0x01, 0x78]), (2, &minimum), (4, &[1]), (8, &[0x0f])];
        values(FormatId::Q5_1, &block::<24>(&parts), 32)
    };
    assert_eq!(of([0x01, 0x00])[..2], [31.0 * 32800.0, 2f32.powi(-24)]);
    // A half more is there: 1016800.5. Halves of the last place, 2^-4, are rounded to the even one.
    assert_eq!(of(HALF)[0], 1_016_800.0 + 0.5);
    assert_eq!([of([0x00, 0x28])[0], of([0x00, 0x2e])[0]], [1_016_800.0, 1_016_800.0 + 0.125]);
    assert_eq!([of([0x01, 0x28])[0], of([0xff, 0x2d])[0]], [1_016_800.0 + 0.0625; 2]);
    // Zeros: -0 where both are.
    let zeros = |scale: u8, minimum: u8| {
        bits(FormatId::Q5_1, &block::<24>(&[(1, &[scale]), (3, &[minimum])]), 32)[0]
    };
    assert_eq!(
        [zeros(0, 0), zeros(0x80, 0), zeros(0, 0x80), zeros(0x80, 0x80)],
        [0, 0, 0, 1 << 31]
    );
}

/// Sub-block 1 has scale 1 and sub-block 6 has 0b10_0011 = 35, whose high bits are in byte 2 of the twelve; minimum 5 of
/// sub-block 2 stands in byte 6, minimum 0b11_0001 = 49 of sub-block 7 in bytes 11 and 7.
#[test]
fn q4k_1_scales_and_minima_of_six_bits_are_packed_in_twelve_bytes() {
    let packed = [0, 1, 0x80, 0, 0, 0, 5, 0xc0, 0, 0, 0x03, 0x10];
    // Weight 0 of sub-block 1 is the high nibble of the first byte of run 0; weight 31 of sub-block 6 the low one of the
    // last byte of run 3.
    let block = block::<144>(&[(0, &ONE), (2, &ONE), (4, &packed), (16, &[0x20]), (143, &[0x03])]);
    let found = values(FormatId::Q4_K, &block, 256);
    assert_eq!((found[32], found[33], found[6 * 32 + 31]), (2.0, 0.0, 105.0));
    let minima: Vec<f32> = (0..8).map(|j| found[32 * j + 5]).collect();
    assert_eq!(minima, [0.0, 0.0, -5.0, 0.0, 0.0, 0.0, 0.0, -49.0]);
    whole_blocks(FormatId::Q4_K, &block, 256);
}

#[test]
fn q4k_2_the_minimum_is_taken_away_and_the_difference_is_rounded() {
    // (32800 * 63) * 15 - 2^-24 * 63: the products are exact, the small one is lost; beside a code of 0 it is not.
    let of = |scale: [u8; 2], minima: [u8; 2]| {
        let parts: [(usize, &[u8]); 5] =
            [(0, &scale), (2, &minima), (4, &[63]), (8, &[63]), (16, &[0x0f])];
        values(FormatId::Q4_K, &block::<144>(&parts), 256)
    };
    assert_eq!(of([0x01, 0x78], [0x01, 0x00])[..2], [32800.0 * 945.0, -63.0 * 2f32.powi(-24)]);
    // A minimum of the other sign is added.
    assert_eq!(of(ONE, [0x00, 0xbc])[..2], [945.0 + 63.0, 63.0]);
    // Zeros: -0 where the first product is and the second is not.
    let zeros = |scale: u8, minima: u8| {
        bits(FormatId::Q4_K, &block::<144>(&[(1, &[scale]), (3, &[minima])]), 256)[0]
    };
    assert_eq!(
        [zeros(0, 0), zeros(0x80, 0), zeros(0, 0x80), zeros(0x80, 0x80)],
        [0, 1 << 31, 0, 0]
    );
}

#[test]
fn q5k_1_bit_j_of_byte_i_is_the_fifth_of_weight_i_of_sub_block_j() {
    let scales = [1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1];
    let block = block::<176>(&[(0, &ONE), (4, &scales), (16 + 3, &[0x22]), (48 + 3, &[0x70])]);
    let found = values(FormatId::Q5_K, &block, 256);
    // Weight 3 of sub-block 1 has 7 and the fifth bit, that of sub-block 5 the fifth bit alone.
    assert_eq!(apart(&found, 0.0), [(35, 23.0), (163, 16.0)]);
    whole_blocks(FormatId::Q5_K, &block, 256);
}

#[test]
fn q5k_2_a_value_is_that_of_q4_k_with_five_bits() {
    let parts: [(usize, &[u8]); 6] =
        [(0, &ONE), (2, &HALF), (4, &[63]), (8, &[3]), (16, &[1]), (48, &[0x0f])];
    assert_eq!(values(FormatId::Q5_K, &block::<176>(&parts), 256)[..2], [63.0 * 31.0 - 1.5, -1.5]);
}

#[test]
fn q6k_1_low_bits_high_bits_scales_and_the_scale_behind_them() {
    // Weight 128 + 32 + 17 has the low nibble of byte 64 + 32 + 17, bits 2 and 3 of high byte 32 + 17, scale 8 + 2 + 1.
    let second: [(usize, &[u8]); 4] =
        [(113, &[0x05]), (128 + 49, &[0b1000]), (192 + 11, &[2]), (208, &ONE)];
    let found = values(FormatId::Q6_K, &block::<210>(&second), 256);
    let expected: Vec<(usize, f32)> =
        (0..16).map(|at| (176 + at, if at == 1 { 10.0 } else { -64.0 })).collect();
    assert_eq!(apart(&found, 0.0), expected);
    // Weight 64 has the high nibble of byte 0 and bits 4 and 5 of high byte 0; weight 96 byte 32, bits 6 and 7.
    let first: [(usize, &[u8]); 6] = [
        (0, &[0x90]),
        (32, &[0x30]),
        (128, &[0xb0]),
        (192 + 4, &[0xff]),
        (192 + 6, &[1]),
        (208, &ONE),
    ];
    let found = values(FormatId::Q6_K, &block::<210>(&first), 256);
    assert_eq!(
        (found[64], found[65], found[96], found[97]),
        (-(57.0 - 32.0), 32.0, 35.0 - 32.0, -32.0)
    );
    whole_blocks(FormatId::Q6_K, &block::<210>(&first), 256);
}

#[test]
fn q6k_2_a_value_is_scale_times_scale_times_code_less_32() {
    // 2^-1 (1 + 2^-10) * -128 * 31.
    let parts: [(usize, &[u8]); 4] =
        [(0, &[0x0f]), (128, &[0x03]), (192, &[0x80]), (208, &[0x01, 0x38])];
    let scale = 0.5 * (1.0 + 2f32.powi(-10));
    let found = values(FormatId::Q6_K, &block::<210>(&parts), 256);
    assert_eq!(found[..2], [-128.0 * 31.0 * scale, 128.0 * 32.0 * scale]);
    // Zeros have the sign of all factors: code 32 and a scale of 0 count as positive.
    let zeros = |scale: u8, own: u8| {
        let parts: [(usize, &[u8]); 3] = [(128, &[0x02]), (192, &[own]), (209, &[scale])];
        bits(FormatId::Q6_K, &block::<210>(&parts), 256)[..2].to_vec()
    };
    assert_eq!(zeros(0x3c, 1)[0], 0);
    assert_eq!(zeros(0xbc, 1)[0], 1 << 31);
    assert_eq!(zeros(0xbc, 0xff)[0], 0);
    assert_eq!(zeros(0x3c, 0), [0, 1 << 31]);
    assert_eq!(zeros(0x80, 0), [1 << 31, 0]);
}

#[test]
fn nl_1_a_code_stands_for_one_of_sixteen_integers() {
    let pairs: Vec<u8> = (0..16).map(|code| code | (15 - code) << 4).collect();
    let integers: [f32; 16] =
        [-127., -104., -83., -65., -49., -35., -22., -10., 1., 13., 25., 38., 53., 69., 89., 113.];
    let block = block::<18>(&[(0, &ONE), (2, &pairs)]);
    let found = values(FormatId::IQ4_NL, &block, 32);
    assert_eq!(found[..16], integers);
    assert!(found[16..].iter().eq(integers.iter().rev()));
    whole_blocks(FormatId::IQ4_NL, &block, 32);
}

#[test]
fn nl_2_a_value_is_integer_times_scale() {
    let block = block::<18>(&[(0, &[0x01, 0x38]), (2, &[0xf0])]);
    let scale = 0.5 * (1.0 + 2f32.powi(-10));
    let found = values(FormatId::IQ4_NL, &block, 32);
    assert_eq!((found[0], found[16]), (-127.0 * scale, 113.0 * scale));
    let zeros = |scale: u8| {
        let found = bits(FormatId::IQ4_NL, &self::block::<18>(&[(1, &[scale]), (2, &[0xf0])]), 32);
        [found[0], found[16]]
    };
    assert_eq!((zeros(0x00), zeros(0x80)), ([1 << 31, 0], [0, 1 << 31]));
}

/// Sub-block 3 has the high nibble of byte 1 of l and bits 6 and 7 of h.
#[test]
fn xs_1_scales_of_six_bits_are_in_two_parts() {
    let block = block::<136>(&[(0, &ONE), (2, &[0x80, 0]), (5, &[0x30]), (8 + 48, &[0x8f])]);
    let found = values(FormatId::IQ4_XS, &block, 256);
    // 32 + 3 - 32 of sub-block 3; -32 of all others, whose codes are 0.
    assert_eq!((found[96], found[96 + 16], found[97], found[0]), (339.0, 3.0, -381.0, 4064.0));
    assert_eq!(found.iter().filter(|&&value| value == 4064.0).count(), 7 * 32);
    whole_blocks(FormatId::IQ4_XS, &block, 256);
}

#[test]
fn xs_2_a_value_is_scale_times_scale_times_integer() {
    // A scale of 0 counts as positive.
    let of = |scale: [u8; 2], high: u8| {
        let parts: [(usize, &[u8]); 3] = [(0, &scale), (2, &[high]), (8, &[0x0f])];
        bits(FormatId::IQ4_XS, &block::<136>(&parts), 256)[..2].to_vec()
    };
    assert_eq!(of(ONE, 2), [0, 1 << 31]);
    assert_eq!(of([0x00, 0xbc], 2), [1 << 31, 0]);
    assert_eq!(of([0x00, 0x80], 0), [0, 1 << 31]);
    // 2^-1 (1 + 2^-10) * (48 - 32) * 113.
    let scale = 0.5 * (1.0 + 2f32.powi(-10));
    assert_eq!(of([0x01, 0x38], 3), [(1808.0 * scale).to_bits(), (-2032.0 * scale).to_bits()]);
}
