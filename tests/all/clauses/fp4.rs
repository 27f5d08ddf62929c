//! MX and NV: blocks of E2M1 under scales of E8M0 and of E4M3.

use q4proof::format::Class;
use q4proof::subject::{Implementation, Reference, Response};
use q4proof::suite::exact::blocks::{self, Source};
use q4proof::suite::hex::{Bits, Bytes};
use q4proof::suite::question::{Decode, Encode};
use q4proof::suite::{Encoded, Floats, FormatId, Lawful};

use super::declined;
use super::packed::{bits, whole_blocks};

/// What the codes stand for, by SPEC.md's table.
const VALUES: [f32; 16] =
    [0., 0.5, 1., 1.5, 2., 3., 4., 6., 0., -0.5, -1., -1.5, -2., -3., -4., -6.];

/// A block of this exponent whose codes ascend in the first half and descend in the second.
fn ramp(exponent: u8) -> Vec<u8> {
    [exponent].into_iter().chain((0..16).map(|code| code | (15 - code) << 4)).collect()
}

fn asked_encode(shape: &[u64], values: &[f32]) -> Response<Encoded> {
    let (format, shape, values) = (FormatId::MXFP4, shape.to_vec(), Floats::of(values));
    Reference.encode(&Encode { format, mode: None, shape, values }, None)
}

/// These values, and zeros behind them.
fn filled(values: &[f32]) -> Vec<f32> {
    values.iter().copied().chain(std::iter::repeat(0.0)).take(32).collect()
}

/// The exponent, and the codes of the first values.
fn encoded(values: &[f32]) -> (u8, Vec<u8>) {
    let Response::Done(encoded) = asked_encode(&[32], &filled(values)) else { panic!("blocks") };
    parts(&encoded, values.len())
}

fn parts(encoded: &Encoded, count: usize) -> (u8, Vec<u8>) {
    let bytes = &encoded.blocks.0;
    (bytes[0], (0..count).map(|at| bytes[1 + at % 16] >> (4 * (at / 16)) & 15).collect())
}

/// The names of the lawful encodings of a block, with the exponent and the first codes of each.
fn lawful(values: &[f32]) -> Vec<(String, (u8, Vec<u8>))> {
    let count = values.len();
    let (shape, values) = ([32], Floats::of(&filled(values)));
    let source = Source { mode: None, shape: &shape, values: &values };
    match blocks::named(FormatId::MXFP4).unwrap().encode(&source) {
        Lawful::One(encoded) => vec![(String::new(), parts(&encoded, count))],
        Lawful::OneOf(all) => all
            .iter()
            .map(|one| match &one.expect {
                Lawful::One(encoded) => (one.name.clone(), parts(encoded, count)),
                other => panic!("{other:?}"),
            })
            .collect(),
        _ => Vec::new(),
    }
}

#[test]
fn mx_1_an_exponent_and_codes_in_split_halves() {
    let block = ramp(127);
    assert_eq!((block.len(), &block[..3]), (17, &[127, 0xf0, 0xe1][..]));
    let found = bits(FormatId::MXFP4, &block, 32);
    assert!(found[..16].iter().eq(VALUES.map(f32::to_bits).iter()));
    assert!(found[16..].iter().eq(VALUES.map(f32::to_bits).iter().rev()));
    whole_blocks(FormatId::MXFP4, &block, 32);
}

