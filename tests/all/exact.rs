//! The exact evaluator's numbers beside the machine's own floats, which IEEE 754 defines alike, and
//! its rounding where the machine has no single operation for it, worked out by hand.

use half::f16;
use q4proof::format::Class;
use q4proof::suite::exact::blocks::mlx;
use q4proof::suite::exact::number::{Exact, Float, rint, round, round_half_away};
use q4proof::suite::exact::source::widened;
use q4proof::suite::hex::{Bits16, Bits64};
use q4proof::suite::random::SplitMix64;
use q4proof::suite::{Answer, Floats, FormatId, Lawful, Question};

use crate::expected;

fn one() -> Exact {
    Exact::scaled(1, 0)
}

fn f64_of(value: f64) -> Exact {
    Float::F64.value(value.to_bits()).expect("finite")
}

fn f32_of(value: f32) -> Exact {
    Float::F32.value(value.to_bits().into()).expect("finite")
}

/// Bits of f64s at which conversions go wrong: around powers of two and the limits of the smaller
/// formats, halves of their last places, and any bits at all.
fn doubles() -> impl Iterator<Item = f64> {
    let mut random = SplitMix64::new(6);
    let steps = [-1i64, 0, 1];
    let near = (-160..140).flat_map(move |exponent| {
        let power = 2f64.powi(exponent).to_bits() as i64;
        // Half of f32's and of f16's last place, with the next f64s and f32s beside it.
        [0, 1 << 28, 3 << 28, 1 << 41, 3 << 41, (1 << 52) - (1 << 28), (1 << 52) - (1 << 41)]
            .into_iter()
            .flat_map(move |half| steps.map(|step| half + (step << 29)))
            .flat_map(move |half| steps.map(|step| f64::from_bits((power + half + step) as u64)))
    });
    let any = (0..4000).map(move |_| f64::from_bits(random.next_u64()));
    let mut kept: Vec<f64> = near.chain(any).filter(|value| value.is_finite()).collect();
    kept.extend([0.0, f64::MIN_POSITIVE, f64::from_bits(1), f64::MAX, 65504.0, 65520.0, 65519.99]);
    kept.into_iter().flat_map(|value| [value, -value])
}

#[test]
fn a_number_is_rounded_as_the_machine_converts_it() {
    for value in doubles().filter(|value| *value != 0.0) {
        let exact = f64_of(value);
        let to = |format| round(&exact, &one(), format).bits(format);
        assert_eq!(to(Float::F64), value.to_bits(), "{value:e} to f64");
        assert_eq!(to(Float::F32) as u32, (value as f32).to_bits(), "{value:e} to f32");
        // From f32, since the conversion from f64 in `half` does not look at the last 32 bits.
        let narrow = value as f32;
        if narrow.is_finite() && narrow != 0.0 {
            let rounded = round(&f32_of(narrow), &one(), Float::F16).bits(Float::F16);
            assert_eq!(rounded as u16, f16::from_f32(narrow).to_bits(), "{narrow:e} to f16");
        }
    }
}

#[test]
fn quotients_sums_and_products_are_rounded_as_the_machine_has_them() {
    let mut random = SplitMix64::new(7);
    let any = (0..8000).map(|_| f32::from_bits(random.next_u64() as u32));
    let any: Vec<f32> = any.filter(|value| value.is_finite() && *value != 0.0).collect();
    assert!(any.len() > 7000);
    for pair in any.as_chunks::<2>().0 {
        let (left, right) = (pair[0], pair[1]);
        let (l, r) = (f32_of(left), f32_of(right));
        let rounded =
            |exact: &Exact, by: &Exact| round(exact, by, Float::F32).bits(Float::F32) as u32;
        assert_eq!(rounded(&l, &r), (left / right).to_bits(), "{left:e} / {right:e}");
        assert_eq!(rounded(&(&l * &r), &one()), (left * right).to_bits(), "{left:e} * {right:e}");
        for (exact, sum) in [(&l + &r, left + right), (&l - &r, left - right)] {
            // A sum that cancels has the sign of its rounding mode, which is not the number's.
            if sum != 0.0 {
                assert_eq!(rounded(&exact, &one()), sum.to_bits(), "{left:e}, {right:e}");
            }
        }
    }
}

