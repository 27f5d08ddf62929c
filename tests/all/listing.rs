//! How listings and names are judged and shown, and encodings of other sources by their bound.

use q4proof::format::Class;
use q4proof::suite::answer::Given;
use q4proof::suite::case::{File, Form, ListedTensor, Listing, Special};
use q4proof::suite::hex::{Bits16, Bits64};
use q4proof::suite::judge::{Judgement, Outcome, Row, judge};
use q4proof::suite::question::{Mode, NameTensors, ReadIndex};
use q4proof::suite::{Answer, Encoded, Floats, FormatId, Lawful, Question};

use crate::{case_of, expected, refusal};

fn judged(question: Question, expect: Lawful<Answer>, given: Given, bounded: bool) -> Judgement {
    judge(&case_of(question, expect), &given, bounded)
}

fn read_index() -> Question {
    let path = File::Special(Special::Missing);
    Question::ReadIndex(ReadIndex { format: FormatId::KHQ4, path, open: false })
}

fn name_tensors() -> Question {
    Question::NameTensors(NameTensors { format: FormatId::KHQ4, tensors: Vec::new() })
}

/// A payload, as it is given.
fn blocks(payload: Vec<u8>) -> Given {
    Ok(Answer::Encoded(Encoded::of(payload)))
}

fn within_bound() -> Lawful<Answer> {
    Lawful::Within { refuse: [].into() }
}

#[test]
fn an_encoding_of_another_source_may_be_within_the_bound() {
    let sources = [
        Floats::F16(Bits16(vec![0x0000, 0x4b80])),
        Floats::Bf16(Bits16(vec![0x0000, 0x4170])),
        Floats::F64(Bits64::of(&[0.0, 15.0])),
    ];
    let canonical = [&[0x00, 0x3c, 0x00, 0x00, 0xf0][..], &[0; 15]].concat();
    for values in sources {
        let mode = Some(Mode::Asymmetric);
        let question = Question::encode(FormatId::KHQ4, mode, &[2], values);
        let expect = expected(&question).expect("lawful");
        let judge = |payload: Vec<u8>, expect: Lawful<Answer>, bounded: bool| {
            judged(question.clone(), expect, blocks(payload), bounded)
        };
        assert!(!judge(canonical.clone(), expect.clone(), false).outcome.is_failure());
        assert_eq!(judge(canonical.clone(), within_bound(), false).outcome, Outcome::Pass);
        // A bias of 2^-24 is within the bound, and not canonical.
        let mut within = canonical.clone();
        within[2] = 1;
        assert_eq!(judge(within.clone(), expect.clone(), false).outcome, Outcome::Fail);
        let lawful = judge(within, expect, true);
        assert_eq!(lawful.behaviour.as_deref(), Some("within-bound"));
    }
    // An encoding of anything else is not measured.
    let values = Floats::F16(Bits16(vec![0; 2]));
    let question = Question::encode(FormatId::MLX, None, &[2], values);
    let expect = Lawful::One(Answer::Encoded(Encoded::of(canonical.clone())));
    let other = judged(question, expect, blocks(vec![0; 20]), true);
    assert_eq!((other.outcome, other.within_bound), (Outcome::Fail, false));
    assert!(!other.summary.contains("bound"), "{}", other.summary);
}