#[test]
fn mx_2_a_value_is_that_of_its_code_times_a_power_of_two() {
    // 2^-127 is subnormal, as is its half.
    assert_eq!(bits(FormatId::MXFP4, &ramp(0), 32)[1..3], [1 << 21, 1 << 22]);
    assert_eq!(bits(FormatId::MXFP4, &ramp(1), 32)[1..3], [1 << 22, 1 << 23]);
    let (infinity, largest) = (f32::INFINITY.to_bits(), (3.0 * 2f32.powi(126)).to_bits());
    let found = bits(FormatId::MXFP4, &ramp(253), 32);
    assert_eq!(found[5..8], [largest, infinity, infinity]);
    assert_eq!(found[14..16], [infinity | 1 << 31; 2]);
    let found = bits(FormatId::MXFP4, &ramp(254), 32);
    assert_eq!(found[3..5], [(1.5 * 2f32.powi(127)).to_bits(), infinity]);
    // The zero of code 8 may have a sign; nothing is demanded of 255.
    let may = |block: &[u8]| {
        let encoded = Encoded::of(block.to_vec());
        blocks::named(FormatId::MXFP4).unwrap().decode(
            &encoded,
            32,
            q4proof::suite::floats::Float::F32,
        )
    };
    let Lawful::OneOf(both) = may(&ramp(127)) else { panic!("two answers") };
    assert_eq!([&both[0].name, &both[1].name], ["zero-positive", "zero-signed"]);
    let Lawful::One(Floats::F32(Bits(signed))) = &both[1].expect else { panic!("values") };
    assert_eq!((signed[0], signed[8], signed[23], signed[31]), (0, 1 << 31, 1 << 31, 0));
    assert!(matches!(may(&ramp(255)), Lawful::Undemanded(_)));
}

#[test]
fn mx_3_the_nearest_code_the_one_nearer_to_zero_of_two() {
    let middles = [6.0, 0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0, -0.25, -0.75, -5.0];
    assert_eq!(encoded(&middles), (127, vec![7, 0, 1, 2, 3, 4, 5, 6, 0, 9, 14]));
    let next = |value: f32| f32::from_bits(value.to_bits() + 1);
    let above = middles[1..].iter().map(|&middle| next(middle));
    let above: Vec<f32> = [6.0].into_iter().chain(above).collect();
    assert_eq!(encoded(&above), (127, vec![7, 1, 2, 3, 4, 5, 6, 7, 9, 10, 15]));
    // Beyond the largest code; the exponent is that of the largest magnitude, less 2.
    assert_eq!(encoded(&[-7.9, 7.0, 0.1]), (127, vec![15, 7, 0]));
    assert_eq!(encoded(&[8.0, 7.9]), (128, vec![6, 6]));
    assert_eq!(encoded(&[0.0, -0.0]), (0, vec![0, 0]));
    assert_eq!(encoded(&[2f32.powi(-125), -2f32.powi(-126)]), (0, vec![6, 12]));
    assert_eq!(encoded(&[2f32.powi(127)]), (252, vec![6]));

    let ones = [1.0f32; 64];
    for len in [1, 31, 33] {
        declined(asked_encode(&[len], &ones[..len as usize]), Class::Shape);
    }
    declined(asked_encode(&[33], &ones[..32]), Class::ShapeMismatch);
    assert_eq!(asked_encode(&[0], &[]), Response::Done(Encoded::default()));
}

#[test]
fn mx_3_right_below_a_power_of_two_the_exponent_may_be_that_of_the_power() {
    let below = |value: f32, steps: u32| f32::from_bits(value.to_bits() - steps);
    for steps in [1, 64] {
        let (first, second) = ((127, vec![7, 0]), (128, vec![6, 0]));
        let expected = [("exponent-field".to_owned(), first), ("log2f".to_owned(), second)];
        assert_eq!(lawful(&[below(8.0, steps), 0.1]), expected);
    }
    assert_eq!(lawful(&[below(8.0, 65)]), [(String::new(), (127, vec![7]))]);
    // Nothing is demanded of these.
    for value in [f32::NAN, f32::INFINITY, f32::MAX, below(2f32.powi(-125), 1), f32::from_bits(1)] {
        assert_eq!(lawful(&[value]), [], "{value:e}");
    }
    assert_eq!(lawful(&[below(f32::MAX, 64)]).len(), 1);
    // Of nine such blocks there would be 512 encodings: nothing is demanded.
    let blocks = |count: usize| {
        let values = Floats::of(&[below(8.0, 1); 288][..32 * count]);
        let shape = [32 * count as u64];
        let source = Source { mode: None, shape: &shape, values: &values };
        blocks::named(FormatId::MXFP4).unwrap().encode(&source)
    };
    assert!(matches!(blocks(8), Lawful::OneOf(all) if all.len() == 256));
    assert!(matches!(blocks(9), Lawful::Undemanded(_)));
}

