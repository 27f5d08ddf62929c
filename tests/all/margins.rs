//! How near to its bound an answer came: the share that a judgement carries, beside shares worked out
//! by hand from the clauses.

use q4proof::suite::answer::Given;
use q4proof::suite::hex::{Bits, Bits64, Bytes};
use q4proof::suite::judge::{Judgement, Outcome, judge};
use q4proof::suite::question::{Matmul, Mode, Rotate, Side};
use q4proof::suite::{Answer, Encoded, Floats, FormatId, Lawful, Question};

use crate::{case_of, embedded, expected};

fn judged(question: Question, given: &Given, bounded: bool) -> Judgement {
    let expect = expected(&question).expect("an answer");
    judge(&case_of(question, expect), given, bounded)
}

fn encoded(values: &[f32], payload: &[u8], bounded: bool) -> Judgement {
    let (mode, shape) = (Some(Mode::Asymmetric), [values.len() as u64]);
    let question = Question::encode(FormatId::KHQ4, mode, &shape, Floats::of(values));
    judged(question, &Ok(Answer::Encoded(Encoded::of(payload.to_vec()))), bounded)
}

fn block(scale: u16, bias: u16, pairs: &[u8]) -> Vec<u8> {
    let mut block = [&scale.to_le_bytes()[..], &bias.to_le_bytes(), pairs].concat();
    block.resize(20, 0);
    block
}

/// 0 to 15 twice: scale 1 and bias 0, both without rounding, so that ENC-B1 allows 1/2 + 2^-23 16.
#[test]
fn an_encoding_s_share_is_its_largest_error_by_enc_b1() {
    let ramp: Vec<f32> = (0..32u8).map(|place| f32::from(place % 16)).collect();
    let pairs: Vec<u8> = (0..16).map(|pair| (2 * pair % 16) | ((2 * pair + 1) % 16 * 16)).collect();
    let bound = 0.5 + 2f64.powi(-19);
    let canonical = block(0x3c00, 0, &pairs);
    assert_eq!(
        encoded(&ramp, &canonical, true).share,
        None,
        "its bits are right: none is measured"
    );

    // Value 2 as 3 is one off, beyond the bound.
    let mut beyond = canonical.clone();
    beyond[5] = 0x33;
    for bounded in [false, true] {
        let judgement = encoded(&ramp, &beyond, bounded);
        assert_eq!((judgement.outcome, judgement.share), (Outcome::Fail, Some(1.0 / bound)));
    }
    // A bias of 2^-24, the least of f16, moves every value by it: within the bound, and lawful where
    // that is claimed.
    let moved = block(0x3c00, 1, &pairs);
    for (bounded, outcome) in [(false, Outcome::Fail), (true, Outcome::PassAlternate)] {
        let judgement = encoded(&ramp, &moved, bounded);
        let share = 2f64.powi(-24) / bound;
        assert_eq!((judgement.outcome, judgement.share), (outcome, Some(share)));
    }
    // The largest error counts, wherever it is: of values 2 and 5, two off, and 30, one off.
    let mut several = canonical;
    (several[5], several[6], several[19]) = (0x34, 0x74, 0xff);
    assert_eq!(encoded(&ramp, &several, false).share, Some(2.0 / bound));
}

/// A range of 2^-22 is degenerate: 2^-22 / 15 rounds to the scale 0. The bound is the range.
#[test]
fn a_degenerate_block_s_share_is_of_its_range() {
    let values = [0.25, 0.25 + 2f32.powi(-22)];
    // 0.25 + 2 2^-24, half of the range below the second value.
    let judgement = encoded(&values, &block(0x0001, 0x3400, &[0x20]), true);
    assert_eq!((judgement.outcome, judgement.share), (Outcome::PassAlternate, Some(0.5)));
    // Without a range nothing is allowed, and an error is no share of nothing.
    let judgement = encoded(&[7.0], &block(0x3c00, 0x4700, &[0x01]), true);
    assert_eq!((judgement.outcome, judgement.share), (Outcome::Fail, None));
    // As little is one of what is no payload of these values.
    assert_eq!(encoded(&[7.0], &[0; 19], true).share, None);
}

