//! DOT: products with a quantized matrix.

use q4proof::codec::matmul;
use q4proof::format::Class;
use q4proof::subject::{Implementation, Reference, Response};
use q4proof::suite::answer::Given;
use q4proof::suite::hex::Bytes;
use q4proof::suite::judge::{Outcome, judge};
use q4proof::suite::question::Matmul;
use q4proof::suite::{Answer, Floats, FormatId, Question};

use crate::refusal;

use super::{BLOCK, asked, block, blocks, declined};

fn product(rows: u64, columns: u64, vectors: u64, payload: &[u8], x: &[f32]) -> Matmul {
    let (format, blocks, x) = (FormatId::KHQ4, Bytes(payload.to_vec()), Floats::of(x));
    Matmul { format, rows, columns, vectors, blocks, x }
}

fn input(rows: u64, columns: u64, payload: &[u8], x: &[f32]) -> Question {
    let vectors = x.len() as u64 / columns;
    Question::Matmul(product(rows, columns, vectors, payload, x))
}

fn given(values: &[f32]) -> Given {
    Ok(Answer::Values(Floats::of(values)))
}

/// The outcome of `values`, and the judge's sentence.
fn judged(question: Question, values: &[f32]) -> (Outcome, String) {
    let judgement = judge(&asked(question), &given(values), false);
    (judgement.outcome, judgement.summary)
}

fn request(rows: u64, columns: u64, vectors: u64, payload: &[u8], x: &[f32]) -> Response<Floats> {
    Reference.matmul(&product(rows, columns, vectors, payload, x), None)
}

#[test]
fn dot_1_a_sum_is_within_the_bound_of_its_terms() {
    // The block of [5, 6, 7] and ones: 32 times 5, and 22 steps of 273/2048, all terms positive. The
    // bound is (32 + 8) 2^-24 times the same sum, 0.000388.
    let exact = 160.0 + 22.0 * 273.0 / 2048.0;
    let bound = 40.0 * 2f64.powi(-24) * exact;
    let given = matmul(&blocks(&BLOCK), 1, 32, &[1.0; 32]);
    assert!((f64::from(given[0]) - exact).abs() <= bound, "{given:?}");
    let question = || input(1, 32, &BLOCK, &[1.0; 32]);
    let ulp = 2f64.powi(-16);
    assert_eq!(judged(question(), &[exact as f32]).0, Outcome::Pass);
    let inside = (bound / ulp).floor() * ulp;
    for sign in [1.0, -1.0] {
        assert_eq!(judged(question(), &[(exact + sign * inside) as f32]).0, Outcome::Pass);
        let (outcome, summary) = judged(question(), &[(exact + sign * (inside + ulp)) as f32]);
        assert_eq!(outcome, Outcome::Fail);
        assert!(summary.contains("value 0 errs by 1.0 times what DOT-1 allows"), "{summary}");
    }
    // A dropped bias is more than a hundred times as far as the bound.
    let (outcome, summary) = judged(question(), &[(exact - 160.0) as f32]);
    let share: f64 = summary.split(' ').nth(4).and_then(|word| word.parse().ok()).expect("a share");
    assert!(outcome == Outcome::Fail && share > 100.0, "{summary}");
    for nothing in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert_eq!(judged(question(), &[nothing]).0, Outcome::Fail);
    }
    // Of two that are equally far off the first is named.
    let two = || input(2, 32, &BLOCK.repeat(2), &[1.0; 32]);
    let (_, summary) = judged(two(), &[163.5; 2]);
    assert!(summary.starts_with("value 0 errs"), "{summary}");
    let (_, summary) = judged(two(), &[exact as f32, 163.5]);
    assert!(summary.starts_with("value 1 errs"), "{summary}");
    assert_eq!(judged(question(), &[]).0, Outcome::Fail);
    assert_eq!(judged(question(), &[exact as f32; 2]).0, Outcome::Fail);
}

#[test]
fn dot_2_a_single_power_of_two_gives_its_weight_exactly() {
    // Weight 1 of the block is 5.93310546875, weight 2 is 6.99951171875, the others of them 5.
    for (place, weight) in [(0, 5.0), (1, 5.933_105_5), (2, 6.999_511_7), (31, 5.0)] {
        for x in [1.0, -1.0, 0.25, 1024.0] {
            let mut vector = [0.0; 32];
            vector[place] = x;
            assert_eq!(matmul(&blocks(&BLOCK), 1, 32, &vector), [weight * x]);
            let question = || input(1, 32, &BLOCK, &vector);
            assert_eq!(judged(question(), &[weight * x]).0, Outcome::Pass);
            let next = f32::from_bits((weight * x).to_bits() + 1);
            assert_eq!(judged(question(), &[next]).0, Outcome::Fail);
        }
    }
}

