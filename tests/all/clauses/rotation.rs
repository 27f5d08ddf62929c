//! ROT: the rotation of weights.

use q4proof::codec::rotation::{each_column, each_row, fold_norm};
use q4proof::codec::{Rotation, RotationError};
use q4proof::format::Class;
use q4proof::subject::{Implementation, Reference, Response};
use q4proof::suite::hex::Bits64;
use q4proof::suite::judge::{Outcome, judge};
use q4proof::suite::question::{Rotate, Side};
use q4proof::suite::{Answer, Floats, FormatId, Question};

use super::{asked, declined};

fn plain(seed: u64, values: &[f32]) -> Vec<f32> {
    let mut values = values.to_vec();
    Rotation::plain(seed, values.len() as u64).expect("a power of two").apply(&mut values);
    values
}

fn request(rows: u64, columns: u64, values: &[f32]) -> Rotate {
    Rotate {
        format: FormatId::QUAROT,
        seed: 42,
        side: Side::Input,
        inverse: false,
        rows,
        columns,
        block: None,
        gamma: None,
        values: Floats::of(values),
    }
}

fn rotated(question: &Rotate) -> Response<Floats> {
    Reference.rotate(question, None)
}

#[test]
fn rot_1_the_signs_of_three_seeds() {
    for (seed, signs) in [
        (0, "+-+-+-+-+-+-----"),
        (42, "-++++-+-+-++-++-"),
        (0xcafe_babe_dead_beef, "++++++----+-+-+-"),
    ] {
        // The inverse of a single 1 in the first place is the signs, divided by sqrt(16).
        let mut values = [0.0f32; 16];
        values[0] = 4.0;
        Rotation::plain(seed, 16).expect("a power of two").invert(&mut values);
        let shown: String =
            values.iter().map(|&value| if value == 1.0 { '+' } else { '-' }).collect();
        assert_eq!(shown, signs);
        assert!(values.iter().all(|value| value.abs() == 1.0), "{values:?}");
    }
}

#[test]
fn rot_2_butterflies_then_one_multiplication_by_the_factor() {
    // [1, 2, 3, 4] with the signs - + + + of seed 42: -1 2 3 4, then 1 -3 7 -1, then 8 -4 -6 -2.
    assert_eq!(plain(42, &[1.0, 2.0, 3.0, 4.0]), [4.0, -2.0, -3.0, -1.0]);
    // The sign of seed 42 is a minus, and the factor of one value is 1.
    assert_eq!(plain(42, &[3.5]), [-3.5]);
    // -1 and 2 of n = 2: sum 1, difference -3; 1/sqrt(2) is 3f3504f3. 3 times it is 4007c3b6, where
    // 3 / sqrt(2) would be 4007c3b7.
    let [sum, difference] = plain(42, &[1.0, 2.0])[..] else { panic!("two values") };
    assert_eq!((sum.to_bits(), difference.to_bits()), (0x3f35_04f3, 0xc007_c3b6));
    let mut double = [1.0f64, 2.0];
    Rotation::plain(42, 2).expect("a power of two").apply(&mut double);
    assert_eq!(double[0].to_bits(), 0x3fe6_a09e_667f_3bcc);
}

#[test]
fn rot_3_the_inverse_undoes_and_applying_twice_does_not() {
    let values: Vec<f32> = (0..64).map(|at| (at * at % 23) as f32).collect();
    let rotation = Rotation::plain(7, 64).expect("a power of two");
    let mut turned = values.clone();
    rotation.apply(&mut turned);
    let mut twice = turned.clone();
    rotation.apply(&mut twice);
    rotation.invert(&mut turned);
    // All sums are integers below 2^24 and the factor is 1/8: nothing is lost.
    assert_eq!(turned, values);
    assert_ne!(twice, values);
    let mut inverse_first = values.clone();
    rotation.invert(&mut inverse_first);
    assert_ne!(inverse_first, plain(7, &values));
}

