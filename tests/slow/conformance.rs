//! The suite as an assertion: what conforms is let through, and of what does not an engineer is told
//! what is wrong.

use std::panic::catch_unwind;

use q4proof::conformance::{
    CheckError, Failures, FormatId, Operation, Profile, Verb, assert_conforms, check,
};
use q4proof::subject::planted::{Fault, Faulty, Liar};
use q4proof::subject::{Entry, Hello, Implementation, Reference, Response};
use q4proof::suite::case::Case;
use q4proof::suite::judge::Outcome;
use q4proof::suite::question::Decode;
use q4proof::suite::{Floats, Question};

/// The reference, but for what one closure does before it decodes.
struct Disturbed(fn(&Decode));

impl Implementation for Disturbed {
    fn hello(&self) -> Hello {
        Reference.hello()
    }

    fn decode(&self, question: &Decode, entry: Entry) -> Response<Floats> {
        (self.0)(question);
        Reference.decode(question, entry)
    }
}

const DECODE: Operation = Operation::new(Verb::Decode, FormatId::KHQ4);
const ENCODE: Operation = Operation::new(Verb::Encode, FormatId::KHQ4);
const LOAD: Operation = Operation::new(Verb::Load, FormatId::KHQ4);
const SAVE: Operation = Operation::new(Verb::Save, FormatId::KHQ4);
const ROTATE: Operation = Operation::new(Verb::Rotate, FormatId::QUAROT);
const NAME_TENSORS: Operation = Operation::new(Verb::NameTensors, FormatId::KHQ4);

fn failures(implementation: &dyn Implementation, operations: &[Operation]) -> Failures {
    match check(implementation, Profile::of(operations.iter().copied())) {
        Err(CheckError::Failed(failures)) => failures,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_conforms_is_let_through_with_the_number_of_its_cases() {
    let suite = crate::embedded();
    let of_save = suite.cases().iter().filter(|case| case.question.operation() == SAVE);
    // A limit on files would hold for this process.
    let (limited, cases): (Vec<&Case>, Vec<&Case>) =
        of_save.partition(|case| case.limits.is_some());
    let totals = check(&Reference, Profile::of([SAVE])).unwrap();
    let expected = (cases.len(), 0, limited.len());
    assert_eq!((totals.passed, totals.failed, totals.not_in_profile), expected);
    assert_conforms(&Reference, Profile::of([SAVE, NAME_TENSORS]));
}

#[test]
fn a_failure_is_shown_as_an_engineer_needs_it() {
    let fault = Faulty::new(Fault::by_name("padded-tail-range"));
    let failures = failures(&fault, &[ENCODE]);
    let text = failures.to_string();
    let first = text.lines().next().unwrap_or_default();
    let count = failures.records.len();
    assert!(first.contains(&format!(" does not conform: {count} of 460 cases failed")), "{text}");
    for words in [
        "(profile encode:khq4, suite 1.4.0)",
        "fail  encode/example-5-6-7 · ENC-A1\n",
        "    it guards against class 37: minimum and maximum over zero padding\n",
        "    the case: the scale is f16(2/15), from 5 to 7; 7/15 would take the padding's zeros in\n",
        "expected",
        "    >  block 0 scale    3044 (0.13330078)                 3777 (0.46655273)\n",
        "    >  block 0 bias     4500 (5)                          0000 (0)\n",
        "`q4proof show ID`",
    ] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
    assert!(!text.contains('\x1b'), "{text:?}");
    assert_eq!(format!("{failures:?}"), format!("\n{text}"));
    assert_eq!(failures.totals.failed, count);
}

/// Every failure is shown, or counted with its clause; and no clause takes the place of another.
#[test]
fn failures_that_are_not_shown_are_counted_by_their_clauses() {
    let failures = failures(&Liar::RefuseAll, &[DECODE, LOAD]);
    let text = failures.to_string();
    let shown: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("fail  ")?.split(" · ").nth(1)).collect();
    assert_eq!(shown.len(), 5, "{text}");
    let mut clauses = shown.clone();
    clauses.dedup();
    assert_eq!(clauses, shown, "{text}");
    let more = text.lines().find_map(|line| line.strip_prefix("and ")).unwrap();
    let (count, of_clauses) = more.split_once(" more: ").unwrap();
    assert_eq!(count.parse(), Ok(failures.records.len() - shown.len()), "{text}");
    let sum: usize = of_clauses
        .split(", ")
        .map(|words| words.split_once(" of ").unwrap().0.parse::<usize>().unwrap())
        .sum();
    assert_eq!(sum, failures.records.len() - shown.len(), "{text}");
}

#[test]
fn a_panic_is_a_crash_of_its_case_and_the_next_one_is_asked() {
    let disturbed = Disturbed(|question| assert_ne!(question.original_len, 33, "not today"));
    let failures = failures(&disturbed, &[DECODE]);
    let suite = crate::embedded();
    let of_33 = |id: &str| {
        let question = &suite.get(id).unwrap().question;
        matches!(question, Question::Decode(Decode { original_len: 33, .. }))
    };
    assert!(!failures.records.is_empty());
    for record in &failures.records {
        assert!(record.outcome == Outcome::ControlRejected || of_33(&record.id), "{record:?}");
    }
    assert!(failures.records.iter().any(|record| record.outcome == Outcome::Crash));
    assert!(failures.totals.passed > 100, "{:?}", failures.totals);
    let text = failures.to_string();
    assert!(text.starts_with("reference 0.1.0 does not conform: "), "{text}");
    assert!(text.contains("\ncrash  decode/"), "{text}");
    assert!(text.contains("panicked: ") && text.contains("not today"), "{text}");
}

#[test]
fn what_is_claimed_and_missing_is_a_failure() {
    let failures = failures(&Disturbed(|_| {}), &[DECODE, ROTATE]);
    let missing = failures.records.iter().all(|record| record.outcome == Outcome::Unsupported);
    assert!(missing && failures.records.len() == 103, "{failures:?}");
    assert!(failures.to_string().contains("\nunsupported  rotate/"), "{failures:?}");
}

#[test]
fn nothing_asked_is_no_success() {
    let error = check(&Reference, Profile::of([])).unwrap_err();
    assert!(matches!(error, CheckError::NothingAsked(_)), "{error:?}");
    assert_eq!(error.to_string(), "nothing that binds was asked: profile \"\"");
}

#[test]
fn the_assertion_panics_with_the_text_of_the_error() {
    let panicked = |profile: &str| {
        let profile: Profile = profile.parse().unwrap();
        let fault = Faulty::new(Fault::by_name("padded-tail-range"));
        let text = check(&fault, profile.clone()).unwrap_err().to_string();
        let panic = catch_unwind(|| assert_conforms(&fault, profile)).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>(), Some(&text));
    };
    panicked("encode:khq4");
}