#[test]
fn numbers_are_ordered_as_the_machine_orders_them() {
    let mut random = SplitMix64::new(8);
    for _ in 0..2000 {
        let exponent = random.below(40) as i32 - 20;
        let left = random.signed_unit() * 2f32.powi(exponent);
        let right = if random.below(4) == 0 { left } else { random.signed_unit() };
        let (l, r) = (f32_of(left), f32_of(right));
        assert_eq!(l.partial_cmp(&r), left.partial_cmp(&right), "{left:e}, {right:e}");
        assert_eq!(l == r, left == right);
        assert_eq!(-&l, f32_of(-left));
        assert_eq!(l.abs(), f32_of(left.abs()));
        assert_eq!((l.is_zero(), l.is_negative()), (left == 0.0, left < 0.0));
        assert_eq!(l.approximate(), f64::from(left));
    }
    // Equal in value, whatever the exponent.
    assert_eq!(Exact::scaled(3, 4), Exact::scaled(48, 0));
    assert_ne!(Exact::scaled(3, 4), Exact::scaled(49, 0));
    assert!(Exact::zero().is_zero() && !Exact::zero().is_negative());
    assert_eq!(Exact::scaled(1, -3).approximate(), 0.125);
}

#[test]
fn what_is_not_finite_has_no_value() {
    for (format, bits) in [
        (Float::F16, 0x7c00),
        (Float::F16, 0xfc00),
        (Float::F16, 0x7e01),
        (Float::F32, 0x7f80_0000),
        (Float::F32, 0xffc0_0001),
        (Float::F64, 0x7ff0_0000_0000_0000),
    ] {
        assert_eq!(format.value(bits), None, "{bits:x}");
    }
    // The largest finite number of each, and a half step more, which is no longer finite.
    for (format, largest, beyond) in [
        (Float::F16, Exact::scaled(2047, 5), Exact::scaled(4095, 4)),
        (Float::F32, Exact::scaled((1 << 24) - 1, 104), Exact::scaled((1 << 25) - 1, 103)),
        (Float::F64, Exact::scaled((1 << 53) - 1, 971), Exact::scaled((1 << 54) - 1, 970)),
    ] {
        assert_eq!(round(&largest, &one(), format).value(), Some(largest.clone()));
        assert_eq!(round(&-&largest, &one(), format).value(), Some(-&largest));
        assert_eq!(round(&beyond, &one(), format).value(), None);
        let infinity = round(&beyond, &one(), format).bits(format);
        let negative = round(&-&beyond, &one(), format).bits(format);
        let machine = |value: f64| match format {
            Float::F16 => u64::from(f16::from_f64(value).to_bits()),
            Float::F32 => u64::from((value as f32).to_bits()),
            Float::F64 => value.to_bits(),
            Float::Bf16 => panic!("no case of bf16"),
        };
        assert_eq!((infinity, negative), (machine(f64::INFINITY), machine(f64::NEG_INFINITY)));
    }
}

/// A quotient of zero keeps the sign of the division; only the bits tell.
#[test]
fn a_zero_keeps_its_sign() {
    let tiny = |sign: i64| Exact::scaled(sign, -200);
    for (top, bottom, bits) in [
        (Exact::zero(), one(), 0),
        (Exact::zero(), Exact::scaled(-1, 0), 0x8000),
        (tiny(1), one(), 0),
        (tiny(-1), one(), 0x8000),
        (tiny(-1), Exact::scaled(-1, 0), 0),
    ] {
        let rounded = round(&top, &bottom, Float::F16);
        assert_eq!(rounded.bits(Float::F16), bits);
        assert!(rounded.value().is_some_and(|value| value.is_zero()));
    }
}

#[test]
fn halves_are_rounded_away_from_zero() {
    for (quarters, rounded) in
        [(0, 0), (1, 0), (2, 1), (3, 1), (4, 1), (5, 1), (6, 2), (10, 3), (14, 4), (15, 4), (16, 4)]
    {
        for sign in [1, -1] {
            let number = Exact::scaled(sign * quarters, -2);
            assert_eq!(round_half_away(&number), (sign * rounded).into(), "{quarters} quarters");
        }
    }
    assert_eq!(round_half_away(&Exact::scaled(-3, 7)), (-384).into());
}

