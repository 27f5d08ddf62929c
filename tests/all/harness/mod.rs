//! The harness's own rules, shown by subjects made for one rule each.

mod folder;

use std::collections::BTreeSet;
use std::time::Duration;

use q4proof::format::Class;
use q4proof::run::{Profile, Record, RunError, Settings, Totals, run};
use q4proof::subject::{
    Entry, Hello, Implementation, InProcess, Reference, Reply, Request, Response, Stop, Subject,
};
use q4proof::suite::hex::{Bits, Bytes};
use q4proof::suite::judge::Outcome;
use q4proof::suite::question::Decode;
use q4proof::suite::{Answer, Case, Feature, Floats, Lawful, Refusal};

fn settings(profile: &str) -> Settings {
    let profile = profile.parse().unwrap();
    Settings {
        profile,
        deadline: Duration::from_secs(1),
        seed: None,
        repeat: 1,
        stop: Stop::default(),
        keep_going: false,
    }
}

fn records(subject: &mut dyn Subject, profile: &str, ids: &[&str]) -> Vec<Record> {
    let suite = crate::embedded();
    let cases: Vec<&Case> = ids.iter().map(|id| suite.get(id).unwrap()).collect();
    run(suite, &cases, subject, &settings(profile), &mut |_| {}).unwrap()
}

fn outcomes(subject: &mut dyn Subject, profile: &str, ids: &[&str]) -> Vec<Outcome> {
    records(subject, profile, ids).iter().map(|record| record.outcome).collect()
}

/// The reference, with each reply passed through a rule, and every request counted.
struct Bent<R> {
    inner: InProcess<Reference>,
    hello: Hello,
    rule: R,
    asked: Vec<Request>,
    generation: u64,
}

impl<R> Bent<R> {
    fn new(rule: R) -> Self {
        let inner = InProcess::new(Reference);
        let hello = inner.hello().clone();
        Self { inner, hello, rule, asked: Vec::new(), generation: 0 }
    }
}

impl<R: FnMut(&Request, Reply) -> Reply> Subject for Bent<R> {
    fn hello(&self) -> &Hello {
        &self.hello
    }

    fn ask(&mut self, request: &Request, deadline: Duration) -> Reply {
        self.asked.push(request.clone());
        let reply = (self.rule)(request, self.inner.ask(request, deadline));
        self.generation += u64::from(!matches!(reply, Reply::Answer(_)));
        reply
    }

    fn generation(&self) -> u64 {
        self.generation
    }
}

fn refuse(_: &Request, _: Reply) -> Reply {
    Reply::Answer(Response::Refused(Refusal { message: "no".into(), class: None }))
}

const REFUSAL: &str = "load/trailing-one-byte";
const SECOND_REFUSAL: &str = "load/trailing-19-bytes";

#[test]
fn a_refusal_counts_only_after_its_control_was_passed() {
    assert_eq!(
        outcomes(&mut Bent::new(refuse), "load:khq4", &[REFUSAL]),
        [Outcome::ControlRejected]
    );
    let sound = |_: &Request, reply| reply;
    assert_eq!(outcomes(&mut Bent::new(sound), "load:khq4", &[REFUSAL]), [Outcome::Pass]);
}

#[test]
fn a_recipe_is_asked_in_the_first_turn_only() {
    let suite = crate::embedded();
    let (plain, recipe) =
        (suite.get("decode/nibble-00").unwrap(), suite.get("save/paths").unwrap());
    let asked = |case: &Case, repeat| {
        let mut subject = Bent::new(|_: &Request, reply| reply);
        let settings = Settings { repeat, ..settings("decode:khq4+save:khq4") };
        let records = run(suite, &[case], &mut subject, &settings, &mut |_| {}).unwrap();
        assert_eq!((records.len(), records[0].outcome), (1, Outcome::Pass));
        subject.asked.len()
    };
    assert_eq!((asked(plain, 1), asked(plain, 4)), (1, 4));
    let further = recipe.recipe.as_ref().unwrap().sha256.len();
    assert_eq!((asked(recipe, 1), asked(recipe, 4)), (1 + further, 4 + further));
}

