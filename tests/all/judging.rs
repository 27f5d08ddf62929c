//! Judging by itself: what each answer comes to, and what a person is told of it.

use q4proof::format::Class;
use q4proof::suite::answer::Given;
use q4proof::suite::hex::{Bits, Bits16, Bits64, Bytes};
use q4proof::suite::judge::{Judgement, Outcome, judge};
use q4proof::suite::lawful::Behaviour;
use q4proof::suite::question::{Mode, Tensor};
use q4proof::suite::{Answer, Encoded, Floats, FormatId, Lawful, Question};

use crate::{case_of, refusal};

/// f32 bits of 1, 2, 3 and 4.
const ONE_TO_FOUR: [u32; 4] = [0x3f80_0000, 0x4000_0000, 0x4040_0000, 0x4080_0000];

/// What a decode comes to, since what is asked matters for encodings only.
fn judged(expect: Lawful<Answer>, given: Given) -> Judgement {
    judge(&case_of(Question::decode(FormatId::KHQ4, Vec::new(), 0), expect), &given, false)
}

fn rows(judgement: &Judgement) -> Vec<[&str; 3]> {
    judgement.rows.iter().map(|row| [&row.field[..], &row.expected, &row.got]).collect()
}

fn values(bits: &[u32]) -> Answer {
    Answer::Values(Floats::F32(Bits(bits.to_vec())))
}

fn halves(bits: &[u16]) -> Answer {
    Answer::Values(Floats::F16(Bits16(bits.to_vec())))
}

fn doubles(values: &[f64]) -> Answer {
    Answer::Values(Floats::F64(Bits64::of(values)))
}

fn encoded(payload: Vec<u8>) -> Answer {
    Answer::Encoded(Encoded::of(payload))
}

fn file(bytes: &[u8]) -> Answer {
    Answer::File(Bytes(bytes.to_vec()))
}

/// A tensor with blocks, f32 values or both.
fn tensor(shape: &[u64], blocks: Option<Vec<u8>>, values: Option<&[u32]>) -> Answer {
    let values = values.map(|bits| Floats::F32(Bits(bits.to_vec())));
    let shape = shape.to_vec();
    let tensor = Tensor { shape, blocks: blocks.map(Bytes), values, ..Tensor::default() };
    Answer::Tensors(vec![tensor])
}

fn half_tensor(shape: &[u64], bits: &[u16]) -> Answer {
    let values = Floats::F16(Bits16(bits.to_vec()));
    Answer::Tensors(vec![Tensor::of_values(shape, values)])
}

/// A block: scale 1.0, bias 0.5 and equal nibbles.
fn block(nibble: u8) -> Vec<u8> {
    [&[0x00, 0x3c, 0x00, 0x38][..], &[nibble * 0x11; 16]].concat()
}

#[test]
fn equal_answers_pass_without_a_word() {
    for answer in [
        values(&ONE_TO_FOUR),
        halves(&[0x3c00]),
        doubles(&[1.0]),
        encoded(block(1)),
        file(&[7]),
        tensor(&[2], Some(block(1)), Some(&ONE_TO_FOUR[..2])),
    ] {
        let judgement = judged(Lawful::One(answer.clone()), Ok(answer));
        assert_eq!(judgement, Judgement::plain(Outcome::Pass, ""));
    }
}

#[test]
fn a_value_that_differs_stands_in_its_row() {
    let got = values(&[0x3f80_0000, 0x4000_0001, 0x4040_0000]);
    let judgement = judged(Lawful::One(values(&ONE_TO_FOUR)), Ok(got));
    assert_eq!((judgement.outcome, &judgement.summary[..]), (Outcome::Fail, "3 fields differ"));
    assert_eq!(
        rows(&judgement),
        [
            ["values", "4", "3"],
            ["value 1", "40000000 (2e0)", "40000001 (2.0000002e0)"],
            ["value 3", "40800000 (4e0)", "none"],
        ]
    );
    let longer = [&ONE_TO_FOUR[..], &ONE_TO_FOUR[..1]].concat();
    let judgement = judged(Lawful::One(values(&ONE_TO_FOUR)), Ok(values(&longer)));
    assert_eq!(
        rows(&judgement),
        [["values", "4", "5"], ["value 4", "none", "3f800000 (1e0)"]],
        "what is too much is shown"
    );
    let judgement = judged(Lawful::One(values(&ONE_TO_FOUR[..1])), Ok(values(&ONE_TO_FOUR[1..2])));
    assert_eq!(judgement.summary, "1 field differs");
    assert_eq!(rows(&judgement)[1], ["value 0", "3f800000 (1e0)", "40000000 (2e0)"]);
}

