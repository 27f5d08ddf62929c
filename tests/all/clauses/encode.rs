//! ENC-S, ENC-A and ENC-Y: the source, and the two modes.

use q4proof::codec::{EncodeError, Encoder, Mode, encode};
use q4proof::format::Class;
use q4proof::subject::{Implementation, Reference, Response};
use q4proof::suite::hex::{Bits16, Bits64};
use q4proof::suite::question::{self, Encode};
use q4proof::suite::{Floats, FormatId};
use zerocopy::IntoBytes;

use super::{BLOCK, fields, one_block};

use Mode::{Asymmetric, Symmetric};

/// What the reference answers: the blocks' bytes, or the class and the words of its refusal.
fn answered(shape: &[u64], values: &[f32], mode: Mode) -> Result<Vec<u8>, (Class, String)> {
    let mode = match mode {
        Asymmetric => question::Mode::Asymmetric,
        Symmetric => question::Mode::Symmetric,
    };
    let (format, shape, values) = (FormatId::KHQ4, shape.to_vec(), Floats::of(values));
    match Reference.encode(&Encode { format, mode: Some(mode), shape, values }, None) {
        Response::Done(encoded) => Ok(encoded.blocks.0),
        Response::Refused(refusal) => Err((refusal.class.expect("a class"), refusal.message)),
        Response::Unsupported => panic!("the reference encodes"),
    }
}

#[test]
fn enc_s1_every_operation_is_rounded_to_f32_on_its_own() {
    // Section 9. With a wider intermediate 1 / s is 7.5, the middle, and 6 becomes nibble 8; in f32
    // it is 7.499999523162842, and 6 becomes nibble 7.
    assert_eq!(one_block(&[5.0, 6.0, 7.0], Asymmetric), (0x3044, 0x4500, vec![0, 7, 15]));
    // s = f32(18 / 15) = 1.2000000476837158, inv = 0.8333333134651184. v - min = 3, and
    // 3 inv = 2.4999999403953552 rounds to 2.5 in f32 (steps of 2^-22), so nibble 3. Contracted to
    // v inv - min inv, with one product unrounded, it stays below 2.5.
    assert_eq!(one_block(&[-20.0, -17.0, -2.0], Asymmetric), (0x3ccd, 0xcd00, vec![0, 3, 15]));
}

#[test]
fn enc_s1_subnormals_are_kept() {
    // 2^-149 is a value like any other: not a zero, whose sign would be free (ENC-Z1), and not
    // refused. Its f16 is a zero of its own sign.
    let least = f32::from_bits(1);
    assert_eq!(one_block(&[-least], Asymmetric), (0x3c00, 0x8000, vec![0]));
    assert_eq!(one_block(&[least], Asymmetric), (0x3c00, 0x0000, vec![0]));
    assert_eq!(one_block(&[-least, least], Symmetric), (0x3c00, 0xc800, vec![8, 8]));
}

#[test]
fn enc_s2_what_is_not_finite_is_refused_by_its_place() {
    let nans = [0x7fc0_0000, 0xffc0_0000, 0x7f80_0001, 0xff80_0001, 0x7fff_ffff];
    for mode in [Asymmetric, Symmetric] {
        for bad in nans.into_iter().chain([0x7f80_0000, 0xff80_0000]).map(f32::from_bits) {
            for place in [0, 1, 31, 32, 40, 69] {
                let mut values = [0.5; 70];
                values[place] = bad;
                match encode(&values, mode) {
                    Err(error @ EncodeError::NonFinite { index, value }) => {
                        assert_eq!((index, value.to_bits()), (place, bad.to_bits()));
                        let words = error.to_string();
                        assert!(words.contains(&format!("value {place} is")), "{words}");
                        assert!(words.contains("must be finite"), "{words}");
                    }
                    other => panic!("{other:?} for {bad} at {place}"),
                }
                let (class, message) = answered(&[70], &values, mode).expect_err("refused");
                assert_eq!(class, Class::NonFinite);
                assert!(message.contains(&format!("value {place} is")), "{message}");
            }
        }
        // The greatest finite number is none of these, whatever else it is.
        let error = encode(&[f32::MAX], mode).expect_err("too large");
        assert!(!matches!(error, EncodeError::NonFinite { .. }), "{error}");
    }
}

