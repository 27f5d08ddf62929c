//! KHQ4-P: the payload.

use q4proof::codec::Mode;
use q4proof::format::Class;
use q4proof::format::khq4::Header;
use q4proof::subject::{Implementation, Reference, Response};
use q4proof::suite::FormatId;
use q4proof::suite::question::Load;

use super::{BLOCK, WIDTHS, accepted, bits, block, example, file, one_block, refused, sound};

/// Bits of f16 that are neither finite nor lawful anywhere: infinities, quiet and signalling NaNs.
const NOT_FINITE: [u16; 8] = [0x7c00, 0xfc00, 0x7e00, 0xfe00, 0x7c01, 0xfc01, 0x7fff, 0xffff];

#[test]
fn khq4_p1_a_payload_too_short_is_refused() {
    // 33 values take two blocks: 28 + 40 = 68 bytes.
    for width in WIDTHS {
        let whole = file(&[33], 33, &sound(2));
        assert_eq!(accepted(&whole, width).values.len(), 33);
        for len in 28..68 {
            let words = ["33 values", "2 blocks", "68 bytes", &len.to_string()];
            refused(&whole[..len], width, Class::TruncatedPayload, len as u64, &words);
        }
        // 32 take one, and a scalar takes one of its own.
        assert_eq!(accepted(&file(&[32], 32, &BLOCK), width).values.len(), 32);
        refused(&file(&[], 1, &[]), width, Class::TruncatedPayload, 20, &["1 blocks", "40 bytes"]);
    }
}

#[test]
fn khq4_p2_a_payload_too_long_is_refused() {
    for width in WIDTHS {
        // One byte, what would align the file, half a block, a whole one, another file.
        for extra in [&[0][..], &[0; 16], &BLOCK[..10], &BLOCK, &example()] {
            let bytes = [&example()[..], extra].concat();
            refused(&bytes, width, Class::TrailingBytes, 48, &["payload ends at 48"]);
        }
        // 32 values take one block, not a further empty one.
        refused(&file(&[32], 32, &sound(2)), width, Class::TrailingBytes, 48, &["48"]);
        refused(&file(&[2, 0], 0, &[0]), width, Class::TrailingBytes, 36, &["36"]);
    }
}

#[test]
fn khq4_p3_every_scale_is_finite_and_not_zero() {
    for width in WIDTHS {
        // Least subnormal, greatest subnormal, least normal, 1, greatest.
        for scale in [0x0001, 0x03ff, 0x0400, 0x3c00, 0x7bff] {
            accepted(&file(&[32], 32, &block(scale, 0, 0x21)), width);
        }
        // The first of three blocks, one between, and the partial last: 70 = 2 * 32 + 6.
        for place in 0..3 {
            for scale in NOT_FINITE.into_iter().chain([0x0000, 0x8000]) {
                let mut blocks = [block(0x3c00, 0, 0), block(0x3c00, 0, 0), block(0x3c00, 0, 0)];
                blocks[place] = block(scale, 0, 0);
                let name = format!("block {place} (values from {}): ", 32 * place);
                let words = [&name, "scale is", "expected finite, not zero"];
                let bytes = file(&[70], 70, &blocks.concat());
                refused(&bytes, width, Class::Scale, 28 + 20 * place as u64, &words);
            }
        }
    }
    // 2^-24 is kept as a step: nibbles 1 and 2 are 2^-24 and 2^-23.
    let values = accepted(&file(&[2], 2, &block(0x0001, 0, 0x21)), WIDTHS[1]).values;
    assert_eq!(values, [0x3380_0000, 0x3400_0000]);
}

#[test]
fn khq4_p4_every_bias_is_finite() {
    for width in WIDTHS {
        for bias in [0x0000, 0x8000, 0x0001, 0x8001, 0x83ff, 0x7bff, 0xfbff] {
            accepted(&file(&[32], 32, &block(0x3c00, bias, 0x21)), width);
        }
        for place in 0..3 {
            for bias in NOT_FINITE {
                let mut blocks = [block(0x3c00, 0, 0), block(0x3c00, 0, 0), block(0x3c00, 0, 0)];
                blocks[place] = block(0x3c00, bias, 0);
                let name = format!("block {place} (values from {}): ", 32 * place);
                let words = [&name, "bias is", "expected finite"];
                let bytes = file(&[70], 70, &blocks.concat());
                refused(&bytes, width, Class::Bias, 30 + 20 * place as u64, &words);
            }
        }
    }
}

