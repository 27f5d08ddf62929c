//! ERR: refusals.

use q4proof::codec::{EncodeError, Mode, encode};
use q4proof::format::{AddressWidth, Class, FormatError};
use q4proof::subject::{Implementation, Reference, Response};
use q4proof::suite::judge::{Outcome, judge};
use q4proof::suite::question::{self, Encode, Load, Tensor};
use q4proof::suite::{Answer, Case, Floats, FormatId};

use super::{
    BLOCK, SPEC, TWO_32, WIDTHS, accepted, block, by_slice, by_stream, example, file, file_of,
    sound, verdict,
};

use AddressWidth::{Bits32, Bits64};
use Class::{
    Bias, Dimensions, ExpectedShape, LegacyVersion, Magic, NonFinite, Overflow, Scale,
    ShapeMismatch, TrailingBytes, TruncatedHeader, TruncatedPayload, Version,
};

#[test]
fn err_1_the_list_of_classes_is_closed() {
    let table: Vec<&str> = SPEC
        .split_once("### ERR-1")
        .and_then(|(_, text)| text.split_once("### ERR-2"))
        .map(|(table, _)| {
            table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        })
        .expect("the table of ERR-1")
        .map(|(name, _)| name)
        .collect();
    assert_eq!(table.len(), 22);
    assert_eq!(Class::ALL.map(Class::name)[..], table);
    for class in Class::ALL {
        let name = class.name();
        assert_eq!(class.to_string(), name);
        assert_eq!(serde_json::to_string(&class).expect("a name"), format!("{name:?}"));
        let read: Class = serde_json::from_str(&format!("{name:?}")).expect("a class");
        assert_eq!(read, class);
    }
    assert!(serde_json::from_str::<Class>("\"bad_magic\"").is_err());
}

/// One of the classes that are right, from every way in.
#[track_caller]
fn right(bytes: &[u8], width: AddressWidth, classes: &[Class]) {
    let error = verdict(bytes, width).expect_err("must be refused");
    assert!(classes.contains(&error.class), "{width:?}: {error}, right is {classes:?}");
}

/// The bytes with others put over them.
fn with(mut bytes: Vec<u8>, at: usize, put: &[u8]) -> Vec<u8> {
    bytes[at..at + put.len()].copy_from_slice(put);
    bytes
}

#[test]
fn err_2_a_file_with_several_faults_has_one_of_their_classes() {
    let wrong_magic = with(example(), 0, b"XHQ4");
    let wrong_version = with(example(), 4, &[3]);
    let legacy = with(example(), 4, &[1]);
    for width in WIDTHS {
        for len in 0..4 {
            right(&example()[..len], width, &[TruncatedHeader, Magic]);
            right(&wrong_magic[..len], width, &[TruncatedHeader, Magic]);
        }
        for len in 4..20 {
            right(&wrong_magic[..len], width, &[Magic, TruncatedHeader]);
        }
        for len in 4..8 {
            right(&wrong_version[..len], width, &[TruncatedHeader]);
        }
        for len in 8..20 {
            right(&wrong_version[..len], width, &[Version, TruncatedHeader]);
            right(&legacy[..len], width, &[LegacyVersion, TruncatedHeader]);
        }
        for len in 4..12 {
            right(&example()[..len], width, &[TruncatedHeader]);
        }
        // From 20 bytes on the rest of such a file is not read as KHQ4: nothing else is right.
        let nonsense = with(wrong_magic.clone(), 8, &[0xff; 4]);
        right(&nonsense, width, &[Magic]);
        right(&with(wrong_version.clone(), 8, &[0xff; 40]), width, &[Version]);
        right(&with(legacy.clone(), 8, &[0xff; 40]), width, &[LegacyVersion]);
        right(&with(wrong_version.clone(), 0, b"X"), width, &[Magic, Version]);
        // A table that does not fit, and one behind which nothing does.
        for len in 12..20 {
            right(&example()[..len], width, &[Dimensions, TruncatedHeader]);
        }
        for len in 20..28 {
            right(&example()[..len], width, &[TruncatedHeader]);
        }
        right(
            &with(example(), 20, &[0xff; 4]),
            width,
            &[ShapeMismatch, TruncatedPayload, Overflow],
        );
        // Scales and biases; extent and block.
        let both = [block(0x3c00, 0x7c00, 0), block(0, 0, 0)].concat();
        right(&file(&[64], 64, &both), width, &[Scale, Bias]);
        right(&file(&[3], 3, &block(0, 0x7c00, 0)), width, &[Scale, Bias]);
        right(&file(&[65], 65, &both), width, &[TruncatedPayload, Scale, Bias]);
        right(&file(&[32], 32, &both), width, &[TrailingBytes, Scale, Bias]);
    }
    right(&file_of(1 << 29, &[], 1, &BLOCK), Bits32, &[Dimensions, TruncatedHeader, Overflow]);
    right(&file_of(1 << 29, &[], 1, &BLOCK), Bits64, &[Dimensions, TruncatedHeader]);
    // Products and sizes that leave 64 bits, and what leaves 32 only.
    right(&file(&[TWO_32, TWO_32], 0, &[]), Bits64, &[Overflow, ShapeMismatch]);
    right(&file(&[1 << 33, 1 << 33, 0], 3, &BLOCK), Bits64, &[Overflow, ShapeMismatch]);
    right(&file(&[1 << 33, 1 << 33, 0], 0, &[]), Bits64, &[Overflow]);
    right(&file(&[u64::MAX], u64::MAX, &[]), Bits64, &[TruncatedPayload, Overflow]);
    right(&file(&[3], u64::MAX, &BLOCK), Bits64, &[ShapeMismatch, TruncatedPayload, Overflow]);
    right(&file(&[TWO_32], TWO_32, &BLOCK), Bits32, &[Overflow, TruncatedPayload]);
    right(&file(&[65536, 65536], 0, &[]), Bits32, &[Overflow, ShapeMismatch]);
}

