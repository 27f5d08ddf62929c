//! What the evaluator says of products, rotations, f16 and Q4_1 where it has no answer, or more than
//! one; and what a person is told of a wrong one.

use q4proof::format::Class;
use q4proof::suite::answer::Given;
use q4proof::suite::hex::{Bits, Bits16, Bits64, Bytes};
use q4proof::suite::judge::{Judgement, Outcome, judge};
use q4proof::suite::question::{Decode, Matmul, Rotate, Side};
use q4proof::suite::{Answer, Encoded, Float, Floats, FormatId, Lawful, Question};

use crate::{case_of, expected, refusal};

/// Scale 1, bias 2, nibbles of zero: 32 times 2.
const TWOS: [u8; 20] = [0, 0x3c, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// What is lawful.
type Expected = Result<Lawful<Answer>, String>;

fn judged(question: Question, expect: Lawful<Answer>, given: &Given) -> Judgement {
    judge(&case_of(question, expect), given, false)
}

/// An answer of f32 values.
fn singles(values: &[f32]) -> Answer {
    Answer::Values(Floats::of(values))
}

fn block(scale: u16, bias: u16) -> Vec<u8> {
    [&scale.to_le_bytes()[..], &bias.to_le_bytes(), &[0; 16]].concat()
}

fn matmul(rows: u64, columns: u64, vectors: u64, blocks: &[u8], x: &[f32]) -> Question {
    let (format, blocks, x) = (FormatId::KHQ4, Bytes(blocks.to_vec()), Floats::of(x));
    Question::Matmul(Matmul { format, rows, columns, vectors, blocks, x })
}

fn within(refuse: &[Class]) -> Lawful<Answer> {
    Lawful::Within { refuse: refuse.iter().copied().collect() }
}

fn dot(refuse: &[Class]) -> Expected {
    Ok(within(refuse))
}

#[test]
fn a_product_is_exact_where_one_power_of_two_is_all_there_is() {
    let with = |values: &[(usize, f32)]| {
        let mut x = [0.0; 32];
        values.iter().for_each(|&(at, value)| x[at] = value);
        expected(&matmul(1, 32, 1, &TWOS, &x))
    };
    let exact = |value: f32| Ok(Lawful::One(singles(&[value])));
    assert_eq!(with(&[(3, 4.0)]), exact(8.0));
    assert_eq!(with(&[(3, -0.5), (4, -0.0)]), exact(-1.0));
    // No power of two, two values, or none.
    assert_eq!(with(&[(3, 3.0)]), dot(&[]));
    assert_eq!(with(&[(3, 4.0), (9, 4.0)]), dot(&[]));
    assert_eq!(with(&[]), dot(&[]));
    // A product of zero may have either sign.
    let zeros = block(0x3c00, 0x0000);
    let mut x = [0.0; 32];
    x[0] = 1.0;
    assert_eq!(expected(&matmul(1, 32, 1, &zeros, &x)), dot(&[]));
    // Of two vectors each has to be such a one.
    let mut two = [0.0; 64];
    (two[0], two[40]) = (1.0, 2.0);
    let both = Ok(Lawful::One(singles(&[2.0, 4.0])));
    assert_eq!(expected(&matmul(1, 32, 2, &TWOS, &two)), both);
    two[41] = 1.0;
    assert_eq!(expected(&matmul(1, 32, 2, &TWOS, &two)), dot(&[]));
}

#[test]
fn a_product_is_refused_for_each_of_its_extents() {
    let x = [1.0; 64];
    let refused = |classes: &[Class]| Ok(Lawful::refuse(classes.to_vec()));
    let two = TWOS.repeat(2);
    assert_eq!(expected(&matmul(1, 64, 1, &two, &x)), dot(&[]));
    assert_eq!(expected(&matmul(1, 64, 1, &TWOS, &x)), refused(&[Class::TruncatedPayload]));
    assert_eq!(expected(&matmul(1, 64, 1, &TWOS.repeat(3), &x)), refused(&[Class::TrailingBytes]));
    assert_eq!(expected(&matmul(1, 64, 1, &two, &x[..63])), refused(&[Class::ShapeMismatch]));
    assert_eq!(expected(&matmul(1, 64, 2, &two, &x)), refused(&[Class::ShapeMismatch]));
    let both = [Class::TruncatedPayload, Class::ShapeMismatch];
    assert_eq!(expected(&matmul(1, 64, 1, &TWOS, &x[..1])), refused(&both));
    let narrow = [Class::ShapeMismatch, Class::Shape];
    assert_eq!(expected(&matmul(1, 33, 1, &two, &x)), refused(&narrow));
    assert_eq!(expected(&matmul(1, 33, 1, &two, &x[..33])), dot(&[Class::Shape]));
    let negative = [block(0xbc00, 0x4000), TWOS.to_vec()].concat();
    assert_eq!(expected(&matmul(1, 64, 1, &negative, &x)), dot(&[Class::Scale]));
    // One power of two binds nobody who may refuse the product.
    let mut power = [0.0; 64];
    power[3] = 4.0;
    let eight = Ok(Lawful::One(singles(&[8.0])));
    assert_eq!(expected(&matmul(1, 64, 1, &two, &power)), eight);
    assert_eq!(expected(&matmul(1, 64, 1, &negative, &power)), dot(&[Class::Scale]));
    assert_eq!(expected(&matmul(1, 33, 1, &two, &power[..33])), dot(&[Class::Shape]));
    let flat = dot(&[Class::Scale, Class::Shape]);
    assert_eq!(expected(&matmul(1, 33, 1, &negative, &x[..33])), flat);
    assert_eq!(expected(&matmul(1 << 63, 64, 1, &two, &x)), refused(&[Class::TruncatedPayload]));
    let nothing = Ok(Lawful::One(singles(&[])));
    assert_eq!(expected(&matmul(1, 64, 0, &two, &[])), nothing);
    assert_eq!(expected(&matmul(0, 64, 1, &[], &x)), dot(&[]));
}

/// ERR-2, of blocks apart from a file.
#[test]
fn raw_blocks_are_refused_for_each_of_their_faults() {
    let (zero, infinite) = (block(0x8000, 0x4000), block(0x7c00, 0x4000));
    let (nan, negative) = (block(0x3c00, 0x7e00), block(0xbc00, 0x4000));
    let refused = |blocks: &[&[u8]], original_len, classes: &[Class]| {
        let question = Question::decode(FormatId::KHQ4, blocks.concat(), original_len);
        assert_eq!(expected(&question), Ok(Lawful::refuse(classes.to_vec())), "{blocks:02x?}");
    };
    refused(&[&zero, &nan], 64, &[Class::Scale, Class::Bias]);
    refused(&[&nan, &infinite], 64, &[Class::Scale, Class::Bias]);
    refused(&[&negative, &nan], 64, &[Class::Scale, Class::Bias]);
    refused(&[&TWOS], 64, &[Class::TruncatedPayload]);
    refused(&[&zero], 64, &[Class::TruncatedPayload, Class::Scale]);
    refused(&[&nan], 64, &[Class::TruncatedPayload, Class::Bias]);
    refused(&[&negative], u64::MAX, &[Class::TruncatedPayload, Class::Scale]);
    refused(&[&zero, &nan], 65, &[Class::TruncatedPayload, Class::Scale, Class::Bias]);
    refused(&[&nan, &[0]], 32, &[Class::TrailingBytes, Class::Bias]);
    // What is behind the blocks of the values, or is not whole, is no block.
    refused(&[&TWOS, &zero], 32, &[Class::TrailingBytes]);
    refused(&[&TWOS, &zero[..19]], 64, &[Class::TruncatedPayload]);
}

#[test]
fn of_some_products_nothing_is_demanded() {
    let (least, beyond) = (2f32.powi(-90), 2f32.powi(90));
    let below = |value: f32| f32::from_bits(value.to_bits() - 1);
    for x in
        [f32::NAN, f32::INFINITY, f32::from_bits(1), below(least), -below(least), beyond, -beyond]
    {
        let mut values = [1.0; 32];
        values[31] = x;
        let error = expected(&matmul(1, 32, 1, &TWOS, &values)).expect_err("no answer");
        assert!(error.contains("DOT-1 demands nothing"), "{error}");
    }
    for x in [least, -least, below(beyond), -0.0] {
        assert_eq!(expected(&matmul(1, 32, 1, &TWOS, &[&[1.0; 31][..], &[x]].concat())), dot(&[]));
    }
    assert!(
        expected(&matmul(1, 0, 0, &[], &[])).expect_err("no answer").contains("without columns")
    );
}

#[test]
fn a_product_of_another_kind_or_number_is_a_failure() {
    let question = || matmul(2, 32, 1, &TWOS.repeat(2), &[1.0; 32]);
    let of = |given: &Given, refuse: &[Class]| {
        let judgement = judged(question(), within(refuse), given);
        let rows = judgement
            .rows
            .iter()
            .map(|row| format!("{}: {} / {}", row.field, row.expected, row.got));
        (judgement.outcome, judgement.summary.clone(), rows.collect::<Vec<_>>())
    };
    let values = |values: &[f32]| Ok(singles(values));
    assert_eq!(of(&values(&[64.0, 64.0]), &[]).0, Outcome::Pass);
    let (outcome, summary, rows) = of(&values(&[64.0]), &[]);
    assert_eq!((outcome, &summary[..]), (Outcome::Fail, "1 field differs"));
    assert_eq!(rows, ["values: 2 / 1"]);
    let (outcome, summary, rows) = of(&Ok(Answer::Encoded(Encoded::of(vec![0xab]))), &[]);
    assert_eq!((outcome, &summary[..]), (Outcome::Fail, "no product within DOT-1"));
    assert_eq!(rows, ["answer: 2 values / accepted, blocks ab"]);
    let (_, summary, rows) = of(&values(&[64.0, 65.0]), &[]);
    assert!(summary.starts_with("value 1 errs by 6553.6 times"), "{summary}");
    assert!(rows[0].starts_with("value 1: 6.4e1 within 1.52"), "{rows:?}");
    assert!(rows[0].ends_with(" / 6.5e1"), "{rows:?}");

    assert_eq!(of(&refusal(None), &[]).0, Outcome::Fail);
    assert_eq!(of(&refusal(None), &[Class::Shape]).0, Outcome::Pass);
    assert_eq!(of(&refusal(Some(Class::Scale)), &[Class::Shape]).0, Outcome::WrongClass);
    let decode = Question::decode(FormatId::KHQ4, Vec::new(), 0);
    let none = judged(decode, within(&[]), &values(&[]));
    let words = "no bound is known for this question";
    assert_eq!((none.outcome, &none.summary[..]), (Outcome::Fail, words));
    let mut of_doubles = matmul(1, 32, 1, &TWOS, &[1.0; 32]);
    let Question::Matmul(product) = &mut of_doubles else { panic!("a product") };
    product.x = Floats::F64(Bits64::of(&[1.0; 32]));
    let none = judged(of_doubles, within(&[]), &values(&[64.0]));
    assert_eq!((none.outcome, &none.summary[..]), (Outcome::Fail, "the case asks for no product"));
    let endless = matmul(1, 32, 1, &TWOS, &[f32::NAN; 32]);
    let none = judged(endless, within(&[]), &values(&[1.0]));
    assert!(none.outcome == Outcome::Fail && none.summary.contains("nothing"), "{none:?}");
}

/// Two rows of four, or what is left of them.
fn rotate(change: impl FnOnce(&mut Rotate)) -> Question {
    let mut rotate = Rotate {
        format: FormatId::QUAROT,
        seed: 42,
        side: Side::Input,
        inverse: false,
        rows: 2,
        columns: 4,
        block: None,
        gamma: None,
        values: Floats::F32(Bits::of(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])),
    };
    change(&mut rotate);
    Question::Rotate(rotate)
}