#[test]
fn enc_s3_the_shape_holds_the_values() {
    for mode in [Asymmetric, Symmetric] {
        for (shape, count) in [(&[3][..], 3), (&[3, 1], 3), (&[2, 2, 10], 40), (&[], 1)] {
            let blocks = answered(shape, &vec![0.5; count], mode).expect("lawful");
            assert_eq!(blocks.len(), if count > 32 { 40 } else { 20 });
        }
        for (shape, count) in
            [(&[3][..], 2), (&[3], 4), (&[2, 2], 3), (&[], 0), (&[], 2), (&[0], 1)]
        {
            let (class, message) = answered(shape, &vec![0.5; count], mode).expect_err("refused");
            assert_eq!(class, Class::ShapeMismatch, "{message}");
            assert!(message.contains(&format!("{shape:?}")), "{message}");
            assert!(message.contains(&count.to_string()), "{message}");
        }
        // No values and a zero dimension give no blocks; the fold is that of KHQ4-H6.
        for shape in [&[0][..], &[0, 5], &[5, 0], &[0, 1 << 33, 1 << 33]] {
            assert_eq!(answered(shape, &[], mode), Ok(vec![]));
        }
        for shape in [&[1 << 33, 1 << 33, 0][..], &[1 << 32, 1 << 32]] {
            assert_eq!(answered(shape, &[], mode).expect_err("refused").0, Class::Overflow);
        }
    }
}

#[test]
fn enc_s4_blocks_begin_every_32_values_and_not_with_rows() {
    let values: Vec<f32> = (0..34).map(|index| (index % 17) as f32).collect();
    for mode in [Asymmetric, Symmetric] {
        let flat = answered(&[32], &values[..32], mode).expect("lawful");
        assert_eq!(flat.len(), 20);
        assert_eq!(answered(&[2, 16], &values[..32], mode), Ok(flat));
    }
    // Two rows of 17: the second block is values 32 and 33, that is 15 and 16 (f16 4b80).
    let blocks = answered(&[2, 17], &values, Asymmetric).expect("lawful");
    assert_eq!(blocks.len(), 40);
    let (_, bias, nibbles) = fields(&blocks[20..]);
    assert_eq!((bias, &nibbles[..2]), (0x4b80, &[0, 15][..]));
}

/// What the reference answers to values of another type, of a flat tensor.
fn answered_from(values: Floats) -> Result<Vec<u8>, Class> {
    let (mode, shape) = (Some(question::Mode::Asymmetric), vec![values.len() as u64]);
    match Reference.encode(&Encode { format: FormatId::KHQ4, mode, shape, values }, None) {
        Response::Done(encoded) => Ok(encoded.blocks.0),
        Response::Refused(refusal) => Err(refusal.class.expect("a class")),
        Response::Unsupported => panic!("the reference takes every source"),
    }
}

#[test]
fn enc_s5_other_sources_are_widened_exactly_and_f64_rounded_once() {
    // 5, 6 and 7 in each type: the block of section 9.
    let halves = |bits: &[u16]| answered_from(Floats::F16(Bits16(bits.to_vec())));
    let upper_halves = |bits: &[u16]| answered_from(Floats::Bf16(Bits16(bits.to_vec())));
    let from = |values: &[f64]| answered_from(Floats::F64(Bits64::of(values)));
    assert_eq!(halves(&[0x4500, 0x4600, 0x4700]), Ok(BLOCK.to_vec()));
    assert_eq!(upper_halves(&[0x40a0, 0x40c0, 0x40e0]), Ok(BLOCK.to_vec()));
    assert_eq!(from(&[5.0, 6.0, 7.0]), Ok(BLOCK.to_vec()));

    // Subnormals of f16 are kept: 15 * 2^-24 in steps of 2^-24.
    let subnormals = halves(&[0, 15, 7]).expect("lawful");
    let (scale, bias, nibbles) = fields(&subnormals);
    assert_eq!((scale, bias, &nibbles[..3]), (0x0001, 0x0000, &[0, 15, 7][..]));

    // Steps of 1, and a value in the middle of two f32 below 2.5: to the even one, whose nibble is 2;
    // the other one is 2.5, whose nibble is 3.
    let below = f32::from_bits(2.5f32.to_bits() - 1);
    let middle = (f64::from(below) + 2.5) / 2.0;
    let nibble = |value: f64| fields(&from(&[0.0, 15.0, value]).expect("lawful")).2[2];
    assert_eq!((below.to_bits() & 1, nibble(middle)), (1, 3));
    assert_eq!(nibble(middle - 1e-15), 2);
    let under = f32::from_bits(below.to_bits() - 1);
    assert_eq!(nibble((f64::from(under) + f64::from(below)) / 2.0), 2);

    for value in [1e39, -1e300, f64::INFINITY, f64::NAN] {
        assert_eq!(from(&[1.0, value]), Err(Class::NonFinite), "{value}");
    }
    // Below every f32: a zero, as all of its block.
    assert_eq!(fields(&from(&[1e-60, 0.0]).expect("lawful")).0, 0x3c00);
    assert_eq!(halves(&[0x7c00]), Err(Class::NonFinite));
    assert_eq!(upper_halves(&[0x7fc0]), Err(Class::NonFinite));
}