#[test]
fn sources_are_rounded_once_and_keep_their_signs() {
    let from_f16 = |bits: u16| widened(&Floats::F16(Bits16(vec![bits])))[0];
    let from_bf16 = |bits: u16| widened(&Floats::Bf16(Bits16(vec![bits])))[0];
    let from_f64 = |value: f64| widened(&Floats::F64(Bits64::of(&[value])))[0];
    for (bits, expected) in [
        (0x0000, 0),
        (0x8000, 1 << 31),
        (0x3c00, 0x3f80_0000),
        (0xc000, 0xc000_0000),
        (0x0001, 0x3380_0000),
        (0x83ff, 0xb87f_c000),
        (0x7bff, 0x477f_e000),
    ] {
        assert_eq!(from_f16(bits), expected, "{bits:04x}");
    }
    for bits in [0x7c00, 0xfc00, 0x7e00] {
        assert!(!f32::from_bits(from_f16(bits)).is_finite());
    }
    assert_eq!(from_bf16(0x3f80), 0x3f80_0000);
    assert_eq!(from_bf16(0x8001), 0x8001_0000);
    for value in [0.0, -0.0, 1.0, -1.5, 0.1, 1e-40, -1e-46, 1e300, f64::MAX, f64::MIN_POSITIVE] {
        let expected = value as f32;
        let found = f32::from_bits(from_f64(value));
        assert_eq!(found.abs().to_bits(), expected.abs().to_bits(), "{value}");
        assert!(found.is_infinite() || found.is_sign_negative() == value.is_sign_negative());
    }
    assert!(!f32::from_bits(from_f64(f64::NAN)).is_finite());
}

#[test]
fn rint_goes_to_the_even_one() {
    // In quarters, from -3 to 3.
    let expected =
        [-3, -3, -2, -2, -2, -2, -2, -1, -1, -1, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3];
    for (quarters, expected) in (-12..=12).zip(expected) {
        assert_eq!(rint(&Exact::scaled(quarters, -2)), expected.into(), "{quarters}/4");
    }
    assert_eq!(rint(&Exact::scaled(3, 2)), 12.into());
}

#[test]
fn a_group_of_mlx_by_hand() {
    let group = |values: &[u16]| -> Vec<u16> { values.iter().copied().cycle().take(32).collect() };
    // -5, 2 and 0, as worked out in the clause's test: scale 5/11, bias -5, nibbles 0, 15 and 11.
    let encoded = mlx::encode(&group(&[0xc500, 0x4000, 0x0000])).expect("finite");
    assert_eq!(encoded[..5], [0x46, 0x37, 0x00, 0xc5, 0xf0]);
    // Ends of one magnitude: from the maximum, scale -3/8.
    let encoded = mlx::encode(&group(&[0xc200, 0x4200])).expect("finite");
    assert_eq!(encoded[..5], [0x00, 0xb6, 0x00, 0x42, 0x0f]);
    // Zeros: the least scale below zero, bias +0.
    let zeros = mlx::encode(&group(&[0x8000, 0x0000])).expect("finite");
    assert_eq!(zeros[..5], [0x02, 0x80, 0x00, 0x00, 0x00]);
    for bits in [0x7c00, 0xfc00, 0x7e00] {
        assert_eq!(mlx::encode(&group(&[0x3c00, bits])), None);
    }
    assert_eq!(mlx::encode(&[]), Some(vec![]));
    let encode = |shape: &[u64], values: Vec<u16>| {
        let values = Floats::F16(Bits16(values));
        expected(&Question::encode(FormatId::MLX, None, shape, values))
    };
    let question = |shape: &[u64], count: usize| encode(shape, vec![0; count]);
    assert!(matches!(question(&[2, 32], 64), Ok(Lawful::One(Answer::Encoded(_)))));
    assert!(
        matches!(question(&[2, 16], 32), Ok(Lawful::OneOf(both)) if both[1].name == "whole-rows")
    );
    assert_eq!(question(&[31], 31), Ok(Lawful::refuse([Class::Shape])));
    assert_eq!(question(&[64], 32), Ok(Lawful::refuse([Class::ShapeMismatch])));
    let infinite = encode(&[32], vec![0x7c00; 32]);
    assert_eq!(infinite.unwrap_err(), "MLX-2 demands nothing of such values");
}