#[test]
fn some_rotations_are_no_questions() {
    let double = || Floats::F64(Bits64::of(&[1.0; 8]));
    let single = || Floats::F32(Bits::of(&[0.5; 4]));
    type Change = Box<dyn FnOnce(&mut Rotate)>;
    let set = |changes: [Option<Floats>; 2], in_runs: bool, turned: bool, undone: bool| -> Change {
        Box::new(move |rotate| {
            let [values, gamma] = changes;
            if let Some(values) = values {
                rotate.values = values;
            }
            rotate.gamma = gamma;
            if in_runs {
                rotate.block = Some(2);
            }
            if turned {
                (rotate.side, rotate.rows, rotate.columns) = (Side::Output, 4, 2);
            }
            rotate.inverse = undone;
        })
    };
    let answered = |change: Change| expected(&rotate(change)).is_ok();
    assert!(answered(set([None, None], false, false, false)));
    assert!(answered(set([None, None], true, false, true)));
    assert!(answered(set([None, Some(single())], true, false, false)));
    assert!(answered(set([None, None], false, true, true)));
    assert!(answered(set([Some(double()), None], false, true, false)));
    // Runs of f64, and of columns.
    assert!(!answered(set([Some(double()), None], true, false, false)));
    assert!(!answered(set([None, None], true, true, false)));
    // A norm of the other precision, of columns, and for the inverse.
    assert!(!answered(set([Some(double()), Some(single())], false, false, false)));
    assert!(!answered(set([None, Some(single())], false, true, false)));
    assert!(!answered(set([None, Some(single())], false, false, true)));
    // Of what is not finite nothing is demanded.
    let infinite = Floats::F32(Bits::of(&[f32::INFINITY; 8]));
    assert!(!answered(set([Some(infinite), None], false, false, false)));
}