#[test]
fn dot_3_each_vector_and_row_has_its_own_value() {
    // Row r is r + 1 ones, vector v counts from v: no two products are alike.
    let matrix: Vec<u8> =
        (0..9u8).flat_map(|row| block(0x3c00, 0x0000, (row + 1) * 0x11)).collect();
    let x: Vec<f32> = (0..96).map(|at| (at / 32 + 1) as f32).collect();
    let products = matmul(&blocks(&matrix), 9, 32, &x);
    let expected: Vec<f32> = (0..27).map(|at| (32 * (at / 9 + 1) * (at % 9 + 1)) as f32).collect();
    assert_eq!(products, expected);
    assert!(matmul(&blocks(&matrix), 9, 32, &[]).is_empty());
    assert!(matmul(&[], 0, 32, &x).is_empty());
    assert_eq!(judged(input(9, 32, &matrix, &x), &expected).0, Outcome::Pass);
    let mut unwritten = expected;
    unwritten[26] = 0.0;
    assert_eq!(judged(input(9, 32, &matrix, &x), &unwritten).0, Outcome::Fail);
}

#[test]
fn dot_4_rows_may_begin_inside_blocks_or_be_refused() {
    // 2 rows of 24: the second begins with weight 24 of the first block.
    let matrix = [block(0x3c00, 0x0000, 0x11), block(0x3c00, 0x0000, 0x22)].concat();
    let products = matmul(&blocks(&matrix), 2, 24, &[1.0; 24]);
    assert_eq!(products, [24.0, 8.0 + 2.0 * 16.0]);
    let question = || asked(input(2, 24, &matrix, &[1.0; 24]));
    let outcome = |given: &Given| judge(&question(), given, false).outcome;
    assert_eq!(outcome(&given(&products)), Outcome::Pass);
    assert_eq!(outcome(&refusal(Some(Class::Shape))), Outcome::Pass);
    assert_eq!(outcome(&refusal(None)), Outcome::Pass);
    assert_eq!(outcome(&refusal(Some(Class::Magic))), Outcome::WrongClass);
    // Where columns are floored there is nothing left of them.
    assert_eq!(outcome(&given(&[0.0, 0.0])), Outcome::Fail);
}

#[test]
fn dot_5_blocks_and_vectors_are_those_of_the_sizes() {
    let x = [1.0; 64];
    let done = Response::Done(Floats::of(&matmul(&blocks(&BLOCK.repeat(4)), 2, 64, &x)));
    assert_eq!(request(2, 64, 1, &BLOCK.repeat(4), &x), done);
    for (payload, class) in [
        (BLOCK.repeat(3), Class::TruncatedPayload),
        (BLOCK.repeat(4)[..79].to_vec(), Class::TruncatedPayload),
        (BLOCK.repeat(5), Class::TrailingBytes),
    ] {
        declined(request(2, 64, 1, &payload, &x), class);
    }
    for (vectors, x) in [(1, &x[..63]), (2, &x[..]), (1, &[1.0; 128]), (u64::MAX, &x[..])] {
        let answer = request(2, 64, vectors, &BLOCK.repeat(4), x);
        declined(answer, Class::ShapeMismatch);
    }
    declined(request(1 << 62, 32, 1, &BLOCK, &x[..32]), Class::TruncatedPayload);
    declined(request(u64::MAX, 0, 1, &[], &[]), Class::Shape);
}

#[test]
fn dot_6_blocks_without_values_are_refused_and_signs_are_kept() {
    let x = [1.0; 32];
    for (scale, bias, class) in
        [(0x7e00, 0, Class::Scale), (0x8000, 0, Class::Scale), (0x3c00, 0xfc00, Class::Bias)]
    {
        declined(request(1, 32, 1, &block(scale, bias, 0x11), &x), class);
    }
    let negative = block(0xbc00, 0x4000, 0x11);
    assert_eq!(matmul(&blocks(&negative), 1, 32, &x), [32.0]);
    let question = asked(input(1, 32, &negative, &x));
    let outcome = |given: &Given| judge(&question, given, false).outcome;
    assert_eq!(outcome(&given(&[32.0])), Outcome::Pass);
    assert_eq!(outcome(&given(&[96.0])), Outcome::Fail);
    assert_eq!(outcome(&refusal(Some(Class::Scale))), Outcome::Pass);
}
