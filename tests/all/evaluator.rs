//! The evaluator's verdicts on files, beside the table of ERR-2 and the clauses of the header, at
//! each of their limits: what is lawful there is read off the text, not off the code.

use q4proof::format::Class::{self, *};
use q4proof::suite::Case;
use q4proof::suite::case::ProcessLimits;
use q4proof::suite::exact::files::khq4::{Khq4, write};
use q4proof::suite::exact::files::{Caller, Container, khf1};
use q4proof::suite::floats::Floats;
use q4proof::suite::hex::{Bits, Bits16, Bytes};
use q4proof::suite::lawful::{Behaviour, Lawful};
use q4proof::suite::question::Tensor;

/// A block of scale 1, bias 2 and nibbles of zero: 32 times 2.
const TWOS: [u8; 20] = [0x00, 0x3c, 0x00, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// The same with a scale of -1.
const NEGATIVE: [u8; 20] = [0x00, 0xbc, 0x00, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Prefix fields, then whatever follows.
fn prefix(magic: &[u8; 4], version: u32, ndim: u32, rest: &[u8]) -> Vec<u8> {
    [&magic[..], &version.to_le_bytes(), &ndim.to_le_bytes(), rest].concat()
}

fn judge(bytes: &[u8], width: u32, expected_shape: Option<&[u64]>) -> Lawful<Vec<Tensor>> {
    Khq4.judge(bytes, &Caller { width, expected_shape })
}

#[track_caller]
fn refused(bytes: &[u8], width: u32, classes: &[Class]) {
    let expected = Lawful::refuse(classes.iter().copied());
    assert_eq!(judge(bytes, width, None), expected, "{width} bits, {bytes:02x?}");
}

#[track_caller]
fn accepted(bytes: &[u8], width: u32) -> Tensor {
    match judge(bytes, width, None) {
        Lawful::One(tensors) => one(tensors),
        verdict => panic!("{width} bits: {verdict:?}"),
    }
}

/// The tensor of a file that holds one.
#[track_caller]
fn one(mut tensors: Vec<Tensor>) -> Tensor {
    assert_eq!(tensors.len(), 1);
    tensors.remove(0)
}

fn floats(bits: Vec<u32>) -> Option<Floats> {
    Some(Floats::F32(Bits(bits)))
}

/// KHQ4-H1 to H4, and the first five rows of ERR-2.
#[test]
fn a_header_is_refused_at_each_of_its_limits() {
    for width in [32, 64] {
        for len in 0..4 {
            refused(&b"KHQ4"[..len], width, &[Magic, TruncatedHeader]);
        }
        let foreign: [(&[u8; 4], u32, Class); 4] = [
            (b"KHQ5", 2, Magic),
            (b"4QHK", 2, Magic),
            (b"KHQ4", 1, LegacyVersion),
            (b"KHQ4", 3, Version),
        ];
        for (magic, version, class) in foreign {
            let whole = prefix(magic, version, 0, &[0; 8]);
            refused(&whole[..8], width, &[class, TruncatedHeader]);
            refused(&whole[..19], width, &[class, TruncatedHeader]);
            refused(&whole, width, &[class]);
            refused(&[&whole[..], &[0; 9]].concat(), width, &[class]);
        }
        // Right magic, no wrong version.
        for len in 4..12 {
            refused(&prefix(b"KHQ4", 2, 0, &[])[..len], width, &[TruncatedHeader]);
        }
        // One dimension: its table ends at 20, original_len at 28.
        let one = prefix(b"KHQ4", 2, 1, &[0; 16]);
        refused(&one[..12], width, &[TruncatedHeader, Dimensions]);
        refused(&one[..19], width, &[TruncatedHeader, Dimensions]);
        refused(&one[..20], width, &[TruncatedHeader]);
        refused(&one[..27], width, &[TruncatedHeader]);
        assert_eq!(accepted(&one, width).shape, [0]);
        // No dimension: original_len ends at 20.
        let none = prefix(b"KHQ4", 2, 0, &[1, 0, 0, 0, 0, 0, 0, 0]);
        refused(&none[..19], width, &[TruncatedHeader]);
        refused(&none, width, &[TruncatedPayload]);
    }
    // 8 ndim leaves 32 bits from 2^29 on.
    let claims = |ndim: u32| prefix(b"KHQ4", 2, ndim, &[0; 8]);
    refused(&claims((1 << 29) - 1), 32, &[TruncatedHeader, Dimensions]);
    refused(&claims(1 << 29), 32, &[TruncatedHeader, Dimensions, Overflow]);
    refused(&claims(1 << 29), 64, &[TruncatedHeader, Dimensions]);
    refused(&claims(u32::MAX), 64, &[TruncatedHeader, Dimensions]);
}

/// KHQ4-H5 to H8, and the rows of ERR-2 on sizes.
#[test]
fn sizes_are_refused_at_each_of_their_limits() {
    let empty = |shape: &[u64], len: u64| write(shape, len, &[]);
    let (two_32, two_33) = (1u64 << 32, 1u64 << 33);
    refused(&write(&[3], 4, &TWOS), 64, &[ShapeMismatch]);
    refused(&write(&[], 0, &[]), 64, &[ShapeMismatch]);
    refused(&write(&[2, 3], 5, &TWOS), 32, &[ShapeMismatch]);

    // Beyond 64 bits: also where what is left of the product is original_len.
    refused(&empty(&[two_32, two_32], 0), 64, &[Overflow, ShapeMismatch]);
    refused(&empty(&[two_33, two_33, two_33], 0), 64, &[Overflow, ShapeMismatch]);
    refused(&empty(&[two_32, two_32 - 1], two_32 * (two_32 - 1)), 64, &[TruncatedPayload]);
    // Beyond 32 bits only.
    refused(&empty(&[two_32], two_32), 64, &[TruncatedPayload]);
    refused(&empty(&[two_32], two_32), 32, &[Overflow, TruncatedPayload]);
    refused(&empty(&[1 << 16, 1 << 16], two_32), 32, &[Overflow, TruncatedPayload]);
    refused(&empty(&[1 << 16, 1 << 16], 0), 32, &[Overflow, ShapeMismatch]);
    refused(&empty(&[two_32, 0], 0), 32, &[Overflow]);
    assert_eq!(accepted(&empty(&[two_32, 0], 0), 64).shape, [two_32, 0]);
    assert_eq!(accepted(&empty(&[two_32 - 1, 0], 0), 32).shape, [two_32 - 1, 0]);
    refused(&write(&[1], two_32 + 1, &TWOS), 32, &[Overflow, ShapeMismatch, TruncatedPayload]);

    // A reader that adds 31 before it divides leaves W bits from 2^W - 31 on.
    for (width, limit) in [(64, u64::MAX - 30), (32, two_32 - 31)] {
        refused(&empty(&[limit - 1], limit - 1), width, &[TruncatedPayload]);
        refused(&empty(&[limit], limit), width, &[TruncatedPayload, Overflow]);
    }
    refused(&empty(&[u64::MAX], u64::MAX), 64, &[TruncatedPayload, Overflow]);
    refused(&empty(&[5], u64::MAX), 64, &[ShapeMismatch, TruncatedPayload, Overflow]);
}

/// KHQ4-P1 to P4 and P7.
#[test]
fn a_payload_is_refused_for_its_length_and_for_each_of_its_blocks() {
    for width in [32, 64] {
        for len in [1, 31, 32] {
            refused(&write(&[len], len, &TWOS[..19]), width, &[TruncatedPayload]);
            refused(&write(&[len], len, &[&TWOS[..], &[0]].concat()), width, &[TrailingBytes]);
            let tensor = accepted(&write(&[len], len, &TWOS), width);
            assert_eq!(tensor.values, floats(vec![0x4000_0000; len as usize]));
            assert_eq!((tensor.shape, tensor.blocks), (vec![len], Some(Bytes(TWOS.to_vec()))));
        }
        refused(&write(&[33], 33, &TWOS), width, &[TruncatedPayload]);
        refused(&write(&[0], 0, &TWOS), width, &[TrailingBytes]);
    }
    let with = |at: usize, bits: u16| {
        let mut payload = TWOS.repeat(2);
        payload[at..at + 2].copy_from_slice(&bits.to_le_bytes());
        write(&[33], 33, &payload)
    };
    for (at, of_field) in [(0, Scale), (20, Scale), (2, Bias), (22, Bias)] {
        for bits in [0x7c00, 0xfc00, 0x7c01, 0xffff] {
            refused(&with(at, bits), 64, &[of_field]);
        }
        for lawful in [0x0001, 0x03ff, 0x0400, 0x7bff] {
            assert_eq!(accepted(&with(at, lawful), 64).shape, [33]);
        }
    }
    refused(&with(20, 0x0000), 64, &[Scale]);
    refused(&with(20, 0x8000), 64, &[Scale]);
    assert_eq!(accepted(&with(22, 0x8000), 64).shape, [33]);
    // A wrong length, and a wrong block among those that are there and claimed.
    let no_scale = [0; 20];
    refused(&write(&[65], 65, &no_scale), 64, &[TruncatedPayload, Scale]);
    refused(&write(&[1], 1, &[TWOS, no_scale].concat()), 64, &[TrailingBytes]);
    refused(&write(&[1], 1, &[no_scale, TWOS].concat()), 64, &[TrailingBytes, Scale]);

    let file = write(&[2, 16], 32, &TWOS);
    let asked = |shape: &[u64]| judge(&file, 64, Some(shape));
    assert!(matches!(asked(&[2, 16]), Lawful::One(_)));
    for other in [&[32][..], &[16, 2], &[2, 16, 1], &[2], &[]] {
        assert_eq!(asked(other), Lawful::refuse([ExpectedShape]), "{other:?}");
    }
}

/// KHQ4-H6 and P6: what is lawful either way, and a right class beside any other fault.
#[test]
fn what_two_behaviours_answer_has_both_answers() {
    let either = |bytes: &[u8], names: [&str; 2], class: Class| match judge(bytes, 64, None) {
        Lawful::OneOf(behaviours) => {
            let [Behaviour { name, expect: Lawful::One(tensors) }, other] = &behaviours[..] else {
                panic!("{behaviours:?}")
            };
            assert_eq!((name.as_str(), other), (names[0], &Behaviour::refuses(names[1], class)));
            one(tensors.clone())
        }
        verdict => panic!("{verdict:?}"),
    };
    let two_33 = 1u64 << 33;
    let zero = either(&write(&[two_33, two_33, 0], 0, &[]), ["zero-first", "fold-left"], Overflow);
    assert_eq!((zero.shape, zero.values), (vec![two_33, two_33, 0], floats(vec![])));
    assert_eq!(accepted(&write(&[0, two_33, two_33], 0, &[]), 64).shape, [0, two_33, two_33]);
    refused(&write(&[two_33, two_33, 0], 5, &[]), 64, &[ShapeMismatch, Overflow, TruncatedPayload]);

    let names = ["signed-scale", "positive-scale"];
    let signed = either(&write(&[64], 64, &[TWOS, NEGATIVE].concat()), names, Scale);
    assert_eq!(signed.values, floats(vec![0x4000_0000; 64]));
    let trailing = [&NEGATIVE[..], &[0]].concat();
    refused(&write(&[1], 1, &trailing), 64, &[TrailingBytes, Scale]);
    refused(&write(&[1], 1, &[TWOS, NEGATIVE].concat()), 64, &[TrailingBytes]);
}

/// KHQ4-W1: every field in its place, the low byte first.
#[test]
fn a_file_is_written_field_by_field() {
    let bytes = write(&[0x0102, 3], 0x0807_0605_0403_0201, &[0xaa, 0xbb]);
    let expected = [
        &b"KHQ4\x02\0\0\0\x02\0\0\0"[..],
        &[0x02, 0x01, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0],
        &[1, 2, 3, 4, 5, 6, 7, 8, 0xaa, 0xbb],
    ];
    assert_eq!(bytes, expected.concat());
}

/// KHF1, at each of its limits.
#[test]
fn a_file_of_f16_is_judged_by_its_own_clauses() {
    use khf1::write;

    fn judge(bytes: &[u8], width: u32, expected_shape: Option<&[u64]>) -> Lawful<Vec<Tensor>> {
        khf1::Khf1.judge(bytes, &Caller { width, expected_shape })
    }

    #[track_caller]
    fn refused(bytes: &[u8], width: u32, classes: &[Class]) {
        let expected = Lawful::refuse(classes.iter().copied());
        assert_eq!(judge(bytes, width, None), expected, "{width}: {bytes:02x?}");
    }
    // 1, the largest negative number, the least subnormal, -0.
    let four = [0x3c00, 0xfbff, 0x0001, 0x8000];
    let sound = write(&[2, 2], 4, &four);
    let accepted = |shape: &[u64], values: &[u16]| {
        Lawful::One(vec![Tensor::of_values(shape, Floats::F16(Bits16(values.to_vec())))])
    };
    for width in [32, 64] {
        assert_eq!(judge(&sound, width, None), accepted(&[2, 2], &four));
        assert_eq!(judge(&sound, width, Some(&[2, 2])), accepted(&[2, 2], &four));
        assert_eq!(judge(&sound, width, Some(&[4])), Lawful::refuse([ExpectedShape]));
        assert_eq!(judge(&write(&[0], 0, &[]), width, None), accepted(&[0], &[]));

        let version = |version: u8| [&sound[..4], &[version], &sound[5..]].concat();
        refused(&[b"KHQ4", &sound[4..]].concat(), width, &[Magic]);
        for other in [0, 2, 3] {
            refused(&version(other), width, &[Version]);
            refused(&version(other)[..19], width, &[Version, TruncatedHeader]);
        }
        refused(&sound[..35], width, &[TruncatedHeader]);
        refused(&sound[..27], width, &[TruncatedHeader, Dimensions]);
        refused(&sound[..43], width, &[TruncatedPayload]);
        refused(&[&sound[..], &[0]].concat(), width, &[TrailingBytes]);
        refused(&write(&[2, 2], 3, &four), width, &[ShapeMismatch, TrailingBytes]);
        refused(&write(&[2, 2], 3, &four[..3]), width, &[ShapeMismatch]);
        for place in 0..4 {
            for bits in [0x7c00, 0xfc00, 0x7e00, 0xffff] {
                let mut values = four;
                values[place] = bits;
                refused(&write(&[4], 4, &values), width, &[Value]);
                // Beside another fault, among the values that are there and claimed.
                refused(&write(&[9], 9, &values), width, &[TruncatedPayload, Value]);
                let of_three = &write(&[3], 3, &values);
                let classes =
                    if place < 3 { &[TrailingBytes, Value][..] } else { &[TrailingBytes] };
                refused(of_three, width, classes);
            }
        }
    }
    // 2 numel wraps from 2^(W-1) on; a little below it is header and payload that leave W bits.
    for (width, half) in [(64, 1u64 << 63), (32, 1 << 31)] {
        for numel in [half, half + 1, half + 4] {
            refused(&write(&[numel], numel, &four), width, &[Overflow, TruncatedPayload]);
        }
        refused(&write(&[half - 1], half - 1, &four), width, &[Overflow, TruncatedPayload]);
        refused(&write(&[half - 14], half - 14, &four), width, &[Overflow, TruncatedPayload]);
        refused(&write(&[half - 15], half - 15, &four), width, &[TruncatedPayload]);
    }
    refused(&write(&[1 << 31], 1 << 31, &four), 64, &[TruncatedPayload]);

    let two_32 = 1u64 << 32;
    let either = judge(&write(&[two_32, two_32, 0], 0, &[]), 64, None);
    let empty = vec![Tensor::of_values(&[two_32, two_32, 0], Floats::F16(Bits16::default()))];
    assert_eq!(either, Lawful::either("zero-first", empty, "fold-left", Overflow));
    refused(&write(&[two_32, two_32, 0], 1, &[]), 64, &[ShapeMismatch, Overflow, TruncatedPayload]);
    assert_eq!(judge(&write(&[two_32, 0], 0, &[]), 64, None), accepted(&[two_32, 0], &[]));
    refused(&write(&[two_32, 0], 0, &[]), 32, &[Overflow]);

    let expected = [
        &b"KHF1\x01\0\0\0\x01\0\0\0"[..],
        &[2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0x34, 0x12],
    ];
    assert_eq!(write(&[2], 3, &[0x1234]), expected.concat());
}

/// KHQ4-W3: only a save is asked without room, and only one whose file is longer than the limit.
#[test]
fn a_limit_is_below_what_the_file_needs() {
    let suite = crate::embedded();
    let case = suite.get("save/no-room-for-the-last-byte").unwrap();
    // A header of one dimension and three blocks.
    let len = 4 + 4 + 4 + 8 + 8 + 3 * 20;
    assert_eq!(case.limits, Some(ProcessLimits { file_size: len - 1 }));
    assert_eq!(case.expect, Lawful::refuse([Io]));
    let limited = |case: &Case, file_size| {
        suite.verify(&Case { limits: Some(ProcessLimits { file_size }), ..case.clone() })
    };
    assert!(limited(case, 0).is_ok());
    assert!(limited(case, len - 1).is_ok());
    let error = limited(case, len).unwrap_err().to_string();
    assert!(error.contains("longer than they allow"), "{error}");
    let error = limited(suite.get("decode/nibble-00").unwrap(), 0).unwrap_err().to_string();
    assert!(error.contains("only a save is asked with limits"), "{error}");
}