#[test]
fn a_wrong_rotation_is_told_by_how_far_it_is_off() {
    let question = || rotate(|_| {});
    let right = [4.0f32, -2.0, -3.0, -1.0, 8.0, -6.0, -7.0, -5.0];
    let expect = || expected(&question()).expect("an answer");
    assert_eq!(expect(), Lawful::One(singles(&right)));
    let of = |given: &Given| judged(question(), expect(), given);
    let with = |at: usize, value: f32| {
        let mut values = right;
        values[at] = value;
        of(&Ok(singles(&values)))
    };
    // The other sign of an exact value, and numbers on the other side of zero.
    for (at, value) in [(2, 3.0), (2, 1.0), (0, -4.0), (0, -1.0), (7, 0.0), (5, 6.0)] {
        let judgement = with(at, value);
        assert_eq!(judgement.outcome, Outcome::Fail, "{at} {value}");
        assert!(judgement.summary.contains(&format!("; value {at} errs by ")), "{judgement:?}");
    }
    assert_eq!(with(6, -7.0 + 2f32.powi(-21)).outcome, Outcome::PassAlternate);
    // Another number of values, and another kind, are told as they stand.
    let short = of(&Ok(singles(&right[..7])));
    assert_eq!((short.outcome, &short.summary[..]), (Outcome::Fail, "2 fields differ"));
    let other = of(&Ok(Answer::Encoded(Encoded::of(vec![1]))));
    assert_eq!((other.outcome, &other.summary[..]), (Outcome::Fail, "1 field differs"));
    let double = of(&Ok(Answer::Values(Floats::F64(Bits64::of(&[4.0; 8])))));
    assert_eq!(double.outcome, Outcome::Fail);
}