/// Groups with scales 1, 2^-9, 448 and 1.125, their codes in halves of eight.
fn groups() -> Vec<u8> {
    let scales = [0x38, 0x01, 0x7e, 0x39];
    scales.into_iter().chain((0..32).map(|at| (at % 8) | (15 - at % 8) << 4)).collect()
}

fn nvfp4(block: &[u8], scale: Option<f32>) -> Lawful<Floats> {
    let tensor_scale = scale.map(|scale| Floats::of(&[scale]));
    let encoded = Encoded { blocks: Bytes(block.to_vec()), tensor_scale };
    let float = q4proof::suite::floats::Float::F32;
    blocks::named(FormatId::NVFP4).unwrap().decode(&encoded, 64, float)
}

#[test]
fn nv_1_four_scales_and_codes_in_groups_of_sixteen() {
    let block = groups();
    let found = bits(FormatId::NVFP4, &block, 64);
    let scales = [1.0, 2f32.powi(-9), 448.0, 1.125];
    for (group, scale) in scales.into_iter().enumerate() {
        for at in 0..16 {
            let code = if at < 8 { at } else { 15 - at % 8 };
            let expected = (VALUES[code] * scale).to_bits();
            assert_eq!(found[16 * group + at], expected, "group {group}, weight {at}");
        }
    }
    whole_blocks(FormatId::NVFP4, &block, 64);
}

#[test]
fn nv_2_nothing_is_demanded_of_a_nan_or_a_sign() {
    let with = |scale: u8| {
        let mut block = groups();
        block[2] = scale;
        nvfp4(&block, None)
    };
    for scale in [0x00, 0x07, 0x08, 0x7e] {
        assert!(matches!(with(scale), Lawful::OneOf(_)), "{scale:#x}");
    }
    for scale in [0x7f, 0x80, 0xb8, 0xff] {
        assert!(matches!(with(scale), Lawful::Undemanded(_)), "{scale:#x}");
    }
    // A code below zero under a scale of zero.
    let mut zeros = vec![0; 36];
    zeros[4] = 0x9a;
    let found = bits(FormatId::NVFP4, &zeros, 64);
    assert_eq!((found[0], found[8], found[1]), (1 << 31, 1 << 31, 0));
}

#[test]
fn nv_3_the_scale_of_a_tensor_comes_last_or_first() {
    let block = groups();
    let question = |scale: f32| Decode {
        format: FormatId::NVFP4,
        blocks: Bytes(block.clone()),
        tensor_scale: Some(Floats::of(&[scale])),
        original_len: 64,
        to: None,
    };
    // 3 * 1.125 * t, and 3 * (1.125 * t): weight 5 of the last group, where they differ.
    let seventh = 1.0f32 / 7.0;
    let [last, first] = [(3.0f32 * 1.125) * seventh, 3.0 * (1.125 * seventh)];
    assert_ne!(last, first);
    let Response::Done(Floats::F32(Bits(found))) = Reference.decode(&question(seventh), None)
    else {
        panic!("values")
    };
    assert_eq!(found[53], last.to_bits());
    let Lawful::OneOf(all) = nvfp4(&block, Some(seventh)) else { panic!("behaviours") };
    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    let expected = ["code-first+zero-positive", "code-first+zero-signed"];
    assert_eq!(names[..2], expected);
    assert_eq!(names[2..], ["scale-first+zero-positive", "scale-first+zero-signed"]);
    for one in &all {
        let Lawful::One(Floats::F32(Bits(bits))) = &one.expect else { panic!("values") };
        let expected = if one.name.starts_with("code") { last } else { first };
        assert_eq!(bits[53], expected.to_bits(), "{}", one.name);
    }
    // A scale below zero turns the sign of a zero too.
    let Response::Done(Floats::F32(Bits(found))) = Reference.decode(&question(-1.0), None) else {
        panic!("values")
    };
    assert_eq!((found[0], found[1]), (1 << 31, (-0.5f32).to_bits()));
    for scale in [0.0, f32::INFINITY, f32::MAX, f32::NAN] {
        assert!(matches!(nvfp4(&block, Some(scale)), Lawful::Undemanded(_)), "{scale}");
    }
}
