//! The exact evaluator's numbers beside the machine's own floats, which IEEE 754 defines alike, and
//! its rounding where the machine has no single operation for it, worked out by hand.

use half::f16;
use q4proof::suite::exact::number::{Exact, Float, round, round_half_away};
use q4proof::suite::random::SplitMix64;

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