/// The sign of seed 42's first value is a minus, which a zero shows in its highest bit.
#[test]
fn a_zero_has_the_sign_that_its_operations_give_it() {
    let single = |new: Floats| {
        expected(&rotate(|rotate| {
            (rotate.rows, rotate.columns, rotate.values) = (1, 1, new);
        }))
    };
    for (bits, turned) in [(0, 1 << 31), (1 << 31, 0)] {
        let expected = Lawful::One(Answer::Values(Floats::F32(Bits(vec![turned]))));
        assert_eq!(single(Floats::F32(Bits(vec![bits]))), Ok(expected));
    }
    for (bits, turned) in [(0, 1 << 63), (1 << 63, 0)] {
        let expected = Lawful::One(Answer::Values(Floats::F64(Bits64(vec![turned]))));
        assert_eq!(single(Floats::F64(Bits64(vec![bits]))), Ok(expected));
    }
    // -0 and -0 behind the signs of seed 42: their sum is -0, their difference is +0.
    let pair = expected(&rotate(|rotate| {
        (rotate.rows, rotate.columns) = (1, 2);
        rotate.values = Floats::F32(Bits(vec![0, 1 << 31]));
    }));
    let turned = Answer::Values(Floats::F32(Bits(vec![1 << 31, 0])));
    assert_eq!(pair, Ok(Lawful::One(turned)));
}

