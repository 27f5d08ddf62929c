//! ENC-D, ENC-M, ENC-Q, ENC-P, ENC-Z and ENC-B: limits, rounding and the bound.

use q4proof::codec::{EncodeError, Mode, decode_block, encode};
use q4proof::suite::exact::blocks::margin;
use zerocopy::IntoBytes;

use super::{BLOCK, bits, block, fields, one_block};

use Mode::{Asymmetric, Symmetric};

/// The f32 next above a positive one, or next below a negative one.
fn outward(value: f32) -> f32 {
    f32::from_bits(value.to_bits() + 1)
}

/// The f32 next to it on the side of zero.
fn inward(value: f32) -> f32 {
    f32::from_bits(value.to_bits() - 1)
}

/// The scale of the refusal.
#[track_caller]
fn scale_refused(values: &[f32], mode: Mode) -> f32 {
    match encode(values, mode) {
        Err(EncodeError::Scale { block: 0, scale }) => scale,
        other => panic!("{other:?}, expected the scale to be refused"),
    }
}

#[track_caller]
fn bias_refused(values: &[f32], mode: Mode) -> f32 {
    match encode(values, mode) {
        Err(EncodeError::Bias { block: 0, bias }) => bias,
        other => panic!("{other:?}, expected the bias to be refused"),
    }
}

#[test]
fn enc_d1_up_to_the_limit_a_block_is_degenerate() {
    // 15 * 2^-25 = 1.875 * 2^-22 and 7 * 2^-25 = 1.75 * 2^-23.
    let (range, amax) = (f32::from_bits(0x34f0_0000), f32::from_bits(0x3460_0000));
    assert_eq!(one_block(&[0.0, range], Asymmetric), (0x3c00, 0x0000, vec![0, 0]));
    assert_eq!(one_block(&[amax, -amax, 0.0], Symmetric), (0x3c00, 0xc800, vec![8, 8, 8]));
    // The next f32: c is just above 2^-25, S = 2^-24. Symmetric: b = -8 c, which is -4 * 2^-24.
    assert_eq!(one_block(&[0.0, outward(range)], Asymmetric), (0x0001, 0x0000, vec![0, 15]));
    let amax = outward(amax);
    assert_eq!(one_block(&[amax, -amax, 0.0], Symmetric), (0x0001, 0x8004, vec![15, 1, 8]));
    // No range at all: 7 (4700) and -0.1 (ae66), alone and 32 times.
    for count in [1, 32] {
        assert_eq!(one_block(&vec![7.0; count], Asymmetric), (0x3c00, 0x4700, vec![0; count]));
        assert_eq!(one_block(&vec![-0.1; count], Asymmetric), (0x3c00, 0xae66, vec![0; count]));
        assert_eq!(one_block(&vec![0.0; count], Symmetric), (0x3c00, 0xc800, vec![8; count]));
    }
    // c >= 1 is never degenerate: where f16 cannot hold it, it is refused.
    assert_eq!(scale_refused(&[0.0, 1e9], Asymmetric), 66_666_668.0);
}

#[test]
fn enc_m1_scale_and_bias_are_rounded_once_to_even() {
    // 15 (1 + 2^-11) and 15 (1 + 3 * 2^-11): ties, to 3c00 and to 3c02. Truncated: 3c00 and 3c01.
    assert_eq!(one_block(&[0.0, 15.007_324], Asymmetric).0, 0x3c00);
    assert_eq!(one_block(&[0.0, 15.021_973], Asymmetric).0, 0x3c02);
    assert_eq!(bits(&[15.007_324, 15.021_973]), [0x4170_1e00, 0x4170_5a00]);
    // The same ties as biases, s = 1.
    assert_eq!(one_block(&[1.000_488_3, 16.000_488], Asymmetric), (0x3c00, 0x3c00, vec![0, 15]));
    assert_eq!(one_block(&[1.001_464_8, 16.001_465], Asymmetric), (0x3c00, 0x3c02, vec![0, 15]));
    // Subnormals are kept: s = 45 * 2^-25 / 15 = 1.5 * 2^-24, a tie, to 2 * 2^-24.
    let half = f32::from_bits(0x3300_0000); // 2^-25
    assert_eq!(one_block(&[0.0, 45.0 * half], Asymmetric).0, 0x0002);
    assert_eq!(one_block(&[2.0 * half, 15.0], Asymmetric).1, 0x0001);
    assert_eq!(one_block(&[half, 15.0], Asymmetric).1, 0x0000);
    assert_eq!(one_block(&[outward(half), 15.0], Asymmetric).1, 0x0001);
}