#[test]
fn a_control_is_asked_once_a_start_and_entry() {
    let mut sound = Bent::new(|_: &Request, reply| reply);
    records(&mut sound, "load:khq4", &[REFUSAL, SECOND_REFUSAL]);
    // By copy and by map: the control, and each refusal.
    assert_eq!(sound.asked.len(), 2 + 2 + 2);

    let mut questions = 0;
    let mut crashing = Bent::new(move |_: &Request, reply| {
        questions += 1;
        // The first refusal, by copy: the control comes before it.
        if questions == 2 { Reply::Crash("gone".into()) } else { reply }
    });
    let found = outcomes(&mut crashing, "load:khq4", &[REFUSAL, SECOND_REFUSAL]);
    assert_eq!(found, [Outcome::Crash, Outcome::Pass]);
    // After the crash the control is asked anew by copy; by map it had not been asked before.
    assert_eq!(crashing.asked.len(), 2 + 2 + 2 + 1);
}

#[test]
fn a_control_with_wrong_values_is_no_control() {
    let mut wrong = Bent::new(|_: &Request, reply| match reply {
        Reply::Answer(Response::Done(mut answer)) => {
            let Answer::Tensors(tensors) = &mut answer else { panic!("{answer:?}") };
            let Some(Floats::F32(values)) = &mut tensors[0].values else { panic!("{answer:?}") };
            values.0[0] ^= 1;
            Reply::Answer(Response::Done(answer))
        }
        other => other,
    });
    assert_eq!(outcomes(&mut wrong, "load:khq4", &[REFUSAL]), [Outcome::ControlRejected]);
}

#[test]
fn unsupported_fails_inside_the_profile_and_is_not_asked_outside() {
    let unsupported = |_: &Request, _| Reply::Answer(Response::Unsupported);
    let ids = ["decode/nibble-00", "save/0d"];
    let found = outcomes(&mut Bent::new(unsupported), "decode:khq4", &ids);
    assert_eq!(found, [Outcome::Unsupported, Outcome::NotInProfile]);
    let records = records(&mut Bent::new(unsupported), "decode:khq4", &ids);
    assert!(!Totals::of(&records).conforms());
}

#[test]
fn an_entry_that_cannot_express_a_question_is_no_failure_beside_one_that_answers() {
    let only_copy = |request: &Request, reply| match request.entry.as_deref() {
        Some("map") => Reply::Answer(Response::Unsupported),
        _ => reply,
    };
    let ids = ["load/accept-1d-32", REFUSAL];
    assert_eq!(outcomes(&mut Bent::new(only_copy), "load:khq4", &ids), [Outcome::Pass; 2]);
}

#[test]
fn the_worst_entry_decides() {
    let wrong_by_map = |request: &Request, reply| match request.entry.as_deref() {
        Some("map") => refuse(request, reply),
        _ => reply,
    };
    let found = outcomes(&mut Bent::new(wrong_by_map), "load:khq4", &["load/accept-1d-32"]);
    assert_eq!(found, [Outcome::Fail]);
}

#[test]
fn a_feature_that_is_not_offered_is_not_asked_for() {
    let mut narrow = Bent::new(|_: &Request, reply| reply);
    narrow.hello.capabilities.retain(|capability| capability != "width-32:khq4");
    let ids = ["load/width-32-product-wraps-to-0", "load/expected-flat"];
    assert_eq!(outcomes(&mut narrow, "load:khq4", &ids), [Outcome::NotInProfile, Outcome::Pass]);
}