#[test]
fn err_2_another_shape_than_required_may_be_named_before_the_fault() {
    let path = tempfile::NamedTempFile::new().expect("a file").into_temp_path();
    std::fs::write(&path, file(&[3], 3, &block(0, 0, 0))).expect("written");
    for entry in ["copy", "map"] {
        let question = Load {
            format: FormatId::KHQ4,
            path: path.to_str().expect("a path in UTF-8").to_owned(),
            expected_shape: Some(vec![4]),
            address_width: None,
        };
        let answer = Reference.load(&question, Some(entry));
        let Response::Refused(refusal) = answer else { panic!("{answer:?}") };
        let class = refusal.class.expect("a class");
        assert!([ExpectedShape, Scale].contains(&class), "{}", refusal.message);
    }
}

#[test]
fn err_2_values_with_several_faults_have_one_of_their_classes() {
    let encoded = |shape: &[u64], values: &[f32]| {
        let question = Encode {
            format: FormatId::KHQ4,
            mode: Some(question::Mode::Symmetric),
            shape: shape.to_vec(),
            values: Floats::of(values),
        };
        let answer = Reference.encode(&question, None);
        let Response::Refused(refusal) = answer else { panic!("{answer:?}") };
        refusal.class.expect("a class")
    };
    // A bias out of reach (amax 60000) in block 0, a NaN in block 1.
    let mut values = [0.5; 64];
    values[3] = 6e4;
    values[40] = f32::NAN;
    assert!([Bias, NonFinite].contains(&encoded(&[64], &values)));
    assert!([Bias, NonFinite, ShapeMismatch].contains(&encoded(&[63], &values)));
    assert!([NonFinite, ShapeMismatch].contains(&encoded(&[3], &[f32::NAN, 1.0])));
    // Of one block: the scale (ENC-M2), and nothing but the value that is not finite.
    let error = encode(&[1e6], Mode::Symmetric).expect_err("too large for both");
    assert!(matches!(error, EncodeError::Scale { block: 0, .. }), "{error}");
    for mode in [Mode::Symmetric, Mode::Asymmetric] {
        let error = encode(&[f32::MAX, -f32::MAX, f32::INFINITY], mode).expect_err("infinite");
        assert!(matches!(error, EncodeError::NonFinite { index: 2, .. }), "{error}");
    }
}

#[test]
fn err_3_a_fault_is_refused_without_values_or_a_crash() {
    // Any cut of a lawful file is none.
    let whole = file(&[2, 40], 80, &sound(3));
    for width in WIDTHS {
        accepted(&whole, width);
        for len in 0..whole.len() {
            assert!(verdict(&whole[..len], width).is_err(), "{len} bytes");
        }
    }
    // Nor is the example with one byte of its header changed: magic, version, ndim, shape and
    // original_len are each bound by the rest of the file.
    let sound = example();
    for at in 0..28 {
        for byte in (0..=255).filter(|&byte| byte != sound[at]) {
            let bytes = with(sound.clone(), at, &[byte]);
            for width in WIDTHS {
                let slice: Result<_, FormatError> = by_slice(&bytes, width);
                assert!(slice.is_err(), "byte {at} as {byte:02x}");
                assert_eq!(by_stream(&mut &bytes[..], width), slice);
            }
        }
    }
}

#[test]
fn err_3_a_class_is_a_help_and_not_demanded() {
    let case: Case = serde_json::from_value(serde_json::json!({
        "id": "load/no-magic",
        "clause": "KHQ4-H1",
        "tier": "must",
        "note": "a file of one byte",
        "source": { "derivation": "by hand" },
        "question": { "op": "load", "format": "khq4", "path": { "bytes": "00" } },
        "expect": { "refuse": ["magic", "truncated_header"] },
    }))
    .expect("a case");
    let outcome = |class: Option<Class>| judge(&case, &crate::refusal(class), false).outcome;
    for right in [None, Some(Magic), Some(TruncatedHeader)] {
        assert_eq!(outcome(right), Outcome::Pass, "{right:?}");
    }
    // A wrong class is a refusal none the less, and no failure; values are one.
    assert_eq!(outcome(Some(Scale)), Outcome::WrongClass);
    assert!(!Outcome::WrongClass.is_failure());
    let tensor = Ok(Answer::Tensors(vec![Tensor::of_values(&[0], Floats::of(&[]))]));
    assert!(judge(&case, &tensor, false).outcome.is_failure());
}