#[test]
fn rot_4_a_length_is_a_power_of_two() {
    for length in [1, 2, 4, 1 << 20, 1 << 63] {
        assert!(Rotation::plain(0, length).is_ok(), "{length}");
    }
    for length in [0, 3, 6, 12, (1 << 20) + 1, u64::MAX] {
        assert_eq!(Rotation::plain(0, length), Err(RotationError::Length(length)));
    }
    declined(rotated(&request(1, 3, &[1.0; 3])), Class::Shape);
    declined(rotated(&request(0, 0, &[])), Class::Shape);
}

#[test]
fn rot_5_each_run_has_a_mixed_seed_of_its_own() {
    // The signs of mix(42 + i GAMMA), i = 0, 1, 2: --+-, -++-, -+-+. Plain, seed 42 has -+++.
    let mut values = [0.0f32; 12];
    values.iter_mut().step_by(4).for_each(|value| *value = 2.0);
    Rotation::in_runs(42, 12, 4).expect("three runs").invert(&mut values);
    assert_eq!(values, [-1.0, -1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0, 1.0]);

    for (length, run) in [(12, 4), (1 << 24, 4096), (4096, 1), (8, 8), (24, 8)] {
        assert!(Rotation::in_runs(0, length, run).is_ok(), "{run} in {length}");
    }
    for (length, run) in [
        (12, 8),
        (12, 3),
        (8, 16),
        (8, 0),
        (0, 1),
        (0, 4),
        ((1 << 24) + 4096, 4096),
        (1 << 25, 1 << 20),
        (8194, 2),
        (4097, 1),
    ] {
        let error = Rotation::in_runs(0, length, run).expect_err("unlawful");
        assert_eq!(error, RotationError::Runs { length, run });
        assert!(error.to_string().starts_with(&format!("runs of {run} in a length of {length}")));
    }
}

#[test]
fn rot_6_rows_on_the_input_side_and_columns_on_the_output_side() {
    let rotation = Rotation::plain(42, 4).expect("a power of two");
    // Two rows, the second twice the first; as columns of a matrix of 4 times 2 the same.
    let mut rows = [1.0f32, 2.0, 3.0, 4.0, 2.0, 4.0, 6.0, 8.0];
    each_row(&mut rows, 4, |row| rotation.apply(row));
    assert_eq!(rows, [4.0, -2.0, -3.0, -1.0, 8.0, -4.0, -6.0, -2.0]);
    let mut columns = [1.0f32, 2.0, 2.0, 4.0, 3.0, 6.0, 4.0, 8.0];
    each_column(&mut columns, 2, |column| rotation.apply(column));
    assert_eq!(columns, [4.0, 8.0, -2.0, -4.0, -3.0, -6.0, -1.0, -2.0]);
    let by_request =
        Rotate { side: Side::Output, ..request(4, 2, &[1.0, 2.0, 2.0, 4.0, 3.0, 6.0, 4.0, 8.0]) };
    assert_eq!(rotated(&by_request), Response::Done(Floats::of(&columns)));
    assert_eq!(rotated(&request(0, 8, &[])), Response::Done(Floats::of(&[])));
}

#[test]
fn rot_7_a_norm_is_folded_before_the_rotation() {
    // 1 + gamma is 1, 2, 0.5, 1: [1, 1, 6, 4] becomes [1, 2, 3, 4].
    let mut values = [1.0f32, 1.0, 6.0, 4.0];
    let gamma = [0.0f32, 1.0, -0.5, 0.0];
    fold_norm(&mut values, &gamma);
    assert_eq!(values, [1.0, 2.0, 3.0, 4.0]);
    let folded = Rotate { gamma: Some(Floats::of(&gamma)), ..request(1, 4, &[1.0, 1.0, 6.0, 4.0]) };
    let expected = Floats::of(&[4.0, -2.0, -3.0, -1.0]);
    assert_eq!(rotated(&folded), Response::Done(expected));
    // Two roundings: 1 + 2^-24 is 1 in f32, and a product is rounded by itself.
    let mut rounded = [3.0f32];
    fold_norm(&mut rounded, &[2f32.powi(-24)]);
    assert_eq!(rounded, [3.0]);
    let outside = Rotate { inverse: true, ..folded };
    assert_eq!(rotated(&outside), Response::Unsupported);
}

