//! The questions of `hunt`, and what is made smaller of them.

use std::collections::BTreeSet;

use q4proof::fuzz::generate::{Generator, plain};
use q4proof::fuzz::shrink::smaller;
use q4proof::subject::{Implementation, Reference};
use q4proof::suite::expected::expected;
use q4proof::suite::{Lawful, Operation, Profile, Question};

fn generator(seed: u64, profile: &Profile) -> Generator {
    Generator::new(seed, profile, &Reference.hello())
}

#[test]
fn a_plain_question_of_each_operation_is_answered() {
    for operation in Operation::all() {
        let expect = expected(&plain(operation), None);
        assert!(!expect.may_refuse(), "{operation}: {expect:?}");
        assert!(!matches!(expect, Lawful::Undemanded(_)), "{operation}: {expect:?}");
    }
}

/// Of each operation at least a fifth is to be answered, and something is to be refused; where a format refuses
/// nothing in that many, that is said here.
#[test]
fn questions_are_answered_and_refused() {
    for operation in Operation::all() {
        let generator = generator(2, &Profile::of([operation]));
        let (mut sound, mut refused) = (0, 0);
        for number in 0..240 {
            let case = generator.case(number);
            assert_eq!(case.question.operation(), operation);
            match case.expect {
                Lawful::Refuse(_) => refused += 1,
                _ => sound += 1,
            }
        }
        assert!(sound >= 48, "{operation}: {sound} are answered");
        assert!(refused >= 4, "{operation}: {refused} are refused");
    }
}

#[test]
fn a_question_is_known_by_seed_and_number() {
    let all = generator(3, &Profile::all());
    let again = generator(3, &Profile::all());
    let other = generator(4, &Profile::all());
    let questions = |generator: &Generator| -> Vec<Question> {
        (0..64).map(|number| generator.case(number).question).collect()
    };
    assert_eq!(questions(&all), questions(&again));
    assert_ne!(questions(&all), questions(&other));
    let operations: BTreeSet<Operation> = questions(&all).iter().map(Question::operation).collect();
    assert_eq!(operations.len(), Operation::all().len());
}

/// Greedily, as a campaign does it: while a candidate holds, it is gone on from.
fn shrunk(question: &Question, holds: impl Fn(&Question) -> bool) -> (Question, usize) {
    let (mut smallest, mut asked) = (question.clone(), 0);
    'smaller: loop {
        for candidate in smaller(&smallest) {
            asked += 1;
            assert!(asked < 3000, "no end: {smallest:?}");
            if holds(&candidate) {
                smallest = candidate;
                continue 'smaller;
            }
        }
        return (smallest, asked);
    }
}

/// Whatever holds, there is an end; and where everything does, the question becomes small.
#[test]
fn what_is_made_smaller_comes_to_an_end() {
    for operation in Operation::all() {
        let generator = generator(5, &Profile::of([operation]));
        for number in 0..24 {
            let question = generator.case(number).question;
            let text = |question: &Question| serde_json::to_string(question).unwrap().len();
            if text(&question) > 100_000 {
                continue;
            }
            let (smallest, asked) = shrunk(&question, |_| true);
            assert!(text(&smallest) < 4000, "{operation}, {asked} asked, question {number}");
        }
    }
}

#[test]
fn a_scale_that_is_decoded_wrongly_is_left_alone_in_its_block() {
    let profile = Profile::of(["decode:khq4".parse().unwrap()]);
    let generator = generator(6, &profile);
    let has = |question: &Question| match question {
        Question::Decode(decode) => {
            decode.blocks.0.chunks_exact(20).any(|block| block[1] >> 2 & 31 == 9)
        }
        _ => false,
    };
    let mut seen = 0;
    for number in 0..400 {
        let question = generator.case(number).question;
        if !has(&question) {
            continue;
        }
        let (Question::Decode(small), _) = shrunk(&question, has) else { panic!("no decode") };
        assert_eq!(small.blocks.0.len(), 20, "{small:?}");
        assert!(small.blocks.0[2..].iter().all(|&byte| byte == 0), "{small:?}");
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
}