#[test]
fn enc_s6_pieces_give_the_blocks_of_the_whole() {
    let values: Vec<f32> = (0..100).map(|index| ((index * 37) % 64) as f32 / 8.0 - 3.0).collect();
    for mode in [Asymmetric, Symmetric] {
        let whole = encode(&values, mode).expect("lawful");
        for size in [1, 2, 31, 32, 33, 99, 100] {
            let (mut encoder, mut blocks) = (Encoder::new(mode), Vec::new());
            for piece in values.chunks(size) {
                encoder.push(piece, &mut blocks).expect("lawful");
                encoder.push(&[], &mut blocks).expect("lawful");
            }
            encoder.finish(&mut blocks).expect("lawful");
            assert_eq!(blocks, whole, "pieces of {size}");
        }
    }
    // The index of a fault is that in the tensor.
    let (mut encoder, mut blocks) = (Encoder::new(Asymmetric), Vec::new());
    encoder.push(&values[..40], &mut blocks).expect("lawful");
    let error =
        encoder.push(&[1.0, f32::NAN], &mut blocks).and_then(|()| encoder.finish(&mut blocks));
    assert!(matches!(error, Err(EncodeError::NonFinite { index: 41, .. })), "{error:?}");
}

#[test]
fn enc_a1_minimum_and_maximum_are_of_the_real_values() {
    // Section 9. Over the padded block: 7737, 0000 and nibbles 11, 13, 15.
    let blocks = encode(&[5.0, 6.0, 7.0], Asymmetric).expect("lawful");
    assert_eq!(blocks.as_bytes(), BLOCK);
    // Below zero it is the maximum that padding would change: range 2 again, from -3 (c200).
    assert_eq!(one_block(&[-3.0, -1.0], Asymmetric), (0x3044, 0xc200, vec![0, 15]));
    // Only the last block is partial, and a full one is not padded: 7 to 38, then 5, 6, 7.
    let mut values: Vec<f32> = (0..32).map(|index| 7.0 + index as f32).collect();
    values.extend([5.0, 6.0, 7.0]);
    let blocks = encode(&values, Asymmetric).expect("lawful");
    assert_eq!(blocks[0].bias().to_bits(), 0x4700);
    assert_eq!(blocks[1].as_bytes(), BLOCK);
    // Extremes count wherever they stand.
    for place in 0..32 {
        let mut values = [4.0; 32];
        values[place] = -11.0; // f16 c980; range 15, s = 1
        let (scale, bias, nibbles) = one_block(&values, Asymmetric);
        assert_eq!((scale, bias), (0x3c00, 0xc980));
        assert_eq!(nibbles.iter().position(|&nibble| nibble == 0), Some(place));
    }
}

#[test]
fn enc_a2_one_division_of_one_rounded_difference() {
    // 6 / 15: s = 0.4000000059604645, 1 / s rounds to 2.5, nibbles 3, 8 and 13. Times f32(1 / 15)
    // s would be 0.40000003576278687, 1 / s below 2.5, and the nibbles 2, 7 and 12.
    assert_eq!(
        one_block(&[0.0, 1.0, 3.0, 5.0, 6.0], Asymmetric),
        (0x3666, 0x0000, vec![0, 3, 8, 13, 15])
    );
    // max = 15 * 3073/2048 = 22.50732421875, min = -31 * 2^-25. The step of f32 is 2^-19 there, and
    // -min is less than half of it: the difference rounds to max. c = 3073/2048, a tie of f16
    // between 3e00 and 3e01 that goes to the even one. Unrounded, c would be greater by more than
    // half its own step, and the scale 3e01. (The bias: 15.5 * 2^-24, a tie too, to 16.)
    let (max, min) = (22.507_324f32, -31.0 * f32::from_bits(0x3300_0000));
    assert_eq!((max.to_bits(), min.to_bits()), (0x41b4_0f00, 0xb578_0000));
    assert_eq!(one_block(&[min, max], Asymmetric), (0x3e00, 0x8010, vec![0, 15]));
    // A difference that f32 cannot hold (ENC-M2).
    let error = encode(&[-f32::MAX, f32::MAX], Asymmetric).expect_err("infinite");
    assert_eq!(error, EncodeError::Scale { block: 0, scale: f32::INFINITY });
}