#[test]
fn rot_8_values_and_norm_are_those_of_the_sizes() {
    for (rows, columns, count) in [(2, 8, 15), (2, 8, 17), (2, 8, 0), (1 << 61, 8, 16)] {
        let answer = rotated(&request(rows, columns, &vec![1.0; count]));
        declined(answer, Class::ShapeMismatch);
    }
    for gamma in [7, 9, 0] {
        let gamma = Some(Floats::of(&vec![0.5; gamma]));
        let answer = rotated(&Rotate { gamma, ..request(2, 8, &[1.0; 16]) });
        declined(answer, Class::ShapeMismatch);
    }
}

#[test]
fn rot_9_another_order_is_within_the_bound_and_another_rotation_is_not() {
    let outcome = |values: &[f32], given: &[f32]| {
        let question = Question::Rotate(request(1, values.len() as u64, values));
        let given = Ok(Answer::Values(Floats::of(given)));
        let judgement = judge(&asked(question), &given, false);
        (judgement.outcome, judgement.behaviour, judgement.summary)
    };
    // 3 / sqrt(2), rounded once, is one unit from the canonical bits.
    let right = [f32::from_bits(0x3f35_04f3), f32::from_bits(0xc007_c3b6)];
    let divided = [right[0], f32::from_bits(0xc007_c3b7)];
    assert_eq!(outcome(&[1.0, 2.0], &right).0, Outcome::Pass);
    let (alternate, behaviour, _) = outcome(&[1.0, 2.0], &divided);
    assert_eq!((alternate, behaviour.as_deref()), (Outcome::PassAlternate, Some("within-bound")));

    // [1, 2, 3, 4] gives 4 -2 -3 -1; the bound is (2 + 6) 2^-24 times 10 / 2, which is 40 2^-24.
    let four = [1.0, 2.0, 3.0, 4.0];
    let off = |units: f32| [4.0, -2.0, -3.0 + units * 2f32.powi(-24), -1.0];
    // -3 counts in units of 2^-22, and towards zero as well.
    assert_eq!(outcome(&four, &off(40.0)).0, Outcome::PassAlternate);
    assert_eq!(outcome(&four, &off(-40.0)).0, Outcome::PassAlternate);
    for units in [44.0, -44.0] {
        let (outcome, _, summary) = outcome(&four, &off(units));
        assert_eq!(outcome, Outcome::Fail);
        assert!(summary.contains("value 2 errs by 1.1 times what ROT-9 allows"), "{summary}");
    }
    // Of two that are equally far off the first is named.
    let (_, _, summary) = outcome(&four, &[4.0, -1.5, -2.5, -1.0]);
    assert!(summary.contains("value 1 errs"), "{summary}");
    assert_eq!(outcome(&four, &[4.0, -2.0, -3.0, f32::NAN]).0, Outcome::Fail);
    assert_eq!(outcome(&four, &[4.0, -2.0, -3.0]).0, Outcome::Fail);
    assert_eq!(outcome(&four, &[8.0, -4.0, -6.0, -2.0]).0, Outcome::Fail);

    // In f64 the unit is 2^-53.
    let values = Floats::F64(Bits64::of(&[1.0, 2.0, 3.0, 4.0]));
    let case = asked(Question::Rotate(Rotate { values, ..request(1, 4, &[]) }));
    let outcome = |units: f64| {
        let given = Bits64::of(&[4.0, -2.0, -3.0 + units * 2f64.powi(-53), -1.0]);
        judge(&case, &Ok(Answer::Values(Floats::F64(given))), false).outcome
    };
    assert_eq!(outcome(0.0), Outcome::Pass);
    assert_eq!(outcome(40.0), Outcome::PassAlternate);
    assert_eq!(outcome(44.0), Outcome::Fail);
}