/// A sum of zero: any small number beside it is on one side of a bound that reaches over zero.
#[test]
fn a_rotation_to_zero_may_err_to_either_side() {
    let question = || {
        rotate(|rotate| {
            (rotate.rows, rotate.columns) = (1, 2);
            rotate.values = Floats::of(&[1.0, 1.0]);
        })
    };
    // The signs of seed 42 begin with - and +: 0 and -2, divided by sqrt(2). The bound is 7 2^-24 times
    // 2 / sqrt(2), which is 9.9 2^-24.
    let expect = expected(&question()).expect("an answer");
    let Lawful::One(Answer::Values(Floats::F32(Bits(bits)))) = &expect else {
        panic!("{expect:?}")
    };
    assert_eq!(bits[..], [0x0000_0000, 0xbfb5_04f3]);
    for (units, outcome) in [
        (0.0, Outcome::Pass),
        (9.0, Outcome::PassAlternate),
        (-9.0, Outcome::PassAlternate),
        (10.0, Outcome::Fail),
        (-10.0, Outcome::Fail),
    ] {
        let first = units * 2f32.powi(-24);
        let given = Ok(Answer::Values(Floats::F32(Bits(vec![first.to_bits(), 0xbfb5_04f3]))));
        assert_eq!(judged(question(), expect.clone(), &given).outcome, outcome, "{units}");
    }
}

#[test]
fn runs_have_their_limits() {
    let empty = |length: u64, run: u64| {
        expected(&rotate(|rotate| {
            (rotate.rows, rotate.columns, rotate.block) = (0, length, Some(run));
            rotate.values = Floats::of(&[]);
        }))
    };
    let nothing = Ok(Lawful::One(singles(&[])));
    let refused = Ok(Lawful::refuse([Class::Shape]));
    for (length, run) in [(1, 1), (8192, 2), (1 << 24, 4096), (1 << 24, 1 << 24), (4096, 1)] {
        assert_eq!(empty(length, run), nothing, "{run} in {length}");
    }
    for (length, run) in [
        (0, 1),
        (8194, 2),
        (4097, 1),
        ((1 << 24) + 4096, 4096),
        (1 << 25, 1 << 25),
        (12, 8),
        (12, 6),
        (4, 8),
        (4, 0),
    ] {
        assert_eq!(empty(length, run), refused, "{run} in {length}");
    }
}

