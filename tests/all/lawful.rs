//! What the evaluator lets be answered where a question has several faults or several answers.

use std::collections::BTreeSet;

use q4proof::format::Class;
use q4proof::suite::case::Case;
use q4proof::suite::expected::verify;
use q4proof::suite::hex::Bits;
use q4proof::suite::lawful::Behaviour;
use q4proof::suite::question::Mode;
use q4proof::suite::{Answer, Encoded, Floats, FormatId, Lawful, Question};

use crate::{embedded, expected};

fn encode_case(shape: &[u64], values: &[f32], mode: Mode) -> Case {
    let mut case = embedded().get("encode/weights-symmetric-1").unwrap().clone();
    case.question = Question::encode(FormatId::KHQ4, Some(mode), shape, Floats::of(values));
    case
}

fn encode_expected(shape: &[u64], values: &[f32], mode: Mode) -> Result<Lawful<Answer>, String> {
    expected(&encode_case(shape, values, mode).question)
}

/// Every fault of an encode is a right class, and each is named once (ERR-2).
#[test]
fn an_encode_with_several_faults_has_all_their_classes() {
    let nan = [f32::NAN; 32];
    let huge = [3e38; 32];
    let wide: Vec<f32> = (0..32).map(|place| if place == 0 { 3e38 } else { 0.0 }).collect();
    let refused = |shape: &[u64], values: &[f32], classes: &[Class]| {
        let found = encode_expected(shape, values, Mode::Asymmetric);
        assert_eq!(found, Ok(Lawful::refuse(classes.to_vec())), "{shape:?}");
    };
    refused(&[32], &nan, &[Class::NonFinite]);
    refused(&[32], &wide, &[Class::Scale]);
    refused(&[32], &huge, &[Class::Bias]);
    refused(&[31], &nan, &[Class::ShapeMismatch, Class::NonFinite]);
    let all = [&nan[..], &wide, &huge, &nan].concat();
    refused(&[128], &all, &[Class::NonFinite, Class::Scale, Class::Bias]);
    let overflows = [1 << 33, 1 << 33];
    refused(&overflows, &nan, &[Class::ShapeMismatch, Class::Overflow, Class::NonFinite]);
}

/// KHQ4-H6: a fold from the left may leave 64 bits before it meets the zero.
#[test]
fn an_empty_tensor_whose_shape_overflows_may_be_refused() {
    let empty = |shape: &[u64]| encode_expected(shape, &[], Mode::Asymmetric).unwrap();
    let blocks = || Answer::Encoded(Encoded::default());
    assert_eq!(empty(&[0, 1 << 33, 1 << 33]), Lawful::One(blocks()));
    let Lawful::OneOf(behaviours) = empty(&[1 << 33, 1 << 33, 0]) else { panic!("one answer") };
    let expected = [
        Behaviour::answers("zero-first", blocks()),
        Behaviour::refuses("fold-left", Class::Overflow),
    ];
    assert_eq!(behaviours, expected);
    // 2^32 * 2^32 is the least that does, 2^32 * (2^32 - 1) does not.
    assert!(matches!(empty(&[1 << 32, 1 << 32, 0]), Lawful::OneOf(_)));
    assert_eq!(empty(&[1 << 32, (1 << 32) - 1, 0]), Lawful::One(blocks()));
}

/// Either sign of a minimum of zero is lawful (ENC-Z1): each such block doubles the encodings, and
/// a question has at most eight.
#[test]
fn a_question_has_at_most_eight_minima_of_zero() {
    let block: Vec<f32> = (0..32).map(|place| place as f32).collect();
    let of =
        |blocks: usize, mode| encode_expected(&[32 * blocks as u64], &block.repeat(blocks), mode);
    let Lawful::OneOf(eight) = of(8, Mode::Asymmetric).unwrap() else { panic!("one answer") };
    assert_eq!(eight.len(), 256);
    let payload = |behaviour: &Behaviour<Answer>| match &behaviour.expect {
        Lawful::One(Answer::Encoded(encoded)) => encoded.blocks.0.clone(),
        other => panic!("{other:?}"),
    };
    let mut payloads: BTreeSet<Vec<u8>> = eight.iter().map(payload).collect();
    assert_eq!(payloads.len(), 256);
    // They differ in the sign of each block's bias and in nothing else.
    let sign = |place: &usize| place % 20 == 3;
    let first = payloads.pop_first().unwrap();
    for other in payloads {
        let differs = |place: &usize| first[*place] != other[*place];
        let places: Vec<usize> = (0..160).filter(differs).collect();
        assert!(places.iter().all(sign), "{places:?}");
        assert!(places.iter().all(|&place| first[place] ^ other[place] == 0x80));
    }
    let words = "9 blocks have a minimum of zero, more than 8";
    assert_eq!(of(9, Mode::Asymmetric), Err(words.into()));
    assert!(matches!(of(9, Mode::Symmetric), Ok(Lawful::One(_))), "the bias is no minimum there");
}