#[test]
fn a_feature_is_offered_for_one_format() {
    let cases: Vec<&Case> = crate::embedded()
        .cases()
        .iter()
        .filter(|case| case.requires.contains(&Feature::ExpectedShape))
        .collect();
    let ids: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    let asked = |offered: &str| {
        let mut subject = Bent::new(|_: &Request, reply| reply);
        subject.hello.capabilities.retain(|capability| !capability.starts_with("expected-shape"));
        subject.hello.capabilities.push(offered.to_owned());
        let outcomes = outcomes(&mut subject, "load:khq4+load:khf1", &ids);
        let of = |outcome| {
            let pairs = cases.iter().zip(&outcomes).filter(move |(_, came)| **came == outcome);
            pairs.map(|(case, _)| case.question.format().name()).collect::<BTreeSet<_>>()
        };
        (of(Outcome::Pass), of(Outcome::NotInProfile))
    };
    let (khq4, khf1) = (BTreeSet::from(["khq4"]), BTreeSet::from(["khf1"]));
    assert_eq!(asked("expected-shape:khq4"), (khq4.clone(), khf1.clone()));
    assert_eq!(asked("expected-shape:khf1"), (khf1.clone(), khq4.clone()));
    // Without its format it offers nothing.
    assert_eq!(asked("expected-shape"), (BTreeSet::new(), &khq4 | &khf1));
}

#[test]
fn silence_and_death_are_no_refusals() {
    for (reply, outcome) in [
        (Reply::Timeout, Outcome::Timeout),
        (Reply::Crash("signal".into()), Outcome::Crash),
        (Reply::ProtocolError("garbage".into()), Outcome::ProtocolError),
        (Reply::OverBudget("much".into()), Outcome::OverBudget),
    ] {
        let mut asked = 0;
        let mut failing = Bent::new(move |_: &Request, sound| {
            asked += 1;
            if asked % 2 == 0 { reply.clone() } else { sound }
        });
        assert_eq!(outcomes(&mut failing, "decode:khq4", &["decode/extent-no-blocks"]), [outcome]);
    }
}

#[test]
fn a_panic_is_a_crash() {
    struct Panics;
    impl Implementation for Panics {
        fn hello(&self) -> Hello {
            Reference.hello()
        }
        fn decode(&self, _: &Decode, _: Entry) -> Response<Floats> {
            std::panic::resume_unwind(Box::new("index out of range"))
        }
    }
    let records = records(&mut InProcess::new(Panics), "decode:khq4", &["decode/nibble-00"]);
    assert_eq!(records[0].outcome, Outcome::Crash);
    assert!(records[0].entries[0].judgement.summary.contains("index out of range"));
}

#[test]
fn a_wrong_class_is_told_apart_and_passes() {
    let misnames = |_: &Request, reply| match reply {
        Reply::Answer(Response::Refused(refusal)) => {
            let class = Some(Class::Magic);
            Reply::Answer(Response::Refused(Refusal { class, ..refusal }))
        }
        other => other,
    };
    let records = records(&mut Bent::new(misnames), "load:khq4", &[REFUSAL]);
    assert_eq!(records[0].outcome, Outcome::WrongClass);
    let totals = Totals::of(&records);
    assert_eq!((totals.passed, totals.wrong_class, totals.failed), (1, 1, 0));
}

/// The class of a refusal is compared from turn to turn, its message is not.
#[test]
fn a_refusal_that_is_asked_again_keeps_its_class() {
    let suite = crate::embedded();
    let outcome = |classes: [Class; 2]| {
        let mut turn = 0;
        let fickle = |_: &Request, reply| match reply {
            Reply::Answer(Response::Refused(_)) => {
                turn += 1;
                let (class, message) = (Some(classes[turn % 2]), format!("refusal {turn}"));
                Reply::Answer(Response::Refused(Refusal { class, message }))
            }
            other => other,
        };
        let settings = Settings { repeat: 2, ..settings("save:khq4") };
        let cases = [suite.get("save/scale-nan").unwrap()];
        let records = run(suite, &cases, &mut Bent::new(fickle), &settings, &mut |_| {}).unwrap();
        records[0].outcome
    };
    assert_eq!(outcome([Class::Magic, Class::Magic]), Outcome::WrongClass);
    assert_eq!(outcome([Class::Magic, Class::Version]), Outcome::Inconsistent);
}