/// However much differs, 257 rows are kept: enough to say that it is more than 256.
#[test]
fn rows_are_bounded() {
    let expected = values(&[0; 600]);
    let judgement = judged(Lawful::One(expected.clone()), Ok(values(&[1; 600])));
    assert_eq!(
        (judgement.rows.len(), &judgement.summary[..]),
        (258, "more than 256 fields differ")
    );
    let mut got = [0; 600];
    got[..256].fill(1);
    let judgement = judged(Lawful::One(expected), Ok(values(&got)));
    assert_eq!((judgement.rows.len(), &judgement.summary[..]), (257, "256 fields differ"));
    // Of what is too long, rows are made up to the same bound.
    let long = values(&[1; 100_000]);
    let judgement = judged(Lawful::One(values(&[1])), Ok(long));
    assert_eq!(judgement.rows.len(), 258);
    assert_eq!(judgement.rows[257].field, "value 257");
}

#[test]
fn blocks_are_compared_field_by_field() {
    let mut got = block(7);
    got[0] = 0x01;
    got[19] = 0x7e;
    let judgement = judged(Lawful::One(encoded(block(7))), Ok(encoded(got.clone())));
    let sevens = "7".repeat(32);
    assert_eq!(
        rows(&judgement),
        [
            ["block 0 scale", "3c00 (1)", "3c01 (1.0009766)"],
            ["block 0 bias", "3800 (0.5)", "3800 (0.5)"],
            ["block 0 nibbles", &sevens, &format!("{}e7", "7".repeat(30))],
        ]
    );
    // Of several blocks only those that differ are shown.
    let judgement = judged(
        Lawful::One(encoded([block(3), block(7)].concat())),
        Ok(encoded([block(3), got].concat())),
    );
    let fields: Vec<&str> = judgement.rows.iter().map(|row| &row.field[..]).collect();
    assert_eq!(fields, ["block 1 scale", "block 1 bias", "block 1 nibbles"]);
    assert_eq!(judgement.summary, "2 fields differ");
}

/// A payload of another length is shown as bytes, up to 4096 of them.
#[test]
fn a_payload_that_is_not_the_blocks_is_shown_as_bytes() {
    let expected = || Lawful::One(encoded(block(0)));
    let judgement = judged(expected(), Ok(encoded(vec![0xab; 19])));
    assert_eq!(rows(&judgement)[0], ["blocks", "20 bytes", "19 bytes"]);
    assert_eq!(judgement.rows[1].got, "ab".repeat(19));
    assert_eq!(judgement.rows[1].expected, format!("003c0038{}", "00".repeat(16)));
    for (len, shown) in [(4096, "ab".repeat(4096)), (4097, "ab".repeat(4096) + "...")] {
        let judgement = judged(expected(), Ok(encoded(vec![0xab; len])));
        assert_eq!(judgement.rows[1].got, shown, "{len} bytes");
    }
    // As long as what is expected, and no whole blocks.
    let judgement = judged(Lawful::One(encoded(vec![1; 19])), Ok(encoded(vec![2; 19])));
    assert_eq!(judgement.rows[1].field, "payload");
}