/// DEC-3 and KHQ4-P6.
#[test]
fn a_decode_is_refused_for_its_length_its_scales_and_its_biases() {
    let answer = |blocks: &[&[u8]], len: u64| {
        expected(&Question::decode(FormatId::KHQ4, blocks.concat(), len)).unwrap()
    };
    let block =
        |scale: u16, bias: u16| [&scale.to_le_bytes()[..], &bias.to_le_bytes(), &[0; 16]].concat();
    let (sound, negative) = (block(0x3c00, 0x4000), block(0xbc00, 0x4000));
    let (no_scale, no_bias) = (block(0x0000, 0x4000), block(0x3c00, 0xfc00));
    assert_eq!(answer(&[&sound], 33), Lawful::refuse([Class::TruncatedPayload]));
    assert_eq!(answer(&[&sound, &sound], 32), Lawful::refuse([Class::TrailingBytes]));
    assert_eq!(answer(&[&sound, &[0]], 32), Lawful::refuse([Class::TrailingBytes]));
    assert_eq!(answer(&[&sound, &no_scale], 64), Lawful::refuse([Class::Scale]));
    assert_eq!(answer(&[&no_bias, &sound], 64), Lawful::refuse([Class::Bias]));
    let both = Lawful::refuse([Class::Scale, Class::Bias]);
    assert_eq!(answer(&[&no_bias, &no_scale], 64), both);
    for scale in [0x7c00, 0xfc00, 0x7e00, 0x8000] {
        let refused = answer(&[&block(scale, 0)], 32);
        assert_eq!(refused, Lawful::refuse([Class::Scale]), "scale {scale:04x}");
    }
    let twos = |count: usize| Answer::Values(Floats::F32(Bits(vec![0x4000_0000; count])));
    assert_eq!(answer(&[&sound, &sound], 33), Lawful::One(twos(33)));
    let Lawful::OneOf(behaviours) = answer(&[&sound, &negative], 64) else { panic!("one answer") };
    let expected = [
        Behaviour::answers("signed-scale", twos(64)),
        Behaviour::refuses("positive-scale", Class::Scale),
    ];
    assert_eq!(behaviours, expected);
}

#[test]
fn a_case_is_trusted_where_the_evaluator_derives_the_same() {
    let suite = embedded();
    let decode = suite.get("decode/nibble-00").unwrap();
    assert_eq!(verify(decode, None), Ok(()));
    let wrong = Case { expect: Lawful::refuse([Class::Scale]), ..decode.clone() };
    let error = verify(&wrong, None).unwrap_err();
    assert!(error.starts_with("expects Refuse({Scale}), but the exact evaluator says One("));
    // Any encoding within the bound is an expectation of lawful encodings only.
    let bounded =
        |case: &Case| Case { expect: Lawful::Within { refuse: BTreeSet::new() }, ..case.clone() };
    assert!(verify(&bounded(decode), None).is_err());
    let either = suite.get("load/negative-scale-first").unwrap();
    assert!(matches!(either.expect, Lawful::OneOf(_)));
    assert!(verify(&bounded(either), suite.control(either)).is_err());
    let plain: Vec<f32> = (1..33).map(|place| place as f32).collect();
    assert_eq!(verify(&bounded(&encode_case(&[32], &plain, Mode::Symmetric)), None), Ok(()));
    let zero = [0.0; 32];
    assert_eq!(verify(&bounded(&encode_case(&[32], &zero, Mode::Asymmetric)), None), Ok(()));
    let refused = bounded(&encode_case(&[32], &[f32::NAN; 32], Mode::Symmetric));
    assert!(verify(&refused, None).is_err());
}