/// Two answers are compared from turn to turn, though both are wrong.
#[test]
fn a_wrong_answer_that_is_asked_again_is_the_same_one() {
    let suite = crate::embedded();
    let outcome = |wrong: [u32; 2]| {
        let mut turn = 0;
        let fickle = |_: &Request, _| {
            turn += 1;
            let values = Floats::F32(Bits(vec![wrong[turn % 2]; 32]));
            Reply::Answer(Response::Done(Answer::Values(values)))
        };
        let settings = Settings { repeat: 2, ..settings("decode:khq4") };
        let cases = [suite.get("decode/nibble-00").unwrap()];
        let records = run(suite, &cases, &mut Bent::new(fickle), &settings, &mut |_| {}).unwrap();
        records[0].outcome
    };
    assert_eq!(outcome([7, 7]), Outcome::Fail);
    assert_eq!(outcome([7, 8]), Outcome::Inconsistent);
}

#[test]
fn vectors_that_the_evaluator_does_not_derive_are_not_run() {
    let suite = crate::embedded();
    let mut case = suite.get("decode/nibble-00").unwrap().clone();
    let Lawful::One(Answer::Values(Floats::F32(values))) = &mut case.expect else {
        panic!("{:?}", case.expect)
    };
    values.0[31] ^= 1;
    let mut subject = InProcess::new(Reference);
    let outcome = run(suite, &[&case], &mut subject, &settings("all"), &mut |_| {});
    let Err(RunError::Suite(error)) = outcome else { panic!("the case was run") };
    assert!(error.to_string().contains("decode/nibble-00"), "{error}");
}

#[test]
fn an_encoder_within_the_bound_conforms_only_where_that_is_claimed() {
    // Rounding halves to even errs by half a step, as rounding them away does.
    use q4proof::subject::planted::{Fault, Faulty};
    let fault = Fault::by_name("round-half-even").unwrap();
    let id = "encode/round-half-even-asymmetric-1";
    let mut subject = InProcess::new(Faulty::new(Some(fault)));
    let canonical = records(&mut subject, "encode:khq4", &[id]);
    assert_eq!(canonical[0].outcome, Outcome::Fail);
    assert!(canonical[0].entries[0].judgement.within_bound);
    let bounded = records(&mut subject, "encode-bounded:khq4", &[id]);
    assert_eq!(bounded[0].outcome, Outcome::PassAlternate);
    assert_eq!(bounded[0].entries[0].judgement.behaviour.as_deref(), Some("within-bound"));
}

#[test]
fn the_bound_excuses_no_encoding_of_what_must_be_refused() {
    use q4proof::subject::planted::{Fault, Faulty};
    let fault = Fault::by_name("shape-unchecked-encode").unwrap();
    let mut subject = InProcess::new(Faulty::new(Some(fault)));
    let found = outcomes(&mut subject, "encode-bounded:khq4", &["encode/shape-too-small"]);
    assert_eq!(found, [Outcome::Fail]);
}

#[test]
fn what_may_be_refused_has_a_control() {
    // A scale below zero may be refused; by one who refuses everything that proves nothing.
    let ids = ["decode/scale-negative-one", "save/scale-negative", "load/negative-scale-first"];
    let found = outcomes(&mut Bent::new(refuse), "all", &ids);
    assert_eq!(found, [Outcome::ControlRejected; 3]);
}