#[test]
fn enc_m2_a_scale_beyond_f16_is_refused() {
    // Range 982800 = 15 * 65520, of numbers that f16 holds or nearly: s = 65520. One f32 less
    // (2^-4) and s is just below: 7bff.
    let max = 982_800.0 - 65_504.0;
    assert_eq!(scale_refused(&[-65_504.0, max], Asymmetric), 65_520.0);
    assert_eq!(one_block(&[-65_504.0, inward(max)], Asymmetric), (0x7bff, 0xfbff, vec![0, 15]));
    let error = encode(&[-65_504.0, max], Asymmetric).expect_err("refused").to_string();
    for word in ["block 0", "scale 65520", "finite f16 above zero"] {
        assert!(error.contains(word), "{error}");
    }
    // Checked before the bias, which these could not have either.
    assert_eq!(scale_refused(&[-1e5, 982_800.0], Asymmetric), 72_186.664);
    assert_eq!(scale_refused(&[-f32::MAX, f32::MAX], Asymmetric), f32::INFINITY);
    // Symmetric, 458640 = 7 * 65520: below it the bias is refused (ENC-M3).
    for amax in [458_640.0, -458_640.0] {
        assert_eq!(scale_refused(&[amax], Symmetric), 65_520.0);
        bias_refused(&[inward(amax)], Symmetric);
    }
    // The block is named.
    let mut values = [0.5; 70];
    values[64] = 1e7;
    let error = encode(&values, Asymmetric).expect_err("refused");
    assert!(matches!(error, EncodeError::Scale { block: 2, .. }), "{error}");
}