#[test]
fn enc_a3_the_bias_is_the_minimum() {
    // Exact in f16, far from any multiple of the scale: 3c01 = 1 + 2^-10, and its negative.
    for (min, expected) in [(1.000_976_6, 0x3c01), (-1.000_976_6, 0xbc01), (-3.0, 0xc200)] {
        assert_eq!(one_block(&[9.0, min, 4.0], Asymmetric).1, expected);
        assert_eq!(one_block(&[min], Asymmetric).1, expected);
    }
}

#[test]
fn enc_a4_nibbles_are_rounded_steps_above_the_minimum() {
    // Range 15, s = 1: the values are the nibbles, above any minimum.
    for min in [0.0, -7.0, 100.0] {
        let values: Vec<f32> = (0..16).map(|step| min + step as f32).collect();
        let (scale, _, nibbles) = one_block(&values, Asymmetric);
        assert_eq!(scale, 0x3c00);
        assert_eq!(nibbles, (0..16).collect::<Vec<u8>>());
    }
    // From the unrounded minimum, not from the stored bias: min = 2049 is 2048 in f16 (6800), and
    // 2049 + 7 is nibble 7, not 8. The difference is rounded, then the product (ENC-S1).
    let values = [2049.0, 2056.0, 2064.0];
    assert_eq!(one_block(&values, Asymmetric), (0x3c00, 0x6800, vec![0, 7, 15]));
    // Clamped: what stands for 0.0 is 0 steps below 5 and 15 above -3.
    assert_eq!(
        fields(encode(&[5.0, 6.0, 7.0], Asymmetric).expect("lawful").as_bytes()).2[3..],
        [0; 29]
    );
    assert_eq!(
        fields(encode(&[-3.0, -1.0], Asymmetric).expect("lawful").as_bytes()).2[2..],
        [15; 30]
    );
}

#[test]
fn enc_y1_amax_is_the_greatest_absolute_value() {
    // Section 9: amax 2, of -2. f16(2/7) = 3492.
    let expected = [0x92, 0x34, 0x92, 0xc0, 0x1b, 0x8a];
    let blocks = encode(&[1.0, -2.0, 0.5], Symmetric).expect("lawful");
    assert_eq!(blocks.as_bytes()[..6], expected);
    assert_eq!(blocks.as_bytes()[6..], [0x88; 14]);
    // Either sign, any place, zeros beside it or not: amax 7, s = 1, b = -8 (c800).
    for amax in [7.0, -7.0] {
        for place in 0..32 {
            let mut values = [0.0; 32];
            values[place] = amax;
            assert_eq!(one_block(&values[..=place], Symmetric).0, 0x3c00);
            assert_eq!(one_block(&values, Symmetric).1, 0xc800);
        }
    }
}

#[test]
fn enc_y2_the_bias_is_minus_eight_unrounded_steps() {
    // s = f32(2/7): -8 s = -2.2857143878936768, f16 c092.
    assert_eq!(one_block(&[1.0, -2.0, 0.5], Symmetric).1, 0xc092);
    // amax = 10.5 * 2^-24: s = 1.5 * 2^-24, S = 2 * 2^-24 (a tie, to even), B = -12 * 2^-24, which
    // is not -8 S; nibble 8 decodes to 4 * 2^-24 = 2^-22 (34800000).
    let step = f32::from_bits(0x3380_0000); // 2^-24
    let values = [10.5 * step, 0.0];
    assert_eq!(one_block(&values, Symmetric), (0x0002, 0x800c, vec![15, 8]));
    let block = encode(&values, Symmetric).expect("lawful")[0];
    assert_eq!(q4proof::codec::decode_block(&block)[1].to_bits(), 0x3480_0000);
}

#[test]
fn enc_y3_nibbles_are_rounded_steps_around_eight() {
    // amax 7, s = 1: -7 to 7 are 1 to 15.
    let values: Vec<f32> = (-7..=7).map(|step| step as f32).collect();
    let (scale, bias, nibbles) = one_block(&values, Symmetric);
    assert_eq!((scale, bias), (0x3c00, 0xc800));
    assert_eq!(nibbles, (1..=15).collect::<Vec<u8>>());
    // Rounded before 8 is added: -0.5 is -1, so 7. (-0.5 + 8 would be rounded to 8.)
    assert_eq!(one_block(&[7.0, -0.5, 0.5], Symmetric).2, [15, 7, 9]);
    assert_eq!(one_block(&[1.0, -2.0, 0.5], Symmetric).2, [11, 1, 10]);
}