#[test]
fn a_long_answer_leaves_a_short_record() {
    let floods = |_: &Request, reply| match reply {
        Reply::Answer(Response::Done(mut answer)) => {
            let values = || Floats::F32(Bits(vec![0xaaaa_aaaa; 1 << 20]));
            let blocks = || Bytes(vec![0xaa; 4 << 20]);
            match &mut answer {
                Answer::Values(given) => *given = values(),
                Answer::Encoded(given) => given.blocks = blocks(),
                Answer::Tensors(tensors) => {
                    (tensors[0].values, tensors[0].blocks) = (Some(values()), Some(blocks()));
                }
                other => panic!("{other:?}"),
            }
            Reply::Answer(Response::Done(answer))
        }
        other => other,
    };
    let ids = ["decode/nibble-00", "encode/weights-symmetric-1", "load/accept-1d-32"];
    for record in records(&mut Bent::new(floods), "all", &ids) {
        assert_eq!(record.outcome, Outcome::Fail, "{}", record.id);
        let text = serde_json::to_string(&record).unwrap();
        assert!(text.len() < 200_000, "{} bytes for {}", text.len(), record.id);
    }
    let complains = |_: &Request, _| {
        let message = "é".repeat(1 << 20);
        Reply::Answer(Response::Refused(Refusal { message, class: None }))
    };
    let record = records(&mut Bent::new(complains), "decode:khq4", &["decode/nibble-00"]).remove(0);
    let said = "refused what must be accepted: ".to_owned() + &"é".repeat(2048) + "...";
    assert_eq!(record.entries[0].judgement.summary, said);
}

#[test]
fn tiers_that_do_not_bind_decide_nothing() {
    let lenient = |_: &Request, _| Reply::Answer(Response::Unsupported);
    let totals =
        Totals::of(&records(&mut Bent::new(lenient), "decode:khq4", &["decode/extent-no-blocks"]));
    assert_eq!((totals.failed, totals.advisory, totals.conforms()), (0, 1, false));
}

#[test]
fn profiles_are_read_and_written_alike() {
    for (written, read) in [
        ("decode:khq4+load:khq4", "decode:khq4+load:khq4"),
        ("load:khq4,decode:khq4", "decode:khq4+load:khq4"),
        ("encode-bounded:khq4", "encode-bounded:khq4"),
        ("load:khf1+decode:khq4+rotate:quarot", "decode:khq4+load:khf1+rotate:quarot"),
        ("load:khf1+save:khf1", "khf1"),
        ("all", "all"),
    ] {
        assert_eq!(written.parse::<Profile>().unwrap().to_string(), read);
    }
    let error = "decode:khq4+lode".parse::<Profile>().unwrap_err();
    assert!(error.contains("\"lode\"") && error.contains("encode:khq4"), "{error}");
    // A verb without its format is named with the formats that it has.
    let error = "decode".parse::<Profile>().unwrap_err();
    assert!(error.contains("names no format") && error.contains("decode:q8_0"), "{error}");
    for word in ["decode:mlx", "encode-bounded:q5_1"] {
        let error = word.parse::<Profile>().unwrap_err();
        assert!(error.contains(&format!("{word:?}")) && error.contains(":khq4"), "{error}");
    }
}

#[test]
fn outcomes_are_ordered_from_best_to_worst() {
    use Outcome as O;
    let order = [
        O::NotInProfile,
        O::Pass,
        O::PassAlternate,
        O::WrongClass,
        O::Fail,
        O::ControlRejected,
        O::Unsupported,
        O::Timeout,
        O::Crash,
        O::ProtocolError,
    ];
    assert!(order.is_sorted());
    assert_eq!(
        order.map(O::name),
        [
            "not in profile",
            "pass",
            "pass-alternate",
            "wrong-class",
            "fail",
            "control-rejected",
            "unsupported",
            "timeout",
            "crash",
            "protocol-error",
        ]
    );
    let failures: Vec<_> = order.into_iter().filter(|outcome| outcome.is_failure()).collect();
    assert_eq!(failures, order[4..]);
}