#[test]
fn listings_are_judged_key_by_key() {
    let tensor = ListedTensor {
        name: "a".into(),
        file: "a.q4".into(),
        quantized: Some(true),
        shape: Some(vec![2, 32]),
        numel: Some(64),
    };
    let plain = ListedTensor { name: "b".into(), file: "b".into(), ..ListedTensor::default() };
    let listing = Listing {
        form: Some(Form::Object),
        quarot_seed: Some(7),
        tensors: vec![tensor.clone(), plain.clone()],
    };
    let against = |given: Listing| {
        let expect = Lawful::One(Answer::Index(listing.clone()));
        judged(read_index(), expect, Ok(Answer::Index(given)), false)
    };
    assert_eq!(against(listing.clone()), Judgement::plain(Outcome::Pass, ""));
    assert_eq!(against(Listing { form: None, ..listing.clone() }).outcome, Outcome::Pass);
    let rows = |judgement: &Judgement| -> Vec<[String; 3]> {
        let row = |row: &Row| [row.field.clone(), row.expected.clone(), row.got.clone()];
        judgement.rows.iter().map(row).collect()
    };
    let owned = |rows: &[[&str; 3]]| -> Vec<[String; 3]> {
        rows.iter().map(|row| row.map(str::to_owned)).collect()
    };
    let form = against(Listing { form: Some(Form::Array), quarot_seed: None, ..listing.clone() });
    assert_eq!((form.outcome, form.summary.as_str()), (Outcome::Fail, "2 fields differ"));
    assert_eq!(
        rows(&form),
        owned(&[
            ["index", "an object", "an array"],
            ["quarot_seed", "7", "none"],
            ["tensors", "2", "2"]
        ])
    );
    let untold = against(Listing { form: None, quarot_seed: Some(8), ..listing.clone() });
    assert_eq!(rows(&untold)[0], owned(&[["index", "an object", "not told"]])[0]);
    let other = ListedTensor { quantized: Some(false), shape: None, numel: None, ..tensor };
    let differs =
        against(Listing { tensors: vec![other, plain.clone(), plain.clone()], ..listing.clone() });
    assert_eq!(
        rows(&differs)[2..],
        owned(&[
            ["tensors", "2", "3"],
            [
                "tensor 0",
                "\"a\" in \"a.q4\", quantized, shape [2, 32], numel 64",
                "\"a\" in \"a.q4\", not quantized"
            ],
            ["tensor 2", "none", "\"b\" in \"b\""],
        ])
    );
    // A reader that does not tell the forms apart still tells that there is none.
    let absent = Listing { form: Some(Form::Absent), ..Listing::default() };
    let without = |form: Option<Form>| {
        let expect = Lawful::One(Answer::Index(absent.clone()));
        let given = Ok(Answer::Index(Listing { form, ..Listing::default() }));
        judged(read_index(), expect, given, false).outcome
    };
    assert_eq!(without(Some(Form::Absent)), Outcome::Pass);
    assert_eq!((without(None), without(Some(Form::Array))), (Outcome::Fail, Outcome::Fail));
    // However many differ, some are kept.
    let many = against(Listing { tensors: vec![plain; 1000], ..listing.clone() });
    assert_eq!(many.rows.len(), 3 + 257);
    assert_eq!(many.summary, "more than 256 fields differ");

    let words = |answer: Answer, given: Given| {
        let judgement = judged(name_tensors(), Lawful::One(answer), given, false);
        rows(&judgement)[0].clone()
    };
    assert_eq!(words(Answer::Index(listing.clone()), refusal(None))[1], "an object of 2 tensors");
    assert_eq!(words(Answer::Files(vec!["a".into()]), refusal(None))[1], "1 files");
    let refuse = |given: Given| judged(name_tensors(), Lawful::refuse([Class::Path]), given, false);
    let of_listing = refuse(Ok(Answer::Index(Listing { form: None, ..listing })));
    assert_eq!(rows(&of_listing)[0][2], "accepted, an index of 2 tensors");
    let of_files = refuse(Ok(Answer::Files(vec!["a".into(), "b".into()])));
    assert_eq!(rows(&of_files)[0][2], "accepted, 2 values: a, b");
}

#[test]
fn names_are_judged_one_by_one() {
    let names = |names: &[&str]| -> Vec<String> { names.iter().map(|&name| name.into()).collect() };
    let against = |given: &[&str]| {
        let expect = Lawful::One(Answer::Files(names(&["a.q4", "b.f16"])));
        judged(name_tensors(), expect, Ok(Answer::Files(names(given))), false)
    };
    assert_eq!(against(&["a.q4", "b.f16"]), Judgement::plain(Outcome::Pass, ""));
    let swapped = against(&["b.f16", "a.q4", "c"]);
    let rows: Vec<_> =
        swapped.rows.iter().map(|row| [&row.field[..], &row.expected, &row.got]).collect();
    assert_eq!(
        rows,
        [
            ["files", "2", "3"],
            ["file 0", "\"a.q4\"", "\"b.f16\""],
            ["file 1", "\"b.f16\"", "\"a.q4\""],
            ["file 2", "none", "\"c\""],
        ]
    );
    assert_eq!(against(&["a.q4"]).rows[1].got, "none");
    let many: Vec<String> = (0..1000).map(|at| at.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(against(&many).rows.len(), 1 + 257);
}