#[test]
fn f16_and_q4_1_have_questions_without_answers() {
    let half = |blocks: &[u8], original_len: u64| {
        expected(&Question::Decode(Decode {
            format: FormatId::KHQ4,
            blocks: Bytes(blocks.to_vec()),
            tensor_scale: None,
            original_len,
            to: Some(Float::F16),
        }))
    };
    let halves = |values: &[u16]| Answer::Values(Floats::F16(Bits16(values.to_vec())));
    assert_eq!(half(&TWOS, 2), Ok(Lawful::One(halves(&[0x4000, 0x4000]))));
    let negative = block(0xbc00, 0x4000);
    let Ok(Lawful::OneOf(behaviours)) = half(&negative, 1) else { panic!("two behaviours") };
    assert_eq!(
        (&behaviours[0].name[..], &behaviours[1].name[..]),
        ("signed-scale", "positive-scale")
    );
    assert_eq!(behaviours[0].expect, Lawful::One(halves(&[0x4000])));
    // A negative scale and an overflow, of which two behaviours could each be the cause.
    let mut overflowing = block(0xfbff, 0xfbff);
    overflowing[4] = 0x0f;
    assert!(half(&overflowing, 1).is_err());
    assert_eq!(half(&overflowing[..19], 1), Ok(Lawful::refuse([Class::TruncatedPayload])));
    overflowing[1] = 0x7b;
    overflowing[3] = 0x7b;
    assert_eq!(half(&overflowing, 1), Ok(Lawful::refuse([Class::Value])));

    let ggml = |blocks: &[u8], original_len: u64| {
        expected(&Question::decode(FormatId::Q4_1, blocks.to_vec(), original_len))
    };
    let values = |value: f32| Ok(Lawful::One(singles(&[value; 32])));
    assert_eq!(ggml(&TWOS, 32), values(2.0));
    assert_eq!(ggml(&block(0, 0x4000), 32), values(2.0));
    for unlawful in [block(0x7e00, 0), block(0x3c00, 0x7c00), block(0x7c00, 0xfc00)] {
        assert!(ggml(&unlawful, 32).expect_err("no answer").contains("GGML-2 demands nothing"));
    }
    assert_eq!(ggml(&TWOS, 31), Ok(Lawful::refuse([Class::Shape])));
    assert_eq!(ggml(&TWOS, 64), Ok(Lawful::refuse([Class::TruncatedPayload])));

    let encode = |shape: &[u64], values: &[f32]| {
        expected(&Question::encode(FormatId::Q4_1, None, shape, Floats::of(values)))
    };
    let refused = |classes: &[Class]| Ok(Lawful::refuse(classes.to_vec()));
    let ones = [1.0f32; 33];
    assert_eq!(encode(&[33], &ones), refused(&[Class::Shape]));
    assert_eq!(encode(&[33], &ones[..32]), refused(&[Class::ShapeMismatch]));
    assert_eq!(encode(&[32], &ones), refused(&[Class::Shape, Class::ShapeMismatch]));
    let overflow = [Class::ShapeMismatch, Class::Overflow];
    assert_eq!(encode(&[1 << 63, 2], &ones[..32]), refused(&overflow));
    assert!(matches!(encode(&[1, 32], &ones[..32]), Ok(Lawful::One(Answer::Encoded(_)))));
    let names = |shape: &[u64], values: &[f32]| match encode(shape, values) {
        Ok(Lawful::OneOf(all)) => all.into_iter().map(|one| one.name).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(names(&[2, 16], &ones[..32]), ["flat-rows", "whole-rows"]);
    assert_eq!(names(&[1 << 33, 1 << 33, 0], &[]), ["zero-first", "fold-left"]);
    let zeros = ["zero-bias-positive", "zero-bias-negative"];
    assert_eq!(names(&[32], &[0.0; 32]), zeros);
    assert_eq!(names(&[32, 1], &[0.0; 32]), [&zeros[..], &["whole-rows"]].concat());
    for unlawful in [f32::NAN, 1e6, f32::INFINITY] {
        let mut values = [0.5f32; 32];
        values[31] = unlawful;
        assert!(encode(&[32], &values).expect_err("no answer").contains("GGML-3 demands nothing"));
    }
    // A minimum beyond f16, and a step so small that its inverse is an infinity.
    assert!(encode(&[32], &[-70000.0; 32]).is_err());
    let mut tiny = [0.0f32; 32];
    tiny[1] = f32::from_bits(15);
    assert!(encode(&[32], &tiny).is_err());
}