#[test]
fn khq4_p5_every_nibble_is_lawful_in_every_slot() {
    // Scale 1 and bias 0: the values are the nibbles, the lower half of a byte first.
    for low in 0..16u8 {
        for high in 0..16u8 {
            let payload = block(0x3c00, 0, low + 16 * high);
            let tensor = accepted(&file(&[32], 32, &payload), WIDTHS[1]);
            let pair = [f32::from(low), f32::from(high)];
            assert_eq!(tensor.values, bits(&pair.repeat(16)), "{low} and {high}");
        }
    }
    for pair in 0..=255 {
        let tensor = accepted(&file(&[], 1, &block(0x3c00, 0, pair)), WIDTHS[0]);
        assert_eq!(tensor.values, bits(&[f32::from(pair % 16)]), "{pair:02x} in every slot");
    }
}

#[test]
fn khq4_p6_a_negative_scale_is_decoded_with_its_sign() {
    // `signed-scale`, -1 and 10 (bc00, 4900): nibble n is 10 - n. Without its sign: 10 + n.
    let nibbles = [0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe];
    let payload = [&[0x00, 0xbc, 0x00, 0x49][..], &nibbles, &nibbles].concat();
    let expected =
        [10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0, -1.0, -2.0, -3.0, -4.0, -5.0];
    for width in WIDTHS {
        let tensor = accepted(&file(&[32], 32, &payload), width);
        assert_eq!(tensor.values, bits(&[expected, expected].concat()));
        assert_eq!(tensor.payload, payload);
        // -2^-24, the least subnormal: nibble 1 is b3800000. The greatest: -65504 is c77fe000.
        for (scale, value) in [(0x8001, 0xb380_0000), (0xfbff, 0xc77f_e000)] {
            let tensor = accepted(&file(&[1], 1, &block(scale, 0, 0x01)), width);
            assert_eq!(tensor.values, [value]);
        }
        // A sign makes no zero lawful.
        let zero = file(&[1], 1, &block(0x8000, 0, 0));
        refused(&zero, width, Class::Scale, 28, &["scale is -0", "not zero"]);
    }
    // An encoder never makes one, not even of numbers below zero.
    for mode in [Mode::Asymmetric, Mode::Symmetric] {
        assert!(one_block(&[-3.0, -1.0], mode).0 < 0x8000);
    }
}

#[test]
fn khq4_p7_the_shape_that_the_caller_requires() {
    let header = Header { shape: vec![2, 16], original_len: 32 };
    assert_eq!(header.expect_shape(&[2, 16]), Ok(()));
    for other in [&[32][..], &[16, 2], &[2, 16, 1], &[1, 2, 16], &[2], &[], &[2, 17], &[0]] {
        let error = header.expect_shape(other).expect_err("another shape");
        super::says(&error, Class::ExpectedShape, 12, &["shape is [2, 16]", &format!("{other:?}")]);
    }
    let scalar = Header { shape: vec![], original_len: 1 };
    assert_eq!(scalar.expect_shape(&[]), Ok(()));
    assert!(scalar.expect_shape(&[1]).is_err());
}

#[test]
fn khq4_p7_is_kept_by_every_way_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tensor.q4");
    std::fs::write(&path, file(&[2, 16], 32, &BLOCK)).expect("a file");
    let load = |entry: &str, shape: Option<&[u64]>| {
        let question = Load {
            format: FormatId::KHQ4,
            path: path.to_str().expect("a path in UTF-8").to_owned(),
            expected_shape: shape.map(<[u64]>::to_vec),
            address_width: None,
        };
        Reference.load(&question, Some(entry))
    };
    for entry in ["copy", "map"] {
        for right in [None, Some(&[2, 16][..])] {
            let Response::Done(loaded) = load(entry, right) else { panic!("{entry}: {right:?}") };
            assert_eq!((loaded.len(), &loaded[0].shape[..]), (1, &[2, 16][..]));
        }
        for wrong in [&[32][..], &[16, 2], &[2, 16, 1], &[]] {
            let Response::Refused(refusal) = load(entry, Some(wrong)) else { panic!("{wrong:?}") };
            assert_eq!(refusal.class, Some(Class::ExpectedShape), "{}", refusal.message);
        }
    }
}