/// 32 weights of 2 times 1: the sum is 64, and DOT-1 allows (32 + 8) 2^-24 64.
#[test]
fn a_product_s_share_is_its_error_by_dot_1() {
    let product = |values: &[f32]| {
        let question = Question::Matmul(Matmul {
            format: FormatId::KHQ4,
            rows: 1,
            columns: 32,
            vectors: 1,
            blocks: Bytes(block(0x3c00, 0x4000, &[])),
            x: Floats::of(&[1.0; 32]),
        });
        let judgement = judged(question, &Ok(Answer::Values(Floats::of(values))), false);
        (judgement.outcome, judgement.share)
    };
    assert_eq!(product(&[64.0]), (Outcome::Pass, Some(0.0)));
    // The next f32 is 2^-17 above it: 2^7 of 40 64 units.
    assert_eq!(product(&[64.0 + 2f32.powi(-17)]), (Outcome::Pass, Some(0.05)));
    assert_eq!(product(&[64.0 - 2f32.powi(-18)]), (Outcome::Pass, Some(0.025)));
    assert_eq!(product(&[65.0]), (Outcome::Fail, Some(6553.6)));
    assert_eq!(product(&[f32::NAN]), (Outcome::Fail, None));
    assert_eq!(product(&[64.0, 64.0]), (Outcome::Fail, None));
}

/// The signs of seed 42 begin with - and +: [1, 1] becomes 0 and -2, both divided by the root of 2. ROT-9
/// allows (1 + 6) u 2 / sqrt(2), where u is 2^-24 or 2^-53.
#[test]
fn a_rotation_s_share_is_its_error_by_rot_9() {
    let rotated = |values: Floats, gamma: Option<Floats>, given: &Given| {
        let question = Question::Rotate(Rotate {
            format: FormatId::QUAROT,
            seed: 42,
            side: Side::Input,
            inverse: false,
            rows: 1,
            columns: 2,
            block: None,
            gamma,
            values,
        });
        let judgement = judged(question, given, false);
        (judgement.outcome, judgement.share)
    };
    let bits = |bits: &[u32]| Ok(Answer::Values(Floats::F32(Bits(bits.to_vec()))));
    let single = |units: f32| {
        let given = bits(&[(units * 2f32.powi(-24)).to_bits(), 0xbfb5_04f3]);
        rotated(Floats::of(&[1.0, 1.0]), None, &given)
    };
    let double = |units: f64| {
        let second = -std::f64::consts::SQRT_2;
        let given = Bits64::of(&[units * 2f64.powi(-53), second]);
        let given = Ok(Answer::Values(Floats::F64(given)));
        rotated(Floats::F64(Bits64::of(&[1.0, 1.0])), None, &given)
    };
    assert_eq!(single(0.0), (Outcome::Pass, None), "its bits are right: none is measured");
    for (units, outcome) in [
        (4.0, Outcome::PassAlternate),
        (-9.0, Outcome::PassAlternate),
        (10.0, Outcome::Fail),
        (-70.0, Outcome::Fail),
    ] {
        let share = f64::from(f32::abs(units)) * 2f64.sqrt() / 14.0;
        for (found, given) in [single(units), double(units.into())] {
            let given = given.expect("a share");
            assert_eq!(found, outcome, "{units}");
            assert!((given - share).abs() < 1e-12, "{given}, expected {share} for {units}");
        }
    }
    // A norm's weights of 1 are factors of 2: all is twice as large, and so is what may be missed.
    let ones = Floats::of(&[1.0, 1.0]);
    let given = bits(&[(4.0 * 2f32.powi(-24)).to_bits(), 0xc035_04f3]);
    let (outcome, share) = rotated(ones.clone(), Some(ones), &given);
    assert_eq!(outcome, Outcome::PassAlternate);
    assert!((share.expect("a share") - 4.0 * 2f64.sqrt() / 28.0).abs() < 1e-12, "{share:?}");
}

#[test]
fn what_no_bound_is_asked_about_has_no_share() {
    for id in ["decode/nibble-00", "load/accept-1d-32", "save/1d-32"] {
        let case = embedded().get(id).expect("a case");
        assert!(matches!(case.expect, Lawful::One(_)), "{id}");
        let judgement = judge(case, &Ok(Answer::Values(Floats::of(&[1.0]))), false);
        assert_eq!((judgement.outcome, judgement.share), (Outcome::Fail, None), "{id}");
    }
}

/// Logs from before there was a share are read, and what has none is written as they were.
#[test]
fn a_judgement_is_written_with_a_share_only_where_it_has_one() {
    let plain: Judgement = serde_json::from_str(r#"{"outcome":"pass"}"#).expect("a judgement");
    assert_eq!(plain, Judgement::plain(Outcome::Pass, ""));
    assert_eq!(serde_json::to_string(&plain).expect("JSON"), r#"{"outcome":"pass"}"#);
    let near = Judgement { share: Some(0.8125), ..plain };
    let text = serde_json::to_string(&near).expect("JSON");
    assert_eq!(text, r#"{"outcome":"pass","share":0.8125}"#);
    assert_eq!(serde_json::from_str::<Judgement>(&text).expect("a judgement"), near);
}