#[test]
fn a_file_is_compared_by_its_length_and_its_first_byte_that_differs() {
    let expected = || Lawful::One(file(&[1, 2, 3]));
    let told = |bytes: &[u8]| {
        let judgement = judged(expected(), Ok(file(bytes)));
        assert_eq!(judgement.outcome, Outcome::Fail);
        rows(&judgement).iter().map(|row| row.join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(told(&[1, 9, 8]), ["file 3 bytes 3 bytes", "byte 1 02 09"]);
    assert_eq!(told(&[1, 2]), ["file 3 bytes 2 bytes", "byte 2 03 none"]);
    assert_eq!(told(&[1, 2, 3, 4]), ["file 3 bytes 4 bytes", "byte 3 none 04"]);
}

#[test]
fn a_tensor_is_compared_by_shape_blocks_and_values() {
    let given = |shape: &[u64], blocks: Option<Vec<u8>>, bits: Option<&[u32]>| {
        let expected = tensor(&[2, 2], Some(block(1)), Some(&ONE_TO_FOUR));
        judged(Lawful::One(expected), Ok(tensor(shape, blocks, bits)))
    };
    // A loader may hand on either.
    for judgement in [
        given(&[2, 2], Some(block(1)), None),
        given(&[2, 2], None, Some(&ONE_TO_FOUR)),
        given(&[2, 2], Some(block(1)), Some(&ONE_TO_FOUR)),
    ] {
        assert_eq!(judgement.outcome, Outcome::Pass, "{judgement:?}");
    }
    let neither = given(&[2, 2], None, None);
    assert_eq!(neither.outcome, Outcome::Fail);
    assert_eq!(rows(&neither)[1], ["content", "values, blocks or both", "neither"]);
    let wrong_shape = given(&[4], None, Some(&ONE_TO_FOUR));
    assert_eq!(wrong_shape.outcome, Outcome::Fail);
    assert_eq!(rows(&wrong_shape)[0], ["shape", "[2, 2]", "[4]"]);
    for (judgement, summary) in [
        (given(&[2, 2], Some(block(2)), None), "1 field differs"),
        (given(&[2, 2], Some(block(2)), Some(&ONE_TO_FOUR)), "1 field differs"),
        (given(&[2, 2], Some(block(1)), Some(&ONE_TO_FOUR[..3])), "2 fields differ"),
        (given(&[2], Some(block(1)), Some(&ONE_TO_FOUR)), "1 field differs"),
    ] {
        assert_eq!(
            (judgement.outcome, &judgement.summary[..]),
            (Outcome::Fail, summary),
            "{judgement:?}"
        );
    }
}

#[test]
fn values_of_each_width_are_compared_bit_by_bit() {
    let answer = || Lawful::One(halves(&[0x3c00, 0x8000]));
    assert_eq!(judged(answer(), Ok(halves(&[0x3c00, 0x8000]))).outcome, Outcome::Pass);
    let judgement = judged(answer(), Ok(halves(&[0x3c00, 0x0000])));
    assert_eq!((judgement.outcome, &judgement.summary[..]), (Outcome::Fail, "1 field differs"));
    assert_eq!(rows(&judgement)[1], ["value 1", "8000 (-0e0)", "0000 (0e0)"]);

    let answer = || Lawful::One(doubles(&[1.5, 0.0]));
    assert_eq!(judged(answer(), Ok(doubles(&[1.5, 0.0]))).outcome, Outcome::Pass);
    let judgement = judged(answer(), Ok(doubles(&[1.25])));
    assert_eq!((judgement.outcome, &judgement.summary[..]), (Outcome::Fail, "3 fields differ"));
    let expected = [
        ["values", "2", "1"],
        ["value 0", "3ff8000000000000 (1.5e0)", "3ff4000000000000 (1.25e0)"],
        ["value 1", "0000000000000000 (0e0)", "none"],
    ];
    assert_eq!(rows(&judgement), expected);

    let given = |shape: &[u64], bits: &[u16]| {
        judged(Lawful::One(half_tensor(&[2], &[1, 2])), Ok(half_tensor(shape, bits)))
    };
    assert_eq!(given(&[2], &[1, 2]).outcome, Outcome::Pass);
    assert_eq!(rows(&given(&[2, 1], &[1, 2]))[0], ["shape", "[2]", "[2, 1]"]);
    assert_eq!(given(&[2, 1], &[1, 2]).outcome, Outcome::Fail);
    assert_eq!(rows(&given(&[2], &[1, 3]))[2][0], "value 1");
    assert_eq!(given(&[2], &[1, 3]).summary, "1 field differs");
}

#[test]
fn a_result_of_another_kind_is_a_failure_that_says_what_was_expected() {
    let empty = || tensor(&[3], Some(Vec::new()), Some(&[]));
    for (answer, words) in [
        (values(&ONE_TO_FOUR), "4 values"),
        (encoded(block(1)), "20 bytes of blocks"),
        (empty(), "a tensor of shape [3]"),
        (file(&[0; 9]), "a file of 9 bytes"),
        (halves(&[1, 2]), "2 values of f16"),
        (doubles(&[1.0]), "1 values of f64"),
        (half_tensor(&[2], &[1, 2]), "a tensor of shape [2]"),
    ] {
        let other = match answer {
            Answer::Values(_) => file(&[]),
            _ => values(&[]),
        };
        let judgement = judged(Lawful::One(answer.clone()), Ok(other));
        assert_eq!(rows(&judgement), [["answer", words, "a result of another kind"]]);
        assert_eq!(judgement.outcome, Outcome::Fail);

        let refused = judged(Lawful::One(answer), refusal(Some(Class::Magic)));
        assert_eq!(rows(&refused), [["answer", words, "refused: no"]]);
        assert_eq!(refused.summary, "refused (magic) what must be accepted: no");
    }
    let refused = judged(Lawful::One(empty()), refusal(None));
    assert_eq!(refused.summary, "refused what must be accepted: no");
}

#[test]
fn a_refusal_is_judged_by_its_class_where_one_is_named() {
    let expect = || Lawful::refuse([Class::Magic, Class::Version]);
    for class in [None, Some(Class::Magic), Some(Class::Version)] {
        assert_eq!(judged(expect(), refusal(class)), Judgement::plain(Outcome::Pass, ""));
    }
    let wrong = judged(expect(), refusal(Some(Class::Scale)));
    assert_eq!(wrong.outcome, Outcome::WrongClass);
    assert_eq!(wrong.summary, "refused as scale, expected magic or version: no");
    assert_eq!(rows(&wrong), [["class", "magic or version", "scale"]]);
}

#[test]
fn what_was_accepted_against_the_rules_is_shown() {
    for (given, words) in [
        (values(&ONE_TO_FOUR), "4 values: 1, 2, 3, 4".to_owned()),
        (
            values(&[&ONE_TO_FOUR[..], &ONE_TO_FOUR[..]].concat()),
            "8 values: 1, 2, 3, 4, ...".to_owned(),
        ),
        (encoded(block(1)), format!("accepted, blocks 003c0038{}", "11".repeat(16))),
        (tensor(&[5], None, None), "accepted, shape [5]".to_owned()),
        (file(&[0; 8]), "wrote a file of 8 bytes".to_owned()),
        (halves(&[0x3c00, 0xb800]), "2 values: 1, -0.5".to_owned()),
        (doubles(&[0.25; 5]), "5 values: 0.25, 0.25, 0.25, 0.25, ...".to_owned()),
        (half_tensor(&[7], &[]), "accepted, shape [7]".to_owned()),
    ] {
        let judgement = judged(Lawful::refuse([Class::Bias]), Ok(given));
        assert_eq!(judgement.outcome, Outcome::Fail);
        assert_eq!(judgement.summary, "accepted what must be refused (bias)");
        assert_eq!(rows(&judgement), [["answer", "refused: bias", &words]]);
    }
}

#[test]
fn the_best_behaviour_counts_and_the_first_is_no_alternate() {
    let expect = || {
        Lawful::OneOf(vec![
            Behaviour::answers("signed-scale", values(&ONE_TO_FOUR)),
            Behaviour::refuses("positive-scale", Class::Scale),
        ])
    };
    let first = judged(expect(), Ok(values(&ONE_TO_FOUR)));
    assert_eq!((first.outcome, first.behaviour.as_deref()), (Outcome::Pass, Some("signed-scale")));
    let second = judged(expect(), refusal(Some(Class::Scale)));
    let alternate = (Outcome::PassAlternate, Some("positive-scale"));
    assert_eq!((second.outcome, second.behaviour.as_deref()), alternate);
    let wrong_class = judged(expect(), refusal(Some(Class::Bias)));
    assert_eq!(wrong_class.outcome, Outcome::WrongClass, "refused, if for the wrong reason");
    let neither = judged(expect(), Ok(values(&[7])));
    assert_eq!(neither.outcome, Outcome::Fail);
    assert_eq!(neither.rows[0].field, "values", "of equals the first one is told");
    let nothing = judged(Lawful::OneOf(Vec::new()), refusal(None));
    assert_eq!((nothing.outcome, &nothing.summary[..]), (Outcome::Fail, "no behaviour"));
}

/// 0 to 15 twice: the scale is 1 and the bias 0, and the nibbles are the values.
fn ramp() -> Floats {
    Floats::F32(Bits((0..32).map(|place| ((place % 16) as f32).to_bits()).collect()))
}

/// The canonical encoding of the ramp, worked out by hand.
fn ramp_block() -> Vec<u8> {
    let pairs = (0..16).map(|pair| (2 * pair % 16) | ((2 * pair + 1) % 16 * 16));
    [0x00, 0x3c, 0x00, 0x00].into_iter().chain(pairs).collect()
}

fn encoding(expect: Lawful<Answer>, payload: Vec<u8>, bounded: bool) -> Judgement {
    let question = Question::encode(FormatId::KHQ4, Some(Mode::Asymmetric), &[32], ramp());
    judge(&case_of(question, expect), &Ok(encoded(payload)), bounded)
}

/// Any encoding within the bound.
fn within_bound() -> Lawful<Answer> {
    Lawful::Within { refuse: [].into() }
}

#[test]
fn an_encoding_that_is_not_canonical_is_measured() {
    let canonical = || Lawful::One(encoded(ramp_block()));
    assert_eq!(encoding(canonical(), ramp_block(), false).outcome, Outcome::Pass);
    // Value 2 decodes to 3: two half steps off, where a little more than one is allowed.
    let mut beyond = ramp_block();
    beyond[5] = 0x33;
    let judgement = encoding(canonical(), beyond.clone(), true);
    assert_eq!((judgement.outcome, judgement.within_bound), (Outcome::Fail, false));
    let words = "1 field differs; value 2 errs by 2.00 of its bound (beyond ENC-B1)";
    assert_eq!(judgement.summary, words);
    assert_eq!(judgement.rows.len(), 3, "and the fields are still shown");

    // A bias of 2^-24 moves every value by that much: within the bound, and not canonical.
    let mut within = ramp_block();
    within[2] = 0x01;
    let judgement = encoding(canonical(), within.clone(), false);
    assert_eq!((judgement.outcome, judgement.within_bound), (Outcome::Fail, true));
    let words = "1 field differs; value 0 errs by less than 0.01 of its bound (within ENC-B1)";
    assert_eq!(judgement.summary, words);
    let lawful = encoding(canonical(), within.clone(), true);
    assert_eq!(lawful.outcome, Outcome::PassAlternate);
    assert_eq!(lawful.behaviour.as_deref(), Some("within-bound"));

    // What must be refused is not excused, and what is no payload is not measured.
    let refused = encoding(Lawful::refuse([Class::NonFinite]), ramp_block(), true);
    assert_eq!((refused.outcome, refused.within_bound), (Outcome::Fail, false));
    assert_eq!(encoding(canonical(), vec![0; 19], true).summary, "2 fields differ");

    // Where any encoding within the bound is lawful, the canonical one is the plain pass.
    for bounded in [false, true] {
        assert_eq!(encoding(within_bound(), ramp_block(), bounded).outcome, Outcome::Pass);
        let alternate = encoding(within_bound(), within.clone(), bounded);
        assert_eq!(alternate.outcome, Outcome::PassAlternate);
        assert_eq!(encoding(within_bound(), beyond.clone(), bounded).outcome, Outcome::Fail);
    }
    let question = Question::encode(FormatId::KHQ4, Some(Mode::Asymmetric), &[32], ramp());
    let judgement = judge(&case_of(question, within_bound()), &Ok(values(&[])), true);
    assert_eq!(judgement.summary, "expected an encoding within ENC-B1");
    assert_eq!(judgement.outcome, Outcome::Fail);
    let judgement = judged(within_bound(), Ok(values(&[])));
    assert_eq!(judgement.summary, "no bound is known for this question");
    assert_eq!(judgement.outcome, Outcome::Fail);
}

/// Of equal values ENC-B1 allows no error, and then there is no share.
#[test]
fn an_error_where_none_is_allowed_has_no_number() {
    let question = Question::encode(
        FormatId::KHQ4,
        Some(Mode::Asymmetric),
        &[32],
        Floats::F32(Bits(vec![0x3f80_0000; 32])),
    );
    let canonical = [&[0x00, 0x3c, 0x00, 0x3c][..], &[0; 16]].concat();
    let mut other = canonical.clone();
    other[19] = 0x10;
    let case = case_of(question, Lawful::One(encoded(canonical)));
    let judgement = judge(&case, &Ok(encoded(other)), true);
    assert_eq!((judgement.outcome, judgement.share), (Outcome::Fail, None));
    let words = "1 field differs; value 31 is beyond any error that ENC-B1 allows";
    assert_eq!(judgement.summary, words);
}

/// The block of [5, 6, 7] with other codes behind them: that is ENC-P1, whatever the case is about, and no reason to
/// accept any encoding within the bound.
#[test]
fn where_only_the_padding_differs_that_is_said() {
    let values = Floats::F32(Bits(vec![0x40a0_0000, 0x40c0_0000, 0x40e0_0000]));
    let question = Question::encode(FormatId::KHQ4, Some(Mode::Asymmetric), &[3], values);
    let block = [&[0x44, 0x30, 0x00, 0x45, 0x70, 0x0f][..], &[0; 14]].concat();
    let lawful = Behaviour::answers("padding-formula", encoded(block.clone()));
    let other = Behaviour::answers("padding-other", encoded([0x11; 20].to_vec()));
    for expect in [Lawful::One(encoded(block.clone())), Lawful::one_of(vec![other, lawful])] {
        let case = case_of(question.clone(), expect);
        let judged = |at: usize, byte: u8, bounded: bool| {
            let mut given = block.clone();
            given[at] = byte;
            judge(&case, &Ok(encoded(given)), bounded)
        };
        // The nibble of value 2 is the lower one of byte 5; what is above it is padding.
        for (at, byte) in [(19, 0x30), (5, 0x3f)] {
            let padding = judged(at, byte, false);
            assert_eq!((padding.outcome, padding.only_padding), (Outcome::Fail, true));
            assert!(!padding.within_bound, "no hint is given");
            let words = "only the padding differs: a slot behind the last value holds neither what the \
                         formula gives for 0.0 nor 0 (ENC-P1)";
            assert_eq!(padding.summary, words);
            assert_eq!(judged(at, byte, true).outcome, Outcome::PassAlternate);
        }
        for (at, byte) in [(5, 0x0e), (0, 0x45), (4, 0x71), (2, 0x01)] {
            let more = judged(at, byte, false);
            assert_eq!((more.outcome, more.only_padding), (Outcome::Fail, false), "byte {at}");
        }
        let longer = judge(&case, &Ok(encoded([&block[..], &block].concat())), false);
        assert!(!longer.only_padding);
    }
}