#[test]
fn enc_m3_a_bias_beyond_f16_is_refused() {
    // A minimum of either sign: 65520 is the first that rounds to an infinity.
    for (min, stored) in [(-65_520.0, 0xfbff), (65_520.0, 0x7bff)] {
        assert_eq!(bias_refused(&[min], Asymmetric), min);
        assert_eq!(one_block(&[inward(min)], Asymmetric), (0x3c00, stored, vec![0]));
    }
    bias_refused(&[-65_520.0, 0.0], Asymmetric);
    bias_refused(&[65_520.0, 65_600.0], Asymmetric);
    // A maximum is no bias.
    assert_eq!(one_block(&[0.0, 65_520.0], Asymmetric).1, 0x0000);
    // Symmetric: amax 57330 = 7 * 8190, b = -65520. Just below, s < 8190 is 8188 in f16 (6fff: the
    // steps are 4 there, and 8190 is the middle), and b is -65504.
    for amax in [57_330.0, -57_330.0] {
        assert_eq!(bias_refused(&[amax], Symmetric), -65_520.0);
        let (scale, bias, _) = one_block(&[inward(amax)], Symmetric);
        assert_eq!((scale, bias), (0x6fff, 0xfbff));
    }
    let mut values = [0.5; 33];
    values[32] = 57_330.0;
    let error = encode(&values, Symmetric).expect_err("refused");
    assert_eq!(error, EncodeError::Bias { block: 1, bias: -65_520.0 });
    for word in ["block 1", "bias -65520", "finite f16"] {
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn enc_q1_one_reciprocal_of_the_unrounded_scale() {
    // Section 9: 1 / f16(s) would give 6 nibble 8, and 1 nibble 12.
    assert_eq!(one_block(&[5.0, 6.0, 7.0], Asymmetric).2, [0, 7, 15]);
    assert_eq!(one_block(&[1.0, -2.0, 0.5], Symmetric).2, [11, 1, 10]);
    // Not a division for each value. s = f32(18 / 15) = 1.2000000476837158, inv =
    // 0.8333333134651184; 9 inv = 7.4999998211860656 rounds to 7.5 (steps of 2^-21), nibble 8;
    // 9 / s = 7.4999997019768 rounds to 7.4999995, nibble 7.
    assert_eq!(one_block(&[0.0, 9.0, 15.0, 18.0], Asymmetric).2, [0, 8, 13, 15]);
    // s = f32(46 / 7) = 6.5714287757873535, inv = 0.15217390656471252; 23 inv = 3.49999985 rounds
    // to 3.4999998, nibble 11; 23 / s rounds to 3.5, nibble 12.
    assert_eq!(one_block(&[46.0, 23.0], Symmetric).2, [15, 11]);
}

#[test]
fn enc_q2_half_away_from_zero_then_clamped() {
    // s = 1. Half to even would give 0, 2, 2, 4.
    let halves = [0.0, 0.5, 1.5, 2.5, 3.5, 14.5, 15.0];
    assert_eq!(one_block(&halves, Asymmetric).2, [0, 1, 2, 3, 4, 15, 15]);
    // 8 + 3, 8 - 3, 8 + 1, 8 - 1, 8 + 2, 8 - 2.
    let halves = [7.0, 2.5, -2.5, 0.5, -0.5, 1.5, -1.5];
    assert_eq!(one_block(&halves, Symmetric).2, [15, 11, 5, 9, 7, 10, 6]);
    // 0.5 - 2^-25 is no half, though with 0.5 added it is 1 in f32.
    let almost = inward(0.5);
    assert_eq!(almost + 0.5, 1.0);
    assert_eq!(one_block(&[0.0, almost, 15.0], Asymmetric).2, [0, 0, 15]);
    assert_eq!(one_block(&[7.0, almost, -almost], Symmetric).2, [15, 8, 8]);
    // |t| below 2^28: range 2^-8, s = 2^-8 / 15, and a padding slot is 65504 * 3840 = 251535360
    // steps above the minimum. 16 bits do not hold that; the clamp gives 15, or 0 from above.
    for (values, padding) in [([-65_504.0, -65_503.996], 15), ([65_503.996, 65_504.0], 0)] {
        assert_eq!(values[1] - values[0], 0.003_906_25);
        let blocks = encode(&values, Asymmetric).expect("lawful");
        let (scale, _, nibbles) = fields(blocks.as_bytes());
        // 2^-8 / 15 = 1.0667 * 2^-12: f16 0c44.
        assert_eq!((scale, &nibbles[..2]), (0x0c44, &[0, 15][..]));
        assert_eq!(nibbles[2..], [padding; 30]);
    }
}

#[test]
fn enc_p1_a_padding_slot_holds_zero_in_the_formula() {
    // `padding-formula`; the numbers are the clause's.
    let padding = |values: &[f32], mode: Mode| -> Vec<u8> {
        let blocks = encode(values, mode).expect("lawful");
        fields(blocks.as_bytes()).2.split_off(values.len())
    };
    assert_eq!(padding(&[-3.0, -1.0], Asymmetric), [15; 30]);
    assert_eq!(padding(&[-3.0], Asymmetric), [3; 31]);
    assert_eq!(padding(&[5.0, 6.0, 7.0], Asymmetric), [0; 29]);
    for values in [&[1.0, -2.0, 0.5][..], &[-3.0], &[0.0], &[100.0; 31]] {
        assert_eq!(padding(values, Symmetric), vec![8; 32 - values.len()]);
    }
    // Real values beside it are not changed by it: a full block of the same.
    let full = one_block(&[[-3.0; 16], [-1.0; 16]].concat(), Asymmetric);
    assert_eq!((full.0, full.1), (0x3044, 0xc200));
}

#[test]
fn enc_z1_a_minimum_of_zero_may_have_either_sign() {
    for values in [[0.0, 15.0, 15.0], [-0.0, 15.0, 15.0], [0.0, -0.0, 15.0], [-0.0, 0.0, 15.0]] {
        let (scale, bias, _) = one_block(&values, Asymmetric);
        assert_eq!(scale, 0x3c00);
        assert!([0x0000, 0x8000].contains(&bias), "{bias:04x} for {values:?}");
    }
    // Not a zero, but one in f16 (-2^-25 is a tie, to even): it keeps its sign. The next is -2^-24.
    let half = f32::from_bits(0x3300_0000);
    assert_eq!(one_block(&[-half, 15.0], Asymmetric).1, 0x8000);
    assert_eq!(one_block(&[-f32::from_bits(1), 15.0], Asymmetric).1, 0x8000);
    assert_eq!(one_block(&[half, 15.0], Asymmetric).1, 0x0000);
    assert_eq!(one_block(&[outward(-half), 15.0], Asymmetric).1, 0x8001);
}

/// Whether the blocks are acceptable under `encode-bounded`.
fn within(values: &[f32], payload: &[u8], mode: Mode) -> bool {
    margin(&bits(values), payload, mode == Symmetric).is_some_and(|margin| margin.acceptable)
}

#[test]
fn enc_b1_the_bound_on_the_worked_example() {
    // s = f32(2/15) = 0.13333334, s/2 = 0.066666670, f16(s) = 273/2048, 15 |f16(s) - s| =
    // 0.000488386, f16(b) = b = 5, 2^-23 (5 + 16 s) = 0.000000850: together 0.067155906.
    let values = [5.0, 6.0, 7.0];
    let example = |second: u8| {
        let mut payload = BLOCK;
        payload[4] = second << 4;
        payload
    };
    // 6 - 5.93310546875 = 0.06689453125, more than half a step and within the bound.
    let block = encode(&values, Asymmetric).expect("lawful")[0];
    assert_eq!(6.0 - decode_block(&block)[1], 0.066_894_53);
    assert!(within(&values, block.as_bytes(), Asymmetric));
    // Nibble 8 is 6.06640625 and as good; 6 is 5.7998046875 and 9 is 6.19970703125.
    assert!(within(&values, &example(8), Asymmetric));
    assert!(!within(&values, &example(6), Asymmetric));
    assert!(!within(&values, &example(9), Asymmetric));
    // The bound is of real values only.
    let mut padded = BLOCK;
    padded[6..].fill(0xff);
    assert!(within(&values, &padded, Asymmetric));
    // A negative scale may keep it, from 7 (4700) down: 7 - 15 S = 5.00048828125, then 5.93359375.
    let mut negative = super::block(0xb044, 0x4700, 0);
    negative[4..6].copy_from_slice(&[0x8f, 0x00]);
    assert!(within(&values, &negative, Asymmetric));
    // KHQ4-P3 and KHQ4-P4 hold.
    assert!(!within(&[5.0], &super::block(0x0000, 0x4500, 0), Asymmetric));
    assert!(!within(&[5.0], &super::block(0x7c00, 0x4500, 0), Asymmetric));
    assert!(!within(&[5.0], &super::block(0x3c00, 0x7e00, 0), Asymmetric));
}

#[test]
fn enc_b1_the_last_term_is_needed_and_its_sixteen_too() {
    // The clause's own block: with 15 in the place of 16 the bound is 0.56860636, with 16 it is
    // 0.56860649; the canonical nibble 15 of the second value errs by 0.56860638.
    let values = [0xb580_2000, 0x4182_557e, 0x4186_d407].map(f32::from_bits);
    assert_eq!(one_block(&values, Asymmetric), (0x3c7f, 0x8010, vec![0, 15, 15]));
    let blocks = encode(&values, Asymmetric).expect("lawful");
    assert!(within(&values, blocks.as_bytes(), Asymmetric));
    let scale: f64 = 1.123_568_773_269_653_3; // f32(16.853529930115 / 15)
    let stored: f64 = 1151.0 / 1024.0; // 3c7f
    let (min, bias) = (f64::from(values[0]), -16.0 / 16_777_216.0); // 8010
    let bound = |steps: f64| {
        scale / 2.0
            + 15.0 * (stored - scale).abs()
            + (bias - min).abs()
            + (min.abs() + steps * scale) / 8_388_608.0
    };
    let error = (f64::from(values[1]) - (15.0 * stored + bias)).abs();
    assert!(bound(15.0) < error && error <= bound(16.0), "{error}");
}

#[test]
fn enc_b1_degenerate_blocks_and_refusals() {
    // Degenerate, asymmetric: max - min = 0, and 7 is 4700 exactly, so that nothing but 7 will do:
    // nibble 0 above 7, or nibble 7 above 0; nibble 1 above 7 is 8.
    assert!(within(&[7.0], &block(0x3c00, 0x4700, 0x00), Asymmetric));
    assert!(within(&[7.0], &block(0x3c00, 0x0000, 0x07), Asymmetric));
    assert!(!within(&[7.0], &block(0x3c00, 0x4700, 0x01), Asymmetric));
    // Symmetric zeros: nibble 8 at -8, or any other zero.
    assert!(within(&[0.0; 32], &block(0x3c00, 0xc800, 0x88), Symmetric));
    assert!(within(&[0.0; 32], &block(0x3c00, 0x0000, 0x00), Symmetric));
    assert!(!within(&[0.0; 32], &block(0x3c00, 0xc800, 0x89), Symmetric));
    // What is refused has no acceptable block.
    for (values, mode) in [
        (&[f32::NAN][..], Asymmetric),
        (&[458_640.0], Symmetric),
        (&[57_330.0], Symmetric),
        (&[65_520.0], Asymmetric),
    ] {
        assert!(encode(values, mode).is_err());
        assert_eq!(margin(&bits(values), &block(0x3c00, 0x7bff, 0), mode == Symmetric), None);
    }
}

#[test]
fn enc_b1_the_bound_of_a_small_step_is_half_of_it() {
    // A step of 2^-20, which f16 holds: half a step, and of the encoder's own rounding 2^-19 of one.
    let values = [0.0, 15.0 * 2f32.powi(-20)];
    let mut payload = encode(&values, Asymmetric).expect("lawful").as_bytes().to_vec();
    assert!(margin(&bits(&values), &payload, false).expect("a margin").acceptable);
    payload[4] = 0xf1;
    // Of two that are equally far off the first is named.
    let twice = [values[0], values[1], values[0]];
    let both = [&payload[..5], &[0x01], &payload[6..]].concat();
    assert_eq!(margin(&bits(&twice), &both, false).expect("a margin").index, 0);
    let margin = margin(&bits(&values), &payload, false).expect("a margin");
    assert_eq!((margin.index, margin.acceptable), (0, false));
}
